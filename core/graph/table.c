/* table.c -- graphs as tables: nodes, operators, what is not supported, totals. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/graph/infer.h"
#include "core/graph/ops.h"
#include "core/graph/strmap.h"
#include "core/graph/text.h"

int64_t gnode_flops(const GNode *n, const GValue *const *values)
{
    Arena *A = arena_scratch(NULL);
    GType *out = ARENA_ARRAY(A, GType, n->nout);
    GraphCall c = graph_call(A, n, values, out, NULL);
    bool known = true;
    for (size_t i = 0; i < n->nout; i++) {
        out[i] = values[n->out[i]]->type;
        known &= gtype_static(out[i]);
    }
    for (size_t i = 0; i < n->nin; i++)
        known &= !call_has(&c, i) || gtype_static(call_type(&c, i));
    int64_t flops = gnode_is(n, GOP_unsupported) || !known ? -1 : n->op->flops(&c);
    arena_release(A);
    return flops;
}

int64_t graph_node_flops(const Graph *g, uint32_t node)
{
    return gnode_flops(g->node[node], g->value);
}

/* Parameters are the elements of float constants and of others that are not mere shapes. */
static int64_t parameters(const GValue *v)
{
    bool decides = v->data->dtype == DT_int64 && v->data->rank <= 1;
    return decides ? 0 : tensor_size(v->data);
}

typedef struct GraphTotals {
    uint32_t nodes, unsupported;
    int64_t parameters, parameter_bytes;
    int64_t flops; /* -1 where a shape is not known */
} GraphTotals;

static GraphTotals totals_of(const Graph *g)
{
    GraphTotals t = {.nodes = g->nnodes};
    for (uint32_t v = 0; v < g->nvalues; v++)
        if (g->value[v] && graph_is_const(g, v)) {
            int64_t n = parameters(g->value[v]);
            t.parameters += n;
            t.parameter_bytes += n * (int64_t)dtype_bytes(g->value[v]->data->dtype);
        }
    for (uint32_t k = 0; k < g->nnodes; k++) {
        int64_t f = graph_node_flops(g, k);
        t.unsupported += gnode_is(g->node[k], GOP_unsupported);
        t.flops = f < 0 || t.flops < 0 ? -1 : t.flops + f;
    }
    return t;
}

static const char *grouped(Arena *A, int64_t v)
{
    char plain[32], out[48];
    int n = snprintf(plain, sizeof plain, "%lld", (long long)v), k = 0;
    for (int i = 0; i < n; i++) {
        out[k++] = plain[i];
        if ((n - i - 1) % 3 == 0 && i + 1 < n && plain[i] != '-')
            out[k++] = ',';
    }
    return arena_strndup(A, out, (size_t)k);
}

/* Parameters of a node: its constants that no node before it reads. */
static int64_t own_parameters(const Graph *g, const GNode *n, bool *seen)
{
    int64_t sum = 0;
    for (size_t i = 0; i < n->nin; i++) {
        ValueId v = n->in[i];
        if (v == VALUE_NONE || !graph_is_const(g, v) || seen[v])
            continue;
        seen[v] = true;
        sum += parameters(g->value[v]);
    }
    return sum;
}

enum { COLUMNS = 6, GAP = 2 };

typedef struct Row {
    const char *cell[COLUMNS];
} Row;

static const bool right[COLUMNS] = {false, false, false, true, true, true};

/* By node: does it go on a group that began before it? */
static bool *goes_on(Arena *A, const Graph *g)
{
    bool *on = ARENA_ARRAY(A, bool, g->nnodes + 1);
    for (uint32_t i = 0; i < g->ngroups; i++)
        for (uint32_t k = g->group[i].first + 1; k < g->group[i].first + g->group[i].n; k++)
            on[k] = true;
    return on;
}

static Row node_row(Arena *A, const Graph *g, uint32_t k, bool *seen, const bool *on)
{
    const GNode *n = g->node[k];
    const GValue *v = g->value[n->out[0]];
    int64_t params = own_parameters(g, n, seen), flops = graph_node_flops(g, k), bytes = 0;
    for (size_t i = 0; i < n->nout; i++) {
        int64_t e = gtype_elements(g->value[n->out[i]]->type);
        bytes = e < 0 || bytes < 0
                    ? -1
                    : bytes + e * (int64_t)dtype_bytes(g->value[n->out[i]]->type.dtype);
    }
    const char *op = gnode_is(n, GOP_unsupported)
                         ? arena_printf(A, "%s (unsupported)", n->attr[A_unsupported_op].at.s)
                         : n->op->name;
    const char *type = gtype_text(A, g, v->type);
    return (Row){{on[k] ? arena_printf(A, "+ %s", n->alias) : n->alias, op,
                  n->nout > 1 ? arena_printf(A, "%s … %u", type, n->nout) : type,
                  params ? grouped(A, params) : "",
                  flops > 0   ? arena_printf(A, "%.3f", (double)flops / 1e6)
                  : flops < 0 ? "?"
                              : "",
                  bytes < 0 ? "?" : text_bytes(A, bytes)}};
}

