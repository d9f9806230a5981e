/* fuse.c -- groups of nodes that are computed together, by Relay's rules.
**
** A node joins the place where everything that reads it, directly or not, comes together: its
** immediate post-dominator, the sink.  An out-fusable node (conv, matmul, pool) takes a tail of
** elementwise and broadcast nodes; elementwise, broadcast and injective nodes run on into nodes of
** these classes and into a reduction.  All nodes on the way must be of fitting class, and no group
** holds two that are more than injective.  So only a group's last node is read from outside.
**
** Where a node does not join its sink, the reason is kept for each edge that leaves it. */
#include <string.h>

#include "core/graph/ops.h"
#include "passes/graph/driver.h"

enum { NOWHERE = -1, MOST_NODES = 64 };

typedef struct Fuser {
    Arena *A;    /* scratch */
    Arena *keep; /* where reasons live */
    const Graph *g;
    GUses uses;
    int32_t *sink; /* immediate post-dominator; NOWHERE where outputs or several ends are reached */
    uint32_t *depth;
    int32_t *root;  /* union-find: towards the group's last node */
    uint32_t *size; /* of the group, at its root */
    int32_t *heavy; /* the group's node that is more than injective, at its root; NOWHERE */
    const char **why;
    uint32_t *stack; /* of a walk */
    uint32_t *mark;  /* by node: visited in walk number … */
    uint32_t walk;
} Fuser;

static FuseClass class_of(const Fuser *f, uint32_t k)
{
    return f->g->node[k]->op->fuse;
}
static const char *name_of(const Fuser *f, uint32_t k)
{
    return f->g->node[k]->alias;
}

static uint32_t find(Fuser *f, uint32_t k)
{
    while (f->root[k] != (int32_t)k) {
        f->root[k] = f->root[f->root[k]];
        k = (uint32_t)f->root[k];
    }
    return k;
}

/* ---- post-dominators ---- */

static int32_t meet(const Fuser *f, int32_t a, int32_t b)
{
    while (a != b) {
        if (a == NOWHERE || b == NOWHERE)
            return NOWHERE;
        if (f->depth[a] >= f->depth[b])
            a = f->sink[a];
        else
            b = f->sink[b];
    }
    return a;
}

static void find_sinks(Fuser *f)
{
    const Graph *g = f->g;
    for (uint32_t k = g->nnodes; k-- > 0;) {
        const GNode *n = g->node[k];
        bool first = true;
        int32_t at = NOWHERE;
        for (size_t i = 0; i < n->nout; i++) {
            ValueId v = n->out[i];
            if (graph_is_output(g, v)) {
                at = NOWHERE;
                first = false;
            }
            for (uint32_t u = f->uses.start[v]; u < f->uses.start[v + 1]; u++) {
                at = first ? (int32_t)f->uses.at[u] : meet(f, at, (int32_t)f->uses.at[u]);
                first = false;
            }
            if (!first && at == NOWHERE)
                break;
        }
        f->sink[k] = at;
        f->depth[k] = at == NOWHERE ? 1 : f->depth[at] + 1;
    }
}

/* ---- one node and its sink ---- */

/* Calls visit for every node on a way from k to its sink, both ends left out; stops at a false
 * answer. */
static bool each_between(Fuser *f, uint32_t k, bool (*visit)(Fuser *f, uint32_t node, void *env),
                         void *env)
{
    uint32_t *stack = f->stack, n = 0;
    f->walk++;
    stack[n++] = k;
    while (n) {
        const GNode *at = f->g->node[stack[--n]];
        for (size_t i = 0; i < at->nout; i++)
            for (uint32_t u = f->uses.start[at->out[i]]; u < f->uses.start[at->out[i] + 1]; u++) {
                uint32_t next = f->uses.at[u];
                if ((int32_t)next == f->sink[k] || f->mark[next] == f->walk)
                    continue;
                f->mark[next] = f->walk;
                if (!visit(f, next, env))
                    return false;
                stack[n++] = next;
            }
    }
    return true;
}

/* The groups that would become one: their sizes, and the heavy node among them. */
typedef struct Union {
    FuseClass most; /* the class that nodes on the way may have */
    int32_t heavy;
    int32_t misfit; /* the node that does not fit */
    bool two;       /* it would be a second heavy node */
    uint32_t size;
    uint32_t seen[MOST_NODES], nseen;
} Union;

