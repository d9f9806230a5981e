/* await_key.h -- waiting for a key, or for Ctrl-C. */
#ifndef REPL_AWAIT_KEY_H
#define REPL_AWAIT_KEY_H

/* Waits until standard input has something to read, for ever if ms is -1: 1 if it has, 0 if the
** time is over, -1 for Ctrl-C, also for one that came before or that the caller holds back.  A
** window that changes its size ends no wait. */
int await_key(int ms);

#endif
