-- gemm.lua -- C = A^T B in float32: compiling it, calling it, and its speed against libraries.
local measure = require "measure"
local gemm = {}

gemm.matmul = te.func("matmul", function(n)
  local A, B = te.placeholder({ n, n }, "float32", "A"), te.placeholder({ n, n }, "float32", "B")
  local k = te.reduce_axis(n, "k")
  return te.compute({ n, n }, function(y, x) return te.sum(A(k, y) * B(k, x), k) end, "C")
end)

-- The last rung of the lesson `computation`, before its loops run in parallel; and, because rows of A
-- lie 4 KiB apart here, A in panels of 128 columns as well.
function gemm.tiled(n)
  local s = tvm.schedule(gemm.matmul(n))
  s:split("y", { -1, 16, 8 }, "yb", "yo", "yi")
  s:split("x", 32, "xo", "xi")
  s:reorder { "yb", "xo", "yo", "k", "yi", "xi" }
  s:cache_read("C", "B", "global")
  s:compute_at("B.global", "xo")
  s:cache_write("C", "local")
  s:reverse_compute_at("C.store", "yo")
  s:decompose_reduction("C", "C/k")
  s:cache_read("C", "A", "global")
  s:compute_at("A.global", "yb")
  s:split("A.global/y", 16, "ao", "ai")
  s:vectorize "ai"
  s:vectorize "*/xi"
  s:unroll "*/yi"
  s:contract "C"
  return s
end

local function against(what, flags, program)
  local n = 1024
  local ok, peer = pcall(measure.compiled, program, "sgemm.c", flags)
  if not ok then return measure.absent(what, "the library is not installed") end
  local s = gemm.tiled(n)
  local ask, close = measure.peer(("OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 %s %d 0.05"):format(peer, n))
  local ours = function()
    return tvm.time(s, { ["repeat"] = 1, min_repeat_ms = 50, threads = 1 }).median
  end
  ours()
  local a, b, ratio = measure.pairs(ask, ours, 21)
  close()
  measure.row(what .. ", ours", b, measure.seconds, "")
  measure.row(what .. ", theirs", a, measure.seconds, "")
  measure.row(what .. ", our speed / theirs", ratio, function(x) return ("%.2f"):format(x) end, "0.95 or more")
end

function gemm.run()
  against("GEMM 1024 fp32, 1 thread, oneDNN", "-DWITH_DNNL -ldnnl", "sgemm-dnnl")
  against("GEMM 1024 fp32, 1 thread, OpenBLAS", "-lopenblas", "sgemm-openblas")
end

return gemm
