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

-- How many rows had a bar, and how many of these met it.
measure.bars, measure.met = 0, 0

local widths = { 44, 10, 22, 10, 18, 8 }

local function line(cells)
  local out = {}
  for i, cell in ipairs(cells) do
    local room = (" "):rep(widths[i] - utf8.len(cell))
    out[i] = i >= 2 and i <= 4 and room .. cell or cell .. room
  end
  io.write((table.concat(out, "  "):gsub(" +$", "")), "\n")
  io.flush()
end

function measure.title() line { "", "median", "middle half", "of all", "bar", "" } end

-- A line above rows that belong together.
function measure.about(what) line { what } end

-- One line of the table. `result` has median, low and high, and `all` where that is the median of samples of which some
-- were passed over; `show` makes a text of a number; the bar is { most = number } or { least = number }, or nil where
-- there is none.
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
  line { what, show(result.median), ("%s … %s"):format(show(result.low), show(result.high)),
    result.all and show(result.all) or "", asked, verdict }
end

-- Where something cannot be measured here: says why.
function measure.absent(what, why) line { ("%s: not measured, %s"):format(what, why) } end

return measure
