/* tensor_print.c -- tensors as text: aligned, elided, and the same digits for the whole array.
**
** What is shown is chosen first (which entries of each dimension), then one format is found that
** suits every shown element, then the rows are written.
*/
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/run/tensor.h"

enum { WHOLE = 400, CELL = 32 }; /* arrays of up to WHOLE elements keep all rows */

void scalar_print(DType t, Scalar v, Buf *out)
{
    if (t == DT_bool) {
        buf_puts(out, v.i ? "true" : "false");
    } else if (t == DT_uint64) {
        buf_printf(out, "%llu", (unsigned long long)v.i);
    } else if (!dtype_is_float(t)) {
        buf_printf(out, "%lld", (long long)v.i);
    } else if (isnan(v.f)) {
        buf_puts(out, "nan");
    } else if (isinf(v.f)) {
        buf_puts(out, v.f < 0 ? "-inf" : "inf");
    } else {
        char text[CELL];
        for (int digits = 1; digits <= 17; digits++) {
            snprintf(text, sizeof text, "%.*g", digits, v.f);
            double back = strtod(text, NULL);
            if (t == DT_float32 ? (float)back == (float)v.f : back == v.f)
                break;
        }
        buf_puts(out, text);
    }
}

void tensor_describe(const Tensor *t, Buf *out)
{
    dtype_put_shape(out, t->dtype, (size_t)t->rank, t->shape);
}

/* One format for all shown elements. */
typedef struct Style {
    DType dtype;
    bool scientific;
    int digits; /* after the point */
    int width;
} Style;

typedef struct Page {
    const Tensor *t;
    Style style;
    int64_t head[TENSOR_MAX_RANK]; /* entries shown at each end; head >= extent: all */
    int64_t index[TENSOR_MAX_RANK];
    int width;  /* where rows are broken; 0: nowhere */
    int digits; /* at most so many after the point */
    Buf *out;
} Page;

static int cell(const Style *s, Scalar v, char text[CELL])
{
    if (s->dtype == DT_bool)
        return snprintf(text, CELL, "%s", v.i ? "true" : "false");
    if (s->dtype == DT_uint64)
        return snprintf(text, CELL, "%llu", (unsigned long long)v.i);
    if (!dtype_is_float(s->dtype))
        return snprintf(text, CELL, "%lld", (long long)v.i);
    if (isnan(v.f))
        return snprintf(text, CELL, "nan");
    if (isinf(v.f))
        return snprintf(text, CELL, "%s", v.f < 0 ? "-inf" : "inf");
    return snprintf(text, CELL, s->scientific ? "%.*e" : "%.*f", s->digits, v.f);
}

/* Moves the index to the next shown element; false after the last. */
static bool next_shown(Page *p)
{
    const Tensor *t = p->t;
    for (int d = t->rank - 1; d >= 0; d--) {
        int64_t i = p->index[d] + 1, n = t->shape[d];
        if (i == p->head[d] && i < n - p->head[d])
            i = n - p->head[d];
        p->index[d] = i;
        if (i < n)
            return true;
        p->index[d] = 0;
    }
    return false;
}

/* Fixed point with as many digits as six significant ones need, within the page's limit, or powers
** of ten where the magnitudes are far apart. */
static void choose_digits(Page *p)
{
    double high = 0, low = INFINITY;
    int digits = 0;
    memset(p->index, 0, sizeof p->index);
    do {
        double x = fabs(tensor_get(p->t, p->index).f);
        if (!isfinite(x) || x == 0)
            continue;
        high = fmax(high, x);
        low = fmin(low, x);
        char text[CELL];
        snprintf(text, sizeof text, "%.6g", x);
        const char *point = strchr(text, '.');
        if (point && !strchr(text, 'e')) {
            int here = (int)strlen(point + 1);
            digits = here > digits ? here : digits;
        }
    } while (next_shown(p));
    p->style.scientific = high >= 1e8 || (low < 1e-4 && low < high * 1e-3) || high < 1e-4;
    if (high == 0)
        p->style.scientific = false;
    p->style.digits = p->style.scientific  ? 4
                      : digits > p->digits ? p->digits
                      : digits             ? digits
                                           : 1;
}

