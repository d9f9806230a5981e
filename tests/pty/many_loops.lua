-- many_loops.lua -- f, a program whose lowering takes long: every two of its loops over threads may need a barrier.
local lines = {}
for i = 1, 8000 do
  lines[i] = ([[
    for x in bind("threadIdx.x", 32):
      S[(x + %d) %% 32] = A[x]
    for z in bind("threadIdx.x", 32):
      B[y*32 + z] = S[(z*3 + %d) %% 32]
]]):format(i, i)
end
f = tvm.parse([[
func f(A: float32[64]) -> B: float32[2048]:
  for y in bind("blockIdx.x", 64):
    alloc S: float32[32] shared
]] .. table.concat(lines))
