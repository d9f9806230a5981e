/* loops.c -- split, fuse, reorder, tile: the loops of one nest, and nothing else. */
#include "core/schedule/prims.h"

#include <ctype.h>
#include <string.h>

#include "core/base/mutant.h"
#include "core/ir/rewrite.h"
#include "core/ir/simplify.h"
#include "core/schedule/legal.h"
#include "core/schedule/tree.h"

/* ---- rewriting what the axes are bound to ---- */

/* The ranges of the loops around and below, for simplifying what a step substitutes. */
typedef struct Bind {
    size_t n;
    const Subst *map;
    VarRange *ranges;
    size_t nranges;
} Bind;

static bool has_division(const Node *e)
{
    if (e->op == OP_FloorDiv || e->op == OP_FloorMod)
        return true;
    for (size_t i = 0; i < e->nkids; i++)
        if (has_division(e->kid[i]))
            return true;
    return false;
}

static const Node *rebind_block(Arena *A, const Node *block, void *env)
{
    const Bind *b = env;
    Ranges known = {b->nranges, b->ranges};
    const Node *iters = block->kid[Block_iters];
    const Node **now = ARENA_ARRAY(A, const Node *, iters->nkids + 1);
    for (size_t i = 0; i < iters->nkids; i++) {
        const Node *old = iters->kid[i]->kid[Iter_value], *value = ir_subst(A, old, b->n, b->map);
        if (value != old && has_division(value))
            value = ir_simplify(A, value, &known);
        now[i] = ir_with_kid(A, iters->kid[i], Iter_value, value);
    }
    const Node *out = ir_with_kid(A, block, Block_iters, ir_with_kids(A, iters, now));
    return ir_with_kid(A, out, Block_where, ir_subst(A, block->kid[Block_where], b->n, b->map));
}

/* Bare statements, windows and bounds take the substitution as it is; blocks in their bindings. */
static const Node *rebind(Arena *A, const Node *n, Bind *b)
{
    if (n->op == OP_Block)
        return rebind_block(A, n, b);
    if (!ir_is_stmt(n))
        return ir_subst(A, n, b->n, b->map);
    if (n->nkids == 0)
        return n;
    const Node *few[8], **kids = n->nkids <= 8 ? few : ARENA_ARRAY(A, const Node *, n->nkids);
    for (size_t i = 0; i < n->nkids; i++)
        kids[i] = rebind(A, n->kid[i], b);
    return ir_with_kids(A, n, kids);
}

static bool serial_const(Step *s, const Node *loop, const char *how)
{
    const char *name = ir_var_name(loop->kid[For_var]);
    if (ir_for_kind(loop) != FOR_serial)
        return REFUSE(s->err, loop_has_kind, loop, how, name, for_kind_text[ir_for_kind(loop)]);
    if (loop->kid[For_extent]->op != OP_IntImm)
        return REFUSE(s->err, extent_not_constant, loop, how, name);
    return true;
}

/* ---- split ---- */

static const int64_t most_product = INT64_C(1) << 40;

/* The factors with the -1 found; their product covers the extent. */
static bool solve_factors(Step *s, const Node *loop, const Bound *f, int64_t *out)
{
    int64_t extent = loop->kid[For_extent]->at.i, product = 1;
    size_t hole = f->n;
    for (size_t i = 0; i < f->n; i++) {
        out[i] = f->ints[i];
        if (f->ints[i] == -1)
            hole = i;
        else if (__builtin_mul_overflow(product, f->ints[i], &product) || product > most_product)
            return REFUSE(s->err, factors_too_big, loop, ir_var_name(loop->kid[For_var]),
                          (long long)extent);
    }
    if (hole < f->n)
        out[hole] = extent / product + (extent % product != 0);
    else if (product < extent)
        return REFUSE(s->err, factors_too_small, loop, (long long)product,
                      ir_var_name(loop->kid[For_var]), (long long)extent);
    if (hole < f->n && out[hole] == 0)
        out[hole] = 1;
    return true;
}

