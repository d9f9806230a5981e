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
  t.raises("te_outside", function() te.placeholder { 4 } end)
  t.raises("te_compare", function() def(function(A, n) return te.compute({ n }, function(i) return A(i, i) < 2 end) end)(4) end)
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
  t.raises("te_outside", function() te.sqrt(2) end)
end)

t.test("mistakes in a text are shown where they are", function()
  local function wrong(text, what, ...)
    local arguments = table.pack(...)
    local e = t.raises("te_text", function()
      local f = te(text)
      if arguments.n > 0 then f(table.unpack(arguments)) end
    end)
    t.contains(e.why, what)
    return e
  end
  t.contains(wrong("O[y, x] = sum(ky in 3, I[y + ky, x])", "nothing says how large I is").why, "\n" .. (" "):rep(27) .. "^")
  wrong("I: float32[n, n]; O[y, x] = sum(ky in 3, I[y + ky, x])", "nothing says how far y goes")
  wrong("A: float32[n]; O[y] = sum(k, A[y])", "nothing says how far k goes")
  wrong("I: int8[8, 8]; O: int32[8]; O[y] += I[y, k]", "O is declared as int32, but its values are int8")
  wrong("C[y, x] = A[y, x] + k", "'k' is no axis of C and no size")
  wrong("C[y, x] = A[y, x] ? 3", "'?' means nothing here")
  wrong("A: float32[4]; B: float32[5]; C[y] = A[y] + B[y]", "y goes over 5 here, but over 4 elsewhere")
  wrong("C[y] = A[y] + sum(k, A[k])", "a reduction can only be the whole value")
  wrong("C[y] A[y]", "'=' or '+=' is expected before A")
  wrong("", "there is no equation")
  wrong("B[y] = C[y]; C[y] = A[y]", "C is read before its equation")
  wrong("A: float33[4]; C[y] = A[y]", "'float33' is no element type")
  wrong("A: float32[4]; A: float32[4]; C[y] = A[y]", "declared twice")
  wrong("C[y] = A[y]; C[y] = A[y]", "two equations")
  wrong("C[y, y] = A[y]", "stands twice")
  wrong("A: float32[n]; C[n] = A[n]", "is a size here")
  wrong("A: float32[4, 4]; C[y] = A[y]", "A has 2 dimensions, but 1 indices are given")
  wrong("A: float32[4]; C: float32[4]; C[y, x] = A[y]", "declared with 1 dimensions, and has 2 axes")
  wrong("C[y] = A[y] if 3", "does not belong")
  wrong("C[y] = (A[y]", "')' is expected")
  wrong("C[3] = A[y]", "the name of an axis is expected")
  wrong("A: float32[n / 2]; C[y] = A[y]", "a shape is made of", 8)
  wrong("C[y] = A[y]", "y is not given: C takes y", "8x")
  wrong("A: float32[4]; C[y] = A[y] < 3 < 2", "comparisons do not chain")
  wrong("A: float32[4]; C[y] = 1 == A[y] != 2", "comparisons do not chain")
  wrong("A: float32[4]; C[y] = exp(A[y], 2)", "exp takes 1 values, but 2 are given")
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

t.test("a sum over several axes takes them as a list, and says so", function()
  local e = t.raises("argument_type", function()
    te.func("f", function()
      local A, k, r = te.placeholder({ 4, 3 }, "float32", "A"), te.reduce_axis(4, "k"), te.reduce_axis(3, "r")
      return te.compute({ 1 }, function() return te.sum(A(k, r), k, r) end)
    end)()
  end)
  t.contains(e.why, "several axes are one list")
end)

t.done()
