-- te.lua -- tensor expressions in Lua, and the mistakes people make in them.
local t = dofile "tests/check.lua"

local function def(body)
  return te.func("f", function(n)
    return body(te.placeholder({ n, n }, "float32", "A"), n)
  end)
end

t.test("a matrix product reads like the page on the language", function()
  local f = te.func("matmul", function(n)
    local A, B = te.placeholder({ n, n }, "float32", "A"), te.placeholder({ n, n }, "float32", "B")
    local k = te.reduce_axis(n, "k")
    return te.compute({ n, n }, function(y, x) return te.sum(A(k, y) * B(k, x), k) end, "C")
  end)
  local want = tvm.parse [[
func matmul(A: float32[8, 8], B: float32[8, 8]) -> C: float32[8, 8]:
  for y in range(8):
    for x in range(8):
      for k in range(8):
        block C(y, x, k: reduce):
          init: C[y, x] = 0
          C[y, x] += A[k, y] * B[k, x]
]]
  t.eq(f(8):ir(), want:ir())
  assert(f(8) == want and f(9) ~= want)
end)

t.test("stages, numbers, selects and casts", function()
  local f = def(function(A, n)
    local B = te.compute({ n, n - 2 }, function(y, x) return (A[y][x] + A[y][x + 2]) / 2 end, "B")
    return te.compute({ n, n - 2 }, function(y, x)
      return te.select(te.lt(y % 2, 1), te.max(B(y, x), 0), te.cast("float32", y // 2))
    end, "C")
  end)
  t.eq(f(4):names("blocks")[2], "C")
  t.eq(#f(4):names "loops", 4)
end)

t.test("mistakes are named where they are made", function()
  t.raises("te_no_program", function() te.placeholder { 4 } end)
  t.raises("te_no_program", function() te.compute({ 4 }, function(i) return i end) end)
  t.raises("te_compare", function() def(function(A, n) return te.compute({ n }, function(i) return A(i, i) < 2 end) end)(4) end)
  t.contains(t.raises("te_compare", function()
    def(function(A, n) return te.compute({ n }, function(i) return te.select(A(i, i) == 0, 1, 0) end) end)(4)
  end).fix, "te.eq(a, b)")
  t.raises("te_index_rank", function() def(function(A, n) return te.compute({ n }, function(i) return A(i) end) end)(4) end)
  t.raises("te_index_rank", function() def(function(A, n) return te.compute({ n }, function(i) return A(i, i, i) end) end)(4) end)
  t.raises("te_type_mix", function() def(function(A, n) return te.compute({ n }, function(i) return A(i, i) + i end) end)(4) end)
  t.raises("te_no_value", function() def(function(A, n) return te.compute({ n }, function() return "x" end) end)(4) end)
  t.raises("te_results", function() def(function() return 7 end)(4) end)
  t.raises("te_reduce_inside", function()
    def(function(A, n)
      local k = te.reduce_axis(n)
      return te.compute({ n }, function(i) return te.sum(A(i, k), k) + 1 end)
    end)(4)
  end)
  t.raises("no_dtype", function() def(function(A, n) return te.compute({ n }, function(i) return te.cast("int7", A(i, i)) end) end)(4) end)
  t.raises("te_not_tensor", function() def(function(A, n) return te.compute({ n }, function(i) return i(1) end) end)(4) end)
end)

t.test("a read that is certain to leave its input is refused, and select is the way out", function()
  local function pairwise(guarded)
    return te.func("pairwise", function(n)
      local X = te.placeholder({ n }, "float32", "X")
      return te.compute({ n }, function(y)
        return X(y) + (guarded and te.select(te.lt(y + 1, n), X(y + 1), 0) or X(y + 1))
      end, "Y")
    end)
  end
  local e = t.raises("surely_outside", function() pairwise(false)(8) end)
  t.eq(e.why, "Y at y=7 reads X[8], but dimension 0 of X has 8 elements, 0 to 7")
  t.contains(e.fix, "make X longer")
  local x = tvm.tensor({ 1, 2, 4 }, "float32")
  t.ok(tvm.schedule(pairwise(true)(3)):run(x) == tvm.tensor({ 3, 6, 4 }, "float32"))
  pairwise(false)(0)
  e = t.raises("surely_outside", function()
    tvm.parse "func f(A: int8[4]) -> B: int8[4]:\n  for i in range(4):\n    B[i] = A[i + 1]"
  end)
  t.contains(e.why, "the program at i=3 reads A[4]")
end)

t.test("an index of axes that is no sum is tried where the program is made", function()
  local A = tvm.random { 8 }
  local function made(index, n)
    return tvm.schedule(te("A: float32[8]; O: float32[n]; O[i] = " .. index)(n or 13))
  end
  for index, why in pairs {
    ["A[i*3 % 13]"] = "O at i=3 reads A[9]", ["A[i*7 % 12]"] = "O at i=3 reads A[9]",
    ["A[i%13 + i%2]"] = "O at i=7 reads A[8]", ["select(i < 5, A[i + 4], 0)"] = "O at i=4 reads A[8]",
    ["select(i % 4 == 1, A[i*i % 14], 0)"] = "O at i=5 reads A[11]",
  } do
    t.contains(t.raises("surely_outside", function() made(index) end).why, why)
    t.contains(t.raises("surely_outside", function()
      tvm.parse("func f(A: float32[8]) -> O: float32[13]:\n  for i in range(13):\n    block O(i):\n      O[i] = " .. index)
    end).why, why)
  end
  for _, index in ipairs {
    "A[i*3 % 8]", "A[i*5 % 10]", "select(i*3 % 13 < 8, A[i*3 % 13], 0)", "select(i < 4, A[i + 4], 0)",
    "select(i % 4 == 1, A[i*i % 13 // 2], 0)", "select(i >= 3 and i < 11, A[i - 3], 0)", "select(i < 5 or i > 7, 0, A[i])",
  } do
    local s = made(index)
    t.contains(tostring(s:build()), "for llvm, ") -- nothing is compared
    t.ok(s:run(A) == s:build "interp":run(A), index)
  end
end)

t.test("an index of axes that stays in doubt is compared by the code", function()
  local D = tvm.tensor({ 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0 }, "int32")
  local A, Z = tvm.random { 8 }, tvm.zeros({ 13 }, "int32")
  local s = tvm.schedule(te [[ A: float32[8]; D: int32[13]; O: float32[13]; O[i] = select(D[i] > 0, A[i + 4], 0) ]])
  t.contains(tostring(s:build()), "for llvm -check=unproven, ")
  t.contains(s:build("llvm -O1"):run(A, Z) == tvm.zeros { 13 } and tostring(s:build "llvm -O1"), "-O1 -check=unproven")
  local function fails()
    local e = t.raises("kernel_outside", function() s:run(A, D) end)
    t.contains(e.why, "O reads A[8]")
    t.ok(s:run(A, Z) == tvm.zeros { 13 })
  end
  fails()
  s:vectorize "i"
  fails()
  s:undo(); s:split("i", 5); s:vectorize "ii"; s:parallel "io"
  fails()
  -- too far to be tried, and wrong only at the end
  s = tvm.schedule(te [[ A: float32[8]; O: float32[300000]; O[i] = A[i*i // 10000000000 % 10] ]])
  t.contains(t.raises("kernel_outside", function() s:run(A) end).why, "O reads A[8]")
  -- loops that memory ends, be it no further than 255
  s = tvm.schedule(tvm.parse [[
func f(U: uint8[2]) -> B: int32[8]:
  for i in range(2):
    for j in range(int64(U[i])):
      B[j] = 1
]])
  t.raises("kernel_outside", function() s:run(tvm.tensor({ 1, 9 }, "uint8")) end)
  t.eq(s:run(tvm.tensor({ 1, 8 }, "uint8")):totable()[8], 1)
end)

t.test("no index of a usual program is in doubt, as written or as text of what a schedule made of it", function()
  local function believed(s) t.contains(tostring(s:build()), "for llvm, ", s:ir()) end
  for _, text in ipairs {
    -- padded, and with a stride
    [[ I: float32[19, 19]; O: float32[10, 10]; O[y, x] = sum(ky in 3, kx in 3, select(2*y + ky >= 1 and 2*y + ky < 20 and
       2*x + kx >= 1 and 2*x + kx < 20, I[2*y + ky - 1, 2*x + kx - 1], 0) * W[ky, kx]) ]],
    -- turned around
    [[ I: float32[6]; O: float32[13]; O[y] = sum(k in 3, select((y - k) % 2 == 0 and y >= k and y - k < 12, I[(y - k) // 2], 0) * W[k]) ]],
    -- resize, pixel shuffle and back, a concatenation, a flip
    [[ I: float32[7]; O: float32[20]; O[y] = I[min(int64(floor((float32(y) + 0.5) * 0.35)), 6)] ]],
    [[ I: float32[8, 3, 5]; O: float32[2, 6, 10]; O[c, y, x] = I[c*4 + y%2*2 + x%2, y//2, x//2] ]],
    [[ I: float32[2, 6, 10]; O: float32[8, 3, 5]; O[c, y, x] = I[c//4, y*2 + c//2%2, x*2 + c%2] ]],
    [[ X: float32[4]; Y: float32[5]; O: float32[9]; O[i] = select(i < 4, X[i], Y[i - 4]) ]],
    [[ X: float32[9]; O: float32[9]; O[i] = X[8 - i] ]],
  } do
    local f = te(text)
    believed(tvm.schedule(f))
    believed(tvm.default(tvm.schedule(f)))
    believed(tvm.schedule(tvm.parse(tvm.default(tvm.schedule(f)):ir())))
  end
  local s = tvm.schedule(te [[ A: float32[13, 17]; B: float32[13, 17]; B[y, x] = A[y, x] * 2; C[y, x] = B[y, x] + 1 ]])
  s:fuse({ "C/y", "C/x" }, "f"); s:split("f", 8); s:vectorize "fi"
  believed(s)
  believed(tvm.schedule(tvm.parse(s:ir())))
  s:compute_at("B", "fo")
  believed(s)
  believed(tvm.schedule(tvm.parse(s:ir())))
end)

t.test("an index of another type", function()
  t.raises("te_index_type", function()
    te.func("f", function()
      local A = te.placeholder({ 4 }, "float32", "A")
      return te.compute({ 4 }, function(i) return A(te.cast("float32", i)) end)
    end)()
  end)
end)

t.test("a program as text is the same as by functions", function()
  local by_functions = te.func("C", function(n)
    local A, B = te.placeholder({ n, n }, "float32", "A"), te.placeholder({ n, n }, "float32", "B")
    local k = te.reduce_axis(n, "k")
    return te.compute({ n, n }, function(y, x) return te.sum(A(k, y) * B(k, x), k) end, "C")
  end)
  local short = te [[ C[y, x] = sum(k, A[k, y] * B[k, x]) ]]
  t.eq(tostring(short), "C(y, x, k)   a program with parameters: call it")
  t.eq(short(8, 8, 8):ir(), by_functions(8):ir())
  t.eq(short { y = 8, x = 8, k = 8 }:ir(), by_functions { n = 8 }:ir())
  for _, text in ipairs {
    "A: float32[n, n]; B: float32[n, n]; C[y, x] += A[k][y] * B[k][x]",
    "# the same\nA: float32[n, n]\nB: float32[n, n]   -- and so\nC: float32[n, n]\nC[y, x] = sum(k in n,\n  A(k, y) * B(k, x))",
  } do
    t.eq(te(text)(8):ir(), by_functions(8):ir())
  end
  t.eq(te("A: float32[4]\nB[i] = A[i] * 2", "twice"):ir():match "func (%w+)", "twice") -- numbers only: a Func at once
end)

t.test("stages, windows, reductions and functions as text", function()
  local conv = te [[
    I: float32[n + 2, n + 2]
    O: float32[n, n]
    O[y, x] = sum(ky in 3, kx in 3, I[y + ky, x + kx] * W[ky, kx])
    R[y, x] = max(O[y, x], 0)
  ]]
  local f = conv(6)
  t.eq(table.concat(f:names "buffers", " "):gsub("%s+", " "), "I W R O")
  t.eq(f:buffer("W").shape[2], 3)
  t.contains(te("A: float32[8, 8]; M[y] max= A[y, k]"):ir(), "M[y] max= A[y, k]")
  t.contains(te("A: float32[8, 8]; M[y] = min(k, A[y, k])"):ir(), "M[y] min= A[y, k]")
  t.contains(te("A: float32[8, 8]; M[y] *= A[y, k]"):ir(), "M[y] *= A[y, k]")
  t.contains(te("A: int8[8, 8]; S: int32[8]; S[y] += int32(A[y, k])"):ir(), "S[y] += int32(A[y, k])")
  t.contains(te("A: float32[8, 8]; B[y, x] = select(y < x and A[y, x] != 0, -exp(A[y, x]), float32(y % 2 // 1) + 0.5)"):ir(), "y%2")
  local two = te "A: float32[4]; B[i] = A[i] + 1; C[i] = A[i] - (1 - 2)*3"
  t.contains(two:ir(), "-> B: float32[4], C: float32[4]")
end)

t.test("a text names axes and sizes as it likes", function()
  t.contains(te("A: float32[4]; C[end] = A[end]"):ir(), "block C(end):")
  t.contains(te("A: float32[4, 4]; C[body] = sum(function, A[body, function])"):ir(), "C[body] += A[body, function]")
  local f = te "A: float32[body, local]; C[y, x] = A[y, x] * body"
  t.eq(tostring(f), "C(body, local)   a program with parameters: call it")
  t.contains(f(8, 4):ir(), "C[y, x] = A[y, x] * 8")
  t.eq(f { body = 8, ["local"] = 4 }:ir(), f(8, 4):ir())
  local g = te.func("g", function(...)
    local n = ...
    local A = te.placeholder({ n }, "float32", "A")
    return te.compute({ n }, function(...) return A(...) end, "B", { "end" })
  end, { "while" })
  t.eq(tostring(g), "g(while)   a program with parameters: call it")
  t.contains(g { ["while"] = 8 }:ir(), "B[end] = A[end]")
  t.raises("element_type", function() te.func("g", print, { 3 }) end)
  t.raises("argument_type", function() te.func("g", function() te.compute({ 1 }, print, "B", "i") end)() end)
end)

t.test("stages over inputs that nobody declared share names of axes", function()
  local f = te "C[i] = sum(k, A[i, k]); D[i] = C[i] * B[i]; E[k] = D[k] + 1"
  t.eq(tostring(f), "E(i, k)   a program with parameters: call it")
  local ir = f(4, 3):ir()
  t.contains(ir, "A: float32[4, 3], B: float32[4]")
  t.contains(ir, "E: float32[4]")
  local e = t.raises("te_text", function() te "C[i] = sum(k, A[i, k]); D[i] = C[i] / k" end)
  t.contains(e.why, "'k' is no axis of D and no size") -- how far an axis goes is not what its name means elsewhere
end)

t.test("numbers and sizes are values where an expression is meant", function()
  local function text(value) return te("A: float32[n]; C: float32[n]; C[i] = " .. value)(4):ir():match "C%[i%] = (.*)" end
  t.eq(text "A[i] / float32(n)", "A[i] / 4")
  t.eq(text "sqrt(2)", "sqrt(2)")
  t.eq(text "sqrt(n) * A[i]", "sqrt(4) * A[i]")
  t.eq(text "select(n < 3 and A[i] > 1, A[i], max(1, n))", "select(false and A[i] > 1, A[i], 4)")
  t.eq(text "float32(0.5 + n) - A[i]", "4.5 - A[i]")
  t.eq(te("C: int32[3]; C[i] = int32(7.9)"):ir():match "C%[i%] = (.*)", "7")
  t.raises("te_no_program", function() te.sqrt(2) end)
end)

-- The first line of the program that a text gives.
local function head(text, ...)
  local f = te(text)
  if select("#", ...) > 0 then f = f(...) end
  return f:ir():match "^func %w+(.-):\n"
end

t.test("what nobody declared is as large as the furthest element read", function()
  local plus = te "Y[y, x] = X[y, x] + X[y, x + 1]"
  t.eq(tostring(plus), "Y(y, x)   a program with parameters: call it")
  local function eq(want, ...) t.eq(head(...), want) end
  eq("(X: float32[8, 10]) -> Y: float32[8, 9]", "Y[y, x] = X[y, x] + X[y, x + 1]", 8, 9)
  eq("(X: float32[9, 10]) -> Y: float32[8, 9]", "Y[y, x] = X[y, x] + X[y + 1, x] + X[y, x + 1]", 8, 9)
  eq("(X: float32[9, 10]) -> Y: float32[8, 9]", "Y[y, x] = X[y, x + 1] + X[y + 1, x]", 8, 9)
  eq("(X: float32[9]) -> Y: float32[8]", "Y[y] = X[y] + X[y + 1]", 8)
  eq("(X: float32[10], W: float32[3]) -> C: float32[8]", "C[i] += X[i + k] * W[k]", 8, 3)
  eq("(X: float32[17], W: float32[3]) -> C: float32[8]", "C[i] = sum(k in 3, X[2*i + k] * W[k])", 8)
  eq("(I: float32[10, 8]) -> O: float32[8, 8]", "O: float32[n, n]; O[y, x] = sum(ky in 3, I[y + ky, x])", 8)
  eq("(X: float32[4], Z: float32[8]) -> Y: float32[8]",
    "Y[i] = X[i % 3] + X[i // 2] + Z[7 - i] + Z[min(i, 3)] + Z[max(-i, 0)]", 8)
  eq("(X: float32[8]) -> Y: float32[8]", "Y[i] = X[i] + select(i > 0, X[i - 1], 0)", 8)
  eq("(X: float32[3]) -> Y: float32[8]", "Y: float32[8]; Y[i] = X[i % 3]")
  eq("(X: float32[0, 6]) -> Y: float32[0, 5]", "Y[i, j] = X[i, j] + X[i, j + 1]", 0, 5)
  eq("(X: float32[9]) -> Y: float32[8], Z: float32[4]", "Y[i] = X[i + 1]; Z[j] = X[j]", 8, 4)
  eq("(X: float32[9]) -> Z: float32[8]", "Y[i] = X[i]; Z[i] = Y[i] + X[i + 1]", 8)
end)

t.test("axes that index the same dimension by themselves go equally far", function()
  t.eq(tostring(te "Y[i, j] = X[i, j] + X[j, i]"), "Y(i)   a program with parameters: call it")
  t.eq(head("Y[i, j] = X[i, j] + X[j, i]", 8), "(X: float32[8, 8]) -> Y: float32[8, 8]")
  t.eq(head("G[i, j] = sum(k, A[i, k] * A[j, k])", 8, 3), "(A: float32[8, 3]) -> G: float32[8, 8]")
  t.eq(head("Y: float32[n]; Y[i] = sum(k, X[i] * X[k])", 8), "(X: float32[8]) -> Y: float32[8]")
  t.eq(head("Y[i] = X[i]; Z[j] = X[j] + X[j + 1]", 8), "(X: float32[9]) -> Y: float32[8], Z: float32[8]")
end)

t.test("what is declared decides how far an axis goes", function()
  for _, value in ipairs { "X[i] + X[i + 1] + X[i + 2]", "X[i + 2] + X[i + 1] + X[i]", "sum(k in 3, X[i + k])" } do
    t.eq(head("X: float32[n + 2]; Y: float32[n]; Y[i] = " .. value, 8), "(X: float32[10]) -> Y: float32[8]")
  end
  t.eq(head("A: float32[5]; Z: float32[4]; Y[i] = A[i]; Z[i] = Y[i] + Y[i + 1]"), "(A: float32[5]) -> Z: float32[4]")
  t.eq(head("W: float32[5]; C[i] = sum(k in 3, X[i + k] * W[k])", 4), "(W: float32[5], X: float32[6]) -> C: float32[4]")
  t.eq(head("X: float32[8]; Y: float32[8]; Y[i] = select(i + 1 < 8, X[i + 1], 0)"), "(X: float32[8]) -> Y: float32[8]")
  local blur = te "X: float32[n + 2]; Y: float32[n]; Y[i] = X[i] + X[i + 1] + X[i + 2]"
  t.ok(tvm.schedule(blur(8)):check())
end)

t.test("softmax without declarations", function()
  local f = te "M[i] max= X[i, j]; E[i, j] = exp(X[i, j] - M[i]); S[i] += E[i, j]; Y[i, j] = E[i, j] / S[i]"
  t.eq(tostring(f), "Y(i, j)   a program with parameters: call it")
  t.contains(f(4, 5):ir(), "(X: float32[4, 5]) -> Y: float32[4, 5]")
end)

t.test("a tensor without axes is read by its name", function()
  local by_brackets = "M[] = max(j, X[j]); E[i] = exp(X[i] - M()); S() = sum(j, E[j]); Y[i] = E[i] / S[]"
  local by_name = by_brackets:gsub("([MS])[%[(][%])]", "%1")
  t.eq(te(by_name)(8):ir(), te(by_brackets)(8):ir())
  t.contains(te(by_name)(8):ir(), "E[i] = exp(X[i] - M[])")
  t.contains(te "s: float32[]; C[i] = max(s, A[i])"(8):ir(), "C[i] = max(s[], A[i])") -- and is no axis to reduce over
  t.contains(te("s: int64[]; A: float32[8, 8]; C[i] += A[i, k] * A[s, k]"):ir(), "for k in range(8)")
  local function refused(text, why)
    local e = t.raises("te_text", function() te(text) end)
    t.contains(e.why, why)
    return e.fix
  end
  t.eq(refused("M = max(j, X[j]); E[i] = X[i] - M[0]", "M has rank 0"), "read it by its name alone, M")
  refused("E[i] = X[i] - M; M = max(j, X[j])", "M is read before its equation")
  t.eq(refused("s: int32[]; Y[i] = sum(X[i, k + s])", "over which axes"), 'name them: "sum(k, X[i, k + s])"')
end)

-- Refused with a reason that has `what` in it, as the text is read or as its program is called with the arguments.
local function wrong(text, what, ...)
  local arguments = table.pack(...)
  local e = t.raises("te_text", function()
    local f = te(text)
    if arguments.n > 0 then f(table.unpack(arguments)) end
  end)
  t.contains(e.why, what)
  return e
end

-- Like wrong; and the text with the equation or the part of it that is quoted in the fix instead of `part` is one.
local function mended(text, what, part, ...)
  local e = wrong(text, what)
  local from, to = text:find(part, 1, true)
  local instead = e.fix:match '"(.*)"'
  t.ok(te(text:sub(1, from - 1) .. instead .. text:sub(to + 1)), e.fix)
  return instead
end

t.test("how far an axis goes, said as elsewhere, is written as it is said here", function()
  local head, value = "O: float32[8, 8]; O[y, x] = ", "I[y + dy, x + dx])"
  for said, axes in pairs {
    ["dy:3, dx:3"] = "dy in 3, dx in 3", ["dy=3, dx in 3"] = "dy in 3, dx in 3", ["dy in 3, dx=2*2"] = "dy in 3, dx in 2*2",
    ["dy in range(3), dx in 3"] = "dy in 3, dx in 3", ["dy in 0:3, dx: range(0, 3 + 1)"] = "dy in 3, dx in 3 + 1",
  } do
    local sum = ("sum(%s, %s"):format(said, value)
    t.eq(mended(head .. sum, "goes is said by 'in'", sum), ("sum(%s, %s"):format(axes, value))
  end
  t.eq(wrong(head .. "sum(dy in 1:4, dx:3, " .. value, "dy does not begin at 0").fix, 'an axis does: write "dy in 4 - 1", and dy + 1 for dy')
  t.eq(wrong("O[y] = sum(k:3, I[y + k,\n 0])", "how far k goes").fix, 'write it as "sum(k in 3, …)"')
  t.contains(wrong("O[y] = sum(y, I[y])", "y is an axis of the left side, so sum cannot run over it").fix, "take it from the left side")
  wrong("O[y] = 2 * sum(k:3, I[y + k])", "a reduction is the whole value of its stage")
  t.eq(wrong("O[y:3] = I[y]", "how far y goes is said by a declaration").fix, "declare it on a line above: O: float32[3]")
  t.eq(wrong("O[y, x in n] = I[y]", "how far x goes is said by a declaration").fix, "declare it on a line above: O: float32[…, n]")
end)

t.test("types that do not fit are converted in the words of the text", function()
  local given = "I: int32[8]; A: float32[100]; F: float32[8]; B[i] = "
  for value, case in pairs {
    ["A[I[i]]"] = { "I[i]", "int64(I[i])", "A is indexed by int32, and indices are int64" },
    ["A[(I[i] + 1)*2] + 1"] = { "(I[i] + 1)*2", "int64((I[i] + 1)*2)", "A is indexed by int32" },
    ["F[i] + I[i]"] = { "I[i]", "float32(I[i])", "'+' joins float32 and int32" }, ["I[i] * (F[i] - 1)"] = { "I[i]", "float32(I[i])", "'*' joins" },
    ["max(I[i] + 1, F[i])"] = { "I[i] + 1", "float32(I[i] + 1)", "'max' joins" }, ["F[i] / i"] = { "i", "float32(i)", "'/' joins float32 and int64", " i" },
    ["select(I[i], F[i], 2)"] = { "I[i]", "I[i] != 0", "'select' does not take" }, ["F[i] < 1 or F[i]"] = { "F[i]", "F[i] != 0", "'or' joins", "or F[i]" },
    ["select(i > 1, F[i], I[i])"] = { "I[i]", "float32(I[i])", "'select' joins float32 and int32" },
    ["sqrt(I[i])"] = { "I[i]", "float32(I[i])", "'sqrt' does not take" }, ["(F[i] > 2) + 1"] = { "(F[i] > 2)", "float32(F[i] > 2)", "'+' does not take" },
    ["-(F[i] > 2)"] = { "(F[i] > 2)", "float32(F[i] > 2)", "'-' does not take" },
  } do
    local e = wrong(given .. value, case[3])
    t.eq(e.fix:match '"(.*)"', case[2], value)
    local at = value:find(case[4] or case[1], 1, true) + #(case[4] or case[1]) - #case[1]
    t.ok(te(given .. value:sub(1, at - 1) .. case[2] .. value:sub(at + #case[1])))
  end
end)

t.test("what is made of numbers alone takes the type of what it meets, before that of the result", function()
  for _, value in ipairs { "A[i] * exp(2)", "exp(1) + A[i] / sqrt(2)", "select(A[i] > exp(1), sqrt(2), A[i])", "sum(k in 3, A[i] * exp(3 // 2))",
    "max(sqrt(2), A[i])" } do
    local f = te("A: float64[8]; B[i] = " .. value)
    local x = tvm.arange({ 8 }, "float64", 1)
    t.eq(f:run(x).dtype, "float64")
    t.ok(tvm.check(f:run(x), f:check(x)).ok, value)
  end
  local e = wrong("A: float32[8]; B: float64[8]; B[i] = A[i] * exp(2)", "B is declared as float64, but its values are float32")
  t.eq(e.fix, '"float64(…)" around the value converts it')
  local f = te "A: float32[8]; B: float64[8]; B[i] = float64(A[i] * exp(2))"
  t.eq(f:run(tvm.full({ 8 }, 1)).dtype, "float64")
end)

t.test("signs that an equation has not are told apart from those that it has", function()
  local all = "the operators are + - * / // % < <= > >= == != and or; "
  for value, says in pairs {
    ["A[i] >> 3"] = all .. 'x >> 3 is "x // 8"', ["A[i] << 3"] = all .. 'x << 3 is "x * 8"', ["A[i] & 7"] = all .. 'x & 7 is "x % 8"',
    ["A[i] | 7"] = "which tvm.parse reads", ["~A[i]"] = "which tvm.parse reads", ["A[i] && 7"] = '"a and b"', ["A[i] || 7"] = '"a or b"',
    ["!A[i]"] = "the opposite of a < b is a >= b", ["not (A[i] > 0)"] = "the opposite of a < b", ["A[i] ? 1 : 2"] = '"select(condition, a, b)"',
    ["A[i] if A[i] > 0 else 2"] = '"select(condition, a, b)"', ["te.sqrt(A[i])"] = 'functions stand without "te."',
    ['cast("int64", A[i])'] = '"int64(I[i])"', ['te.cast("int64", A[i])'] = '"int64(I[i])"',
  } do
    t.contains(wrong("A: int32[8]; B[i] = " .. value, value:find " if " and "'if' does not belong" or " means nothing here").fix, says)
  end
  local x = tvm.arange({ 64 }, "int32", -32) -- and what is said is true, of the program of loops that tvm.parse reads
  for bits, value in pairs { ["A[i] >> 3"] = "A[i] // 8", ["A[i] << 3"] = "A[i] * 8", ["A[i] & 7"] = "A[i] % 8" } do
    local loops = tvm.parse("func f(A: int32[64]) -> B: int32[64]:\n for i in range(64):\n  block B(i):\n   B[i] = " .. bits)
    t.ok(tvm.check(loops:check(x), te("A: int32[64]; B[i] = " .. value):check(x)).ok)
  end
end)

t.test("a size, a function or an index in the place of an axis is told as that", function()
  for text, size in pairs {
    ["A: float32[n, k]; B: float32[k, m]; C: float32[n, m]; C[y, x] = sum(k, A[y, k] * B[k, x])"] = "k",
    ["A: float32[n]; C[n] = A[n]"] = "n", ["A: float32[n]; C[i] = A[i] + prod(n, A[n])"] = "n",
  } do
    t.eq(wrong(text, ("'%s' is a size here, so it cannot be an axis"):format(size)).fix, 'give the axis another name, or the size: a number or a new name where it is declared, "[16]" or "[n]"')
  end
  for text, says in pairs {
    ["argmax(j, X[i, j])"] = "what goes over axes is sum, prod, max and min", ["argmin(X[i, j], j)"] = "sum, prod, max and min",
    ["mean(j, X[i, j])"] = "mean is a sum", ["soft(X[i, 2*i])"] = 'help "te" lists the functions',
  } do
    t.contains(wrong("Y[i] = " .. text, "there is no function " .. text:match "%a+").fix, says)
  end
  t.eq(wrong("A: bool[n]; S = any(i, A[i])", "any is of two conditions, not over an axis").fix, 'over i it is "max(i, …)"')
  t.eq(wrong("A: float32[n]; S = all(A[i] > 0, i)", "all is of two conditions, not over an axis").fix, 'over i it is "min(i, …)"')
  for what, yes in pairs { max = { 0, 1, 0 }, min = { 1, 1, 1 } } do -- which is true
    local f = te("A: int32[3]; S = " .. what .. "(i, A[i] > 0)")
    t.contains(tostring(f:check(tvm.tensor(yes, "int32"))), "true")
    t.contains(tostring(f:check(tvm.tensor({ 0, 0, 0 }, "int32"))), "false")
  end
  t.ok(te "A: bool[n]; s: bool[]; S[j] = any(s, A[j])")
  for _, text in ipairs { "X: int64[n]; H[X[i]] += 1", "H[X[i]] = 2", "H[y, X(i)] = 2" } do
    t.contains(wrong(text, "the left side names axes").fix, "that is a scatter: its loops are written out for tvm.parse")
  end
  t.ok(tvm.parse "func H(X: int64[8]) -> H: int32[4]:\n for j in range(4):\n  H[j] = 0\n for i in range(8):\n  H[X[i]] += 1")
  t.contains(wrong("Y[i + 1] = A[i]", "the left side names axes").fix, "what is read is shifted")
end)

t.test("a reduction without its axes, or that is a part of a value, is told as that", function()
  for _, text in ipairs { "C[y] = A[y] + sum(k, A[k])", "C[y] = 2 * sum(k in 3, A[k])", "C[y] = -max(k in 3, A[k])" } do
    t.eq(wrong(text, "a reduction is the whole value of its stage").fix,
      "make it a stage of its own in a line before, and use its name here; docs/equations.md shows a softmax")
  end
  local divided = wrong("O[y, x] = sum(dy in 3, dx in 3, I[y + dy, x + dx]) / 9", "a reduction is the whole value of its stage")
  t.eq(divided.fix, "go on in a next line: O2[y, x] = O[y, x] / …")
  wrong("O[y] = sum(k, A[y, k]) B", "'B' does not belong to this statement")
  local function no_axes(text, what, fix) t.eq(wrong(text, what .. " does not say over which axes").fix, fix) end
  no_axes("C[y,x] = sum(A[y,k]*B[k,x])", "sum", 'name them: "sum(k, A[y,k]*B[k,x])"')
  no_axes("A: float32[n, n]; C[y] = max(A[y - 2*r, n - k - r] + 1) * 2", "max", 'name them: "max(r, k, A[y - 2*r, n - k - r] + 1)"')
  no_axes("C[y] = prod(A[y,\n k])", "prod", 'name them: "prod(k, …)"')
  no_axes("C[y] = sum(A[y])", "sum", 'name them, as in "sum(k, …)", where k indexes what is reduced')
  wrong("C[y] = max(A[y])", "max takes 2 values, but got 1")
  t.eq(wrong("C = A*B", "'A' is no axis of C and no size").fix, "a tensor stands with its indices, as in A[i]")
  t.eq(wrong("C[y, x] = A*2", "'A' is no axis of C and no size").fix, "a tensor stands with its indices, as in A[y, x]")
  t.eq(wrong("B[z] = A[z]; C[y] = B", "'B' is no axis").fix, "a tensor stands with its indices, as in B[z]")
  for _, text in ipairs { "X: int8[n]; n = sum(k, X[k]); Y[i] = X[i] * n", "n: int64[]; X: int8[n]; Y[i] = X[i]" } do
    wrong(text, "'n' is a size and a tensor without dimensions")
  end
  for rank, element in ipairs { "Q[y]", "Q[y, x]", "Q[y, x, …]", "Q[y, x, …]" } do
    local text = ("Q: int8[%s]; C[y, x] = Q * 2"):format(("2, "):rep(rank - 1) .. "2")
    t.eq(wrong(text, "'Q' is no axis of C").fix, "a tensor stands with its indices, as in " .. element)
  end
  t.eq(wrong("C[y] = A[y, k]", "'k' is no axis").fix, 'write "sum(k, …)" to reduce over it')
end)

t.test("mistakes in a text are shown where they are", function()
  for text, sum in pairs {
    ["C[y, x] = A[y, k] @ B[k, x]"] = "C[y, x] = sum(k, A[y, k] * B[k, x])",
    ["P: float32[8, 8]; out = P @ Q"] = "out[y, x] = sum(k, P[y, k] * Q[k, x])",
    ["P: float32[8, 8]\nout[i, j] = P@weights"] = "out[y, x] = sum(k, P[y, k] * weights[k, x])",
    ["out[i, j] = P[i, k] @ Q[k, j]"] = "out[i, j] = sum(k, P[i, k] * Q[k, j])",
    ["out[i, j] = P[i, k] @ Q[j, k]"] = "out[y, x] = sum(k, P[y, k] * Q[k, x])",
    ["out[i] = (P@P)[i]"] = "out[y, x] = sum(k, P[y, k] * P[k, x])",
    ["@"] = "C[y, x] = sum(k, A[y, k] * B[k, x])",
    ["C = C @ D"] = "E[y, x] = sum(k, C[y, k] * D[k, x])",
    ["y = x @ x"] = "C[y, x] = sum(k, A[y, k] * B[k, x])",
  } do
    t.eq(wrong(text, "'@' means nothing here").fix, "a product of two matrices is a sum: te [[ " .. sum .. " ]]")
  end
  wrong(("a"):rep(100000) .. "- @ B", "'@' means nothing here")
  t.contains(wrong("O[y, x] = sum(ky in 3, I[J[y], x])", "nothing says how large I is").why, "\n" .. (" "):rep(27) .. "^")
  wrong("I: float32[n, n]; O[y, x] = sum(ky in 3, I[y + ky, x])", "nothing says how far y goes")
  wrong("A: float32[n]; O[y] = sum(k, A[y])", "nothing says how far k goes")
  wrong("I: int8[8, 8]; O: int32[8]; O[y] += I[y, k]", "O is declared as int32, but its values are int8")
  local outside = wrong("X: float32[n]; Y: float32[n]; Y[i] = X[i]+X[i+1]",
    "X[i+1] reads index 8 (i goes over 8), but dimension 0 of X has the extent 8", 8)
  t.contains(outside.fix, "declare Y smaller or X larger")
  wrong("X: float32[n]; Y[i] = X[i] + X[i + 1]", "X[i + 1] reads index 4 (i goes over 4)", 4)
  wrong("A: float32[5]; Y[i] = A[i]; Z[i] = Y[i] + Y[i + 1]", "dimension 0 of Y has the extent 5")
  wrong("A: float32[4, 3]; C: float32[4, 4]; C[y, x] = A[y, x]", "A[y, x] reads index 3 (x goes over 4), but dimension 1")
  wrong("W: float32[2]; C[i] = sum(k in 3, X[i + k] * W[k])", "W[k] reads index 2 (k goes over 3)", 4)
  wrong("X: float32[3]; Y[i] = X[3] * Z[i]", "X[3] reads index 3, but dimension 0 of X has the extent 3", 4)
  wrong("Y[i] = X[i - 1]", "X[i - 1] reads index -1 (i goes over 8), but indices begin at 0", 8)
  wrong("Y[i] = X[i * 4611686018427387904]", "goes too far", 8)
  wrong("Y[i] = X[i // 0]", "a division by zero", 8)
  wrong("Y[i] = sum(k in 3, X[i // (k + 1)])", "nothing says how large X is")
  wrong("X: float32[4, 4]; C[y] = sum(k, y, X[y, k])", "axis 'y' stands twice")
  wrong("X: float32[n + 2]; Z: float32[n]; Y[i] = X[i] + Z[i]", "i goes over 8 here, but over 10 elsewhere", 8)
  wrong("C[y, x] = A[y, x] + k", "'k' is no axis of C and no size")
  wrong("C[y, x] = A[y, x] ? 3", "'?' means nothing here")
  wrong("A: float32[4]; B: float32[5]; C[y] = A[y] + B[y]", "y goes over 5 here, but over 4 elsewhere")
  wrong("C[y] A[y]", "'=' or '+=' is expected before A")
  wrong("", "there is no equation")
  wrong("B[y] = C[y]; C[y] = A[y]", "C is read before its equation")
  wrong("A: float33[4]; C[y] = A[y]", "'float33' is no element type")
  wrong("A: float32[4]; A: float32[4]; C[y] = A[y]", "declared twice")
  wrong("C[y] = A[y]; C[y] = A[y]", "two equations")
  wrong("C[y, y] = A[y]", "stands twice")
  wrong("A: float32[n]; C[n] = A[n]", "is a size here")
  wrong("A: float32[4, 4]; C[y] = A[y]", "A has rank 2, but is indexed by 1")
  wrong("A: float32[4]; C: float32[4]; C[y, x] = A[y]", "declared with rank 1, and has rank 2")
  wrong("C[y] = A[y] if 3", "does not belong")
  wrong("C[y] = (A[y]", "')' is expected")
  wrong("C[3] = A[y]", "the name of an axis is expected")
  wrong("A: float32[n / 2]; C[y] = A[y]", "a shape is made of", 8)
  wrong("C[y, x] = A[y, x]", "x is not given: C takes y, x", 8)
  wrong("C[y] = A[y]", "y is a string, which is no integer: C takes y", "8x")
  wrong("C[y] = A[y]", "y is 2.5, which is no integer: C takes y", 2.5)
  wrong("A: float32[4]; C[y] = A[y] < 3 < 2", "comparisons do not chain")
  wrong("A: float32[4]; C[y] = 1 == A[y] != 2", "comparisons do not chain")
  wrong("A: float32[4]; C[y] = exp(A[y], 2)", "exp takes 1 value, but got 2")
  wrong("A: float32[4]; C[y] = select(A[y] < 2, 3)", "select takes 3 values")
  wrong("A: float32[n]; C[y] = A[y] * (3 // (n - n))", "a division by zero", 4)
  wrong("A: float32[n // 0]; C[y] = A[y]", "a division by zero", 4)
  local many = 100000
  local e = wrong("C[y] = " .. ("("):rep(many) .. "A[y]" .. (")"):rep(many), "nests more than 256 deep")
  t.ok(#e.why < 300, "a long line is shown in part")
  wrong("C[y] = " .. ("- "):rep(many) .. "A[y]", "nests more than 256 deep")
  wrong("C[y] = " .. ("A["):rep(many), "nests more than 256 deep")
  wrong("C[y] = A[y]" .. (" + 1"):rep(many), "nests more than 256 deep")
  wrong("A: float32[" .. ("("):rep(many), "nests more than 256 deep")
  t.raises("argument_type", function() te "A: float32[4]; C[y] = (A[y] < 3) < 2" end)
  t.contains(te("A: float32[4]; C[y] = (A[y] < 3) == 1"):ir(), "(A[y] < 3) == true")
end)

t.test("tensors that nobody named are named apart", function()
  local f = te.func("f", function()
    local A, B = te.placeholder { 4 }, te.placeholder { 4 }
    local C = te.compute({ 4 }, function(i) return A(i) * B(i) end)
    return te.compute({ 4 }, function(i) return C(i) + A(i) end)
  end)()
  t.eq(f:ir():match "^[^\n]*", "func f(A: float32[4], A_1: float32[4]) -> C_1: float32[4]:")
  local e = t.raises("te_name_taken", function()
    te.func("f", function() te.placeholder({ 4 }, "float32", "A"); te.placeholder({ 4 }, "float32", "A") end)()
  end)
  t.contains(e.fix, 'te.placeholder(shape, dtype, "A2")')
end)

t.test("a sum over several axes takes them as a list, and says so", function()
  local e = t.raises("argument_type", function()
    te.func("f", function()
      local A, k, r = te.placeholder({ 4, 3 }, "float32", "A"), te.reduce_axis(4, "k"), te.reduce_axis(3, "r")
      return te.compute({ 1 }, function() return te.sum(A(k, r), k, r) end)
    end)()
  end)
  t.contains(e.why, "several axes are one list")
end)

t.test("axes that stand on the wrong side of the value are told as that", function()
  local function first(text, what, fix) t.eq(wrong(text, "the axes of " .. what .. " come first").fix, fix) end
  first("C[i] = sum(A[i,k], k)", "sum", 'name them first: "sum(k, A[i,k])"')
  first("C[i] = sum(A[i, k] * 2, axis=k) + 1", "sum", 'name them first: "sum(k, A[i, k] * 2)"')
  first("C = prod(A[i,k], i, k)", "prod", 'name them first: "prod(i, k, A[i,k])"')
  first("C[i] = sum(A[i,k], 1)", "sum", 'name them first: "sum(k, A[i,k])"')
  first("C[i] = max(A[i,k], k)", "max", 'name them first: "max(k, A[i,k])"')
  t.eq(#te("A: int64[8]; C[i] = max(A[i], i)"):names "loops", 1)
  local function compute(value)
    return function()
      te.func("f", function()
        local A, k = te.placeholder({ 4, 3 }, "float32", "A"), te.reduce_axis(3, "k")
        return te.compute({ 4 }, function(i) return value(A(i, k), k) end)
      end)()
    end
  end
  for _, value in ipairs { function(a, k) return te.sum(k, a) end, function(a) return te.sum(a, a) end,
    function(a) return te.sum(a, "k") end, function(a) return te.sum(a, { a }) end } do
    t.contains(t.raises("argument_type", compute(value)).why, "a reduce axis or a list of them, behind the value")
  end
end)

t.test("a function that is not there is told as one", function()
  local e = t.raises("te_text", function() te [[ C[y] = foo(A[y]) ]] end)
  t.contains(e.why, "there is no function foo")
  e = t.raises("te_text", function() te [[ C[y] = relu(A[y]) ]] end)
  t.contains(e.fix, 'relu is "max(value, 0)"')
  e = t.raises("te_text", function() te [[ C[y] = sqrtt(A[y]) ]] end)
  t.contains(e.why, "there is no function sqrtt: did you mean sqrt?")
end)

t.test("a size that none can be is told in the words of the text", function()
  local function why(f) return t.raises("te_text", f).why end
  t.contains(why(function() te [[ C[i] = A[i] ]](-1) end), "the size of i is -1 here")
  t.contains(why(function() te [[ C[i, j] = A[i, j] ]](4, 1 << 40) end), "the size of j is 1099511627776 here")
  t.contains(why(function() te [[ C[i] = sum(k, A[i, k]) ]](4, -2) end), "the size of k is -2 here")
  t.contains(why(function() te [[ A: float32[n]; C[i] = A[i] ]](-1) end), "the size of n is -1 here")
  t.contains(why(function() te [[ A: float32[n, m - 2]; C[i, j] = A[i, j] ]](4, 1) end), "the size of dimension 2 of A is -1")
  t.ok(te [[ C[i] = A[i] ]](0))
  for _, size in ipairs { "n*n", "n*n + 4", "4611686018427387904 + n*4194304", "-n*n" } do -- which wraps to a size, or to 0
    t.contains(why(function() te.text(("A: float32[%s]; C[i] = A[i]"):format(size))(1 << 40) end), "this size goes too far")
  end
  t.contains(why(function() te [[ C[i] = A[i] ]](2.5) end), "i is 2.5, which is no integer: C takes i")
  t.contains(why(function() te [[ C[i] = A[i] ]]("x") end), "i is a string, which is no integer")
  t.contains(why(function() te [[ C[i] = A[i] ]]() end), "i is not given: C takes i")
end)

t.test("powers and recurrences, which an equation has not, and what is written instead", function()
  for text, says in pairs {
    ["Y[i] = pow(X[i], 2)"] = 'a square is "x * x"', ["Y[i] = X[i]^2"] = 'a square is "x * x"', ["Y[i] = X[i]**2"] = 'a square is "x * x"',
    ["Y[i] = Y[i - 1] + X[i]"] = "Y reads itself", ["Z[i] = Y[i]; Y[i] = X[i]"] = "Y is read before its equation",
  } do
    t.contains(tostring(select(2, pcall(te, text))), says)
  end
end)

t.test("a literal that is no value of the type that it meets is refused, and both ways out are ways", function()
  local function run(text, dtype) return te(text):run(tvm.tensor({ 1, 2, 3, 4 }, dtype)) end
  local function refused(text, at, fix)
    local e = t.raises("te_text", function() te(text) end)
    t.contains(e.why, "this number should be a value of " .. at)
    t.contains(e.fix, fix)
  end
  refused("A: uint8[4]; Y: uint8[4]; Y[i] = select(A[i] < 256, A[i], 0)", "uint8, 0 to 255, as the other operand is one, but is 256",
    "convert the other operand, as in \"int16(A[i])\", or this one: \"uint8(256)\" is 0")
  refused("A: int8[4]; Y: int32[4]; Y[i] = int32(A[i] - 200)", "int8, -128 to 127", "as in \"int16(A[i])\", or this one: \"int8(200)\" is -56")
  refused("A: int8[4]; Y: int8[4]; Y[i] = 300 * A[i]", "int8, -128 to 127", "as in \"int16(A[i])\", or this one: \"int8(300)\" is 44")
  refused("A: uint8[4]; Y: uint8[4]; Y[i] = max(A[i], -1)", "uint8, 0 to 255", "as in \"int16(A[i])\", or this one: \"uint8(-1)\" is 255")
  refused("A: uint32[4]; Y[i] = select(A[i] > 2, A[i], -1)", "uint32, 0 to 4294967295", 'as in "int64(A[i])"')
  refused("A: uint64[4]; Y[i] = A[i] + -1", "uint64, 0 to 18446744073709551615", 'convert it: "uint64(-1)" is 18446744073709551615')
  local e = t.raises("te_text", function() te "A: uint8[4]\nY[i] = max(A[i], -1)" end)
  t.contains(e.why, ("\n    Y[i] = max(A[i], -1)\n    %s^"):format((" "):rep(17)))
  t.ok(run("A: uint8[4]; Y: uint8[4]; Y[i] = select(int16(A[i]) < 256, A[i], 0)", "uint8") == tvm.tensor({ 1, 2, 3, 4 }, "uint8"))
  t.ok(run("A: int8[4]; Y: int16[4]; Y[i] = int16(A[i]) - 200", "int8") == tvm.tensor({ -199, -198, -197, -196 }, "int16"))
  t.ok(run("A: int8[4]; Y: int8[4]; Y[i] = A[i] - int8(200)", "int8") == tvm.tensor({ 57, 58, 59, 60 }, "int8"))
  t.contains(te("A: uint64[4]; Y[i] = A[i] + uint64(-1)"):ir(), "A[i] + 18446744073709551615")
  for dtype, ends in pairs { int8 = { -128, 127 }, uint8 = { 0, 255 }, int64 = { -math.maxinteger, math.maxinteger } } do
    for _, v in ipairs(ends) do t.contains(te(("A: %s[4]; Y[i] = A[i] * %d"):format(dtype, v)):ir(), "A[i] * " .. v) end
  end
end)

t.test("in te.func such a literal is refused, too, and te.cast converts on purpose", function()
  local function program(value)
    return te.func("g", function()
      local A = te.placeholder({ 4 }, "uint8", "A")
      return te.compute({ 4 }, function(i) return value(A(i)) end, "Y")
    end)()
  end
  local why, fix
  program(function(a)
    local e = t.raises("te_literal", function() return te.lt(a, 256) end, { x = a })
    why, fix = e.why, e.fix
    t.raises("te_literal", function() return 300 - a end, { x = a })
    t.raises("te_literal", function() return te.select(te.lt(a, 3), a, -1) end, { x = a })
    return a
  end)
  t.eq(why, "argument 2 should be a value of uint8, 0 to 255, as the other operand is one, but is 256")
  t.eq(fix, 'convert the other operand, as in te.cast("int16", x), or this one: te.cast("uint8", 256) is 0')
  t.contains(program(function(a) return te.lt(te.cast("int16", a), 256) end):ir(), "int16(A[i]) < 256")
  t.contains(program(function(a) return a + te.cast("uint8", -1) end):ir(), "A[i] + 255")
  te.func("h", function()
    local A = te.placeholder({ 4 }, "uint64", "A")
    return te.compute({ 4 }, function(i)
      t.contains(t.raises("te_literal", function() return A(i) + -1 end).fix, 'te.cast("uint64", -1) is 18446744073709551615')
      return A(i)
    end, "Y")
  end)()
end)

t.test("a name that is no parameter is refused, not dropped", function()
  local c = te [[ C[y, x] = sum(k, A[y, k] * B[k, x]) ]]
  local e = t.raises("te_unknown_parameter", function() c { y = 1, x = 2, k = 3, z = 4 } end)
  t.contains(e.why, "C has no parameter z")
  t.contains(e.fix, "y, x, k")
  t.contains(t.raises("te_unknown_parameter", function() c { 7, y = 1, x = 2, k = 3 } end).why, "[1]")
  t.contains(t.raises("te_unknown_parameter", function() c { Y = 1, x = 2, k = 3 } end).why, "parameter Y")
  t.contains(t.raises("te_text", function() c { x = 2, k = 3 } end).why, "y is not given")
  local sizes = setmetatable({ y = 1 }, { __index = { x = 2, k = 3, z = 4 } }) -- what is inherited may be more
  t.ok(c { y = 1, x = 2, k = 3 }:fingerprint() == c(sizes):fingerprint())
  local f = te.func("f", function(n) return te.compute({ n }, function(i) return i end) end)
  t.raises("te_unknown_parameter", function() f { n = 3, m = 4 } end)
end)

t.done()
