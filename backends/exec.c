/* exec.c -- the two processes' lives, and compiling. */
#include "backends/exec.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "backends/exec_state.h"
#include "core/base/cancel.h"
#include "core/run/frame.h"
#include "core/run/pool.h"

#define COMPILE_LIMIT_S 30.0

ExecState exec_state = {.worker = {.role = "--worker", .sock = -1, .log = -1},
                        .runner = {.role = "--runner", .sock = -1, .log = -1},
                        .window_fd = -1,
                        .board_fd = -1};

/* A compilation, held by the kernels that came from it. */
typedef struct Code {
    int refs;
    uint64_t id, worker_age;
} Code;

static int shared_memory(const char *name, uint64_t bytes, Err *err)
{
    int fd = memfd_create(name, MFD_CLOEXEC);
    if (fd >= 0 && ftruncate(fd, (off_t)bytes) == 0)
        return fd;
    int why = errno;
    if (fd >= 0)
        close(fd);
    REFUSE(err, io_failed, NULL, "make", "memory that processes share", strerror(why));
    return -1;
}

static bool need_shared(Err *err)
{
    ExecState *x = &exec_state;
    if (x->window_fd < 0) {
        x->window_fd = shared_memory("tvmrepl-code", WINDOW_BYTES, err);
        x->window_top = 0;
        x->window_age++;
    }
    if (x->window_fd >= 0 && x->board_fd < 0) {
        x->board_fd = shared_memory("tvmrepl-board", BOARD_BYTES, err);
        void *p = x->board_fd < 0
                      ? MAP_FAILED
                      : mmap(NULL, BOARD_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, x->board_fd, 0);
        if (p == MAP_FAILED) {
            if (x->board_fd >= 0)
                close(x->board_fd);
            x->board_fd = -1;
            return REFUSE(err, io_failed, NULL, "map", "memory that processes share",
                          strerror(errno));
        }
        x->board = p;
    }
    return x->window_fd >= 0;
}

/* Greets a process that was just started: what it shares with us, and the files. */
static bool greet(Process *p, uint64_t number, const int *files, int nfiles)
{
    Arena *A = arena_scratch(NULL);
    Buf b = frame_buf(A);
    frame_put_u64(&b, number);
    bool ok = frame_send(p->sock, MSG_HELLO, &b, files, nfiles);
    arena_release(A);
    return ok;
}

/* Makes sure that the process runs, as exec_need_runner does. */
static bool need_worker(Err *err)
{
    ExecState *x = &exec_state;
    if (process_alive(&x->worker))
        return true;
    process_close(&x->worker);
    if (!need_shared(err) || !process_start(&x->worker, err))
        return false;
    x->worker_age++;
    /* A process that is gone before it was greeted is noticed by whoever waits for its answer. */
    greet(&x->worker, x->window_top, &x->window_fd, 1);
    return true;
}

bool exec_need_runner(Err *err)
{
    ExecState *x = &exec_state;
    int64_t pool_bytes;
    if (process_alive(&x->runner))
        return true;
    process_close(&x->runner);
    int pool = need_shared(err) ? pool_fd(&pool_bytes, err) : -1;
    if (pool < 0)
        return false;
    memset(x->board, 0, sizeof *x->board);
    if (!process_start(&x->runner, err))
        return false;
    greet(&x->runner, (uint64_t)pool_bytes, (int[]){x->window_fd, x->board_fd, pool}, 3);
    return true;
}

void exec_start(void)
{
    need_worker(NULL);
    exec_need_runner(NULL);
}

void exec_shutdown(void)
{
    ExecState *x = &exec_state;
    process_kill(&x->worker);
    process_kill(&x->runner);
    if (x->board)
        munmap(x->board, BOARD_BYTES);
    if (x->board_fd >= 0)
        close(x->board_fd);
    if (x->window_fd >= 0)
        close(x->window_fd);
    x->board = NULL;
    x->board_fd = x->window_fd = -1;
}

int exec_worker_pid(void)
{
    return process_alive(&exec_state.worker) ? (int)exec_state.worker.pid : 0;
}

int exec_runner_pid(void)
{
    return process_alive(&exec_state.runner) ? (int)exec_state.runner.pid : 0;
}

void exec_use_program(const char *path)
{
    process_program = path;
}

static void forget_code(uint64_t id)
{
    ExecState *x = &exec_state;
    Arena *A = arena_scratch(NULL);
    Buf b = frame_buf(A);
    frame_put_u64(&b, id);
    if (process_alive(&x->worker))
        frame_send(x->worker.sock, MSG_FORGET, &b, NULL, 0);
    arena_release(A);
}

static void drop_code(void *loaded)
{
    Code *code = loaded;
    if (--code->refs > 0)
        return;
    if (code->worker_age == exec_state.worker_age)
        forget_code(code->id);
    free(code);
}

/* The worker did not answer: says why, and has the next one start meanwhile. */
static bool worker_lost(FrameStatus status, double limit, Err *err)
{
    ExecState *x = &exec_state;
    char why[512];
    if (status == FRAME_CLOSED)
        process_reap(&x->worker, 0.2);
    bool dead = !process_alive(&x->worker);
    if (status == FRAME_STOPPED)
        REFUSE(err, interrupted, NULL);
    else if (status == FRAME_TIMEOUT)
        REFUSE(err, worker_timeout, NULL, limit);
    else if (dead)
        REFUSE(err, worker_failed, NULL, process_epitaph(&x->worker, why));
    else
        REFUSE(err, worker_failed, NULL, "answered with something that is not an answer");
    process_kill(&x->worker);
    need_worker(NULL);
    return false;
}

