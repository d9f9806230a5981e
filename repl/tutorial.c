/* tutorial.c -- lessons at the prompt: tour(), tutorial(), and `tvmrepl tutorial`.
**
** A lesson is tutorials/NAME.md, beside the folder of the program. Its cells run in the state that
** plays it, so whoever takes over finds all that the lesson made; what it writes (pictures,
** schedules) goes to a folder of its own, in which `tutorials` leads to the lessons' models.
** What a lesson is, and how it is checked and played, says lua_api/scripts/tutorial.lua; here is
** the host that it asks: files, keys, and running a cell as the prompt would.
*/
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <lauxlib.h>
#include <lualib.h>

#include "core/base/cancel.h"
#include "lua_api/lua_fn.h"
#include "lua_api/protect.h"
#include "lua_api/scripts.h"
#include "lua_api/session.h"
#include "repl/await_key.h"
#include "repl/eval.h"
#include "repl/prompt.h"
#include "repl/start.h"
#include "repl/tutorial.h"

enum { PATH_SIZE = 4096, NAMES_SIZE = 512 };

/* ---- where lessons are ---- */

/* ../tutorials, seen from the program. */
static void lessons_folder(char out[PATH_SIZE])
{
    char program[PATH_SIZE - 32];
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    program[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(program, '/');
    if (slash)
        *slash = '\0';
    snprintf(out, PATH_SIZE, "%s/../tutorials", slash ? program : ".");
}

static int is_lesson(const struct dirent *e)
{
    const char *dot = strrchr(e->d_name, '.');
    return dot && dot > e->d_name && strcmp(dot, ".md") == 0;
}

/* The lessons' names, with ", " between them. */
static void lesson_names(char out[NAMES_SIZE])
{
    char folder[PATH_SIZE];
    struct dirent **found = NULL;
    size_t at = 0;
    lessons_folder(folder);
    int n = scandir(folder, &found, is_lesson, alphasort);
    out[0] = '\0';
    for (int i = 0; i < n; i++) {
        int len = (int)strlen(found[i]->d_name) - 3;
        if (at + (size_t)len + 3 < NAMES_SIZE)
            at += (size_t)sprintf(out + at, "%s%.*s", at ? ", " : "", len, found[i]->d_name);
        free(found[i]);
    }
    free(found);
}

/* host.names() -> "computation, model, workbench" */
static int host_names(lua_State *L)
{
    char names[NAMES_SIZE];
    lesson_names(names);
    lua_pushstring(L, names);
    return 1;
}

/* host.path(name) -> where that lesson is; raises if there is none. */
static int host_path(lua_State *L)
{
    char folder[PATH_SIZE], names[NAMES_SIZE];
    const char *name = luaL_checkstring(L, 1);
    lessons_folder(folder);
    const char *path = lua_pushfstring(L, "%s/%s.md", folder, name);
    if (!strchr(name, '/') && access(path, R_OK) == 0)
        return 1;
    lesson_names(names);
    return RAISE(L, lesson_not_found, NULL, name, names);
}

/* ---- the lesson's own folder ---- */

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)kind, (void)at;
    return remove(path);
}

