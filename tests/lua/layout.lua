-- layout.lua -- transform_layout: the elements of an allocated buffer in another order.
local t, p = dofile "tests/check.lua", dofile "tests/programs.lua"

local function copied(n)
  local s = p.matmul(6, n, n)
  s:cache_read("C", "B", "global")
  return s
end

t.test("quotient and remainder of a dimension, whether the factor divides it or not", function()
  for _, n in ipairs { 1, 7, 16, 20 } do
    for _, layout in ipairs { { "x//8", "k", "x%8" }, { "x", "k" }, { "k%3", "x//5", "k//3", "x % 5" }, { "k//40", "x", "k%40" } } do
      local s = copied(n)
      s:transform_layout("B.global", layout)
      p.same(s)
      t.contains(tostring(s:verify()), "proven")
    end
  end
  local s = copied(20)
  s:transform_layout("B.global", "x//8", "k", "x%8")
  t.contains(s:ir(), "alloc B.global: float32[3, 20, 8]\n")
  t.contains(s:ir(), "B.global[x//8, k, x%8] = B[k, x]")
  t.contains(s:ir(), "C[y, x] += A[k, y] * B.global[x//8, k, x%8]")
  t.eq(tvm.parse(s:ir()):ir(), s:ir())
end)

t.test("of a copy inside loops what is kept is a window of the layout", function()
  for _, width in ipairs { 4, 6, 8, 20 } do
    local s = copied(20)
    s:split("C/x", width, "xo", "xi")
    s:reorder { "xo", "y", "xi", "C/k" }
    s:compute_at("B.global", "xo")
    s:transform_layout("B.global", { "x//4", "k", "x%4" })
    p.same(s)
    t.contains(tostring(s:verify()), "proven")
    if width == 8 then t.contains(s:ir(), "window [xo*2 :+ 2, 0 :+ 20, 0 :+ 4]") end
  end
end)

t.test("twice, undone, saved and taken again", function()
  local s = copied(16)
  s:transform_layout("B.global", { "x//8", "k", "x%8" })
  local once = s:fingerprint()
  s:transform_layout("B.global", { "ax0", "k//4", "ax2", "k%4" })
  t.contains(s:ir(), "alloc B.global: float32[2, 4, 8, 4]\n")
  p.same(s)
  s:undo()
  t.eq(s:fingerprint(), once)
  local again = tvm.schedule(s:at(0))
  assert(load(s:trace "s", "trace", "t", { s = again }))()
  t.eq(again:ir(), s:ir())
end)

t.test("of a result that is kept near, and of shared memory on a GPU", function()
  local s = copied(16)
  s:cache_write("C", "local")
  s:transform_layout("C.local", { "x%4", "y", "x//4" })
  p.same(s)
  local g = copied(16)
  g:set_scope("B.global", "shared")
  g:split("C/x", 8, "xo", "xi")
  g:reorder { "xo", "xi", "y", "C/k" }
  g:compute_at("B.global", "xo")
  g:transform_layout("B.global", { "x", "k" })
  g:bind("xo", "blockIdx.x"):bind({ "B.global/xi", "C/xi" }, "threadIdx.x")
  p.same(g)
end)

t.test("what is no layout is told in the names of the program", function()
  local s = copied(16)
  local before = s:ir()
  local function refused(code, words, ...)
    local given = table.pack(...)
    local e = t.raises(code, function() s:transform_layout(table.unpack(given, 1, given.n)) end)
    t.contains(tostring(e), words)
    t.eq(s:ir(), before)
  end
  refused("layout_entry", "'x/8' is no part of a layout of B.global, whose dimensions are k, x", "B.global", { "x/8", "k" })
  refused("layout_entry", '"k//8"', "B.global", { "z", "k" })
  refused("layout_entry", "'x//0'", "B.global", { "x//0", "k", "x%0" })
  refused("layout_entry", "'x//99999999999999999999'", "B.global", { "x//99999999999999999999", "k" })
  refused("layout_entry", "''", "B.global", "")
  refused("layout_incomplete", "k of B.global is not in the layout just once", "B.global", { "x" })
  refused("layout_incomplete", "x of B.global", "B.global", { "x//8", "k", "x%4" })
  refused("layout_incomplete", "x of B.global", "B.global", { "x//8", "k" })
  refused("layout_incomplete", "x of B.global", "B.global", { "x", "k", "x%4", "x//4" })
  refused("layout_incomplete", "k of B.global", "B.global", { "x", "k", "k" })
  refused("bad_argument", "strings such as \"x//8\", but is 8", "B.global", { "x//8", 8 })
  refused("bad_argument", "an empty list", "B.global", {})
  local many = {}
  for i = 1, 17 do many[i] = "x" end
  refused("bad_argument", "at most 16 dimensions", "B.global", many)
  refused("missing_argument", "layout", "B.global")
  refused("extra_argument", "", "B.global", { "x", "k" }, "y")
  refused("not_allocated", "B is a parameter", "B", { "x", "k" })
  local sum = tvm.schedule(te [[ A: float32[8]; S = sum(i, A[i]); R[i] = A[i] / S ]])
  t.contains(tostring(t.raises("layout_scalar", function() sum:transform_layout("S", { "x" }) end)), "S is one element")
end)

