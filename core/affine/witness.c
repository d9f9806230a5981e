/* witness.c -- the program's accesses over a few values of each loop, without its arithmetic. */
#include "core/affine/witness.h"

#include <string.h>

#include "core/ir/print.h"
#include "core/ir/rewrite.h"

enum { MAX_BOUND = 128, MAX_PATH = 64 };

/* How far one search goes: the values of each loop, and how many statements it may run for each
** value of the loop in question. */
typedef struct Effort {
    int64_t of_loop;            /* 0 .. of_loop-1 */
    int64_t of_inner, of_outer; /* that many from 0; more than 1: the last value, too */
    long steps;
} Effort;

/* From pretty to thorough; the first that finds something ends the search. */
static const Effort efforts[] = {{2, 1, 1, 200},   {3, 2, 1, 5000}, {4, 8, 1, 20000},
                                 {64, 2, 1, 2000}, {3, 2, 2, 2000}, {64, 1, 2, 200}};

typedef struct Bound {
    const Node *var;
    int64_t value;
    bool is_loop;
    ForKind kind; /* of the loop */
} Bound;

/* Where an element was touched first: the loop's value and those of all loops around. */
typedef struct Visit {
    bool there;
    int64_t at;
    uint32_t nbound;
    const Bound *bound;
} Visit;

typedef struct Element {
    struct Element *next;
    const Node *buffer;
    int64_t index[IR_MAX_RANK];
    Visit first[ACCESS_KINDS];
} Element;

enum { BUCKETS = 1024 };

typedef struct Search {
    Arena *A; /* of the answer */
    Arena *scratch;
    const Node *loop;
    const Node *path[MAX_PATH]; /* statements from the body to the loop's For */
    size_t npath;
    const Effort *effort;
    Bound bound[MAX_BOUND];
    uint32_t nbound;
    const Node *private[MAX_BOUND]; /* buffers of the allocs around that are inside the loop */
    size_t nprivate;
    int64_t at; /* the loop's value now */
    bool inside, found;
    long steps, left; /* statements to run yet: for this value of the loop; in all */
    Element *bucket[BUCKETS];
    LoopConflict *out;
} Search;

static void run(Search *s, const Node *n);

/* ---- values ---- */

static bool value_of(Search *s, const Node *n, int64_t *out);

static bool value_of_let(Search *s, const Node *n, int64_t *out)
{
    int64_t v;
    if (!value_of(s, n->kid[Let_value], &v) || s->nbound == MAX_BOUND)
        return false;
    s->bound[s->nbound++] = (Bound){.var = n->kid[Let_var], .value = v};
    bool ok = value_of(s, n->kid[Let_body], out);
    s->nbound--;
    return ok;
}

/* The value of an integer expression; false where it depends on data. */
static bool value_of(Search *s, const Node *n, int64_t *out)
{
    int64_t a, b;
    if (n->type >= DT_COUNT || dtype_is_float(n->type))
        return false;
    switch ((Op)n->op) {
    case OP_IntImm: *out = n->at.i; return true;
    case OP_Var:
        for (uint32_t i = s->nbound; i-- > 0;)
            if (s->bound[i].var == n)
                return *out = s->bound[i].value, true;
        return false;
    case OP_Neg:
        return value_of(s, n->kid[0], &a) &&
               (*out = dtype_wrap(n->type, (int64_t)(0 - (uint64_t)a)), true);
    case OP_Not: return value_of(s, n->kid[0], &a) && (*out = !a, true);
    case OP_Cast:
        if (!value_of(s, n->kid[0], &a))
            return false;
        *out = dtype_convert(n->type, n->kid[0]->type, (Scalar){.i = a}).i;
        return true;
    case OP_Select:
        return value_of(s, n->kid[0], &a) && value_of(s, n->kid[a ? Select_a : Select_b], out);
    case OP_Let: return value_of_let(s, n, out);
    case OP_And:
    case OP_Or:
        if (!value_of(s, n->kid[0], &a))
            return false;
        if ((a != 0) == (n->op == OP_Or))
            return *out = a, true;
        return value_of(s, n->kid[1], out);
    default: break;
    }
    if (!op_info[n->op].symbol || !value_of(s, n->kid[0], &a) || !value_of(s, n->kid[1], &b))
        return false;
    *out = ir_eval_binary(n->op, n->kid[0]->type, (Scalar){.i = a}, (Scalar){.i = b}).i;
    return true;
}

