/* print.c -- the canonical text: one statement a line, two spaces a level. */
#include "core/ir/print.h"
#include "core/base/mutant.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Operators bind from 1 (or) to 10 (*); a unary minus binds at 11, and atoms tightest. */
enum { LEVEL_NOT = 3, LEVEL_UNARY = 11, MAX_SCOPE = 256 };

/* No type is expected here, so a literal says its own. */
#define ANY_TYPE DT_COUNT

/* At LOOSE a product is spaced (`a * b`); inside indices and axes it is not (`yo*8 + yi`). */
enum { LOOSE = 0, TIGHT = 1 };

typedef struct Printer {
    Buf out;
    int indent, line;
    const Node *mark;
    int first, last;
    const Node *buffers[MAX_SCOPE]; /* in scope, so that a window can name its origin */
    size_t nbuffers;
} Printer;

static void put_expr(Printer *p, const Node *n, DType expect, int level);

/* ---- literals ---- */

void ir_put_float(Buf *out, DType t, double v)
{
    if (isnan(v)) {
        buf_puts(out, "nan");
        return;
    }
    if (isinf(v)) {
        buf_puts(out, v < 0 ? "-inf" : "inf");
        return;
    }
    char text[40];
    int digits = t == DT_float32 ? 6 : 15,
        most = MUTANT(print_float_short, t == DT_float32 ? 9 : 17, 7);
    do {
        snprintf(text, sizeof text, "%.*g", digits, v);
    } while (digits++ < most &&
             (t == DT_float32 ? (double)strtof(text, NULL) : strtod(text, NULL)) != v);
    buf_puts(out, text);
    if (v == 0 && signbit(v))
        buf_puts(out, ".0");
}

void ir_put_value(Buf *list, const Node *var, int64_t value)
{
    buf_printf(list, "%s%s=%lld", list->len ? ", " : "", ir_var_name(var), (long long)value);
}

static void put_literal(Printer *p, const Node *n, DType expect)
{
    bool bare = n->type == DT_bool || (DType)n->type == expect;
    if (!bare)
        buf_printf(&p->out, "%s(", dtype_name(n->type));
    if (n->op == OP_FloatImm)
        ir_put_float(&p->out, n->type, n->at.f);
    else if (n->type == DT_bool)
        buf_puts(&p->out, n->at.i ? "true" : "false");
    else if (n->type == DT_uint64)
        buf_printf(&p->out, "%llu", (unsigned long long)n->at.i);
    else
        buf_printf(&p->out, "%lld", (long long)n->at.i);
    if (!bare)
        buf_putc(&p->out, ')');
}

/* ---- expressions ---- */

static void put_list(Printer *p, const Node *const *at, size_t n, DType expect, int level)
{
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_puts(&p->out, ", ");
        put_expr(p, at[i], expect, level);
    }
}

static void put_index(Printer *p, const Node *buffer, const Node *const *index)
{
    buf_puts(&p->out, ir_buf_name(buffer));
    buf_putc(&p->out, '[');
    put_list(p, index, ir_rank(buffer), DT_int64, TIGHT);
    buf_putc(&p->out, ']');
}

/* A literal beside an operand that is none takes that operand's type, so it needs no name. */
static void put_binary(Printer *p, const Node *n, DType expect, int level)
{
    const OpInfo *info = &op_info[n->op];
    const Node *a = n->kid[0], *b = n->kid[1];
    if (info->flags & OPF_COMPARE)
        expect = ANY_TYPE;
    DType for_a = ir_is_literal(a) && !ir_is_literal(b) ? (DType)b->type : expect;
    DType for_b = ir_is_literal(b) && !ir_is_literal(a) ? (DType)a->type : expect;
    if (!info->level) {
        buf_printf(&p->out, "%s(", info->symbol);
        put_expr(p, a, for_a, 0);
        buf_puts(&p->out, ", ");
        put_expr(p, b, for_b, 0);
        buf_putc(&p->out, ')');
        return;
    }
    if (info->level < level)
        buf_putc(&p->out, '(');
    int tight = info->flags & OPF_COMPARE ? info->level + 1 : info->level;
    bool spaced = info->level < 10 || level == LOOSE;
    put_expr(p, a, for_a, tight);
    buf_printf(&p->out, spaced ? " %s " : "%s", info->symbol);
    put_expr(p, b, for_b, info->level + MUTANT(print_parens_dropped, 1, 0));
    if (info->level < level)
        buf_putc(&p->out, ')');
}

static void put_function(Printer *p, const char *name, const Node *const *args, size_t n,
                         DType expect)
{
    buf_printf(&p->out, "%s(", name);
    put_list(p, args, n, expect, LOOSE);
    buf_putc(&p->out, ')');
}

