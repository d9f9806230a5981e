/* timing_lua.c -- timing one thing or several against each other: Timing values,
** tvm.time, tvm.compare. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backends/exec.h"
#include "backends/llvm/options.h"
#include "backends/llvm/peak.h"
#include "core/base/cores.h"
#include "core/base/progress.h"
#include "core/run/stats.h"
#include "lua_api/compare_remarks.h"
#include "lua_api/made_inputs.h"
#include "lua_api/own_name.h"
#include "lua_api/program.h"
#include "lua_api/runnable.h"
#include "lua_api/sched_box.h"
#include "lua_api/scripts.h"
#include "lua_api/session.h"
#include "lua_api/tensor_box.h"
#include "viz/bars.h"

/* ---- what can be timed ---- */

enum { MAX_KINDS = 8, MAX_ITEMS = 64 };
static RunnableKind *kinds[MAX_KINDS];

void runnable_add_kind(RunnableKind *kind)
{
    for (int i = 0; i < MAX_KINDS; i++) {
        if (kinds[i] == kind)
            return;
        if (!kinds[i]) {
            kinds[i] = kind;
            return;
        }
    }
    assert(!"room for another kind");
}

void runnable_release(Runnable *r)
{
    if (r->release)
        r->release(r);
    arena_release(r->arena);
    *r = (Runnable){0};
}

/* Raises where no kind takes the value. */
static void runnable_check(lua_State *L, int idx, const char *target, int inputs, Runnable *out)
{
    idx = lua_absindex(L, idx);
    for (int i = 0; i < MAX_KINDS && kinds[i]; i++)
        if (kinds[i](L, idx, target, inputs, out))
            return;
    void *self = NULL;
    const LuaClass *cls = lua_class_of(L, idx, &self);
    if (cls && !self)
        RAISE(L, object_closed, NULL, cls->name);
    Err err = {0};
    REFUSE(&err, not_runnable, NULL, cls ? cls->name : luaL_typename(L, idx));
    if (cls && strcmp(cls->name, "Graph") == 0)
        err_fix(&err, "m = g:lower() makes a Module of it, which can");
    else if (lua_push_call_first(L, idx))
        err_fix(&err, "%s", lua_tostring(L, -1));
    lua_raise(L, &err);
}

/* ---- Timing ---- */

typedef struct Timing {
    Arena *arena;
    const char *label;
    int n;
    double *samples; /* seconds of one run */
    double flops, bytes, compile_ms;
    double waited; /* the part of the measurement that its threads waited for a free processor */
    int threads;   /* that could run it; 0 where the processor itself did not */
    Stats stats;
} Timing;

static void release_timing(void *self)
{
    arena_release(((Timing *)self)->arena);
}

static void timing_tostring(lua_State *L, void *self)
{
    const Timing *t = self;
    bool utf8 = lua_view(L)->utf8;
    Arena *A = lua_scratch(L, NULL);
    Buf b = buf_new(A);
    buf_printf(&b, "%s: median %s, half of the runs in %s %s %s, %d rounds",
               text_cut(A, t->label, 60), text_seconds(A, t->stats.median, utf8),
               text_seconds(A, t->stats.q1, utf8), utf8 ? "…" : "to",
               text_seconds(A, t->stats.q3, utf8), t->n);
    if (t->flops > 0)
        buf_printf(&b, ", %.3g GFLOP/s", t->flops / t->stats.median * 1e-9);
    if (t->waited >= 0.05)
        buf_printf(&b, ", waited %.0f%% of the time for a free processor", 100 * t->waited);
    lua_scratch_text(L, A, buf_str(&b));
}

static void set_number(lua_State *L, const char *key, double v)
{
    lua_pushnumber(L, v);
    lua_setfield(L, -2, key);
}

