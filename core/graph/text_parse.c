/* text_parse.c -- graphs from text: the inverse of text.c, with sloppier input accepted. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/graph/consts.h"
#include "core/graph/infer.h"
#include "core/graph/ops.h"
#include "core/graph/strmap.h"
#include "core/graph/text.h"
#include "core/ir/parse_expr.h"

typedef struct GraphParser {
    Parser p; /* the tokens; its names are not used */
    GraphBuilder *b;
    StrMap values;
    FindData *find;
    void *env;
    VEC(GGroup) groups;
    uint32_t nnodes;
} GraphParser;

/* ---- pieces ---- */

static bool next_line(GraphParser *g)
{
    Parser *p = &g->p;
    if (++p->line >= p->nlines)
        return false;
    p->at = p->lines[p->line].text;
    p->end = p->at + p->lines[p->line].len;
    parse_next(p);
    return true;
}

/* A number as written: an integer in both ways, or with a fraction. */
typedef struct Number {
    bool whole;
    int64_t i; /* the bits of a uint64 where it is beyond int64 */
    double f;
} Number;

static bool parse_number(Parser *p, Number *v)
{
    bool negative = parse_take(p, "-");
    *v = (Number){.whole = p->tok.kind == TOK_INT};
    if (!v->whole && p->tok.kind != TOK_FLOAT && !parse_is(p, "inf") && !parse_is(p, "nan")) {
        parse_fail(p, "expected a number");
        return false;
    }
    errno = 0;
    uint64_t u = v->whole ? strtoull(p->tok.at, NULL, 10) : 0;
    if (errno == ERANGE || (negative && u > (uint64_t)INT64_MAX + 1)) {
        parse_fail(p, "this number does not fit 64 bits");
        return false;
    }
    v->i = (int64_t)(negative ? 0 - u : u);
    v->f = strtod(p->tok.at, NULL);
    v->f = negative ? -v->f : v->f;
    parse_next(p);
    return true;
}

static bool parse_integer(Parser *p, int64_t *v)
{
    Number n;
    if (!parse_number(p, &n))
        return false;
    *v = n.i;
    if (!n.whole)
        parse_fail(p, "expected an integer before this");
    return n.whole;
}

/* Between quotes, where put_string writes what could disturb as \x and two digits. */
static const char *parse_string(Parser *p)
{
    char *s = arena_strndup(p->A, p->tok.at + 1, p->tok.len - 2), *to = s;
    for (const char *from = s; *from;) {
        if (*from == '\\') {
            char hex[3] = {0};
            if (from[1] == 'x' && isxdigit((unsigned char)from[2]) &&
                isxdigit((unsigned char)from[3]))
                memcpy(hex, from + 2, 2);
            *to = (char)strtol(hex, NULL, 16);
            if (!*to++) {
                parse_fail(p, "a backslash is written as \\x5c, and no character is \\x00");
                return "";
            }
            from += 4;
        } else {
            *to++ = *from++;
        }
    }
    *to = '\0';
    parse_next(p);
    return s;
}

/* `float32[1, batch, ?]`, `?[*]`. */
static bool parse_type(GraphParser *g, GType *t)
{
    Parser *p = &g->p;
    int64_t dim[GRAPH_MAX_RANK];
    int rank = 0;
    DType dtype = DT_COUNT;
    if (*p->tok.at == '?' && p->tok.kind == TOK_BAD) {
        parse_next(p);
    } else {
        const char *name = parse_name(p, "an element type");
        if (name && !dtype_parse(name, &dtype))
            parse_fail(p, "'%s' is no element type", name);
    }
    if (!parse_want(p, "["))
        return false;
    if (parse_take(p, "*"))
        rank = -1;
    while (rank >= 0 && !p->failed && !parse_is(p, "]")) {
        if (rank == GRAPH_MAX_RANK) {
            parse_fail(p, "more than %d dimensions", GRAPH_MAX_RANK);
            return false;
        }
        if (p->tok.kind == TOK_BAD && *p->tok.at == '?') {
            dim[rank++] = DIM_ANY;
            parse_next(p);
        } else if (p->tok.kind == TOK_NAME) {
            dim[rank++] = dim_symbol(gb_symbol(g->b, parse_name(p, "a size")));
        } else if (parse_integer(p, &dim[rank])) {
            rank++;
        }
        if (!parse_take(p, ","))
            break;
    }
    parse_want(p, "]");
    if (!p->failed)
        *t = gb_type(g->b, dtype, rank, dim);
    return !p->failed;
}

/* ---- constants ---- */

