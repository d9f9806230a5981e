-- worker.lua -- from a program to callable code, and a call of next to nothing.
local measure = require "measure"
local yardstick = require "yardstick"
local gemm = require "gemm"

-- A function that compiles a program that was not compiled before, of another extent at each call: of `make(first)`,
-- `make(2 * first)` and so on. It returns the seconds.
local function compiling(first, make)
  local n = 0
  return function()
    n = n + first
    local s = make(n)
    local start = tvm.clock()
    s:build()
    return tvm.clock() - start
  end
end

local add = te.func("add", function(n)
  local A = te.placeholder({ n }, "float32", "A")
  return te.compute({ n }, function(i) return A(i) + 1 end, "C")
end)

local function untiled(f) return function(n) return tvm.schedule(f(n)) end end

local function calls(kernel, input, count, before)
  local samples = {}
  for i = 1, count do
    if before then before() end
    local start = tvm.clock()
    kernel:run(input)
    samples[i] = tvm.clock() - start
  end
  return measure.spread(samples)
end

return function()
  tvm.schedule(gemm.matmul(64)):build() -- starts the processes
  measure.about "a program compiled, to where it can be called"
  -- Compiling happens in another process, perhaps on another processor, so a small program is the yardstick.
  local yard = { name = "compiling", within = 1.15, run = compiling(4096, untiled(add)) }
  measure.row("  matmul as written", yardstick.quiet(11, compiling(1024, untiled(gemm.matmul)), yard),
    measure.seconds, { most = 6e-3 })
  -- The lesson's cuts fit multiples of 1024.
  measure.row("  matmul in register tiles", yardstick.quiet(11, compiling(1024, gemm.tiled), yard),
    measure.seconds, { most = 15e-3 })

  local f = te.func("empty", function()
    local A = te.placeholder({ 1 }, "float32", "A")
    return te.compute({ 1 }, function(i) return A(i) end, "C")
  end)()
  local kernel, input = tvm.schedule(f):build(), tvm.zeros { 1 }
  calls(kernel, input, 100)
  measure.about "a call of a kernel that does next to nothing"
  measure.row("  back to back", calls(kernel, input, 1000), measure.seconds, { most = 20e-6 })
  measure.row("  after 10 ms of rest", calls(kernel, input, 41, function()
    os.execute "sleep 0.01"
  end), measure.seconds, { most = 300e-6 })
end
