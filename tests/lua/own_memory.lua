-- Steps where iterations have memory of their own, or repeat a sum: what moves must not meet another iteration's.
local t = dofile "tests/check.lua"

-- The same results as the program as written, on three inputs.
local function computes_the_same(s)
  for seed = 1, 3 do
    local x = tvm.random({ 8 }, "int32", { seed = seed, lo = -9, hi = 9 })
    local want, got = { s:at(0):check(x) }, { s:check(x) }
    for i = 1, #want do t.ok(tvm.check(got[i], want[i]).ok) end
  end
end

local strayed = tvm.parse [[
func f(A: int32[8]) -> D: int32[8]:
  alloc T: int32[8]
  for g in range(2):
    alloc H: int32[8]
    for x1 in range(4):
      block B1(v = g*4 + x1):
        H[v] = A[v]
    for x2 in range(4):
      block B2(v = g*4 + x2):
        T[v] = H[v] + 1
    for x4 in range(4):
      block B3(g, v = g*4 + x4):
        D[v] = T[g] + 1
]] -- T[1] is written in iteration 0 of g

t.test("a producer does not go to an iteration that has no such memory", function()
  local s = tvm.schedule(strayed) -- B2(v = 1) runs in iteration 0 of g, and is read in iteration 1
  local e = t.raises("step_breaks", function() s:compute_at("B2", "g") end, { s = s })
  t.contains(e.why, "reads H, which B1(v=1) writes in another iteration of g, where it is other memory")
  t.raises("step_breaks", function() s:compute_at("B2", "x4") end, { s = s })
  local ok, inlined = pcall(s.compute_inline, s, "B2")
  t.ok(not ok)
  t.contains(tostring(inlined), "B1(v=1) writes H[1], B3(g=1, v=4) reads it in another iteration of g")
end)

t.test("it moves within its iteration, and into what each iteration reads", function()
  for _, step in ipairs { { "compute_at", "B2", "x3" }, { "compute_inline", "B2" }, { "compute_at", "B1", "x2" } } do
    local s = tvm.schedule(tvm.parse [[
func f(A: int32[8]) -> D: int32[8]:
  for g in range(2):
    alloc H: int32[8]
    alloc T: int32[8]
    for x1 in range(4):
      block B1(v = g*4 + x1):
        H[v] = A[v]
    for x2 in range(4):
      block B2(v = g*4 + x2):
        T[v] = H[v] + 1
    for x3 in range(4):
      block B3(v = g*4 + x3):
        D[v] = T[v] + 1
]])
    s[step[1]](s, table.unpack(step, 2))
    computes_the_same(s)
  end
end)

t.test("a copy may take along what only other iterations have in theirs", function()
  local s = tvm.schedule(strayed)
  s:cache_write("B1", "local") -- copies all of H, of which each iteration writes half
  computes_the_same(s)
  t.contains(tostring(s:verify()), "a copy may take more than what is needed")
end)

t.test("a loop that repeats what a block adds up is not left out", function()
  local text = [[
func f(A: int32[8]) -> D: int32[8]:
  alloc T: int32[8]
  for g in range(8):
    for k in range(2):
      for x in range(%d):
        block B(g, k: reduce):
          init: T[g] = 0
          T[g] += A[k] + 1
    block C(g):
      D[g] = T[g] * 2
]]
  local s = tvm.schedule(tvm.parse(text:format(4))) -- from k = 1 on, each x adds once more
  t.raises("dependences_unknown", function() s:compute_at("B", "g") end, { s = s })
  s = tvm.schedule(tvm.parse [[
func f(A: int32[8]) -> D: int32[8]:
  alloc T: int32[8]
  for y in range(8):
    for k in range(2):
      block B(y, k: reduce):
        init: T[y] = 0
        T[y] += A[k] + 1
  for g in range(8):
    block C(g):
      D[g] = T[g] * 2
]])
  s:compute_at("B", "g")
  computes_the_same(s)
end)

-- T is made of A in full, and D takes of it what stands under `loops`.
local function taken(loops, iters, value, of)
  return tvm.schedule(tvm.parse(([[
func f(A: int32[8]) -> D: int32[8]:
  alloc T: int32[8]
  for z in range(8):
    block Z(z):
      D[z] = 9
  for a in range(8):
    block P(a):
      T[a] = A[a] * 3
%s
      block B(%s):
        D[%s] = T[%s] + 1
]]):format(loops, iters, value, of)))
end

