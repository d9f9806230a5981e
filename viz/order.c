/* order.c -- running a nest without computing: the order of its visits. */
#include "viz/order.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/cancel.h"
#include "core/base/vec.h"
#include "core/ir/print.h"
#include "viz/index_range.h"
#include "viz/nest.h"

/* What stands between the Func and the block, outermost first. */
typedef struct Step {
    enum { STEP_loop, STEP_bind, STEP_cond } kind;
    const Node *var, *expr; /* the loop's extent; the axis's value; the condition */
    bool want;              /* of a condition: which outcome leads to the block */
    ForKind loop;
    bool goes_on; /* of a loop: beyond its first iteration, for what is shown */
} Step;

typedef VEC(Step) StepVec;
typedef VEC(OrderVisit) VisitVec;

/* One thread of control: the values of all loops that run at the same time as others. */
typedef struct Strand {
    int chunk;
    int64_t thread, count;
} Strand;
typedef VEC(Strand) StrandVec;
typedef VEC(int64_t) IntVec;

typedef struct Run {
    Arena *A;
    StepVec path;
    const Node *block;
    const char *others; /* how to ask about another block; or "" */
    IndexEnv env;       /* a variable for each loop and each axis on the path, in order */
    const Node *row, *col;
    int64_t row_min, row_max, col_min, col_max; /* the window of interest */
    int64_t last_row, last_col;                 /* that are shown */
    const Node *fixed[IR_MAX_RANK * 2];
    int64_t at[IR_MAX_RANK * 2];
    size_t nfixed;
    int64_t work, lanes, inner; /* as in OrderVisit */
    StrandVec strands;
    IntVec chunk_keys; /* `width` values each */
    size_t width, last_strand;
    VisitVec visits;
    bool stopped, guessed, data, cancelled;
} Run;

/* ---- the way to the block ---- */

static bool find_path(Arena *A, const Node *s, const char *block, StepVec *path, const Node **found)
{
    size_t mark = path->n;
    switch (s->op) {
    case OP_For:
        vec_push(
            A, path,
            ((Step){STEP_loop, s->kid[For_var], s->kid[For_extent], true, ir_for_kind(s), false}));
        if (find_path(A, s->kid[For_body], block, path, found))
            return true;
        break;
    case OP_Alloc: return find_path(A, s->kid[Alloc_body], block, path, found);
    case OP_Func: return find_path(A, s->kid[Func_body], block, path, found);
    case OP_If:
        vec_push(A, path, ((Step){STEP_cond, NULL, s->kid[If_cond], true, FOR_serial, false}));
        if (find_path(A, s->kid[If_then], block, path, found))
            return true;
        path->at[mark].want = false;
        path->n = mark + 1;
        if (find_path(A, s->kid[If_otherwise], block, path, found))
            return true;
        break;
    case OP_Seq:
        for (uint32_t i = 0; i < s->nkids; i++)
            if (find_path(A, s->kid[i], block, path, found))
                return true;
        break;
    case OP_Block:
        for (uint32_t i = 0; i < s->kid[Block_iters]->nkids; i++) {
            const Node *it = s->kid[Block_iters]->kid[i];
            vec_push(A, path,
                     ((Step){STEP_bind, it->kid[Iter_var], it->kid[Iter_value], true, FOR_serial,
                             false}));
        }
        if (!ir_is_true(s->kid[Block_where]))
            vec_push(A, path,
                     ((Step){STEP_cond, NULL, s->kid[Block_where], true, FOR_serial, false}));
        *found = s;
        if (strcmp(ir_block_name(s), block) == 0 ||
            find_path(A, s->kid[Block_body], block, path, found))
            return true;
        break;
    default: break;
    }
    path->n = mark;
    return false;
}

static const char *block_names(Arena *A, const Nest *nest)
{
    Buf b = buf_new(A);
    for (size_t i = 0; i < nest->n; i++)
        if (nest->row[i].kind == ROW_block)
            buf_printf(&b, "%s%s", b.len ? ", " : "", nest->row[i].name);
    return b.len ? buf_str(&b) : "none";
}

/* ---- running ---- */

static size_t set_var(Run *run, const Node *var, IndexRange r, size_t at)
{
    run->env.var[at] = var;
    run->env.range[at] = r;
    return at + 1;
}

static bool overlaps(IndexRange r, int64_t lo, int64_t hi)
{
    return r.lo <= hi && r.hi >= lo;
}

