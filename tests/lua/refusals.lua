-- refusals.lua -- every way in which a schedule step is refused, by name.
local t, p = dofile "tests/check.lua", dofile "tests/programs.lua"

local function matmul() return p.matmul(60, 64, 64) end

local function chain()
  return p.schedule [[ A: float32[32]; B[y] = A[y] * 2; E[i] = B[i] + 1; D[j] = E[j] + B[j] ]]
end

local function refused(code, s, step, ...)
  local before, args = s:fingerprint(), table.pack(...)
  t.raises(code, function() s[step](s, table.unpack(args)) end, { s = s })
  t.eq(s:fingerprint(), before)
end

t.test("loops", function()
  local s = matmul()
  refused("fuse_needs_two", s, "fuse", "y")
  refused("bad_annotation", s, "annotate", "y", "note", 'a "quoted" word')
  refused("loop_twice", s, "reorder", "y", "y")
  refused("bad_argument", s, "split", "y", "eight")
  refused("missing_argument", s, "split", "y")
  refused("extra_argument", s, "contract", "C", "D")
  refused("bad_name", s, "split", "y", 8, "two words")
  for _, key in ipairs { "", "two words", "a.b", "8x" } do
    refused("bad_annotation_key", s, "annotate", "y", key, 1)
  end
  refused("factors_too_small", s, "split", "y", { 2, 3 })
  refused("factors_too_big", s, "split", "y", { 1 << 30, 1 << 30 })
  refused("no_block", s, "contract", "nobody")
  refused("no_buffer", s, "cache_read", "C", "nothing", "local")
  t.eq(t.raises("redo_at_end", function() s:redo() end).why, "nothing to redo: no step comes after step 0")
end)

t.test("what is too long to show is cut between letters, and what is too many is counted", function()
  local s = matmul()
  local loops, names = {}, {}
  for i = 1, 17 do loops[i], names[i] = "y", "n" .. i end
  local function raised(step, ...)
    local ok, e = pcall(s[step], s, ...)
    t.ok(not ok)
    return e
  end
  t.eq(raised("reorder", table.unpack(loops)).why, "argument 1 (loops) should be at most 16 loops, but is 17")
  t.eq(raised("reorder", loops).why, "argument 1 (loops) should be at most 16 loops, but is 17")
  t.contains(raised("split", "y", 8, table.unpack(names)).why, "should be at most 16 names, but is 17")
  for i = 18, 31 do names[i] = "n" .. i end
  t.eq(raised("split", "y", 8, table.unpack(names)).code, "extra_argument")
  local long = raised("split", "y", ("é"):rep(61)).why
  t.contains(long, ("é"):rep(59) .. '…"')
  t.ok(utf8.len(long))
  t.contains(raised("split", "y", ("é"):rep(60)).why, ("é"):rep(60) .. '"')
  t.ok(utf8.len(raised("split", ("…"):rep(60), 2).what))
  s:mark(("é"):rep(61))
  local timed = tvm.time(s, { ["repeat"] = 3, min_repeat_ms = 0 })
  t.eq(timed.label, ("é"):rep(59) .. "…")
end)

t.test("a call that is wrong whatever the program is, is an error of its own and no refused step", function()
  local s = matmul()
  for code, calls in pairs {
    bad_argument = { { "split", "y", "2" }, { "split", "y", 2.5 }, { "split", "y", { 2.5, 2 } }, { "split", "y", {} }, { "split", "y", true },
      { "split", "y", { -1, -1 } }, { "split", "y", 8, 3 }, { "vectorize", 3 }, { "vectorize", { "x", 2 } }, { "unroll", print },
      { "tile", "y", "x", 4.5, 2 }, { "tile", "y", 4 } },
    missing_argument = { { "split" }, { "tile", "y", "x", 4 } }, extra_argument = { { "contract", "C", "D" }, { "compute_inline", "C", 3 } },
    bad_factor = { { "split", "y", 0 }, { "split", "y", { 4, -3 } } }, bad_name = { { "split", "y", 8, "two words" } },
    name_twice = { { "split", "y", 8, "a", "a" } }, no_scope = { { "cache_read", "C", "A", "locl" } }, no_thread_axis = { { "bind", "y", "thread" } },
  } do
    for _, call in ipairs(calls) do
      local e = t.raises(code, function() s[call[1]](s, table.unpack(call, 2)) end, { s = s })
      t.eq(e.refused, false)
      t.ok(not tostring(e):find "REFUSED")
    end
  end
  local e = t.raises("bad_argument", function() s:split("y", { 2.5, 2 }) end)
  t.eq(e.why, "argument 2 (factors) should be integers, but is 2.5")
  t.eq(t.raises("no_loop", function() s:vectorize "nothing" end).refused, true)
end)

