/* process.c -- spawning this program again, and reading what it left when it ended. */
#include "backends/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/worker/board.h"
#include "core/run/timer.h"

extern char **environ;

const char *process_program;

/* Descriptors: nothing to read, the log for all that is written, and the socket. */
static int spawn(Process *p, int theirs)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none, all;
    char *args[] = {(char *)(uintptr_t) "tvmrepl", (char *)(uintptr_t)p->role, NULL};
    const char *program = process_program ? process_program : "/proc/self/exe";
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, p->log, 1);
    posix_spawn_file_actions_adddup2(&files, p->log, 2);
    posix_spawn_file_actions_adddup2(&files, theirs, WORKER_SOCKET);
    posix_spawnattr_init(&attr);
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all);
    posix_spawnattr_setpgroup(&attr, 0);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                        POSIX_SPAWN_SETPGROUP);
    int failed = posix_spawn(&p->pid, program, &files, &attr, args, environ);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&files);
    return failed;
}

/* Moves a descriptor behind those that the child is given, so that none of them hides it. */
static bool raise_above(int *fd)
{
    if (*fd > WORKER_SOCKET)
        return true;
    int high = fcntl(*fd, F_DUPFD_CLOEXEC, WORKER_SOCKET + 1);
    if (high < 0)
        return false;
    close(*fd);
    *fd = high;
    return true;
}

bool process_start(Process *p, Err *err)
{
    int pair[2] = {-1, -1}, failed = 0;
    p->status = 0;
    p->pid = 0;
    p->log = memfd_create("tvmrepl-log", MFD_CLOEXEC);
    if (p->log < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        failed = errno;
    if (!failed && !(raise_above(&p->log) && raise_above(&pair[0]) && raise_above(&pair[1])))
        failed = errno;
    if (!failed)
        failed = spawn(p, pair[1]);
    if (pair[1] >= 0)
        close(pair[1]);
    p->sock = pair[0];
    if (!failed)
        return true;
    char why[128];
    snprintf(why, sizeof why, "cannot be started: %s", strerror(failed));
    p->pid = 0;
    process_close(p);
    if (strcmp(p->role, "--worker") == 0)
        return REFUSE(err, worker_failed, NULL, why);
    if (strcmp(p->role, "--gpu") == 0)
        return REFUSE(err, cuda_process, NULL, why);
    return REFUSE(err, runner_failed, NULL, why);
}

bool process_alive(Process *p)
{
    if (p->pid == 0)
        return false;
    pid_t got = waitpid(p->pid, &p->status, WNOHANG);
    if (got == 0 || (got < 0 && errno == EINTR))
        return true;
    p->pid = 0;
    return false;
}

void process_reap(Process *p, double seconds)
{
    double until = timer_now() + seconds;
    while (process_alive(p)) {
        if (timer_now() >= until)
            kill(p->pid, SIGKILL);
        usleep(200);
    }
}

void process_kill(Process *p)
{
    if (p->pid) {
        kill(p->pid, SIGKILL);
        process_reap(p, 0);
    }
    process_close(p);
}

void process_close(Process *p)
{
    if (p->sock >= 0)
        close(p->sock);
    if (p->log >= 0)
        close(p->log);
    p->sock = p->log = -1;
}

/* The last line that is not empty, of the last kilobyte that the process wrote. */
static void last_words(const Process *p, char *out, size_t size)
{
    char text[1024];
    out[0] = '\0';
    off_t end = p->log >= 0 ? lseek(p->log, 0, SEEK_END) : 0;
    off_t from = end > (off_t)sizeof text - 1 ? end - (off_t)sizeof text + 1 : 0;
    ssize_t n = end > 0 ? pread(p->log, text, sizeof text - 1, from) : 0;
    while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' '))
        n--;
    if (n <= 0)
        return;
    text[n] = '\0';
    const char *line = strrchr(text, '\n');
    line = line ? line + 1 : text;
    size_t k = 0;
    for (; *line && k + 1 < size; line++)
        out[k++] = (unsigned char)*line < ' ' ? ' ' : *line;
    out[k] = '\0';
}

const char *process_epitaph(const Process *p, char out[512])
{
    char words[320];
    last_words(p, words, sizeof words);
    const char *colon = words[0] ? ": " : "";
    if (WIFSIGNALED(p->status))
        snprintf(out, 512, "was killed by signal %d (%s)%s%s", WTERMSIG(p->status),
                 strsignal(WTERMSIG(p->status)), colon, words);
    else
        snprintf(out, 512, "ended with status %d%s%s", WEXITSTATUS(p->status), colon, words);
    return out;
}
