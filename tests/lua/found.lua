-- What the differential tester (tests/diff) found: programs that were once scheduled, lowered or compiled wrongly.
-- Each is run as it is defined, in the checking interpreter before and after lowering, and compiled.
-- test: cpu, threads
local t = dofile "tests/check.lua"

local function inputs(f)
  local out = {}
  for i, name in ipairs(f:names "buffers") do
    local b = f:buffer(name)
    if b.role == "parameter" then
      local float = b.dtype:find "float"
      out[#out + 1] = tvm.random(b.shape, b.dtype, { seed = i, lo = float and -1 or 0, hi = 3 })
    end
  end
  return out
end

local function found(name, text, schedule)
  t.test(name, function()
    local f = tvm.parse(text)
    local s = tvm.schedule(f)
    schedule(s)
    local given = inputs(f)
    local want = { f:build "interp":run(table.unpack(given)) }
    local function same(how, ...)
      for i, got in ipairs { ... } do
        local verdict = tvm.check(got, want[i], { rtol = 0, atol = 0 })
        if not verdict.ok then error(how .. tostring(verdict), 0) end
      end
    end
    same("scheduled: ", s:check(table.unpack(given)))
    same("lowered: ", tvm.parse(s:lowered()):check(table.unpack(given)))
    same("compiled: ", s:build "llvm -O0":run(table.unpack(given)))
    same("optimised: ", s:run(table.unpack(given)))
  end)
end

found("padded rows that outgrow the stack", [[
func f(A: int32[3, 13, 100]) -> Q: float32[3900]:
  alloc P: float32[3, 13, 100]
  for i in range(3):
    for j in range(13):
      for l in range(100):
        block P(i, j, l):
          P[i, j, l] = float32(A[i, j, l])
  for i in range(3900):
    block Q(i):
      Q[i] = P[i//100//13, i//100%13, i%100]
]], function() end)

found("full tiles of several statements", [[
func f(A: int32[4]) -> Q: int32[]:
  alloc P: int32[4]
  for i in range(4):
    block P(i):
      P[i] = A[i] + 1
  for k in range(4):
    block Q(k: reduce):
      init: Q[] = 0
      Q[] += P[k]*P[k]
]], function(s)
  s:compute_at("P", "k")
  s:split("k", 3)
end)

local copy = [[
func f(A: int32[2, 1, 2]) -> P: int32[2, 1, 2]:
  for i in range(2):
    for j in range(1):
      for l in range(2):
        block P(i, j, l):
          P[i, j, l] = min(A[i, 0, l], 4)
]]

found("a loop becomes a thread axis around shared memory", copy, function(s)
  s:cache_write("P", "shared")
  s:reverse_compute_at("P.store", "P/j")
  s:bind("i", "threadIdx.x")
end)

found("memory that threads share, each its own part", copy, function(s)
  s:bind("i", "threadIdx.x")
  s:cache_write("P", "local")
  s:reverse_compute_at("P.store", "P/i")
  s:set_scope("P.local", "shared")
end)

found("a copy whose last part nothing writes", [[
func f(A: int32[6]) -> S: int32[6]:
  alloc R: int32[6]
  for z in range(6):
    block R(z):
      R[z] = A[z] + 1
  for l in range(6):
    block S(l):
      S[l] = R[l]*2
]], function(s)
  s:split("S/l", { 4, -1, 5 })
  s:compute_at("R", "l.1")
  s:cache_write("R", "local")
end)

found("a barrier in a loop that is cut", [[
func f(A: int32[3]) -> R: int32[3]:
  alloc P: int32[3]
  for i in range(3):
    block P(i):
      P[i] = A[i] + 1
  for y in range(3):
    block R(y):
      R[y] = P[2 - y]
]], function(s)
  s:set_scope("P", "shared")
  s:split("i", { -1, 1, 2 }, "io", "im", "it")
  s:split("y", { -1, 1, 2 }, "yo", "ym", "yt")
  s:bind("it", "threadIdx.x")
  s:bind("yt", "threadIdx.x")
end)

t.done()
