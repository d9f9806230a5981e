/* parse_expr.c -- expressions by precedence climbing.
**
** A literal, and what operators make of literals alone, has no type until something settles it: the
** operand beside it, or else what is expected there, as print.c leaves a type out.  What is
** expected is a type of numbers or nothing: a condition expects nothing of the numbers in it, since
** comparisons stand between them and it. */
#include "core/ir/parse.h"
#include "core/ir/parse_expr.h"
#include "core/base/mutant.h"
#include "core/ir/literal.h"
#include "core/ir/mathfn.h"
#include "core/ir/print.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEVEL_NOT = 3, LEVEL_UNARY = 11 };

/* An expression, or what has no type yet (node is NULL): a literal, or an operator on such. */
typedef struct Expr {
    const Node *node;
    bool is_float; /* a literal in it has a fraction */
    i128 i;
    double f;
    Token at; /* a literal */
    Op op;
    int nsides, depth;
    const struct Expr *side;
} Expr;

static Expr parse_level(Parser *p, DType expect, int level);

/* ---- tokens and names ---- */

/* What is wrong and where: the place of the current token in the text, and the row it stands in,
** which is one of several where a bracket is open. */
static void refuse(Parser *p, ErrCode code, const char *what)
{
    int number = 1, column = 1, at = 0;
    char shown[101] = "";
    if (p->line < p->nlines) {
        const Line *l = &p->lines[p->line];
        const char *row = l->text;
        number = l->number;
        for (const char *s = row; (s = memchr(s, '\n', (size_t)(p->tok.at - s))); row = ++s)
            number++;
        int before = (int)(p->tok.at - row), from = before > 60 ? before - 60 : 0;
        column = (row == l->text ? l->indent : 0) + before + 1;
        at = before - from;
        snprintf(shown, sizeof shown, "%.*s", (int)strcspn(row + from, "\n"), row + from);
    } else if (p->nlines) {
        number = p->lines[p->nlines - 1].number;
    }
    if (code == ERR_text_size)
        FAIL(p->err, text_size, NULL, number, column, what, shown, at, "");
    else if (code == ERR_text_size_range)
        FAIL(p->err, text_size_range, NULL, number, column, what, shown, at, "");
    else if (code == ERR_text_literal)
        FAIL(p->err, text_literal, NULL, number, column, what, shown, at, "");
    else
        FAIL(p->err, text_syntax, NULL, number, column, what, shown, at, "");
}

/* Moves to the innermost bracket that is open before the current token, if there is one. */
static bool go_to_open_bracket(Parser *p)
{
    int closed = 0;
    for (const char *s = p->tok.at; p->line < p->nlines && s-- > p->lines[p->line].text;) {
        closed += strchr(")]}", *s) ? 1 : 0;
        if (strchr("([{", *s) && closed-- == 0)
            return p->tok = (Token){TOK_SYMBOL, s, 1}, true;
    }
    return false;
}

static void refuse_as(Parser *p, ErrCode code, const char *fmt, va_list ap)
{
    char what[300];
    if (p->failed)
        return;
    p->failed = true;
    vsnprintf(what, sizeof what, fmt, ap);
    if (p->tok.kind == TOK_END && go_to_open_bracket(p))
        snprintf(what, sizeof what, "this '%c' is not closed", *p->tok.at);
    refuse(p, code, what);
}

void parse_fail(Parser *p, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    refuse_as(p, ERR_text_syntax, fmt, ap);
    va_end(ap);
}

/* The same of what has an error of its own: a size that is no number, or a number that is none. */
__attribute__((format(printf, 3, 4))) static void fail_as(Parser *p, ErrCode code, const char *fmt,
                                                          ...)
{
    va_list ap;
    va_start(ap, fmt);
    refuse_as(p, code, fmt, ap);
    va_end(ap);
}

void parse_next(Parser *p)
{
    p->tok = lex_token(p->at, p->end);
    p->at = p->tok.at + p->tok.len;
}

bool parse_is(const Parser *p, const char *text)
{
    return p->tok.len == strlen(text) && memcmp(p->tok.at, text, p->tok.len) == 0;
}

bool parse_take(Parser *p, const char *text)
{
    if (!parse_is(p, text))
        return false;
    parse_next(p);
    return true;
}

