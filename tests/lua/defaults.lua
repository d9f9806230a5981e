-- defaults.lua -- the default schedules: what they do with kernels of every kind, what they say about it, and
-- that the results stay those of the program as written.
-- test: cpu
local t = dofile "tests/check.lua"

-- The default schedule of a kernel, whose results agree with those of the program as written.
local function scheduled(f, ...)
  local s = tvm.default(tvm.schedule(f))
  local check = tvm.check(s:run(...), s:at(0):run(...))
  t.ok(check.ok, tostring(check))
  return s
end

local function kind_of(s, path)
  local block = path:match "^[^/]+"
  for _, l in ipairs(s:block(block).loops) do
    if l.path == path then return l.kind end
  end
  error(("no loop %s in\n%s"):format(path, s))
end

t.test("a vector by a matrix whose rows lie along the sum takes rows side by side", function()
  local f = te.func("gemv", function(m, n)
    local A, B = te.placeholder({ 1, n }, "float32", "A"), te.placeholder({ m, n }, "float32", "B")
    local k = te.reduce_axis(n, "k")
    return te.compute({ 1, m }, function(y, x) return te.sum(A(y, k) * B(x, k), k) end, "C")
  end)
  for _, m in ipairs { 64, 67 } do
    local s = scheduled(f(m, 200), tvm.random { 1, 200 }, tvm.random({ m, 200 }, "float32", { seed = 2 }))
    t.eq(kind_of(s, "C/xi"), "unrolled")
    t.ok(s:history():find "sums lie along rows", s:history())
  end
end)