static void put_select(Printer *p, const Node *n, DType expect)
{
    const Node *a = n->kid[Select_a], *b = n->kid[Select_b];
    buf_puts(&p->out, "select(");
    put_expr(p, n->kid[Select_cond], DT_bool, 0);
    buf_puts(&p->out, ", ");
    put_expr(p, a, ir_is_literal(a) && !ir_is_literal(b) ? (DType)b->type : expect, 0);
    buf_puts(&p->out, ", ");
    put_expr(p, b, ir_is_literal(b) && !ir_is_literal(a) ? (DType)a->type : expect, 0);
    buf_putc(&p->out, ')');
}

static void put_let(Printer *p, const Node *n, DType expect)
{
    const Node *var = n->kid[Let_var];
    buf_printf(&p->out, "(let %s = ", ir_var_name(var));
    put_expr(p, n->kid[Let_value], ANY_TYPE, 0);
    buf_puts(&p->out, " in ");
    put_expr(p, n->kid[Let_body], expect, 0);
    buf_putc(&p->out, ')');
}

static bool is_below_zero(const Node *literal)
{
    return literal->op == OP_FloatImm ? signbit(literal->at.f) && !isnan(literal->at.f)
                                      : dtype_is_signed((DType)literal->type) && literal->at.i < 0;
}

/* -(6) is no literal, as -6 is; of --6 only the last is. Parentheses that are not needed would make
** a text that is as deep as a text may be one that is too deep. */
static void put_unary(Printer *p, const Node *n, DType expect, int level)
{
    int own = n->op == OP_Not ? LEVEL_NOT : LEVEL_UNARY;
    if (own < level)
        buf_putc(&p->out, '(');
    buf_puts(&p->out, n->op == OP_Not ? "not " : "-");
    bool apart = n->op == OP_Neg && ir_is_literal(n->kid[0]) && !is_below_zero(n->kid[0]);
    if (apart)
        buf_putc(&p->out, '(');
    put_expr(p, n->kid[0], expect, apart ? 0 : own);
    if (apart)
        buf_putc(&p->out, ')');
    if (own < level)
        buf_putc(&p->out, ')');
}

static void put_call(Printer *p, const Node *n, DType expect)
{
    if (strcmp(n->at.name, "reinterpret") == 0) {
        buf_printf(&p->out, "reinterpret(%s, ", dtype_name(n->type));
        put_list(p, n->kid, n->nkids, ANY_TYPE, LOOSE);
        buf_putc(&p->out, ')');
        return;
    }
    bool test = n->type == DT_bool;
    put_function(p, n->at.name, n->kid, n->nkids, test ? ANY_TYPE : expect);
}

static void put_expr(Printer *p, const Node *n, DType expect, int level)
{
    switch ((Op)n->op) {
    case OP_IntImm:
    case OP_FloatImm: put_literal(p, n, expect); return;
    case OP_StrImm: buf_printf(&p->out, "\"%s\"", n->at.name); return;
    case OP_Var: buf_puts(&p->out, ir_var_name(n)); return;
    case OP_Buffer: buf_puts(&p->out, ir_buf_name(n)); return;
    case OP_Neg:
    case OP_Not: put_unary(p, n, expect, level); return;
    case OP_Cast: put_function(p, dtype_name(n->type), n->kid, 1, ANY_TYPE); return;
    case OP_Select: put_select(p, n, expect); return;
    case OP_Fma: put_function(p, "fma", n->kid, 3, n->type == expect ? expect : ANY_TYPE); return;
    case OP_Let: put_let(p, n, expect); return;
    case OP_Call: put_call(p, n, expect); return;
    case OP_Load: put_index(p, n->kid[Load_buffer], &n->kid[Load_index]); return;
    default: put_binary(p, n, expect, level); return;
    }
}

/* ---- statements ---- */

static void put_stmt(Printer *p, const Node *n);

static void begin_line(Printer *p)
{
    buf_pad(&p->out, ' ', 2 * p->indent);
}

static void end_line(Printer *p)
{
    buf_putc(&p->out, '\n');
    p->line++;
}

static void put_body(Printer *p, const Node *n)
{
    p->indent++;
    put_stmt(p, n);
    p->indent--;
}

static void put_annots(Printer *p, const Node *annots)
{
    if (annots->nkids == 0)
        return;
    buf_puts(&p->out, " {");
    for (size_t i = 0; i < annots->nkids; i++) {
        buf_printf(&p->out, "%s%s: ", i ? ", " : "", annots->kid[i]->at.name);
        put_expr(p, annots->kid[i]->kid[Annot_value], DT_int64, 0);
    }
    buf_putc(&p->out, '}');
}

