-- te_text.lua -- tensor expressions as text: te [[ C[y, x] = sum(k, A[k, y] * B[k, x]) ]].
--
-- A text is lines (or parts between `;`), each a declaration or an equation:
--
--   A: float32[n, n + 2]                   an input; where A has an equation too, what that gives
--   C[y, x] = sum(k, A[k, y] * B[k, x])    a stage: its axes on the left, its value on the right
--   C[y, x] += A[k, y] * B[k, x]           the same: names that only the right side has are summed over
--
-- How far an axis goes is said by `k in 3` or by the declared result that it stands on the left of; else
-- by the dimensions that it indexes by itself; else, if it indexes what nobody declared, it is a parameter of
-- the program, as the names in declared shapes are. All of these are sizes, or axes of equations above, so no
-- extent depends on itself. An input that is not declared is float32 and as large as the furthest element that
-- is read of it. The results are the stages that no other stage reads.
--
-- A text becomes tokens, then trees ({kind, …, at = token}), then an analysis of extents; calling the
-- program evaluates the trees with the functions of te.
local M = {}

local REDUCES = { sum = true, prod = true, max = true, min = true }
local UPDATES = { ["+="] = "sum", ["*="] = "prod", ["max="] = "max", ["min="] = "min" }
local COMPARES = {
  ["<"] = "lt", ["<="] = "le", [">"] = "gt", [">="] = "ge", ["=="] = "eq", ["!="] = "ne", ["~="] = "ne",
}
local DTYPES = {}
for name in ("float64 float32 int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool"):gmatch "%S+" do
  DTYPES[name] = true
end

-- What te makes, and an expression does not call.
local NOT_CALLED = { placeholder = true, compute = true, func = true, text = true, reduce_axis = true, cast = true }

local function is_function(name) return DTYPES[name] or (rawget(te, name) and not NOT_CALLED[name]) end

-- How many values a function takes, where it is not one.
local TAKES = { select = 3, min = 2, max = 2, all = 2, any = 2 }
for _, name in pairs(COMPARES) do TAKES[name] = 2 end

-- How deep an expression may nest; te takes no deeper ones.
local MAX_DEPTH = 256

local parser = {}
parser.__index = parser

-- ---- mistakes ----

local SHOWN = 60 -- bytes of a line on either side of a mistake

-- The first place from `at` on where a character of the line begins.
local function whole(line, at) return line:find("[^\x80-\xbf]", at) or #line + 1 end

