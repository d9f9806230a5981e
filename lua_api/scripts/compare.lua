-- compare.lua -- tables of timings: tvm.compare, tvm.whatif, and the machine's measured peak.
local view = ... -- view() is the width of the terminal, and whether it shows letters beyond ASCII
local M = {}

local function time_text(seconds)
  for _, unit in ipairs { { 1, "s" }, { 1e-3, "ms" }, { 1e-6, "us" } } do
    if seconds >= 0.9995 * unit[1] then return ("%.3g %s"):format(seconds / unit[1], unit[2]) end
  end
  return ("%.3g ns"):format(seconds * 1e9)
end

-- How wide a text stands: letters beyond ASCII take several bytes and one cell.
local function cells(text)
  return utf8.len(text) or #text
end

-- Lines of columns, all of one width; the first `left` columns to the left, the others to the right.
local function align(rows, left)
  local width, lines = {}, {}
  for _, row in ipairs(rows) do
    for c, text in ipairs(row) do width[c] = math.max(width[c] or 0, cells(text)) end
  end
  for i, row in ipairs(rows) do
    local parts = {}
    for c, text in ipairs(row) do
      local pad = (" "):rep(width[c] - cells(text))
      parts[c] = c <= left and text .. pad or pad .. text
    end
    lines[i] = table.concat(parts, "  ")
  end
  return lines
end

local BAR = 24 -- cells of the longest bar, where there is room

-- The rows as a table; behind row i a bar as long as shares[i], in what the columns leave of the view;
-- `heading` says what long bars mean.
local function table_text(rows, left, shares, heading)
  local width, beyond_ascii = view()
  local lines = align(rows, left)
  local room = math.min(BAR, width - cells(lines[1]) - 2)
  for i, share in pairs(room >= 4 and shares or {}) do
    lines[i] = lines[i] .. "  " .. (beyond_ascii and "█" or "#"):rep(math.max(1, math.floor(share * room + 0.5)))
  end
  if room >= 4 then lines[1] = lines[1] .. "  " .. heading end
  return (table.concat(lines, "\n"):gsub(" +\n", "\n"))
end

-- How many times: three digits.
local function times_text(ratio)
  return (ratio < 10 and "%.2f" or ratio < 100 and "%.1f" or "%.0f"):format(ratio)
end

local function spread(t)
  return ("±%.1f%%"):format(50 * (t.q3 - t.q1) / t.median)
end

-- ---- the machine's peak ----

local peaks = {}

-- Multiply-adds on registers alone: 24 sums of one vector each, which no memory slows down.
local peak_text = [[
func peak(A: float32[64], B: float32[64]) -> C: float32[%d, 6, 64]:
  for t in parallel(%d):
    alloc sum: float32[6, 64] local
    for i in unrolled(6):
      for l in vectorized(64):
        sum[i, l] = A[l]
    for k in range(100000):
      for i in unrolled(6):
        for l in vectorized(64):
          sum[i, l] fma= A[l] * B[l]
    for i in unrolled(6):
      for l in vectorized(64):
        C[t, i, l] = sum[i, l]
]]

-- GFLOP/s of float32 multiply-adds on `threads` cores, measured once in a session.
function M.peak(threads)
  if not peaks[threads] then
    local f = tvm.parse(peak_text:format(threads, threads))
    local t = tvm.time(f, { ["repeat"] = 7, min_repeat_ms = 5, threads = threads })
    peaks[threads] = threads * 100000 * 6 * 64 * 2 / t.min * 1e-9
  end
  return peaks[threads]
end

-- ---- compare ----

local comparison = {}
comparison.__index = comparison
comparison.__name = "Comparison"

-- How the i-th compares with the first.
function comparison:against(i)
  if i == 1 then return "1" end
  local v = tvm.verdict(self.items[i], self.items[1])
  if not v.text:find "x " then return v.text end -- nothing is claimed
  return ("%sx  [%s, %s]"):format(times_text(v.ratio), times_text(v.low), times_text(v.high))
end

function comparison:__tostring()
  local rows, shares, best = { { "", "median", "spread", "against " .. self.items[1].label, "GFLOP/s", "% peak" } }, {}, math.huge
  for _, t in ipairs(self.items) do best = math.min(best, t.median) end
  for i, t in ipairs(self.items) do
    local known = t.gflops > 0
    rows[i + 1] = { t.label, time_text(t.median), spread(t), self:against(i), known and ("%.3g"):format(t.gflops) or "-",
      known and ("%.1f"):format(100 * t.gflops / self.peak) or "-" }
    shares[i + 1] = best / t.median
  end
  return table_text(rows, 1, shares, "speed")
end

function comparison:show(path)
  local notes = {}
  for i = 2, #self.items do notes[i] = self:against(i) end
  notes[1] = ""
  return tvm.bars(self.items, path, { title = "time of a run", notes = notes })
end

function M.compare(list, options, cores)
  local threads = options and options.threads or cores
  return setmetatable({ items = tvm.time_all(list, options), peak = M.peak(threads) }, comparison)
end

-- ---- profile ----

