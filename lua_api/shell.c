/* shell.c -- os.execute and io.popen, which Ctrl-C can stop.
**
** The C library's system() and pclose() wait until the command ends, whatever is typed; these wait
** too, but a request to stop ends the command: it has heard the terminal's Ctrl-C itself, and one
** that does not heed it within a moment is killed.  What the command has started in turn is not
** ours to kill: in a process group of its own it could not use the terminal.
*/
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/cancel.h"
#include "core/base/progress.h"
#include "lua_api/protect.h"
#include "lua_api/session.h"

extern char **environ;

/* ---- commands ---- */

/* Starts `sh -c command`, with `fd` as its stream number `as`; -1: with our streams.  0 if that
** failed. */
static pid_t start(const char *command, int fd, int as)
{
    pid_t child;
    char *words[] = {"sh", "-c", (char *)command, NULL};
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    if (fd >= 0)
        posix_spawn_file_actions_adddup2(&files, fd, as);
    progress_yield(true); /* what it writes to the terminal does not pass through here */
    int failed = posix_spawn(&child, "/bin/sh", &files, NULL, words, environ);
    posix_spawn_file_actions_destroy(&files);
    errno = failed;
    return failed ? 0 : child;
}

static void rest(int ms)
{
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000L}, NULL);
}

/* Waits until the command ends, which a request to stop hastens; its status as waitpid has it. */
static int await(pid_t child)
{
    enum { LONGEST_MS = 16, GRACE_MS = 60 };
    int status = 0, pause = 1, heard = 0;
    for (;;) {
        pid_t ended = waitpid(child, &status, WNOHANG);
        if (ended == child || (ended < 0 && errno != EINTR))
            return ended == child ? status : -1;
        if (cancel_asked() && (heard += pause) > GRACE_MS)
            kill(child, SIGKILL);
        rest(pause); /* Ctrl-C ends that, too */
        pause = pause < LONGEST_MS ? 2 * pause : pause;
    }
}

LUA_FN_LUAS_OWN(
    os_execute, "os.execute(command?) -> boolean or nil, string, integer",
    "Runs a command by the shell and waits for it: true or nil for how it ended, \"exit\" or \"signal\", and the number.\n"
    "Ctrl-C ends both, but not what the command has started and what does not heed Ctrl-C.  Without a command: is there\n"
    "a shell?\n"
    "> os.execute \"exit 3\"\n"
    "nil\n"
    "exit\n"
    "3")
{
    const char *command = arg_str_or(L, 1, NULL);
    if (!command) {
        lua_pushboolean(L, access("/bin/sh", X_OK) == 0);
        return 1;
    }
    fflush(session_of(L)->out);
    pid_t child = start(command, -1, 0);
    if (!child)
        return luaL_fileresult(L, 0, NULL);
    int status = await(child);
    protect_poll(L);
    return luaL_execresult(L, status);
}

/* ---- streams ---- */

/* What Lua's library takes for one of its streams, and whose command it is. */
typedef struct Piped {
    luaL_Stream stream;
    pid_t child;
    int fd;         /* our end of the pipe */
    unsigned stops; /* how many requests to stop there had been when it was started */
    bool abandoned; /* what its stream still holds is worth no wait */
} Piped;

/* Is the collector closing the stream, and nobody who waits for what comes of it? */
static bool is_collected(lua_State *L)
{
    lua_Debug ar;
    return lua_getstack(L, 0, &ar) && lua_getinfo(L, "n", &ar) && ar.name &&
           strcmp(ar.name, "__gc") == 0;
}

/* Writes `n` bytes to the command, as a stream's function: fewer if the command has ended or a
** request to stop came while it did not read.  The C library's own writing would go on after that,
** and SIGPIPE, which means us only where it is our output that nobody reads, would end us. */
static ssize_t feed(void *env, const char *bytes, size_t n)
{
    enum { LOOK_MS = 20 };
    const Piped *p = env;
    struct sigaction quiet = {.sa_handler = SIG_IGN}, before;
    size_t done = 0;
    sigaction(SIGPIPE, &quiet, &before);
    while (done < n) {
        ssize_t put = write(p->fd, bytes + done, n - done);
        if (put < 0 && errno != EAGAIN && errno != EINTR)
            break;
        done += put > 0 ? (size_t)put : 0;
        if (done < n && (p->abandoned || cancel_asked())) {
            errno = EINTR;
            break;
        }
        if (put < 0)
            poll(&(struct pollfd){.fd = p->fd, .events = POLLOUT}, 1, LOOK_MS);
    }
    sigaction(SIGPIPE, &before, NULL);
    return (ssize_t)done;
}

static int end_feed(void *env)
{
    const Piped *p = env;
    return close(p->fd);
}

/* The stream at our end of the pipe; NULL with errno if there is none. */
static FILE *open_stream(Piped *p, bool reads)
{
    if (reads)
        return fdopen(p->fd, "r");
    fcntl(p->fd, F_SETFL, O_NONBLOCK);
    return fopencookie(p, "w", (cookie_io_functions_t){.write = feed, .close = end_feed});
}

static int close_piped(lua_State *L)
{
    Piped *p = luaL_checkudata(L, 1, LUA_FILEHANDLE);
    if (p->stops != protect_stops() && is_collected(L)) { /* whoever used it was stopped */
        p->abandoned = true;
        kill(p->child, SIGKILL);
    }
    fclose(p->stream.f);
    int status = await(p->child);
    protect_poll(L);
    return luaL_execresult(L, status);
}

LUA_FN_LUAS_OWN(
    io_popen, "io.popen(command, mode?) -> file",
    "Starts a command by the shell; the file reads what it prints, or with mode \"w\" writes what it reads.  Writing to a\n"
    "command that has ended gives nil and \"Broken pipe\".  Closing the file waits for the command; Ctrl-C ends both.\n"
    "> io.popen(\"echo 6 7\"):read(\"n\", \"n\")\n"
    "6\n"
    "7")
{
    const char *command = arg_str(L, 1), *mode = arg_str_or(L, 2, "r");
    bool reads = strcmp(mode, "r") == 0;
    if (!reads && strcmp(mode, "w") != 0)
        return RAISE(L, argument_choice, NULL, 2, mode, "\"r\" and \"w\"");
    Piped *p = lua_newuserdatauv(L, sizeof *p, 0);
    p->stops = protect_stops();
    p->abandoned = false;
    p->stream.closef = NULL; /* closed, as long as there is no file */
    luaL_setmetatable(L, LUA_FILEHANDLE);
    fflush(session_of(L)->out);
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return luaL_fileresult(L, 0, command);
    int its = ends[reads ? 1 : 0];
    p->fd = ends[reads ? 0 : 1];
    p->child = start(command, its, reads ? STDOUT_FILENO : STDIN_FILENO);
    close(its);
    p->stream.f = p->child ? open_stream(p, reads) : NULL;
    if (!p->stream.f) {
        int saved = errno;
        close(p->fd);
        if (p->child)
            await(p->child);
        errno = saved;
        return luaL_fileresult(L, 0, command);
    }
    p->stream.closef = close_piped;
    return 1;
}

void lua_open_shell(lua_State *L)
{
    static const LuaFn *const functions[] = {&os_execute_fn, &io_popen_fn, NULL};
    lua_put_functions(L, functions);
}
