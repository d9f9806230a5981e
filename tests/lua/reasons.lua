-- reasons.lua -- what a refused step says is true of programs that were written as text, too.
local t, p = dofile "tests/check.lua", dofile "tests/programs.lua"

t.test("a reduction whose init was never in its block has lost none", function()
  local s = p.schedule [[
func f(A: float32[8, 8]) -> D: float32[8]:
  alloc C: float32[8]
  for y in range(8):
    block Z(y):
      C[y] = 1
  for y in range(8):
    for k in range(8):
      block C(y, k: reduce):
        C[y] += A[y, k]
  for i in range(8):
    block D(i):
      D[i] = C[i]
]]
  for step, loop in pairs { decompose_reduction = "k", compute_at = "i" } do
    local e = t.raises("already_decomposed", function() s[step](s, "C", loop) end, { s = s })
    t.eq(e.why, step .. " needs the init inside block C, and there is none")
  end
end)

t.test("an axis over a loop as long as another says is a sum of loops all the same", function()
  local s = p.schedule [[
func f(A: float32[8, 8]) -> C: float32[8]:
  alloc B: float32[8]
  for y in range(8):
    for k in range(y + 1):
      block B(y, k: reduce):
        init: B[y] = 0
        B[y] += A[y, k]
  for i in range(8):
    block C(i):
      C[i] = B[i]
]]
  local e = t.raises("axis_extent", function() s:compute_at("B", "i") end, { s = s })
  t.eq(e.why, "the loops of block B would be built anew, and the extent of k is not constant")
end)

t.test("loops that stand beside each other are in no nest", function()
  local s = p.schedule [[ A: float32[8, 8]; P[y, x] = A[y, x] * 2; C[y, x] = P[y, x] + 1 ]]
  s:compute_at("P", "C/y")
  for _, loops in ipairs { { "P/x", "C/x" }, { "C/x", "P/x" } } do
    local e = t.raises("loops_apart", function() s:fuse(loops) end)
    t.eq(e.fix, "fuse loops that stand in one another")
  end
end)

t.test("loops that no path tells apart", function()
  local s = p.schedule [[
func f(A: int8[4]) -> B: int8[4]:
  for i in range(4):
    B[i] = 0
  for i in range(4):
    B[i] = A[i]
]]
  local e = t.raises("loop_ambiguous", function() s:parallel "i" end, { s = s })
  t.eq(e.fix, "each stands above no block, so a path tells none of them: give them names of their own in the text")
end)

t.test("loops of two nests that have loops of the same names are told apart, and one nest is advised", function()
  local s = tvm.schedule(te("C[y, x] = sum(k, A[y, k] * B[k, x]); R[y, x] = max(C[y, x] + b[x], 0)")(64, 64, 64))
  t.contains(t.raises("loops_apart", function() s:reorder("C/x", "C/y", "x") end, { s = s }).why,
    "loops R/x and C/x are not in one nest")
  t.contains(t.raises("loops_apart", function() s:fuse("C/x", "x") end, { s = s }).why, "loops C/x and R/x are not in one nest")
  s:tile("R/y", "R/x", 8, 16, "yo", "xo", "yi", "xi")
  s:compute_at("C", "xo")
  local e = t.raises("loops_apart", function() s:reorder("k", "yi", "xi") end, { s = s })
  t.contains(e.why, "loops R/yi and k are not in one nest")
  t.eq(e.fix, 's:reorder("C/k", "C/yi", "C/xi")')
  e = t.raises("loops_apart", function() s:reorder("yo", "C/k", "yi") end, { s = s }) -- C's own has more than that between
  t.ok(not e.fix:find "^s:", e.fix)
  s:reorder("C/k", "C/yi", "C/xi")
end)

t.done()
