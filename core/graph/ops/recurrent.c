/* recurrent.c -- RNN, GRU and LSTM, one step after the other.
**
** A stage reads only stages before it, so the steps are laid out: all products with the input are
** one stage, and each step has a stage for its products with the state before and one for each new
** state.
**
**      lstm1.x[d, t, b, g] = sum(i, X[t, b, i] * W[d, g, i])
**      lstm1.r1[b, g]      = sum(k, lstm1.h0[b, k] * R[0, g, k])
**      lstm1.c1[b, j]      = forget * lstm1.c0[b, j] + input * candidate
**      lstm1.h1[b, j]      = output * tanh(lstm1.c1[b, j])
**      Y[t, 0, b, j]       = lstm1.h0[b, j] where t is 0, lstm1.h1[b, j] where it is 1, …
**
** So the sequence's length is bounded; a program that loops over time needs more than expressions.
*/
#include <string.h>

#include "core/graph/infer.h"
#include "core/graph/ops/lower.h"

enum { MOST_STAGES = IR_MAX_DEPTH - 64 }; /* each has its memory inside the one before */
enum { IN_x, IN_w, IN_r, IN_b, IN_lens, IN_h, IN_c, IN_p }; /* of all three operators */

typedef struct Recurrent {
    int gates;
    bool batch_first, reverse;
    int64_t steps, batch, width, hidden, directions;
} Recurrent;

/* ---- types ---- */

static int gates_of(const GraphCall *c)
{
    return gnode_is(c->node, GOP_lstm) ? 4 : gnode_is(c->node, GOP_gru) ? 3 : 1;
}

/* Reads sizes and direction, where they are known; the attributes' places are the same for all. */
static bool read(GraphCall *c, Recurrent *r)
{
    static const char *const names[] = {"forward", "reverse", "bidirectional"};
    GType x = call_type(c, IN_x), w = call_type(c, IN_r);
    const char *direction = call_str(c, A_rnn_direction);
    int way = 0;
    while (way < 3 && strcmp(names[way], direction) != 0)
        way++;
    if (way == 3)
        return call_refuse(c, "direction '%s' is none of forward, reverse and bidirectional",
                           direction);
    if (x.rank != 3 || w.rank != 3)
        return call_refuse(c, "x is %s and r %s: both need three dimensions",
                           gtype_text(c->A, NULL, x), gtype_text(c->A, NULL, w));
    bool batch_first = call_int(c, A_rnn_layout);
    *r = (Recurrent){.gates = gates_of(c),
                     .batch_first = batch_first,
                     .reverse = way == 1,
                     .directions = way == 2 ? 2 : 1,
                     .steps = x.dim[batch_first],
                     .batch = x.dim[!batch_first],
                     .width = x.dim[2],
                     .hidden = w.dim[2]};
    return true;
}

static bool shape_is(GraphCall *c, size_t i, int rank, const int64_t *dim)
{
    if (!call_has(c, i))
        return true;
    GType t = call_type(c, i);
    bool fits = t.rank == rank;
    for (int d = 0; fits && d < rank; d++)
        fits = t.dim[d] == dim[d] || !dim_known(t.dim[d]) || !dim_known(dim[d]);
    return fits || call_refuse(c, "its %s is %s, not %s", c->node->op->in[i].name,
                               gtype_text(c->A, NULL, t),
                               gtype_text(c->A, NULL, (GType){t.dtype, (int8_t)rank, dim}));
}

/* [directions, batch, hidden] as the layout has it. */
static void state_shape(const Recurrent *r, int64_t dim[3])
{
    dim[r->batch_first] = r->directions;
    dim[!r->batch_first] = r->batch;
    dim[2] = r->hidden;
}

bool infer_recurrent(GraphCall *c)
{
    Recurrent r;
    if (!read(c, &r))
        return false;
    int64_t rows = dim_known(r.hidden) ? r.gates * r.hidden : DIM_ANY;
    int64_t two = dim_known(rows) ? 2 * rows : DIM_ANY, state[3];
    int64_t y[4] = {r.steps, r.directions, r.batch, r.hidden};
    const GAttr *hidden = call_attr(c, A_rnn_hidden_size);
    state_shape(&r, state);
    if (r.batch_first)
        memcpy(y, (int64_t[]){r.batch, r.steps, r.directions, r.hidden}, sizeof y);
    if (hidden->kind == GA_INT && dim_known(r.hidden) && hidden->at.i != r.hidden)
        return call_refuse(c, "hidden_size is %lld, but r is made for %lld",
                           (long long)hidden->at.i, (long long)r.hidden);
    if (!shape_is(c, IN_w, 3, (int64_t[]){r.directions, rows, r.width}) ||
        !shape_is(c, IN_r, 3, (int64_t[]){r.directions, rows, r.hidden}) ||
        !shape_is(c, IN_b, 2, (int64_t[]){r.directions, two}) ||
        !call_list_of(c, IN_lens, r.batch) || !shape_is(c, IN_h, 3, state) ||
        !shape_is(c, IN_c, 3, state) ||
        !shape_is(c, IN_p, 2,
                  (int64_t[]){r.directions, dim_known(r.hidden) ? 3 * r.hidden : DIM_ANY}))
        return false;
    DType t = (DType)call_type(c, IN_x).dtype;
    call_out(c, 0, t, 4, y);
    call_out(c, 1, t, 3, state);
    call_out(c, 2, t, 3, state);
    return true;
}

