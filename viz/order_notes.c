/* order_notes.c -- what the reader of an order has to know beside its numbers. */
#include "viz/order.h"

#include "core/base/buf.h"

static void note(Buf *b, const char *fmt, const char *arg)
{
    if (b->len)
        buf_putc(b, '\n');
    buf_printf(b, fmt, arg);
}

/* Does a line part any two neighbours? */
static bool shows_parts(const Order *o)
{
    for (int r = 0; r < o->rows; r++)
        for (int c = 0; c < o->cols; c++)
            if ((c && order_parted(order_cell(o, r, c - 1), order_cell(o, r, c))) ||
                (r && order_parted(order_cell(o, r - 1, c), order_cell(o, r, c))))
                return true;
    return false;
}

/* Is a vector step seen?  Text joins only lanes that stand side by side. */
static bool shows_lanes(const Order *o, bool drawn)
{
    for (size_t i = 1; drawn && o->vectors && i < o->nvisits; i++)
        if (!o->visit[i].again && o->visit[i].lanes == o->visit[i - 1].lanes)
            return true;
    for (int r = 0; r < o->rows; r++)
        for (int c = 1; c < o->cols; c++)
            if (order_joined(o, order_cell(o, r, c - 1), order_cell(o, r, c)))
                return true;
    return false;
}

static bool flat_threads(const Order *o)
{
    for (size_t i = 0; i < o->nloops; i++)
        if (o->loop[i].kind == FOR_thread_y || o->loop[i].kind == FOR_thread_z)
            return false;
    return true;
}

const char *order_part(Arena *A, const Order *o)
{
    if (o->rows == o->all_rows && o->cols == o->all_cols)
        return "";
    return arena_printf(A, "the first %d x %d of %lld x %lld%s%s%s", o->rows, o->cols,
                        (long long)o->all_rows, (long long)o->all_cols,
                        *o->first ? ", all in the first iteration of " : "", o->first,
                        o->counted ? "" : "; numbers count what is shown");
}

const char *order_notes(Arena *A, const Order *o, bool drawn)
{
    Buf b = buf_new(A);
    if (*o->fixed)
        note(&b, "at %s", o->fixed);
    if (o->threads)
        note(&b, "numbers are threads%s; all of a block run together",
             flat_threads(o) ? "" : " (x + y * width)");
    if (shows_parts(o))
        note(&b,
             drawn ? "colours and thick lines part what runs in any order: %s"
                   : "lines part what runs in any order: %s",
             o->threads  ? "GPU blocks"
             : o->blocks ? "GPU blocks, each from 1"
                         : "iterations of a parallel loop, each from 1");
    if (shows_lanes(o, drawn))
        note(&b,
             *order_part(A, o) ? "%s join the lanes of one vector step, as many as are shown"
                               : "%s join the lanes of one vector step",
             drawn ? "frames" : "brackets");
    if (o->most_visits > 1)
        note(&b, "%s",
             arena_printf(A, "%s are computed more than once, up to %lld times",
                          drawn ? "points with a corner" : "points with a star",
                          (long long)o->most_visits));
    if (o->guessed)
        note(&b, "a condition depends on data and is taken to hold%s", "");
    if (o->stopped)
        note(&b, "stopped counting after 4 million iterations%s", "");
    return buf_str(&b);
}
