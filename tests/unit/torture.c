/* torture.c -- the n-th allocation fails, for n = 0, 1, 2 …: each time Lua raises,
** and nothing is lost or broken.  Under the sanitizers a box that was acquired before
** it belonged to Lua leaks here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "backends/worker/worker.h"
#include "core/base/arena.h"
#include "lua_api/lua_fn.h"
#include "tests/trials.h"
#include "viz/draw.h"

static long countdown = -1; /* allocations that still succeed; negative: all of them */

static void *failing(void *env, void *old, size_t had, size_t size)
{
    (void)env;
    if (!old)
        had = 0; /* what it says then is the kind of object */
    if (size == 0) {
        free(old);
        return NULL;
    }
    if (countdown == 0 && size > had)
        return NULL; /* this one, and all that follow */
    countdown -= countdown > 0 && size > had;
    return realloc(old, size);
}

static const char *script;

static const char plain[] =
    "local ok, e = pcall(setmetatable, 1)\n"
    "if ok or type(e) ~= 'userdata' then error(e) end\n"
    "assert(e.code == 'argument_type' and #e.why > 0 and #e.fix > 0 and #tostring(e) > 0)\n"
    "assert(tvm.grep('one\\ntwo', 'T', { ignore_case = true, context = 1 }) == '1- one\\n2: two')\n"
    "local co = coroutine.wrap(function(...) coroutine.yield(pcall(coroutine.yield, ...)) end)\n"
    "assert(co(5) == 5 and co(6))\n"
    "assert(load('return 1 + 1')() == 2)\n"
    "local t = table.move({ 1, 2, 3 }, 1, 3, 2)\n"
    "assert(#t == 4 and not xpcall(error, tostring, 'no'))\n"
    "do local closed <close> = e end\n"
    "assert(not pcall(function() return e.why end))\n";

/* An error that is caught must be ours and not a lack of memory, which goes on. */
static const char expressions[] =
    "local f = te.func('mm', function(n)\n"
    "  local A, B = te.placeholder({ n, n }, 'float32', 'A'), te.placeholder({ n, n }, 'float32', 'B')\n"
    "  local k = te.reduce_axis(n, 'k')\n"
    "  return te.compute({ n, n }, function(y, x) return te.sum(A(k, y) * B[k][x] + 1, k) end, 'C')\n"
    "end)\n"
    "local p = f(8)\n"
    "assert(tostring(p) ~= '')\n"
    "assert(tvm.parse(p:ir()) == p)\n"
    "assert(#p:names 'loops' == 3 and p:block 'C' and p:buffer 'A')\n"
    "local s = tvm.schedule(p)\n"
    "s:split('y', 4, 'yo', 'yi')\n"
    "s:steps(function(q) q:vectorize 'x' end)\n"
    "s:mark 'here'\n"
    "assert(s:try('parallel', 'nothing') == nil)\n"
    "s:cache_write('C', 'local')\n"
    "assert(s:at 'here' and s:back(1) and #s:history() > 0 and #s:trace() > 0 and #s:diff(0) > 0 and #s:lowered() > 0)\n"
    "local order = s:order('y', 'x')\n"
    "assert(#order.text > 0 and #s:grep 'C' > 0 and s:fork():fingerprint() == s:fingerprint())\n";

static const char graphs[] =
    "local g = tvm.graph('net', function(b)\n"
    "  local x = b:input('x', 'float32', { 2, 3 })\n"
    "  return b:relu(x * 2.0 - 1.0), (b:reduce_sum(x, { 1 }, { keepdims = 0 }))\n"
    "end)\n"
    "assert(#tostring(g) > 0 and tvm.parse_graph(g:text(), g) == g)\n"
    "local fused = g:fuse()\n"
    "assert(fused:why() and #g:diff(fused) > 0)\n"
    "assert(#g:ops() > 0 and #g:nodes() > 0 and #tvm.op 'relu' > 0)\n"
    "local m = fused:lower()\n"
    "assert(#tostring(m) > 0 and #m:kernels() > 0)\n"
    "local x = tvm.tensor({ { 0, 1, 2 }, { -1, 0, 3 } }, 'float32')\n"
    "local y, z = m:interpret { x }\n"
    "assert(y == tvm.tensor({ { 0, 1, 3 }, { 0, 0, 5 } }, 'float32'))\n"
    "assert(z == tvm.tensor({ 3, 2 }, 'float32'))\n"
    "assert(tvm.check(y, y).ok and #tostring(tvm.check(y, y:transpose():transpose())) > 0 and #tostring(x) > 0)\n"
    "local s = tvm.default(m:schedule(m:kernels()[1]))\n"
    "assert(m:with(m:kernels()[1], s))\n";

static const char imports[] =
    "local g = tvm.import 'tutorials/models/digits.onnx'\n"
    "assert(#tostring(g) > 0 and #g:node 'conv2' > 0 and g:data 'conv2.w' and #g:inputs() == 1 and g:unsupported() == '')\n"
    "local m = g:fuse():lower()\n"
    "assert(#m:schedule 'conv2':ir() > 0)\n";

