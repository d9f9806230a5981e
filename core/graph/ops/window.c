/* window.c -- the geometry of convolutions and pools. */
#include "core/graph/ops/window.h"

#include <string.h>

const GAttr *attr_named(const GNode *n, const char *name)
{
    for (size_t i = 0; i < n->op->nattrs; i++)
        if (!strcmp(n->op->attr[i].name, name))
            return &n->attr[i];
    return NULL;
}

/* A list with one entry for each axis (`per` entries for pads), or the default. */
static bool read_list(const GraphCall *c, const char *name, size_t n, int64_t least,
                      int64_t standard, int64_t *out)
{
    const GAttr *a = attr_named(c->node, name);
    for (size_t i = 0; i < n; i++)
        out[i] = standard;
    if (!a || a->kind == GA_NONE || a->n == 0)
        return true;
    if (a->n != n)
        return call_refuse(c, "%s has %u entries, not %zu", name, a->n, n);
    for (size_t i = 0; i < n; i++) {
        if (a->at.is[i] < least || a->at.is[i] > INT32_MAX)
            return call_refuse(c, "%s holds %lld", name, (long long)a->at.is[i]);
        out[i] = a->at.is[i];
    }
    return true;
}

static bool read_all(const GraphCall *c, const int64_t *in, int n, const int64_t *kernel, Window *w)
{
    int64_t pads[2 * WINDOW_MAX];
    memset(w, 0, sizeof *w);
    if (n < 1 || n > WINDOW_MAX)
        return call_refuse(c, "x has %d spatial axes; 1 to %d are possible", n, WINDOW_MAX);
    w->n = n;
    memcpy(w->in, in, (size_t)n * sizeof *in);
    if (!read_list(c, "kernel_shape", (size_t)n, 1, -1, w->kernel) ||
        !read_list(c, "strides", (size_t)n, 1, 1, w->stride) ||
        !read_list(c, "dilations", (size_t)n, 1, 1, w->dilation) ||
        !read_list(c, "pads", 2 * (size_t)n, 0, 0, pads))
        return false;
    for (int d = 0; d < n; d++) {
        w->before[d] = pads[d];
        w->after[d] = pads[n + d];
        if (kernel && w->kernel[d] >= 0 && dim_known(kernel[d]) && kernel[d] != w->kernel[d])
            return call_refuse(c, "kernel_shape says %lld on axis %d, but w has %lld",
                               (long long)w->kernel[d], d, (long long)kernel[d]);
        if (w->kernel[d] < 0 && !kernel)
            return call_refuse(c, "kernel_shape has 0 entries, not %d", n);
        if (w->kernel[d] < 0)
            w->kernel[d] = kernel[d];
        if (dim_known(w->kernel[d]) && (w->kernel[d] < 1 || w->kernel[d] > INT32_MAX))
            return call_refuse(c, "the kernel has size %lld on axis %d", (long long)w->kernel[d],
                               d);
    }
    return true;
}

typedef enum AutoPad { PAD_GIVEN, PAD_SAME_UPPER, PAD_SAME_LOWER, PAD_VALID, PAD_BAD } AutoPad;

static AutoPad auto_pad(const GraphCall *c)
{
    static const char *const names[] = {"NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"};
    const char *s = attr_named(c->node, "auto_pad")->at.s;
    int i = 0;
    while (i < 4 && strcmp(names[i], s) != 0)
        i++;
    if (i == PAD_BAD)
        call_refuse(c, "auto_pad '%s' is none of NOTSET, SAME_UPPER, SAME_LOWER and VALID", s);
    return (AutoPad)i;
}

int64_t window_span(const Window *w, int d)
{
    return (w->kernel[d] - 1) * w->dilation[d] + 1;
}

static void share_padding(Window *w, int d, int64_t total, bool upper)
{
    w->before[d] = upper ? total / 2 : total - total / 2;
    w->after[d] = total - w->before[d];
}

/* The padded input is a tensor too. */
static bool padded_possible(const GraphCall *c, const Window *w)
{
    int64_t dim[WINDOW_MAX];
    for (int d = 0; d < w->n; d++)
        dim[d] = dim_known(w->in[d]) ? w->in[d] + w->before[d] + w->after[d] : DIM_ANY;
    return gtype_possible((GType){.rank = (int8_t)w->n, .dim = dim}) ||
           call_refuse(c, "its padded input has more than 2^40 elements");
}

