-- bench.lua -- which samples the bench counts, and what it does where something is broken: a program beside it, what an
-- earlier run left.
local t = dofile "tests/check.lua"
package.path = "bench/?.lua;" .. package.path
local measure = require "measure"
local yardstick = require "yardstick"
measure.folder = os.tmpname()
os.remove(measure.folder)
os.execute("mkdir " .. measure.folder)

local function answers(command)
  local ask, close = measure.peer(command)
  local ok, answer = pcall(ask)
  local _, why = pcall(ask)
  close()
  return ok and answer, why
end

t.test("a program that answers no more is said to, and ends nothing", function()
  local first, why = answers "sh -c 'read x; echo 5'"
  t.eq(first, 5e-9)
  t.contains(why, "gave no answer")
  first, why = answers "sh -c 'exit 3'"
  t.eq(first, false)
  t.contains(why, "gave no answer")
  first, why = answers "sh -c 'while read x; do echo 7; done'" -- and ends when nobody asks any more
  t.eq(first, 7e-9)
  t.eq(why, 7e-9)
end)

local function kept(before)
  local file = assert(io.open(yardstick.path(), "w"))
  file:write(before)
  file:close()
  yardstick.read()
  yardstick.write()
  file = assert(io.open(yardstick.path()))
  local after = file:read "a"
  file:close()
  return after
end

t.test("what was quickest is kept, and what is no time is passed over", function()
  t.eq(kept "0 a\n-1 b\nnan c\n1e999 d\nrubbish\n\n0x e\n\0\n", "")
  t.eq(kept "0.000250000 one 1024\n", "0.000250000 one 1024\n")
  os.remove(yardstick.path())
  yardstick.read()
end)

-- A machine that is slow two times in three, for ten runs of anything at a time.
local runs = 0
local function slowness()
  runs = runs + 1
  return runs // 10 % 3 == 0 and 1 or 2
end

t.test("samples from quiet moments count, and no others", function()
  local yard = { name = "a test's", run = slowness }
  local s = yardstick.quiet(20, function() return 10 * slowness() end, yard)
  t.eq(s.n, 20)
  t.eq(s.low, 10)
  t.eq(s.high, 10)
  t.eq(s.all, 20) -- two samples in three are slow
  t.ok(yardstick.quiet_samples >= 20 and yardstick.quiet_samples < yardstick.samples, "it saw slow moments, too")
end)

t.test("another library is the yardstick of what is held against it", function()
  local theirs, ours, ratio = yardstick.beside("a test's library", slowness, function() return 4 * slowness() end, 15)
  t.eq(theirs.high, 1)
  t.eq(ours.high, 4)
  t.eq(ratio.median, 0.25)
  t.ok(theirs.all == 2 and ours.all == 8 and ratio.all == 0.25)
  t.eq(ratio.n, 15)
end)

os.execute("rm -r " .. measure.folder)
t.done()
