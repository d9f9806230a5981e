/* dress.h -- an error's text as a terminal shows it. */
#ifndef REPL_DRESS_H
#define REPL_DRESS_H

#include <stdbool.h>

#include <lua.h>

/* Replaces the text of an error on top by one of 12 lines at most. Where `width` is not 0,
** sentences go on in the next line and lines of a program are cut; with `color` the word that says
** it is an error, names, and what to type instead stand out. */
void dress_error(lua_State *L, int width, bool color);

#endif
