-- worker.lua -- from a program to callable code, and a call of next to nothing.
local measure = require "measure"
local gemm = require "gemm"

-- A program that was not compiled before, each time: another extent, which the lesson's cuts fit.
local function compiling(make)
  local samples = {}
  for i = 1, 11 do
    local s = make(1024 * (1 + i))
    local start = tvm.clock()
    s:build()
    samples[i] = tvm.clock() - start
  end
  return measure.spread(samples)
end

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
  measure.row("  matmul as written", compiling(function(n)
    return tvm.schedule(gemm.matmul(n))
  end), measure.seconds, { most = 6e-3 })
  measure.row("  matmul in register tiles", compiling(gemm.tiled), measure.seconds, { most = 15e-3 })

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
