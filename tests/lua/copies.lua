-- copies.lua -- cache_write of a result, which the copy back fills: only where all of it is written.
local t, p = dofile "tests/check.lua", dofile "tests/programs.lua"

t.test("a copy does not fill what its block leaves unwritten of a result", function()
  local function writing(loops, rest)
    return p.schedule("func f(A: float32[9]) -> Z: float32[9, 9]:\n" .. loops .. rest)
  end
  local plain = "  for y in range(9):\n    for x in range(9):\n      "
  for loops, rest in pairs {
    [plain .. "block Z(y, x) where x % 3 != 1:\n"] = "        Z[y, x] = A[x]\n", [plain .. "block Z(y, x = y):\n"] = "        Z[y, x] = A[x]\n",
    [plain .. "block Z(y, x) where y < 8:\n"] = "        Z[y, 8 - x] = A[x]\n",
    ["  for y in range(9):\n    for x in range(8):\n      block Z(y, x):\n"] = "        Z[y, x] = A[x]\n",
    [plain .. "if x > 2:\n        block Z(y, x):\n"] = "          Z[y, x] = A[x]\n",
  } do
    local s = writing(loops, rest)
    t.contains(t.raises("copies_unwritten", function() s:cache_write("Z", "local") end).why, "block Z writes a part of the result Z")
  end
  for index, rest in pairs {
    ["i*i%8"] = "cannot be told", ["int64(A[i])%8"] = "cannot be told", ["i ^ 1"] = "cannot be told",
    ["i*2%8"] = "nothing writes Z[1]", ["i%4"] = "nothing writes Z[4]",
  } do
    local s = p.schedule(("func f(A: float32[8]) -> Z: float32[8]:\n  for i in range(8):\n    block Z(i):\n      Z[%s] = A[i]\n"):format(index))
    local e = t.raises(rest:find "told" and "copies_untold" or "copies_unwritten", function() s:cache_write("Z", "local") end)
    t.contains(e.why .. "; " .. (e.witness or ""), rest)
  end
  local twice = p.schedule("func f(A: float32[8]) -> Z: float32[8]:\n  for i in range(16):\n    block Z(i):\n      Z[(15 - i)%8] = A[i%8]\n")
  twice:cache_write("Z", "local")
  p.same(twice)
  for loops, rest in pairs {
    [plain .. "block Z(y, x):\n"] = "        Z[y, x] = A[x]\n", [plain .. "block Z(y = 8 - y, x):\n"] = "        Z[8 - y, 8 - x] = A[x]\n",
    ["  for y in range(9):\n    for x in range(12):\n      block Z(y, x) where x < 9:\n"] = "        Z[y, x] = A[x]\n",
  } do
    local s = writing(loops, rest)
    s:split("x", 4)
    s:cache_write("Z", "local")
    p.same(s)
  end
end)

t.test("a copy of a result asks whether what writes it runs, and whether it starts it", function()
  local sum = "block Z(a = i, b = j: reduce):\n        init: Z[a] = 0\n        Z[a] += A[b]\n"
  for body, why in pairs {
    ["  for i in range(8):\n    for j in range(i):\n      " .. sum] = "nothing writes Z[0]",
    ["  for i in range(8):\n    for j in range(0):\n      " .. sum] = "nothing writes Z[0]",
    ["  for i in range(8):\n    for j in range(N[]):\n      " .. sum] = "what runs depends on data",
    ["  for j in range(N[]):\n    for i in range(8):\n      block Z(a = i):\n        Z[a] = A[a]\n"] = "what runs depends on data",
    ["  for j in range(0):\n    for i in range(8):\n      block Z(a = i):\n        Z[a] = A[a]\n"] = "nothing writes Z[0]",
    ["  for i in range(8):\n    block Z(i):\n      Z[i] += A[i]\n"] = "nothing writes Z[0]",
  } do
    local s = p.schedule("func f(A: float32[8], N: int64[]) -> Z: float32[8]:\n" .. body)
    local before = s:fingerprint()
    local e = t.raises(why:find "data" and "copies_untold" or "copies_unwritten", function() s:cache_write("Z", "local") end)
    t.contains(e.why .. "; " .. (e.witness or ""), why)
    t.eq(s:fingerprint(), before)
  end
  local grown = p.schedule("func f(A: float32[8]) -> Z: float32[8]:\n  for i in range(8):\n    for j in range(i + 1):\n      " .. sum)
  grown:cache_write("Z", "local")
  p.same(grown)
  local apart = p.schedule [[
func f(A: float32[6]) -> Z: float32[6]:
  for i in range(6):
    for j in range(4):
      block Z(a = i, b = j: reduce):
        init: Z[a] = 0
        Z[a] += A[b]
]]
  apart:decompose_reduction("Z", "j")
  apart:cache_write("Z", "local")
  p.same(apart)
end)

t.test("a copy of a result is refused where it would take seconds to tell that all of it is written", function()
  local function strided(n)
    local text = { ("func f(A: float32[32]) -> Z: float32[%d]:\n  for x in range(32):\n"):format(32*n) }
    for k = 0, n - 1 do text[#text + 1] = ("    block Z%d(i = x):\n      Z[i*%d + %d] = A[i]\n"):format(k, n, (k*37 + 5)%n) end
    return p.schedule(table.concat(text))
  end
  local few = strided(16)
  few:cache_write("Z0", "local")
  p.same(few)
  t.contains(t.raises("copies_untold", function() strided(60):cache_write("Z0", "local") end).why, "the work limit was reached")
end)

t.test("what else is written does not decide whether a result is", function()
  local s = p.schedule [[
func f(A: float32[8]) -> Z: float32[8], Y: float32[8]:
  for i in range(8):
    block Y(j = i):
      Y[j*j%8] = 1
    block Z(i = 7 - i):
      Z[i] = A[i]
]]
  s:cache_write("Z", "local")
  t.eq(t.raises("copies_untold", function() s:cache_write("Y", "local") end).why:match "^whether every element of (%w+)", "Y")
end)

t.done()