/* Columns by characters, not bytes. */
static int width(const char *s)
{
    int n = 0;
    for (; *s; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

static int total(const int wide[COLUMNS])
{
    int sum = -GAP;
    for (int c = 0; c < COLUMNS; c++)
        sum += wide[c] ? wide[c] + GAP : 0;
    return sum;
}

/* Narrows a column to `least` letters at worst, as far as the table is wider than `most`. */
static void narrow(int wide[COLUMNS], int column, int least, int most)
{
    int over = total(wide) - most, spare = wide[column] - least;
    if (over > 0 && spare > 0)
        wide[column] -= spare < over ? spare : over;
}

/* Fits the table into `most` columns: words give way first, as far as they can still be told from
** each other, then whole columns, the least telling first.  Returns whether one was left out. */
static bool fit(int wide[COLUMNS], int most)
{
    enum { NODE, OPERATOR, OUTPUT, PARAMS, MFLOP, SIZE };
    static const int least_telling[] = {SIZE, PARAMS, MFLOP};
    bool left_out = false;
    narrow(wide, OPERATOR, 12, most);
    narrow(wide, NODE, 16, most);
    for (int i = 0; i < 3 && total(wide) > most; i++) {
        if (!left_out) /* room for the mark that says so */
            most -= 2;
        wide[least_telling[i]] = 0;
        left_out = true;
    }
    narrow(wide, OUTPUT, 12, most);
    narrow(wide, NODE, 8, most);
    narrow(wide, OPERATOR, 4, most);
    return left_out;
}

/* The rows below each other, in columns of these widths, those of 0 left out; `ending` ends the
** first line.  Was something cut? */
static bool put_columns(Buf *out, const Row *row, size_t n, const int wide[COLUMNS],
                        const char *ending)
{
    bool cut = false;
    for (size_t i = 0; i < n; i++) {
        for (int c = 0; c < COLUMNS; c++) {
            int pad = wide[c] - width(row[i].cell[c]);
            if (!wide[c])
                continue;
            buf_pad(out, ' ', c ? GAP : 0);
            if (right[c])
                buf_pad(out, ' ', pad);
            cut |= buf_cut(out, row[i].cell[c], wide[c]);
            if (!right[c])
                buf_pad(out, ' ', pad);
        }
        while (out->len && out->data[out->len - 1] == ' ')
            out->len--;
        buf_puts(out, i == 0 ? ending : "\n");
    }
    return cut;
}

/* Says which columns, from `first` on, the reader finds in a table below this one. */
static void put_later(Buf *out, const Row *names, const int wide[COLUMNS], int first)
{
    const char *before = "in a table below: ";
    for (int c = first; c < COLUMNS; c++)
        if (wide[c]) {
            buf_printf(out, "%s%s", before, names->cell[c]);
            before = ", ";
        }
    buf_putc(out, '\n');
}

/* All columns, in as many tables of at most `most` columns of text as that takes; each begins with
** the names. */
static void put_tables(Buf *out, const Row *row, size_t n, const int wide[COLUMNS], int most)
{
    for (int c = 1; c < COLUMNS;) {
        int part[COLUMNS] = {wide[0]}, first = c;
        do
            part[c] = wide[c];
        while (++c < COLUMNS && total(part) + (wide[c] ? GAP + wide[c] : 0) <= most);
        if (first > 1)
            buf_putc(out, '\n');
        else if (c < COLUMNS)
            put_later(out, row, wide, c);
        put_columns(out, row, n, part, "\n");
    }
}

/* The rows as a table in lines of at most `most` columns; 0: as wide as they are.  Where `all` has
** to be there, columns without room stand in further tables.  Did something not fit? */
static bool put_rows(Buf *out, const Row *row, size_t n, int most, bool all)
{
    int wide[COLUMNS] = {0};
    for (size_t i = 0; i < n; i++)
        for (int c = 0; c < COLUMNS; c++)
            wide[c] = width(row[i].cell[c]) > wide[c] ? width(row[i].cell[c]) : wide[c];
    if (all && most > 0) {
        put_tables(out, row, n, wide, most);
        return false;
    }
    bool left_out = most > 0 && fit(wide, most);
    return put_columns(out, row, n, wide, left_out ? " …\n" : "\n") || left_out;
}

static void put_totals(Arena *A, Buf *out, const Graph *g)
{
    GraphTotals t = totals_of(g);
    buf_printf(out, "%u node%s", t.nodes, plural(t.nodes));
    if (g->ngroups)
        buf_printf(out, " in %u group%s", g->ngroups, plural(g->ngroups));
    buf_printf(out, ", %s parameters (%s)", grouped(A, t.parameters),
               text_bytes(A, t.parameter_bytes));
    if (t.flops >= 0)
        buf_printf(out, ", %s MFLOP",
                   t.flops < 100000000 ? arena_printf(A, "%.2f", (double)t.flops / 1e6)
                                       : grouped(A, t.flops / 1000000));
    buf_putc(out, '\n');
    if (t.unsupported)
        buf_printf(out, "%u of them cannot run:\n%s", t.unsupported, graph_unsupported_text(A, g));
}

const char *graph_table(Arena *A, const Graph *g, uint32_t rows, int columns, bool *cut)
{
    Buf out = buf_new(A);
    uint32_t shown = rows && g->nnodes > rows ? rows : g->nnodes;
    bool *seen = ARENA_ARRAY(A, bool, g->nvalues + 1);
    const bool *on = goes_on(A, g);
    VEC(Row) row = {0};
    buf_printf(&out, "graph %s", g->name);
    if (g->source)
        buf_printf(&out, "  (%s)", g->source);
    buf_putc(&out, '\n');
    vec_push(A, &row, ((Row){{"node", "operator", "output", "params", "MFLOP", "size"}}));
    for (uint32_t i = 0; i < g->ninputs; i++) {
        const GValue *v = g->value[g->input[i]];
        vec_push(A, &row, ((Row){{v->name, "input", gtype_text(A, g, v->type), "", "", ""}}));
    }
    for (uint32_t k = 0; k < shown; k++)
        vec_push(A, &row, node_row(A, g, k, seen, on));
    if (shown == g->nnodes)
        for (uint32_t i = 0; i < g->noutputs; i++) {
            const GValue *v = g->value[g->output[i].value];
            vec_push(A, &row,
                     ((Row){{g->output[i].name, arena_printf(A, "output = %s", v->name),
                             gtype_text(A, g, v->type), "", "", ""}}));
        }
    bool narrow_rows = put_rows(&out, row.at, row.n, columns, !cut);
    if (cut)
        *cut |= narrow_rows || shown < g->nnodes;
    if (shown < g->nnodes)
        buf_printf(&out, "… and %u more nodes\n", g->nnodes - shown);
    put_totals(A, &out, g);
    return buf_str(&out);
}

/* ---- counts ---- */

typedef struct Count {
    const char *text;
    uint32_t n;
} Count;

static int by_count(const void *a, const void *b)
{
    const Count *x = a, *y = b;
    return x->n != y->n ? (x->n < y->n ? 1 : -1) : strcmp(x->text, y->text);
}

typedef VEC(Count) CountVec;

static void count_text(Arena *A, CountVec *v, StrMap *at, const char *text)
{
    uint32_t i = strmap_get(at, text, strlen(text), UINT32_MAX);
    if (i != UINT32_MAX) {
        v->at[i].n++;
        return;
    }
    strmap_put(at, text, strlen(text), (uint32_t)v->n);
    vec_push(A, v, ((Count){text, 1}));
}

const char *graph_ops_table(Arena *A, const Graph *g)
{
    CountVec v = {0};
    StrMap at = strmap_new(A);
    Buf out = buf_new(A);
    for (uint32_t k = 0; k < g->nnodes; k++)
        count_text(A, &v, &at, g->node[k]->op->name);
    if (v.n)
        qsort(v.at, v.n, sizeof *v.at, by_count);
    for (size_t i = 0; i < v.n; i++)
        buf_printf(&out, "  %4u  %-24s %s\n", v.at[i].n, v.at[i].text,
                   graph_op_find(v.at[i].text)->doc);
    return buf_str(&out);
}

/* What an unsupported node is called in the list: operator, version and reason. */
static const char *unsupported_text(Arena *A, const GNode *n)
{
    return arena_printf(A, "%s, opset %lld: %s", n->attr[A_unsupported_op].at.s,
                        (long long)n->attr[A_unsupported_opset].at.i,
                        n->attr[A_unsupported_why].at.s);
}

const char *graph_unsupported_text(Arena *A, const Graph *g)
{
    CountVec v = {0};
    StrMap at = strmap_new(A), first = strmap_new(A);
    Buf out = buf_new(A);
    for (uint32_t k = 0; k < g->nnodes; k++) {
        if (!gnode_is(g->node[k], GOP_unsupported))
            continue;
        const char *text = unsupported_text(A, g->node[k]);
        if (strmap_get(&first, text, strlen(text), UINT32_MAX) == UINT32_MAX)
            strmap_put(&first, text, strlen(text), k);
        count_text(A, &v, &at, text);
    }
    if (v.n)
        qsort(v.at, v.n, sizeof *v.at, by_count);
    for (size_t i = 0; i < v.n; i++) {
        const GNode *n = g->node[strmap_get(&first, v.at[i].text, strlen(v.at[i].text), 0)];
        buf_printf(&out, "  %4u  %s (%s%s)\n", v.at[i].n, v.at[i].text,
                   v.at[i].n > 1 ? "first: " : "", n->origin ? n->origin : n->alias);
    }
    return buf_str(&out);
}
