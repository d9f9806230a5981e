/* bind.c -- graphs for particular sizes and for particular elements of inputs. */
#include <string.h>

#include "core/base/lua_word.h"
#include "core/graph/consts.h"
#include "core/graph/infer.h"
#include "core/graph/ops.h"

static GType bound_type(Arena *A, GType t, const int64_t *size)
{
    int64_t *dim = ARENA_ARRAY(A, int64_t, t.rank + 1);
    for (int d = 0; d < t.rank; d++) {
        bool symbol = dim_is_symbol(t.dim[d]);
        dim[d] = symbol && size[dim_symbol_index(t.dim[d])] >= 0 ? size[dim_symbol_index(t.dim[d])]
                                                                 : t.dim[d];
    }
    t.dim = t.rank < 0 ? NULL : dim;
    return t;
}

/* By symbol: does the type of some value speak of it? */
static const bool *free_symbols(Arena *A, const Graph *g)
{
    bool *is_free = ARENA_ARRAY(A, bool, g->nsymbols + 1);
    for (uint32_t v = 0; v < g->nvalues; v++)
        for (int d = 0; g->value[v] && d < g->value[v]->type.rank; d++)
            if (dim_is_symbol(g->value[v]->type.dim[d]))
                is_free[dim_symbol_index(g->value[v]->type.dim[d])] = true;
    return is_free;
}

/* The free sizes with commas between, or for Lua the entries that bind them; of many only the
** first. */
static const char *free_text(Arena *A, const Graph *g, bool entries)
{
    enum { MOST = 8 };
    const bool *is_free = free_symbols(A, g);
    Buf out = buf_new(A);
    for (uint32_t s = 0, n = 0; s < g->nsymbols && n < MOST; s++) {
        bool quoted = entries && !is_lua_name(g->symbol[s]);
        if (is_free[s])
            buf_printf(&out, "%s%s%s%s%s", n++ ? ", " : "", quoted ? "[\"" : "", g->symbol[s],
                       quoted ? "\"]" : "", entries ? " = 1" : "");
    }
    return buf_str(&out);
}

const char *graph_free_sizes(Arena *A, const Graph *g)
{
    return free_text(A, g, false);
}

const char *graph_binding_text(Arena *A, const Graph *g)
{
    return arena_printf(A, "{%s}", free_text(A, g, true));
}

static bool refuse_unknown_size(Arena *A, const Graph *g, const char *size, Err *err)
{
    const char *sizes = graph_free_sizes(A, g);
    return REFUSE(err, graph_no_symbol, NULL, size, sizes[0] ? sizes : "none");
}

Graph *graph_bind(Graph *g, const GBinding *to, Err *err)
{
    GraphBuilder *b = gb_new(g, NULL);
    Arena *A = gb_arena(b);
    int64_t *size = ARENA_ARRAY(A, int64_t, g->nsymbols + 1);
    const bool *is_free = free_symbols(A, g);
    uint32_t changed;
    bool ok = true;
    memset(size, -1, (g->nsymbols + 1) * sizeof *size);
    for (size_t i = 0; ok && i < to->nsizes; i++) {
        uint32_t s = 0;
        while (s < g->nsymbols && (!is_free[s] || strcmp(g->symbol[s], to->symbol[i]) != 0))
            s++;
        if (s == g->nsymbols)
            ok = refuse_unknown_size(A, g, to->symbol[i], err);
        else if (to->size[i] < 0 || to->size[i] > GRAPH_MAX_ELEMENTS)
            ok = REFUSE(err, graph_bad_size, NULL, to->symbol[i], (long long)to->size[i]);
        else
            size[s] = to->size[i];
    }
    for (uint32_t v = 0; ok && v < g->nvalues; v++) {
        if (!g->value[v] || g->value[v]->data)
            continue;
        GValue value = *g->value[v];
        value.type = bound_type(A, value.type, size);
        gb_set_value(b, v, value);
    }
    for (size_t i = 0; ok && i < to->ntyped; i++) {
        GValue value = *gb_value(b, to->typed[i]);
        value.type = gb_type(b, to->type[i].dtype, to->type[i].rank, to->type[i].dim);
        gb_set_value(b, to->typed[i], value);
    }
    for (size_t i = 0; ok && i < to->ninputs; i++)
        gb_fix_input(b, to->input[i], to->data[i]);
    if (!ok || !gb_infer(b, &changed, err)) {
        gb_drop(b);
        return NULL;
    }
    return gb_finish(b, err);
}

