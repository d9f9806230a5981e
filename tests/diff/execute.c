/* execute.c -- the executions, and the comparison of what they give. */
#include "tests/diff/diff.h"

#include <math.h>
#include <string.h>

#include "backends/backend.h"
#include "backends/cuda/plan.h"
#include "backends/exec.h"
#include "core/affine/dep.h"
#include "core/ir/check.h"
#include "core/ir/gpu.h"
#include "core/ir/rewrite.h"
#include "core/schedule/legal.h"
#include "passes/loop/lower.h"
#include "tests/ptx/ptx.h"
#include "tests/ptxas.h"

enum { MOST = 400000, MOST_COMPILED = 20000000 }; /* iterations in one execution */
enum { MOST_INSTRUCTIONS = 200000000 };           /* of a kernel's threads together */

typedef struct Run {
    Data *data;
    InterpBuffer io[MAX_TENSORS * 2];
} Run;

static const InterpBuffer *buffers(Run *r, Data *d)
{
    for (size_t i = 0; i < d->n; i++) {
        Tensor *t = d->at[i];
        r->io[i] =
            (InterpBuffer){t->dtype, (size_t)t->rank, t->shape, (void *)(uintptr_t)tensor_data(t)};
    }
    return r->io;
}

/* |a - b| that two orders of `terms` roundings may show, given the sum of the magnitudes. */
static bool near(double a, double b, DType t, int64_t terms, double magnitude)
{
    double unit = t == DT_float64 ? 0x1p-53 : 0x1p-24, n = (double)terms + 2,
           gamma = n * unit / (1 - n * unit);
    if (!isfinite(magnitude) || !isfinite(a) || !isfinite(b))
        return !isfinite(magnitude) || a == b || (isnan(a) && isnan(b));
    return fabs(a - b) <= 2 * gamma * magnitude + (t == DT_float64 ? 0x1p-1022 : 0x1p-126);
}

static bool same_bits(DType t, Scalar a, Scalar b)
{
    if (!dtype_is_float(t))
        return a.i == b.i;
    return (isnan(a.f) && isnan(b.f)) || (a.f == b.f && signbit(a.f) == signbit(b.f));
}

/* Results bit for bit; within a bound where magnitudes are given. */
static bool agree(const Node *func, const Data *want, const Data *got, const Program *p,
                  const Data *magnitude, Verdict *v, Guilty g, const char *how)
{
    for (size_t i = want->nin; i < want->n; i++) {
        const Tensor *a = want->at[i], *b = got->at[i];
        const char *name = ir_buf_name(func->kid[Func_results]->kid[i - want->nin]);
        for (int64_t k = 0; k < tensor_size(a); k++) {
            Scalar x = tensor_at(a, k), y = tensor_at(b, k);
            if (same_bits(a->dtype, x, y) ||
                (magnitude && dtype_is_float(a->dtype) &&
                 near(x.f, y.f, a->dtype, p->terms, tensor_at(magnitude->at[i], k).f)))
                continue;
            if (dtype_is_float(a->dtype))
                return blame(v, g, "%s: element %lld of %s is %.17g, expected %.17g", how,
                             (long long)k, name, y.f, x.f);
            return blame(v, g, "%s: element %lld of %s is %lld, expected %lld", how, (long long)k,
                         name, (long long)y.i, (long long)x.i);
        }
    }
    return true;
}

/* What one execution needs to know. */
typedef struct Side {
    const Program *p;
    const Data *want, *magnitude;
    Data got;
    const char *gpu; /* NULL: it does not become PTX */
    bool ask_sets;   /* which takes as long as all else */
    bool partial;    /* nothing writes some elements: they stay what they are */
    bool cut_off;    /* it took too many iterations for a verdict on its results */
    Run run;
} Side;

/* Between two steps nests may be one kernel that do not agree on their axes yet; each for itself
** keeps to the limits of a launch, which no later step would mend. */
static bool disagree(const Node *func, ErrCode code)
{
    GpuShape none = {{0}};
    return (code == ERR_thread_extent || code == ERR_too_many_threads) &&
           gpu_nests_fit(&none, func->kid[Func_body], NULL);
}

/* A GPU program is scheduled by many steps; between them, work may stand outside the
** axes that it must be in. */
static bool unfinished(const Node *func, ErrCode code)
{
    return code == ERR_axis_missing || code == ERR_local_of_other_thread ||
           code == ERR_copies_apart || disagree(func, code);
}

static bool check(Side *s, const Node *func, bool as_written, Err *err)
{
    CheckOptions limits = {
        .iterations = MOST, .bytes = 1 << 28, .partial = s->partial, .as_written = as_written};
    data_free(&s->got);
    return data_again(s->want, &s->got, err) &&
           check_run(func, s->got.n, buffers(&s->run, &s->got), &limits, err);
}