t.test("what is more than a function takes is refused by every function", function()
  local s, g, x = matmul(), tvm.import "tutorials/models/digits.onnx", tvm.zeros { 2, 2 }
  for _, more in ipairs {
    function() s:history(1) end, function() s:undo(1, 2) end, function() s:ir(1) end, function() s:mark("a", 3) end,
    function() g:fuse(1) end, function() g:lower():kernels(1) end, function() x:sum(0) end, function() x:reshape(4, 1) end,
    function() tvm.random({ 2 }, "float32", { seed = 1 }, 5) end, function() tvm.parse(("x"):gsub("x", "y")) end,
    function() te.func("f", function() return te.compute({ 1 }, function() return te.max(1, 2, 3) end) end)() end,
    function() te.exp(1, 2) end, function() help("x", true, 1) end, function() more(1, 2) end, function() s:more(1) end,
  } do
    t.raises("extra_argument", more)
  end
  local e = t.raises("extra_argument", function() s:undo(1, 2) end)
  t.eq(e.why .. "; " .. e.fix, "argument 2 is more than it takes; call it as s:undo(n?) -> Schedule")
  t.eq(t.raises("extra_argument", function() x:transpose(1, 0) end).fix, "these are one argument, a list: {1, 0}")
  t.raises("argument_missing", function() s:select() end)
  t.raises("argument_missing", function() s:grep() end)
  t.contains(t.raises("argument_type", function() tvm.schedule(s:ir()) end).fix, "tvm.parse(text) makes a Func")
  t.contains(t.raises("input_no_tensor", function() s:run(1) end).why, "the input A should be a tensor of float32[64, 60], but is 1")
  t.contains(t.raises("extra_argument", function() tvm.parse(("x"):gsub("x", "y")) end).fix, "parentheses around the call keep the first")
  t.eq(t.raises("extra_argument", function() x:reshape(4, 1) end).fix, "these are one argument, a list: {4, 1}")
  t.eq(t.raises("argument_type", function() tvm.zeros(2, 3) end).fix, "these are one argument, a list: {2, 3}")
  t.eq(load("return 1", "c", "t", {}, 5)(), 1) -- Lua's own drop it, as in Lua
end)

t.test("nils behind the last argument count as not given, everywhere", function()
  local s, x = p.matmul(8, 8, 8), tvm.random { 8, 8 }
  t.eq(s:history(nil), s:history())
  t.ok(s:run(x, x, nil) == s:run(x, x))
  t.ok(s:run({ A = x, B = x }, nil) == s:run(x, x))
  s:contract("C", nil)
  t.raises("input_extra", function() s:run(x, x, nil, x) end)
  t.raises("extra_argument", function() tvm.parse("", nil, 1) end)
  t.eq(te.func("f", function() return te.compute({ 1 }, function() return te.max(1, 2, nil) end) end)():ir(),
    te.func("f", function() return te.compute({ 1 }, function() return te.max(1, 2) end) end)():ir())
end)

t.test("numbers that belong into one list are told so, and only they", function()
  t.eq(t.raises("extra_argument", function() tvm.zeros(2, 3, 4) end).fix, "these are one argument, a list: {2, 3, 4}")
  t.contains(t.raises("argument_type", function() tvm.full(2, 3, 4) end).fix, "call it as tvm.full(shape, value")
  for _, call in ipairs { { 2, 5 }, { 2, 10, 2 } } do
    t.contains(t.raises("argument_type", function() tvm.arange(table.unpack(call)) end).fix, "call it as tvm.arange(shape")
  end
  local function surplus(f, ...) return t.raises("extra_argument", f, ...).fix end
  t.ok(not surplus(function() te.placeholder({ 4 }, "float32", "A", 1) end):find "gsub")
  t.contains(surplus(function() p.matmul(8, 8, 8):mark(("a"):gsub("b", "c")) end), "of gsub's two values")
  local one = te.func("f", function() return te.compute({ 4 }, function(i) return te.max(i) end) end)
  t.contains(t.raises("argument_missing", one).why, "argument 2 is missing")
end)

t.test("a function of a module that is called with a colon is told the dot", function()
  for call, fix in pairs {
    ['tvm:load "x"'] = "tvm.load(path)", ["te:exp(1)"] = "te.exp(value)", ["tvm:zeros { 2 }"] = "tvm.zeros(shape", ["tvm:clock()"] = "tvm.clock()",
  } do
    t.contains(t.raises("module_colon", load(call)).fix, "use a dot: " .. fix)
  end
end)

t.test("which errors are of the call stands in their rows", function()
  local s = matmul()
  for code, call in pairs { too_many_names = { "fuse", { "y", "x" }, "a", "b" }, fuse_needs_two = { "fuse", "y" } } do
    t.eq(t.raises(code, function() s[call[1]](s, table.unpack(call, 2)) end).refused, false)
  end
  t.contains(s:why_not("bind", "y", 5), "call it as s:bind(loop, axis)")
end)