/* The numbers, for `--json`. */
static int timing_display(lua_State *L, void *self, const char *kind)
{
    const Timing *t = self;
    if (strcmp(kind, "json") != 0)
        return 0;
    lua_createtable(L, 0, 13);
    lua_pushliteral(L, "Timing");
    lua_setfield(L, -2, "type");
    lua_pushstring(L, t->label);
    lua_setfield(L, -2, "label");
    set_number(L, "median", t->stats.median);
    set_number(L, "min", t->stats.min);
    set_number(L, "q1", t->stats.q1);
    set_number(L, "q3", t->stats.q3);
    set_number(L, "spread", (t->stats.q3 - t->stats.q1) / (2 * t->stats.median));
    if (t->flops > 0)
        set_number(L, "gflops", t->flops / t->stats.median * 1e-9);
    set_number(L, "compile_ms", t->compile_ms);
    set_number(L, "waited", t->waited);
    lua_pushinteger(L, t->n);
    lua_setfield(L, -2, "rounds");
    lua_pushinteger(L, t->threads);
    lua_setfield(L, -2, "threads");
    timing_tostring(L, self);
    lua_setfield(L, -2, "text");
    return 1;
}

#define NUMBER_FIELD(id, name, value, doc)                \
    LUA_FN(timing_##id, "t." name " -> number", doc)      \
    {                                                     \
        const Timing *t = lua_check(L, 1, &timing_class); \
        lua_pushnumber(L, value);                         \
        return 1;                                         \
    }

NUMBER_FIELD(median, "median", t->stats.median, "The median of the rounds, in seconds.")
NUMBER_FIELD(min, "min", t->stats.min, "The quickest round, in seconds.")
NUMBER_FIELD(q1, "q1", t->stats.q1, "The first quartile, in seconds.")
NUMBER_FIELD(q3, "q3", t->stats.q3, "The third quartile, in seconds.")
NUMBER_FIELD(rounds, "rounds", (double)t->n, "How many rounds were measured.")
NUMBER_FIELD(gflops, "gflops", t->flops / t->stats.median * 1e-9,
             "10^9 floating-point operations of the program as written, a second.")
NUMBER_FIELD(compile_ms, "compile_ms", t->compile_ms,
             "From the program's text to callable code, in milliseconds.")

NUMBER_FIELD(
    waited, "waited", t->waited,
    "Which part of the measurement its threads waited for a free processor, 0 to 1: what it says holds for such a load.")

NUMBER_FIELD(
    threads, "threads", (double)t->threads,
    "How many threads could run it: 1 without a parallel loop, 0 where the processor itself did not.")

LUA_FN(timing_label, "t.label -> string", "The mark or the name of what was timed.")
{
    const Timing *t = lua_check(L, 1, &timing_class);
    lua_pushstring(L, t->label);
    return 1;
}

LUA_FN(timing_samples, "t.samples -> list",
       "The rounds, in seconds, in the order in which they were made.")
{
    const Timing *t = lua_check(L, 1, &timing_class);
    lua_new_list(L, (size_t)t->n);
    for (int i = 0; i < t->n; i++) {
        lua_pushnumber(L, t->samples[i]);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

static const LuaFn *const timing_members[] = {
    &timing_median_fn, &timing_min_fn,    &timing_q1_fn,         &timing_q3_fn,
    &timing_rounds_fn, &timing_gflops_fn, &timing_compile_ms_fn, &timing_threads_fn,
    &timing_waited_fn, &timing_label_fn,  &timing_samples_fn,    NULL};

const LuaClass timing_class = {.name = "Timing",
                               .doc = "How long something took: a value with its spread.",
                               .size = sizeof(Timing),
                               .members = LUA_MEMBERS(timing_members),
                               .tostring = timing_tostring,
                               .display = timing_display,
                               .release = release_timing};

static int cores(void)
{
    int n = cores_usable();
    return n > PEAK_MAX_THREADS ? PEAK_MAX_THREADS : n;
}

/* Pushes the Timing of rounds that were measured. */
static Timing *push_timing(lua_State *L, const Runnable *r, const double *samples, int n)
{
    Timing *t = lua_box(L, &timing_class);
    t->arena = arena_new(NULL);
    t->label = arena_strdup(t->arena, r->label);
    t->n = n;
    t->samples = ARENA_ARRAY(t->arena, double, n);
    memcpy(t->samples, samples, (size_t)n * sizeof *samples);
    t->flops = r->flops;
    t->bytes = r->bytes;
    t->compile_ms = r->compile_ms;
    t->threads = r->elsewhere         ? 0
                 : !r->parallel       ? 1
                 : r->job.threads > 0 ? r->job.threads
                                      : cores();
    t->stats = stats_of(samples, n);
    return t;
}

/* ---- measuring ---- */

/* Runnables in a box, so that an error on the way releases them. */
typedef struct Bench {
    int n;
    Runnable at[MAX_ITEMS];
} Bench;

static void release_bench(void *self)
{
    Bench *b = self;
    for (int i = 0; i < b->n; i++)
        runnable_release(&b->at[i]);
    b->n = 0;
}

static const LuaClass bench_class = {
    .name = "bench", .size = sizeof(Bench), .release = release_bench};

/* Says that they are timed.  As the processor writes nothing meanwhile, at once where it may take
** long: each round runs all of them, and slow code does an operation in a nanosecond. */
static void say_timed(const Runnable *r, int n, const TimerPlan *plan)
{
    double flops = 0;
    for (int i = 0; i < n; i++)
        flops += r[i].flops;
    if (n > 1)
        progress_say(PROGRESS_PHASE, "timing %d programs in turns", n);
    else
        progress_say(PROGRESS_PHASE, "timing %s", r->label);
    progress_expect(n * plan->repeat * plan->min_repeat_ms * 1e-3 + flops * 1e-9 * plan->repeat);
}

/* How the call that is running would be typed with the inputs: of the items of the list at index 1,
** those with a name by that. */
static const char *call_with_inputs(lua_State *L, Arena *A, const char *inputs)
{
    Buf b = buf_new(A);
    const char *sig = lua_signature(L);
    bool alone = strncmp(sig, "tvm.time(", 9) == 0;
    buf_printf(&b, "%.*s(%s", (int)strcspn(sig, "("), sig, alone ? "" : "{ ");
    for (lua_Integer i = 1; lua_rawgeti(L, 1, i) != LUA_TNIL; i++) {
        bool named = own_push_name(L, -1);
        buf_printf(&b, "%s%s", i > 1 ? ", " : "", named ? lua_tostring(L, -1) : "…");
        lua_pop(L, 1 + named);
    }
    lua_pop(L, 1);
    buf_printf(&b, "%s, { inputs = %s })", alone ? "" : " }", inputs);
    return buf_str(&b);
}

static bool has_kernel_of(const Runnable *r, const Err *err)
{
    for (int k = 0; k < r->job.ncalls; k++) {
        const char *name = r->job.calls[k].kernel->name;
        if (strncmp(err->why, name, strlen(name)) == 0)
            return true;
    }
    return false;
}

/* Where an index was outside, of a kernel whose inputs were made up, the error says so. */
static void explain_made(lua_State *L, const Runnable *r, int n, Err *err)
{
    int i = 0;
    while (i < n && !has_kernel_of(&r[i], err))
        i++;
    if (i == n || !r[i].typed_inputs || !made_inputs_fault(err))
        return;
    Arena *A = lua_scratch(L, NULL);
    const char *typed = r[i].typed_inputs(A, &r[i]);
    if (typed) {
        made_inputs_say(err);
        err_fix(err, "give inputs that fit: %s", call_with_inputs(L, A, typed));
    }
    lua_scratch_end(L, A);
}

/* Measures n of them against each other and pushes a list of Timings, in order. */
static int push_timings(lua_State *L, Runnable *r, int n, const TimerPlan *plan, int threads)
{
    Arena *A = lua_scratch(L, NULL);
    ExecJob *jobs = ARENA_ARRAY(A, ExecJob, n);
    double *samples = ARENA_ARRAY(A, double, n *timer_room(plan));
    double waited = 0;
    int rounds = 0;
    Err err = {0};
    for (int i = 0; i < n; i++) {
        r[i].job.threads = threads;
        jobs[i] = r[i].job;
    }
    say_timed(r, n, plan);
    bool ok = exec_time(jobs, n, plan, samples, &rounds, &waited, &err);
    progress_done(PROGRESS_PHASE);
    lua_new_list(L, (size_t)n);
    for (int i = 0; i < n && ok; i++) {
        Timing *t = push_timing(L, &r[i], samples + (size_t)i * (size_t)timer_room(plan), rounds);
        t->waited = waited;
        lua_rawseti(L, -2, i + 1);
    }
    lua_scratch_end(L, A);
    if (!ok)
        explain_made(L, r, n, &err);
    return ok ? 1 : lua_raise(L, &err);
}

static const char *const option_keys[] = {"target",  "number", "repeat", "min_repeat_ms",
                                          "threads", "limit",  "inputs", NULL};

/* Pushes the inputs among the options and returns their index, or 0 where there are none. */
static int push_inputs(lua_State *L, int arg)
{
    int type = opt_push(L, arg, "inputs");
    if (type == LUA_TNIL)
        return 0;
    if (type != LUA_TTABLE && !test_tensor(L, -1))
        opt_wrong(L, "inputs", "a list of tensors, or a table by name, { A = a, B = b }");
    return lua_gettop(L);
}

static TimerPlan plan_options(lua_State *L, int arg)
{
    TimerPlan plan = timer_plan();
    arg_options(L, arg, option_keys);
    plan.number = (int)opt_int(L, arg, "number", 1, 1000000000, plan.number ? plan.number : 1);
    int repeat = (int)opt_int(L, arg, "repeat", 1, 100000, 0);
    if (repeat > 0)
        plan.repeat = plan.most = repeat;
    plan.min_repeat_ms = opt_number(L, arg, "min_repeat_ms", plan.min_repeat_ms);
    plan.limit_s = opt_number(L, arg, "limit", plan.limit_s);
    return plan;
}

/* The items of the list at index 1, built for options.target, measured with the
** options at index 2. */
static int time_list(lua_State *L)
{
    if (lua_class_of(L, 1, NULL)) {
        Err err = {0};
        REFUSE(&err, argument_type, NULL, 1, "a list", arg_describe(L, 1), "");
        err_fix(&err, "the programs stand in braces: tvm.compare { s:at(0), s }");
        return lua_raise(L, &err);
    }
    size_t n = arg_list(L, 1, MAX_ITEMS);
    refuse_named(L, 1, n);
    TimerPlan plan = plan_options(L, 2);
    const char *target = opt_str(L, 2, "target", NULL);
    int threads = (int)opt_int(L, 2, "threads", 0, PEAK_MAX_THREADS, 0);
    if (n == 0)
        return RAISE(L, list_empty, NULL);
    int inputs = push_inputs(L, 2);
    Bench *b = lua_box(L, &bench_class);
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, 1, (lua_Integer)i + 1);
        b->n = (int)i + 1;
        if (n > 1)
            progress_say(PROGRESS_PROGRAM, "program %zu of %zu", i + 1, n);
        runnable_check(L, -1, target, inputs, &b->at[i]);
        lua_pop(L, 1);
    }
    progress_done(PROGRESS_PROGRAM);
    label_rows(L, 1, b->at, n);
    push_timings(L, b->at, b->n, &plan, threads);
    release_bench(b);
    return 1;
}

LUA_FN(tvm_clock, "tvm.clock() -> number",
       "Seconds on a clock that never goes back; only differences mean something.")
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    lua_pushnumber(L, (double)t.tv_sec + (double)t.tv_nsec * 1e-9);
    return 1;
}

