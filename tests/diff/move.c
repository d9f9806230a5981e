/* move.c -- random steps: the table of primitives says what each takes. */
#include "tests/diff/diff.h"

#include <string.h>

#include "core/schedule/tree.h"

typedef VEC(const Node *) NodeVec;

typedef struct Draw {
    Arena *A;
    Choices *c;
    const Node *func;
    NameList loops, blocks, buffers;
    NodeVec nodes; /* the blocks */
} Draw;

static const char *pick(Draw *d, const NameList *from)
{
    return from->n ? from->at[choose(d->c, (int64_t)from->n)] : "nothing";
}

static const char *wild_name(Draw *d)
{
    static const char *const odd[] = {"",  "nothing", "y/z", "*/x", "C.init",
                                      "9", "a b",     "yo",  "//",  "P/P/y"};
    switch (choose(d->c, 4)) {
    case 0: return odd[choose(d->c, 10)];
    case 1: return pick(d, &d->loops);
    case 2: return pick(d, &d->blocks);
    default: return pick(d, &d->buffers);
    }
}

static int64_t factor(Draw *d, bool wild)
{
    static const int64_t good[] = {2, 3, 4, 8, 1, 5, 16, 7},
                         odd[] = {0, -3, -1, INT64_C(1) << 40, INT64_MAX, INT64_MIN, 1000, 1};
    return wild ? odd[choose(d->c, 8)] : good[choose(d->c, 8)];
}

static Arg factors(Draw *d, bool wild)
{
    if (chance(d->c, 65))
        return given_int(factor(d, wild));
    size_t n = 2 + (size_t)choose(d->c, 2);
    Arg *list = ARENA_ARRAY(d->A, Arg, n);
    for (size_t i = 0; i < n; i++)
        list[i] = given_int(factor(d, wild && i == 1));
    list[choose(d->c, (int64_t)n)] = given_int(-1);
    return given_list(n, list);
}

/* A name by which just this loop, on the way to the block, is found. */
static const char *loop_name(Draw *d, const Node *loop, const Node *block)
{
    const char *name = ir_var_name(loop->kid[For_var]);
    Err quiet = {0};
    return find_loop(d->func, name, &quiet) == loop
               ? name
               : arena_printf(d->A, "%s/%s", ir_block_name(block), name);
}

static size_t loops_around(Draw *d, const Node *block, const Node **out)
{
    Path p;
    size_t n = 0;
    if (!block || !path_to(d->func, block, &p))
        return 0;
    for (size_t i = 0; i < p.n; i++)
        if (p.at[i]->op == OP_For)
            out[n++] = p.at[i];
    return n;
}

static const Node *a_block(Draw *d)
{
    return d->nodes.n ? d->nodes.at[choose(d->c, (int64_t)d->nodes.n)] : NULL;
}

/* Loops along the way to a block: what reorder and fuse want. */
static size_t chain(Draw *d, const char *prim, Arg *out, size_t room)
{
    const Node *block = a_block(d), *loops[IR_MAX_DEPTH];
    size_t n = 0, found = loops_around(d, block, loops);
    if (found < 2)
        return 0;
    bool fuse = strcmp(prim, "fuse") == 0;
    bool all = !fuse && chance(d->c, 50);
    size_t first = all ? 0 : (size_t)choose(d->c, (int64_t)found - 1);
    size_t want = fuse ? 2 + (size_t)chance(d->c, 20) : all ? room : 2 + (size_t)choose(d->c, 3);
    for (size_t i = first; i < found && n < want && n < room; i++)
        out[n++] = given_str(loop_name(d, loops[i], block));
    for (size_t i = n; !fuse && i > 1; i--) {
        size_t j = (size_t)choose(d->c, (int64_t)i);
        Arg t = out[i - 1];
        out[i - 1] = out[j];
        out[j] = t;
    }
    return n;
}

/* ---- blocks that belong together ---- */

