/* parse.c -- statements by indentation, and whole programs. */
#include "core/ir/parse.h"

#include <string.h>

#include "core/base/nearest.h"
#include "core/ir/parse_expr.h"

typedef VEC(const Node *) NodeVec;

static const Node *parse_suite(Parser *p, int parent);

static void begin_line(Parser *p)
{
    const Line *l = &p->lines[p->line];
    p->at = l->text;
    p->end = l->text + l->len;
    parse_next(p);
}

static void end_line(Parser *p)
{
    if (!p->failed && p->tok.kind != TOK_END)
        parse_fail(p, "'%.*s' is left over", (int)p->tok.len, p->tok.at);
    p->line++;
}

static int indent_of(const Parser *p)
{
    return p->lines[p->line].indent;
}

static const Node *list_of(Parser *p, NodeVec *v)
{
    return ir_list(p->A, v->n, v->at);
}

/* ---- parts ---- */

/* float32[1024, 64] */
static const Node *parse_buffer(Parser *p, const char *name)
{
    const Node *shape[IR_MAX_RANK];
    size_t n = 0;
    DType t = DT_float32;
    const char *type = parse_name(p, "an element type, such as float32");
    if (type && !dtype_parse(type, &t))
        parse_fail(p, "'%s' is no element type", type);
    if (!parse_want(p, "[") || !parse_sizes(p, "]", shape, &n))
        return NULL;
    return ir_buffer(p->A, t, name, SCOPE_global, n, shape);
}

static bool parse_scope(Parser *p, Scope *out)
{
    for (int s = 0; s < SCOPE_COUNT; s++)
        if (parse_take(p, scope_name[s]))
            return *out = (Scope)s, true;
    return false;
}

/* A number, or a string, which may stand nowhere else. */
static const Node *parse_annot_value(Parser *p)
{
    if (p->failed)
        return NULL;
    if (p->tok.kind != TOK_STRING)
        return parse_typed(p, DT_int64);
    const char *text = arena_strndup(p->A, p->tok.at + 1, p->tok.len - 2);
    parse_next(p);
    return ir_make(p->A, OP_StrImm, 0, (Attr){.name = text}, 0, NULL);
}

static const Node *parse_annots(Parser *p)
{
    NodeVec v = {0};
    if (!parse_take(p, "{"))
        return list_of(p, &v);
    do {
        const char *name = parse_name(p, "the name of an annotation");
        parse_want(p, ":");
        const Node *value = parse_annot_value(p);
        if (p->failed)
            return NULL;
        vec_push(p->A, &v, ir_node(p->A, Annot, 0, (Attr){.name = name}, [Annot_value] = value));
    } while (parse_take(p, ","));
    parse_want(p, "}");
    return list_of(p, &v);
}

/* Windows are lists of `min :+ extent`. */
static const Node *parse_window(Parser *p)
{
    NodeVec v = {0};
    parse_want(p, "[");
    if (!p->failed && parse_take(p, "]"))
        return list_of(p, &v);
    do {
        const Node *min = p->failed ? NULL : parse_typed(p, DT_int64);
        parse_want(p, ":+");
        const Node *extent = parse_size(p);
        if (p->failed)
            return NULL;
        vec_push(p->A, &v, ir_range(p->A, min, extent));
    } while (parse_take(p, ","));
    parse_want(p, "]");
    return list_of(p, &v);
}

/* ---- statements ---- */

/* What stands where a loop says how it runs is none of those words. */
static void refuse_for_kind(Parser *p)
{
    bool word = p->tok.kind == TOK_NAME;
    Nearest n = nearest_to(word ? arena_strndup(p->A, p->tok.at, p->tok.len) : "");
    nearest_try(&n, "bind");
    for (int k = 0; k < FOR_COUNT && !for_is_bound((ForKind)k); k++)
        nearest_try(&n, for_kind_text[k]);
    parse_fail(p, "expected range, parallel, vectorized, unrolled or bind%s%s%s",
               n.best ? ": did you mean " : "", n.best ? n.best : "", n.best ? "?" : "");
}

