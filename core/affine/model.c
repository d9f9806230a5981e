/* model.c -- from a Func to statements with domains, order and accesses. */
#include "core/affine/model.h"

#include <isl/aff.h>
#include <isl/options.h>
#include <isl/val.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "core/base/cancel.h"
#include "core/base/vec.h"

/* Far more than operations take as a rule, a microsecond each. */
#define LEAST_SECONDS 0.5
#define SECONDS_OF    1e-5

static _Thread_local double late_at; /* by processor_seconds */

/* That this thread took. */
static double processor_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

bool model_must_stop(void)
{
    return cancel_asked() || processor_seconds() > late_at;
}

isl_ctx *model_ctx(unsigned long operations)
{
    static _Thread_local isl_ctx *ctx;
    if (!ctx) {
        ctx = isl_ctx_alloc();
        isl_options_set_on_error(ctx, ISL_ON_ERROR_CONTINUE);
    }
    isl_ctx_reset_operations(ctx);
    isl_ctx_reset_error(ctx);
    isl_ctx_set_max_operations(ctx, operations);
    late_at = operations ? processor_seconds() + LEAST_SECONDS + SECONDS_OF * (double)operations
                         : HUGE_VAL;
    return ctx;
}

/* ---- examples ---- */

isl_point *model_first(isl_set *set)
{
    isl_point *p = isl_set_sample_point(isl_set_lexmin(set));
    if (p && isl_point_is_void(p) == isl_bool_false)
        return p;
    isl_point_free(p);
    return NULL;
}

isl_point *model_first_pair(isl_map *pairs)
{
    return model_first(isl_map_wrap(isl_map_copy(pairs)));
}

int64_t model_coordinate(isl_point *p, size_t i)
{
    isl_val *v = isl_point_get_coordinate_val(p, isl_dim_set, (int)i);
    int64_t x = isl_val_get_num_si(v);
    isl_val_free(v);
    return x;
}

isl_map *model_at(isl_map *m, isl_point *p, size_t from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        m = isl_map_fix_val(m, isl_dim_in, (unsigned)i,
                            isl_point_get_coordinate_val(p, isl_dim_set, (int)(from + i)));
    return m;
}

isl_set *model_elements(isl_ctx *ctx, const Node *buffer)
{
    isl_set *box = isl_set_universe(isl_space_set_alloc(ctx, 0, (unsigned)ir_rank(buffer)));
    for (size_t d = 0; d < ir_rank(buffer); d++) {
        box = isl_set_lower_bound_si(box, isl_dim_set, (unsigned)d, 0);
        box = isl_set_upper_bound_val(box, isl_dim_set, (unsigned)d,
                                      isl_val_int_from_si(ctx, ir_dim(buffer, d) - 1));
    }
    return box;
}

static isl_stat most_quotients(isl_basic_set *piece, void *most)
{
    int n = isl_basic_set_dim(piece, isl_dim_div), *so_far = most;
    isl_basic_set_free(piece);
    *so_far = n > *so_far ? n : *so_far;
    return isl_stat_ok;
}

int model_quotients(isl_set *set)
{
    int most = 0;
    isl_set_foreach_basic_set(set, most_quotients, &most);
    return most;
}

void model_put_element(Buf *b, const Node *buffer, isl_point *element)
{
    buf_printf(b, "%s[", ir_buf_name(buffer));
    for (size_t d = 0; d < ir_rank(buffer); d++)
        buf_printf(b, "%s%lld", d ? ", " : "", (long long)model_coordinate(element, d));
    buf_putc(b, ']');
}

/* ---- what the arena owns ---- */

static void free_map(void *map)
{
    isl_map_free(map);
}
static void free_set(void *set)
{
    isl_set_free(set);
}

/* The arena owns it from now on. */
static isl_map *keep_map(Arena *A, isl_map *map)
{
    if (map)
        arena_own(A, map, free_map);
    return map;
}

static isl_set *keep_set(Arena *A, isl_set *set)
{
    if (set)
        arena_own(A, set, free_set);
    return set;
}

size_t model_scope(const Model *m, const Node *buffer)
{
    for (size_t i = 0; i < m->nscoped; i++)
        if (m->scoped[i].buffer == buffer)
            return m->scoped[i].nloops;
    return 0;
}

size_t model_common(const Stmt *s, const Stmt *t)
{
    size_t n = 0;
    while (n < s->nloops && n < t->nloops && s->loop[n] == t->loop[n])
        n++;
    return n;
}