static bool parse_fingerprint(Parser *p, Fingerprint *f)
{
    char hex[33] = "";
    const char *s = p->tok.at + 1; /* after `<`, taken raw: digits and letters in any order */
    if (!parse_is(p, "<") || p->end - s < 33 || s[32] != '>') {
        parse_fail(p, "expected data<…> with 32 hexadecimal digits");
        return false;
    }
    memcpy(hex, s, 32);
    f->lo = strtoull(hex + 16, NULL, 16);
    hex[16] = '\0';
    f->hi = strtoull(hex, NULL, 16);
    p->at = s + 33;
    parse_next(p);
    return true;
}

static ValueId parse_data(GraphParser *g, const char *name, GType t)
{
    Parser *p = &g->p;
    Fingerprint f;
    if (!parse_fingerprint(p, &f))
        return VALUE_NONE;
    Tensor *data = g->find ? g->find(g->env, f) : NULL;
    if (!data) {
        char hash[33];
        fp_text(f, hash);
        p->failed = true;
        FAIL(p->err, graph_no_data, NULL, p->lines[p->line].number, hash);
        return VALUE_NONE;
    }
    if (!gtype_equal(const_type(p->A, data), t)) {
        parse_fail(p, "the data of %s have another type or shape", name);
        return VALUE_NONE;
    }
    ValueId v = gb_const(g->b, name, NULL, data);
    strmap_put(&g->values, name, strlen(name), v);
    return v;
}

static bool parse_element(Parser *p, DType t, Scalar *v)
{
    Number n;
    *v = (Scalar){0};
    if (t == DT_bool) {
        v->i = parse_is(p, "true");
        return v->i ? parse_take(p, "true") : parse_want(p, "false");
    }
    if (dtype_is_float(t)) {
        if (!parse_number(p, &n))
            return false;
        v->f = t == DT_float32 ? (double)(float)n.f : n.f;
        return true;
    }
    if (parse_integer(p, &v->i) && dtype_wrap(t, v->i) != v->i)
        parse_fail(p, "%lld does not fit %s", (long long)v->i, dtype_name(t));
    return !p->failed;
}

/* Elements of a literal: a list of n (any number where n is -1), or one number where rank is 0. */
static ValueId parse_elements(GraphParser *g, DType t, int rank, int64_t n)
{
    Parser *p = &g->p;
    VEC(Scalar) list = {0};
    bool open = rank && parse_want(p, "[");
    Scalar one;
    while (!p->failed && !(open && parse_is(p, "]")) && parse_element(p, t, &one)) {
        vec_push(p->A, &list, one);
        if (!rank || !parse_take(p, ","))
            break;
    }
    if (open)
        parse_want(p, "]");
    if (!p->failed && n >= 0 && list.n != (size_t)n)
        parse_fail(p, "%zu elements are given, not %lld", list.n, (long long)n);
    if (p->failed)
        return VALUE_NONE;
    Tensor *data = tensor_new(t, rank, (int64_t[]){(int64_t)list.n}, p->err);
    if (!data) {
        p->failed = true;
        return VALUE_NONE;
    }
    for (size_t i = 0; i < list.n; i++)
        dtype_store(t, (uint8_t *)tensor_fill(data) + i * dtype_bytes(t), list.at[i]);
    ValueId v = gb_const(g->b, NULL, NULL, data);
    tensor_release(data);
    return v;
}

/* An input of a node: a name, `none`, a literal, or a constant written out. */
static ValueId parse_input(GraphParser *g)
{
    Parser *p = &g->p;
    GType t;
    DType dtype;
    if (parse_is(p, "["))
        return parse_elements(g, DT_int64, 1, -1);
    if (parse_take(p, "none"))
        return VALUE_NONE;
    const char *name = parse_name(p, "a value");
    if (!name)
        return VALUE_NONE;
    if (parse_is(p, "[") && dtype_parse(name, &dtype)) { /* a literal with its type */
        int64_t n = 1;
        parse_next(p);
        bool list = !parse_is(p, "]");
        if (list)
            parse_integer(p, &n);
        parse_want(p, "]");
        return p->failed ? VALUE_NONE : parse_elements(g, dtype, list, n);
    }
    if (parse_take(p, ":")) {
        if (!parse_type(g, &t))
            return VALUE_NONE;
        if (!parse_take(p, "data")) {
            parse_fail(p, "expected data<…> after the type of %s", name);
            return VALUE_NONE;
        }
        return parse_data(g, name, t);
    }
    ValueId v = strmap_get(&g->values, name, strlen(name), VALUE_NONE);
    if (v == VALUE_NONE)
        parse_fail(p, "no value is called '%s' yet", name);
    return v;
}

/* ---- nodes ---- */