t.test("an input by a name that is none is refused, wherever inputs are given by name", function()
  local s, a = p.matmul(8, 8, 8), tvm.random { 8, 8 }
  local k, m = s:build(), tvm.import "tutorials/models/digits.onnx":lower()
  for _, run in ipairs {
    function(...) s:run(...) end, function(...) k:run(...) end, function(...) k(...) end, function(...) s:check(...) end,
  } do
    local e = t.raises("input_unknown", function() run { A = a, B = a, a = a } end)
    t.eq(e.why, "no input is called a: did you mean A?")
    t.eq(e.fix, "inputs here: A, B")
    t.raises("input_extra", function() run({ A = a, B = a }, a) end)
    t.contains(t.raises("input_mixed", function() run { a, A = a, B = a } end).why, "are given by name")
    t.contains(t.raises("input_unknown", function() run { A = a, B = a, [5] = a } end).why, "called [5]")
    t.contains(t.raises("input_unknown", function() run { A = a, B = a, [true] = a } end).why, "called [true]")
    t.contains(t.raises("input_unknown", function() run { ["A\0x"] = a, B = a } end).why, "A and a zero byte")
    t.contains(t.raises("input_no_tensor", function() run(a, s) end).why, "but is a Schedule")
  end
  local e = t.raises("input_unknown", function() m:run { image = tvm.zeros { 1, 1, 32, 32 }, imag = a } end)
  t.eq(e.why, "no input is called imag: did you mean image?")
  t.eq(t.raises("no_member", function() return m.conv2 end, { m = m }).fix, 'm:schedule "conv2"')
  local other = m
  t.eq(t.raises("no_member", function() return other.conv2 end, { other = m }).fix, 'other:schedule "conv2"')
end)

t.test("one thing is counted as one", function()
  local s, x = matmul(), tvm.arange { 4 }
  t.contains(t.raises("too_many_names", function() s:fuse({ "y", "x" }, "a", "b") end).why, "2 names for 1 loop")
  s:split("x", 8)
  s:undo()
  t.contains(t.raises("nothing_to_redo", function() s:redo(4) end, { s = s }).why, "only 1 undone step can")
  t.contains(t.raises("tensor_reshape", function() x:slice(0, 0, 1):reshape { 3 } end).why, "1 element cannot")
  local one = tvm.check(tvm.zeros { 1 }, tvm.zeros { 1 })
  t.ok(tostring(one):find "1 element%f[^%w]")
  t.ok(tostring(tvm.check(tvm.zeros { 2 }, x:slice(0, 0, 2))):find "1 of 2 elements differs")
  local graph = tvm.graph("g", function(b) b:output("y", b:relu(b:input("x", "float32", { 2 }))) end)
  t.ok(tostring(graph):find "\n1 node%f[^%w]")
  t.ok(tostring(graph:lower()):find ": 1 kernel\n")
  t.contains(t.raises("te_extra_arguments", function() te [[ C[y] = A[y] ]](4, 4) end).why, "takes 1 parameter, but got 2")
  t.contains(select(2, pcall(te, "A: float32[4]; C[y, x] = A[y, x]")).why, "A has rank 1, but is indexed by 2")
end)

t.test("a path instead of a text is answered with what reads that file", function()
  local s, folder = p.matmul(8, 8, 8), os.tmpname()
  os.remove(folder)
  os.execute("mkdir " .. folder)
  local function write(name, text)
    local file <close> = io.open(folder .. "/" .. name, "w")
    file:write(text)
    return folder .. "/" .. name
  end
  local graph, program = write("g.TXT", tvm.import "tutorials/models/digits.onnx":text()), write('a"b.Tir', s:ir())
  local tensor = folder .. '/q".npy'
  tvm.zeros { 2 }:save(tensor)
  for _, parse in ipairs { tvm.parse, tvm.parse_graph } do
    local function fix(path) return select(2, pcall(parse, path)).fix end
    t.contains(fix(program), "tvm.parse(assert(io.open(\"" .. folder .. '/a\\"b.Tir"')
    t.contains(fix(tensor), 'tvm.load "' .. folder .. '/q\\".npy"')
    t.contains(fix(write("steps.LUA", "")), "s:load")
    t.raises("not_readable", function() parse(folder) end)
    t.raises("not_readable", function() parse "nowhere.onnx" end)
  end
  local fix = select(2, pcall(tvm.parse, graph)).fix
  t.contains(fix, "tvm.parse_graph(assert(io.open(")
  t.raises("not_readable", function() s:load(folder) end)
  os.execute("rm -r " .. folder)
end)

t.test("a string of numbers is told its braces, and another one not", function()
  local function fix(text) return t.raises("argument_type", function() tvm.tensor(text) end).fix end
  t.eq(fix "[[1,2],[3,4]]", "lists stand in braces: tvm.tensor {{1,2},{3,4}}")
  t.contains(fix "1,2],[3,4", "tvm.tensor {{1,2},{3,4}}")
  t.contains(fix "hello", "call it as tvm.tensor(values")
  local _, e = pcall(function() matmul():diff(te [[ C[y] = A[y] ]]) end)
  t.contains(e.fix, "f(y) makes a Func")
end)

t.test("long loops", function()
  local s = p.schedule "A: int8[5000]; B[i] = A[i]"
  refused("too_many_iterations", s, "vectorize", "i")
  refused("too_many_iterations", s, "unroll", "i")
end)

t.test("a scan keeps its order", function()
  local s = p.schedule [[
func f(A: float32[6, 8]) -> D: float32[6, 8]:
  alloc T: float32[6]
  for y in range(6):
    for k in range(8):
      block T(y, k: reduce):
        init: T[y] = 0
        T[y] += A[y, k]
      block D(y, k):
        D[y, k] = T[y]
]]
  s:split("k", 2)
  refused("order_turns", s, "reorder", "ki", "ko")
end)

