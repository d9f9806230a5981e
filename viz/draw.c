/* draw.c -- starting, feeding, reading and ending the drawing child. */
#include "viz/draw.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/cancel.h"
#include "core/base/savefile.h"
#include "viz/render/render.h"

extern char **environ;

static const char *const format_name[] = {
    [DRAW_svg] = "svg", [DRAW_png] = "png", [DRAW_dot] = "dot"};
static const char *const language_name[] = {[PICTURE_dot] = "dot", [PICTURE_svg] = "svg"};

enum { MODULE_MISSING = 3, POLL_MS = 20, CHUNK = 65536 };

/* ---- the session's side ---- */

typedef struct Child {
    pid_t pid;
    int in, out, err; /* our ends of its standard streams; -1 when closed */
} Child;

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* The child gets its own process group: ctrl-C is the session's to handle. */
static bool spawn_child(Child *c, Picture p, DrawFormat to)
{
    int in[2], out[2], err[2];
    if (pipe2(in, O_CLOEXEC))
        return false;
    if (pipe2(out, O_CLOEXEC)) {
        close(in[0]), close(in[1]);
        return false;
    }
    if (pipe2(err, O_CLOEXEC)) {
        close(in[0]), close(in[1]), close(out[0]), close(out[1]);
        return false;
    }
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, in[0], 0);
    posix_spawn_file_actions_adddup2(&files, out[1], 1);
    posix_spawn_file_actions_adddup2(&files, err[1], 2);
    posix_spawn_file_actions_addclosefrom_np(&files, 3);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setpgroup(&attr, 0);
    posix_spawnattr_setsigmask(&attr, &none);
    char *argv[] = {"tvmrepl", "--draw", (char *)language_name[p.language], (char *)format_name[to],
                    NULL};
    int bad = posix_spawn(&c->pid, "/proc/self/exe", &files, &attr, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attr);
    close(in[0]), close(out[1]), close(err[1]);
    *c = (Child){bad ? -1 : c->pid, in[1], out[0], err[0]};
    if (bad) {
        close_end(&c->in), close_end(&c->out), close_end(&c->err);
        errno = bad;
        return false;
    }
    fcntl(c->in, F_SETFL, O_NONBLOCK);
    return true;
}

