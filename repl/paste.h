/* paste.h -- what is left of a pasted text that Ctrl-C broke off. */
#ifndef REPL_PASTE_H
#define REPL_PASTE_H

#include <stdbool.h>

/* What a terminal sends before and behind a pasted text. */
#define PASTE_BEGIN "\x1b[200~"
#define PASTE_END   "\x1b[201~"

/* Reads what was sent behind a Ctrl-C, and drops what is of a pasted text that has lost its
** beginning.  `within`: the text was being read, and its end is waited for until the terminal is
** quiet for a moment.  Otherwise the beginning went with the keys that Ctrl-C makes the terminal
** forget, and only the end tells.  What is no such text is kept: the next keys. */
void paste_drop_rest(bool within);

/* The next of those keys, or -1; are there any? */
int paste_kept_key(void);
bool paste_keeps_keys(void);

#endif