bool parse_want(Parser *p, const char *text)
{
    if (!p->failed && parse_take(p, text))
        return true;
    const Token is = p->tok;
    if (is.kind == TOK_END)
        parse_fail(p, "expected '%s', but the line ends here", text);
    else if (!p->failed && strchr(")]}", *text) && go_to_open_bracket(p) &&
             memchr(p->tok.at, '\n', (size_t)(is.at - p->tok.at)))
        parse_fail(p, "this '%c' is not closed", *p->tok.at);
    p->tok = p->failed ? p->tok : is;
    if (!p->failed)
        parse_fail(p, "expected '%s' before '%.*s'", text, (int)p->tok.len, p->tok.at);
    return false;
}

const char *parse_name(Parser *p, const char *what)
{
    if (p->tok.kind != TOK_NAME) {
        parse_fail(p, "expected %s", what);
        return NULL;
    }
    const char *name = arena_strndup(p->A, p->tok.at, p->tok.len);
    parse_next(p);
    return name;
}

bool ir_is_name(const char *text)
{
    static const char *const words[] = {"alloc", "and", "barrier", "block", "else", "false",
                                        "for",   "if",  "in",      "inf",   "init", "let",
                                        "nan",   "not", "or",      "pass",  "true"};
    size_t n = strlen(text);
    Token t = lex_token(text, text + n);
    bool whole = t.kind == TOK_NAME && t.at == text && t.len == n;
    for (size_t i = 0; whole && i < sizeof words / sizeof *words; i++)
        whole = strcmp(words[i], text) != 0;
    return whole;
}

void parse_push(Parser *p, const char *text, const Node *node)
{
    Name n = {text, node, !node};
    vec_push(p->A, &p->names, n);
}

const Node *parse_find(Parser *p, const char *text, Op op)
{
    bool hidden = false;
    for (size_t i = p->names.n; i-- > 0;) {
        const Name *n = &p->names.at[i];
        if (n->wall)
            hidden = true;
        else if (n->node->op == op && strcmp(n->text, text) == 0) {
            if (!hidden || op == OP_Buffer)
                return n->node;
            parse_fail(p, "inside a block only its own axes are visible, and '%s' is a loop", text);
            return NULL;
        }
    }
    return NULL;
}

/* ---- literals ---- */

static DType default_type(bool is_float)
{
    return is_float ? DT_float32 : DT_int64;
}

static const Node *operation(Parser *p, Op op, size_t n, const Node *const *kid)
{
    const OpInfo *info = &op_info[op];
    DType t = (DType)kid[0]->type;
    if ((info->flags & OPF_LOGIC) && t != DT_bool)
        parse_fail(p, "'%s' joins conditions, not numbers of type %s", info->symbol, dtype_name(t));
    else if ((info->flags & OPF_INT) && dtype_is_float(t))
        parse_fail(p, "'%s' works on integers, not on %s", info->symbol, dtype_name(t));
    if (p->failed)
        return NULL;
    return ir_make(p->A, op, info->flags & OPF_COMPARE ? DT_bool : t, (Attr){0}, n, kid);
}

/* Refuses a literal that is no value of `t`, the type of `beside` (or NULL). */
static void refuse_literal(Parser *p, const Expr *e, DType t, const Node *beside)
{
    LiteralWords w = literal_words(t, e->i);
    const char *its = beside ? ir_text(p->A, beside) : "";
    p->tok = e->at;
    fail_as(p, ERR_text_literal, "%s is no value of %s, which goes from %s", w.number,
            dtype_name(t), w.range);
    if (w.wider && beside)
        err_fix(p->err, "convert what it meets, \"%s(%s)\", or write %s, which \"%s(%s)\" is",
                w.wider, strlen(its) > 80 ? "…" : its, w.wrapped, dtype_name(t), w.number);
    else
        err_fix(p->err, "write %s, which \"%s(%s)\" is", w.wrapped, dtype_name(t), w.number);
}

/* What operators make of numbers is no condition, so it does not become bool. */
static const Node *untyped_as(Parser *p, const Expr *e, DType t, const Node *beside)
{
    if (t == ANY_TYPE || (e->nsides && t == DT_bool))
        t = default_type(e->is_float);
    if (e->nsides) {
        const Node *kid[2] = {NULL, NULL};
        for (int i = 0; i < e->nsides && !p->failed; i++)
            kid[i] = untyped_as(p, &e->side[i], t, beside);
        return p->failed ? NULL : operation(p, e->op, (size_t)e->nsides, kid);
    }
    if (dtype_is_float(t))
        return ir_float(p->A, t, e->f);
    if (e->is_float) {
        p->tok = e->at;
        parse_fail(p, "a number with a fraction where %s is meant", dtype_name(t));
    } else if (!literal_fits(t, e->i)) {
        refuse_literal(p, e, t, beside);
    }
    return p->failed ? NULL : ir_int(p->A, t, (int64_t)e->i);
}

