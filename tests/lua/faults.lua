-- faults.lua -- what is missing or too much around the program: a module, a text, arguments; the session goes on.
-- test: cpu, threads
local t, p = dofile "tests/check.lua", dofile "tests/programs.lua"

local double = [[
func f(A: float32[8]) -> B: float32[8]:
  for i in range(8):
    block B(i):
      B[i] = A[i] * 2
]]

local function goes_on()
  local s, a = tvm.schedule(tvm.parse(double)), tvm.arange { 8 }
  s:split("i", 3)
  t.ok(s:run(a) == s:check(a))
end

local function refused(code, f, values)
  local e = t.raises(code, f, values)
  goes_on()
  return e
end

t.test("without the compiler's module a program is still looked at and interpreted", function()
  local folder = os.tmpname()
  os.remove(folder)
  os.execute(("mkdir %s && cp %s %s/tvmrepl"):format(folder, arg[-1], folder))
  local file <close> = assert(io.open(folder .. "/try.lua", "w"))
  file:write(([==[
    local s, a = tvm.schedule(tvm.parse [[%s]]), tvm.arange { 8 }
    local ok, e = pcall(function() return s:run(a) end)
    print(ok or e.code, e)
    print(s:build "interp":run(a) == s:check(a))
  ]==]):format(double))
  file:close()
  local pipe = io.popen(("%s/tvmrepl %s/try.lua 2>&1"):format(folder, folder))
  local said = pipe:read "a"
  pipe:close()
  os.execute("rm -r " .. folder)
  t.contains(said, "module_missing")
  t.contains(said, "true\n")
end)

t.test("texts that hold no program, or one of another time", function()
  refused("text_empty", function() tvm.parse "" end)
  refused("text_empty", function() tvm.parse "# only a comment\n\n" end)
  t.contains(refused("text_version", function() tvm.parse("tvmrepl 9\n" .. double) end).why, "version 9")
end)

t.test("more parameters than can be handed over", function()
  local params, inputs = {}, {}
  for i = 1, 60 do params[i], inputs[i] = "A" .. i .. ": float32[2]", tvm.random { 2 } end
  local s = tvm.schedule(tvm.parse(("func f(%s) -> B: float32[2]:\n  for i in range(2):\n    block B(i):\n      B[i] = A1[i]")
    :format(table.concat(params, ", "))))
  refused("too_many_arguments", function() s:run(table.unpack(inputs)) end, { s = s })
  refused("too_many_arguments", function() s:check() end, { s = s })
end)

local function unless(without, name, why, body)
  if without then t.skip(name, why) else t.test(name, body) end
end

unless(io.popen("uname -m"):read() == "x86_64", "a processor's name where the processor is another", "this is x86-64", function()
  refused("llvm_own_cpu", function() tvm.schedule(tvm.parse(double)):build "llvm -mcpu=x86-64" end)
end)

t.test("kernels that go astray are told by buffer, index and iteration", function()
  local s = tvm.schedule(tvm.parse [==[
func f(A: float32[4], D: int64[4]) -> B: float32[4]:
  for i in range(4):
    block B(i):
      B[i] = A[D[i]]
]==])
  local function astray(index) return tvm.zeros { 4 }, tvm.tensor({ 0, 1, index, 3 }, "int64") end
  local function told(code, index, a, d)
    local e = refused(code, function() s:run(a, d) end, { s = s })
    t.contains(e.why, ("B reads A[%d]"):format(index))
    t.contains(e.witness, "i=2")
    return e.where
  end
  for _, index in ipairs { 4, 5, 100, 5000, -1, -20000, 1 << 30, 1 << 60 } do
    t.contains(told("kernel_outside", index, astray(index)), ">       B[i] = A[D[i]]")
    refused("kernel_outside", function() s:build "llvm -check":run(astray(index)) end, { s = s })
  end
  for _, beyond in ipairs { 2, 5000, -20000, 1 << 30, 1 << 60 } do
    s = tvm.schedule(tvm.parse(([==[
func f(A: float32[4], D: int64[4]) -> B: float32[4]:
  for i in range(4):
    block B(i):
      B[i] = 0
      if D[i] > 1:
        B[i] = A[i + %d]
]==]):format(beyond)))
    t.contains(told("kernel_outside", beyond + 2, tvm.zeros { 4 }, tvm.tensor({ 0, 1, 2, 0 }, "int64")), ">         B[i] = A[i + ")
  end
end)

