/* access.c -- from a piece of program to accesses. */
#include <string.h>

#include "core/affine/form.h"

enum { ACC_WRITTEN = 64 };

typedef struct Gather {
    FormEnv env;
    const Node *stmt; /* what stands below it is noted */
    int loop[ACC_LOOPS], nloops;
    FormLimit limit[ACC_LOOPS];
    int nlimits;
    const Node *block, *written[ACC_WRITTEN];
    int first_axis; /* of the block */
    bool init;
    int nwritten;
} Gather;

static int no_room(Gather *g)
{
    return form_no_room(g->env.out);
}

/* ---- guards ---- */

static void push_limit(Gather *g, int form, int64_t lo, int64_t hi)
{
    if (g->nlimits < ACC_LOOPS) /* one that is left out only makes the answer more careful */
        g->limit[g->nlimits++] = (FormLimit){form, lo, hi};
}

/* What the condition says of sums; the rest of it is left out. */
static void push_guard(Gather *g, const Node *cond)
{
    if (cond->op == OP_And) {
        push_guard(g, cond->kid[0]);
        push_guard(g, cond->kid[1]);
        return;
    }
    if (!(op_info[cond->op].flags & OPF_COMPARE) || cond->op == OP_Ne ||
        cond->kid[0]->type != DT_int64)
        return;
    int form = form_of_difference(&g->env, cond->kid[0], cond->kid[1]);
    if (form < 0)
        return;
    static const int64_t far = FORM_FAR;
    bool less = cond->op == OP_Lt || cond->op == OP_Le,
         more = cond->op == OP_Gt || cond->op == OP_Ge;
    push_limit(g, form, less ? -far : cond->op == OP_Gt, more ? far : -(cond->op == OP_Lt));
}

/* ---- statements ---- */

static bool is_written(const Gather *g, const Node *buffer)
{
    for (int i = 0; i < g->nwritten; i++)
        if (g->written[i] == buffer)
            return true;
    return false;
}

static void find_written(Gather *g, const Node *n)
{
    if (n->op == OP_Store || n->op == OP_Update) {
        if (is_written(g, n->kid[Store_buffer]))
            return;
        if (g->nwritten == ACC_WRITTEN)
            no_room(g);
        else
            g->written[g->nwritten++] = n->kid[Store_buffer];
        return;
    }
    for (size_t i = ir_first_stmt(n); i < n->nkids; i++)
        find_written(g, n->kid[i]);
}

static void add_touch(Gather *g, const Node *buffer, const Node *const *index, TouchKind kind)
{
    Accesses *a = g->env.out;
    if (a->ntouches == ACC_TOUCHES) {
        no_room(g);
        return;
    }
    Touch *t = &a->touch[a->ntouches++];
    *t = (Touch){buffer, a->nplaces - 1, kind, a->nforms};
    for (size_t d = 0; d < ir_rank(buffer); d++)
        form_of(&g->env, index[d]);
}

static void add_reads(Gather *g, const Node *n)
{
    for (size_t i = n->op == OP_Load ? Load_index : 0; i < n->nkids; i++)
        if (n->kid[i]->nkids)
            add_reads(g, n->kid[i]);
    if (n->op == OP_Load && is_written(g, n->kid[Load_buffer]))
        add_touch(g, n->kid[Load_buffer], &n->kid[Load_index], TOUCH_READ);
}

/* The values of the reduce axes are 0 where the init runs. */
static int limits_of_init(Gather *g, int at)
{
    Accesses *a = g->env.out;
    const Node *iters = g->block->kid[Block_iters];
    for (size_t i = 0; i < iters->nkids; i++)
        for (int k = g->env.n; iters->kid[i]->at.i == ITER_reduce && k-- > 0;)
            if (g->env.at[k].var == iters->kid[i]->kid[Iter_var]) {
                if (at < ACC_FORMS)
                    a->limit[at++] = (FormLimit){g->env.at[k].form, 0, 0};
                break;
            }
    return at;
}

static bool new_place(Gather *g, const Node *n, int number)
{
    Accesses *a = g->env.out;
    if (a->nplaces == ACC_PLACES)
        return no_room(g);
    Place *p = &a->place[a->nplaces++];
    p->stmt = n;
    p->number = number;
    p->block = g->block;
    p->init = g->init;
    p->first_axis = g->block ? g->first_axis : 0;
    p->naxes = g->block ? (int)g->block->kid[Block_iters]->nkids : 0;
    p->nloops = g->nloops;
    memcpy(p->loop, g->loop, (size_t)g->nloops * sizeof *g->loop);
    p->first_limit = a->nlimits;
    int end = g->init ? limits_of_init(g, a->nlimits) : a->nlimits;
    for (int i = 0; i < g->nlimits && end < ACC_FORMS; i++)
        a->limit[end++] = g->limit[i];
    p->nlimits = end - a->nlimits;
    a->nlimits = end;
    return true;
}

static bool reads_written(const Gather *g, const Node *n)
{
    if (n->op == OP_Load && is_written(g, n->kid[Load_buffer]))
        return true;
    for (size_t i = 0; i < n->nkids; i++)
        if (n->kid[i]->nkids && reads_written(g, n->kid[i]))
            return true;
    return false;
}

