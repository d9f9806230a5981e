/* attention.c -- Attention and RotaryEmbedding, told in simpler operators, as by ONNX itself. */
#include <math.h>
#include <string.h>

#include "core/import/onnx/rule.h"

/* Nodes made one after the other; once one is refused, the rest are none. */
typedef struct Chain {
    Importer *im;
    OnnxNode *n;
    Err trouble;
    bool failed;
} Chain;

static bool finish(Chain *c, Err *err)
{
    return !c->failed || REFUSE(err, onnx_node, NULL, c->n->name, c->n->op_type, c->trouble.why);
}

static ValueId step(Chain *c, GraphOpId op, size_t nin, const ValueId *in, GArg arg)
{
    ValueId v = VALUE_NONE;
    if (!c->failed)
        c->failed = !helper(c->im, op, in, nin, &arg, arg.name != NULL, &v, &c->trouble);
    return v;
}

static ValueId one(Chain *c, GraphOpId op, ValueId x)
{
    return step(c, op, 1, &x, (GArg){0});
}

static ValueId two(Chain *c, GraphOpId op, ValueId a, ValueId b)
{
    return step(c, op, 2, (ValueId[]){a, b}, (GArg){0});
}

static ValueId three(Chain *c, GraphOpId op, ValueId a, ValueId b, ValueId d)
{
    return step(c, op, 3, (ValueId[]){a, b, d}, (GArg){0});
}

static ValueId joined(Chain *c, ValueId a, ValueId b, int64_t axis)
{
    return step(c, GOP_concat, 2, (ValueId[]){a, b},
                (GArg){"axis", {.kind = GA_INT, .at.i = axis}});
}

static ValueId ints(Chain *c, size_t n, const int64_t *v)
{
    return gb_const_ints(c->im->b, 1, v, n);
}
#define INTS(c, ...) \
    ints((c), sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (int64_t[]){__VA_ARGS__})

static ValueId integer(Chain *c, int64_t v)
{
    return gb_const_ints(c->im->b, 0, &v, 1);
}

static ValueId number(Chain *c, DType t, double v)
{
    ValueId id = VALUE_NONE;
    c->failed = c->failed || !make_number(c->im, t, v, &id, &c->trouble);
    return id;
}

static ValueId transpose(Chain *c, ValueId x, const int64_t perm[4])
{
    return step(c, GOP_transpose, 1, &x, (GArg){"perm", {.kind = GA_INTS, .n = 4, .at.is = perm}});
}

/* The size of one axis of x: a number. */
static ValueId size_of(Chain *c, ValueId x, int64_t axis)
{
    return two(c, GOP_gather, one(c, GOP_shape, x), integer(c, axis));
}

static ValueId count_to(Chain *c, ValueId end)
{
    return three(c, GOP_range, integer(c, 0), end, integer(c, 1));
}

/* ---- attention ---- */

enum { IN_Q, IN_K, IN_V, IN_MASK, IN_PAST_KEY, IN_PAST_VALUE, IN_LENGTHS };

typedef struct Heads {
    DType t;
    bool flat;     /* x[batch, sequence, heads * size], not x[batch, heads, sequence, size] */
    int64_t q, kv; /* how many */
    int64_t size;  /* of q's and k's */
} Heads;

static bool has(const OnnxNode *n, size_t i)
{
    return i < n->nin && n->in[i] != VALUE_NONE;
}

