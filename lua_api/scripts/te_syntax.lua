-- te_syntax.lua -- reads tensor expressions that are written as text: te [[ C[y, x] = sum(k, A[k, y] * B[k, x]) ]].
--
-- A text is lines (or parts between `;`), each a declaration or an equation:
--
--   A: float32[n, n + 2]                   an input; where A has an equation too, what that gives
--   C[y, x] = sum(k, A[k, y] * B[k, x])    a stage: its axes on the left, its value on the right
--   C[y, x] += A[k, y] * B[k, x]           the same: names that only the right side has are summed over
--
-- It becomes tokens, then trees: {kind, at = token, depth, …}, where kind is "number" (value), "name" (name),
-- "negated" (a), "binary" (op, a, b), "element" (name, args, last) or "call" (name, args); it goes from the token `first`
-- to `stop`. What they mean is te_text.lua's affair.
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

-- A tensor with two axes, or a name alone, at one end of a text.
local NAME = "([%a_][%w_]*)"
local MATRIX = NAME .. "%s*%[%s*" .. NAME .. "%s*,%s*" .. NAME .. "%s*%]"
local function operand(text, before, behind)
  local name, row, column = text:match(before .. MATRIX .. behind)
  return name or text:match(before .. NAME .. behind), row, column
end

local POWERS = 'a square is "x * x"; x^y of x > 0 is "exp(y * log(x))"'
local NOT = 'the opposite of a < b is a >= b; where a condition chooses, the two values change places'
local CHOICE = 'a choice is "select(condition, a, b)"'
local CONVERSION = 'a type converts by its name: "int64(I[i])"'

local function operators(says) return function() return "the operators are + - * / // % < <= > >= == != and or; " .. says end end
local BITS = 'bits of integers are for the text of loops, which tvm.parse reads'

-- Signs of other languages that begin as one of this does, or go on as one does.
local LONG_SIGNS = { "^<<", "^>>", "^&&", "^||" }

-- What is written for a sign of other languages at that place of the line, with the names that stand there.
local FOREIGN = {
  ["^"] = function() return POWERS end,
  ["<<"] = operators 'x << 3 is "x * 8"', [">>"] = operators 'x >> 3 is "x // 8"',
  ["&"] = operators('x & 7 is "x % 8"; ' .. BITS), ["|"] = operators('of conditions it is "or"; ' .. BITS), ["~"] = operators(BITS),
  ["&&"] = operators 'a && b is "a and b"', ["||"] = operators 'a || b is "a or b"',
  ["!"] = function() return NOT end, ["?"] = function() return CHOICE end,
  ["."] = function(line, at)
    return line:sub(1, at):find "%f[%w_]te%s*%.$" and 'functions stand without "te.", and ' .. CONVERSION or nil
  end,
  ['"'] = function(line, at) return line:sub(1, at):find 'cast%s*%(%s*"$' and CONVERSION or nil end,
  ["@"] = function(line, at)
    local left, right = line:sub(math.max(1, at - 2 * SHOWN), at - 1), line:sub(at + 1, at + 2 * SHOWN)
    local A, y, k = operand(left, "", "%s*$")
    local B, row, x = operand(right, "^%s*", "")
    if not (y and row == k and y ~= x and x ~= k and y ~= k) then y, k, x = "y", "k", "x" end
    local function is_axis(name) return name == y or name == k or name == x end
    if not A or is_axis(A) then A = "A" end
    if not B or is_axis(B) then B = "B" end
    local C = left:match(NAME .. "%s*%b[]%s*=") or left:match(NAME .. "%s*=")
    for _, other in ipairs { "C", "D", "E" } do
      if not C or C == A or C == B or is_axis(C) then C = other end
    end
    return ("a product of two matrices is a sum: te [[ %s[%s, %s] = sum(%s, %s[%s, %s] * %s[%s, %s]) ]]"):format(
      C, y, x, k, A, y, k, B, k, x)
  end,
}

