-- What people stumble over who know the first lesson: a second kernel, a histogram, a text of their own.
local t = dofile "tests/check.lua"
local p = dofile "tests/programs.lua"

-- ---- names ----

t.test("a loop that a step used up is told by what was made of it alone, however many steps later", function()
  local s = p.matmul(32, 32, 16)
  s:tile("y", "x", 8, 8)
  local function now(name) return t.raises("stale_name", function() s:split(name, 4) end, { s = s }).fix:match "^(it is now .-);" end
  t.eq(now "y", "it is now yo, yi")
  t.eq(now "x", "it is now xo, xi")
  s:fuse("yo", "xo")
  t.eq(now "C/y", "it is now yo_xo, yi")
  t.eq(now "x", "it is now yo_xo, xi")
  t.eq(now "xo", "it is now yo_xo")
  s:split("yi", 4)
  t.eq(now "y", "it is now yo_xo, yio, yii")
  -- Parts that are joined again and again make one loop, by very many ways.
  s = p.schedule [[ A: float32[64]; B[y] = A[y] * 2 ]]
  local name = "y"
  for i = 1, 24 do
    s:split(name, 8, "o" .. i, "i" .. i)
    name = "y" .. i
    s:fuse({ "o" .. i, "i" .. i }, name)
  end
  t.contains(t.raises("stale_name", function() s:split("y", 2) end).fix, "it is now y24;")
end)

-- ---- texts ----

local function complaint(body)
  local text = "func f(A: float32[16]) -> B: float32[16]:\n" .. body
  return t.raises("text_syntax", function() tvm.parse(text) end)
end

t.test("a text that writes a parameter is told which, where, and what to write instead", function()
  local e = complaint "  for y in range(16):\n    A[y] = B[y]"
  t.contains(e.why, "line 3, column 5: 'A' is a parameter, and those are only read\n")
  t.eq(e.fix, "write into a result, such as B, or into a buffer of its own, as alloc T: float32[16] makes one")
  e = complaint "  for y in range(16):\n    block B(y):\n      init: A[y] = 0\n      B[y] += A[y]"
  t.contains(e.why, "line 4, column 13: 'A' is a parameter, ")
  -- What is found in the whole is no step's fault either.
  local twice = "func f(A: float32[4]) -> B: float32[4]:\n  for i in range(4):\n    for i in range(4):\n      B[i] = A[i]"
  t.eq(t.raises("ill_formed", function() tvm.parse(twice) end).fix, "docs/text-form.md says what may be written by hand")
end)

t.test("a bracket that is not closed is shown where it stands", function()
  for _, rest in ipairs { "", "\n", "\n\n", " +", " +\n", "\n    B[2] = 3", "\n  for x in range(2):\n    pass" } do
    t.contains(complaint("  for y in range(16):\n    B[y] = A[y" .. rest).why, "line 3, column 13: this '[' is not closed\n")
  end
  t.contains(complaint("  for y in range(16:\n    B[y] = A[y]").why, "line 2, column 20: expected ')' before ':'\n")
  t.contains(complaint("  for y in range((16) * (2:\n    B[y] = A[y]").why, "expected ')' before ':'\n")
  t.contains(complaint("  for y in range((16) * (2\n    ").why, "line 2, column 25: this '(' is not closed\n")
end)

t.test("a slip in the word that begins a statement is answered with the word", function()
  local words = "expected a statement (for, block, if, alloc, or an assignment)"
  t.contains(complaint("  fro y in range(16):\n    B[y] = A[y]").why, "line 2, column 3: " .. words .. ": did you mean for?\n")
  t.contains(complaint("  for y in range(16):\n    blok B(y):\n      B[y] = A[y]").why, "line 3, column 5: " .. words .. ": did you mean block?\n")
  t.contains(complaint("  compute B\n").why, words .. "\n")
  t.contains(complaint("  C[0] = 2").why, "line 2, column 3: no buffer is named 'C'\n")
end)

t.test("a loop that would run fewer than 0 times is refused, where a number says so", function()
  local e = complaint "  for y in range(-1):\n    B[y] = A[y]"
  t.contains(e.why, "line 2, column 18: this loop would run -1 times\n")
  t.eq(e.fix, "write how often it runs, 0 times or more, such as 16")
  t.contains(complaint("  for y in parallel(3 - 5):\n    B[y] = A[y]").why, "line 2, column 21: this loop would run -2 times\n")
  t.ok(tvm.parse "func f(A: float32[16]) -> B: float32[0]:\n  for y in range(0):\n    B[y] = A[y]")
end)

-- ---- equations ----