t.test("what is advised instead is of use", function()
  local function advised(s, step, ...)
    local args = table.pack(...)
    local ok, e = pcall(function() s[step](s, table.unpack(args)) end)
    t.eq(ok, false)
    local step_instead = load("local s = ...; " .. e.fix)
    if step_instead then step_instead(s:fork()) end
    return e.fix
  end
  local s = matmul()
  t.eq(advised(s, "vectorize", "k"), 's:vectorize "x"')
  t.eq(advised(s, "parallel", "k"), 's:parallel "y"')
  t.eq(advised(s, "bind", "k", "threadIdx.x"), 's:bind("x", "threadIdx.x")')
  t.eq(advised(s, "bind", "k", "blockIdx.x"), 's:bind("y", "blockIdx.x")')
  s:tile("y", "x", 4, 8, "yo", "xo", "yi", "xi")
  t.eq(advised(s, "vectorize", "k"), 's:vectorize "xi"')
  s:reorder("xi", "k")
  t.eq(advised(s, "vectorize", "k"), 's:vectorize "xi"')
  s:parallel "yo"
  t.eq(advised(s, "parallel", "k"), 's:vectorize "xi"')
  s:vectorize "xi"
  t.eq(advised(s, "vectorize", "k"), "leave k serial: xi is vectorized already")
end)

t.test("a factor given to unroll or vectorize is advised as a split that is accepted, by the names it gives", function()
  local function advised(s, step, loop, n)
    return t.raises("bad_argument", function() s[step](s, loop, n) end, { s = s }).fix
  end
  local s = matmul()
  t.eq(advised(s, "vectorize", "x", 4), 's:split("x", 4, "xo", "xi"); s:vectorize("xi")')
  s:split("x", 8, "yo", "yi")
  local fix = advised(s, "vectorize", "y", 4)
  t.eq(fix, 's:split("y", 4, "yo_1", "yi_1"); s:vectorize("yi_1")')
  local done = s:fork()
  load("local s = ...; " .. fix)(done)
  t.contains(done:ir(), "for yi_1 in vectorized(4)")
  t.contains(done:ir(), "for yi in range(8)")
  local call = "call it as s:%s(loops…) -> Schedule"
  t.eq(advised(matmul(), "vectorize", "k", 4), call:format "vectorize") -- a sum
  s:parallel "y"
  t.eq(advised(s, "unroll", "y", 4), call:format "unroll")
  local two = tvm.schedule(te "A: float32[64, 64]; S[y, x] = A[y, x] * 2; D[y, x] = S[y, x] + 3")
  two:split("D/y", 8)
  t.eq(advised(two, "unroll", "S/y", 4), 's:split("S/y", 4, "yo", "yi"); s:unroll("S/yi")')
  local wide = tvm.schedule(te "A: float32[99, 5000]; B[y] = max(k, A[k, y])")
  wide:split("k", 9, "yo", "yi")
  fix = t.raises("reduce_concurrent", function() wide:vectorize "yi" end, { wide = wide }).fix
  t.eq(fix, 'wide:split("y", 8, "yo_1", "yi_1"); wide:vectorize("yi_1")')
end)

t.test("a loop that is named instead of the block's own takes the block", function()
  local text = "A: float32[8, 8]; S[y, x] = A[y, x] * 2; C[y, x] = S[y, x] + 1; D[y, x] = S[y, x] + C[y, x]"
  local function instead(s, step, block, loop)
    local fix = t.raises("own_loop", function() s[step](s, block, loop) end, { s = s }).fix
    local other = fix:match '^choose a loop of another block, such as "(.*)"$'
    if other then s:fork()[step](s, block, other) end
    return other or fix
  end
  t.eq(instead(tvm.schedule(te(text)), "compute_at", "S", "S/x"), "choose a loop of another block") -- C and D read it
  t.eq(instead(tvm.schedule(te(text)), "reverse_compute_at", "D", "D/x"), "C/x") -- S is read too, but C comes later
  local s = tvm.schedule(te(text)):reverse_compute_at("D", "C/y")
  t.eq(instead(s, "compute_at", "S", "S/x"), "D/y") -- around both
end)

t.test("nests", function()
  local s = chain()
  refused("loops_apart", s, "reorder", "y", "i")
  refused("read_elsewhere", s, "compute_at", "B", "i")
  local apart = p.schedule [[
func f(A: float32[8]) -> D: float32[8], E: float32[8]:
  alloc B: float32[8]
  for y in range(8):
    block B(y):
      B[y] = A[y] * 2
  for i in range(8):
    block D(i):
      D[i] = A[i]
  for j in range(8):
    block E(j):
      E[j] = A[j]
]]
  refused("not_read_here", apart, "compute_at", "B", "i")
  refused("not_written_here", apart, "reverse_compute_at", "E", "i")
end)

