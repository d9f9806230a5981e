-- yardstick.lua -- for the bench: samples from moments in which nobody else had the processor. Where processors are
-- shared, all that runs is slower for milliseconds or for minutes. A yardstick is something fixed that tells such moments:
-- each sample is taken between two runs of it, and counts where both were close to the quickest that it has ever been.
--
--   yardstick.quiet(11, function() return seconds_of_something() end).median
--
-- A yardstick is a table: `run` returns the seconds that it takes, `name` is its own in this folder, and `within` says up
-- to how many times its quickest counts as quiet (1.05 unless given).
local measure = require "measure"
local yardstick = {}

local WITHIN = 1.05
local FEW, SOON, LATE = 5, 5, 40 -- samples that suffice after SOON seconds; after LATE none are looked for

-- It asks nothing of the project.
local counting = { name = "counting", run = function()
  local start, x = tvm.clock(), 0
  for i = 1, 40000 do x = (x * 31 + i) & 0xffff end
  return tvm.clock() - start, x
end }

-- The quickest that each has been, in this run or an earlier one of this build: seconds by name.
local quickest = {}

function yardstick.path() return measure.folder .. "/quickest" end

-- What an earlier run left; a line that is no time is passed over, for nothing would come near it.
function yardstick.read()
  local file <close> = io.open(yardstick.path())
  for line in file and file:lines() or function() end do
    local seconds, name = line:match "^(%S+) (.+)$"
    local time = tonumber(seconds)
    if time and time > 0 and time < math.huge then quickest[name] = time end
  end
end

-- For the runs to come.
function yardstick.write()
  measure.lines("mkdir -p " .. measure.folder)
  local file <close> = assert(io.open(yardstick.path(), "w"))
  for name, seconds in pairs(quickest) do file:write(("%.9f %s\n"):format(seconds, name)) end
end

local function run(yard)
  local seconds = yard.run()
  quickest[yard.name] = math.min(quickest[yard.name] or seconds, seconds)
  return seconds
end

-- How many samples were taken since the start, and how many of them in quiet moments.
yardstick.samples, yardstick.quiet_samples = 0, 0

-- Results of `sample`, each with what the yardstick took before and after it, in the order in which they were taken:
-- until `count` are from quiet moments, or `least` are and it takes long, or it takes very long. Returns how many are.
local function take(count, least, yard, sample)
  local samples, before, start = {}, run(yard), tvm.clock()
  local best, quiet
  repeat
    local value = sample()
    local after = run(yard)
    local new = { value = value, before = before, after = after, around = math.max(before, after) }
    samples[#samples + 1] = new
    local counted = { new }
    if best ~= quickest[yard.name] then best, quiet, counted = quickest[yard.name], 0, samples end
    for _, s in ipairs(counted) do
      if s.around <= (yard.within or WITHIN) * best then quiet = quiet + 1 end
    end
    before = after
    local passed = tvm.clock() - start
  until #samples >= least and (quiet >= count or passed > SOON and quiet >= least or passed > LATE)
  yardstick.samples, yardstick.quiet_samples = yardstick.samples + #samples, yardstick.quiet_samples + quiet
  return samples, quiet
end

-- Those that count, at most `count`: the ones with the quickest moments around them.
local function chosen(samples, count, least, quiet)
  local sorted = table.move(samples, 1, #samples, 1, {})
  table.sort(sorted, function(a, b) return a.around < b.around end)
  return table.move(sorted, 1, math.min(count, math.max(quiet, least)), 1, {})
end

local function values(samples, of)
  local out = {}
  for i, s in ipairs(samples) do out[i] = of(s) end
  return out
end

local function value(s) return s.value end

-- The spread of `of` of those that count, with the median of all that were taken as `all`.
local function spread(counted, samples, of)
  local result = measure.spread(values(counted, of))
  result.all = measure.spread(values(samples, of)).median
  return result
end

-- The spread of up to `count` results of `sample`; without a yardstick, of some milliseconds' work of this process.
function yardstick.quiet(count, sample, yard)
  yard = yard or counting
  local start = tvm.clock()
  repeat run(yard) until tvm.clock() > start + 0.2
  local samples, quiet = take(count, FEW, yard, sample)
  return spread(chosen(samples, count, FEW, quiet), samples, value)
end

-- CPU seconds that one call of `body` takes: the spread over `repeats` runs of `times` calls each.
function yardstick.cpu(times, repeats, body)
  return yardstick.quiet(repeats, function()
    collectgarbage()
    local start = os.clock()
    for _ = 1, times do body() end
    return (os.clock() - start) / times
  end)
end

-- Two functions that return seconds, `theirs` of another library called `name`, and `ours`: theirs is the yardstick,
-- which runs before and after each of ours. Returns the spreads of both, and that of our speed as a part of theirs.
function yardstick.beside(name, theirs, ours, count)
  local samples, quiet = take(count, count, { name = name, run = theirs }, ours)
  local counted = chosen(samples, count, count, quiet)
  local function their(s) return (s.before + s.after) / 2 end
  return spread(counted, samples, their), spread(counted, samples, value),
    spread(counted, samples, function(s) return their(s) / s.value end)
end

return yardstick
