-- check_errors.lua -- every row of errors.def is named by a test, so that no mistake goes untried.
-- tests/untested_errors.txt lists those that are not yet; it may only get shorter.
package.path = "tools/?.lua;" .. package.path
local files = require "files"

local tests = {}
for _, path in ipairs(files.list("^tests/.*%.c$", "^tests/.*%.lua$")) do
  for word in files.read(path):gmatch "[%w_]+" do
    tests[word:gsub("^ERR_", "")] = true
  end
end

local complaints, codes, known = {}, {}, {}
for line in io.lines "tests/untested_errors.txt" do
  known[line:match "^[%w_]*"] = true
end
local number = 0
for line in io.lines "core/base/errors.def" do
  number = number + 1
  local code = line:match "^ERR%(([%w_]+)"
  if code then
    local place = ("core/base/errors.def:%d: %s"):format(number, code)
    if codes[code] then complaints[#complaints + 1] = place .. " stands here twice" end
    if not tests[code] and not known[code] then complaints[#complaints + 1] = place .. " is named by no test" end
    if tests[code] and known[code] then complaints[#complaints + 1] = place .. " has a test: take it off tests/untested_errors.txt" end
    codes[code] = true
  end
end
files.verdict("errors", complaints)
