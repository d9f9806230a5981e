/* prompt.c -- a Ctrl-C that comes late, early or once more takes no key that is typed behind it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lauxlib.h>
#include <readline/readline.h>

#include "core/base/cancel.h"
#include "lua_api/protect.h"
#include "repl/json.h"
#include "repl/prompt.h"
#include "repl/report.h"
#include "repl/start.h"

static int terminal = -1;   /* what is written here is typed */
static const char *typed;   /* together with a Ctrl-C, once the prompt stands */
static bool raises_in_rest; /* a Ctrl-C comes while a hook is taken away */

/* The library's own, and before it what a test wants to happen at that moment. */
void lua_sethook(lua_State *L, lua_Hook f, int mask, int count)
{
    static void (*own)(lua_State *, lua_Hook, int, int);
    if (!own)
        *(void **)&own = dlsym(RTLD_NEXT, "lua_sethook");
    bool now = raises_in_rest && !f;
    if (now) {
        raises_in_rest = false;
        raise(SIGINT);
    }
    own(L, f, mask, count);
}

static void type(const char *keys)
{
    assert_int_equal(write(terminal, keys, strlen(keys)), strlen(keys));
}

/* Readline calls it while signals are held back: this Ctrl-C waits, and the keys behind it do. */
static int interrupt_and_type(void)
{
    if (typed) {
        raise(SIGINT);
        type(typed);
        typed = NULL;
    }
    return 0;
}

static int open_session(void **state)
{
    int slave;
    struct winsize size = {.ws_row = 24, .ws_col = 80};
    setenv("TERM", "xterm", 1);
    setenv("INPUTRC", "/dev/null", 1);
    setenv("TVMREPL_HISTORY", "/dev/null", 1);
    if (openpty(&terminal, &slave, NULL, NULL, &size) != 0 || dup2(slave, STDIN_FILENO) < 0)
        return -1;
    close(slave);
    rl_outstream = fopen("/dev/null", "w");
    lua_State *L = start_plain_session();
    if (!L || !rl_outstream)
        return -1;
    protect_watch(L, true);
    rl_pre_input_hook = interrupt_and_type;
    alarm(60); /* a key that is lost would be waited for */
    *state = L;
    return 0;
}

static int close_session(void **state)
{
    protect_unwatch();
    cancel_clear();
    lua_close(*state);
    return close(terminal);
}

static void expect_input(lua_State *L, const char *wanted)
{
    char *text = prompt_ask(L, NULL);
    assert_non_null(text);
    assert_string_equal(text, wanted);
    free(text);
    assert_false(cancel_asked()); /* what was read runs */
}

static void a_request_from_before_takes_no_key(void **state)
{
    lua_State *L = *state;
    protect_stop();
    type("x = 1\r");
    expect_input(L, "x = 1");
}

/* ppoll lets a signal in only where no key waits. */
static void keys_behind_an_interrupt_are_of_the_next_input(void **state)
{
    lua_State *L = *state;
    typed = "x = 2\r";
    expect_input(L, "");
    expect_input(L, "x = 2");
}

static void an_input_that_was_entered_can_be_interrupted(void **state)
{
    lua_State *L = *state;
    type("x = 3\r");
    expect_input(L, "x = 3");
    raise(SIGINT);
    assert_true(cancel_asked());
    type("x = 4\r");
    expect_input(L, "x = 4");
}

/* Ctrl-C once more, while the text of an error is made. */
static void an_error_whose_text_is_interrupted_is_an_interruption(void **state)
{
    lua_State *L = *state;
    lua_newtable(L);
    protect_stop();
    report_push(L, -1, "=[1]", "", 80, false);
    assert_string_equal(lua_tostring(L, -1), "interrupted");
    protect_rest(L);
    lua_pop(L, 1);
    report_push(L, -1, "=[1]", "", 80, false);
    assert_non_null(strstr(lua_tostring(L, -1), "error: {"));
    lua_settop(L, 0);
}