/* yo and yi, or y0 y1 y2 …, unless named.  What ends in a digit is kept apart from
** the number: i0_0. */
static const char *part_name(Step *s, const Node *loop, size_t n, const Bound *names, size_t i)
{
    if (i < names->n)
        return names->names[i];
    const char *name = ir_var_name(loop->kid[For_var]);
    if (n == 2)
        return arena_printf(s->A, "%s%c", name, i == 0 ? 'o' : 'i');
    bool digit = name[0] && isdigit((unsigned char)name[strlen(name) - 1]);
    return arena_printf(s->A, "%s%s%zu", name, digit ? "_" : "", i);
}

typedef struct Parts {
    size_t n;
    int64_t factor[PRIM_MAX_ITEMS];
    const Node *var[PRIM_MAX_ITEMS];
} Parts;

/* var = ((p0 * f1 + p1) * f2 + p2) … written as a sum of products. */
static const Node *parts_value(Arena *A, const Parts *p)
{
    const Node *sum = NULL;
    for (size_t i = 0; i < p->n; i++) {
        int64_t scale = 1;
        for (size_t j = i + 1; j < p->n; j++)
            scale *= p->factor[j];
        const Node *term = ix_mul(A, p->var[i], ir_idx(A, scale));
        sum = sum ? ix_add(A, sum, term) : term;
    }
    return sum;
}

static bool is_part(const Parts *p, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(ir_var_name(p->var[i]), name) == 0)
            return true;
    return false;
}

/* Would a guard of a block below that speaks of the loop take the name for one of the block's axes?
** `guarded`: all will. */
static bool hidden_by_axis(const Node *n, const Node *var, bool guarded, const char *name)
{
    if (n->op == OP_Block) {
        const Node *iters = n->kid[Block_iters];
        bool has = false;
        for (size_t i = 0; i < iters->nkids; i++)
            has |= ir_same_name(ir_var_name(iters->kid[i]->kid[Iter_var]), name);
        return has && (guarded || ir_mentions(n->kid[Block_where], var));
    }
    for (size_t i = ir_first_stmt(n); i < n->nkids; i++)
        if (hidden_by_axis(n->kid[i], var, guarded, name))
            return true;
    return false;
}

/* A Var for each part, whose name no loop around or below has; the loop itself goes. */
static void name_parts(Step *s, const Path *to, Parts *p, const Bound *names)
{
    const Node *loop = path_end(to), *body = loop->kid[For_body];
    int64_t product = 1;
    for (size_t i = 0; i < p->n; i++)
        product *= p->factor[i];
    bool guarded = product != loop->kid[For_extent]->at.i;
    for (size_t i = 0; i < p->n; i++) {
        const char *name = part_name(s, loop, p->n, names, i),
                   *try = fresh_loop_name(s->A, to, body, name);
        for (int k = 1;
             is_part(p, i, try) || hidden_by_axis(body, loop->kid[For_var], guarded, try); k++)
            try = fresh_loop_name(s->A, to, body, arena_printf(s->A, "%s_%d", name, k));
        p->var[i] = ir_var_like(s->A, DT_int64, try, ir_var_axes(loop->kid[For_var]), s->number);
    }
}

/* Replaces the loop by loops over the parts around its body. */
static const Node *split_loop(Step *s, const Path *to, const Parts *p)
{
    Arena *A = s->A;
    const Node *loop = path_end(to);
    int64_t extent = loop->kid[For_extent]->at.i, product = 1;
    VarRange ranges[PRIM_MAX_ITEMS];
    for (size_t i = 0; i < p->n; i++) {
        product *= p->factor[i];
        ranges[i] = (VarRange){p->var[i], 0, p->factor[i] - 1};
    }
    const Node *value = parts_value(A, p);
    Subst map = {loop->kid[For_var], value};
    Bind bind = {1, &map, ranges, p->n};
    const Node *body = rebind(A, loop->kid[For_body], &bind);
    if (MUTANT(split_guard_missing, product != extent, false))
        body = tree_guard(
            A, body,
            ir_binary(A, MUTANT(split_guard_wide, OP_Lt, OP_Le), value, ir_idx(A, extent)));
    for (size_t i = p->n; i-- > 0;) {
        const Node *f = ir_for(A, FOR_serial, p->var[i], ir_idx(A, p->factor[i]), body);
        body = i == 0 ? ir_with_kid(A, f, For_annots, loop->kid[For_annots]) : f;
    }
    return path_replace(A, to, body);
}

