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

t.done()
