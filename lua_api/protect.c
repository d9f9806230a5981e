/* protect.c -- Lua's libraries, with what would let a script hang or kill the session taken out.
**
** What holds: plain loops, loops under pcall and xpcall, error handlers that loop, coroutines that
** swallow errors, and __close handlers stop at once.  Finalizers could not be stopped, so scripts
** have none.  Bytecode, the debug library and native modules, which can break the process, are not
** there.  Patterns, which may backtrack for years, are matched by match.c; sorting and long strings
** are in bulk.c, commands of the shell in shell.c.  A table's growth comes to its end first, so its
** size has a limit.  What does not hold: a whole collection of tens of millions of tables comes to
** its end first, too, in a second.
*/
#include "lua_api/protect.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/cancel.h"
#include "lua_api/file_kind.h"
#include "lua_api/session.h"

static const char stop_key; /* registry: the error object that a request to stop raises */

static struct {
    lua_State *volatile running; /* the coroutine that runs now, of the state that is watched */
    lua_State *watched;
    volatile bool patient, killed;
    bool kept;                /* protect_until_stopped has ended a request of this input */
    volatile bool output_bad; /* standard output had failed before the first request came */
    volatile sig_atomic_t asked, stops; /* since the prompt was reached; in all */
    pthread_t thread;
    struct sigaction before;
} watch;

/* ---- asking ---- */

static int raise_stop(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &stop_key);
    return lua_error(L);
}

static void hook(lua_State *L, lua_Debug *ar)
{
    (void)ar;
    if (cancel_asked())
        raise_stop(L);
    else
        lua_sethook(L, NULL, 0, 0); /* left over from a request that is done with */
}

void protect_stop(void)
{
    watch.stops++;
    cancel_ask();
    if (watch.running)
        lua_sethook(watch.running, hook, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT,
                    1);
}

unsigned protect_stops(void)
{
    return (unsigned)watch.stops;
}

static void say(const char *text)
{
    ssize_t n = write(STDERR_FILENO, text, strlen(text));
    (void)n;
}

static void on_interrupt(int sig)
{
    if (!pthread_equal(pthread_self(), watch.thread)) {
        pthread_kill(watch.thread, sig);
        return;
    }
    if (watch.asked++ == 0)
        watch.output_bad = ferror_unlocked(stdout) != 0;
    watch.killed |= sig == SIGTERM;
    if (watch.asked > 1 && !watch.patient)
        _exit(130);
    if (watch.asked == 3)
        say("\nstill inside a C function that cannot be stopped; Ctrl-\\ ends the session\n");
    protect_stop();
}

/* The request is done with.  A write that it broke off has left stdio's mark of an error, which is
** none of the file's.  What failed for another reason meanwhile, as on a full disk, fails again at
** the next write. */
static void forget_asking(void)
{
    if (watch.asked && !watch.output_bad)
        clearerr(stdout);
    watch.asked = 0;
}