/* "(y is taken)", "(y and z are taken)": names that were asked for, n of them, and not given. */
static void say_taken(Step *s, size_t n, const char *const *asked, const Node *const *vars)
{
    const char *taken[PRIM_MAX_ITEMS];
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        if (strcmp(asked[i], ir_var_name(vars[i])) != 0)
            taken[count++] = asked[i];
    for (size_t i = 0; i < count; i++)
        buf_printf(&s->said, "%s%s", i == 0 ? " (" : i + 1 < count ? ", " : " and ", taken[i]);
    if (count)
        buf_puts(&s->said, count == 1 ? " is taken)" : " are taken)");
}

static void say_split(Step *s, const Node *func, const Node *loop, const Parts *p,
                      const Bound *names)
{
    int64_t extent = loop->kid[For_extent]->at.i, product = 1;
    buf_printf(&s->said, "%s(%lld) ->", step_label(s, func, loop), (long long)extent);
    for (size_t i = 0; i < p->n; i++) {
        product *= p->factor[i];
        buf_printf(&s->said, " %s(%lld)", ir_var_name(p->var[i]), (long long)p->factor[i]);
        step_made(s, ir_var_name(p->var[i]));
    }
    size_t beyond = 1;
    while (beyond < p->n && p->factor[beyond] <= extent)
        beyond++;
    if (beyond < p->n)
        buf_printf(&s->said, " (%lld is beyond the extent: one iteration of %s does all)",
                   (long long)p->factor[beyond], ir_var_name(p->var[beyond - 1]));
    else if (product != extent)
        buf_puts(&s->said, ", guarded");
    say_taken(s, names->n, names->names, p->var);
}

bool prim_split(Step *s)
{
    const Node *loop = s->arg[0].node;
    const Bound *factors = &s->arg[1], *names = &s->arg[2];
    Parts p = {.n = factors->n};
    if (!serial_const(s, loop, "split"))
        return false;
    if (names->n > p.n)
        return REFUSE(s->err, too_many_names, loop, names->n, p.n, plural((int64_t)p.n));
    if (!solve_factors(s, loop, factors, p.factor))
        return false;
    Path path;
    path_to(s->func, loop, &path);
    name_parts(s, &path, &p, names);
    say_split(s, s->func, loop, &p, names);
    return step_done(s, split_loop(s, &path, &p));
}

/* ---- fuse ---- */

static const Node *only_child(const Node *loop)
{
    return loop->kid[For_body];
}

static bool stands_in(const Node *loop, const Node *around)
{
    bool found = false;
    for (size_t i = 0; i < around->nkids && !found; i++)
        found = ir_is_stmt(around->kid[i]) &&
                (around->kid[i] == loop || stands_in(loop, around->kid[i]));
    return found;
}

/* The loops of one nest are not named from the outside in: how they stand, and whether they can be
** fused so. */
static bool refuse_inside_out(Step *s, const Bound *loops, size_t i)
{
    const Node *at[PRIM_MAX_ITEMS];
    Arg names[PRIM_MAX_ITEMS];
    Buf list = buf_new(s->A);
    for (size_t j = 0; j < loops->n; j++) {
        size_t k = j;
        for (; k > 0 && stands_in(at[k - 1], loops->nodes[j]); k--)
            at[k] = at[k - 1];
        at[k] = loops->nodes[j];
    }
    for (size_t j = 0; j < loops->n; j++) {
        names[j] = given_str(loop_handle(s->A, s->func, at[j]));
        buf_printf(&list, "%s%s", j ? ", " : "", ir_var_name(at[j]->kid[For_var]));
    }
    REFUSE(s->err, fuse_inside_out, loops->nodes[i], ir_var_name(loops->nodes[i]->kid[For_var]),
           ir_var_name(loops->nodes[i + 1]->kid[For_var]), buf_str(&list));
    if (!s->trial)
        step_advise(s->A, s->func, s->err, "fuse", loops->n, names);
    return false;
}

