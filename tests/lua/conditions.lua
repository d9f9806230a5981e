-- conditions.lua -- steps on statements that run where memory says so.
local t, p = dofile "tests/check.lua", dofile "tests/programs.lua"

-- The bits of before; and no access goes wrong.
local function same(s)
  p.same(s)
  t.ok(s:check(p.inputs(s)) == s:at(0):run(p.inputs(s)), s:ir())
end

-- D is 1, and where M says so something else.
local function masked(body)
  return p.schedule(([[
func f(A: float32[8, 6], M: float32[8]) -> D: float32[8, 6]:
  alloc T: float32[8, 6]
  for a in range(8):
    for b in range(6):
      block Z(a, b):
        D[a, b] = 1
%s]]):format(body))
end

local consumer_masked = [[
  for y in range(8):
    for x in range(6):
      block T(y, x):
        T[y, x] = A[y, x] * 2
  for i in range(8):
    if M[i] > 0:
      for j in range(6):
        block C(i, j):
          D[i, j] = T[i, j] + 1
]]

t.test("a block does not come out of its condition, nor into another's", function()
  local s = masked(consumer_masked)
  local e = t.raises("loses_condition", function() s:reverse_compute_at("C", "y") end)
  t.contains(e.why, "M[i] > 0")
  t.raises("loses_condition", function() s:reverse_compute_inline "C" end)
  same(s:compute_at("T", "j"))
  local producer = masked [[
  for y in range(8):
    if M[y] > 0:
      for x in range(6):
        block T(y, x):
          T[y, x] = A[y, x] * 2
  for i in range(8):
    for j in range(6):
      block C(i, j) where M[i] > 0:
        D[i, j] = T[i, j] + 1
]]
  t.raises("loses_condition", function() producer:compute_at("T", "i") end)
  t.raises("gets_condition", function() producer:reverse_compute_at("C", "x") end)
end)

local sums = [[
  for i in range(8):
    for j in range(6):
      %s
        for k in range(6):
          block C(i, j, k: reduce) where A[i, k] > 0:
            init: D[i, j] = 0
            D[i, j] += A[i, k]
]]

t.test("an init stays under its condition", function()
  local s = masked(sums:format "if M[i] > 0:")
  t.raises("loses_condition", function() s:decompose_reduction("C", "j") end)
  s:decompose_reduction("C", "k")
  same(s)
  t.contains(s:ir(), "where A[i, 0] > 0")
end)

t.test("what a split adds is asked before memory is read", function()
  local s = masked [[
  for i in range(8):
    if M[i] > 0:
      for j in range(6):
        block C(i, j) where A[i, j] > 0:
          D[i, j] = A[i, j]
]]
  s:split("C/i", 3)
  s:split("C/j", 4)
  same(s)
end)

t.test("threads do not write what others have yet to decide by", function()
  local s = masked [[
  if D[0, 0] > 0:
    for y in range(8):
      for x in range(6):
        block C(y, x):
          D[y, x] = A[y, x]
]]
  s:bind("C/x", "threadIdx.x")
  t.contains(t.raises("barrier_divergent", function() s:lowered "cuda" end).why, "a condition that reads it")
  t.raises("barrier_divergent", function() s:check() end)
end)

t.done()