static bool parse_for_kind(Parser *p, ForKind *kind)
{
    if (!parse_take(p, "bind")) {
        for (int k = 0; k < FOR_COUNT && !for_is_bound((ForKind)k); k++)
            if (parse_take(p, for_kind_text[k]))
                return *kind = (ForKind)k, parse_want(p, "(");
        refuse_for_kind(p);
        return false;
    }
    parse_want(p, "(");
    for (int k = 0; k < FOR_COUNT; k++) {
        size_t n = strlen(for_kind_text[k]);
        if (for_is_bound((ForKind)k) && p->tok.kind == TOK_STRING && p->tok.len == n + 2 &&
            memcmp(p->tok.at + 1, for_kind_text[k], n) == 0) {
            parse_next(p);
            return *kind = (ForKind)k, parse_want(p, ",");
        }
    }
    parse_fail(p, "expected a thread axis, such as \"blockIdx.x\"");
    return false;
}

/* How often a loop runs.  A number below 0 is a slip; where the data say so, it runs no time. */
static const Node *parse_extent(Parser *p)
{
    Token at = p->tok;
    const Node *extent = parse_typed(p, DT_int64);
    extent = p->failed ? NULL : parse_folded(p, extent, NULL);
    if (extent && extent->op == OP_IntImm && extent->at.i < 0) {
        p->tok = at;
        parse_fail(p, "this loop would run %lld times", (long long)extent->at.i);
        err_fix(p->err, "write how often it runs, 0 times or more, such as 16");
    }
    return p->failed ? NULL : extent;
}

static const Node *parse_for(Parser *p)
{
    int indent = indent_of(p);
    ForKind kind = FOR_serial;
    const char *name = parse_name(p, "the name of the loop");
    parse_want(p, "in");
    if (p->failed || !parse_for_kind(p, &kind))
        return NULL;
    const Node *extent = parse_extent(p);
    parse_want(p, ")");
    const Node *annots = p->failed ? NULL : parse_annots(p);
    parse_want(p, ":");
    end_line(p);
    if (p->failed)
        return NULL;
    const Node *var = ir_var_like(p->A, DT_int64, name, name, 0);
    size_t depth = p->names.n;
    parse_push(p, name, var);
    const Node *body = parse_suite(p, indent);
    p->names.n = depth;
    if (p->failed)
        return NULL;
    return ir_node(p->A, For, 0, (Attr){.i = kind}, [For_var] = var, [For_extent] = extent,
                   [For_annots] = annots, [For_body] = body);
}

static const Node *parse_iter(Parser *p)
{
    const char *name = parse_name(p, "an axis");
    if (p->failed)
        return NULL;
    const Node *value = NULL;
    if (parse_take(p, "="))
        value = parse_typed(p, DT_int64);
    else if (!(value = parse_find(p, name, OP_Var)))
        parse_fail(p, "no loop is named '%s': write %s = …", name, name);
    IterKind kind = ITER_spatial;
    if (!p->failed && parse_take(p, ":")) {
        kind = ITER_reduce;
        parse_want(p, "reduce");
    }
    if (p->failed)
        return NULL;
    return ir_iter(p->A, kind, ir_var_like(p->A, DT_int64, name, name, 0), value);
}

/* The buffer of that name, which stands at `at` and is to be written. */
static const Node *parse_written(Parser *p, Token at, const char *name)
{
    const Node *buffer = parse_find(p, name, OP_Buffer);
    bool input = buffer && p->params && ir_has_kid(p->params, buffer);
    if (buffer && !input)
        return buffer;
    p->tok = at;
    if (!buffer)
        return parse_fail(p, "no buffer is named '%s'", name), NULL;
    parse_fail(p, "'%s' is a parameter, and those are only read", name);
    if (p->results && p->results->nkids)
        err_fix(p->err,
                "write into a result, such as %s, or into a buffer of its own, as alloc T: "
                "float32[16] makes one",
                ir_buf_name(p->results->kid[0]));
    return NULL;
}