/* One block reads what the other writes: the pair at a random place of the list of such pairs. */
static bool linked(Draw *d, const Node **writer, const Node **reader)
{
    size_t n = d->nodes.n, from = n ? (size_t)choose(d->c, (int64_t)(n * n)) : 0;
    for (size_t k = 0; k < n * n; k++) {
        size_t at = (from + k) % (n * n);
        const Node *w = d->nodes.at[at / n], *r = d->nodes.at[at % n], *target = block_target(w);
        if (w != r && target && tree_reads(r, target))
            return *writer = w, *reader = r, true;
    }
    return false;
}

/* A loop around the block; an inner one as a rule. */
static bool put_loop_of(Draw *d, const Node *block, Arg *out)
{
    const Node *loops[IR_MAX_DEPTH];
    size_t n = loops_around(d, block, loops);
    if (n == 0)
        return false;
    *out = given_str(loop_name(d, loops[choose(d->c, (int64_t)n)], block));
    return true;
}

/* The first at or after the `from`-th block, around the end; NULL if there is none. */
static const Node *reduction_from(const Draw *d, size_t from)
{
    size_t n = d->nodes.n;
    for (size_t k = 0; k < n; k++) {
        const Node *b = d->nodes.at[(from + k) % n], *access = block_access(b);
        if (access && access->op == OP_Update)
            return b;
    }
    return NULL;
}

static const Node *a_reduction(Draw *d)
{
    return reduction_from(d, d->nodes.n ? (size_t)choose(d->c, (int64_t)d->nodes.n) : 0);
}

/* Do other statements stand beside the path, from p->at[from] on? */
static bool has_company(const Path *p, size_t from)
{
    for (size_t i = from; i < p->n; i++)
        if (p->at[i]->op == OP_Seq)
            return true;
    return false;
}

/* A block that shares a loop with others, where a copy takes a window of the buffer. */
static const Node *in_company(Draw *d)
{
    size_t n = d->nodes.n, from = n ? (size_t)choose(d->c, (int64_t)n) : 0;
    for (size_t k = 0; k < n; k++) {
        Path p;
        size_t i = 0;
        const Node *b = d->nodes.at[(from + k) % n];
        path_to(d->func, b, &p);
        while (i < p.n && p.at[i]->op != OP_For)
            i++;
        if (has_company(&p, i))
            return b;
    }
    return NULL;
}

static const char *an_alloc(Draw *d)
{
    Path p;
    size_t n = d->buffers.n, from = n ? (size_t)choose(d->c, (int64_t)n) : 0;
    for (size_t k = 0; k < n; k++) {
        const char *name = d->buffers.at[(from + k) % n];
        Err quiet = {0};
        const Node *b = find_buffer(d->func, name, &quiet);
        if (b && path_to_alloc(d->func, b, &p))
            return name;
    }
    return NULL;
}

/* What a block reads, and who. */
static bool a_read(Draw *d, const Node *block, Arg *out)
{
    size_t n = d->buffers.n, from = n ? (size_t)choose(d->c, (int64_t)n) : 0;
    for (size_t k = 0; block && k < n; k++) {
        const char *name = d->buffers.at[(from + k) % n];
        Err quiet = {0};
        const Node *b = find_buffer(d->func, name, &quiet);
        if (b && tree_reads(block, b)) {
            out[0] = given_str(ir_block_name(block));
            out[1] = given_str(name);
            return true;
        }
    }
    return false;
}

/* Some layout of the buffer: a dimension is taken apart or not, and all change places. */
static Arg a_layout(Draw *d, const Node *b)
{
    const char *name[IR_MAX_RANK];
    size_t n = 0;
    Arg *list = ARENA_ARRAY(d->A, Arg, 2 * b->nkids);
    name_dimensions(d->A, d->func, b, name);
    for (size_t i = 0; i < b->nkids; i++) {
        int by = (int)choose(d->c, 9);
        if (by < 2 || b->nkids > PRIM_MAX_ITEMS / 2) {
            list[n++] = given_str(name[i]);
            continue;
        }
        list[n++] = given_str(arena_printf(d->A, "%s//%d", name[i], by));
        list[n++] = given_str(arena_printf(d->A, "%s %% %d", name[i], by));
    }
    for (size_t i = n; i-- > 1;) {
        size_t j = (size_t)choose(d->c, (int64_t)i + 1);
        Arg last = list[i];
        list[i] = list[j];
        list[j] = last;
    }
    return given_list(n, list);
}

