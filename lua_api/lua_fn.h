/* lua_fn.h -- how C becomes Lua: functions, classes, errors.
**
** A function is one descriptor; its signature says under which name it is found, and help(), the
** manual, completion and the doc tests read the same text.  Lines that begin with "> " are run by
** the tests, and the lines below them are what they print:
**
**      LUA_FN(te_reduce_axis, "te.reduce_axis(extent, name?) -> Axis",
**          "An axis to reduce over, for te.sum and its like.\n"
**          "> print(te.reduce_axis(8, \"k\"))\n"
**          "k in range(8)")
**      {
**          int64_t extent = arg_int(L, 1, 1, INT32_MAX);
**          const char *name = arg_str_or(L, 2, "k");
**          Axis *axis = new_axis(L);                box first: it belongs to Lua, and is empty
**          Err err;
**          *axis = make_axis(extent, name, &err);   acquire second: nothing can be lost between
**          return axis->var ? 1 : lua_raise(L, &err);
**      }
**
** A class is one descriptor too.  Its members are methods ("a:name(…)"), fields ("a.name -> T",
** whose function is the getter) and metamethods ("__add(a, b)"):
**
**      static const LuaFn *const axis_members[] = {&axis_extent_fn, &axis_name_fn, NULL};
**      const LuaClass axis_class = {
**          .name = "Axis", .doc = "A loop that has not been made yet.", .size = sizeof(Axis),
**          .members = LUA_MEMBERS(axis_members), .tostring = axis_tostring, .release = axis_release,
**      };
**      LUA_BOX(axis, Axis, axis_class)              new_axis(L), check_axis(L, arg), test_axis
**
** A file of the api exposes one function, named by a row MODULE(axes) in modules.def:
**
**      void lua_open_axes(lua_State *L)
**      {
**          static const LuaFn *const functions[] = {&te_reduce_axis_fn, NULL};
**          lua_put_functions(L, functions);
**          lua_put_class(L, &axis_class);
**      }
**
** A descriptor left out of its list is an unused constant, which does not compile.
**
** Four rules keep jumps harmless.  Rooms below lua_api never include lua.h, so they raise nothing;
** memory that runs out in them under no guard is an error all the same (mem_on_empty), and passes
** over them. Boxes come before what they hold.  C text that grows is a luaL_Buffer or lives in an
** arena that a box owns.  C that calls back into Lua does it through lua_pcall, lets core fail, and
** raises the kept error in the outermost binding; nothing raises inside mem_guard().
*/
#ifndef LUA_API_LUA_FN_H
#define LUA_API_LUA_FN_H

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>
#include <lauxlib.h>

#include "core/base/arena.h"
#include "core/base/err.h"
#include "lua_api/lua_args.h"

/* What becomes of more arguments than the signature names; where it ends with "…" there are none.
** Nils behind the last that it names count as not given, everywhere. */
typedef enum Surplus {
    SURPLUS_refused, /* before the function runs: what goes unheard was meant */
    SURPLUS_counted, /* by `call`, in words of its own */
    SURPLUS_dropped, /* in silence: of a function of Lua's own, which does so */
} Surplus;

typedef struct LuaFn {
    const char *sig, *doc;
    lua_CFunction call;
    const char *file;
    int line;
    const void *row; /* handed to `call` as a light userdata, upvalue 1: for tables of rows */
    Surplus surplus;
    int list; /* 1: the first argument after the object is a list of integers and no integer follows
                 it by right, so that f(2, 3) is told to be f({2, 3}); 0: not so */
} LuaFn;

#define LUA_FN_ROW(id, sig, doc, surplus, list)                                             \
    static int id(lua_State *L);                                                            \
    static const LuaFn id##_fn = {sig, doc, id, __FILE__, __LINE__, NULL, (surplus), list}; \
    static int id(lua_State *L)

#define LUA_FN(id, sig, doc)          LUA_FN_ROW(id, sig, doc, SURPLUS_refused, 0)
#define LUA_FN_LIST(id, sig, doc)     LUA_FN_ROW(id, sig, doc, SURPLUS_refused, 1)
#define LUA_FN_COUNTS(id, sig, doc)   LUA_FN_ROW(id, sig, doc, SURPLUS_counted, 0)
#define LUA_FN_LUAS_OWN(id, sig, doc) LUA_FN_ROW(id, sig, doc, SURPLUS_dropped, 0)

/* The description of a function that a script defines. */
#define LUA_DOC(id, sig, doc) \
    static const LuaFn id##_fn = {sig, doc, NULL, __FILE__, __LINE__, NULL, SURPLUS_refused, 0}