t.test("numbers that meet but each other take the type of the declared result", function()
  local function body(text) return tostring(p.schedule("A: int32[4]; " .. text):ir()) .. "\n" end
  t.contains(body "B: int32[4]; B[i] = select(A[i] > 0, 1, 0)", "B[i] = select(A[i] > 0, 1, 0)\n")
  t.contains(body "B: int32[4]; B[i] = select(A[i] > 0, -1, 0) + A[i]", "B[i] = select(A[i] > 0, -1, 0) + A[i]\n")
  t.contains(body "B: float64[4]; B[i] = select(A[i] > 0, select(A[i] > 2, 4, 3), 0.5)", "select(A[i] > 2, 4, 3), 0.5)\n")
  t.contains(body "B: uint8[4]; B[i] = 255", "B[i] = 255\n")
  t.contains(body "B: float64[4]; B[i] = sqrt(2)", "B[i] = sqrt(2)\n")
  t.contains(body "B: int32[4]; B[i] = sum(k in 3, 1)", "B[i] += 1\n")
  t.contains(body "B[i] = float32(A[i]) + select(A[i] > 0, 1, 0)", "B[i] = float32(A[i]) + select(A[i] > 0, 1, 0)\n")
  -- What has a type keeps it, and what the type does not hold is told as before.
  t.contains(body "B: int32[4]; B[i] = int32(select(A[i] > 0, 1, 0))", "int32(select(A[i] > 0, float32(1), float32(0)))")
  for text, dtype in pairs { ["uint8[4]; B[i] = select(A[i] > 0, 256, 0)"] = "uint8", ["uint64[4]; B[i] = select(A[i] > 0, -1, 0)"] = "uint64",
      ["int8[4]; B[i] = select(A[i] > 0, 0.5, 0)"] = "int8", ["int8[4]; B[i] = -129"] = "int8", ["bool[4]; B[i] = 1"] = "bool" } do
    local e = t.raises("te_text", function() p.func("A: int32[4]; B: " .. text) end)
    t.contains(e.why, "B is declared as " .. dtype .. ", but its values are float32")
  end
end)

t.test("a histogram is an equation", function()
  local f = te "H: int32[16]; A: int32[100]; H[b] = sum(i, select(int64(A[i]) == b, 1, 0))"
  local a = tvm.random({ 100 }, "int32", { lo = 0, hi = 16 })
  local want, got = {}, tvm.schedule(f):run(a):totable()
  for _, v in ipairs(a:totable()) do want[v] = (want[v] or 0) + 1 end
  for b = 0, 15 do t.eq(got[b + 1], want[b] or 0) end
end)


t.test("a name in an index that is no axis may be a size that nobody gave", function()
  local function fix(text) return t.raises("te_text", function() te.text(text) end).fix end
  t.eq(fix "A: float32[16]; C: float32[16]; C[i] = A[N - i]",
    'a size is written as a number, or named where a shape is, "A: float32[N]"; to reduce over it write "sum(N, …)"')
  t.contains(fix "C: float32[8]; C[i] = A[i + k, 0]", '"A: float32[k, …]"')
  t.eq(fix "C[i] = A[i, k]", 'write "sum(k, …)" to reduce over it')
  t.eq(fix "C: float32[8]; C[i] = A[i + k] * B[k]", 'write "sum(k, …)" to reduce over it')
  t.ok(te.text("A: float32[N]; C: float32[N]; C[i] = A[N - 1 - i]")(16))
end)

-- ---- steps ----

local histogram = "H: int32[16]; A: int32[%d]; H[b] = sum(i, select(int64(A[i]) == b, 1, 0))"

t.test("threads that would fill shared memory each for itself are told so, and what is legal", function()
  local s = p.schedule(histogram:format(100))
  s:bind("b", "threadIdx.x")
  s:cache_read("H", "A", "shared")
  local e = t.raises("shared_by_threads", function() s:compute_at("A.shared", "b") end, { s = s })
  t.eq(e.why, "the iterations of b are the threads, and each would fill the shared A.shared for itself")
  t.contains(e.witness, "both write A.shared[0]")
  t.eq(e.fix, 's:split("A.shared/i", 16, "io", "ii"); s:bind("A.shared/ii", "threadIdx.x")')
  load("local s = ...; " .. e.fix)(s)
  local a = tvm.random({ 100 }, "int32", { lo = 0, hi = 16 })
  t.ok(s:check(a) == s:at(0):run(a))
  -- With a loop around the threads, the copy belongs there.
  s = p.schedule(histogram:format(100))
  s:split("b", 8)
  s:bind("bo", "blockIdx.x"):bind("bi", "threadIdx.x")
  s:cache_read("H", "A", "shared")
  t.eq(t.raises("shared_by_threads", function() s:compute_at("A.shared", "bi") end, { s = s }).fix, 's:compute_at("A.shared", "bo")')
  -- Where neither goes, that is said in words.
  s = p.schedule(histogram:format(100))
  s:bind("b", "threadIdx.x")
  s:cache_read("H", "A", "shared")
  s:parallel "A.shared/i"
  t.eq(t.raises("shared_by_threads", function() s:compute_at("A.shared", "b") end, { s = s }).fix,
    "leave A.shared outside of b, and bind its own loops to the threads")
end)

