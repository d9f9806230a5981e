-- ptx.lua -- what the GPU is given to run gives what the interpreter gives, bit for bit. The driver is a pretended one, which
-- runs PTX as NVIDIA's ISA defines it.
local t = dofile "tests/check.lua"
local fakes = arg[-1]:gsub("[^/]*$", "") .. "tests/fakes"
if os.getenv "LD_LIBRARY_PATH" ~= fakes then
  os.exit(os.execute(("LD_LIBRARY_PATH=%s %s %s"):format(fakes, arg[-1], arg[0])))
end

-- A schedule gives on the GPU what its program as written gives in the interpreter.
local function same(what, s, targets, ...)
  local want = { s:at(0):build "interp":run(...) }
  for _, target in ipairs(targets) do
    collectgarbage() -- the pretended GPU has room for few programs
    local got = { s:build(target):run(...) }
    for i = 1, #want do
      local verdict = tvm.check(got[i], want[i], { rtol = 0, atol = 0 })
      if not verdict.ok then error(("%s, %s: %s"):format(what, target, verdict), 2) end
    end
  end
end

local first, all = { "cuda" }, { "cuda", "cuda -arch=sm_60" } -- the first GPU has minima that give NaN, the second has not

-- ---- the examples ---------------------------------------------------------------------------------

t.test("the vector sum of the README", function()
  local v = tvm.schedule(te [[ C[i] = A[i] + B[i] ]](1000))
  v:split("i", 256, "b", "t"); v:bind("b", "blockIdx.x"); v:bind("t", "threadIdx.x")
  local a, b = tvm.random { 1000 }, tvm.random({ 1000 }, "float32", { seed = 2 })
  same("bound", v, all, a, b)
  v:cache_read("C", "A", "shared"); v:compute_at("A.shared", "b")
  v:bind("A.shared/t", "threadIdx.x")
  same("with a shared part of A", v, all, a, b)
end)

-- The program of tests/unit/cuda.c, smaller; as integers its sums have one value in any order.
t.test("a matrix product by tiles: shared memory, registers, vectors, barriers", function()
  local f = tvm.parse [[
func matmul(A: float32[64, 128], B: float32[64, 128]) -> C: float32[128, 128]:
  for by in bind("blockIdx.y", 2):
    for bx in bind("blockIdx.x", 2):
      for ty in bind("threadIdx.y", 16):
        for tx in bind("threadIdx.x", 16):
          alloc L: float32[4, 4] local
          for i in unrolled(4):
            for j in unrolled(4):
              L[i, j] = 0
          alloc P: float32[16, 64] shared
          alloc Q: float32[16, 64] shared
          for ko in range(4):
            for v in vectorized(4):
              P[ty, tx*4 + v] = A[ko*16 + ty, by*64 + tx*4 + v]
              Q[ty, tx*4 + v] = B[ko*16 + ty, bx*64 + tx*4 + v]
            barrier("shared")
            for ki in range(16):
              for i in unrolled(4):
                for j in unrolled(4):
                  L[i, j] fma= P[ki, ty*4 + i] * Q[ki, tx*4 + j]
            barrier("shared")
          for i in unrolled(4):
            for j in vectorized(4):
              C[by*64 + ty*4 + i, bx*64 + tx*4 + j] = L[i, j]
]]
  local function whole(seed) return tvm.random({ 64, 128 }, "int32", { seed = seed, lo = -9, hi = 9 }):astype "float32" end
  local a, b = whole(1), whole(2)
  local want = te "A: float32[64, 128]; B: float32[64, 128]; C[y, x] = sum(k, A[k, y] * B[k, x])"
  t.ok(f:build "cuda":run(a, b) == tvm.schedule(want):run(a, b))
end)

-- ---- operations -----------------------------------------------------------------------------------