static const Node *parse_init(Parser *p, int indent)
{
    if (p->failed || p->line >= p->nlines || indent_of(p) <= indent)
        return ir_nop(p->A);
    begin_line(p);
    if (!parse_is(p, "init"))
        return ir_nop(p->A);
    int own = indent_of(p);
    parse_next(p);
    parse_want(p, ":");
    if (!p->failed && p->tok.kind == TOK_END) {
        end_line(p);
        return parse_suite(p, own);
    }
    const Token at = p->tok;
    const char *name = parse_name(p, "a buffer");
    const Node *buffer = p->failed ? NULL : parse_written(p, at, name), *index[IR_MAX_RANK];
    size_t n = 0;
    if (!parse_want(p, "[") || !parse_indices(p, "]", index, &n) || !parse_want(p, "="))
        return NULL;
    if (n != ir_rank(buffer))
        parse_fail(p, "'%s' has rank %zu, not %zu", name, ir_rank(buffer), n);
    const Node *value = p->failed ? NULL : parse_typed(p, buffer->type);
    end_line(p);
    return p->failed ? NULL : ir_store(p->A, buffer, n, index, value);
}

static void push_axes(Parser *p, const NodeVec *iters)
{
    for (size_t i = 0; i < iters->n; i++) {
        const Node *var = iters->at[i]->kid[Iter_var];
        parse_push(p, ir_var_name(var), var);
    }
}

static const Node *parse_block(Parser *p)
{
    int indent = indent_of(p);
    BlockInfo *info = arena_alloc(p->A, sizeof *info);
    info->name = parse_name(p, "the name of the block");
    NodeVec iters = {0};
    parse_want(p, "(");
    if (!p->failed && !parse_take(p, ")")) {
        do {
            const Node *iter = parse_iter(p);
            if (p->failed)
                return NULL;
            vec_push(p->A, &iters, iter);
        } while (parse_take(p, ","));
        parse_want(p, ")");
    }
    if (p->failed)
        return NULL;
    size_t depth = p->names.n;
    push_axes(p, &iters);
    const Node *where = parse_take(p, "where") ? parse_typed(p, DT_bool) : ir_bool(p->A, true);
    p->names.n = depth;
    parse_push(p, "", NULL);
    push_axes(p, &iters);
    const Node *annots = p->failed ? NULL : parse_annots(p);
    parse_want(p, ":");
    end_line(p);
    const Node *init = parse_init(p, indent);
    const Node *body = p->failed ? NULL : parse_suite(p, indent);
    p->names.n = depth;
    if (p->failed)
        return NULL;
    return ir_node(p->A, Block, 0,
                   (Attr){.block = info}, [Block_iters] = list_of(p, &iters), [Block_where] = where,
                   [Block_annots] = annots, [Block_init] = init, [Block_body] = body);
}

/* alloc T: float32[8, 8] local  |  alloc C.local: local window C[y :+ 8, x :+ 8]; its scope is the
** rest of the statements at this indentation, or with a colon at the end those indented deeper. */
static const Node *parse_alloc_head(Parser *p, const Node **window, bool *scoped)
{
    const char *name = parse_name(p, "the name of the buffer");
    parse_want(p, ":");
    if (p->failed)
        return NULL;
    Scope scope = SCOPE_global;
    const Node *b = parse_scope(p, &scope) ? NULL : parse_buffer(p, name);
    if (b)
        parse_scope(p, &scope);
    *window = ir_list(p->A, 0, NULL);
    if (!p->failed && parse_take(p, "window")) {
        if (!b) {
            const char *of = parse_name(p, "the buffer that the window is on");
            b = of ? parse_find(p, of, OP_Buffer) : NULL;
            if (!p->failed && !b)
                parse_fail(p, "no buffer is named '%s'", of);
        }
        *window = p->failed ? NULL : parse_window(p);
        if (!p->failed && (*window)->nkids != ir_rank(b))
            parse_fail(p, "the window of '%s' needs %zu ranges", name, ir_rank(b));
    } else if (!p->failed && !b) {
        parse_fail(p, "expected a type and a shape, or a window");
    }
    *scoped = parse_take(p, ":");
    end_line(p);
    return p->failed ? NULL : ir_buffer(p->A, b->type, name, scope, ir_rank(b), b->kid);
}

