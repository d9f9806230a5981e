-- moves.lua -- steps that would change what a program computes, and are refused; near them, ones that are done.
local t, p = dofile "tests/check.lua", dofile "tests/programs.lua"

local stages = [[
  A: float32[33, 17]
  B[y, x] = A[y, x] * 2
  E[p, q] = A[p, q] + 3
  D[i, j] = B[i, j] + E[i, j]
]]

t.test("a consumer is not inlined before its other inputs are there", function()
  t.raises("not_inlinable", function() p.schedule(stages):reverse_compute_inline "D" end)
  local s = p.schedule(stages):reverse_compute_at("D", "p")
  p.same(s:compute_inline "B")
end)

local function consumer(extent, value)
  return ("A: float32[16]; D: float32[%d]; B[y] = A[y] * 2; D[i] = %s"):format(extent, value)
end

t.test("a consumer of more or less than its producer makes keeps its own loops", function()
  local padded = consumer(32, "select(i < 16, B[i], 7)")
  t.raises("not_inlinable", function() p.schedule(padded):reverse_compute_inline "D" end)
  t.raises("goes_beyond", function() p.schedule(padded):reverse_compute_at("D", "y") end)
  local sliced = consumer(14, "B[i] + 1")
  t.raises("not_inlinable", function() p.schedule(sliced):reverse_compute_inline "D" end)
  p.same(p.schedule(sliced):reverse_compute_at("D", "y"))
  p.same(p.schedule(consumer(16, "B[i] + 1")):reverse_compute_inline "D")
end)

t.test("a consumer waits for whole boxes", function()
  local s = p.schedule [[ A: float32[8, 6]; B[y, x] = A[y, x] * 2; D[i, j] = B[i, j] + 1 ]]
  s:fuse({ "y", "x" }, "f")
  s:mark "fused"
  s:split("f", 4)
  t.raises("runs_again", function() s:reverse_compute_at("D", "fo") end)
  p.same(s:back("fused"):reverse_compute_at("D", "f"))
end)

t.test("a producer of a part does not stand for the whole", function()
  local s = p.schedule [[
func f(A: float32[32]) -> D: float32[32]:
  alloc B: float32[32]
  for y in range(16):
    block B1(y):
      B[y] = A[y] * 2
  for z in range(16):
    block B2(y = z + 16):
      B[y] = A[y] * 3
  for i in range(32):
    block D(i):
      D[i] = B[i] + 1
]]
  t.raises("goes_beyond", function() s:reverse_compute_at("D", "z") end)
end)

t.test("a producer does not move past what changes its input", function()
  local s = p.schedule [[
func f(A: float32[8]) -> D: float32[8]:
  alloc X: float32[8]
  alloc B: float32[8]
  for a in range(8):
    block X1(a):
      X[a] = A[a]
  for b in range(8):
    block B(b):
      B[b] = X[b] * 2
  for c in range(8):
    block X2(c):
      X[c] = A[c] + 100
  for d in range(8):
    block D(d):
      D[d] = B[d] + X[d]
]]
  t.raises("changed_later", function() s:compute_at("B", "d") end)
  t.raises("not_inlinable", function() s:compute_inline "B" end)
end)