t.test("stores outside blocks, and scans", function()
  local bare = p.schedule [[
func f(A: float32[8]) -> D: float32[8]:
  for i in range(8):
    D[i] = A[i]
]]
  bare:parallel "i"
  local scan = p.schedule [[
func f(A: float32[8]) -> D: float32[8]:
  for i in range(7):
    block D(i):
      D[i + 1] = D[i] + A[i]
]]
  refused("cross_iteration", scan, "parallel", "i")
  refused("opaque_block", scan, "compute_at", "D", "i")
end)

t.test("reductions", function()
  local s = matmul()
  s:contract "C"
  refused("already_contracted", s, "contract", "C")
  s:decompose_reduction("C", "k")
  refused("already_decomposed", s, "decompose_reduction", "C", "k")
  refused("not_a_reduction", chain(), "decompose_reduction", "B", "y")
  local parallel = matmul()
  parallel:parallel "y"
  refused("loop_has_kind", parallel, "vectorize", "y")
  refused("does_not_read", matmul(), "cache_read", "C", "C", "local")
end)

t.test("loops that cannot change places, or are not of constant length", function()
  local s = p.schedule [[
func f(A: float32[8, 8]) -> B: float32[8, 8], C: float32[8]:
  for y in range(8):
    block C(y):
      C[y] = A[y, 0]
    for x in range(8):
      block B(y, x):
        B[y, x] = A[y, x]
]]
  refused("chain_broken", s, "reorder", "x", "y")
  local triangle = p.schedule [[
func f(A: float32[8, 8]) -> B: float32[8, 8]:
  for y in range(8):
    for x in range(y + 1):
      block B(y, x):
        B[y, x] = A[y, x]
]]
  refused("extent_not_constant", triangle, "split", "x", 8)
  refused("extent_out_of_scope", triangle, "reorder", "x", "y")
  refused("extent_not_constant", triangle, "vectorize", "x")
  refused("extent_not_constant", triangle, "bind", "x", "threadIdx.x")
end)

t.test("programs too deep, too wide", function()
  local s = p.schedule "A: int8[64]; B[i] = A[i]"
  local e
  for n = 1, 600 do
    local split, why = s:try("split", s:names "loops"[1], 1, "a" .. n, "b" .. n)
    e = e or not split and why
  end
  t.eq(e.code, "too_deep")
  refused("too_deep", s, "split", s:names "loops"[1], 1)
  local nests = { "func f(A: int8[2]) -> B: int8[2]:" }
  for n = 1, 20 do nests[n + 1] = (" for i in range(2):\n  block B%d(i):\n   B[i] = A[i]"):format(n) end
  refused("too_many_loops", p.schedule(table.concat(nests, "\n")), "parallel", "*/i")
end)

-- B is made in two loops, its axis `v` and guard as given, and read by C.
local function made(v, guard)
  return p.schedule(([[
func f(A: float32[64], D: int64[8]) -> C: float32[64]:
  alloc B: float32[64]
  for y in range(8):
    for x in range(8):
      block B(v = %s)%s:
        B[v] = A[v]
  for i in range(64):
    block C(i):
      C[i] = B[i]
]]):format(v, guard or ""))
end

t.test("blocks whose loops cannot be made again", function()
  refused("axis_not_affine", made "D[y]", "compute_at", "B", "i")
  refused("axis_not_affine", made "y ^ x", "compute_at", "B", "i")
  refused("guard_on_loops", made("y*8 + x", " where x < 7"), "compute_at", "B", "i")
  refused("guard_on_loops", made("y*8 + x", " where x < 7"), "cache_read", "C", "B", "local")
end)

-- Two nests over j and i, of one block each.
local function two(first, second)
  return p.schedule(([[
func f(A: float32[8]) -> C: float32[8], D: float32[8]:
  alloc B: float32[8]
  for j in range(8):
    block %s
  for i in range(8):
    block %s
]]):format(first, second))
end

t.test("blocks that would come too early or too late", function()
  refused("not_before", two("C(j):\n      C[j] = B[j]", "B(i):\n      B[i] = A[i]"), "compute_at", "B", "j")
  refused("written_elsewhere", p.schedule [[
func f(A: float32[8]) -> D: float32[8]:
  alloc B: float32[8]
  for t in range(2):
    for a in range(8):
      block Z(t, a):
        B[a] = A[a]
    for j in range(8):
      block U(t, j):
        B[j] = A[j] * 2
  for i in range(8):
    block D(i):
      D[i] = B[i]
]], "reverse_compute_at", "D", "j")
  refused("read_not_plain", two("B(j):\n      B[j] = A[j]", "C(i):\n      C[i] = B[7 - i]"), "reverse_compute_at", "C", "j")
  refused("read_in_loop", two("B(j):\n      B[j] = A[j] + D[7 - j]", "D(i):\n      D[i] = B[i]"), "reverse_compute_at", "D", "j")
  two("B(j):\n      B[j] = A[j] + D[j]", "D(i):\n      D[i] = B[i]"):reverse_compute_at("D", "j")
  p.schedule([[
func f(A: float32[8]) -> D: float32[8]:
  alloc S: float32[1]
  block S0():
    S[0] = 0
  for t in range(8):
    block D(t):
      D[t] = S[0] + A[t]
    block S(t):
      S[0] = A[t]
]]):cache_read("D", "A", "local")
end)

