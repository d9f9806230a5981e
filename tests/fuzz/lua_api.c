/* lua_api.c -- fuzz target: any text typed at the prompt is answered, within a second. */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <lauxlib.h>

#include "backends/worker/worker.h"
#include "lua_api/protect.h"
#include "repl/eval.h"
#include "repl/start.h"
#include "viz/draw.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is typed may start this program again, in one of its roles. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    int served = worker_main(*argc, *argv, NULL);
    if (served < 0)
        served = draw_main(*argc, *argv);
    if (served >= 0)
        exit(served);
    return 0;
}

static void on_alarm(int number)
{
    (void)number;
    protect_stop();
}

/* Takes away what reaches files and other programs, which is not what is tried here. */
static void forget_outside(lua_State *L)
{
    static const char *const names[] = {"os",      "io",   "dofile", "loadfile", "require",
                                        "package", "tour", "print",  "help",     "more"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        lua_pushnil(L);
        lua_setglobal(L, names[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *nowhere;
    if (!nowhere) {
        nowhere = fopen("/dev/null", "w");
        signal(SIGALRM, on_alarm);
    }
    char *text = calloc(size + 1, 1);
    lua_State *L = start_plain_session();
    if (!text || !L || !nowhere)
        abort();
    memcpy(text, data, size);
    forget_outside(L);
    protect_watch(L, true);
    struct itimerval second = {.it_value.tv_sec = 1}, never = {0};
    setitimer(ITIMER_REAL, &second, NULL);
    eval_input(L, text, "=fuzz", nowhere, nowhere);
    setitimer(ITIMER_REAL, &never, NULL);
    protect_rest(L);
    protect_unwatch();
    lua_close(L);
    free(text);
    return 0;
}
