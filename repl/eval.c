/* eval.c -- running what a person typed, and showing what it gave.
**
** An input is compiled so that the values of its last expression come back: "x = 1; x" becomes
** "x = 1; return (...)(x)", where the chunk's argument is a function that packs its arguments.
** A plain `return x` would make the last call a tail call, and errors could not tell where it was;
** it is taken where the input has a `...` itself, which is empty.
*/
#include "repl/eval.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lauxlib.h>

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/cancel.h"
#include "core/base/progress.h"
#include "lua_api/doc.h"
#include "lua_api/elsewhere.h"
#include "lua_api/protect.h"
#include "lua_api/session.h"
#include "repl/habits.h"
#include "repl/json.h"
#include "repl/lexer.h"
#include "repl/report.h"
#include "repl/rewrite.h"
#include "repl/start.h"

int eval_exit_code(EvalStatus status)
{
    static const int codes[] = {
        [EVAL_OK] = 0, [EVAL_ERROR] = 1, [EVAL_SYNTAX] = 4, [EVAL_INTERRUPTED] = 130};
    return codes[status];
}

/* ---- compiling ---- */

static bool compile(lua_State *L, const char *text, const char *name)
{
    return luaL_loadbufferx(L, text, strlen(text), name, "t") == LUA_OK;
}

/* Does the error message on top say that the text ended too early?  After "s:undo" nobody goes on in
** the next line: the parentheses were forgotten.  Nor after the colon of Python's "if x:". */
static bool ended_early(lua_State *L)
{
    static const char mark[] = "<eof>";
    size_t len, n = sizeof mark - 1;
    const char *message = lua_tolstring(L, -1, &len);
    return message && len >= n && strcmp(message + len - n, mark) == 0 &&
           !strstr(message, "function arguments expected") && !strstr(message, "<name> expected");
}

/* Does the message on top complain of the very first token, as of "1 + 1 # two" read as a statement? */
static bool fails_at_once(lua_State *L, const char *text)
{
    static const char mark[] = "unexpected symbol near '";
    const char *near = strstr(lua_tostring(L, -1), mark);
    near = near ? near + sizeof mark - 1 : NULL;
    return near && strncmp(text + strspn(text, " \t\r\n"), near, strcspn(near, "'")) == 0;
}

/* "1 +" is no statement that Lua knows, but the beginning of an expression: where the message on top
** is of the attempt to read it as a statement, the other one replaces it. */
static void prefer_expression(lua_State *L, Arena *A, const char *text, const char *name)
{
    if (ended_early(L))
        return;
    bool at_once = fails_at_once(L, text);
    bool compiled = compile(L, arena_printf(A, "return %s", text), name);
    bool better = !compiled && (at_once || ended_early(L));
    lua_remove(L, better ? -2 : -1);
}

/* Tries "head return (...)(tail)", or "head return tail". */
static bool compile_split(lua_State *L, Arena *A, const char *text, size_t at, size_t end,
                          bool packs, const char *name)
{
    const char *open = packs ? "(...)(" : "", *close = packs ? ")" : "";
    Buf b = buf_new(A);
    buf_printf(&b, "return %s%.*s\n%s", open, (int)(end - at), text + at, close);
    if (!compile(L, buf_str(&b), name)) { /* cheap, and most places fail here */
        lua_pop(L, 1);
        return false;
    }
    lua_pop(L, 1);
    b = buf_new(A);
    buf_printf(&b, "%.*s return %s%.*s\n%s", (int)at, text, open, (int)(end - at), text + at,
               close);
    if (compile(L, buf_str(&b) + (at == 0), name))
        return true;
    lua_pop(L, 1);
    return false;
}

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_."

/* What compiling finds out of an input. */
typedef struct Input {
    bool shows; /* its results are values to show */
    bool packs; /* it calls its argument with them */
    bool named; /* its last expression just names values, and calls nothing */
} Input;

static bool has_dots(const char *text)
{
    Lexer x = lexer(text, strlen(text));
    Token t = lex_next(&x);
    while (t.kind != TOKEN_END && !token_is(&t, "..."))
        t = lex_next(&x);
    return t.kind != TOKEN_END;
}