bool window_read(const GraphCall *c, const int64_t *in, int n, const int64_t *kernel, Window *w)
{
    if (!read_all(c, in, n, kernel, w))
        return false;
    AutoPad mode = auto_pad(c);
    const GAttr *ceil_mode = attr_named(c->node, "ceil_mode");
    if (mode == PAD_BAD)
        return false;
    for (int d = 0; d < n; d++) {
        w->out[d] = DIM_ANY;
        if (mode == PAD_VALID)
            w->before[d] = w->after[d] = 0;
        if (!dim_known(in[d]) || !dim_known(w->kernel[d]))
            continue;
        int64_t span = window_span(w, d), s = w->stride[d];
        if (mode == PAD_SAME_UPPER || mode == PAD_SAME_LOWER) {
            w->out[d] = (in[d] + s - 1) / s;
            int64_t total = (w->out[d] - 1) * s + span - in[d];
            share_padding(w, d, total > 0 ? total : 0, mode == PAD_SAME_UPPER);
            continue;
        }
        int64_t room = in[d] + w->before[d] + w->after[d] - span;
        if (room < 0)
            return call_refuse(c, "its window spans %lld on axis %d, but the padded input has %lld",
                               (long long)span, d, (long long)(room + span));
        bool up = ceil_mode && ceil_mode->at.i;
        w->out[d] = (room + (up ? s - 1 : 0)) / s + 1;
        /* A window that begins in the padding after the end is none. */
        if (up && (w->out[d] - 1) * s >= in[d] + w->before[d])
            w->out[d]--;
    }
    return padded_possible(c, w);
}

bool window_read_transposed(const GraphCall *c, const int64_t *in, int n, const int64_t *kernel,
                            Window *w)
{
    int64_t extra[WINDOW_MAX], want[WINDOW_MAX];
    if (!read_all(c, in, n, kernel, w) || !read_list(c, "output_padding", (size_t)n, 0, 0, extra) ||
        !read_list(c, "output_shape", (size_t)n, 0, -1, want))
        return false;
    AutoPad mode = auto_pad(c);
    if (mode == PAD_BAD)
        return false;
    for (int d = 0; d < n; d++) {
        w->out[d] = want[d] >= 0 ? want[d] : DIM_ANY;
        if (mode == PAD_VALID)
            w->before[d] = w->after[d] = 0;
        if (!dim_known(in[d]) || !dim_known(w->kernel[d]))
            continue;
        if (in[d] > 1 && w->stride[d] > GRAPH_MAX_ELEMENTS / (in[d] - 1))
            return call_refuse(c, "axis %d of its result would have more than 2^40 elements", d);
        int64_t full = w->stride[d] * (in[d] - 1) + extra[d] + window_span(w, d);
        bool same = mode == PAD_SAME_UPPER || mode == PAD_SAME_LOWER;
        if (want[d] < 0 && !same) {
            w->out[d] = full - w->before[d] - w->after[d];
        } else {
            w->out[d] = want[d] >= 0 ? want[d] : in[d] * w->stride[d];
            int64_t total = full - w->out[d];
            share_padding(w, d, total > 0 ? total : 0, mode == PAD_SAME_UPPER);
        }
        if (w->out[d] < 0)
            return call_refuse(c, "axis %d of its result would have size %lld", d,
                               (long long)w->out[d]);
    }
    return true;
}

const char *window_axis(LowerCall *l, int n, int d, bool kernel)
{
    static const char *const names[2][3] = {{"z", "y", "x"}, {"kz", "ky", "kx"}};
    return n <= 3 ? names[kernel][3 - n + d]
                  : arena_printf(l->call.A, "%s%d", kernel ? "k" : "i", d);
}

const Node *window_pad(LowerCall *l, const Window *w, const Node *fill)
{
    GType x = lower_type(l, 0);
    int64_t dim[GRAPH_MAX_RANK];
    int lead = x.rank - w->n;
    bool any = false;
    mem_copy(dim, x.dim, (size_t)x.rank * sizeof *dim);
    for (int d = 0; d < w->n; d++) {
        /* What the windows reach, which ceil_mode may put past the padding, or short of it. */
        int64_t reach = (w->out[d] - 1) * w->stride[d] + window_span(w, d);
        int64_t end = w->in[d] + w->before[d];
        dim[lead + d] = reach > end ? reach : end;
        any |= dim[lead + d] != w->in[d];
    }
    if (!any)
        return lower_in(l, 0);
    Axes ax = lower_axes(l, x.rank, dim, NULL);
    const Node *index[GRAPH_MAX_RANK], *inside = ir_bool(l->call.A, true);
    memcpy(index, ax.at, sizeof index);
    for (int d = 0; d < w->n; d++) {
        index[lead + d] = ix_sub(l->call.A, ax.at[lead + d], ix(l, w->before[d]));
        const Node *i = index[lead + d];
        if (w->before[d])
            inside = ir_and(l->call.A, inside, te_op(l->te, OP_Ge, i, ix(l, 0)));
        if (dim[lead + d] > w->in[d] + w->before[d])
            inside = ir_and(l->call.A, inside, te_op(l->te, OP_Lt, i, ix(l, w->in[d])));
    }
    return lower_stage(l, "pad", &ax, te_select(l->te, inside, lower_at(l, 0, index), fill));
}