static int end_child(Child *c, bool kill_it)
{
    close_end(&c->in), close_end(&c->out), close_end(&c->err);
    if (kill_it)
        kill(-c->pid, SIGKILL), kill(c->pid, SIGKILL);
    int status = 0;
    while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

static void read_some(int *fd, Buf *into)
{
    char chunk[CHUNK];
    ssize_t n = read(*fd, chunk, sizeof chunk);
    if (n > 0)
        buf_add(into, chunk, (size_t)n);
    else if (n == 0 || (errno != EINTR && errno != EAGAIN))
        close_end(fd);
}

/* A child that died reading is noticed by what it says and by its status. */
static void write_some(Child *c, const char *source, size_t len, size_t *sent)
{
    ssize_t n = write(c->in, source + *sent, len - *sent);
    if (n > 0)
        *sent += (size_t)n;
    else if (errno != EINTR && errno != EAGAIN)
        *sent = len;
    if (*sent == len)
        close_end(&c->in);
}

typedef enum Talk { TALK_done, TALK_late, TALK_cancelled } Talk;

static Talk talk(Child *c, const char *source, int ms, Buf *out, Buf *said)
{
    size_t sent = 0, len = strlen(source);
    int64_t end = now_ms() + (ms > 0 ? ms : DRAW_MS);
    while (c->out >= 0 || c->err >= 0) {
        if (cancel_asked())
            return TALK_cancelled;
        int64_t left = end - now_ms();
        if (left <= 0)
            return TALK_late;
        struct pollfd p[3] = {{c->in, POLLOUT, 0}, {c->out, POLLIN, 0}, {c->err, POLLIN, 0}};
        if (poll(p, 3, (int)(left < POLL_MS ? left : POLL_MS)) <= 0)
            continue;
        if (c->in >= 0 && p[0].revents)
            write_some(c, source, len, &sent);
        if (c->out >= 0 && p[1].revents)
            read_some(&c->out, out);
        if (c->err >= 0 && p[2].revents)
            read_some(&c->err, said);
    }
    return TALK_done;
}

bool draw_bytes(Arena *A, Picture p, DrawFormat to, int ms, Bytes *out, Err *err)
{
    bool written = to == (p.language == PICTURE_svg ? DRAW_svg : DRAW_dot);
    if (written) {
        *out = (Bytes){p.source, strlen(p.source)};
        return true;
    }
    if (to == DRAW_dot)
        return REFUSE(err, draw_no_dot, NULL);
    Child c;
    struct sigaction quiet = {.sa_handler = SIG_IGN}, before;
    if (!spawn_child(&c, p, to))
        return REFUSE(err, draw_failed, NULL, strerror(errno));
    sigaction(SIGPIPE, &quiet, &before);
    Buf bytes = buf_new(A), said = buf_new(A);
    Talk how = talk(&c, p.source, ms, &bytes, &said);
    sigaction(SIGPIPE, &before, NULL);
    int status = end_child(&c, how != TALK_done);
    if (how == TALK_cancelled)
        return REFUSE(err, interrupted, NULL);
    if (how == TALK_late)
        return REFUSE(err, draw_timeout, NULL, (ms > 0 ? ms : DRAW_MS) / 1000.0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == MODULE_MISSING)
        return REFUSE(err, viz_missing, NULL, buf_str(&said));
    if (!WIFEXITED(status))
        return REFUSE(err, draw_failed, NULL, strsignal(WTERMSIG(status)));
    if (WEXITSTATUS(status) != 0)
        return REFUSE(err, draw_failed, NULL, buf_str(&said));
    *out = (Bytes){buf_str(&bytes), bytes.len};
    return true;
}

bool draw_format_of(const char *path, DrawFormat *out, Err *err)
{
    const char *dot = strrchr(path, '.');
    for (int f = DRAW_svg; dot && f <= DRAW_dot; f++) {
        if (strcasecmp(dot + 1, format_name[f]) == 0) {
            *out = (DrawFormat)f;
            return true;
        }
    }
    return REFUSE(err, draw_format, NULL, path);
}

bool draw_file(Arena *A, Picture p, const char *path, int ms, Err *err)
{
    DrawFormat to;
    Bytes b;
    return draw_format_of(path, &to, err) && draw_bytes(A, p, to, ms, &b, err) &&
           save_bytes(path, b.data, b.n, err);
}

/* ---- the child's side ---- */

/* The module lies beside the program, or one folder up for programs in build/tests. */
static RenderFn *open_module(void)
{
    static const char *const place[] = {"", "../"};
    char exe[4096], path[4200];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    char *slash = n > 0 ? (exe[n] = '\0', strrchr(exe, '/')) : NULL;
    if (!slash)
        return NULL;
    slash[1] = '\0';
    void *module = NULL;
    for (size_t i = 0; i < 2 && !module; i++) {
        snprintf(path, sizeof path, "%s%stvmrepl-viz.so", exe, place[i]);
        module = dlopen(path, RTLD_NOW);
    }
    RenderFn *fn = NULL;
    if (module)
        *(void **)&fn = dlsym(module, RENDER_SYMBOL);
    return fn;
}

static char *read_all(FILE *f, size_t *n)
{
    char *text = NULL, chunk[CHUNK];
    FILE *mem = open_memstream(&text, n);
    size_t got;
    while (mem && (got = fread(chunk, 1, sizeof chunk, f)) > 0)
        fwrite(chunk, 1, got, mem);
    return mem && fclose(mem) == 0 ? text : NULL;
}

int draw_main(int argc, char **argv)
{
    if (argc != 4 || strcmp(argv[1], "--draw") != 0)
        return -1;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    struct rlimit core = {0, 0};
    setrlimit(RLIMIT_CORE, &core);
    RenderFn *render = open_module();
    if (!render) {
        const char *why = dlerror();
        fprintf(stderr, "%s", why ? why : "tvmrepl-viz.so is not beside the program");
        return MODULE_MISSING;
    }
    size_t n = 0, out_n = 0;
    char *source = read_all(stdin, &n), *out = NULL, why[512] = "";
    if (!source)
        return 1;
    if (render(argv[2], argv[3], source, n, &out, &out_n, why, sizeof why)) {
        fprintf(stderr, "%s", why);
        return 1;
    }
    bool good = fwrite(out, 1, out_n, stdout) == out_n && fflush(stdout) == 0;
    _exit(good ? 0 : 1); /* the libraries' own ends have nothing to add but time */
}
