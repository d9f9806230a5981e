-- random_calls.lua -- calls of every function and method with arguments that hardly ever fit.
--
-- tvmrepl tests/random_calls.lua SEED CALLS
--
-- Whatever the arguments are, a call returns or raises: an error of ours (which has a code), or Lua's
-- own in words. What calls return joins the arguments of later calls. The functions are those of
-- the workbench that its manual names, Lua's own left out.
local seed, calls = tonumber(arg[1]), tonumber(arg[2])
local choose = math.random
math.randomseed(seed)

local skipped = { tour = true } -- it would wait for a person

local function callable()
  local functions, methods = {}, {}
  for line in io.popen("'" .. arg[-1] .. "' --manual"):lines() do
    local path, name = line:match "^### `([%a_.]-)([%a_]+)%("
    if name and path ~= "" and path ~= "coroutine." and not skipped[name] then
      local holder = _G
      for part in path:gmatch "[%a_]+" do holder = type(holder) == "table" and holder[part] end
      local value = type(holder) == "table" and rawget(holder, name)
      if value then functions[#functions + 1] = { path .. name, value } end
    end
    local method = line:match "^### `[%a_]+:([%a_]+)%("
    local field = line:match "^### `[%a_]+%.([%a_]+) %->"
    methods[#methods + 1] = method or field
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

local function starting_pool()
  return { text, tvm.parse(text), tvm.schedule(tvm.parse(text)), tvm.schedule(tvm.parse(text)):at(), "A", "yo", true, false, -1, 0, 1, 2, 8, 2.5, 1 << 53, math.mininteger, 0 / 0, 1 / 0, "", "x", "y", "C", "k",
    "xo", "yi", "conv2", "float32", "global", "parallel", "threadIdx.x", "*/x", "C/y", "(", "[a-z]+", "a\0b",
    ("a"):rep(2000), "\xff\xfe", {}, { 1, 2 }, { -1, 8 }, { "x", "y" }, { a = 1 }, { {} }, { n = 1e9 },
    print, function() error "mine" end, function(a) return a end, coroutine.create(print), _G, tvm, te }
end

local functions, methods = callable()
local pool = starting_pool()
local fixed = #pool

local function argument()
  local i = choose(#pool + 2)
  return pool[i] -- the last two are nil
end
-- Mostly a value of the workbench, for other values have none of its methods.
local function object()
  for _ = 1, 6 do
    local value = argument()
    if type(value) == "userdata" then return value end
  end
  return argument()
end
-- Results take the places of older results at random.
local function keep(value)
  local kind = type(value)
  if kind ~= "userdata" and kind ~= "table" and kind ~= "string" then return end
  if kind == "string" and #value > 4096 then return end
  pool[#pool < fixed + 60 and #pool + 1 or fixed + choose(60)] = value
end
local function call(name, f, ...)
  local results = table.pack(pcall(f, ...))
  if results[1] then
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

for _ = 1, calls do
  local n = choose(6) - 1
  local arguments = {}
  for i = 1, n do arguments[i] = argument() end
  if choose(2) == 1 then
    local f = functions[choose(#functions)]
    call(f[1], f[2], table.unpack(arguments, 1, n))
  else
    local self, method = object(), methods[choose(#methods)]
    call(method, function(...)
      local member = self[method]
      return type(member) == "function" and choose(8) > 1 and member(self, ...) or member
    end, table.unpack(arguments, 1, n))
  end
  if choose(50) == 1 then tostring(argument()) end
end
