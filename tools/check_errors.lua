-- check_errors.lua -- every row of errors.def is named by a test, so that no mistake goes untried; and by a script in
-- tests/lua, where t.raises does as the error advises, if its advice speaks of something to call.
package.path = "tools/?.lua;" .. package.path
local files = require "files"

-- The codes that tests ask for: ERR_code in C, a string of its own in Lua. What comments say does not count.
local function asked(...)
  local found = {}
  for _, path in ipairs(files.list(...)) do
    local text = files.read(path)
    text = path:find "%.c$" and text:gsub("/%*.-%*/", " ") or text:gsub("%-%-[^\n]*", "")
    for code in text:gmatch "%f[%w_]ERR_([%w_]+)" do found[code] = true end
    for _, code in text:gmatch "([\"'])([%w_]+)%1" do found[code] = true end
  end
  return found
end
local tests, scripts = asked("^tests/.*%.c$", "^tests/.*%.lua$"), asked "^tests/lua/.*%.lua$"

-- What only a mistake of ours, or a want of memory, brings about.
local beyond = {
  out_of_memory = true, window_full = true, outside_window = true, kernel_index = true, llvm_rejected = true,
  llvm_no_function = true, llvm_not_lowered = true, step_breaks = true, kernel_out_of_bounds = true,
  kernel_crashed = true,
}

local complaints, codes = {}, {}
local number = 0
for line in io.lines "core/base/errors.def" do
  number = number + 1
  local code, texts = line:gsub("^MISCALL", "ERR"):match "^ERR%(([%w_]+), (.*)%)$"
  if not code and (line:find "^%s*ERR" or line:find "^%s*MISCALL") then
    complaints[#complaints + 1] = ("core/base/errors.def:%d: a row is one line, ERR(code, why, fix)"):format(number)
  elseif code then
    local _, fix = load("return " .. texts)()
    local place = ("core/base/errors.def:%d: %s"):format(number, code)
    if codes[code] then complaints[#complaints + 1] = place .. " stands here twice" end
    if not tests[code] then complaints[#complaints + 1] = place .. " is asked for by no test"
    elseif fix:find "[%w_]:?[%w_]*%(" and not scripts[code] and not beyond[code] then
      complaints[#complaints + 1] = place .. " has a fix that no script in tests/lua runs: " .. fix
    end
    codes[code] = true
  end
end
files.verdict("errors", complaints)
