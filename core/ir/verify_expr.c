/* verify_expr.c -- are expressions well formed: do types fit, do functions exist, and is what they
** name in scope? */
#include "core/ir/mathfn.h"
#include "core/ir/verify_impl.h"

bool verify_kids(Verifier *v, const Node *n)
{
    const OpInfo *info = &op_info[n->op];
    const KidInfo *rest = &info->kids[info->nkids];
    bool ok = n->nkids == info->nkids || (n->nkids > info->nkids && rest->rest);
    size_t i = 0;
    for (; ok && i < info->nkids; i++)
        ok = ir_class_fits(info->kids[i].cls, n->kid[i]);
    for (; ok && i < n->nkids; i++)
        ok = ir_class_fits(rest->cls, n->kid[i]);
    return ok || verify_bad(v, n, "%s %s has children that it cannot have", article(info->name),
                            info->name);
}

static bool check_literal(Verifier *v, const Node *n)
{
    if (n->op == OP_IntImm && n->type == DT_int64)
        return true;
    bool is_float = dtype_is_float(n->type);
    if (is_float != (n->op == OP_FloatImm))
        return verify_bad(v, n, "a literal has the type %s of the other kind", dtype_name(n->type));
    if (!is_float && dtype_wrap(n->type, n->at.i) != n->at.i)
        return verify_bad(v, n, "the literal %lld does not fit %s", (long long)n->at.i,
                          dtype_name(n->type));
    if (n->type == DT_float32 && (double)(float)n->at.f != n->at.f && n->at.f == n->at.f)
        return verify_bad(v, n, "the literal %.17g is not rounded to float32", n->at.f);
    return true;
}

static bool check_binary(Verifier *v, const Node *n)
{
    const OpInfo *info = &op_info[n->op];
    DType t = n->kid[0]->type;
    bool gives_bool = info->flags & (OPF_COMPARE | OPF_LOGIC);
    if (n->kid[1]->type != t)
        return verify_bad(v, n, "'%s' joins %s and %s", info->symbol, dtype_name(t),
                          dtype_name(n->kid[1]->type));
    if (n->type != (gives_bool ? DT_bool : t))
        return verify_bad(v, n, "'%s' on %s cannot give %s", info->symbol, dtype_name(t),
                          dtype_name(n->type));
    if (((info->flags & OPF_INT) && dtype_is_float(t)) ||
        ((info->flags & OPF_LOGIC) && t != DT_bool))
        return verify_bad(v, n, "'%s' does not work on %s", info->symbol, dtype_name(t));
    return true;
}

/* Functions beyond calls.def are those of math.def, which take and give one float
** type, and there are no others. */
static bool check_call(Verifier *v, const Node *n)
{
    const CallRow *row = call_find(n->at.name);
    if (n->nkids == 0 || (row && row->args != n->nkids))
        return verify_bad(v, n, "%s is called with %u arguments", n->at.name, (unsigned)n->nkids);
    const MathFn *fn = row ? NULL : math_find(n->at.name, (DType)n->type);
    if (!row && (!fn || fn->nargs != (int)n->nkids))
        return REFUSE(v->err, unknown_function, n, n->at.name, (size_t)n->nkids, plural(n->nkids),
                      dtype_name((DType)n->type));
    DType in = n->kid[0]->type, out = n->type;
    CallDomain domain = row ? row->domain : DOM_FLOAT;
    bool ok = in == out && dtype_is_float(in);
    if (domain == DOM_TEST)
        ok = out == DT_bool && dtype_is_float(in);
    else if (domain == DOM_SIGNED)
        ok = in == out && (dtype_is_float(in) || dtype_is_signed(in));
    else if (domain == DOM_BITS)
        ok = dtype_info[in].bits == dtype_info[out].bits;
    for (size_t i = 1; i < n->nkids; i++)
        ok = ok && n->kid[i]->type == in;
    return ok || verify_bad(v, n, "%s takes %s and cannot give %s", n->at.name, dtype_name(in),
                            dtype_name(out));
}

