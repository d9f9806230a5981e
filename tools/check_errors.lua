-- check_errors.lua -- every row of errors.def is named by a test, so that no mistake goes untried.
package.path = "tools/?.lua;" .. package.path
local files = require "files"

local tests = {}
for _, path in ipairs(files.list("^tests/.*%.c$", "^tests/.*%.lua$")) do
  for word in files.read(path):gmatch "[%w_]+" do
    tests[word:gsub("^ERR_", "")] = true
  end
end

local complaints, codes = {}, {}
local number = 0
for line in io.lines "core/base/errors.def" do
  number = number + 1
  local code = line:match "^ERR%(([%w_]+)"
  if code then
    local place = ("core/base/errors.def:%d: %s"):format(number, code)
    if codes[code] then complaints[#complaints + 1] = place .. " stands here twice" end
    if not tests[code] then complaints[#complaints + 1] = place .. " is named by no test" end
    codes[code] = true
  end
end
files.verdict("errors", complaints)