/* ---- elements ---- */

static Element *element(Search *s, const Node *buffer, const int64_t *index)
{
    uint64_t h = (uintptr_t)buffer >> 4;
    size_t rank = ir_rank(buffer);
    for (size_t d = 0; d < rank; d++)
        h = (h ^ (uint64_t)index[d]) * UINT64_C(0x9e3779b97f4a7c15);
    Element **b = &s->bucket[h >> 54];
    for (Element *e = *b; e; e = e->next)
        if (e->buffer == buffer && memcmp(e->index, index, rank * sizeof *index) == 0)
            return e;
    Element *e = arena_alloc(s->scratch, sizeof *e);
    e->buffer = buffer;
    memcpy(e->index, index, rank * sizeof *index);
    e->next = *b;
    return *b = e;
}

/* "yo=1, yi=7": the loops other than the one in question that are not 0. */
static const char *others(Search *s, const Bound *bound, uint32_t n)
{
    Buf b = buf_new(s->A);
    for (uint32_t i = 0; i < n; i++)
        if (bound[i].is_loop && bound[i].var != s->loop && bound[i].value != 0)
            ir_put_value(&b, bound[i].var, bound[i].value);
    return buf_str(&b);
}

static void report(Search *s, const Element *e, AccessKind first, AccessKind second)
{
    const Visit *t = &e->first[first];
    *s->out = (LoopConflict){.buffer = e->buffer,
                             .first = t->at,
                             .second = s->at,
                             .first_does = first,
                             .second_does = second,
                             .first_at = others(s, t->bound, t->nbound),
                             .second_at = others(s, s->bound, s->nbound)};
    memcpy(s->out->index, e->index, sizeof e->index);
    s->found = true;
}

/* Where it stood along an axis; -1 if no loop over that is around. */
static int64_t along(const Bound *bound, uint32_t n, ForKind axis)
{
    for (uint32_t i = 0; i < n; i++)
        if (bound[i].is_loop && bound[i].kind == axis)
            return bound[i].value;
    return -1;
}

/* Has each of the two its own copy of the buffer: a thread of local memory, a block of shared? */
static bool is_other_copy(const Search *s, const Node *buffer, const Visit *then)
{
    Scope scope = buffer->at.buf->scope;
    for (int k = FOR_block_x; scope != SCOPE_global && k < FOR_COUNT; k++) {
        bool apart = scope == SCOPE_local || for_is_block_axis((ForKind)k);
        if (apart &&
            along(s->bound, s->nbound, (ForKind)k) != along(then->bound, then->nbound, (ForKind)k))
            return true;
    }
    return false;
}

static void touch(Search *s, const Node *buffer, const Node *const *index, AccessKind kind)
{
    /* Which earlier access makes the clearest story, for each kind of this one. */
    static const AccessKind against[ACCESS_KINDS][ACCESS_KINDS] = {
        [ACCESS_READ] = {ACCESS_UPDATE, ACCESS_WRITE, ACCESS_KINDS},
        [ACCESS_WRITE] = {ACCESS_WRITE, ACCESS_UPDATE, ACCESS_READ},
        [ACCESS_UPDATE] = {ACCESS_UPDATE, ACCESS_WRITE, ACCESS_READ},
    };
    int64_t at[IR_MAX_RANK];
    for (size_t i = 0; i < s->nprivate; i++)
        if (s->private[i] == buffer)
            return;
    for (size_t d = 0; d < ir_rank(buffer); d++)
        if (!value_of(s, index[d], &at[d]))
            return;
    Element *e = element(s, buffer, at);
    for (int i = 0; i < ACCESS_KINDS && !s->found; i++) {
        AccessKind other = against[kind][i];
        if (other < ACCESS_KINDS && e->first[other].there && e->first[other].at != s->at &&
            !is_other_copy(s, buffer, &e->first[other]))
            report(s, e, other, kind);
    }
    if (e->first[kind].there || s->found)
        return;
    Bound *copy = ARENA_ARRAY(s->scratch, Bound, s->nbound + 1);
    memcpy(copy, s->bound, s->nbound * sizeof *copy);
    e->first[kind] = (Visit){true, s->at, s->nbound, copy};
}