int64_t flops_recurrent(GraphCall *c)
{
    Recurrent r;
    if (!read(c, &r))
        return -1;
    int64_t products = flops_times(r.steps * r.batch, r.directions * r.gates * r.hidden);
    return flops_times(2 * products, r.width + r.hidden);
}

/* ---- what a step is made of ---- */

/* A step of one direction on its way. */
typedef struct Step {
    LowerCall *l;
    const Recurrent *r;
    const char *activation[3]; /* formulas of this direction's functions */
    const Node *products;      /* of the input, for all steps: [d, t, b, gate * hidden + j] */
    int64_t way, at;           /* which direction; how many steps were made */
    const Node *time;          /* the index of the step in x */
    const Node *h, *c;         /* the states before, stages [b, j]; NULL at the first step */
    const Node
        *recurrent; /* products of the state before, a stage [b, gate * hidden + j]; NULL: 0 */
    Axes ax;        /* b, j of the stage being made */
} Step;

static const char *const axis_names[] = {"b", "j"};

static Axes state_axes(LowerCall *l, const Recurrent *r, int64_t width)
{
    return lower_axes(l, 2, (int64_t[]){r->batch, width}, axis_names);
}

static const Node *zero(LowerCall *l)
{
    return te_num(l->te, lower_type(l, 0).dtype, 0);
}

/* The state before this step, `initial` the input that says what it is at first; NULL where that is
 * 0. */
static const Node *before(const Step *s, const Node *stage, size_t initial, const Node *b,
                          const Node *j)
{
    if (stage)
        return te_load(s->l->te, stage, 2, (const Node *[]){b, j});
    if (!call_has(&s->l->call, initial))
        return NULL;
    const Node *index[3] = {NULL, NULL, j};
    index[s->r->batch_first] = ix(s->l, s->way);
    index[!s->r->batch_first] = b;
    return lower_at(s->l, initial, index);
}

static const Node *plus(LowerCall *l, const Node *a, const Node *b)
{
    return !a ? b : !b ? a : te_add(l->te, a, b);
}

/* Element j of gate g in a list of rows like w's (from row `first` on) of input i; NULL if it is
 * absent. */
static const Node *parameter(const Step *s, size_t i, int64_t first, int g)
{
    if (!call_has(&s->l->call, i))
        return NULL;
    const Node *row = ix_add(s->l->call.A, s->ax.at[1], ix(s->l, (first + g) * s->r->hidden));
    return lower_at(s->l, i, (const Node *[]){ix(s->l, s->way), row});
}

/* What gate g gets from the input, with its bias / from the state before, with its own; NULL: 0. */
static const Node *from_input(const Step *s, int g)
{
    const Node *row = ix_add(s->l->call.A, s->ax.at[1], ix(s->l, g * s->r->hidden));
    const Node *x = te_load(s->l->te, s->products, 4,
                            (const Node *[]){ix(s->l, s->way), s->time, s->ax.at[0], row});
    return plus(s->l, x, parameter(s, IN_b, 0, g));
}

static const Node *from_state(const Step *s, const Node *recurrent, int g)
{
    const Node *row = ix_add(s->l->call.A, s->ax.at[1], ix(s->l, g * s->r->hidden));
    const Node *h =
        recurrent ? te_load(s->l->te, recurrent, 2, (const Node *[]){s->ax.at[0], row}) : NULL;
    return plus(s->l, h, parameter(s, IN_b, s->r->gates, g));
}

static const Node *activated(const Step *s, int which, const Node *e)
{
    const GAttr *clip = call_attr(&s->l->call, A_rnn_clip);
    DType t = (DType)e->type;
    if (clip->kind == GA_FLOAT)
        e = te_op(s->l->te, OP_Max, te_op(s->l->te, OP_Min, e, te_num(s->l->te, t, clip->at.f)),
                  te_num(s->l->te, t, -clip->at.f));
    return lower_formula(s->l, s->activation[which], t, 1, (FormulaArg[]){{"x", e}});
}

