/* program.c -- random programs: a Spec is drawn, and becomes a Func by tensor expressions. */
#include "tests/diff/build.h"

#include <string.h>

enum { WRITTEN_PERCENT = 12 };

void spec_draw(Spec *s, Choices *c)
{
    static const int64_t small[] = {1, 2, 3, 4, 5, 7, 8, 13, 16, 17}, large[] = {31, 33, 64, 100};
    static const DType types[] = {DT_float32, DT_float32, DT_float32, DT_float32, DT_float64,
                                  DT_int32,   DT_int32,   DT_int8,    DT_int16,   DT_int64,
                                  DT_uint8,   DT_uint16,  DT_uint32,  DT_uint64,  DT_bool};
    enum { TYPES = sizeof types / sizeof *types };
    memset(s, 0, sizeof *s);
    for (int i = 0; i < POOL; i++)
        s->extent[i] = chance(c, 10)  ? large[choose(c, 4)]
                       : chance(c, 2) ? 0
                                      : small[choose(c, 10)];
    s->type = types[choose(c, TYPES)];
    s->exact = chance(c, 65);
    s->specials = !s->exact && chance(c, 40);
    s->wide = chance(c, 25);
    s->seed = (uint64_t)choose(c, 256);
    s->ninputs = 1 + (int)choose(c, MAX_INPUTS);
    for (int i = 0; i < s->ninputs; i++) {
        s->input[i].rank = chance(c, 5) ? 0 : 1 + (int)choose(c, MAX_DIMS);
        for (int d = 0; d < MAX_DIMS; d++)
            s->input[i].dim[d] = (int)choose(c, POOL);
    }
    s->nstages = 1 + (int)choose(c, MAX_STAGES);
    for (int i = 0; i < s->nstages; i++) {
        Stage *t = &s->stage[i];
        static const Combiner combiners[] = {COMB_sum, COMB_sum, COMB_prod,
                                             COMB_max, COMB_min, COMB_fma};
        t->kind = (StageKind)choose(c, STAGE_COUNT);
        /* Mostly the tensor made last, so that stages form chains. */
        t->src[0] = i && chance(c, 65) ? s->ninputs + i - 1 : (int)choose(c, s->ninputs + i);
        t->src[1] = (int)choose(c, s->ninputs + i);
        t->variant = (int)choose(c, 16);
        t->way = (int)choose(c, 8);
        t->combiner = combiners[choose(c, 6)];
        t->cast = types[choose(c, TYPES)];
        t->result = i + 1 == s->nstages || chance(c, 10);
    }
    s->jagged = chance(c, 6) ? 1 + (int)choose(c, 30) : 0;
    s->wrapped = chance(c, 5) ? 1 + (int)choose(c, 24) : 0;
    s->scattered = chance(c, 4) ? 1 + (int)choose(c, 60) : 0;
    Stage *last = &s->stage[s->nstages - 1];
    if (!s->exact && chance(c, 50)) { /* where roundings show, let there be a sum */
        last->kind = choose(c, 2) ? STAGE_reduce : STAGE_matmul;
        last->combiner = COMB_sum;
    }
    for (int i = 0; i < s->nstages; i++)
        if (chance(c, 10))
            guard_draw(&s->stage[i].guard, c, s->ninputs + i);
    /* The last byte decides, so that all other trials are what they were */
    if (c->n == CHOICES && c->bytes[CHOICES - 1] < 256 * WRITTEN_PERCENT / 100)
        written_draw(s, c);
}

static void add_input(Build *b, int i)
{
    Tens t = {.type = b->spec->type, .rank = b->spec->input[i].rank, .bound = 3};
    for (int d = 0; d < t.rank; d++)
        t.dim[d] = b->spec->extent[b->spec->input[i].dim[d]];
    while (t.rank && shape_size(t.rank, t.dim, 1) > MAX_ITERATIONS)
        t.rank--;
    static const char *const names[] = {"A", "B", "W"};
    t.buffer = te_placeholder(b->te, names[i], t.type, (size_t)t.rank, t.dim);
    b->tensor[b->ntensors++] = t;
}

static const char *const stage_name[] = {"P", "Q", "R", "S"};

/* In the Te that is thrown away, a stage that is gone tells the shape of the input that stands for
** it. */
static void add_stage(Build *b, int i, Te *te, Te *scratch)
{
    static const char *const inputs[] = {"Pin", "Qin", "Rin", "Sin"};
    b->stage = &b->spec->stage[i];
    b->name = stage_name[i];
    b->te = b->stage->gone ? scratch : te;
    const Node *made = stage_maker[b->stage->kind](b);
    b->te = te;
    Tens t = b->out;
    t.buffer = b->stage->gone ? te_placeholder(te, inputs[i], t.type, (size_t)t.rank, t.dim) : made;
    if (b->stage->gone)
        t.bound = 3;
    else if (b->stage->guard.on)
        t.bound += 8; /* what is there where it did not run */
    t.type = (DType)t.buffer->type;
    b->tensor[b->ntensors++] = t;
}

/* Scans read their own results. */
static const Node *close_scans(const Build *b, const Node *func)
{
    const Node *params[2 * MAX_TENSORS];
    size_t n = 0;
    if (b->nscans == 0)
        return func;
    for (size_t i = 0; i < func->kid[Func_params]->nkids; i++) {
        bool stands_for = false;
        for (int k = 0; k < b->nscans; k++)
            stands_for |= b->scan[k].from == func->kid[Func_params]->kid[i];
        if (!stands_for)
            params[n++] = func->kid[Func_params]->kid[i];
    }
    const Node *body = ir_subst(b->A, func->kid[Func_body], (size_t)b->nscans, b->scan);
    return ir_func(b->A, func->at.name, ir_list(b->A, n, params), func->kid[Func_results], body);
}

/* Stages that run where memory says so. */
static const Node *add_guards(Build *b, const Node *func, int last)
{
    for (int i = 0; func && i < b->spec->nstages; i++) {
        const Stage *t = &b->spec->stage[i];
        if (t->guard.on && !t->gone)
            func = guard_stage(b->A, func, stage_name[i], &t->guard, b->tensor[t->guard.src].buffer,
                               i == last && b->terms);
    }
    return func;
}

static const Node *build_func(Arena *A, const Spec *s, bool magnitude, int64_t *terms, Err *err)
{
    Build b = {.A = A, .te = te_new(A, "f"), .spec = s, .magnitude = magnitude};
    Te *te = b.te, *scratch = te_new(A, "scratch");
    const Node *results[MAX_STAGES];
    size_t nresults = 0;
    int last = -1;
    for (int i = 0; i < s->nstages; i++)
        if (!s->stage[i].gone)
            last = i;
    for (int i = 0; i < s->ninputs; i++)
        add_input(&b, i);
    for (int i = 0; i < s->nstages; i++) {
        b.last = i == last;
        add_stage(&b, i, te, scratch);
        if (!s->stage[i].gone && (s->stage[i].result || i == last))
            results[nresults++] = b.tensor[s->ninputs + i].buffer;
    }
    *terms = b.terms;
    const Node *func = add_guards(&b, close_scans(&b, te_func(te, nresults, results, err)), last);
    return func ? scatter(b.A, s, jagged(b.A, s, func)) : NULL;
}

bool spec_build(Arena *A, const Spec *s, Program *out, Err *err)
{
    int64_t again;
    *out = (Program){0};
    if (s->written.on)
        return (out->func = written_func(A, s, err)) != NULL;
    out->func = build_func(A, s, false, &out->terms, err);
    if (out->func && out->terms)
        out->magnitude = build_func(A, s, true, &again, err);
    return out->func != NULL;
}
