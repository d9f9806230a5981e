-- threads.lua -- what threads compute is what the program says, or it is refused: texts as a person might write them.
-- The driver is a pretended one, which runs the PTX.
local t = dofile "tests/check.lua"
local fakes = arg[-1]:gsub("[^/]*$", "") .. "tests/fakes"
if os.getenv "LD_LIBRARY_PATH" ~= fakes then
  os.exit(os.execute(("LD_LIBRARY_PATH=%s %s %s"):format(fakes, arg[-1], arg[0])))
end

-- The program with loops in the place of threads, by the reference interpreter.
local function meaning(text, ...)
  return { tvm.parse((text:gsub('bind%("[%w.]+", (%d+)%)', "range(%1)"))):build "interp":run(...) }
end

-- Where `check` finds no fault, it and the PTX compute what is written.  Returns what check said.
local function agrees(text, ...)
  local p, want = tvm.parse(text)
  local got = { pcall(p.check, p, ...) }
  if not got[1] then return got[2].code end
  want = meaning(text, ...)
  for i = 1, #want do t.ok(got[i + 1] == want[i], "check:\n" .. text) end
  local built, k = pcall(p.build, p, "cuda")
  if not built then return k.code end
  for i, r in ipairs { k:run(...) } do t.ok(r == want[i], "PTX:\n" .. text) end
  return "ok"
end

local four = tvm.tensor({ 1, 2, 3, 4 }, "int32")

