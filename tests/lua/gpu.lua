-- gpu.lua -- a GPU that refuses, faults, dies or hangs: the session goes on. The driver is a pretended one.
local t = dofile "tests/check.lua"
local fakes = arg[-1]:gsub("[^/]*$", "") .. "tests/fakes"
if os.getenv "LD_LIBRARY_PATH" ~= fakes then
  os.exit(os.execute(("LD_LIBRARY_PATH=%s %s %s"):format(fakes, arg[-1], arg[0])))
end

-- A sum of vectors on a grid of `rows` in y; the pretended driver takes 8 and 9 amiss.
local function sum(rows)
  return tvm.schedule(tvm.parse(([[
func add(A: float32[%d], B: float32[%d]) -> C: float32[%d]:
  for y in bind("blockIdx.y", %d):
    block C(y):
      C[y] = A[y] + B[y]
]]):format(rows, rows, rows, rows)))
end

local function goes_on()
  local a, b = tvm.random { 5 }, tvm.random({ 5 }, "float32", { seed = 2 })
  t.ok(sum(5):build "cuda":run(a, b) == sum(5):at(0):run(a, b))
end

local function refused(code, s, f)
  local e = t.raises(code, f, { s = s })
  goes_on()
  return e
end

t.test("a GPU program is timed on the GPU, and its label says that copies count", function()
  local timing = tvm.time(sum(5), { ["repeat"] = 3, min_repeat_ms = 0 })
  t.eq(timing.label, "add (with copies to the GPU)")
  t.eq(timing.threads, 0)
  t.eq(tvm.compare({ sum(5) }, { ["repeat"] = 3, min_repeat_ms = 0 }).shares[1], false)
end)

t.test("code for another GPU", function()
  local e = refused("cuda_rejected", sum(5), function() sum(5):build "cuda -arch=sm_90" end)
  t.contains(e.why, "ptxas: no entry for sm_80")
end)