t.test("a block whose axes leave gaps, or depend on each other, does not run for the whole box elsewhere", function()
  local s = taken("  for f in range(4):", "v = f*2", "v", "v")
  t.raises("dependences_unknown", function() s:reverse_compute_at("B", "P/a") end, { s = s })
  local sum = [[
func f(A: int32[8]) -> D: int32[8]:
  alloc T: int32[8]
  for x in range(8):
    for %s:
      block B(x, %s):
        init: T[x] = 0
        T[x] += A[%s]
  for y in range(8):
    block C(y):
      D[y] = T[y] * 2
]]
  for _, case in ipairs { { "q in range(4)", "k = q*2: reduce", "k" }, { "f in range(7)", "k = f//4: reduce, l = f%4: reduce", "k*4 + l" },
    { "f in range(2)", "k = f: reduce, l = f: reduce", "k*4 + l" } } do
    s = tvm.schedule(tvm.parse(sum:format(table.unpack(case))))
    t.contains(t.raises("step_breaks", function() s:compute_at("B", "y") end, { s = s }).why, "and should not")
  end
  s = tvm.schedule(tvm.parse(sum:format("f in range(8)", "k = f//4: reduce, l = f%4: reduce", "k*4 + l")))
  s:compute_at("B", "y") -- all of the box, each once
  computes_the_same(s)
end)

t.test("a loop that may not run at all is not left out, and its block does not always run", function()
  for _, loop in ipairs { "q in range(1 - z//4)", "q in range(0)" } do
    local s = tvm.schedule(tvm.parse(([[
func f(A: int32[8]) -> D: int32[8]:
  alloc T: int32[8]
  for z in range(8):
    block Z(z):
      D[z] = 9
  for a in range(8):
    block P(a):
      T[a] = A[a] * 3
  for z in range(8):
    for %s:
      block B(z):
        D[z] = T[z] + 1
]]):format(loop)))
    t.raises("dependences_unknown", function() s:reverse_compute_at("B", "P/a") end, { s = s })
    t.raises("dependences_unknown", function() s:reverse_compute_inline "B" end, { s = s })
  end
end)

t.test("an init does not begin all sums at once in memory that each iteration has for itself and overwrites", function()
  local text = [[
func f(A: int32[8]) -> D: int32[2]:
  for g in range(2):
    alloc H: int32[8]
    for k in range(4):
      block B(g, k: reduce):
        init: H[g] = 0
        H[g] += A[k]
    for x in range(4):
      block C(v = %s):
        H[v] = 7
    block E(g):
      D[g] = H[g]
]]
  local s = tvm.schedule(tvm.parse(text:format "g*4 + x")) -- C(v=1) of g = 0 writes H[1], the sum of g = 1
  t.raises("dependences_unknown", function() s:decompose_reduction("B", "g") end, { s = s })
  s = tvm.schedule(tvm.parse(text:format "x + 4"))
  s:decompose_reduction("B", "g")
  computes_the_same(s)
end)

t.test("an init begins just what the block begins", function()
  for _, case in ipairs { { "1", "k = x" }, { "1", "k = x//2" }, { "1", "k = x%2" }, { "2", "k = x + q" }, { "x", "k = q" }, { "4", "k = q", true },
    { "8 - x", "k = 0" }, { "4", "k = q//2", where = " where q%2 == 1" } } do
    local s = tvm.schedule(tvm.parse(([[
func f(A: int32[8]) -> D: int32[8]:
  for z in range(8):
    block Z(z):
      D[z] = A[z]
  for x in range(8):
    for q in range(%s):
      block C(v = x, %s: reduce)%s:
        init: D[v] = 0
        D[v] += A[v]
]]):format(case[1], case[2], case.where or "")))
    t.eq(pcall(s.decompose_reduction, s, "C", "x"), case[3] or false, case[2])
    computes_the_same(s)
  end
end)