/* Links are removed, and not followed. */
static void remove_tree(const char *folder)
{
    enum { OPEN_FOLDERS = 8 };
    nftw(folder, remove_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
}

/* Folders that are removed when the session ends: what a lesson wrote may be looked
** at until then. */
typedef struct Left {
    struct Left *next;
    char folder[];
} Left;

static Left *left;
static pid_t left_by;

static void remove_left(void)
{
    for (const Left *l = left; l && getpid() == left_by; l = l->next)
        remove_tree(l->folder);
}

static void remove_at_exit(const char *folder)
{
    size_t n = strlen(folder) + 1;
    Left *l = malloc(sizeof *l + n);
    if (!l)
        return;
    memcpy(l->folder, folder, n);
    l->next = left;
    if (!left && atexit(remove_left) != 0) {
        free(l);
        return;
    }
    left = l;
    left_by = getpid();
}

/* Makes a folder in the place for passing files, or the one that was asked for. */
static bool make_folder(const char *asked, char out[PATH_SIZE])
{
    if (!asked) {
        const char *place = getenv("TMPDIR");
        snprintf(out, PATH_SIZE, "%s/tvmrepl-XXXXXX", place && *place ? place : "/tmp");
        return mkdtemp(out) != NULL;
    }
    char *whole = mkdir(asked, 0777) == 0 || errno == EEXIST ? realpath(asked, NULL) : NULL;
    snprintf(out, PATH_SIZE, "%s", whole ? whole : asked);
    free(whole);
    return whole != NULL;
}

/* host.enter(folder?) -> the lesson's folder, the one left; the process stands in the first.
** Without a name it is a new one. */
static int host_enter(lua_State *L)
{
    char lessons[PATH_SIZE], here[PATH_SIZE], folder[PATH_SIZE];
    const char *asked = luaL_optstring(L, 1, NULL);
    lessons_folder(lessons);
    char *whole = realpath(lessons, NULL);
    bool known = whole && getcwd(here, sizeof here);
    bool entered = known && make_folder(asked, folder) && chdir(folder) == 0;
    bool linked = entered && symlink(whole, "tutorials") == 0;
    int why = errno;
    if (entered && !asked)
        remove_at_exit(folder);
    free(whole);
    if (linked) {
        lua_pushstring(L, folder);
        lua_pushstring(L, here);
        return 2;
    }
    if (entered && chdir(here) != 0)
        fprintf(stderr, "tvmrepl: cannot return to %s\n", here);
    return RAISE(L, lesson_folder, NULL, asked ? asked : "/tmp",
                 entered && why == EEXIST ? "something called 'tutorials' is there already"
                                          : strerror(why));
}

/* host.stand(folder): the process stands there. */
static int host_stand(lua_State *L)
{
    const char *folder = luaL_checkstring(L, 1);
    return chdir(folder) == 0 ? 0 : luaL_error(L, "cannot go to %s", folder);
}

/* host.leave(folder, back, stays): stands in `back` again.  A folder that does not stay is removed
** at once if nothing was written to it, else it is at the end of the session; -> is it gone? */
static int host_leave(lua_State *L)
{
    const char *folder = luaL_checkstring(L, 1), *back = luaL_checkstring(L, 2);
    bool stays = lua_toboolean(L, 3);
    const char *link = lua_pushfstring(L, "%s/tutorials", folder);
    if (chdir(back) != 0)
        return luaL_error(L, "cannot return to %s", back);
    unlink(link);
    lua_pushboolean(L, !stays && rmdir(folder) == 0);
    return 1;
}

/* host.refuse(name): that lesson is being played. */
static int host_refuse(lua_State *L)
{
    return RAISE(L, lesson_inside, NULL, luaL_checkstring(L, 1));
}

/* host.remove(folder) */
static int host_remove(lua_State *L)
{
    remove_tree(luaL_checkstring(L, 1));
    return 0;
}

/* ---- running a cell ---- */

/* Sends the process's standard output to a new file in memory; *kept is where it went before. */
static int catch_output(int *kept)
{
    fflush(stdout);
    int file = memfd_create("cell", MFD_CLOEXEC);
    *kept = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    if (file >= 0 && *kept >= 0 && dup2(file, STDOUT_FILENO) >= 0)
        return file;
    if (file >= 0)
        close(file);
    if (*kept >= 0)
        close(*kept);
    return -1;
}

static void push_caught(lua_State *L, int file)
{
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    char part[4096];
    lseek(file, 0, SEEK_SET);
    for (ssize_t n; (n = read(file, part, sizeof part)) > 0;)
        luaL_addlstring(&b, part, (size_t)n);
    close(file);
    luaL_pushresult(&b);
}

/* host.incomplete(code) -> does it go on in the next line? */
static int host_incomplete(lua_State *L)
{
    lua_pushboolean(L, eval_is_incomplete(L, luaL_checkstring(L, 1)));
    return 1;
}

/* host.evaluate(code) -> what was printed, "ok" | "error" | "syntax" | "interrupted".  The input
** runs in a coroutine, so that an error does not tell who plays the lesson. */
static int host_evaluate(lua_State *L)
{
    static const char *const words[] = {"ok", "error", "syntax", "interrupted"};
    const char *code = luaL_checkstring(L, 1);
    lua_State *inner = lua_newthread(L), *from = protect_enter(L, inner);
    int kept, file = cancel_asked() ? -1 : catch_output(&kept);
    if (file < 0) {
        protect_leave(L, from);
        protect_poll(L);
        return luaL_error(L, "cannot catch what the cell prints");
    }
    LuaView *view = &session_of(L)->view;
    int height = view->height;
    view->height = 62; /* nobody can ask for more() while a lesson plays */
    EvalStatus status = eval_input(inner, code, "=cell", stdout, stdout);
    protect_leave(L, from);
    view->height = height;
    fflush(stdout);
    dup2(kept, STDOUT_FILENO);
    close(kept);
    push_caught(L, file);
    lua_pushstring(L, words[status]);
    return 2;
}

/* ---- the person ---- */

static bool has_person(void)
{
    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

/* How things were before the lesson: the terminal's mode, and where the process stood. */
typedef struct Before {
    bool person;
    struct termios mode;
    char folder[PATH_SIZE];
} Before;

/* lua_pcall, and puts things back as they were. */
static int call_and_restore(lua_State *L, int nargs, int nresults)
{
    Before b = {.person = has_person() && tcgetattr(STDIN_FILENO, &b.mode) == 0};
    bool known = getcwd(b.folder, sizeof b.folder) != NULL;
    int status = lua_pcall(L, nargs, nresults, 0);
    if (b.person)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &b.mode);
    if (known && chdir(b.folder) != 0)
        fprintf(stderr, "tvmrepl: cannot return to %s\n", b.folder);
    return status;
}

/* host.keys(): from now on single keys come through, at once and unseen, also those that are
** pressed while a cell runs. */
static int host_keys(lua_State *L)
{
    (void)L;
    struct termios mode;
    if (has_person() && tcgetattr(STDIN_FILENO, &mode) == 0) {
        mode.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        tcsetattr(STDIN_FILENO, TCSADRAIN, &mode);
    }
    return 0;
}

/* host.wait(seconds) -> was a key (or Ctrl-C) pressed? Where nobody sits, no time passes. */
static int host_wait(lua_State *L)
{
    double seconds = luaL_checknumber(L, 1);
    if (!has_person())
        return 0;
    bool pressed = await_key((int)(seconds * 1000)) != 0;
    if (pressed)
        tcflush(STDIN_FILENO, TCIFLUSH);
    protect_rest(L); /* Ctrl-C is a key like others here */
    lua_pushboolean(L, pressed);
    return 1;
}

/* host.key() -> the next key, or nil for Ctrl-C and the end of input; nobody's key is Enter.  What
** was typed behind it waits: host.line() reads on, and host.wait(0) drops it. */
static int host_key(lua_State *L)
{
    char key = '\n';
    if (has_person()) {
        bool pressed = await_key(-1) > 0 && read(STDIN_FILENO, &key, 1) == 1;
        protect_rest(L);
        if (!pressed)
            return 0;
    }
    lua_pushlstring(L, &key, 1);
    return 1;
}

/* host.line(key) -> the input that begins with this key, as it is typed at the prompt; nil if
** there is none, or if it asks to leave. */
static int host_line(lua_State *L)
{
    const char *begun = luaL_checkstring(L, 1);
    struct termios keys, usual;
    if (tcgetattr(STDIN_FILENO, &keys) != 0)
        return 0;
    usual = keys;
    usual.c_lflag |= ECHO; /* readline shows nothing where the terminal would not */
    tcsetattr(STDIN_FILENO, TCSADRAIN, &usual);
    char *text = prompt_ask(L, begun);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &keys);
    if (text)
        lua_pushstring(L, text);
    else
        lua_pushnil(L);
    free(text);
    return 1;
}

