-- text.lua -- what the text of a program means, and what is no text of one.
local t = dofile "tests/check.lua"

-- A condition says nothing of the numbers in it: literals that meet take the type of what they are compared with.
t.test("literals that meet in a comparison", function()
  local places = {
    ["if"] = "    if %s:\n      C[p] = 1\n",
    where = "    block c(v = p) where %s:\n      C[v] = 1\n",
    select = "    C[p] = select(%s, 1, 0)\n",
    bool = "    D[p] = %s\n    C[p] = int32(D[p])\n",
    cast = "    C[p] = int32(%s)\n",
    let = "    C[p] = int32((let t = p in %s))\n",
    ["not"] = "    if not (%s):\n      pass\n    else:\n      C[p] = 1\n",
    logic = "    if 1*1 < 2 and (%s) or 2 - 1 > 1*1:\n      C[p] = 1\n",
  }
  local conditions = {
    { "p - 1*1 >= 3", "000011111" }, { "p + 2*1 < 5", "111000000" }, { "1*1 + p < 5", "111100000" }, { "2*1 < p", "000111111" },
    { "5 - 2*1 < p", "000011111" }, { "p - 4//2 >= 3", "000001111" }, { "p - (1*1) >= 3", "000011111" }, { "1*2 <= 1 + 1", "111111111" },
    { "2*1 < A[p]", "000111111" }, { "A[p] - 1*1 >= 3*1", "000011111" }, { "-(2*1) + 3*2 < A[p]", "000001111" },
    { "1.5*2 < F[p]", "000011111" }, { "F[p] >= 1 + 2.5", "000011111" }, { "(1 + 1 < p) == (5*1 > A[p])", "000110000" },
    { "max(1, 2) < p", "000111111" }, { "(let u = p in u - 1*1) >= 3", "000011111" }, { "select(p < 2*2, 2*1, 3) < p", "000111111" },
  }
  local A, F = tvm.arange(9, "int32"), tvm.arange(9, "float64")
  for place, line in pairs(places) do
    for _, c in ipairs(conditions) do
      local condition = place == "where" and c[1]:gsub("%f[%a]p%f[%A]", "v") or c[1]
      local s = tvm.schedule(tvm.parse(("func f(A: int32[9], F: float64[9]) -> C: int32[9], D: bool[9]:\n  for p in range(9):\n    C[p] = 0\n    D[p] = false\n  for p in range(9):\n" .. line):format(condition)))
      t.eq(table.concat(s:run(A, F):totable()), c[2], place .. ": " .. c[1])
      t.eq(tvm.schedule(tvm.parse(s:ir())):ir(), s:ir())
    end
  end
end)

t.test("a function of floats makes its literals floats where nothing else says what they are", function()
  local text = "func f() -> D: bool[1]:\n  D[0] = %s\n"
  for formula, is in pairs { ["exp(1) > 2"] = true, ["sqrt(2) < 1.5"] = true, ["isnan(0)"] = false, ["isinf(exp(1000))"] = true, ["floor(2.5)*2 == 4"] = true,
    ["abs(-3) == 3"] = true, ["exp(1) > exp(float64(1))"] = "float32 and float64 do not go together", ["exp(int64(1)) > 2"] = "no function 'exp' of 1 argument on int64" } do
    local ok, s = pcall(function() return tvm.schedule(tvm.parse(text:format(formula))) end)
    if type(is) == "string" then
      t.ok(not ok)
      t.contains(s.why, is)
    else
      t.eq(s:run()[0], is, formula)
      t.eq(tvm.schedule(tvm.parse(s:ir())):ir(), s:ir())
    end
  end
end)