/* The two are not right in one another: one loop stands between, or more than that, or they stand
** in different places. */
static bool refuse_apart(Step *s, const Node *outer, const Node *inner)
{
    const char *out = ir_var_name(outer->kid[For_var]), *in = ir_var_name(inner->kid[For_var]);
    const Node *between = outer->kid[For_body];
    if (!stands_in(inner, outer)) {
        REFUSE(s->err, loops_apart, inner, loop_label(s->A, s->func, outer),
               loop_label(s->A, s->func, inner));
        err_fix(s->err, "fuse loops that stand in one another");
        return false;
    }
    if (between->op == OP_For && stands_in(inner, between))
        return REFUSE(s->err, loop_between, between, ir_var_name(between->kid[For_var]), out, in);
    return REFUSE(s->err, not_nested_in_turn, outer, in, out);
}

/* The loops as they nest, outermost first, each the only thing in the one before. */
static bool nested_in_turn(Step *s, const Bound *loops)
{
    for (size_t i = 0; i + 1 < loops->n; i++)
        if (stands_in(loops->nodes[i], loops->nodes[i + 1]))
            return refuse_inside_out(s, loops, i);
    for (size_t i = 0; i + 1 < loops->n; i++)
        if (only_child(loops->nodes[i]) != loops->nodes[i + 1])
            return refuse_apart(s, loops->nodes[i], loops->nodes[i + 1]);
    return true;
}

static const char *fused_name(Step *s, const Bound *loops)
{
    Buf b = buf_new(s->A);
    for (size_t i = 0; i < loops->n; i++)
        buf_printf(&b, "%s%s", i ? "_" : "", ir_var_name(loops->nodes[i]->kid[For_var]));
    return buf_str(&b);
}

/* The axes of all the loops, each once. */
static const char *fused_axes(Arena *A, const Bound *loops)
{
    Buf b = buf_new(A);
    for (size_t i = 0; i < loops->n; i++) {
        const char *axes = ir_var_axes(loops->nodes[i]->kid[For_var]);
        for (size_t n; *axes; axes += n + (axes[n] == ' ')) {
            n = strcspn(axes, " ");
            if (ir_axes_have(buf_str(&b), axes, n))
                continue;
            buf_puts(&b, b.len ? " " : "");
            buf_add(&b, axes, n);
        }
    }
    return buf_str(&b);
}

static bool any_hidden(const Node *body, const Bound *loops, const char *name)
{
    for (size_t i = 0; i < loops->n; i++)
        if (hidden_by_axis(body, loops->nodes[i]->kid[For_var], false, name))
            return true;
    return false;
}

