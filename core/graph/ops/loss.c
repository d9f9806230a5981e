/* loss.c -- what the logarithms of probabilities cost where the right class is known. */
#include <string.h>

#include "core/graph/infer.h"
#include "core/graph/ops/lower.h"

enum { IN_x, IN_target, IN_weight };

bool infer_nll_loss(GraphCall *c)
{
    static const char *const ways[] = {"none", "sum", "mean"};
    GType x = call_type(c, IN_x), target = call_type(c, IN_target);
    const char *way = call_str(c, A_negative_log_likelihood_loss_reduction);
    bool known = false, fits = x.rank >= 2 && target.rank == x.rank - 1;
    for (int i = 0; i < 3; i++)
        known |= !strcmp(ways[i], way);
    if (!known)
        return call_refuse(c, "reduction '%s' is none of none, sum and mean", way);
    for (int d = 0; fits && d < target.rank; d++) {
        int64_t want = x.dim[d ? d + 1 : 0];
        fits = !dim_known(want) || !dim_known(target.dim[d]) || want == target.dim[d];
    }
    if (!fits)
        return call_refuse(c, "x is %s and its target %s: the target is as x without its axis 1",
                           gtype_text(c->A, NULL, x), gtype_text(c->A, NULL, target));
    if (!call_list_of(c, IN_weight, x.dim[1]))
        return false;
    call_out(c, 0, x.dtype, way[0] == 'n' ? target.rank : 0, target.dim);
    return true;
}

/* What one target costs, and what it weighs: both 0 where it does not count. */
static void cost(LowerCall *l, const Axes *ax, const Node **loss, const Node **weight)
{
    GType x = lower_type(l, IN_x);
    const GAttr *ignore = call_attr(&l->call, A_negative_log_likelihood_loss_ignore_index);
    const Node *index[GRAPH_MAX_RANK] = {ax->at[0]}, *zero = te_num(l->te, x.dtype, 0);
    const Node *target = te_cast(l->te, DT_int64, lower_at(l, IN_target, ax->at));
    index[1] = target;
    memcpy(index + 2, ax->at + 1, (size_t)(x.rank - 2) * sizeof *index);
    *weight =
        call_has(&l->call, IN_weight) ? lower_at(l, IN_weight, &target) : te_num(l->te, x.dtype, 1);
    *loss = te_mul(l->te, te_sub(l->te, zero, lower_at(l, IN_x, index)), *weight);
    if (ignore->kind == GA_INT) {
        const Node *counts = te_op(l->te, OP_Ne, target, ix(l, ignore->at.i));
        *loss = te_select(l->te, counts, *loss, zero);
        *weight = te_select(l->te, counts, *weight, zero);
    }
}

bool lower_nll_loss(LowerCall *l)
{
    GType target = lower_type(l, IN_target);
    const Node *loss, *weight;
    char way = call_str(&l->call, A_negative_log_likelihood_loss_reduction)[0];
    if (way == 'n') {
        Axes ax = lower_axes_of(l, target);
        cost(l, &ax, &loss, &weight);
        lower_out(l, 0, &ax, loss);
        return true;
    }
    Axes none = {0}, all = lower_reduce_axes(l, target.rank, target.dim, NULL);
    cost(l, &all, &loss, &weight);
    const Node *sum = lower_reduce(l, way == 's' ? NULL : "sum", COMB_sum, &none, &all, loss);
    l->out[0] = sum;
    if (way == 's')
        return true;
    all = lower_reduce_axes(l, target.rank, target.dim, NULL);
    cost(l, &all, &loss, &weight);
    const Node *weights = lower_reduce(l, "weights", COMB_sum, &none, &all, weight);
    lower_out(l, 0, &none,
              te_div(l->te, te_load(l->te, sum, 0, NULL), te_load(l->te, weights, 0, NULL)));
    return true;
}
