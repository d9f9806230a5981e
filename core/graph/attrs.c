/* attrs.c -- attributes as their operator's row asks for them. */
#include "core/graph/attrs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/graph/ops.h"

static const char *const kind_text[] = {"absent",         "an integer",         "a number",
                                        "a string",       "a list of integers", "a list of numbers",
                                        "an element type"};

static const char *attr_names(Arena *A, const GraphOp *op)
{
    if (!op->nattrs)
        return "none";
    Buf text = buf_new(A);
    for (size_t i = 0; i < op->nattrs; i++)
        buf_printf(&text, "%s%s", i ? ", " : "", op->attr[i].name);
    return buf_str(&text);
}

/* Does the row's default say the same of each axis, however many there are: `[1, ...]`? */
static bool for_each_axis(const OpAttr *row)
{
    return row->kind == GA_INTS && row->standard && strstr(row->standard, "...");
}

/* A default as its row writes it: `[0, 2, 3]`, `0.5`, `NOTSET`. */
static GAttr parse_standard(Arena *A, const OpAttr *row)
{
    GAttr v = {.kind = row->kind};
    if (!row->standard || !row->standard[0] || for_each_axis(row))
        return row->kind == GA_STR && row->standard ? (GAttr){.kind = GA_STR, .at.s = ""}
                                                    : (GAttr){.kind = GA_NONE};
    switch ((GAttrKind)row->kind) {
    case GA_INT: v.at.i = strtoll(row->standard, NULL, 10); break;
    case GA_FLOAT: v.at.f = (double)strtof(row->standard, NULL); break;
    case GA_STR: v.at.s = row->standard; break;
    case GA_INTS: {
        int64_t *list = ARENA_ARRAY(A, int64_t, GRAPH_MAX_RANK);
        const char *p = row->standard + 1;
        for (char *end; *p != ']' && v.n < GRAPH_MAX_RANK; p = end + (*end == ','))
            list[v.n++] = strtoll(p, &end, 10);
        v.at.is = list;
        break;
    }
    default: assert(!"a default of this kind cannot be written in the table");
    }
    return v;
}

bool graph_attr_is_standard(const OpAttr *row, const GAttr *a)
{
    Arena *A = arena_scratch(NULL);
    GAttr s = parse_standard(A, row);
    bool same = row->standard && s.kind == a->kind && s.n == a->n;
    switch ((GAttrKind)(same ? a->kind : GA_NONE)) {
    case GA_NONE: break;
    case GA_INT: same = s.at.i == a->at.i; break;
    case GA_FLOAT: same = s.at.f == a->at.f; break;
    case GA_STR: same = !strcmp(s.at.s, a->at.s); break;
    case GA_DTYPE: same = s.at.t == a->at.t; break;
    case GA_INTS: same = !s.n || !memcmp(s.at.is, a->at.is, s.n * sizeof *s.at.is); break;
    case GA_FLOATS: same = !s.n || !memcmp(s.at.fs, a->at.fs, s.n * sizeof *s.at.fs); break;
    }
    arena_release(A);
    return same;
}

/* An integer is welcome where a number is asked for, and a lone one where a list is. */
static bool convert_attr(Arena *A, GAttr *v, GAttrKind want)
{
    if (v->kind == want)
        return true;
    if (want == GA_FLOAT && v->kind == GA_INT) {
        *v = (GAttr){.kind = GA_FLOAT, .at.f = (double)(float)v->at.i};
        return true;
    }
    if (want == GA_INTS && (v->kind == GA_INT || (v->kind == GA_FLOATS && v->n == 0))) {
        int64_t *one = ARENA_ARRAY(A, int64_t, 1);
        uint32_t n = v->kind == GA_INT;
        if (n)
            *one = v->at.i;
        *v = (GAttr){.kind = GA_INTS, .n = n, .at.is = one};
        return true;
    }
    if (want == GA_FLOATS && v->kind == GA_INTS) {
        double *list = ARENA_ARRAY(A, double, v->n + 1);
        for (uint32_t i = 0; i < v->n; i++)
            list[i] = (double)v->at.is[i];
        *v = (GAttr){.kind = GA_FLOATS, .n = v->n, .at.fs = list};
        return true;
    }
    if (want == GA_DTYPE && v->kind == GA_STR) {
        DType t;
        if (!dtype_parse(v->at.s, &t))
            return false;
        *v = (GAttr){.kind = GA_DTYPE, .at.t = t};
        return true;
    }
    return false;
}

/* In the arena; a NaN is the one that the text form can write. */
static GAttr copy_attr(Arena *A, GAttr v)
{
    if (v.kind == GA_FLOAT && isnan(v.at.f))
        v.at.f = NAN;
    if (v.kind == GA_STR)
        v.at.s = arena_strdup(A, v.at.s);
    if (v.kind == GA_INTS) {
        int64_t *list = ARENA_ARRAY(A, int64_t, v.n + 1);
        if (v.n)
            mem_copy(list, v.at.is, v.n * sizeof *list);
        v.at.is = list;
    }
    if (v.kind == GA_FLOATS) {
        double *list = ARENA_ARRAY(A, double, v.n + 1);
        for (uint32_t i = 0; i < v.n; i++)
            list[i] = isnan(v.at.fs[i]) ? NAN : v.at.fs[i];
        v.at.fs = list;
    }
    return v;
}

bool graph_fill_attrs(Arena *A, GNode *n, const GNodeSpec *spec, Err *err)
{
    const GraphOp *op = spec->op;
    GAttr *attr = ARENA_ARRAY(A, GAttr, op->nattrs + 1u);
    bool *given = ARENA_ARRAY(A, bool, op->nattrs + 1u);
    for (size_t k = 0; k < spec->nargs; k++) {
        const GArg *arg = &spec->arg[k];
        size_t i = 0;
        while (i < op->nattrs && strcmp(op->attr[i].name, arg->name) != 0)
            i++;
        if (i == op->nattrs)
            return REFUSE(err, graph_attr_unknown, n, n->alias, op->name, arg->name,
                          attr_names(A, op), op->name);
        attr[i] = copy_attr(A, arg->value);
        given[i] = true;
        if (!convert_attr(A, &attr[i], op->attr[i].kind))
            return REFUSE(err, graph_attr_kind, n, n->alias, op->name, arg->name,
                          kind_text[op->attr[i].kind], kind_text[arg->value.kind], op->name);
    }
    for (size_t i = 0; i < op->nattrs; i++) {
        if (given[i])
            continue;
        if (!op->attr[i].standard)
            return REFUSE(err, graph_attr_missing, n, n->alias, op->name, op->attr[i].name,
                          op->attr[i].doc, op->name);
        attr[i] = parse_standard(A, &op->attr[i]);
    }
    n->attr = attr;
    return true;
}

static bool is_idle(const OpAttr *row, const GAttr *a)
{
    int64_t idle = for_each_axis(row) ? strtoll(row->standard + 1, NULL, 10) : 0;
    if (!for_each_axis(row) || a->kind != GA_INTS)
        return false;
    for (uint32_t i = 0; i < a->n; i++)
        if (a->at.is[i] != idle)
            return false;
    return true;
}

void graph_drop_idle_attrs(Arena *A, GNode *n)
{
    GAttr *attr = ARENA_ARRAY(A, GAttr, n->op->nattrs + 1u);
    for (size_t i = 0; i < n->op->nattrs; i++)
        attr[i] = is_idle(&n->op->attr[i], &n->attr[i]) ? (GAttr){.kind = GA_NONE} : n->attr[i];
    n->attr = attr;
}