t.test("an index that depends on data is compared in every lane that reads, and in no other", function()
  local text = "D: int64[37]; A: float32[5, 8]; G: float32[37]; B: float32[37]; B[i] = %s"
  local steps = {
    function() end,
    function(s) s:split("i", 16, "io", "ii"); s:vectorize "ii" end,
    function(s) s:vectorize "i" end,
    function(s) s:unroll "i" end,
    function(s) s:split("i", 4, "io", "ii"); s:vectorize "ii"; s:parallel "io" end,
  }
  local at, guard, a = {}, {}, tvm.arange { 5, 8 }
  for _, case in ipairs { { "A[D[i], 3]", 5 }, { "A[2, D[i] + 4]", 4 }, { "A[D[i], D[i] + 4]", 4 },
    { "select(G[i] > 0, A[D[i], 3], 7)", 5 }, { "select(i < 20, A[D[i], 3], 7)", 5 } } do
    local value, n = table.unpack(case)
    for which, step in ipairs(steps) do
      local s = p.schedule(text:format(value))
      step(s)
      for _, target in ipairs { "llvm", "llvm -O0", "llvm -mcpu=haswell", "llvm -mcpu=x86-64" } do
        local k = s:build(target)
        for _, place in ipairs { 0, 17, 19, 20, 36 } do
          for _, index in ipairs { n, -5, 1 << 40 } do
            for i = 1, 37 do at[i], guard[i] = i % n, 1 end
            at[place + 1] = index
            local reads = not value:find "i < 20" or place < 20
            local inputs = { D = tvm.tensor(at, "int64"), A = a, G = tvm.tensor(guard) }
            local ok, e = pcall(k.run, k, inputs)
            t.eq(ok, not reads, ("%s, steps %d, %s, D[%d] = %d"):format(value, which, target, place, index))
            if not ok then
              t.eq(e.code, "kernel_outside")
              t.contains(e.why, tostring(value:find "D%[i%] %+ 4" and index + 4 or index))
            end
            if value:find "G" then
              guard[place + 1] = 0
              inputs.G = tvm.tensor(guard)
              t.eq(k:run(inputs)[place], 7)
            end
          end
        end
      end
    end
  end
end)

local room = tonumber(t.raises("tensor_too_large", function() tvm.zeros { 1 << 40 } end).why:match "room for (%d+) MiB")

