/* nest.c -- the rows of a program. */
#include "viz/nest.h"

#include <string.h>

#include "core/base/buf.h"
#include "core/base/vec.h"
#include "core/ir/print.h"
#include "core/ir/rewrite.h"

typedef VEC(NestRow) RowVec;

typedef struct Walk {
    Arena *A;
    RowVec rows;
} Walk;

/* A lone literal without its type: beside its loop or buffer the type is known. */
static const char *expr_text(Arena *A, const Node *e)
{
    if (e->op == OP_IntImm && e->type != DT_bool)
        return arena_printf(A, "%lld", (long long)e->at.i);
    if (e->op != OP_FloatImm)
        return ir_text(A, e);
    Buf b = buf_new(A);
    ir_put_float(&b, (DType)e->type, e->at.f);
    return buf_str(&b);
}

/* One line: a view has no room for the printer's line breaks. */
static const char *one_line(Arena *A, const Node *n)
{
    const char *s = ir_text(A, n);
    Buf b = buf_new(A);
    bool space = false;
    for (; *s; s++) {
        if (*s == '\n') {
            space = true;
            continue;
        }
        if (space && *s == ' ')
            continue;
        if (space && b.len)
            buf_puts(&b, "; ");
        space = false;
        buf_putc(&b, *s);
    }
    return buf_str(&b);
}

static const char *annots_text(Arena *A, const Node *annots)
{
    if (annots->nkids == 0)
        return "";
    Buf b = buf_new(A);
    for (uint32_t i = 0; i < annots->nkids; i++) {
        const Node *a = annots->kid[i];
        buf_printf(&b, "%s%s: %s", i ? ", " : "{", a->at.name, expr_text(A, a->kid[Annot_value]));
    }
    buf_putc(&b, '}');
    return buf_str(&b);
}

static const char *extents_text(Arena *A, DType t, size_t n, const Node *const *extent)
{
    Buf b = buf_new(A);
    buf_puts(&b, dtype_name(t));
    if (n) {
        for (size_t i = 0; i < n; i++)
            buf_printf(&b, "%s%s", i ? ", " : "[", expr_text(A, extent[i]));
        buf_putc(&b, ']');
    }
    return buf_str(&b);
}

static size_t buffer_extents(const Node *buffer, const Node *alloc, const Node *out[IR_MAX_RANK])
{
    bool windowed = alloc && alloc->kid[Alloc_window]->nkids;
    for (uint32_t i = 0; i < buffer->nkids; i++)
        out[i] = windowed ? alloc->kid[Alloc_window]->kid[i]->kid[Range_extent] : buffer->kid[i];
    return buffer->nkids;
}

const char *nest_buffer_shape(Arena *A, const Node *buffer, const Node *alloc)
{
    const Node *extent[IR_MAX_RANK];
    size_t n = buffer_extents(buffer, alloc, extent);
    return extents_text(A, (DType)buffer->type, n, extent);
}

int64_t nest_buffer_bytes(const Node *buffer, const Node *alloc)
{
    const Node *extent[IR_MAX_RANK];
    size_t n = buffer_extents(buffer, alloc, extent);
    int64_t bytes = (int64_t)dtype_bytes((DType)buffer->type);
    for (size_t i = 0; i < n; i++) {
        int64_t d = ir_const_int(extent[i], -1);
        if (d < 0 || __builtin_mul_overflow(bytes, d, &bytes))
            return -1;
    }
    return bytes;
}

/* What starts the element, and which instances run. */
static const char *block_note(Arena *A, const Node *block)
{
    Buf b = buf_new(A);
    const Node *init = block->kid[Block_init], *where = block->kid[Block_where];
    if (init->op == OP_Store)
        buf_printf(&b, "init %s", expr_text(A, init->kid[Store_value]));
    else if (init->op != OP_Nop)
        buf_printf(&b, "init: %s", one_line(A, init));
    if (!ir_is_true(where))
        buf_printf(&b, "%swhere %s", b.len ? ", " : "", ir_text(A, where));
    const char *annots = annots_text(A, block->kid[Block_annots]);
    buf_printf(&b, "%s%s", b.len && *annots ? " " : "", annots);
    return buf_str(&b);
}