t.test("copies of what is read and written at once", function()
  refused("reads_own_writes", p.schedule [[
func f(A: float32[8]) -> C: float32[8]:
  for j in range(7):
    block C(j):
      C[j] = C[j + 1] + A[j]
]], "cache_read", "C", "C", "local")
  refused("written_twice", two("C(j) where j < 4:\n      C[j] = A[j]", "C2(i) where i >= 4:\n      C[i] = A[i]"),
    "cache_write", "C", "local")
end)

t.test("loops of others", function()
  local s = matmul()
  s:reorder("k", "x")
  refused("reduces_outside", s, "decompose_reduction", "C", "x")
  refused("loop_not_around", two("B(j: reduce):\n      init: B[0] = 0\n      B[0] += A[j]", "C(i):\n      C[i] = B[0]"), "decompose_reduction", "B", "i")
  s = matmul()
  s:bind("y", "threadIdx.x")
  refused("axis_taken", s, "bind", "x", "threadIdx.x")
  s:undo():bind("y", "blockIdx.x")
  t.eq(t.raises("axis_taken", function() s:bind("x", "blockIdx.x") end, { s = s }).fix, 's:bind("x", "blockIdx.y")')
  s:undo():bind("x", "threadIdx.x")
  t.raises("reduce_concurrent", function() s:bind("k", "threadIdx.x") end, { s = s })
  s:undo():reorder("k", "x")
  t.eq(t.raises("loop_between", function() s:fuse("y", "x") end, { s = s }).why, "loop k stands between loops y and x")
  t.raises("loop_between", function() s:tile("y", "x", 2, 2) end, { s = s })
  s = tvm.schedule(te [[ A: float32[8, 8]; P[y, x] = A[y, x] * 2; C[y, x] = P[y, x] + 1 ]])
  s:compute_at("P", "C/y")
  t.eq(t.raises("not_nested_in_turn", function() s:fuse("C/y", "C/x") end).why, "loop x is not the only thing in loop y")
  local only = tvm.schedule(te [[ A: float32[8]; C[y] = A[y] + 1 ]])
  t.eq(t.raises("not_inlinable", function() only:reverse_compute_inline "C" end).fix, "leave it where it is")
  t.contains(t.raises("own_loop", function() only:compute_at("C", "y") end).fix, "there is no other block")
end)

t.test("a step that was undone is told from one that never was", function()
  local s = matmul()
  s:split("x", 2)
  s:split("y", 2)
  s:parallel "yo"
  s:back(0)
  for _, ask in ipairs { s.back, s.at, s.diff } do
    t.eq(t.raises("undone_step", function() ask(s, 3) end, { s = s }).fix, "s:redo(3)")
    s:back(0)
  end
  t.raises("no_such_step", function() s:at(4) end)
  t.eq(t.raises("nothing_to_redo", function() s:redo(4) end, { s = s }).why, "cannot redo 4: only 3 undone steps can be taken again")
  s:back(0)
  s:redo()
  t.eq(s:diff(), s:diff(0))
  t.contains(s:diff(), "now xo, xi")
  t.eq(t.raises("no_member", function() s:reset() end, { s = s }).fix, "s:back(0)")
end)

t.test("a sum that has no other loop to offer still says what to do", function()
  local s = p.schedule [[
func f(A: float32[8, 8]) -> C: float32[1]:
  for kx in range(8):
    for ky in range(8):
      block C(kx: reduce, ky: reduce):
        init: C[0] = 0
        C[0] += A[kx, ky]
]]
  local e = t.raises("reduce_concurrent", function() s:vectorize "k[xy]" end)
  t.eq(e.fix, "leave kx serial, or choose a loop over no reduce axis")
end)

