/* progress.h -- what long work is at, for the person who waits for it.
**
** One line for the process.  Whoever does long work says what it is at, from the outside in; a
** terminal that listens shows it once the input has taken half a second, and rewrites it in place.
** Whoever else writes there says so first (progress_yield), and the line is erased; what goes to
** /dev/tty past us, and the echo of what a script reads, stands behind it.  Behind a line that
** somebody has begun and not ended none is shown, for it could not be erased alone:
**
**      for (i = 0; i < n; i++) {
**          progress_say(PROGRESS_KERNEL, "kernel %d of %d", i + 1, n);
**          …                                       "kernel 40 of 120, compiling conv3"
**      }
**      progress_done(PROGRESS_KERNEL);
**
** A level that is said anew forgets those below it, and so do errors that jump: what they leave
** behind ends with the input.  Where nobody listens all this costs a comparison.
*/
#ifndef CORE_BASE_PROGRESS_H
#define CORE_BASE_PROGRESS_H

#include <stdbool.h>

typedef enum ProgressLevel {
    PROGRESS_TRIAL,   /* of several schedules */
    PROGRESS_PROGRAM, /* of several that are compared */
    PROGRESS_KERNEL,  /* of a model */
    PROGRESS_PHASE,   /* compiling, running, timing */
    PROGRESS_LEVELS
} ProgressLevel;

/* A terminal that knows escapes. */
typedef struct ProgressListener {
    int fd;       /* -1: nobody listens */
    int columns;  /* how wide it is, where it does not tell */
    bool dim;     /* colours are welcome */
    double start; /* set by progress_listen */
} ProgressListener;

/* Listens from now on.  Returns who listened before, for progress_restore. */
ProgressListener progress_listen(ProgressListener l);

/* Erases the line, and lets who listened before listen again.  True if a ^C that the terminal
** showed went with a line. */
bool progress_restore(ProgressListener before);

/* Somebody else writes to the terminal now: the line is erased.  `open`: and may leave the cursor
** behind text; none is shown until a line was ended. */
void progress_yield(bool open);

/* What the text holds may come from outside: a terminal sees letters only, and not too many. */
void progress_say(ProgressLevel level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The level's work is over; the line is erased with the last one. */
void progress_done(ProgressLevel level);

/* Work was interrupted, and its caller goes on: erases the line.  True if the terminal's ^C went
** with a line. */
bool progress_interrupted(void);

/* While work waits or turns in a loop: shows what was said, once it is time. */
void progress_tick(void);

/* What follows is expected to take so many seconds in silence: shows what was said now if that goes
** beyond the half second. */
void progress_expect(double seconds);

/* What follows is measured: nothing is written until it is over. */
void progress_hold(void);
void progress_release(void);

#endif
