-- readme.lua -- the Lua of the README and of the pages on equations and pictures, typed as it stands there.
local t = dofile "tests/check.lua"
local tutorial = dofile "lua_api/scripts/tutorial.lua"
local program = io.popen("readlink -f '" .. arg[-1] .. "'"):read "l"

-- Types all cells of a page at a prompt without a terminal, in a folder of its own; returns what the errors said.
local function complaints(page)
  local folder, here = os.tmpname(), io.popen("pwd"):read "l"
  os.remove(folder)
  os.execute(("mkdir %s && ln -s '%s/tutorials' %s/tutorials"):format(folder, here, folder))
  local input <close> = assert(io.open(folder .. "/typed", "w"))
  local file <close> = assert(io.open(page))
  for _, piece in ipairs(tutorial.parse(file:read "a")) do
    if piece.kind == "cell" then input:write(piece.text, "\n") end
  end
  input:close()
  local pipe = io.popen(("cd %s && '%s' -i <typed 2>&1 >printed"):format(folder, program))
  local said = pipe:read "a"
  pipe:close()
  os.execute("rm -r " .. folder)
  return said
end

t.test("the README's inputs run, and the one that is refused is", function()
  local said = complaints "README.md"
  t.contains(said, "REFUSED parallel(ic)")
  local _, errors = said:gsub("error: ", "")
  local _, refusals = said:gsub("REFUSED ", "")
  t.eq(errors + refusals, 1, said)
end)

t.test("the equations' inputs run", function()
  t.eq(complaints "docs/equations.md", "")
end)

t.test("the inputs of the page on pictures run", function()
  t.eq(complaints "docs/pictures.md", "")
end)

-- What Graphviz lays out depends on its version and on fonts, but these are ours to the last byte.
t.test("the pages' pictures are what is drawn today", function()
  local folder = os.tmpname()
  os.remove(folder)
  t.ok(os.execute(("mkdir %s && '%s' docs/pictures/make.lua %s >%s/said"):format(folder, program, folder, folder)))
  for _, name in ipairs { "matmul.svg", "order.svg" } do
    local today <close> = assert(io.open(folder .. "/" .. name))
    local shown <close> = assert(io.open("docs/pictures/" .. name))
    t.ok(today:read "a" == shown:read "a", name .. " differs: build/tvmrepl docs/pictures/make.lua draws it anew")
  end
  os.execute("rm -r " .. folder)
end)

t.done()
