/* session.h -- what one Lua state of the workbench knows beside its values. */
#ifndef LUA_API_SESSION_H
#define LUA_API_SESSION_H

#include <stdio.h>

#include "lua_api/lua_fn.h"

/* Keeps one line until the prompt prints it, after the input that caused it or before what that
** prints itself: the steps of a schedule, "step 1  split x(32) -> xo(4) xi(8)".  Does nothing where
** nobody listens. */
void session_say_step(lua_State *L, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* What a person should know of a call that went well.  Where somebody listens, a line among the
** steps, "note: …"; in a script a line on stderr, behind the place of the call. */
void session_note(lua_State *L, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Does anybody? */
bool session_listens(lua_State *L);

/* Steps that may be taken back: how many lines are kept, which then stay until session_let_steps;
** that forgets all after the first `n` if they were. */
size_t session_hold_steps(lua_State *L);
void session_let_steps(lua_State *L, size_t n, bool taken_back);

/* The step's line says the string on top too, the name of a loop that it made: the prompt need not
** print it again. */
void session_say_made(lua_State *L);

/* Is the value at `idx` such a name? */
bool session_said_made(lua_State *L, int idx);

/* The string on top is prose: where the prompt shows it, lines are broken between words. */
void session_say_prose(lua_State *L);
bool session_is_prose(lua_State *L, int idx);

/* The string on top lists a program: where the prompt shows it, no word of it is broken. */
void session_say_listing(lua_State *L);
bool session_is_listing(lua_State *L, int idx);

/* Prints a line; where a person reads, what goes beyond the screen goes on below, indented. */
void session_print_line(lua_State *L, const char *line, FILE *out);

/* Prints the kept lines, few of them if there are many, and forgets them; or forgets
** lines and names. */
void session_show_steps(lua_State *L, FILE *out);

/* Prints those of the steps before what the input itself is about to print, which may be a program
** after them. */
void session_show_steps_before(lua_State *L);
void session_drop_steps(lua_State *L);

/* The prompt prints this line where it would show the value at `idx`: for values that the input
** has just written to a file.  Holds for this input, and where somebody listens. */
void session_tell(lua_State *L, int idx, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The line for the value at `idx`, or NULL. */
const char *session_told(lua_State *L, int idx);

/* Prints a text for a person to read: one that is longer than the screen goes to the
** pager, where the prompt has one. */
void session_print_long(lua_State *L, const char *text);

/* lua_call; the steps taken meanwhile are nobody's to read. */
void session_call_unheard(lua_State *L, int nargs, int nresults);

/* The text of a chunk that no file holds, under the name it was loaded with ("=[3]"), so that
** errors and help can quote it. */
void session_keep_source(lua_State *L, const char *chunkname, const char *text, size_t len);

/* Pushes the source text of a chunk, kept or read from its file; false if there is none. */
bool session_push_source(lua_State *L, const char *chunkname);

typedef struct Session {
    lua_State *main, *running; /* running: main or the coroutine that is resumed */
    LuaView view;
    LuaMarkFn *mark;
    FILE *out; /* where print() goes */
    /* Shows what is long, or returns false; NULL where nobody reads */
    bool (*page)(const char *text);
    bool listening;   /* somebody prints the steps */
    bool unheard;     /* but those taken now are nobody's to read */
    bool stepped;     /* lines of steps of this input have been printed */
    int holding;      /* calls whose steps may be taken back */
    bool left_out;    /* a view that was made left something out, for lack of room */
    const void *told; /* the value that `told_line` is about */
    char told_line[320];
    const void *heard; /* the value of which the person was told a line of its view already */
    void *held;        /* acquired, and not in its box yet */
    void (*release_held)(void *object);
    size_t pending; /* bytes that boxes weigh and Lua has not been told yet */
    Err scratch;
} Session;

Session *session_of(lua_State *L);

/* Tables in the registry, by the address of the name. */
typedef enum SessionTable {
    TABLE_DOCS,      /* function -> LuaFn */
    TABLE_FUNCTIONS, /* list of LuaFn, in the order of registration */
    TABLE_CLASSES,   /* list of LuaClass */
    TABLE_MODULES,   /* list of {name, doc} */
    TABLE_SOURCES,   /* chunk name -> text */
    TABLE_STEPS,     /* list of lines */
    TABLE_MADE,      /* name of a loop or block that those steps made -> true */
    TABLE_LISTINGS,  /* text of a program, made by this input -> true */
    TABLE_PROSE,     /* text for a person to read, made by this input -> true */
    TABLE_LOCALS,    /* name that `local` of an input made global -> true */
    TABLE_COUNT
} SessionTable;
void session_push_table(lua_State *L, SessionTable which);

#endif