/* The products of `from`[b, k] with rows [first, first + n) of r; their stage has all rows' places.
 */
static const Node *state_products(const Step *s, const char *name, const Node *stage, int64_t first,
                                  int64_t n)
{
    LowerCall *l = s->l;
    Axes ax = state_axes(l, s->r, n), k = lower_reduce_axes(l, 1, &s->r->hidden, NULL);
    const Node *h = before(s, stage, IN_h, ax.at[0], k.at[0]);
    const Node *row = ix_add(l->call.A, ax.at[1], ix(l, first));
    const Node *w = lower_at(l, IN_r, (const Node *[]){ix(l, s->way), row, k.at[0]});
    return lower_reduce(l, name, COMB_sum, &ax, &k, te_mul(l->te, h, w));
}

static const char *stage_name(const Step *s, const char *what)
{
    bool back = s->r->directions == 2 ? s->way == 1 : s->r->reverse;
    return arena_printf(s->l->call.A, "%s%s%lld", back ? "back_" : "", what, (long long)s->at);
}

/* A new state: where a sequence has ended, the old one stays. */
static const Node *new_state(const Step *s, const char *what, const Node *e, const Node *old,
                             size_t initial)
{
    LowerCall *l = s->l;
    if (call_has(&l->call, IN_lens)) {
        const Node *len = te_cast(l->te, DT_int64, lower_at(l, IN_lens, s->ax.at));
        const Node *was = before(s, old, initial, s->ax.at[0], s->ax.at[1]);
        e = te_select(l->te, te_op(l->te, OP_Lt, s->time, len), e, was ? was : zero(l));
    }
    return lower_stage(l, stage_name(s, what), &s->ax, e);
}

enum { GRU_UPDATE, GRU_RESET, GRU_HIDDEN };
enum { LSTM_INPUT, LSTM_OUTPUT, LSTM_FORGET, LSTM_CELL }; /* the peepholes too, but for the last */

/* ---- the three kinds of step: each sets s->h (and s->c); false where a function is not known ----
 */

static bool rnn_step(Step *s)
{
    s->ax = state_axes(s->l, s->r, s->r->hidden);
    const Node *e = activated(s, 0, plus(s->l, from_input(s, 0), from_state(s, s->recurrent, 0)));
    s->h = e ? new_state(s, "h", e, s->h, IN_h) : NULL;
    return e;
}

static const Node *gru_gate(const Step *s, int g)
{
    return activated(s, 0, plus(s->l, from_input(s, g), from_state(s, s->recurrent, g)));
}

/* What the new state of a GRU gets from the old one: reset after it is multiplied, or before, which
** takes two stages more. */
static bool reset_state(Step *s, const Node **from)
{
    LowerCall *l = s->l;
    const Node *bias, *reset, *h;
    *from = NULL;
    if (call_int(&l->call, A_gru_linear_before_reset)) {
        s->ax = state_axes(l, s->r, s->r->hidden);
        h = from_state(s, s->recurrent, GRU_HIDDEN);
        if (!h)
            return true;
        reset = gru_gate(s, GRU_RESET);
        *from = reset ? te_mul(l->te, reset, h) : NULL;
        return reset;
    }
    if (s->recurrent) {
        s->ax = state_axes(l, s->r, s->r->hidden);
        reset = gru_gate(s, GRU_RESET);
        if (!reset)
            return false;
        h = before(s, s->h, IN_h, s->ax.at[0], s->ax.at[1]);
        h = lower_stage(l, stage_name(s, "reset"), &s->ax, te_mul(l->te, reset, h));
        h = state_products(s, stage_name(s, "g"), h, GRU_HIDDEN * s->r->hidden, s->r->hidden);
        s->ax = state_axes(l, s->r, s->r->hidden);
        *from = te_load(l->te, h, 2, s->ax.at);
    } else {
        s->ax = state_axes(l, s->r, s->r->hidden);
    }
    bias = parameter(s, IN_b, s->r->gates, GRU_HIDDEN);
    *from = plus(l, *from, bias);
    return true;
}

static bool gru_step(Step *s)
{
    LowerCall *l = s->l;
    const Node *from;
    if (!reset_state(s, &from))
        return false;
    const Node *now = activated(s, 1, plus(l, from_input(s, GRU_HIDDEN), from));
    const Node *update = gru_gate(s, GRU_UPDATE);
    if (!now || !update)
        return false;
    const Node *old = before(s, s->h, IN_h, s->ax.at[0], s->ax.at[1]);
    FormulaArg arg[] = {{"n", now}, {"u", update}, {"h", old ? old : zero(l)}};
    const Node *e = lower_formula(l, "(1 - u) * n + u * h", (DType)now->type, 3, arg);
    s->h = new_state(s, "h", e, s->h, IN_h);
    return true;
}