unless(room > 100000, "memory that is not there is refused before anything touches it", "this machine has too much", function()
  local part = (room * 6 // 10 << 20) // 4
  local held = tvm.zeros { part }
  t.raises("tensor_too_large", function() return tvm.zeros { part } end)
  held = nil
  collectgarbage()
  t.eq(tvm.zeros { part }[part - 1], 0)
  collectgarbage()
  local text = double:gsub("  for", ("  alloc S: float32[%d]\n  S[0] = 1\n  alloc T: float32[%d]\n  T[0] = 2\n  for"):format(part, part + 1), 1)
  local e = refused("kernel_no_memory", function() tvm.schedule(tvm.parse(text)):run(tvm.arange { 8 }) end)
  t.contains(e.why, "f asked for T of ")
  t.contains(e.where, ">   alloc T: float32")
  local s = tvm.schedule(tvm.parse(text))
  for _, target in ipairs { "interp", "check" } do
    e = refused("alloc_too_big", function() s:build(target):run(tvm.arange { 8 }) end, { s = s })
    t.contains(e.why, " it takes ")
  end
  refused("ill_formed", function() tvm.parse((text:gsub("%d%d%d%d%d%d%d+", 1 << 62))) end)
end)

t.test("a kernel that never ends is stopped after the time that was said", function()
  local s = tvm.schedule(tvm.parse [[
func f(A: float32[1]) -> B: float32[1]:
  for i in range(1125899906842624):
    B[0] = A[0]
]])
  t.eq(tvm.time_limit(0.25), 0.0)
  local begun = tvm.clock()
  for _, run in ipairs { function() s:run(tvm.zeros { 1 }) end, function() tvm.time(s) end } do
    local ok, e = pcall(run)
    t.eq(e.code, "kernel_timeout")
    t.contains(e.why, "did not end within 0.25 s")
  end
  t.ok(tvm.clock() - begun < 10)
  t.raises("kernel_timeout", function() s:run(tvm.zeros { 1 }) end)
  t.eq(tvm.time_limit(), 600.0) -- as the fix says
  t.raises("argument_type", function() tvm.time_limit(-1) end)
  tvm.time_limit(0)
end)

t.test("programs that a target does not take", function()
  local plain = tvm.schedule(tvm.parse(double))
  refused("cuda_not_bound", function() plain:ptx() end, { s = plain })
  local bound = plain:fork()
  bound:bind("i", "threadIdx.x")
  local built, why = pcall(function() return bound:build "cuda" end)
  if not built then refused("cuda_no_driver", function() error(why) end, { s = bound }) end
  local waiting = tvm.schedule(tvm.parse [[
func f(A: float32[4]) -> B: float32[4]:
  for i in bind("threadIdx.x", 4):
    B[i] = A[i]
    barrier("shared")
]])
  refused("llvm_barrier", function() waiting:build() end, { s = waiting })
  refused("barrier_in_reference", function() waiting:build "interp" end, { s = waiting })
end)

t.test("processes that get no memory say so", function()
  local script = "print(tvm.parse 'func f() -> B: int8[1]:\\n B[0] = 7':build():run())"
  local said = io.popen(('ulimit -v 800000; %s -e "%s" 2>&1'):format(arg[-1], script)):read "a"
  if said:find "Sanitizer" then return t.skip("a limit on addresses", "a sanitizer needs more of them") end
  t.contains(said, "cannot map memory: Cannot allocate memory")
end)

t.test("functions that nobody knows", function()
  refused("unknown_function", function() tvm.parse((double:gsub("A%[i%] %* 2", "sine(A[i])"))) end)
end)

t.test("texts that are not well formed", function()
  local s = tvm.schedule(tvm.parse(double))
  refused("text_syntax", function() tvm.parse "func f(" end, { s = s })
  refused("ill_formed", function() tvm.parse "func f(A: int8[4]) -> B: int8[4]:\n  for i in range(4):\n    for i in range(4):\n      B[i] = A[i]" end)
end)

t.test("sizes are numbers", function()
  local function program(size, more) return "func f(A: float32[" .. size .. "]) -> B: float32[4]:\n" .. (more or "  B[0] = A[0]\n") end
  for size, is in pairs { ["2*2"] = 4, ["(1 + 2)*3 - 1"] = 8, ["min(9, 1024 // 8)"] = 9, ["-2 + 3"] = 1, ["0"] = 0 } do
    local s = tvm.schedule(tvm.parse(program(size, "  for y in range(4):\n    B[y] = 1\n")))
    t.contains(s:ir(), "A: float32[" .. is .. "]")
    t.eq(s:run(tvm.random { is }):totable()[1], 1)
  end
  for size, says in pairs { n = "'n' is a name", ["4, 2*n"] = "'n' is a name",
    ["A"] = "'A' is a name", ["select(true, 1, 2)"] = "this is more than arithmetic on numbers" } do
    local e = refused("text_size", function() tvm.parse(program(size)) end)
    t.contains(e.why, says .. ", and the sizes of a program are numbers")
  end
  local beyond = "this is beyond the 64 bits of a size"
  for size, says in pairs { ["1 - 2"] = "-1 is below 0", ["-1"] = "-1 is below 0", ["4//0"] = "this divides by 0", ["4 % 0"] = "this divides by 0",
    ["4 / 0 + 1"] = "this divides by 0", ["4294967296*4294967296 + 2"] = beyond, ["9223372036854775807 + 1"] = beyond, ["1 << 63"] = beyond,
    ["1 << 64"] = beyond, ["1 << -1"] = "this shifts by less than 0", ["18446744073709551615"] = beyond, ["-9223372036854775807 - 2"] = beyond,
    ["(-9223372036854775807 - 1)//-1"] = beyond } do
    local e = refused("text_size_range", function() tvm.parse(program(size)) end)
    t.contains(e.why, "line 1, column 19: " .. says .. ", and a size is a number of elements\n  func f(A: float32[" .. size)
    t.eq(e.fix, "write how many elements that dimension has, 0 or more, as in float32[4]")
  end
  local inside = "  for y in range(4):\n    alloc T: %s\n    T[0] = A[y]\n    B[y] = T[0]\n"
  for _, what in ipairs { "float32[y + 1] local", "float32[4] local window [y :+ y + 1]" } do
    refused("text_size", function() tvm.parse(program(4, inside:format(what))) end)
  end
  local triangle = tvm.schedule(tvm.parse(program(4, "  for y in range(4):\n    B[y] = 0\n    for x in range(y + 1):\n      B[y] += A[x]\n")))
  t.eq(table.concat(triangle:run(tvm.arange(4, "float32")):totable(), " "), "0.0 1.0 3.0 6.0") -- loops may be of any extent
end)

t.test("what is wrong in a bracket over several lines is pointed at where it stands", function()
  local function refused_at(code, text, where)
    t.contains(refused(code, function() tvm.parse(text) end).why .. "\n", where .. "\n")
  end
  local size = "line %d, column %d: 'n' is a name, and the sizes of a program are numbers\n  %s\n  %s^"
  refused_at("text_size", "func f(X: float32[\n\n  n\n]) -> Y: float32[2]:\n  pass\n", size:format(3, 3, "  n", "  "))
  refused_at("text_size", "\nfunc f(X: float32[2,\n" .. (" "):rep(70) .. "n,\n3]) -> Y: float32[2]:\n  pass\n",
    size:format(3, 71, (" "):rep(60) .. "n,", (" "):rep(60)))
  refused_at("text_size", "func f(X: float32[n,\n\n3]) -> Y: float32[2]:\n  pass\n", size:format(1, 19, "func f(X: float32[n,", (" "):rep(18)))
  refused_at("text_syntax", "func f(X: float32[2]) -> Y: float32[2]:\n  for i in range(2):\n    Y[i] = (X[i] +\n      2 +\n      Z)\n",
    "line 5, column 7: 'Z' is not known here\n        Z)\n        ^")
end)

-- ---- the checking interpreter ---------------------------------------------------------------------

local function checked(code, text, ...)
  local s, inputs = tvm.schedule(tvm.parse(text)), table.pack(...)
  return refused(code, function() return s:check(table.unpack(inputs)) end, { s = s })
end

t.test("a program that surely reads or returns what nothing has written is not run", function()
  for code, text in pairs {
    undefined_read = "func f(A: float32[4, 9]) -> B: float32[4]:\n  for y in range(4):\n    for k in range(9):\n      B[y] += A[y, k]",
    never_written = "func f(A: float32[4, 9]) -> B: float32[4]:\n  for y in range(3):\n    B[y] = A[y, y]" } do
    local p = tvm.parse(text)
    local s = tvm.schedule(p)
    s:split("y", 2)
    for _, of in ipairs { p, s } do -- a step does not make it right
      refused(code, function() of:run(tvm.random { 4, 9 }) end, { s = s })
      refused(code, function() of:build() end, { s = s })
    end
    t.contains(tostring(select(2, pcall(p.run, p, tvm.random { 4, 9 }))), code == "never_written" and "B[3]" or "k=0, y=0")
    t.ok(p:build "interp")
  end
  -- Beside what data decide; of copies of nothing; and a program of many axes that writes all.
  local beside = tvm.parse [[
func f(A: float32[8], I: int64[8]) -> C: float32[8], D: float32[4]:
  for x in range(8):
    C[I[x] ] = 1
  for x in range(3):
    D[x] = 1
]]
  t.contains(t.raises("never_written", function() beside:build() end).why, "D[3]")
  local copied = tvm.parse [[
func f() -> C: float32[8]:
  alloc T: float32[8]
  alloc U: float32[8]
  for x in range(8):
    U[x] = T[x]
  for x in range(8):
    C[x] = U[x]
]]
  t.contains(t.raises("undefined_read", function() copied:build() end).why, "U[0]")
  local lines = { "func f(A: float32[4]) -> C: float32[4]:", "  for z in range(8):" }
  for b = 1, 4 do
    local axes = {}
    for i = 1, 30 do axes[i] = ("a%d_%d = %s"):format(b, i, b == 1 and "z" or ("a%d_%d"):format(b - 1, i)) end
    lines[#lines + 1] = ("%sblock B%d(%s)%s:"):format((" "):rep(2 + 2*b), b, table.concat(axes, ", "), b == 1 and " where z == 7" or "")
  end
  lines[#lines + 1] = "            for x in range(4):\n              C[x] = A[x]"
  local a = tvm.random { 4 }
  t.ok(tvm.parse(table.concat(lines, "\n")):run(a) == a)
end)

t.test("s:check finds what a run does not show", function()
  local e = checked("iterations_conflict", "func f(A: int8[4]) -> B: int8[4]:\n  for i in parallel(4):\n    B[i//2] = A[i]")
  t.eq(e.witness, "i=0 writes; i=1 writes")
  t.contains(e.where, ">     B[i//2] = A[i]")
  t.ok(not e.refused)
  checked("outside_buffer", "func f(A: int8[4]) -> B: int8[4]:\n  for i in range(4):\n    if A[0] == A[0]:\n      B[i] = A[(i*3 + 1) % 5]")
  for _, kind in ipairs { "range(4)", "parallel(4)", 'bind("threadIdx.x", 4)' } do
    local text = "func f(A: int8[4]) -> B: int8[4]:\n  for i in " .. kind .. ":\n    B[i] = A[(i + 1) % 5]"
    t.contains(t.raises("surely_outside", function() tvm.parse(text) end).why, "at i=3 reads A[4]")
  end
  checked("never_written", "func f(A: int8[4]) -> B: int8[4]:\n  for i in range(3):\n    B[i] = A[i]")
  checked("undefined_read", "func f(A: int8[4]) -> B: int8[4]:\n  alloc T: int8[4]\n  for i in range(4):\n    B[i] = T[i]")
end)

t.test("s:check emulates the threads of a GPU", function()
  local s = tvm.schedule(tvm.parse((double:gsub("%f[%d]8", "64"))))
  s:split("i", 16)
  s:bind("io", "blockIdx.x")
  s:bind("ii", "threadIdx.x")
  local a = tvm.random { 64 }
  t.ok(s:check(a) == s:at(0):run(a))
  t.ok(s:check { A = a } == s:check(a))
  t.raises("input_unknown", function() s:check { B = a } end)
end)

t.done()
