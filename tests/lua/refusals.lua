-- refusals.lua -- every way in which a schedule step is refused, by name.
local t = dofile "tests/check.lua"

local function program(text)
  return tvm.schedule(tvm.parse(text))
end

local function matmul()
  return program [[
func matmul(A: float32[64, 60], B: float32[64, 64]) -> C: float32[60, 64]:
  for y in range(60):
    for x in range(64):
      for k in range(64):
        block C(y, x, k: reduce):
          init: C[y, x] = 0
          C[y, x] += A[k, y] * B[k, x]
]]
end

local function chain()
  return program [[
func f(A: float32[32]) -> D: float32[32]:
  alloc B: float32[32]
  alloc E: float32[32]
  for y in range(32):
    block B(y):
      B[y] = A[y] * 2
  for i in range(32):
    block E(i):
      E[i] = B[i] + 1
  for j in range(32):
    block D(j):
      D[j] = E[j] + B[j]
]]
end

local function refused(code, s, step, ...)
  local before, args = s:fingerprint(), table.pack(...)
  t.raises(code, function() s[step](s, table.unpack(args)) end)
  t.eq(s:fingerprint(), before)
end

t.test("loops", function()
  local s = matmul()
  refused("fuse_needs_two", s, "fuse", "y")
  refused("bad_annotation", s, "annotate", "y", "note", 'a "quoted" word')
  refused("loop_twice", s, "reorder", "y", "y")
  refused("bad_argument", s, "split", "y", "eight")
  refused("extra_argument", s, "contract", "C", "D")
  refused("bad_name", s, "split", "y", 8, "two words")
  refused("factors_too_small", s, "split", "y", { 2, 3 })
  refused("factors_too_big", s, "split", "y", { 1 << 30, 1 << 30 })
  refused("no_block", s, "contract", "nobody")
  refused("no_buffer", s, "cache_read", "C", "nothing", "local")
  t.raises("nothing_to_redo", function() s:redo() end)
end)

t.test("long loops", function()
  local s = program "func f(A: int8[5000]) -> B: int8[5000]:\n for i in range(5000):\n  block B(i):\n   B[i] = A[i]"
  refused("too_many_iterations", s, "vectorize", "i")
  refused("too_many_iterations", s, "unroll", "i")
end)

t.test("a scan keeps its order", function()
  local s = program [[
func f(A: float32[6, 8]) -> D: float32[6, 8]:
  alloc T: float32[6]
  for y in range(6):
    for k in range(8):
      block T(y, k: reduce):
        init: T[y] = 0
        T[y] += A[y, k]
      block D(y, k):
        D[y, k] = T[y]
]]
  s:split("k", 2)
  refused("cross_iteration", s, "reorder", "k.1", "k.0")
end)

t.test("nests", function()
  local s = chain()
  refused("loops_apart", s, "reorder", "y", "i")
  refused("read_elsewhere", s, "compute_at", "B", "i")
  local apart = program [[
func f(A: float32[8]) -> D: float32[8], E: float32[8]:
  alloc B: float32[8]
  for y in range(8):
    block B(y):
      B[y] = A[y] * 2
  for i in range(8):
    block D(i):
      D[i] = A[i]
  for j in range(8):
    block E(j):
      E[j] = A[j]
]]
  refused("not_read_here", apart, "compute_at", "B", "i")
  refused("not_written_here", apart, "reverse_compute_at", "E", "i")
end)

t.test("programs that a step cannot look through", function()
  local bare = program [[
func f(A: float32[8]) -> D: float32[8]:
  for i in range(8):
    D[i] = A[i]
]]
  refused("bare_store", bare, "parallel", "i")
  local scan = program [[
func f(A: float32[8]) -> D: float32[8]:
  for i in range(7):
    block D(i):
      D[i + 1] = D[i] + A[i]
]]
  refused("opaque_block", scan, "parallel", "i")
  refused("opaque_block", scan, "compute_at", "D", "i")
end)

t.test("reductions", function()
  local s = matmul()
  s:contract "C"
  refused("already_contracted", s, "contract", "C")
  s:decompose_reduction("C", "k")
  refused("already_decomposed", s, "decompose_reduction", "C", "k")
  refused("does_not_read", matmul(), "cache_read", "C", "C", "local")
end)

t.test("try names no step that is none", function()
  t.raises("no_primitive", function() matmul():try("transmogrify", "y") end)
  t.raises("no_view", function() matmul():asm "interp" end)
end)

t.done()
