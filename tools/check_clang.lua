-- check_clang.lua FOLDER [quick] -- clang accepts what the build in FOLDER compiles, with the same
-- warnings. With `quick`, only the sources that have changed since they were last accepted.
package.path = "tools/?.lua;" .. package.path
local files = require "files"

local folder, quick = arg[1], arg[2] == "quick"
local accepted = folder .. "/clang-accepted"
os.execute("mkdir -p " .. accepted)

-- A shell line for each source, which leaves a stamp where clang accepts it.
local commands, all = {}, 0
local database = files.read(folder .. "/compile_commands.json")
for command, path in database:gmatch '"command": "(.-)",\n%s*"file": "(.-)"' do
  all = all + 1
  local stamp = accepted .. "/" .. path:gsub("/", "%%")
  if not quick or not os.execute(("test %s -nt %s"):format(files.quote(stamp), files.quote(path))) then
    command = command:gsub('\\"', '"'):gsub("\\\\", "\\"):gsub("^%S+", "clang"):gsub(" %-o %S+", "")
    commands[#commands + 1] = ("(cd %s && %s -fsyntax-only) && touch %s"):format(folder, command,
      files.quote(stamp))
  end
end
local list = os.tmpname()
files.write(list, table.concat(commands, "\0"))
local complaints = files.lines_of(
  "xargs -r -0 -P $(nproc) -n 1 sh -c <" .. list .. " 2>&1")
os.remove(list)
if all == 0 then complaints[1] = folder .. "/compile_commands.json names no source" end
files.verdict("clang", complaints, #commands .. " sources of " .. all)
