-- Full tiles are apart from the tail, and only the tail is masked; a tail without iterations goes.
local f = te.func("twice", function(n)
  local A = te.placeholder({ n, n }, "float32", "A")
  return te.compute({ n, n }, function(y, x) return A(y, x) * 2 end, "B")
end)
local s = tvm.schedule(f(60))
s:tile("y", "x", 8, 16, "yo", "xo", "yi", "xi")
s:vectorize "xi"
print(s:lowered())
--[[ prints
func twice(A: float32[60, 60]) -> B: float32[60, 60]:
  for yo in range(7):
    for xo in range(3):
      for yi in range(8):
        for xi in vectorized(16):
          B[yo*8 + yi, xo*16 + xi] = A[yo*8 + yi, xo*16 + xi] * 2
    for yi in range(8):
      for xi in vectorized(16):
        if xi < 12:
          B[yo*8 + yi, xi + 48] = A[yo*8 + yi, xi + 48] * 2
  for xo in range(3):
    for yi in range(4):
      for xi in vectorized(16):
        B[yi + 56, xo*16 + xi] = A[yi + 56, xo*16 + xi] * 2
  for yi in range(4):
    for xi in vectorized(16):
      if xi < 12:
        B[yi + 56, xi + 48] = A[yi + 56, xi + 48] * 2
]]
