/* move.c -- random steps: the table of primitives says what each takes. */
#include "tests/diff/diff.h"

#include <string.h>

#include "core/schedule/tree.h"

typedef struct Draw {
    Arena *A;
    Choices *c;
    const Node *func;
    NameList loops, blocks, buffers;
} Draw;

static const char *pick(Draw *d, const NameList *from)
{
    return from->n ? from->at[choose(d->c, (int64_t)from->n)] : "nothing";
}

static const char *wild_name(Draw *d)
{
    static const char *const odd[] = {"", "nothing", "y/z", "*/x", "C.init", "9", "a b", "y.0", "//", "P/P/y"};
    switch (choose(d->c, 4)) {
    case 0: return odd[choose(d->c, 10)];
    case 1: return pick(d, &d->loops);
    case 2: return pick(d, &d->blocks);
    default: return pick(d, &d->buffers);
    }
}

static int64_t factor(Draw *d, bool wild)
{
    static const int64_t good[] = {2, 3, 4, 8, 1, 5, 16, 7}, odd[] = {0, -3, -1, INT64_C(1) << 40, INT64_MAX, INT64_MIN, 1000, 1};
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

/* Loops along the way to a block: what reorder and fuse want. */
static size_t chain(Draw *d, const char *prim, Arg *out, size_t room)
{
    const char *block = pick(d, &d->blocks);
    Path p;
    size_t n = 0, found = 0;
    const char *names[IR_MAX_DEPTH];
    if (!path_to_block(d->func, block, &p))
        return 0;
    for (size_t i = 0; i < p.n; i++)
        if (p.at[i]->op == OP_For) {
            const char *name = ir_var_name(p.at[i]->kid[For_var]);
            Err quiet = {0};
            names[found++] = find_loop(d->func, name, &quiet) == p.at[i] ? name : arena_printf(d->A, "%s/%s", block, name);
        }
    if (found < 2)
        return 0;
    bool fuse = strcmp(prim, "fuse") == 0;
    size_t first = (size_t)choose(d->c, (int64_t)found - 1);
    size_t want = fuse ? 2 + (size_t)chance(d->c, 20) : 2 + (size_t)choose(d->c, 3);
    for (size_t i = first; i < found && n < want && n < room; i++)
        out[n++] = given_str(names[i]);
    for (size_t i = n; !fuse && i > 1; i--) {
        size_t j = (size_t)choose(d->c, (int64_t)i);
        Arg t = out[i - 1];
        out[i - 1] = out[j];
        out[j] = t;
    }
    return n;
}

static const char *word(Draw *d, const Param *p)
{
    static const char *const scopes[] = {"global", "local", "shared"};
    static const char *const axes[] = {"blockIdx.x", "threadIdx.x", "threadIdx.y", "blockIdx.y"};
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
    case PARAM_LOOP: *a = given_str(wild ? wild_name(d) : pick(d, &d->loops)); break;
    case PARAM_BLOCK: *a = given_str(wild ? wild_name(d) : pick(d, &d->blocks)); break;
    case PARAM_PLACE: *a = given_str(wild ? wild_name(d) : pick(d, choose(d->c, 2) ? &d->loops : &d->blocks)); break;
    case PARAM_BUFFER: *a = given_str(wild ? wild_name(d) : pick(d, &d->buffers)); break;
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

void move_draw(Arena *A, Choices *c, const Node *func, Move *out)
{
    Draw d = {.A = A, .c = c, .func = func};
    list_loops(A, func, &d.loops);
    list_blocks(A, func, &d.blocks);
    list_buffers(A, func, &d.buffers);
    Param params[PRIM_MAX_PARAMS];
    memset(out, 0, sizeof *out);
    out->prim = &prims[choose(c, (int64_t)prim_count)];
    size_t n = prim_params(out->prim, params);
    for (size_t i = 0; i < n; i++)
        draw_param(&d, out->prim, &params[i], out);
    if (strcmp(out->prim->name, "tile") == 0 && chance(c, 90))
        tile_pair(&d, out);
    if (chance(c, 3) && out->nargs < 12) /* one argument too many, or too few */
        out->args[out->nargs++] = given_int(1);
    else if (chance(c, 3) && out->nargs)
        out->nargs--;
    for (size_t i = 0; i < out->nargs; i++)
        if (out->args[i].tag == ARG_STR)
            out->args[i].s = arena_strdup(A, out->args[i].s);
}