/* Arguments that fit each other, for the primitives that ask for several of one place. */
static void fit(Draw *d, Move *m)
{
    const char *prim = m->prim->name;
    const Node *w, *r;
    Arg loop;
    if (strcmp(prim, "compute_at") == 0 || strcmp(prim, "reverse_compute_at") == 0) {
        bool reverse = *prim == 'r';
        if (linked(d, &w, &r) && put_loop_of(d, reverse ? w : r, &loop)) {
            m->args[0] = given_str(ir_block_name(reverse ? r : w));
            m->args[1] = loop;
        }
    } else if (strcmp(prim, "compute_inline") == 0 || strcmp(prim, "reverse_compute_inline") == 0) {
        if (linked(d, &w, &r))
            m->args[0] = given_str(ir_block_name(*prim == 'r' ? r : w));
    } else if (strcmp(prim, "decompose_reduction") == 0 || strcmp(prim, "contract") == 0) {
        w = a_reduction(d);
        if (w)
            m->args[0] = given_str(ir_block_name(w));
        if (w && *prim == 'd' && put_loop_of(d, w, &loop))
            m->args[1] = loop;
    } else if (strcmp(prim, "cache_read") == 0) {
        w = chance(d->c, 50) ? in_company(d) : NULL;
        a_read(d, w ? w : a_block(d), m->args);
    } else if (strcmp(prim, "cache_write") == 0) {
        w = chance(d->c, 50) ? in_company(d) : NULL;
        if (w)
            m->args[0] = given_str(ir_block_name(w));
    } else if (strcmp(prim, "set_scope") == 0) {
        const char *name = an_alloc(d);
        if (name)
            m->args[0] = given_str(name);
    } else if (strcmp(prim, "transform_layout") == 0) {
        const char *name = an_alloc(d);
        Err quiet = {0};
        if (name) {
            m->args[0] = given_str(name);
            m->args[1] = a_layout(d, find_buffer(d->func, name, &quiet));
        }
    }
}

/* ---- one parameter ---- */

static const char *word(Draw *d, const Param *p)
{
    static const char *const scopes[] = {"global", "local", "shared"};
    static const char *const axes[] = {"blockIdx.x", "threadIdx.x", "threadIdx.y", "threadIdx.x"};
    if (strcmp(p->name, "scope") == 0)
        return scopes[choose(d->c, 3)];
    if (strcmp(p->name, "axis") == 0)
        return axes[choose(d->c, 4)];
    return "hint";
}

static void draw_param(Draw *d, const Prim *prim, const Param *p, Move *out)
{
    bool wild = chance(d->c, 12);
    Arg *a = &out->args[out->nargs];
    switch (p->kind) {
    case PARAM_LOOPS: {
        bool many = strcmp(prim->name, "reorder") == 0 || strcmp(prim->name, "fuse") == 0;
        size_t n = many && !wild ? chain(d, prim->name, a, 4) : 0;
        for (size_t more = many ? 2 : 1; n < more; n++)
            a[n] = given_str(wild ? wild_name(d) : pick(d, &d->loops));
        out->nargs += n;
        if (many && chance(d->c, 30)) { /* the same as a list */
            Arg *list = ARENA_ARRAY(d->A, Arg, n);
            memcpy(list, a, n * sizeof *list);
            *a = given_list(n, list);
            out->nargs -= n - 1;
        }
        return;
    }
    case PARAM_NAMES:
        if (chance(d->c, 20))
            out->args[out->nargs++] = given_str(wild ? wild_name(d) : choose(d->c, 2) ? "p" : "q");
        return;
    case PARAM_EACH:
        if (chance(d->c, 20)) { /* a list of two */
            Arg *list = ARENA_ARRAY(d->A, Arg, 2);
            for (size_t i = 0; i < 2; i++)
                list[i] = given_str(wild ? wild_name(d) : pick(d, &d->loops));
            *a = given_list(2, list);
            break;
        }
        *a = given_str(wild ? wild_name(d) : pick(d, &d->loops));
        break;
    case PARAM_LOOP: *a = given_str(wild ? wild_name(d) : pick(d, &d->loops)); break;
    case PARAM_BLOCK: *a = given_str(wild ? wild_name(d) : pick(d, &d->blocks)); break;
    case PARAM_PLACE:
        *a = given_str(wild ? wild_name(d) : pick(d, choose(d->c, 2) ? &d->loops : &d->blocks));
        break;
    case PARAM_BUFFER: *a = given_str(wild ? wild_name(d) : pick(d, &d->buffers)); break;
    case PARAM_DIGITS: *a = given_str(wild ? wild_name(d) : "x//2"); break;
    case PARAM_INT: *a = given_int(factor(d, wild)); break;
    case PARAM_FACTORS: *a = factors(d, wild); break;
    case PARAM_NAME: *a = given_str(wild ? wild_name(d) : word(d, p)); break;
    case PARAM_VALUE: *a = choose(d->c, 2) ? given_int(factor(d, wild)) : given_str("text"); break;
    }
    out->nargs++;
}