/* Leaves of r what is within [lo, hi]; false if that is nothing. */
static bool cut(IndexRange *r, int64_t lo, int64_t hi)
{
    r->lo = r->lo > lo ? r->lo : lo;
    r->hi = r->hi < hi ? r->hi : hi;
    return r->lo <= r->hi;
}

/* Can the iterations from step i on, with the variables before it at their values,
** still meet the window? */
static bool may_meet(Run *run, size_t i, size_t at)
{
    run->env.n = at;
    for (; i < run->path.n; i++) {
        const Step *s = &run->path.at[i];
        IndexRange r = index_range(s->expr, &run->env);
        if (s->kind == STEP_cond) {
            if (range_is_point(r) && (r.lo != 0) != s->want)
                return false;
            continue;
        }
        if (s->kind == STEP_loop) {
            if (r.hi <= 0)
                return false;
            r = (IndexRange){0, r.hi - 1};
        }
        if (s->var == run->row && !cut(&r, run->row_min, run->row_max))
            return false;
        if (s->var == run->col && !cut(&r, run->col_min, run->col_max))
            return false;
        at = set_var(run, s->var, r, at);
        run->env.n = at;
    }
    for (size_t k = 0; k < run->nfixed; k++)
        if (!overlaps(index_range(run->fixed[k], &run->env), run->at[k], run->at[k]))
            return false;
    return (!run->row || overlaps(index_range(run->row, &run->env), run->row_min, run->row_max)) &&
           overlaps(index_range(run->col, &run->env), run->col_min, run->col_max);
}

static int find_chunk(Run *run, const int64_t *key)
{
    size_t n = run->width ? run->chunk_keys.n / run->width : 1;
    for (size_t i = n; i-- > 0;)
        if (memcmp(run->chunk_keys.at + i * run->width, key, run->width * sizeof *key) == 0)
            return (int)i;
    for (size_t k = 0; k < run->width; k++)
        vec_push(run->A, &run->chunk_keys, key[k]);
    return (int)n;
}

static Strand *find_strand(Run *run)
{
    int64_t key[IR_MAX_DEPTH], thread = 0, scale = 1;
    size_t width = 0, at = 0;
    int64_t part[3] = {0}, extent[3] = {1, 1, 1};
    for (size_t i = 0; i < run->path.n; i++) {
        const Step *s = &run->path.at[i];
        if (s->kind == STEP_cond)
            continue;
        int64_t v = run->env.range[at++].lo;
        if (s->kind != STEP_loop)
            continue;
        if (s->loop == FOR_parallel || for_is_block_axis(s->loop))
            key[width++] = v;
        if (for_is_thread_axis(s->loop)) {
            part[s->loop - FOR_thread_x] = v;
            extent[s->loop - FOR_thread_x] = ir_const_int(s->expr, 1);
        }
    }
    for (int d = 0; d < 3; d++) {
        thread += part[d] * scale;
        scale *= extent[d];
    }
    run->width = width;
    int chunk = width ? find_chunk(run, key) : 0;
    size_t at_strand = run->last_strand;
    for (size_t k = 0; k < run->strands.n; k++) {
        Strand *s = &run->strands.at[at_strand];
        if (s->chunk == chunk && s->thread == thread) {
            run->last_strand = at_strand;
            return s;
        }
        at_strand = at_strand + 1 < run->strands.n ? at_strand + 1 : 0;
    }
    vec_push(run->A, &run->strands, ((Strand){chunk, thread, 0}));
    run->last_strand = run->strands.n - 1;
    return &run->strands.at[run->last_strand];
}

/* Keeps of each loop whether it stays at its first value where what is shown is computed. */
static void note_values(Run *run)
{
    size_t at = 0;
    for (size_t i = 0; i < run->path.n; i++) {
        Step *s = &run->path.at[i];
        if (s->kind != STEP_cond)
            s->goes_on |= run->env.range[at++].lo > 0;
    }
}

static void record(Run *run, size_t at)
{
    run->env.n = at;
    IndexRange row = run->row ? index_range(run->row, &run->env) : (IndexRange){0, 0};
    IndexRange col = index_range(run->col, &run->env);
    if (!range_is_point(row) || !range_is_point(col)) {
        run->data = true;
        return;
    }
    if (row.lo < run->row_min || row.lo > run->row_max || col.lo < run->col_min ||
        col.lo > run->col_max)
        return;
    if (row.lo <= run->last_row && col.lo <= run->last_col)
        note_values(run);
    Strand *strand = find_strand(run);
    OrderVisit v = {.row = (int)(row.lo - run->row_min),
                    .col = (int)(col.lo - run->col_min),
                    .number = ++strand->count,
                    .lanes = run->lanes,
                    .inner = run->inner,
                    .chunk = strand->chunk,
                    .thread = strand->thread};
    vec_push(run->A, &run->visits, v);
}