/* Gate g of an LSTM, which may look at a cell's state through its peephole. */
static const Node *lstm_gate(const Step *s, int g, const Node *cell)
{
    const Node *e = plus(s->l, from_input(s, g), from_state(s, s->recurrent, g));
    const Node *peep = g != LSTM_CELL && cell ? parameter(s, IN_p, 0, g) : NULL;
    if (peep)
        e = te_add(s->l->te, e, te_mul(s->l->te, peep, cell));
    return activated(s, g == LSTM_CELL, e);
}

static bool lstm_step(Step *s)
{
    LowerCall *l = s->l;
    s->ax = state_axes(l, s->r, s->r->hidden);
    const Node *old = before(s, s->c, IN_c, s->ax.at[0], s->ax.at[1]);
    const Node *in = lstm_gate(s, LSTM_INPUT, old), *keep = lstm_gate(s, LSTM_FORGET, old);
    const Node *now = lstm_gate(s, LSTM_CELL, NULL);
    if (!in || !keep || !now)
        return false;
    const Node *e = plus(l, old ? te_mul(l->te, keep, old) : NULL, te_mul(l->te, in, now));
    s->c = new_state(s, "c", e, s->c, IN_c);
    s->ax = state_axes(l, s->r, s->r->hidden);
    const Node *cell = te_load(l->te, s->c, 2, s->ax.at), *out = lstm_gate(s, LSTM_OUTPUT, cell);
    const Node *seen =
        lower_formula(l, s->activation[2], (DType)cell->type, 1, (FormulaArg[]){{"x", cell}});
    if (!out || !seen)
        return false;
    s->h = new_state(s, "h", te_mul(l->te, out, seen), s->h, IN_h);
    return true;
}

/* ---- the whole ---- */

/* How many functions a direction has. */
static int functions(const Recurrent *r)
{
    return r->gates == 4 ? 3 : r->gates == 3 ? 2 : 1;
}

/* The activation functions of all directions, as formulas: operators' names, one after the other.
 */
static bool read_activations(LowerCall *l, const Recurrent *r, const char **out)
{
    static const char *const usual[] = {"Sigmoid", "Tanh", "Tanh"};
    int each = functions(r);
    const char *text = call_str(&l->call, A_rnn_activations);
    for (int64_t i = 0; i < each * r->directions; i++) {
        size_t n = strcspn(text, " ");
        const char *name = n ? arena_strndup(l->call.A, text, n) : usual[each == 1 ? 1 : i % each];
        const GraphOp *op = graph_op_find(name);
        out[i] = op && op->fuse == FUSE_ELEMENTWISE && op->nin == 1 && !op->nattrs
                     ? lower_formula_of(op, lower_type(l, 0).dtype)
                     : NULL;
        if (!out[i])
            return call_cannot(&l->call, "the activation %s is not known", name);
        text += n + strspn(text + n, " ");
    }
    return !*text || call_refuse(&l->call, "it has more activations than gates");
}

static const Node *input_products(LowerCall *l, const Recurrent *r)
{
    static const char *const names[] = {"d", "t", "b", "g"};
    Axes ax = lower_axes(l, 4, (int64_t[]){r->directions, r->steps, r->batch, r->gates * r->hidden},
                         names);
    Axes k = lower_reduce_axes(l, 1, &r->width, NULL);
    const Node *x[3] = {NULL, NULL, k.at[0]}, *w[3] = {ax.at[0], ax.at[3], k.at[0]};
    x[r->batch_first] = ax.at[1];
    x[!r->batch_first] = ax.at[2];
    return lower_reduce(l, "x", COMB_sum, &ax, &k,
                        te_mul(l->te, lower_at(l, IN_x, x), lower_at(l, IN_w, w)));
}

/* stage[i][b, j] for the index i, by halves. */
static const Node *choose(LowerCall *l, const Node *const *stage, int64_t from, int64_t to,
                          const Node *i, const Node *const *bj)
{
    if (to - from == 1)
        return te_load(l->te, stage[from], 2, bj);
    int64_t middle = from + (to - from) / 2;
    return te_select(l->te, te_op(l->te, OP_Lt, i, ix(l, middle)),
                     choose(l, stage, from, middle, i, bj), choose(l, stage, middle, to, i, bj));
}