/* `beside`: what a literal takes the type t of, or NULL. */
static const Node *settle_beside(Parser *p, const Expr *e, DType t, const Node *beside)
{
    return p->failed ? NULL : e->node ? e->node : untyped_as(p, e, t, beside);
}

static const Node *settle(Parser *p, const Expr *e, DType t)
{
    return settle_beside(p, e, t, NULL);
}

/* Two operands of one type: what has none follows the other one, else what is expected. */
static bool settle_pair(Parser *p, Expr *a, Expr *b, DType expect)
{
    DType t = a->node ? (DType)a->node->type : b->node ? (DType)b->node->type : expect;
    if (t == ANY_TYPE)
        t = default_type(a->is_float || b->is_float);
    a->node = settle_beside(p, a, t, b->node);
    b->node = settle_beside(p, b, t, a->node);
    if (p->failed)
        return false;
    if (a->node->type != b->node->type) {
        DType x = (DType)a->node->type, y = (DType)b->node->type, all = dtype_wider(x, y);
        parse_fail(p, "%s and %s do not go together", dtype_name(x), dtype_name(y));
        err_fix(p->err, "\"%s(…)\" around what is %s converts it", dtype_name(all),
                dtype_name(all == x ? y : x));
        return false;
    }
    return true;
}

static int depth_of(const Expr *e)
{
    return e->node ? e->node->depth : e->depth;
}

/* An operator on operands of which none has a type. */
static Expr untyped(Parser *p, Op op, const Expr *side, int n)
{
    Expr *kept = arena_alloc(p->A, (size_t)n * sizeof *kept);
    Expr e = {.op = op, .nsides = n, .side = kept};
    for (int i = 0; i < n; i++) {
        kept[i] = side[i];
        e.is_float |= side[i].is_float;
        e.depth = side[i].depth >= e.depth ? side[i].depth + 1 : e.depth;
    }
    return e;
}

#define BEYOND "this is beyond the 64 bits of a size"

static Expr literal(Parser *p, bool negative)
{
    Expr e = {.depth = 1, .at = p->tok};
    char *text = arena_strndup(p->A, p->tok.at, p->tok.len);
    e.is_float = p->tok.kind == TOK_FLOAT;
    e.f = p->tok.kind == TOK_NAME ? (text[0] == 'i' ? INFINITY : NAN) : strtod(text, NULL);
    if (p->tok.kind == TOK_NAME)
        e.is_float = true;
    errno = 0;
    uint64_t v = e.is_float ? 0 : strtoull(text, NULL, 10);
    if (p->in_size && (errno == ERANGE || v > INT64_MAX))
        fail_as(p, ERR_text_size_range, BEYOND);
    if (errno == ERANGE)
        parse_fail(p, "this number does not fit 64 bits");
    e.i = MUTANT(parse_negative_lost, negative, false) ? -(i128)v : (i128)v;
    if (negative)
        e.f = -e.f;
    parse_next(p);
    return e;
}

static bool starts_literal(const Parser *p)
{
    return p->tok.kind == TOK_INT || p->tok.kind == TOK_FLOAT || parse_is(p, "inf") ||
           parse_is(p, "nan");
}

/* ---- atoms ---- */

static Expr made(const Node *n)
{
    return (Expr){.node = n};
}

/* Arguments of one type up to ')'; `otherwise` is that of literals where nothing else says one. */
static size_t arguments(Parser *p, DType expect, DType otherwise, const Node **out, size_t most)
{
    Expr e[4] = {{0}};
    size_t n = 0;
    DType t = ANY_TYPE;
    const Node *typed = NULL;
    do {
        if (n == most) {
            parse_fail(p, "too many arguments");
            return 0;
        }
        e[n] = parse_level(p, expect, 0);
        if (e[n].node && t == ANY_TYPE) {
            typed = e[n].node;
            t = (DType)typed->type;
        }
        n++;
    } while (!p->failed && parse_take(p, ","));
    if (!parse_want(p, ")"))
        return 0;
    if (t == ANY_TYPE)
        t = expect == ANY_TYPE ? otherwise : expect;
    for (size_t i = 0; i < n; i++) {
        out[i] = settle_beside(p, &e[i], t, typed);
        if (p->failed)
            return 0;
        if (out[i]->type != out[0]->type) {
            parse_fail(p, "arguments of different types, %s and %s", dtype_name(out[0]->type),
                       dtype_name(out[i]->type));
            return 0;
        }
    }
    return n;
}