static bool add_group(Fuser *f, uint32_t k, Union *u)
{
    uint32_t r = find(f, k);
    for (uint32_t i = 0; i < u->nseen; i++)
        if (u->seen[i] == r)
            return true;
    if (u->nseen == MOST_NODES)
        return false;
    u->seen[u->nseen++] = r;
    u->size += f->size[r];
    if (f->heavy[r] != NOWHERE && u->heavy != NOWHERE && u->heavy != f->heavy[r]) {
        u->misfit = f->heavy[r];
        u->two = true;
        return false;
    }
    u->heavy = u->heavy == NOWHERE ? f->heavy[r] : u->heavy;
    return true;
}

static bool check_between(Fuser *f, uint32_t node, void *env)
{
    Union *u = env;
    if (class_of(f, node) > u->most) {
        u->misfit = (int32_t)node;
        return false;
    }
    return add_group(f, node, u);
}

static const char *readers(Fuser *f, uint32_t k)
{
    const GNode *n = f->g->node[k];
    const char *text = NULL;
    uint32_t count = 0;
    for (size_t i = 0; i < n->nout; i++)
        for (uint32_t u = f->uses.start[n->out[i]]; u < f->uses.start[n->out[i] + 1]; u++)
            if (++count <= 3) {
                const char *name = name_of(f, f->uses.at[u]);
                text = text ? arena_printf(f->A, "%s, %s", text, name) : name;
            }
    return count > 3 ? arena_printf(f->A, "%s and %u more", text, count - 3)
           : text    ? text
                     : "nobody";
}

/* Why k cannot join its sink by their classes alone; NULL if it can. */
static const char *class_reason(Fuser *f, uint32_t k)
{
    FuseClass c = class_of(f, k), to = class_of(f, (uint32_t)f->sink[k]);
    const char *me = name_of(f, k), *sink = name_of(f, (uint32_t)f->sink[k]);
    if (c == FUSE_OPAQUE || to == FUSE_OPAQUE)
        return arena_printf(f->keep, "%s is opaque and stands alone", c == FUSE_OPAQUE ? me : sink);
    if (c == FUSE_REDUCTION)
        return arena_printf(f->keep, "%s is a reduction: it ends its group", me);
    if (c == FUSE_OUT_FUSABLE && to > FUSE_BROADCAST)
        return arena_printf(f->keep, "%s is %s; %s takes only an elementwise or broadcast tail",
                            sink, fuse_class_name[to], me);
    if (to == FUSE_OUT_FUSABLE)
        return arena_printf(f->keep, "%s takes a tail, not a head", sink);
    int32_t heavy = f->heavy[find(f, k)];
    if (heavy != NOWHERE && heavy != (int32_t)k && to > FUSE_BROADCAST)
        return arena_printf(
            f->keep, "%s is %s; %s, in %s's group, takes only an elementwise or broadcast tail",
            sink, fuse_class_name[to], name_of(f, (uint32_t)heavy), me);
    return NULL;
}

static void join_between(Fuser *f, uint32_t from, uint32_t to, const Union *u)
{
    for (uint32_t i = 0; i < u->nseen; i++)
        f->root[u->seen[i]] = (int32_t)to;
    f->root[from] = (int32_t)to;
    f->root[to] = (int32_t)to;
    f->size[to] = u->size;
    f->heavy[to] = u->heavy;
}

static bool gives_result(const Fuser *f, uint32_t k)
{
    const GNode *n = f->g->node[k];
    for (size_t i = 0; i < n->nout; i++)
        if (graph_is_output(f->g, n->out[i]))
            return true;
    return false;
}

static void try_node(Fuser *f, uint32_t k)
{
    if (f->sink[k] == NOWHERE) {
        f->why[k] = gives_result(f, k)
                        ? arena_printf(f->keep, "%s is a result of the graph: it ends its group",
                                       name_of(f, k))
                        : arena_printf(f->keep, "the readers of %s (%s) do not come together again",
                                       name_of(f, k), readers(f, k));
        return;
    }
    uint32_t to = (uint32_t)f->sink[k];
    const char *why = class_reason(f, k);
    Union u = {.heavy = NOWHERE, .misfit = NOWHERE};
    u.most = f->heavy[find(f, k)] != NOWHERE ? FUSE_BROADCAST : FUSE_INJECTIVE;
    if (!why &&
        (!add_group(f, k, &u) || !each_between(f, k, check_between, &u) || !add_group(f, to, &u))) {
        if (u.two)
            why = arena_printf(f->keep, "%s's group has %s already; one such node is the most",
                               name_of(f, to), name_of(f, (uint32_t)u.misfit));
        else if (u.misfit != NOWHERE)
            why =
                arena_printf(f->keep, "on the way to %s, where its readers come together, %s is %s",
                             name_of(f, to), name_of(f, (uint32_t)u.misfit),
                             fuse_class_name[class_of(f, (uint32_t)u.misfit)]);
    }
    if (!why && (u.size > MOST_NODES || u.nseen == MOST_NODES))
        why = arena_printf(f->keep, "the group would have more than %d nodes", MOST_NODES);
    f->why[k] = why;
    if (!why)
        join_between(f, k, find(f, to), &u);
}

