-- check_clang.lua FOLDER -- clang accepts what the build in FOLDER compiles, with the same warnings.
package.path = "tools/?.lua;" .. package.path
local files = require "files"

local commands = {}
for command in files.read(arg[1] .. "/compile_commands.json"):gmatch '"command": "(.-)",\n' do
  command = command:gsub('\\"', '"'):gsub("\\\\", "\\"):gsub("^%S+", "clang"):gsub(" %-o %S+", "")
  commands[#commands + 1] = command .. " -fsyntax-only"
end
local list = os.tmpname()
files.write(list, table.concat(commands, "\0"))
local complaints = files.lines_of(
  "cd " .. arg[1] .. " && xargs -0 -P $(nproc) -I{} sh -c '{}' <" .. list .. " 2>&1")
os.remove(list)
if #commands == 0 then complaints[1] = arg[1] .. "/compile_commands.json names no source" end
files.verdict("clang", complaints, #commands .. " sources")