t.test("the axes of a copy are named after those that index what is read", function()
  local function axes(text, buffer)
    local s = tvm.schedule(te(text))
    s:cache_read("B", buffer or "A", "shared")
    return s:ir():match "block A%.shared(%b())"
  end
  t.eq(axes "A: float32[9, 9]; B: float32[8, 8]; B[y, x] = A[y, x + 1]", "(y, x)")
  t.eq(axes "A: float32[9, 9]; B: float32[8, 4]; B[y, x] = A[8 - y, x * 2 + 1]", "(y, x)")
  t.eq(axes "A: float32[9, 9]; B: float32[8]; B[y] = A[y, y + 1]", "(y, ax1)")
  t.eq(axes "A: float32[9, 9]; B: float32[4, 4]; B[y, x] = A[y + x, 3] + A[y, x]", "(ax0, ax1)")
  local s = tvm.schedule(te [[ A: float32[34, 34]; B: float32[32, 32]; B[y, x] = A[y, x + 1] + A[y + 2, x] ]])
  s:tile("y", "x", 16, 16, "yo", "xo", "yi", "xi")
  s:cache_read("B", "A", "shared")
  s:compute_at("A.shared", "xo")
  t.eq(#{ s:split("A.shared/x", 8) }, 2)
end)

t.test("what cannot be inlined says so once, and of which block", function()
  local s = tvm.schedule(te [[ A: float32[4, 4]; C[y] = sum(k, A[y, k]); D[y] = C[y] + 1 ]])
  local e = t.raises("not_inlinable", function() s:compute_inline "C" end)
  t.eq(e.why, "it is a reduction")
  t.eq(e.fix, 's:compute_at("C", "y") keeps the block and moves it')
  e = t.raises("not_inlinable", function() s:reverse_compute_inline "C" end)
  t.eq(e.fix, "leave it where it is")
  e = t.raises("not_inlinable", function() s:reverse_compute_inline "D" end)
  t.eq(e.why, "its producer C cannot take it in: it is a reduction")
end)

t.test("a copy is not made before its original, and an outer init takes its buffer along", function()
  local s = p.schedule [[
func f(A: float32[16]) -> C: float32[16], D: float32[16]:
  for y in range(16):
    block C(y):
      C[y] = A[y] * 2
  for i in range(16):
    block D(i):
      D[i] = C[i] + 1
]]
  s:reverse_compute_at("D", "y")
  s:cache_read("D", "C", "local")
  p.same(s)
  local m = p.matmul(7, 9, 13)
  m:split("y", 2, "yo", "yi")
  m:cache_write("C", "local")
  m:reverse_compute_at("C.store", "yo")
  m:decompose_reduction("C", "yo")
  p.same(m)
end)

local function shared(read)
  return ([[
func f(A: float32[17], Z: float32[17]) -> D: float32[16]:
  alloc B: float32[17]
  for z in range(17):
    block Z(z):
      B[z] = Z[z]
  for y in range(16):
    block B(y):
      B[y] = A[y] * 2
    block D(y):
      D[y] = %s
]]):format(read)
end

t.test("iterations at one time read what they wrote themselves", function()
  t.raises("cross_iteration", function() p.schedule(shared "B[y + 1]"):vectorize "y" end)
  p.same(p.schedule(shared "B[y]"):vectorize "y")
  local two = p.schedule [[
func f(A: float32[17]) -> C: float32[17]:
  for y in range(16):
    block C1(y):
      C[y] = A[y] * 2
    block C2(y = y + 1):
      C[y] = A[y] * 3
]]
  t.raises("shared_writes", function() two:vectorize "y" end)
end)

t.test("parts that do not divide are split again, also of fused loops and of reductions", function()
  local s = p.matmul(7, 9, 13)
  s:split("k", 5, "ko", "ki")
  s:split("ki", 2, "ka", "kb")
  s:decompose_reduction("C", "ko")
  p.same(s)
  s = p.matmul(7, 9, 13)
  s:split("y", 4, "yo", "yi")
  s:split("yi", 3)
  s:fuse { "yo", "yio" }
  p.same(s)
  s = p.matmul(7, 9, 13)
  s:fuse({ "y", "x" }, "f")
  s:split("f", 4)
  s:split("fi", 3)
  p.same(s)
end)

t.test("a sum of quotient and remainder does not tell iterations apart, the two of them do", function()
  local text = [[
func f(A: float32[16]) -> C: float32[8, 4]:
  for y in range(16):
    block C(a = %s, b = y%%4):
      C[a, 0] = A[b]
]]
  local e = t.raises("shared_writes", function() p.schedule(text:format "y//4 + y%4"):parallel "y" end)
  t.eq(e.witness, "iterations y=1 and y=4 both write C[1, 0]")
  local split = p.schedule(text:format("y//4"):gsub("C%[a, 0%]", "C[a, b]"))
  split:parallel "y"
end)

t.test("guards count: one iteration that passes depends on no other", function()
  local s = p.schedule [[
func f(A: float32[4]) -> C: float32[4]:
  for y in range(4):
    for o in range(3):
      block C(a = y, b = o) where b < 1:
        C[a] = A[a]
]]
  s:parallel "o"
  p.same(s)
end)

t.test("an init stays before its updates in any order of loops", function()
  local f = [[ A: int32[6, 8]; C[y] += A[y, k] ]]
  local s = p.schedule(f)
  s:fuse { "y", "k" }
  s:split("y_k", 3, "o", "i")
  local e = t.raises("order_turns", function() s:reorder("i", "o") end)
  t.eq(e.witness, "C[1] is written at o=2, i=2 and updated at o=3, i=0, which would come first")
  local fine = p.schedule(f)
  fine:split("k", 2, "ko", "ki")
  fine:reorder("ki", "ko", "y")
  p.same(fine)
end)

t.test("stores outside blocks keep their order", function()
  local text = [[
func f(A: float32[9, 9]) -> C: float32[9, 10]:
  for i in range(8):
    for j in range(8):
      C[i + 1, j + 1] = %s + A[i, j]
]]
  local e = t.raises("order_turns", function() p.schedule(text:format "C[i, j + 2]"):reorder("j", "i") end)
  t.eq(e.witness, "C[1, 2] is written at i=0, j=1 and read at i=1, j=0, which would come first")
  p.schedule(text:format "C[i, j]"):reorder("j", "i")
  t.raises("cross_iteration", function() p.schedule(text:format "C[i, j]"):parallel "i" end)
end)

t.test("a guard that lets one iteration pass holds for its own block only", function()
  local s = p.schedule [[
  A: int32[1, 1, 1]; B: int32[1, 1]; P: int32[1, 1]; Q: int32[1, 1]
  P[i, j] = B[0 - i, j]
  Q[i, j] = P[0, 0] // B[0, 0]
]]
  s:split("P/j", 3)
  t.raises("runs_again", function() s:reverse_compute_at("Q", "ji") end)
  local copied = p.schedule [[ A: float32[1, 1]; P: float32[1, 1, 1]; P[y, x, z] = A[0, 0] + 1 ]]
  copied:tile("y", "x", 2, 16)
  copied:cache_write("P", "global")
  t.raises("runs_again", function() copied:reverse_compute_at("P.store", "P/z") end)
  p.same(copied)
end)

t.test("a loop's name is not taken for an axis in a guard", function()
  local s = p.schedule [[ A: float32[1, 1]; R: float32[1, 1]; R[i, j] = A[0, 0] + 1 ]]
  s:split("R/j", 4)
  s:split("jo", 8)
  t.eq(s:split("joo", 16, "j"), "j_1")
  p.same(s)
end)

t.test("memory stays outside loops that carry its values", function()
  local s = p.schedule [[
func f(A: float32[6, 8], X: float32[6, 8]) -> D: float32[6, 8]:
  alloc T: float32[6]
  alloc S: float32[6, 8]
  for a in range(6):
    for b in range(8):
      block S(a, b):
        S[a, b] = X[a, b] * 2
  for y in range(6):
    for k in range(8):
      block T(y, k: reduce):
        init: T[y] = 0
        T[y] += A[y, k]
      block D(y, k):
        D[y, k] = T[y] + S[y, k]
]]
  s:compute_at("S", "k")
  s:set_scope("T", "local")
  s:cache_read("D", "T", "local")
  p.same(s)
end)

t.test("a reduction that is computed again begins again", function()
  local s = p.schedule [[
func f(W: int32[3, 1]) -> Q: int32[2, 1]:
  alloc P: int32[1, 1]
  for y in range(1):
    for x in range(1):
      for r in range(3):
        block P(y, x, r: reduce):
          init: P[y, x] = 0
          P[y, x] += W[y + r, x]
  for i in range(2):
    for j in range(1):
      block Q(i, j):
        Q[i, j] = P[0, 0]
]]
  s:compute_at("P", "j")
  t.raises("summed_again", function() s:decompose_reduction("P", "i") end)
  s:decompose_reduction("P", "r")
  p.same(s)
end)

t.test("iterations far apart conflict, too", function()
  local text = [[
func f(A: float32[1000]) -> C: float32[1000]:
  for i in range(1000):
    block C(i):
      C[i%%%d] = A[i]
]]
  local e = t.raises("loop_carries", function() p.schedule(text:format(500)):parallel "i" end)
  t.eq(e.witness, "iterations i=0 and i=500 both write C[0]")
  p.schedule(text:format(1000)):parallel "i"
end)

t.test("what is overwritten stays overwritten", function()
  local s = p.schedule [[
func f(A: float32[8]) -> T: float32[8]:
  alloc B: float32[8]
  for j in range(8):
    block B(j):
      B[j] = A[j] * 2
  for z in range(8):
    block Z(z):
      T[z] = 0
  for i in range(8):
    block C(i):
      T[i] = B[i]
]]
  local e = t.raises("order_breaks", function() s:reverse_compute_at("C", "j") end)
  t.eq(e.why, "C and Z touch T in another order than before")
  t.eq(e.witness, "C at j=0 writes T[0] before Z at z=0 writes it")
end)

t.test("a look at what would be refused changes nothing", function()
  local s = p.schedule(stages)
  local before = s:fingerprint()
  t.eq(s:why_not("vectorize", "j"), "legal: vectorize j")
  t.contains(s:why_not("reverse_compute_inline", "D"), "reverse_compute_inline(D): ")
  t.contains(s:why_not("split", "y", 0), "a factor of 0")
  t.raises("no_primitive", function() s:why_not("transmogrify", "y") end)
  t.eq(s:fingerprint(), before)
end)

t.test("a history is proven by integer sets", function()
  local s = p.schedule(stages)
  t.eq(s:verify(), "no step has been taken")
  s:reverse_compute_at("D", "p")
  s:split("q", 4, "qo", "qi")
  s:vectorize "E/qi"
  s:parallel "p"
  t.eq(s:verify():match "[^\n]*", "proven: step 4 computes what step 0 does")
  t.contains(s:verify(), "at once: p (parallel), qi (vectorized)")
  local bare = p.schedule "func f(A: float32[8]) -> C: float32[8]:\n for i in range(8):\n  C[i] = A[i]"
  bare:split("i", 2)
  t.contains(bare:verify(), "not told: ")
  local dft = p.schedule [[
func dft(W: float32[8], X: float32[4]) -> Y: float32[4]:
  for i in range(4):
    for j in range(4):
      block Y(i, j: reduce):
        init: Y[i] = 0
        Y[i] += W[i*j%4] * X[j]
]]
  dft:cache_read("Y", "W", "local")
  dft:compute_at("W.local", "i") -- W[0 :+ 4], of which no sum of i and j speaks
  p.same(dft)
  t.contains(dft:verify(), "not told: ")
end)

t.test("what cannot be told is refused, and says so", function()
  local s = p.schedule [=[
func f(A: float32[8], I: int64[8]) -> C: float32[8]:
  for i in range(8):
    block C(i):
      C[I[i]] = A[i]
]=]
  local e = t.raises("dependences_unknown", function() s:parallel "i" end)
  t.contains(e.why, "cannot be told")
end)

t.test("what decides whether something runs is read", function()
  local head = "func f(A: float32[9, 9]) -> B: float32[9, 9]:\n"
  t.raises("dependences_unknown", function()
    p.schedule(head .. " for z in range(8):\n  if B[z, 0] == 0:\n   B[z + 1, 0] = A[z, 0]"):parallel "z"
  end)
  t.raises("dependences_unknown", function()
    p.schedule(head .. " for z in range(8):\n  for w in range(8):\n   if B[z, w + 1] == 0:\n    B[z + 1, w] = A[z, w]")
      :reorder("w", "z")
  end)
  local ints = "func f(A: int64[9]) -> B: int64[9]:\n for z in range(8):\n  for w in range(B[z]):\n   B[z + 1] = A[w]"
  t.raises("dependences_unknown", function() p.schedule(ints):parallel "z" end)
end)

t.test("memory that iterations come to share is not overwritten", function()
  t.raises("dependences_unknown", function()
    p.schedule [[
func f(A: float32[4]) -> C: float32[4]:
  alloc B: float32[4]
  for y in range(4):
    alloc T: float32[1]
    block P(y):
      T[0] = A[y]
    block Q(y):
      B[y] = T[0]
  for z in range(4):
    block C(z):
      C[z] = B[z]
]]:compute_at("Q", "z")
  end)
  local s = p.schedule [[
func f(A: float32[4, 3]) -> C: float32[4]:
  for y in range(4):
    alloc acc: float32[1]
    block acc.init(y):
      acc[0] = 0
    for k in range(3):
      block acc(y, k: reduce):
        acc[0] += A[y, k]
    block C(y):
      C[y] = acc[0]
]]
  s:cache_write("C", "local")
  t.eq(pcall(s.compute_inline, s, "C"), false)
  p.same(s)
end)

t.test("a block that moves loses no instance", function()
  local s = p.schedule [[
func f(A: float32[6]) -> B: float32[11]:
  alloc U: float32[12]
  for i in range(12):
    block U0(i):
      U[i] = 0
  for i in range(6):
    block U(i = 2*i):
      U[i] += A[i//2]
  for i in range(11):
    block B(i):
      B[i] = U[i] + 1
]]
  t.raises("goes_beyond", function() s:reverse_compute_at("B", "U/i") end)
  local diagonal = p.schedule [[
func f(A: float32[4, 4]) -> D: float32[4, 4]:
  alloc B: float32[4, 4]
  for y in range(4):
    block B(a = y, b = y):
      B[a, b] = A[a, b]
  for i in range(4):
    for j in range(4):
      block D(i, j):
        D[i, j] = select(i == j, B[i, j], 0)
]]
  t.raises("goes_beyond", function() diagonal:reverse_compute_at("D", "y") end)
end)

t.test("a sum whose loops are built anew in another order says so", function()
  local s = p.schedule [[ A: float32[4, 32]; S[y] += A[y, z]; D[i] = S[i] * 2 ]]
  local split = s:fork()
  s:split("z", 8, "zo", "zi")
  s:compute_at("S", "i")
  assert(not s:history():find "rounding")
  split:split("z", 8, "zo", "zi")
  split:reorder("zi", "zo")
  split:compute_at("S", "i")
  t.contains(split:history():match "step 3[^\n]*", "sums in another order: rounding changes")
end)

t.test("what is inlined is read, and written, in the order of before", function()
  local function scaled(index, how, block)
    local s = p.schedule(([[
func f(A: float32[8]) -> D: float32[8]:
  alloc T: float32[8]
  for a in range(8):
    block Z(a):
      D[a] = A[a]
  for y in range(8):
    block P(y):
      T[y] = D[%s] * 2
  for i in range(8):
    block C(i):
      D[i] = T[i] + 1
]]):format(index))
    return s, function() return s[how](s, block) end
  end
  for how, block in pairs { compute_inline = "P", reverse_compute_inline = "C" } do
    local s, step = scaled("y", how, block)
    step()
    p.same(s)
    local _, turned = scaled("7 - y", how, block)
    t.contains(t.raises("not_inlinable", turned).witness, "reads D[0] after ")
  end
end)

t.test("a statement between that does no harm is no reason against inlining", function()
  local s = p.schedule [[
func f(A: float32[8]) -> D: float32[8]:
  alloc T: float32[8]
  alloc X: float32[16]
  for a in range(8):
    block X(a):
      X[a] = A[a]
  for y in range(8):
    block P(y):
      T[y] = X[y] + 100
  for b in range(8):
    block Y(b):
      X[b + 8] = A[b]
  for i in range(8):
    block C(i):
      D[i] = T[i] + X[i + 8]
]]
  s:mark "plain"
  p.same(s:compute_inline "P")
  t.raises("not_inlinable", function() s:back("plain"):reverse_compute_inline "C" end)
end)

t.test("a consumer of every other element, and one of two readers, stay where they are", function()
  local strided = p.schedule [[
func f(A: float32[8]) -> D: float32[8]:
  alloc T: float32[5]
  for a in range(8):
    block Z(a):
      D[a] = A[a]
  for y in range(5):
    block P(y):
      T[y] = A[y] + 100
  for i in range(3):
    block C(v = 2*i):
      D[v] = T[v] + 1
]]
  t.raises("not_inlinable", function() strided:reverse_compute_inline "C" end)
  local bare = p.schedule [[
func f(A: float32[8]) -> D: float32[8], E: float32[8]:
  alloc T: float32[8]
  for y in range(8):
    block P(y):
      T[y] = A[y] + 100
  for i in range(8):
    block C(i):
      D[i] = T[i] + 1
  for j in range(8):
    E[j] = T[7 - j]
]]
  t.raises("not_inlinable", function() bare:reverse_compute_inline "C" end)
  bare:compute_inline "P"
  local a = tvm.random { 8 }
  local d, e = bare:run(a)
  local d0, e0 = bare:at(0):run(a)
  assert(d == d0 and e == e0)
end)

t.test("inlining ends before an expression is too long to compile", function()
  local function tower(n, formula) -- D1, D2, … of which each reads the one before twice
    local text = { "A: float32[64]" }
    for i = 1, n do text[#text + 1] = ("D%d[i] = %s"):format(i, formula:gsub("X", i == 1 and "A" or "D" .. i - 1)) end
    return p.schedule(table.concat(text, "; "))
  end
  local s, before = tower(20, "exp(X[i]) + X[i]")
  for i = 1, 19 do
    before = #s:trace()
    local ok = s:try("compute_inline", "D" .. i)
    if not ok then
      local e = t.raises("inline_too_big", function() s:compute_inline("D" .. i) end, { s = s })
      t.contains(e.why, ("with D%d inlined, D%d is an expression of "):format(i, i + 1))
      t.eq(e.fix, ('s:compute_at("D%d", "D%d/i")'):format(i, i + 1))
      t.eq(#s:trace(), before)
      t.ok(i >= 5)
      break
    end
    t.ok(i < 15)
  end
  local wide = tower(40, "X[i] + 1") -- what is read once grows by what it is
  for i = 1, 39 do wide:compute_inline("D" .. i) end
  p.same(wide)
  local back = tower(18, "X[i] * X[i]")
  for i = 2, 17 do
    if not back:try("reverse_compute_inline", "D" .. i) then
      t.contains(t.raises("inline_too_big", function() back:reverse_compute_inline("D" .. i) end).why, ("with D%d inlined, D1 is "):format(i))
      return
    end
  end
  error "nothing was refused"
end)

t.test("writes that meet only after their indices have wrapped keep their order", function()
  local s = tvm.schedule(tvm.parse [[
func f(X: float32[8192, 2]) -> Y: float32[2]:
  for y in range(8192):
    for x in range(8192):
      block Y(y, x) where (y + x) % 4096 == 0:
        Y[(y + x)*4503599627370496] = X[y, 0] - X[x, 1]
]])
  t.raises("dependences_unknown", function() s:reorder("x", "y") end)
  t.contains(t.raises("shared_writes", function() s:parallel "y" end).witness, "y=0 and y=1 (x=8191) both write Y[0]")
  local small = tvm.schedule(tvm.parse [[
func f(X: float32[8]) -> Y: float32[8]:
  for y in range(8):
    for x in range(8):
      block Y(y, x) where (y + x) % 8 == 0:
        Y[(y + x)*2305843009213693952 + y % 4] = X[x] + float32(y)
]])
  t.raises("dependences_unknown", function() small:reorder("x", "y") end)
  small:split("x", 4)
  p.same(small)
end)

t.test("a multiple of 3 that wraps is none of 3", function()
  local s = tvm.schedule(tvm.parse [[
func f(X: float32[16]) -> D: float32[8, 3]:
  alloc T: float32[16]
  for i in range(16):
    block T(i):
      T[i] = X[i] * 2
  for y in range(8):
    for x in range(3):
      D[y, x] = 0
  for y in range(8):
    for x in range(3):
      block D(y, x) where y % 4 == 0:
        D[y, x] = T[(y*4611686018427387906 + x)//3]
]])
  local X = tvm.arange{16}
  local before = s:run(X)
  s:try("compute_at", "T", "y")
  t.eq(tostring(s:run(X)), tostring(before))
end)

t.test("what each iteration of a loop around both needs is not done once for all of them", function()
  local f = tvm.parse [[
func f(A: int32[8]) -> C: int32[8], D: int32[8]:
  for y in range(4):
    alloc T: int32[2]
    for x in range(2):
      block P(y, x):
        C[y*2 + x] = A[y*2 + x]
    for u in range(2):
      block T(u):
        T[u] = C[u] + 1
    for v in range(2):
      block B(y, v):
        D[y*2 + v] = T[v]
]]
  local s = tvm.schedule(f)
  t.contains(t.raises("runs_again", function() s:reverse_compute_at("T", "x") end).why, "later iterations of y")
end)

t.test("a sum over iterations that each have memory of their own begins only in the first", function()
  local f = tvm.parse [[
func f(A: int32[8]) -> C: int32[8]:
  for g in range(2):
    alloc H: int32[4]
    for z in range(4):
      block Z(z):
        H[z] = 5
    for x in range(4):
      block S(g: reduce, x):
        init: H[x] = 0
        H[x] += A[g*4 + x]
    for w in range(4):
      block C(g, w):
        C[g*4 + w] = H[w]
]]
  local s = tvm.schedule(f)
  local e = t.raises("reduces_outside", function() s:decompose_reduction("S", "x") end)
  t.contains(e.fix, "only the first iteration of g begins H anew")
end)

t.test("a block that runs always does not come under its producer's condition", function()
  local s = tvm.schedule(tvm.parse [[
func f(A: int32[8]) -> C: int32[8]:
  alloc H: int32[8]
  for x in range(8):
    if A[x] > 1:
      block H(x):
        H[x] = A[x]
  for y in range(8):
    block C(y):
      C[y] = select(A[y] > 1, H[y], 1)
]])
  local e = t.raises("not_inlinable", function() s:reverse_compute_inline "C" end)
  t.contains(e.why, "H runs only under a condition, A[x] > 1")
end)

t.test("memory that an init takes out of a parallel loop is not shared by its iterations", function()
  local s = tvm.schedule(tvm.parse [[
func f(A: int32[8]) -> C: int32[8]:
  for g in range(2):
    alloc H: int32[8]
    for x in range(4):
      block S(g, x: reduce):
        init: H[g] = 0
        H[g] += A[x]
    for y in range(4):
      block P(y):
        H[y + 2] = A[y]
    for z in range(4):
      block C(g, z):
        C[g*4 + z] = H[z + 2] + H[g]
]])
  s:parallel "g"
  local e = t.raises("shared_writes", function() s:decompose_reduction("S", "g") end)
  t.contains(e.why, "block S into H")
end)

t.done()
