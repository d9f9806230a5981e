-- What people stumble over who type here for the first time, and what they read then.
local t = dofile "tests/check.lua"
local program = arg[-1]

-- Runs inputs one after the other; returns what they printed, both streams.
local options = ""
local function typed(...)
  local parts = { "NO_COLOR=1", program, options }
  for _, code in ipairs { ... } do
    parts[#parts + 1] = "-e '" .. code:gsub("'", [['\'']]) .. "'"
  end
  local pipe <close> = io.popen(table.concat(parts, " ") .. " 2>&1")
  return pipe:read "a"
end

-- ---- names ----

t.test("a variable declared by local is one in errors, too, where the next input still sees it", function()
  for _, case in ipairs {
    { "(local 't')", "local t = nil; t.x = 1" }, { "(local 'b')", "local a, b <const> = 1", "b.x = 1" },
    { "(local 'f')", "local function f() end", "f.x = 1" }, { "(local 'n')", "local n", "n = n + 1" },
    { "(local 'q')", "local function f() local q; q.x = 1 end f()" }, { "(global 't')", "t = nil; t.x = 1" },
    { "(global 't')", "do local t = nil end t.x = 1" }, { "(global 'u')", "local t = nil; u.x = 1" },
  } do
    for _, option in ipairs { "", "--json" } do
      options = option
      t.contains(typed(table.unpack(case, 2)), case[1])
    end
  end
  options = ""
end)

t.test("a slip in a word that other languages have leads to what Lua writes instead", function()
  local counts = "hint: did you mean range? Lua counts with: for i = 0, n - 1 do … end\n"
  t.contains(typed "for y in rnage(16) do end", counts)
  t.contains(typed('f = te.func("f", function() for y in rnage(16) do end end)', "f()"), counts)
  t.contains(typed "enumrate(x)", "hint: did you mean enumerate? Lua counts along with: ")
  -- What has a value, and is as near, is likelier; and what is no function was not misspelt as one.
  t.contains(typed("rang1 = print", "rang(1)"), "hint: did you mean rang1?\n")
  t.contains(typed "pirntf(1)", "hint: did you mean printf? Lua writes it as ")
  t.contains(typed "pirnt(1)", "hint: did you mean print?\n")
  t.ok(not typed("mak.x = 1"):find("did you mean", 1, true))
end)

t.test("so does one in the kind of a loop of a text", function()
  local text = "func f(A: float32[16]) -> B: float32[16]:\n  for y in %s:\n    B[y] = A[y]"
  local function why(kind) return t.raises("text_syntax", function() tvm.parse(text:format(kind)) end).why end
  t.contains(why "rnage(16)", "line 2, column 12: expected range, parallel, vectorized, unrolled or bind: did you mean range?\n")
  t.contains(why "vectorised(16)", "or bind: did you mean vectorized?\n")
  t.contains(why "16", "unrolled or bind\n")
  t.contains(why "A", "unrolled or bind\n")
end)

t.test("a difference that is to be drawn leads to the call that draws it", function()
  local s = 's = tvm.schedule(te "B[i] = A[i]"(8)) v = s:at()'
  for from, since in pairs { ["(0)"] = "0", ["()"] = "0", ["(v)"] = "v", ['("mine")'] = '"mine"', [' "mine"'] = '"mine"' } do
    local marked = s .. ' s:mark "mine"'
    local text = typed(marked, "s:diff" .. from .. ":show()")
    local call = text:match "hint: (s:show {.-}) draws that"
    t.eq(call, ("s:show { since = %s }"):format(since))
    t.ok(not typed(marked, "p = " .. call):find "error")
  end
  t.contains(typed(s, "s:diff(0):show"), "hint: a method is called with parentheses: …:show()\n")
  t.contains(typed(s, "s:show"), "hint: a method is called with parentheses: s:show()\n")
  t.contains(typed(s, "d = s:diff(0)", "d:show()"), "Schedule")
  t.ok(not typed(s, "d = s:diff(0)", "d:show()"):find("a method of Tensor;", 1, true))
end)

t.test("of a value of ours no function of Lua's libraries was meant", function()
  local s = tvm.schedule(te "B[i] = A[i]"(8))
  for _, name in ipairs { "resume", "sort", "concat", "wrap", "popen" } do
    local e = t.raises("no_member", function() return s[name] end)
    t.ok(not e.fix:find "coroutine" and not e.fix:find "table%." and not e.fix:find "io%.", e.fix)
  end
  t.contains(t.raises("member_elsewhere", function() return tvm.sort end).fix, "table.sort(")
end)

local matmul = [[f = te.func("mm", function(n, m)
  local A, B = te.placeholder({ n, m }, "float32", "A"), te.placeholder({ m, n }, "float32", "B")
  local k = te.reduce_axis(m, "k")
  return te.compute({ n, n }, function(y, x) return te.sum(A(y, k) * B(k, x), k) end, "C")
end)]]

t.test("a program with parameters that is called wrongly says which it takes", function()
  local f = load(matmul .. " return f")()
  local function why(given, code) return t.raises(code, function() f(table.unpack(given)) end).why end
  t.contains(why({ { m = 3 } }, "te_parameter_missing"), "n is not given: mm takes n, m; placeholder: element 1")
  t.contains(why({}, "te_parameter_missing"), "n is not given: mm takes n, m; reduce_axis: ")
  t.contains(why({ 4 }, "te_parameter_missing"), "m is not given: mm takes n, m")
  t.contains(why({ { 4, 3 } }, "te_parameter_missing"), "n is a list: mm takes n, m")
  t.contains(why({ {} }, "te_parameter_missing"), "n is a list: mm takes n, m")
  t.eq(why({ { q = 3 } }, "te_unknown_parameter"), "mm has no parameter q")
  t.eq(f({ n = 4, m = 3 }), f(4, 3))
  -- What is wrong with a value that is given stays what it is.
  t.contains(why({ 4, "a" }, "element_type"), 'but is "a"')
  -- Lua's own complaint, of the parameter and of something else.
  local double = te.func("double", function(n) return te.placeholder({ n * 2 }, "float32", "A") end)
  local e = t.raises("te_parameter_missing", function() double() end)
  t.contains(e.why, "n is not given: double takes n; ")
  t.contains(e.why, "attempt to perform arithmetic on a nil value (local 'n')")
  local other = te.func("other", function(n, m) local none; return none.x end)
  t.contains(select(2, pcall(other, 1)), "attempt to index a nil value (local 'none')")
  -- A parameter that may be left out.
  local optional = te.func("optional", function(n, m)
    local A = te.placeholder({ n, m or 2 }, "float32", "A")
    return te.compute({ n, m or 2 }, function(y, x) return A(y, x) end, "B")
  end)
  t.eq(optional(3), optional { n = 3, m = 2 })
end)

t.test("so does one of equations", function()
  local h = te [[ C[y, x] = sum(k, A[k, y] * B[k, x]) ]]
  local e = t.raises("te_unknown_parameter", function() h { m = 3 } end)
  t.eq(e.why .. "; " .. e.fix, "C has no parameter m; its parameters are y, x, k")
  t.eq(t.raises("te_text", function() h { 4, 3, 2 } end).why, "y is a list: C takes y, x, k")
  t.eq(t.raises("te_text", function() h(3) end).why, "x is not given: C takes y, x, k")
end)

t.test("what is called and has its sizes says how it is run", function()
  t.contains(typed(matmul, "g = f(4, 3)", "g{m = 3}"), "hint: g is a Func, whose sizes are fixed: g:run{A = …, B = …} runs it")
  t.contains(typed(matmul, "s = tvm.schedule(f(4, 3))", "s(4)"), "hint: s is a Schedule, whose sizes are fixed: s:run{A = …")
  t.contains(typed('m = tvm.import("tutorials/models/digits.onnx"):lower()', "m(4)"), "hint: m is a Module: m:run{image = …} runs it")
end)

-- ---- runs ----

t.test("a run of a program with barriers says how it runs here, in the words of the call", function()
  local text = [==[gpu = tvm.parse [[
func rev(A: float32[4]) -> B: float32[4]:
  alloc S: float32[4] shared
  for t in bind("threadIdx.x", 4):
    block S(i = t):
      S[i] = A[i]
    barrier("shared")
    block B(i = t):
      B[i] = S[3 - i]
]] a = tvm.tensor { 1, 2, 3, 4 }]==]
  for _, arguments in ipairs { "(a)", "{ A = a }", "(tvm.tensor { 1, 2, 3, 4 })" } do
    t.contains(typed(text, "gpu:run" .. arguments), "\n  try: gpu:check" .. arguments .. "\n")
  end
  t.contains(typed(text, "y = gpu:run(a); z = gpu:run(a)"), "\n  hint: gpu:check(…)\n") -- which of them?
  t.contains(typed(text, "gpu:build()"), "hint: gpu:check() runs it by its threads")
  t.contains(typed(text, "gpu:check(a)"), "[4.0, 3.0, 2.0, 1.0]")
  load(text)()
  local p, x = gpu, a
  local e = t.raises("run_barrier", function() p:run(x) end, { p = p, x = x })
  t.eq(e.fix, "p:check(x)")
  t.eq(p:check(x), tvm.tensor { 4, 3, 2, 1 })
end)

t.test("where data decide what is written, the first run says that nobody knows how much", function()
  local text = [==[p = tvm.parse [[
func f(A: float32[4]) -> R: float32[4]:
  for y in range(4):
    %s
      R[y] = A[y]
]] a = tvm.tensor { 1.0, 0.0, 1.0, 1.0 }]==]
  local said = typed(text:format "if A[y] > 0.5:", "r = p:run(a)", "r = p:run(a)")
  local note = "note: whether every element of R is written cannot be told from its accesses: what runs depends on data; if not, what is left out may hold anything: s:check(…) looks"
  t.contains(said, note)
  t.eq(select(2, said:gsub("note:", "")), 1)
  t.eq(typed(text:format "if y >= 0:", "r = p:run(a)"), "")
  t.contains(typed(text:format "if y >= 0:", "p:schedule()"), "s = tvm.schedule(f)")
end)

t.test("of a scatter in a parallel loop nobody knows whether it races, which a script is told, too", function()
  local text = [==[p = tvm.parse [[
func f(A: float32[4], I: int64[4]) -> R: float32[4]:
  for y in %s(4):
    R[I[y] ] = A[y]
]] a, i = tvm.tensor { 1.0, 0.0, 1.0, 1.0 }, tvm.tensor({ 0, 1, 3, 2 }, "int64")]==]
  local run, races = "r = p:run(a, i) r = p:run(a, i)", "note: whether the iterations of y are independent cannot be told from its accesses"
  local means = "the index of a store is not affine; if not, results are wrong and may differ from run to run: s:check(…) looks, on inputs\n"
  t.contains(typed(text:format "parallel", run), races .. ": " .. means)
  t.ok(not typed(text:format "range", run):find(races, 1, true))
  local path = os.tmpname()
  local file <close> = assert(io.open(path, "w"))
  file:write(text:format "parallel", "\n", run)
  file:close()
  local pipe <close> = io.popen(("'%s' %s 2>&1 >/dev/null"):format(arg[-1], path))
  local said = pipe:read "a"
  os.remove(path)
  t.eq(select(2, said:gsub("note:", "")), 2) -- the race and the rest of R, once each
  t.contains(said, path:match "[^/]+$" .. ":6: " .. races .. ": " .. means)
end)

t.test("what has no name is called by a letter that nothing else has", function()
  for before, called in pairs { [""] = "t", ["t = 1 "] = "t2", ["t, t2 = 1, 2 "] = "t3", ["if x then local t = 1 "] = "t2" } do
    local said = typed(("x = tvm.random { 2, 4, 5 } %s x:slice(0, 0, 1):save '/tmp/d.png' %s"):format(before, before:find "^if" and "end" or ""))
    t.contains(said, ('\n  try: %s:reshape { 4, 5 }:save "/tmp/d.png"   (%s stands for this Tensor)\n'):format(called, called))
  end
  t.contains(typed 's = 1 tvm.schedule(te "A: float32[4, 4]; B[y] = sum(k, A[y, k])"):parallel "k"', [[
  legal here: s2:parallel "y"   (schedule unchanged, still at step 0; s2 stands for this Schedule)]])
end)

t.test("a what-if says of a text in doubt what a run would", function()
  local said = typed([==[p = tvm.parse [[
func f(A: float32[4]) -> R: float32[4]:
  for y in range(4):
    if A[y] > 0.5:
      R[y] = A[y]
]] w = tvm.whatif(function(s) s:unroll "y" end, {{"n", 2}}, tvm.schedule(p), {number = 1})]==])
  t.contains(said, "note: whether every element of R")
end)

t.test("a value of another type is converted by a word that the error has", function()
  for is, fix in pairs { ["R[I[y] ] = A[y]"] = 'convert it, "int64(…)"', ["R[y] = I[y]"] = 'convert it, "float32(…)"',
    ["if I[y]:\n      R[y] = A[y]"] = "write a comparison, as in x != 0" } do
    local e = t.raises("text_syntax", function()
      tvm.parse("func f(A: float32[4], I: int32[4]) -> R: float32[4]:\n  for y in range(4):\n    " .. is)
    end)
    t.eq(e.fix, fix)
  end
end)

t.test("what a step has put elsewhere has moved, not what it passed", function()
  local s = tvm.schedule(te "A: float32[8, 8]\nB[y, x] = A[y, x] * 2\nC[i, j] = B[i, j] + B[i, 7 - j]")
  s:compute_at("B", "i")
  local text = s:diff(0)
  t.contains(text, "\n  └─ i     8\n")
  for line in text:gmatch "[^\n]+" do
    t.ok(not (line:find("↕", 1, true) and line:find "─ [ij] "), line)
  end
  t.contains(text, "was outermost")
end)

t.test("the line of a step stands before what is printed after it", function()
  local s = 's = tvm.schedule(te "B[i] = A[i]"(8))'
  t.eq(typed(s, 's:split("i", 2) print "mine" s:parallel "io"'),
    "step 1  split i(8) -> io(4) ii(2)\nmine\nstep 2  parallel io\n")
  t.contains(typed(s, 'print(s:parallel "i")'), "step 1  parallel i\nB at step 1\n")
  t.contains(typed(s, 's:parallel "i" more(s)'), "step 1  parallel i\nB at step 1\n")
  t.eq(typed(s, 's:parallel "i" print(1) s:mark "x"'), "step 1  parallel i\n1\n") -- and s itself is told by it
  -- Those that are taken back are nobody's to read.
  local text = typed(s, 's:steps(function(s) s:parallel "i" print "in" error "no" end)')
  t.contains(text, "in\n")
  t.ok(not text:find("step 1", 1, true), text)
  options = "--json"
  t.contains(typed(s, 's:parallel "i" print(1)'), '{"print":"1"}\n{"ok":true,"values":[],"steps":["step 1  parallel i"]}')
  options = ""
end)

-- ---- steps ----

t.test("a loop that cannot be spread beside one that is leads to a step that can be typed", function()
  local function advised(s, ...)
    local _, refused = s:try(...)
    return t.raises("reduce_concurrent", function() error(refused) end, { s = s }).fix
  end
  local product = te [[ C[y, x] = sum(k, A[k, y] * B[k, x]) ]]
  local s = tvm.schedule(product(16, 16, 16))
  s:parallel "y"
  t.eq(advised(s, "parallel", "k"), 's:vectorize "x"')
  s:vectorize "x"
  t.eq(advised(s, "parallel", "k"), "leave k serial: y is parallel already")
  t.eq(advised(s, "vectorize", "k"), "leave k serial: x is vectorized already")
  -- Of many iterations some become lanes.
  s = tvm.schedule(product(16, 4096, 16))
  s:parallel "y"
  t.contains(advised(s, "parallel", "k"), "s:vectorize(")
  -- Nothing inside the parallel loop lies together: the sentence stands.
  s = tvm.schedule(te [[ A: float32[16, 16]; R[y] = sum(k, A[k, y]) ]])
  s:parallel "y"
  t.eq(advised(s, "parallel", "k"), "leave k serial: y is parallel already")
  -- Lanes stand within the loop that has the cores.
  s = tvm.schedule(product(16, 16, 16))
  s:parallel "x"
  t.eq(advised(s, "parallel", "k"), "leave k serial: x is parallel already")
end)

-- ---- timings ----

local quick = { ["repeat"] = 3, min_repeat_ms = 0.1 }

local function labels(timings)
  local out = {}
  for i, timing in ipairs(timings) do out[i] = timing.label end
  return table.concat(out, ", ")
end

t.test("models beside each other go by what the person calls them", function()
  m = tvm.import "tutorials/models/digits.onnx":fuse():lower()
  local s = m:schedule "gemm1"
  m2, digits = m:with("gemm1", s), m:with("conv1", m:schedule "conv1")
  t.eq(labels(tvm.time_all({ m, m2 }, quick)), "m (digits), m2 (digits with gemm1)")
  t.eq(labels(tvm.time_all({ m, m2, m:with("gemm1", s) }, quick)), "m (digits), m2 (digits with gemm1), digits with gemm1")
  t.eq(labels(tvm.time_all({ m2, m2, digits }, quick)), "m2 (digits with gemm1), m2 (digits with gemm1) (2), digits (digits with conv1)")
  t.eq(tvm.time(m, quick).label, "digits")
  m, m2, digits = nil, nil, nil
  -- Variables of a function, and what is called as the model is.
  local digits, fused = tvm.import "tutorials/models/digits.onnx":lower(), tvm.import "tutorials/models/digits.onnx":fuse():lower()
  t.eq(labels(tvm.time_all({ digits, fused }, quick)), "digits, fused (digits)")
  t.contains(tvm.compare({ fused, digits }, quick), "against fused  GFLOP/s")
end)

t.test("so do schedules that stand at equally many steps", function()
  local s = tvm.schedule(te "B[i] = A[i]"(64))
  local q = s:fork()
  s:parallel "i"
  t.eq(labels(tvm.time_all({ s, q, s:at(0) }, quick)), "B step 1, q (B), B")
  q:vectorize "i"
  t.eq(labels(tvm.time_all({ s, q, s:at(0) }, quick)), "s (B step 1), q (B step 1), B")
  t.eq(labels(tvm.time_all({ s:mark "mine", q }, quick)), "mine, B step 1")
  t.eq(labels(tvm.time_all({ s, s }, quick)), "mine, mine (2)")
end)

t.test("a spread of more than the median is no number", function()
  local p = tvm.import "tutorials/models/digits.onnx":fuse():lower():profile { ["repeat"] = 1 }
  p[1].spread, p[2].spread = 509.7, 99.9
  local text = tostring(p)
  t.contains(text, "too noisy")
  t.contains(text, "99.9%")
  t.ok(not text:find("509", 1, true), text)
  local c = tvm.compare({ tvm.schedule(te "B[i] = A[i]"(64)) }, quick)
  c.items = { { label = "mine", median = 1, q1 = 0.1, q3 = 2.2, gflops = 0, threads = 1, waited = 0 } }
  c.shares = { false }
  t.contains(c, "too noisy")
end)

-- ---- pictures ----

t.test("a jump between the frames of vector steps runs in the room between them, where it is seen", function()
  local function jumps(s)
    local path = os.tmpname() .. ".svg"
    s:order("y", "x"):save(path)
    local file <close> = assert(io.open(path))
    os.remove(path)
    return file:read "a":match 'stroke%-width="1" [^>]* d="([^"]*)"'
  end
  local s = tvm.schedule(te "B[y, x] = A[y, x]"(8, 16))
  s:split("x", 4, "xo", "xi")
  s:vectorize "xi"
  local n = 0
  for y1, y2 in jumps(s):gmatch "M%S+ (%S-)L%S+ ([%d.]+)" do
    n = n + 1
    t.ok(y2 - y1 > 0 and y2 - y1 <= 10, ("from %s to %s"):format(y1, y2))
  end
  t.eq(n, 7)
  s:reorder("xo", "y")
  for x1, x2 in jumps(s):gmatch "M(%S+) %S-L(%S+) [%d.]+" do -- from column to column
    n = n - 1
    t.ok(x2 - x1 > 0 and x2 - x1 <= 10, ("from %s to %s"):format(x1, x2))
  end
  t.eq(n, 4)
end)

t.done()