/* What must be known to tell an Attention: false, with n->why or an error, where it is not or
** cannot be. */
static bool read_heads(Importer *im, OnnxNode *n, Heads *h, bool *ok, Err *err)
{
    GType q = type_of(im, n, IN_Q), k = type_of(im, n, IN_K), v = type_of(im, n, IN_V),
          mask = type_of(im, n, IN_MASK);
    int64_t given[2] = {take_int(n, "q_num_heads", 0), take_int(n, "kv_num_heads", 0)};
    *ok = true;
    if (q.rank < 0 || k.rank < 0 || v.rank < 0 || (has(n, IN_MASK) && mask.rank < 0))
        return !unknown(n, "the ranks of its inputs are not known");
    *ok = (q.rank == 3 || q.rank == 4) && k.rank == q.rank && v.rank == q.rank &&
          (!has(n, IN_MASK) || (mask.rank >= 1 && mask.rank <= 4));
    if (!*ok)
        return REFUSE(err, onnx_node, NULL, n->name, n->op_type,
                      "its inputs have not 3 or 4 axes each, or its mask more");
    *h = (Heads){.t = q.dtype, .flat = q.rank == 3};
    h->q = h->flat ? given[0] : q.dim[1];
    h->kv = h->flat ? given[1] : k.dim[1];
    bool anew = h->q != h->kv; /* keys and values are laid out */
    if (!dim_known(h->q) || !dim_known(h->kv) || !dim_known(q.dim[q.rank - 1]) ||
        (anew && !(dim_known(k.dim[k.rank - 1]) && dim_known(v.dim[v.rank - 1]))))
        return !unknown(n, "how many heads of which size it has is not known");
    *ok = h->q > 0 && h->kv > 0 && h->q % h->kv == 0 && (!h->flat || q.dim[2] % h->q == 0);
    if (!*ok)
        return REFUSE(err, onnx_node, NULL, n->name, n->op_type, "its heads do not fit each other");
    h->size = h->flat ? q.dim[2] / h->q : q.dim[3];
    if (!dtype_is_float(q.dtype) || k.dtype != q.dtype || v.dtype != q.dtype ||
        (has(n, IN_MASK) && mask.dtype != q.dtype && mask.dtype != DT_bool))
        return !unknown(
            n, "inputs of several element types, or other than floats, are not known here");
    return true;
}

/* Input i with an axis for its heads: [batch, heads, sequence, size]. */
static ValueId with_heads(Chain *c, const Heads *h, size_t i)
{
    static const int64_t heads_first[4] = {0, 2, 1, 3};
    ValueId x = c->n->in[i];
    if (!h->flat)
        return x;
    x = two(c, GOP_reshape, x, INTS(c, 0, 0, i == IN_Q ? h->q : h->kv, -1));
    return transpose(c, x, heads_first);
}

/* Each head as often as heads of q share it, one beside the other. */
static ValueId shared(Chain *c, const Heads *h, ValueId x)
{
    if (h->q == h->kv || c->failed)
        return x;
    GType t = gb_value(c->im->b, x)->type;
    ValueId wide =
        two(c, GOP_expand, two(c, GOP_unsqueeze, x, INTS(c, 2)), INTS(c, 1, 1, h->q / h->kv, 1, 1));
    return two(c, GOP_reshape, wide, INTS(c, 0, h->q, -1, t.dim[3]));
}

static ValueId minus_infinity_unless(Chain *c, DType t, ValueId allowed)
{
    return three(c, GOP_where, allowed, number(c, t, 0), number(c, t, -INFINITY));
}

static ValueId sum(Chain *c, ValueId bias, ValueId more)
{
    return bias == VALUE_NONE ? more : two(c, GOP_add, bias, more);
}

/* The mask as something to add; what it does not reach at the end of the keys takes no part. */
static ValueId mask_bias(Chain *c, const Heads *h, ValueId keys)
{
    ValueId mask = c->n->in[IN_MASK];
    GType t = gb_value(c->im->b, mask)->type;
    if (t.dtype == DT_bool)
        mask = minus_infinity_unless(c, h->t, mask);
    if (c->failed || t.dim[t.rank - 1] == gb_value(c->im->b, keys)->type.dim[2])
        return mask;
    ValueId missing = two(c, GOP_sub, size_of(c, keys, 2), size_of(c, mask, t.rank - 1));
    missing = two(c, GOP_unsqueeze, missing, INTS(c, 0));
    ValueId pads = joined(c, INTS(c, 0), missing, 0);
    ValueId in[] = {mask, pads, number(c, h->t, -INFINITY), INTS(c, -1)};
    return step(c, GOP_pad, 4, in, (GArg){0});
}