static void add_stmt(Walk *w, int parent, int depth, const Node *s);

static int add_row(Walk *w, int parent, int depth, NestRow row)
{
    row.parent = parent;
    row.depth = depth;
    if (!row.text)
        row.text = "";
    if (!row.note)
        row.note = "";
    vec_push(w->A, &w->rows, row);
    return (int)w->rows.n - 1;
}

static void add_block(Walk *w, int parent, int depth, const Node *s)
{
    const Node *body = s->kid[Block_body];
    bool whole = body->op == OP_Store || body->op == OP_Update || body->op == OP_Nop;
    int i = add_row(w, parent, depth,
                    (NestRow){.kind = ROW_block,
                              .node = s,
                              .name = ir_block_name(s),
                              .count = -1,
                              .text = body->op == OP_Nop ? ""
                                      : whole            ? one_line(w->A, body)
                                                         : NULL,
                              .note = block_note(w->A, s),
                              .bytes = -1});
    if (!whole)
        add_stmt(w, i, depth + 1, body);
}

static void add_if(Walk *w, int parent, int depth, const Node *s)
{
    int i = add_row(w, parent, depth,
                    (NestRow){.kind = ROW_if,
                              .node = s,
                              .name = "if",
                              .count = -1,
                              .text = one_line(w->A, s->kid[If_cond]),
                              .bytes = -1});
    add_stmt(w, i, depth + 1, s->kid[If_then]);
    if (s->kid[If_otherwise]->op == OP_Nop)
        return;
    i = add_row(w, parent, depth,
                (NestRow){.kind = ROW_else, .node = s, .name = "else", .count = -1, .bytes = -1});
    add_stmt(w, i, depth + 1, s->kid[If_otherwise]);
}

static void add_stmt(Walk *w, int parent, int depth, const Node *s)
{
    switch (s->op) {
    case OP_Seq:
        for (uint32_t i = 0; i < s->nkids; i++)
            add_stmt(w, parent, depth, s->kid[i]);
        break;
    case OP_For: {
        int64_t count = ir_const_int(s->kid[For_extent], -1);
        int i = add_row(w, parent, depth,
                        (NestRow){.kind = ROW_loop,
                                  .node = s,
                                  .count = count,
                                  .bytes = -1,
                                  .name = ir_var_name(s->kid[For_var]),
                                  .extent = expr_text(w->A, s->kid[For_extent]),
                                  .note = annots_text(w->A, s->kid[For_annots])});
        add_stmt(w, i, depth + 1, s->kid[For_body]);
        break;
    }
    case OP_Alloc:
        add_row(w, parent, depth,
                (NestRow){.kind = ROW_alloc,
                          .node = s,
                          .count = -1,
                          .bytes = nest_buffer_bytes(s->kid[Alloc_buffer], s),
                          .name = ir_buf_name(s->kid[Alloc_buffer])});
        add_stmt(w, parent, depth, s->kid[Alloc_body]);
        break;
    case OP_Block: add_block(w, parent, depth, s); break;
    case OP_If: add_if(w, parent, depth, s); break;
    case OP_Nop: break;
    default:
        add_row(w, parent, depth,
                (NestRow){.kind = ROW_stmt,
                          .node = s,
                          .count = -1,
                          .bytes = -1,
                          .name = s->op == OP_Barrier ? "barrier" : "",
                          .text = s->op == OP_Barrier ? s->at.name : one_line(w->A, s)});
    }
}

/* Seen from the end, the first child of a parent is its last. */
static void mark_last(Arena *A, Nest *nest)
{
    bool *seen = ARENA_ARRAY(A, bool, nest->n + 1);
    for (size_t i = nest->n; i-- > 0;) {
        bool *met = &seen[nest->row[i].parent + 1];
        nest->row[i].last = !*met;
        *met = true;
    }
}

Nest nest_of(Arena *A, const Node *root)
{
    Walk w = {.A = A};
    bool func = root->op == OP_Func;
    if (func) {
        add_row(&w, -1, 0,
                (NestRow){.kind = ROW_func,
                          .node = root,
                          .name = root->at.name,
                          .count = -1,
                          .text = nest_signature(A, root),
                          .bytes = -1});
        add_stmt(&w, 0, 1, root->kid[Func_body]);
    } else {
        add_stmt(&w, -1, 0, root);
    }
    Nest nest = {.func = func ? root : NULL, .n = w.rows.n, .row = w.rows.at};
    mark_last(A, &nest);
    return nest;
}