local profile = {}
profile.__index = profile
profile.__name = "Profile"

function profile:__tostring()
  local rows, shares = { { "", "median", "spread", "share", "GFLOP/s" } }, {}
  for i, k in ipairs(self) do
    shares[i + 1] = k.share
    rows[i + 1] = { k.name, time_text(k.ms * 1e-3), ("±%.1f%%"):format(k.spread), ("%.1f%%"):format(100 * k.share),
      k.gflops > 0 and ("%.3g"):format(k.gflops) or "-" }
  end
  rows[#rows + 1] = { "all", time_text(self.ms * 1e-3), "", "", ("%.3g"):format(self.gflops) }
  return table_text(rows, 1, shares, "")
end

local function median(list)
  local sorted = table.move(list, 1, #list, 1, {})
  table.sort(sorted)
  return (sorted[(#sorted + 1) // 2] + sorted[#sorted // 2 + 1]) / 2, sorted
end

function M.profile(rows)
  local p, flops = setmetatable({ ms = 0 }, profile), 0
  for i, r in ipairs(rows) do
    local m, sorted = median(r.samples)
    local spread = 50 * (sorted[(3 * #sorted + 3) // 4] - sorted[(#sorted + 3) // 4]) / m
    p[i] = { name = r.name, ms = m * 1e3, min = sorted[1] * 1e3, gflops = r.flops / m * 1e-9, spread = spread }
    p.ms, flops = p.ms + m * 1e3, flops + r.flops
  end
  for _, k in ipairs(p) do k.share = k.ms / p.ms end
  p.gflops = flops / p.ms * 1e-6
  return p
end

-- ---- what if ----

local what_if = {}
what_if.__index = what_if
what_if.__name = "WhatIf"

-- Every combination of {{"ty", 4, 8}, {"tx", 32, 64}}, the last name quickest, as tables by name.
local function combinations(grid)
  if #grid == 0 then error("the grid is a list of rows, for their order counts: {{\"ty\", 4, 8}, {\"tx\", 32, 64}}", 3) end
  local all = { {} }
  for at, row in ipairs(grid) do
    if type(row) ~= "table" or type(row[1]) ~= "string" or #row < 2 then
      error(("row %d of the grid must be a name and its values, such as {\"ty\", 4, 8}"):format(at), 3)
    end
    local more = {}
    for _, chosen in ipairs(all) do
      for i = 2, #row do
        local next_one = {}
        for k, v in pairs(chosen) do next_one[k] = v end
        next_one[row[1]] = row[i]
        more[#more + 1] = next_one
      end
    end
    all = more
  end
  return all
end

local function name_of(grid, chosen)
  local parts = {}
  for i, row in ipairs(grid) do parts[i] = row[1] .. "=" .. tostring(chosen[row[1]]) end
  return table.concat(parts, " ")
end

local function first_line(e)
  return (tostring(e.why or e):gsub("\n.*", ""))
end

function what_if:__tostring()
  local rows, shares, best = { { "", "", "median", "spread", "GFLOP/s" } }, {}, nil
  for rank, r in ipairs(self) do
    if r.timing then
      local t = r.timing
      best = best or t.median
      rows[#rows + 1] = { ("%d"):format(rank), r.name, time_text(t.median), spread(t),
        t.gflops > 0 and ("%.3g"):format(t.gflops) or "-" }
      shares[#rows] = best / t.median
    end
  end
  local out = { table_text(rows, 2, shares, "speed") }
  for _, r in ipairs(self) do
    if r.why then out[#out + 1] = "refused: " .. r.name .. ": " .. r.why end
  end
  if self.unfinished then out[#out + 1] = ("interrupted: %d of %d tried"):format(#self, self.total) end
  if best then out[#out + 1] = "w:adopt(1) takes the steps of the first on the schedule" end
  return table.concat(out, "\n")
end

-- Takes the steps of row `rank` on the schedule that was asked about.
function what_if:adopt(rank)
  local row = self[rank or 1]
  if not row or not row.timing then error(("there is no row %s that ran"):format(tostring(rank or 1)), 2) end
  local chosen, schedule = row.chosen, self.schedule
  schedule:steps(function() self.f(schedule, chosen) end)
  return schedule
end

function M.whatif(f, grid, schedule, options)
  local w = { f = f, schedule = schedule }
  local all = combinations(grid)
  w.total = #all
  setmetatable(w, what_if)
  options = options or { ["repeat"] = 7, min_repeat_ms = 1 }
  for _, chosen in ipairs(all) do
    local row = { name = name_of(grid, chosen), chosen = chosen }
    local trial = schedule:fork()
    local ok, e = pcall(f, trial, chosen)
    if ok then
      ok, e = pcall(tvm.time, trial, options)
      if ok then row.timing = e end
    end
    if not ok then
      if type(e) ~= "string" and e.code == "interrupted" then
        w.unfinished = true
        break
      end
      row.why = first_line(e)
    end
    w[#w + 1] = row
  end
  table.sort(w, function(a, b)
    return (a.timing and a.timing.median or math.huge) < (b.timing and b.timing.median or math.huge)
  end)
  return w
end

return M