static int by_inner(const void *a, const void *b)
{
    const OrderVisit *p = a, *q = b;
    return p->inner != q->inner ? (p->inner > q->inner) - (p->inner < q->inner)
                                : (p->number > q->number) - (p->number < q->number);
}

/* Lanes run in step, each iteration of the loops inside once for all of them: the visits of a
** vectorized loop, which were made lane by lane from number `from` on, are put in that order. */
static void run_in_step(Run *run, size_t from)
{
    OrderVisit *v = run->visits.at + from;
    size_t n = run->visits.n - from;
    int64_t first = n ? v->number : 0;
    for (size_t k = 0; k < n; k++)
        if (v[k].chunk != v->chunk || v[k].thread != v->thread)
            return;
    if (n)
        qsort(v, n, sizeof *v, by_inner);
    for (size_t k = 0; k < n; k++) {
        run->lanes += k == 0 || v[k].inner != v[k - 1].inner;
        v[k].lanes = run->lanes;
        v[k].number = first + (int64_t)k;
    }
}

static void run_from(Run *run, size_t i, size_t at, bool in_lanes)
{
    if (i == run->path.n) {
        record(run, at);
        return;
    }
    const Step *s = &run->path.at[i];
    run->env.n = at;
    IndexRange r = index_range(s->expr, &run->env);
    if (s->kind == STEP_cond) {
        if (!range_is_point(r))
            run->guessed = true;
        else if ((r.lo != 0) != s->want)
            return;
        run_from(run, i + 1, at, in_lanes);
        return;
    }
    if (s->kind == STEP_bind) {
        set_var(run, s->var, r, at);
        run_from(run, i + 1, at + 1, in_lanes);
        return;
    }
    if (!range_is_point(r)) {
        run->data = true;
        return;
    }
    bool lanes = in_lanes || s->loop == FOR_vectorized;
    size_t from = run->visits.n;
    int64_t inner = run->inner;
    for (int64_t v = 0; v < r.lo; v++) {
        if (++run->work > ORDER_MAX_WORK) {
            run->stopped = true;
            return;
        }
        if ((run->work & 1023) == 0 && cancel_asked())
            run->cancelled = true;
        if (run->cancelled)
            return;
        set_var(run, s->var, (IndexRange){v, v}, at);
        if (!may_meet(run, i + 1, at + 1))
            continue;
        if (!lanes)
            run->lanes++;
        else if (s->loop != FOR_vectorized)
            run->inner = (int64_t)((uint64_t)inner * (uint64_t)r.lo + (uint64_t)v);
        run_from(run, i + 1, at + 1, lanes);
    }
    run->inner = inner;
    if (lanes && !in_lanes)
        run_in_step(run, from);
}

/* ---- what is asked ---- */

static const char *axis_names(Arena *A, const Node *block)
{
    Buf b = buf_new(A);
    const Node *iters = block->kid[Block_iters];
    for (uint32_t i = 0; i < iters->nkids; i++)
        buf_printf(&b, "%s%s", i ? ", " : "", ir_var_name(iters->kid[i]->kid[Iter_var]));
    return b.len ? buf_str(&b) : "none";
}

static const Node *find_axis(const Node *block, const char *name)
{
    const Node *iters = block->kid[Block_iters];
    for (uint32_t i = 0; i < iters->nkids; i++)
        if (strcmp(ir_var_name(iters->kid[i]->kid[Iter_var]), name) == 0)
            return iters->kid[i]->kid[Iter_var];
    return NULL;
}

static bool has_axes(const Node *block, const OrderAsk *ask)
{
    bool all =
        (!ask->row || find_axis(block, ask->row)) && (!ask->col || find_axis(block, ask->col));
    for (size_t k = 0; k < ask->nfixed; k++)
        all &= find_axis(block, ask->fixed_axis[k]) != NULL;
    return all;
}

/* Does `a` say more of what the program is about?  First a block that has the axes asked for, then
** one as written rather than one that a step made, then the one inside more loops. */
static bool is_more(const NestRow *a, const NestRow *b, const OrderAsk *ask)
{
    bool axes[] = {has_axes(a->node, ask), has_axes(b->node, ask)};
    bool made[] = {a->node->at.block->step > 0, b->node->at.block->step > 0};
    if (axes[0] != axes[1])
        return axes[0];
    return made[0] != made[1] ? made[1] : a->depth > b->depth;
}