/* The flag goes and the hook with it.  A request that comes meanwhile waits, and is a new one with
** both: a flag alone would stop no Lua code.  `counted`: it still counts as one of this input. */
static void forget_request(lua_State *L, bool counted)
{
    sigset_t asking, before;
    sigemptyset(&asking);
    sigaddset(&asking, SIGINT);
    sigaddset(&asking, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &asking, &before);
    cancel_clear();
    lua_sethook(L, NULL, 0, 0);
    if (!counted)
        forget_asking();
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void protect_watch(lua_State *L, bool patient)
{
    watch.watched = watch.running = L;
    watch.patient = patient;
    watch.thread = pthread_self();
    struct sigaction act = {.sa_handler = on_interrupt};
    sigemptyset(&act.sa_mask);
    sigaction(SIGINT, &act, &watch.before);
    if (patient)
        act.sa_handler = SIG_DFL;
    sigaction(SIGTERM, &act, NULL); /* a script that is killed has printed what it printed */
    protect_rest(L);
}

void protect_unwatch(void)
{
    forget_asking();
    sigaction(SIGINT, &watch.before, NULL);
    sigaction(SIGTERM, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
    watch.watched = watch.running = NULL;
}

void protect_rest(lua_State *L)
{
    watch.kept = false;
    forget_request(L, false);
}

bool protect_is_stop(lua_State *L, int idx)
{
    const Err *err = lua_error_at(L, idx);
    return err && err->code == ERR_interrupted;
}

/* ---- calls that catch ---- */

/* What pcall returns, once the call is done: everything above `skip` values. */
static int finish_call(lua_State *L, int status, lua_KContext skip)
{
    if (status != LUA_OK && status != LUA_YIELD) {
        if (cancel_asked())
            return raise_stop(L);
        lua_pushboolean(L, 0);
        lua_insert(L, -2);
        return 2;
    }
    return lua_gettop(L) - (int)skip;
}

bool protect_until_stopped(lua_State *L, int nargs)
{
    int status = lua_pcall(L, nargs, 0, 0);
    if (!cancel_asked()) {
        if (status != LUA_OK)
            lua_error(L);
        return false;
    }
    if (watch.kept || watch.killed)
        raise_stop(L);
    if (status != LUA_OK)
        lua_pop(L, 1);
    watch.kept = true;
    forget_request(L, !watch.patient);
    return true;
}

LUA_FN(
    base_pcall, "pcall(f, …) -> boolean, …",
    "Calls f(…); true and its results, or false and the error. A request to stop is not caught.\n"
    "> pcall(error, \"no\")\n"
    "false\n"
    "no")
{
    luaL_checkany(L, 1);
    lua_pushboolean(L, 1);
    lua_insert(L, 1);
    int status = lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, finish_call);
    return finish_call(L, status, 0);
}

/* The message handler around a script's own, which a stop skips: it would run without hooks. */
static int handle(lua_State *L)
{
    if (cancel_asked())
        return 1;
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, 1, 1);
    return 1;
}

LUA_FN_LUAS_OWN(base_xpcall, "xpcall(f, handler, …) -> boolean, …",
                "Like pcall, with handler(error) called where the error happened.\n"
                "> xpcall(error, string.upper, \"no\")\n"
                "false\n"
                "NO")
{
    int n = lua_gettop(L);
    arg_function(L, 2);
    lua_pushvalue(L, 2);
    lua_pushcclosure(L, handle, 1);
    lua_replace(L, 2);
    lua_pushboolean(L, 1);
    lua_pushvalue(L, 1);
    lua_rotate(L, 3, 2);
    int status = lua_pcallk(L, n - 2, LUA_MULTRET, 2, 2, finish_call);
    return finish_call(L, status, 2);
}

static lua_State *check_thread(lua_State *L)
{
    if (!lua_isthread(L, 1))
        arg_wrong(L, 1, "a coroutine");
    return lua_tothread(L, 1);
}

lua_State *protect_enter(lua_State *L, lua_State *co)
{
    lua_State *from = watch.running;
    if (from)
        watch.running = co;
    session_of(L)->running = co;
    return from;
}

void protect_leave(lua_State *L, lua_State *from)
{
    session_of(L)->running = L;
    if (from)
        watch.running = from;
}

/* Runs `co` with `narg` arguments from L's stack; pushes what it gives, or the error and returns
** -1.  A signal finds either the flag checked here, or `running` set. */
static int resume(lua_State *L, lua_State *co, int narg)
{
    int given = 0;
    if (!lua_checkstack(co, narg)) {
        lua_pushliteral(L, "too many arguments to resume");
        return -1;
    }
    lua_xmove(L, co, narg);
    lua_State *from = protect_enter(L, co);
    int status = cancel_asked() ? LUA_OK : lua_resume(co, L, narg, &given);
    protect_leave(L, from);
    if (cancel_asked())
        return raise_stop(L);
    if (status != LUA_OK && status != LUA_YIELD) {
        lua_xmove(co, L, 1);
        return -1;
    }
    if (!lua_checkstack(L, given + 1)) {
        lua_pop(co, given);
        lua_pushliteral(L, "too many results to resume");
        return -1;
    }
    lua_xmove(co, L, given);
    return given;
}