/* The loads that evaluating `n` makes; only those of a Select's chosen side. */
static void reads(Search *s, const Node *n)
{
    int64_t cond;
    if (s->found)
        return;
    if (n->op == OP_Let) {
        int64_t v;
        reads(s, n->kid[Let_value]);
        bool known = s->nbound < MAX_BOUND && value_of(s, n->kid[Let_value], &v);
        if (known)
            s->bound[s->nbound++] = (Bound){.var = n->kid[Let_var], .value = v};
        reads(s, n->kid[Let_body]);
        s->nbound -= known;
        return;
    }
    if (n->op == OP_Select) {
        reads(s, n->kid[Select_cond]);
        if (value_of(s, n->kid[Select_cond], &cond))
            reads(s, n->kid[cond ? Select_a : Select_b]);
        return;
    }
    if (n->op == OP_And || n->op == OP_Or) {
        reads(s, n->kid[0]);
        if (value_of(s, n->kid[0], &cond) && (cond != 0) == (n->op == OP_And))
            reads(s, n->kid[1]);
        return;
    }
    for (size_t i = n->op == OP_Load ? Load_index : 0; i < n->nkids; i++)
        reads(s, n->kid[i]);
    if (n->op == OP_Load)
        touch(s, n->kid[Load_buffer], &n->kid[Load_index], ACCESS_READ);
}

/* ---- statements ---- */

static const Node *next_on_path(const Search *s, const Node *n)
{
    for (size_t i = 0; i + 1 < s->npath; i++)
        if (s->path[i] == n)
            return s->path[i + 1];
    return NULL;
}

/* On the way to the loop only the path is followed; inside it everything runs. */
static void run_kid(Search *s, const Node *n, size_t kid)
{
    if (s->inside)
        run(s, n->kid[kid]);
    else if (next_on_path(s, n) == n->kid[kid])
        run(s, n->kid[kid]);
}

static void run_loop_itself(Search *s, const Node *n, int64_t extent)
{
    s->scratch = arena_scratch(NULL);
    memset(s->bucket, 0, sizeof s->bucket);
    s->inside = true;
    for (int64_t v = 0; v < extent && v < s->effort->of_loop && !s->found; v++) {
        s->bound[s->nbound - 1].value = s->at = v;
        s->steps = s->effort->steps;
        run(s, n->kid[For_body]);
    }
    s->inside = false;
    arena_release(s->scratch);
}

/* The values 0 .. few-1, and where there are several the last one, too. */
static int64_t value_after(int64_t v, int64_t few, int64_t extent)
{
    if (v + 1 < few)
        return v + 1;
    return few > 1 && v + 1 < extent ? extent - 1 : extent;
}

static void run_for(Search *s, const Node *n)
{
    int64_t extent, few = s->inside ? s->effort->of_inner : s->effort->of_outer;
    if (!value_of(s, n->kid[For_extent], &extent) || extent <= 0 || s->nbound == MAX_BOUND)
        return;
    uint32_t depth = s->nbound++;
    s->bound[depth] = (Bound){n->kid[For_var], 0, true, ir_for_kind(n)};
    if (n->kid[For_var] == s->loop) {
        run_loop_itself(s, n, extent);
    } else {
        for (int64_t v = 0; v < extent && !s->found; v = value_after(v, few, extent)) {
            s->bound[depth].value = v;
            run_kid(s, n, For_body);
        }
    }
    s->nbound = depth;
}

static void run_block(Search *s, const Node *n)
{
    const Node *iters = n->kid[Block_iters];
    uint32_t depth = s->nbound;
    int64_t cond, values[MAX_BOUND];
    if (depth + iters->nkids > MAX_BOUND)
        return;
    bool first = true;
    for (size_t i = 0; i < iters->nkids; i++) {
        if (!value_of(s, iters->kid[i]->kid[Iter_value], &values[i]))
            return;
        first = first && (iters->kid[i]->at.i != ITER_reduce || values[i] == 0);
    }
    for (size_t i = 0; i < iters->nkids; i++)
        s->bound[s->nbound++] = (Bound){.var = iters->kid[i]->kid[Iter_var], .value = values[i]};
    if (s->inside)
        reads(s, n->kid[Block_where]);
    if (value_of(s, n->kid[Block_where], &cond) && cond) {
        if (first)
            run_kid(s, n, Block_init);
        run_kid(s, n, Block_body);
    }
    s->nbound = depth;
}

static void run_access(Search *s, const Node *n)
{
    if (!s->inside)
        return;
    for (size_t i = Store_value; i < n->nkids; i++)
        reads(s, n->kid[i]);
    if (!s->found)
        touch(s, n->kid[Store_buffer], &n->kid[Store_index],
              n->op == OP_Store ? ACCESS_WRITE : ACCESS_UPDATE);
}

