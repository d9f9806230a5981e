/* machine.h -- a launch while it runs. */
#ifndef TESTS_PTX_MACHINE_H
#define TESTS_PTX_MACHINE_H

#include "tests/ptx/module.h"

/* Bytes, and which of their bits hold nothing that anybody may rely on. */
typedef struct Bytes {
    uint8_t *data, *unset; /* unset: NULL where all are relied on */
} Bytes;

/* The same of a register, or of what an operation works on. */
typedef struct Value {
    uint64_t v, unset;
} Value;

/* A function that a thread is in.  Its registers and memory lie behind it. */
typedef struct Frame {
    struct Frame *up;
    const PtxFunc *f;
    uint32_t next; /* instruction */
    Value *reg;
    Bytes local, param;
} Frame;

/* Who last wrote a byte.  Epochs count barriers, from block to block. */
typedef struct Mark {
    uint32_t epoch, thread;
} Mark;

typedef struct Thread {
    Frame *frame;
    uint32_t number, id[3];
    const PtxInst *waits; /* at this barrier */
} Thread;

typedef struct Machine {
    const PtxFunc *kernel;
    const PtxLaunch *launch;
    char *why;
    PtxOutcome outcome;
    uint32_t block[3], nthreads;
    Thread *thread;
    Bytes shared;
    Mark *shared_marks, **marks; /* of each span, when it is first reached */
    const PtxSpan *memory;       /* the launch's, or a copy of it */
    uint32_t epoch, first_epoch; /* of the block */
    bool backward;               /* the last block and thread come first */
    uint64_t left;               /* instructions */
} Machine;

/* What is wrong where something depends on unset bits. */
#define UNSET "it depends on bits that were not written, or by another thread without a barrier"

/* Ends the launch; false. */
bool fault(Machine *m, const Thread *t, const PtxInst *i, PtxOutcome what, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* ---- memory.c ---- */

/* Reads, and writes, `bytes` at an address.  A fault where that is outside of memory or not aligned
** to their number; where a thread writes what another wrote with no barrier between; and where
** unset bits go to global memory that is relied on.  What another wrote with no barrier between
** reads as unset. */
bool memory_read(Machine *m, const Thread *t, const PtxInst *i, uint64_t address, unsigned bytes,
                 Bytes to);
bool memory_write(Machine *m, const Thread *t, const PtxInst *i, uint64_t address, unsigned bytes,
                  Bytes from);

/* ---- unset.c ---- */

/* Which bits of an operation's result depend on bits that are unset. */
uint64_t unset_bits(const PtxInst *i, const Value *x);

#endif
