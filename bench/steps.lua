-- steps.lua -- schedule steps: one, twelve, printing, and the memory that one keeps.
local measure = require "measure"
local yardstick = require "yardstick"

local text = [[
func matmul(A: float32[1024, 1024], B: float32[1024, 1024]) -> C: float32[1024, 1024]:
  for y in range(1024):
    for x in range(1024):
      for k in range(1024):
        block C(y, x, k: reduce):
          init: C[y, x] = 0
          C[y, x] += A[k, y] * B[k, x]
]]

-- Nine loops: each of the three split twice.
local function tiled()
  local s = tvm.schedule(tvm.parse(text))
  s:split("y", { -1, 8, 4 }, "y0", "y1", "y2")
  s:split("x", { -1, 4, 16 }, "x0", "x1", "x2")
  s:split("k", { -1, 8, 4 }, "k0", "k1", "k2")
  return s:reorder { "y0", "x0", "k0", "y1", "x1", "k1", "y2", "x2", "k2" }
end

local primitives = {
  { "split", function(s) s:split("y2", 2) end },
  { "fuse", function(s) s:fuse { "y0", "x0" } end },
  { "reorder", function(s) s:reorder { "k1", "y2", "x2" } end },
  { "vectorize", function(s) s:vectorize "x2" end },
  { "unroll", function(s) s:unroll "y2" end },
  { "parallel", function(s) s:parallel "y0" end },
  { "cache_write", function(s) s:cache_write("C", "local") end },
  { "decompose_reduction", function(s) s:decompose_reduction("C", "k0") end },
}

local function twelve(s)
  s:split("y", 8, "yo", "yi")
  s:split("x", 32, "xo", "xi")
  s:split("k", 4, "ko", "ki")
  s:reorder { "yo", "xo", "ko", "ki", "yi", "xi" }
  s:cache_read("C", "B", "local")
  s:cache_write("C", "local")
  s:compute_at("B.local", "ko")
  s:reverse_compute_at("C.store", "xo")
  s:decompose_reduction("C", "ko")
  s:vectorize "C/xi"
  s:unroll "C/yi"
  s:parallel "yo"
end

local function resident()
  local pages = io.open "/proc/self/statm":read "a":match "%d+ (%d+)"
  return tonumber(pages) * 4096
end

return function()
  local s = tiled()
  measure.about "one schedule step on nine loops, taken and undone"
  for _, p in ipairs(primitives) do
    local result = yardstick.cpu(200, 25, function()
      p[2](s)
      s:undo()
    end)
    measure.row("  " .. p[1], result, measure.seconds, { most = 10e-6 })
  end
  measure.row("printing that program", yardstick.cpu(300, 25, function() s:ir() end),
    measure.seconds, { most = 80e-6 })
  local f = tvm.parse(text)
  measure.row("twelve steps to tiles, each verified", yardstick.cpu(20, 25, function()
    twelve(tvm.schedule(f))
  end), measure.seconds, { most = 150e-6 })

  local kept, before = {}, resident()
  for i = 1, 2000 do
    kept[i] = tvm.schedule(f)
    twelve(kept[i])
  end
  local bytes = (resident() - before) / (12 * #kept)
  measure.row("memory of one step kept in history", { median = bytes, low = bytes, high = bytes },
    function(b) return ("%.0f B"):format(b) end, { most = 2048 })
end
