-- What people stumble over who know the first lesson: a second kernel, a histogram, a text of their own.
local t = dofile "tests/check.lua"
local p = dofile "tests/programs.lua"

-- ---- names ----

t.test("a loop that a step used up is told by what was made of it alone, however many steps later", function()
  local s = p.matmul(32, 32, 16)
  s:tile("y", "x", 8, 8)
  local function now(name) return t.raises("stale_name", function() s:split(name, 4) end, { s = s }).fix:match "^(it is now .-);" end
  t.eq(now "y", "it is now yo, yi")
  t.eq(now "x", "it is now xo, xi")
  s:fuse("yo", "xo")
  t.eq(now "C/y", "it is now yo_xo, yi")
  t.eq(now "x", "it is now yo_xo, xi")
  t.eq(now "xo", "it is now yo_xo")
  s:split("yi", 4)
  t.eq(now "y", "it is now yo_xo, yio, yii")
  -- Parts that are joined again and again make one loop, by very many ways.
  s = p.schedule [[ A: float32[64]; B[y] = A[y] * 2 ]]
  local name = "y"
  for i = 1, 24 do
    s:split(name, 8, "o" .. i, "i" .. i)
    name = "y" .. i
    s:fuse({ "o" .. i, "i" .. i }, name)
  end
  t.contains(t.raises("stale_name", function() s:split("y", 2) end).fix, "it is now y24;")
end)

-- ---- texts ----

local function complaint(body)
  local text = "func f(A: float32[16]) -> B: float32[16]:\n" .. body
  return t.raises("text_syntax", function() tvm.parse(text) end)
end

t.test("a text that writes a parameter is told which, where, and what to write instead", function()
  local e = complaint "  for y in range(16):\n    A[y] = B[y]"
  t.contains(e.why, "line 3, column 5: 'A' is a parameter, and those are only read\n")
  t.eq(e.fix, "write into a result, such as B, or into a buffer of its own, as alloc T: float32[16] makes one")
  e = complaint "  for y in range(16):\n    block B(y):\n      init: A[y] = 0\n      B[y] += A[y]"
  t.contains(e.why, "line 4, column 13: 'A' is a parameter, ")
  -- A buffer that hides the parameter is another one.
  t.ok(tvm.parse "func f(A: float32[16]) -> B: float32[16]:\n  for y in range(16):\n    B[y] = A[y]")
end)

t.test("a bracket that is not closed is shown where it stands", function()
  for _, rest in ipairs { "", "\n", "\n\n", " +", " +\n", "\n    B[2] = 3", "\n  for x in range(2):\n    pass" } do
    t.contains(complaint("  for y in range(16):\n    B[y] = A[y" .. rest).why, "line 3, column 13: this '[' is not closed\n")
  end
  t.contains(complaint("  for y in range(16:\n    B[y] = A[y]").why, "line 2, column 20: expected ')' before ':'\n")
  t.contains(complaint("  for y in range((16) * (2:\n    B[y] = A[y]").why, "expected ')' before ':'\n")
  t.contains(complaint("  for y in range((16) * (2\n    ").why, "line 2, column 25: this '(' is not closed\n")
end)

t.test("a slip in the word that begins a statement is answered with the word", function()
  local words = "expected a statement (for, block, if, alloc, or an assignment)"
  t.contains(complaint("  fro y in range(16):\n    B[y] = A[y]").why, "line 2, column 3: " .. words .. ": did you mean for?\n")
  t.contains(complaint("  for y in range(16):\n    blok B(y):\n      B[y] = A[y]").why, "line 3, column 5: " .. words .. ": did you mean block?\n")
  t.contains(complaint("  compute B\n").why, words .. "\n")
  t.contains(complaint("  C[0] = 2").why, "line 2, column 3: no buffer is named 'C'\n")
end)

t.test("a loop that would run fewer than 0 times is refused, where a number says so", function()
  local e = complaint "  for y in range(-1):\n    B[y] = A[y]"
  t.contains(e.why, "line 2, column 18: this loop would run -1 times\n")
  t.eq(e.fix, "write how often it runs, 0 times or more, such as 16")
  t.contains(complaint("  for y in parallel(3 - 5):\n    B[y] = A[y]").why, "line 2, column 21: this loop would run -2 times\n")
  t.ok(tvm.parse "func f(A: float32[16]) -> B: float32[0]:\n  for y in range(0):\n    B[y] = A[y]")
end)

-- ---- equations ----

t.test("numbers that meet but each other take the type of the declared result", function()
  local function body(text) return tostring(p.schedule("A: int32[4]; " .. text):ir()) .. "\n" end
  t.contains(body "B: int32[4]; B[i] = select(A[i] > 0, 1, 0)", "B[i] = select(A[i] > 0, 1, 0)\n")
  t.contains(body "B: int32[4]; B[i] = select(A[i] > 0, -1, 0) + A[i]", "B[i] = select(A[i] > 0, -1, 0) + A[i]\n")
  t.contains(body "B: float64[4]; B[i] = select(A[i] > 0, select(A[i] > 2, 4, 3), 0.5)", "select(A[i] > 2, 4, 3), 0.5)\n")
  t.contains(body "B: uint8[4]; B[i] = 255", "B[i] = 255\n")
  t.contains(body "B: float64[4]; B[i] = sqrt(2)", "B[i] = sqrt(2)\n")
  t.contains(body "B: int32[4]; B[i] = sum(k in 3, 1)", "B[i] += 1\n")
  t.contains(body "B[i] = float32(A[i]) + select(A[i] > 0, 1, 0)", "B[i] = float32(A[i]) + select(A[i] > 0, 1, 0)\n")
  -- What has a type keeps it, and what the type does not hold is told as before.
  t.contains(body "B: int32[4]; B[i] = int32(select(A[i] > 0, 1, 0))", "int32(select(A[i] > 0, float32(1), float32(0)))")
  for text, dtype in pairs { ["uint8[4]; B[i] = select(A[i] > 0, 256, 0)"] = "uint8", ["uint64[4]; B[i] = select(A[i] > 0, -1, 0)"] = "uint64",
      ["int8[4]; B[i] = select(A[i] > 0, 0.5, 0)"] = "int8", ["int8[4]; B[i] = -129"] = "int8", ["bool[4]; B[i] = 1"] = "bool" } do
    local e = t.raises("te_text", function() p.func("A: int32[4]; B: " .. text) end)
    t.contains(e.why, "B is declared as " .. dtype .. ", but its values are float32")
  end
end)

t.test("a histogram is an equation", function()
  local f = te "H: int32[16]; A: int32[100]; H[b] = sum(i, select(int64(A[i]) == b, 1, 0))"
  local a = tvm.random({ 100 }, "int32", { lo = 0, hi = 16 })
  local want, got = {}, tvm.schedule(f):run(a):totable()
  for _, v in ipairs(a:totable()) do want[v] = (want[v] or 0) + 1 end
  for b = 0, 15 do t.eq(got[b + 1], want[b] or 0) end
end)

t.done()