t.test("what a tensor and a model are not given by", function()
  t.raises("tensor_list_index", function() return tvm.zeros { 2, 2 }[{ 0, 1 }] end)
  local m = tvm.import "tutorials/models/digits.onnx":fuse():lower()
  t.eq(t.raises("input_no_tensor", function() m:run "x.png" end).fix,
    "tvm.load makes a tensor of a file: then m:run { image = x }")
  t.contains(t.raises("input_no_tensor", function() m:run(5) end).why, "but is 5")
  t.contains(t.raises("input_no_tensor", function() m:run { true } end).why, "but is true")
  t.contains(t.raises("input_unknown", function() m:run { img = tvm.zeros { 2 } } end).why, "no input is called img")
  t.raises("input_missing", function() m:run() end)
  t.contains(t.raises("argument_nil_variable", function() m:run(xs) end).why, "argument 1 is xs, which has no value")
  local three = tvm.random { 3, 1, 32, 32 }
  local e = t.raises("input_shape", function() m:run(three:slice(0, 0, 2)) end, { m = m, x = three:slice(0, 0, 2) })
  t.contains(tostring(e), "\n  hint: name the tensor x; then y = {}; for i = 0, 1 do y[#y + 1] = m:run(x:slice(0, i, i + 1)) end")
  local f = te [[ A: float32[8]; B[i] = A[i] * 2 ]]
  local two = te [[ A: float32[8]; B: float32[8]; D[i] = A[i] * B[i] ]]
  local right, long = tvm.random { 8 }, tvm.random { 24 } -- the advice is on the one that does not fit
  t.eq(t.raises("input_shape", function() two:run(right, long) end, { long = long }).fix, "long:slice(0, 0, 8)")
  t.eq(t.raises("input_shape", function() two:run { A = right, B = long } end, { long = long }).fix, "long:slice(0, 0, 8)")
  t.eq(t.raises("input_shape", function() two:run(right, tvm.random { 24 }) end, { x = long }).fix, "name the tensor x; then pass x:slice(0, 0, 8)")
  local function advised(run, given)
    local fix = t.raises("input_shape", function() run(given) end, { t = given, x = given, m = m }).fix
    return (fix:gsub("%f[%a][tx]:", "given:"))
  end
  local function model(x) return m:run(x) end
  t.eq(advised(model, tvm.random { 3, 1, 32, 32 }), "y = {}; for i = 0, 2 do y[#y + 1] = m:run(given:slice(0, i, i + 1)) end")
  t.eq(advised(model, tvm.random { 3, 32, 32 }), "y = {}; for i = 0, 2 do y[#y + 1] = m:run(given:slice(0, i, i + 1):reshape { 1, 1, 32, 32 }) end")
  t.eq(advised(model, tvm.random { 32, 32 }), "given:reshape { 1, 1, 32, 32 }")
  for dtype, white in pairs { uint8 = 255, uint16 = 65535 } do -- the pixels of an image, as tvm.load reads them
    t.eq(advised(model, tvm.zeros({ 32, 32 }, dtype)),
      ('given:reshape { 1, 1, 32, 32 }:astype "float32" / %d makes pixels from 0 to 1, as most models take them; undivided they go to %d')
        :format(white, white))
  end
  t.eq(advised(model, tvm.zeros({ 32, 32 }, "int32")), 'given:reshape { 1, 1, 32, 32 }:astype "float32"')
  t.contains(advised(model, tvm.zeros({ 28, 28 }, "uint8")), "the sizes differ")
  local g = te [[ A: float32[1, 3, 4, 5]; B[n, c, y, x] = A[n, c, y, x] * 2 ]]
  local function image(x) g:run(x) end -- its colours are mostly a third dimension, and would be scrambled by a reshape
  t.eq(advised(image, tvm.random { 4, 5, 3 }), "given:transpose { 2, 0, 1 }:reshape { 1, 3, 4, 5 }")
  t.eq(advised(image, tvm.random { 1, 4, 5, 3 }), "given:transpose { 0, 3, 1, 2 }")
  t.eq(advised(image, tvm.random { 3, 4, 5, 1 }), "given:reshape { 1, 3, 4, 5 }")
  t.eq(advised(image, tvm.random { 12, 5 }), "given:reshape { 1, 3, 4, 5 }")
  t.contains(advised(model, tvm.random { 28, 28 }), "the sizes differ, 784 elements where 1024 are needed")
  t.contains(advised(model, tvm.random { 1, 1, 28, 28 }), "the sizes differ")
  t.eq(advised(function(x) f:run(x) end, tvm.random { 24 }), "given:slice(0, 0, 8)")
  t.contains(advised(function(x) f:run(x) end, tvm.random { 20 }), "the sizes differ")
  local one = te [[ S: float32[]; D = S + 1 ]]
  t.eq(advised(function(x) one:run(x) end, tvm.random { 1 }), "given:reshape {}")
  t.eq(advised(function(x) one:run(x) end, tvm.random { 3 }), "given:slice(0, 0, 1):reshape {}")
  local x = tvm.zeros { 1, 1, 32, 32 }
  for _, more in ipairs { function() m:run(x, "foo") end, function() m:run(x, x) end, function() m:run { x, x } end } do
    t.contains(t.raises("module_inputs", more).why, "inputs of the model: 1; but 2 were given")
  end
end)