static const char *main_block(const Nest *nest, const OrderAsk *ask)
{
    const NestRow *best = NULL;
    for (size_t i = 0; i < nest->n; i++)
        if (nest->row[i].kind == ROW_block && (!best || is_more(&nest->row[i], best, ask)))
            best = &nest->row[i];
    return best ? best->name : NULL;
}

/* "C/y" is the axis y of block C: puts the block apart. */
static bool part_names(Arena *A, OrderAsk *ask, Err *err)
{
    const char **axis[] = {&ask->row, &ask->col};
    for (int i = 0; i < 2; i++) {
        const char *slash = *axis[i] ? strchr(*axis[i], '/') : NULL;
        if (!slash)
            continue;
        const char *block = arena_printf(A, "%.*s", (int)(slash - *axis[i]), *axis[i]);
        if (ask->block && strcmp(ask->block, block) != 0)
            return REFUSE(err, order_two_blocks, NULL, ask->block, block);
        ask->block = block;
        *axis[i] = slash + 1;
    }
    return true;
}

/* The last spatial axis that is not `taken`, else the last axis of any kind. */
static const Node *default_axis(const Node *block, const Node *taken)
{
    const Node *iters = block->kid[Block_iters], *any = NULL;
    for (uint32_t i = iters->nkids; i-- > 0;) {
        const Node *it = iters->kid[i], *var = it->kid[Iter_var];
        if (var == taken)
            continue;
        if (it->at.i == ITER_spatial)
            return var;
        any = any ? any : var;
    }
    return any;
}

static bool choose_axes(Run *run, const OrderAsk *ask, Order *o, Err *err)
{
    const Node *block = run->block;
    const char *wanted[2] = {ask->col, ask->row};
    const Node *axis[2] = {NULL, NULL};
    for (int k = 0; k < 2; k++) {
        if (!wanted[k])
            continue;
        axis[k] = find_axis(block, wanted[k]);
        if (!axis[k] || (k == 1 && axis[1] == axis[0]))
            return REFUSE(err, order_axis, block, o->block, wanted[k], axis_names(run->A, block),
                          run->others);
    }
    bool line = ask->col && !ask->row; /* one axis named: a single row of it */
    if (!axis[0])
        axis[0] = default_axis(block, axis[1]);
    if (!axis[1] && !line)
        axis[1] = default_axis(block, axis[0]);
    if (!axis[0])
        return REFUSE(err, order_no_axes, block, o->block);
    run->col = axis[0];
    run->row = axis[1];
    o->col = ir_var_name(axis[0]);
    o->row = axis[1] ? ir_var_name(axis[1]) : NULL;
    return true;
}

static bool fix_others(Run *run, const OrderAsk *ask, Order *o, Err *err)
{
    const Node *iters = run->block->kid[Block_iters];
    for (size_t k = 0; k < ask->nfixed; k++)
        if (!find_axis(run->block, ask->fixed_axis[k]))
            return REFUSE(err, order_axis, run->block, o->block, ask->fixed_axis[k],
                          axis_names(run->A, run->block), run->others);
    Buf b = buf_new(run->A);
    for (uint32_t i = 0; i < iters->nkids; i++) {
        const Node *var = iters->kid[i]->kid[Iter_var];
        if (var == run->row || var == run->col || run->nfixed == sizeof run->at / sizeof *run->at)
            continue;
        int64_t value = 0;
        for (size_t k = 0; k < ask->nfixed; k++)
            if (strcmp(ask->fixed_axis[k], ir_var_name(var)) == 0)
                value = ask->fixed_value[k];
        run->fixed[run->nfixed] = var;
        run->at[run->nfixed++] = value;
        buf_printf(&b, "%s%s = %lld", b.len ? ", " : "", ir_var_name(var), (long long)value);
    }
    o->fixed = buf_str(&b);
    return true;
}

/* The last value of an axis, from *min to max, that an iteration may have: guards end the grid
** before the loops do.  *min is the axis's end of the window. */
static int64_t last_reached(Run *run, int64_t *min, int64_t max)
{
    int64_t least = *min, lo = least, hi = max;
    while (lo < hi) {
        int64_t middle = hi - (hi - lo) / 2;
        *min = middle;
        if (may_meet(run, 0, 0))
            lo = middle;
        else
            hi = middle - 1;
    }
    *min = least;
    return lo;
}