static const char runs[] =
    "local s = tvm.schedule(tvm.parse('func f(A: float32[8]) -> B: float32[8]:\\n  for i in range(8):\\n    block B(i):\\n      B[i] = A[i] * 2'))\n"
    "local a = tvm.arange { 8 }\n"
    "local at_first = s:at(0)\n"
    "s:split('i', 3)\n"
    "assert(s:check(a) == s:build 'interp':run(a) and s:build 'check':run(a) == at_first:check { A = a })\n"
    "assert(s:check())\n";

/* What the others leave out: steps of every kind and looks at them; tensors;
** expressions; measuring. */
static const char steps[] =
    "local f = te.func('f', function()\n"
    "  local A = te.placeholder({ 8, 8 }, 'float32', 'A')\n"
    "  local P = te.compute({ 8, 8 }, function(y, x) return A(y, x) * 2 end, 'P')\n"
    "  local k = te.reduce_axis(8, 'k')\n"
    "  local C = te.compute({ 8, 8 }, function(y, x) return te.sum(P(y, k) * A(k, x), k) end, 'C')\n"
    "  return te.compute({ 8, 8 }, function(y, x) return te.max(C(y, x), 0) end, 'D')\n"
    "end)()\n"
    "local s = tvm.schedule(f)\n"
    "s:compute_inline 'P'\n"
    "s:undo() s:redo() s:undo()\n"
    "assert(s:try('reverse_compute_inline', 'D') == nil)\n"
    "s:tile('C/y', 'C/x', 4, 4, 'yo', 'xo', 'yi', 'xi')\n"
    "s:reverse_compute_at('D', 'xo')\n"
    "s:compute_at('P', 'yo')\n"
    "s:reorder('C/k', 'C/xi')\n"
    "s:unroll 'C/xi'\n"
    "s:annotate('yo', 'kept', 1)\n"
    "s:cache_read('C', 'A', 'shared')\n"
    "s:decompose_reduction('C', 'C/k')\n"
    "s:set_scope('P', 'local')\n"
    "s:note 'here'\n"
    "s:why_not('parallel', 'yo')\n"
    "assert(#s:select 'C.*' > 0 and s:verify())\n"
    "local g = tvm.schedule(f)\n"
    "g:split('P/x', 4) g:bind('P/y', 'threadIdx.x')\n"
    "g:block 'P'\n";

static const char tensors[] =
    "local x, y = tvm.random({ 2, 3 }), tvm.full({ 2, 3 }, 2)\n"
    "local z = ((x + y) * y - x / y) // 1 % 3\n"
    "assert(#z == 2 and -x and z.dtype == 'float32' and z.shape[2] == 3 and z.bytes == 24 and #z.hash > 0)\n"
    "assert(z:reshape { 3, 2 }:transpose():slice(0, 0, 1):astype 'int32':totable())\n"
    "assert(z:max() >= z:min() and z:mean() and z:argmax() and tvm.zeros { 2 }[1] == 0)\n"
    "local d = tvm.check(x, y)\n"
    "assert(not d.ok and d.count == 6 and d.max_abs and d.max_rel and d.max_ulp and d.first)\n"
    "local f = te.func('f', function()\n"
    "  local A = te.placeholder({ 4 }, 'float32', 'A')\n"
    "  return te.compute({ 4 }, function(i)\n"
    "    local v = A(i)\n"
    "    for _, n in ipairs { 'abs', 'ceil', 'cos', 'cosh', 'erf', 'exp', 'exp2', 'expm1', 'floor', 'log', 'log1p', 'log2', 'round',\n"
    "                         'rsqrt', 'sigmoid', 'sin', 'sinh', 'sqrt', 'tanh', 'trunc' } do v = te[n](v) end\n"
    "    local c = te.all(te.any(te.isnan(v), te.isinf(v)), te.lt(v, 1))\n"
    "    c = te.any(c, te.all(te.le(v, 2), te.any(te.gt(v, 3), te.all(te.ge(v, 4), te.any(te.eq(v, 5), te.ne(v, 6))))))\n"
    "    return te.select(c, te.cast('float32', i), te.min(v, 1))\n"
    "  end, 'B')\n"
    "end)()\n"
    "assert(#f:ir() > 0)\n";

static const char measures[] =
    "local s = tvm.schedule(tvm.parse('func f(A: float32[8]) -> B: float32[8]:\\n  for i in range(8):\\n    block B(i):\\n      B[i] = A[i] * 2'))\n"
    "local how = { target = 'interp', number = 1, ['repeat'] = 2, min_repeat_ms = 0 }\n"
    "local fork = s:fork()\n"
    "fork:split('i', 4)\n"
    "local c = tvm.compare({ s, fork }, how)\n"
    "assert(#tostring(c) > 0 and #c.items > 0 and tvm.bars(tvm.time_all({ s, fork }, how)))\n"
    "local t = tvm.time_all({ s, fork }, how)\n"
    "assert(t[1].median and t[1].samples and tvm.verdict(t[1], t[2]) and tvm.time(s, how).min)\n"
    "local w = tvm.whatif(function(q, p) q:split('i', p.n) end, { { 'n', 2, 4 } }, s, how)\n"
    "assert(#tostring(w) > 0)\n"
    "w:adopt(1)\n"
    "assert(tvm.passes() and tvm.clock())\n";