/* ---- the way from the root to a statement ---- */

/* FRAME_AXES: a block, but for its guard. */
typedef enum FrameKind { FRAME_LOOP, FRAME_BLOCK, FRAME_INIT, FRAME_AXES, FRAME_COND } FrameKind;

typedef struct Frame {
    FrameKind kind;
    const Node *node; /* a For, a Block, or a condition */
    bool truth;
} Frame;

typedef struct Walk {
    Model *m;
    const Node *under, *only; /* the loop to look in, and the buffer to look at; NULL: all */
    bool instances, inside;
    Frame frame[2 * MODEL_LOOPS + MODEL_DIMS];
    size_t nframes, nloops;
} Walk;

const char not_affine_store[] = "the index of a store is not affine";
const char over_limit[] = "the work limit was reached";

static void give_up(Model *m, const char *why)
{
    if (!m->unknown)
        m->unknown = why;
}

/* Whether the statement runs is not affine. */
static void depends_on_data(const Walk *w, Stmt *s, const char *why)
{
    if (w->instances)
        give_up(w->m, why);
    s->maybe = true;
}

/* 0 <= var < extent, and var as a dimension. */
static isl_set *bind_loop(const Walk *w, Stmt *s, AffEnv *e, const Node *loop, int dim,
                          isl_set *runs)
{
    aff_bind_loop(e, loop, dim);
    isl_pw_aff *v = aff_of(e, loop->kid[For_var]), *extent = aff_of(e, loop->kid[For_extent]);
    runs = isl_set_lower_bound_si(runs, isl_dim_set, (unsigned)dim, 0);
    if (!extent || !v) {
        isl_pw_aff_free(v);
        isl_pw_aff_free(extent);
        depends_on_data(w, s, "the extent of a loop is not affine");
        return runs;
    }
    return isl_set_intersect(runs, isl_pw_aff_lt_set(v, extent));
}

/* Of a condition that is not affine, the terms that are count. */
static isl_set *restrict_to(const Walk *w, Stmt *s, AffEnv *e, const Node *cond, bool truth,
                            isl_set *runs)
{
    if (cond->op == OP_IntImm && (cond->at.i != 0) == truth)
        return runs;
    isl_set *where = aff_where(e, cond, truth),
            *both = where ? aff_if_few(e, isl_set_intersect(isl_set_copy(runs), where)) : NULL;
    if (both) {
        isl_set_free(runs);
        return both;
    }
    depends_on_data(w, s, "a condition is not affine");
    if (cond->op == (truth ? OP_And : OP_Or))
        for (int i = 0; i < 2; i++)
            runs = restrict_to(w, s, e, cond->kid[i], truth, runs);
    return runs;
}

static isl_set *bind_axes(const Walk *w, Stmt *s, AffEnv *e, const Frame *f, isl_set *runs)
{
    const Node *iters = f->node->kid[Block_iters];
    for (size_t k = 0; k < iters->nkids; k++) {
        const Node *value = iters->kid[k]->kid[Iter_value];
        isl_pw_aff *v = aff_of(e, value);
        bool begins = f->kind == FRAME_INIT && iters->kid[k]->at.i == ITER_reduce;
        if (!v && w->instances)
            give_up(w->m, "the value of an axis is not affine");
        if (begins && v)
            runs = isl_set_intersect(runs, isl_pw_aff_zero_set(isl_pw_aff_copy(v)));
        s->maybe |= begins && !v;
        aff_bind(e, iters->kid[k]->kid[Iter_var], v, aff_interval(e, value));
    }
    return runs;
}

/* The values of the loops for which the statement below these frames runs; binds loops and axes
** in e. */
static isl_set *domain_of(const Walk *w, Stmt *s, AffEnv *e)
{
    isl_set *runs = isl_set_universe(isl_space_copy(e->space));
    int dim = 0;
    for (size_t i = 0; i < w->nframes; i++) {
        const Frame *f = &w->frame[i];
        if (f->kind == FRAME_LOOP)
            runs = bind_loop(w, s, e, f->node, dim++, runs);
        else if (f->kind == FRAME_COND)
            runs = restrict_to(w, s, e, f->node, f->truth, runs);
        else
            runs = bind_axes(w, s, e, f, runs);
        if (f->kind == FRAME_BLOCK || f->kind == FRAME_INIT)
            runs = restrict_to(w, s, e, f->node->kid[Block_where], true, runs);
    }
    return runs;
}

