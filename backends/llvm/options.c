/* options.c -- target strings of the LLVM backend. */
#include "backends/llvm/options.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/nearest.h"

typedef struct Row {
    const char *name;
    unsigned bytes;
    bool fma;
} Row;

static const Row cpus[] = {
#define CPU(name, bytes, fma) {name, bytes, fma},
#include "backends/llvm/x86_cpus.def"
};

static const Row features[] = {
#define FEATURE(name, bytes) {name, bytes, false},
#include "backends/llvm/x86_features.def"
};

static const Row *find(const Row *rows, size_t n, const char *name, Nearest *near)
{
    *near = nearest_to(name);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
        nearest_try(near, rows[i].name);
    }
    return NULL;
}

static const char *suggestion(Arena *A, const Nearest *near)
{
    return near->best ? arena_printf(A, ": did you mean '%s'?", near->best) : "";
}

/* The tables are those of x86-64; elsewhere only the machine's own processor is offered. */
static bool is_x86(void)
{
#if defined(__x86_64__)
    return true;
#else
    return false;
#endif
}

static LlvmMachine this_machine(void)
{
#if defined(__x86_64__)
    bool fma = __builtin_cpu_supports("fma");
    if (__builtin_cpu_supports("avx512f"))
        return (LlvmMachine){32, 64, fma};
    return (LlvmMachine){16, __builtin_cpu_supports("avx") ? 32 : 16, fma};
#else
    return (LlvmMachine){32, 16, true};
#endif
}

static bool set_cpu(Arena *A, LlvmOptions *o, const char *name, Err *err)
{
    Nearest near;
    if (strcmp(name, "native") == 0) { /* as where nothing is said */
        o->cpu = NULL;
        o->vector_bytes = 0;
        o->fma = this_machine().fma;
        return true;
    }
    const Row *row = find(cpus, sizeof cpus / sizeof *cpus, name, &near);
    if (!is_x86())
        return REFUSE(err, llvm_own_cpu, NULL, "-mcpu");
    if (!row)
        return REFUSE(err, llvm_cpu_unknown, NULL, name, suggestion(A, &near));
    o->cpu = row->name;
    o->vector_bytes = row->bytes;
    o->fma = row->fma;
    return true;
}

/* One of "+avx2" and "-fma". */
static bool add_feature(Arena *A, const char *word, unsigned *bytes, Err *err)
{
    Nearest near;
    if (*word != '+' && *word != '-')
        return REFUSE(err, llvm_feature_sign, NULL, word, word);
    const Row *row = find(features, sizeof features / sizeof *features, word + 1, &near);
    if (!row)
        return REFUSE(err, llvm_feature_unknown, NULL, word + 1, suggestion(A, &near));
    if (*word == '+' && row->bytes > *bytes)
        *bytes = row->bytes;
    if (*word == '-' && row->bytes && row->bytes <= *bytes)
        *bytes = strcmp(word, "-avx2") == 0 ? 32 : row->bytes / 2;
    return true;
}

static bool set_features(Arena *A, LlvmOptions *o, const char *list, Err *err)
{
    if (!is_x86())
        return REFUSE(err, llvm_own_cpu, NULL, "-mattr");
    for (const char *at = list; *at;) {
        size_t n = strcspn(at, ",");
        if (!add_feature(A, arena_strndup(A, at, n), &o->vector_bytes, err))
            return false;
        at += n + (at[n] == ',');
    }
    o->attr = *list ? list : NULL;
    return true;
}

static bool one_option(Arena *A, LlvmOptions *o, const char *word, Err *err)
{
    if (strncmp(word, "-mcpu=", 6) == 0)
        return set_cpu(A, o, word + 6, err);
    if (strncmp(word, "-mattr=", 7) == 0)
        return set_features(A, o, word + 7, err);
    if (strncmp(word, "-O", 2) == 0 && word[2] >= '0' && word[2] <= '3' && !word[3])
        return o->opt = word[2] - '0', true;
    if (strcmp(word, "-check") == 0)
        return o->checked = true;
    if (strcmp(word, "-check=unproven") == 0)
        return o->unproven = true;
    return REFUSE(err, llvm_option_unknown, NULL, word);
}

bool llvm_options(Arena *A, const char *target, LlvmOptions *out, Err *err)
{
    *out = (LlvmOptions){.opt = 2, .fma = this_machine().fma};
    const char *at = target + strcspn(target, " "); /* after the backend's name */
    const char *cpu = getenv("TVMREPL_MCPU");
    if (cpu && *cpu && !set_cpu(A, out, cpu, err))
        return false;
    while (*(at += strspn(at, " "))) {
        size_t n = strcspn(at, " ");
        if (!one_option(A, out, arena_strndup(A, at, n), err))
            return false;
        at += n;
    }
    return true;
}

LlvmMachine llvm_machine(void)
{
    Err err = {0};
    LlvmOptions o;
    Arena *A = arena_scratch(NULL);
    LlvmMachine m = this_machine();
    if (llvm_options(A, "llvm", &o, &err) && o.cpu)
        m = (LlvmMachine){o.vector_bytes == 64 ? 32 : 16, o.vector_bytes, o.fma};
    arena_release(A);
    return m;
}