t.test("a block that reads what it writes, where or whether, is not run in another order", function()
  for _, body in ipairs { "C(y) where D[(y + 1) % 8] > 0:\n      D[y] = T[y] + 1", "C(y):\n      D[y + int64(min(D[7 - y], 0))] = T[y] + 1" } do
    local s = tvm.schedule(tvm.parse(([[
func f(A: int32[8]) -> D: int32[8]:
  alloc T: int32[8]
  for z in range(8):
    block Z(z):
      D[z] = A[z]
  for x in range(8):
    block P(v = x//2 + x%%2*4):
      T[v] = A[v] + 1
  for y in range(8):
    block %s
]]):format(body)))
    t.raises("opaque_block", function() s:reverse_compute_at("C", "P/x") end, { s = s })
  end
end)

t.test("a producer does not run where it would read what nothing has written", function()
  for _, axes in ipairs { "v = x*2", "v = x, w = x" } do
    local two = axes:find "w" ~= nil
    local s = tvm.schedule(tvm.parse(([[
func f(A: int32[8]) -> D: int32[4]:
  alloc T: int32[8, 8]
  alloc H: int32[8, 8]
  for x in range(4):
    block P0(%s):
      H[v, %s] = A[v]
  for x in range(4):
    block P(%s):
      T[v, %s] = H[v, %s] + 1
  for q in range(1):
    for y in range(4):
      block C(y):
        D[y] = T[%s]
]]):format(axes, two and "w" or "0", axes, two and "w" or "0", two and "w" or "0", two and "y, y" or "y*2, 0")))
    t.contains(t.raises("dependences_unknown", function() s:compute_at("P", "q") end, { s = s }).why, "which nothing has written yet")
  end
end)

t.test("a block is not inlined into a copy of more than it makes, where it would read what nothing has written", function()
  for _, case in ipairs { { "4", "T[v] + 1" }, { "8", "T[v] + 1", true } } do
    local s = tvm.schedule(tvm.parse(([[
func f(A: int32[8]) -> D: int32[8]:
  alloc T: int32[8]
  alloc H: int32[8]
  for z in range(8):
    block Z(z):
      D[z] = 9
  for x in range(%s):
    block P0(v = x):
      T[v] = abs(A[v]) %% 8
  for x in range(%s):
    block P(v = x):
      H[v] = %s
  for y in range(%s):
    block C(y):
      D[y] = H[y]
]]):format(case[1], case[1], case[2], case[1])))
    s:cache_write("P", "local")
    t.eq(pcall(s.compute_inline, s, "P"), case[3] or false)
    computes_the_same(s)
  end
end)

t.test("a guard that nothing passes leaves no loop of fewer than no iterations", function()
  local s = taken("  for y in range(8):", "v = y", "v", "v")
  s = tvm.schedule(tvm.parse((s:ir():gsub("block P%(a%)", "%0 where a < -3"):gsub("block B%(v = y%)", "%0 where v < -3"))))
  s:compute_at("P", "B/y")
  tvm.parse(s:ir())
  computes_the_same(s)
end)

t.test("a block is served a copy of what only its guard or an axis reads", function()
  for _, block in ipairs { "C(x) where T[x] > 0:\n      D[x] = A[x] + 1", "C(x, v = int64(T[x])):\n      D[x] = int32(v)" } do
    local s = tvm.schedule(tvm.parse(([[
func f(A: int32[8]) -> D: int32[8]:
  alloc T: int32[8]
  for z in range(8):
    block Z(z):
      D[z] = 9
  for a in range(8):
    block P(a):
      T[a] = A[a] * 3
  for x in range(8):
    block %s
]]):format(block)))
    s:cache_read("C", "T", "local")
    computes_the_same(s)
  end
end)

t.test("a tail is no part that an iteration does elsewhere", function()
  local s = tvm.schedule(te [[ C[y, x] = sum(k, A[y, k] * B[k, x]); D[y, x] = max(C[y, x], 0) ]](6, 5, 7))
  s:compute_at("C", "D/y")
  s:split("D/x", 3)
  s:reverse_compute_at("D", "C/x")
  t.eq(s.step, 3)
end)

t.test("a tail does not make a move beside an iteration's own memory much more work", function()
  local function cost(n)
    local s = tvm.schedule(te [[ C[y, x] = sum(k, A[y, k] * B[k, x]) ]](n, n, n))
    s:tile("y", "x", 16, 16, "by", "bx", "ty", "tx")
    s:split("k", 16, "ko", "ki")
    s:cache_write("C", "local")
    s:reorder("ko", "ki", "ty", "tx")
    s:cache_read("C", "A", "shared")
    s:cache_read("C", "A.shared", "local")
    s:compute_at("A.shared.local", "ko")
    s:compute_at("A.shared", "ko")
    local best = math.huge
    for _ = 1, 5 do
      local from = os.clock()
      s:compute_at("A.shared.local", "ki")
      best = math.min(best, os.clock() - from)
      s:undo()
    end
    return best
  end
  local tailed, plain = cost(250), cost(256)
  t.ok(tailed < 20 * plain, ("%g s with a tail, %g s without"):format(tailed, plain))
end)

t.done()
