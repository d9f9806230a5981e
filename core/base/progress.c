/* progress.c -- one line on a terminal, rewritten in place. */
#include "core/base/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/cancel.h"

#define PATIENCE_S 0.5 /* until a person wonders */
#define REWRITE_S  0.1 /* between two lines */

enum { MOST = 72, LETTER = 4 }; /* letters of a level; bytes of one */

static struct Progress {
    ProgressListener to;
    char said[PROGRESS_LEVELS][MOST * LETTER + 1];
    bool stands; /* a line, on the terminal */
    bool open;   /* the cursor stands, or may, behind what somebody else wrote */
    double last; /* when it was written */
    int held;    /* measurements that are going on */
    bool took_c; /* a ^C stood behind a line that was erased */
} progress = {.to = {.fd = -1}};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Writes one line over that which stands there. */
static void put_line(const Buf *line)
{
    struct Progress *p = &progress;
    p->stands = write(p->to.fd, line->data, line->len) > 0;
}

/* How wide the terminal is now. */
static int columns(void)
{
    struct winsize size;
    bool told = ioctl(progress.to.fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return told ? size.ws_col : progress.to.columns;
}

static void erase(void)
{
    static const char nothing[] = "\r\x1b[K";
    if (!progress.stands)
        return;
    progress.took_c |= cancel_asked();
    progress.stands = write(progress.to.fd, nothing, sizeof nothing - 1) < 0;
}

/* A line that was begun, be it still in a stream's buffer, would be overwritten. */
static void show(double time)
{
    struct Progress *p = &progress;
    if (p->held || p->open || __fpending(stdout) > 0 || __fpending(stderr) > 0)
        return;
    Arena *A = arena_new(NULL);
    Buf text = buf_new(A), line = buf_new(A);
    for (int i = 0; i < PROGRESS_LEVELS; i++)
        if (p->said[i][0])
            buf_printf(&text, "%s%s", text.len ? ", " : "", p->said[i]);
    if (text.len) {
        buf_puts(&line, p->to.dim ? "\r\x1b[2m" : "\r");
        buf_cut(&line, buf_str(&text), columns() - 1);
        buf_puts(&line, p->to.dim ? "\x1b[0m\x1b[K" : "\x1b[K");
        p->last = time;
        put_line(&line);
    }
    arena_release(A);
}

static void forget_from(int level)
{
    for (int i = level; i < PROGRESS_LEVELS; i++)
        progress.said[i][0] = '\0';
}

ProgressListener progress_listen(ProgressListener l)
{
    ProgressListener before = progress.to;
    erase();
    forget_from(0);
    l.start = now();
    progress.to = l;
    progress.took_c = false;
    progress.held = 0;
    return before;
}

bool progress_interrupted(void)
{
    bool stood = progress.stands || progress.took_c;
    erase();
    progress.took_c = false;
    return stood;
}

bool progress_restore(ProgressListener before)
{
    bool stood = progress.stands;
    erase();
    forget_from(0);
    progress.to = before;
    progress.held = 0;
    return stood || progress.took_c;
}

void progress_yield(bool open)
{
    erase();
    progress.open = open;
}

void progress_say(ProgressLevel level, const char *fmt, ...)
{
    if (progress.to.fd < 0)
        return;
    char text[(MOST + 1) * LETTER + 1]; /* where it ends early, the first MOST letters are whole */
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    Arena *A = arena_new(NULL);
    Buf plain = buf_new(A);
    buf_plain(&plain, text, strlen(text));
    strcpy(progress.said[level], text_cut(A, buf_str(&plain), MOST));
    arena_release(A);
    forget_from((int)level + 1);
    progress_tick();
}

void progress_done(ProgressLevel level)
{
    if (progress.to.fd < 0)
        return;
    forget_from((int)level);
    for (int i = 0; i < (int)level; i++)
        if (progress.said[i][0])
            return;
    erase();
}

void progress_tick(void)
{
    const struct Progress *p = &progress;
    if (p->to.fd < 0 || p->held)
        return;
    double time = now();
    if (time - p->to.start >= PATIENCE_S && time - p->last >= REWRITE_S)
        show(time);
}

void progress_expect(double seconds)
{
    if (progress.to.fd < 0)
        return;
    double time = now();
    if (time + seconds - progress.to.start >= PATIENCE_S)
        show(time);
}

void progress_hold(void)
{
    progress.held++;
}

void progress_release(void)
{
    if (progress.held > 0)
        progress.held--;
}
