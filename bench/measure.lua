-- measure.lua -- for the bench: samples and their spread, programs beside this one, the table.
local measure = { folder = "build/bench" }

-- The sample in the middle, and the quartiles around it.
function measure.spread(samples)
  local s = table.move(samples, 1, #samples, 1, {})
  table.sort(s)
  local function at(q)
    local place = 1 + q * (#s - 1)
    local low = math.floor(place)
    return s[low] + (place - low) * ((s[low + 1] or s[low]) - s[low])
  end
  return { median = at(0.5), low = at(0.25), high = at(0.75), n = #s }
end

-- A fixed piece of work that asks nothing of this project: the seconds that it takes.
local function counting()
  local start, x = tvm.clock(), 0
  for i = 1, 40000 do x = (x * 31 + i) & 0xffff end
  return tvm.clock() - start, x
end

local NEAR, LONGEST = 1.05, 8 -- times the quickest; seconds to look for such moments
local quickest = {}           -- seconds, by yardstick

-- How many samples were taken, and how many of them in moments when nobody else had the processor.
measure.taken, measure.near = 0, 0

-- What `sample` returns, `count` times, from moments in which nobody else had the processor: where processors are
-- shared, all that runs is slower for milliseconds or for minutes. `yard` tells such moments: it returns the seconds of
-- something fixed, and a sample is taken between two of it. It counts where both were within a twentieth of the
-- quickest; where there are too few of these for `longest` seconds, those count that have the quickest around them.
local function undisturbed(count, yard, sample, longest)
  local taken, before, deadline = {}, yard(), tvm.clock() + (longest or LONGEST)
  quickest[yard] = math.min(quickest[yard] or before, before)
  local function near()
    local n = 0
    for _, t in ipairs(taken) do n = n + (t.around <= NEAR * quickest[yard] and 1 or 0) end
    return n
  end
  repeat
    local value = sample()
    local after = yard()
    quickest[yard] = math.min(quickest[yard], after)
    taken[#taken + 1] = { value = value, before = before, after = after, around = math.max(before, after) }
    before = after
  until #taken >= count and (near() >= count or tvm.clock() > deadline)
  measure.taken, measure.near = measure.taken + #taken, measure.near + near()
  table.sort(taken, function(a, b) return a.around < b.around end)
  return table.move(taken, 1, count, 1, {})
end

-- The spread of `count` results of `sample`; without a yardstick, of some milliseconds' work of this process.
function measure.quiet(count, sample, yard)
  yard = yard or counting
  local start = tvm.clock()
  while not quickest[yard] or tvm.clock() < start + 0.2 do
    quickest[yard] = math.min(quickest[yard] or math.huge, (yard()))
  end
  local values = {}
  for i, t in ipairs(undisturbed(count, yard, sample)) do values[i] = t.value end
  return measure.spread(values)
end

-- CPU seconds that one call of `body` takes: the spread over `repeats` runs of `times` calls each.
function measure.cpu(times, repeats, body)
  return measure.quiet(repeats, function()
    collectgarbage()
    local start = os.clock()
    for _ = 1, times do body() end
    return (os.clock() - start) / times
  end)
end

local units = { { 1, "s" }, { 1e-3, "ms" }, { 1e-6, "µs" }, { 1e-9, "ns" } }

-- 0.0123 as "12.3 ms".
function measure.seconds(value)
  for _, unit in ipairs(units) do
    if value >= unit[1] then return ("%.3g %s"):format(value / unit[1], unit[2]) end
  end
  return "0 s"
end

-- The lines that a command prints; raises what it complained of.
function measure.lines(command)
  local pipe = assert(io.popen(command .. " 2>&1"))
  local lines = {}
  for line in pipe:lines() do lines[#lines + 1] = line end
  if not pipe:close() then error(("%s\n%s"):format(command, table.concat(lines, "\n")), 0) end
  return lines
end

-- Compiles bench/peers/NAME.c once and returns the path of the program.
function measure.compiled(name, source, flags)
  local program = measure.folder .. "/" .. name
  measure.lines("mkdir -p " .. measure.folder)
  measure.lines(("test %s -nt bench/peers/%s || cc -O2 -o %s bench/peers/%s %s"):format(program, source,
    program, source, flags or ""))
  return program
end

-- A program that answers each line with the nanoseconds of one call: returns a function that asks
-- it, in seconds, and one that ends it.
function measure.peer(command)
  local fifo = measure.folder .. "/questions"
  measure.lines(("rm -f %s; mkfifo %s"):format(fifo, fifo))
  local answers = assert(io.popen(command .. " <" .. fifo))
  local questions = assert(io.open(fifo, "w"))
  local function ask()
    questions:write "go\n"
    questions:flush()
    local answer = answers:read()
    return tonumber(answer) and tonumber(answer) / 1e9 or error(command .. " gave no answer", 0)
  end
  local function close()
    questions:close()
    answers:close()
    os.remove(fifo)
  end
  return ask, close
end

-- Takes turns between two functions that return seconds; returns both spreads and that of a/b.
function measure.pairs(a, b, count)
  local as, bs, ratios = {}, {}, {}
  for i = 1, count do
    if i % 2 == 1 then as[i], bs[i] = a(), b() else bs[i], as[i] = b(), a() end
    ratios[i] = as[i] / bs[i]
  end
  return measure.spread(as), measure.spread(bs), measure.spread(ratios)
end

-- The same of `theirs` and `ours`, where theirs is what tells the moments that count: it runs before and after each of
-- ours, and was quick both times. Such moments are looked for during `longest` seconds.
function measure.beside(theirs, ours, count, longest)
  local ts, os, ratios = {}, {}, {}
  for i, t in ipairs(undisturbed(count, theirs, ours, longest)) do
    ts[i], os[i] = (t.before + t.after) / 2, t.value
    ratios[i] = ts[i] / os[i]
  end
  return measure.spread(ts), measure.spread(os), measure.spread(ratios)
end

-- How many rows had a bar, and how many of these met it.
measure.bars, measure.met = 0, 0

local widths = { 44, 10, 22, 18, 8 }

local function line(cells)
  local out = {}
  for i, cell in ipairs(cells) do
    local room = (" "):rep(widths[i] - utf8.len(cell))
    out[i] = (i == 2 or i == 3) and room .. cell or cell .. room
  end
  io.write((table.concat(out, "  "):gsub(" +$", "")), "\n")
  io.flush()
end

function measure.title() line { "", "median", "middle half", "bar", "" } end

-- A line above rows that belong together.
function measure.about(what) line { what } end

-- One line of the table. `result` has median, low and high; `show` makes a text of a number; the bar is
-- { most = number } or { least = number }, or nil where there is none.
function measure.row(what, result, show, bar)
  local asked, verdict = "", ""
  if bar then
    local limit = bar.most or bar.least
    local met = bar.most and result.median <= limit or bar.least and result.median >= limit
    local doubt = result.low < limit and limit < result.high
    asked = (bar.most and "at most " or "at least ") .. show(limit)
    verdict = (met and "met" or "MISSED") .. (doubt and " ?" or "")
    measure.bars, measure.met = measure.bars + 1, measure.met + (met and 1 or 0)
  end
  line { what, show(result.median), ("%s … %s"):format(show(result.low), show(result.high)), asked, verdict }
end

-- Where something cannot be measured here: says why.
function measure.absent(what, why) line { ("%s: not measured, %s"):format(what, why) } end

return measure
