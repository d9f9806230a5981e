/* ptx.h -- a machine that runs PTX, so that what the compiler emits for a GPU is run without one.
**
**      PtxModule *m = ptx_read(text, why);
**      const PtxKernel *k = m ? ptx_kernel(m, "kernel0") : NULL;
**      PtxLaunch l = {.grid = {4, 1, 1}, .block = {128, 1, 1}, .arguments = pointers,
**                     .memory = spans, .nmemory = 2};
**      if (k && ptx_launch(k, &l, why) == PTX_DONE) …
**
** It is written from NVIDIA's PTX ISA and knows nothing of our compiler.  What the ISA leaves open
** it makes visible:
**
**      an operation, modifier or type that is no row of ops.def        refused when it is read
**      a product and a sum that ptxas may contract to one rounding     refused when it is read
**      an access outside of all memory, or not aligned to its size     a fault
**      a barrier that some threads of the block do not come to         a fault
**      two threads that write different values, no barrier between     a fault
**      a register, shared or local memory that was not written, read;
**      what another thread wrote, no barrier between, read             these bits are unset
**      unset bits that decide a branch or an address, or come to
**      global memory that is relied on                                 a fault
**      x / 0, and the remainder of negative numbers                    a value that fits nothing
**
** The threads of a block run one after the other, each to its next barrier, and so do the blocks:
** once from the last to the first, on a copy of memory, and once from the first to the last.
*/
#ifndef TESTS_PTX_PTX_H
#define TESTS_PTX_PTX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct PtxModule PtxModule;
typedef struct PtxFunc PtxKernel;

enum { PTX_WHY = 240 };

/* The program of a text; NULL, with the reason and its line in `why`, where it is not known. */
PtxModule *ptx_read(const char *text, char why[PTX_WHY]);
void ptx_free(PtxModule *m);

/* The entry of that name; NULL where there is none. */
const PtxKernel *ptx_kernel(const PtxModule *m, const char *name);

/* 80 for ".target sm_80". */
int ptx_target(const PtxModule *m);

/* Global memory: the addresses that a program uses for it, and where it is in truth. */
typedef struct PtxSpan {
    uint64_t address;
    void *data;
    size_t bytes;
    /* Which bits of `data` hold nothing that anybody may rely on; NULL: all are relied on, and
    ** unset bits that are stored there are a fault */
    uint8_t *unset;
} PtxSpan;

typedef struct PtxLaunch {
    unsigned grid[3], block[3];
    void *const *arguments; /* one for each parameter: where its value is */
    const PtxSpan *memory;
    size_t nmemory;
    uint64_t most; /* instructions of all threads together; 0: as many as it takes */
} PtxLaunch;

typedef enum PtxOutcome {
    PTX_DONE,
    PTX_BAD_ADDRESS,
    PTX_BAD_ALIGNMENT,
    PTX_FAULT,
    PTX_TOO_LONG,
    PTX_NOT_LAUNCHED
} PtxOutcome;

/* Runs all blocks of the grid.  `why` says what else than PTX_DONE came of it, with line and
** thread. */
PtxOutcome ptx_launch(const PtxKernel *k, const PtxLaunch *l, char why[PTX_WHY]);

#endif
