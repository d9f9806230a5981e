/* legal.c -- structural legality. */
#include "core/schedule/legal.h"

#include <string.h>

#include "core/affine/region.h"
#include "core/affine/witness.h"
#include "core/base/vec.h"
#include "core/schedule/tree.h"

/* ---- blocks ---- */

/* Every spatial axis stands alone in some index, and no reduce axis stands in any. */
static bool indices_tell_axes_apart(const Node *block, const Node *access, const char **why)
{
    const Node *iters = block->kid[Block_iters];
    for (size_t i = 0; i < iters->nkids; i++) {
        const Node *var = iters->kid[i]->kid[Iter_var];
        bool alone = false, used = false;
        for (size_t k = Store_index; k < access->nkids; k++) {
            alone |= access->kid[k] == var;
            used |= ir_mentions(access->kid[k], var);
        }
        if (iters->kid[i]->at.i == ITER_reduce && used)
            return *why = "a reduce axis stands in the index that it writes", false;
        if (iters->kid[i]->at.i == ITER_spatial && !alone)
            return *why = "an axis does not stand alone in the index that it writes", false;
    }
    return true;
}

BlockClass block_class(const Node *block, const char **why)
{
    static const char *nowhere;
    why = why ? why : &nowhere;
    const Node *access = block_access(block);
    if (!access)
        return *why = "it does more than one store", BLOCK_OPAQUE;
    if (!indices_tell_axes_apart(block, access, why))
        return BLOCK_OPAQUE;
    if (tree_reads(access->kid[Store_value], access->kid[Store_buffer]))
        return *why = "it reads what it writes", BLOCK_OPAQUE;
    const Node *init = block->kid[Block_init];
    if (access->op == OP_Update && init->op != OP_Nop &&
        (init->op != OP_Store || init->kid[Store_buffer] != access->kid[Store_buffer]))
        return *why = "its init does not start what it updates", BLOCK_OPAQUE;
    if (access->op == OP_Update)
        return BLOCK_REDUCTION;
    const Node *iters = block->kid[Block_iters];
    for (size_t i = 0; i < iters->nkids; i++)
        if (iters->kid[i]->at.i == ITER_reduce)
            return *why = "it has a reduce axis, but stores instead of combining", BLOCK_OPAQUE;
    return BLOCK_COMPLETE;
}

typedef struct Feeds {
    const Node *var, *block, *axis;
} Feeds;

static bool feeds_visit(void *env, const Node *block)
{
    Feeds *f = env;
    const Node *iters = block->kid[Block_iters];
    for (size_t i = 0; i < iters->nkids; i++)
        if (iters->kid[i]->at.i == ITER_reduce && ir_mentions(iters->kid[i]->kid[Iter_value], f->var)) {
            f->block = block;
            f->axis = iters->kid[i]->kid[Iter_var];
            return false;
        }
    return true;
}

bool feeds_reduce(const Node *loop, const Node **block, const Node **axis)
{
    Feeds f = {.var = loop->kid[For_var]};
    bool none = tree_blocks(loop->kid[For_body], feeds_visit, &f);
    if (block)
        *block = f.block;
    if (axis)
        *axis = f.axis;
    return !none;
}

/* ---- concurrency ---- */

typedef struct Conflict {
    const Node *func, *loop;
    const char *how;
    Err *err;
    Arena *A;
    VEC(const Node *) inner; /* loops from `loop` down to the place at hand, without `loop` */
    VEC(const Node *) local; /* buffers allocated below `loop` */
} Conflict;

static bool is_local(const Conflict *c, const Node *buffer)
{
    for (size_t i = 0; i < c->local.n; i++)
        if (c->local.at[i] == buffer)
            return true;
    return false;
}

/* Divisions and remainders of the loop's variable that the block's axes tell apart. */
typedef struct Atoms {
    size_t n;
    const Node *at[16];
} Atoms;

static void collect_atoms(const Conflict *c, const Node *whole, const Node *e, Atoms *out)
{
    const Node *var = c->loop->kid[For_var];
    if (!ir_mentions(e, var))
        return;
    if (e == var || e->op == OP_FloorDiv || e->op == OP_FloorMod)
        if (out->n < 16 && region_disjoint(whole, e, c->inner.n, c->inner.at))
            out->at[out->n++] = e;
    for (size_t i = 0; i < e->nkids; i++)
        collect_atoms(c, whole, e->kid[i], out);
}

