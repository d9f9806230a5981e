-- check_layers.lua -- every #include is one that the file LAYERS allows.
--
-- A row of LAYERS covers its folder and all below it, unless a folder below has a row of its own.
-- Rooms include themselves. Includes in quotes name their folder from the root.
package.path = "tools/?.lua;" .. package.path
local files = require "files"

local rooms = {}
for line in io.lines "LAYERS" do
  local room, inner, outer = line:match "^([%w_/]+)%s*:%s*([^;]*);%s*(.-)%s*$"
  if room then
    rooms[room] = { inner = { room }, outer = {} }
    for word in inner:gmatch "%S+" do table.insert(rooms[room].inner, word) end
    for word in outer:gmatch "%S+" do table.insert(rooms[room].outer, word) end
  end
end

-- The C library, POSIX and the kernel are open to all.
local system = {}
for word in ([[assert complex ctype dirent dlfcn elf errno execinfo fcntl fenv float ftw glob immintrin
  inttypes langinfo limits link locale malloc math poll pthread pty sched semaphore setjmp signal spawn
  stdalign stdarg stdatomic stdbool stddef stdint stdio stdio_ext stdlib stdnoreturn string strings syscall
  termios threads time ucontext uchar unistd wchar wctype]]):gmatch "%S+" do
  system[word .. ".h"] = true
end
local function is_system(header)
  return system[header] or header:find "^sys/" or header:find "^linux/" or header:find "^asm/" or
    header:find "^sanitizer/"
end

local function room_of(path)
  local folder = path:match "^(.*)/"
  while folder do
    if rooms[folder] then return folder end
    folder = folder:match "^(.*)/"
  end
end

local function allowed(list, header)
  for _, word in ipairs(list) do
    if header == word or header:find(word:gsub("%p", "%%%0") .. (word:find "/$" and "" or "/")) == 1 then
      return true
    end
  end
  return false
end

local complaints, seen = {}, 0
local function complain(...) complaints[#complaints + 1] = string.format(...) end

local function check_include(room, place, header, quoted)
  seen = seen + 1
  if not quoted then
    if not is_system(header) and not allowed(rooms[room].outer, header) then
      complain("%s: %s may not include <%s> (see LAYERS)", place, room, header)
    end
  elseif not header:find "/" then
    complain('%s: name the folder from the root: "%s/%s"', place, room, header)
  elseif not allowed(rooms[room].inner, room_of(header) or header) then
    complain("%s: %s may not include %s (see LAYERS)", place, room, room_of(header) or header)
  end
end

for _, path in ipairs(files.list("%.[ch]$", "%.def$")) do
  local room, number = room_of(path), 0
  if not room then
    complain("%s: its folder has no row in LAYERS", path)
  else
    for line in io.lines(path) do
      number = number + 1
      local open, header = line:match '^%s*#%s*include%s*([<"])([^">]+)[">]'
      if header then check_include(room, path .. ":" .. number, header, open == '"') end
    end
  end
end
files.verdict("layers", complaints, seen .. " includes")