bool prim_fuse(Step *s)
{
    Arena *A = s->A;
    const Bound *loops = &s->arg[0];
    int64_t total = 1;
    if (loops->n < 2)
        return REFUSE(s->err, fuse_needs_two, loops->nodes[0]);
    if (s->arg[1].n > 1)
        return REFUSE(s->err, too_many_names, loops->nodes[0], s->arg[1].n, (size_t)1, "");
    for (size_t i = 0; i < loops->n; i++) {
        if (!serial_const(s, loops->nodes[i], "fuse"))
            return false;
        if (__builtin_mul_overflow(total, loops->nodes[i]->kid[For_extent]->at.i, &total))
            return REFUSE(s->err, factors_too_big, loops->nodes[0],
                          ir_var_name(loops->nodes[0]->kid[For_var]), 0LL);
    }
    if (!nested_in_turn(s, loops))
        return false;
    const char *name = s->arg[1].n ? s->arg[1].names[0] : fused_name(s, loops);
    const Node *inner = loops->nodes[loops->n - 1], *inside = inner->kid[For_body];
    Path path;
    path_to(s->func, inside, &path);
    const char *asked = name = fresh_loop_name(A, &path, inside, name);
    for (int k = 1; any_hidden(inside, loops, name); k++)
        name = fresh_loop_name(A, &path, inside, arena_printf(A, "%s_%d", asked, k));
    const Node *var = ir_var_like(A, DT_int64, name, fused_axes(A, loops), s->number);
    Subst map[PRIM_MAX_ITEMS];
    int64_t below = 1;
    for (size_t i = loops->n; i-- > 0;) {
        int64_t extent =
            loops->nodes[MUTANT(fuse_wrong_extent, i, i ? i - 1 : 0)]->kid[For_extent]->at.i;
        const Node *part = ix_div(A, var, ir_idx(A, below));
        if (i > 0)
            part = ix_mod(A, part, ir_idx(A, extent ? extent : 1));
        map[i] = (Subst){loops->nodes[i]->kid[For_var], part};
        below *= extent;
    }
    VarRange range = {var, 0, total - 1};
    Bind bind = {loops->n, map, &range, total > 0 ? 1 : 0};
    const Node *body = ir_for(A, FOR_serial, var, ir_idx(A, total), rebind(A, inside, &bind));
    for (size_t i = 0; i < loops->n; i++)
        buf_printf(&s->said, "%s(%lld) ", step_label(s, s->func, loops->nodes[i]),
                   (long long)loops->nodes[i]->kid[For_extent]->at.i);
    buf_printf(&s->said, "-> %s(%lld)", name, (long long)total);
    say_taken(s, s->arg[1].n, s->arg[1].names, &var);
    step_made(s, name);
    path.n -= loops->n; /* the outermost of them is its end */
    return step_done(s, path_replace(A, &path, body));
}

/* ---- reorder ---- */

typedef struct Nest {
    size_t n;
    const Node *at[IR_MAX_DEPTH];
} Nest;

/* "y, x belong to R, k belongs to C", where the loops are of several blocks; else "". */
static const char *whose_loops(Step *s, const Bound *loops)
{
    const char *block[PRIM_MAX_ITEMS];
    Buf text = buf_new(s->A);
    size_t owners = 0;
    for (size_t i = 0; i < loops->n; i++) {
        const char *path = loop_path(s->A, s->func, loops->nodes[i]), *slash = strrchr(path, '/');
        block[i] = slash ? arena_printf(s->A, "%.*s", (int)(slash - path), path) : "";
    }
    for (size_t i = 0; i < loops->n; i++) {
        size_t first = 0, n = 0;
        while (strcmp(block[first], block[i]) != 0)
            first++;
        if (first < i || !*block[i])
            continue;
        buf_puts(&text, owners++ ? ", " : "");
        for (size_t k = i; k < loops->n; k++)
            if (strcmp(block[k], block[i]) == 0)
                buf_printf(&text, "%s%s", n++ ? ", " : "",
                           ir_var_name(loops->nodes[k]->kid[For_var]));
        buf_printf(&text, " belong%s to %s", n == 1 ? "s" : "", block[i]);
    }
    return owners > 1 ? buf_str(&text) : "";
}

/* The loop of that name around `loop`, or alone inside of it, one in the other; itself, if it is
** called so; else NULL. */
static const Node *in_chain(const Step *s, const Node *loop, const char *name)
{
    Path path;
    path_to(s->func, loop, &path);
    for (size_t i = 0; i < path.n; i++)
        if (path.at[i]->op == OP_For && strcmp(ir_var_name(path.at[i]->kid[For_var]), name) == 0)
            return path.at[i];
    while ((loop = only_child(loop)) != NULL && loop->op == OP_For)
        if (strcmp(ir_var_name(loop->kid[For_var]), name) == 0)
            return loop;
    return NULL;
}

