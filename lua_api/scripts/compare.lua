-- compare.lua -- tables of timings: tvm.compare, tvm.whatif, and the machine's measured peak.
-- Of what a script is given: view() is the width of the terminal, whether it shows letters beyond ASCII, whether lines
-- have to fit into it, what the person calls the value that is shown, and whether nothing may be left out; leave_out()
-- says that a view has no room for all; class(name) makes the metatable of values; own_name(value, otherwise) is what the
-- person calls one; progress(text) says what whoever waits may like to know, and progress() that it is over;
-- until_stopped(f, …) calls f(…) and says whether a request to stop ended it; tell(line, value) is for the
-- person, and heard(value) says that it was told there where the value is shown now
local workbench = ...
local view, leave_out, class = workbench.view, workbench.leave_out, workbench.class
local own_name, progress = workbench.own_name, workbench.progress
local until_stopped, tell, heard = workbench.until_stopped, workbench.tell, workbench.heard
local M = {}

local function time_text(seconds)
  local _, beyond_ascii = view()
  for _, unit in ipairs { { 1, "s" }, { 1e-3, "ms" }, { 1e-6, beyond_ascii and "µs" or "us" } } do
    if seconds >= 0.9995 * unit[1] then return ("%.3g %s"):format(seconds / unit[1], unit[2]) end
  end
  return ("%.3g ns"):format(seconds * 1e9)
end

-- Of a kernel that computes nothing, "-"; never a power of ten.
local function gflops_text(gflops)
  if gflops <= 0 then return "-" end
  return gflops < 0.001 and "<0.001" or (gflops < 999.5 and "%.3g" or "%.0f"):format(gflops)
end

-- How wide a text stands: letters beyond ASCII take several bytes and one cell.
local function cells(text)
  return utf8.len(text) or #text
end

local GAP = 2 -- cells between columns

-- `text` in at most `most` cells, with a mark where it was cut; bytes that are no UTF-8 take a cell each.
local function shortened(text, most)
  local _, beyond_ascii = view()
  local mark = beyond_ascii and "…" or "..."
  if cells(text) <= most then return text end
  local kept = most - cells(mark)
  return text:sub(1, utf8.len(text) and utf8.offset(text, kept + 1) - 1 or kept) .. mark
end

-- The same, of what stands nowhere else.
local function cut(text, most)
  if cells(text) > most then leave_out() end
  return shortened(text, most)
end

-- How wide each column stands.
local function widths(rows)
  local width = {}
  for _, row in ipairs(rows) do
    for c, text in ipairs(row) do width[c] = math.max(width[c] or 0, cells(text)) end
  end
  return width
end

local function total(width)
  local sum = -GAP
  for _, w in ipairs(width) do sum = sum + w + GAP end
  return sum
end

-- The columns of the table that `kept` names by number, in that order.
local function columns_of(rows, kept)
  local out = {}
  for i, row in ipairs(rows) do
    out[i] = {}
    for k, c in ipairs(kept) do out[i][k] = row[c] end
  end
  return out
end

-- The rows within `room` cells: columns go, those that `drop` names first, then labels in column `label` are cut.
-- Returns the rows, and whether something is not there.
local function fitted(rows, room, label, drop)
  local kept = {}
  for c in ipairs(rows[1]) do kept[c] = c end
  local shown = columns_of(rows, kept)
  for _, heading in ipairs(drop) do
    if total(widths(shown)) <= room then break end
    for k, c in ipairs(kept) do
      if rows[1][c] == heading then table.remove(kept, k) end
    end
    shown = columns_of(rows, kept)
  end
  local over = total(widths(shown)) - room
  local most = math.max(8, widths(shown)[label] - math.max(over, 0))
  for _, row in ipairs(shown) do row[label] = cut(row[label], most) end
  return shown, #kept < #rows[1]
end