/* ---- reads ---- */

typedef struct Reads {
    Stmt *s;
    AffEnv *e;
    Arena *A;
    bool by_loops;
    bool wider; /* what decides whether it is read is not affine */
    size_t at;  /* the number of the next read */
    const Chosen *chooses;
} Reads;

/* Of the instances in `domain`. */
static void note_access(const Reads *r, Access *a, const Node *buffer, const Node *const *index,
                        isl_set *domain)
{
    bool before = r->e->not_affine;
    r->e->not_affine = false;
    isl_map *m = keep_map(r->A, aff_access(r->e, buffer, index, isl_set_copy(domain)));
    a->wider = r->wider || r->e->not_affine;
    r->e->not_affine = before;
    a->buffer = buffer;
    a->chooses = r->chooses;
    *(r->by_loops ? &a->by_loops : &a->of) = m;
}

static void note_read(Reads *r, const Node *load, isl_set *domain)
{
    Stmt *s = r->s;
    if (r->at == s->cap)
        s->read = vec_grow(r->A, s->read, s->nreads, &s->cap, sizeof *s->read);
    Access *a = &s->read[r->at++];
    s->nreads = r->at > s->nreads ? r->at : s->nreads;
    note_access(r, a, load->kid[Load_buffer], &load->kid[Load_index], domain);
}

static void find_reads(Reads *r, const Node *n, isl_set *domain);

/* The loads in the index of this one, and itself. */
static void find_load(Reads *r, const Node *load, isl_set *domain)
{
    const Chosen *chooses = r->chooses;
    Chosen *c = arena_alloc(r->A, sizeof *c);
    *c = (Chosen){load->kid[Load_buffer], chooses};
    r->chooses = c;
    for (size_t i = Load_index; i < load->nkids; i++)
        find_reads(r, load->kid[i], isl_set_copy(domain));
    r->chooses = chooses;
    note_read(r, load, domain);
}

/* The loads in `n`, which is evaluated for `domain`; takes it. */
static void find_reads(Reads *r, const Node *n, isl_set *domain)
{
    if (n->op == OP_Select || n->op == OP_And || n->op == OP_Or) {
        find_reads(r, n->kid[0], isl_set_copy(domain));
        for (size_t i = 1; i < n->nkids; i++) {
            bool truth = n->op == OP_Select ? i == Select_a : n->op == OP_And;
            bool before = r->e->not_affine, was_wider = r->wider;
            isl_set *where = aff_where(r->e, n->kid[0], truth);
            isl_set *part =
                where ? aff_if_few(r->e, isl_set_intersect(isl_set_copy(domain), where)) : NULL;
            r->e->not_affine = before;
            r->wider |= !part;
            find_reads(r, n->kid[i], part ? part : isl_set_copy(domain));
            r->wider = was_wider;
        }
    } else if (n->op == OP_Let) {
        find_reads(r, n->kid[Let_value], isl_set_copy(domain));
        bool before = r->e->not_affine;
        aff_bind(r->e, n->kid[Let_var], aff_of(r->e, n->kid[Let_value]),
                 aff_interval(r->e, n->kid[Let_value]));
        r->e->not_affine = before;
        find_reads(r, n->kid[Let_body], isl_set_copy(domain));
    } else if (n->op == OP_Load) {
        find_load(r, n, domain);
    } else {
        for (size_t i = 0; i < n->nkids; i++)
            find_reads(r, n->kid[i], isl_set_copy(domain));
    }
    isl_set_free(domain);
}

/* The accesses of the Store or Update, or the reads of an expression, as functions over e's space,
** which is that of the loops or of the instances. */
static void accesses(const Walk *w, Stmt *s, AffEnv *e, const Node *n, isl_set *domain)
{
    Reads r = {.s = s, .e = e, .A = w->m->A, .by_loops = !w->instances};
    if (n->op != OP_Store && n->op != OP_Update) {
        find_reads(&r, n, isl_set_copy(domain));
        return;
    }
    note_access(&r, &s->write, n->kid[Store_buffer], &n->kid[Store_index], domain);
    if (s->write.wider && w->instances)
        give_up(w->m, not_affine_store);
    for (size_t i = Store_index; i < n->nkids && !w->only; i++)
        find_reads(&r, n->kid[i], isl_set_copy(domain));
    if (!w->only)
        find_reads(&r, n->kid[Store_value], isl_set_copy(domain));
}

/* ---- statements ---- */