/* Of loops in several nests: advises the same step on one nest that has loops of all these names,
** if it would be accepted there. */
static bool advise_one_nest(Step *s, const Bound *loops)
{
    Arg names[PRIM_MAX_ITEMS];
    for (size_t i = 0; i < loops->n; i++) {
        size_t found = 0;
        for (const Node *loop; found < loops->n; found++) {
            loop = in_chain(s, loops->nodes[i], ir_var_name(loops->nodes[found]->kid[For_var]));
            if (!loop)
                break;
            names[found] = given_str(loop_handle(s->A, s->func, loop));
        }
        if (found == loops->n && step_advise(s->A, s->func, s->err, "reorder", loops->n, names))
            return true;
    }
    return false;
}

/* The loops from the outermost of those named down to the innermost, which must form one chain. */
static bool chain_of(Step *s, const Bound *loops, Nest *nest)
{
    Path p[2], *deepest = &p[0], *other = &p[1];
    deepest->n = 0;
    for (size_t i = 0; i < loops->n; i++) {
        path_to(s->func, loops->nodes[i], other);
        if (other->n > deepest->n) {
            Path *now = other;
            other = deepest;
            deepest = now;
        }
    }
    size_t top = deepest->n;
    for (size_t i = 0; i < loops->n; i++) {
        size_t at = 0;
        while (at < deepest->n && deepest->at[at] != loops->nodes[i])
            at++;
        if (at == deepest->n) {
            const char *whose = whose_loops(s, loops);
            REFUSE(s->err, loops_apart, loops->nodes[i], loop_label(s->A, s->func, loops->nodes[i]),
                   loop_label(s->A, s->func, path_end(deepest)));
            if (!s->trial && advise_one_nest(s, loops))
                return false;
            if (*whose)
                err_fix(s->err, "reorder loops of one nest only: %s", whose);
            return false;
        }
        if (at < top)
            top = at;
    }
    nest->n = 0;
    for (size_t i = top; i < deepest->n; i++) {
        const Node *n = deepest->at[i];
        if (n->op != OP_For)
            return REFUSE(s->err, chain_broken, n, ir_var_name(deepest->at[top]->kid[For_var]),
                          ir_var_name(path_end(deepest)->kid[For_var]),
                          n->op == OP_Alloc ? ir_buf_name(n->kid[Alloc_buffer])
                                            : "several statements");
        nest->at[nest->n++] = n;
    }
    return true;
}

static bool in_bound(const Bound *loops, const Node *n)
{
    for (size_t i = 0; i < loops->n; i++)
        if (loops->nodes[i] == n)
            return true;
    return false;
}

/* In the order `after`, does each extent mention only loops around it?  And is none read from
** memory, which another order would read more often, or at another time? */
static bool extents_in_scope(Step *s, size_t n, const Node *const *after)
{
    for (size_t i = 0; i < n; i++) {
        const Node *extent = after[i]->kid[For_extent], *load = ir_first(extent, OP_Load);
        const char *name = ir_var_name(after[i]->kid[For_var]);
        if (load)
            return REFUSE(s->err, extent_is_read, after[i], name,
                          ir_buf_name(load->kid[Load_buffer]), name);
        for (size_t k = i + 1; k < n; k++) {
            const char *inner = ir_var_name(after[k]->kid[For_var]);
            if (ir_mentions(extent, after[k]->kid[For_var]))
                return REFUSE(s->err, extent_out_of_scope, after[i], name, inner, name, inner);
        }
    }
    return true;
}

/* Is a loop of the nest that was around after[i] inside it in the order `after`? */
static bool takes_in_outer(const Nest *nest, const Node *const *after, size_t i)
{
    const Node *var = after[i]->kid[For_var];
    for (size_t k = 0; k < nest->n && nest->at[k]->kid[For_var] != var; k++)
        for (size_t j = i + 1; j < nest->n; j++)
            if (after[j] == nest->at[k])
                return true;
    return false;
}