/* host.show(text) */
static int host_show(lua_State *L)
{
    size_t n;
    const char *text = luaL_checklstring(L, 1, &n);
    fwrite(text, 1, n, stdout);
    fflush(stdout);
    return 0;
}

/* host.plain(fits): what cells print is the same from now on wherever it is looked at; `fits`: in
** lines of 80 columns. */
static int host_plain(lua_State *L)
{
    LuaView *view = &session_of(L)->view;
    int cut = lua_toboolean(L, 1) ? 80 : 0;
    *view = (LuaView){.width = 80, .height = 62, .cut = cut, .utf8 = true, .whole = true};
    return 0;
}

static void push_host(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"names", host_names},       {"path", host_path},
        {"enter", host_enter},       {"leave", host_leave},
        {"evaluate", host_evaluate}, {"wait", host_wait},
        {"show", host_show},         {"incomplete", host_incomplete},
        {"keys", host_keys},         {"key", host_key},
        {"line", host_line},         {"remove", host_remove},
        {"plain", host_plain},       {"stand", host_stand},
        {"refuse", host_refuse},     {NULL, NULL},
    };
    luaL_newlib(L, functions);
    lua_pushboolean(L, has_person());
    lua_setfield(L, -2, "person");
    lua_pushboolean(L, lua_view(L)->color);
    lua_setfield(L, -2, "color");
    lua_pushinteger(L, lua_view(L)->width);
    lua_setfield(L, -2, "width");
    lua_pushinteger(L, lua_view(L)->height);
    lua_setfield(L, -2, "height");
}