t.test("a scatter whose loop shall run at once is told to stay serial, or what to write instead", function()
  local text = "func H(A: int32[100]) -> H: int32[16]:\n  for b in range(16):\n    H[b] = 0\n  for i in range(100):\n    block H(i):\n      H[int64(A[i])] %s 1\n"
  local function fix(sign, step)
    local s = tvm.schedule(tvm.parse(text:format(sign)))
    return t.raises("dependences_unknown", function() step(s) end, { s = s }).fix
  end
  for _, step in ipairs { function(s) s:parallel "i" end, function(s) s:vectorize "i" end, function(s) s:bind("i", "threadIdx.x") end } do
    t.eq(fix("+=", step), 'leave i serial, for two iterations may add to one element of H; each element as a sum over i has loops that can '
      .. 'run at once: help "histogram"')
    t.eq(fix("=", step), "leave i serial, for two iterations may write one element of H")
  end
  p.schedule(histogram:format(100)):parallel "b"
end)

t.test("a step that leaves one out of three names is told which, where the others fit nothing", function()
  local s = p.matmul(8, 8, 8)
  local e = t.raises("missing_argument", function() s:cache_read("C", "local") end, { s = s })
  t.eq(e.why, "argument 3 (scope) is missing")
  t.eq(e.fix, "call it as s:cache_read(block, buffer, scope) -> names")
  t.raises("no_buffer", function() s:cache_read("C", "local", "shared") end, { s = s })
  t.raises("no_loop", function() s:parallel "C" end, { s = s })
end)

t.test("steps that were saved of another kernel are taken with a word about it, in a script, too", function()
  local path = os.tmpname()
  local s = p.schedule("A: float32[8, 8]; B[y, x] = A[y, x] + 1", "f")
  s:split("y", 4)
  s:save(path .. ".lua")
  local code = ('s = tvm.schedule(te.text("A: float32[8, 8]; B[y, x] = A[y, x] * 2", "%s")); s:load "%s"')
  local script = assert(io.open(path, "w"))
  script:write(code:format("g", path .. ".lua"), "\n", code:format("f", path .. ".lua"), "\n"):close()
  local pipe <close> = io.popen("NO_COLOR=1 " .. arg[-1] .. " " .. path .. " 2>&1")
  t.eq(pipe:read "a", path .. ":1: note: the steps were saved of f, and this is g\n")
  os.remove(path)
  os.remove(path .. ".lua")
end)

-- ---- words ----

local program = arg[-1]

-- Runs one input; returns what it printed, both streams.
local function typed(code)
  local pipe <close> = io.popen("NO_COLOR=1 " .. program .. " -e '" .. code:gsub("'", [['\'']]) .. "' 2>&1")
  return pipe:read "a"
end

t.test("a text that ]] ends too early is told so, whatever follows", function()
  for _, rest in ipairs { " ]]", " + 1 ]]", " += 1 ]]", " * C[i] ]]", "\n  C[i] = 2 ]]" } do
    t.contains(typed("f = te [[ Y[i] = A[B[i]]" .. rest), "hint: ]] ends the text")
  end
  t.contains(typed "te([[ Y[i] = A[B[i]] + 1 ]])", "hint: ]] ends the text")
  t.contains(typed "te [[ Y[i] = A[i] ]] x += 1", "hint: Lua has no +=")
end)

t.test("names of other compilers and guesses lead to those of here", function()
  local f = te "A: float32[8]; B[i] = A[i] * 2"
  local s = tvm.schedule(f)
  local k, g = s:build(), tvm.graph("net", function(b) return b:relu(b:input("x", "float32", { 1, 8 })) end)
  local m = g:lower()
  local values = { f = f, s = s, v = s:at(0), k = k, m = m }
  local function asked(code, body) return t.raises(code, body, values) end
  t.eq(asked("no_member", function() s:timeit() end).fix, "tvm.time(s)")
  t.contains(asked("no_member", function() values.v:cuda() end).fix, 'v:lowered "cuda"')
  t.contains(asked("member_elsewhere", function() s:inputs() end).fix, 's:names "buffers"')
  t.eq(asked("no_member", function() m:timeit() end).fix, "tvm.time(m)")
  t.contains(asked("no_member", function() tvm.model() end).fix, "tvm.import(path)")
  t.contains(select(2, pcall(tvm.graph, "n", function(b) return b:layernorm(b:input("x", "float32", { 2, 3 })) end)).fix, "b:layer_normalization; ")
  t.eq(asked("old_name", function() s:print_loop_nest() end).fix, "s alone shows the loop tree")
  t.eq(asked("old_name", function() tvm.build() end).why, "tvm has no 'build': that is how Apache TVM and its like write it")
end)

t.test("help knows what a scatter and a histogram are written as, and that up says nothing", function()
  t.contains(typed 'help "scatter"', "H[I[i]] += 1")
  t.contains(typed 'help "histogram"', "H[b] = sum(i, select(int64(A[i]) == b, 1, 0))")
  local speed = typed 'help "speed up"'
  t.contains(speed, 'mentioning "speed":\n')
  t.contains(speed, "tvm.default(")
end)

t.done()