LUA_FN(
    tvm_time_limit, "tvm.time_limit(seconds?) -> number",
    "How long one run of a kernel or a model may take before it is stopped; returns what was said before. 0, as at\n"
    "first, leaves it to the workbench, which allows 10 seconds and more for long programs. Without an argument nothing\n"
    "changes.\n"
    "> tvm.time_limit(600)\n"
    "0.0\n"
    "> tvm.time_limit(0)\n"
    "600.0")
{
    double before = exec_limit_runs(0), seconds = arg_number_or(L, 1, before);
    exec_limit_runs(before);
    if (!(seconds >= 0 && seconds < 1e9))
        return arg_wrong(L, 1, "a number of seconds, or 0");
    exec_limit_runs(seconds);
    lua_pushnumber(L, before);
    return 1;
}

LUA_FN(
    tvm_time, "tvm.time(program, options?) -> Timing",
    "Builds a Func, Version, Schedule or Module, and measures it in the runner process: rounds of at least\n"
    "min_repeat_ms = 2, repeat = 21 of them.  Further options: number, threads (0: all cores), target, limit\n"
    "(seconds in all), inputs: a list of tensors in the order of the parameters, or a table by name.  Without them it\n"
    "makes some up: floats from -1 to 1, integers from 0 to 100, and of those that are indices what fits.  A program with loops bound to a GPU's threads is timed on that, copies to it included; without\n"
    "one it is refused, unless a target is named that runs it otherwise, and then the label says so.\n"
    "> d, a = tvm.tensor({ 0, 4, 8 }, \"int64\"), tvm.random { 9 }\n"
    "> f = te \"D: int64[3]; A: float32[9]; B[i] = A[D[i]]\"\n"
    "> tvm.time(f, { inputs = { D = d, A = a } }).rounds\n"
    "21.0")
{
    if (lua_isnoneornil(L, 1))
        return arg_wrong_program(L, 1, "a Func, a Version, a Schedule, a Kernel or a Module");
    lua_settop(L, 2);
    lua_createtable(L, 1, 0);
    lua_pushvalue(L, 1);
    lua_rawseti(L, -2, 1);
    lua_replace(L, 1);
    time_list(L);
    lua_rawgeti(L, -1, 1);
    return 1;
}

