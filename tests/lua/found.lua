-- What the differential tester (tests/diff) found: programs that were once scheduled, lowered or compiled wrongly.
-- Each is run as it is defined, in the checking interpreter before and after lowering, and compiled.
-- test: cpu, threads
local t, p = dofile "tests/check.lua", dofile "tests/programs.lua"

local cpuinfo = io.open "/proc/cpuinfo"
local avx2 = cpuinfo and cpuinfo:read "a":find "%f[%w]avx2%f[%W]" -- this machine can run code for haswell

local function found(name, text, schedule)
  t.test(name, function()
    local s = p.schedule(text)
    schedule(s)
    local given = { p.inputs(s) }
    local want = { p.func(text):build "interp":run(table.unpack(given)) }
    local function same(how, ...)
      for i, got in ipairs { ... } do
        local verdict = tvm.check(got, want[i], { rtol = 0, atol = 0 })
        if not verdict.ok then error(how .. tostring(verdict), 0) end
      end
    end
    same("scheduled: ", s:check(table.unpack(given)))
    same("lowered: ", tvm.parse(s:lowered()):check(table.unpack(given)))
    same("compiled: ", s:build "llvm -O0":run(table.unpack(given)))
    same("optimised: ", s:run(table.unpack(given)))
    if avx2 then same("without mask registers: ", s:build "llvm -mcpu=haswell":run(table.unpack(given))) end
  end)
end

