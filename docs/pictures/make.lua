-- make.lua -- the pictures of README.md and docs/pictures.md: build/tvmrepl docs/pictures/make.lua [FOLDER]
local folder = (arg[1] or "docs/pictures") .. "/"
local f = te.func("matmul", function(n)
  local A, B = te.placeholder({ n, n }, "float32", "A"), te.placeholder({ n, n }, "float32", "B")
  local k = te.reduce_axis(n, "k")
  return te.compute({ n, n }, function(y, x) return te.sum(A(k, y) * B(k, x), k) end, "C")
end)

-- before and after
local s = tvm.schedule(f(1024))
s:tile("y", "x", 8, 32, "yo", "xo", "yi", "xi")
s:reorder { "xo", "yo", "k", "yi", "xi" }
s:cache_read("C", "B", "global")
s:compute_at("B.global", "xo")
s:vectorize "*/xi"
s:unroll "yi"
s:parallel "xo"
s:show(folder .. "matmul.svg", { since = 0 })

-- the order of points; Graphviz has no part in it
local t = tvm.schedule(f(8))
t:tile("y", "x", 2, 2, "yo", "xo", "yi", "xi")
t:order("y", "x"):save(folder .. "order.svg")

-- a model, and one of its kernels as the workbench schedules it
local g = tvm.import "tutorials/models/digits.onnx":fuse()
g:show(folder .. "digits.svg")
tvm.default(g:lower():schedule "conv2"):show(folder .. "conv2.svg")