/* tile wants a loop and the one right inside it. */
static void tile_pair(Draw *d, Move *out)
{
    Arg pair[2];
    if (chain(d, "fuse", pair, 2) == 2)
        memcpy(out->args, pair, sizeof pair);
}

static bool add_block(void *env, const Node *block)
{
    Draw *d = env;
    vec_push(d->A, &d->nodes, block);
    return true;
}

/* How often each is drawn; two where nothing is said.  Those that seldom fit are
** drawn more often. */
static const struct {
    const char *name;
    int weight;
} weights[] = {
    {"annotate", 1},   {"contract", 1},           {"fuse", 1},    {"unroll", 1},      {"tile", 1},
    {"compute_at", 4}, {"reverse_compute_at", 4}, {"reorder", 3}, {"cache_write", 3}, {"bind", 3}};

static int weight_of(const char *name)
{
    for (size_t i = 0; i < sizeof weights / sizeof *weights; i++)
        if (strcmp(weights[i].name, name) == 0)
            return weights[i].weight;
    return 2;
}

static const Prim *draw_prim(Choices *c)
{
    int64_t all = 0;
    for (size_t i = 0; i < prim_count; i++)
        all += weight_of(prims[i].name);
    int64_t at = choose(c, all);
    size_t i = 0;
    while (at >= weight_of(prims[i].name))
        at -= weight_of(prims[i++].name);
    return &prims[i];
}

/* A copy of the argument that needs nothing of the program at hand. */
static Arg keep(Arena *A, Arg a)
{
    if (a.tag == ARG_STR)
        a.s = arena_strdup(A, a.s);
    if (a.tag == ARG_LIST) {
        Arg *list = ARENA_ARRAY(A, Arg, a.n);
        for (size_t i = 0; i < a.n; i++)
            list[i] = keep(A, a.list[i]);
        a.list = list;
    }
    return a;
}

void move_draw(Arena *A, Choices *c, const Node *func, Move *out)
{
    Draw d = {.A = A, .c = c, .func = func};
    list_loops(A, func, &d.loops);
    list_blocks(A, func, &d.blocks);
    list_buffers(A, func, &d.buffers);
    tree_blocks(func, add_block, &d);
    Param params[PRIM_MAX_PARAMS];
    memset(out, 0, sizeof *out);
    out->prim = draw_prim(c);
    size_t n = prim_params(out->prim, params);
    for (size_t i = 0; i < n; i++)
        draw_param(&d, out->prim, &params[i], out);
    if (strcmp(out->prim->name, "tile") == 0 && chance(c, 90))
        tile_pair(&d, out);
    if (chance(c, 75))
        fit(&d, out);
    if (chance(c, 3) && out->nargs < 12) /* one argument too many, or too few */
        out->args[out->nargs++] = given_int(1);
    else if (chance(c, 3) && out->nargs)
        out->nargs--;
    for (size_t i = 0; i < out->nargs; i++)
        out->args[i] = keep(A, out->args[i]);
}