typedef struct LuaClass {
    const char *name; /* "Schedule": what errors, help and type names say */
    const char *doc;  /* NULL: nobody meets such values, and help does not list them */
    size_t size;      /* of what a box holds; it begins zeroed */
    /* LUA_MEMBERS(a, b): lists, for a class may have some from other files; NULL: none */
    const LuaFn *const *const *members;
    void (*release)(void *self); /* gives up what the box holds, also if that is still zero */

    /* Each of these may be NULL.  They run under Lua and may raise. */
    void (*tostring)(lua_State *L, void *self); /* pushes the text; may be long */

    /* For keys that no member has: the key is at index 2; pushes the value and returns 1, or
    ** returns 0, which raises "no member" with the nearest name. */
    int (*index)(lua_State *L, void *self);

    /* How the value shows itself: pushes the form that `kind` ("text", "svg", "html", "png",
    ** "json") names and returns 1, or returns 0 if it has none.  "text" obeys lua_view(L) and
    ** elides; without it the prompt prints tostring. */
    int (*display)(lua_State *L, void *self, const char *kind);

    /* Pushes a list of the names (loops, blocks, buffers, nodes) that may stand in a string that is
    ** argument `arg`, from 1, of this object's method: completion inside strings. */
    void (*names)(lua_State *L, void *self, const char *method, int arg);

    /* Pushes a list of further members, which `index` answers: completion. */
    void (*keys)(lua_State *L, void *self);

    /* The lines of an input's schedule steps say all there is to say about such a value, so the
    ** prompt does not print it after them: schedules, loops. */
    bool told_by_steps;
} LuaClass;

/* Lists of members, each of which ends with NULL. */
#define LUA_MEMBERS(...) ((const LuaFn *const *const[]){__VA_ARGS__, NULL})

/* The class's member number i, counted through its lists; NULL after the last. */
const LuaFn *lua_member(const LuaClass *cls, size_t i);

/* ---- registration ---- */

/* Puts each function where its signature says: "te.sum(…)" in the table te, "help(…)" in _G. */
void lua_put_functions(lua_State *L, const LuaFn *const *list);

/* Makes the class known, which its boxes need. */
void lua_put_class(lua_State *L, const LuaClass *cls);

/* Makes a class known to help() and the manual whose values are tables that a script
** makes, with a metatable whose __name is the class's and whose methods the members,
** made by LUA_DOC, describe. */
void lua_describe_class(lua_State *L, const LuaClass *cls);

/* Pushes such a metatable, in which the script puts the methods: a member that neither it nor a
** value has is told as that of any class. */
void lua_push_script_class(lua_State *L, const char *name);

/* Describes a module ("te") for help() and the manual, and makes its table. */
void lua_put_module(lua_State *L, const char *name, const char *doc);

/* The descriptor of the function at `idx`, or NULL. */
const LuaFn *lua_fn_of(lua_State *L, int idx);

/* The descriptor of the api function that is running, by itself or through C functions that it
** calls; NULL where Lua called something else. */
const LuaFn *lua_fn_running(lua_State *L);

/* What a signature says: "s:split(…)" is the method "split" of "s". */
typedef enum LuaFnKind { FN_FUNCTION, FN_METHOD, FN_FIELD, FN_META } LuaFnKind;
typedef struct LuaFnName {
    char name[48], place[32];
    LuaFnKind kind;
} LuaFnName;
LuaFnName lua_fn_name(const LuaFn *fn);

/* Opens Lua's libraries, made safe, and every row of modules.def. */
void lua_open_workbench(lua_State *L);

/* ---- boxes ---- */

/* Pushes a new box and returns what it holds, zeroed. */
void *lua_box(lua_State *L, const LuaClass *cls);

/* What the box at `idx` holds; raises unless it is an open box of the class / returns NULL. */
void *lua_check(lua_State *L, int idx, const LuaClass *cls);
void *lua_test(lua_State *L, int idx, const LuaClass *cls);

/* The class of any box of ours, or NULL; *self is what it holds, NULL if it is closed. */
const LuaClass *lua_class_of(lua_State *L, int idx, void **self);

/* Where a box cannot come first: holds what was acquired until lua_boxed says that its box has it.
** What an error jumped away from is released with the next that is held. */
void lua_hold(lua_State *L, void *object, void (*release)(void *object));
void lua_boxed(lua_State *L);

/* Pushes a box of a class whose boxes are one pointer: it takes over `object`, which keeps `bytes`
** bytes.  With NULL raises *err instead.  Returns 1. */
int lua_push_owned(lua_State *L, const LuaClass *cls, void *object, void (*release)(void *object),
                   size_t bytes, const Err *err);

/* Pushes a box that owns a new arena (which retains `parent`, or NULL), and returns
** that: what one call needs is not lost when an error jumps over the call.  The end
** releases it and takes the box off the stack. */
Arena *lua_scratch(lua_State *L, Arena *parent);
void lua_scratch_end(lua_State *L, Arena *A);

/* Ends it too, and pushes `text`, which may live in it, without the newline at its
** end.  Returns 1. */
int lua_scratch_text(lua_State *L, Arena *A, const char *text);

/* Tells Lua that a box holds `bytes` which its collector does not see. */
void lua_weigh(lua_State *L, size_t bytes);