static void choose_style(Page *p)
{
    p->style = (Style){.dtype = p->t->dtype};
    if (dtype_is_float(p->t->dtype))
        choose_digits(p);
    memset(p->index, 0, sizeof p->index);
    do {
        char text[CELL];
        int n = cell(&p->style, tensor_get(p->t, p->index), text);
        p->style.width = n > p->style.width ? n : p->style.width;
    } while (next_shown(p));
}

static void print_row(Page *p, int d)
{
    const Tensor *t = p->t;
    int64_t n = t->shape[d];
    int column = d + 1;
    buf_putc(p->out, '[');
    for (int64_t i = 0; i < n; i++) {
        if (i == p->head[d] && i < n - p->head[d]) {
            buf_puts(p->out, ", ...");
            i = n - p->head[d];
        }
        p->index[d] = i;
        char text[CELL];
        int len = cell(&p->style, tensor_get(t, p->index), text);
        if (i && p->width && column + p->style.width + 4 + t->rank > p->width) {
            buf_puts(p->out, ",\n");
            buf_pad(p->out, ' ', column = d + 1);
        } else if (i) {
            buf_puts(p->out, ", ");
            column += 2;
        }
        buf_pad(p->out, ' ', p->style.width - len);
        buf_puts(p->out, text);
        column += p->style.width;
    }
    buf_putc(p->out, ']');
}

/* The depth is bounded by TENSOR_MAX_RANK. */
static void print_dim(Page *p, int d, int indent)
{
    const Tensor *t = p->t;
    if (d == t->rank - 1) {
        print_row(p, d);
        return;
    }
    int64_t n = t->shape[d];
    buf_putc(p->out, '[');
    for (int64_t i = 0; i < n; i++) {
        if (i) {
            buf_puts(p->out, d < t->rank - 2 ? ",\n\n" : ",\n");
            buf_pad(p->out, ' ', indent + 1);
        }
        if (i == p->head[d] && i < n - p->head[d]) {
            buf_puts(p->out, d < t->rank - 2 ? "...,\n\n" : "...,\n");
            buf_pad(p->out, ' ', indent + 1);
            i = n - p->head[d];
        }
        p->index[d] = i;
        print_dim(p, d + 1, indent + 1);
    }
    buf_putc(p->out, ']');
}

/* A few rows are shown whole, in several lines each if need be. */
static bool has_few_rows(const Tensor *t)
{
    enum { FEW = 4, LONGEST = 64 };
    int64_t last = t->shape[t->rank - 1];
    return last <= LONGEST && tensor_size(t) <= FEW * last;
}

/* Shows of the last dimension what fits into a line; where not all of it does, four
** digits have to do. */
static void fit_width(Page *p, int width)
{
    int last = p->t->rank - 1, room = width - 2 * p->t->rank;
    int64_t n = p->t->shape[last];
    if (n <= room / (p->style.width + 2))
        return;
    p->digits = 4;
    choose_style(p);
    int each = p->style.width + 2;
    if (n <= room / each)
        return;
    int64_t head = (room - 5) / each / 2;
    p->head[last] = head < 1 ? 1 : head;
    if (2 * p->head[last] >= n)
        p->head[last] = n;
}

static bool leaves_out(const Page *p)
{
    for (int d = 0; d < p->t->rank; d++)
        if (p->head[d] < p->t->shape[d] - p->head[d])
            return true;
    return false;
}

bool tensor_print(const Tensor *t, int width, Buf *out)
{
    tensor_describe(t, out);
    int64_t n = tensor_size(t);
    if (n == 0)
        return false;
    buf_putc(out, '\n');
    if (t->rank == 0) {
        scalar_print(t->dtype, tensor_at(t, 0), out);
        return false;
    }
    Page p = {.t = t, .out = out, .width = width, .digits = 6};
    bool all = width == 0 || has_few_rows(t);
    for (int d = 0; d < t->rank; d++) {
        int64_t edge = d >= t->rank - 2 ? 3 : 1;
        bool whole = all || (n <= WHOLE && d < t->rank - 1);
        p.head[d] = whole || t->shape[d] <= 2 * edge ? t->shape[d] : edge;
    }
    int last = t->rank - 1;
    if (!all)
        p.head[last] = t->shape[last] < width / 3 + 1 ? t->shape[last] : width / 6 + 1;
    choose_style(&p);
    if (!all) {
        fit_width(&p, width);
        choose_style(&p);
    }
    memset(p.index, 0, sizeof p.index);
    print_dim(&p, 0, 0);
    return leaves_out(&p);
}