static Expr parse_select(Parser *p, DType expect)
{
    Expr cond = parse_level(p, ANY_TYPE, 0);
    parse_want(p, ",");
    Expr a = parse_level(p, expect, 0);
    parse_want(p, ",");
    Expr b = parse_level(p, expect, 0);
    parse_want(p, ")");
    if (p->failed || !settle_pair(p, &a, &b, expect))
        return made(NULL);
    if (!cond.node || cond.node->type != DT_bool) {
        parse_fail(p, "select chooses by a condition, such as x < 8");
        return made(NULL);
    }
    return made(
        ir_node(p->A, Select, a.node->type,
                (Attr){0}, [Select_cond] = cond.node, [Select_a] = a.node, [Select_b] = b.node));
}

/* type(x) converts; of what has no type it says the type, and a literal that is no value of it is
** converted, too: uint8(-1) is 255. */
static Expr parse_cast(Parser *p, DType t)
{
    Expr e = parse_level(p, ANY_TYPE, 0);
    parse_want(p, ")");
    if (!p->failed && !e.node && !e.nsides && !e.is_float && !dtype_is_float(t))
        return made(ir_int(p->A, t, (int64_t)e.i));
    const Node *n = settle(p, &e, t);
    if (p->failed || (!e.node && n->type == t))
        return made(n);
    return made(ir_make(p->A, OP_Cast, t, (Attr){0}, 1, &n));
}

static Expr parse_reinterpret(Parser *p)
{
    DType t;
    const char *name = parse_name(p, "an element type");
    if (p->failed)
        return made(NULL);
    if (!dtype_parse(name, &t)) {
        parse_fail(p, "'%s' is no element type", name);
        return made(NULL);
    }
    parse_want(p, ",");
    const Node *arg = NULL;
    if (!p->failed && arguments(p, ANY_TYPE, ANY_TYPE, &arg, 1) != 1)
        return made(NULL);
    return made(p->failed ? NULL : ir_call(p->A, t, "reinterpret", 1, &arg));
}

static Expr parse_call(Parser *p, const char *name, DType expect)
{
    DType t;
    const Node *arg[4];
    parse_next(p);
    if (dtype_parse(name, &t))
        return parse_cast(p, t);
    if (strcmp(name, "select") == 0)
        return parse_select(p, expect);
    if (strcmp(name, "reinterpret") == 0)
        return parse_reinterpret(p);
    const CallRow *row = call_find(name);
    bool test = row && row->domain == DOM_TEST;
    size_t n = arguments(p, test ? ANY_TYPE : expect,
                         math_takes_floats(name) ? DT_float32 : ANY_TYPE, arg, 4);
    if (n == 0)
        return made(NULL);
    for (int op = 0; op < OP_COUNT; op++)
        if (op_info[op].symbol && !op_info[op].level && strcmp(op_info[op].symbol, name) == 0 &&
            n == 2)
            return made(ir_make(p->A, (Op)op, arg[0]->type, (Attr){0}, 2, arg));
    if (strcmp(name, "fma") == 0 && n == 3)
        return made(ir_make(p->A, OP_Fma, arg[0]->type, (Attr){0}, 3, arg));
    return made(ir_call(p->A, test ? DT_bool : (DType)arg[0]->type, name, n, arg));
}

static Expr parse_load(Parser *p, const char *name)
{
    const Node *buffer = parse_find(p, name, OP_Buffer), *index[IR_MAX_RANK];
    if (!buffer) {
        parse_fail(p, "no buffer is named '%s'", name);
        return made(NULL);
    }
    parse_next(p);
    size_t n = 0;
    if (!parse_indices(p, "]", index, &n))
        return made(NULL);
    if (n != ir_rank(buffer)) {
        parse_fail(p, "'%s' has rank %zu, not %zu", name, ir_rank(buffer), n);
        return made(NULL);
    }
    return made(ir_load(p->A, buffer, n, index));
}

