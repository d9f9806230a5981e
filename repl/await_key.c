/* await_key.c -- waiting for a key, or for Ctrl-C. */
#include "repl/await_key.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#include "core/base/cancel.h"

/* Ctrl-C is let in only while ppoll waits, so that none falls between looking for
** it and waiting. */
int await_key(int ms)
{
    struct pollfd keys = {.fd = STDIN_FILENO, .events = POLLIN};
    struct timespec most = {ms / 1000, ms % 1000 * 1000000L};
    sigset_t held, before, open;
    sigemptyset(&held);
    sigaddset(&held, SIGINT);
    pthread_sigmask(SIG_BLOCK, &held, &before);
    open = before;
    sigdelset(&open, SIGINT);
    int ready = 0;
    bool again = !cancel_asked();
    while (again) {
        ready = ppoll(&keys, 1, ms < 0 ? NULL : &most, &open);
        again = ready < 0 && errno == EINTR && !cancel_asked();
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return cancel_asked() ? -1 : ready;
}
