/* verify.c -- one walk over a program, with a stack of what is in scope and one table
** by pointer.
**
** The table knows each identity's place in the scope, each statement met, and the expressions
** already found good in the present scope, so that shared expressions are looked at once. */
#include "core/ir/verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/ir/linear.h"
#include "core/ir/mathfn.h"

typedef enum Kind {
    K_NONE,
    K_STMT,
    K_EXPR,
    K_LOOP,
    K_AXIS,
    K_REDUCE,
    K_LET,
    K_PARAM,
    K_RESULT,
    K_ALLOC
} Kind;

#define CLOSED UINT32_MAX
enum { FIRST_SLOTS = 512, FIRST_SCOPE = 64, FIRST_NAMES = 64 };

typedef struct Slot {
    const Node *key;
    uint32_t kind; /* Kind */
    /* Of an identity, its place in the scope or CLOSED; of an expression, the scope's number */
    uint32_t value;
} Slot;

typedef struct Scoped {
    const Node *node;
    Kind kind;
    const Node *value; /* of a block's axis, what it is bound to */
} Scoped;

typedef struct NameSlot {
    const char *name;
    NodeClass space;
} NameSlot;

typedef struct Verifier {
    Err *err;
    Arena *A; /* made when the stack memory does not suffice */
    Slot *slots;
    size_t nslots, used;
    NameSlot *names;
    size_t nnames, names_used;
    Scoped *scope;
    uint32_t depth, scope_cap;
    uint32_t wall;         /* Vars below are hidden by the block around */
    uint32_t number, next; /* of the present scope, and of the next new one */
    const Node *block;     /* the block around, or NULL */
    const Node *here;      /* the innermost statement that has a name */
    unsigned axes_bound;   /* thread axes bound around, by ForKind */
} Verifier;

static bool check_stmt(Verifier *v, const Node *n);
static bool check_expr(Verifier *v, const Node *n);

/* ---- refusing ---- */

static const char *place(const Node *n, char *out, size_t size)
{
    switch ((Op)n->op) {
    case OP_For: snprintf(out, size, "loop %s", ir_var_name(n->kid[For_var])); break;
    case OP_Block: snprintf(out, size, "block %s", ir_block_name(n)); break;
    case OP_Alloc: snprintf(out, size, "alloc %s", ir_buf_name(n->kid[Alloc_buffer])); break;
    default: snprintf(out, size, "func %s", n->op == OP_Func ? n->at.name : "?"); break;
    }
    return out;
}

__attribute__((format(printf, 3, 4))) static bool bad(Verifier *v, const Node *where,
                                                      const char *fmt, ...)
{
    char what[400], at[128];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    return REFUSE(v->err, ill_formed, where, place(v->here, at, sizeof at), what);
}

/* ---- the tables ---- */

static Arena *scratch(Verifier *v)
{
    if (!v->A)
        v->A = arena_scratch(NULL);
    return v->A;
}

