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

-- A yardstick is something fixed: `run` returns the seconds that it takes, `near` says up to how many times its quickest
-- is quick (NEAR unless given), and `name` is its own in this folder. This one asks nothing of the project.
local counting = { name = "counting", run = function()
  local start, x = tvm.clock(), 0
  for i = 1, 40000 do x = (x * 31 + i) & 0xffff end
  return tvm.clock() - start, x
end }

-- The quickest that each has been, in this run or an earlier one of this build: seconds by name.
local quickest = {}

function measure.kept() return measure.folder .. "/quickest" end

-- What an earlier run left; a line that is no time is passed over, for nothing would come near it.
function measure.read_quickest()
  local file <close> = io.open(measure.kept())
  for line in file and file:lines() or function() end do
    local seconds, name = line:match "^(%S+) (.+)$"
    local time = tonumber(seconds)
    if time and time > 0 and time < math.huge then quickest[name] = time end
  end
end

-- For the runs to come.
function measure.keep_quickest()
  measure.lines("mkdir -p " .. measure.folder)
  local file <close> = assert(io.open(measure.kept(), "w"))
  for name, seconds in pairs(quickest) do file:write(("%.9f %s\n"):format(seconds, name)) end
end

local function run(yard)
  local seconds = yard.run()
  quickest[yard.name] = math.min(quickest[yard.name] or seconds, seconds)
  return seconds
end

local NEAR = 1.05                -- times the quickest
local FEW, SOON, LATE = 5, 5, 40 -- samples that suffice after SOON seconds; after LATE none are looked for

-- How many samples were taken, and how many of them in moments when nobody else had the processor.
measure.taken, measure.near = 0, 0

-- What `sample` returns, at most `count` times, from moments in which nobody else had the processor: where processors
-- are shared, all that runs is slower for milliseconds or for minutes. The yardstick tells such moments: a sample is
-- taken between two runs of it, and counts where both were quick; where fewer than `least` do for long, those count
-- that have the quickest around them.
local function undisturbed(count, least, yard, sample)
  local taken, before, start = {}, run(yard), tvm.clock()
  local function near()
    local n = 0
    for _, t in ipairs(taken) do n = n + (t.around <= (yard.near or NEAR) * quickest[yard.name] and 1 or 0) end
    return n
  end
  local found, passed
  repeat
    local value = sample()
    local after = run(yard)
    taken[#taken + 1] = { value = value, before = before, after = after, around = math.max(before, after) }
    before, found, passed = after, near(), tvm.clock() - start
  until #taken >= least and (found >= count or passed > SOON and found >= least or passed > LATE)
  measure.taken, measure.near = measure.taken + #taken, measure.near + found
  table.sort(taken, function(a, b) return a.around < b.around end)
  return table.move(taken, 1, math.min(count, math.max(found, least)), 1, {})
end

-- The spread of up to `count` results of `sample`; without a yardstick, of some milliseconds' work of this process.
function measure.quiet(count, sample, yard)
  yard = yard or counting
  local start = tvm.clock()
  repeat run(yard) until tvm.clock() > start + 0.2
  local values = {}
  for i, t in ipairs(undisturbed(count, FEW, yard, sample)) do values[i] = t.value end
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
  local questions = assert(io.open(fifo, "r+")) -- we read it, too: writing to a program that has died ends nothing
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

-- The same of `theirs`, called `name`, and `ours`, where theirs is the yardstick: it runs before and after each of ours,
-- and was quick both times.
function measure.beside(name, theirs, ours, count)
  local ts, os, ratios = {}, {}, {}
  for i, t in ipairs(undisturbed(count, count, { name = name, run = theirs }, ours)) do
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