static int run_script(lua_State *L)
{
    luaL_checkversion(L);
    if (luaL_loadbufferx(L, script, strlen(script), "=script", "t") != LUA_OK)
        return lua_error(L);
    lua_call(L, 0, 0);
    return 0;
}

/* Nothing is reachable any more, nor held. */
static void forget_all(lua_State *L)
{
    lua_settop(L, 0);
    lua_hold(L, NULL, NULL);
    lua_gc(L, LUA_GCCOLLECT);
    lua_gc(L, LUA_GCCOLLECT);
}

static int open_all(lua_State *L)
{
    lua_open_workbench(L);
    return 0;
}

static int call(lua_State *L, lua_CFunction f)
{
    lua_settop(L, 0);
    lua_pushcfunction(L, f);
    return lua_pcall(L, 0, 0, 0);
}

/* One state; its n-th allocation from the beginning of the script on fails, for n by `stride`. */
static void survives(const char *text, long stride)
{
    script = text;
    if (is_full_run())
        stride = 1;
    size_t arenas = arena_count();
    lua_State *L = lua_newstate(failing, NULL);
    assert_non_null(L);
    assert_int_equal(call(L, open_all), LUA_OK);
    size_t held = arena_count();
    int status = LUA_ERRMEM;
    for (long n = 0; status == LUA_ERRMEM && n < 1000000; n += stride) {
        lua_gc(L, LUA_GCCOLLECT);
        countdown = n;
        status = call(L, run_script);
        countdown = -1;
        if (status != LUA_OK && status != LUA_ERRMEM)
            fail_msg("allocation %ld: %s", n, luaL_tolstring(L, -1, NULL));
        forget_all(L);
        if (arena_count() != held)
            fail_msg("allocation %ld loses %zu arenas", n, arena_count() - held);
    }
    if (status != LUA_OK)
        fail_msg("%s", luaL_tolstring(L, -1, NULL));
    lua_close(L);
    assert_int_equal(arena_count(), arenas);
}

static void scripts_survive(void **state)
{
    (void)state;
    survives(plain, 13);
    survives(expressions, 31);
    survives(graphs, 31);
    survives(imports, 31);
    survives(runs, 13);
    survives(steps, 97);
    survives(tensors, 31);
    survives(measures, 31);
}

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#else
static void __lsan_disable(void) {}
static void __lsan_enable(void) {}
#endif

/* The n-th chunk of an arena cannot be had: an error of ours, no arena is lost, and the script runs
** to its end the next time. */
static void arenas_survive(const char *text, long stride)
{
    script = text;
    if (is_full_run())
        stride = 1;
    __lsan_disable();
    lua_State *L = lua_newstate(failing, NULL);
    assert_non_null(L);
    assert_int_equal(call(L, open_all), LUA_OK);
    lua_gc(L, LUA_GCCOLLECT);
    size_t held = arena_count();
    for (long n = 1;; n += stride) {
        mem_fail_after(n);
        int status = call(L, run_script);
        bool failed = mem_fail_after(0);
        const Err *e = status == LUA_OK ? NULL : lua_error_at(L, lua_gettop(L));
        if (status != LUA_OK && (!e || e->code != ERR_out_of_memory))
            fail_msg("chunk %ld: %s", n, luaL_tolstring(L, -1, NULL));
        forget_all(L);
        if (arena_count() != held)
            fail_msg("chunk %ld loses %zu arenas", n, arena_count() - held);
        if (!failed)
            break;
        if (call(L, run_script) != LUA_OK)
            fail_msg("after chunk %ld: %s", n, luaL_tolstring(L, -1, NULL));
        lua_settop(L, 0);
    }
    lua_close(L);
    __lsan_enable();
}

static void scripts_survive_core(void **state)
{
    (void)state;
    arenas_survive(plain, 1);
    arenas_survive(expressions, 3);
    arenas_survive(graphs, 3);
    arenas_survive(imports, 29);
    arenas_survive(runs, 1);
    arenas_survive(steps, 7);
    arenas_survive(tensors, 1);
    arenas_survive(measures, 1);
}

static void opening_survives(void **state)
{
    (void)state;
    size_t arenas = arena_count();
    for (long n = 0;; n += 7) {
        countdown = -1;
        lua_State *L = lua_newstate(failing, NULL);
        assert_non_null(L);
        countdown = n;
        int status = call(L, open_all);
        countdown = -1;
        lua_close(L);
        assert_int_equal(arena_count(), arenas);
        if (status == LUA_OK)
            break;
        assert_int_equal(status, LUA_ERRMEM);
    }
}

/* What is under test may start this program again, in one of its roles. */
int main(int argc, char **argv)
{
    int served = worker_main(argc, argv, NULL);
    if (served < 0)
        served = draw_main(argc, argv);
    if (served >= 0)
        return served;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scripts_survive),
        cmocka_unit_test(scripts_survive_core),
        cmocka_unit_test(opening_survives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