t.test("a GPU that has no room keeps what it has, and has room again", function()
  local a, b = tvm.random { 5 }, tvm.random({ 5 }, "float32", { seed = 2 })
  local function fill()
    local kept = {}
    t.contains(t.raises("cuda_memory", function()
      for i = 1, 100 do kept[i] = sum(5):build "cuda" end
    end).why, "no room for 20 bytes")
    t.ok(kept[1]:run(a, b) == kept[#kept]:run(a, b))
    return #kept
  end
  collectgarbage() -- kernels of the tests before
  local n = fill()
  collectgarbage()
  t.eq(fill(), n)
  collectgarbage()
end)

t.test("more than goes to the GPU at once", function()
  local f = tvm.parse [[
func f(A: float32[402653184]) -> C: float32[4]:
  for x in bind("blockIdx.x", 4):
    C[x] = A[x]
]]
  refused("cuda_too_much", sum(5), function() f:build "cuda" end)
end)

t.test("a driver without a device", function()
  local function found(where)
    return io.popen(("%s; exec env LD_LIBRARY_PATH=%s %s -e '%s' 2>&1"):format(where, fakes, arg[-1], [[
      f = tvm.parse "func f() -> C: int8[2]:\n for i in bind(\"threadIdx.x\", 2):\n  C[i] = 1"
      f:build "cuda"
    ]])):read "a"
  end
  t.contains(found "export NO_DEVICE=1", "no GPU can be used here: cuInit gives CUDA_ERROR_NO_DEVICE (100)")
end)

t.test("a driver that is no library is told in the words of what loads it", function()
  local folder = os.tmpname()
  assert(os.remove(folder))
  assert(os.execute(("mkdir %s && echo no library >%s/libcuda.so.1"):format(folder, folder)))
  local said = io.popen(("exec env LD_LIBRARY_PATH=%s %s -e '%s' 2>&1"):format(folder, arg[-1], [=[
    tvm.parse "func f() -> C: int8[2]:\n for i in bind(\"threadIdx.x\", 2):\n  C[i] = 1":build "cuda"
  ]=])):read "a"
  os.execute("rm -r " .. folder)
  t.contains(said, "no GPU can be used here: NVIDIA's driver is not found or not whole: " .. folder .. "/libcuda.so.1: ")
end)

-- What a kernel reads decides where it reads next: no compiler knows whether that is inside.
local function take(n)
  return tvm.schedule(tvm.parse(([[
func take(A: float32[%d], I: int32[%d]) -> C: float32[%d]:
  for x in bind("threadIdx.x", %d):
    block C(x):
      C[x] = A[int64(I[x])]
]]):format(n, n, n, n)))
end

t.test("a kernel that faults", function()
  local s, a = take(4), tvm.random { 4 }
  local k, kept = s:build "cuda", sum(5):build "cuda"
  local turned = tvm.tensor({ 3, 2, 1, 0 }, "int32")
  t.ok(k:run(a, turned) == s:run(a, turned))
  local e = refused("cuda_call", s, function() k:run(a, tvm.tensor({ 3, 2, 1, 4000 }, "int32")) end)
  t.contains(e.why, "cuCtxSynchronize failed: CUDA_ERROR_ILLEGAL_ADDRESS")
  t.raises("cuda_lost", function() kept:run(tvm.random { 5 }, tvm.random { 5 }) end)
end)

t.test("a kernel that ends the process", function()
  local s, a = sum(8), tvm.random { 8 }
  local k, kept = s:build "cuda", sum(5):build "cuda"
  t.contains(refused("cuda_process", s, function() k:run(a, a) end).why, "Aborted")
  t.raises("cuda_lost", function() kept:run(tvm.random { 5 }, tvm.random { 5 }) end)
end)

if t.quick then
  t.skip("a kernel that never ends", "it takes half a minute")
else
  t.test("a kernel that never ends", function()
    local a, s = tvm.random { 9 }, sum(9)
    refused("cuda_timeout", s, function() s:build "cuda":run(a, a) end)
  end)
end

t.test("programs that no GPU can run", function()
  local function bad(code, body)
    local s = tvm.schedule(tvm.parse("func f(A: float32[8, 8]) -> B: float32[8, 8]:\n" ..
      '  for y in bind("blockIdx.x", 8):\n' .. body))
    refused(code, s, function() s:ptx() end)
  end
  bad("cuda_extent", '    for x in bind("threadIdx.x", y + 1):\n      B[y, x] = A[y, x]\n')
  bad("cuda_local_bytes", "    alloc T: float32[131073] local\n    T[131072] = A[y, 0]\n    B[y, 0] = T[131072]\n")
  bad("axis_missing", '    for x in bind("threadIdx.x", 8):\n      B[y, x] = 0\n    B[y, 0] += A[y, 0]\n')
  bad("barrier_inside", '    for x in bind("threadIdx.x", 8):\n      if x < 4:\n        barrier("shared")\n' ..
    "      B[y, x] = A[y, x]\n")
  bad("cuda_buffer_big", "    alloc T: float32[2000000000000] shared\n    B[y, 0] = A[y, 0]\n")
end)

-- Other threads would wait for ever at the barrier between the store and the load of S.
t.test("what a thread keeps for itself decides its way alone", function()
  for _, way in ipairs { "if L[0] > 50", "for i in range(int64(L[0]))" } do
    local s = tvm.schedule(tvm.parse(([[
func f(A: int32[32]) -> C: int32[32]:
  for x in bind("threadIdx.x", 32):
    alloc L: int32[1] local
    alloc T: int32[32] shared
    alloc S: int32[32] shared
    L[0] = A[x]
    T[x] = A[x]
    C[x] = T[x]
    %s:
      S[x] = A[x]
      C[x] = S[31 - x]
]]):format(way)))
    for _, view in ipairs { "ptx", "check" } do
      t.contains(t.raises("barrier_divergent", function() s[view](s) end).why, "before they go on with S, inside a")
    end
  end
end)

t.test("a vectorized loop has no place for barriers", function()
  local s = tvm.schedule(te [=[
A: float32[8, 32]
B[y, x] = A[y, x] * 2
C[y, x] = B[y, x] + B[y, 31 - x]
]=])
  s:set_scope("B", "shared")
  s:compute_at("B", "C/y")
  s:bind("C/x", "threadIdx.x")
  s:bind("B/x", "threadIdx.x")
  local serial = s:fork()
  s:vectorize "y"
  local e = t.raises("barrier_divergent", function() s:check() end)
  t.contains(e.why, "before they go on with B, inside y, a vectorized loop")
  t.eq(e.fix, "compute B outside loop y, or leave that loop serial")
  -- Another step may still take the need away: that is why vectorize does not refuse.
  s:compute_inline "B"
  local a = tvm.random { 8, 32 }
  t.eq(s:check(a), serial:check(a))
  -- A barrier that was written stays.
  local written = tvm.schedule(tvm.parse [=[
func f(A: float32[8, 32]) -> C: float32[8, 32]:
  alloc B: float32[8, 32] shared
  for y in range(8):
    for x in bind("threadIdx.x", 32):
      block B(y, x):
        B[y, x] = A[y, x] * 2
    barrier("shared")
    for x in bind("threadIdx.x", 32):
      block C(y, x):
        C[y, x] = B[y, x] + B[y, 31 - x]
]=])
  e = t.raises("barrier_inside", function() written:vectorize "y" end, { s = written })
  t.contains(e.why, "stands inside y, a vectorized loop")
  written:unroll "y"
  t.eq(written:check(a), serial:check(a))
end)

t.test("a thread's own row, read in another order, needs no barrier", function()
  for _, kind in ipairs { "range", "vectorized" } do
    local s = tvm.schedule(tvm.parse(([[
func f(A: float32[64]) -> C: float32[64]:
  for x in bind("threadIdx.x", 8):
    alloc S: float32[64] shared
    for v in range(8):
      S[x*8 + v] = A[x*8 + v]
    for v in %s(8):
      S[x*8 + 7 - v] = S[x*8 + 7 - v] * 2
      C[x*8 + v] = S[x*8 + 7 - v]
]]):format(kind)))
    t.ok(not s:ptx():find "bar.sync")
    t.ok(s:check(tvm.arange { 64 })[9] == 28.0)
  end
end)

-- Programs of one kernel in which shared memory is computed outside of a loop over thread blocks.
local fill = [[
  for t in bind("threadIdx.x", 32):
    block S(t):
      S[t] = A[t] + 1
]]
-- The same of which nothing is computed, with something in the place of %s.
local empty = [[
  alloc S: float32[32] shared
%s  for y in bind("blockIdx.x", 2):
    for t in bind("threadIdx.x", 32):
      block C(y, t):
        C[y*32 + t] = A[t]
    for z in range(0):
      block D(y, z):
        S[z] = S[z] + 1
]]
local function kernel(results, body)
  return tvm.parse(("func f(A: float32[32]) -> %s:\n"):format(results) .. body)
end

t.test("one thread block sees what is computed beside the loop over it", function()
  local one = [[
  for y in bind("blockIdx.x", 1):
    for t in bind("threadIdx.x", 32):
      block C(t):
        C[t] = S[31 - t]
]]
  for what, f in pairs {
    ["one block"] = kernel("C: float32[32]", "  alloc S: float32[32] shared\n" .. fill .. one),
    ["a reader in no loop over blocks"] = kernel("C: float32[32], D: float32[32]", "  alloc S: float32[32] shared\n" .. fill ..
      '  for t in bind("threadIdx.x", 32):\n    block D(t):\n      D[t] = S[t]\n' .. one),
    ["shared memory that is made of shared memory"] = kernel("C: float32[32]",
      "  alloc R: float32[32] shared\n  alloc S: float32[32] shared\n" .. fill:gsub("S", "R") ..
      fill:gsub("A%[t%]", "R[31 - t]") .. one),
    ["one block along one axis, two along another"] = kernel("C: float32[2, 32]", [[
  for y in bind("blockIdx.y", 2):
    alloc S: float32[32] shared
    for t in bind("threadIdx.x", 32):
      block S(y, t):
        S[t] = A[t] + float32(y)
    for x in bind("blockIdx.x", 1):
      for t in bind("threadIdx.x", 32):
        block C(y, t):
          C[y, t] = S[31 - t]
]]),
    ["nothing is computed outside"] = kernel("C: float32[64]", empty:format [[
  for z in range(0):
    block Z(z):
      S[z] = A[z]
]]),
    ["a block outside computes nothing"] = kernel("C: float32[64]", empty:format [[
  block Z():
    for z in range(0):
      S[z] = A[z]
]]),
  } do
    local a = tvm.random { 32 }
    t.ok(f:run(a) == f:build "interp":run(a), what)
    t.ok(f:check(a) == f:run(a), what)
    local ran, want = { f:build "cuda":run(a) }, { f:run(a) }
    for i = 1, #want do t.ok(ran[i] == want[i], what .. ", as PTX") end
  end
end)

t.test("shared memory outside of several thread blocks: the program is shown, and what is advised can be done", function()
  local f = kernel("C: float32[64]", "  alloc S: float32[32] shared\n" .. fill .. [[
  for y in bind("blockIdx.x", 2):
    for t in bind("threadIdx.x", 32):
      block C(y, t):
        C[y*32 + t] = S[t]
]])
  t.contains(f:lowered(), 'for y in bind("blockIdx.x", 2):')
  for _, look in ipairs { "check", "ptx" } do
    local e = t.raises("shared_outside_blocks", function() f[look](f) end, { f = f })
    t.eq(e.fix, 's = tvm.schedule(f); s:compute_at("S", "C/y")')
  end
  local version = tvm.schedule(f):at(0)
  t.eq(t.raises("shared_outside_blocks", function() version:check() end, { version = version }).fix,
    's = tvm.schedule(version); s:compute_at("S", "C/y")')
  local function hinted(text, prepare)
    local s = tvm.schedule(te(text)):set_scope("S", "shared")
    prepare(s)
    local e = t.raises("shared_outside_blocks", function() s:check() end, { s = s })
    t.contains(tostring(e), "\n  hint: compute S in one loop over thread blocks, around all that reads it")
    s:set_scope("S", "global") -- the other way that the hint tells
    s:check()
    t.contains(s:ptx(), ".visible .entry kernel1")
  end
  hinted("A: float32[8, 8]; S[y, x] = A[y, x] * 2; C[y, x] = S[y, x] + 1; D[y, x] = S[y, x] + C[y, x]", function(s)
    s:bind("C/y", "blockIdx.x"):bind("D/y", "blockIdx.x")
  end)
  hinted("A: float32[8, 8]; S[y] = sum(k, A[y, k]); C[y, x] = A[y, x] / S[y]", function(s)
    s:bind("C/y", "blockIdx.x")
    s:decompose_reduction("S", "k")
  end)
end)

-- Two nests, D and what reads it, each bound in its own way: a random one of some thousands.
local function two_nests()
  local function one(list) return list[math.random(#list)] end
  local s = tvm.schedule(te(([[A: int32[8, 8]; D: int32[8, 8]; E: int32[8, 8]; D[i, j] = A[i, j] * 2; E[i, j] = D[%s] + 1]]):format(
    one { "i, j", "j, i", "i, 7 - j", "(i + 1) % 8, j", "7 - i, j", "i, (j + 3) % 8", "0, j", "i, 0" })))
  local function bind(nest, way)
    local i, j = nest .. "/i", nest .. "/j"
    if way == 1 then
      s:bind(i, "blockIdx.x"):bind(j, "threadIdx.x")
    elseif way == 2 then
      s:bind(j, "blockIdx.x"):bind(i, "threadIdx.x")
    elseif way == 3 then
      local o, q = s:split(i, 4)
      s:bind(o, "blockIdx.x"):bind(q, "blockIdx.y"):bind(j, "threadIdx.x")
    else
      local o, q = s:split(j, 2)
      s:bind(i, "blockIdx.x"):bind(o, "threadIdx.x")
      if way == 5 then s:vectorize(q) end
    end
  end
  local way = math.random(5)
  bind("D", way)
  bind("E", math.random(2) == 1 and way or math.random(5))
  return s:set_scope("D", one { "shared", "local" })
end

t.test("memory of a block's or a thread's own brings nothing to others, whatever stands between", function()
  local a, refused, ran = tvm.random({ 8, 8 }, "int32", { lo = -9, hi = 9 }), 0, 0
  local typed = 0
  math.randomseed(7)
  for _ = 1, 200 do
    local s = two_nests()
    local ok, e = pcall(s.check, s, a)
    local _, without = pcall(s.ptx, s)
    if ok then
      ran = ran + 1
      local want = s:at(0):build "interp":run(a)
      t.ok(e == want)
      local built, k = pcall(s.build, s, "cuda") -- unless a block axis stands inside another loop
      t.ok(built and k:run(a) == want or not built and k.code == "cuda_block_inside")
    elseif e.code == "copies_apart" then
      refused = refused + 1
      t.eq(without.code, "copies_apart")
      typed = typed + (e.fix:find('s:compute_at("D", "E/', 1, true) and 1 or 0)
    end
  end
  t.ok(ran > 20 and refused > 20 and typed > refused / 2, ("%d ran, %d were refused, %d with a step"):format(ran, refused, typed))
  -- Rows of a block's own, read by others of its threads than wrote them.
  local rows = tvm.schedule(te [[ A: int32[32, 8]; D: int32[32]; E: int32[32, 8]; D[i] = sum(k, A[i, k]); E[i, j] = A[i, j] - D[i] ]])
  rows:split("D/i", 8, "Do", "Di")
  rows:split("E/i", 8, "Eo", "Ei")
  rows:bind("Do", "blockIdx.x"):bind("Di", "threadIdx.x"):bind("Eo", "blockIdx.x"):bind("E/j", "threadIdx.x")
  rows:set_scope("D", "shared")
  local b = tvm.random({ 32, 8 }, "int32", { lo = -9, hi = 9 })
  local want = rows:at(0):build "interp":run(b)
  t.ok(rows:check(b) == want and rows:build "cuda":run(b) == want)
  -- A barrier keeps the threads of a block in order, and no blocks.
  local handed = tvm.parse [[
func f(A: float32[4, 32]) -> C: float32[4, 32], G: float32[4, 32]:
  for y in bind("blockIdx.x", 4):
    for t in bind("threadIdx.x", 32):
      block G(y, t):
        G[y, t] = A[y, t]
    barrier("shared")
    for t in bind("threadIdx.x", 32):
      block C(y, t):
        C[y, t] = G[(y + 1) % 4, t]
]]
  for _, look in ipairs { "check", "ptx" } do t.raises("barrier_blocks", function() handed[look](handed) end) end
end)

t.test("who takes what is advised comes to a program that runs", function()
  local function tiled(prepare)
    return function(s)
      s:tile("y", "x", 8, 8)
      s:bind("yo", "blockIdx.y"):bind("xo", "blockIdx.x"):bind("yi", "threadIdx.y"):bind("xi", "threadIdx.x")
      prepare(s)
    end
  end
  for name, prepare in pairs {
    ["a copy of the result"] = function(s) s:bind("y", "blockIdx.x"):cache_write("C", "local") end,
    ["a copy by threads"] = function(s) s:bind("x", "threadIdx.x"):cache_write("C", "local") end,
    ["a shared copy of the result"] = function(s) s:bind("y", "blockIdx.x"):bind("x", "threadIdx.x"):cache_write("C", "shared") end,
    ["tiles, a copy of the result"] = tiled(function(s) s:cache_write("C", "local") end),
    ["tiles, a shared A"] = tiled(function(s) s:cache_read("C", "A", "shared") end),
    ["tiles, a local A"] = tiled(function(s) s:cache_read("C", "A", "local") end),
    ["tiles, all of them"] = tiled(function(s)
      s:cache_write("C", "local")
      s:cache_read("C", "A", "shared")
      s:cache_read("C", "B", "shared")
    end),
    ["a shared copy that other blocks make"] = function(s)
      s:bind("x", "threadIdx.x"):bind("y", "blockIdx.x")
      s:cache_read("C", "B", "shared")
      s:bind("B.shared/k", "blockIdx.x"):bind("B.shared/x", "threadIdx.x")
    end,
    ["a local copy that other threads make"] = function(s)
      s:bind("x", "threadIdx.x"):bind("y", "blockIdx.x")
      s:cache_read("C", "B", "local")
      s:bind("B.local/k", "blockIdx.x"):bind("B.local/x", "threadIdx.x")
    end,
    ["a sum in the kernel"] = function(s)
      s:bind("x", "threadIdx.x")
      s:decompose_reduction("C", "k")
    end,
  } do
    local s = tvm.schedule(te [[ A: float32[16, 16]; B: float32[16, 16]; C[y, x] = sum(k, A[y, k] * B[k, x]) ]])
    prepare(s)
    local a, b = tvm.random { 16, 16 }, tvm.random { 16, 16 }
    local advised, ok, result = {}, false, nil
    repeat
      ok, result = pcall(s.run, s, a, b)
      if not ok then
        advised[#advised + 1] = result.fix
        local step = load(result.fix, name, "t", { s = s })
        if not step then error(("%s: no step: %s"):format(name, result), 0) end
        step()
      end
    until ok or #advised > 8
    t.ok(ok, name .. ": " .. table.concat(advised, "; "))
    t.ok(result == s:at(0):run(a, b), name)
    t.ok(s:build "cuda":run(a, b) == result, name .. ", as PTX")
    s:check(a, b)
    t.contains(s:ptx(), ".visible .entry")
  end
end)

t.test("loops of one axis that differ in length are told as that, not as blocks in disorder", function()
  local s = tvm.schedule(te [[ A: float32[64]; B: float32[64, 64]; C[i, k] = A[k] * B[i, k] ]])
  s:split("i", 16, "b", "t")
  s:bind("b", "blockIdx.x"):bind("t", "threadIdx.x")
  s:cache_read("C", "A", "shared")
  s:compute_at("A.shared", "b")
  s:bind("A.shared/k", "threadIdx.x")
  for _, run in ipairs { function() s:check() end, function() s:ptx() end } do
    t.contains(t.raises("thread_extent", run).why, "threadIdx.x with extent 16, but another loop gives it 64")
  end
  s:undo()
  s:split("A.shared/k", 16, "ko", "ki")
  s:bind("ki", "threadIdx.x")
  s:check()
end)

t.test("an order of bools in a condition, which LLVM's PTX knows only as logic", function()
  local s = tvm.schedule(tvm.parse [[
func f(A: bool[4], B: bool[4]) -> R: bool[4]:
  for i in range(4):
    if A[0] > B[0]:
      block R(i):
        R[i] = A[i] >= B[i]
    else:
      block S(i):
        R[i] = A[i] < B[i]
]])
  s:bind("i", "blockIdx.x")
  t.contains(s:ptx(), ".visible .entry")
end)

t.test("one value for the threads of a block is each thread's own, or has an axis to bind", function()
  local x = tvm.random { 10, 256 }
  local function norm(text)
    local s = tvm.schedule(te("X: float32[n, 256]; Y: float32[n, 256]; " .. text)(10))
    return s
  end
  local s = norm "M[i] = max(j in 256, X[i, j]); Y[i, j] = X[i, j] - M[i]"
  s:bind("Y/i", "blockIdx.x"):bind("Y/j", "threadIdx.x"):set_scope("M", "shared"):compute_at("M", "Y/i")
  local e = t.raises("axis_missing", function() s:check(x) end, { s = s })
  t.eq(e.fix, 's:set_scope("M", "local"); s:compute_at("M", "Y/j")')
  s:set_scope("M", "local"):compute_at("M", "Y/j")
  t.ok(tvm.check(s:check(x), s:at(0):run(x)).ok)
  -- two nests over the threads read it, so it is no one's own
  s = norm "M[i] = max(j in 256, X[i, j]); E[i, j] = X[i, j] - M[i]; Y[i, j] = E[i, 255 - j] * M[i]"
  s:bind("Y/i", "blockIdx.x"):bind("Y/j", "threadIdx.x"):set_scope("E", "shared"):compute_at("E", "Y/i")
  s:bind(s:loops("E")[2], "threadIdx.x"):set_scope("M", "shared"):compute_at("M", "Y/i")
  e = t.raises("axis_missing", function() s:check(x) end, { s = s })
  t.contains(e.fix, 'write M with an axis of extent 1, split that by 256, bind the inner part to threadIdx.x')
  s = norm "M: float32[n, 1]; M[i, z] = max(j in 256, X[i, j]); Y[i, j] = X[i, j] - M[i, 0]"
  s:split("M/z", 256, "zo", "zi")
  s:bind("M/i", "blockIdx.x"):bind("zi", "threadIdx.x"):set_scope("M", "shared"):reverse_compute_at("Y", "M/i")
  s:bind("Y/j", "threadIdx.x")
  t.ok(tvm.check(s:check(x), s:at(0):run(x)).ok)
  t.ok(#s:ptx() > 0)
end)

t.test("a copy of what each thread has for itself is bound as its threads hold it", function()
  local function tiled(m, n, k)
    local s = tvm.schedule(te [[ C[y, x] = sum(k, A[y, k] * B[k, x]) ]](m, n, k))
    s:tile("y", "x", 16, 16, "by", "bx", "ty", "tx")
    s:bind("by", "blockIdx.y"):bind("bx", "blockIdx.x"):bind("ty", "threadIdx.y"):bind("tx", "threadIdx.x")
    s:split("k", 16, "ko", "ki")
    s:cache_write("C", "local")
    s:reorder("ko", "ty", "tx"):reverse_compute_at("C.store", "bx")
    return s
  end
  for _, size in ipairs { { 100, 90, 50 }, { 128, 128, 64 } } do
    local s = tiled(table.unpack(size))
    local a, b = tvm.random { size[1], size[3] }, tvm.random { size[3], size[2] }
    local e = t.raises("axis_missing", function() s:check(a, b) end, { s = s })
    t.eq(e.fix, 's:bind("C.store/tx", "threadIdx.x"); s:bind("C.store/ty", "threadIdx.y")')
    s:bind("C.store/ty", "threadIdx.y")
    t.eq(t.raises("axis_missing", function() s:check(a, b) end, { s = s }).fix, 's:bind("C.store/tx", "threadIdx.x")')
    s:bind("C.store/tx", "threadIdx.x")
    t.ok(tvm.check(s:check(a, b), s:at(0):run(a, b)).ok)
    -- the other way round every thread would read what another has
    s:undo(2):bind("C.store/ty", "threadIdx.x"):bind("C.store/tx", "threadIdx.y")
    t.raises("copies_apart", function() s:check(a, b) end, { s = s })
  end
end)

t.test("what has several elements is not advised as one value, nor what a step made as somebody's to write", function()
  local s = tvm.schedule(te [[ M[y] = max(x, A[y, x]); P[y, x] = A[y, x] - M[y] ]](12, 20))
  s:bind("P/y", "threadIdx.y")
  s:split("P/x", 7, "xo", "xi")
  s:bind("xi", "threadIdx.x"):set_scope("M", "shared"):cache_write("M", "local")
  local e = t.raises("axis_missing", function() s:check() end, { s = s })
  t.ok(not e.fix:find "one value", e.fix)
end)

t.done()