LUA_FN(co_resume, "coroutine.resume(co, …) -> boolean, …",
       "Goes on with a coroutine until it yields, ends or fails.")
{
    lua_State *co = check_thread(L);
    int n = resume(L, co, lua_gettop(L) - 1);
    lua_pushboolean(L, n >= 0);
    if (n < 0)
        n = 1;
    lua_insert(L, -(n + 1));
    return n + 1;
}

static int call_wrapped(lua_State *L)
{
    lua_State *co = lua_tothread(L, lua_upvalueindex(1));
    int n = resume(L, co, lua_gettop(L));
    if (n >= 0)
        return n;
    int status = lua_status(co);
    if (status != LUA_OK && status != LUA_YIELD && lua_resetthread(co) != LUA_OK)
        lua_xmove(co, L, 1); /* closing its variables gave the error to report */
    if (lua_type(L, -1) == LUA_TSTRING) {
        luaL_where(L, 1);
        lua_insert(L, -2);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

LUA_FN(co_wrap, "coroutine.wrap(f) -> function",
       "A function that goes on with a new coroutine each time it is called.\n"
       "> f = coroutine.wrap(function() coroutine.yield(1) coroutine.yield(2) end)\n"
       "> f(), f()\n"
       "1\n"
       "2")
{
    arg_function(L, 1);
    lua_State *co = lua_newthread(L);
    lua_pushvalue(L, 1);
    lua_xmove(L, co, 1);
    lua_pushcclosure(L, call_wrapped, 1);
    return 1;
}

LUA_FN(co_close, "coroutine.close(co) -> boolean, error?",
       "Closes a coroutine that is suspended or dead, and its to-be-closed variables.")
{
    lua_State *co = check_thread(L);
    lua_Debug ar;
    int status = lua_status(co);
    if (co == L || (status == LUA_OK && lua_getstack(co, 0, &ar)))
        return arg_wrong(L, 1, "a coroutine that does not run");
    lua_State *from = protect_enter(L, co);
    status = lua_resetthread(co);
    protect_leave(L, from);
    if (cancel_asked())
        return raise_stop(L);
    lua_pushboolean(L, status == LUA_OK);
    if (status == LUA_OK)
        return 1;
    lua_xmove(co, L, 1);
    return 2;
}

/* ---- loading: text only ---- */

static const char *read_piece(lua_State *L, void *env, size_t *len)
{
    (void)env;
    luaL_checkstack(L, 2, "too many nested functions");
    lua_pushvalue(L, 1);
    lua_call(L, 0, 1);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        *len = 0;
        return NULL;
    }
    if (lua_type(L, -1) != LUA_TSTRING)
        luaL_error(L, "reader function must return a string");
    lua_replace(L, 5); /* where nothing collects it */
    return lua_tolstring(L, 5, len);
}

typedef struct Text {
    const char *at;
    size_t left;
} Text;

static const char *read_text(lua_State *L, void *env, size_t *len)
{
    enum { PIECE = 1 << 16 };
    Text *t = env;
    protect_poll(L);
    const char *piece = t->at;
    *len = t->left < PIECE ? t->left : PIECE;
    t->at += *len;
    t->left -= *len;
    return *len ? piece : NULL;
}

static int loaded(lua_State *L, int status, int env)
{
    if (status == LUA_OK) {
        if (env) {
            lua_pushvalue(L, env);
            if (!lua_setupvalue(L, -2, 1))
                lua_pop(L, 1);
        }
        return 1;
    }
    if (cancel_asked())
        return raise_stop(L);
    lua_pushnil(L);
    lua_insert(L, -2);
    return 2;
}

/* Nil and a message are on top: the text does not compile.  Where it is the name of a file that
** tvm.load or tvm.import reads, the message says so.  Returns 2. */
static int add_reader(lua_State *L, const char *text)
{
    const FileKind *kind = strpbrk(text, "\n(\"'") ? NULL : file_kind(text);
    bool script = kind && kind->texts & TEXT_steps;
    if (kind && (kind->variable || script)) {
        lua_pushfstring(L, script ? "dofile %s" : kind->reader, quote_path(text).text);
        lua_pushfstring(L,
                        script ? "%s; %s runs a script, and s:load takes the steps in one"
                               : "%s; %s reads a file",
                        lua_tostring(L, -2), lua_tostring(L, -1));
        lua_replace(L, -3);
        lua_pop(L, 1);
    }
    return 2;
}

LUA_FN_LUAS_OWN(
    base_load, "load(chunk, name?, mode?, env?) -> function",
    "Compiles Lua source, a string or a function that gives pieces. Bytecode is refused.\n"
    "> load(\"return 1 + 1\")()\n"
    "2")
{
    int env = lua_isnone(L, 4) ? 0 : 4;
    lua_settop(L, 5);
    size_t len;
    if (lua_type(L, 1) == LUA_TSTRING) {
        const char *text = lua_tolstring(L, 1, &len);
        const char *name = arg_str_or(L, 2, text);
        int n = loaded(L, lua_load(L, read_text, &(Text){text, len}, name, "t"), env);
        return n == 1 ? n : add_reader(L, text);
    }
    arg_function(L, 1);
    return loaded(L, lua_load(L, read_piece, NULL, arg_str_or(L, 2, "=(load)"), "t"), env);
}

LUA_FN_LUAS_OWN(base_loadfile, "loadfile(path) -> function",
                "Compiles a file of Lua source; nil and a message if that fails.")
{
    return loaded(L, luaL_loadfilex(L, arg_str(L, 1), "t"), 0);
}

LUA_FN_LUAS_OWN(base_dofile, "dofile(path) -> …",
                "Runs a file of Lua source and returns what it returns.")
{
    const char *path = arg_str(L, 1);
    lua_settop(L, 1);
    if (luaL_loadfilex(L, path, "t") != LUA_OK)
        return lua_error(L);
    lua_call(L, 0, LUA_MULTRET);
    return lua_gettop(L) - 1;
}

/* ---- the rest ---- */

LUA_FN_LUAS_OWN(
    base_setmetatable, "setmetatable(t, metatable) -> t",
    "Sets a table's metatable. Finalizers (__gc) are refused: nothing can stop one that loops.")
{
    if (!lua_istable(L, 1))
        arg_wrong(L, 1, "a table");
    if (!lua_isnil(L, 2) && !lua_istable(L, 2))
        arg_wrong(L, 2, "a table or nil");
    lua_settop(L, 2);
    if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
        return RAISE(L, metatable_locked, NULL);
    if (lua_istable(L, 2)) {
        lua_pushliteral(L, "__gc");
        if (lua_rawget(L, 2) != LUA_TNIL)
            return RAISE(L, no_finalizers, NULL);
        lua_pop(L, 1);
    }
    lua_setmetatable(L, 1);
    return 1;
}

void protect_poll(lua_State *L)
{
    if (cancel_asked())
        raise_stop(L);
}

LUA_FN_LUAS_OWN(
    table_move, "table.move(from, first, last, at, to?) -> table",
    "Copies elements first to last to the places from `at` on, of the same table or of `to`.\n"
    "> table.concat(table.move({ 1, 2, 3 }, 1, 3, 2), \" \")\n"
    "1 1 2 3")
{
    lua_Integer first = arg_int(L, 2, LUA_MININTEGER, LUA_MAXINTEGER);
    lua_Integer last = arg_int(L, 3, LUA_MININTEGER, LUA_MAXINTEGER);
    lua_Integer at = arg_int(L, 4, LUA_MININTEGER, LUA_MAXINTEGER);
    int to = lua_isnoneornil(L, 5) ? 1 : 5;
    arg_table(L, 1);
    arg_table(L, to);
    if (last >= first && first <= 0 && last >= LUA_MAXINTEGER + first)
        return arg_wrong(L, 3, "near enough to the first");
    lua_Integer n = last < first ? 0 : last - first + 1;
    if (n > 0 && at > LUA_MAXINTEGER - n + 1)
        return arg_wrong(L, 3, "near enough to the first");
    bool upwards = to != 1 || at <= first || at > last;
    for (lua_Integer i = 0; i < n; i++) {
        lua_Integer k = upwards ? i : n - 1 - i;
        protect_poll(L);
        lua_geti(L, 1, first + k);
        lua_seti(L, to, at + k);
    }
    lua_pushvalue(L, to);
    return 1;
}

static void forget(lua_State *L, const char *library, const char *const names[])
{
    lua_getglobal(L, library);
    for (; *names; names++) {
        lua_pushnil(L);
        lua_setfield(L, -2, *names);
    }
    lua_pop(L, 1);
}

void lua_open_protect(lua_State *L)
{
    static const char *const debug[] = {
        "debug",        "sethook",      "gethook",        "getlocal",   "setlocal",  "getmetatable",
        "setmetatable", "getregistry",  "getupvalue",     "setupvalue", "upvalueid", "upvaluejoin",
        "getuservalue", "setuservalue", "setcstacklimit", NULL};
    static const char *const string[] = {"dump", NULL};
    static const char *const package[] = {"loadlib", NULL};
    static const LuaFn *const functions[] = {
        &base_pcall_fn,        &base_xpcall_fn, &base_load_fn, &base_loadfile_fn,
        &base_dofile_fn,       &co_resume_fn,   &co_wrap_fn,   &co_close_fn,
        &base_setmetatable_fn, &table_move_fn,  NULL};
    lua_put_functions(L, functions);
    forget(L, "debug", debug);
    forget(L, "string", string);
    forget(L, "package", package);
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "searchers");
    for (int native = 4; native >= 3; native--) {
        lua_pushnil(L);
        lua_rawseti(L, -2, native);
    }
    lua_pop(L, 2);
    lua_pushliteral(L, "");
    lua_getmetatable(L, -1);
    lua_pushliteral(L, "locked");
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 2);
    Err err;
    REFUSE(&err, interrupted, NULL);
    lua_push_error(L, &err, NULL);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &stop_key);
}

