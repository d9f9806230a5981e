-- gemm.lua -- C = A^T B in float32: compiling it, calling it, and its speed against libraries.
local measure = require "measure"
local yardstick = require "yardstick"
local gemm = {}

-- The cells of Lua under some headings of the lesson `computation`, without the names that stand alone
-- on a line for the prompt to show.
local function cells(headings)
  local out, heading, cell = {}, nil, nil
  for line in io.lines "tutorials/computation.md" do
    heading = line:match "^#+ (.*)" or heading
    if line == "```lua" and headings[heading] then
      cell = {}
    elseif line == "```" and cell then
      out[#out + 1] = table.concat(cell, "\n")
      cell = nil
    elseif cell and (line == "end" or not line:find "^%a%w*$") then
      cell[#cell + 1] = line
    end
  end
  return out
end

-- What the lesson's variables hold after those cells, run for matrices of n by n.
local function lesson(n, headings)
  headings["Computation versus implementation"] = true
  local variables = setmetatable({ arg = { n } }, { __index = _G })
  for _, cell in ipairs(cells(headings)) do assert(load(cell, "=tutorials/computation.md", "t", variables))() end
  return variables
end

gemm.matmul = lesson(64, {}).matmul

-- The lesson's rung that tiles registers, which leaves k a loop of single steps.
function gemm.tiled(n)
  return lesson(n, { Packed = true, ["Register-tiled"] = true }).sr
end

-- The lesson's last rung before its loops run in parallel.
function gemm.unrolled(n)
  return lesson(n, { Packed = true, ["Register-tiled"] = true, Unrolled = true }).su
end

local function against(what, library, flags, program, n)
  local ok, peer = pcall(measure.compiled, program, "sgemm.c", flags)
  if not ok then return measure.absent(what .. ", against " .. library, "the library is not installed") end
  local kernel = gemm.unrolled(n):build()
  local ask, close = measure.peer(("OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 %s %d 0.01"):format(peer, n))
  local ours = function()
    return tvm.time(kernel, { ["repeat"] = 1, min_repeat_ms = 10, threads = 1 }).median
  end
  ours()
  local bar = n == 1024 and { least = 0.95 } or nil
  local a, b, ratio = yardstick.beside(library .. " " .. n, ask, ours, bar and 21 or 11)
  close()
  measure.about(what)
  measure.row("  ours, the last rung of the lesson", b, measure.seconds)
  measure.row("  " .. library, a, measure.seconds)
  measure.row("  our speed / theirs", ratio, function(x) return ("%.2f"):format(x) end, bar)
end

local function row(library, flags, program, n)
  local what = ("matmul %d, float32, 1 thread"):format(n)
  local ok, why = pcall(against, what, library, flags, program, n)
  if not ok then measure.absent(what .. ", against " .. library, tostring(why):match "[^\n]*") end
end

function gemm.run()
  for _, n in ipairs { 1024, 256, 512, 2048 } do row("oneDNN", "-DWITH_DNNL -ldnnl", "sgemm-dnnl", n) end
  row("OpenBLAS", "-lopenblas", "sgemm-openblas", 1024)
end

return gemm
