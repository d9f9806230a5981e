-- start.lua -- the whole process that does nothing.
local measure = require "measure"

return function()
  local spawn = measure.compiled("spawn", "spawn.c")
  local samples = {}
  for i, line in ipairs(measure.lines(spawn .. " 41 build/tvmrepl -e ''")) do
    samples[i] = tonumber(line) / 1e9
  end
  measure.row("tvmrepl -e '', whole process", measure.spread(samples), measure.seconds, { most = 15e-3 })
end
