/* exec_fault.c -- from an address to the kernel, the tensor and the element that it belongs to. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "backends/exec_state.h"
#include "core/run/pool.h"
#include "core/run/storage.h"

enum { PAGE = 4096, STACK_NEAR = 1 << 20 };

/* The tensor of a call that a pool offset is in or nearest to. */
typedef struct Hit {
    const Tensor *tensor;
    const KernelParam *param;
    int64_t byte;     /* from element [0,…] */
    int64_t distance; /* from the tensor's bytes; 0 inside */
} Hit;

static Hit find_hit(const ExecCall *c, int64_t at)
{
    Hit best = {.distance = INT64_MAX};
    for (int i = 0; i < c->kernel->nparams; i++) {
        const Tensor *t = c->args[i];
        const Slot *slot = &t->storage->slot;
        if (!slot->span)
            continue;
        int64_t start = slot->offset + t->offset, end = start + tensor_bytes(t);
        int64_t distance = at < start ? start - at : at >= end ? at - end + 1 : 0;
        if (distance < best.distance)
            best = (Hit){t, &c->kernel->params[i], at - start, distance};
    }
    return best;
}

/* "C[10, 3]": the leading index may lie outside, all others are within their extents. */
static void element_text(const Hit *p, char *out, size_t size)
{
    const Tensor *t = p->tensor;
    int64_t width = (int64_t)dtype_bytes(t->dtype), index[TENSOR_MAX_RANK];
    int64_t i = p->byte >= 0 ? p->byte / width : -((-p->byte + width - 1) / width);
    for (int d = t->rank - 1; d > 0; d--) {
        int64_t extent = t->shape[d] ? t->shape[d] : 1, r = i % extent;
        index[d] = r < 0 ? r + extent : r;
        i = (i - index[d]) / extent;
    }
    if (t->rank)
        index[0] = i;
    int n = snprintf(out, size, "%s[", p->param->name);
    for (int d = 0; d < t->rank && n < (int)size; d++)
        n += snprintf(out + n, size - (size_t)n, "%s%lld", d ? ", " : "", (long long)index[d]);
    if (n < (int)size)
        snprintf(out + n, size - (size_t)n, "]");
}

static void tensor_text(const Tensor *t, char *out, size_t size)
{
    Arena *A = arena_scratch(NULL);
    Buf b = buf_new(A);
    tensor_describe(t, &b);
    snprintf(out, size, "%s", buf_str(&b));
    arena_release(A);
}

static void refuse_outside(const Kernel *k, const Hit *p, const char *verb, Err *err)
{
    char element[256], shape[128];
    element_text(p, element, sizeof element);
    tensor_text(p->tensor, shape, sizeof shape);
    REFUSE(err, kernel_out_of_bounds, NULL, k->name, verb, p->param->name, element, shape);
}

static void explain_pool(const ExecCall *c, const BoardFault *f, Err *err)
{
    char element[256], what[400];
    Hit p = find_hit(c, f->pool_at);
    if (!p.tensor) {
        REFUSE(err, kernel_crashed, NULL, c->kernel->name, "an access outside all its tensors");
        return;
    }
    if (p.distance > 0) {
        refuse_outside(c->kernel, &p,
                       f->write == 1   ? "writes"
                       : f->write == 0 ? "reads"
                                       : "goes",
                       err);
        return;
    }
    element_text(&p, element, sizeof element);
    if (f->write == 1 && !p.param->written) {
        REFUSE(err, kernel_wrote_input, NULL, c->kernel->name, p.param->name, element);
        return;
    }
    snprintf(what, sizeof what, "%s at %s", strsignal(f->signal), element);
    REFUSE(err, kernel_crashed, NULL, c->kernel->name, what);
}

static void explain_address(const BoardFault *f, char *out, size_t size)
{
    uint64_t near = f->address > f->sp ? f->address - f->sp : f->sp - f->address;
    const char *access = f->write == 1   ? "a write to"
                         : f->write == 0 ? "a read of"
                                         : "an access to";
    if (f->in_temporary)
        snprintf(out, size, "%s byte %lld of a temporary of %lld bytes", access,
                 (long long)f->offset, (long long)f->value);
    else if (f->ip == f->address && f->address)
        snprintf(out, size, "a jump to address 0x%llx, where there is no code",
                 (unsigned long long)f->address);
    else if (near < STACK_NEAR)
        snprintf(out, size, "a stack overflow");
    else if (f->address == 0 && f->code == SI_KERNEL)
        snprintf(out, size, "an access to an address that cannot exist");
    else if (f->address < PAGE)
        snprintf(out, size, "%s a null pointer (address 0x%llx)", access,
                 (unsigned long long)f->address);
    else if (f->address >= WINDOW_BASE && f->address < WINDOW_BASE + WINDOW_BYTES)
        snprintf(out, size, "%s its own code", access);
    else
        snprintf(out, size, "%s address 0x%llx, which belongs to no tensor", access,
                 (unsigned long long)f->address);
}

void exec_explain_fault(const ExecJob *jobs, int njobs, Err *err)
{
    const BoardFault *f = &exec_state.board->fault;
    const ExecCall *c = exec_call_at(jobs, njobs, atomic_load(&exec_state.board->current));
    const char *name = c ? c->kernel->name : "the job";
    char what[400];
    /* A write that ran past the data may have hit the pad first: that is the exact place. */
    if (c && exec_explain_damage(jobs, njobs, err))
        return;
    switch (f->signal) {
    case SIGSEGV:
    case SIGBUS:
        if (c && f->in_pool) {
            explain_pool(c, f, err);
            return;
        }
        explain_address(f, what, sizeof what);
        break;
    case SIGFPE:
        snprintf(what, sizeof what, "%s",
                 f->code == FPE_INTDIV ? "an integer division that has no result"
                                       : "an arithmetic exception");
        break;
    case SIGILL:
        snprintf(what, sizeof what, "an instruction that this machine does not have");
        break;
    case SIGABRT: snprintf(what, sizeof what, "abort()"); break;
    default: snprintf(what, sizeof what, "signal %d (%s)", f->signal, strsignal(f->signal)); break;
    }
    REFUSE(err, kernel_crashed, NULL, name, what);
    if (f->ip >= WINDOW_BASE && f->ip < WINDOW_BASE + WINDOW_BYTES && c)
        err_witness(err, "at instruction %s+0x%llx", name,
                    (unsigned long long)(f->ip - c->kernel->address));
}

/* Looks at the pads of one result. */
static bool damaged(const ExecCall *c, int i, Err *err)
{
    const Tensor *t = c->args[i];
    const Slot *slot = &t->storage->slot;
    int64_t at;
    if (!c->kernel->params[i].written || !slot->span ||
        !pool_damaged(slot, pool_data(slot) - slot->offset, &at))
        return false;
    Hit p = {t, &c->kernel->params[i], at - t->offset, 1};
    pool_repair(slot);
    refuse_outside(c->kernel, &p, "writes", err);
    return true;
}

bool exec_explain_damage(const ExecJob *jobs, int njobs, Err *err)
{
    bool any = false;
    for (int j = 0; j < njobs; j++)
        for (int i = 0; i < jobs[j].ncalls; i++) {
            const ExecCall *c = &jobs[j].calls[i];
            for (int a = 0; !c->kernel->call && a < c->kernel->nparams; a++)
                any = damaged(c, a, any ? NULL : err) || any;
        }
    return any;
}
