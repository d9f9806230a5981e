/* worker.c -- the process that compiles: `tvmrepl --worker`; and the way into both processes.
**
** It opens the heavy module that a request names, lets it compile into the code window, and
** answers with addresses.  LLVM ends its process where it finds no way on; that is this process,
** and the session starts another.
*/
#include "backends/worker/worker.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "backends/cuda/gpu_process.h"
#include "backends/worker/board.h"
#include "backends/worker/imports.h"
#include "backends/worker/runner.h"
#include "backends/worker/window.h"
#include "core/run/frame.h"

enum { MAX_MODULES = 8 };

static const WorkerHooks *hooks;
static uint64_t owner; /* the compilation that is going on */

typedef struct Module {
    char name[64];
    const Emit *emit;
} Module;

static Module modules[MAX_MODULES];
static int nmodules;

static void *host_take(void *ctx, size_t bytes, size_t align)
{
    (void)ctx;
    return window_take(owner, bytes, align);
}

static uint64_t host_symbol(void *ctx, const char *name)
{
    (void)ctx;
    return imports_find(hooks, name);
}

static const EmitHost host = {.take = host_take, .symbol = host_symbol};

/* The folder of this program, where its modules lie. */
static void own_folder(char out[PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", out, PATH_MAX - 1);
    out[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(out, '/');
    if (slash)
        *slash = '\0';
}

static EmitOpenFn *find_open(const char *name, Err *err)
{
    char folder[PATH_MAX], path[PATH_MAX + 80];
    if (hooks && hooks->open)
        return hooks->open;
    own_folder(folder);
    snprintf(path, sizeof path, "%s/%s.so", folder, name);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *symbol = library ? dlsym(library, EMIT_SYMBOL) : NULL;
    EmitOpenFn *open_fn = NULL;
    if (symbol)
        memcpy(&open_fn, &symbol, sizeof open_fn);
    else
        FAIL(err, module_missing, NULL, name, dlerror());
    return open_fn;
}

static const Emit *find_module(const char *name, Err *err)
{
    for (int i = 0; i < nmodules; i++)
        if (strcmp(modules[i].name, name) == 0)
            return modules[i].emit;
    if (strchr(name, '/') || strlen(name) >= sizeof modules[0].name || nmodules == MAX_MODULES)
        return FAIL(err, module_missing, NULL, name, "it is not a module's name");
    EmitOpenFn *open_fn = find_open(name, err);
    const Emit *emit = open_fn ? open_fn(&host, err) : NULL;
    if (emit && emit->version != EMIT_VERSION)
        return FAIL(err, module_missing, NULL, name, "it was built for another version");
    if (emit) {
        Module *m = &modules[nmodules++];
        snprintf(m->name, sizeof m->name, "%s", name);
        m->emit = emit;
    }
    return emit;
}

static bool send_error(const Err *err, Arena *A)
{
    Buf b = frame_buf(A);
    Err copy = *err;
    copy.where = NULL; /* an address means nothing in the session */
    frame_put_bytes(&b, &copy, sizeof copy);
    return frame_send(WORKER_SOCKET, MSG_ERROR, &b, NULL, 0);
}

static bool send_result(uint64_t id, const EmitResult *res, Arena *A)
{
    Buf b = frame_buf(A);
    frame_put_u64(&b, id);
    frame_put_u64(&b, window_top());
    frame_put_u64(&b, (uint64_t)res->nentries);
    for (int i = 0; i < res->nentries; i++) {
        frame_put_str(&b, res->entries[i].name);
        frame_put_u64(&b, res->entries[i].address);
        frame_put_u64(&b, res->entries[i].bytes);
    }
    for (int v = 0; v < EMIT_VIEWS; v++)
        frame_put_bytes(&b, res->view[v].data ? res->view[v].data : "", res->view[v].bytes);
    return frame_send(WORKER_SOCKET, MSG_COMPILED, &b, NULL, 0);
}

static bool read_request(const Frame *f, Arena *A, const char **module, EmitRequest *ask)
{
    FrameReader r = frame_read(f);
    *module = frame_str(&r, NULL);
    ask->target = frame_str(&r, NULL);
    ask->views = (uint32_t)frame_u64(&r);
    uint64_t n = frame_u64(&r);
    if (!r.ok || n > f->length)
        return false;
    const char **entries = ARENA_ARRAY(A, const char *, n + 1);
    for (uint64_t i = 0; i < n; i++)
        entries[i] = frame_str(&r, NULL);
    ask->entries = n ? entries : NULL;
    ask->nentries = (int)n;
    ask->text = frame_str(&r, &ask->length);
    return frame_done(&r);
}

static bool answer_compile(const Frame *f, Arena *A)
{
    static uint64_t last;
    Err err = {0};
    const char *module;
    EmitRequest ask = {0};
    EmitResult res = {0};
    if (!read_request(f, A, &module, &ask))
        return false;
    owner = ++last;
    const Emit *emit = find_module(module, &err);
    bool ok = emit && emit->compile(A, &ask, &res, &err);
    if (!ok || !(ask.views & 1u << EMIT_CODE))
        window_give(owner);
    return ok ? send_result(owner, &res, A) : send_error(&err, A);
}

static bool forget(const Frame *f)
{
    FrameReader r = frame_read(f);
    uint64_t id = frame_u64(&r);
    if (frame_done(&r) && id != 0)
        window_give(id);
    return true;
}

static int open_window(const Frame *hello)
{
    FrameReader r = frame_read(hello);
    size_t used = frame_u64(&r);
    if (!frame_done(&r) || hello->nfiles != 1 || used > WINDOW_BYTES)
        return EPROTO;
    void *window = mmap((void *)(uintptr_t)WINDOW_BASE, WINDOW_BYTES, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_FIXED_NOREPLACE, hello->files[0], 0);
    if (window == MAP_FAILED)
        return errno;
    size_t jumps = imports_write_jumps(hooks);
    window_open(used > jumps ? used : jumps);
    return 0;
}

static int worker_loop(void)
{
    Frame f;
    Arena *A = arena_new(NULL);
    bool greeted =
        frame_receive(WORKER_SOCKET, A, -1, false, &f) == FRAME_OK && f.kind == MSG_HELLO;
    int failed = greeted ? open_window(&f) : EPROTO;
    bool ok = !failed;
    arena_release(A);
    if (failed) {
        fprintf(stderr, "cannot map memory: %s\n", strerror(failed));
        return 4;
    }
    /* Most of the time until the first kernel is LLVM's own start: begin before anyone asks. */
    if (ok && !hooks)
        find_module(EMIT_LLVM, NULL);
    while (ok) {
        A = arena_new(NULL);
        ok = frame_receive(WORKER_SOCKET, A, -1, false, &f) == FRAME_OK;
        if (ok && f.kind == MSG_COMPILE)
            ok = answer_compile(&f, A);
        else if (ok && f.kind == MSG_FORGET)
            ok = forget(&f);
        arena_release(A);
    }
    return 0;
}

static void bound(int resource, rlim_t most)
{
    struct rlimit now;
    if (getrlimit(resource, &now) == 0 && now.rlim_max > most)
        setrlimit(resource, &(struct rlimit){most, most});
}

/* The addresses that this process has reserved; a sanitizer takes more than there is memory. */
static rlim_t reserved(void)
{
    unsigned long pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f && fscanf(f, "%lu", &pages) != 1)
        pages = 0;
    if (f)
        fclose(f);
    return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

/* The backstop behind all that is checked: what goes wild fills neither disk nor memory, and the
** compiler starts no process.  Kernels have no memory but what the runner reserved for them. */
static void limit_resources(bool compiles)
{
    enum { LOG_BYTES = 64 << 20 };
    bound(RLIMIT_CORE, 0);
    bound(RLIMIT_FSIZE, LOG_BYTES);
    if (!compiles)
        return;
    rlim_t most = (rlim_t)sysconf(_SC_PHYS_PAGES) * (rlim_t)sysconf(_SC_PAGESIZE);
    bound(RLIMIT_NPROC, 0);
    if (reserved() < most)
        bound(RLIMIT_AS, most + WINDOW_BYTES);
}

/* What both processes are: of no use without the session, the first to go when memory is short,
** deaf to the keyboard. */
static void settle_in(void)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close_range(WORKER_SOCKET + 1, ~0u, 0);
    signal(SIGINT, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        if (write(fd, "1000", 4) != 4)
            fputs("cannot raise the out-of-memory score\n", stderr);
        close(fd);
    }
}

int worker_main(int argc, char **argv, const WorkerHooks *extra)
{
    bool worker = argc == 2 && strcmp(argv[1], "--worker") == 0;
    bool runner = argc == 2 && strcmp(argv[1], "--runner") == 0;
    bool gpu = argc == 2 && strcmp(argv[1], "--gpu") == 0;
    if (!worker && !runner && !gpu)
        return -1;
    hooks = extra;
    if (fcntl(WORKER_SOCKET, F_GETFD) < 0) {
        fprintf(stderr, "tvmrepl: %s is how the workbench starts its own processes\n", argv[1]);
        return 2;
    }
    settle_in();
    if (gpu)
        return gpu_process_main(WORKER_SOCKET);
    limit_resources(worker);
    return worker ? worker_loop() : runner_main(extra);
}