/* Does a request stop Lua code?  It has been made. */
static void expect_stop(lua_State *L)
{
    assert_true(cancel_asked());
    assert_int_equal(luaL_loadstring(L, "for i = 1, 1000000 do end"), LUA_OK);
    assert_int_equal(lua_pcall(L, 0, 0, 0), LUA_ERRRUN);
    assert_true(protect_is_stop(L, -1));
    lua_settop(L, 0);
    protect_rest(L);
}

/* It would find no hook, and be heard by loops of C alone. */
static void an_interrupt_while_the_last_is_forgotten_is_whole(void **state)
{
    lua_State *L = *state;
    protect_stop();
    raises_in_rest = true;
    protect_rest(L);
    expect_stop(L);

    assert_int_equal(luaL_loadstring(L, "while true do end"), LUA_OK);
    protect_stop();
    raises_in_rest = true;
    assert_true(protect_until_stopped(L, 0));
    assert_false(raises_in_rest);
    expect_stop(L);
}

/* ---- without a terminal ---- */

/* What is sent, a piece for each read; NULL: a Ctrl-C ends the read. */
static const char *const sent[] = {
    "x = 1\n", NULL,   "for i = 1, 2 do\n", NULL, "y = x + 1\n", "x = 12",
    NULL,      "34\n", "z = y + 1\n",       ""};
static size_t next_sent;

static ssize_t send_piece(void *env, char *out, size_t size)
{
    (void)env;
    const char *piece = sent[next_sent++];
    if (!piece) {
        raise(SIGINT);
        errno = EINTR;
        return -1;
    }
    assert_true(strlen(piece) < size);
    memcpy(out, piece, strlen(piece));
    return (ssize_t)strlen(piece);
}

static lua_Integer global(lua_State *L, const char *name)
{
    lua_getglobal(L, name);
    lua_Integer value = lua_tointeger(L, -1);
    lua_pop(L, 1);
    return value;
}

/* An interrupt while nothing runs gives up the input that has begun, to the end of its line, and
** ends nothing. */
static void a_session_that_is_sent_its_inputs_outlives_interrupts(void **state)
{
    lua_State *L = *state;
    FILE *before = stdin;
    int terminal_in = dup(STDIN_FILENO), nothing = open("/dev/null", O_RDONLY);
    assert_true(nothing >= 0 && dup2(nothing, STDIN_FILENO) == STDIN_FILENO);
    stdin = fopencookie(NULL, "r", (cookie_io_functions_t){.read = send_piece});
    assert_non_null(stdin);
    assert_int_equal(prompt_run(L), 0);
    fclose(stdin);
    stdin = before;
    dup2(terminal_in, STDIN_FILENO);
    close(terminal_in);
    close(nothing);
    assert_int_equal(next_sent, sizeof sent / sizeof *sent);
    assert_int_equal(global(L, "x"), 1);
    assert_int_equal(global(L, "_"), 0); /* what `34` alone would have set */
    assert_int_equal(global(L, "y"), 2);
    assert_int_equal(global(L, "z"), 3);
}

static void a_line_of_json_that_is_interrupted_says_so(void **state)
{
    lua_State *L = *state;
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    lua_newtable(L);
    protect_stop();
    assert_int_equal(json_result(L, EVAL_OK, "=[1]", "", out), EVAL_INTERRUPTED);
    assert_false(cancel_asked()); /* the next line runs */
    fclose(out);
    assert_non_null(strstr(text, "\"status\":\"interrupted\",\"error\":{\"code\":\"interrupted\""));
    free(text);
    lua_settop(L, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_from_before_takes_no_key),
        cmocka_unit_test(keys_behind_an_interrupt_are_of_the_next_input),
        cmocka_unit_test(an_input_that_was_entered_can_be_interrupted),
        cmocka_unit_test(an_error_whose_text_is_interrupted_is_an_interruption),
        cmocka_unit_test(an_interrupt_while_the_last_is_forgotten_is_whole),
        cmocka_unit_test(a_session_that_is_sent_its_inputs_outlives_interrupts),
        cmocka_unit_test(a_line_of_json_that_is_interrupted_says_so),
    };
    return cmocka_run_group_tests(tests, open_session, close_session);
}