static Expr parse_let(Parser *p, DType expect)
{
    const char *name = parse_name(p, "a name after let");
    parse_want(p, "=");
    const Node *value = p->failed ? NULL : parse_typed(p, ANY_TYPE);
    parse_want(p, "in");
    if (p->failed)
        return made(NULL);
    const Node *var = ir_var_like(p->A, value->type, name, NULL, 0);
    size_t depth = p->names.n;
    parse_push(p, name, var);
    Expr e = parse_level(p, expect, 0);
    const Node *body = settle(p, &e, expect);
    p->names.n = depth;
    if (p->failed)
        return made(NULL);
    return made(ir_node(p->A, Let, body->type,
                        (Attr){0}, [Let_var] = var, [Let_value] = value, [Let_body] = body));
}

static Expr parse_named(Parser *p, DType expect)
{
    if (parse_is(p, "let")) {
        parse_next(p);
        return parse_let(p, expect);
    }
    Token first = p->tok;
    const char *name = parse_name(p, "an expression");
    if (!strcmp(name, "true") || !strcmp(name, "false"))
        return made(ir_bool(p->A, name[0] == 't'));
    if (parse_is(p, "("))
        return parse_call(p, name, expect);
    if (p->in_size) {
        p->tok = first;
        fail_as(p, ERR_text_size, "'%s' is a name", name);
        return made(NULL);
    }
    if (parse_is(p, "["))
        return parse_load(p, name);
    const Node *var = parse_find(p, name, OP_Var);
    if (!var) {
        p->tok = first;
        parse_fail(p, "'%s' is not known here", name);
    }
    return made(var);
}

static Expr parse_atom(Parser *p, DType expect)
{
    if (starts_literal(p))
        return literal(p, false);
    if (p->tok.kind == TOK_NAME)
        return parse_named(p, expect);
    if (parse_take(p, "(")) {
        Expr e = parse_level(p, expect, 0);
        parse_want(p, ")");
        return e;
    }
    if (p->tok.kind == TOK_END)
        parse_fail(p, "expected an expression, but the line ends here");
    else
        parse_fail(p, "expected an expression before '%.*s'", (int)p->tok.len, p->tok.at);
    return made(NULL);
}

static Expr parse_unary(Parser *p, DType expect)
{
    if (parse_take(p, "not")) {
        Expr e = parse_level(p, ANY_TYPE, LEVEL_NOT);
        if (!p->failed && (!e.node || e.node->type != DT_bool))
            parse_fail(p, "not takes a condition");
        return made(p->failed ? NULL : ir_make(p->A, OP_Not, DT_bool, (Attr){0}, 1, &e.node));
    }
    if (!parse_take(p, "-"))
        return parse_atom(p, expect);
    if (starts_literal(p))
        return literal(p, true);
    Expr e = parse_level(p, expect, LEVEL_UNARY);
    if (p->failed)
        return made(NULL);
    return e.node ? made(operation(p, OP_Neg, 1, &e.node)) : untyped(p, OP_Neg, &e, 1);
}

/* ---- operators ---- */

static int infix(const Parser *p)
{
    if (p->tok.kind != TOK_SYMBOL && p->tok.kind != TOK_NAME)
        return -1;
    for (int op = 0; op < OP_COUNT; op++)
        if (op_info[op].level && parse_is(p, op_info[op].symbol))
            return op;
    return -1;
}

/* What is written for a literal that was refused beside `and` or `or`, whose operands are no
** numbers, or as the count of a shift, for which the wrapped value is another. */
static void advise_literal(Parser *p, Op op, const Expr *a, const Expr *b)
{
    bool shifts = op == OP_Shl || op == OP_Shr;
    if (!p->err || p->err->code != ERR_text_literal)
        return;
    if (op_info[op].flags & OPF_LOGIC)
        err_fix(p->err, "write true or false, or a comparison, as in x != 0");
    else if (shifts && a->node && !b->node && a->node->type != DT_bool)
        err_fix(p->err, "write %d, by which all bits are shifted out, too",
                dtype_info[a->node->type].bits);
}

static Expr join(Parser *p, Op op, Expr a, Expr b)
{
    if (!a.node && !b.node && !(op_info[op].flags & (OPF_COMPARE | OPF_LOGIC)))
        return untyped(p, op, (const Expr[]){a, b}, 2);
    if (!settle_pair(p, &a, &b, ANY_TYPE)) {
        advise_literal(p, op, &a, &b);
        return made(NULL);
    }
    return made(operation(p, op, 2, (const Node *const[]){a.node, b.node}));
}