t.test("a file that is no model is named, and its reader", function()
  local path = os.tmpname()
  tvm.zeros { 2 }:save(path .. ".npy")
  local e = t.raises("onnx_malformed", function() tvm.import(path .. ".npy") end)
  t.eq(e.fix, ('tvm.load "%s.npy"'):format(path))
  t.contains(e.why, path .. ".npy: byte 0: not an ONNX")
  t.eq(t.raises("not_readable", function() tvm.import(path .. ".no") end).why:find(path, 1, true),
    #"cannot read " + 1)
  os.remove(path .. ".npy")
  os.remove(path)
end)

t.test("names that are no more, not yet, or of another kind", function()
  local s = chain()
  s:split("y", 4)
  refused("stale_name", s, "split", "y", 4)
  s:undo()
  t.eq(t.raises("undone_name", function() s:parallel "yo" end, { s = s }).fix, "s:redo(1)")
  s:redo()
  s:compute_inline "B"
  refused("stale_name", s, "compute_inline", "B")
  refused("stale_name", s, "set_scope", "B", "local")
  refused("stale_name", s, "reorder", { "yo" })
  refused("no_block", s, "compute_inline", "i")
  refused("no_buffer", s, "set_scope", "j", "local")
  refused("no_loop", s, "split", "E", 2)
  refused("no_loop", matmul(), "split", "yo", 2)
  s:back(0)
  refused("undone_name", s, "split", "yi", 2)
  local other = s:fork()
  other:cache_read("E", "B", "local")
  refused("no_buffer", s, "set_scope", "B.local", "global")
end)

t.test("objects that are closed, or outlived the place they were made in", function()
  local s, k = chain(), nil
  do
    local built <close> = s:build()
    k = built
  end
  t.raises("object_closed", function() k:run(tvm.zeros { 32 }) end)
  do local closed <close> = s end
  t.raises("object_closed", function() s:undo() end)
  t.raises("object_closed", function() tvm.compare { s, s } end)
  local kept
  te.func("f", function()
    kept = te.placeholder({ 4 }, "float32", "A")
    return te.compute({ 4 }, function(i) return kept(i) end)
  end)()
  t.raises("te_outside", function()
    te.func("g", function() return te.compute({ 4 }, function(i) return kept(i) end) end)()
  end)
end)

t.test("try names no step that is none", function()
  t.raises("no_primitive", function() matmul():try("transmogrify", "y") end)
  t.raises("no_view", function() matmul():asm "interp" end)
end)

-- ---- the user's own names -----------------------------------------------------------------------

t.test("what is advised speaks of the schedule by its own name", function()
  local mine = matmul()
  local values = { mine = mine }
  local e = t.raises("reduce_concurrent", function() mine:parallel "k" end, values)
  t.eq(e.fix, 'mine:parallel "y"')
  t.contains(tostring(e), '\n  legal here: mine:parallel "y"   (schedule unchanged, still at step 0)')
  t.eq(t.raises("no_self", function() mine.split("y", 8) end, values).fix, 'mine:split("y", 8)')
  t.eq(t.raises("no_self", function() mine.tile { "y", "x" } end, { mine = { tile = print } }).fix, 'mine:tile { "y", "x" }')
  mine:split("x", 8)
  t.eq(t.raises("nothing_to_undo", function() mine:undo(9) end, values).fix, "mine:back(0)")
  t.contains(t.raises("missing_argument", function() mine:split "y" end, values).fix, "call it as mine:split(loop, factors, names…)")
  t.contains(t.raises("argument_missing", function() mine:save() end, values).fix, "call it as mine:save(path)")
  t.contains(mine:why_not("parallel", "k"), '\n  legal here: mine:parallel "y"')
  e = t.raises("reduce_concurrent", function()
    mine:steps(function(inner) inner:split("y", 8, "yo", "yi"); inner:parallel "k" end)
  end, values)
  t.eq(e.fix, 'mine:steps(function(mine) mine:split("y", 8, "yo", "yi"); mine:parallel "yo" end)')
  global_one = mine
  e = t.raises("reduce_concurrent", function() mine:parallel "k" end, { global_one = mine })
  t.eq(e.fix, 'global_one:parallel "y"')
  global_one = nil
  _G["end"], _G["a-b"], _G["1"] = mine, mine, mine
  e = t.raises("reduce_concurrent", function() mine:parallel "k" end, values)
  t.eq(e.fix, 'mine:parallel "y"')
  _G["end"], _G["a-b"], _G["1"] = nil, nil, nil
  split = mine.split
  t.raises("no_self", load "split('y', 8)") -- before the name stands nothing
  split = nil
end)

t.test("a schedule without a name is called s, and that is said", function()
  local ok, e = pcall(function() matmul():parallel "k" end)
  t.eq(ok, false)
  t.eq(e.fix, 's:parallel "y"')
  t.contains(tostring(e), '\n  legal here: s:parallel "y"   (schedule unchanged, still at step 0; s stands for this Schedule)')
end)

t.test("a loop's name is none of the schedule's", function()
  local other = p.schedule [[ A: float32[8, 8]; B: float32[8, 8]; C[s, x] = sum(k, A[k, s] * B[k, x]) ]]
  local e = t.raises("no_loop", function() other:parallel "q" end)
  t.contains(e.fix, "loops here: s, x, k")
  t.eq(t.raises("reduce_concurrent", function() other:parallel "k" end, { other = other }).fix, 'other:parallel "s"')
end)

-- Which word stands before the advice is one rule: what can be typed is "legal here" of a refused step and "try" of
-- anything else, and a sentence is a "hint".
t.test("the word before what is advised", function()
  local s = matmul()
  local function word(e) return tostring(e):match "\n  ([%a ]+): [^\n]*$" end
  t.eq(word(t.raises("reduce_concurrent", function() s:parallel "k" end, { s = s })), "legal here")
  t.eq(word(t.raises("no_loop", function() s:parallel "q" end)), "hint")
  s:parallel "y"; s:vectorize "x"
  t.eq(word(t.raises("reduce_concurrent", function() s:parallel "k" end)), "hint")
  t.eq(word(t.raises("nothing_to_undo", function() s:undo(9) end, { s = s })), "try")
  t.eq(word(t.raises("argument_missing", function() s:save() end)), "hint")
end)

t.done()