/* (e // m) // n is e // (m * n). */
static const Node *quotient(Arena *A, const Node *e, const Node *n)
{
    if (e->op == OP_FloorDiv && e->kid[1]->op == OP_IntImm && n->op == OP_IntImm)
        return ix_div(A, e->kid[0], ix_mul(A, e->kid[1], n));
    return ix_div(A, e, n);
}

/* Are two values of e told apart by the atoms: by e itself, or by e%n together with e//n? */
static bool told_apart(Arena *A, const Atoms *atoms, const Node *e, int depth)
{
    for (size_t i = 0; i < atoms->n; i++)
        if (ir_same(atoms->at[i], e))
            return true;
    for (size_t i = 0; i < atoms->n && depth < 8; i++) {
        const Node *a = atoms->at[i];
        if (a->op == OP_FloorMod && ir_same(a->kid[0], e) &&
            told_apart(A, atoms, quotient(A, e, a->kid[1]), depth + 1))
            return true;
    }
    return false;
}

/* Do the spatial axes differ for any two iterations of the loop, whatever the inner loops do? */
static bool apart(const Conflict *c, const Node *block)
{
    const Node *iters = block->kid[Block_iters];
    Atoms atoms = {0};
    for (size_t i = 0; i < iters->nkids; i++) {
        const Node *value = iters->kid[i]->kid[Iter_value];
        if (iters->kid[i]->at.i == ITER_spatial)
            collect_atoms(c, value, value, &atoms);
    }
    return told_apart(c->A, &atoms, c->loop->kid[For_var], 0);
}

static bool refuse_sum(const Conflict *c, const Node *block, const Node *axis)
{
    const char *loop = ir_var_name(c->loop->kid[For_var]);
    const Node *access = block_access(block);
    const char *what = access && access->op == OP_Update ? combiner_name[access->at.i] : "sum";
    REFUSE(c->err, reduce_concurrent, c->loop, loop, strcmp(what, "fma") ? what : "sum",
           ir_var_name(axis), ir_block_name(block));
    witness_loop_conflict(c->func, c->loop->kid[For_var], c->err);
    return false;
}

static bool check_block(Conflict *c, const Node *block)
{
    const char *why = NULL, *loop = ir_var_name(c->loop->kid[For_var]);
    const Node *iters = block->kid[Block_iters], *var = c->loop->kid[For_var];
    for (size_t i = 0; i < iters->nkids; i++)
        if (iters->kid[i]->at.i == ITER_reduce && ir_mentions(iters->kid[i]->kid[Iter_value], var))
            return refuse_sum(c, block, iters->kid[i]->kid[Iter_var]);
    if (block_class(block, &why) == BLOCK_OPAQUE)
        return REFUSE(c->err, opaque_block, block, c->how, loop, ir_block_name(block), why);
    const Node *target = block_target(block);
    if (is_local(c, target) || apart(c, block))
        return true;
    if (c->loop->kid[For_extent]->op == OP_IntImm && c->loop->kid[For_extent]->at.i <= 1)
        return true;
    REFUSE(c->err, shared_writes, c->loop, loop, ir_block_name(block), ir_buf_name(target));
    witness_loop_conflict(c->func, var, c->err);
    return false;
}

/* What the block touches of the buffer in one iteration of the loop. */
static Region in_iteration(const Conflict *c, const Node *block, const Node *buffer, int which)
{
    Path p;
    path_to(c->loop, block, &p);
    const Node *n = block;
    for (size_t i = p.n - 1; i-- > 1;)
        if (p.at[i]->op == OP_For)
            n = ir_with_kid(c->A, p.at[i], For_body, n);
    return region_of(c->A, n, buffer, which);
}

/* Is `part` inside `all` in every dimension in which `all` moves with the loop? */
static bool moves_along(const Conflict *c, const Region *all, const Region *part)
{
    for (size_t d = 0; d < all->rank; d++) {
        if (all->whole[d] || !ir_mentions(all->min[d], c->loop->kid[For_var]))
            continue;
        int64_t off = ir_const_int(ix_sub(c->A, part->min[d], all->min[d]), -1);
        if (part->whole[d] || off < 0 || off > all->extent[d] - part->extent[d])
            return false;
    }
    return true;
}

