-- files.lua -- which files belong to the project, and how to run a command; shared by the tools.
local files = {}

-- The output lines of a shell command.
function files.lines_of(command)
  local lines = {}
  local pipe <close> = assert(io.popen(command))
  for line in pipe:lines() do lines[#lines + 1] = line end
  return lines
end

-- The project's files whose name matches one of the Lua patterns, sorted: what git knows or would
-- add, and in a tree without git all that is not hidden and no build folder.
function files.list(...)
  local found = files.lines_of("git ls-files -co --exclude-standard 2>/dev/null")
  if #found == 0 then
    found = files.lines_of("find * -type f -not -path 'build*' -not -path '*/.*'")
  end
  local kept = {}
  for _, name in ipairs(found) do
    for _, pattern in ipairs { ... } do
      if name:find(pattern) and files.exists(name) then
        kept[#kept + 1] = name
        break
      end
    end
  end
  table.sort(kept)
  return kept
end

function files.exists(name)
  local file <close> = io.open(name)
  return file ~= nil
end

function files.read(name)
  local file <close> = assert(io.open(name, "rb"))
  return file:read("a")
end

function files.write(name, text)
  local file <close> = assert(io.open(name, "wb"))
  assert(file:write(text))
end

-- `text` as one word of the shell.
function files.quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

-- Prints the verdict of one check in the words of tests/README.md and ends the process. Each
-- complaint is a line of its own, "file:line: what is wrong".
function files.verdict(name, complaints, summary)
  for _, complaint in ipairs(complaints) do print(complaint) end
  print((#complaints == 0 and "ok " or "not ok ") .. name .. (summary and ": " .. summary or ""))
  os.exit(#complaints == 0)
end

return files