local floats = { "float32", "float64" }
local integers = { "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool" }
local types = table.move(integers, 1, #integers, 3, { table.unpack(floats) })

-- Where conversions, minima and rounding have their edges.
local edges = { 0.0, -0.0, 0.5, -0.5, 1.5, -2.5, 127.7, -129, 255.5, 65535.9, 2147483648.0, -2147483648.0, 9.3e18, -9.3e18, 3e38,
  1e-45, math.huge, -math.huge, 0 / 0 }

-- n elements of the type: the edges of floats, or small, short and long integers, a power of two and minus one.
local function data(dtype, n, seed)
  local bits, out = tonumber(dtype:match "%d+"), {}
  for i = 1, n do
    local mixed = (i + seed) * 0x9E3779B97F4A7C15
    if dtype:find "float" then
      out[i] = edges[(i * (6 + seed)) % #edges + 1]
    elseif dtype == "bool" then
      out[i] = mixed < 0
    else
      local v = ({ mixed >> (64 - bits), mixed >> 60, 1 << (bits - 1), (i + seed) % 3 - 1, i + seed })[i % 5 + 1]
      if bits < 64 then v = v & ((1 << bits) - 1) end
      if bits < 64 and not dtype:find "u" and v >> (bits - 1) == 1 then v = v - (1 << bits) end
      out[i] = v
    end
  end
  return tvm.tensor(out, dtype)
end

local N = 60
-- C = what the lines say of A and B, by threads: as many rows as there are lines.
local function rows(from, to, lines)
  local text = { ('func f(A: %s[%d], B: %s[%d]) -> C: %s[%d, %d]:\n  for x in bind("threadIdx.x", %d):\n'):format(from, N, from, N, to,
    #lines, N, N) }
  for i, line in ipairs(lines) do text[#text + 1] = ("    C[%d, x] = %s\n"):format(i - 1, line) end
  return tvm.schedule(tvm.parse(table.concat(text)))
end

local both = { "A[x] + B[x]", "A[x] - B[x]", "A[x] * B[x]", "A[x] / B[x]", "A[x] // B[x]", "A[x] % B[x]", "min(A[x], B[x])",
  "max(A[x], B[x])", "A[x] * B[x] + A[59 - x]" }
local of_floats = { "fma(A[x], B[x], A[59 - x])", "sqrt(A[x])", "floor(A[x])", "ceil(A[x])", "round(A[x])", "abs(A[x])", "-A[x]" }
local of_integers = { "A[x] << B[x]", "A[x] >> B[x]", "A[x] ^ B[x]", "A[x] & B[x]", "A[x] | B[x]" }

t.test("every operation on every type", function()
  for _, dtype in ipairs(types) do
    local lines = table.move(both, 1, #both, 1, {})
    local more = dtype:find "float" and of_floats or dtype == "bool" and {} or of_integers
    table.move(more, 1, #more, #lines + 1, lines)
    same(dtype, rows(dtype, dtype, lines), all, data(dtype, N, 0), data(dtype, N, 1))
  end
end)

t.test("comparisons, and what is chosen by them", function()
  for _, dtype in ipairs(types) do
    local lines = { "A[x] < B[x] and A[x] == A[x]", "A[x] < B[x] or A[x] != A[x]" }
    for _, op in ipairs { "<", "<=", ">", ">=", "==", "!=" } do lines[#lines + 1] = ("A[x] %s B[x]"):format(op) end
    same(dtype, rows(dtype, "bool", lines), first, data(dtype, N, 0), data(dtype, N, 1))
    same(dtype .. " chosen", rows(dtype, dtype, { "select(A[x] < B[x], A[x], B[x])", "select(not (A[x] < B[x]), A[x], B[x])" }), first,
      data(dtype, N, 0), data(dtype, N, 1))
  end
end)

t.test("conversions between all types", function()
  for _, from in ipairs(types) do
    for _, to in ipairs(types) do
      same(from .. " to " .. to, rows(from, to, { to .. "(A[x])" }), first, data(from, N, 0), data(from, N, 1))
    end
  end
end)

t.test("functions of te, which are arithmetic here", function()
  for _, name in ipairs { "exp", "log", "tanh", "sigmoid", "rsqrt", "erf", "sin", "cos" } do
    for _, dtype in ipairs(floats) do
      local s = tvm.schedule(te(("A: %s[%d]; C[x] = %s(A[x])"):format(dtype, N, name)))
      s:bind("x", "threadIdx.x")
      same(name, s, first, data(dtype, N, 0))
      same(name, s, first, tvm.random({ N }, dtype, { lo = -5, hi = 5 }))
    end
  end
end)

-- ---- memory ---------------------------------------------------------------------------------------

t.test("sums, masks, several kernels and a temporary between them", function()
  local s = tvm.schedule(tvm.parse [[
func f(A: float32[32, 6], I: int32[32]) -> C: float32[32], D: float32[8]:
  alloc T: float32[32, 4]
  for tx in bind("threadIdx.x", 32):
    for v in vectorized(4):
      T[tx, v] = 0
      if tx*4 + v < 70:
        T[tx, v] = A[tx, v + 1] + A[int64(I[tx])%32, v]
  for bx in bind("blockIdx.x", 2):
    for tx in bind("threadIdx.x", 16):
      C[bx*16 + tx] = 0
      for v in unrolled(4):
        C[bx*16 + tx] += T[tx, v]
  for i in range(8):
    D[i] = C[i*4]
]])
  same("f", s, all, tvm.random { 32, 6 }, tvm.random({ 32 }, "int32", { lo = -100, hi = 100 }))
end)

-- LLVM 19 reads 16 bytes by one instruction, which a GPU takes only at multiples of 16.
t.test("lanes of a byte that begin anywhere", function()
  for _, dtype in ipairs { "uint8", "int8", "bool" } do
    for _, n in ipairs { 3, 5, 7, 16, 17 } do
      local s = tvm.schedule(te(("A: %s[%d, %d]; C[y, x] = select(y %% 2 == 0, A[y, x], A[y, x])"):format(dtype, n, n)))
      s:bind("x", "threadIdx.x"):vectorize "y"
      same(dtype .. n, s, first, data(dtype, n * n, 0):reshape { n, n })
    end
    local row = tvm.schedule(tvm.parse(([[
func f(A: %s[33]) -> C: %s[4, 16]:
  for x in bind("threadIdx.x", 4):
    for v in vectorized(16):
      C[x, v] = A[x*5 + v + 1]
]]):format(dtype, dtype)))
    same(dtype .. " in a row", row, first, data(dtype, 33, 0))
  end
end)

t.test("copies in shared and local memory, of every type", function()
  for _, dtype in ipairs(types) do
    local s = tvm.schedule(te(("A: %s[6, 40]; C[y, x] = select(y %% 2 == 0, A[y, x], A[y, 39 - x])"):format(dtype)))
    s:bind("y", "blockIdx.x"):bind("x", "threadIdx.x")
    s:cache_read("C", "A", "shared")
    s:compute_at("A.shared", "y")
    s:bind("A.shared/x", "threadIdx.x")
    s:cache_write("C", "local")
    s:reverse_compute_at("C.store", "C/x")
    same(dtype, s, first, data(dtype, 240, 0):reshape { 6, 40 })
  end
end)

-- Each thread keeps its tile of C in registers, the block its panels of A and B in shared memory.
t.test("a matrix product scheduled by primitives, in sizes that tiles divide and that they do not", function()
  local product = te [[ A: float32[l, n]; B: float32[l, m]; C: float32[n, m]; C[y, x] = sum(k, A[k, y] * B[k, x]) ]]
  for _, size in ipairs { { 16, 16, 8 }, { 32, 8, 16 }, { 17, 9, 5 }, { 13, 23, 11 } } do
    local s = tvm.schedule(product { n = size[1], m = size[2], l = size[3] })
    local a, b = s:cache_read("C", "A", "shared"), s:cache_read("C", "B", "shared")
    s:cache_write("C", "local")
    s:split("C.store/y", { -1, 4, 2 }, "by", "ty", "yi")
    s:split("C.store/x", { -1, 4, 2 }, "bx", "tx", "xi")
    s:reorder("C.store/by", "C.store/bx", "C.store/ty", "C.store/tx", "C.store/yi", "C.store/xi")
    s:bind("C.store/by", "blockIdx.y"):bind("C.store/bx", "blockIdx.x")
    s:compute_at("C", "C.store/bx")
    s:split("C/y", { -1, 2 }, "ty", "yi")
    s:split("C/x", { -1, 2 }, "tx", "xi")
    s:split("C/k", { -1, 4 }, "ko", "ki")
    s:reorder("C/ko", "C/ty", "C/tx", "C/ki", "C/yi", "C/xi")
    s:decompose_reduction("C", "C/ko")
    s:compute_at(a, "C/ko"):compute_at(b, "C/ko")
    for _, block in ipairs { "C.init", "C", "C.store" } do
      s:bind(block .. "/ty", "threadIdx.y"):bind(block .. "/tx", "threadIdx.x")
    end
    for _, copy in ipairs { { a, "y" }, { b, "x" } } do
      local _, ty, tx = s:split(s:fuse { copy[1] .. "/ki", copy[1] .. "/" .. copy[2] }, { -1, 4, 4 })
      s:bind(ty, "threadIdx.y"):bind(tx, "threadIdx.x")
    end
    t.contains(tostring(s:lowered()), "alloc C.local: float32[2, 2] local")
    local whole = { lo = -9, hi = 9 }
    local A, B = tvm.random({ size[3], size[1] }, "int32", whole), tvm.random({ size[3], size[2] }, "int32", whole)
    same(table.concat(size, "x"), s, all, A:astype "float32", B:astype "float32")
  end
end)

t.done()