/* What counts the instances: the axes of the innermost block and the loops inside it. */
static void find_axes(const Walk *w, Stmt *s)
{
    for (size_t i = 0; i < w->nframes; i++) {
        const Frame *f = &w->frame[i];
        if (f->kind == FRAME_LOOP) {
            s->loop[s->nloops] = f->node->kid[For_var];
            s->kind[s->nloops++] = ir_for_kind(f->node);
            if (s->naxes < MODEL_DIMS)
                s->axis[s->naxes++] = f->node->kid[For_var];
        }
        if (f->kind == FRAME_LOOP || f->kind == FRAME_COND)
            continue;
        const Node *iters = f->node->kid[Block_iters];
        s->block = f->node;
        s->naxes = 0;
        for (size_t k = 0; k < iters->nkids && s->naxes < MODEL_DIMS; k++)
            if (f->kind != FRAME_INIT || iters->kid[k]->at.i == ITER_spatial)
                s->axis[s->naxes++] = iters->kid[k]->kid[Iter_var];
    }
    if (s->naxes >= MODEL_DIMS)
        give_up(w->m, "a block has too many axes");
}

static const char *name_of(const Walk *w, const Stmt *s, bool init)
{
    Model *m = w->m;
    const char *base = s->block ? ir_block_name(s->block) : "";
    const char *name = arena_printf(m->A, "%s%s", base, init ? ".init" : "");
    size_t same = 0;
    for (size_t i = 0; i < m->nstmts; i++)
        same += m->stmt[i]->write.buffer && m->stmt[i]->block == s->block &&
                (!s->block || strcmp(m->stmt[i]->name, name) == 0 || same > 0);
    return same || !s->block ? arena_printf(m->A, "%s#%zu", name, same) : name;
}

/* loops -> instance */
static isl_map *binding_of(const Stmt *s, AffEnv *e, isl_set *runs)
{
    isl_map *m = isl_map_from_domain(isl_set_copy(runs));
    for (size_t i = 0; i < s->naxes; i++)
        m = isl_map_flat_range_product(m, isl_map_from_pw_aff(aff_of(e, s->axis[i])));
    return isl_map_set_tuple_name(m, isl_dim_out, s->name);
}

static void count_by_axes(const Walk *w, Stmt *s, AffEnv *loops, const Node *n)
{
    Model *m = w->m;
    AffEnv e;
    isl_map *b = binding_of(s, loops, s->runs);
    s->instances = keep_set(m->A, isl_set_coalesce(isl_map_range(isl_map_copy(b))));
    s->when = keep_map(m->A, isl_map_reverse(b));
    aff_begin(&e, m->ctx, (unsigned)s->naxes);
    e.space = isl_space_set_tuple_name(e.space, isl_dim_set, s->name);
    for (size_t i = 0; i < s->naxes; i++)
        aff_bind_dim(&e, s->axis[i], (int)i, aff_interval(loops, s->axis[i]));
    if (s->block) /* the reduce axes of an init are 0 there, and count no instances */
        for (size_t i = 0; i < s->block->kid[Block_iters]->nkids; i++) {
            const Node *var = s->block->kid[Block_iters]->kid[i]->kid[Iter_var];
            bool bound = false;
            for (size_t k = 0; k < s->naxes; k++)
                bound |= s->axis[k] == var;
            if (!bound)
                aff_bind(&e, var,
                         isl_pw_aff_val_on_domain(isl_set_universe(isl_space_copy(e.space)),
                                                  isl_val_zero(m->ctx)),
                         (Interval){0, 0});
        }
    accesses(w, s, &e, n, s->instances);
    aff_end(&e);
}

/* n: the Store or Update, or the expression that `node` evaluates before it decides what runs. */
static void add_stmt(Walk *w, const Node *node, const Node *n, bool init)
{
    Model *m = w->m;
    Stmt *s = arena_alloc(m->A, sizeof *s);
    AffEnv e;
    s->node = node;
    find_axes(w, s);
    s->name = name_of(w, s, init);
    s->number = m->nstmts;
    s->update = n->op == OP_Update;
    s->combiner = s->update ? n->at.i : 0;
    aff_begin(&e, m->ctx, (unsigned)s->nloops);
    s->runs = keep_set(m->A, domain_of(w, s, &e));
    if (!s->runs || model_must_stop())
        give_up(m, over_limit);
    if (!m->unknown) {
        if (w->instances)
            count_by_axes(w, s, &e, n);
        else
            accesses(w, s, &e, n, s->runs);
    }
    aff_end(&e);
    if (m->nstmts == m->cap)
        m->stmt = vec_grow(m->A, m->stmt, m->nstmts, &m->cap, sizeof *m->stmt);
    m->stmt[m->nstmts++] = s;
}