/* Where blocks under the loop share a buffer from outside, one may read and write only what the other writes in the
** same iteration. */
static bool check_flow(Conflict *c, const Node *n, const Node *writer)
{
    const Node *target = block_target(writer);
    bool reads = n->op == OP_Block && tree_reads(n, target);
    if (n != writer && (reads || (n->op == OP_Block && tree_writes(n, target)))) {
        Region w = in_iteration(c, writer, target, REGION_WRITES);
        Region r = in_iteration(c, n, target, REGION_READS | REGION_WRITES);
        if (moves_along(c, &w, &r))
            return true;
        if (!reads)
            return REFUSE(c->err, shared_writes, c->loop, ir_var_name(c->loop->kid[For_var]), ir_block_name(n),
                          ir_buf_name(target));
        return REFUSE(c->err, cross_iteration, c->loop, ir_var_name(c->loop->kid[For_var]),
                      ir_block_name(n), ir_buf_name(target), ir_block_name(writer));
    }
    for (size_t i = 0; i < n->nkids; i++)
        if (op_info[n->kid[i]->op].cls == CLASS_STMT && n->op != OP_Block &&
            !check_flow(c, n->kid[i], writer))
            return false;
    return true;
}

static bool check_below(Conflict *c, const Node *n)
{
    size_t inner = c->inner.n;
    bool ok = true;
    if (n->op == OP_Block) {
        ok = check_block(c, n);
        const Node *target = ok ? block_target(n) : NULL;
        return ok && (is_local(c, target) || check_flow(c, c->loop->kid[For_body], n));
    }
    if (n->op == OP_Store || n->op == OP_Update)
        return REFUSE(c->err, bare_store, n, c->how, ir_var_name(c->loop->kid[For_var]),
                      ir_buf_name(n->kid[Store_buffer]));
    if (n->op == OP_For)
        vec_push(c->A, &c->inner, n);
    if (n->op == OP_Alloc)
        vec_push(c->A, &c->local, n->kid[Alloc_buffer]);
    for (size_t i = 0; i < n->nkids && ok; i++)
        if (op_info[n->kid[i]->op].cls == CLASS_STMT)
            ok = check_below(c, n->kid[i]);
    c->inner.n = inner;
    return ok;
}

bool legal_concurrent(const Node *func, const Node *loop, const char *how, Err *err)
{
    Conflict c = {.func = func, .loop = loop, .how = how, .err = err, .A = arena_new(NULL)};
    bool ok = check_below(&c, loop->kid[For_body]);
    arena_release(c.A);
    return ok;
}

bool legal_apart(const Node *func, const Node *loop, const Node *block)
{
    Conflict c = {.func = func, .loop = loop, .A = arena_new(NULL)};
    Path p;
    path_to(loop, block, &p);
    for (size_t i = 1; i < p.n; i++)
        if (p.at[i]->op == OP_For)
            vec_push(c.A, &c.inner, p.at[i]);
    bool ok = ir_const_int(loop->kid[For_extent], 2) <= 1 || apart(&c, block);
    arena_release(c.A);
    return ok;
}

/* ---- order ---- */

typedef struct Order {
    const Node *outermost;
    Err *err;
} Order;

static bool order_visit(void *env, const Node *block)
{
    Order *o = env;
    const char *why;
    if (block_class(block, &why) != BLOCK_OPAQUE)
        return true;
    return REFUSE(o->err, opaque_block, block, "reorder", ir_var_name(o->outermost->kid[For_var]),
                  ir_block_name(block), why);
}

/* A value that passes from one block below to another through memory that outlives the nest may have been made in an
** earlier iteration, which another order would make a later one. */
static bool flows_through(const Node *outermost, const Node *n, const Node *reader, Err *err)
{
    if (n->op == OP_Block) {
        const Node *target = block_target(n);
        Path p;
        if (n == reader || !target || !tree_reads(reader->kid[Block_body], target) ||
            path_to_alloc(outermost, target, &p))
            return true;
        return REFUSE(err, cross_iteration, outermost, ir_var_name(outermost->kid[For_var]),
                      ir_block_name(reader), ir_buf_name(target), ir_block_name(n));
    }
    for (size_t i = 0; i < n->nkids; i++)
        if (op_info[n->kid[i]->op].cls == CLASS_STMT && !flows_through(outermost, n->kid[i], reader, err))
            return false;
    return true;
}

typedef struct Flow {
    const Node *outermost;
    Err *err;
} Flow;

static bool flow_visit(void *env, const Node *block)
{
    Flow *f = env;
    return flows_through(f->outermost, f->outermost, block, f->err);
}

bool legal_reorder(const Node *func, const Node *outermost, Err *err)
{
    (void)func;
    Order o = {outermost, err};
    Flow f = {outermost, err};
    return tree_blocks(outermost, order_visit, &o) && tree_blocks(outermost, flow_visit, &f);
}
