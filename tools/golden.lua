-- golden.lua [--update] PROGRAM FILE… -- each FILE prints what the comment at its end says.
--
--     print(tvm.demo():split("i", 3))
--     --[[ prints
--     for i.0 in range(4):
--     …
--     ]]
--
-- The file is a script, run by PROGRAM in a process of its own; what it prints is compared whole,
-- and its exit status must be 0. `--update` writes what was printed into the file.
package.path = "tools/?.lua;" .. package.path
local files = require "files"

-- The script, and the text it must print, or nil where the file does not say.
local function parts(path)
  local text = files.read(path)
  local script, want = text:match "^(.-\n)%-%-%[=*%[ prints\n(.-)%]=*%]%s*$"
  return script or text:gsub("%s*$", "\n"), want
end

-- What the script prints on standard output, what it complains of, and whether it ended well.
local function run(program, path)
  local complaint = os.tmpname()
  local pipe = assert(io.popen(("%s %s 2>%s </dev/null"):format(files.quote(program),
    files.quote(path), complaint)))
  local printed = pipe:read "a"
  local ok, _, status = pipe:close()
  local said = files.read(complaint)
  os.remove(complaint)
  return printed, said .. (ok and "" or "exit status " .. status .. "\n"), ok
end

local function show_difference(want, got)
  local a, b = os.tmpname(), os.tmpname()
  files.write(a, want)
  files.write(b, got)
  for _, line in ipairs(files.lines_of(("diff -u --label expected --label printed %s %s"):format(a, b))) do
    print("  " .. line)
  end
  os.remove(a)
  os.remove(b)
end

-- A comment that the text itself cannot close.
local function as_comment(text)
  local level = ""
  while text:find("]" .. level .. "]", 1, true) do level = level .. "=" end
  return "--[" .. level .. "[ prints\n" .. text .. "]" .. level .. "]\n"
end

local update = arg[1] == "--update"
local program = arg[update and 2 or 1]
local failed = false
for i = update and 3 or 2, #arg do
  local path = arg[i]
  local name = path:match "([^/]+)%.lua$"
  local script, want = parts(path)
  local printed, said, ok = run(program, path)
  if ok and update and printed ~= want then
    files.write(path, script .. as_comment(printed))
    want = printed
  end
  if ok and printed == want then
    print("ok " .. name)
  else
    failed = true
    io.write(said)
    if want then show_difference(want, printed) else print(path .. " does not say what it prints; ./dev test --update writes it") end
    print("not ok " .. name)
  end
end
os.exit(not failed)