/* What is added to the scores of query i and key j; VALUE_NONE: nothing.  `causal`: a query sees no
** key after its own place, which is i after the keys of the past, or counted from the end of each
** sequence's keys where its length is given. */
static ValueId bias_of(Chain *c, const Heads *h, bool causal, ValueId queries, ValueId keys)
{
    OnnxNode *n = c->n;
    ValueId bias = has(n, IN_MASK) ? mask_bias(c, h, keys) : VALUE_NONE;
    ValueId j = causal || has(n, IN_LENGTHS) ? count_to(c, size_of(c, keys, 2)) : VALUE_NONE;
    ValueId lengths = has(n, IN_LENGTHS)
                          ? two(c, GOP_unsqueeze, n->in[IN_LENGTHS], INTS(c, 1, 2, 3))
                          : VALUE_NONE;
    if (causal) {
        ValueId rows = size_of(c, queries, 2);
        ValueId i = two(c, GOP_unsqueeze, count_to(c, rows), INTS(c, 1));
        if (has(n, IN_PAST_KEY))
            i = two(c, GOP_add, i, size_of(c, n->in[IN_PAST_KEY], 2));
        else if (has(n, IN_LENGTHS))
            i = two(c, GOP_add, i, two(c, GOP_sub, lengths, rows));
        bias = sum(c, bias, minus_infinity_unless(c, h->t, two(c, GOP_less_or_equal, j, i)));
    }
    if (has(n, IN_LENGTHS))
        bias = sum(c, bias, minus_infinity_unless(c, h->t, two(c, GOP_less, j, lengths)));
    return bias;
}

static ValueId as(Chain *c, ValueId x, DType t, DType have)
{
    GArg to = {"to", {.kind = GA_DTYPE, .at.t = t}};
    return t == have ? x : step(c, GOP_cast, 1, &x, to);
}

/* Softmax in the type that was asked for; a query that sees no key gets 0 from all. */
static ValueId weights(Chain *c, const Heads *h, ValueId scores, ValueId bias, DType precision)
{
    ValueId w = as(c, one(c, GOP_softmax, as(c, scores, precision, h->t)), h->t, precision);
    if (bias == VALUE_NONE)
        return w;
    ValueId seen = two(c, GOP_reduce_max, bias, INTS(c, -1));
    ValueId none = two(c, GOP_equal, seen, number(c, h->t, -INFINITY));
    return three(c, GOP_where, none, number(c, h->t, 0), w);
}

typedef struct Options {
    bool causal;
    double scale, softcap;
    DType precision; /* of the softmax; DT_COUNT: one that is not known here */
    int64_t shown;   /* which step the fourth output shows */
} Options;

static Options read_options(OnnxNode *n, const Heads *h)
{
    OnnxAttr *type = take(n, "softmax_precision");
    return (Options){.causal = take_int(n, "is_causal", 0),
                     .scale = take_float(n, "scale", 1 / sqrt((double)h->size)),
                     .softcap = take_float(n, "softcap", 0),
                     .precision =
                         type && type->type == ATTR_INT_ ? onnx_dtype(type->value.at.i) : h->t,
                     .shown = take_int(n, "qk_matmul_output_mode", 0)};
}

bool rule_attention(Importer *im, OnnxNode *n, Err *err)
{
    static const int64_t keys_last[4] = {0, 1, 3, 2}, heads_second[4] = {0, 2, 1, 3};
    Chain c = {.im = im, .n = n};
    Heads h;
    bool ok;
    if (!read_heads(im, n, &h, &ok, err))
        return ok;
    Options o = read_options(n, &h);
    if (o.precision == DT_COUNT || !dtype_is_float(o.precision))
        return unknown(n, "its softmax_precision is not known here");
    ValueId q = with_heads(&c, &h, IN_Q), kv[2];
    for (size_t i = 0; i < 2; i++) {
        kv[i] = with_heads(&c, &h, IN_K + i);
        if (has(n, IN_PAST_KEY + i))
            kv[i] = joined(&c, n->in[IN_PAST_KEY + i], kv[i], 2);
    }
    ValueId root = number(&c, h.t, sqrt(o.scale)), stage[4];
    ValueId k = transpose(&c, shared(&c, &h, kv[0]), keys_last);
    stage[0] = two(&c, GOP_matmul, two(&c, GOP_mul, q, root), two(&c, GOP_mul, k, root));
    stage[1] = stage[0];
    if (o.softcap > 0) {
        ValueId cap = number(&c, h.t, o.softcap);
        stage[1] = two(&c, GOP_mul, one(&c, GOP_tanh, two(&c, GOP_div, stage[0], cap)), cap);
    }
    ValueId bias = bias_of(&c, &h, o.causal, q, kv[0]);
    stage[2] = sum(&c, bias, stage[1]);
    stage[3] = weights(&c, &h, stage[2], bias, o.precision);
    ValueId y = two(&c, GOP_matmul, stage[3], shared(&c, &h, kv[1]));
    if (h.flat)
        y = two(&c, GOP_reshape, transpose(&c, y, heads_second), INTS(&c, 0, 0, -1));
    make(im, n, 4);
    n->made[0] = y;
    n->made[1] = kv[0];
    n->made[2] = kv[1];
    n->made[3] = stage[o.shown >= 0 && o.shown < 4 ? o.shown : 0];
    return finish(&c, err);
}