/* Pushes the function `name` of the script, and the host. */
static void push_script_function(lua_State *L, const char *name)
{
    lua_push_script(L, "tutorial");
    lua_getfield(L, -1, name);
    lua_remove(L, -2);
    push_host(L);
}

/* Plays the lesson that is the first argument in the folder that is the second. */
static int play(lua_State *L, bool stepping)
{
    const char *name = arg_str_or(L, 1, "workbench"), *folder = arg_str_or(L, 2, NULL);
    push_script_function(L, "tour");
    lua_pushstring(L, name);
    lua_pushboolean(L, stepping);
    lua_pushstring(L, folder);
    if (call_and_restore(L, 4, 0) == LUA_OK)
        return 0;
    if (!protect_is_stop(L, -1))
        return lua_error(L);
    protect_rest(L);
    push_script_function(L, "taken_over");
    lua_pushstring(L, name);
    lua_pushboolean(L, stepping);
    lua_call(L, 3, 0);
    return 0;
}

LUA_FN(
    tour, "tour(name?, folder?)",
    "Plays a lesson in this session, \"workbench\" if none is named: its cells run here, one after the\n"
    "other, with time to read. Any key stops it, and what it has made so far is yours. The lessons are\n"
    "workbench, computation and model. The pictures that it draws go to a folder of their own, which is\n"
    "removed when you leave; in a folder that you name they stay.  Variables of yours that it replaces come\n"
    "back at its end; where you stop it, before_tour holds them: before_tour.g.")
{
    return play(L, false);
}

LUA_FN(
    tutorial, "tutorial(name?, folder?)",
    "Plays a lesson as tour() does, at your pace: Enter runs the next cell, q stops and leaves you with all\n"
    "that the lesson has made; an input that you type in between runs in the same session, and in your\n"
    "own folder.  `tvmrepl tutorial NAME` does it from a shell. `computation` takes the size of its matrices from\n"
    "there, `tvmrepl tutorial computation 1024`, and here from arg: arg = { 1024 } before you call it.")
{
    return play(L, true);
}

void tutorial_open(lua_State *L)
{
    static const LuaFn *const functions[] = {&tour_fn, &tutorial_fn, NULL};
    lua_put_functions(L, functions);
}

static int run_main(lua_State *L)
{
    int argc = (int)lua_tointeger(L, 1);
    char **argv = lua_touserdata(L, 2);
    push_script_function(L, "main");
    for (int i = 1; i < argc; i++)
        lua_pushstring(L, argv[i]);
    lua_call(L, argc, 1);
    if (lua_type(L, -1) != LUA_TSTRING)
        return 1;
    lua_pushcfunction(L, tutorial);
    lua_insert(L, -2);
    lua_call(L, 1, 0);
    return 0;
}

int tutorial_main(int argc, char **argv)
{
    lua_State *L = start_session();
    if (!L)
        return EXIT_failed;
    protect_watch(L, has_person()); /* who types has things to lose */
    lua_pushcfunction(L, run_main);
    lua_pushinteger(L, argc);
    lua_pushlightuserdata(L, argv);
    int code = EXIT_failed;
    if (lua_pcall(L, 2, 1, 0) != LUA_OK) {
        fprintf(stderr, "tvmrepl: %s\n", luaL_tolstring(L, -1, NULL));
        code = protect_is_stop(L, -2) ? EXIT_interrupted : EXIT_failed;
    } else if (lua_isinteger(L, -1)) {
        code = (int)lua_tointeger(L, -1);
    } else {
        code = prompt_run(L);
    }
    protect_unwatch();
    lua_close(L);
    return code;
}
