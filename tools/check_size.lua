-- check_size.lua -- no file is longer than 700 lines, no function longer than 80.
--
-- A C function begins and ends with a brace in the first column, which .clang-format sees to; a
-- Lua function ends with an `end` as far in as its `function`. `--totals` prints lines by folder.
package.path = "tools/?.lua;" .. package.path
local files = require "files"

local FILE_LINES, FUNCTION_LINES = 700, 80
local complaints, totals, all = {}, {}, 0
local function complain(...) complaints[#complaints + 1] = string.format(...) end

local function check_function(path, first, last)
  if last - first + 1 > FUNCTION_LINES then
    complain("%s:%d: a function of %d lines, more than %d", path, first, last - first + 1,
      FUNCTION_LINES)
  end
end

-- C: from the brace that opens to the brace that closes.
local function c_line(path, state, line, number)
  if line:find "^{" then
    state.first = number
  elseif state.first and line:find "^}" then
    check_function(path, state.first, number)
    state.first = nil
  end
end

-- Lua: functions nest, so each indentation has at most one open.
local function lua_line(path, state, line, number)
  local indent = line:match "^(%s*)"
  if line:find "%f[%w_]function%f[^%w_]" and not line:find "%f[%w_]end%f[^%w_]" and
      not line:find "^%s*%-%-" then
    state[#indent] = number
  elseif state[#indent] and line:find "^%s*end%f[^%w_]" then
    check_function(path, state[#indent], number)
    state[#indent] = nil
  end
end

for _, path in ipairs(files.list("%.[ch]$", "%.lua$", "%.def$")) do
  local number, state = 0, {}
  local each = path:find "%.lua$" and lua_line or c_line
  for line in io.lines(path) do
    number = number + 1
    each(path, state, line, number)
  end
  if number > FILE_LINES then complain("%s: %d lines, more than %d", path, number, FILE_LINES) end
  local folder = path:match "^([^/]+)/" or "."
  totals[folder] = (totals[folder] or 0) + number
  all = all + number
end

if arg[1] == "--totals" then
  local names = {}
  for name in pairs(totals) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do print(string.format("%8d  %s", totals[name], name)) end
end
files.verdict("sizes", complaints, all .. " lines")