static GAttr parse_list(Parser *p)
{
    VEC(int64_t) ints = {0};
    VEC(double) floats = {0};
    bool all_whole = true;
    Number v;
    parse_next(p);
    while (!p->failed && !parse_is(p, "]") && parse_number(p, &v)) {
        all_whole &= v.whole;
        vec_push(p->A, &ints, v.i);
        vec_push(p->A, &floats, v.f);
        if (!parse_take(p, ","))
            break;
    }
    parse_want(p, "]");
    return all_whole ? (GAttr){.kind = GA_INTS, .n = (uint32_t)ints.n, .at.is = ints.at}
                     : (GAttr){.kind = GA_FLOATS, .n = (uint32_t)floats.n, .at.fs = floats.at};
}

static GAttr parse_attr(Parser *p)
{
    Number v;
    if (p->tok.kind == TOK_STRING)
        return (GAttr){.kind = GA_STR, .at.s = parse_string(p)};
    if (parse_is(p, "["))
        return parse_list(p);
    if (p->tok.kind == TOK_NAME && !parse_is(p, "inf") && !parse_is(p, "nan"))
        return (GAttr){.kind = GA_STR, .at.s = parse_name(p, "a word")};
    if (!parse_number(p, &v))
        return (GAttr){0};
    if (v.whole)
        return (GAttr){.kind = GA_INT, .at.i = v.i};
    return (GAttr){.kind = GA_FLOAT, .at.f = (double)(float)v.f};
}

typedef struct NodeLine {
    VEC(const char *) name;
    VEC(GType) type; /* rank -2: not said */
    VEC(ValueId) in;
    VEC(GArg) arg;
} NodeLine;

static bool parse_arguments(GraphParser *g, NodeLine *line)
{
    Parser *p = &g->p;
    while (!p->failed && !parse_is(p, ")")) {
        /* A word followed by `=` is an attribute. */
        Token after = lex_token(p->at, p->end);
        if (p->tok.kind == TOK_NAME && after.len == 1 && *after.at == '=') {
            const char *name = parse_name(p, "an attribute");
            parse_next(p);
            vec_push(p->A, &line->arg, ((GArg){name, parse_attr(p)}));
        } else {
            vec_push(p->A, &line->in, parse_input(g));
        }
        if (!parse_take(p, ","))
            break;
    }
    return parse_want(p, ")");
}

static bool make_node(GraphParser *g, const NodeLine *line, const char *op_name)
{
    Parser *p = &g->p;
    const GraphOp *op = graph_op_find(op_name);
    if (!op) {
        parse_fail(p, "no operator is called '%s'", op_name);
        return false;
    }
    const char *alias = line->name.at[0], *dot = strrchr(alias, '.');
    if (line->name.n > 1 && dot)
        alias = arena_strndup(p->A, alias, (size_t)(dot - alias));
    ValueId *out = ARENA_ARRAY(p->A, ValueId, line->name.n);
    GNodeSpec spec = {.op = op,
                      .alias = alias,
                      .in = line->in.at,
                      .nin = line->in.n,
                      .arg = line->arg.at,
                      .nargs = line->arg.n,
                      .nout = line->name.n};
    Err trouble = {0};
    if (!gb_node(g->b, &spec, out, &trouble)) {
        parse_fail(p, "%s", trouble.why);
        return false;
    }
    for (size_t i = 0; i < line->name.n; i++) {
        GValue v = *gb_value(g->b, out[i]);
        GType said = line->type.at[i];
        bool free = !gtype_static(v.type);
        if (said.rank != -2 && !free && !gtype_equal(v.type, said)) {
            parse_fail(p, "%s is %s", line->name.at[i], gtype_text(p->A, NULL, v.type));
            return false;
        }
        if (said.rank != -2 && free) { /* what the text knows better: declared types of a model */
            v.type = said;
            gb_set_value(g->b, out[i], v);
        }
        strmap_put(&g->values, line->name.at[i], strlen(line->name.at[i]), out[i]);
    }
    g->nnodes++;
    return true;
}

static bool parse_node(GraphParser *g)
{
    Parser *p = &g->p;
    NodeLine line = {0};
    do {
        GType t = {.rank = -2, .dtype = DT_COUNT};
        const char *name = parse_name(p, "a node");
        if (!name || (parse_take(p, ":") && !parse_type(g, &t)))
            return false;
        vec_push(p->A, &line.name, name);
        vec_push(p->A, &line.type, t);
    } while (parse_take(p, ","));
    parse_want(p, "=");
    const char *op = p->failed ? NULL : parse_name(p, "an operator");
    return op && parse_want(p, "(") && parse_arguments(g, &line) && make_node(g, &line, op);
}

/* ---- the whole ---- */

