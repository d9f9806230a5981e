-- verdicts.lua -- whether comparisons tell the truth on real kernels: one against itself, and against
-- one that does 1.2 times the work.
local measure = require "measure"

local runs = 200

-- Products of two matrices with a sum over k of `depth`, on registers.
local product = te.func("product", function(depth)
  local A, B = te.placeholder({ depth, 64 }, "float32", "A"), te.placeholder({ depth, 64 }, "float32", "B")
  local k = te.reduce_axis(depth, "k")
  return te.compute({ 64, 64 }, function(y, x) return te.sum(A(k, y) * B(k, x), k) end, "C")
end)

-- How many of the comparisons of two kernels end with the verdict that `expected` finds in the text.
local function count(a, b, expected)
  local n = 0
  for _ = 1, runs do
    local t = tvm.time_all({ a, b }, { threads = 1 })
    if tvm.verdict(t[1], t[2]).text:find(expected) then n = n + 1 end
  end
  return { median = n, low = n, high = n }
end

return function()
  local function show(n) return ("%d of %d"):format(n, runs) end
  local quick, slow = tvm.default(tvm.schedule(product(200))):build(), tvm.default(tvm.schedule(product(240))):build()
  measure.about "what a comparison says of a kernel and"
  measure.row("  itself: no difference", count(quick, quick, "^no difference"), show,
    { least = 190 })
  measure.row("  1.2 times its work: faster", count(quick, slow, "faster$"), show,
    { least = runs })
end