found("padded rows that outgrow the stack", [[
func f(A: int32[3, 13, 100]) -> Q: float32[3900]:
  alloc P: float32[3, 13, 100]
  for i in range(3):
    for j in range(13):
      for l in range(100):
        block P(i, j, l):
          P[i, j, l] = float32(A[i, j, l])
  for i in range(3900):
    block Q(i):
      Q[i] = P[i//100//13, i//100%13, i%100]
]], function() end)

found("full tiles of several statements", [[
func f(A: int32[4]) -> Q: int32[]:
  alloc P: int32[4]
  for i in range(4):
    block P(i):
      P[i] = A[i] + 1
  for k in range(4):
    block Q(k: reduce):
      init: Q[] = 0
      Q[] += P[k]*P[k]
]], function(s)
  s:compute_at("P", "k")
  s:split("k", 3)
end)

local copy = [[ A: int32[2, 1, 2]; P: int32[2, 1, 2]; P[i, j, l] = min(A[i, 0, l], 4) ]]

found("a loop becomes a thread axis around shared memory", copy, function(s)
  s:cache_write("P", "shared")
  s:reverse_compute_at("P.store", "P/j")
  s:bind("i", "threadIdx.x")
end)

found("memory that threads share, each its own part", copy, function(s)
  s:bind("i", "threadIdx.x")
  s:cache_write("P", "local")
  s:reverse_compute_at("P.store", "P/i")
  s:set_scope("P.local", "shared")
end)

found("a copy whose last part nothing writes",
  [[ A: int32[6]; R[z] = A[z] + 1; S[l] = R[l]*2 ]], function(s)
  s:split("S/l", { 4, -1, 5 })
  s:compute_at("R", "l1")
  s:cache_write("R", "local")
end)

found("a barrier in a loop that is cut",
  [[ A: int32[3]; R: int32[3]; P[i] = A[i] + 1; R[y] = P[2 - y] ]], function(s)
  s:set_scope("P", "shared")
  s:split("i", { -1, 1, 2 }, "io", "im", "it")
  s:split("y", { -1, 1, 2 }, "yo", "ym", "yt")
  s:bind("it", "threadIdx.x")
  s:bind("yt", "threadIdx.x")
end)

found("a negative integer, by way of a float, becomes an unsigned one",
  [[ A: int8[4]; P[y] = float32(A[y] - 3); Q[y] = uint16(P[y]) ]],
  function(s) s:reverse_compute_inline "Q" end)

found("a block over no elements moves",
  [[ A: int32[2, 0]; Q: int32[2, 0]; P[i, l] = A[i, l] + 3; Q[y, z] = P[1 - y, z] ]],
  function(s) s:compute_at("P", "y") end)

found("shared memory in a parallel loop beside a kernel",
  [[ A: int32[2]; B: int32[2]; Q[j] = A[j] + 1; R[x] = B[x]*2; S[l] = R[l] - Q[l] ]], function(s)
  s:compute_at("R", "l")
  s:set_scope("R", "shared")
  s:parallel "l"
  s:bind("j", "threadIdx.y")
end)

local scan = [[
func f(A: int32[4, 2]) -> Q: int32[4, 2]:
  alloc P: int32[4, 2]
  for i in range(4):
    for j in range(2):
      block P(i, j):
        P[i, j] = select(i >= 1, P[i - 1, j] - A[i, j], A[i, j])
  for y in range(4):
    for x in range(2):
      block Q(y, x):
        Q[y, x] = P[y, x]*2
]]

found("memory of a scan stays outside its loop", scan, function(s) s:reverse_compute_at("Q", "i") end)

found("memory of a scan's copy stays outside its loop", scan, function(s)
  s:cache_write("P", "local")
  s:reverse_compute_at("P.store", "P/j")
end)

found("a window does not start where an element says",
  [[ A: int32[2]; B: int32[2]; P[y] = A[y]*2; Q[i] = P[max(min(int64(B[i]), 1), 0)] ]], function(s)
  s:compute_at("P", "i")
  s:split("i", 3)
end)

found("threads wait for each other's values in global memory", [[
  A: int32[6]; Q: int32[4]; R: int32[6]; S: int32[6]
  Q[i] = A[5 - i] + A[5 - i - 1]
  R[y] = select(y - 1 >= 0 and y - 1 < 4, Q[y - 1], 0) + select(y + 1 < 4, Q[y + 1], 1)
  S[y] = R[5 - y]
]], function(s)
  s:compute_at("Q", "R/y")
  s:compute_at("R", "S/y")
  s:bind("i", "threadIdx.x")
end)

found("inlining takes memory out of a concurrent loop", [[
  A: int32[2, 2]
  P[y, z] = A[y, z]*2
  Q[i, l] = P[max(min(int64(A[i, l]), 1), 0), l]
  R[i, l] = Q[i, l]*3
]], function(s)
  s:compute_at("P", "Q/l")
  local err = select(2, s:try("vectorize", "P/i")) or select(2, s:try("compute_inline", "Q"))
  if not err then error "both steps were taken" end
end)

found("a copy of a window that reaches beyond its buffer",
  [[ A: int32[3]; Q: int32[5]; P[i] = A[i]*2; Q[i] = select(i < 3, P[i], 6) ]], function(s)
  s:compute_at("P", "Q/i")
  s:cache_write("Q", "local")
  s:cache_read("Q", "P", "shared")
  s:compute_at("Q", "Q.store/i")
end)

found("an init of no elements", [[ A: int32[1, 0, 1]; R[y, x] += A[y, x, k] ]], function(s)
  s:fuse("y", "x")
  s:decompose_reduction("R", "y_x")
end)

t.test("a sum over nothing is 0", function()
  for _, case in ipairs { { te.sum, 0 }, { te.prod, 1 }, { te.max, -math.huge } } do
    local f = te.func("f", function()
      local A, k = te.placeholder({ 3, 0 }, "float32", "A"), te.reduce_axis(0, "k")
      return te.compute({ 3 }, function(y) return case[1](A(y, k), k) end, "C")
    end)()
    local C = f:check(tvm.zeros({ 3, 0 }, "float32"))
    t.eq(tostring(tvm.check(C, tvm.full({ 3 }, case[2], "float32")).ok), "true")
  end
end)

local function refused(name, code, text, schedule)
  t.test(name, function() t.raises(code, function() schedule(p.schedule(text)) end) end)
end

refused("an init before a loop that computes the sum again", "summed_again",
  [[ A: int32[2, 3]; R: int32[2, 2]; P[i] += A[i, r]; R[y, x] = P[x]*2 ]], function(s)
  s:compute_at("P", "R/y")
  s:decompose_reduction("P", "y")
end)

refused("nothing moves into a loop that never runs", "not_written_here",
  [[ B: int32[0]; Q: int32[2]; P[y] = B[y]; Q[i] = select(i < 0, P[i], 0) ]],
  function(s) s:reverse_compute_at("Q", "y") end)

refused("a guard that lets one iteration pass lets no other block pass", "runs_again",
  [[ A: int32[1]; Q: int32[1]; P[y] = A[y] + 1; Q[i] = P[0]*2 ]], function(s)
  s:split("y", 4)
  s:reverse_compute_at("Q", "yi")
end)

found("a guard that fails, holds and fails again",
  [[ A: int32[2, 21]; C[x, y] = A[x, y] + 1; S[x] = sum(k, C[x, k]) ]], function(s)
  for _, axis in ipairs { "y", "k" } do
    local outer, middle, inner = s:split(axis, { 3, 4, 2 })
    s:reorder(middle, outer, inner)
    s:fuse(middle, outer, inner)
  end
end)

found("a guard that is on a line in its first two iterations and its last", [[
func f(A: int32[13]) -> C: int32[13]:
  for v in range(13):
    block Z(v):
      C[v] = 0
  for v in range(13):
    block C(v) where v + 5*(v//3 % 2) < 11:
      C[v] = A[v]
]], function() end)

-- What a formula names may be the name of a loop: of one that an argument mentions, or that a schedule made.
found("loops named as what a formula names", [[
func f(A: float32[64], B: float32[64]) -> P: float32[64], Q: float32[64]:
  for x in range(64):
    block P(x):
      P[x] = pow(A[x] + 4.0, B[x])
  for x in range(64):
    block Q(x):
      Q[x] = (let r = A[x] + 4.0 in (let n = r*B[x] in select(r < n, n + P[x], exp(expm1(B[x]*0.25)))))
]], function(s)
  s:cache_read("Q", "P", "local")
  s:split("Q/x", 8, "r", "n")
  s:compute_at("P.local", "r")
  s:split("P/x", { -1, 2, 2 }, "c", "y", "x")
end)

found("a let on one side of a comparison, in the text that a compiler gets", [[
func f(B: float64[2]) -> S: float64[2]:
  alloc P: float64[2]
  for y in range(2):
    block P(y):
      P[y] = exp(B[y])
  for i in range(2):
    block S(i):
      S[i] = select(P[i] > 1, P[i] - 2, P[i])
]], function(s)
  s:compute_inline "P"
end)

found("a mask spread over more elements than a mask register has bits", [[
func f(A: int32[6, 4, 4]) -> Q: int32[9, 4, 4]:
  alloc P: int32[9, 4, 4]
  for i in range(9):
    for j in range(4):
      for l in range(4):
        block P(i, j, l):
          P[i, j, l] = select(i < 6, A[i, j, l], 0)
  for y in range(9):
    for x in range(4):
      for z in range(4):
        block Q(y, x, z):
          Q[y, x, z] = P[y, x, z]
]], function(s)
  s:vectorize "z"
  s:vectorize "y"
  s:compute_inline "P"
end)

found("one condition for more lanes than a mask register has bits", [[
func f(A: int8[2, 200], C: int8[2]) -> Q: int8[2, 200]:
  for y in range(2):
    for x in range(200):
      block Q(y, x):
        Q[y, x] = select(A[y, x] > 0 and C[y] > A[1 - y, x], A[y, x], C[y])
]], function(s)
  s:vectorize "x"
end)

found("a copy of what is read at an index that a let names", [[
func f(A: float32[16]) -> B: float32[8]:
  for i in range(8):
    for j in range(4):
      block B(i, j: reduce):
        init:
          B[i] = 0
        B[i] += (let v = i*2 in A[v])
]], function(s)
  s:compute_at(s:cache_read("B", "A", "local"), "i")
end)

-- Every vector register of such a load has lanes that are off; of some, all are.
for _, size in ipairs { 1, 3, 13, 30 } do
  found(("far apart lanes of a load that ends with its buffer of %d"):format(size), ([[
func f(A: float32[N]) -> C: float32[N]:
  for x in range(N):
    block C(x):
      C[x] = A[x] + 1
]]):gsub("N", tostring(size)), function(s)
    s:split("x", 4)
    s:split("xo", 16)
    s:reorder("xi", "xoo", "xoi")
    s:vectorize "xoi"
  end)
end

found("rows of one element, read by lanes that are all off but the first", [[
func f(A: float32[6, 1]) -> C: float32[6, 1]:
  for y in range(6):
    for x in range(1):
      block C(y, x):
        C[y, x] = A[y, x] + 1
]], function(s)
  s:split("x", 4)
  s:split("xo", 16)
  s:reorder("xi", "y", "xoo", "xoi")
  s:vectorize "xoi"
end)

found("a sum whose element is found by way of a float", [[
func f(A: float32[8, 16]) -> C: float32[16]:
  for j in range(16):
    block Z(j):
      C[j] = 0
  for j in range(16):
    for k in range(8):
      block C(j, k: reduce):
        C[int64(float64(j) * 1.0)] += A[k, j]
]], function() end)

-- An index of more terms than the code generator adds up before the loop.
do
  local loops, index, axes = {}, {}, {}
  for i = 0, 17 do
    loops[#loops + 1] = ("%sfor i%d in range(2):\n"):format(("  "):rep(i + 1), i)
    index[#index + 1], axes[#axes + 1] = ("i%d * %d"):format(i, 1 << i), "i" .. i
  end
  found("a sum under eighteen loops", ([[
func f(A: int32[5]) -> C: int32[262144]:
  for z in range(262144):
    block Z(z):
      C[z] = 1
%s%sfor k in range(5):
%sblock C(%s, k: reduce):
%sC[%s] += A[k]
]]):format(table.concat(loops), ("  "):rep(19), ("  "):rep(20), table.concat(axes, ", "), ("  "):rep(21), table.concat(index, " + ")),
    function() end)
end

t.test("an If that does nothing any more is a statement of its own in the full part and in the tail", function()
  local f = tvm.parse [[
func f(A: int32[8]) -> C: int32[8], D: int32[8]:
  for y in range(4):
    for x1 in range(8):
      for x2 in range(8):
        D[min(x1 + y, 7)] = 1
        if x1 < 7:
            C[7 - y] = 1
        C[y] = 1
        if A[y] > 2:
          if x1 + y < 4:
            D[y // 2] = 1
      if y + y < 2:
          C[min(y + y, 7)] = 1
]]
  local ones = tvm.zeros({ 8 }, "int32") + 1
  local c, d = f:run(tvm.zeros({ 8 }, "int32"))
  t.ok(c == ones and d == ones)
end)

t.test("each iteration of a loop around both runs a consumer where its producer runs, and nowhere else", function()
  local function tile(made, used)
    return tvm.schedule(tvm.parse(([[
func f(A: int32[8]) -> D: int32[8]:
  for g in range(2):
    alloc H: int32[8]
    for z in range(8):
      block Z(z):
        H[z] = 0
    alloc K: int32[8]
    for k in range(%s):
      block K(%s):
        K[v] = A[v]
    for x in range(4):
      block H(%s):
        H[v] = K[v] + 1
    for w in range(4):
      block D(g, w):
        D[g*4 + w] = H[w] + int32(g)
]]):format(made == "v = k" and 8 or 4, made, used)))
  end
  local s = tile("v = k", "v = g*4 + x")
  t.raises("dependences_unknown", function() s:reverse_compute_inline "H" end, { s = s })
  s = tile("v = g*4 + k", "v = g*4 + x")
  s:reverse_compute_inline "H"
  local A = tvm.random({ 8 }, "int32", { seed = 1, lo = 1, hi = 9 })
  t.ok(s:check(A) == s:at(0):check(A))
end)

t.test("a block does not move to another iteration's memory", function()
  local s = tvm.schedule(tvm.parse [[
func f(A: int32[8]) -> D: int32[2]:
  for g in range(2):
    alloc H: int32[8]
    for z in range(8):
      block Z(z):
        H[z] = 0
    for x in range(4):
      block B(v = g*4 + x):
        H[v] = A[v] + 1
    for w in range(1):
      block D(g):
        D[g] = H[g] + 1
]])
  t.ok(not pcall(s.reverse_compute_at, s, "D", "x"))
end)

t.done()