/* ---- memory ---- */

/* A list's elements are one block, and a table's keys another, moved as a whole when they grow,
** which no request stops.  The limit is what that moves in 100 ms. */
enum { BLOCK_MAX = 128 << 20 };

typedef struct Quota {
    size_t used, limit;
} Quota;

/* A table that grows is filled from end to end before Lua looks around: fewer faults, less wait. */
static void ask_for_huge_pages(void *p, size_t size)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t first = ((uintptr_t)p + page - 1) / page * page,
              end = ((uintptr_t)p + size) / page * page;
    (void)madvise((void *)first, end - first, MADV_HUGEPAGE); /* a kernel without them goes on */
}

static void *allocate(void *env, void *old, size_t had, size_t size)
{
    Quota *q = env;
    if (!old)
        had = 0;
    if (size == 0) {
        free(old);
        q->used -= had;
        return NULL;
    }
    if (size > had && (size > BLOCK_MAX || size - had > q->limit - q->used))
        return NULL;
    void *p = realloc(old, size);
    if (!p)
        return NULL;
    q->used += size - had;
    if (size >= BLOCK_MAX / 32)
        ask_for_huge_pages(p, size);
    return p;
}

static int on_panic(lua_State *L)
{
    fprintf(stderr, "tvmrepl: error outside any call: %s\n", lua_tostring(L, -1));
    return 0;
}

lua_State *protect_new_state(void)
{
    static Quota quota; /* of all states together */
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    quota.limit = pages > 0 && page > 0 ? (size_t)pages / 2 * (size_t)page : SIZE_MAX / 2;
    lua_State *L = lua_newstate(allocate, &quota);
    if (L)
        lua_atpanic(L, on_panic);
    return L;
}
