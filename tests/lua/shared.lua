-- shared.lua -- memory that the threads of a block fill together: tiles of a matrix product.
local t, p = dofile "tests/check.lua", dofile "tests/programs.lua"

local function matmul()
  return p.schedule("A: float32[64, 48]; B: float32[48, 64]; C[y, x] += A[y, k] * B[k, x]", "mm")
end

-- Each tile is copied by the threads that then read it.
local function fetch(s)
  for _, name in ipairs { "A", "B" } do
    s:cache_read("C", name, "shared")
    s:compute_at(name .. ".shared", "ko")
    local loops = s:loops(name .. ".shared")
    s:bind(loops[#loops - 1], "threadIdx.y"):bind(loops[#loops], "threadIdx.x")
  end
end

local function right(s)
  local a, b = tvm.random({ 64, 48 }, "int32", { lo = -4, hi = 4 }), tvm.random({ 48, 64 }, "int32", { lo = -4, hi = 4, seed = 2 })
  a, b = a:astype "float32", b:astype "float32"
  t.ok(s:check(a, b) == s:at(0):run(a, b), s:ir())
  t.contains(s:lowered "cuda", 'barrier("shared")')
  t.eq(s:lowered(), s:lowered "cuda") -- as a program with thread axes it is a GPU's
  t.ok(not s:lowered "llvm":find "barrier")
  t.contains(s:ptx(), "bar.sync")
end

t.test("tiles are fetched where the loop over them stands outside of the threads", function()
  local s = matmul()
  s:tile("y", "x", 16, 16, "yo", "xo", "yi", "xi")
  s:split("k", 16, "ko", "ki")
  s:reorder("yo", "xo", "ko", "yi", "xi", "ki")
  s:bind("yo", "blockIdx.y"):bind("xo", "blockIdx.x"):bind("yi", "threadIdx.y"):bind("xi", "threadIdx.x")
  fetch(s)
  right(s)
end)

t.test("where it stands inside, the fix brings it outside", function()
  local s = matmul()
  s:tile("y", "x", 16, 16, "yo", "xo", "yi", "xi")
  s:bind("yo", "blockIdx.y"):bind("xo", "blockIdx.x"):bind("yi", "threadIdx.y"):bind("xi", "threadIdx.x")
  s:split("k", 16, "ko", "ki")
  s:cache_read("C", "A", "shared")
  local e = t.raises("shared_in_threads", function() s:compute_at("A.shared", "ko") end, { s = s })
  t.eq(e.fix, 's:reorder("ko", "yi", "xi")')
  t.contains(e.witness, "both write A.shared[0, 0]")
  s:undo()
  load("local s = ...; " .. e.fix)(s)
  fetch(s)
  right(s)
end)

t.test("sums stay in registers between the tiles", function()
  local s = matmul()
  s:tile("y", "x", 16, 16, "yo", "xo", "yi", "xi")
  s:split("k", 16, "ko", "ki")
  s:cache_write("C", "local")
  s:reverse_compute_at("C.store", "xo")
  s:reorder("ko", "C/yi", "C/xi")
  s:decompose_reduction("C", "ko")
  s:bind("yo", "blockIdx.y"):bind("xo", "blockIdx.x")
  for _, block in ipairs { "C.init", "C", "C.store" } do
    s:bind(block .. "/yi", "threadIdx.y"):bind(block .. "/xi", "threadIdx.x")
  end
  fetch(s)
  right(s)
  local inside = matmul()
  inside:tile("y", "x", 16, 16, "yo", "xo", "yi", "xi")
  inside:split("k", 16, "ko", "ki")
  inside:cache_write("C", "local")
  inside:reverse_compute_at("C.store", "xi")
  inside:bind("yi", "threadIdx.y"):bind("xi", "threadIdx.x")
  inside:cache_read("C", "A", "shared")
  local e = t.raises("shared_in_threads", function() inside:compute_at("A.shared", "ko") end, { s = inside })
  t.contains(e.fix, "bring ko outside of the loops over threads")
end)

local function barriers(s)
  local _, n = s:lowered "cuda":gsub("barrier%(", "")
  return n
end

t.test("a copy whose loops are fused and split for the threads takes no more memory, and waits once", function()
  for _, case in ipairs { { 32, 1, 100, 8 }, { 16, 2, 97, 8 }, { 8, 1, 33, 8 }, { 16, 2, 64, 16 } } do
    local tile, more, n, threads = table.unpack(case)
    local text = "A: float32[%d, %d]; B: float32[%d, %d]; B[y, x] = A[y, x] + A[y + %d, x] + A[y, x + %d]"
    local s = tvm.schedule(te(text:format(n + more, n + more, n, n, more, more)))
    s:tile("y", "x", tile, tile, "yo", "xo", "yi", "xi")
    s:cache_read("B", "A", "shared")
    s:compute_at("A.shared", "xo")
    s:bind("yo", "blockIdx.y"):bind("xo", "blockIdx.x")
    s:split("yi", threads, "ys", "yt")
    s:split("xi", threads, "xs", "xt")
    s:reorder("yt", "xt", "ys", "xs")
    s:bind("yt", "threadIdx.y"):bind("xt", "threadIdx.x")
    s:split(s:fuse({ "A.shared/y", "A.shared/x" }, "f"), { -1, threads, threads }, "fo", "fy", "fx")
    s:bind("fy", "threadIdx.y"):bind("fx", "threadIdx.x")
    t.contains(s:lowered(), ("alloc A.shared: float32[%d, %d] shared"):format(tile + more, tile + more))
    t.eq(barriers(s), 1)
    local a = tvm.random { n + more, n + more }
    t.ok(s:check(a) == s:at(0):run(a), s:ir())
  end
end)

-- Two halves of a copy, by 64 threads, of which the second is indexed so; and how it waits.
local function halves(second)
  return tvm.parse(([[
func f(A: int32[99]) -> C: int32[7, 18]:
  alloc S: int32[99, 18] shared
  for t in bind("threadIdx.x", 64):
    S[t//18, t %% 18] = A[t]
  for t in bind("threadIdx.x", 64):
    %s = A[t]
  for t in bind("threadIdx.x", 64):
    C[t//18, t %% 18] = S[6 - t//18, t %% 18]
]]):format(second))
end

t.test("halves of a copy wait for each other unless they surely have no element in common", function()
  t.eq(barriers(halves "S[(t + 64)//18, (t + 64) % 18]"), 1)
  t.eq(barriers(halves "S[(t + 10)//18 + 3, (t + 10) % 18]"), 1) -- 64 is 54 + 10
  t.eq(barriers(halves "S[(t + 63)//18, (t + 63) % 18]"), 2) -- 63 is in both
  t.eq(barriers(halves "S[(t + 64)//18, (t + 65) % 18]"), 2) -- digits of two numbers
  t.eq(barriers(halves "S[(t + 64)//18, (t + 46) % 18]"), 1) -- of one, up to a multiple of 18
  t.eq(barriers(halves "S[(t + 64)//17, (t + 64) % 17]"), 2) -- of a number in another base
  t.eq(barriers(halves "S[(t + 64)//18, (t*3 + 64) % 18]"), 2)
  t.eq(barriers(halves "S[t//18, t % 18]"), 1) -- each thread its own
  local three = tvm.parse [[
func f() -> C: int32[1]:
  alloc S: int32[3, 4, 5] shared
  for u in range(2):
    for t in bind("threadIdx.x", 30):
      S[(u*30 + t)//20, (u*30 + t)//5 % 4, (u*30 + t) % 5] = 1
  for t in bind("threadIdx.x", 30):
    if t < 1:
      C[0] = S[2, 3, 4]
]]
  t.eq(barriers(three), 1)
end)

t.test("the axes of a copy have names of their own where the program's are called ax1", function()
  for _, read in ipairs { "A[ax1 * 2 + 1, 3]", "A[ax1, 3]" } do
    local s = tvm.schedule(te("A: float32[9, 4]; B: float32[4, 4]; B[ax0, ax1] = " .. read))
    s:cache_read("B", "A", "shared")
    t.contains(s:verify(), "proven")
  end
end)

t.done()