/* The loops right around each other that one axis became, from the first such on: at
** most `room` of them. */
static size_t parts_of_axis(const Node *const *loops, size_t n, size_t room, size_t *first)
{
    size_t most = 0;
    for (size_t i = 0, k; i < n; i += k) {
        const char *axes = loops[i]->kid[For_var]->at.var->axes;
        for (k = 1; axes && i + k < n && loops[i + k - 1]->kid[For_body] == loops[i + k]; k++) {
            const char *other = loops[i + k]->kid[For_var]->at.var->axes;
            if (!other || strcmp(axes, other) != 0)
                break;
        }
        if (k > most) {
            most = k;
            *first = i;
        }
    }
    return most < room ? most : room;
}

/* A block of the program, the loops around it, and in which of them one axis counts. */
typedef struct Nest {
    const Node *block, *loops[IR_MAX_DEPTH];
    size_t n, first, parts;
} Nest;

static void draw_nest(Draw *d, size_t room, Nest *out)
{
    tree_blocks(d->func, add_block, d);
    out->block = d->nodes.n ? d->nodes.at[d->c->bytes[1] % d->nodes.n] : NULL;
    out->n = loops_around(d, out->block, out->loops);
    out->first = 0;
    out->parts = out->n ? parts_of_axis(out->loops, out->n, room, &out->first) : 0;
}

/* The k-th of these parts, or none. */
static Arg part(Draw *d, const Nest *nest, size_t k)
{
    const char *name =
        k < nest->parts ? loop_name(d, nest->loops[nest->first + k], nest->block) : "";
    return given_str(arena_strdup(d->A, name));
}

void move_to_sawtooth(Arena *A, Choices *c, const Node *func, int i, Move *out)
{
    Draw d = {.A = A, .c = c, .func = func};
    Nest nest;
    draw_nest(&d, 4, &nest);
    Arg *names = ARENA_ARRAY(A, Arg, 4), *by = ARENA_ARRAY(A, Arg, 4);
    if (i == 0) {
        for (size_t k = 0; k < 4; k++)
            by[k] = given_int(k == 0 ? -1 : 2 + choose(c, 4));
        const char *name =
            nest.n ? loop_name(&d, nest.loops[choose(c, (int64_t)nest.n)], nest.block) : "";
        *out = (Move){prim_find("split"),
                      2,
                      {given_str(arena_strdup(A, name)), given_list(3 + (size_t)choose(c, 2), by)}};
        return;
    }
    for (size_t k = 0; k < nest.parts; k++) {
        names[k] = part(&d, &nest, k);
        size_t j = i == 1 ? (size_t)choose(c, (int64_t)k + 1) : k;
        Arg t = names[k];
        names[k] = names[j];
        names[j] = t;
    }
    *out = (Move){prim_find(i == 1 ? "reorder" : "fuse"), 1, {given_list(nest.parts, names)}};
}

void move_to_strides(Arena *A, Choices *c, const Node *func, int i, Move *out)
{
    Draw d = {.A = A, .c = c, .func = func};
    Nest nest;
    draw_nest(&d, 3, &nest);
    Arg name[3], *order = ARENA_ARRAY(A, Arg, 3);
    for (size_t k = 0; k < 3; k++)
        name[k] = part(&d, &nest, k);
    if (i == 0 && nest.n)
        name[0] = given_str(arena_strdup(A, loop_name(&d, nest.loops[nest.n - 1], nest.block)));
    order[0] = name[2], order[1] = name[0], order[2] = name[1];
    switch (i) {
    case 0: *out = (Move){prim_find("split"), 2, {name[0], given_int(2 + choose(c, 3))}}; break;
    case 1: *out = (Move){prim_find("split"), 2, {name[0], given_int(4 << choose(c, 3))}}; break;
    case 2: *out = (Move){prim_find("reorder"), 1, {given_list(3, order)}}; break;
    default: *out = (Move){prim_find("vectorize"), 1, {name[2]}}; break;
    }
}