const char *nest_origin(Arena *A, const NestRow *r)
{
    const char *axes = NULL, *from = NULL;
    int step = 0;
    if (r->kind == ROW_loop) {
        const VarInfo *v = r->node->kid[For_var]->at.var;
        axes = v->axes && strcmp(v->axes, v->name) != 0 ? v->axes : NULL;
        step = v->step;
    } else if (r->kind == ROW_block) {
        step = r->node->at.block->step;
        from = r->node->at.block->from;
    }
    Buf b = buf_new(A);
    if (axes)
        buf_printf(&b, "of %s", axes);
    if (from)
        buf_printf(&b, "for %s", from);
    if (step)
        buf_printf(&b, "%sstep %d", b.len ? ", " : "", step);
    return buf_str(&b);
}

const char *nest_tooltip(Arena *A, const NestRow *r)
{
    Buf b = buf_new(A);
    buf_puts(&b, r->name);
    if (r->kind == ROW_loop) {
        ForKind k = ir_for_kind(r->node);
        buf_printf(&b, " in %s(%s)", k == FOR_serial ? "range" : for_kind_text[k], r->extent);
    } else if (r->kind == ROW_alloc) {
        const Node *buffer = r->node->kid[Alloc_buffer];
        buf_printf(&b, ": %s in %s memory", nest_buffer_shape(A, buffer, r->node),
                   scope_name[buffer->at.buf->scope]);
    } else if (*r->text) {
        buf_printf(&b, "%s%s", *r->name ? ": " : "", r->text);
    }
    const char *origin = nest_origin(A, r);
    buf_printf(&b, "%s%s%s%s", *r->note ? "; " : "", r->note, *origin ? "; " : "", origin);
    return buf_str(&b);
}

const char *nest_block_below(const Nest *nest, size_t i)
{
    int depth = nest->row[i].depth;
    for (size_t j = i; j < nest->n && (j == i || nest->row[j].depth > depth); j++)
        if (nest->row[j].kind == ROW_block)
            return nest->row[j].name;
    return NULL;
}

static void put_params(Arena *A, Buf *b, const Node *list)
{
    for (uint32_t i = 0; i < list->nkids; i++) {
        const Node *p = list->kid[i];
        if (p->op == OP_Buffer)
            buf_printf(b, "%s%s: %s", i ? ", " : "", ir_buf_name(p),
                       extents_text(A, p->type, p->nkids, p->kid));
        else
            buf_printf(b, "%s%s", i ? ", " : "", ir_var_name(p));
    }
}

const char *nest_signature(Arena *A, const Node *func)
{
    Buf b = buf_new(A);
    buf_putc(&b, '(');
    put_params(A, &b, func->kid[Func_params]);
    buf_puts(&b, ") -> ");
    put_params(A, &b, func->kid[Func_results]);
    return buf_str(&b);
}

typedef VEC(BufferUse) UseVec;

typedef struct UseWalk {
    Arena *A;
    UseVec uses;
} UseWalk;

static void note_use(UseWalk *w, const Node *buffer, bool written)
{
    for (size_t i = 0; i < w->uses.n; i++) {
        if (w->uses.at[i].buffer == buffer) {
            w->uses.at[i].read |= !written;
            w->uses.at[i].written |= written;
            return;
        }
    }
    vec_push(w->A, &w->uses, ((BufferUse){buffer, !written, written}));
}

static bool visit_use(void *env, const Node *n)
{
    UseWalk *w = env;
    if (n->op == OP_Load)
        note_use(w, n->kid[Load_buffer], false);
    else if (n->op == OP_Store)
        note_use(w, n->kid[Store_buffer], true);
    else if (n->op == OP_Update)
        note_use(w, n->kid[Update_buffer], true);
    return true;
}

size_t nest_uses(Arena *A, const Node *stmt, BufferUse **out)
{
    UseWalk w = {.A = A};
    ir_walk(stmt, visit_use, &w);
    *out = w.uses.at;
    return w.uses.n;
}
