-- graph_random.lua -- random graphs: whatever passes make of them computes what the reference interpreter says.
-- test: timeout 900
local t = dofile "tests/check.lua"
local trials = tonumber(arg[1]) or (t.quick and 60 or 400)
local first = tonumber(arg[2]) or 1

local random = math.random
local function one_of(list) return list[random(#list)] end
local function chance(percent) return random(100) <= percent end

-- Values with their shapes: those of a drawn graph are all float32.
local Draw = {}
Draw.__index = Draw

local function elements(shape)
  local n = 1
  for _, d in ipairs(shape) do n = n * d end
  return n
end

function Draw:add(value, shape)
  self.pool[#self.pool + 1] = { value = value, shape = shape }
  return true
end

function Draw:any(rank)
  local fit = {}
  for i, v in ipairs(self.pool) do
    -- the last ones more often, so that chains become long
    if (not rank or #v.shape == rank) and elements(v.shape) <= 600 then
      for _ = 1, i > #self.pool - 3 and 3 or 1 do fit[#fit + 1] = v end
    end
  end
  return #fit > 0 and one_of(fit) or nil
end

local odd = { 0 / 0, 1 / 0, -1 / 0, -0.0, 0, 1, 1e-42, 3e38 }

function Draw:tensor(shape)
  local data = tvm.random(shape, "float32", { seed = random(1 << 30) })
  if self.odd and elements(shape) > 0 and chance(30) then
    data = data * one_of(odd)
  end
  return data
end

-- A constant of that shape; sometimes one that a graph has already: then two nodes share it.
function Draw:const(shape)
  local key = table.concat(shape, " ")
  if not self.consts[key] or chance(60) then
    self.consts[key] = self.b:const(self:tensor(shape))
  end
  return self.consts[key]
end

local function copy(list) return table.move(list, 1, #list, 1, {}) end

local function broadcast(a, b)
  local out, n = {}, math.max(#a, #b)
  for d = 1, n do
    local x, y = a[#a - n + d] or 1, b[#b - n + d] or 1
    if x ~= y and x ~= 1 and y ~= 1 then return nil end
    out[d] = x == 1 and y or x
  end
  return out
end

local unary = { "relu", "sigmoid", "tanh", "exp", "neg", "abs", "sign", "floor", "round", "identity", "dropout",
  "leaky_relu", "hard_sigmoid", "softsign" }
local binary = { "add", "sub", "mul", "div", "max", "min" }
local kinds = {}

function kinds.unary(d)
  local x = d:any()
  d:add(d.b[one_of(unary)](d.b, x.value), x.shape)
end

function kinds.binary(d)
  local x, y = d:any(), d:any()
  local shape = broadcast(x.shape, y.shape)
  if shape then d:add(d.b[one_of(binary)](d.b, x.value, y.value), shape) end
end

function kinds.with_const(d)
  local x = d:any()
  local shape = copy(x.shape)
  for i = 1, #shape do if chance(40) then shape[i] = 1 end end
  if chance(20) then shape = {} end
  local c = d:const(shape)
  if chance(50) then d:add(d.b[one_of(binary)](d.b, x.value, c), x.shape)
  else d:add(d.b[one_of(binary)](d.b, c, x.value), x.shape) end
end

function kinds.of_const(d)
  local shape = { random(3), random(4) }
  d:add(d.b[one_of(unary)](d.b, d:const(shape)), shape)
end

function kinds.reduce(d)
  local x = d:any()
  if #x.shape == 0 then return end
  local axis, keep = random(#x.shape), random(0, 1)
  local shape = copy(x.shape)
  if keep == 1 then shape[axis] = 1 else table.remove(shape, axis) end
  d:add(d.b[one_of { "reduce_sum", "reduce_mean", "reduce_max", "reduce_min" }](d.b, x.value,
    d.b:const { axis - 1 }, { keepdims = keep }), shape)
end

function kinds.along_axis(d)
  local x = d:any()
  if #x.shape == 0 then return end
  d:add(d.b[one_of { "softmax", "log_softmax" }](d.b, x.value, { axis = random(#x.shape) - 1 }), x.shape)
end

function kinds.transpose(d)
  local x = d:any()
  local perm, shape = {}, {}
  for i = 1, #x.shape do table.insert(perm, random(#perm + 1), i - 1) end
  for i, p in ipairs(perm) do shape[i] = x.shape[p + 1] end
  if #perm > 0 then d:add(d.b:transpose(x.value, { perm = perm }), shape) end
end

function kinds.reshape(d)
  local x = d:any()
  if elements(x.shape) == 0 or #x.shape == 0 then return end
  local shape = copy(x.shape)
  if chance(50) then
    shape = { elements(x.shape) }
  elseif chance(50) then
    table.insert(shape, random(#shape + 1), 1)
  end
  d:add(d.b:reshape(x.value, d.b:const(copy(shape))), shape)
end

function kinds.expand(d)
  local x = d:any()
  local to = copy(x.shape)
  if chance(50) and #to < 4 then table.insert(to, 1, random(2)) end
  for i = 1, #to do if to[i] == 1 then to[i] = random(3) end end
  if #to > 0 then d:add(d.b:expand(x.value, d.b:const(copy(to))), to) end
end

function kinds.concat(d)
  local x, y = d:any(), d:any()
  if #x.shape == 0 or #x.shape ~= #y.shape then return end
  local axis = random(#x.shape)
  for i = 1, #x.shape do if i ~= axis and x.shape[i] ~= y.shape[i] then return end end
  local shape = copy(x.shape)
  shape[axis] = shape[axis] + y.shape[axis]
  d:add(d.b:concat(x.value, y.value, { axis = axis - 1 }), shape)
end

function kinds.split(d)
  local x = d:any()
  local axis = #x.shape > 0 and random(#x.shape) or 0
  if axis == 0 or x.shape[axis] < 2 then return end
  local at = random(x.shape[axis] - 1)
  local p, q = d.b:split(x.value, { at, x.shape[axis] - at }, { axis = axis - 1 })
  local one, two = copy(x.shape), copy(x.shape)
  one[axis], two[axis] = at, x.shape[axis] - at
  d:add(p, one)
  d:add(q, two)
end

function kinds.slice(d)
  local x = d:any()
  local axis = #x.shape > 0 and random(#x.shape) or 0
  if axis == 0 or x.shape[axis] < 2 then return end
  local from = random(0, x.shape[axis] - 1)
  local to = random(chance(10) and from or from + 1, x.shape[axis])
  local shape = copy(x.shape)
  shape[axis] = to - from
  d:add(d.b:slice(x.value, d.b:const { from }, d.b:const { to }, d.b:const { axis - 1 }), shape)
end

function kinds.gather(d)
  local x = d:any()
  local axis = #x.shape > 0 and random(#x.shape) or 0
  if axis == 0 or x.shape[axis] == 0 then return end
  local list = {}
  for i = 1, random(3) do list[i] = random(-x.shape[axis], x.shape[axis] - 1) end
  local shape = copy(x.shape)
  shape[axis] = #list
  d:add(d.b:gather(x.value, d.b:const(list), { axis = axis - 1 }), shape)
end

function kinds.where(d)
  local x = d:any()
  local y = d.b[one_of { "less", "greater_or_equal", "equal" }](d.b, x.value, d:const {})
  d:add(d.b:where(y, x.value, d:const(x.shape)), x.shape)
end

function kinds.matmul(d)
  local x = d:any(2)
  if not x then return end
  local n = random(4)
  d:add(d.b:matmul(x.value, d:const { x.shape[2], n }), { x.shape[1], n })
end

local function batch_norm(d, value, channels)
  local p = {}
  for i = 1, 4 do p[i] = tvm.random({ channels }, "float32", { seed = random(1 << 30) }) end
  p[4] = p[4] * p[4]
  if d.odd and chance(50) then p[4] = p[4] * 0 end
  local epsilon = d.odd and chance(50) and 0 or 1e-3
  for i = 1, 4 do p[i] = d.b:const(p[i]) end
  return d.b:batch_normalization(value, p[1], p[2], p[3], p[4], { epsilon = epsilon })
end

function kinds.batch_norm(d)
  local x = d:any()
  if #x.shape >= 2 then d:add(batch_norm(d, x.value, x.shape[2]), x.shape) end
end

function kinds.conv(d)
  local x = d:any(4)
  if not x or elements(x.shape) == 0 then return end
  local n = random(3)
  local args = { x.value, d:const { n, x.shape[2], 3, 3 } }
  if chance(50) then args[3] = d:const { n } end
  args[#args + 1] = { pads = { 1, 1, 1, 1 } }
  local y, shape = d.b:conv(table.unpack(args)), { x.shape[1], n, x.shape[3], x.shape[4] }
  if chance(30) then d:add(y, shape) end
  d:add(chance(70) and batch_norm(d, y, n) or y, shape)
end

function kinds.pool(d)
  local x = d:any(4)
  if not x or elements(x.shape) == 0 then return end
  d:add(d.b[one_of { "max_pool", "average_pool" }](d.b, x.value,
    { kernel_shape = { 3, 3 }, pads = { 1, 1, 1, 1 } }), x.shape)
end

local names = {}
for name in pairs(kinds) do names[#names + 1] = name end
table.sort(names)

-- A graph and its inputs.
local function draw(seed)
  math.randomseed(seed)
  local inputs = {}
  local g = tvm.graph("random", function(b)
    local d = setmetatable({ b = b, pool = {}, consts = {}, odd = chance(25) }, Draw)
    for i = 1, random(2) do
      local shape = one_of { { 1, 2, 4, 5 }, { 2, 3, 3, 3 }, { 3, 4 }, { 4 }, {}, { 2, 1, 3 }, { 0, 3 } }
      inputs[i] = tvm.random(shape, "float32", { seed = seed + i })
      d:add(b:input("x" .. i, "float32", shape), shape)
    end
    local want = random(12)
    for _ = 1, 4 * want do
      if #d.pool < want + 2 then kinds[one_of(names)](d) end
    end
    local outputs = {}
    for i = 1, random(3) do
      outputs[i] = (i == 1 and d.pool[#d.pool] or one_of(d.pool)).value
    end
    return table.unpack(outputs)
  end)
  return g, inputs
end

local function text_of(results)
  local out = {}
  for i = 1, results.n do out[i] = tostring(results[i]) end
  return table.concat(out, "\n")
end

local usual = { "infer_shapes", "fold_constants", "simplify", "fold_batch_norm", "fold_transposes", "dead_code", "fuse" }

-- Nil, or how a graph made by passes differs from the graph as drawn.
local function fault(g, inputs, want, passes, how)
  local h = g:pass(table.unpack(passes))
  if not (tvm.parse_graph(h:text(), h) == h) then return "its text reads back as another graph" end
  local m = h:lower()
  local got = table.pack(m[how](m, inputs))
  if got.n ~= want.n then return ("%d results instead of %d"):format(got.n, want.n) end
  for i = 1, want.n do
    local check = tvm.check(got[i], want[i], { rtol = 1e-3, atol = 1e-4 })
    if not check.ok then return ("result %d: %s"):format(i, tostring(check)) end
  end
end

local function trial(seed)
  local g, inputs = draw(seed)
  local m = g:lower()
  local want = table.pack(m:interpret(inputs))
  for _, pass in ipairs(usual) do
    local wrong = fault(g, inputs, want, { pass }, "interpret")
    if wrong then return ("after %s: %s\n%s"):format(pass, wrong, g:text()) end
  end
  for _, how in ipairs { "interpret", "run" } do
    local wrong = fault(g, inputs, want, usual, how)
    if wrong then
      return ("after all passes, by %s: %s\n%s\n%s\n%s"):format(how, wrong, g:text(), g:fuse():text(), text_of(want))
    end
  end
end

t.test(trials .. " random graphs", function()
  for seed = first, first + trials - 1 do
    local ok, wrong = xpcall(trial, function(e) return tostring(e) .. "\n" .. debug.traceback() end, seed)
    if wrong then error(("seed %d: %s"):format(seed, wrong)) end
  end
end)

t.done()
