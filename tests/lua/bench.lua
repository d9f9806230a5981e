-- bench.lua -- that the bench counts the samples around which a yardstick was quick, whatever they are.
package.path = "bench/?.lua;" .. package.path
local t = dofile "tests/check.lua"
local measure = require "measure"

-- A machine that is slow two times in three, for ten runs of anything at a time.
local runs = 0
local function slowness()
  runs = runs + 1
  return runs // 10 % 3 == 0 and 1 or 2
end

t.test("samples from quiet moments count, and no others", function()
  local yard = { name = "a test's", run = slowness }
  local s = measure.quiet(20, function() return 10 * slowness() end, yard)
  t.eq(s.n, 20)
  t.eq(s.low, 10)
  t.eq(s.high, 10)
  t.ok(measure.near >= 20 and measure.near < measure.taken, "it saw slow moments, too")
end)

t.test("another library is the yardstick of what is held against it", function()
  local theirs, ours, ratio = measure.beside("a test's library", slowness, function() return 4 * slowness() end, 15)
  t.eq(theirs.high, 1)
  t.eq(ours.high, 4)
  t.eq(ratio.median, 0.25)
  t.eq(ratio.n, 15)
end)

t.done()