static Expr parse_level(Parser *p, DType expect, int level)
{
    if (++p->depth > IR_MAX_DEPTH / 2)
        parse_fail(p, "this is nested too deeply");
    Expr a = p->failed ? made(NULL) : parse_unary(p, expect);
    for (int op; !p->failed && (op = infix(p)) >= 0 && op_info[op].level >= level;) {
        parse_next(p);
        Expr b = parse_level(p, expect, op_info[op].level + 1);
        if (!p->failed)
            a = join(p, (Op)op, a, b);
        if (!p->failed && depth_of(&a) > IR_MAX_DEPTH)
            parse_fail(p, "this expression is too long");
    }
    p->depth--;
    return a;
}

const Node *parse_typed(Parser *p, DType expect)
{
    Expr e = parse_level(p, expect == DT_bool ? ANY_TYPE : expect, 0);
    const Node *n = settle(p, &e, expect);
    if (p->failed)
        return NULL;
    if (expect != ANY_TYPE && n->type != expect) {
        parse_fail(p, "expected %s, but this is %s", dtype_name(expect), dtype_name(n->type));
        if (expect == DT_bool)
            err_fix(p->err, "write a comparison, as in x != 0");
        else
            err_fix(p->err, "convert it, \"%s(…)\"", dtype_name(expect));
        return NULL;
    }
    return n;
}

/* Why `a op b` makes no size, where a program's arithmetic wraps or gives 0; NULL if it does. */
static const char *no_size(Op op, int64_t a, int64_t b)
{
    bool divides = op == OP_Div || op == OP_FloorDiv || op == OP_FloorMod;
    int64_t v;
    if (divides && b == 0)
        return "this divides by 0";
    if ((op == OP_Shl || op == OP_Shr) && b < 0)
        return "this shifts by less than 0";
    if ((op == OP_Add && __builtin_add_overflow(a, b, &v)) ||
        (op == OP_Sub && __builtin_sub_overflow(a, b, &v)) ||
        (op == OP_Mul && __builtin_mul_overflow(a, b, &v)) ||
        (divides && a == INT64_MIN && b == -1) ||
        (op == OP_Shl && a != 0 && (b > 62 || __builtin_mul_overflow(a, INT64_C(1) << b, &v))))
        return BEYOND;
    return NULL;
}

const Node *parse_folded(Parser *p, const Node *n, const char **why)
{
    if (!op_info[n->op].symbol)
        return n;
    const Node *a = parse_folded(p, n->kid[0], why), *b = parse_folded(p, n->kid[1], why);
    if (a->op != OP_IntImm || b->op != OP_IntImm)
        return n;
    if (why && !*why)
        *why = no_size((Op)n->op, a->at.i, b->at.i);
    return ir_binary(p->A, n->op, a, b);
}

const Node *parse_size(Parser *p)
{
    Token first = p->tok;
    p->in_size = true;
    const Node *n = p->failed ? NULL : parse_typed(p, DT_int64);
    p->in_size = false;
    const char *why = NULL;
    n = p->failed ? NULL : parse_folded(p, n, &why);
    if (p->failed || (!why && n->op == OP_IntImm && n->at.i >= 0))
        return n;
    p->tok = first;
    if (why)
        fail_as(p, ERR_text_size_range, "%s", why);
    else if (n->op == OP_IntImm)
        fail_as(p, ERR_text_size_range, "%lld is below 0", (long long)n->at.i);
    else
        fail_as(p, ERR_text_size, "this is more than arithmetic on numbers");
    return NULL;
}

/* What `one` reads, with commas between, up to `close`. */
static bool parse_list(Parser *p, const char *close, const Node *(*one)(Parser *), const Node **out,
                       size_t *n)
{
    *n = 0;
    if (parse_take(p, close))
        return true;
    do {
        if (*n == IR_MAX_RANK) {
            parse_fail(p, "more than %d dimensions", IR_MAX_RANK);
            return false;
        }
        out[(*n)++] = one(p);
        if (p->failed)
            return false;
    } while (parse_take(p, ","));
    return parse_want(p, close);
}

static const Node *parse_index(Parser *p)
{
    return parse_typed(p, DT_int64);
}

bool parse_indices(Parser *p, const char *close, const Node **out, size_t *n)
{
    return parse_list(p, close, parse_index, out, n);
}

bool parse_sizes(Parser *p, const char *close, const Node **out, size_t *n)
{
    return parse_list(p, close, parse_size, out, n);
}
