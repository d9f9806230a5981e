-- check_errors.lua -- every row of errors.def is named by a test, so that no mistake goes untried; and by a script in
-- tests/lua, where t.raises does as the error advises, if its advice speaks of something to call.
package.path = "tools/?.lua;" .. package.path
local files = require "files"

local function words(...)
  local found = {}
  for _, path in ipairs(files.list(...)) do
    for word in files.read(path):gmatch "[%w_]+" do found[word:gsub("^ERR_", "")] = true end
  end
  return found
end
local tests, scripts = words("^tests/.*%.c$", "^tests/.*%.lua$"), words "^tests/lua/.*%.lua$"

-- What only a mistake of ours, or a want of memory, brings about.
local beyond = {
  out_of_memory = true, window_full = true, outside_window = true, kernel_index = true, llvm_rejected = true,
  llvm_no_function = true, llvm_not_lowered = true, step_breaks = true,
}

local complaints, codes = {}, {}
local number = 0
for line in io.lines "core/base/errors.def" do
  number = number + 1
  local code, texts = line:match "^ERR%(([%w_]+), (.*)%)$"
  if code then
    local _, fix = load("return " .. texts)()
    local place = ("core/base/errors.def:%d: %s"):format(number, code)
    if codes[code] then complaints[#complaints + 1] = place .. " stands here twice" end
    if not tests[code] then complaints[#complaints + 1] = place .. " is named by no test"
    elseif fix:find "[%w_]:?[%w_]*%(" and not scripts[code] and not beyond[code] then
      complaints[#complaints + 1] = place .. " has a fix that no script in tests/lua runs: " .. fix
    end
    codes[code] = true
  end
end
files.verdict("errors", complaints)
