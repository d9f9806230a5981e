-- main.lua -- `./dev bench`: the table of speeds. Each part is a file of its own; words on the command
-- line choose parts by name.
package.path = "bench/?.lua;" .. package.path
local parts = { "start", "steps", "worker", "verdicts", "gemm", "models", "trials" }

local function chosen(name)
  for _, word in ipairs(arg) do
    if name:find(word, 1, true) then return true end
  end
  return #arg == 0
end

print(("%-62s%11s%25s%14s"):format("", "median", "quartiles", "at most"))
for _, part in ipairs(parts) do
  if chosen(part) then
    local run = require(part)
    if type(run) == "table" then run = run.run end
    run()
  end
end