-- Threads t of four, and memory M of some scope; each %s is a line in one of them.
local function in_threads(scope, ...)
  local lines = { ("func f(A: int32[4]) -> C: int32[4]:\n  alloc M: int32[4] %s"):format(scope) }
  for _, body in ipairs { ... } do
    lines[#lines + 1] = '  for t in bind("threadIdx.x", 4):\n    ' .. body:gsub("\n", "\n    ")
  end
  return table.concat(lines, "\n") .. "\n"
end

-- With a barrier only the program by threads is checked, in which a thread keeps its own part of L.
t.test("an index outside of local memory is seen, however much of it a thread keeps", function()
  local f = tvm.parse [=[
func f(A: float32[16], I: int64[16]) -> B: float32[16]:
  alloc L: float32[64] local
  alloc S: float32[16] shared
  for tx in bind("threadIdx.x", 16):
    S[tx] = A[tx]
  barrier("shared")
  for tx in bind("threadIdx.x", 16):
    B[tx] = S[15 - tx]
    for i in range(8):
      if i < I[tx]:
        L[tx*4 + i] = A[tx]
        B[tx] += L[tx*4 + i]
]=]
  local a = tvm.random { 16 }
  t.contains(t.raises("outside_buffer", function() f:check(a, tvm.full({ 16 }, 7, "int64")) end).why, "L[64]")
  f:check(a, tvm.full({ 16 }, 4, "int64"))
end)

t.test("what the last of the threads has written is not each one's own", function()
  local both = { "M[0] = A[t]", "C[t] = M[0]" }
  t.eq(agrees(in_threads("local", table.unpack(both)), four), "copies_apart")
  for _, scope in ipairs { "shared", "global" } do
    t.eq(agrees(in_threads(scope, table.unpack(both)), four), "threads_conflict")
  end
  local e = t.raises("threads_conflict", function() tvm.parse(in_threads("shared", table.unpack(both))):check(four) end)
  t.eq(e.witness, "iterations t=0 and t=1 both write M[0]")
  t.contains(e.fix, "write in one loop over t, and read in another one after it")
  local l = tvm.parse(in_threads("local", table.unpack(both)))
  for _, look in ipairs { "check", "run", "ptx" } do
    e = t.raises("copies_apart", function() l[look](l, look ~= "ptx" and four or nil) end)
    t.contains(e.fix, "write what is read of M before, in the same iteration of the loop over threads")
  end
  t.contains(tostring(select(2, pcall(l.check, l, four))), ">   alloc M: int32[4] local")
end)

t.test("a step that gives an axis another extent says that this is no launch yet", function()
  local s = tvm.schedule(te "A: float32[4, 16]; C[y, x] = sum(k, A[y, k] * A[y, x])")
  s:bind("y", "blockIdx.x")
  s:bind("x", "threadIdx.x")
  s:cache_read("C", "A", "shared")
  s:compute_at("A.shared", "y")
  s:split("A.shared/k", 8, "ko", "ki")
  s:bind("A.shared/ki", "threadIdx.x")
  t.contains(s:history(), "bind ki to threadIdx.x; not one launch yet: x is bound to threadIdx.x with extent 16, but another loop gives it 8")
  s:undo(2)
  s:bind("A.shared/k", "threadIdx.x")
  t.ok(not s:history():find "launch")
end)

t.test("a program with a barrier of its own is checked with its own alone", function()
  local function handed(second)
    return tvm.parse(([[
func f(A: float32[64]) -> B: float32[64]:
  alloc S: float32[64] shared
  alloc T: float32[64] shared
  for t in bind("threadIdx.x", 64):
    S[t] = A[t]
  barrier("shared")
  for t in bind("threadIdx.x", 64):
    T[t] = S[63 - t]
%s  for t in bind("threadIdx.x", 64):
    B[t] = T[63 - t]
]]):format(second))
  end
  local e = t.raises("barrier_missing", function() return handed(""):check() end)
  t.contains(e.why, "T[63] is written by one and read by another")
  local _, barriers = handed(""):lowered "cuda":gsub("barrier", "")
  t.eq(barriers, 2)
  t.ok(handed '  barrier("shared")\n':check())
end)

t.test("values that threads hand each other go from one loop to the next, not within one", function()
  t.eq(agrees(in_threads("shared", "M[t] = A[t]", "C[t] = M[3 - t]"), four), "ok")
  t.eq(agrees(in_threads("shared", "M[t] = 0", "M[t] = A[t]\nC[t] = M[3 - t]"), four), "threads_conflict")
  t.eq(agrees(in_threads("shared", "M[t] = A[t]\nC[t] = M[t]"), four), "ok")
  -- Before anything runs, and for whoever runs it.
  local p = tvm.parse(in_threads("shared", "M[t] = A[t]\nC[t] = M[3 - t]"))
  for _, look in ipairs { "check", "run", "ptx", "llvm_ir", "build" } do
    local e = t.raises("threads_conflict", function() p[look](p, (look == "check" or look == "run") and four or nil) end)
    t.contains(e.witness, "M[2]")
  end
  t.ok(p:build "interp")
end)

t.test("two threads that hand each other a value are found however many there are", function()
  for _, n in ipairs { 4, 100, 129, 256, 1000 } do
    local p = tvm.parse(([[
func f(A: float32[2, N]) -> C: float32[2, N]:
  for b in bind("blockIdx.x", 2):
    alloc S: float32[1, N] shared
    for t in bind("threadIdx.x", N):
      S[0, t] = A[b, t]
      C[b, t] = S[0, %d - t] * 2
]]):format(n - 1):gsub("N", n) .. "")
    for _, look in ipairs { "run", "check", "build" } do
      local e = t.raises("threads_conflict", function() p[look](p, look ~= "build" and tvm.random { 2, n } or nil) end)
      t.contains(e.fix, "write in one loop over t, and read in another one after it")
    end
  end
  -- Of iterations that are not looked at one by one, too; the loops around are told.
  local e = t.raises("iterations_conflict", function()
    tvm.parse [[
func f(A: float32[4, 1000]) -> C: float32[4, 1000]:
  for y in range(4):
    for x in parallel(1000):
      C[y, x] = 0
      if y == 3 and x == 777:
        C[y, 778] = A[y, x]
]]:build()
  end)
  t.eq(e.witness, "iterations x=777 (y=3) and x=778 (y=3) both write C[3, 778]")
end)

t.test("what is read by an index that no sum of loops is, or that data give, is nobody's conflict", function()
  local a, i = tvm.random { 8 }, tvm.arange(8, "int64")
  for _, read in ipairs { "T[I[x]]", "T[x*x - x*x + x]", "select(int32(x) > int32(100), T[x + 1], T[x])", "T[x & 7]",
    "select(A[x] > 10, T[x + 1], T[x])", "(let v = I[x] in T[v])", "T[x * 2 / 2]" } do
    local p = tvm.parse(([[
func f(A: float32[8], I: int64[8]) -> C: float32[8]:
  alloc T: float32[9]
  T[8] = 0
  for x in parallel(8):
    T[x] = A[x]
    C[x] = %s
]]):format(read))
    t.ok(p:check(a, i) == a)
    t.ok(p:run(a, i) == a)
  end
end)

local head = "func f(A: int32[4]) -> C: int32[4]:\n"

t.test("memory that stands inside a loop over threads is one for all of these, unless it is local", function()
  t.eq(agrees(head .. [[
  for t in bind("threadIdx.x", 4):
    alloc S: int32[1] shared
    for k in range(4):
      if k == t:
        S[0] = A[t]
    for k in range(4):
      if k == t:
        C[t] = S[0]
]], four), "threads_conflict")
  t.eq(agrees(head .. [[
  for y in bind("threadIdx.y", 2):
    alloc S: int32[2] shared
    for k in range(2):
      for x in bind("threadIdx.x", 2):
        if k == y:
          S[x] = A[y*2 + x]
    for x in bind("threadIdx.x", 2):
      C[y*2 + x] = S[1 - x]
]], four), "threads_conflict")
end)

t.test("copies are told apart by who has them", function()
  t.eq(agrees(head .. [[
  alloc L: int32[1] local
  for p in parallel(4):
    for t in bind("threadIdx.x", 4):
      if t == p:
        L[0] = A[t]
        C[t] = L[0]
]], four), "ok")
  -- Of one thread's copy all lanes are users.
  t.raises("iterations_conflict", function()
    tvm.parse(head .. [[
  alloc L: int32[1] local
  for v in vectorized(2):
    for t in bind("threadIdx.x", 2):
      L[0] = A[v*2 + t]
      C[v*2 + t] = L[0]
]]):ptx()
  end)
  for _, case in ipairs { { "threadIdx.y", "local" }, { "blockIdx.x", "shared" } } do
    for read, want in pairs { ["M[x]"] = "ok", ["M[1 - x]"] = case[2] == "shared" and "ok" or "copies_apart" } do
      t.eq(agrees(head .. ([[
  alloc M: int32[2] %s
  for y in bind("%s", 2):
    for x in bind("threadIdx.x", 2):
      M[x] = A[y*2 + x]
    for x in bind("threadIdx.x", 2):
      C[y*2 + x] = %s
]]):format(case[2], case[1], read), four), want, read)
    end
  end
end)

t.test("a thread keeps its part of local memory whose place the number of its block tells, too", function()
  for kept, text in pairs { ["4"] = [[
  alloc L: int32[4] local
  for b in bind("blockIdx.x", 4):
    L[b] = A[b]
  for b in bind("blockIdx.x", 4):
    C[b] = L[b]
]], ["3"] = [[
  alloc L: int32[4] local
  for b in bind("blockIdx.x", 2):
    for t in bind("threadIdx.x", 2):
      L[b*2 + t] = A[b*2 + t]
  for b in bind("blockIdx.x", 2):
    for t in bind("threadIdx.x", 2):
      C[b*2 + t] = L[b*2 + t]
]], ["1"] = [[
  for b in bind("blockIdx.x", 2):
    alloc L: int32[4] local
    for t in bind("threadIdx.x", 2):
      L[b*2 + t] = A[b*2 + t]
    for t in bind("threadIdx.x", 2):
      C[b*2 + t] = L[b*2 + t]
]] } do
    t.eq(agrees(head .. text, four), "ok", text)
    t.contains(tvm.parse(head .. text):lowered "cuda", ("alloc L: int32[%s] local"):format(kept))
  end
end)

t.test("a loop inside more loops whose iterations overlap than are looked at", function()
  local text, depth = head, 0
  local function loop(kind, n)
    depth = depth + 1
    text = text .. ("  "):rep(depth) .. ("for l%d in %s%d):\n"):format(depth, kind, n)
  end
  for _ = 1, 9 do loop("parallel(", 2) end
  text = text .. ("  "):rep(depth + 1) .. "C[0] = 1\n"
  local serial = tvm.parse((text:gsub("C%[0%] = 1", "if l1 + l2 + l3 + l4 + l5 + l6 + l7 + l8 + l9 == 0:\n" .. ("  "):rep(11) .. "C[0] = 1")))
  t.raises("overlap_depth", function() serial:check(four) end)
end)

t.test("local memory that stands above its threads is each one's own, as long as each has filled it", function()
  for what, body in pairs {
    ["one element"] = "M[0] = A[t]\nC[t] = M[0]",
    ["a sum"] = "M[0] = 0\nfor k in range(4):\n  M[0] += A[k]\nC[t] = M[0]",
    ["a row, filled by one loop and used by others"] =
      "for x in range(4):\n  M[x] = t32\nfor k in range(4):\n  for y in range(4):\n    M[y] += A[k]\nC[t] = M[t]",
    ["tiles of it"] = "for o in range(2):\n  for i in range(2):\n    M[o*2 + i] = A[t]\nC[t] = 0\nfor p in range(2):\n  for q in range(2):\n    C[t] += M[p*2 + q]",
    ["a sum with its init"] = "for k in range(4):\n  block B(r = k: reduce):\n    init: M[0] = 0\n    M[0] += A[r]\nC[t] = M[0]",
    ["a sum of which the loop is split"] =
      "for ko in range(2):\n  for ki in range(2):\n    block B(r = ko*2 + ki: reduce):\n      init: M[0] = 0\n      M[0] += A[r]\nC[t] = M[0]",
    ["in a branch of its own"] = "if t < 2:\n  M[0] = A[t]\n  C[t] = M[0]\nelse:\n  M[1] = 7\n  C[t] = M[1]",
  } do
    t.eq(agrees(in_threads("local", (body:gsub("t32", "int32(t)"))), four), "ok", what)
  end
  for what, body in pairs {
    ["a row of which one is missing"] = "for x in range(3):\n  M[x] = 0\nC[t] = M[t]",
    ["filled under a condition"] = "if t == 0:\n  M[0] = A[t]\nC[t] = M[0]",
    ["filled as often as there are threads before"] = "for k in range(t):\n  M[0] = 5\nC[t] = M[0]",
    ["read before it is filled"] = "C[t] = M[0]\nM[0] = A[t]",
    ["filled in an iteration that never is"] = "C[t] = 0\nfor k in range(4):\n  if k > 0:\n    if k == 0:\n      M[0] = 7\n    C[t] += M[0]",
    ["filled by a loop that is empty where the one around begins"] =
      "C[t] = 0\nfor k in range(2):\n  for j in range(k):\n    if k == 0:\n      M[0] = A[t]\n    C[t] = M[0]",
    ["read by the next thread"] = "if t > 0:\n  C[t] = M[0]\nelse:\n  C[t] = 0\nM[0] = A[t]",
    ["another element"] = "M[t] = A[t]\nC[t] = M[3 - t]",
    ["the same number in two places"] = "for x in range(2):\n  M[x*2 + x] = 0\nfor x in range(2):\n  for y in range(2):\n    C[t] = M[x*2 + y]",
  } do
    local code = agrees(in_threads("local", "M[t] = 0", body), four)
    t.ok(code == "copies_apart" or code == "undefined_read", what .. ": " .. code)
  end
end)

local function one(list) return list[math.random(#list)] end

-- A random text: M is filled, and then two blocks of four threads hand each other its values, or seem to.
local function random_text()
  local lines, depth = {}, 0
  local function put(...) lines[#lines + 1] = ("  "):rep(depth) .. string.format(...) end
  local function inside(head, body)
    put(head)
    depth = depth + 1
    body()
    depth = depth - 1
  end
  local blocks, threads = 'for b in bind("blockIdx.x", 2):', 'for t in bind("threadIdx.x", 4):'
  local two_axes = math.random(3) == 1 -- or as two by two threads, the outer of which may be around all nests
  local around_all = two_axes and math.random(2) == 1
  local own, place = math.random(3) == 1, one { "around both loops over blocks", "around one", "in it", "in it", "in it" }
  local each, base = place == "around both loops over blocks", place ~= "in it" and "b*8 + " or ""
  local function element(x)
    local near = one { "t*2 + " .. x, "t*2 + " .. x, "t*2 + 1 - " .. x, "t*2", "t*2 + 1" }
    if own then near = one { near, x, "0", "1", "2 + " .. x } end
    local far = one { "6 - t*2 + " .. x, "0", x, "t + " .. x, "(t*2 + 2) % 8", "7 - t", "t // 2", "t" }
    return (math.random(8) > 1 and base or "") .. (math.random(6) > 1 and near or far)
  end
  local function statement(x)
    local what = math.random(4)
    if what == 1 then put("M[%s] += A[b*4 + t]", element(x))
    elseif what == 2 then put("M[%s] = M[%s] + 1", element(x), element(x))
    elseif what == 3 then put("D[b*4 + t] = M[%s]", element(x))
    else put("M[%s] = A[b*4 + t] * %d", element(x), math.random(9)) end
  end
  local function maybe_under_a_condition(x)
    if math.random(8) > 1 then return statement(x) end
    inside("if " .. one { "t < 2:", "b == 0:", "t == 0 and b == 1:" }, function() statement(x) end)
  end
  local function some_statements()
    for _ = 1, math.random(3) do
      if math.random(3) > 1 then
        maybe_under_a_condition(one { "0", "1" })
      else
        inside(("for x in %s(2):"):format(one { "range", "range", "unrolled", "vectorized" }), function() maybe_under_a_condition "x" end)
      end
    end
  end
  local function nest(body)
    local function by_threads()
      if not two_axes then return inside(threads, body) end
      local function inner() inside('for tx in bind("threadIdx.x", 2):', body) end
      if around_all then inner() else inside('for ty in bind("threadIdx.y", 2):', inner) end
    end
    if each then inside(blocks, by_threads) else by_threads() end
  end
  local function nests()
    for i = math.random(3), 1, -1 do
      nest(function()
        some_statements()
        if i == 1 then put("C[b*4 + t] = M[%s]", element(one { "0", "1" })) end
      end)
    end
  end
  local function all()
    nest(function()
      put "D[b*4 + t] = 0"
      inside("for x in range(2):", function() put("M[%st*2 + x] = A[b*4 + t] + int32(x)", base) end)
      if own then inside("for x in range(4):", function() put("M[%sx] = A[x]", base) end) end
    end)
    if math.random(4) == 1 then inside("for k in range(2):", nests) else nests() end
  end
  local function alloc() put("alloc M: int32[16] " .. (own and "local" or one { "shared", "shared", "global" })) end
  inside("func f(A: int32[8]) -> C: int32[8], D: int32[8]:", function()
    local function under_ty() if around_all then inside('for ty in bind("threadIdx.y", 2):', all) else all() end end
    if place ~= "in it" then alloc() end
    if each then return under_ty() end
    inside(blocks, function()
      if place == "in it" then alloc() end
      under_ty()
    end)
  end)
  local text = table.concat(lines, "\n") .. "\n"
  return two_axes and text:gsub("%f[%w_]t%f[^%w_]", "(ty*2 + tx)") or text
end

t.test("random texts: what threads compute is what is written, or there is a fault", function()
  local a, said = tvm.random({ 8 }, "int32", { lo = -9, hi = 9 }), {}
  math.randomseed(11)
  for _ = 1, 400 do
    local code = agrees((random_text()), a)
    said[code] = (said[code] or 0) + 1
  end
  for _, code in ipairs { "ok", "copies_apart", "threads_conflict" } do
    t.ok((said[code] or 0) > 40, ("%s: %d"):format(code, said[code] or 0))
  end
  -- What check finds by running them, the lowering has seen where it is its to see.
  t.ok(not (said.local_of_other_thread or said.copy_of_other_block or said.barrier_missing))
end)

t.test("a store that data place says nothing of other memory, nor of an iteration's own", function()
  local f = tvm.parse [==[
func f(A: int64[4, 16]) -> C: int32[4, 8]:
  for y in range(4):
    alloc H: int32[8]
    for i in range(8):
      H[i] = 0
    for x in range(16):
      H[A[y, x]] += 1
    for i in range(8):
      C[y, i] = H[i]
]==]
  local a = tvm.random({ 4, 16 }, "int64") % 8
  local s = tvm.schedule(f)
  s:parallel "y"
  t.eq(s:run(a), f:run(a))
  t.eq(s:check(a), f:run(a))
  local e = t.raises("iterations_conflict", function()
    local p = tvm.parse [==[
func f(A: float32[1000], I: int64[1000]) -> C: float32[1000], D: float32[1000]:
  for x in range(1000):
    C[x] = 0
  for x in parallel(1000):
    C[x] = C[(x + 500) % 1000] + 1
    D[I[x]] = A[x]
]==]
    p:run(tvm.random { 1000 }, tvm.zeros({ 1000 }, "int64"))
  end)
  t.contains(e.witness, "iteration x=0 writes C[0], which iteration x=500 reads")
end)

t.done()
