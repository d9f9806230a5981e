-- random_calls.lua -- calls of every function and method with arguments that hardly ever fit, or nearly do.
--
-- tvmrepl tests/random_calls.lua SEED CALLS
--
-- Whatever the arguments are, a call returns or raises: an error of ours (which has a code), or Lua's
-- own in words. What calls return joins the arguments of later calls. The functions are those of
-- the workbench that its manual names, Lua's own left out. Half of the arguments are chosen by the
-- parameter's name, so that many calls get beyond the reading of arguments.
local seed, calls = tonumber(arg[1]), tonumber(arg[2])
local choose = math.random
math.randomseed(seed)
local function one_of(list) return list[choose(#list)] end

-- They wait for a person, or measure for long.
local skipped = { tour = true, compare = true, time = true, whatif = true, profile = true, exit = true }

-- The names of a signature's parameters.
local function parameters(line)
  local names = {}
  for name in (line:match "%((.-)%)" or ""):gmatch "[%a_]+" do names[#names + 1] = name end
  return names
end

-- Functions as {name, function, parameters}, and by class its methods as {name, parameters}.
local function callable()
  local functions, methods, class = {}, {}, ""
  for line in io.popen("'" .. arg[-1] .. "' --manual"):lines() do
    class = line:match "^## (.*)" or class
    local path, name = line:match "^### `([%a_.]-)([%a_]+)%("
    if name and path ~= "" and path ~= "coroutine." and not skipped[name] then
      local holder = _G
      for part in path:gmatch "[%a_]+" do holder = type(holder) == "table" and holder[part] end
      local value = type(holder) == "table" and rawget(holder, name)
      if value then functions[#functions + 1] = { path .. name, value, parameters(line) } end
    end
    local member = line:match "^### `[%a_]+:([%a_]+)%(" or line:match "^### `[%a_]+%.([%a_]+) %->"
    if member and not skipped[member] then
      methods[class] = methods[class] or {}
      table.insert(methods[class], { member, parameters(line) })
    end
  end
  return functions, methods
end

local text = [[
func matmul(A: float32[16, 12], B: float32[16, 9]) -> C: float32[12, 9]:
  for y in range(12):
    for x in range(9):
      for k in range(16):
        block C(y, x, k: reduce):
          init: C[y, x] = 0
          C[y, x] += A[k, y] * B[k, x]
]]

-- Values of each class, as the manual names it.
local function values()
  local graph = tvm.graph("net", function(b)
    local x = b:input("x", "float32", { 2, 3 })
    return b:relu(x * 2.0 - 1.0), (b:reduce_sum(x, { 1 }, { keepdims = 0 }))
  end)
  local scheduled, stepped = tvm.schedule(tvm.parse(text)), tvm.schedule(tvm.parse(text))
  stepped:split("y", 4, "yo", "yi")
  stepped:cache_write("C", "local")
  local expression
  te.func("f", function()
    local A = te.placeholder({ 16, 12 }, "float32", "A")
    expression = A(1, 2) + 1
    return te.compute({ 12 }, function(i) return A(i, 0) end)
  end)()
  local tensor = tvm.random { 16, 12 }
  return { Func = { tvm.parse(text) }, Schedule = { scheduled, stepped }, Version = { scheduled:at(), stepped:at(1) },
    Kernel = { stepped:build "interp", scheduled:build "check" }, Graph = { graph, graph:fuse() }, Module = { graph:lower() },
    Tensor = { tensor, tensor:slice(0, 1, 9, 2), tvm.arange { 12, 9 } }, Check = { tvm.check(tensor, tensor) },
    Picture = { scheduled:order("y", "x") }, Expr = { expression }, Error = { select(2, pcall(tvm.parse, "")) } }
end
local by_class = values()
local classes, everything = {}, {}
for name, list in pairs(by_class) do
  classes[#classes + 1] = name
  for _, value in ipairs(list) do everything[#everything + 1] = value end
end
table.sort(classes)

-- What a parameter of this name might be given.
local function any(...) return { ... } end
local fitting = {
  loop = any("y", "x", "k", "yo", "yi", "C/y", "yo"), loops = any("y", "x", { "y", "x" }, { "k", "y" }, "*/x"),
  block = any("C", "C.store", "matmul"), buffer = any("A", "B", "C", "C.local"), factors = any(2, 4, { -1, 3 }, { 2, -1 }),
  scope = any("local", "shared", "global"), axis = any("threadIdx.x", "blockIdx.y", 0, 1), place = any("y", "C"),
  key = any("note", "pipeline"), value = any(1, 2.5, "text", true, { 1, 2 }), name = any("a", "C", "x"), names = any("a", "b"),
  names_of = any("loops", "blocks", "buffers"), kind = any("loops", "blocks", "buffers"), step = any(0, 1, "split", "parallel"),
  target = any("interp", "check", "interp", "check", "llvm"), path = any("a.npy", "a.svg", "a.lua", "a.png", "a.txt", "a.dot"),
  dtype = any("float32", "int8", "bool", "float64"), shape = any({ 2, 3 }, { 4 }, {}, { 16, 12 }), pattern = any("for", "[xy]", "C"),
  row = any("y", "x"), column = any("x", "k"), a = by_class.Tensor, b = by_class.Tensor, x = by_class.Tensor, t = by_class.Tensor,
  inputs = by_class.Tensor, other = by_class.Version, program = by_class.Schedule, schedule = by_class.Schedule,
  text = any(text, "graph g(x: float32[3]) -> (y):\n  relu1 = relu(x)\n  return y = relu1\n"), n = any(0, 1, 2),
  ty = any(2, 4), tx = any(2, 3), dim = any(0, 1), start = any(0, 1), stop = any(3, 9), extent = any(4, 8),
  sizes = any({ n = 3 }), order = any({ 1, 0 }), options = any({}, { seed = 3 }, { width = 60 }), from = any("relu1", "mul1"),
  to = any("relu1", "sub1"), y = any("y"), f = any(function(v) return v end, function() end),
}

local functions, methods = callable()
local pool = { text, "A", "yo", true, false, -1, 0, 1, 2, 8, 2.5, 1 << 53, math.mininteger, 0 / 0, 1 / 0, "", "x", "y", "C", "k",
  "xo", "yi", "conv2", "float32", "global", "parallel", "threadIdx.x", "*/x", "C/y", "(", "[a-z]+", "a\0b",
  ("a"):rep(2000), "\xff\xfe", {}, { 1, 2 }, { -1, 8 }, { "x", "y" }, { a = 1 }, { {} }, { n = 1e9 },
  print, function() error "mine" end, function(a) return a end, coroutine.create(print), _G, tvm, te,
  table.unpack(everything) }
local fixed = #pool

local function argument()
  local i = choose(#pool + 2)
  return pool[i] -- the last two are nil
end
-- Results take the places of older results at random.
local function keep(value)
  local kind = type(value)
  if kind ~= "userdata" and kind ~= "table" and kind ~= "string" then return end
  if kind == "string" and #value > 4096 then return end
  pool[#pool < fixed + 60 and #pool + 1 or fixed + choose(60)] = value
end
local returned = 0
local function call(name, f, ...)
  local results = table.pack(pcall(f, ...))
  if results[1] then
    returned = returned + 1
    for i = 2, math.min(results.n, 5) do keep(results[i]) end
    return
  end
  local raised = results[2]
  local said = type(raised) == "string" and raised or type(raised) == "userdata" and raised.code
  if type(said) ~= "string" or said == "" then
    error(("%s raised %s, which is no error of ours"):format(name, tostring(raised)))
  end
  tostring(raised)
  keep(raised)
end

-- Any arguments, or for parameters of these names those that may fit, some of them not.
local function arguments_for(names)
  local list, n = {}, names and #names or choose(6) - 1
  for i = 1, n do
    local fits = names and choose(12) > 1 and fitting[names[i]]
    if fits then list[i] = one_of(fits) else list[i] = argument() end
  end
  return table.unpack(list, 1, n)
end

-- A picture takes as long as a hundred other calls.
local slow = { show = true, svg = true, png = true, html = true, save = true, asm = true, llvm_ir = true }
local function wanted(list, name)
  local choice = one_of(list)
  return slow[name(choice)] and choose(10) > 1 and wanted(list, name) or choice
end

for _ = 1, calls do
  local fit = choose(2) == 1
  if choose(2) == 1 then
    local f = wanted(functions, function(it) return it[1]:match "[%a_]+$" end)
    call(f[1], f[2], arguments_for(fit and f[3]))
  else
    local class = one_of(classes)
    local method = wanted(methods[class] or methods.Schedule, function(it) return it[1] end)
    local self = (fit or choose(6) > 1) and one_of(by_class[class]) or argument()
    call(method[1], function(...)
      local member = self[method[1]]
      return type(member) == "function" and choose(8) > 1 and member(self, ...) or member
    end, arguments_for(fit and method[2]))
  end
  if choose(50) == 1 then tostring(argument()) end
  -- A schedule that has gone far is worth little: most names are used up by then.
  if choose(250) == 1 then by_class = values() end
end
-- Were hardly any to return, the calls would try little but the reading of arguments.
if returned * 5 < calls then error(("only %d of %d calls returned"):format(returned, calls)) end