/* Compiles (no more) an input: pushes the function, or the error, and returns false. */
static bool compile_input(lua_State *L, const char *text, const char *name, Input *input)
{
    Arena *A = arena_new(NULL);
    size_t last = 0;
    text = rewrite_locals(A, text, NULL);
    bool silent, done = false, packs = !has_dots(text);
    size_t end = rewrite_trim(text, &silent);
    if (end > 0)
        done = compile_split(L, A, text, 0, end, packs, name);
    for (long n = 0, at; !done && end > 0 && (at = rewrite_last_start(text, (int)n)) > 0; n++)
        if ((size_t)at < end) {
            last = (size_t)at;
            done = compile_split(L, A, text, last, end, packs, name);
        }
    *input = (Input){.shows = !silent, .packs = done && packs};
    input->named = done && strspn(text + last, LETTERS ", \t\r\n") >= end - last;
    if (!done)
        done = compile(L, text, name);
    if (!done)
        prefer_expression(L, A, text, name);
    arena_release(A);
    return done;
}

int eval_wrong_line(lua_State *L, const char *text, bool *unfinished)
{
    *unfinished = false;
    const char *start = text + strspn(text, " \t\r\n");
    if (*start == '?')
        return 0;
    int top = lua_gettop(L), line = 0;
    Input input;
    lua_pushfstring(L, "%s\n", text); /* a short string that is open does not go on */
    if (!compile_input(L, lua_tostring(L, -1), "=", &input)) {
        *unfinished = ended_early(L);
        const char *message = lua_tostring(L, -1); /* ":3: unexpected symbol" */
        line = message && message[0] == ':' ? (int)strtol(message + 1, NULL, 10) : 1;
    }
    lua_settop(L, top);
    return line;
}

bool eval_is_incomplete(lua_State *L, const char *text)
{
    bool unfinished;
    eval_wrong_line(L, text, &unfinished);
    return unfinished;
}

/* ---- running ---- */

static int pack(lua_State *L)
{
    int n = lua_gettop(L);
    lua_createtable(L, n, 1);
    lua_insert(L, 1);
    lua_pushinteger(L, n);
    lua_setfield(L, 1, "n");
    for (int i = n; i >= 1; i--)
        lua_rawseti(L, 1, i);
    return 1;
}

/* Calls the function on top, which compile_input made, with tracebacks kept for report_push; what
** it gives, be it by a `return` of its own, is packed in place of it. */
static EvalStatus call(lua_State *L, bool packs)
{
    int f = lua_gettop(L);
    lua_pushcfunction(L, report_handler);
    lua_insert(L, f);
    lua_pushcfunction(L, pack);
    lua_insert(L, f + 1);
    if (packs)
        lua_pushcfunction(L, pack);
    int status = lua_pcall(L, packs, packs ? 1 : LUA_MULTRET, f);
    if (status == LUA_OK && !packs)
        status = lua_pcall(L, lua_gettop(L) - f - 1, 1, f);
    else
        lua_remove(L, f + 1);
    lua_remove(L, f);
    bool stopped = cancel_asked();
    protect_rest(L);
    if (status == LUA_OK)
        return EVAL_OK;
    return stopped || protect_is_stop(L, -1) ? EVAL_INTERRUPTED : EVAL_ERROR;
}

/* ---- showing ---- */

/* Is everything about the value said by the lines of the steps? */
static bool told(lua_State *L, int idx)
{
    const LuaClass *cls = lua_class_of(L, idx, NULL);
    return (cls && cls->told_by_steps) || session_said_made(L, idx);
}

typedef struct Showing {
    FILE *out;
    const char *text; /* the input */
    Input input;
} Showing;

/* A name that stands alone and means nothing: say so, for `nil` alone explains little. */
static void explain_nil(lua_State *L, const Showing *s)
{
    char name[64];
    size_t end = rewrite_trim(s->text, &(bool){false});
    if (end >= 3 && strncmp(s->text + end - 3, "[0]", 3) == 0) {
        fputs("nil   (Lua's lists count from 1)\n", s->out);
        return;
    }
    if (sscanf(s->text, " %63[A-Za-z0-9_]%c", name, &(char){0}) != 1 || strcmp(name, "nil") == 0) {
        fputs("nil\n", s->out);
        return;
    }
    const char *hint = habit_global(name);
    if (hint) {
        fprintf(s->out, "nil   (%s)\n", hint);
        return;
    }
    if (lua_push_how_another(L, NULL, name)) {
        fprintf(s->out, "nil   (nothing is called %s; %s)\n", name, lua_tostring(L, -1));
        lua_pop(L, 1);
        return;
    }
    lua_push_nearest_global(L, name, NULL);
    const char *meant = lua_tostring(L, -1);
    fprintf(s->out,
            meant ? "nil   (nothing is called %s: did you mean %s?)\n"
                  : "nil   (nothing is called %s)\n",
            name, meant);
    lua_pop(L, 1);
}