static bool parse_header(GraphParser *g)
{
    Parser *p = &g->p;
    if (!parse_want(p, "graph"))
        return false;
    const char *name = parse_name(p, "the graph's name");
    if (!name || !parse_want(p, "("))
        return false;
    gb_set_name(g->b, name);
    while (!p->failed && !parse_is(p, ")")) {
        GType t;
        const char *input = parse_name(p, "an input");
        if (!input || !parse_want(p, ":") || !parse_type(g, &t))
            return false;
        ValueId v = gb_input(g->b, input, NULL, t);
        strmap_put(&g->values, input, strlen(input), v);
        if (!parse_take(p, ","))
            break;
    }
    /* The outputs' types are said again by what they return. */
    parse_want(p, ")");
    parse_want(p, "->");
    parse_want(p, "(");
    while (!p->failed && !parse_is(p, ")")) {
        GType t;
        if (!parse_name(p, "an output") || (parse_take(p, ":") && !parse_type(g, &t)) ||
            !parse_take(p, ","))
            break;
    }
    return parse_want(p, ")") && parse_want(p, ":");
}

static bool parse_return(GraphParser *g)
{
    Parser *p = &g->p;
    if (p->tok.kind == TOK_END)
        return true; /* a graph without outputs */
    do {
        Token after = lex_token(p->at, p->end);
        const char *name = NULL;
        if (p->tok.kind == TOK_NAME && after.len == 1 && *after.at == '=') {
            name = parse_name(p, "an output");
            parse_next(p);
        } else if (p->tok.kind == TOK_NAME) {
            name = arena_strndup(p->A, p->tok.at, p->tok.len);
        }
        ValueId v = parse_input(g);
        if (p->failed)
            return false;
        gb_output(g->b, name ? name : "y", v);
    } while (parse_take(p, ","));
    return true;
}

static void end_group(GraphParser *g)
{
    const GGroup *last = g->groups.n ? &g->groups.at[g->groups.n - 1] : NULL;
    if (last && !last->n && !g->p.failed)
        parse_fail(&g->p, "the group %s holds no node", last->name);
}

static bool parse_body(GraphParser *g)
{
    Parser *p = &g->p;
    bool returned = false;
    while (!p->failed && next_line(g)) {
        if (returned) {
            parse_fail(p, "nothing may follow the return");
        } else if (parse_take(p, "return")) {
            returned = parse_return(g);
        } else if (parse_is(p, "group") && lex_token(p->at, p->end).kind == TOK_NAME) {
            parse_next(p);
            const char *name = parse_name(p, "the group's name");
            parse_want(p, ":");
            end_group(g);
            if (!g->groups.n && g->nnodes)
                parse_fail(p, "nodes stand before the first group");
            GGroup group = {name, g->nnodes, 0};
            vec_push(gb_arena(g->b), &g->groups, group);
        } else if (parse_node(g) && g->groups.n) {
            g->groups.at[g->groups.n - 1].n++;
        }
        if (!p->failed && p->tok.kind != TOK_END)
            parse_fail(p, "the line should end before '%.*s'", (int)p->tok.len, p->tok.at);
    }
    if (!p->failed && !returned)
        parse_fail(p, "expected `return` at the end");
    end_group(g);
    return !p->failed;
}

Graph *graph_parse(const char *text, FindData *find, void *env, Err *err)
{
    Arena *A = arena_scratch(NULL);
    GraphParser g = {.p = {.A = A, .err = err},
                     .b = gb_new(NULL, "main"),
                     .values = strmap_new(A),
                     .find = find,
                     .env = env};
    g.p.lines = lex_lines(A, text, &g.p.nlines);
    g.p.line = (size_t)-1;
    Err none;
    if (!err)
        g.p.err = &none;
    if (!next_line(&g))
        parse_fail(&g.p, "the text is empty");
    else if (parse_take(&g.p, "tvmrepl"))
        next_line(&g);
    bool ok = !g.p.failed && parse_header(&g) && parse_body(&g);
    Graph *out = NULL;
    if (ok) {
        uint32_t *order = ARENA_ARRAY(gb_arena(g.b), uint32_t, g.nnodes + 1);
        GGroup *group = ARENA_ARRAY(gb_arena(g.b), GGroup, g.groups.n + 1);
        for (uint32_t i = 0; i < g.nnodes; i++)
            order[i] = i;
        for (size_t i = 0; i < g.groups.n; i++) {
            group[i] = g.groups.at[i];
            group[i].name = arena_strdup(gb_arena(g.b), group[i].name);
        }
        if (g.groups.n)
            gb_set_groups(g.b, order, group, (uint32_t)g.groups.n, NULL, 0);
        out = gb_finish(g.b, err);
    } else {
        gb_drop(g.b);
    }
    arena_release(A);
    return out;
}

Tensor *graph_find_data(void *graph, Fingerprint hash)
{
    const Graph *g = graph;
    for (uint32_t v = 0; v < g->nvalues; v++)
        if (g->value[v] && g->value[v]->data &&
            fp_equal(tensor_fingerprint(g->value[v]->data), hash))
            return g->value[v]->data;
    return NULL;
}
