-- run.lua -- running and timing at the prompt's level: results, inputs that do not fit, comparisons.
-- test: cpu, threads
local t = dofile "tests/check.lua"

local matmul = te.func("mm", function(n, m)
  local A, B = te.placeholder({ m, n }, "float32", "A"), te.placeholder({ m, m }, "float32", "B")
  local k = te.reduce_axis(m, "k")
  return te.compute({ n, m }, function(y, x) return te.sum(A(k, y) * B(k, x), k) end, "C")
end)

local function tiled(n, m)
  local s = tvm.schedule(matmul(n, m))
  s:split("y", 6, "yo", "yi")
  s:split("x", 32, "xo", "xi")
  s:reorder("yo", "xo", "k", "yi", "xi")
  s:cache_write("C", "local")
  s:reverse_compute_at("C.store", "xo")
  s:decompose_reduction("C", "k")
  s:vectorize "*/xi"
  s:unroll "C/yi"
  s:parallel "yo"
  return s
end

t.test("a tiled product gives the same bits as the plain one, also where tiles do not divide", function()
  for _, size in ipairs { { 12, 64 }, { 13, 37 }, { 1, 1 }, { 7, 65 } } do
    local n, m = size[1], size[2]
    local s = tiled(n, m)
    local a, b = tvm.random { m, n }, tvm.random({ m, m }, "float32", { seed = 7 })
    local plain = s:at(0):run(a, b)
    assert(plain == s:run { A = a, B = b }, ("%d x %d differs"):format(n, m))
    assert(plain == s:build("llvm -mcpu=x86-64"):run(a, b))
    assert(plain == s:build("llvm -check"):run(a, b))
  end
end)

t.test("inputs that do not fit are refused by name", function()
  local s = tiled(12, 64)
  local a, b = tvm.random { 64, 12 }, tvm.random { 64, 64 }
  t.raises("input_missing", function() s:run(a) end)
  t.raises("input_missing", function() s:run { A = a } end)
  t.raises("input_missing", function() s:run(a, nil) end)
  local unset = t.raises("argument_nil_variable", function() s:run(a, bb) end)
  t.eq(unset.why, "argument 2 is bb, which has no value, but should be a tensor, the input B")
  t.raises("input_shape", function() s:run(b, a) end)
  t.raises("input_extra", function() s:run(a, b, b) end)
  for _, target in ipairs { "abacus", "", " llvm", "llvmx" } do
    t.raises("no_backend", function() s:build(target) end)
    t.raises("no_backend", function() s:lowered(target) end)
  end
  for word, name in pairs { gpu = "cuda", cpu = "llvm", lvm = "llvm", intrep = "interp" } do
    t.contains(t.raises("no_backend", function() s:lowered(word) end).why, ('did you mean "%s"?'):format(name))
  end
  t.eq(t.raises("no_backend", function() s:lowered "abacus" end).why, "there is no backend 'abacus'")
  t.raises("argument_type", function() s:build "llvm\0 -mcpu=nonsense" end)
  t.raises("not_runnable", function() tvm.time(7) end)
  t.raises("llvm_cpu_unknown", function() s:build "llvm -mcpu=nonsense" end)
  for _, feature in ipairs { "sse2", "64bit" } do -- every x86-64 processor has them, and code needs them
    t.raises("llvm_feature_unknown", function() s:build("llvm -mattr=-" .. feature) end)
  end
  t.ok(s:build "llvm -mcpu=native":run(a, b) == s:at(0):run(a, b))
end)