/* Runs protected: display hooks may raise.  Arguments: the packed results, a Showing. */
static int show_results(lua_State *L)
{
    const Showing *s = lua_touserdata(L, 2);
    session_show_steps(L, s->out);
    bool stepped = session_of(L)->stepped;
    lua_Integer n = 0;
    if (lua_istable(L, 1)) {
        lua_getfield(L, 1, "n");
        n = lua_tointeger(L, -1);
    }
    for (lua_Integer i = 1; i <= n; i++) {
        lua_rawgeti(L, 1, i);
        if (i == 1 && !lua_isnil(L, -1)) {
            lua_pushvalue(L, -1);
            lua_setglobal(L, "_");
        }
        if (!s->input.shows || (stepped && !s->input.named && told(L, -1))) {
            lua_pop(L, 1);
            continue;
        }
        if (lua_isnil(L, -1) && n == 1) {
            explain_nil(L, s);
        } else if (!s->input.named && session_told(L, -1)) {
            session_print_line(L, session_told(L, -1), s->out);
        } else {
            lua_display_text(L, -1);
            size_t len;
            const char *text = lua_tolstring(L, -1, &len);
            fwrite(text, 1, len, s->out);
            if (len == 0 || text[len - 1] != '\n')
                fputc('\n', s->out);
            lua_pop(L, 1);
        }
        lua_pop(L, 1);
    }
    return 0;
}

/* `fresh`: the cursor stands at the beginning of a line, and not behind the terminal's ^C. */
static void print_error(lua_State *L, const char *name, const char *text, FILE *errors, bool fresh)
{
    const LuaView *view = lua_view(L);
    bool color = errors == stderr ? view->color_errors : view->color;
    report_push(L, -1, name, text, view->whole ? 0 : view->width, color);
    if (!fresh && protect_is_stop(L, -2) && isatty(fileno(errors)))
        fputc('\n', errors);
    fprintf(errors, "%s\n", lua_tostring(L, -1));
    lua_pop(L, 1);
}

/* ---- inputs ---- */

/* The value of a name with dots; where it leads nowhere, as tvm.tensor.save, which is a member of
** what a function gives, the name itself. */
static const char *named_value(Arena *A, const char *name, size_t len)
{
    Buf b = buf_new(A);
    for (size_t n = 0; n < len; n++)
        if (name[n] == '.' && n > 0)
            buf_printf(&b, "(%.*s == nil or type(%.*s) == \"function\") and \"%.*s\" or ", (int)n,
                       name, (int)n, name, (int)len, name);
    buf_printf(&b, "%.*s == nil and \"%.*s\" or %.*s", (int)len, name, (int)len, name, (int)len,
               name);
    return buf_str(&b);
}

/* "?x" and "??x" as Lua, and the word "help" alone. */
static const char *expand_question(Arena *A, const char *text)
{
    const char *p = text + strspn(text, " \t\r\n");
    if (strncmp(p, "help", 4) == 0 && p[4 + strspn(p + 4, " \t\r\n")] == '\0')
        return "help()";
    if (*p != '?')
        return text;
    bool source = p[1] == '?';
    p += source ? 2 : 1;
    p += strspn(p, " \t");
    size_t len = strlen(p);
    while (len &&
           strchr(" \t\r\n;?.:", p[len - 1])) /* "?s." asks about s: no member is named yet */
        len--;
    if (len == 0)
        return "help()";
    if (memchr(p, ':', len) || (strspn(p, LETTERS " ") >= len && memchr(p, ' ', len)))
        return arena_printf(A, "help(\"%.*s\")", (int)len, p);
    if (strspn(p, LETTERS) >= len)
        return arena_printf(A, "help(%s, %s)", named_value(A, p, len), source ? "true" : "nil");
    return arena_printf(A, "help(%.*s, %s)", (int)len, p, source ? "true" : "nil");
}

/* Whoever waits at the terminal is told what long work is at; a program that reads is not. */
static ProgressListener waiting(const LuaView *view)
{
    bool person = !view->json && start_is_screen(STDOUT_FILENO);
    return (ProgressListener){
        .fd = person ? STDOUT_FILENO : -1, .columns = view->width, .dim = view->color};
}

/* Remembers the names that `local` of this input makes global, for errors to call them what they
** were declared as. */
static void keep_locals(lua_State *L, const char *text)
{
    LocalNames made = {0};
    Arena *A = arena_new(NULL);
    rewrite_locals(A, text, &made);
    session_push_table(L, TABLE_LOCALS);
    for (size_t i = 0; i < made.n; i++) {
        lua_pushboolean(L, true);
        lua_setfield(L, -2, made.at[i]);
    }
    lua_pop(L, 1);
    arena_release(A);
}

