/* imports.c -- jumps and their table.  See imports.h. */
#include "backends/worker/imports.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "backends/worker/board.h"

enum { JUMP_BYTES = 16 };

double roundeven(double x);
float roundevenf(float x);

/* In one order in both processes, for they are one program. */
static const char *const names[] = {
#define IMPORT(name) #name,
#include "backends/worker/imports.def"
};
enum { BUILT_IN = sizeof names / sizeof *names };

static const char *import_name(const WorkerHooks *hooks, size_t i)
{
    if (i < BUILT_IN)
        return names[i];
    return hooks && hooks->symbol_names ? hooks->symbol_names[i - BUILT_IN] : NULL;
}

/* A jump through table entry `i`, at `at`, which lies where it will run. */
static void write_jump(unsigned char *at, size_t i)
{
    int64_t entry = (int64_t)(IMPORTS_BASE + i * sizeof(uint64_t));
    int64_t here = (int64_t)(uintptr_t)at;
#if defined __x86_64__
    int32_t far = (int32_t)(entry - (here + 6));
    at[0] = 0xff; /* jmp [rip + far] */
    at[1] = 0x25;
    memcpy(at + 2, &far, sizeof far);
#elif defined __aarch64__
    uint32_t ldr = 0x58000010u | ((uint32_t)((entry - here) / 4) & 0x7ffff) << 5; /* ldr x16, … */
    uint32_t br = 0xd61f0200u;                                                    /* br x16 */
    memcpy(at, &ldr, sizeof ldr);
    memcpy(at + 4, &br, sizeof br);
#else
#error "write_jump: say how this machine jumps through a word in memory"
#endif
}

size_t imports_write_jumps(const WorkerHooks *hooks)
{
    size_t n = 0;
    while (n < IMPORTS_BYTES / sizeof(uint64_t) && (n < BUILT_IN || import_name(hooks, n))) {
        write_jump((unsigned char *)(uintptr_t)WINDOW_BASE + n * JUMP_BYTES, n);
        n++;
    }
    return n * JUMP_BYTES;
}

uint64_t imports_find(const WorkerHooks *hooks, const char *name)
{
    const char *have;
    for (size_t i = 0; (have = import_name(hooks, i)) != NULL; i++)
        if (strcmp(have, name) == 0)
            return WINDOW_BASE + i * JUMP_BYTES;
    return 0;
}

int imports_fill_table(const WorkerHooks *hooks)
{
    uint64_t *table = mmap((void *)(uintptr_t)IMPORTS_BASE, IMPORTS_BYTES, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (table == MAP_FAILED)
        return errno;
    size_t i = 0;
#define IMPORT(name) table[i++] = (uint64_t)(uintptr_t)name;
#include "backends/worker/imports.def"
    const char *extra;
    for (; (extra = import_name(hooks, i)) != NULL; i++)
        table[i] = hooks->symbol(extra);
    return mprotect(table, IMPORTS_BYTES, PROT_READ) == 0 ? 0 : errno;
}