static void put_for(Printer *p, const Node *n)
{
    ForKind kind = ir_for_kind(n);
    begin_line(p);
    buf_printf(&p->out, "for %s in ", ir_var_name(n->kid[For_var]));
    if (for_is_bound(kind))
        buf_printf(&p->out, "bind(\"%s\", ", for_kind_text[kind]);
    else
        buf_printf(&p->out, "%s(", for_kind_text[kind]);
    put_expr(p, n->kid[For_extent], DT_int64, TIGHT);
    buf_putc(&p->out, ')');
    put_annots(p, n->kid[For_annots]);
    buf_putc(&p->out, ':');
    end_line(p);
    put_body(p, n->kid[For_body]);
}

static void put_access(Printer *p, const Node *n, const char *assign)
{
    const Node *buffer = n->kid[Store_buffer];
    put_index(p, buffer, &n->kid[Store_index]);
    buf_printf(&p->out, " %s ", assign);
    put_expr(p, n->kid[Store_value], buffer->type, 0);
}

/* `y` where the axis has the name of the loop that it follows, `y = expression` else. */
static void put_iter(Printer *p, const Node *iter)
{
    const Node *var = iter->kid[Iter_var], *value = iter->kid[Iter_value];
    buf_puts(&p->out, ir_var_name(var));
    if (value->op != OP_Var || strcmp(ir_var_name(var), ir_var_name(value)) != 0) {
        buf_puts(&p->out, " = ");
        put_expr(p, value, DT_int64, TIGHT);
    }
    if (iter->at.i == ITER_reduce)
        buf_puts(&p->out, ": reduce");
}

static void put_block(Printer *p, const Node *n)
{
    const Node *iters = n->kid[Block_iters], *init = n->kid[Block_init];
    begin_line(p);
    buf_printf(&p->out, "block %s(", ir_block_name(n));
    for (size_t i = 0; i < iters->nkids; i++) {
        if (i)
            buf_puts(&p->out, ", ");
        put_iter(p, iters->kid[i]);
    }
    buf_putc(&p->out, ')');
    if (!ir_is_true(n->kid[Block_where])) {
        buf_puts(&p->out, " where ");
        put_expr(p, n->kid[Block_where], DT_bool, 0);
    }
    put_annots(p, n->kid[Block_annots]);
    buf_putc(&p->out, ':');
    end_line(p);
    p->indent++;
    if (init->op == OP_Store) {
        begin_line(p);
        buf_puts(&p->out, "init: ");
        put_access(p, init, "=");
        end_line(p);
    } else if (init->op != OP_Nop) {
        begin_line(p);
        buf_puts(&p->out, "init:");
        end_line(p);
        put_body(p, init);
    }
    put_stmt(p, n->kid[Block_body]);
    p->indent--;
}

/* The buffer that `b` is a part of by name ("C" for "C.local"), if it has the same
** type and shape. */
static const Node *origin(const Printer *p, const Node *b)
{
    const char *name = ir_buf_name(b), *dot = strrchr(name, '.');
    if (!dot)
        return NULL;
    for (size_t i = p->nbuffers; i-- > 0;) {
        const Node *o = p->buffers[i];
        const char *other = ir_buf_name(o);
        if (strlen(other) != (size_t)(dot - name) ||
            strncmp(other, name, (size_t)(dot - name)) != 0)
            continue;
        if (o->type != b->type || o->nkids != b->nkids)
            return NULL;
        for (size_t d = 0; d < o->nkids; d++)
            if (!ir_same(o->kid[d], b->kid[d]))
                return NULL;
        return o;
    }
    return NULL;
}

static void put_buffer_type(Printer *p, const Node *b)
{
    buf_puts(&p->out, dtype_name(b->type));
    buf_putc(&p->out, '[');
    put_list(p, b->kid, b->nkids, DT_int64, TIGHT);
    buf_putc(&p->out, ']');
}

static void put_window(Printer *p, const Node *window)
{
    buf_putc(&p->out, '[');
    for (size_t i = 0; i < window->nkids; i++) {
        if (i)
            buf_puts(&p->out, ", ");
        put_expr(p, window->kid[i]->kid[Range_min], DT_int64, TIGHT);
        buf_puts(&p->out, " :+ ");
        put_expr(p, window->kid[i]->kid[Range_extent], DT_int64, TIGHT);
    }
    buf_putc(&p->out, ']');
}

static void push_buffer(Printer *p, const Node *b)
{
    if (p->nbuffers < MAX_SCOPE)
        p->buffers[p->nbuffers++] = b;
}