void move_to_registers(Arena *A, Choices *c, const Node *func, int i, Move *out)
{
    Draw d = {.A = A, .c = c, .func = func};
    const Node *loops[IR_MAX_DEPTH];
    tree_blocks(func, add_block, &d);
    const Node *block = reduction_from(&d, c->bytes[1]);
    bool tail = c->bytes[4] % 2; /* one loop of elements, cut by what need not divide it */
    size_t n = loops_around(&d, block, loops), inside = c->bytes[2] % 2 && !tail ? 2 : 1;
    if (n < inside + 1 || (i == 1 && !tail) || (i == 3 && tail)) {
        *out = (Move){prim_find("unroll"), 1, {given_str("")}};
        return;
    }
    Arg name[3], *order = ARENA_ARRAY(A, Arg, 3); /* of the innermost loops, the last first */
    for (size_t k = 0; k <= inside; k++)
        name[k] = given_str(arena_strdup(A, loop_name(&d, loops[n - 1 - k], block)));
    for (size_t k = 0; k <= inside; k++)
        order[k] = name[k ? inside + 1 - k : 0];
    Arg whose = given_str(arena_strdup(A, ir_block_name(block))),
        first = given_str(arena_strdup(A, loop_name(&d, loops[0], block)));
    const char *kind = c->bytes[3] % 3 ? "unroll" : "vectorize";
    switch (i) {
    case 0: *out = (Move){prim_find("decompose_reduction"), 2, {whose, first}}; break;
    case 1: *out = (Move){prim_find("split"), 2, {name[1], given_int(2 + choose(c, 7))}}; break;
    case 2: *out = (Move){prim_find("reorder"), 1, {given_list(inside + 1, order)}}; break;
    case 3: *out = (Move){prim_find("unroll"), 1, {name[inside == 2]}}; break;
    default: *out = (Move){prim_find(kind), 1, {name[0]}}; break;
    }
}

/* Memory in that scope, or a loop on that axis: of those that stand at the same depth around the
** blocks, one after the other. */
static void put_on_threads(Draw *d, int i, const char *scope, const char *axis, Move *out)
{
    const char *alloc = i == 1 ? an_alloc(d) : NULL;
    *out = (Move){prim_find("bind"), 2, {given_str(""), given_str(axis)}};
    if (alloc) {
        *out = (Move){
            prim_find("set_scope"), 2, {given_str(arena_strdup(d->A, alloc)), given_str(scope)}};
        return;
    }
    const Node *loops[IR_MAX_DEPTH],
        *block = d->nodes.n ? d->nodes.at[(size_t)i % d->nodes.n] : NULL;
    size_t n = loops_around(d, block, loops), depth = d->c->bytes[0] % 2;
    if (n)
        out->args[0] =
            given_str(arena_strdup(d->A, loop_name(d, loops[depth < n ? depth : n - 1], block)));
}

void move_to_threads(Arena *A, Choices *c, const Node *func, int i, Move *out)
{
    Draw d = {.A = A, .c = c, .func = func};
    const Node *loops[IR_MAX_DEPTH], *writer, *reader;
    list_buffers(A, func, &d.buffers);
    tree_blocks(func, add_block, &d);
    if (i > 0 || !linked(&d, &writer, &reader) || !loops_around(&d, reader, loops)) {
        put_on_threads(&d, i, "shared", "threadIdx.x", out);
        return;
    }
    *out = (Move){prim_find("compute_at"),
                  2,
                  {given_str(arena_strdup(A, ir_block_name(writer))),
                   given_str(arena_strdup(A, loop_name(&d, loops[0], reader)))}};
}

void move_to_lanes(Arena *A, Choices *c, const Node *func, int i, Move *out)
{
    Draw d = {.A = A, .c = c, .func = func};
    const Node *loops[IR_MAX_DEPTH];
    tree_blocks(func, add_block, &d);
    const Node *block = d.nodes.n ? d.nodes.at[(size_t)i % d.nodes.n] : NULL;
    size_t n = loops_around(&d, block, loops);
    const char *name = n ? arena_strdup(A, loop_name(&d, loops[n - 1], block)) : "";
    *out = (Move){prim_find("vectorize"), 1, {given_str(name)}};
}

void move_to_threads_apart(Arena *A, Choices *c, const Node *func, int i, Move *out)
{
    Draw d = {.A = A, .c = c, .func = func};
    list_buffers(A, func, &d.buffers);
    tree_blocks(func, add_block, &d);
    int of = c->bytes[1] % 3;
    put_on_threads(&d, i, of == 1 ? "local" : "shared", of == 0 ? "blockIdx.x" : "threadIdx.x",
                   out);
}
