/* board.h -- the shared page between session and runner: one job at a time, and what came of it.
**
** The session writes a job, raises `request` and wakes the runner; the runner answers by raising
** `reply` to the same number.  Both words are futexes.  A job names slots of the pool, calls with
** their arguments, and whether to run once or to measure; everything is an index into the arrays
** that follow the header, so that nothing here is a pointer.
*/
#ifndef BACKENDS_WORKER_BOARD_H
#define BACKENDS_WORKER_BOARD_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* Kinds of frames on the sockets. */
typedef enum Message {
    MSG_HELLO = 1, /* to both: the shared memory and where it goes */
    MSG_COMPILE,   /* to the worker; answered by MSG_COMPILED or MSG_ERROR */
    MSG_COMPILED,
    MSG_FORGET, /* to the worker: a compilation's code may go */
    MSG_ERROR   /* an Err, as it lies in memory */
} Message;

/* The descriptor that both processes find their socket at. */
enum { WORKER_SOCKET = 3 };

/* The code window, and before it the page with the addresses of the runner's functions.  The
** place is free of mappings in ordinary and in sanitised programs. */
#if defined __SANITIZE_THREAD__
#define WINDOW_TSAN 1
#elif defined __has_feature
#if __has_feature(thread_sanitizer)
#define WINDOW_TSAN 1
#endif
#endif
#ifdef WINDOW_TSAN
#define WINDOW_BASE UINT64_C(0x4000000000)
#else
#define WINDOW_BASE UINT64_C(0x200000000000)
#endif
#define WINDOW_BYTES  (UINT64_C(256) << 20)
#define IMPORTS_BYTES UINT64_C(65536)
#define IMPORTS_BASE  (WINDOW_BASE - IMPORTS_BYTES)

typedef struct BoardSlot {
    int64_t page, span; /* in the pool's file; ascending, no two alike */
    int32_t writable;
} BoardSlot;

typedef struct BoardCall {
    uint64_t entry;
    uint32_t first_arg, nargs; /* in the array of arguments */
    double seconds;            /* answered: how long the call took when run once */
} BoardCall;

/* A candidate of a measurement: a range of calls. */
typedef struct BoardRange {
    uint32_t first, ncalls;
} BoardRange;

typedef enum BoardState {
    BOARD_IDLE,
    BOARD_RUNNING,
    BOARD_DONE,      /* all calls gave 0 */
    BOARD_RESULT,    /* call `current` gave `result`, which is not 0 */
    BOARD_FAULT,     /* a signal; the runner has ended */
    BOARD_NO_MEMORY, /* a temporary of `fault.value` bytes cannot be had; the runner has ended */
    BOARD_REFUSED,   /* memory of the job cannot be mapped: errno is fault.value */
} BoardState;

typedef struct BoardFault {
    int32_t signal, code;
    uint64_t address, ip, sp;
    int32_t write;   /* 1 a write, 0 a read, -1 not known */
    int32_t in_pool; /* address is in the mapped pool: pool_at is its offset */
    int64_t pool_at;
    int32_t in_temporary; /* address is next to or in the temporary of `value` bytes at offset */
    int64_t offset;
    int64_t value;
} BoardFault;

typedef struct Board {
    _Atomic uint32_t request, reply;
    _Atomic uint32_t runner_asleep, session_asleep;
    _Atomic int32_t runner_core, session_core; /* where each was when it last had work to do */
    _Atomic uint32_t heartbeat;                /* runs made, while measuring */
    _Atomic uint32_t current;                  /* the call that is running */
    _Atomic int32_t state;                     /* BoardState */
    int32_t cancel;                            /* Runtime.cancel points here */
    int32_t result;
    int32_t oob_access, oob_dim;
    int64_t oob_index;
    BoardFault fault;

    /* The job. */
    int32_t measure; /* 0: run the calls once; else by the plan below, ncandidates of them */
    int32_t threads;
    int32_t number, repeat, most, warmup, rounds; /* rounds: answered */
    double min_repeat_ms, limit_s;
    double waited; /* answered: the part of the measurement's time spent waiting for a processor */
    uint64_t seed;
    uint32_t nslots, ncalls, nargs, ncandidates;
    uint64_t slots_at, calls_at, args_at, candidates_at, samples_at; /* byte offsets */
} Board;

enum { BOARD_BYTES = 64 << 20 }; /* sparse: only what a job needs is touched */

static inline void *board_array(Board *b, uint64_t at)
{
    return (char *)b + at;
}

/* Where an argument lies: an offset into the pool's file. */
typedef int64_t BoardArg;

#endif