static Slot *slot_of(const Verifier *v, const Node *n)
{
    size_t i = ((uintptr_t)n >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 32 & (v->nslots - 1);
    while (v->slots[i].key && v->slots[i].key != n)
        i = (i + 1) & (v->nslots - 1);
    return &v->slots[i];
}

/* The slot of `n`, new (K_NONE) if it was not there. */
static Slot *enter(Verifier *v, const Node *n)
{
    if (v->used * 2 >= v->nslots) {
        Slot *old = v->slots;
        size_t count = v->nslots;
        v->nslots *= 2;
        v->slots = ARENA_ARRAY(scratch(v), Slot, v->nslots);
        for (size_t i = 0; i < count; i++)
            if (old[i].key)
                *slot_of(v, old[i].key) = old[i];
    }
    Slot *s = slot_of(v, n);
    if (!s->key) {
        s->key = n;
        v->used++;
    }
    return s;
}

static size_t name_place(const Verifier *v, NodeClass space, const char *name)
{
    uint32_t h = UINT32_C(2166136261) + (uint32_t)space;
    for (const char *s = name; *s; s++)
        h = (h ^ (unsigned char)*s) * UINT32_C(16777619);
    size_t i = (h ^ h >> 15) & (v->nnames - 1);
    while (v->names[i].name && (v->names[i].space != space || strcmp(v->names[i].name, name) != 0))
        i = (i + 1) & (v->nnames - 1);
    return i;
}

/* Is the name new in its space (buffers or blocks)? */
static bool take_name(Verifier *v, NodeClass space, const char *name)
{
    if (v->names_used * 2 >= v->nnames) {
        NameSlot *old = v->names;
        size_t count = v->nnames;
        v->nnames *= 2;
        v->names = ARENA_ARRAY(scratch(v), NameSlot, v->nnames);
        for (size_t i = 0; i < count; i++)
            if (old[i].name)
                v->names[name_place(v, old[i].space, old[i].name)] = old[i];
    }
    NameSlot *s = &v->names[name_place(v, space, name)];
    if (s->name)
        return false;
    *s = (NameSlot){name, space};
    v->names_used++;
    return true;
}

/* ---- scopes ---- */

static void push(Verifier *v, const Node *n, Kind kind, Slot *s)
{
    if (v->depth == v->scope_cap) {
        Scoped *now = ARENA_ARRAY(scratch(v), Scoped, v->scope_cap * 2);
        memcpy(now, v->scope, v->depth * sizeof *now);
        v->scope = now;
        v->scope_cap *= 2;
    }
    s->kind = kind;
    s->value = v->depth;
    v->scope[v->depth++] = (Scoped){n, kind, NULL};
    v->number = v->next++;
}

static void pop_to(Verifier *v, uint32_t depth, uint32_t number)
{
    while (v->depth > depth)
        slot_of(v, v->scope[--v->depth].node)->value = CLOSED;
    v->number = number;
}

/* An expression is a value, so one Let may stand in several places; any other binding
** happens once. */
static bool bind_var(Verifier *v, const Node *var, Kind kind)
{
    Slot *s = enter(v, var);
    bool again = kind == K_LET && s->kind == K_LET && s->value == CLOSED;
    if (s->kind != K_NONE && !again)
        return bad(v, var, "the variable '%s' is bound twice", ir_var_name(var));
    push(v, var, kind, s);
    return true;
}

static bool is_size(const Node *n)
{
    return n->op == OP_IntImm && n->type == DT_int64 && n->at.i >= 0;
}

static bool bind_buffer(Verifier *v, const Node *b, Kind kind)
{
    if (ir_rank(b) > IR_MAX_RANK)
        return bad(v, b, "buffer '%s' has more than %d dimensions", ir_buf_name(b), IR_MAX_RANK);
    int64_t bytes = (int64_t)dtype_bytes((DType)b->type);
    for (size_t d = 0; d < b->nkids; d++) {
        if (!is_size(b->kid[d]))
            return bad(v, b, "extent %zu of buffer '%s' is no number of at least 0", d,
                       ir_buf_name(b));
        if (__builtin_mul_overflow(bytes, b->kid[d]->at.i, &bytes))
            return bad(v, b, "buffer '%s' has more bytes than 64 bits can count", ir_buf_name(b));
    }
    Slot *s = enter(v, b);
    if (s->kind != K_NONE)
        return bad(v, b, "the buffer '%s' is declared twice", ir_buf_name(b));
    if (!take_name(v, CLASS_BUFFER, ir_buf_name(b)))
        return bad(v, b, "two buffers are named '%s'", ir_buf_name(b));
    push(v, b, kind, s);
    return true;
}

static bool check_buffer(Verifier *v, const Node *b)
{
    const Slot *s = slot_of(v, b);
    if (!s->key)
        return bad(v, b, "buffer '%s' is not declared", ir_buf_name(b));
    return s->value != CLOSED || bad(v, b, "buffer '%s' is used outside its alloc", ir_buf_name(b));
}

/* A Var's hash is of its type and its name. */
static bool same_name(const Node *a, const Node *b)
{
    return (a->hash == b->hash || a->type != b->type) &&
           strcmp(ir_var_name(a), ir_var_name(b)) == 0;
}

static bool check_var(Verifier *v, const Node *n)
{
    const Slot *s = slot_of(v, n);
    const char *name = ir_var_name(n);
    if (!s->key || s->value == CLOSED)
        return bad(v, n, "the variable '%s' is used outside the loop, block or let that binds it",
                   name);
    if (s->value < v->wall)
        return bad(v, n, "the loop '%s' is used inside the block, where only axes are visible",
                   name);
    for (uint32_t i = v->depth; --i > s->value;) {
        const Node *other = v->scope[i].node;
        if (other->op == OP_Var && same_name(other, n))
            return bad(v, n, "the variable '%s' is hidden by another of the same name", name);
    }
    return true;
}

/* Are the children as many and of the classes that the table says? */
static bool check_kids(Verifier *v, const Node *n)
{
    const OpInfo *info = &op_info[n->op];
    const KidInfo *k = info->kids;
    bool ok = n->nkids >= info->nkids;
    for (size_t i = 0; ok && i < n->nkids; i++) {
        NodeClass have = op_info[n->kid[i]->op].cls;
        ok = k->field && (k->cls == CLASS_ANY || k->cls == have ||
                          (k->cls == CLASS_VAR && n->kid[i]->op == OP_Var));
        k += !k->rest;
    }
    return ok || bad(v, n, "a %s has children that it cannot have", info->name);
}

/* ---- expressions ---- */

static bool check_literal(Verifier *v, const Node *n)
{
    bool is_float = dtype_is_float(n->type);
    if (is_float != (n->op == OP_FloatImm))
        return bad(v, n, "a literal has the type %s of the other kind", dtype_name(n->type));
    if (!is_float && dtype_wrap(n->type, n->at.i) != n->at.i)
        return bad(v, n, "the literal %lld does not fit %s", (long long)n->at.i,
                   dtype_name(n->type));
    if (n->type == DT_float32 && (double)(float)n->at.f != n->at.f && n->at.f == n->at.f)
        return bad(v, n, "the literal %.17g is not rounded to float32", n->at.f);
    return true;
}

static bool check_binary(Verifier *v, const Node *n)
{
    const OpInfo *info = &op_info[n->op];
    DType t = n->kid[0]->type;
    bool gives_bool = info->flags & (OPF_COMPARE | OPF_LOGIC);
    if (n->kid[1]->type != t)
        return bad(v, n, "'%s' joins %s and %s", info->symbol, dtype_name(t),
                   dtype_name(n->kid[1]->type));
    if (n->type != (gives_bool ? DT_bool : t))
        return bad(v, n, "'%s' on %s cannot give %s", info->symbol, dtype_name(t),
                   dtype_name(n->type));
    if (((info->flags & OPF_INT) && dtype_is_float(t)) ||
        ((info->flags & OPF_LOGIC) && t != DT_bool))
        return bad(v, n, "'%s' does not work on %s", info->symbol, dtype_name(t));
    return true;
}

typedef enum Domain { DOM_FLOAT, DOM_SIGNED, DOM_TEST, DOM_BITS } Domain;
typedef struct CallRow {
    const char *name;
    uint32_t args;
    Domain domain;
} CallRow;
static const CallRow calls[] = {
#define CALL(name, args, domain, doc) {#name, args, DOM_##domain},
#include "core/ir/calls.def"
};

/* Functions beyond calls.def are those of math.def, which take and give one float
** type, and there are no others. */
static bool check_call(Verifier *v, const Node *n)
{
    const CallRow *row = NULL;
    for (size_t i = 0; i < sizeof calls / sizeof *calls && !row; i++)
        if (strcmp(calls[i].name, n->at.name) == 0)
            row = &calls[i];
    if (n->nkids == 0 || (row && row->args != n->nkids))
        return bad(v, n, "%s is called with %u arguments", n->at.name, (unsigned)n->nkids);
    const MathFn *fn = row ? NULL : math_find(n->at.name, (DType)n->type);
    if (!row && (!fn || fn->nargs != (int)n->nkids))
        return REFUSE(v->err, unknown_function, n, n->at.name, (size_t)n->nkids,
                      dtype_name((DType)n->type));
    DType in = n->kid[0]->type, out = n->type;
    Domain domain = row ? row->domain : DOM_FLOAT;
    bool ok = in == out && dtype_is_float(in);
    if (domain == DOM_TEST)
        ok = out == DT_bool && dtype_is_float(in);
    else if (domain == DOM_SIGNED)
        ok = in == out && (dtype_is_float(in) || dtype_is_signed(in));
    else if (domain == DOM_BITS)
        ok = dtype_info[in].bits == dtype_info[out].bits;
    for (size_t i = 1; i < n->nkids; i++)
        ok = ok && n->kid[i]->type == in;
    return ok ||
           bad(v, n, "%s takes %s and cannot give %s", n->at.name, dtype_name(in), dtype_name(out));
}

static bool check_index(Verifier *v, const Node *n, const Node *buffer, size_t first)
{
    if (!check_buffer(v, buffer))
        return false;
    if (n->nkids - first != ir_rank(buffer))
        return bad(v, n, "buffer '%s' has %zu dimensions, but is used with %zu",
                   ir_buf_name(buffer), ir_rank(buffer), (size_t)n->nkids - first);
    for (size_t i = first; i < n->nkids; i++)
        if (n->kid[i]->type != DT_int64)
            return bad(v, n, "index %zu of buffer '%s' is %s, not int64", i - first,
                       ir_buf_name(buffer), dtype_name(n->kid[i]->type));
    return true;
}

static bool check_let(Verifier *v, const Node *n)
{
    const Node *var = n->kid[Let_var], *value = n->kid[Let_value], *body = n->kid[Let_body];
    uint32_t depth = v->depth, number = v->number;
    if (var->type != value->type || n->type != body->type)
        return bad(v, n, "the let of '%s' mixes types", ir_var_name(var));
    bool ok = check_expr(v, value) && bind_var(v, var, K_LET) && check_expr(v, body);
    pop_to(v, depth, number);
    return ok;
}

/* What a node other than Let asks of its own children's types. */
static bool check_types(Verifier *v, const Node *n)
{
    DType a = n->kid[0]->type, t = n->type;
    switch ((Op)n->op) {
    case OP_Neg:
        return a == t || bad(v, n, "the negation of %s cannot be %s", dtype_name(a), dtype_name(t));
    case OP_Not: return (a == DT_bool && t == DT_bool) || bad(v, n, "'not' on %s", dtype_name(a));
    case OP_Cast: return true;
    case OP_Select:
        return (a == DT_bool && n->kid[Select_a]->type == t && n->kid[Select_b]->type == t) ||
               bad(v, n, "a select mixes %s and %s", dtype_name(n->kid[Select_a]->type),
                   dtype_name(n->kid[Select_b]->type));
    case OP_Fma:
        return (dtype_is_float(t) && a == t && n->kid[Fma_b]->type == t &&
                n->kid[Fma_c]->type == t) ||
               bad(v, n, "fma works on three floats of one type");
    case OP_Call: return check_call(v, n);
    case OP_Load:
        return check_index(v, n, n->kid[Load_buffer], Load_index) &&
               (t == a || bad(v, n, "a load from '%s' has the wrong type", ir_buf_name(n->kid[0])));
    default: return check_binary(v, n);
    }
}

static bool check_expr(Verifier *v, const Node *n)
{
    if (n->op == OP_Var)
        return check_var(v, n);
    if (op_info[n->op].cls != CLASS_EXPR || n->type >= DT_COUNT)
        return bad(v, n, "a %s stands where a value is meant", op_info[n->op].name);
    if (n->op == OP_IntImm || n->op == OP_FloatImm)
        return check_literal(v, n);
    if (n->op == OP_StrImm)
        return bad(v, n, "a string stands outside an annotation");
    Slot *s = enter(v, n);
    if (s->kind == K_EXPR && s->value == v->number)
        return true;
    *s = (Slot){n, K_EXPR, v->number};
    if (!check_kids(v, n))
        return false;
    if (n->op == OP_Let)
        return check_let(v, n);
    if (!check_types(v, n))
        return false;
    for (size_t i = n->op == OP_Load ? Load_index : 0; i < n->nkids; i++)
        if (!check_expr(v, n->kid[i]))
            return false;
    return true;
}

/* ---- statements ---- */

static bool check_annots(Verifier *v, const Node *list)
{
    for (size_t i = 0; i < list->nkids; i++) {
        const Node *a = list->kid[i];
        if (a->op != OP_Annot || !(op_info[a->kid[Annot_value]->op].flags & OPF_IMM))
            return bad(v, list, "an annotation is no literal with a name");
    }
    return true;
}

static bool check_write(Verifier *v, const Node *n)
{
    const Node *buffer = n->kid[Store_buffer], *value = n->kid[Store_value];
    if (!check_index(v, n, buffer, Store_index) || !check_expr(v, value))
        return false;
    const Slot *s = slot_of(v, buffer);
    if (s->kind == K_PARAM)
        return bad(v, n, "the parameter '%s' is written", ir_buf_name(buffer));
    if (value->type != buffer->type)
        return bad(v, n, "%s is stored to '%s', which holds %s", dtype_name(value->type),
                   ir_buf_name(buffer), dtype_name(buffer->type));
    if (n->op == OP_Update && (n->at.i < 0 || n->at.i >= COMB_COUNT))
        return bad(v, n, "the update of '%s' has no combiner", ir_buf_name(buffer));
    if (n->op == OP_Update && n->at.i == COMB_fma &&
        (value->op != OP_Mul || !dtype_is_float(value->type)))
        return bad(v, n, "fma= on '%s' needs a product of floats", ir_buf_name(buffer));
    const Node *iters = v->block && s->value < v->wall ? v->block->kid[Block_iters] : NULL;
    for (size_t i = Store_index; i < n->nkids; i++) {
        if (!check_expr(v, n->kid[i]))
            return false;
        for (size_t k = 0; iters && k < iters->nkids; k++)
            if (iters->kid[k]->at.i == ITER_reduce &&
                ir_mentions(n->kid[i], iters->kid[k]->kid[Iter_var]))
                return bad(v, n, "the reduce axis '%s' is in the index of '%s', which is written",
                           ir_var_name(iters->kid[k]->kid[Iter_var]), ir_buf_name(buffer));
    }
    return true;
}

static bool check_for(Verifier *v, const Node *n)
{
    const Node *var = n->kid[For_var], *extent = n->kid[For_extent];
    ForKind kind = ir_for_kind(n);
    if (n->at.i < 0 || n->at.i >= FOR_COUNT)
        return bad(v, n, "the loop has no kind");
    if (var->type != DT_int64 || extent->type != DT_int64)
        return bad(v, n, "its variable or its extent is not int64");
    for (uint32_t i = 0; i < v->depth; i++)
        if (v->scope[i].kind == K_LOOP && same_name(v->scope[i].node, var))
            return bad(v, n, "two nested loops are named '%s'", ir_var_name(var));
    if (for_is_bound(kind) && (v->axes_bound & 1u << kind))
        return bad(v, n, "%s is bound by two nested loops", for_kind_text[kind]);
    if (!check_expr(v, extent) || !check_annots(v, n->kid[For_annots]))
        return false;
    uint32_t depth = v->depth, number = v->number;
    unsigned axes = v->axes_bound;
    v->axes_bound |= for_is_bound(kind) ? 1u << kind : 0;
    bool ok = bind_var(v, var, K_LOOP) && check_stmt(v, n->kid[For_body]);
    v->axes_bound = axes;
    pop_to(v, depth, number);
    return ok;
}

static bool check_iters(Verifier *v, const Node *iters)
{
    for (size_t i = 0; i < iters->nkids; i++) {
        const Node *it = iters->kid[i];
        if (it->op != OP_Iter)
            return bad(v, it, "axis %zu is no axis", i);
        if (it->kid[Iter_var]->type != DT_int64 || it->kid[Iter_value]->type != DT_int64)
            return bad(v, it, "the axis '%s' is not int64", ir_var_name(it->kid[Iter_var]));
        for (size_t j = 0; j < i; j++)
            if (same_name(iters->kid[j]->kid[Iter_var], it->kid[Iter_var]))
                return bad(v, it, "two axes are named '%s'", ir_var_name(it->kid[Iter_var]));
        if (!check_expr(v, it->kid[Iter_value]))
            return false;
    }
    return true;
}

static Interval value_under(const VarRange *known, size_t n, const Node *e)
{
    Known k = {.at = known, .n = n, .fuel = 20000};
    return interval_of(&k, e);
}

/* Are the reduce axes of the block, whose axes stand in the scope from `own` on, 0 in the first
** iteration of the loops? */
static bool check_first(Verifier *v, const Node *block, uint32_t own)
{
    VarRange few[FIRST_SCOPE],
        *first = v->depth <= FIRST_SCOPE ? few : ARENA_ARRAY(scratch(v), VarRange, v->depth);
    size_t n = 0;
    for (uint32_t i = 0; i < v->depth; i++) {
        const Scoped *s = &v->scope[i];
        if (s->kind != K_LOOP && (!s->value || (i >= own && s->kind != K_REDUCE)))
            continue;
        Interval at = s->value ? value_under(first, n, s->value) : (Interval){0, 0};
        first[n++] = (VarRange){s->node, at.lo, at.hi};
        if (i < own || (at.lo == 0 && at.hi == 0))
            continue;
        if (at.lo == at.hi)
            return bad(v, block, "the reduce axis '%s' begins at %lld, but init runs where it is 0",
                       ir_var_name(s->node), (long long)at.lo);
        return bad(v, block, "nothing says that the reduce axis '%s' begins at 0, where init runs",
                   ir_var_name(s->node));
    }
    return true;
}

/* Init starts an element before anything is combined into it: where all reduce axes are 0.  That
** must be so in the first iteration, and the condition must not keep it out; what it says of other
** axes and of loops is its own affair. */
static bool check_init(Verifier *v, const Node *block, uint32_t own)
{
    const Node *iters = block->kid[Block_iters], *where = block->kid[Block_where];
    if (block->kid[Block_init]->op == OP_Nop)
        return true;
    if (!check_first(v, block, own))
        return false;
    VarRange few[16],
        *zero = iters->nkids <= 16 ? few : ARENA_ARRAY(scratch(v), VarRange, iters->nkids);
    size_t n = 0;
    for (size_t i = 0; i < iters->nkids; i++)
        if (iters->kid[i]->at.i == ITER_reduce)
            zero[n++] = (VarRange){iters->kid[i]->kid[Iter_var], 0, 0};
    return value_under(zero, n, where).hi != 0 || value_under(NULL, 0, where).hi == 0 ||
           bad(v, block,
               "its condition keeps out where the reduce axes are 0, which is where init runs");
}

static bool check_block(Verifier *v, const Node *n)
{
    const Node *iters = n->kid[Block_iters], *where = n->kid[Block_where];
    if (!take_name(v, CLASS_STMT, ir_block_name(n)))
        return bad(v, n, "two blocks are named '%s'", ir_block_name(n));
    if (!check_iters(v, iters) || !check_annots(v, n->kid[Block_annots]))
        return false;
    if (where->type != DT_bool)
        return bad(v, n, "its condition is %s", dtype_name(where->type));
    uint32_t depth = v->depth, number = v->number, wall = v->wall;
    const Node *block = v->block;
    bool ok = true;
    for (size_t i = 0; ok && i < iters->nkids; i++) {
        ok = bind_var(v, iters->kid[i]->kid[Iter_var],
                      iters->kid[i]->at.i == ITER_reduce ? K_REDUCE : K_AXIS);
        v->scope[v->depth - 1].value = iters->kid[i]->kid[Iter_value];
    }
    /* The condition may speak of the loops around, too: a part of a split that does
    ** not divide is no axis. */
    ok = ok && check_expr(v, where) && check_init(v, n, depth);
    v->wall = depth;
    v->block = n;
    ok = ok && check_stmt(v, n->kid[Block_init]) && check_stmt(v, n->kid[Block_body]);
    v->wall = wall;
    v->block = block;
    pop_to(v, depth, number);
    return ok;
}

static bool check_alloc(Verifier *v, const Node *n)
{
    const Node *buffer = n->kid[Alloc_buffer], *window = n->kid[Alloc_window];
    const char *name = ir_buf_name(buffer);
    int64_t bytes = (int64_t)dtype_bytes((DType)buffer->type);
    if (window->nkids && window->nkids != ir_rank(buffer))
        return bad(v, n, "the window of '%s' has %u ranges for %zu dimensions", name,
                   (unsigned)window->nkids, ir_rank(buffer));
    for (size_t i = 0; i < window->nkids; i++) {
        const Node *r = window->kid[i];
        if (r->op != OP_Range || r->kid[Range_min]->type != DT_int64)
            return bad(v, n, "range %zu of the window of '%s' is not int64", i, name);
        if (!is_size(r->kid[Range_extent]))
            return bad(v, n, "extent %zu of the window of '%s' is no number of at least 0", i,
                       name);
        if (__builtin_mul_overflow(bytes, r->kid[Range_extent]->at.i, &bytes))
            return bad(v, n, "the window of '%s' has more bytes than 64 bits can count", name);
        if (!check_expr(v, r->kid[Range_min]))
            return false;
    }
    uint32_t depth = v->depth, number = v->number;
    bool ok = bind_buffer(v, buffer, K_ALLOC) && check_stmt(v, n->kid[Alloc_body]);
    pop_to(v, depth, number);
    return ok;
}

/* A Seq is as ir_seq makes it, or its text would not parse back to it. */
static bool check_seq(Verifier *v, const Node *n)
{
    if (n->nkids < 2)
        return bad(v, n, "a sequence of %u statements", (unsigned)n->nkids);
    for (size_t i = 0; i < n->nkids; i++) {
        if (n->kid[i]->op == OP_Seq || n->kid[i]->op == OP_Nop)
            return bad(v, n, "a sequence holds a %s: ir_seq drops it", op_info[n->kid[i]->op].name);
        if (!check_stmt(v, n->kid[i]))
            return false;
    }
    return true;
}

static bool check_if(Verifier *v, const Node *n)
{
    const Node *cond = n->kid[If_cond];
    if (cond->type != DT_bool)
        return bad(v, n, "a condition is %s", dtype_name(cond->type));
    return check_expr(v, cond) && check_stmt(v, n->kid[If_then]) &&
           check_stmt(v, n->kid[If_otherwise]);
}

static bool check_barrier(Verifier *v, const Node *n)
{
    for (int s = 0; s < SCOPE_COUNT; s++)
        if (strcmp(n->at.name, scope_name[s]) == 0)
            return true;
    return bad(v, n, "a barrier on '%s', which is no scope", n->at.name);
}

static bool check_stmt_kind(Verifier *v, const Node *n)
{
    switch ((Op)n->op) {
    case OP_Store:
    case OP_Update: return check_write(v, n);
    case OP_Seq: return check_seq(v, n);
    case OP_If: return check_if(v, n);
    case OP_For: return check_for(v, n);
    case OP_Block: return check_block(v, n);
    case OP_Alloc: return check_alloc(v, n);
    case OP_Barrier: return check_barrier(v, n);
    default: return bad(v, n, "a %s stands where a statement is meant", op_info[n->op].name);
    }
}

static bool check_stmt(Verifier *v, const Node *n)
{
    if (n->op == OP_Nop)
        return true;
    if (!check_kids(v, n))
        return false;
    Slot *s = enter(v, n);
    const Node *here = v->here;
    if (n->op == OP_For || n->op == OP_Block || n->op == OP_Alloc)
        v->here = n;
    if (s->kind != K_NONE)
        return bad(v, n, "a %s stands in two places", op_info[n->op].name);
    s->kind = K_STMT;
    bool ok = check_stmt_kind(v, n);
    v->here = here;
    return ok;
}

static bool check_params(Verifier *v, const Node *list, Kind kind)
{
    for (size_t i = 0; i < list->nkids; i++) {
        if (list->kid[i]->op != OP_Buffer || list->kid[i]->at.buf->scope != SCOPE_global)
            return bad(v, list->kid[i], "parameter %zu is no global buffer", i);
        if (!bind_buffer(v, list->kid[i], kind))
            return false;
    }
    return true;
}

bool ir_verify(const Node *func, Err *err)
{
    Slot slots[FIRST_SLOTS];
    NameSlot names[FIRST_NAMES];
    Scoped scope[FIRST_SCOPE];
    memset(slots, 0, sizeof slots);
    memset(names, 0, sizeof names);
    Verifier v = {.err = err,
                  .slots = slots,
                  .nslots = FIRST_SLOTS,
                  .names = names,
                  .nnames = FIRST_NAMES,
                  .scope = scope,
                  .scope_cap = FIRST_SCOPE,
                  .next = 1,
                  .here = func};
    if (func->op != OP_Func)
        return bad(&v, func, "this is a %s, not a whole program", op_info[func->op].name);
    if (func->depth > IR_MAX_DEPTH)
        return bad(&v, func, "nested %u deep, and at most %d is allowed", func->depth,
                   IR_MAX_DEPTH);
    bool ok = check_kids(&v, func) && check_params(&v, func->kid[Func_params], K_PARAM) &&
              check_params(&v, func->kid[Func_results], K_RESULT) &&
              check_stmt(&v, func->kid[Func_body]);
    arena_release(v.A);
    return ok;
}