/* What the statement evaluates before it decides what runs. */
static void add_decider(Gather *g, const Node *n, const Node *e)
{
    if (e->nkids && n != g->stmt && reads_written(g, e) && new_place(g, n, -1))
        add_reads(g, e);
}

static void add_place(Gather *g, const Node *n)
{
    if (!new_place(g, n, g->env.out->nstores++))
        return;
    for (size_t i = Store_value; i < n->nkids; i++)
        if (n->kid[i]->nkids) /* what has none is no Load */
            add_reads(g, n->kid[i]);
    add_touch(g, n->kid[Store_buffer], &n->kid[Store_index],
              n->op == OP_Store ? TOUCH_STORE : TOUCH_UPDATE);
}

static void walk(Gather *g, const Node *n);

static void enter_loop(Gather *g, const Node *loop)
{
    if (g->nloops == ACC_LOOPS)
        no_room(g);
    else
        g->loop[g->nloops++] = form_of_loop(&g->env, loop);
}

static void walk_block(Gather *g, const Node *n)
{
    const Node *iters = n->kid[Block_iters], *block = g->block;
    int first = g->env.out->nforms, first_axis = g->first_axis;
    bool known = true; /* a sum that is known has no load in it */
    for (size_t i = 0; i < iters->nkids; i++)
        known &= g->env.out->form[form_of(&g->env, iters->kid[i]->kid[Iter_value])].known;
    for (size_t i = 0; i < iters->nkids && !g->env.out->full; i++)
        form_bind(&g->env, iters->kid[i]->kid[Iter_var], first + (int)i);
    g->block = n;
    g->first_axis = first;
    if (!known)
        add_decider(g, n, iters);
    add_decider(g, n, n->kid[Block_where]);
    push_guard(g, n->kid[Block_where]);
    g->init = true;
    walk(g, n->kid[Block_init]);
    g->init = false;
    walk(g, n->kid[Block_body]);
    g->block = block;
    g->first_axis = first_axis;
}

static void walk_alloc(Gather *g, const Node *n)
{
    Accesses *a = g->env.out;
    if (a->nallocs == ACC_PLACES) {
        no_room(g);
        return;
    }
    a->alloc[a->nallocs].buffer = n->kid[Alloc_buffer];
    a->alloc[a->nallocs++].nloops = g->nloops;
    walk(g, n->kid[Alloc_body]);
}

static void walk(Gather *g, const Node *n)
{
    int nloops = g->nloops, nenv = g->env.n, nlimits = g->nlimits;
    if (g->env.out->full)
        return;
    switch ((Op)n->op) {
    case OP_Store:
    case OP_Update: add_place(g, n); break;
    case OP_Seq:
        for (size_t i = 0; i < n->nkids; i++)
            walk(g, n->kid[i]);
        break;
    case OP_For:
        add_decider(g, n, n->kid[For_extent]);
        enter_loop(g, n);
        walk(g, n->kid[For_body]);
        break;
    case OP_If:
        add_decider(g, n, n->kid[If_cond]);
        push_guard(g, n->kid[If_cond]);
        walk(g, n->kid[If_then]);
        g->nlimits = nlimits;
        walk(g, n->kid[If_otherwise]);
        break;
    case OP_Block: walk_block(g, n); break;
    case OP_Alloc: walk_alloc(g, n); break;
    case OP_Nop:
    case OP_Barrier: break;
    default: no_room(g); break; /* a statement of which this file knows nothing */
    }
    g->nloops = nloops;
    g->env.n = nenv;
    g->nlimits = nlimits;
}

/* Goes down to g->stmt, enters the loops on the way, and gathers what is below it. */
static bool descend(Gather *g, const Node *n, const Node **way, int depth)
{
    if (n == g->stmt) {
        for (int i = 0; i < depth; i++)
            enter_loop(g, way[i]);
        find_written(g, n);
        walk(g, n);
        return true;
    }
    if (n->op == OP_For && depth < ACC_LOOPS)
        way[depth++] = n;
    else if (n->op == OP_For)
        return false;
    for (size_t i = ir_first_stmt(n); i < n->nkids && n->op != OP_Block; i++)
        if (descend(g, n->kid[i], way, depth))
            return true;
    return false;
}

bool access_gather(const Node *func, const Node *stmt, Accesses *out)
{
    Gather g;
    g.env.out = out;
    g.stmt = stmt;
    g.block = NULL;
    g.first_axis = 0;
    g.init = false;
    g.nloops = g.nlimits = g.env.n = g.nwritten = 0;
    out->natoms = out->nterms = out->nforms = out->nplaces = out->nstores = out->ntouches =
        out->nlimits = out->nallocs = 0;
    out->full = false;
    const Node *way[ACC_LOOPS];
    return descend(&g, func->kid[Func_body], way, 0) && !out->full;
}

int access_common(const Place *p, const Place *q)
{
    int n = 0;
    while (n < p->nloops && n < q->nloops && p->loop[n] == q->loop[n])
        n++;
    return n;
}

int access_scope(const Accesses *a, const Node *buffer)
{
    for (int i = 0; i < a->nallocs; i++)
        if (a->alloc[i].buffer == buffer)
            return a->alloc[i].nloops;
    return 0;
}
