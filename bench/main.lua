-- main.lua -- `./dev bench`: the table of speeds. Each part is a file of its own; words on the command
-- line choose parts by name.
package.path = "bench/?.lua;" .. package.path
local measure = require "measure"
local yardstick = require "yardstick"
local parts = { "start", "steps", "worker", "verdicts", "gemm", "models", "trials" }

local function chosen(name)
  for _, word in ipairs(arg) do
    if name:find(word, 1, true) then return true end
  end
  return #arg == 0
end

for _, word in ipairs(arg) do
  local known = false
  for _, part in ipairs(parts) do known = known or part:find(word, 1, true) ~= nil end
  if not known then
    io.stderr:write(("bench: there is no part %s; there are %s\n"):format(word, table.concat(parts, ", ")))
    os.exit(2)
  end
end

print [=[
Behind a median stands the middle half of the runs: how far one can trust it. A bar is what this project asks of
itself; a verdict with a ? has it within that half, and another run may say otherwise. Other libraries run in turns
with ours; a ratio is of two runs side by side, and 1 is as fast as theirs.
Processors may be shared. Steps, compiling, importing and products of matrices are timed between two runs of something
fixed (a loop in Lua, a small program compiled, the other library), and count where both were close to its best (within
a twentieth; of compiling, a seventh), or where they came nearest to it; "of all" is the median of all that were taken.
]=]
yardstick.read()
measure.title()
for _, part in ipairs(parts) do
  if chosen(part) then
    local run = require(part)
    if type(run) == "table" then run = run.run end
    run()
  end
end
if measure.bars > 0 then
  print(("\n%d of %d bars met%s"):format(measure.met, measure.bars,
    measure.met < measure.bars and "; a busy machine misses some" or ""))
end
if yardstick.samples > 0 then
  yardstick.write()
  print(("something fixed was close to its best (%s) around %.1f%% of %d samples"):format(
    yardstick.path(), 100 * yardstick.quiet_samples / yardstick.samples, yardstick.samples))
end
