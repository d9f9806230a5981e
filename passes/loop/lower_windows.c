/* lower_windows.c -- a buffer of which only a window exists is stored as that window.
**
**      alloc T: local window C[yo*8 :+ 8]        alloc T: float32[8] local
**      for yi in range(8):                       for yi in range(8):
**        T[yo*8 + yi] = …                  →       T[yi] = …
**
** The window's place in the original is a loop variable's business, so blocks must be gone: inside
** one only its own axes are visible.
*/
#include "core/ir/rewrite.h"
#include "core/base/mutant.h"
#include "passes/loop/lower.h"

typedef struct Window Window;
struct Window {
    const Node *from, *to; /* the buffer as written and as stored */
    const Node *ranges;    /* the window, or an empty list where there is none */
    const Window *up;
};

static const Window *window_of(const Rewriter *rw, const Node *buffer)
{
    const Window *w = rw->env;
    while (w && w->from != buffer)
        w = w->up;
    return w;
}

static const Node *on_access(Rewriter *rw, const Node *n)
{
    n = rw_kids(rw, n);
    const Window *w = n ? window_of(rw, n->kid[0]) : NULL;
    if (!w)
        return n;
    const Node *index[IR_MAX_RANK];
    for (size_t d = 0; d < w->ranges->nkids; d++) {
        bool moves = MUTANT(window_not_rebased, true, d > 0);
        const Node *at = ir_index(n)[d], *min = w->ranges->kid[d]->kid[Range_min];
        index[d] = moves ? ix_sub(rw->A, at, min) : at;
    }
    return ir_access_at(rw->A, n, w->to, w->ranges->nkids, index);
}

static const Node *on_alloc(Rewriter *rw, const Node *n)
{
    const Node *buffer = n->kid[Alloc_buffer], *ranges = n->kid[Alloc_window];
    if (ranges->nkids == 0)
        return rw_kids(rw, n);
    ranges = rw_node(rw, ranges);
    if (rw->failed)
        return NULL;
    const Node *shape[IR_MAX_RANK];
    for (size_t d = 0; d < ranges->nkids; d++)
        shape[d] = ranges->kid[d]->kid[Range_extent];
    const Node *stored = ir_make(rw->A, OP_Buffer, buffer->type, buffer->at, ranges->nkids, shape);
    Window w = {buffer, stored, ranges, rw->env};
    Rewriter inner = *rw;
    inner.env = &w;
    const Node *body = rw_node(&inner, n->kid[Alloc_body]);
    if (inner.failed)
        return rw_fail(rw);
    return ir_alloc(rw->A, stored, ir_list(rw->A, 0, NULL), body);
}

const Node *pass_lower_windows(Arena *A, const Node *func, Err *err)
{
    static Rule *const on[OP_COUNT] = {[OP_Load] = on_access,
                                       [OP_Store] = on_access,
                                       [OP_Update] = on_access,
                                       [OP_Alloc] = on_alloc};
    return rw_run(A, on, NULL, err, func);
}
