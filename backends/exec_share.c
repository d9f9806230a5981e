/* exec_share.c -- jobs that are timed against each other, on the same memory. */
#include <string.h>

#include "backends/exec_state.h"

/* Tensors of a job, and those of another that stand for them. */
typedef struct Shared {
    size_t n;
    Tensor **own, **other;
} Shared;

static Tensor *stand_in(const Shared *s, Tensor *t)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->own[i] == t)
            return s->other[i];
    return t;
}

/* What a call of both jobs writes under one name, in one type and shape; and of a single program
** the inputs too, which are random and for one name and shape the same. */
static void share_arguments(Shared *s, const ExecCall *a, const ExecCall *b, bool inputs)
{
    for (int i = 0; i < a->kernel->nparams && i < b->kernel->nparams; i++) {
        const KernelParam *p = &a->kernel->params[i], *q = &b->kernel->params[i];
        if (p->written != q->written || !(p->written || inputs) || strcmp(p->name, q->name) != 0 ||
            a->args[i]->dtype != b->args[i]->dtype || !shape_equal(a->args[i], b->args[i]))
            continue;
        s->own[s->n] = a->args[i];
        s->other[s->n++] = b->args[i];
    }
}

ExecJob exec_sharing(Arena *A, ExecJob job, const ExecJob *other)
{
    size_t nargs = 0;
    if (job.ncalls != other->ncalls)
        return job;
    for (int c = 0; c < job.ncalls; c++)
        nargs += (size_t)job.calls[c].kernel->nparams;
    Shared s = {0, ARENA_ARRAY(A, Tensor *, nargs + 1), ARENA_ARRAY(A, Tensor *, nargs + 1)};
    for (int c = 0; c < job.ncalls; c++)
        share_arguments(&s, &job.calls[c], &other->calls[c], job.ncalls == 1);
    ExecCall *calls = ARENA_ARRAY(A, ExecCall, job.ncalls + 1);
    for (int c = 0; c < job.ncalls; c++) {
        int n = job.calls[c].kernel->nparams;
        Tensor **args = ARENA_ARRAY(A, Tensor *, n + 1);
        for (int i = 0; i < n; i++)
            args[i] = stand_in(&s, job.calls[c].args[i]);
        calls[c] = job.calls[c];
        calls[c].args = args;
    }
    job.calls = calls;
    return job;
}