t.test("numbers alone are no condition", function()
  t.contains(tvm.schedule(tvm.parse "func f() -> D: bool[1]:\n  D[0] = bool(1*1)\n"):ir(), "bool(int64(1) * int64(1))")
  local text = "func f() -> D: bool[1]:\n  D[0] = %s\n"
  for _, wrong in ipairs { "1*1", "-(1)", "1 and 0", "true == 2*1", "select(true, 1, 0)", "true and 1 + 1" } do
    t.raises("text_syntax", function() tvm.parse(text:format(wrong)) end)
  end
  local e = t.raises("text_syntax", function() tvm.parse("func f() -> D: int32[1]:\n  while D[0] < 3:\n    D[0] += 1\n") end)
  t.contains(e.why, "there is no while: loops are counted")
  t.raises("text_syntax", function() tvm.parse("func f() -> D: int32[1]:\n  D[0] = 1 + 2.5\n") end)
  t.raises("text_syntax", function() tvm.parse("func f() -> D: float32[1]:\n  D[0] = 1 & 2\n") end)
  local long = ("func f() -> D: int32[1]:\n  D[0] = 1%s\n")
  t.raises("text_syntax", function() tvm.parse(long:format((" + 1"):rep(600))) end)
  t.ok(tvm.parse(long:format((" + 1"):rep(400))))
end)

t.test("a literal that is no value of the type that it meets is refused, and what is written instead is read", function()
  local function text(dtype, value, result)
    return ("func f(A: %s[4]) -> B: %s[4]:\n  for i in range(4):\n    B[i] = %s\n"):format(dtype, result or dtype, value)
  end
  local cases = { -- element type, value, the literal, the way out, and what is written instead
    { "uint8", "A[i] < 256", "256", 'convert what it meets, "int16(A[i])", or write 0, which "uint8(256)" is', { "int16(A[i]) < 256", "A[i] < 0", "A[i] < uint8(256)" }, "bool" },
    { "int8", "A[i] - 200", "200", 'convert what it meets, "int16(A[i])", or write -56, which "int8(200)" is', { "int8(int16(A[i]) - 200)", "A[i] - -56" } },
    { "uint8", "max(A[i], -1)", "-1", 'convert what it meets, "int16(A[i])", or write 255, which "uint8(-1)" is', { "max(A[i], 255)" } },
    { "int8", "128", "128", 'write -128, which "int8(128)" is', { "-128", "int8(128)" } },
    { "bool", "A[i] == 2", "2", 'convert what it meets, "int8(A[i])", or write 1, which "bool(2)" is', { "int8(A[i]) == 2", "A[i] == 1" } },
    { "int64", "A[i] + 9223372036854775808", "9223372036854775808", 'write -9223372036854775808, which "int64(9223372036854775808)" is', { "A[i] + -9223372036854775808" } },
    { "int64", "A[i] + -9223372036854775809", "-9223372036854775809", "write 9223372036854775807", { "A[i] + 9223372036854775807" } },
    { "bool", "A[i] and 2", "2", "write true or false, or a comparison", { "A[i] and true", "A[i] and i != 2" } },
    { "int8", "A[i] << 300", "300", "write 8, by which all bits are shifted out", { "A[i] << 8" } },
    { "uint16", "A[i] >> -1", "-1", "write 16, by which all bits are shifted out", { "A[i] >> 16" } },
    { "uint64", "A[i] + -1", "-1", 'write 18446744073709551615, which "uint64(-1)" is', { "A[i] + 18446744073709551615", "A[i] + uint64(-1)" } },
  }
  for _, case in ipairs(cases) do
    local dtype, value, literal, fix, instead, result = table.unpack(case)
    local e = t.raises("text_literal", function() tvm.parse(text(dtype, value, result)) end)
    t.contains(e.why, literal .. " is no value of " .. dtype)
    t.contains(e.fix, fix)
    for _, v in ipairs(instead) do
      local f = tvm.parse(text(dtype, v, result))
      t.eq(tvm.parse(f:ir()):ir(), f:ir())
    end
  end
  local e = t.raises("text_literal", function() tvm.parse(text("uint8", "A[i] < 256 + 1", "bool")) end)
  t.contains(e.why, "line 3, column 19: 256 is no value of uint8, which goes from 0 to 255\n  B[i] = A[i] < 256 + 1\n                ^")
end)