t.test("every dimension has a name of its own", function()
  local s = tvm.schedule(tvm.parse [[
func f(A: int32[8]) -> B: int32[8]:
  alloc T: int32[8, 8, 8]
  for ax2 in range(8):
    block T(ax2):
      T[ax2, ax2, 0] = A[ax2]
  for i in range(8):
    block B(i):
      B[i] = T[i, i, 0]
]])
  t.contains(tostring(t.raises("layout_entry", function() s:transform_layout("T", "x") end)), "are ax2, ax1, ax2_1\n")
  s:transform_layout("T", "ax1//3", "ax2_1", "ax2", "ax1%3")
  t.contains(s:ir(), "T[ax2//3, 0, ax2, ax2%3] = A[ax2]")
  t.contains(s:ir(), "B[i] = T[i//3, 0, i, i%3]")
  p.same(s)
end)

t.test("an index outside that only a run finds is found in every layout", function()
  local function gather() local s = tvm.schedule(te "D: int64[4]; A: float32[20]; B[i] = A[D[i]]"); s:cache_read("B", "A", "global"); return s end
  local d, a = tvm.tensor({ 0, 19, 7, 20 }, "int64"), tvm.random { 20 }
  local s = gather()
  local e = t.raises("layout_fills", function() s:transform_layout("A.global", "ax0//8", "ax0%8") end)
  t.contains(tostring(e), "ax0 of A.global has 20 elements, no multiple of 8, and an index there, D[i], may be outside")
  for _, by in ipairs { 5, 20, 40 } do
    s = gather()
    s:transform_layout("A.global", "ax0%" .. by, "ax0//" .. by)
    t.raises("kernel_outside", function() s:build()(d, a) end)
    p.same(s)
  end
  local g = tvm.schedule(te "D: int64[4]; A: float32[20]; B[i] = select(D[i] >= 0 and D[i] < 20, A[D[i]], 0)")
  g:cache_read("B", "A", "global")
  g:transform_layout("A.global", "ax0//8", "ax0%8")
  p.same(g)
  local o = tvm.schedule(tvm.parse [[
func f(A: int64[20], D: int64[1]) -> B: int64[1]:
  alloc T: int64[20]
  for i in range(20):
    block T(i):
      T[i] = A[i]
  alloc C: int64[1]
  block C(z = 0):
    C[z] = D[z]
  block B(z = 0):
    B[z] = 0
    if C[z] >= 0 and C[z] < 20:
      C[z] = C[z] + 3
      B[z] = T[C[z] ]
]])
  t.raises("layout_fills", function() o:transform_layout("T", "i//8", "i%8") end)
end)

t.test("a sum into a layout is told to be one", function()
  local s = p.matmul(6, 7, 9)
  s:cache_write("C", "local")
  s:transform_layout("C.local", "x//4", "y", "x%4")
  local e = t.raises("opaque_block", function() s:decompose_reduction("C", "C/y") end)
  t.contains(tostring(e), "what block C does, and an axis does not stand alone in the index that it writes")
  s:fork():contract "C"
  s:undo():decompose_reduction("C", "C/y")
  s:transform_layout("C.local", "x//4", "y", "x%4")
  p.same(s)
end)

t.test("a factor longer than the dimension needs no more memory", function()
  local s = copied(16)
  s:transform_layout("B.global", { "x//9223372036854775806", "k", "x%9223372036854775806" })
  t.contains(s:ir(), "float32[1, 16, 16]")
  p.same(s)
  local long = tvm.schedule(tvm.parse [[
func f(A: int8[8]) -> B: int8[8]:
  alloc T: int8[4611686018427387905]
  for i in range(8):
    block T(i):
      T[i] = A[i]
  for i in range(8):
    block B(i):
      B[i] = T[i]
]])
  t.raises("layout_large", function() long:transform_layout("T", "i//4611686018427387904", "i%4611686018427387904") end)
end)

t.done()
