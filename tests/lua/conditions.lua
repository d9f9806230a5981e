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

t.test("a block does not leave those who decide by what it makes", function()
  local function decided(head)
    return p.schedule(([[
func f(A: float32[8, 6]) -> D: float32[8, 6]:
  alloc T: int64[8, 6]
  for a in range(8):
    for b in range(6):
      block Z(a, b):
        D[a, b] = 1
  for y in range(8):
    for x in range(6):
      block T(y, x):
        T[y, x] = int64(A[y, x]) + 2
  for i in range(8):
    %s
      for j in range(6):
        block C(i, j):
          D[i, j] = float32(T[i, j])
]]):format(head))
  end
  for head, loop in pairs { ["if T[i, 0] > 1:"] = "j", ["for k in range(T[i, 0]):"] = "k" } do
    local s = decided(head)
    local e = t.raises("read_elsewhere", function() s:compute_at("T", loop) end, { s = s })
    t.contains(e.why, "T is read by what stands around block C, outside of loop ")
    t.eq(e.fix, 's:compute_at("T", "C/i")')
  end
  same(decided "if T[i, 0] > 1:":compute_at("T", "i"))
  -- Nobody but the condition reads it, and a loop around that takes it.
  local s = p.schedule [[
func f(A: float32[8]) -> D: float32[8]:
  alloc T: float32[8]
  for a in range(8):
    block Z(a):
      D[a] = 1
  for y in range(8):
    block T(y):
      T[y] = A[y] * 2
  for z in range(8):
    if T[z] > 1:
      for j in range(1):
        block D(z):
          D[z] = A[z]
]]
  for _, loop in ipairs { "a", "j" } do
    local e = t.raises("read_elsewhere", function() s:compute_at("T", loop) end, { s = s })
    t.contains(e.why, "T is read by what stands around block D, outside of loop ")
    t.eq(e.fix, 's:compute_at("T", "D/z")')
  end
end)

t.test("a condition does not come to see what other iterations left in their memory", function()
  local s = p.schedule [[
func f(A: float32[8]) -> D: float32[8]:
  alloc T: float32[8]
  for a in range(8):
    block Z(a):
      D[a] = 1
  for y in range(8):
    alloc X: float32[1]
    block X(y):
      X[0] = A[y]
    block T(y):
      T[y] = X[0] * 2
  for z in range(8):
    if T[z] > 1:
      block D(z):
        D[z] = A[z]
]]
  local ok, e = pcall(s.compute_inline, s, "T")
  t.ok(not ok and e.code ~= "step_broke_program", tostring(e))
end)

t.test("a guard that reads memory is asked behind the one that a move adds", function()
  local s = p.schedule [[
func f(A: float32[4, 2], B: float32[2, 2]) -> Q: float32[2, 2]:
  for y in range(2):
    for x in range(2):
      block Z(y, x):
        Q[y, x] = 0
  for y in range(2):
    for x in range(2):
      block Q(y, x) where B[y, x] > 0:
        Q[y, x] = A[y, x]
]]
  s:cache_read("Q", "A", "global")
  same(s:reverse_compute_at("Q", "A.global/x"))
end)

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

local function plain(extent, body)
  return p.schedule(("func f(A: float32[%d]) -> B: float32[%d], C: float32[1]:\n for z in range(%d):\n%s")
    :format(extent, extent, extent // 2, body))
end

t.test("what a condition reads is an access like any other", function()
  local far = plain(3000, "  if B[z] == 0:\n   C[0] = 1\n  B[(z + 500)%1500] = A[z]")
  local e = t.raises("loop_carries", function() far:parallel "z" end)
  t.eq(e.witness, "iteration z=0 writes B[500], which iteration z=500 reads")
  plain(8, "  if B[z] == 0:\n   B[z] = A[z]"):parallel "z"
  plain(16, "  if B[2*z] == 0:\n   B[2*z + 1] = A[z]"):parallel "z"
  plain(2048, "  for w in range(2):\n   if B[(z*2 + w)//2*2] == 0:\n    B[(z*2 + w)//2*2 + 1] = A[z]"):parallel "z"
  e = t.raises("dependences_unknown", function() plain(16, "  if B[z] == 0:\n   B[z + 1] = A[z]"):parallel "z" end)
  t.contains(e.why, "what runs depends on data")
  local turned = p.schedule [[
func f(A: float32[9, 9]) -> B: float32[9, 9], C: float32[9]:
  for z in range(8):
    for w in range(8):
      if B[z, w + 1] == 0:
        C[0] = 1
      B[z + 1, w] = A[z, w]
]]
  e = t.raises("order_turns", function() turned:reorder("w", "z") end)
  t.eq(e.witness, "B[1, 1] is written at z=0, w=1 and read at z=1, w=0, which would come first")
end)

t.test("what a guard reads is made where it is needed, or put into it", function()
  local s = p.schedule [[
func f(A: float32[8], M: float32[8]) -> D: float32[8]:
  alloc G: float32[8]
  for a in range(8):
    block Z(a):
      D[a] = 1
  for g in range(8):
    block G(g):
      G[g] = M[g] * 2
  for i in range(8):
    block D(i) where G[7 - i] > 0:
      D[i] = A[i] + 1
]]
  s:mark "plain"
  same(s:compute_at("G", "i"))
  same(s:back("plain"):compute_inline "G")
  local sum = p.schedule [[
func f(A: int32[1, 1]) -> R: int32[]:
  alloc P: int32[1]
  block Z():
    R[] = 0
  for y in range(1):
    block P(y):
      P[y] = select(y - 1 >= 0, A[y - 1, 0], 0)
  for k in range(1):
    block R(k: reduce) where P[k] > 2:
      init: R[] = 0
      R[] += A[0, k]
]]
  t.contains(t.raises("not_inlinable", function() sum:compute_inline "P" end).why, "keeps out where the reduce axes are 0")
end)

t.test("an index that chose an element is not missed where the element is computed in place", function()
  local s = p.schedule [[
    J: int64[8]; I: float32[6]; P: float32[4, 8]; O: float32[8]
    P[y, x] = select(x >= 1 and x < 7, I[x - 1], 0)
    O[x] = P[J[x], x]
  ]]
  same(s:compute_inline "P") -- O[0] is 0, whatever J[0] is
  t.contains(s:verify(), "not told: ")
end)

t.test("a block that takes in its reader is not the block of that name before", function()
  for _, value in ipairs { "P[y, x] + A[y, x]", "max(P[y, x], A[x, y])", "select(y < x, P[y, x], A[0, 0])", "P[y, x]" } do
    local s = p.schedule("A: float32[9, 9]; B: float32[9, 9]; P: float32[9, 9]; P[y, x] = B[y, 3] * 2; Q[y, x] = " .. value)
    same(s:reverse_compute_inline "Q")
    t.contains(s:verify(), "proven: step 1 computes what step 0 does")
    s:cache_write("P", "local")
    t.contains(s:verify(), "proven: step 2 computes what step 0 does")
  end
end)

t.test("a recurrence that takes in what it reads is the same recurrence", function()
  local s = p.schedule [[
func f(A: int32[3]) -> R: int32[3]:
  alloc Q: int32[3]
  for i in range(3):
    block Q(i):
      Q[i] = A[i] + 1
  for i in range(3):
    block R(i):
      R[i] = select(i >= 1, max(R[i - 1], Q[i]), Q[i])
]]
  same(s:compute_inline "Q")
  t.contains(s:verify(), "proven: step 1 computes what step 0 does")
end)

t.done()