t.test("what is as deep as a text may be is printed no deeper", function()
  local refused = 0
  for n = 230, 270 do
    local ok, f = pcall(tvm.parse, ("func f(I: int32[4]) -> C: int32[4]:\n  C[0] = I[%s2]\n"):format(("-"):rep(n)))
    if ok then t.eq(tvm.parse(f:ir()):ir(), f:ir()) else refused = refused + 1 end
  end
  t.ok(refused > 0)
end)

t.test("of the literals one is nan, whatever its sign", function()
  for _, nan in ipairs { "-nan", "--nan", "nan - -nan", "float32(-nan)" } do
    local f = tvm.parse("func f(A: float32[1]) -> B: float32[1]:\n  B[0] = A[0] + " .. nan .. "\n")
    t.eq(tvm.parse(f:ir()), f)
  end
end)

t.test("the negative of a literal is no literal", function()
  local text = [[
func f(I: int32[4], U: uint64[4]) -> B: float32[4], C: int32[4], E: uint64[4]:
  B[0] = -(6.5) + --6.5
  B[1] = ---0.0 + --inf + -(inf) + -(nan)
  C[0] = ---6 - -(3) - --2147483648
  C[1] = I[1] + --7
  E[0] = -(5) + -(18446744073709551615)
]]
  t.eq(tvm.parse(text):ir() .. "\n", text)
end)

t.test("a reduction that nothing begins is answered with the line that begins it", function()
  local a = tvm.random { 8, 8 }
  local function refused(lines)
    local p, fix = tvm.parse("func f(A: float32[8, 8]) -> C: float32[8]:\n" .. lines), nil
    for _, run in ipairs { "run", "check" } do
      local e = t.raises("undefined_read", function() p[run](p, a) end)
      t.ok(not fix or e.fix == fix, e.fix)
      fix = e.fix
    end
    return fix
  end
  local block = "  for y in range(8):\n    for k in range(8):\n      block sum(row = y, k: reduce):\n%s        C[row] %s A[row, k]"
  for sign, first in pairs { ["+="] = "0", ["*="] = "1", ["max="] = "-inf", ["min="] = "inf" } do
    local fix = refused(block:format("", sign))
    t.eq(fix, ("write init: C[row] = %s as the first line of block sum"):format(first))
    local line = fix:match "write (.-) as"
    local p = tvm.parse("func f(A: float32[8, 8]) -> C: float32[8]:\n" .. block:format("        " .. line .. "\n", sign))
    t.ok(p:check(a), "and then it runs")
  end
  t.eq(refused "  for y in range(8):\n    for k in range(8):\n      C[y] += A[y, k]", "write C[y] = 0 before the loops that go on with it")
  -- An init that begins another element, and a read of something else, are another matter.
  t.contains(refused "  for y in range(8):\n    block C(y, k = 0: reduce):\n      init: C[0] = 0\n      C[y] += A[y, 0]", "compute it before it is read")
  t.contains(refused "  alloc T: float32[8]\n  for y in range(8):\n    C[y] = T[y]", "compute it before it is read")
end)

t.test("a histogram in text is told which side of its comparison to convert, and how", function()
  local text = "func h(A: int32[100]) -> H: int32[16]:\n  for b in range(16):\n    for i in range(100):\n      block H(b, i: reduce):\n" ..
    "        init: H[b] = 0\n        H[b] += select(%s, 1, 0)"
  local e = t.raises("text_syntax", function() tvm.parse(text:format "A[i] == b") end)
  t.eq(e.fix, '"int64(…)" around what is int32 converts it')
  t.eq(t.raises("text_syntax", function() tvm.parse(text:format "b == A[i]") end).fix, e.fix)
  tvm.parse(text:format "int64(A[i]) == b")
end)

t.done()
