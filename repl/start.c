/* start.c -- a state of the workbench, and what to say about the machine it is on.
**
** Nothing here may take long: the processor is asked by cpuid (or /proc/cpuinfo elsewhere) and the
** GPU by whether its driver is there; LLVM and CUDA are for the workers to load.
*/
#include "repl/start.h"

#include <locale.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <lauxlib.h>

#include "core/base/cores.h"
#include "lua_api/protect.h"
#include "lua_api/session.h"
#include "repl/tutorial.h"
#include "viz/text/wrap.h"

static int open_workbench(lua_State *L)
{
    lua_open_workbench(L);
    tutorial_open(L);
    return 0;
}

lua_State *start_plain_session(void)
{
    lua_State *L = protect_new_state();
    if (!L) {
        fputs("tvmrepl: not enough memory to start\n", stderr);
        return NULL;
    }
    lua_pushcfunction(L, open_workbench);
    if (lua_pcall(L, 0, 0, 0) != LUA_OK) {
        fprintf(stderr, "tvmrepl: cannot start: %s\n", luaL_tolstring(L, -1, NULL));
        lua_close(L);
        return NULL;
    }
    return L;
}

bool start_is_screen(int fd)
{
    const char *term = getenv("TERM");
    return isatty(fd) && term && strcmp(term, "dumb") != 0;
}

/* NO_COLOR wins, then CLICOLOR_FORCE, then whether a terminal that knows escapes reads along. */
static bool wants_color(int fd)
{
    const char *no = getenv("NO_COLOR"), *force = getenv("CLICOLOR_FORCE");
    if (no && *no)
        return false;
    if (force && *force && strcmp(force, "0") != 0)
        return true;
    return start_is_screen(fd);
}

/* How wide lines may be that go to a file or another program, 0 for as wide as they are: nobody
** could ask there for what was cut. */
static int asked_columns(void)
{
    enum { LEAST = 20, MOST = 10000 };
    const char *columns = getenv("COLUMNS");
    int n = columns ? atoi(columns) : 0;
    return n >= LEAST && n <= MOST ? n : 0;
}

void start_measure(lua_State *L)
{
    LuaView *view = &session_of(L)->view;
    struct winsize size;
    bool terminal = isatty(STDOUT_FILENO);
    int columns = terminal ? 0 : asked_columns();
    if (terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        view->width = size.ws_col;
        view->height = size.ws_row;
    } else if (columns > 0) {
        view->width = columns;
    }
    view->whole = !terminal;
    view->cut = terminal ? view->width : columns;
}

lua_State *start_session(void)
{
    setlocale(LC_CTYPE, "");
    lua_State *L = start_plain_session();
    if (!L)
        return NULL;
    LuaView *view = &session_of(L)->view;
    view->color = wants_color(STDOUT_FILENO);
    view->color_errors = wants_color(STDERR_FILENO);
    view->utf8 = !isatty(STDOUT_FILENO) || strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    start_measure(L);
    return L;
}

/* ---- the machine ---- */

#if defined(__x86_64__)
static const char *cpu(void)
{
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f"))
        return "x86-64, avx512";
    if (__builtin_cpu_supports("avx2"))
        return __builtin_cpu_supports("fma") ? "x86-64, avx2, fma" : "x86-64, avx2";
    return __builtin_cpu_supports("avx") ? "x86-64, avx" : "x86-64, sse2";
}
#elif defined(__aarch64__)
static const char *cpu(void)
{
    return "aarch64, neon";
}
#elif defined(__riscv)
static const char *cpu(void)
{
    return "riscv64";
}
#else
static const char *cpu(void)
{
    return "this processor";
}
#endif

/* Is there a GPU that the driver in this machine's kernel serves? */
static bool has_gpu(void)
{
    return access("/dev/nvidia0", F_OK) == 0;
}

static const char *gpu(void)
{
    return has_gpu() ? "GPU here" : "no GPU here: GPU programs are emulated, not timed";
}

void start_banner(lua_State *L, FILE *out)
{
    int release = (int)(strrchr(TVMREPL_VERSION, '.') - TVMREPL_VERSION); /* "0.1" of "0.1.0" */
    Arena *A = arena_new(NULL);
    Buf b = buf_new(A);
    const char *what = arena_printf(A, "tvmrepl %.*s · %s · LLVM 19 (%s) · help() · tour()",
                                    release, TVMREPL_VERSION, LUA_VERSION, cpu());
    wrap_text(&b, what, 0, 0, lua_view(L)->width);
    buf_putc(&b, '\n');
    wrap_text(&b, gpu(), 0, 0, lua_view(L)->width);
    fprintf(out, "%s\n", buf_str(&b));
    arena_release(A);
}

#if defined(__x86_64__)
static void cpu_features(FILE *out)
{
    __builtin_cpu_init();
#define FEATURE(name)                 \
    if (__builtin_cpu_supports(name)) \
    fprintf(out, " %s", name)
    FEATURE("sse4.2");
    FEATURE("avx");
    FEATURE("fma");
    FEATURE("avx2");
    FEATURE("avx512f");
    FEATURE("avx512bw");
    FEATURE("avx512dq");
    FEATURE("avx512vl");
    FEATURE("avx512vnni");
#undef FEATURE
}
#else
static void cpu_features(FILE *out)
{
    (void)out;
}
#endif

void start_features(FILE *out)
{
    fprintf(out, "version %s\nlua %s\nllvm 19\ncpu %s\ncpu-features", TVMREPL_VERSION,
            LUA_VERSION_MAJOR "." LUA_VERSION_MINOR "." LUA_VERSION_RELEASE, cpu());
    cpu_features(out);
    fprintf(out, "\nprocessors %d\ngpu %s\n", cores_usable(), has_gpu() ? "nvidia" : "none");
}