static EvalStatus run_input(lua_State *L, const char *text, const char *name, FILE *out,
                            FILE *errors)
{
    const LuaView *view = lua_view(L);
    Showing showing = {.out = out, .text = text};
    EvalStatus status = EVAL_SYNTAX;
    bool fresh = false;
    session_keep_source(L, name, text, strlen(text));
    if (compile_input(L, text, name, &showing.input)) {
        keep_locals(L, text);
        ProgressListener before = progress_listen(waiting(view));
        status = call(L, showing.input.packs);
        fresh = progress_restore(before);
    }
    if (status == EVAL_OK && !view->json) {
        lua_pushcfunction(L, show_results);
        lua_insert(L, -2);
        lua_pushlightuserdata(L, &showing);
        if (lua_pcall(L, 2, 0, 0) == LUA_OK) {
            protect_rest(L);
            return EVAL_OK;
        }
        status = protect_is_stop(L, -1) ? EVAL_INTERRUPTED : EVAL_ERROR;
        protect_rest(L);
    }
    if (view->json) {
        status = json_result(L, status, name, text, out);
    } else {
        session_show_steps(L, out);
        fflush(out);
        print_error(L, name, text, errors, fresh);
    }
    return status;
}

EvalStatus eval_input(lua_State *L, const char *text, const char *name, FILE *out, FILE *errors)
{
    Session *s = session_of(L);
    int top = lua_gettop(L);
    FILE *before = s->out;
    Arena *A = arena_new(NULL);
    s->out = lua_view(L)->json ? s->out : out; /* what is printed has lines of its own there */
    s->listening = true;
    s->told = s->heard = NULL;
    s->view.called[0] = '\0'; /* an error may have jumped away from showing */
    session_drop_steps(L);
    EvalStatus status = run_input(L, expand_question(A, text), name, out, errors);
    s->listening = false;
    s->out = before;
    fflush(out);
    arena_release(A);
    lua_settop(L, top);
    return status;
}

/* Loads the script on standard input; its text is kept for errors. */
static int load_stdin(lua_State *L)
{
    char *text = NULL;
    size_t cap = 0;
    ssize_t n = getdelim(&text, &cap, '\0', stdin);
    int status = LUA_ERRFILE;
    if (ferror(stdin)) { /* what was read before is not the script */
        lua_pushfstring(L, "cannot read standard input: %s", strerror(errno));
    } else {
        const char *start = n > 0 ? text : "";
        size_t len = n > 0 ? (size_t)n : 0, skip = start[0] == '#' ? strcspn(start, "\n") : 0;
        session_keep_source(L, "=stdin", start, len);
        status = luaL_loadbufferx(L, start + skip, len - skip, "=stdin", "t");
    }
    free(text);
    return status;
}

static int raise_stop(lua_State *L)
{
    protect_poll(L);
    return 0;
}

/* Pushes the function of a script, or the error.  A request to stop is one, be it what broke the
** reading off. */
static EvalStatus load_script(lua_State *L, const char *path)
{
    int loaded = path ? luaL_loadfilex(L, path, "t") : load_stdin(L);
    lua_pushcfunction(L, raise_stop);
    if (lua_pcall(L, 0, 0, 0) != LUA_OK) {
        lua_remove(L, -2);
        return EVAL_INTERRUPTED;
    }
    return loaded == LUA_OK ? EVAL_OK : loaded == LUA_ERRFILE ? EVAL_ERROR : EVAL_SYNTAX;
}

EvalStatus eval_file(lua_State *L, const char *path, int narg, char **args, FILE *errors)
{
    int top = lua_gettop(L);
    EvalStatus status = load_script(L, path);
    if (status == EVAL_OK) {
        lua_pushcfunction(L, report_handler);
        lua_insert(L, -2);
        luaL_checkstack(L, narg, "too many arguments");
        for (int i = 0; i < narg; i++)
            lua_pushstring(L, args[i]);
        if (lua_pcall(L, narg, 0, top + 1) != LUA_OK)
            status = cancel_asked() || protect_is_stop(L, -1) ? EVAL_INTERRUPTED : EVAL_ERROR;
    }
    protect_rest(L);
    fflush(stdout);
    int result = lua_gettop(L);
    const char *name = path ? lua_pushfstring(L, "@%s", path) : lua_pushliteral(L, "=stdin");
    const char *text = status != EVAL_OK && session_push_source(L, name) ? lua_tostring(L, -1) : "";
    lua_pushvalue(L, result);
    if (lua_view(L)->json)
        status = json_result(L, status, name, text, stdout);
    else if (status != EVAL_OK)
        print_error(L, name, text, errors, false);
    lua_settop(L, top);
    return status;
}