static void all_outputs(LowerCall *l, const Recurrent *r, const Node *const *h)
{
    static const char *const names[2][4] = {{"t", "d", "b", "j"}, {"b", "t", "d", "j"}};
    Axes ax = lower_axes(l, 4, lower_out_type(l, 0).dim, names[r->batch_first]);
    const Node *t = ax.at[r->batch_first], *d = ax.at[1 + r->batch_first],
               *b = ax.at[r->batch_first ? 0 : 2];
    const Node *at = ix_add(l->call.A, ix_mul(l->call.A, d, ix(l, r->steps)), t),
               *bj[] = {b, ax.at[3]};
    const Node *e = choose(l, h, 0, r->directions * r->steps, at, bj);
    if (call_has(&l->call, IN_lens)) {
        const Node *len = te_cast(l->te, DT_int64, lower_at(l, IN_lens, &b));
        e = te_select(l->te, te_op(l->te, OP_Lt, t, len), e, zero(l));
    }
    lower_out(l, 0, &ax, e);
}

static void last_state(LowerCall *l, const Recurrent *r, size_t k, const Node *const *last)
{
    static const char *const names[2][3] = {{"d", "b", "j"}, {"b", "d", "j"}};
    if (k >= l->call.node->nout)
        return;
    Axes ax = lower_axes(l, 3, lower_out_type(l, k).dim, names[r->batch_first]);
    const Node *bj[] = {ax.at[!r->batch_first], ax.at[2]};
    lower_out(l, k, &ax, choose(l, last, 0, r->directions, ax.at[r->batch_first], bj));
}

/* Does a GRU reset the state before it is multiplied? */
static bool resets_first(const LowerCall *l, const Recurrent *r)
{
    return r->gates == 3 && !call_int(&l->call, A_gru_linear_before_reset);
}

/* The steps of one direction, whose states go to h (and the last of them to *last_h, *last_c). */
static bool lower_direction(Step *s, const Node **h, const Node **last_h, const Node **last_c)
{
    const Recurrent *r = s->r;
    bool back = r->directions == 2 ? s->way == 1 : r->reverse;
    int64_t rows = (resets_first(s->l, r) ? 2 : r->gates) * r->hidden;
    for (s->at = 0; s->at < r->steps; s->at++) {
        int64_t t = back ? r->steps - 1 - s->at : s->at;
        s->time = ix(s->l, t);
        s->recurrent = s->h || call_has(&s->l->call, IN_h)
                           ? state_products(s, stage_name(s, "r"), s->h, 0, rows)
                           : NULL;
        if (!(r->gates == 4 ? lstm_step(s) : r->gates == 3 ? gru_step(s) : rnn_step(s)))
            return false;
        h[t] = s->h;
    }
    *last_h = s->h;
    *last_c = s->c;
    return true;
}

/* The steps are stages of one kernel, which has room for `most` of them. */
static bool refuse_steps(const GraphCall *c, const Recurrent *r, int each, int most)
{
    if (r->steps < 1)
        return call_cannot(c, "a sequence of no steps; 1 to %d are possible", most);
    call_cannot(c,
                "a sequence of %lld steps; 1 to %d are possible, for each step is written out as "
                "%d stage%s, and a kernel has room for %d",
                (long long)r->steps, most, each, plural((size_t)each), MOST_STAGES);
    err_fix(c->err, "bind or build the model for a sequence of at most %d steps", most);
    return false;
}

bool lower_recurrent(LowerCall *l)
{
    Recurrent r;
    const char *activations[6];
    if (!read(&l->call, &r) || !read_activations(l, &r, activations))
        return false;
    int each = r.gates == 4          ? 3
               : resets_first(l, &r) ? 4
                                     : 2,
        most = MOST_STAGES / each / (int)r.directions;
    if (r.steps < 1 || r.steps > most)
        return refuse_steps(&l->call, &r, each * (int)r.directions, most);
    if (r.gates == 4 && call_int(&l->call, A_lstm_input_forget))
        return call_cannot(&l->call, "input_forget is not known");
    const Node *h[MOST_STAGES], *last_h[2], *last_c[2], *products = input_products(l, &r);
    for (int64_t way = 0; way < r.directions; way++) {
        Step s = {.l = l, .r = &r, .way = way, .products = products};
        memcpy(s.activation, activations + way * functions(&r),
               (size_t)functions(&r) * sizeof *activations);
        if (!lower_direction(&s, h + way * r.steps, &last_h[way], &last_c[way]))
            return false;
    }
    all_outputs(l, &r, h);
    last_state(l, &r, 1, last_h);
    last_state(l, &r, 2, last_c);
    return true;
}