t.test("rows that fill no vector run in lanes all the same", function()
  for _, shape in ipairs { { 6, 13, 13 }, { 6, 7, 7 }, { 5, 3, 2 } } do
    local c, h, w = table.unpack(shape)
    local f = te.func("concat", function()
      local A, B = te.placeholder(shape, "float32", "A"), te.placeholder(shape, "float32", "B")
      return te.compute({ 2 * c, h, w }, function(i, y, x)
        return te.select(te.lt(i, c), A(te.min(i, c - 1), y, x), B(te.max(i - c, 0), y, x))
      end, "C")
    end)()
    local s = scheduled(f, tvm.random(shape), tvm.random(shape, "float32", { seed = 2 }))
    local loops = s:block("C").loops
    t.eq(loops[#loops].kind, "vectorized", tostring(s))
  end
end)

t.test("a second sum is tiled as the first, though its loops share their names; the loops around stay loops", function()
  local f = te [=[
    X: float32[24, 5, 6, 3, 4]
    M[i, y, v, u] = max(c, X[i, c, y, v, u])
    D[i, d, y, v, u] = X[i, d, y, v, u] - M[i, y, v, u]
    S[i, y, v, u] = sum(e, exp(D[i, e, y, v, u]))
    P[i, d, y, v, u] = D[i, d, y, v, u] - S[i, y, v, u]
  ]=]
  local s = scheduled(f, tvm.random { 24, 5, 6, 3, 4 })
  for _, block in ipairs { "M", "S" } do
    t.eq(kind_of(s, block .. "/ui"), "vectorized", tostring(s))
    for _, outer in ipairs { "i", "y" } do
      t.ok(kind_of(s, block .. "/" .. outer) ~= "unrolled", tostring(s))
    end
  end
end)

t.test("two sums along rows in one kernel", function()
  local f = te [=[
    A: float32[64, 200]; B: float32[64, 64]; X: float32[1, 200]
    S[n, y] = sum(k, A[y, k] * X[n, k])
    R[n, y] = sum(j, B[y, j] * S[n, j])
  ]=]
  local s = scheduled(f, tvm.random { 64, 200 }, tvm.random({ 64, 64 }, "float32", { seed = 2 }),
    tvm.random({ 1, 200 }, "float32", { seed = 3 }))
  local _, n = s:history():gsub("sums lie along rows", "")
  t.eq(n, 2, s:history())
  t.ok(not s:history():find "tried to tile", s:history())
end)

t.test("a mistake of the script itself is raised, not noted as a refusal", function()
  local m = te [[ A: float32[64, 64]; B: float32[64, 64]; C[y, x] += A[y, k] * B[k, x] ]]
  local s = tvm.schedule(m)
  local min = math.min
  math.min = nil -- the script takes it while it tiles
  local ok, e = pcall(tvm.default, s)
  math.min = min
  t.ok(not ok, tostring(s:history()))
  t.contains(e, "attempt to call a nil value")
end)

t.test("the history says what a tile is, and what was tried and refused", function()
  local f = tvm.parse [[
func scan(A: float32[8, 64]) -> B: float32[8, 64]:
  for y in range(8):
    for x in range(64):
      block B(y, x):
        B[y, x] = A[y, x] + select(x > 0, B[y, max(x - 1, 0)], 0)
]]
  local s = tvm.default(tvm.schedule(f))
  t.ok(s:history():find "tried vectorize B/x, refused: ", s:history())
  local m = te.func("mm", function()
    local A, B = te.placeholder({ 64, 64 }, "float32", "A"), te.placeholder({ 64, 64 }, "float32", "B")
    local k = te.reduce_axis(64, "k")
    return te.compute({ 64, 64 }, function(y, x) return te.sum(A(y, k) * B(k, x), k) end, "C")
  end)()
  s = scheduled(m, tvm.random { 64, 64 }, tvm.random({ 64, 64 }, "float32", { seed = 2 }))
  t.ok(s:history():find "tiles of 4 y by 64 x: 16 of 32 registers hold sums", s:history())
end)

t.test("what steps have made stays, is named, and the rules see to the rest", function()
  local f = te [=[
    A: float32[64, 64]; B: float32[64, 64]
    P[y, x] = A[y, x] * 2
    C[y, x] = sum(k, P[k, y] * B[k, x])
    D[y, x] = C[y, x] + 1
  ]=]
  local inputs = { tvm.random { 64, 64 }, tvm.random({ 64, 64 }, "float32", { seed = 2 }) }
  local function by_hand(steps, left)
    local s = tvm.schedule(f)
    local want = { s:run(table.unpack(inputs)) }
    steps(s)
    local before = s:at()
    tvm.default(s)
    t.contains(s:history() .. "\n", ("        left as %s\n"):format(left))
    if not left:find "C, D" then t.ok(tvm.check(s:run(table.unpack(inputs)), want[1]).ok) end
    return s, before
  end
  local s = by_hand(function(s) s:cache_read("C", "B", "shared") end, "it stands: B.shared")
  t.eq(s:buffer("B.shared").scope, "shared")
  t.contains(s:history(), "tiles of")
  s = by_hand(function(s) s:split("C/x", 8, "xo", "xi") end, "it stands: C")
  t.eq(table.concat(s:loops "C", " "), "C/y xo xi k")
  t.eq(kind_of(s, "D/x"), "vectorized", tostring(s))
  s = by_hand(function(s) s:set_scope("P", "local") end, "it stands: P")
  t.eq(s:buffer("P").scope, "local")
  local before
  s, before = by_hand(function(s)
    s:bind("P/y", "blockIdx.x"); s:bind("C/y", "blockIdx.x"); s:bind("D/y", "blockIdx.x")
  end, "they stand: P, C, D")
  t.ok(s == before and s.step == 3)
  t.ok(tvm.default(s:at(0)) == tvm.default(tvm.schedule(f)))
  local again = tvm.default(tvm.default(tvm.schedule(f)))
  t.ok(again == tvm.default(tvm.schedule(f)))
end)

t.test("a note stays where it was made", function()
  local s = tvm.schedule(tvm.parse "func f(A: float32[8]) -> B: float32[8]:\n  for i in range(8):\n    B[i] = A[i]")
  s:note("why"):split("i", 4)
  t.ok(s:history():find("step 0  as written\n        why\nstep 1  split", 1, true), s:history())
  t.ok(s:fork():history():find "why")
  s:note "later"
  s:back(0)
  t.ok(not s:history():find "later")
end)

t.test("a convolution with a stride reads columns that lie side by side, and gives what it gave", function()
  for _, c in ipairs {
    { kernel = 3, stride = 2, pad = 1, size = 13 }, { kernel = 1, stride = 2, pad = 0, size = 9 },
    { kernel = 5, stride = 3, pad = 2, size = 17, dilation = 2 }, { kernel = 2, stride = 2, pad = 0, size = 8 },
    { kernel = 7, stride = 2, pad = 3, size = 21 },
    -- one column: its rows are the neighbours
    { kernel = 2, stride = 2, pad = 0, size = 40, columns = 2 }, { kernel = 3, stride = 2, pad = 1, size = 19, columns = 1 },
    { kernel = 3, stride = 4, pad = 0, size = 70, columns = 6 },
  } do
    local d, columns = c.dilation or 1, c.columns or c.size
    local weights = tvm.random({ 4, 2, c.kernel, c.kernel }, "float32", { seed = 3 })
    local g = tvm.graph("strided", function(b)
      return b:conv(b:input("x", "float32", { 1, 2, c.size, columns }), weights,
        { strides = { c.stride, c.stride }, dilations = { d, d }, pads = { c.pad, c.pad, c.pad, c.pad } })
    end)
    local x = tvm.random { 1, 2, c.size, columns }
    local m = g:lower()
    t.eq(m:schedule("conv1"):ir():find("phases", 1, true) ~= nil, c.stride > 1)
    local y = m:run(x)
    for _ = 1, 40 do -- some outputs, by the definition
      local oc, oy, ox = math.random(0, 3), math.random(0, y.shape[3] - 1), math.random(0, y.shape[4] - 1)
      local sum = 0
      for ic = 0, 1 do
        for ky = 0, c.kernel - 1 do
          for kx = 0, c.kernel - 1 do
            local iy, ix = oy * c.stride + ky * d - c.pad, ox * c.stride + kx * d - c.pad
            if iy >= 0 and iy < c.size and ix >= 0 and ix < columns then
              sum = sum + x[0][ic][iy][ix] * weights[oc][ic][ky][kx]
            end
          end
        end
      end
      t.ok(math.abs(sum - y[0][oc][oy][ox]) < 1e-4, ("%d %d %d: %s, not %s"):format(oc, oy, ox, y[0][oc][oy][ox], sum))
    end
  end
end)

t.test("kernels of tensors without elements run", function()
  for _, shape in ipairs { { 2, 0 }, { 0, 2 }, { 3, 0, 2 }, { 2, 0, 0 }, { 0 }, { 1, 1 } } do
    local g = tvm.graph("empty", function(b)
      local x = b:input("x", "float32", shape)
      return b:relu(x), b:softmax(x), b:reduce_sum(x)
    end)
    local m, zeros = g:fuse():lower(), tvm.zeros(shape)
    local want = { m:interpret(zeros) }
    for i, y in ipairs { m:run(zeros) } do t.ok(tvm.check(y, want[i]).ok, tostring(y)) end
  end
end)

t.test("a chain of stages that each read the one before twice stays small", function()
  local g = tvm.graph("doubles", function(b)
    local y = b:input("x", "float32", { 9 })
    for _ = 1, 40 do y = b:mul(b:add(y, y), b:const(0.5)) end
    return y
  end)
  local m = g:fuse():lower()
  for _, kernel in ipairs(m:kernels()) do
    local s = tvm.default(m:schedule(kernel))
    for _, name in ipairs(s:names "blocks") do t.ok(s:block(name).size < 1000, s:block(name).size) end
    t.ok(s:history():find "and too big to stand at each", s:history())
  end
  local x = tvm.random { 9 }
  t.ok(tvm.check(m:run(x), x, { rtol = 0, atol = 0 }).ok)
end)

t.test("products are contracted where the processor has an instruction for it, and only there", function()
  local f = te [=[
    A: float32[64, 64]; B: float32[64, 64]
    C[y, x] = sum(k, A[y, k] * B[k, x])
  ]=]
  local s = scheduled(f, tvm.random { 64, 64 }, tvm.random({ 64, 64 }, "float32", { seed = 2 }))
  local contracted, said = s:history():find "contract C" ~= nil, s:history():find "so it stays two operations" ~= nil
  t.eq(contracted, tvm.has_fma(), s:history())
  t.eq(said, not tvm.has_fma(), s:history())
  local cpu = os.getenv "TVMREPL_MCPU"
  if cpu == "x86-64" or cpu == "sandybridge" then t.eq(tvm.has_fma(), false) end
  if cpu == "haswell" then t.eq(tvm.has_fma(), true) end
  t.ok(not s:asm():find "fmaf", "a call for each term")
end)

-- The default schedules of a program under several sets of names; the first list names them in the text.
local function under_names(text, names)
  local all = {}
  for i = 2, #names do
    local renamed = text
    for k, name in ipairs(names[1]) do renamed = renamed:gsub("%f[%w]" .. name .. "%f[%W]", names[i][k]) end
    all[#all + 1] = tvm.default(tvm.schedule(te(renamed)))
  end
  return all
end

t.test("the schedule depends on what is read along a loop, not on what the loop is called", function()
  local function agree(what, text, names)
    local all = under_names(text, names)
    for i, s in ipairs(all) do
      local said = what
      for k, name in ipairs(names[1]) do said = said:gsub("<" .. name .. ">", names[i + 1][k]) end
      t.contains(s:history(), said)
      t.eq(s:fingerprint(), all[1]:fingerprint(), s:history())
    end
    return all[1]
  end
  local conv = { { "N", "O", "Y", "X", "C", "U", "V" }, { "n", "oc", "y", "x", "ic", "ky", "kx" },
    { "n", "o", "y", "x", "c", "u", "v" }, { "oc", "ic", "n", "y", "a", "b", "c" } }
  local s = agree("tiles of 8 <O> by 28 <X>: 16 of 32 registers hold sums, and what is read of I along <X> serves each <O>", [=[
    I: float32[1, 16, 57, 57]; W: float32[16, 16, 3, 3]; R: float32[1, 16, 28, 28]
    R[N, O, Y, X] = sum(C, U, V, I[N, C, 2*Y + U, 2*X + V] * W[O, C, U, V])]=], conv)
  t.contains(table.concat(s:loops "R", " "), "oco n y xo") -- filters stay near while the picture goes by
  agree("tiles of 4 <O> by 6 <Y> by 12 <X>: ", [=[
    I: float32[1, 32, 14, 14]; W: float32[16, 16, 3, 3]; R: float32[1, 16, 12, 12]
    R[N, O, Y, X] = sum(C, U, V, I[N, O // 8 * 16 + C, Y + U, X + V] * W[O, C, U, V])]=], conv)
  agree("tiles of 7 <Y> by 14 <X>: 7 of 32 registers hold sums\n", [=[
    I: float32[1, 16, 16, 16]; W: float32[16, 3, 3]; R: float32[1, 16, 14, 14]
    R[N, O, Y, X] = sum(U, V, I[N, O, Y + U, X + V] * W[O, U, V])]=], conv)
  agree("tiles of 4 <Y> by 56 <X>: ", [=[
    A: float32[64, 32]; B: float32[32, 56]; R: float32[64, 56]
    R[Y, X] = sum(C, A[Y, C] * B[C, X])]=], conv)
  -- A batch of one-rowed products by one matrix: the rows are those of the batch.
  agree("tiles of 4 <N> by 56 <X>: ", [=[
    A: float32[64, 1, 32]; B: float32[32, 56]; R: float32[64, 1, 56]
    R[N, Y, X] = sum(C, A[N, Y, C] * B[C, X])]=], conv)
end)

t.test("a block says where it reads, and for how many iterations of each loop in a row one element", function()
  local s = tvm.schedule(te [=[
    A: float32[64, 8]; B: float32[8, 32]; I: int64[64]
    C[y, x] = sum(k, A[y // 4, k] * B[k, x] * A[I[y], 0])]=])
  local function said()
    local out = {}
    for _, load in ipairs(s:block "C".loads) do
      local every = {}
      for loop, n in pairs(load.every) do every[#every + 1] = loop .. "=" .. n end
      table.sort(every)
      out[#out + 1] = load.buffer .. " " .. table.concat(every, " ")
    end
    return table.concat(out, ", ")
  end
  t.eq(said(), "A k=1 y=4, B k=1 x=1, I y=1, A y=1")
  s:split("y", 4, "yo", "yi")
  t.eq(said(), "A k=1 yi=1 yo=1, B k=1 x=1, I yi=1 yo=1, A yi=1 yo=1")
end)

t.test("axes of one element are passed over: what counts is the last that is longer", function()
  local function of(build) -- the last kernel of a graph
    local m = tvm.graph("net", build):fuse():lower()
    return tvm.default(m:schedule(m:kernels()[#m:kernels()]))
  end
  local function lanes(s, path)
    t.eq(kind_of(s, path), "vectorized", tostring(s))
    return s
  end
  lanes(of(function(b) return b:exp(b:input("x", "float32", { 4, 256, 1 })) end), "exp1/ci")
  lanes(of(function(b) return b:relu(b:input("x", "float32", { 3, 12, 1, 1 })) end), "relu1/n_c")
  -- The same picture lying and standing: the tiles are the same.
  local function conv(oc, x, w)
    return of(function(b) return b:conv(b:input("x", "float32", x), b:const(tvm.random(w)), { group = x[2] // w[2] }) end)
  end
  for _, case in ipairs {
    { { 1, 16, 1, 130 }, { 32, 16, 1, 5 }, { 1, 16, 130, 1 }, { 32, 16, 5, 1 }, "tiles of 4 oc by 63 " },
    { { 1, 16, 1, 131 }, { 16, 1, 1, 5 }, { 1, 16, 131, 1 }, { 16, 1, 5, 1 }, "tiles of 1 %a by 64 " },
  } do
    local lying, standing = conv(nil, case[1], case[2]), conv(nil, case[3], case[4])
    t.ok(lying:history():find(case[5] .. "x"), lying:history())
    t.ok(standing:history():find(case[5] .. "y"), standing:history())
    lanes(lying, "conv1/xi")
    lanes(standing, "conv1/yi")
  end
end)

t.test("a row of sums that is alone takes enough lanes, though the image of a filter is long", function()
  local s = scheduled(te [=[
    X: float32[1, 1, 1, 800]; W: float32[1, 1, 1, 64]; Y: float32[1, 1, 1, 737]
    Y[n, o, y, x] = sum(c, u, v, X[n, c, y + u, x + v] * W[o, c, u, v])
  ]=], tvm.random { 1, 1, 1, 800 }, tvm.random({ 1, 1, 1, 64 }, "float32", { seed = 2 }))
  t.ok(s:history():find "tiles of 1 y by 64 x: 4 of 32 registers", s:history())
  t.eq(kind_of(s, "Y/xi"), "vectorized")
end)

t.test("of sums along rows, those of a product lie side by side and a greatest value runs in lanes", function()
  local function of(text, shape, ...)
    return scheduled(te(text), tvm.random(shape), ...)
  end
  local s = of("A: float32[64, 70]; S: float32[64, 1]; S[i, x] = max(j in 70, A[i, j])", { 64, 70 })
  t.eq(kind_of(s, "S/ii"), "vectorized", tostring(s))
  s = of("A: float32[64, 70]; S: float32[64, 1]; S[i, x] = sum(j in 70, A[i, j])", { 64, 70 })
  t.ok(s:history():find "sums lie along rows", s:history())
  -- A batch of matrices, each by a vector of its own; a second vector would use each row again.
  s = of([=[A: float32[4, 32, 40]; V: float32[4, 40, 1]; S[b, i, x] = sum(j, A[b, i, j] * V[b, j, x])]=],
    { 4, 32, 40 }, tvm.random({ 4, 40, 1 }, "float32", { seed = 2 }))
  t.ok(s:history():find "sums lie along rows", s:history())
  s = of([=[A: float32[32, 40]; B: float32[24, 40]; S[y, x] = sum(j, A[y, j] * B[x, j])]=],
    { 32, 40 }, tvm.random({ 24, 40 }, "float32", { seed = 2 }))
  t.ok(s:history():find "serves each y", s:history())
  -- The windows of a pool are short rows.
  s = of("A: float32[8, 24, 40]; S: float32[8, 12, 20]; S[c, y, x] = sum(u in 2, v in 2, A[c, 2*y + u, 2*x + v])", { 8, 24, 40 })
  t.ok(not s:history():find "sums lie along rows", s:history())
end)

t.test("what follows sums along rows has rows of its own, which run in lanes", function()
  for _, shape in ipairs { { 64, 128 }, { 8, 1500 }, { 3, 24, 24 } } do
    local m = tvm.graph("att", function(b) return b:softmax(b:input("q", "float32", shape)) end):fuse():lower()
    local s = tvm.default(m:schedule(m:kernels()[1]))
    for _, block in ipairs { "softmax1.exp", "softmax1" } do
      local loops = s:block(block).loops
      t.eq(loops[#loops].kind, "vectorized", tostring(s))
    end
    local x = tvm.random(shape)
    t.ok(tvm.check(s:run(x), s:at(0):run(x)).ok)
  end
end)

t.test("a loop is along where neighbours lie side by side in memory", function()
  local s = tvm.schedule(te [=[
    A: float32[8, 40, 1]; W: float32[5]; D: float32[36, 36]
    C[i, x, u] = sum(k, A[i, x + k, u] * W[k] + A[i, min(2*x, 39), u] + D[x, x])]=])
  local along = {}
  for _, l in ipairs(s:block "C".loops) do along[l.name] = l.along end
  t.eq(along.i, false)
  t.eq(along.x, true)
  t.eq(along.k, true)
  t.eq(s:block "C".update, "+=")
  s = tvm.schedule(te [=[ A: float32[40, 40]; E: float32[40, 40]; C[x] = A[x, x] + A[min(x, 3), 2*x % 40]; E[y, x] = C[max(x - 1, 0)] + C[y] ]=])
  t.eq(s:block "C".loops[1].along, false)
  t.eq(s:block "C".update, nil)
  t.eq(s:block "E".loops[2].along, true)
end)

t.test("what a person contracts is a multiply-add on a processor without the instruction, too", function()
  local s = tvm.schedule(te [=[
    A: float32[4, 33]; B: float32[33, 5]
    C[y, x] = sum(k, A[y, k] * B[k, x])
  ]=])
  s:contract "C"
  local a, b = tvm.random { 4, 33 }, tvm.random({ 33, 5 }, "float32", { seed = 2 })
  local want = s:build "interp":run(a, b)
  t.ok(tvm.check(s:run(a, b), want, { rtol = 0, atol = 0 }).ok)
  t.ok(tvm.check(s:build "llvm -mcpu=x86-64":run(a, b), want, { rtol = 0, atol = 0 }).ok)
end)

t.test("loops whose length only the run knows are not passed over as those of one iteration", function()
  local s = tvm.schedule(tvm.parse [[
func f(A: float32[512, 64], n: int64[2]) -> B: float32[512, 64]:
  for y in range(512):
    for r in range(n[1]):
      for x in range(min(n[0], 64)):
        block B(y, x):
          B[y, x] = A[y, x] + 1
]])
  tvm.default(s)
  for _, loop in ipairs(s:block "B".loops) do t.ok(loop.kind ~= "vectorized", loop.name) end
end)

t.test("a step within one nest is judged by it, however many others the program has", function()
  local m = tvm.graph("lstm", function(b)
    return b:lstm(b:input("x", "float32", { 8, 1, 32 }), b:const(tvm.random { 2, 512, 32 }), b:const(tvm.random { 2, 512, 128 }),
      b:const(tvm.random { 2, 1024 }), { hidden_size = 128, direction = "bidirectional" })
  end):lower()
  local s = tvm.default(m:schedule "lstm1")
  t.ok(#s:blocks() > 50)
  t.ok(not s:history():find("work limit", 1, true))
end)

t.done()