/* ---- comparing ---- */

LUA_FN(
    tvm_time_all, "tvm.time_all(list, options?) -> list",
    "The Timings of several programs, measured in rounds that take each once, in an order drawn anew; as many rounds as\n"
    "for tvm.compare.")
{
    lua_settop(L, 2);
    return time_list(L);
}

LUA_FN(
    tvm_verdict, "tvm.verdict(a, b) -> table",
    "How Timing a compares with Timing b of the same rounds: {ratio, low, high, text}: how many times a is\n"
    "faster, the median of the rounds' ratios; its 95 % interval; and \"no difference\" where none was found, \"too\n"
    "few rounds\" where fewer than 5 were made.")
{
    const Timing *a = lua_check(L, 1, &timing_class), *b = lua_check(L, 2, &timing_class);
    Comparison c = stats_compare(a->samples, b->samples, a->n < b->n ? a->n : b->n, 0.01);
    char text[64];
    lua_createtable(L, 0, 4);
    lua_pushnumber(L, c.ratio);
    lua_setfield(L, -2, "ratio");
    lua_pushnumber(L, c.low);
    lua_setfield(L, -2, "low");
    lua_pushnumber(L, c.high);
    lua_setfield(L, -2, "high");
    lua_pushstring(L, stats_verdict_text(&c, text));
    lua_setfield(L, -2, "text");
    return 1;
}

