-- make.lua -- the pictures in README.md: build/tvmrepl docs/pictures/make.lua
local f = te.func("matmul", function(n)
  local A, B = te.placeholder({ n, n }, "float32", "A"), te.placeholder({ n, n }, "float32", "B")
  local k = te.reduce_axis(n, "k")
  return te.compute({ n, n }, function(y, x) return te.sum(A(k, y) * B(k, x), k) end, "C")
end)
local s = tvm.schedule(f(1024))
s:tile("y", "x", 8, 32, "yo", "xo", "yi", "xi")
s:reorder { "xo", "yo", "k", "yi", "xi" }
s:cache_read("C", "B", "global")
s:compute_at("B.global", "xo")
s:vectorize "*/xi"
s:unroll "yi"
s:parallel "xo"
s:show("docs/pictures/matmul.svg", { since = 0 })

local t = tvm.schedule(f(8))
t:tile("y", "x", 2, 2, "yo", "xo", "yi", "xi")
t:order("y", "x"):save "docs/pictures/order.svg"
