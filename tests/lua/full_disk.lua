-- full_disk.lua -- a disk that is full when something is written: an error that says so, the old file as it was, and no
-- part of a new one. Full are /dev/full, a small file system in memory, and what a limit on the size of files leaves.
local t = dofile "tests/check.lua"

local folder = arg[1]
if not folder then
  folder = os.tmpname()
  os.remove(folder)
  os.execute("mkdir " .. folder)
end

local function path(name) return folder .. "/" .. name end
local function contents(name)
  local file <close> = io.open(path(name), "rb")
  return file and file:read "a"
end
local function count() return tonumber(io.popen("ls -A " .. folder .. " | wc -l"):read "a") end

-- A program of some length, a model, a tensor; in two sizes, of which the second is to find no room.
local function things(n)
  local blocks = { ("func f(A: float32[%d]) -> B: float32[%d]:"):format(n, n) }
  for i = 1, n do blocks[i + 1] = ("  block B%d():\n    B[%d] = A[%d]"):format(i, i - 1, i - 1) end
  local s = tvm.schedule(tvm.parse(table.concat(blocks, "\n")))
  for i = 1, n do s:annotate("B" .. i, "note", "number " .. i) end
  local g = tvm.graph("net", function(b)
    local x = b:input("x", "float32", { 8 })
    for _ = 1, n do x = b:relu(x) end
    return x
  end)
  return { s = s, g = g, t = tvm.random({ n, n, 3 }, "uint8", { hi = 255 }),
    order = tvm.schedule(te.func("g", function()
      local A = te.placeholder({ 8, 8 }, "float32", "A")
      return te.compute({ 8, 8 }, function(y, x) return A(y, x) end)
    end)()):order("y", "x") }
end
local small, large = things(2), things(60)
local patience = { seconds = 600 }

-- Each function that writes a file, by the file's name.
local writers = {
  ["t.npy"] = function(of, at) of.t:save(at) end,
  ["t.png"] = function(of, at) of.t:save(at) end,
  ["t.ppm"] = function(of, at) of.t:save(at) end,
  ["t.pgm"] = function(of, at) of.t:slice(2, 0, 1):save(at) end,
  ["s.lua"] = function(of, at) of.s:save(at) end,
  ["s.txt"] = function(of, at) of.s:at():save(at) end,
  ["g.txt"] = function(of, at) of.g:save(at) end,
  ["s.svg"] = function(of, at) of.s:show(at, patience) end,
  ["s.png"] = function(of, at) of.s:show(at, patience) end,
  ["s.dot"] = function(of, at) of.s:show(at, patience) end,
  ["g.svg"] = function(of, at) of.g:show(at, patience) end,
  ["order.svg"] = function(of, at) of.order:save(at) end,
  ["order.png"] = function(of, at) of.order:save(at) end,
}
local names = {}
for name in pairs(writers) do names[#names + 1] = name end
table.sort(names)

-- Writes each file, then again when `fill` has left no room, then again when `free` has made it.
local function try_all(fill, free)
  for _, name in ipairs(names) do
    writers[name](small, path(name))
    local before, files = contents(name), count()
    fill()
    local ok, e = pcall(t.raises, "io_failed", function() writers[name](large, path(name)) end)
    free()
    t.ok(ok, ("%s: %s"):format(name, e))
    t.contains(e.why, name)
    t.eq(contents(name), before, name)
    t.eq(count(), files, name .. " left a part behind")
    writers[name](large, path(name))
    os.remove(path(name))
  end
  t.ok(large.t == large.t:slice(0, 0))
end

local function on_small_disk()
  try_all(function()
    local file = io.open(path "filler", "wb")
    local block = ("x"):rep(4096)
    file:setvbuf "no"
    while file:write(block) do end
    file:close()
  end, function() os.remove(path "filler") end)
end

if arg[1] then
  on_small_disk()
  os.exit(true)
end

local dev_full = io.open("/dev/full", "w")
if dev_full then
  dev_full:close()
  t.test("/dev/full", function()
    for _, name in ipairs(names) do
      os.execute(("ln -s /dev/full %s"):format(path(name)))
      local e = t.raises("io_failed", function() writers[name](small, path(name)) end)
      t.contains(e.why, "No space left on device")
      os.remove(path(name))
    end
    t.ok(io.open("/dev/full"), "/dev/full is gone")
  end)
else
  t.skip("/dev/full", "there is none")
end

local mount = ("unshare -rm sh -c 'mount -t tmpfs -o size=8m none %s && %%s' 2>&1"):format(folder)
if os.execute(mount:format "true" .. " >/dev/null") then
  t.test("a small file system", function()
    local pipe = io.popen(mount:format(("exec %s %s %s"):format(arg[-1], arg[0], folder)))
    local said = pipe:read "a"
    t.ok(pipe:close(), said)
  end)
else
  t.skip("a small file system", "no right to mount one")
end

local function limit(bytes) return os.execute(("prlimit --pid $PPID --fsize=%s:"):format(bytes)) end
if limit "unlimited" then
  t.test("a limit on the size of files", function()
    try_all(function() limit "200" end, function() limit "unlimited" end)
  end)
else
  t.skip("a limit on the size of files", "there is no prlimit here")
end

t.test("the prompt goes on without its history, and keeps no half of a line", function()
  local script = path "script"
  local file <close> = assert(io.open(script, "w"))
  file:write("case the prompt\nwith TVMREPL_HISTORY=/dev/full\nstart\nenter 6 * 7\nexpect \\n42\\n\nenter 1 + 1\nexpect \\n2\\n\nleave\n")
  file:close()
  t.ok(os.execute(("%stests/pty-drive %s %s >/dev/null"):format(arg[-1]:gsub("[^/]*$", ""), arg[-1], script)))
end)

os.execute("rm -r " .. folder)
t.done()
