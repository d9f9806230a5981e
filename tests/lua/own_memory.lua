-- Steps where iterations have memory of their own, or repeat a sum: what moves must not meet another iteration's.
local t = dofile "tests/check.lua"

-- The same results as the program as written, on three inputs.
local function computes_the_same(s, n)
  for seed = 1, 3 do
    local x = tvm.random({ n or 8 }, "int32", { seed = seed, lo = -9, hi = 9 })
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
  t.contains(t.raises("runs_anew", function() s:reverse_compute_at("B", "P/a") end, { s = s }).why, "would run for v=1, too")
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
    t.raises("runs_anew", function() s:compute_at("B", "y") end, { s = s })
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
    t.raises("runs_anew", function() s:reverse_compute_at("B", "P/a") end, { s = s })
    t.raises("not_inlinable", function() s:reverse_compute_inline "B" end, { s = s })
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
    local function step() s:decompose_reduction("C", "x") end
    if case[3] then step() else t.raises("dependences_unknown", step, { s = s }) end
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

-- T is made by P of A and of H, which has even elements alone, and read by C at `reads`.
local function made(loops, block, value, reads)
  return tvm.schedule(tvm.parse(([[
func f(A: int32[16]) -> D: int32[4]:
  alloc T: int32[16, 8]
  alloc H: int32[16]
  for x in range(8):
    block P0(v = x*2):
      H[v] = abs(A[v]) %% 16
  for x in range(%s):
    block P(%s):
      T[v, %s] = %s + 1
  for q in range(1):
    for y in range(4):
      block C(y):
        D[y] = %s
]]):format(loops, block, block:find "w =" and "w" or "0", value, reads)))
end

t.test("a producer does not run for what its loops leave out", function()
  for _, case in ipairs {
    { "8", "v = x*2", "H[v]", "T[y*2, 0]" },
    { "8", "v = x*2", "A[v - 17*(v%2)]", "T[y*2, 0]" },
    { "8", "v = x*2", "select(A[v] > -100, H[v], 0)", "T[y*2, 0]" },
    { "8", "v = x*2", "A[int64(H[v])]", "T[y*2, 0]" },
    { "8", "v = x, w = x", "H[v*2 - (v - w)]", "T[y, y]" },
    { "8", "v = x, w = 7 - x", "A[v + w + 8]", "T[y, 7 - y]" },
    { "8", "v = x, w = 7 - x, u = A[v + w + 8] > -100" , "H[v*2]", "T[y, 7 - y]" },
  } do
    local loops, block, value, reads = table.unpack(case)
    block = block:gsub(", u = (.*)", ") where (%1")
    local s = made(loops, block, value, reads)
    local e = t.raises("runs_anew", function() s:compute_at("P", "q") end, { s = s })
    t.eq(e.fix, 's:compute_at("P", "C/y")')
    s:compute_at("P", "C/y")
    computes_the_same(s, 16)
  end
end)

t.test("a block that runs only under a condition, or in loops that may not run, does not run elsewhere without", function()
  local text = [[
func f(A: int32[8]) -> D: int32[8]:
  alloc T: int32[8]
  alloc H: int32[8]
  for z in range(8):
    block Z(z):
      D[z] = 9
  for t in range(4):
    block P0(t):
      T[t] = abs(A[t]) %% 8
  for x in range(8):
%s
  for q in range(1):
    for y in range(8):
      %s
]]
  local produced = "block P(v = x):\n          H[v] = A[int64(T[v])]"
  local around = { ["    if x < 4:\n        "] = "H[4]", ["    for w in range(1 - x//4):\n        "] = "H[4]", ["    for w in range(0):\n        "] = "H[0]",
    ["    if A[0] > 3:\n        "] = "data decide", ["    for w in range(int64(A[0])):\n        "] = "data decide" }
  for over, first in pairs(around) do
    for _, copy in ipairs { "block C(y):\n        D[y] = H[y]", "D[y] = H[y]", "block C(y):\n        D[y] = H[y]\n        D[y] = H[y]" } do
      local s = tvm.schedule(tvm.parse(text:format(over .. produced, copy)))
      local e = t.raises(first == "data decide" and "dependences_unknown" or "not_inlinable", function() s:compute_inline "P" end, { s = s })
      t.contains(e.why, first)
    end
    local s = tvm.schedule(tvm.parse(text:format(over .. produced, "block C(y):\n        D[y] = select(y < 4, H[y], 0)")))
    if not over:find "if" then
      local unknown = first == "data decide"
      local e = t.raises(unknown and "dependences_unknown" or "runs_anew", function() s:compute_at("P", "q") end, { s = s })
      t.contains(e.why, unknown and first or "would run for v=" .. first:match "%d")
    end
  end
  local s = tvm.schedule(tvm.parse((text:format("    for w in range(2 - x//4):\n        " .. produced:gsub("T", "A"):gsub("int64%(A%[v%]%)", "v"), "block C(y):\n        D[y] = H[y]"))))
  s:compute_inline "P"
  computes_the_same(s)
end)

