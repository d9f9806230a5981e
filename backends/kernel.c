/* kernel.c -- making and dropping kernels. */
#include "backends/kernel.h"

#include <stdlib.h>
#include <string.h>

const KernelParam *kernel_params(Arena *A, const Node *func, int *n)
{
    const Node *ins = func->kid[Func_params], *outs = func->kid[Func_results];
    KernelParam *params = ARENA_ARRAY(A, KernelParam, ins->nkids + outs->nkids);
    *n = 0;
    for (uint32_t i = 0; i < ins->nkids; i++)
        params[(*n)++] = (KernelParam){ir_buf_name(ins->kid[i]), false};
    for (uint32_t i = 0; i < outs->nkids; i++)
        params[(*n)++] = (KernelParam){ir_buf_name(outs->kid[i]), true};
    return params;
}

Kernel *kernel_new(const char *name, const char *target, const KernelParam *params, int nparams)
{
    size_t bytes =
        sizeof(Kernel) + sizeof(KernelParam) * (size_t)nparams + strlen(name) + strlen(target) + 2;
    for (int i = 0; i < nparams; i++)
        bytes += strlen(params[i].name) + 1;
    Kernel *k = calloc(1, bytes);
    if (!k)
        return NULL;
    KernelParam *copy = (KernelParam *)(k + 1);
    char *text = (char *)(copy + nparams);
    *k = (Kernel){.refs = 1, .nparams = nparams, .params = copy};
    k->name = strcpy(text, name);
    text += strlen(text) + 1;
    k->target = strcpy(text, target);
    for (int i = 0; i < nparams; i++) {
        text += strlen(text) + 1;
        copy[i] = (KernelParam){strcpy(text, params[i].name), params[i].written};
    }
    return k;
}

Kernel *kernel_retain(Kernel *k)
{
    k->refs++;
    return k;
}

void kernel_release(Kernel *k)
{
    if (!k || --k->refs > 0)
        return;
    if (k->release)
        k->release(k);
    if (k->unload)
        k->unload(k->loaded);
    free(k);
}