static const Node *parse_if(Parser *p)
{
    int indent = indent_of(p);
    const Node *cond = parse_typed(p, DT_bool);
    parse_want(p, ":");
    end_line(p);
    const Node *then = p->failed ? NULL : parse_suite(p, indent), *otherwise = NULL;
    if (!p->failed && p->line < p->nlines && indent_of(p) == indent) {
        begin_line(p);
        if (parse_take(p, "else")) {
            parse_want(p, ":");
            end_line(p);
            otherwise = p->failed ? NULL : parse_suite(p, indent);
        }
    }
    if (p->failed)
        return NULL;
    return ir_node(p->A, If, 0, (Attr){0}, [If_cond] = cond, [If_then] = then,
                   [If_otherwise] = otherwise ? otherwise : ir_nop(p->A));
}

/* C[y, x] = value, or with a combiner's sign in place of =. */
static const Node *parse_access(Parser *p, Token at, const char *name)
{
    const Node *buffer = parse_written(p, at, name), *index[IR_MAX_RANK];
    size_t n = 0;
    int combiner = -1;
    if (!parse_want(p, "[") || !parse_indices(p, "]", index, &n))
        return NULL;
    if (n != ir_rank(buffer))
        parse_fail(p, "'%s' has rank %zu, not %zu", name, ir_rank(buffer), n);
    for (int c = 0; c < COMB_COUNT && combiner < 0; c++)
        if (parse_take(p, combiner_text[c]))
            combiner = c;
    if (combiner < 0)
        parse_want(p, "=");
    const Node *value = p->failed ? NULL : parse_typed(p, buffer->type);
    if (!p->failed && combiner == COMB_fma && (value->op != OP_Mul || !dtype_is_float(value->type)))
        parse_fail(p, "fma= takes a product of two floats");
    end_line(p);
    if (p->failed)
        return NULL;
    return combiner < 0 ? ir_store(p->A, buffer, n, index, value)
                        : ir_update(p->A, (Combiner)combiner, buffer, n, index, value);
}

static const Node *parse_barrier(Parser *p)
{
    Scope scope = SCOPE_shared;
    parse_want(p, "(");
    const char *name = scope_name[scope];
    if (p->tok.kind == TOK_STRING && p->tok.len > 2)
        name = arena_strndup(p->A, p->tok.at + 1, p->tok.len - 2);
    parse_next(p);
    parse_want(p, ")");
    end_line(p);
    return p->failed ? NULL : ir_make(p->A, OP_Barrier, 0, (Attr){.name = name}, 0, NULL);
}

#define STATEMENTS "a statement (for, block, if, alloc, or an assignment)"

/* A line that begins with `name`, at `at`, which nothing is called, and is no assignment. */
static void refuse_stmt(Parser *p, Token at, const char *name)
{
    static const char *const words[] = {"for", "block", "if", "alloc", "pass", "else", "init"};
    Nearest n = nearest_to(name);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        nearest_try(&n, words[i]);
    p->tok = at;
    parse_fail(p, "expected " STATEMENTS "%s%s%s", n.best ? ": did you mean " : "",
               n.best ? n.best : "", n.best ? "?" : "");
}

static const Node *parse_stmt(Parser *p)
{
    if (parse_take(p, "for"))
        return parse_for(p);
    if (parse_take(p, "block"))
        return parse_block(p);
    if (parse_take(p, "if"))
        return parse_if(p);
    if (parse_take(p, "pass")) {
        end_line(p);
        return ir_nop(p->A);
    }
    const Token at = p->tok;
    const char *name = parse_name(p, STATEMENTS);
    if (!p->failed && strcmp(name, "barrier") == 0)
        return parse_barrier(p);
    if (!p->failed && strcmp(name, "while") == 0 && !parse_is(p, "["))
        parse_fail(p, "there is no while: loops are counted, as in for x in range(8):, and what is "
                      "done only sometimes stands under an if");
    if (!p->failed && !parse_is(p, "[") && !parse_is(p, "=") && !parse_find(p, name, OP_Buffer))
        refuse_stmt(p, at, name);
    return p->failed ? NULL : parse_access(p, at, name);
}

