-- check_format.lua -- the C sources are laid out as .clang-format says, in lines of 100 columns.
--
-- The formatter neither cuts strings nor touches comments. So longer lines pass where it is a
-- string that makes them long, or where they are a sample of code or a picture: a line of a comment
-- that is set in by more than one space.
package.path = "tools/?.lua;" .. package.path
local files = require "files"

local COLUMNS = 100
local complaints = {}
local function complain(...) complaints[#complaints + 1] = string.format(...) end

local function may_be_long(line)
  return line:find "^%s*%*%*  " or utf8.len((line:gsub('\\.', ""):gsub('"[^"]*"', '""'))) <= COLUMNS
end

local sources = files.list "%.[ch]$"
local list = os.tmpname()
files.write(list, table.concat(sources, "\0"))
local told = files.lines_of(
  "xargs -r -0 -P $(nproc) -n 40 clang-format --dry-run -Werror <" .. list .. " 2>&1")
os.remove(list)
local wrong = {}
for _, line in ipairs(told) do
  local path, at = line:match "^(.-):(%d+):%d+: error: .*clang%-format"
  if path and not wrong[path] then
    wrong[path] = true
    complain("%s:%s: not laid out as .clang-format says: clang-format -i %s", path, at, path)
  end
end
if told[1] and not next(wrong) then complain("%s", told[1]) end
if #sources == 0 then complain "no sources found" end

for _, path in ipairs(sources) do
  local number = 0
  for line in io.lines(path) do
    number = number + 1
    local columns = utf8.len(line) or #line
    if columns > COLUMNS and not may_be_long(line) then
      complain("%s:%d: %d columns, more than %d", path, number, columns, COLUMNS)
    end
  end
end
files.verdict("format", complaints, #sources .. " sources")