/* Runs it in the checking interpreter.  A factor of 1000 makes loops that run for long and do
** little: they are cut off, and until then no fault was found. */
static bool check_side(Side *s, const Node *func, Guilty g, const char *how, Verdict *v)
{
    Err err = {0};
    s->cut_off = false;
    if (check(s, func, false, &err))
        return agree(s->p->func, s->want, &s->got, s->p, s->magnitude, v, g, how);
    s->cut_off = err.code == ERR_iterations_spent;
    return s->cut_off || blame(v, g, "%s: %s %s", how, err.why, err.witness);
}

/* Its threads touch nothing that another one writes in the same loop, and each value comes from
** where it can be seen; unless nests do not agree yet on who computes what. */
static bool written_side(Side *s, const Node *scheduled, Verdict *v)
{
    Err err = {0};
    if (legal_as_written(scheduled, &err) == DEP_BROKEN)
        return blame(v, GUILTY_schedule, "the program as it is bound: %s %s", err.why, err.witness);
    if (check(s, scheduled, true, &err))
        return agree(s->p->func, s->want, &s->got, s->p, s->magnitude, v, GUILTY_schedule,
                     "the program as it is bound");
    return unfinished(scheduled, err.code) || err.code == ERR_copy_of_other_block ||
           err.code == ERR_iterations_spent ||
           blame(v, GUILTY_schedule, "the program as it is bound: %s %s", err.why, err.witness);
}

/* The sets find nothing that it reads or returns without having written it. */
static bool unwritten_side(const Side *s, const Node *scheduled, Verdict *v)
{
    Err err = {0};
    return s->partial || dep_unwritten(scheduled, DEP_QUICK, &err) != DEP_BROKEN ||
           blame(v, GUILTY_schedule, "the scheduled program, by sets: %s %s", err.why, err.witness);
}

static const Node *on_for(Rewriter *rw, const Node *n)
{
    n = rw_kids(rw, n);
    if (!n || !for_is_bound(ir_for_kind(n)))
        return n;
    return ir_make(rw->A, OP_For, 0, (Attr){.i = FOR_serial}, n->nkids, n->kid);
}

/* How many iterations a run takes, about: conditions do not count. */
static double work(const Node *n)
{
    double sum = 0;
    for (size_t i = 0; i < n->nkids; i++)
        if (ir_is_stmt(n->kid[i]))
            sum += work(n->kid[i]);
    return n->op == OP_For ? 1 + sum * (double)ir_const_int(n->kid[For_extent], 1) : 1 + sum;
}

/* The same with loops for threads: what a GPU program means, finished or not. */
static const Node *without_threads(Arena *A, const Node *func)
{
    static Rule *const rules[OP_COUNT] = {[OP_For] = on_for};
    return rw_run(A, rules, NULL, NULL, func);
}

static bool jit_side(Side *s, const Node *func, const char *target, Counts *counts, Verdict *v)
{
    Err err = {0};
    const Backend *b = backend_find("llvm", &err);
    data_free(&s->got);
    if (!data_again(s->want, &s->got, &err))
        return blame(v, GUILTY_generator, "%s", err.why);
    Kernel *k = b ? b->compile(func, target, &err) : NULL;
    if (!k)
        return err.code == ERR_unrolled_too_long ||
               blame(v, GUILTY_codegen, "compiling: %s", err.why);
    ExecCall call = {.kernel = k, .args = s->got.at};
    bool ok = exec_run(&(ExecJob){.calls = &call, .ncalls = 1, .threads = 2}, NULL, &err);
    kernel_release(k);
    counts->jitted++;
    return ok ? agree(s->p->func, s->want, &s->got, s->p, s->magnitude, v, GUILTY_codegen,
                      "machine code")
              : blame(v, GUILTY_codegen, "running: %s", err.why);
}

/* The sum of the magnitudes, where an order may show. */
static bool magnitudes(const Spec *spec, const Program *p, Data *out, Verdict *v)
{
    Err err = {0};
    Run r;
    return data_make(spec, p->magnitude, out, &err) &&
                   interp_run(p->magnitude, out->n, buffers(&r, out), NULL, &err)
               ? true
               : blame(v, GUILTY_reference, "%s", err.why);
}

bool assemble_ptx;

#define GPU_TARGET "cuda -arch="

/* The default, the oldest and the newest GPU, whose code differs. */
const char *gpu_target(const Spec *spec)
{
    static const char *const target[] = {GPU_TARGET "sm_80", GPU_TARGET "sm_60",
                                         GPU_TARGET "sm_90"};
    return target[spec->seed % 3];
}