/* The statements that are indented deeper than `parent`, all alike. */
static const Node *parse_suite(Parser *p, int parent)
{
    NodeVec v = {0};
    VEC(size_t) allocs = {0}; /* where in v an Alloc's body begins */
    NodeVec heads = {0}, windows = {0};
    if (++p->depth > IR_MAX_DEPTH / 2)
        parse_fail(p, "this is nested too deeply");
    if (!p->failed && (p->line >= p->nlines || indent_of(p) <= parent)) {
        if (p->line < p->nlines)
            begin_line(p);
        parse_fail(p, "expected an indented statement");
    }
    int indent = p->failed ? 0 : indent_of(p);
    size_t depth = p->names.n;
    while (!p->failed && p->line < p->nlines && indent_of(p) == indent) {
        begin_line(p);
        if (parse_take(p, "alloc")) {
            bool scoped = false;
            const Node *window = NULL, *b = parse_alloc_head(p, &window, &scoped);
            if (p->failed)
                break;
            parse_push(p, ir_buf_name(b), b);
            if (scoped) {
                const Node *body = parse_suite(p, indent);
                p->names.n--;
                if (!p->failed)
                    vec_push(p->A, &v, ir_alloc(p->A, b, window, body));
                continue;
            }
            vec_push(p->A, &heads, b);
            vec_push(p->A, &windows, window);
            vec_push(p->A, &allocs, v.n);
            continue;
        }
        const Node *s = parse_stmt(p);
        if (!p->failed)
            vec_push(p->A, &v, s);
    }
    if (!p->failed && p->line < p->nlines && indent_of(p) > parent) {
        begin_line(p);
        parse_fail(p, "this line is indented unlike its neighbours");
    }
    p->names.n = depth;
    p->depth--;
    if (p->failed)
        return NULL;
    for (size_t i = allocs.n; i-- > 0;) {
        size_t from = allocs.at[i];
        const Node *body = ir_seq(p->A, v.n - from, v.n > from ? v.at + from : NULL);
        const Node *alloc = ir_alloc(p->A, heads.at[i], windows.at[i], body);
        v.n = from;
        vec_push(p->A, &v, alloc);
    }
    return ir_seq(p->A, v.n, v.at);
}

/* ---- whole programs ---- */

static const Node *parse_params(Parser *p, const char *close)
{
    NodeVec v = {0};
    if (!p->failed && !parse_is(p, close)) {
        do {
            const char *name = parse_name(p, "a buffer");
            parse_want(p, ":");
            const Node *b = p->failed ? NULL : parse_buffer(p, name);
            if (p->failed)
                return NULL;
            parse_push(p, name, b);
            vec_push(p->A, &v, b);
        } while (parse_take(p, ","));
    }
    parse_want(p, close);
    return p->failed ? NULL : list_of(p, &v);
}

const Node *ir_parse_func(Arena *A, const char *text, Err *err)
{
    Parser p = {.A = A, .err = err};
    p.lines = lex_lines(A, text, &p.nlines);
    if (p.nlines == 0)
        return FAIL(err, text_empty, NULL);
    begin_line(&p);
    if (parse_take(&p, "tvmrepl")) {
        if (!parse_is(&p, "1"))
            return FAIL(err, text_version, NULL, (int)p.tok.len, p.tok.at);
        if (++p.line >= p.nlines)
            return FAIL(err, text_empty, NULL);
        begin_line(&p);
    }
    int indent = indent_of(&p);
    parse_want(&p, "func");
    const char *name = parse_name(&p, "the name of the function");
    parse_want(&p, "(");
    const Node *params = parse_params(&p, ")");
    parse_want(&p, "->");
    const Node *results = parse_params(&p, ":");
    p.params = params;
    p.results = results;
    end_line(&p);
    const Node *body = p.failed ? NULL : parse_suite(&p, indent);
    if (!p.failed && p.line < p.nlines) {
        begin_line(&p);
        parse_fail(&p, "the function ends above this line");
    }
    return p.failed ? NULL : ir_func(A, name, params, results, body);
}

const Node *ir_parse_expr(Arena *A, const char *text, DType type, size_t nnames,
                          const Node *const *names, Err *err)
{
    Parser p = {.A = A, .err = err};
    p.lines = lex_lines(A, text, &p.nlines);
    if (p.nlines == 0)
        return FAIL(err, text_empty, NULL);
    for (size_t i = 0; i < nnames; i++)
        parse_push(&p, names[i]->op == OP_Var ? ir_var_name(names[i]) : ir_buf_name(names[i]),
                   names[i]);
    begin_line(&p);
    const Node *n = parse_typed(&p, type);
    end_line(&p);
    return p.failed ? NULL : n;
}