/* Sends a request and waits for the answer of kind `expected`. */
static bool ask_worker(uint32_t kind, const Buf *b, uint32_t expected, double limit, Arena *A,
                       Frame *answer, Err *err)
{
    ExecState *x = &exec_state;
    if (limit <= 0)
        limit = COMPILE_LIMIT_S;
    if (!need_worker(err))
        return false;
    FrameStatus status = FRAME_CLOSED;
    if (frame_send(x->worker.sock, kind, b, NULL, 0))
        status = frame_receive(x->worker.sock, A, limit, true, answer);
    if (status == FRAME_OK && answer->kind == MSG_ERROR) {
        size_t n;
        FrameReader r = frame_read(answer);
        const char *bytes = frame_str(&r, &n);
        if (frame_done(&r) && n == sizeof(Err)) {
            if (err)
                memcpy(err, bytes, n);
            return false;
        }
        status = FRAME_BAD;
    }
    if (status == FRAME_OK && answer->kind != expected)
        status = FRAME_BAD;
    return status == FRAME_OK || worker_lost(status, limit, err);
}

static void put_request(Buf *b, const ExecSource *s, uint32_t views)
{
    frame_put_str(b, s->module);
    frame_put_str(b, s->target);
    frame_put_u64(b, views);
    frame_put_u64(b, (uint64_t)s->nentries);
    for (int i = 0; i < s->nentries; i++)
        frame_put_str(b, s->entries[i].name);
    frame_put_bytes(b, s->text, s->length);
}

/* The head of an answer to MSG_COMPILE: the compilation's number and its entries. */
typedef struct Compiled {
    uint64_t id, nentries;
    EmitEntry *entries;
    EmitBlob view[EMIT_VIEWS];
} Compiled;

static bool read_compiled(const Frame *f, Arena *A, Compiled *out)
{
    FrameReader r = frame_read(f);
    out->id = frame_u64(&r);
    uint64_t top = frame_u64(&r);
    out->nentries = frame_u64(&r);
    if (!r.ok || out->nentries > f->length || top > WINDOW_BYTES)
        return false;
    out->entries = ARENA_ARRAY(A, EmitEntry, out->nentries + 1);
    for (uint64_t i = 0; i < out->nentries; i++) {
        out->entries[i].name = frame_str(&r, NULL);
        out->entries[i].address = frame_u64(&r);
        out->entries[i].bytes = frame_u64(&r);
    }
    for (int v = 0; v < EMIT_VIEWS; v++)
        out->view[v].data = frame_str(&r, &out->view[v].bytes);
    if (!frame_done(&r))
        return false;
    if (top > exec_state.window_top)
        exec_state.window_top = top;
    return true;
}

static bool compile(Arena *A, const ExecSource *s, uint32_t views, Compiled *out, Err *err)
{
    Frame answer;
    Buf b = frame_buf(A);
    put_request(&b, s, views);
    if (!ask_worker(MSG_COMPILE, &b, MSG_COMPILED, s->limit_s, A, &answer, err))
        return false;
    return read_compiled(&answer, A, out) || worker_lost(FRAME_BAD, 0, err);
}

static uint64_t entry_address(const Compiled *c, const char *name)
{
    for (uint64_t i = 0; i < c->nentries; i++)
        if (strcmp(c->entries[i].name, name) == 0 && c->entries[i].address >= WINDOW_BASE &&
            c->entries[i].address < WINDOW_BASE + WINDOW_BYTES)
            return c->entries[i].address;
    return 0;
}

static Kernel *make_kernel(const ExecSource *s, const ExecEntry *e, const Compiled *c, Err *err)
{
    uint64_t address = entry_address(c, e->name);
    if (!address)
        return FAIL(err, worker_failed, NULL, "left out a function that was asked for");
    Kernel *k = kernel_new(e->name, s->target, e->params, e->nparams);
    if (!k)
        return FAIL(err, out_of_memory, NULL);
    k->address = address;
    k->code = exec_state.window_age;
    return k;
}

static bool make_kernels(const ExecSource *s, const Compiled *c, double ms, Kernel **kernels,
                         Err *err)
{
    Code *code = calloc(1, sizeof *code);
    if (!code)
        return REFUSE(err, out_of_memory, NULL);
    *code = (Code){1, c->id, exec_state.worker_age};
    int made = 0;
    while (made < s->nentries && (kernels[made] = make_kernel(s, &s->entries[made], c, err))) {
        Kernel *k = kernels[made++];
        k->compile_ms = ms;
        k->loaded = code;
        k->unload = drop_code;
        code->refs++;
    }
    bool ok = made == s->nentries;
    while (!ok && made > 0)
        kernel_release(kernels[--made]);
    drop_code(code);
    return ok;
}

bool exec_compile(const ExecSource *source, Kernel **kernels, Err *err)
{
    Arena *A = arena_scratch(NULL);
    Compiled c = {0};
    double start = timer_now();
    bool ok = compile(A, source, 1u << EMIT_CODE, &c, err) &&
              make_kernels(source, &c, (timer_now() - start) * 1e3, kernels, err);
    arena_release(A);
    return ok;
}

bool exec_view(Arena *A, const ExecSource *source, EmitView view, EmitBlob *out, Err *err)
{
    Compiled c = {0};
    if (!compile(A, source, 1u << view, &c, err))
        return false;
    *out = c.view[view];
    return true;
}