t.test("what both places have around them counts where loops or axes depend on it, and else is the same for both", function()
  local function program(nests)
    return tvm.schedule(tvm.parse(([[
func f(A: int32[8]) -> D: int32[8]:
  alloc T: int32[8]
  alloc H: int32[8]
  for z in range(8):
    block Z(z):
      D[z] = 9
  for x in range(2):
    block P0(x):
      T[x] = A[x] * 2
%s
]]):format(nests)))
  end
  for around, inner in pairs { ["if g < 2"] = "for w in range(g + 1)", ["for e in range(2 - g)"] = "for w in range(g + 1)", ["if g < 2 "] = "for w in range(4):\n        if w <= g" } do
    local s = program(([[
  for g in range(4):
    %s:
      %s:
          block P(v = w):
            H[v] = T[v] + 1
      for y in range(4):
        block C(y):
          D[y] = H[y] ]]):format(around, inner))
    t.contains(t.raises("not_inlinable", function() s:compute_inline "P" end, { s = s }).why, "copies H[2], which it does not make")
  end
  local steps = { { "compute_inline", "P" }, { "compute_at", "P", "C/y" }, { "compute_at", "P", "g" }, { "reverse_compute_at", "C", "P/x" } }
  for around, n in pairs { ["if A[0] > 0"] = 4, ["for e in range(int64(abs(A[0])) % 2)"] = 1 } do
    for _, step in ipairs { table.unpack(steps, 1, n) } do
      local s = program(([[
  %s:
    for g in range(2):
      for x in range(4):
        block P(v = g*4 + x):
          H[v] = A[v] + 1
      for y in range(4):
        block C(v = g*4 + y):
          D[v] = H[v] ]]):format(around))
      s[step[1]](s, step[2], step[3])
      computes_the_same(s)
    end
  end
end)

t.test("a consumer does not become part of a producer that leaves out what it is run for", function()
  for _, axis in ipairs { "y", "2 - y", "y % 3" } do
    for _, step in ipairs { "x*2", "x" } do
      local s = tvm.schedule(tvm.parse(([[
func f(A: int32[8]) -> D: int32[3]:
  alloc H: int32[8]
  for z in range(3):
    block Z(z):
      D[z] = 9
  for x in range(%d):
    block P0(v = %s):
      H[v] = A[v]
  for y in range(3):
    block P(v = %s):
      D[v] = select(v %% 2 == 0, H[v], 0)
]]):format(step == "x" and 3 or 2, step, axis)))
      local function inline() s:reverse_compute_inline "P" end
      if step == "x*2" then t.raises("not_inlinable", inline, { s = s }) else inline() end
      computes_the_same(s)
    end
  end
end)

