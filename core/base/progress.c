/* progress.c -- one line on a terminal, rewritten in place. */
#include "core/base/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/cancel.h"

#define PATIENCE_S 0.5 /* until a person wonders */
#define REWRITE_S  0.1 /* between two lines */

enum { MOST = 72, LINE = PROGRESS_LEVELS * (MOST + 2) };

static struct Progress {
    ProgressListener to;
    char said[PROGRESS_LEVELS][MOST];
    bool stands; /* a line, on the terminal */
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

/* Writes over the line that stands there. */
static void put_line(const char *text)
{
    struct Progress *p = &progress;
    char line[LINE + 32];
    bool ink = p->to.dim && text[0];
    int n = snprintf(line, sizeof line, "\r%s%.*s%s\x1b[K", ink ? "\x1b[2m" : "", p->to.columns - 1,
                     text, ink ? "\x1b[0m" : "");
    p->stands = write(p->to.fd, line, (size_t)n) > 0 && text[0];
}

static void erase(void)
{
    progress.took_c |= progress.stands && cancel_asked();
    if (progress.stands)
        put_line("");
}

/* A line that was begun and has not left stdio's buffer would be overwritten. */
static void show(double time)
{
    struct Progress *p = &progress;
    char line[LINE] = "";
    size_t len = 0;
    if (p->held || __fpending(stdout) > 0)
        return;
    for (int i = 0; i < PROGRESS_LEVELS; i++)
        if (p->said[i][0])
            len += (size_t)snprintf(line + len, sizeof line - len, "%s%s", len ? ", " : "",
                                    p->said[i]);
    if (len == 0)
        return;
    p->last = time;
    put_line(line);
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

void progress_say(ProgressLevel level, const char *fmt, ...)
{
    if (progress.to.fd < 0)
        return;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(progress.said[level], MOST, fmt, ap);
    va_end(ap);
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
