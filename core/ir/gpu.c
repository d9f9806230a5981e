/* gpu.c -- the limits of a launch, and whether kernels keep to them. */
#include "core/ir/gpu.h"

#include <stdio.h>

#include "core/ir/rewrite.h"

int64_t gpu_most(ForKind axis)
{
    static const int64_t most[GPU_AXES] = {INT32_MAX, 65535, 65535, 1024, 1024, 64};
    return most[axis - FOR_block_x];
}

bool gpu_shape_add(GpuShape *shape, const Node *loop, Err *err)
{
    ForKind axis = ir_for_kind(loop);
    int64_t n = ir_const_int(loop->kid[For_extent], -1), most = gpu_most(axis);
    int64_t *known = &shape->extent[axis - FOR_block_x];
    const char *name = ir_var_name(loop->kid[For_var]), *text = for_kind_text[axis];
    if (n < 0)
        return REFUSE(err, cuda_extent, loop, name, text);
    if (n == 0 || n > most) {
        REFUSE(err, cuda_too_many, loop, text, (long long)most, (long long)n);
        if (n == 0)
            err_fix(err, "leave %s serial: it has no iterations", name);
        return false;
    }
    if (*known && *known != n)
        return REFUSE(err, thread_extent, loop, name, text, (long long)n, (long long)*known);
    *known = n;
    return true;
}

typedef struct Launch {
    GpuShape *shape;
    Err *err;
    bool ok;
} Launch;

static bool add_axis(void *env, const Node *n)
{
    Launch *l = env;
    if (l->ok && n->op == OP_For && for_is_bound(ir_for_kind(n)))
        l->ok = gpu_shape_add(l->shape, n, l->err);
    return l->ok && (op_info[n->op].cls == CLASS_STMT || n->op == OP_Func);
}

bool gpu_shape_of(const Node *kernel, GpuShape *out, Err *err)
{
    *out = (GpuShape){{0}};
    Launch l = {out, err, true};
    ir_walk(kernel, add_axis, &l);
    return l.ok;
}

int64_t gpu_threads(const GpuShape *shape)
{
    int64_t n = 1;
    for (int k = FOR_thread_x; k <= FOR_thread_z; k++)
        n *= gpu_count(shape, (ForKind)k);
    return n;
}

bool gpu_threads_fit(const GpuShape *shape, const Node *kernel, Err *err)
{
    int64_t n = gpu_threads(shape);
    if (n <= GPU_MOST_THREADS)
        return true;
    char axes[96] = "";
    size_t len = 0;
    for (int k = FOR_thread_x; k <= FOR_thread_z; k++)
        if (gpu_extent(shape, (ForKind)k))
            len += (size_t)snprintf(axes + len, sizeof axes - len, "%s%s(%lld)", len ? " * " : "",
                                    for_kind_text[k], (long long)gpu_extent(shape, (ForKind)k));
    return REFUSE(err, too_many_threads, kernel, axes, (long long)n, GPU_MOST_THREADS);
}

/* The axes that several threads or blocks stand along, a bit each. */
static unsigned axes_of(const Node *s)
{
    unsigned axes = 0;
    if (s->op == OP_For && for_is_bound(ir_for_kind(s)) && ir_const_int(s->kid[For_extent], 2) > 1)
        axes |= 1u << ir_for_kind(s);
    for (uint32_t i = 0; i < s->nkids; i++)
        if (ir_is_stmt(s->kid[i]))
            axes |= axes_of(s->kid[i]);
    return axes;
}

/* Work outside of one of the `missing` axes; `shared`: that on shared memory. */
static const Node *find_outside(const Node *s, unsigned missing, bool shared, ForKind *axis)
{
    bool work = s->op == OP_Store || s->op == OP_Update;
    if (work && missing && (!shared || s->kid[Store_buffer]->at.buf->scope == SCOPE_shared)) {
        *axis = (ForKind)__builtin_ctz(missing);
        return s;
    }
    if (s->op == OP_For && ir_is_int(s->kid[For_extent], 0))
        return NULL;
    if (s->op == OP_For && for_is_bound(ir_for_kind(s)))
        missing &= ~(1u << ir_for_kind(s));
    const Node *found = NULL;
    for (uint32_t i = 0; i < s->nkids && !found; i++)
        if (ir_is_stmt(s->kid[i]))
            found = find_outside(s->kid[i], missing, shared, axis);
    return found;
}

const Node *gpu_find_outside(const Node *kernel, ForKind *axis)
{
    return find_outside(kernel, axes_of(kernel), false, axis);
}

const Node *gpu_find_shared_outside(const Node *kernel, ForKind *axis)
{
    unsigned axes = axes_of(kernel);
    for (int x = FOR_block_x; x < FOR_COUNT; x++)
        if (!for_is_block_axis((ForKind)x))
            axes &= ~(1u << x);
    return find_outside(kernel, axes, true, axis);
}

bool gpu_refuse_outside(const Node *work, ForKind axis, Err *err)
{
    const char *name = for_kind_text[axis];
    bool blocks = for_is_block_axis(axis);
    REFUSE(err, axis_missing, work, name, blocks ? "thread blocks" : "threads", name);
    if (blocks)
        err_fix(err,
                "bring it under the loop that is bound to %s (compute_at, reverse_compute_at), or "
                "give that axis the extent 1",
                name);
    return false;
}

bool gpu_above_kernels(const Node *s)
{
    return s->op == OP_Seq ||
           (s->op == OP_Alloc && s->kid[Alloc_buffer]->at.buf->scope == SCOPE_global);
}

bool gpu_nests_fit(const GpuShape *around, const Node *n, Err *err)
{
    GpuShape shape = *around;
    if (n->op == OP_For && for_is_bound(ir_for_kind(n)) &&
        !(gpu_shape_add(&shape, n, err) && gpu_threads_fit(&shape, n, err)))
        return false;
    for (size_t i = 0; i < n->nkids; i++)
        if (ir_is_stmt(n->kid[i]) && !gpu_nests_fit(&shape, n->kid[i], err))
            return false;
    return true;
}