/* Calls a function of the script compare.lua with what is on the stack from index 1
** on, and more. */
static int call_script(lua_State *L, const char *name, int nargs)
{
    lua_push_script(L, "compare");
    lua_getfield(L, -1, name);
    lua_remove(L, -2);
    lua_insert(L, 1);
    lua_call(L, nargs, 1);
    return 1;
}

LUA_FN(
    tvm_compare, "tvm.compare(list, options?) -> Comparison",
    "Builds and times the programs of a list against each other, in 21 rounds, 63 where these leave it open, or\n"
    "as many as options[\"repeat\"] says: a table of medians, spreads (half of the middle half), how many times faster\n"
    "than the first, with its interval or \"no difference\", GFLOP/s and % peak: the percentage of what as many cores as the\n"
    "row's program uses (one without a parallel loop, else all, or options.threads) reached in a measurement,\n"
    "tvm.peak(cores).  tvm.compare{s:at(0), s}.  Options as for tvm.time.  Of 20 such intervals about 19 hold the ratio\n"
    "that very many rounds under the same load would give (docs/timing.md); a line below the table says where a program\n"
    "waited so long for a processor that another load would give another ratio (other programs, more threads than\n"
    "processors or a container's limit may be the reason), and which rows are one program, or compute different things.\n"
    "> s = tvm.schedule(te \"A: float32[9]; B[i] = A[i]*A[i]\")\n"
    "> s:vectorize \"i\"\n"
    "step 1  vectorize i\n"
    "> c = tvm.compare({ s:at(0), s }, { inputs = { tvm.arange { 9 } } })\n"
    "> #c\n"
    "2")
{
    lua_settop(L, 2);
    time_list(L);
    push_remarks(L, 1);
    lua_replace(L, 2);
    lua_replace(L, 1);
    lua_settop(L, 2);
    return call_script(L, "compare", 2);
}