-- Refuses the text: what is wrong, at which token, and what to write instead.
function parser:fail(token, why, fix)
  local line = self.lines[token.line]
  local first = whole(line, math.max(#line:match "^%s*" + 1, token.column - SHOWN))
  local shown = line:sub(first, whole(line, token.column + SHOWN) - 1)
  local before = utf8.len(line:sub(first, token.column - 1)) or 0
  local place = ("\n    %s\n    %s^"):format(shown, (" "):rep(before))
  self.refuse(why .. (line:find "%S" and place or ""), fix or "?te.text shows how such a text is written")
end

-- ---- tokens ----

local PATTERNS = { -- the first that fits
  { "name", "^[%a_][%w_]*" }, { "number", "^%d+%.?%d*[eE][+-]?%d+" }, { "number", "^%d+%.%d*" }, { "number", "^%d+" },
  { "op", "^//" }, { "op", "^[<>=!~+*]=" }, { "op", "^[%[%](),:;+*/%%<>=-]" },
}

-- Newlines end a statement where no bracket is open.
local function tokens_of(self, text)
  local list, open, number = {}, 0, 0
  for line in (text .. "\n"):gmatch "(.-)\r?\n" do
    number = number + 1
    self.lines[number] = line
    local at = 1
    while true do
      at = line:find("%S", at)
      if not at or line:find("^#", at) or line:find("^%-%-", at) then break end
      local token
      for _, p in ipairs(PATTERNS) do
        local s = line:match(p[2], at)
        if s then token = { kind = p[1], text = s, line = number, column = at } break end
      end
      if not token then
        local letter = line:match(utf8.charpattern, at)
        self:fail({ line = number, column = at }, ("'%s' means nothing here"):format(letter))
      end
      open = open + (token.text:find "^[%[(]" and 1 or token.text:find "^[%])]" and -1 or 0)
      if token.text == ";" then token.kind = "end" end
      list[#list + 1] = token
      at = at + #token.text
    end
    if open <= 0 then
      list[#list + 1] = { kind = "end", text = "the end of the line", line = number, column = #line + 1 }
    end
  end
  list[#list + 1] = { kind = "eof", text = "the end", line = number, column = #self.lines[number] + 1 }
  return list
end

function parser:peek(ahead) return self.tokens[math.min(self.at + (ahead or 0), #self.tokens)] end

function parser:is(text, ahead)
  local token = self:peek(ahead)
  return token.text == text and token.kind ~= "number"
end

function parser:take(text)
  if not self:is(text) then return nil end
  self.at = self.at + 1
  return self.tokens[self.at - 1]
end

function parser:need(text)
  return self:take(text) or self:fail(self:peek(), ("'%s' is expected before %s"):format(text, self:peek().text))
end

function parser:name(what)
  local token = self:peek()
  if token.kind ~= "name" then self:fail(token, ("%s is expected here"):format(what)) end
  self.at = self.at + 1
  return token
end

-- ---- expressions ----

local LEVELS = { { ["or"] = true }, { ["and"] = true }, COMPARES, { ["+"] = true, ["-"] = true },
  { ["*"] = true, ["/"] = true, ["//"] = true, ["%"] = true } }

-- What stands between brackets, with commas.
function parser:list(close)
  local list = {}
  if self:take(close) then return list end
  repeat list[#list + 1] = self:expression() until not self:take ","
  self:need(close)
  return list
end

-- The trees that a tree is made of.
local function parts(node) return node.args or { node.a, node.b } end

function parser:check_depth(depth, token)
  if depth > MAX_DEPTH then
    self:fail(token, ("an expression nests more than %d deep"):format(MAX_DEPTH), "make a part of it a stage of its own")
  end
  return depth
end

-- `node`, which knows its depth; those of its parts are known.
function parser:tree(node)
  local depth = 0
  for _, part in ipairs(parts(node)) do depth = math.max(depth, part.depth) end
  node.depth = self:check_depth(depth + 1, node.at)
  return node
end

-- A value without operators around it. All that nests goes through here, so this counts how deep.
function parser:primary()
  self.open = self:check_depth(self.open + 1, self:peek())
  local node = self:operand()
  self.open = self.open - 1
  return node
end

function parser:operand()
  local token = self:peek()
  if self:take "(" then
    local inner = self:expression()
    self:need ")"
    return inner
  elseif self:take "-" then
    return self:tree { kind = "negated", a = self:primary(), at = token }
  elseif token.kind == "number" then
    self.at = self.at + 1
    return self:tree { kind = "number", value = math.tointeger(token.text) or tonumber(token.text), at = token }
  end
  token = self:name "a value"
  local node = { kind = "name", name = token.text, at = token }
  while self:is "[" or (self:is "(" and node.kind ~= "call") do
    local called = self:is "(" and is_function(token.text) and node.kind == "name"
    local open = self:take "[" and "]" or (self:need "(" and ")")
    local list = self:list(open)
    if called and token.text ~= "max" and token.text ~= "min" and REDUCES[token.text] then
      self:fail(token, "a reduction can only be the whole value of a stage",
        "make it a stage of its own, and use its result in the next")
    elseif called and #list ~= (TAKES[token.text] or 1) then
      self:fail(token, ("%s takes %d values, but %d are given"):format(token.text, TAKES[token.text] or 1, #list))
    elseif called then
      node = { kind = "call", name = token.text, args = list, at = token }
    else
      local before = node.args or {} -- A[k][y] is A[k, y]
      node = { kind = "element", name = token.text, args = table.move(list, 1, #list, #before + 1, before), at = token,
        last = self.tokens[self.at - 1] }
    end
  end
  return self:tree(node)
end

function parser:expression(level)
  level = level or 1
  if level > #LEVELS then return self:primary() end
  local left = self:expression(level + 1)
  while LEVELS[level][self:peek().text] and self:peek().kind ~= "number" do
    local token = self:peek()
    self.at = self.at + 1
    left = self:tree { kind = "binary", op = token.text, a = left, b = self:expression(level + 1), at = token }
    if LEVELS[level] == COMPARES and COMPARES[self:peek().text] then
      self:fail(self:peek(), "comparisons do not chain", 'join two of them, as in "a < b and b < c"')
    end
  end
  return left
end

-- ---- statements ----

function parser:declaration(name)
  self:need ":"
  local dtype = self:name "an element type, such as float32,"
  if not DTYPES[dtype.text] then
    self:fail(dtype, ("'%s' is no element type"):format(dtype.text), "float32, int8, … : docs/semantics.md lists them")
  end
  self:need "["
  if self.tensors[name.text] then self:fail(name, ("'%s' is declared twice"):format(name.text)) end
  self.tensors[name.text] = { name = name.text, dtype = dtype.text, dims = self:list "]", at = name }
  self.order[#self.order + 1] = self.tensors[name.text]
end

-- The axes of "sum(k, j in 3, …": names before a comma, each with how far it goes if that is said.
function parser:reduction(axes)
  local token = self:peek()
  local first = self:peek(2)
  local head = REDUCES[token.text] and self:is("(", 1) and first.kind == "name"
    and (self:is(",", 3) or self:is("in", 3))
  for _, axis in ipairs(axes) do head = head and axis.text ~= first.text end
  if not head or (self.sizes[first.text] and not self:is("in", 3)) then return nil end
  self.at = self.at + 2
  local over = {}
  while self:peek().kind == "name" and (self:is(",", 1) or self:is("in", 1)) do
    local axis = { text = self:peek().text, at = self:peek() }
    self.at = self.at + 1
    if self:take "in" then axis.dim = self:expression() end
    self:need ","
    over[#over + 1] = axis
  end
  local value = self:expression()
  self:need ")"
  return token.text, over, value
end

function parser:equation(name)
  local eq = { name = name.text, at = name, axes = {} }
  while self:is "[" or self:is "(" do
    local close = self:take "[" and "]" or (self:need "(" and ")")
    repeat
      local axis = self:name "the name of an axis"
      for _, other in ipairs(eq.axes) do
        if other.text == axis.text then
          self:fail(axis, ("axis '%s' stands twice on the left side"):format(axis.text))
        end
      end
      eq.axes[#eq.axes + 1] = { text = axis.text, at = axis }
    until not self:take ","
    self:need(close)
  end
  if (self:is "max" or self:is "min") and self:is("=", 1) then
    eq.reduce = self:peek().text
    self.at = self.at + 2
  else
    local op = self:peek()
    eq.reduce = UPDATES[op.text]
    if not eq.reduce and op.text ~= "=" then self:fail(op, ("'=' or '+=' is expected before %s"):format(op.text)) end
    self.at = self.at + 1
  end
  eq.free = eq.reduce ~= nil -- the reduce axes are the names that only the right side has
  eq.over = {}
  if not eq.reduce then eq.reduce, eq.over, eq.value = self:reduction(eq.axes) end
  eq.over = eq.over or {}
  eq.value = eq.value or self:expression()
  if self.stages[name.text] then
    self:fail(name, ("'%s' has two equations"):format(name.text), "give the second another name")
  end
  self.stages[name.text] = eq
  self.equations[#self.equations + 1] = eq
end

function parser:statements()
  while self:peek().kind ~= "eof" do
    if self:peek().kind == "end" then
      self.at = self.at + 1
    else
      local name = self:name "a declaration or an equation"
      if self:is ":" then self:declaration(name) else self:equation(name) end
      local after = self:peek()
      if after.kind ~= "end" and after.kind ~= "eof" then
        self:fail(after, ("'%s' does not belong to this statement"):format(after.text),
          "one statement a line, or ; between them")
      end
    end
  end
end

-- ---- extents ----

-- Calls visit(node, chosen) for every node of a tree; chosen ones are the values of a select, which reads one.
local function walk(node, visit, chosen)
  visit(node, chosen)
  local choice = node.kind == "call" and node.name == "select"
  for i, part in ipairs(parts(node)) do walk(part, visit, chosen or (choice and i > 1)) end
end

-- The program gets a parameter of this name: a size, or how far an axis goes over inputs that nobody declared.
function parser:add_parameter(name)
  if self.parameters[name] then return end
  self.parameters[name] = true
  self.parameters[#self.parameters + 1] = name
end

function parser:add_size(name)
  self.sizes[name] = true
  self:add_parameter(name)
end

function parser:sizes_of(dims)
  for _, dim in ipairs(dims) do
    walk(dim, function(n) if n.kind == "name" then self:add_size(n.name) end end)
  end
end

-- The axes of an equation by name, those of the left side and those that are reduced over.
function parser:axes_of(eq)
  local axes = {}
  for _, list in ipairs { eq.axes, eq.over } do
    for _, axis in ipairs(list) do
      if self.sizes[axis.text] then
        self:fail(axis.at, ("'%s' is a size here, so it cannot be an axis"):format(axis.text))
      end
      if axes[axis.text] then
        self:fail(axis.at, ("axis '%s' stands twice in the equation of %s"):format(axis.text, eq.name))
      end
      axes[axis.text] = axis
    end
  end
  walk(eq.value, function(n)
    if n.kind ~= "name" or axes[n.name] or self.sizes[n.name] then return end
    if not eq.free then
      self:fail(n.at, ("'%s' is no axis of %s and no size"):format(n.name, eq.name),
        ('write "sum(%s, …)" to reduce over it'):format(n.name))
    end
    axes[n.name] = { text = n.name, at = n.at }
    eq.over[#eq.over + 1] = axes[n.name]
  end)
  return axes
end

local INDEX_OPERATORS = { ["+"] = true, ["-"] = true, ["*"] = true, ["//"] = true, ["%"] = true }
local INDEX_CALLS = { min = true, max = true }

-- Whether `range` can tell how far an index goes: it is made of axes, sizes and whole numbers, and divided by no axis.
local function is_bounded(index, axes)
  local bounded = true
  walk(index, function(n)
    if n.kind == "number" then bounded = bounded and math.type(n.value) == "integer"
    elseif n.kind == "binary" then bounded = bounded and INDEX_OPERATORS[n.op]
    elseif n.kind == "call" then bounded = bounded and INDEX_CALLS[n.name]
    elseif n.kind == "element" then bounded = false end
    if n.op == "//" or n.op == "%" then
      walk(n.b, function(d) bounded = bounded and not (d.kind == "name" and axes[d.name]) end)
    end
  end)
  return bounded
end

-- Whether a bounded index takes both ends of its range: each axis stands in it once, under operators that
-- are monotone in it.
local function is_exact(index, axes)
  local exact, seen = true, {}
  walk(index, function(n)
    if n.op == "%" then exact = false end
    if n.kind ~= "name" or not axes[n.name] then return end
    if seen[n.name] then exact = false end
    seen[n.name] = true
  end)
  return exact
end

-- The axis for all of one equation that must go as far as `axis`.
local function leader(axis)
  while axis.as do axis = axis.as end
  return axis
end

-- Notes what an element says about the axes of its equation, and about an input that nobody declared.
function parser:access(eq, n, chosen)
  local stage = self.stages[n.name]
  if stage and not stage.done then
    self:fail(n.at, ("%s is read before its equation"):format(n.name), "write its equation above this one")
  end
  if stage then stage.read = true end
  local t = self.tensors[n.name]
  if not t then -- firsts: of each dimension, the first axis that indexes it by itself
    t = { name = n.name, dtype = "float32", dims = {}, at = n.at, firsts = {} }
    for i = 1, #n.args do t.dims[i] = { kind = "reach", indices = {} } end
    self.tensors[n.name] = t
    self.order[#self.order + 1] = t
  end
  if #t.dims ~= #n.args then
    self:fail(n.at, ("%s has %d dimensions, but %d indices are given"):format(n.name, #t.dims, #n.args))
  end
  for i, index in ipairs(n.args) do
    local axis, bounded = index.kind == "name" and eq.names[index.name], is_bounded(index, eq.names)
    if bounded and not chosen and is_exact(index, eq.names) then
      table.insert(eq.reads, { element = n, dimension = i, index = index })
    end
    if not t.firsts then
      if axis then table.insert(axis.goes, { dim = t.dims[i], at = index.at }) end
    else
      if not bounded then
        self:fail(n.at, ("nothing says how large %s is"):format(n.name),
          ("declare it on a line above: %s: float32[…]"):format(n.name))
      end
      table.insert(t.dims[i].indices, { index = index, axes = eq.names })
      walk(index, function(part)
        if part.kind == "name" and eq.names[part.name] then eq.names[part.name].sizes_input = true end
      end)
      local first = axis and t.firsts[i]
      if first and first.eq ~= eq then
        table.insert(axis.goes, { dim = { kind = "extent", axis = first }, at = index.at })
      elseif first and leader(first) ~= leader(axis) then
        leader(axis).as = leader(first)
      end
      t.firsts[i] = t.firsts[i] or axis or nil
    end
  end
end

-- Notes for each axis the dimensions that it goes over: {dim, at}. Inputs that nobody declared come to be.
function parser:extents_of(eq)
  eq.names, eq.reads = self:axes_of(eq), {}
  local declared = self.tensors[eq.name]
  if declared and #declared.dims ~= #eq.axes then
    self:fail(eq.at,
      ("%s is declared with %d dimensions, and has %d axes here"):format(eq.name, #declared.dims, #eq.axes))
  end
  for _, axis in pairs(eq.names) do axis.eq, axis.goes = eq, {} end
  walk(eq.value, function(n, chosen) if n.kind == "element" then self:access(eq, n, chosen) end end)
  for i, axis in ipairs(eq.axes) do axis.dim = declared and declared.dims[i] end
  local ordered = table.move(eq.over, 1, #eq.over, #eq.axes + 1, { table.unpack(eq.axes) })
  for _, axis in ipairs(ordered) do -- what was said decides alone, and an element need only lie inside
    if axis.dim then axis.goes = { { dim = axis.dim, at = axis.at } } end
    local first = leader(axis)
    first.all = table.move(axis.goes, 1, #axis.goes, #(first.all or {}) + 1, first.all or {})
  end
  for i, axis in ipairs(ordered) do
    local all = leader(axis).all
    if #all == 0 and axis.sizes_input then
      self:add_parameter(axis.text)
      all[1] = { dim = { kind = "name", name = axis.text }, at = axis.at }
    end
    if not axis.dim then axis.goes = all end
    if #axis.goes == 0 then
      self:fail(axis.at.line and axis.at or eq.at, ("nothing says how far %s goes"):format(axis.text),
        i <= #eq.axes and ("declare %s: float32[…] on a line above"):format(eq.name)
        or ('say it as in "sum(%s in 3, …)"'):format(axis.text))
    end
  end
  if not declared then
    local dims = {}
    for i, axis in ipairs(eq.axes) do dims[i] = { kind = "extent", axis = axis } end
    self.tensors[eq.name] = { name = eq.name, dims = dims, at = eq.at }
  end
  eq.done = true
end

-- ---- evaluating ----

local OPERATORS = {
  ["+"] = function(a, b) return a + b end, ["-"] = function(a, b) return a - b end,
  ["*"] = function(a, b) return a * b end, ["/"] = function(a, b) return a / b end,
  ["//"] = function(a, b) return a // b end, ["%"] = function(a, b) return a % b end,
  ["and"] = function(a, b) return te.all(a, b) end, ["or"] = function(a, b) return te.any(a, b) end,
}
for sign, name in pairs(COMPARES) do OPERATORS[sign] = function(a, b) return te[name](a, b) end end

-- What the operator of `node` gives.
local function operate(self, node, a, b)
  if b == 0 and (node.op == "//" or node.op == "%") and math.type(a) then self:fail(node.at, "a division by zero") end
  return OPERATORS[node.op](a, b)
end

local range

-- A number from a tree of sizes.
local function size(self, node, values)
  if node.kind == "number" then return node.value end
  if node.kind == "name" then return values[node.name] end
  if node.kind == "extent" then return size(self, node.axis.goes[1].dim, values) end
  if node.kind == "reach" then -- one more than the largest of the indices
    local most = 0
    for _, access in ipairs(node.indices) do
      local _, last = range(self, access.index, access.axes, values)
      most = math.max(most, last + 1)
    end
    return most
  end
  if node.kind == "negated" then return -size(self, node.a, values) end
  local a, b = node.a and size(self, node.a, values), node.b and size(self, node.b, values)
  if INDEX_OPERATORS[node.op] then return operate(self, node, a, b) end
  self:fail(node.at, "a shape is made of numbers, names and + - * // %")
end

-- The extent of an axis; all dimensions that it goes over must agree.
local function extent(self, axis, values)
  local first = size(self, axis.goes[1].dim, values)
  for _, other in ipairs(axis.goes) do
    local n = size(self, other.dim, values)
    if n ~= first then
      self:fail(other.at, ("%s goes over %d here, but over %d elsewhere"):format(axis.text, n, first),
        ("declare the result, or write \"%s in …\" in the sum: then that decides, and what is read may be larger")
        :format(axis.text))
    end
  end
  return first
end

local LARGEST = 2 ^ 53 -- of an index: no tensor is as large

-- The least and the greatest value of a bounded index, where each axis is one of the names in `axes`.
function range(self, node, axes, values)
  if node.kind == "number" then return node.value, node.value end
  if node.kind == "name" and not axes[node.name] then return values[node.name], values[node.name] end
  if node.kind == "name" then return 0, extent(self, axes[node.name], values) - 1 end
  local all = {}
  for i, part in ipairs(parts(node)) do all[i] = { range(self, part, axes, values) } end
  if node.kind == "negated" then return -all[1][2], -all[1][1] end
  local a, b = all[1], all[2]
  if node.kind == "call" then return math[node.name](a[1], b[1]), math[node.name](a[2], b[2]) end
  if node.op == "%" and operate(self, node, a[1], b[1]) - a[1] ~= operate(self, node, a[2], b[1]) - a[2] then
    return math.min(0, b[1] + 1), math.max(0, b[1] - 1)
  end
  local least, greatest = math.huge, -math.huge
  for _, x in ipairs(a) do
    for _, y in ipairs(b) do
      local z = operate(self, node, x, y)
      if math.abs(OPERATORS[node.op](x + 0.0, y)) > LARGEST then self:fail(node.at, "this index goes too far") end
      least, greatest = math.min(least, z), math.max(greatest, z)
    end
  end
  return least, greatest
end

-- Refuses an equation that reads outside a tensor in every case; s:check() judges what depends on values.
local function check_reads(self, eq, values, shapes)
  for _, axis in pairs(eq.names) do
    if extent(self, axis, values) <= 0 then return end
  end
  for _, read in ipairs(eq.reads) do
    local n, size_there = read.element, shapes[read.element.name][read.dimension]
    local least, greatest = range(self, read.index, eq.names, values)
    if least < 0 or greatest >= size_there then
      local shown = n.at.line == n.last.line and self.lines[n.at.line]:sub(n.at.column, n.last.column) or n.name
      local goes = {}
      walk(read.index, function(part)
        local axis = part.kind == "name" and eq.names[part.name]
        if axis then goes[#goes + 1] = ("%s goes over %d"):format(part.name, extent(self, axis, values)) end
      end)
      local what = ("%s reads index %d%s, but "):format(shown, least < 0 and least or greatest,
        #goes > 0 and " (" .. table.concat(goes, ", ") .. ")" or "")
      if least < 0 then
        self:fail(read.index.at, what .. "indices begin at 0", "shift the index, or guard the element with a select")
      end
      self:fail(read.index.at, ("%sdimension %d of %s has the extent %d"):format(
        what, read.dimension - 1, n.name, size_there),
        ("declare %s smaller or %s larger, or guard the element with a select"):format(eq.name, n.name))
    end
  end
end

-- The tree as an expression of te, or as a number where it is made of numbers and sizes alone, which take the
-- type of what they meet; `names` holds sizes and axes, `tensors` what te made of the tensors.
local function value(self, node, names, tensors)
  local function values(list)
    local out = {}
    for i, n in ipairs(list) do out[i] = value(self, n, names, tensors) end
    return out
  end
  if node.kind == "number" then return node.value end
  if node.kind == "name" then return names[node.name] end
  if node.kind == "element" then return tensors[node.name](table.unpack(values(node.args))) end
  if node.kind == "negated" then return -value(self, node.a, names, tensors) end
  if node.kind == "binary" then
    return operate(self, node, value(self, node.a, names, tensors), value(self, node.b, names, tensors))
  end
  local args = values(node.args)
  if DTYPES[node.name] then return te.cast(node.name, args[1]) end
  if REDUCES[node.name] and math.type(args[1]) and math.type(args[2]) then -- max or min of numbers is one, too
    return math[node.name](args[1], args[2])
  end
  return te[node.name](table.unpack(args))
end

local function texts(list)
  local out = {}
  for i, item in ipairs(list) do out[i] = item.text end
  return out
end

local function stage(self, eq, values, tensors, shapes)
  local shape = {}
  for i, axis in ipairs(eq.axes) do shape[i] = extent(self, axis, values) end
  check_reads(self, eq, values, shapes)
  shapes[eq.name] = shape
  local function body(...)
    local names, over = setmetatable({}, { __index = values }), {}
    for i, axis in ipairs(eq.axes) do names[axis.text] = select(i, ...) end
    for i, axis in ipairs(eq.over) do
      over[i] = te.reduce_axis(extent(self, axis, values), axis.text)
      names[axis.text] = over[i]
    end
    local v = value(self, eq.value, names, tensors)
    return eq.reduce and te[eq.reduce](v, over) or v
  end
  local made = te.compute(shape, body, eq.name, texts(eq.axes))
  local declared = self.tensors[eq.name].dtype
  if declared and declared ~= made.dtype then
    self:fail(eq.at, ("%s is declared as %s, but its values are %s"):format(eq.name, declared, made.dtype),
      ('"%s(…)" around the value converts it'):format(declared))
  end
  tensors[eq.name] = made
end

-- What te.func runs: placeholders, stages, results.
local function build(self, values)
  local tensors, shapes, results = {}, {}, {}
  for _, t in ipairs(self.order) do
    if not self.stages[t.name] then
      local shape = {}
      for i, dim in ipairs(t.dims) do shape[i] = size(self, dim, values) end
      shapes[t.name] = shape
      tensors[t.name] = te.placeholder(shape, t.dtype, t.name)
    end
  end
  for _, eq in ipairs(self.equations) do
    stage(self, eq, values, tensors, shapes)
    if not eq.read then results[#results + 1] = tensors[eq.name] end
  end
  return table.unpack(results)
end

-- The program of a text, as te.func makes it, and whether it has no parameters. `refuse(why, fix)` raises.
function M.compile(text, name, refuse)
  local self = setmetatable({
    refuse = refuse, lines = {}, at = 1, open = 0, -- of the tokens; how deep it reads
    tensors = {}, order = {}, -- by name: {name, dtype, dims, at}; in the order in which they appear
    stages = {}, equations = {}, -- the same of equations: {name, axes, reduce, over, value, at}
    sizes = {}, -- the names in declared shapes
    parameters = {}, -- sizes, and axes over what nobody declared: by name and in order
  }, parser)
  self.tokens = tokens_of(self, text)
  for i, token in ipairs(self.tokens) do -- names in declared shapes are sizes, wherever they stand
    if token.text == ":" and self.tokens[i + 2] and self.tokens[i + 2].text == "[" then
      for k = i + 3, #self.tokens do
        if self.tokens[k].text == "]" then break end
        if self.tokens[k].kind == "name" then self:add_size(self.tokens[k].text) end
      end
    end
  end
  self:statements()
  if #self.equations == 0 then
    self:fail(self.tokens[#self.tokens], "there is no equation", "C[y, x] = A[y, x] * 2 would be one")
  end
  for _, eq in ipairs(self.equations) do
    for _, axis in ipairs(eq.over) do if axis.dim then self:sizes_of { axis.dim } end end
  end
  for _, eq in ipairs(self.equations) do self:extents_of(eq) end
  name = name or self.equations[#self.equations].name
  local func = te.func(name, function(...)
    local values = {}
    for i, parameter in ipairs(self.parameters) do
      values[parameter] = math.tointeger((select(i, ...)))
      if not values[parameter] then
        refuse(("%s is not given: %s takes %s"):format(parameter, name, table.concat(self.parameters, ", ")),
          "give them in that order, or by name in {" .. table.concat(self.parameters, " = …, ") .. " = …}")
      end
    end
    return build(self, values)
  end, self.parameters)
  return func, #self.parameters == 0
end

return M