static void add_decider(Walk *w, const Node *node, const Node *e, bool init)
{
    if (w->inside && !w->instances && !w->only && ir_loads(e))
        add_stmt(w, node, e, init);
}

static void walk(Walk *w, const Node *n, bool init);

static void walk_frame(Walk *w, Frame f, const Node *body, bool init)
{
    if (w->nframes == sizeof w->frame / sizeof *w->frame) {
        give_up(w->m, "it is nested too deeply");
        return;
    }
    w->frame[w->nframes++] = f;
    walk(w, body, init);
    w->nframes--;
}

static void walk_for(Walk *w, const Node *n, bool init)
{
    bool inside = w->inside;
    if (w->nloops == MODEL_LOOPS) {
        give_up(w->m, "it has too many nested loops");
        return;
    }
    add_decider(w, n, n->kid[For_extent], init);
    w->inside |= n->kid[For_var] == w->under;
    w->nloops++;
    walk_frame(w, (Frame){.kind = FRAME_LOOP, .node = n, .truth = true}, n->kid[For_body], init);
    w->nloops--;
    w->inside = inside;
}

static void walk_alloc(Walk *w, const Node *n, bool init)
{
    Model *m = w->m;
    if (m->nscoped == m->scoped_cap)
        m->scoped = vec_grow(m->A, m->scoped, m->nscoped, &m->scoped_cap, sizeof *m->scoped);
    m->scoped[m->nscoped++] = (Scoped){n->kid[Alloc_buffer], w->nloops};
    walk(w, n->kid[Alloc_body], init);
}

static void walk_block(Walk *w, const Node *n, bool init)
{
    if (w->nframes < sizeof w->frame / sizeof *w->frame) {
        add_decider(w, n, n->kid[Block_iters], init);
        w->frame[w->nframes++] = (Frame){.kind = FRAME_AXES, .node = n, .truth = true};
        add_decider(w, n, n->kid[Block_where], init);
        w->nframes--;
    }
    walk_frame(w, (Frame){.kind = FRAME_INIT, .node = n, .truth = true}, n->kid[Block_init], true);
    walk_frame(w, (Frame){.kind = FRAME_BLOCK, .node = n, .truth = true}, n->kid[Block_body], init);
}

static void walk(Walk *w, const Node *n, bool init)
{
    if (w->m->unknown || (w->only && !ir_mentions(n, w->only)))
        return;
    switch ((Op)n->op) {
    case OP_Store:
    case OP_Update:
        if (w->inside && (!w->only || n->kid[Store_buffer] == w->only))
            add_stmt(w, n, n, init);
        break;
    case OP_Seq:
        for (size_t i = 0; i < n->nkids; i++)
            walk(w, n->kid[i], init);
        break;
    case OP_For: walk_for(w, n, init); break;
    case OP_If:
        add_decider(w, n, n->kid[If_cond], init);
        walk_frame(w, (Frame){.kind = FRAME_COND, .node = n->kid[If_cond], .truth = true},
                   n->kid[If_then], init);
        walk_frame(w, (Frame){.kind = FRAME_COND, .node = n->kid[If_cond], .truth = false},
                   n->kid[If_otherwise], init);
        break;
    case OP_Block: walk_block(w, n, init); break;
    case OP_Alloc: walk_alloc(w, n, init); break;
    default: break;
    }
}

static Model *build(Arena *A, isl_ctx *ctx, const Node *func, const Node *under, const Node *only,
                    bool instances)
{
    Model *m = arena_alloc(A, sizeof *m);
    *m = (Model){.A = A, .ctx = ctx, .func = func};
    Walk *w = arena_alloc(A, sizeof *w);
    *w = (Walk){.m = m, .under = under, .only = only, .instances = instances, .inside = !under};
    walk(w, func->kid[Func_body], false);
    return m;
}

Model *model_of(Arena *A, isl_ctx *ctx, const Node *func, const Node *under, bool instances)
{
    return build(A, ctx, func, under, NULL, instances);
}

Model *model_of_writes(Arena *A, isl_ctx *ctx, const Node *func, const Node *under,
                       const Node *buffer)
{
    return build(A, ctx, func, under, buffer, false);
}
