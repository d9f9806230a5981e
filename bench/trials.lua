-- trials.lua -- the differential tester: random programs, random steps, three executions each.
local measure = require "measure"

return function()
  local samples = {}
  for seed = 1, 5 do
    local lines = measure.lines(("build/tests/diff --seed %d --seconds 3"):format(seed))
    samples[seed] = tonumber(lines[1]:match "(%d+) a second")
  end
  measure.row("random trials of the tester, a second a core", measure.spread(samples),
    function(value) return ("%.0f"):format(value) end, { least = 150 })
end
