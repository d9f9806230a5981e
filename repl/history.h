/* history.h -- what was typed before, in this session and in others. */
#ifndef REPL_HISTORY_H
#define REPL_HISTORY_H

/* Reads the file into readline's list.  It is $XDG_STATE_HOME/tvmrepl/history, by default
** ~/.local/state/tvmrepl/history; $TVMREPL_HISTORY names another, and "" none. */
void history_open(void);

/* Remembers an input, of however many lines, here and at the end of the file: sessions side by
** side lose nothing of each other. */
void history_keep(const char *input);

#endif