/* The ranges of the two axes over the whole nest, cut to what is shown.  The whole is visited where
** that does not take long. */
static bool set_window(Run *run, const OrderAsk *ask, Order *o, Err *err)
{
    size_t at = 0;
    run->row_min = run->col_min = INT64_MIN;
    run->row_max = run->col_max = INT64_MAX;
    run->env.n = 0;
    size_t nfixed = run->nfixed;
    run->nfixed = 0;
    bool any = may_meet(run, 0, at);
    run->nfixed = nfixed;
    IndexRange row = run->row && any ? index_range(run->row, &run->env) : (IndexRange){0, 0};
    IndexRange col = any ? index_range(run->col, &run->env) : (IndexRange){0, -1};
    if (row.lo == INT64_MIN || col.lo == INT64_MIN || row.hi == INT64_MAX || col.hi == INT64_MAX)
        return REFUSE(err, order_data, run->block, o->block);
    int rows = ask->max_rows > 0 && ask->max_rows < ORDER_MAX_SIDE ? ask->max_rows : ORDER_MAX_SIDE;
    int cols = ask->max_cols > 0 && ask->max_cols < ORDER_MAX_SIDE ? ask->max_cols : ORDER_MAX_SIDE;
    run->row_min = row.lo;
    run->col_min = col.lo;
    run->row_max = row.hi;
    run->col_max = col.hi;
    if (run->row)
        run->row_max = row.hi = last_reached(run, &run->row_min, row.hi);
    run->col_max = col.hi = last_reached(run, &run->col_min, col.hi);
    o->all_rows = row.hi - row.lo + 1;
    o->all_cols = col.hi - col.lo + 1;
    o->rows = (int)(o->all_rows < rows ? o->all_rows : rows);
    o->cols = (int)(o->all_cols < cols ? o->all_cols : cols);
    o->row_min = row.lo;
    o->col_min = col.lo;
    run->last_row = row.lo + o->rows - 1;
    run->last_col = col.lo + o->cols - 1;
    o->counted = o->all_cols <= 0 || o->all_rows <= ORDER_MAX_POINTS / o->all_cols;
    return true;
}

/* Guards leave rows and columns at the end that no iteration reaches: they are not part of the
** grid.  Visits outside what is shown have been numbered and are not kept. */
static void trim(VisitVec *visits, Order *o)
{
    int rows = 0, cols = 0;
    for (size_t i = 0; i < visits->n; i++) {
        rows = visits->at[i].row >= rows ? visits->at[i].row + 1 : rows;
        cols = visits->at[i].col >= cols ? visits->at[i].col + 1 : cols;
    }
    if (o->counted || o->rows == o->all_rows)
        o->all_rows = rows;
    if (o->counted || o->cols == o->all_cols)
        o->all_cols = cols;
    o->rows = (int)(o->all_rows < o->rows ? o->all_rows : o->rows);
    o->cols = (int)(o->all_cols < o->cols ? o->all_cols : o->cols);
    size_t kept = 0;
    for (size_t i = 0; i < visits->n; i++)
        if (visits->at[i].row < o->rows && visits->at[i].col < o->cols)
            visits->at[kept++] = visits->at[i];
    visits->n = kept;
}

/* Visits the whole grid, or what is shown where the whole is too much. */
static void visit_all(Run *run, Order *o)
{
    if (o->counted) {
        run_from(run, 0, 0, false);
        if (!run->stopped)
            return;
    }
    o->counted = run->stopped = false;
    run->row_max = run->row_min + o->rows - 1;
    run->col_max = run->col_min + o->cols - 1;
    run->visits.n = run->strands.n = run->chunk_keys.n = run->last_strand = 0;
    run->work = run->lanes = run->inner = 0;
    run_from(run, 0, 0, false);
}

static void fill_cells(Run *run, Order *o)
{
    o->cell = ARENA_ARRAY(run->A, OrderCell, (size_t)o->rows * (size_t)o->cols + 1);
    for (size_t i = 0; i < run->visits.n; i++) {
        OrderVisit *v = &run->visits.at[i];
        OrderCell *c = &o->cell[v->row * o->cols + v->col];
        v->again = c->visits > 0;
        if (!v->again)
            *c = (OrderCell){
                .number = v->number, .chunk = v->chunk, .thread = v->thread, .lanes = v->lanes};
        c->visits++;
        o->most_visits = c->visits > o->most_visits ? c->visits : o->most_visits;
        o->chunks = v->chunk + 1 > o->chunks ? v->chunk + 1 : o->chunks;
    }
    o->nvisits = run->visits.n;
    o->visit = run->visits.at;
}