/* Marks the values that decide shapes: what such an input reads, and what that is computed from. */
static bool *deciding_values(Arena *A, const Graph *g)
{
    bool *on = ARENA_ARRAY(A, bool, g->nvalues + 1);
    for (uint32_t k = g->nnodes; k-- > 0;) {
        const GNode *n = g->node[k];
        bool out = false;
        for (size_t i = 0; i < n->nout; i++)
            out |= on[n->out[i]];
        for (size_t i = 0; i < n->nin; i++) {
            const OpArg *arg = &n->op->in[i < n->op->nin ? i : n->op->nin - 1u];
            /* The shape of x is known without x's elements. */
            bool through = out && !gnode_is(n, GOP_shape) && !gnode_is(n, GOP_size);
            if (n->in[i] != VALUE_NONE && (through || arg->types & TY_FIXED))
                on[n->in[i]] = true;
        }
    }
    return on;
}

Graph *graph_bind_to(Graph *g, Tensor *const *in, Err *err)
{
    Arena *A = arena_scratch(NULL);
    const char **symbol = ARENA_ARRAY(A, const char *, g->nsymbols + 1);
    int64_t *size = ARENA_ARRAY(A, int64_t, g->nsymbols + 1);
    ValueId *fixed = ARENA_ARRAY(A, ValueId, g->ninputs + 1),
            *typed = ARENA_ARRAY(A, ValueId, g->ninputs + 1);
    GType *type = ARENA_ARRAY(A, GType, g->ninputs + 1);
    Tensor **data = ARENA_ARRAY(A, Tensor *, g->ninputs + 1);
    GBinding to = {
        .symbol = symbol, .size = size, .typed = typed, .type = type, .input = fixed, .data = data};
    bool *deciding = deciding_values(A, g), ok = true;
    for (uint32_t i = 0; ok && i < g->ninputs; i++) {
        const GValue *v = g->value[g->input[i]];
        bool open = v->type.rank < 0;
        ok = (v->type.rank < 0 || v->type.rank == in[i]->rank) && v->type.dtype == in[i]->dtype;
        for (int d = 0; ok && d < v->type.rank; d++) {
            int64_t have = v->type.dim[d];
            if (dim_is_symbol(have)) {
                symbol[to.nsizes] = g->symbol[dim_symbol_index(have)];
                size[to.nsizes++] = in[i]->shape[d];
                for (size_t k = 0; k + 1 < to.nsizes; k++)
                    if (symbol[k] == symbol[to.nsizes - 1]) {
                        ok = size[k] == in[i]->shape[d];
                        to.nsizes--;
                        break;
                    }
            } else {
                ok = have == DIM_ANY || have == in[i]->shape[d];
                open |= have == DIM_ANY;
            }
        }
        if (open) {
            typed[to.ntyped] = g->input[i];
            type[to.ntyped++] = const_type(A, in[i]);
        }
        if (!ok) {
            Buf text = buf_new(A);
            for (int d = 0; d < in[i]->rank; d++)
                buf_printf(&text, "%s%lld", d ? ", " : "", (long long)in[i]->shape[d]);
            REFUSE(err, graph_other_input, NULL, v->name, gtype_text(A, g, v->type),
                   dtype_name(in[i]->dtype), buf_str(&text));
        }
        if (deciding[g->input[i]]) {
            fixed[to.ninputs] = g->input[i];
            data[to.ninputs++] = in[i];
        }
    }
    Graph *bound = ok ? graph_bind(g, &to, err) : NULL;
    arena_release(A);
    return bound;
}