bool verify_index(Verifier *v, const Node *n, const Node *buffer, size_t first)
{
    if (!verify_buffer(v, buffer))
        return false;
    if (n->nkids - first != ir_rank(buffer))
        return verify_bad(v, n, "buffer '%s' has rank %zu, but is used with %zu",
                          ir_buf_name(buffer), ir_rank(buffer), (size_t)n->nkids - first);
    for (size_t i = first; i < n->nkids; i++)
        if (n->kid[i]->type != DT_int64)
            return verify_bad(v, n, "index %zu of buffer '%s' is %s, not int64", i - first,
                              ir_buf_name(buffer), dtype_name(n->kid[i]->type));
    return true;
}

static bool check_let(Verifier *v, const Node *n)
{
    const Node *var = n->kid[Let_var], *value = n->kid[Let_value], *body = n->kid[Let_body];
    uint32_t depth = v->depth, number = v->number;
    if (var->type != value->type || n->type != body->type)
        return verify_bad(v, n, "the let of '%s' mixes types", ir_var_name(var));
    bool ok = verify_expr(v, value) && verify_bind_var(v, var, K_LET) && verify_expr(v, body);
    verify_pop(v, depth, number);
    return ok;
}

/* What a node other than Let asks of its own children's types. */
static bool check_types(Verifier *v, const Node *n)
{
    DType a = n->kid[0]->type, t = n->type;
    switch ((Op)n->op) {
    case OP_Neg:
        return a == t ||
               verify_bad(v, n, "the negation of %s cannot be %s", dtype_name(a), dtype_name(t));
    case OP_Not:
        return (a == DT_bool && t == DT_bool) || verify_bad(v, n, "'not' on %s", dtype_name(a));
    case OP_Cast: return true;
    case OP_Select:
        return (a == DT_bool && n->kid[Select_a]->type == t && n->kid[Select_b]->type == t) ||
               verify_bad(v, n, "a select mixes %s and %s", dtype_name(n->kid[Select_a]->type),
                          dtype_name(n->kid[Select_b]->type));
    case OP_Fma:
        return (dtype_is_float(t) && a == t && n->kid[Fma_b]->type == t &&
                n->kid[Fma_c]->type == t) ||
               verify_bad(v, n, "fma works on three floats of one type");
    case OP_Call: return check_call(v, n);
    case OP_Load:
        return verify_index(v, n, n->kid[Load_buffer], Load_index) &&
               (t == a ||
                verify_bad(v, n, "a load from '%s' has the wrong type", ir_buf_name(n->kid[0])));
    default: return check_binary(v, n);
    }
}

enum { SMALL = 16 }; /* nodes; an expression of so few is as quickly looked at as looked up */

/* Apart from verify_expr, for most expressions are leaves, and need no such frame. */
__attribute__((noinline)) static bool check_inner(Verifier *v, const Node *n)
{
    if (n->size > SMALL) {
        Slot *s = verify_enter(v, n);
        if (s->kind == K_EXPR && s->value == v->number)
            return true;
        *s = (Slot){n, K_EXPR, v->number};
    }
    if (!verify_kids(v, n))
        return false;
    if (n->op == OP_Let)
        return check_let(v, n);
    if (!check_types(v, n))
        return false;
    for (size_t i = n->op == OP_Load ? Load_index : 0; i < n->nkids; i++)
        if (!verify_expr(v, n->kid[i]))
            return false;
    return true;
}

bool verify_expr(Verifier *v, const Node *n)
{
    if (n->op == OP_Var)
        return verify_var(v, n);
    if (op_info[n->op].cls != CLASS_EXPR || n->type >= DT_COUNT)
        return verify_bad(v, n, "%s %s stands where a value is meant", article(op_info[n->op].name),
                          op_info[n->op].name);
    if (n->op == OP_IntImm || n->op == OP_FloatImm)
        return check_literal(v, n);
    if (n->op == OP_StrImm)
        return verify_bad(v, n, "a string stands outside an annotation");
    return check_inner(v, n);
}