LUA_FN(
    tvm_peak, "tvm.peak(threads?, options?) -> number, remark",
    "How many GFLOP/s of float32 multiply-adds so many of this machine's cores reach, all unless said, in a loop that\n"
    "touches no memory: what the column \"% peak\" is relative to.  The best of many short runs, measured when it is\n"
    "first asked for; again = true measures once more, and the highest that was measured counts.  Where other programs\n"
    "had the processors meanwhile and n cores stayed below n times one, a remark says so, and the next call measures\n"
    "once more.")
{
    static const char *const keys[] = {"again", NULL};
    int threads = (int)arg_int_or(L, 1, 1, PEAK_MAX_THREADS, cores());
    arg_options(L, 2, keys);
    Err err = {0};
    Peak peak = llvm_peak(DT_float32, threads, opt_bool(L, 2, "again", false), &err);
    if (peak.gflops <= 0)
        return lua_raise(L, &err);
    lua_pushnumber(L, peak.gflops);
    if (peak.waited == 0)
        return 1;
    lua_pushfstring(
        L,
        "the peak of %d cores, %d GFLOP/s, was measured while %d%% of the time was spent "
        "waiting for a free processor: the peak may be higher",
        threads, (int)(peak.gflops + 0.5), (int)(100 * peak.waited + 0.5));
    return 2;
}

LUA_FN(
    tvm_has_fma, "tvm.has_fma() -> boolean",
    "Does the processor that code is made for, this machine's or the one that TVMREPL_MCPU names in the environment,\n"
    "multiply and add in one instruction?  Where not, a contracted product calls a function for each of its terms: the\n"
    "results are the same, but it is many times slower than one that is not contracted.")
{
    lua_pushboolean(L, llvm_machine().fma);
    return 1;
}

/* Adds the value on top, as it is written in a script; of a table, only that there is one. */
static void put_value(lua_State *L, Buf *b)
{
    if (lua_type(L, -1) == LUA_TSTRING)
        buf_printf(b, ", \"%s\"", lua_tostring(L, -1));
    else if (lua_isinteger(L, -1))
        buf_printf(b, ", %lld", (long long)lua_tointeger(L, -1));
    else
        buf_puts(b, ", …");
}

/* {ty = {4, 8}, tx = {32, 64}} has no order: the rows that it would be, in that of the names; NULL
** if it is no such table. */
static const char *grid_by_names(lua_State *L, int arg, Arena *A)
{
    const char *row[MAX_ITEMS];
    size_t n = 0;
    for (lua_pushnil(L); lua_istable(L, arg) && lua_next(L, arg); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING || !lua_istable(L, -1) || n == MAX_ITEMS)
            return NULL;
        Buf b = buf_new(A);
        buf_printf(&b, "{\"%s\"", lua_tostring(L, -2));
        for (lua_Integer i = 1; lua_rawgeti(L, -1, i) != LUA_TNIL; i++, lua_pop(L, 1))
            put_value(L, &b);
        lua_pop(L, 1);
        buf_putc(&b, '}');
        row[n++] = buf_str(&b);
    }
    qsort(row, n, sizeof *row, text_order);
    Buf all = buf_new(A);
    for (size_t i = 0; i < n; i++)
        buf_printf(&all, "%s%s", i ? ", " : "", row[i]);
    return n ? buf_str(&all) : NULL;
}