t.test("axes that double from block to block are refused before they are written out", function()
  local function doubled(n)
    local lines = { "func f(A: float32[4]) -> C: float32[1]:", "  for x in range(4):", "    block B0(a0 = x):" }
    for k = 1, n do lines[#lines + 1] = ("%sblock B%d(a%d = a%d + a%d):"):format((" "):rep(4 + 2*k), k, k, k - 1, k - 1) end
    lines[#lines + 1] = ("%sC[0] = float32(a%d)"):format((" "):rep(6 + 2*n), n)
    return tvm.parse(table.concat(lines, "\n"))
  end
  local x = tvm.zeros { 4 }
  t.eq(doubled(10):run(x):totable()[1], 3.0 * 2^10)
  for _, look in ipairs { "run", "build", "lowered" } do
    local e = t.raises("axis_too_big", function() local p = doubled(40); p[look](p, look == "run" and x or nil) end)
    t.contains(e.why, "axis a14 of block B14")
  end
  t.eq(doubled(40):check(x):totable()[1], 3.0 * 2^40)
end)

t.test("unrolled loops that become too much code are refused, others compile in time", function()
  local f = te [[ C[a, b, c] = A[a, b, c] * 2 ]]
  local s = tvm.schedule(f(32, 32, 32))
  for _, loop in ipairs { "a", "b", "c" } do s:unroll(loop) end
  t.raises("unrolled_too_long", function() s:build() end)
  t.raises("unrolled_too_long", function() s:asm() end)
  local written = tvm.parse [[
func f(A: float32[1000000]) -> C: float32[1000000]:
  for y in unrolled(1000000):
    C[y] = A[y] + 1
]]
  t.raises("unrolled_too_long", function() written:build() end)
  local line = te("A: float32[1000]\nC[y] = A[y] + 1")
  s = tvm.schedule(line):unroll "y"
  t.ok(s:build():run(tvm.zeros { 1000 }) == line:build "interp":run(tvm.zeros { 1000 }))
end)

t.test("code can be looked at", function()
  local s = tiled(12, 64)
  assert(s:llvm_ir():find "define")
  assert(#s:asm() > 100)
end)

-- How many stores stand in the parts of the code that also add, between labels.
local function stores_beside_sums(s)
  local n = 0
  for part in (s:llvm_ir() .. "\n\nend:"):gmatch "(.-)\n\n" do
    if part:find "fadd" then n = n + select(2, part:gsub(" store ", "")) end
  end
  return n
end

t.test("sums that unrolled and vectorized loops tell apart stay in registers while a loop adds to them", function()
  local s = tvm.schedule(te [[ A: float32[64, 32]; B: float32[64, 48]; C[y, x] += A[k, y] * B[k, x] ]])
  s:split("y", { -1, 2, 4 }, "yo", "ym", "yi")
  s:split("x", 8, "xo", "xi")
  s:reorder { "yo", "xo", "k", "ym", "yi", "xi" }
  s:decompose_reduction("C", "k")
  s:vectorize "C/xi"
  t.ok(stores_beside_sums(s) > 0, "rows that a loop counts move through memory")
  s:unroll "C/yi"
  t.ok(stores_beside_sums(s) > 0, "ym is still a loop")
  s:unroll "C/ym"
  t.eq(stores_beside_sums(s), 0)
  s:undo(2)
  s:unroll(s:fuse { "C/ym", "C/yi" })
  t.eq(stores_beside_sums(s), 0)
  local a, b = tvm.random { 64, 32 }, tvm.random { 64, 48 }
  t.ok(s:build():run(a, b) == s:at(0):build "interp":run(a, b))
end)

t.test("so do those of tiles that are not full, of which some lanes or rows take no part", function()
  local s = tvm.schedule(te [[ A: float32[64, 22]; B: float32[64, 45]; C[y, x] += A[k, y] * B[k, x] ]])
  s:split("y", { -1, 2, 6 }, "yb", "yo", "yi")
  s:split("x", 16, "xo", "xi")
  s:reorder { "yb", "xo", "yo", "k", "yi", "xi" }
  s:decompose_reduction("C", "k")
  s:vectorize "C/xi"
  s:unroll "C/yi"
  t.eq(stores_beside_sums(s), 0)
  local a, b = tvm.random { 64, 22 }, tvm.random { 64, 45 }
  t.ok(s:build():run(a, b) == s:at(0):build "interp":run(a, b))
  local unrolled = tvm.schedule(te [[ A: float32[64, 30]; C[x] += A[k, x] ]])
  unrolled:split("x", 16, "xo", "xi")
  unrolled:reorder { "xo", "k", "xi" }
  unrolled:decompose_reduction("C", "k")
  unrolled:vectorize "C/xi"
  unrolled:unroll "C/xo"
  t.eq(stores_beside_sums(unrolled), 0)
  local c = tvm.random { 64, 30 }
  t.ok(unrolled:build():run(c) == unrolled:at(0):build "interp":run(c))
end)

t.test("and those of lanes that fill no whole number of vectors of one size", function()
  for _, width in ipairs { 48, 24, 14, 13, 40, 96, 3 } do
    local s = tvm.schedule(te [[ A: float32[24, 16]; B: float32[24, n]; C[y, x] += A[k, y] * B[k, x] ]](width * 2))
    s:split("y", 2, "yo", "yi")
    s:split("x", width, "xo", "xi")
    s:reorder { "yo", "xo", "k", "yi", "xi" }
    s:decompose_reduction("C", "k")
    s:vectorize "C/xi"
    s:unroll "C/yi"
    t.eq(width < 96 and stores_beside_sums(s) or 0, 0, width .. " lanes")
    local a, b = tvm.random { 24, 16 }, tvm.random { 24, width * 2 }
    local out = s:build():run(a, b)
    t.ok(out == s:at(0):build "interp":run(a, b), width .. " lanes")
    t.ok(out == s:build "llvm -mcpu=x86-64":run(a, b), width .. " lanes without masks")
  end
end)

t.test("and those of a reduction that is unrolled from its first loop on", function()
  local s = tvm.schedule(te [[
I: float32[3, 12, 30]
W: float32[3, 3, 3]
O: float32[3, 10, 28]
O[c, y, x] = sum(ky in 3, kx in 3, I[c, y + ky, x + kx] * W[c, ky, kx])
]])
  s:split("x", 7, "xo", "xi")
  s:reorder { "c", "y", "xo", "ky", "kx", "xi" }
  s:decompose_reduction("O", "ky")
  s:unroll "O/kx"
  s:vectorize "*/xi"
  t.eq(stores_beside_sums(s), 0)
  s:unroll "O/ky"
  t.ok(stores_beside_sums(s) < 9, "each element is written once, not by each of its nine products")
  local i, w = tvm.random { 3, 12, 30 }, tvm.random { 3, 3, 3 }
  t.ok(s:build():run(i, w) == s:at(0):build "interp":run(i, w))
end)

t.test("sums that two iterations share are in no two registers", function()
  local text = [[
func f(A: float32[6, 2, 4]) -> C: float32[%d]:
  for i in range(%d):
    C[i] = 0
  for k in range(6):
    for a in unrolled(2):
      for b in unrolled(4):
        C[%s] += A[k, a, b]
]]
  local x = tvm.random { 6, 2, 4 }
  for index, apart in pairs { ["a*4 + b"] = true, ["a + b*2"] = true, ["3 - b + a*4"] = true, ["a*2 + b"] = false, ["a*3 + b"] = false, ["a + b"] = false } do
    local f = tvm.parse(text:format(8, 8, index))
    t.eq(stores_beside_sums(tvm.schedule(f)) == 0, apart, index)
    t.ok(f:build():run(x) == f:build "interp":run(x), index)
  end
end)

t.test("of more sums than there are registers, some wait on the stack", function()
  local function tile(rows)
    local s = tvm.schedule(te [[ A: float32[9, 96]; B: float32[9, 32]; C[y, x] += A[k, y] * B[k, x] ]])
    s:split("y", rows, "yo", "yi")
    s:reorder { "yo", "k", "yi", "x" }
    s:decompose_reduction("C", "k")
    s:vectorize "C/x"
    s:unroll "C/yi"
    local a, b = tvm.random { 9, 96 }, tvm.random { 9, 32 }
    t.ok(s:build():run(a, b) == s:at(0):build "interp":run(a, b))
    return stores_beside_sums(s)
  end
  t.eq(tile(4), 0)
  tile(32)
  t.ok(tile(96) > 0) -- 12 KiB
end)

t.test("what starts the sums of a tile leaves their loop without decompose_reduction, too", function()
  local function check(s, a, b)
    t.eq(stores_beside_sums(s), 0, s:lowered())
    t.ok(s:build():run(a, b) == s:at(0):build "interp":run(a, b), s:lowered())
  end
  for _, blocked in ipairs { false, true } do
    local s = tvm.schedule(te [[ A: float32[64, 22]; B: float32[64, 72]; C[y, x] += A[k, y] * B[k, x] ]])
    s:split("y", 4, "yo", "yi")
    s:split("x", 16, "xo", "xi")
    if blocked then s:split("k", 16, "kb", "ki") end
    s:reorder(blocked and { "kb", "yo", "xo", "ki", "yi", "xi" } or { "yo", "xo", "k", "yi", "xi" })
    s:unroll "yi"
    s:vectorize "xi"
    check(s, tvm.random { 64, 22 }, tvm.random { 64, 72 })
  end
  local depthwise = tvm.schedule(te [[ A: float32[4, 10, 18]; W: float32[4, 3, 3]; C: float32[4, 8, 16]; C[c, y, x] += A[c, y + i, x + j] * W[c, i, j] ]])
  depthwise:split("y", 4, "yo", "yi")
  depthwise:reorder { "c", "yo", "i", "j", "yi", "x" }
  depthwise:unroll "yi"
  depthwise:vectorize "x"
  check(depthwise, tvm.random { 4, 10, 18 }, tvm.random { 4, 3, 3 })
end)

t.test("a store stays in a loop whose extent reads what it writes", function()
  local a = tvm.tensor({ 4, 4, 1, 3, 1, 3, 1, 3 }, "int64")
  for _, body in ipairs {
    "for k in range(C[0]):\n    for y in range(4):\n      if k == 0:\n        C[y] = 0\n      C[y] += A[k]",
    "for k in range(C[0]):\n    if k == 0:\n      C[0] = 0\n    C[k] += A[k]",
    "for j in range(3):\n    for k in range(C[j]):\n      for y in range(4):\n        if k == 0:\n          C[y + j] = 1\n        C[y + j] += A[2]",
  } do
    local f = tvm.parse("func f(A: int64[8]) -> C: int64[8]:\n  for y in range(8):\n    C[y] = A[y]\n  " .. body .. "\n")
    t.ok(f:build():run(a) == f:build "interp":run(a), body)
  end
end)

t.test("sums in registers of a large result are fetched before their time", function()
  local product = te [[ A: float32[depth, n]; B: float32[depth, n]; C[y, x] += A[k, y] * B[k, x] ]]
  local function tiles(k, n)
    local s = tvm.schedule(product(k, n))
    s:split("y", 4, "yo", "yi")
    s:split("x", 16, "xo", "xi")
    s:reorder { "xo", "yo", "k", "yi", "xi" }
    s:decompose_reduction("C", "k")
    s:vectorize "C/xi"
    return s:unroll "C/yi"
  end
  local function fetches(s) return select(2, s:llvm_ir():gsub("call void @llvm.prefetch", "")) end
  local s = tiles(48, 768)
  t.eq(fetches(s), 4) -- a cache line for each row of the tile below
  t.contains(s:llvm_ir(), ("i64 %d"):format(4 * 768 * 4))
  t.eq(fetches(tiles(48, 512)), 0) -- 1 MiB stays near
  t.eq(fetches(tiles(16, 768)), 0) -- too short to fetch anything behind
  local a, b = tvm.random { 48, 768 }, tvm.random { 48, 768 }
  t.ok(s:build():run(a, b) == s:at(0):build():run(a, b))
end)

t.test("floats become integers alike one by one and in vectors, at and beyond every limit", function()
  local values = { -0.0, 0.5, -0.99, 1.5, -1.5, 1 / 0, -1 / 0, 0 / 0, 1e30, -1e30, 2 ^ 31 - 128, 2 ^ 63 - 2 ^ 39 }
  for _, bits in ipairs { 7, 8, 15, 16, 31, 32, 63, 64 } do
    for _, beside in ipairs { -1, -0.5, 0, 0.5 } do
      values[#values + 1] = 2.0 ^ bits + beside
      values[#values + 1] = -2.0 ^ bits + beside
    end
  end
  while #values % 16 ~= 0 do values[#values + 1] = 0 end
  for _, from in ipairs { "float32", "float64" } do
    local x = tvm.tensor(values, from)
    for _, to in ipairs { "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64" } do
      local s = tvm.schedule(te.text(("X: %s[%d]; Y[i] = %s(X[i])"):format(from, #values, to)))
      s:split("i", 16, "io", "ii")
      local want = s:build "interp":run(x)
      t.ok(s:build():run(x) == want, from .. " to " .. to)
      s:vectorize "ii"
      for _, target in ipairs { "llvm", "llvm -O0", "llvm -O3", "llvm -mcpu=x86-64" } do
        t.ok(s:build(target):run(x) == want, ("%s to %s by %s"):format(from, to, target))
      end
      t.ok(not s:llvm_ir():find "%.sat%.")
    end
  end
end)

t.test("the greatest and the least of a row are NaN if any is, and +0 is above -0, in vectors and one by one", function()
  local some = { 0 / 0, -0.0, 0.0, 1, -1, 1 / 0, -1 / 0 }
  local n, rows, greatest = #some, {}, {} -- every three of them, in every order
  for i = 0, n ^ 3 - 1 do
    local row = { some[i // (n * n) + 1], some[i // n % n + 1], some[i % n + 1] }
    local best = row[1]
    for _, v in ipairs(row) do
      local above = v > best or (v == best and 1 / v > 1 / best) or v ~= v
      best = best == best and above and v or best
    end
    rows[i + 1], greatest[i + 1] = row, best
  end
  local function same(got, want) -- but for the bits of NaN
    local a, b = got:totable(), want:totable()
    for i, v in ipairs(b) do
      if v == v and ("%g"):format(a[i]) ~= ("%g"):format(v) or v ~= v and a[i] == a[i] then return false end
    end
    return #a == #b
  end
  local text = "X: %s[%d, 3]; Y: %s[%d]; Y[y] = %s(k, X[y, k])"
  for _, dtype in ipairs { "float32", "float64" } do
    local x, want = tvm.tensor(rows, dtype), tvm.tensor(greatest, dtype)
    local function rows_in(lanes, how)
      local s = tvm.schedule(te(text:format(dtype, #rows, dtype, #rows, how)))
      if lanes > 1 then
        s:split("y", lanes, "yo", "yi")
        s:reorder("yo", "k", "yi")
        s:vectorize "yi"
      end
      return s
    end
    for _, lanes in ipairs { 1, 16 } do
      for _, target in ipairs { "interp", "llvm", "llvm -O0", "llvm -mcpu=haswell", "llvm -mcpu=x86-64" } do
        t.ok(same(rows_in(lanes, "max"):build(target):run(x), want), dtype .. " max " .. target)
        t.ok(same(rows_in(lanes, "min"):build(target):run(-x), -want), dtype .. " min " .. target)
      end
    end
  end
end)

t.test("lanes that would go as far as an index can, where none ever goes, compile", function()
  local f = tvm.parse [[
func f(A: float32[8], N: int32[1]) -> C: float32[8]:
  for i in vectorized(8):
    C[i] = 0
    if N[0] > 0:
      C[i] = A[i*9223372036854775807]
]]
  t.ok(f:build():run(tvm.random { 8 }, tvm.zeros({ 1 }, "int32")) == tvm.zeros { 8 })
end)

t.test("a vectorized loop around a vectorized loop leaves it the registers", function()
  local s = tvm.schedule(te [[ A: float32[64, 64]; C[y, x] = A[y, x] + 1 ]])
  local whole = s:vectorize("x"):llvm_ir()
  t.contains(whole, "x float>")
  t.ok(not s:vectorize("y"):llvm_ir():find "shufflevector", "rows of x are cut up to make lanes of y")
end)

t.test("timings compare, and a what-if is ranked and adopted", function()
  local s = tiled(48, 64)
  local c = tvm.compare({ s:at(0), s }, { ["repeat"] = 5, min_repeat_ms = 0.1 })
  t.eq(#c.items, 2)
  assert(tostring(c):find("mm", 1, true))
  rawset(c, "against", function(_, i) return i == 1 and "1" or "0.22x  [0.2, 0.3]" end)
  t.contains(c:show():svg(), ">shorter is faster; ratios: how many times as fast as mm<")
  t.contains(c:show().text, "against mm\n")
  local few = tvm.compare({ s:at(0), s }, { ["repeat"] = 3, min_repeat_ms = 0.1 }):show()
  t.contains(few.text, "too few rounds")
  t.ok(not (few:svg() .. few.text):find("against", 1, true) and not few:svg():find("ratios", 1, true))
  t.ok(not tvm.bars(c.items, nil, { against = "" }).text:find("against", 1, true))
  local one = tvm.compare({ s }, { ["repeat"] = 5, min_repeat_ms = 0.1 }):show()
  t.ok(not (one:svg() .. one.text):find("against", 1, true))
  t.contains(tvm.bars(c.items, nil, { title = "two" }).text, "mm")
  t.raises("argument_type", function() tvm.bars { 1 } end)
  local base = tvm.schedule(matmul(48, 64))
  local w = tvm.whatif(function(q, p)
    q:split("x", p.tx, "xo", "xi")
    q:vectorize "xi"
  end, { { "tx", 8, 32, 0 } }, base, { ["repeat"] = 3, min_repeat_ms = 0.1 })
  t.eq(#w, 3)
  t.eq(w[3].chosen.tx, 0)
  assert(w[3].why and not w[1].why)
  w:adopt(1)
  t.eq(#base:names "loops", 4)
end)

t.done()