-- All columns, in as many tables of at most `room` cells as that takes; each begins with the labels, the first `left`.
local function split(rows, room, left)
  local tables, labels = {}, {}
  for c = 1, left do labels[c] = c end
  local kept = labels
  for c = left + 1, #rows[1] do
    local wider = table.move(kept, 1, #kept, 1, {})
    wider[#wider + 1] = c
    if #kept > left and total(widths(columns_of(rows, wider))) > room then
      tables[#tables + 1] = columns_of(rows, kept)
      wider = table.move(labels, 1, left, 1, {})
      wider[#wider + 1] = c
    end
    kept = wider
  end
  tables[#tables + 1] = columns_of(rows, kept)
  return tables
end

-- Lines of columns, all of one width; the first `left` columns to the left, the others to the right.
local function align(rows, left)
  local width, lines = widths(rows), {}
  for i, row in ipairs(rows) do
    local parts = {}
    for c, text in ipairs(row) do
      local pad = (" "):rep(width[c] - cells(text))
      parts[c] = c <= left and text .. pad or pad .. text
    end
    lines[i] = table.concat(parts, (" "):rep(GAP))
  end
  return lines
end

local BAR, LEAST_BAR = 24, 6 -- cells of the longest bar, where there is room; shorter ones tell nothing

-- Puts a bar as long as shares[i] behind line i, and the heading behind the first, in what the columns leave of the
-- view; false, and no bars, where that is too little.
local function add_bars(lines, shares, heading)
  local width, beyond_ascii = view()
  local room = math.min(BAR, width - cells(lines[1]) - GAP)
  if room < LEAST_BAR then return false end
  for i, share in pairs(shares) do
    lines[i] = lines[i] .. "  " .. (beyond_ascii and "█" or "#"):rep(math.max(1, math.floor(share * room + 0.5)))
  end
  lines[1] = lines[1] .. "  " .. heading
  return true
end

-- The rows as a table within the view: the first `left` columns are the labels, and the columns headed as `drop` names
-- them are left out where there is no room, or stand in further tables where nothing may be left out.  Behind row i a
-- bar as long as shares[i], in what the columns leave, or behind the labels in a further table; `heading` says what long
-- bars mean.
local function table_text(rows, left, drop, shares, heading)
  local width, beyond_ascii, fits, _, all = view()
  local mark, left_out, tables = beyond_ascii and " …" or " ...", false, { rows }
  if fits and all then
    tables = split(rows, width, left)
  elseif fits and total(widths(rows)) > width then
    tables[1], left_out = fitted(rows, width - cells(mark), left, drop)
  end
  for i, part in ipairs(tables) do tables[i] = align(part, left) end
  if left_out then
    tables[1][1] = tables[1][1] .. mark
    leave_out()
  elseif not add_bars(tables[1], shares, heading) and all then
    local labels = align(columns_of(rows, table.move({ 1, 2 }, 1, left, 1, {})), left)
    if add_bars(labels, shares, heading) then tables[#tables + 1] = labels end
  end
  for i, lines in ipairs(tables) do tables[i] = table.concat(lines, "\n") end
  return (table.concat(tables, "\n\n"):gsub(" +\n", "\n"))
end

-- How many times: to hundredths below 10; below 0.1 and from 1000 on two digits, and never a power of ten.
local function times_text(ratio)
  if ratio >= 0.0995 and ratio < 999.5 then return (ratio < 10 and "%.2f" or ratio < 100 and "%.1f" or "%.0f"):format(ratio) end
  if ratio <= 0 or ratio == math.huge then return ("%.0f"):format(ratio) end
  local power = math.floor(math.log(ratio, 10)) - 1
  return ("%%.%df"):format(math.max(-power, 0)):format(math.floor(ratio / 10.0 ^ power + 0.5) * 10.0 ^ power)
end

-- A spread beyond the median itself is no number to read: what it is half the width of would begin below nothing.
local function percent_around(percent)
  local _, beyond_ascii = view()
  if percent > 100 then return "too noisy" end
  return ("%s%.1f%%"):format(beyond_ascii and "±" or "+-", percent)
end

local function spread(t)
  return percent_around(50 * (t.q3 - t.q1) / t.median)
end

local WIDE = 0.1 -- an interval, as a part of its ratio: that no difference was found in it says little

-- How many times as fast: the ratio with its interval, or that nothing is claimed.
local function verdict(a, b)
  local v = tvm.verdict(a, b)
  local ratio = v.text:find "x " and times_text(v.ratio) .. "x"
  if not ratio and (v.text ~= "no difference" or v.high - v.low <= WIDE * v.ratio) then return v.text end
  return ("%s  [%s, %s]"):format(ratio or v.text, times_text(v.low), times_text(v.high))
end

-- What a load by other programs did to a measurement, as a line below its table; "" where it hardly had one.
local function load_line(t)
  if t.waited < 0.05 then return "" end
  return ("\nthese runs waited %.0f%% of their time for a free processor: times and ratios hold for such a load only")
    :format(100 * t.waited)
end

-- The peak of as many cores, and what makes it doubtful, if anything.  One that `gflops` beats was measured while the
-- machine was busy with something else, and is measured again; where that does not help, it stays below.
local function peak_for(threads, gflops)
  local peak, remark = tvm.peak(threads)
  for _ = 1, 3 do
    if gflops <= peak then break end
    peak, remark = tvm.peak(threads, { again = true })
  end
  return peak, remark
end

-- Is the peak of several cores hardly more than one core's?  That of a busy machine: parts of it would say nothing.
local function is_hollow(peak, threads)
  return threads > 1 and peak < 0.75 * threads * tvm.peak(1)
end

-- "2, 3 and 5"
local function enumerated(list)
  local last = list[#list]
  return #list < 2 and tostring(last) or table.concat(list, ", ", 1, #list - 1) .. " and " .. last
end

-- Which rows have no share for their peak is of no use, as the beginning of a line.
local function without_share(items, threads)
  local rows = {}
  for i, t in ipairs(items) do
    if t.gflops > 0 and t.threads == threads then rows[#rows + 1] = i end
  end
  return ("row%s %s %s no %% peak"):format(#rows > 1 and "s" or "", enumerated(rows), #rows > 1 and "have" or "has")
end

-- Each one's part of the peak of as many cores, false where it has none or the peak is of no use; and a line for each
-- peak that is in doubt.
local function shares_of_peak(items)
  local most, peaks, hollow, shares, remarks = {}, {}, {}, {}, ""
  for _, t in ipairs(items) do most[t.threads] = math.max(most[t.threads] or 0, t.gflops) end
  for i, t in ipairs(items) do
    local threads, remark = t.threads, nil
    if t.gflops > 0 and threads > 0 and not peaks[threads] then
      peaks[threads], remark = peak_for(threads, most[threads])
      hollow[threads] = remark and is_hollow(peaks[threads], threads)
      if remark then
        remarks = remarks .. "\n" .. (hollow[threads] and without_share(items, threads) or "% peak") .. ": " .. remark
      end
    end
    shares[i] = t.gflops > 0 and threads > 0 and not hollow[threads] and t.gflops / peaks[threads]
  end
  return shares, remarks
end

-- ---- compare ----

local comparison = class "Comparison"

-- How the i-th compares with the first.
function comparison:against(i)
  return i == 1 and "1" or verdict(self.items[i], self.items[1])
end

-- Of how many cores the peak is that a row is held against, as a line; "" where it is one for all.
local function cores_line(items, shares)
  local several, one, cores, hollow = {}, false, 1, false
  for i, t in ipairs(items) do
    if shares[i] and t.threads > 1 then several[#several + 1], cores = i, t.threads end
    one = one or shares[i] and t.threads == 1
    hollow = hollow or not shares[i] and t.gflops > 0 and t.threads > 1
  end
  if #several == 0 then return one and hollow and "\n% peak is of one core" or "" end
  local line = ("\n%% peak is of %d cores"):format(cores)
  return not one and line or
    ("%s in row%s %s, of one in the others"):format(line, #several > 1 and "s" or "", enumerated(several))
end

-- The heading over how rows compare with the first: its name, without what stands there in parentheses, as much of it as
-- stands above the rows without taking the bars' room, or its place where that is hardly a letter.
local function against_heading(label, rows)
  local heading, column = "against " .. (label:match "^([%a_][%w_]*) %(.*%)$" or label), 4
  local width, _, fits, _, all = view()
  local wide = widths(rows)
  if not fits or all and wide[1] + GAP + cells(heading) <= width then return heading end
  local room, bars = width - total(wide), GAP + LEAST_BAR
  local most = wide[column] + math.max(0, room >= bars and room - bars or room)
  if cells(heading) <= most then return heading end
  return (all or most < cells "against abcd…") and "against row 1" or shortened(heading, most)
end

function comparison:__tostring()
  local rows, shares, best = { { "", "median", "spread", "", "GFLOP/s", "% peak" } }, {}, math.huge
  local beaten
  for _, t in ipairs(self.items) do best = math.min(best, t.median) end
  for i, t in ipairs(self.items) do
    local share = self.shares[i]
    beaten = beaten or share and share > 1
    rows[i + 1] = { t.label, time_text(t.median), spread(t), self:against(i), gflops_text(t.gflops),
      not share and "-" or share > 1 and "?" or ("%.1f"):format(100 * share) }
    shares[i + 1] = best / t.median
  end
  rows[1][4] = against_heading(self.items[1].label, rows)
  local text = table_text(rows, 1, { "spread", "GFLOP/s", "% peak" }, shares, "speed")
  return text .. (text:find("% peak", 1, true) and self.cores or "") ..
    (beaten and "\n?  is more than float32 multiply-adds reached when that was measured, so it is no part of a peak" or "") ..
    self.remarks .. load_line(self.items[1])
end

function comparison:show(path)
  local notes, ratios = { "" }, false
  for i = 2, #self.items do
    notes[i] = self:against(i)
    ratios = ratios or notes[i]:find("x ", 1, true)
  end
  return tvm.bars(self.items, path, { title = "time of a run", notes = notes, against = ratios and self.items[1].label or nil })
end

-- What `--json` writes: each program's numbers, and how it compares with the first.
function comparison:__json()
  local rows = {}
  for i, t in ipairs(self.items) do
    local v = i > 1 and tvm.verdict(t, self.items[1]) or nil
    rows[i] = { timing = t, share_of_peak = self.shares[i], against_first = v and
      { verdict = v.text, ratio = v.ratio, low = v.low, high = v.high } }
  end
  return { type = "Comparison", rows = rows, text = tostring(self) }
end

-- `remarks` are lines on what the rows are.
function M.compare(items, remarks)
  local shares, doubts = shares_of_peak(items)
  local c = { items = items, shares = shares, cores = cores_line(items, shares), remarks = remarks .. doubts }
  return setmetatable(table.move(items, 1, #items, 1, c), comparison)
end

-- ---- profile ----

local profile = class "Profile"

function profile:__tostring()
  local rows, shares = { { "", "median", "spread", "share", "GFLOP/s" } }, {}
  for i, k in ipairs(self) do
    shares[i + 1] = k.share
    rows[i + 1] = { k.name, time_text(k.ms * 1e-3), percent_around(k.spread), ("%.1f%%"):format(100 * k.share),
      gflops_text(k.gflops) }
  end
  rows[#rows + 1] = { "all", time_text(self.ms * 1e-3), "", "", gflops_text(self.gflops) }
  return table_text(rows, 1, { "GFLOP/s", "spread" }, shares, "") ..
    "\nall: the sum of the kernels, each timed by itself; tvm.time repeats whole runs, all warm" ..
    load_line(self)
end

function profile:__json()
  local kernels = {}
  for i, k in ipairs(self) do kernels[i] = { name = k.name, ms = k.ms, share = k.share, spread = k.spread, gflops = k.gflops } end
  return { type = "Profile", ms = self.ms, gflops = self.gflops, waited = self.waited, kernels = kernels, text = tostring(self) }
end

local function median(list)
  local sorted = table.move(list, 1, #list, 1, {})
  table.sort(sorted)
  return (sorted[(#sorted + 1) // 2] + sorted[#sorted // 2 + 1]) / 2, sorted
end

function M.profile(rows)
  local p, flops = setmetatable({ ms = 0, waited = rows.waited }, profile), 0
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

local what_if = class "WhatIf"

-- Every combination of {{"ty", 4, 8}, {"tx", 32, 64}}, the last name quickest, as tables by name.
local function combinations(grid)
  local all = { {} }
  for _, row in ipairs(grid) do
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

-- A value of the grid as it is written: the items of a list, then those with names; `inside` a table strings are quoted.
local function written(value, inside)
  if type(value) == "string" and inside then return ("%q"):format(value) end
  if type(value) ~= "table" or getmetatable(value) then return tostring(value) end
  if (inside or 0) >= 4 then return "{…}" end
  local parts, named = {}, {}
  for i, item in ipairs(value) do parts[i] = written(item, (inside or 0) + 1) end
  for key, item in pairs(value) do
    if not (math.type(key) == "integer" and key >= 1 and key <= #parts) then
      local name = type(key) == "string" and key:find "^[%a_][%w_]*$" and key or ("[%s]"):format(written(key, 4))
      named[#named + 1] = ("%s = %s"):format(name, written(item, (inside or 0) + 1))
    end
  end
  table.sort(named)
  return "{" .. table.concat(table.move(named, 1, #named, #parts + 1, parts), ", ") .. "}"
end

local function name_of(grid, chosen)
  local parts = {}
  for i, row in ipairs(grid) do parts[i] = row[1] .. "=" .. written(chosen[row[1]]) end
  return table.concat(parts, " ")
end

-- What the schedule function gets: a name that the grid lacks is a mistake, not nil.
local function parameters(grid, chosen)
  local p = {}
  for k, v in pairs(chosen) do p[k] = v end
  return setmetatable(p, { __index = function(_, key)
    local names = {}
    for i, row in ipairs(grid) do names[i] = row[1] end
    error(("the grid has no '%s'; it has %s"):format(tostring(key), table.concat(names, ", ")), 2)
  end })
end

-- Why a row was refused, in a line; `step` says that a step may have been, which is then named.  Nobody counts the
-- prompt's inputs, so that "[3]:1:" is left out.
local function reason(e, step)
  if e == nil then return "an error without a message" end
  local function member(name) -- anything may be raised, also what has no members, or refuses to be asked
    local ok, text = pcall(function() return e[name] end)
    return ok and type(text) == "string" and text
  end
  local coded, what = type(e) ~= "string" and member "why", member "what"
  local ok, text = pcall(tostring, e)
  local why = (coded or ok and text or "an error that has no text"):gsub("\n.*", ""):gsub("^%[%d+%]:%d+: ", "")
  return step and coded and what and what .. ": " .. why or why
end

-- The options that an error of tvm.time advises, as they are typed: inputs, where those that it made up did not fit.
local function options_of(e)
  local ok, fix = pcall(function() return e.fix end)
  return ok and type(fix) == "string" and fix:match "{ inputs = .* }"
end

-- Were two rows timed in turns, without a difference that shows?
local function tied(a, b)
  return a.in_turns and b.in_turns and tvm.verdict(a.timing, b.timing).text == "no difference"
end

-- How many times as fast `r` is as `best`: of the rounds' ratios where both were timed in turns, else of the medians.
local function ratio_to(best, r)
  if r == best then return 1 end
  if r.in_turns and best.in_turns then return tvm.verdict(r.timing, best.timing).ratio end
  return best.timing.median / r.timing.median
end

-- The quickest of those that were timed in turns, or of all where none was.  Ratios of rounds may go in a circle, of
-- which any is as good.
local function best_of(ran)
  local best
  for _, r in ipairs(ran) do
    if not best or r.in_turns and not best.in_turns then best = r end
  end
  for _ = 1, #ran do
    local quicker
    for _, r in ipairs(ran) do
      if r.in_turns == best.in_turns and ratio_to(best, r) > (quicker and quicker.ratio or 1) then
        quicker = { row = r, ratio = ratio_to(best, r) }
      end
    end
    if not quicker then break end
    best = quicker.row
  end
  return best
end

-- The rows that ran and the schedule as it was, by the ratio to the best that is printed beside them.  One that was only
-- seen in a short run of its own stands above none that was found to be the best in turns.
local function ranking(w)
  local ran = {}
  local function add(row, timing, in_turns)
    row.timing, row.in_turns = timing, in_turns
    ran[#ran + 1] = row
  end
  for rank, r in ipairs(w) do
    if r.timing then add({ rank = rank, name = r.name }, r.timing, r.in_turns or false) end
  end
  if w.before then add({ name = "as it was" }, w.before, true) end
  local best, place = best_of(ran), {}
  for i, r in ipairs(ran) do r.ratio, place[r] = ratio_to(best, r), i end
  table.sort(ran, function(a, b)
    if a == best or b == best then return a == best and b ~= best end
    if a.ratio ~= b.ratio then return a.ratio > b.ratio end
    if a.in_turns ~= b.in_turns then return a.in_turns end
    return place[a] < place[b]
  end)
  local above -- the last that was timed in turns
  for i, r in ipairs(ran) do
    r.tied = i > 1 and (tied(ran[1], r) or above ~= nil and tied(above, r))
    if r.in_turns then above = r end
  end
  return ran
end

-- How a row compares with the quickest, as a number by which the rows stand: that no difference was found, its mark says.
-- Of what was not timed in turns with it no interval is known.
local function against(best, r)
  if r == best then return "1" end
  if not (r.in_turns and best.in_turns) then return "about " .. times_text(r.ratio) .. "x" end
  local v = tvm.verdict(r.timing, best.timing)
  local ratio = times_text(v.ratio) .. "x"
  if v.text == "too few rounds" then return ratio .. ", " .. v.text end
  return ("%s  [%s, %s]"):format(ratio, times_text(v.low), times_text(v.high))
end

-- A line for each reason, with all the rows that it refused.
local function refusals(w)
  local out, names = {}, {}
  for _, r in ipairs(w) do
    if r.why and not names[r.why] then out[#out + 1], names[r.why] = r.why, {} end
    if r.why then table.insert(names[r.why], r.name) end
  end
  for i, why in ipairs(out) do out[i] = "refused: " .. table.concat(names[why], ", ") .. ": " .. why end
  return out
end

local function table_of(ran)
  local rows, shares, best = { { "", "", "median", "spread", "against the best", "GFLOP/s" } }, {}, ran[1]
  local same, alone, order, above = "", "", "", best.timing.median
  for _, r in ipairs(ran) do
    local t, mark = r.timing, r.tied and "=" or not r.in_turns and "?" or ""
    if r.tied then same = "\n=  no difference from the best or from the row above" end
    if not r.in_turns then alone = "\n?  timed in a short run of its own only: its place is not certain" end
    rows[#rows + 1] = { (r.rank or "") .. mark, r.name, time_text(t.median), spread(t), against(best, r),
      gflops_text(t.gflops) }
    if t.median < above then
      order = "\nthe rows stand by their ratio to the best: that of rounds made in turns, which their medians need not follow"
    end
    above = t.median
    shares[#rows] = math.min(1, r.ratio)
  end
  return table_text(rows, 2, { "GFLOP/s", "spread" }, shares, "speed") .. same .. alone .. order .. load_line(best.timing)
end

local function interruption(w)
  local again = #w == w.total and ", and not timed in turns" or ""
  return ("interrupted: %d of %d tried%s"):format(#w, w.total, again)
end

-- What to type next: of a schedule that nobody named, so that it has a name.
local function advice(w)
  local _, _, _, called = view()
  local adopt, name = (called or "w") .. ":adopt(1)", own_name(w.schedule)
  if name then return adopt .. " takes the steps of row 1 on " .. name end
  return ("s = %s takes the steps of row 1 on the schedule, and calls it s"):format(adopt)
end

function what_if:__tostring()
  local out, ran, tried = refusals(self), ranking(self), self[1] and self[1].timing
  table.insert(out, 1, tried and table_of(ran) or "no combination ran")
  if self.options then
    out[#out + 1] = ("give inputs that fit: tvm.whatif(f, grid, %s, %s)"):format(own_name(self.schedule, "s"), self.options)
  end
  if self.unfinished and not heard(self) then out[#out + 1] = interruption(self) end
  if tried then
    out[#out + 1] = (ran[1].rank and "" or "no row is quicker than the schedule as it was; still, ") .. advice(self)
  end
  return table.concat(out, "\n")
end

function what_if:__json()
  local rows, ran, before = {}, ranking(self), nil
  for _, r in ipairs(ran) do
    local row = { name = r.name, timing = r.timing, against_best = against(ran[1], r), in_turns = r.in_turns, tied = r.tied }
    if r.rank then
      row.rank, row.chosen = r.rank, self[r.rank].chosen
      rows[r.rank] = row
    else
      before = row
    end
  end
  for i, r in ipairs(self) do rows[i] = rows[i] or { name = r.name, chosen = r.chosen, why = r.why } end
  return { type = "WhatIf", rows = rows, as_it_was = before, total = self.total, text = tostring(self) }
end

-- Raises if the steps of a row stand in the schedule, and says how they are taken back for those of `rank`.
local function refuse_adopted(w, rank)
  local done, s = w.adopted, w.schedule
  if not done or s.step < done.last or s:at(done.last) ~= done.version then return end
  local own, several = own_name(w, "w"), done.last > done.first
  error(("row %d is adopted already, as step%s %d%s\n  hint: %s:undo(%d) takes %s back%s, and then %s:adopt(%d)"):format(
    done.rank, several and "s" or "", done.first, several and " to " .. done.last or "",
    own_name(s, own .. ".schedule"), s.step - done.first + 1, several and "them" or "it",
    s.step > done.last and ", with what was done since" or "", own, rank), 4)
end

-- Takes the steps of row `rank` on the schedule that was asked about.
function what_if:adopt(rank)
  rank = rank or 1
  if math.type(rank) ~= "integer" then error(("a rank is a number: %s:adopt(1) takes the steps of row 1"):format(own_name(self, "w")), 3) end
  local row = rawget(self, rank)
  if not row then
    local ran = 0
    for i = 1, #self do ran = ran + (self[i].timing and 1 or 0) end
    error(("there is no row %d: %s"):format(rank, ran > 1 and "those that ran are 1 to " .. ran
      or ran == 1 and "only row 1 ran" or "none ran"), 3)
  end
  if not row.timing then error(("row %d did not run: %s"):format(rank, row.why or "it was not its turn yet"), 3) end
  refuse_adopted(self, rank)
  local p, schedule = parameters(self.grid, row.chosen), self.schedule
  local first = schedule.step + 1
  schedule:steps(function() self.f(schedule, p) end)
  if schedule.step >= first then
    self.adopted = { rank = rank, first = first, last = schedule.step, version = schedule:at() }
  end
  return schedule
end

-- Times the quickest rows and the schedule as it was once more, in turns, so that one may be said to beat another.
local function play_off(w, before, trials, options)
  local best, items, rows = w[1].timing, { before }, {}
  for i, r in ipairs(w) do
    if not r.timing or i > 8 or r.timing.q1 > 1.25 * best.q3 then break end
    rows[i], items[i + 1] = r, trials[r]
  end
  local ok, timings = pcall(tvm.time_all, items, options)
  if not ok then return end
  for i, r in ipairs(rows) do r.timing, r.in_turns = timings[i + 1], true end
  w.before = timings[1] -- the last: without it the round counts as interrupted
end

-- Puts the rows in the order of their ranking, the refused ones last.
local function rank(w)
  local order, rows = {}, table.move(w, 1, #w, 1, {})
  for _, r in ipairs(ranking(w)) do
    if r.rank then order[#order + 1] = rows[r.rank] end
  end
  for _, r in ipairs(rows) do
    if not r.timing then order[#order + 1] = r end
  end
  table.move(order, 1, #order, 1, w)
end

-- Tries the combinations, each on a fork of its own, which `trials` keeps if it ran.
local function try(w, all, trials, options)
  for i, chosen in ipairs(all) do
    progress(("%d of %d combinations"):format(i, #all))
    local row = { name = name_of(w.grid, chosen), chosen = chosen }
    local trial = w.schedule:fork()
    local stepped, e = pcall(w.f, trial, parameters(w.grid, chosen))
    local ok = stepped
    if stepped then
      ok, e = pcall(tvm.time, trial, options)
      if ok then row.timing, trials[row] = e, trial end
    end
    if not ok then row.why = reason(e, not stepped) end
    w.options = w.options or stepped and not ok and options_of(e) or false
    w[#w + 1] = row
  end
end

-- Fills the rows of w.  It may be stopped anywhere: a row is there when it is finished.
local function try_and_play_off(w, all, trials, before, options)
  local inputs = options and options.inputs
  if inputs and not next(options, (next(options))) then options = nil end -- how long it takes stays as it is
  try(w, all, trials, options or { ["repeat"] = 7, min_repeat_ms = 1, inputs = inputs })
  rank(w)
  if w[1] and w[1].timing then
    progress "the quickest once more"
    play_off(w, before, trials, options or { min_repeat_ms = 1, inputs = inputs })
  end
end

function M.whatif(f, grid, schedule, options)
  local w, trials = { f = f, grid = grid, schedule = schedule, before = false, unfinished = false, adopted = false,
    options = false }, {}
  local all, before = combinations(grid), schedule:fork()
  w.total = #all
  setmetatable(w, what_if)
  local stopped = until_stopped(try_and_play_off, w, all, trials, before, options)
  rank(w)
  w.unfinished = stopped and not w.before
  progress()
  if w.unfinished then tell(interruption(w), w) end
  return w
end

return M