static int refuse_grid(lua_State *L, int arg)
{
    static const char rows[] = "a list of rows, such as {{\"ty\", 4, 8}, {\"tx\", 32, 64}}";
    Err err = {0};
    Arena *A = lua_scratch(L, NULL);
    int top = lua_gettop(L);
    const char *named = grid_by_names(L, arg, A);
    lua_settop(L, top);
    if (named) {
        REFUSE(&err, argument_type, NULL, arg, rows, "a table by names, which has no order", "");
        err_fix(&err, "{%s} is that as rows; the last goes round first", named);
    }
    lua_scratch_end(L, A);
    return named ? lua_raise(L, &err) : arg_wrong(L, arg, rows);
}

/* What is wrong with the row on top. */
static const char *row_trouble(lua_State *L)
{
    if (!lua_istable(L, -1))
        return arg_describe(L, lua_gettop(L));
    if (lua_rawgeti(L, -1, 1) != LUA_TSTRING)
        return "a table that begins with no name";
    return lua_pushfstring(L, "only the name \"%s\"", lua_tostring(L, -1));
}

/* A grid is a list of rows, for their order counts: {{"ty", 4, 8}, {"tx", 32, 64}}. */
static void check_grid(lua_State *L, int arg)
{
    static const char row[] = "a name and its values, such as {\"ty\", 4, 8}";
    size_t n = lua_istable(L, arg) && lua_rawlen(L, arg) == 0 ? 0 : arg_list(L, arg, MAX_ITEMS);
    if (n == 0)
        refuse_grid(L, arg);
    int top = lua_gettop(L);
    for (size_t i = 1; i <= n; i++) {
        bool is_row = lua_rawgeti(L, arg, (lua_Integer)i) == LUA_TTABLE && lua_rawlen(L, -1) >= 2 &&
                      lua_rawgeti(L, -1, 1) == LUA_TSTRING;
        lua_settop(L, top + 1);
        if (!is_row)
            RAISE(L, element_type, NULL, (int)i, arg, row, row_trouble(L), lua_signature(L));
        lua_settop(L, top);
    }
}

/* A program that is no Schedule can become one. */
static int raise_no_schedule(lua_State *L, int arg)
{
    Program p = {0};
    Err err = {0};
    if (!program_test(L, arg, &p))
        return arg_wrong(L, arg, "a Schedule, as tvm.schedule makes of a program");
    REFUSE(&err, argument_type, NULL, arg, "a Schedule", arg_describe(L, arg), "");
    const char *name = own_push_name(L, arg) ? lua_tostring(L, -1) : "…";
    err_fix(&err, "tvm.schedule(%s) makes one of it", name);
    return lua_raise(L, &err);
}

LUA_FN(
    tvm_whatif, "tvm.whatif(f, grid, schedule, options?) -> WhatIf",
    "Tries every combination of a grid such as {{\"ty\", 4, 8}, {\"tx\", 32, 64}}: f(s, p) takes steps on a fork\n"
    "of the schedule with p.ty and p.tx; each is timed in a short run, and the quickest once more in turns with the\n"
    "schedule as it was.  The table is ranked as far as differences were found.  Refused combinations\n"
    "are listed with the reason.  Options as for tvm.time, inputs among them.  An interruption keeps the rows that are finished; a second one ends the\n"
    "input or the script.  w:adopt(1) takes the best.")
{
    arg_function(L, 1);
    check_grid(L, 2);
    if (!test_sched(L, 3))
        return raise_no_schedule(L, 3);
    plan_options(L, 4);
    check_timed_inputs(L, 3, push_inputs(L, 4));
    lua_settop(L, 4);
    lua_push_script(L, "compare");
    lua_getfield(L, -1, "whatif");
    lua_replace(L, -2);
    lua_insert(L, 1);
    /* The rows tell what was tried; w:adopt() tells the steps it takes */
    session_call_unheard(L, 4, 1);
    return 1;
}

void lua_open_timings(lua_State *L)
{
    static const LuaFn *const functions[] = {
        &tvm_clock_fn,   &tvm_time_limit_fn, &tvm_time_fn,    &tvm_time_all_fn, &tvm_verdict_fn,
        &tvm_compare_fn, &tvm_peak_fn,       &tvm_has_fma_fn, &tvm_whatif_fn,   NULL};
    lua_put_functions(L, functions);
    lua_put_class(L, &timing_class);
    lua_put_class(L, &bench_class);
}