t.test("what is lost is named, and what cannot be counted is not called different", function()
  local s = tvm.schedule(tvm.parse [[
func f(A: int32[8]) -> D: int32[4, 4]:
  alloc H: int32[4, 4]
  for x in range(8):
    block P(v = x%4, w = x//2):
      H[v, w] = A[v + w]
  for i in range(4):
    for j in range(4):
      block C(i, j):
        D[i, j] = select(i == j, H[i, j], 0)
]])
  t.contains(t.raises("goes_beyond", function() s:reverse_compute_at("C", "x") end, { s = s }).why, "block C has i=")
  s = tvm.schedule(tvm.parse [[
func f(A: int8[2097152]) -> D: int8[2097152]:
  alloc H: int8[2097152]
  for z in range(2097152):
    block Z(z):
      D[z] = 9
  for x in range(1048577):
    block P(v = x*2%2097152):
      H[v] = A[v]
  for y in range(1048577):
    block C(v = y*2%2097152):
      D[v] = H[v] + 1
]])
  t.contains(t.raises("dependences_unknown", function() s:reverse_compute_inline "C" end, { s = s }).why, "block C takes just what P makes")
end)

t.test("a consumer goes to a producer that leaves the same gaps, and becomes part of it", function()
  local function both(c) return tvm.schedule(tvm.parse(([[
func f(A: int32[8]) -> D: int32[8]:
  alloc H: int32[8]
  for z in range(8):
    block Z(z):
      D[z] = 9
  for x in range(4):
    block P(v = x*2):
      H[v] = A[v]
  for y in range(4):
    block C(v = %s):
      D[v] = H[v] + 1
]]):format(c))) end
  for _, c in ipairs { "y*2", "6 - y*2" } do
    for _, step in ipairs { { "reverse_compute_at", "C", "P/x" }, { "reverse_compute_inline", "C" } } do
      local s = both(c)
      s[step[1]](s, step[2], step[3])
      computes_the_same(s)
    end
  end
end)

t.test("a producer moves where what its loops leave out is not asked for, or its guard keeps it out", function()
  for _, case in ipairs {
    { "8", "v = x*2) where (v % 2 == 0", "H[v]", "T[y*2, 0]" },
    { "8", "v = x, w = x) where (v == w", "H[v*2]", "T[y, y]" },
    { "16", "v = x//2%2 + x//4*2 + x%2*8", "A[v]", "T[y + 3, 0] + T[y + 9, 0]" },
    { "16", "v = x%4*4 + x//4", "A[v]", "T[y, 0] + T[15 - y, 0]" },
  } do
    local s = made(table.unpack(case))
    s:compute_at("P", "q")
    computes_the_same(s, 16)
  end
end)

t.test("what cannot be counted is not moved", function()
  local s = tvm.schedule(tvm.parse [[
func f(A: int8[1, 8388608]) -> D: int8[8388608]:
  alloc T: int8[8388608]
  for x in range(8388608):
    block P(v = x*3 % 8388608):
      T[v] = A[0, v] + 1
  for q in range(1):
    for y in range(8388608):
      block C(y):
        D[y] = T[y]
]])
  local e = t.raises("dependences_unknown", function() s:compute_at("P", "q") end, { s = s })
  t.contains(e.why, "too many values to count")
end)

t.test("fused and split again, a producer and a sum go where they are needed", function()
  local mm = te [[ A: float32[n, n]; B: float32[n, n]; C[y, x] = sum(k, A[y, k] * B[k, x]); D[y, x] = max(C[y, x], 0) ]]
  for _, n in ipairs { 16, 40, 2000 } do -- of 2000 the sums are 8,000,000,000
    local s = tvm.schedule(mm(n))
    s:fuse("C/y", "C/x")
    s:fuse("C/y_x", "C/k")
    s:split("C/y_x_k", 64)
    s:compute_at("C", "D/y")
    t.eq(s.step, 4)
    s = tvm.schedule(mm(n))
    s:fuse("D/y", "D/x")
    s:split("D/y_x", 64)
    s:reverse_compute_at("D", "C/y")
    t.eq(s.step, 3)
  end
  local axes = te [[ A: float32[b, h, 56, c]; B[y, p, q, x] = A[y, p, q, x] * 2; D[i, j, k, l] = B[i, j, k, l] + 1 ]]
  for _, case in ipairs { { 32, 56, 48, 64 }, { 32, 56, 48, 1024 }, { 16, 56, 96, 256 }, { 128, 224, 3, 64 } } do
    local s = tvm.schedule(axes(case[1], case[3], case[2])) -- (fo*16 + fi)%48 is the index of x
    s:split(s:fuse("B/y", "B/p", "B/q", "B/x"), case[4])
    s:compute_at("B", "D/i")
    t.eq(s.step, 3)
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
    local function step() s:compute_inline "P" end
    if case[3] then step() else t.contains(t.raises("not_inlinable", step, { s = s }).why, "[4], which it does not make") end
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