/* Memory of a GPU: inputs and results are the data's own, temporaries what `A` has for them.  A
** copy between temporaries may take along what was never written. */
static PtxSpan *gpu_memory(Arena *A, const Data *d, const CudaPlan *plan)
{
    PtxSpan *m = ARENA_ARRAY(A, PtxSpan, d->n + plan->ntemporaries + 1);
    uint64_t address = UINT64_C(0x7f0000000000);
    for (size_t i = 0; i < d->n + plan->ntemporaries; i++) {
        bool own = i >= d->n;
        const Node *b = own ? plan->temporaries[i - d->n] : NULL;
        size_t bytes = own ? (size_t)cuda_elements(b) * dtype_bytes((DType)b->type)
                           : (size_t)tensor_bytes(d->at[i]);
        void *data = own ? arena_alloc(A, bytes + 1) : (void *)(uintptr_t)tensor_data(d->at[i]);
        uint8_t *unset = own ? arena_alloc(A, bytes + 1) : NULL;
        if (own) {
            memset(data, 0xff, bytes);
            memset(unset, 0xff, bytes);
        }
        m[i] = (PtxSpan){address, data, bytes, unset};
        address += (bytes + 4096 + 255) / 256 * 256;
    }
    return m;
}

/* Which of gpu_memory a buffer of the program is. */
static size_t memory_number(const Node *low, const CudaPlan *plan, const Node *buffer)
{
    size_t n = 0;
    for (int part = Func_params; part <= Func_results; part++)
        for (uint32_t i = 0; i < low->kid[part]->nkids; i++, n++)
            if (low->kid[part]->kid[i] == buffer)
                return n;
    for (size_t i = 0; i < plan->ntemporaries; i++, n++)
        if (plan->temporaries[i] == buffer)
            return n;
    return 0;
}

static bool launch(Arena *A, Side *s, const Node *low, const CudaPlan *plan, const PtxModule *m,
                   Verdict *v)
{
    PtxSpan *memory = gpu_memory(A, &s->got, plan);
    char why[PTX_WHY];
    for (size_t i = 0; i < plan->nkernels; i++) {
        const CudaKernel *k = &plan->kernels[i];
        const PtxKernel *code = ptx_kernel(m, cuda_kernel_name(A, i));
        void **arguments = ARENA_ARRAY(A, void *, k->nbuffers + 1);
        PtxLaunch l = {.arguments = arguments,
                       .memory = memory,
                       .nmemory = s->got.n + plan->ntemporaries,
                       .most = MOST_INSTRUCTIONS};
        for (int d = 0; d < 3; d++) {
            l.grid[d] = (unsigned)gpu_count(&k->shape, (ForKind)(FOR_block_x + d));
            l.block[d] = (unsigned)gpu_count(&k->shape, (ForKind)(FOR_thread_x + d));
        }
        for (size_t a = 0; a < k->nbuffers; a++)
            arguments[a] = &memory[memory_number(low, plan, k->buffers[a])].address;
        if (!code)
            return blame(v, GUILTY_ptx, "there is no kernel %zu in the PTX", i);
        if (ptx_launch(code, &l, why) != PTX_DONE)
            return blame(v, GUILTY_ptx, "running %s as PTX: %s", cuda_kernel_name(A, i), why);
    }
    return true;
}

/* The text is what a GPU would be given; the machine of tests/ptx runs it as the plan says. */
static bool run_ptx(Arena *A, Side *s, const Node *scheduled, const char *text, Verdict *v)
{
    Err err = {0};
    CudaPlan plan;
    char why[PTX_WHY];
    const Node *low = loop_lower(A, scheduled, true, &err);
    data_free(&s->got);
    if (!low || !cuda_plan(A, low, &plan, &err) || !data_again(s->want, &s->got, &err))
        return blame(v, GUILTY_generator, "%s", err.why);
    PtxModule *m = ptx_read(text, why);
    if (!m)
        return blame(v, GUILTY_ptx, "reading the PTX: %s", why);
    bool ok = launch(A, s, low, &plan, m, v) &&
              agree(s->p->func, s->want, &s->got, s->p, s->magnitude, v, GUILTY_ptx, "PTX");
    ptx_free(m);
    return ok;
}