/* What threads share is one for all of them, also where it is allocated inside their loop. */
static bool is_each_iterations(const Search *s, const Node *buffer)
{
    bool shares = for_is_thread_axis(ir_for_kind(s->path[s->npath - 1]));
    return !shares || buffer->at.buf->scope != SCOPE_shared;
}

static void run_alloc(Search *s, const Node *n)
{
    bool own = s->inside && is_each_iterations(s, n->kid[Alloc_buffer]);
    if (own && s->nprivate == MAX_BOUND)
        return; /* what it holds would look like everybody's */
    if (own)
        s->private[s->nprivate++] = n->kid[Alloc_buffer];
    run_kid(s, n, Alloc_body);
    s->nprivate -= own;
}

static void run(Search *s, const Node *n)
{
    int64_t cond;
    if (s->found || --s->left < 0 || (s->inside && --s->steps < 0))
        return;
    switch ((Op)n->op) {
    case OP_Store:
    case OP_Update: run_access(s, n); break;
    case OP_Seq:
        for (size_t i = 0; i < n->nkids; i++)
            run_kid(s, n, i);
        break;
    case OP_If:
        if (s->inside)
            reads(s, n->kid[If_cond]);
        if (value_of(s, n->kid[If_cond], &cond))
            run_kid(s, n, cond ? If_then : If_otherwise);
        break;
    case OP_For: run_for(s, n); break;
    case OP_Block: run_block(s, n); break;
    case OP_Alloc: run_alloc(s, n); break;
    default: break;
    }
}

/* Fills the path from `n` down to the loop. */
static bool find_path(Search *s, const Node *n)
{
    if (!ir_is_stmt(n) || s->npath == MAX_PATH)
        return false;
    s->path[s->npath++] = n;
    if (n->op == OP_For && n->kid[For_var] == s->loop)
        return true;
    for (size_t i = 0; i < n->nkids; i++)
        if (find_path(s, n->kid[i]))
            return true;
    s->npath--;
    return false;
}

bool witness_find(Arena *A, const Node *func, const Node *loop, long steps, LoopConflict *out)
{
    Arena *own = arena_scratch(NULL);
    Search *s = arena_alloc(own, sizeof *s);
    *s = (Search){.A = A, .loop = loop, .left = steps, .out = out};
    if (find_path(s, func->kid[Func_body]))
        for (size_t i = 0; i < sizeof efforts / sizeof *efforts && !s->found; i++) {
            s->effort = &efforts[i];
            run(s, func->kid[Func_body]);
        }
    bool found = s->found;
    arena_release(own);
    return found;
}

/* ---- words ---- */

static const char *iteration_text(Arena *A, const Node *loop, int64_t value, const char *others_at)
{
    return arena_printf(A, others_at[0] ? "%s=%lld (%s)" : "%s=%lld", ir_var_name(loop),
                        (long long)value, others_at);
}

const char *witness_element(Arena *A, const LoopConflict *c)
{
    Buf b = buf_new(A);
    buf_printf(&b, "%s[", ir_buf_name(c->buffer));
    for (size_t d = 0; d < ir_rank(c->buffer); d++)
        buf_printf(&b, "%s%lld", d ? ", " : "", (long long)c->index[d]);
    buf_putc(&b, ']');
    return buf_str(&b);
}

const char *witness_text(Arena *A, const Node *loop, const LoopConflict *c)
{
    static const char *const verb[] = {"read", "write", "update"};
    const char *first = iteration_text(A, loop, c->first, c->first_at);
    const char *second = iteration_text(A, loop, c->second, c->second_at);
    const char *element = witness_element(A, c);
    if (c->first_does == c->second_does)
        return arena_printf(A, "iterations %s and %s both %s %s", first, second,
                            verb[c->first_does], element);
    return arena_printf(A, "iteration %s %ss %s, which iteration %s %ss", first,
                        verb[c->first_does], element, second, verb[c->second_does]);
}

void witness_tell(Arena *A, const Node *loop, const LoopConflict *c, Err *err)
{
    err_witness(err, "%s", witness_text(A, loop, c));
    err_conflict(err, iteration_text(A, loop, c->first, c->first_at),
                 iteration_text(A, loop, c->second, c->second_at), witness_element(A, c));
}
