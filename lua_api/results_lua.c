/* results_lua.c -- what tvm.compare, tvm.whatif and m:profile give, described for help.
**
** The values are tables, made by lua_api/scripts/compare.lua.
*/
#include "lua_api/lua_fn.h"

LUA_DOC(comparison_items, "c.items -> list",
        "The Timings, in the order in which the programs were named; c[i] is c.items[i].");
LUA_DOC(
    comparison_shares, "c.shares -> list",
    "Each program's part of the measured peak of as many cores (tvm.peak), from 0 to 1; false where it has none, and\n"
    "more than 1 where it beat what was measured.");
LUA_DOC(comparison_show, "c:show(path?) -> Picture",
        "The timings as bars with their spread; .svg or .png by the path's ending.");

static const LuaFn *const comparison_members[] = {&comparison_items_fn, &comparison_shares_fn,
                                                  &comparison_show_fn, NULL};

static const LuaClass comparison_class = {
    .name = "Comparison",
    .doc =
        "Programs timed against each other, from tvm.compare.  It prints as a table: the median; the spread,\n"
        "half of the middle half of the rounds; how many times faster than the first, with the interval that holds\n"
        "the true ratio in 19 of 20 comparisons under the same load (docs/timing.md); GFLOP/s; % peak,\n"
        "the percentage of what was measured of one core, or of all for a program with a parallel loop (tvm.peak);\n"
        "and a bar, the longer the faster.",
    .members = LUA_MEMBERS(comparison_members),
};

LUA_DOC(
    whatif_adopt, "w:adopt(rank?) -> Schedule",
    "Takes the steps of the row of that rank (1 if not given) on w.schedule, and returns that: s = w:adopt(1).");
LUA_DOC(whatif_schedule, "w.schedule -> Schedule",
        "The schedule that was asked about: the combinations were tried on forks of it.");

LUA_DOC(
    whatif_before, "w.before -> Timing",
    "The schedule as it was, timed in turns with the quickest rows; false where that was interrupted.");
LUA_DOC(whatif_total, "w.total -> integer", "How many combinations there are.");

static const LuaFn *const whatif_members[] = {&whatif_adopt_fn, &whatif_schedule_fn,
                                              &whatif_before_fn, &whatif_total_fn, NULL};

static const LuaClass whatif_class = {
    .name = "WhatIf",
    .doc =
        "Combinations of parameters, timed and ranked, from tvm.whatif: the quickest first, the refused ones\n"
        "last with the reason.  The quickest and the schedule as it was are timed once more in turns, so that\n"
        "a rank is claimed only where a difference was found: 2= is a row without one from the best or the row above, and 9? one\n"
        "that was timed in a short run of its own only, where it was not among the eight quickest or more than a quarter\n"
        "behind the best: its place is not certain.  Where it was interrupted it holds the rows that were finished.  w[1] is the first row: {name, chosen, timing, in_turns}, or {name, chosen, why} if it was\n"
        "refused.",
    .members = LUA_MEMBERS(whatif_members),
};

LUA_DOC(profile_ms, "p.ms -> number",
        "Milliseconds of all kernels, each timed by itself; tvm.time(m) times whole runs.");
LUA_DOC(profile_waited, "p.waited -> number",
        "Which part of the measurement its threads waited for a free processor, 0 to 1.");
LUA_DOC(profile_gflops, "p.gflops -> number",
        "10^9 floating-point operations of a whole run, a second.");

static const LuaFn *const profile_members[] = {&profile_ms_fn, &profile_gflops_fn,
                                               &profile_waited_fn, NULL};

static const LuaClass profile_class = {
    .name = "Profile",
    .doc =
        "Where a run of a model spends its time, from m:profile(): p[i] is a kernel, in the order in which they\n"
        "run: {name, ms, share, spread, gflops}.",
    .members = LUA_MEMBERS(profile_members),
};

void lua_open_results(lua_State *L)
{
    lua_describe_class(L, &comparison_class);
    lua_describe_class(L, &whatif_class);
    lua_describe_class(L, &profile_class);
}