/* The buffer exists in the statements that follow at the same indentation; `scoped` (where others
** come after its end) sets them apart by a colon and a deeper indentation. */
static void put_alloc(Printer *p, const Node *n, bool scoped)
{
    const Node *b = n->kid[Alloc_buffer], *window = n->kid[Alloc_window], *o = origin(p, b);
    begin_line(p);
    buf_printf(&p->out, "alloc %s: ", ir_buf_name(b));
    bool brief = o && window->nkids;
    if (!brief)
        put_buffer_type(p, b);
    if (brief || b->at.buf->scope != SCOPE_global)
        buf_printf(&p->out, "%s%s", brief ? "" : " ", scope_name[b->at.buf->scope]);
    if (window->nkids) {
        buf_printf(&p->out, " window %s", brief ? ir_buf_name(o) : "");
        put_window(p, window);
    }
    if (scoped)
        buf_putc(&p->out, ':');
    end_line(p);
    size_t depth = p->nbuffers;
    push_buffer(p, b);
    p->indent += scoped;
    put_stmt(p, n->kid[Alloc_body]);
    p->indent -= scoped;
    p->nbuffers = depth;
}

static void put_if(Printer *p, const Node *n)
{
    begin_line(p);
    buf_puts(&p->out, "if ");
    put_expr(p, n->kid[If_cond], DT_bool, 0);
    buf_putc(&p->out, ':');
    end_line(p);
    put_body(p, n->kid[If_then]);
    if (n->kid[If_otherwise]->op == OP_Nop)
        return;
    begin_line(p);
    buf_puts(&p->out, "else:");
    end_line(p);
    put_body(p, n->kid[If_otherwise]);
}

static void put_params(Printer *p, const Node *list)
{
    for (size_t i = 0; i < list->nkids; i++) {
        buf_printf(&p->out, "%s%s: ", i ? ", " : "", ir_buf_name(list->kid[i]));
        put_buffer_type(p, list->kid[i]);
        push_buffer(p, list->kid[i]);
    }
}

static void put_func(Printer *p, const Node *n)
{
    buf_printf(&p->out, "func %s(", n->at.name);
    put_params(p, n->kid[Func_params]);
    buf_puts(&p->out, ") -> ");
    put_params(p, n->kid[Func_results]);
    buf_putc(&p->out, ':');
    end_line(p);
    put_body(p, n->kid[Func_body]);
}

static void put_line(Printer *p, const Node *n)
{
    begin_line(p);
    switch ((Op)n->op) {
    case OP_Nop: buf_puts(&p->out, "pass"); break;
    case OP_Store: put_access(p, n, "="); break;
    case OP_Update: put_access(p, n, combiner_text[n->at.i]); break;
    case OP_Barrier: buf_printf(&p->out, "barrier(\"%s\")", n->at.name); break;
    default: put_expr(p, n, ANY_TYPE, 0); break;
    }
    end_line(p);
}

static void put_stmt_at(Printer *p, const Node *n, bool last)
{
    bool marked = n == p->mark;
    if (marked)
        p->first = p->line;
    switch ((Op)n->op) {
    case OP_Seq:
        for (size_t i = 0; i < n->nkids; i++)
            put_stmt_at(p, n->kid[i], last && i + 1 == n->nkids);
        break;
    case OP_For: put_for(p, n); break;
    case OP_Block: put_block(p, n); break;
    case OP_Alloc: put_alloc(p, n, !last); break;
    case OP_If: put_if(p, n); break;
    case OP_Func: put_func(p, n); break;
    default: put_line(p, n); break;
    }
    if (marked)
        p->last = p->line - 1;
}

static void put_stmt(Printer *p, const Node *n)
{
    put_stmt_at(p, n, true);
}

/* ---- the whole ---- */

static void put_part(Printer *p, const Node *n)
{
    switch (op_info[n->op].cls) {
    case CLASS_STMT:
    case CLASS_FUNC: put_stmt(p, n); break;
    case CLASS_BUFFER:
        buf_printf(&p->out, "%s: ", ir_buf_name(n));
        put_buffer_type(p, n);
        break;
    case CLASS_LIST:
        for (size_t i = 0; i < n->nkids; i++) {
            if (i)
                buf_puts(&p->out, ", ");
            put_part(p, n->kid[i]);
        }
        break;
    case CLASS_PART:
        if (n->op == OP_Iter)
            put_iter(p, n);
        else
            put_list(p, n->kid, n->nkids, DT_int64, TIGHT);
        break;
    default: put_expr(p, n, ANY_TYPE, 0); break;
    }
}

const char *ir_text_marked(Arena *A, const Node *n, const Node *mark, int *first, int *last)
{
    Printer p = {.out = buf_new(A), .mark = mark, .first = -1, .last = -1};
    put_part(&p, n);
    if (first)
        *first = p.first;
    if (last)
        *last = p.last;
    return buf_str(&p.out);
}

const char *ir_text(Arena *A, const Node *n)
{
    return ir_text_marked(A, n, NULL, NULL, NULL);
}

void ir_dump(const Node *n)
{
    Arena *A = arena_new(NULL);
    fputs(ir_text(A, n), stderr);
    fputc('\n', stderr);
    arena_release(A);
}