/* ---- groups in order ---- */

/* The node that a group is named after: the heavy one, else its first. */
static const char *group_name(Fuser *f, uint32_t root, uint32_t first)
{
    return f->heavy[root] != NOWHERE ? name_of(f, (uint32_t)f->heavy[root]) : name_of(f, first);
}

/* Orders nodes group by group: a group stands where its last node stands, for all it needs from
** outside comes before that, and nothing outside needs any of it before. */
static void lay_out(Fuser *f, GraphBuilder *b)
{
    uint32_t n = f->g->nnodes, placed = 0, ngroups = 0;
    Arena *A = gb_arena(b);
    uint32_t *order = ARENA_ARRAY(A, uint32_t, n + 1), *next = ARENA_ARRAY(f->A, uint32_t, n + 1),
             *head = ARENA_ARRAY(f->A, uint32_t, n + 1);
    GGroup *group = ARENA_ARRAY(A, GGroup, n + 1);
    memset(head, 0xff, (n + 1) * sizeof *head);
    for (uint32_t k = n; k-- > 0;) { /* members of each group, in order */
        uint32_t r = find(f, k);
        next[k] = head[r];
        head[r] = k;
    }
    for (uint32_t k = 0; k < n; k++) {
        if (find(f, k) != k)
            continue;
        group[ngroups] = (GGroup){group_name(f, k, head[k]), placed, f->size[k]};
        ngroups++;
        for (uint32_t m = head[k]; m != UINT32_MAX; m = next[m])
            order[placed++] = m;
    }
    uint32_t nedges = 0;
    for (uint32_t k = 0; k < n; k++)
        nedges += f->g->node[k]->nin;
    GEdge *edge = ARENA_ARRAY(A, GEdge, nedges + 1);
    nedges = 0;
    for (uint32_t k = 0; k < n; k++)
        for (size_t i = 0; i < f->g->node[k]->nin; i++) {
            ValueId v = f->g->node[k]->in[i];
            int32_t from = v == VALUE_NONE ? -1 : f->g->producer[v];
            if (from < 0)
                continue;
            bool fused = find(f, (uint32_t)from) == find(f, k);
            const char *why = fused ? arena_printf(A, "%s is %s, %s %s", name_of(f, (uint32_t)from),
                                                   fuse_class_name[class_of(f, (uint32_t)from)],
                                                   name_of(f, k), fuse_class_name[class_of(f, k)])
                                    : f->why[from];
            edge[nedges++] = (GEdge){name_of(f, (uint32_t)from), name_of(f, k), v, fused,
                                     why ? why : "they lie in different groups"};
        }
    gb_set_groups(b, order, group, ngroups, edge, nedges);
}

Graph *pass_fuse(Graph *g, PassRun *run, Err *err)
{
    (void)run;
    if (g->ngroups)
        return graph_retain(g);
    GraphBuilder *b = gb_new(g, NULL);
    Fuser f = {.A = arena_scratch(NULL), .keep = gb_arena(b), .g = g};
    uint32_t n = g->nnodes;
    f.uses = graph_uses(g, f.A);
    f.sink = ARENA_ARRAY(f.A, int32_t, n + 1);
    f.depth = ARENA_ARRAY(f.A, uint32_t, n + 1);
    f.root = ARENA_ARRAY(f.A, int32_t, n + 1);
    f.size = ARENA_ARRAY(f.A, uint32_t, n + 1);
    f.heavy = ARENA_ARRAY(f.A, int32_t, n + 1);
    f.why = ARENA_ARRAY(f.A, const char *, n + 1);
    f.stack = ARENA_ARRAY(f.A, uint32_t, n + 1);
    f.mark = ARENA_ARRAY(f.A, uint32_t, n + 1);
    for (uint32_t k = 0; k < n; k++) {
        f.root[k] = (int32_t)k;
        f.size[k] = 1;
        f.heavy[k] = class_of(&f, k) > FUSE_INJECTIVE ? (int32_t)k : NOWHERE;
    }
    find_sinks(&f);
    /* Heavy nodes choose their tails first; then the light ones run on. */
    for (int phase = 0; phase < 2; phase++)
        for (uint32_t k = 0; k < n; k++)
            if ((class_of(&f, k) > FUSE_INJECTIVE) == (phase == 0))
                try_node(&f, k);
    lay_out(&f, b);
    arena_release(f.A);
    return gb_finish(b, err);
}
