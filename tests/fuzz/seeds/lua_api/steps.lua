f = tvm.parse [[
func matmul(A: float32[16, 12], B: float32[16, 9]) -> C: float32[12, 9]:
  for y in range(12):
    for x in range(9):
      for k in range(16):
        block C(y, x, k: reduce):
          init: C[y, x] = 0
          C[y, x] += A[k, y] * B[k, x]
]]
s = tvm.schedule(f)
local yo, yi = s:split("y", 4, "yo", "yi")
s:split("x", {-1, 3}); s:reorder {"yo", "xo", "k", "yi", "xi"}
s:vectorize "xi"; s:unroll "yi"; s:cache_write("C", "local"); s:reverse_compute_at("C.store", "xo")
s:decompose_reduction("C", "k"); print(s:try("parallel", "k")); s:undo(2); s:mark "a"; s:redo()
s:fork():parallel "yo"; s:diff(0); s:history(); s:at "a"