#define LUA_BOX(id, T, cls)                                                    \
    static inline __attribute__((unused)) T *new_##id(lua_State *L)            \
    {                                                                          \
        return lua_box(L, &(cls));                                             \
    }                                                                          \
    static inline __attribute__((unused)) T *check_##id(lua_State *L, int idx) \
    {                                                                          \
        return lua_check(L, idx, &(cls));                                      \
    }                                                                          \
    static inline __attribute__((unused)) T *test_##id(lua_State *L, int idx)  \
    {                                                                          \
        return lua_test(L, idx, &(cls));                                       \
    }

/* ---- the border: an Err becomes a Lua error object ---- */

/* What a refused schedule step adds to its Err. */
typedef struct Refusal {
    Arena *arena;     /* where err->where and root live; retained by the error; may be NULL */
    const void *root; /* the program to print with the place marked; may be NULL */
    const char *note; /* "schedule unchanged, still at step 3" */
    bool fault;       /* no step was refused: the program itself does what it must not */
} Refusal;

/* Where in a script the call stands that is running: "demo.lua:12", of the nearest Lua function if a
** file or standard input holds it; empty at the prompt. */
typedef struct LuaPlace {
    char text[160];
} LuaPlace;
LuaPlace lua_place(lua_State *L);

/* Pushes the error object: fields code what where why witness fix, and a text of 12 lines at
** most.  With the refusal of a step the text begins "REFUSED what:". */
void lua_push_error(lua_State *L, const Err *err, const Refusal *refused);

/* Raise it.  Never return; the int is for `return lua_raise(L, &err);`. */
int lua_raise(lua_State *L, const Err *err);
int lua_refuse(lua_State *L, const Err *err, const Refusal *refused);

/* return RAISE(L, option_unknown, NULL, key, list): a row of errors.def, raised. */
#define RAISE(L, code, ...) \
    (REFUSE(lua_scratch_err(L), code, __VA_ARGS__), lua_raise((L), lua_scratch_err(L)))
Err *lua_scratch_err(lua_State *L);

/* The Err in the error object at `idx`, or NULL if that is another value. */
const Err *lua_error_at(lua_State *L, int idx);

/* Where the fix of the error object at `idx` is Lua source, it becomes that source between two
** others, in which the value that it speaks of goes by `name`. */
void lua_error_wrap(lua_State *L, int idx, const char *name, const char *before, const char *after);

/* The word before what an error advises: "legal here" of a step refused and "try" of anything else
** where it is Lua source, which can be typed as it stands and then succeeds; "hint" of a sentence. */
const char *lua_advice_word(lua_State *L, const char *fix, bool refused);

/* What a refusal's note says, where what happened afterwards makes another one true. */
void lua_error_note(lua_State *L, int idx, const char *note);
/* Adds to what the note of a refusal says. */
void lua_error_add_note(lua_State *L, int idx, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* How the place that an error names is shown: set once, by the file that knows programs.  Pushes
** the program with `where` marked, at most `lines` lines, or returns false. */
typedef bool LuaMarkFn(lua_State *L, const void *root, const void *where, int lines);
void lua_set_mark(lua_State *L, LuaMarkFn *mark);

/* ---- showing ---- */

/* Where text goes, for the display hooks. */
typedef struct LuaView {
    int width, height; /* in cells; 80 and 62 where there is no terminal */
    int cut;           /* lines that are wider are cut, and tables fitted; 0: never */
    bool color;        /* escapes are welcome */
    bool color_errors; /* and on standard error */
    bool utf8;         /* so are letters beyond ASCII */
    bool json;         /* a program reads the results */
    bool json_program; /* and wants programs that errors speak of as text */
    bool whole;        /* no person reads it at once: long values are not elided */
    bool more;         /* more() asks: nothing at all is left out; lines are folded instead */
    char called[32];   /* what the person calls the value that is shown; "": nothing */
} LuaView;
const LuaView *lua_view(lua_State *L);

/* Pushes the form `kind` of the value at `idx`, or pushes nothing and returns false. */
bool lua_display(lua_State *L, int idx, const char *kind);

/* Pushes what the prompt prints for the value at `idx`: always a string.  What is long is elided,
** and more() shows it whole. */
void lua_display_text(lua_State *L, int idx);

/* Pushes an empty list with room for n values: for what a person is given.  To Lua it is a table as
** any other, but it prints as its content, and reading it at 0, where nothing stands, raises. */
void lua_new_list(lua_State *L, size_t n);

/* Pushes more(), which every object has as a method. */
void lua_push_more(lua_State *L);

/* Pushes a list of the names that may stand in a string that is argument `arg` of a
** method of the object at `idx`, those that begin with `prefix`; false, and nothing
** pushed, if it has no such names. */
bool lua_complete_names(lua_State *L, int idx, const char *method, int arg, const char *prefix);

/* ---- the files of the api ---- */

#define MODULE(name) void lua_open_##name(lua_State *L);
#include "lua_api/modules.def"
#undef MODULE

#endif
