/* pager.h -- reading what is longer than the screen. */
#ifndef REPL_PAGER_H
#define REPL_PAGER_H

#include <stdbool.h>

/* Shows `text` in the program that PAGER names, `less` if it names none, and waits until it ends.
** False, and nothing shown, if there is no such program, if the terminal cannot bear one, or if the
** person has typed on meanwhile: to the pager those keys would be commands. */
bool pager_show(const char *text);

#endif
