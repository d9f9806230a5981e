/* paste.c -- what is left of a pasted text that Ctrl-C broke off. */
#include "repl/paste.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MARK = sizeof PASTE_END - 1, PIECE = 4096 };

static struct {
    char *at;
    size_t n, cap, taken;
} kept;

/* Ctrl-C once more, while signals are held back. */
static bool stop_waits(void)
{
    sigset_t now;
    return sigpending(&now) == 0 && sigismember(&now, SIGINT) == 1;
}

/* Adds what comes within `ms`; false if nothing does. */
static bool read_more(int ms)
{
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    if (stop_waits() || poll(&in, 1, ms) <= 0)
        return false;
    if (kept.cap < kept.n + PIECE) {
        char *more = realloc(kept.at, 2 * kept.n + PIECE);
        if (!more)
            return false;
        kept.at = more;
        kept.cap = 2 * kept.n + PIECE;
    }
    ssize_t n = read(STDIN_FILENO, kept.at + kept.n, PIECE);
    kept.n += n > 0 ? (size_t)n : 0;
    return n > 0;
}

static void drop(size_t bytes)
{
    memmove(kept.at, kept.at + bytes, kept.n - bytes);
    kept.n -= bytes;
}

void paste_drop_rest(bool within)
{
    enum { QUIET_MS = 200, TYPED_AHEAD_MS = 30 };
    kept.n = kept.taken = 0;
    for (int ms = within ? QUIET_MS : 0; read_more(ms); ms = within ? QUIET_MS : TYPED_AHEAD_MS) {
        char *end = memmem(kept.at, kept.n, PASTE_END, MARK);
        char *begin = within ? NULL : memmem(kept.at, kept.n, PASTE_BEGIN, MARK);
        if (begin && (!end || begin < end))
            return;
        if (end) {
            drop((size_t)(end - kept.at) + MARK);
            return;
        }
        if (within && kept.n > MARK) /* the rest may be the beginning of the mark */
            drop(kept.n - MARK);
    }
    if (within)
        kept.n = 0;
}

int paste_kept_key(void)
{
    return paste_keeps_keys() ? (unsigned char)kept.at[kept.taken++] : -1;
}

bool paste_keeps_keys(void)
{
    return kept.taken < kept.n;
}