/* A program that ran by threads becomes PTX, which runs, unless it asks for what no GPU has. */
static bool ptx_side(Arena *A, Side *s, const Node *scheduled, Counts *counts, Verdict *v)
{
    Err err = {0};
    const Backend *b = backend_find("cuda", &err);
    const char *text = b->view(A, scheduled, s->gpu, "ptx", &err);
    bool unfit = err.code == ERR_cuda_not_bound || err.code == ERR_cuda_block_inside ||
                 err.code == ERR_cuda_global_inside || err.code == ERR_shared_outside_blocks ||
                 err.code == ERR_cuda_shared_bytes ||
                 err.code == ERR_axis_missing || /* of work that a condition never lets through */
                 disagree(scheduled, err.code) || err.code == ERR_unrolled_too_long;
    counts->ptx += text != NULL;
    if (text && assemble_ptx && !ptxas_takes(text, s->gpu + strlen(GPU_TARGET)))
        return blame(v, GUILTY_ptx, "ptxas refuses the PTX");
    if (text)
        return run_ptx(A, s, scheduled, text, v);
    return unfit || blame(v, GUILTY_ptx, "PTX: %s", err.why);
}

/* The lowered GPU program by threads: barriers are in place, all is in order, and the results
** agree; unless it is unfinished, or a barrier would stand where not all threads come. */
static bool threads_side(Arena *A, Side *s, const Node *scheduled, Counts *counts, Verdict *v)
{
    Err err = {0};
    const Node *low = loop_lower(A, scheduled, true, &err);
    if (!low)
        return err.code == ERR_barrier_divergent || err.code == ERR_barrier_blocks ||
               unfinished(scheduled, err.code) ||
               blame(v, GUILTY_lowering, "lowering for threads: %s", err.why);
    if (check(s, low, false, &err)) {
        counts->threaded++;
        return agree(s->p->func, s->want, &s->got, s->p, s->magnitude, v, GUILTY_schedule,
                     "the program by threads") &&
               (!s->gpu || ptx_side(A, s, scheduled, counts, v));
    }
    /* Each thread has local memory */
    bool too_much = err.code == ERR_iterations_spent || err.code == ERR_alloc_too_big;
    Err refused = {0};
    cuda_plan_emulated(A, low, &refused);
    bool strayed = err.code == ERR_local_of_other_thread; /* which the lowering sees */
    return (!strayed && unfinished(scheduled, err.code)) || too_much ||
           unfinished(scheduled, refused.code) || refused.code == ERR_shared_outside_blocks ||
           blame(v, GUILTY_schedule, "the program by threads: %s %s", err.why, err.witness);
}

static bool compare(Side *s, const Node *scheduled, const char *target, Counts *counts, Verdict *v)
{
    Arena *A = arena_new(NULL);
    Err err = {0};
    bool bound = loop_is_gpu(scheduled);
    const Node *plain = bound ? without_threads(A, scheduled) : scheduled;
    bool ok =
        check_side(s, s->p->func, GUILTY_reference, "the program as written, checked", v) &&
        (plain == s->p->func || check_side(s, plain, GUILTY_schedule, "the scheduled program", v));
    ok = ok && (!s->ask_sets || unwritten_side(s, plain, v));
    const Node *low = ok ? loop_lower(A, plain, false, &err) : NULL;
    if (ok && !low)
        ok = blame(v, GUILTY_lowering, "lowering: %s", err.why);
    ok = ok && check_side(s, low, GUILTY_lowering, "the lowered program", v);
    bool endless = ok && s->cut_off && work(low->kid[Func_body]) > MOST_COMPILED;
    counts->cut_off += endless || (ok && s->cut_off && !target);
    if (ok && target && !endless)
        ok = jit_side(s, plain, target, counts, v);
    ok = ok &&
         (!bound || (written_side(s, scheduled, v) && threads_side(A, s, scheduled, counts, v)));
    arena_release(A);
    return ok;
}

bool execute(const Spec *spec, const Program *p, const Node *scheduled, bool reassociated,
             const char *target, bool ptx, Counts *counts, Verdict *v)
{
    Err err = {0};
    Data want, sums = {0};
    Run r;
    if (!data_make(spec, p->func, &want, &err))
        return blame(v, GUILTY_generator, "%s", err.why);
    bool ok = interp_run(p->func, want.n, buffers(&r, &want), NULL, &err) ||
              blame(v, GUILTY_reference, "%s", err.why);
    bool loose = ok && reassociated && p->magnitude;
    ok = ok && (!loose || magnitudes(spec, p, &sums, v));
    Side s = {.p = p,
              .want = &want,
              .magnitude = loose ? &sums : NULL,
              .gpu = ptx && target ? gpu_target(spec) : NULL,
              .ask_sets = spec->seed % 8 == 0,
              .partial = spec->scattered != 0};
    ok = ok && compare(&s, scheduled, target, counts, v);
    data_free(&s.got);
    data_free(&sums);
    data_free(&want);
    return ok;
}
