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

t.done()