/* Does a block on the path give a value over the loop's variable to an axis that the grid spans? */
static bool moves_in_grid(const Run *run, const Node *var)
{
    for (size_t i = 0; i < run->path.n; i++) {
        const Step *s = &run->path.at[i];
        if (s->kind == STEP_bind && (s->var == run->row || s->var == run->col) &&
            ir_mentions(s->expr, var))
            return true;
    }
    return false;
}

/* "yo and xo": the loops of which only the first iteration is shown; "" where all of the grid is. */
static const char *first_iterations(const Run *run, const Order *o)
{
    Buf b = buf_new(run->A);
    const char *last = NULL;
    for (size_t i = 0; i < run->path.n && (o->rows < o->all_rows || o->cols < o->all_cols); i++) {
        const Step *s = &run->path.at[i];
        if (s->kind != STEP_loop || s->goes_on || ir_is_int(s->expr, 1) ||
            !moves_in_grid(run, s->var))
            continue;
        if (last)
            buf_printf(&b, "%s%s", b.len ? ", " : "", last);
        last = ir_var_name(s->var);
    }
    return last ? arena_printf(run->A, "%s%s%s", buf_str(&b), b.len ? " and " : "", last) : "";
}

static void list_loops(Run *run, Order *o)
{
    o->loop = ARENA_ARRAY(run->A, OrderLoop, run->path.n);
    for (size_t i = 0; i < run->path.n; i++) {
        const Step *s = &run->path.at[i];
        if (s->kind != STEP_loop)
            continue;
        int64_t n = ir_const_int(s->expr, -1);
        o->loop[o->nloops++] = (OrderLoop){ir_var_name(s->var),
                                           n >= 0 ? arena_printf(run->A, "%lld", (long long)n)
                                                  : ir_text(run->A, s->expr),
                                           s->loop};
        o->parallel |= s->loop == FOR_parallel;
        o->vectors |= s->loop == FOR_vectorized;
        o->blocks |= for_is_block_axis(s->loop);
        o->threads |= for_is_thread_axis(s->loop);
    }
}

/* How to ask about another block than the one that was chosen, if there is one. */
static const char *how_to_name(Arena *A, const Nest *nest, const char *chosen)
{
    for (size_t i = 0; i < nest->n; i++) {
        const char *name = nest->row[i].name;
        if (nest->row[i].kind == ROW_block && strcmp(name, chosen) != 0)
            return arena_printf(A,
                                "; of another block they are named \"%s/…\", or with the option "
                                "{block = \"%s\"}",
                                name, name);
    }
    return "";
}

/* Fills in the block that is asked about, and the way to it. */
static bool choose_block(Run *run, const Node *func, OrderAsk *ask, Order *out, Err *err)
{
    Arena *A = run->A;
    Nest nest = nest_of(A, func);
    if (!part_names(A, ask, err))
        return false;
    out->block = ask->block ? ask->block : main_block(&nest, ask);
    run->others = ask->block ? "" : how_to_name(A, &nest, out->block);
    if (out->block && find_path(A, func, out->block, &run->path, &run->block))
        return true;
    return REFUSE(err, order_block, func, ask->block ? ask->block : "", block_names(A, &nest));
}

bool order_of(Arena *A, const Node *func, const OrderAsk *asked, Order *out, Err *err)
{
    Run run = {.A = A};
    OrderAsk parted = *asked, *ask = &parted;
    *out = (Order){0};
    if (!choose_block(&run, func, ask, out, err))
        return false;
    out->block = ir_block_name(run.block);
    run.env = (IndexEnv){0, ARENA_ARRAY(A, const Node *, run.path.n + 1),
                         ARENA_ARRAY(A, IndexRange, run.path.n + 1)};
    if (!choose_axes(&run, ask, out, err) || !fix_others(&run, ask, out, err) ||
        !set_window(&run, ask, out, err))
        return false;
    visit_all(&run, out);
    if (run.cancelled)
        return REFUSE(err, interrupted, NULL);
    if (run.data)
        return REFUSE(err, order_data, run.block, out->block);
    out->stopped = run.stopped;
    out->guessed = run.guessed;
    list_loops(&run, out);
    trim(&run.visits, out);
    out->first = first_iterations(&run, out);
    fill_cells(&run, out);
    return true;
}
