-- orders.lua -- reorder where extents depend on loops, and where iterations run at once.
local t, p = dofile "tests/check.lua", dofile "tests/programs.lua"

t.test("loops of a triangle change places where each stays inside those that its extent depends on", function()
  local function triangle(value, where)
    return p.schedule(([[
func f(A: int32[9, 9], B: int32[9, 9]) -> C: int32[9, 9]:
  for y in range(9):
    for x in range(9):
      C[y, x] = B[x, y]
  for y in range(8):
    for k in range(y + 1):
      for x in range(8):
        for z in range(max(k - x, 1)):
          block T(y, x, k, z):
            C[%s] = %s
]]):format(where, value))
  end
  local order = { { "T/y", "k", "T/x", "z" }, { "k", "T/y", "T/x", "z" }, { "T/x", "k", "T/y", "z" },
    { "T/y", "T/x", "k", "z" }, { "T/x", "T/y", "k", "z" }, { "T/y", "k", "z", "T/x" }, { "T/y", "z", "k", "T/x" } }
  -- With each body, how far the order may be gone: "y" is a step, "s" one that leaves a scope, "d" one that a
  -- dependence forbids.
  for body, said in pairs { ["C[k, x] * 3 + A[k, x] + int32(z) @ k, x"] = "yssyyss", ["A[y, k] + int32(z) @ y, x"] = "yssyyss",
    ["C[k, x + 1] + A[k, x] @ k, x"] = "yssydss" } do
    local value, where = body:match "(.*) @ (.*)"
    local got = {}
    for i, loops in ipairs(order) do
      local s = triangle(value, where)
      local done, e = s:try("reorder", loops)
      if done then p.same(s) end
      got[i] = done and "y" or e.code == "extent_out_of_scope" and "s" or e.code == "order_turns" and "d" or e.code
    end
    t.eq(table.concat(got), said, body)
  end
end)

t.test("a sum over a triangle", function()
  local s = p.schedule [[
func f(A: int32[8, 8], B: int32[8, 8]) -> C: int32[8, 8]:
  for y in range(8):
    for k in range(y + 1):
      for x in range(8):
        block C(y, x, k: reduce):
          init: C[y, x] = 0
          C[y, x] += A[y, k] * B[k, x]
]]
  s:mark "written"
  p.same(s:reorder { "k", "x" })
  p.same(s:vectorize "x")
  p.same(s:back "written":reorder { "x", "y", "k" })
  p.same(s:parallel "x")
  p.same(s:back "written":reorder { "x", "y", "k" }:vectorize "y")
  p.same(s:back "written":vectorize "x":reorder { "x", "y", "k" })
end)

t.test("what runs at once stays inside the loop that keeps its iterations apart", function()
  local text = [[
func f(A: float32[9, 9]) -> C: float32[9, 9]:
  for i in range(9):
    for j in range(9):
      C[i, j] = A[i, j]
  for i in range(8):
    for k in range(2):
      for j in range(8):
        block D(i, j, k):
          C[i + 1, j + %d] = C[i, j] + A[i, j]
]]
  for _, kind in ipairs { "parallel", "vectorize" } do
    local s = p.schedule(text:format(1))
    s[kind](s, "D/j")
    local e = t.raises("cross_iteration", function() s:reorder("D/j", "D/i", "k") end)
    t.eq(e.fix, "leave j inside the loops that are around it now")
    p.same(s:reorder("D/j", "k"))
    p.same(s:reorder("k", "D/j"))
    local columns = p.schedule(text:format(0))
    p.same(columns[kind](columns, "D/j"):reorder("D/j", "D/i", "k"))
  end
end)

t.test("a loop whose extent is read from memory stays where it is", function()
  local ragged = p.schedule [[
func f(A: float32[8, 8], N: int64[8]) -> B: float32[8, 8]:
  for y in range(8):
    for x in range(8):
      block zero(y, x):
        B[y, x] = 0
  for y in range(8):
    for x in range(min(max(N[y], 0), 8)):
      for z in range(2):
        block B(y, x):
          B[y, x] = A[y, x]
]]
  local e = t.raises("extent_is_read", function() ragged:reorder("z", "B/x") end)
  t.eq(e.fix, "reorder the loops inside x alone")
end)

t.test("what one iteration needs of another is answered by a step that was tried, or by what is true", function()
  local function fix(s, code, step, ...)
    local given = table.pack(...)
    return t.raises(code, function() s[step](s, table.unpack(given)) end, { s = s }).fix
  end
  local function stencil()
    return tvm.schedule(te [[ A: float32[1002]; C: float32[1000]; B: float32[1002]; B[i] = A[i] * A[i]; C[i] = B[i] + B[i + 1] + B[i + 2] ]])
  end
  local s = stencil()
  s:split("C/i", 128, "b", "t")
  s:bind("C/b", "blockIdx.x"):bind("C/t", "threadIdx.x")
  t.eq(fix(s, "cross_iteration", "compute_at", "B", "C/b"), 's:set_scope("B", "shared"); s:compute_at("B", "b")')
  s = tvm.schedule(tvm.parse [=[
func f(A: float32[64]) -> B: float32[64]:
  for i in range(64):
    block B(i):
      B[i] = A[i]
  for i in range(63):
    block C(i):
      B[i + 1] = B[i] * 0.5 + B[i + 1]
]=])
  for _, step in ipairs { { "vectorize", "C/i" }, { "parallel", "C/i" }, { "bind", "C/i", "threadIdx.x" } } do
    t.eq(fix(s, "cross_iteration", table.unpack(step)), "leave i serial: its iterations run in order")
  end
  s = tvm.schedule(tvm.parse [=[
func f(A: float32[64]) -> C: float32[64]:
  alloc B: float32[64]
  for i in range(64):
    block B(i):
      B[i] = A[i]
    block C(i):
      C[i] = B[i] + B[max(i - 1, 0)]
]=])
  t.eq(fix(s, "cross_iteration", "parallel", "i"), 's:compute_at("B", "i"); s:parallel("i")')
end)

t.done()
