/* pager.c -- `less` or what the person prefers, as git and psql do it. */
#include "repl/pager.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

extern char **environ;

/* A file in memory that holds the text, to be read from its beginning; -1 if there is no room. */
static int text_file(const char *text)
{
    int fd = memfd_create("page", MFD_CLOEXEC);
    size_t len = strlen(text), done = 0;
    for (ssize_t n; fd >= 0 && done < len; done += (size_t)n)
        if ((n = write(fd, text + done, len - done)) <= 0)
            break;
    if (fd < 0 || done == len)
        return lseek(fd, 0, SEEK_SET) == 0 ? fd : -1;
    close(fd);
    return -1;
}

/* Ctrl-C belongs to the pager while it runs: we ignore it, and it gets the usual. */
static pid_t start(const char *command, int text)
{
    pid_t child;
    sigset_t usual;
    posix_spawnattr_t how;
    posix_spawn_file_actions_t files;
    sigemptyset(&usual);
    sigaddset(&usual, SIGINT);
    posix_spawnattr_init(&how);
    posix_spawnattr_setsigdefault(&how, &usual);
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGDEF);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, text, STDIN_FILENO);
    char *words[] = {"sh", "-c", (char *)command, NULL};
    int failed = posix_spawnp(&child, "sh", &files, &how, words, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&how);
    return failed ? -1 : child;
}

/* Has the person typed on while the input ran?  Between two inputs the terminal hands out whole
** lines only; a key of an unfinished one counts as well. */
static bool typed_ahead(void)
{
    struct termios usual, keys;
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    if (tcgetattr(STDIN_FILENO, &usual) != 0)
        return false;
    keys = usual;
    keys.c_lflag &= ~(tcflag_t)ICANON;
    tcsetattr(STDIN_FILENO, TCSANOW, &keys);
    bool any = poll(&in, 1, 0) > 0;
    tcsetattr(STDIN_FILENO, TCSANOW, &usual);
    return any;
}

bool pager_show(const char *text)
{
    enum { NO_SUCH_PROGRAM = 127 };
    const char *command = getenv("PAGER"), *term = getenv("TERM");
    if (!command)
        command = "less";
    if (!*command || strcmp(command, "cat") == 0 || !term || strcmp(term, "dumb") == 0 ||
        typed_ahead())
        return false;
    int file = text_file(text);
    if (file < 0)
        return false;
    /* A line typed too early is a command to less: it should start no shell and write no file.
     * Colours stay, the text stays on the screen, a short one needs no key, and who never met less
     * reads how to leave it */
    setenv("LESSSECURE", "1", 0);
    setenv("LESS", "FRX-Pslines %lt-%lb?e, the end.   q leaves, / searches$", 0);
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    sigaction(SIGINT, &ignore, &before);
    int status = NO_SUCH_PROGRAM << 8;
    pid_t child = start(command, file);
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    sigaction(SIGINT, &before, NULL);
    close(file);
    return !WIFEXITED(status) || WEXITSTATUS(status) != NO_SUCH_PROGRAM;
}