const Node *window_index(LowerCall *l, const Window *w, int d, const Node *out, const Node *k)
{
    Arena *A = l->call.A;
    return ix_add(A, ix_mul(A, out, ix(l, w->stride[d])), ix_mul(A, k, ix(l, w->dilation[d])));
}

/* The stage of window_input, with what it reads and how it is read, axis by axis. */
typedef struct Phases {
    Axes ax;                            /* of the stage */
    const Node *source[GRAPH_MAX_RANK]; /* in the padded input */
    const Node **index;                 /* of who reads the stage */
    int reads;
} Phases;

static const Node *phase_axis(LowerCall *l, Phases *p, int64_t extent, const char *name)
{
    Axes one = lower_axes(l, 1, &extent, &name);
    p->ax.extent[p->ax.n] = extent;
    return p->ax.at[p->ax.n++] = one.at[0];
}

/* The innermost spatial axis along which there are neighbours. */
static int innermost(const Window *w)
{
    for (int d = w->n - 1; d > 0; d--)
        if (w->out[d] > 1)
            return d;
    return 0;
}

/* One spatial axis of `extent` padded columns, of which output `out` reads tap `k`. */
static void add_phases(LowerCall *l, Phases *p, const Window *w, int d, int64_t extent,
                       const Node *out, const Node *k)
{
    Arena *A = l->call.A;
    const char *name = window_axis(l, w->n, d, false);
    int64_t s = w->stride[d], apart = w->dilation[d];
    const Node **source = &p->source[2 + d];
    if (w->kernel[d] == 1) {
        *source = ix_mul(A, phase_axis(l, p, w->out[d], name), ix(l, s));
        p->index[p->reads++] = out;
    } else if (d != innermost(w)) {
        *source = phase_axis(l, p, extent, name);
        p->index[p->reads++] = window_index(l, w, d, out, k);
    } else {
        const Node *phase = phase_axis(l, p, s, "p");
        int64_t columns = w->out[d] + (w->kernel[d] - 1) * apart / s;
        *source = ix_add(A, ix_mul(A, phase_axis(l, p, columns, name), ix(l, s)), phase);
        k = ix_mul(A, k, ix(l, apart));
        p->index[p->reads++] = ix_mod(A, k, ix(l, s));
        p->index[p->reads++] = ix_add(A, out, ix_div(A, k, ix(l, s)));
    }
}

const Node *window_input(LowerCall *l, const Window *w, const Node *fill, const Node *const *out,
                         const Node *const *taps, const Node **index, int *rank)
{
    const Node *padded = window_pad(l, w, fill);
    int along = innermost(w);
    *rank = w->n + 2;
    if (w->stride[along] == 1 || *rank == GRAPH_MAX_RANK) {
        for (int d = 0; d < w->n; d++)
            index[d] = window_index(l, w, d, out[d], taps[d]);
        return padded;
    }
    Phases p = {.index = index};
    for (int d = 0; d < 2; d++)
        p.source[d] = phase_axis(l, &p, ir_dim(padded, (size_t)d), d ? "c" : "n");
    for (int d = 0; d < w->n; d++)
        add_phases(l, &p, w, d, ir_dim(padded, (size_t)d + 2), out[d], taps[d]);
    *rank = p.ax.n;
    const Node *x = te_load(l->te, padded, (size_t)w->n + 2, p.source);
    const Node *column = p.source[2 + along], *columns = ix(l, ir_dim(padded, (size_t)along + 2));
    if (w->kernel[along] > 1) /* the last phases may have a column less than the first */
        x = te_select(l->te, te_op(l->te, OP_Lt, column, columns), x, fill);
    return lower_stage(l, "phases", &p.ax, x);
}