local function long_sign(line, at)
  for _, pattern in ipairs(LONG_SIGNS) do
    local sign = line:match(pattern, at)
    if sign then return sign end
  end
end

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
      local foreign = long_sign(line, at)
      if foreign or not token then
        local letter = foreign or line:match(utf8.charpattern, at)
        self:fail({ line = number, column = at }, ("'%s' means nothing here"):format(letter),
          FOREIGN[letter] and FOREIGN[letter](line, at))
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

-- What stands between brackets, with commas, its first and last token, and the last of its first value. Between those
-- of a reduction, "axis=k" is k.
function parser:list(close, reduces)
  local list = { first = self:peek() }
  if self:take(close) then return list end
  repeat
    if reduces and self:is "axis" and self:is("=", 1) then self.at = self.at + 2 end
    list[#list + 1] = self:expression()
    list.last = self.tokens[self.at - 1]
    list.head = list.head or list.last
  until not self:take ","
  self:need(close)
  return list
end

-- The trees that a tree is made of.
local function parts(node) return node.args or { node.a, node.b } end

-- Calls visit(node, chosen) for every node of a tree; chosen ones are the values of a select, which reads one.
local function walk(node, visit, chosen)
  visit(node, chosen)
  local choice = node.kind == "call" and node.name == "select"
  for i, part in ipairs(parts(node)) do walk(part, visit, chosen or (choice and i > 1)) end
end

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

-- The source of the tokens from `first` to `last`, or that it is left out: it is long, or in several lines.
function parser:source(first, last)
  local length = last.column + #last.text - first.column
  if first.line ~= last.line or length > SHOWN then return "…" end
  return self.lines[first.line]:sub(first.column, first.column + length - 1)
end

-- The names that stand in indices of `list`, and are neither sizes nor axes of the left side: "k, r".
function parser:reduced_names(list)
  local names, seen = {}, setmetatable({}, { __index = self.sizes })
  for _, axis in ipairs(self.left) do seen[axis.text] = true end
  for _, tree in ipairs(list) do
    walk(tree, function(node)
      for _, index in ipairs(node.kind == "element" and node.args or {}) do
        walk(index, function(n)
          if n.kind ~= "name" or seen[n.name] or self:is_scalar(n.name) then return end
          seen[n.name] = true
          names[#names + 1] = n.name
        end)
      end
    end)
  end
  return table.concat(names, ", ")
end

local NOT_WHOLE = "a reduction is the whole value of its stage"

function parser:fail_inner_reduction(token)
  self:fail(token, NOT_WHOLE, "make it a stage of its own in a line before, and use its name here; docs/equations.md shows a softmax")
end

-- Refuses an axis that has the name of a size.
function parser:fail_size_axis(token)
  self:fail(token, ("'%s' is a size here, so it cannot be an axis"):format(token.text), "give the axis another name, or the size: a number or a new name where it is declared, \"[16]\" or \"[n]\"")
end

-- Refuses a reduction over an axis of the left side: C[i] = sum(i, A[i]).
function parser:check_own_axes(token, first)
  for _, axis in ipairs(self.left) do
    if first.kind == "name" and axis.text == first.name then
      self:fail(first.at, ("%s is an axis of the left side, so %s cannot run over it"):format(axis.text, token.text),
        "take it from the left side, or give the axis that goes away another name")
    end
  end
end

-- Refuses a reduction whose axes stand behind its value, as in te.sum(value, axis): sum(A[i, k], k). That max(A[i, k], s)
-- is one is known by an s that indexes A.
function parser:check_axes_first(token, list)
  if not REDUCES[token.text] or #list < 2 or list[1].kind == "name" then return end
  local over = self:reduced_names { list[1] }
  local behind, indexes = {}, {}
  for name in over:gmatch "[^, ]+" do indexes[name] = true end
  for i = 2, #list do
    if TAKES[token.text] and not indexes[list[i].name] then return end
    behind[#behind + 1] = indexes[list[i].name] and list[i].name
  end
  over = #behind == #list - 1 and table.concat(behind, ", ") or over
  if over == "" then return end
  self:fail(token, ("the axes of %s come first"):format(token.text),
    ('name them first: "%s(%s, %s)"'):format(token.text, over, self:source(list.first, list.head)))
end

-- Refuses a call of `token` with `list` between its brackets, unless it takes that many values and is no reduction.
function parser:check_call(token, list)
  self:check_axes_first(token, list)
  local name, takes = token.text, TAKES[token.text] or 1
  local over = REDUCES[name] and #list == 1 and self:reduced_names(list)
  if over and (over ~= "" or not TAKES[name]) then
    self:fail(token, ("%s does not say over which axes"):format(name), over == "" and
      ('name them, as in "%s(k, …)", where k indexes what is reduced'):format(name)
      or ('name them: "%s(%s, %s)"'):format(name, over, self:source(list.first, list.last)))
  elseif REDUCES[name] and not TAKES[name] then
    local axis = #list > 1 and list[1].kind == "name" and self.sizes[list[1].name] and list[1].at
    if axis then self:fail_size_axis(axis) end
    if #list > 1 then self:check_own_axes(token, list[1]) end
    self:fail_inner_reduction(token)
  elseif #list ~= takes then
    self:fail(token, ("%s takes %d value%s, but got %d"):format(name, takes, takes == 1 and "" or "s", #list))
  end
end

-- A value without operators around it. All that nests goes through here, so this counts how deep.
function parser:primary()
  local first = self:peek()
  self.open = self:check_depth(self.open + 1, first)
  local node = self:operand()
  self.open = self.open - 1
  node.first, node.stop = first, self.tokens[self.at - 1]
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
  if self:is "*" and self:is("*", -1) then self:fail(self:peek(), "'**' means nothing here", POWERS) end
  token = self:name "a value"
  if token.text == "not" then self:fail(token, "'not' means nothing here", NOT) end
  local node = { kind = "name", name = token.text, at = token }
  while self:is "[" or (self:is "(" and node.kind ~= "call") do
    local called = self:is "(" and is_function(token.text) and node.kind == "name"
    if called and REDUCES[token.text] and (self:is("in", 2) or self:is(":", 2)) then self:fail_inner_reduction(token) end
    local close = self:take "[" and "]" or (self:need "(" and ")")
    local list = self:list(close, called and REDUCES[token.text])
    if called then
      self:check_call(token, list)
      node = { kind = "call", name = token.text, args = list, at = token }
    else
      local before = node.args or {} -- A[k][y] is A[k, y]
      node = { kind = "element", called = close == ")", name = token.text, args = table.move(list, 1, #list, #before + 1, before), at = token,
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
    left = self:tree { kind = "binary", op = token.text, a = left, b = self:expression(level + 1), at = token, first = left.first }
    left.stop = left.b.stop
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

-- Whether `name` is a tensor without dimensions, which is read by its name alone.
function parser:is_scalar(name)
  local stage, declared = self.stages[name], self.tensors[name]
  return stage and #stage.axes == 0 or declared and #declared.dims == 0
end

-- Refuses a size that is also the name of a tensor without dimensions: which of them would the name alone read?
function parser:check_sizes()
  for _, list in ipairs { self.order, self.equations } do
    for _, t in ipairs(list) do
      if self.sizes[t.name] and self:is_scalar(t.name) then
        self:fail(t.at, ("'%s' is a size and a tensor without dimensions"):format(t.name), "give one of them another name")
      end
    end
  end
end

-- The rest of the brackets that are open at token `i`, as it stands in the source.
function parser:rest(i)
  local first, open = i, 0
  while self.tokens[i].kind ~= "eof" do
    local text = self.tokens[i].text
    open = open + (text:find "^[%[(]" and 1 or text:find "^[%])]" and -1 or 0)
    if open < 0 then return i > first and self:source(self.tokens[first], self.tokens[i - 1]) or "…" end
    i = i + 1
  end
  return "…"
end

local GOES = { [":"] = true, ["="] = true, ["in"] = true }

-- How far an axis goes, as it is said from token `i` on up to a comma: { size, from, stop, foreign }, sources of "from:size" and
-- "range(from, size)" or of the size alone; nil if no comma ends it.
function parser:said_extent(i)
  local function text(k) return self.tokens[k].text end
  local ranged, open, stop = text(i) == "range" and text(i + 1) == "(", 0, i
  local said, first = { foreign = ranged }, i
  while open > 0 or text(stop) ~= "," do
    if self.tokens[stop].kind == "eof" or self.tokens[stop].kind == "end" then return nil end
    open = open + (text(stop):find "^[%[(]" and 1 or text(stop):find "^[%])]" and -1 or 0)
    if open < 0 then return nil end
    if text(stop) == ":" or (ranged and open == 1 and text(stop) == ",") then
      if said.from then return nil end -- a step, too
      said.from, said.foreign = stop > first and self:source(self.tokens[first], self.tokens[stop - 1]), true
    end
    if text(stop) == ":" or (ranged and open == 1 and (text(stop) == "," or text(stop) == "(")) then first = stop + 1 end
    stop = stop + 1
  end
  if ranged and text(stop - 1) ~= ")" then return nil end
  local last = stop - (ranged and 2 or 1)
  if last < first then return nil end
  said.size, said.stop = self:source(self.tokens[first], self.tokens[last]), stop
  return said
end

-- Refuses sum(dy:3, dx = 3, …) and sum(dy in range(3), …), and writes what was meant. The axes begin at token `i`.
function parser:check_extents(token, i)
  local axes, wrong = {}, nil
  while self.tokens[i].kind == "name" and GOES[self.tokens[i + 1].text] and self.tokens[i].text ~= "axis" do
    local axis, said = self.tokens[i], self:said_extent(i + 2)
    if not said then return end
    if said.from and said.from ~= "0" then
      self:fail(axis, ("%s does not begin at 0"):format(axis.text), ('an axis does: write "%s in %s - %s", and %s + %s for %s'):format(
        axis.text, said.size, said.from, axis.text, said.from, axis.text))
    end
    if said.foreign or self.tokens[i + 1].text ~= "in" then wrong = wrong or axis end
    axes[#axes + 1] = ("%s in %s"):format(axis.text, said.size)
    i = said.stop + 1
  end
  if wrong then
    self:fail(wrong, ("how far %s goes is said by 'in'"):format(wrong.text),
      ('write it as "%s(%s, %s)"'):format(token.text, table.concat(axes, ", "), self:rest(i)))
  end
end

-- The axes of "sum(k, j in 3, …": names before a comma, each with how far it goes if that is said.
function parser:reduction(axes)
  local token = self:peek()
  local first = self:peek(2)
  if REDUCES[token.text] and self:is("(", 1) then self:check_extents(token, self.at + 2) end
  local head = REDUCES[token.text] and self:is("(", 1) and first.kind == "name"
    and (self:is(",", 3) or self:is("in", 3))
  for _, axis in ipairs(axes) do head = head and axis.text ~= first.text end
  local value = self.sizes[first.text] or self:is_scalar(first.text)
  if not head or (value and not self:is("in", 3)) then return nil end
  self.at = self.at + 2
  local over = {}
  while self:peek().kind == "name" and (self:is(",", 1) or self:is("in", 1)) do
    local axis = { text = self:peek().text, at = self:peek() }
    self.at = self.at + 1
    if self:take "in" then axis.dim = self:expression() end
    self:need ","
    over[#over + 1] = axis
  end
  local reduced = self:expression()
  self:need ")"
  return token.text, over, reduced
end

-- Refuses C[y:3, x] = …, where the axes up to y are read: how far one of the left side goes is declared.
function parser:fail_left_extent(name, axes)
  local axis = axes[#axes].text
  local given = self:peek(1)
  local size = (given.kind == "name" or given.kind == "number") and self:source(given, given) or "…"
  self:fail(axes[#axes].at, ("how far %s goes is said by a declaration"):format(axis),
    ("declare it on a line above: %s: float32[%s%s%s]"):format(name.text, ("…, "):rep(#axes - 1), size, self:is("]", 2) and "" or ", …"))
end

-- Refuses C[y + 1] = … and H[X[i]] += …, where the axis is read.
function parser:fail_left_index(axis)
  self:fail(axis, "the left side names axes", (self:is "[" or self:is "(")
    and "where the data say what is written, that is a scatter: its loops are written out for tvm.parse"
    or "what is read is shifted, not what is written")
end

local OF_INDICES = { ["["] = true, ["("] = true, ["+"] = true, ["-"] = true, ["*"] = true, ["/"] = true, ["//"] = true, ["%"] = true }

function parser:equation(name)
  local eq = { name = name.text, at = name, axes = {} }
  while self:is "[" or self:is "(" do
    local close = self:take "[" and "]" or (self:need "(" and ")")
    if self:take(close) then break end -- M[] is M
    repeat
      local axis = self:name "the name of an axis"
      for _, other in ipairs(eq.axes) do
        if other.text == axis.text then
          self:fail(axis, ("axis '%s' stands twice on the left side"):format(axis.text))
        end
      end
      eq.axes[#eq.axes + 1] = { text = axis.text, at = axis }
      if self:is ":" or self:is "in" then self:fail_left_extent(name, eq.axes) end
      if OF_INDICES[self:peek().text] then self:fail_left_index(axis) end
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
  self.left = eq.axes
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

-- Refuses what goes on at `after` with the reduction that an equation ends with: C[y] = sum(k, A[y, k]) / 9.
function parser:check_whole(eq, after)
  local goes_on = false
  for _, operators in ipairs(LEVELS) do goes_on = goes_on or operators[after.text] end
  if not (eq and eq.reduce and not eq.free and goes_on) then return end
  local axes = {}
  for i, axis in ipairs(eq.axes) do axes[i] = axis.text end
  local element = eq.name .. (#axes > 0 and ("[%s]"):format(table.concat(axes, ", ")) or "")
  self:fail(after, NOT_WHOLE,
    ("go on in a next line: %s2%s = %s %s …"):format(eq.name, element:sub(#eq.name + 1), element, after.text))
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
        self:check_whole(self.stages[name.text], after)
        self:fail(after, ("'%s' does not belong to this statement"):format(after.text),
          after.text == "if" and CHOICE or "one statement a line, or ; between them")
      end
    end
  end
end

-- ---- sizes ----

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

-- Names in declared shapes are sizes, wherever they stand.
function parser:find_sizes()
  for i, token in ipairs(self.tokens) do
    if token.text == ":" and self.tokens[i + 2] and self.tokens[i + 2].text == "[" then
      for k = i + 3, #self.tokens do
        if self.tokens[k].text == "]" then break end
        if self.tokens[k].kind == "name" then self:add_size(self.tokens[k].text) end
      end
    end
  end
end

-- ---- the whole ----

-- What a text says, with `fail`, `add_size` and `add_parameter` as methods. `refuse(why, fix)` raises.
local function read(text, refuse)
  local self = setmetatable({
    refuse = refuse, lines = {}, at = 1, open = 0, -- of the tokens; how deep it reads
    tensors = {}, order = {}, -- by name: {name, dtype, dims, at}; in the order in which they appear
    stages = {}, equations = {}, -- the same of equations: {name, axes, reduce, over, value, at}
    left = {}, -- the axes on the left side of the equation that is read
    sizes = {}, -- the names in declared shapes
    parameters = {}, -- sizes, and axes over what nobody declared: by name and in order
  }, parser)
  self.tokens = tokens_of(self, text)
  self:find_sizes()
  self:statements()
  self:check_sizes()
  if #self.equations == 0 then
    self:fail(self.tokens[#self.tokens], "there is no equation", "C[y, x] = A[y, x] * 2 would be one")
  end
  return self
end

return { read = read, walk = walk, parts = parts, DTYPES = DTYPES, REDUCES = REDUCES, COMPARES = COMPARES }