/* Are iterations that run at once still independent?  A loop that was around theirs, and is inside
** now, kept apart those that depend on each other. */
static bool concurrent_stays_legal(Step *s, const Nest *nest, const Node *const *after,
                                   const Node *func)
{
    for (size_t i = 0; i < nest->n; i++) {
        ForKind kind = ir_for_kind(after[i]);
        const Node *var = after[i]->kid[For_var];
        if (kind == FOR_serial || kind == FOR_unrolled || !takes_in_outer(nest, after, i))
            continue;
        Path path;
        path_to_loop(func, var, &path);
        if (!legal_concurrent(func, path_end(&path), s->err)) {
            err_fix(s->err, "leave %s inside the loops that are around it now", ir_var_name(var));
            return false;
        }
    }
    return true;
}

bool prim_reorder(Step *s)
{
    Arena *A = s->A;
    const Bound *loops = &s->arg[0];
    Nest nest;
    nest.n = 0;
    if (!chain_of(s, loops, &nest))
        return false;
    const Node **after = ARENA_ARRAY(A, const Node *, nest.n);
    for (size_t i = 0, k = 0; i < nest.n; i++)
        after[i] = in_bound(loops, nest.at[i]) ? loops->nodes[k++] : nest.at[i];
    if (!extents_in_scope(s, nest.n, after))
        return false;
    if (!legal_reorder(s->func, nest.n, nest.at, after, &s->reassociates, s->err) &&
        !MUTANT(reorder_unchecked, false, true))
        return false;
    s->reassociates = MUTANT(reorder_rounds_unsaid, s->reassociates, false);
    const Node *body = nest.at[nest.n - 1]->kid[For_body];
    for (size_t i = nest.n; i-- > 0;)
        body = ir_with_kid(A, after[i], For_body, body);
    for (size_t i = 0; i < loops->n; i++)
        buf_printf(&s->said, "%s%s", i ? ", " : "", step_label(s, s->func, loops->nodes[i]));
    Path path;
    path_to(s->func, nest.at[0], &path);
    const Node *func = path_replace(A, &path, body);
    return concurrent_stays_legal(s, &nest, after, func) && step_done(s, func);
}

/* ---- tile ---- */

bool prim_tile(Step *s)
{
    const Node *loops[2] = {s->arg[0].node, s->arg[1].node};
    if (loops[0]->kid[For_body] != loops[1])
        return refuse_apart(s, loops[0], loops[1]);
    const Node *func = s->func, *var[2][2];
    Bound names = s->arg[4];
    if (names.n > 4)
        return REFUSE(s->err, too_many_names, loops[0], names.n, (size_t)4, "s");
    for (int d = 0; d < 2; d++) {
        int64_t factor = s->arg[2 + d].i;
        if (factor < 1)
            return REFUSE(s->err, bad_factor, loops[d], (long long)factor);
        Bound own = {.n = 0}, f = {.n = 2, .ints = {-1, factor}};
        for (size_t i = 0; i < 2; i++)
            if ((size_t)d + 2 * i < names.n)
                own.names[own.n++] = names.names[(size_t)d + 2 * i];
        Parts p = {.n = 2};
        Path path;
        path_to_loop(func, loops[d]->kid[For_var], &path);
        const Node *loop = path_end(&path);
        if (!serial_const(s, loop, "tile") || !solve_factors(s, loop, &f, p.factor))
            return false;
        name_parts(s, &path, &p, &own);
        if (d)
            buf_puts(&s->said, ", ");
        say_split(s, func, loop, &p, &own);
        func = split_loop(s, &path, &p);
        if (func->depth > IR_MAX_DEPTH)
            return REFUSE(s->err, too_deep, loop, IR_MAX_DEPTH);
        var[d][0] = p.var[0];
        var[d][1] = p.var[1];
    }
    const Node *want[4] = {var[0][0], var[1][0], var[0][1], var[1][1]};
    Bound order = {.n = 4};
    for (int i = 0; i < 4; i++) {
        Path path;
        path_to_loop(func, want[i], &path);
        order.nodes[i] = path_end(&path);
    }
    s->func = func;
    s->arg[0] = order;
    buf_puts(&s->said, "; order ");
    s->nmade = 0;
    for (int i = 0; i < 4; i++)
        step_made(s, ir_var_name(want[i]));
    return prim_reorder(s);
}