/* ---- rotary embedding ---- */

/* Elements from, from + by, … below `to` of x's last axis, which has `size`. */
static ValueId part(Chain *c, ValueId x, int64_t from, int64_t to, int64_t by, int64_t size)
{
    if (from == 0 && to == size && by == 1)
        return x;
    return step(c, GOP_slice, 5,
                (ValueId[]){x, INTS(c, from), INTS(c, to), INTS(c, -1), INTS(c, by)}, (GArg){0});
}

/* The cosines or sines of each place, as x has them: [batch, 1, sequence, half], or with the 1
** third. */
static ValueId angles(Chain *c, size_t i, int64_t axis, int64_t half)
{
    ValueId v = c->n->in[i];
    GType t = gb_value(c->im->b, v)->type;
    v = part(c, v, 0, half, 1, t.rank > 0 ? t.dim[t.rank - 1] : DIM_ANY);
    if (has(c->n, 3))
        v = two(c, GOP_gather, v, c->n->in[3]);
    return two(c, GOP_unsqueeze, v, INTS(c, axis));
}

bool rule_rotary_embedding(Importer *im, OnnxNode *n, Err *err)
{
    Chain c = {.im = im, .n = n};
    GType t = type_of(im, n, 0);
    int64_t heads = take_int(n, "num_heads", 0), rotated = take_int(n, "rotary_embedding_dim", 0);
    bool pairs = take_int(n, "interleaved", 0), flat = t.rank == 3;
    if (!has(n, 1) || !has(n, 2))
        return REFUSE(err, onnx_node, NULL, n->name, n->op_type, "an input of it is missing");
    if (t.rank < 0 || !dim_known(t.dim[t.rank - 1]))
        return unknown(n, "the size of its heads is not known");
    int64_t size = t.dim[t.rank - 1] / (flat && heads > 0 ? heads : 1);
    rotated = rotated ? rotated : size;
    if ((t.rank != 3 && t.rank != 4) || (flat && (heads < 1 || t.dim[2] % heads)) || rotated < 2 ||
        rotated % 2 || rotated > size)
        return REFUSE(err, onnx_node, NULL, n->name, n->op_type, "its heads do not fit its input");
    int64_t half = rotated / 2, axis = flat ? 2 : 1;
    for (size_t i = 1; i < 3; i++) {
        GType v = type_of(im, n, i);
        if (v.rank > 0 && dim_known(v.dim[v.rank - 1]) && v.dim[v.rank - 1] < half)
            return REFUSE(err, onnx_node, NULL, n->name, n->op_type,
                          "it has fewer angles than pairs to turn");
    }
    ValueId x = flat ? two(&c, GOP_reshape, n->in[0], INTS(&c, 0, 0, heads, size)) : n->in[0];
    ValueId a = part(&c, x, 0, pairs ? rotated : half, pairs ? 2 : 1, size);
    ValueId b = part(&c, x, pairs ? 1 : half, rotated, pairs ? 2 : 1, size);
    ValueId cosine = angles(&c, 1, axis, half), sine = angles(&c, 2, axis, half), turned[2];
    turned[0] = two(&c, GOP_sub, two(&c, GOP_mul, cosine, a), two(&c, GOP_mul, sine, b));
    turned[1] = two(&c, GOP_add, two(&c, GOP_mul, sine, a), two(&c, GOP_mul, cosine, b));
    for (int i = 0; pairs && i < 2; i++)
        turned[i] = two(&c, GOP_unsqueeze, turned[i], INTS(&c, 4));
    ValueId y = joined(&c, turned[0], turned[1], -1);
    if (pairs)
        y = two(&c, GOP_reshape, y, INTS(&c, 0, 0, 0, rotated));
    if (rotated < size)
        y = joined(&c, y, part(&c, x, rotated, size, 1, size), -1);
    if (flat)
        y = two(&c, GOP_reshape, y, INTS(&c, 0, 0, -1));
    make(im, n, 1);
    n->made[0] = y;
    return finish(&c, err);
}
