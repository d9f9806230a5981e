-- te_text.lua -- what tensor expressions mean that are written as text, as te_syntax.lua reads them.
--
-- How far an axis goes is said by `k in 3` or by the declared result that it stands on the left of; else
-- by the dimensions that it indexes by itself; else, if it indexes what nobody declared, it is a parameter of
-- the program, as the names in declared shapes are. All of these are sizes, or axes of equations above, so no
-- extent depends on itself. An input that is not declared is float32 and as large as the furthest element that
-- is read of it. The results are the stages that no other stage reads.
--
-- Calling the program evaluates the trees with the functions of te.
local workbench = ...
local syntax = workbench.script "te_syntax"
local walk, parts, COMPARES, DTYPES, REDUCES = syntax.walk, syntax.parts, syntax.COMPARES, syntax.DTYPES, syntax.REDUCES
local M = {}

local function texts(list)
  local out = {}
  for i, item in ipairs(list) do out[i] = item.text end
  return out
end

-- ---- extents ----

local function sizes_of(program, dims)
  for _, dim in ipairs(dims) do
    walk(dim, function(n) if n.kind == "name" then program:add_size(n.name) end end)
  end
end

-- The first element in an index of which `name` stands, of the value of an equation, and whether it is an index alone
-- somewhere; or nil.
local function indexed_by(eq, name)
  local first, alone = nil, false
  walk(eq.value, function(n)
    for _, index in ipairs(n.kind == "element" and n.args or {}) do
      alone = alone or index.kind == "name" and index.name == name
      walk(index, function(part) first = first or part.kind == "name" and part.name == name and n or nil end)
    end
  end)
  return first, alone
end

-- How an element of the tensor of that name is read: "Q[i, …]" where it has more dimensions than the equation has axes.
local function example_of(program, eq, name)
  local declared, names = program.tensors[name], texts((program.stages[name] or eq).axes)
  local rank = declared and #declared.dims or math.max(#names, 1)
  if #names == 0 then names[1] = "i" end
  if #names < rank then names[#names + 1] = "…" end
  return ("%s[%s]"):format(name, table.concat(names, ", ", 1, math.min(#names, rank)))
end

-- Refuses a name that is nothing: an axis that no sum names, or a tensor without its indices.
local function refuse_name(program, eq, n)
  local fix = ('write "sum(%s, …)" to reduce over it'):format(n.name)
  local element, alone = indexed_by(eq, n.name)
  if element and not alone then -- as in A[N - i]
    local tensor = program.tensors[element.name]
    fix = ('a size is written as a number, or named where a shape is, "%s: %s[%s]"; to reduce over it write "sum(%s, …)"'):format(
      element.name, tensor and tensor.dtype or "float32", n.name .. (", …"):rep(#element.args > 1 and 1 or 0), n.name)
  elseif not element then
    fix = "a tensor stands with its indices, as in " .. example_of(program, eq, n.name)
  end
  program:fail(n.at, ("'%s' is no axis of %s and no size"):format(n.name, eq.name), fix)
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

-- What is written for functions that other libraries have.
local instead = { pow = 'a square is "x * x"; pow(x, y) of x > 0 is "exp(y * log(x))"', relu = 'relu is "max(value, 0)"', where = 'where is "select(condition, a, b)"',
  softmax = 'help "softmax" shows its equations', mean = 'mean is a sum, "sum(k, A[y, k])", over how many there are' }

-- Refuses foo(A[y]): no index is an element of an input by chance, so a function was meant; foo(k, A[y, k]) goes over an
-- axis k.
local function refuse_function(program, n, over)
  local _, e = pcall(function() return te[n.name] end)
  local near = type(e) ~= "string" and tostring(e.why):match "did you mean '(.-)'"
  program:fail(n.at, ("there is no function %s%s"):format(n.name, near and (": did you mean %s?"):format(near) or ""),
    instead[n.name] or over and "what goes over axes is sum, prod, max and min" or ("help \"te\" lists the functions; an input is declared on a line above: %s: float32[…]"):format(n.name))
end

-- The axis that a call names and that there is not, as in mean(k, A[y, k]), or nil.
local function axis_named(program, eq, axes, n)
  for _, arg in ipairs(n.args) do
    local name = not eq.free and arg.kind == "name" and arg.name
    if name and not axes[name] and not program.sizes[name] and not program:is_scalar(name) then return name end
  end
end

-- Refuses any(k, A[k]) and what is no function, before the k would be told to be no axis.
local function check_called(program, eq, axes, n)
  local over = axis_named(program, eq, axes, n)
  if n.kind == "call" and over and (n.name == "any" or n.name == "all") then
    program:fail(n.at, n.name .. " is of two conditions, not over an axis", ('over %s it is "%s(%s, …)"'):format(
      over, n.name == "any" and "max" or "min", over))
  end
  if not n.called or program.tensors[n.name] or program.stages[n.name] then return end
  for _, index in ipairs(n.args) do
    if not is_bounded(index, {}) then refuse_function(program, n, over) end
  end
end

-- The axes of an equation by name, those of the left side and those that are reduced over.
local function axes_of(program, eq)
  local axes = {}
  for _, list in ipairs { eq.axes, eq.over } do
    for _, axis in ipairs(list) do
      if program.sizes[axis.text] then
        program:fail_size_axis(axis.at)
      end
      if axes[axis.text] then
        program:fail(axis.at, ("axis '%s' stands twice in the equation of %s"):format(axis.text, eq.name))
      end
      axes[axis.text] = axis
    end
  end
  walk(eq.value, function(n)
    if n.args then check_called(program, eq, axes, n) end
    if n.kind ~= "name" or axes[n.name] or program.sizes[n.name] then return end
    if program:is_scalar(n.name) then
      n.kind, n.args, n.last = "element", {}, n.at
      return
    end
    if not eq.free then refuse_name(program, eq, n) end
    axes[n.name] = { text = n.name, at = n.at }
    eq.over[#eq.over + 1] = axes[n.name]
  end)
  return axes
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
local function access(program, eq, n, chosen)
  local stage = program.stages[n.name]
  if stage and not stage.done then
    if stage == program.stages[eq.name] then
      program:fail(n.at, ("%s reads itself, and the elements of an equation have no order"):format(n.name),
        "what runs along an axis is a sum, prod, max or min over it")
    end
    program:fail(n.at, ("%s is read before its equation"):format(n.name), "write its equation above this one")
  end
  if stage then stage.read = true end
  local t = program.tensors[n.name]
  if not t then -- firsts: of each dimension, the first axis that indexes it by itself
    t = { name = n.name, dtype = "float32", dims = {}, at = n.at, firsts = {} }
    for i = 1, #n.args do t.dims[i] = { kind = "reach", indices = {} } end
    program.tensors[n.name] = t
    program.order[#program.order + 1] = t
  end
  if #t.dims ~= #n.args then
    program:fail(n.at, ("%s has rank %d, but is indexed by %d"):format(n.name, #t.dims, #n.args),
      #t.dims == 0 and ("read it by its name alone, %s"):format(n.name) or nil)
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
        if n.called then refuse_function(program, n) end
        program:fail(n.at, ("nothing says how large %s is"):format(n.name),
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
local function extents_of(program, eq)
  eq.names, eq.reads = axes_of(program, eq), {}
  local declared = program.tensors[eq.name]
  if declared and #declared.dims ~= #eq.axes then
    program:fail(eq.at,
      ("%s is declared with rank %d, and has rank %d here"):format(eq.name, #declared.dims, #eq.axes))
  end
  for _, axis in pairs(eq.names) do axis.eq, axis.goes = eq, {} end
  walk(eq.value, function(n, chosen) if n.kind == "element" then access(program, eq, n, chosen) end end)
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
      program:add_parameter(axis.text)
      all[1] = { dim = { kind = "name", name = axis.text }, at = axis.at }
    end
    if not axis.dim then axis.goes = all end
    if #axis.goes == 0 then
      program:fail(axis.at.line and axis.at or eq.at, ("nothing says how far %s goes"):format(axis.text),
        i <= #eq.axes and ("declare %s: float32[…] on a line above"):format(eq.name)
        or ('say it as in "sum(%s in 3, …)"'):format(axis.text))
    end
  end
  if not declared then
    local dims = {}
    for i, axis in ipairs(eq.axes) do dims[i] = { kind = "extent", axis = axis } end
    program.tensors[eq.name] = { name = eq.name, dims = dims, at = eq.at }
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

-- What f of te gives for the values of `node`. A literal that is no value of the type that it meets is refused where it
-- stands, with what a text writes instead.
local function call_te(program, node, f, ...)
  local made = table.pack(pcall(f, ...))
  if made[1] then return table.unpack(made, 2, made.n) end
  local e = made[2]
  if type(e) ~= "userdata" or e.code ~= "te_literal" then error(e, 0) end
  local other
  for _, v in ipairs { ... } do
    if not math.type(v) and v.dtype ~= "bool" then other = tostring(v) end
  end
  local parts = node.args or { node.a, node.b }
  local at = node.at
  for i, v in ipairs { ... } do at = math.type(v) and parts[i] and parts[i].at or at end
  local fix = e.fix:gsub('te%.cast%("(%w+)", ([^)]*)%)', function(to, x)
    return ('"%s(%s)"'):format(to, x == "x" and other or x)
  end)
  program:fail(at, e.why:gsub("^argument %d+ ", "this number "), fix)
end

-- What the operator of `node` gives.
local function operate(program, node, a, b)
  if b == 0 and (node.op == "//" or node.op == "%") and math.type(a) then program:fail(node.at, "a division by zero") end
  return call_te(program, node, OPERATORS[node.op], a, b)
end

-- Does the type hold more than the other: a float more than an integer, and of two the wider?
local function holds_more(dtype, other)
  local float, other_float = dtype:find "^float" ~= nil, other:find "^float" ~= nil
  if float ~= other_float then return float end
  return (tonumber(dtype:match "%d+") or 1) >= (tonumber(other:match "%d+") or 1)
end

local CONDITIONS = { ["and"] = 2, ["or"] = 2, all = 2, any = 2, select = 1 } -- how many of their values are some

-- `f` of the values of `operands`, nodes of the tree. What te says of types that do not fit is said in the words of the text.
local function of_operands(program, node, operands, f, ...)
  local fits, made = pcall(f, ...)
  if fits then return made end
  local values, n = { ... }, select("#", ...)
  local code = type(made) == "userdata" and made.code
  local function dtype(i) return type(values[i]) == "userdata" and values[i].dtype end
  local function says(text, i)
    local source = program:source(operands[i].first, operands[i].stop)
    program:fail(node.at, made.why, text:format(source:match "^%b()$" and source:sub(2, -2) or source))
  end
  if code == "te_type_op" or code == "te_type_mix" then
    for i = 1, CONDITIONS[node.op or node.name] or 0 do
      if dtype(i) and dtype(i) ~= "bool" then says('a condition is a comparison, as in "%s != 0"', i) end
    end
  end
  if code == "te_type_op" then says('convert it: "float32(%s)"', dtype(1) and 1 or 2) end
  if code == "te_type_mix" and dtype(n - 1) and dtype(n) then
    local more = holds_more(dtype(n - 1), dtype(n)) and n - 1 or n
    says('convert one of them: "' .. dtype(more) .. '(%s)"', more == n and n - 1 or n)
  end
  error(made, 0)
end

-- The element of a tensor at indices that must be integers of 64 bits.
local function element(program, node, tensor, indices)
  for i, index in ipairs(indices) do
    local dtype = type(index) == "userdata" and index.dtype
    if dtype and dtype ~= "int64" then
      local arg = node.args[i]
      program:fail(arg.at, ("%s is indexed by %s, and indices are int64"):format(node.name, dtype),
        ('convert it: "int64(%s)"'):format(program:source(arg.first, arg.stop)))
    end
  end
  return tensor(table.unpack(indices))
end

local LARGEST = 2 ^ 53 -- of a size or an index: no tensor is as large

-- The same of two integers, whose result must not wrap; `what` it would be.
local function operate_exactly(program, node, a, b, what)
  local z = operate(program, node, a, b)
  if math.abs(OPERATORS[node.op](a + 0.0, b)) > LARGEST then program:fail(node.at, "this " .. what .. " goes too far") end
  return z
end

local range

-- A number from a tree of sizes.
local function size(program, node, values)
  if node.kind == "number" then return node.value end
  if node.kind == "name" then return values[node.name] end
  if node.kind == "extent" then return size(program, node.axis.goes[1].dim, values) end
  if node.kind == "reach" then -- one more than the largest of the indices
    local most = 0
    for _, access in ipairs(node.indices) do
      local _, last = range(program, access.index, access.axes, values)
      most = math.max(most, last + 1)
    end
    return most
  end
  if node.kind == "negated" then return -size(program, node.a, values) end
  local a, b = node.a and size(program, node.a, values), node.b and size(program, node.b, values)
  if INDEX_OPERATORS[node.op] then return operate_exactly(program, node, a, b, "size") end
  program:fail(node.at, "a shape is made of numbers, names and + - * // %")
end

local MOST = 0x7fffffff -- elements in a dimension

-- `n`, unless no dimension can have that size; `what` stands at `at` in the text.
local function checked_size(program, n, what, at)
  if n < 0 or n > MOST then
    program:fail(at, ("the size of %s is %d here, and a size is between 0 and %d"):format(what, n, MOST), "call it with other sizes")
  end
  return n
end

-- The extent of an axis; all dimensions that it goes over must agree.
local function extent(program, axis, values)
  local first = checked_size(program, size(program, axis.goes[1].dim, values), axis.text, axis.at)
  for _, other in ipairs(axis.goes) do
    local n = size(program, other.dim, values)
    if n ~= first then
      program:fail(other.at, ("%s goes over %d here, but over %d elsewhere"):format(axis.text, n, first),
        ("declare the result, or write \"%s in …\" in the sum: then that decides, and what is read may be larger")
        :format(axis.text))
    end
  end
  return first
end

-- The least and the greatest value of a bounded index, where each axis is one of the names in `axes`.
function range(program, node, axes, values)
  if node.kind == "number" then return node.value, node.value end
  if node.kind == "name" and not axes[node.name] then return values[node.name], values[node.name] end
  if node.kind == "name" then return 0, extent(program, axes[node.name], values) - 1 end
  local all = {}
  for i, part in ipairs(parts(node)) do all[i] = { range(program, part, axes, values) } end
  if node.kind == "negated" then return -all[1][2], -all[1][1] end
  local a, b = all[1], all[2]
  if node.kind == "call" then return math[node.name](a[1], b[1]), math[node.name](a[2], b[2]) end
  if node.op == "%" and operate(program, node, a[1], b[1]) - a[1] ~= operate(program, node, a[2], b[1]) - a[2] then
    return math.min(0, b[1] + 1), math.max(0, b[1] - 1)
  end
  local least, greatest = math.huge, -math.huge
  for _, x in ipairs(a) do
    for _, y in ipairs(b) do
      local z = operate_exactly(program, node, x, y, "index")
      least, greatest = math.min(least, z), math.max(greatest, z)
    end
  end
  return least, greatest
end

-- Refuses an equation that reads outside a tensor in every case; s:check() judges what depends on values.
local function check_reads(program, eq, values, shapes)
  for _, axis in pairs(eq.names) do
    if extent(program, axis, values) <= 0 then return end
  end
  for _, read in ipairs(eq.reads) do
    local n, size_there = read.element, shapes[read.element.name][read.dimension]
    local least, greatest = range(program, read.index, eq.names, values)
    if least < 0 or greatest >= size_there then
      local shown = n.at.line == n.last.line and program.lines[n.at.line]:sub(n.at.column, n.last.column) or n.name
      local goes = {}
      walk(read.index, function(part)
        local axis = part.kind == "name" and eq.names[part.name]
        if axis then goes[#goes + 1] = ("%s goes over %d"):format(part.name, extent(program, axis, values)) end
      end)
      local what = ("%s reads index %d%s, but "):format(shown, least < 0 and least or greatest,
        #goes > 0 and " (" .. table.concat(goes, ", ") .. ")" or "")
      if least < 0 then
        program:fail(read.index.at, what .. "indices begin at 0", "shift the index, or guard the element with a select")
      end
      program:fail(read.index.at, ("%sdimension %d of %s has the extent %d"):format(
        what, read.dimension - 1, n.name, size_there),
        ("declare %s smaller or %s larger, or guard the element with a select"):format(eq.name, n.name))
    end
  end
end

-- Does the type, of numbers, have the value that Lua has the number of?
local function holds(dtype, n)
  local kind, bits = dtype:match "^(%a+)(%d+)$"
  if kind == "float" or math.type(n) == "float" then return kind == "float" end
  bits = math.tointeger(bits)
  if kind == "uint" then return n >= 0 and (bits == 64 or n < 1 << bits) end
  return kind == "int" and (bits == 64 or n >= -1 << bits - 1 and n < 1 << bits - 1)
end

-- The values; where all of them are numbers, and `dtype`, which may be nil, holds them, those of that type.
local function settled(dtype, values)
  local out = {}
  for i, n in ipairs(values) do
    if not dtype or not math.type(n) or not holds(dtype, n) then return values end
    out[i] = te.cast(dtype, n)
  end
  return out
end

-- Is the tree made of numbers and sizes alone?
local function is_constant(node, names)
  local constant = true
  walk(node, function(n)
    if n.kind == "element" or n.kind == "name" and not math.type(names[n.name]) then constant = false end
  end)
  return constant
end

-- The tree as an expression of te, or as a number where it is made of numbers and sizes alone, which take the
-- type of what they meet, and where they meet but each other, `dtype`, that of the result, if it is declared;
-- `names` holds sizes and axes, `tensors` what te made of the tensors.
local function value(program, node, names, tensors, dtype)
  local function values(list, of_type)
    local out = {}
    for i, n in ipairs(list) do out[i] = value(program, n, names, tensors, of_type) end
    return out
  end
  -- Of what meets: what is made of numbers alone takes the type of the others.
  local function meeting(list, of_type)
    local out, met = {}, nil
    for i, n in ipairs(list) do
      if not is_constant(n, names) then
        out[i] = value(program, n, names, tensors, of_type)
        if type(out[i]) == "userdata" and out[i].dtype ~= "bool" then met = met or out[i].dtype end
      end
    end
    for i, n in ipairs(list) do
      if out[i] == nil then out[i] = value(program, n, names, tensors, met or of_type) end
    end
    return out
  end
  if node.kind == "number" then return node.value end
  if node.kind == "name" then return names[node.name] end
  if node.kind == "element" then return element(program, node, tensors[node.name], values(node.args)) end
  if node.kind == "negated" then
    return of_operands(program, node, { node.a }, function(a) return -a end, value(program, node.a, names, tensors, dtype))
  end
  if node.kind == "binary" then
    local function f(a, b) return operate(program, node, a, b) end
    local of_result = not COMPARES[node.op] and not CONDITIONS[node.op]
    return of_operands(program, node, { node.a, node.b }, f, table.unpack(meeting({ node.a, node.b }, of_result and dtype)))
  end
  local as_result = not DTYPES[node.name] and not (CONDITIONS[node.name] == 2) and dtype or nil
  local args = meeting(node.args, as_result)
  if DTYPES[node.name] then return te.cast(node.name, args[1]) end
  if REDUCES[node.name] and math.type(args[1]) and math.type(args[2]) then -- max or min of numbers is one, too
    return math[node.name](args[1], args[2])
  end
  if node.name == "select" then
    args[2], args[3] = table.unpack(settled(as_result, { args[2], args[3] }))
  elseif as_result and as_result:find "^float" then
    args = settled(as_result, args)
  end
  local function f(...) return call_te(program, node, te[node.name], ...) end
  return of_operands(program, node, node.args, f, table.unpack(args))
end

local function stage(program, eq, values, tensors, shapes)
  local shape = {}
  for i, axis in ipairs(eq.axes) do shape[i] = extent(program, axis, values) end
  check_reads(program, eq, values, shapes)
  shapes[eq.name] = shape
  local declared = program.tensors[eq.name].dtype
  local function body(...)
    local names, over = setmetatable({}, { __index = values }), {}
    for i, axis in ipairs(eq.axes) do names[axis.text] = select(i, ...) end
    for i, axis in ipairs(eq.over) do
      over[i] = te.reduce_axis(extent(program, axis, values), axis.text)
      names[axis.text] = over[i]
    end
    local v = settled(declared, { value(program, eq.value, names, tensors, declared) })[1]
    return eq.reduce and te[eq.reduce](math.type(v) and te.cast("float32", v) or v, over) or v
  end
  local made = te.compute(shape, body, eq.name, texts(eq.axes))
  if declared and declared ~= made.dtype then
    program:fail(eq.at, ("%s is declared as %s, but its values are %s"):format(eq.name, declared, made.dtype),
      ('"%s(…)" around the value converts it'):format(declared))
  end
  tensors[eq.name] = made
end

-- What te.func runs: placeholders, stages, results.
local function build(program, values)
  local tensors, shapes, results = {}, {}, {}
  for _, t in ipairs(program.order) do
    if not program.stages[t.name] then
      local shape = {}
      for i, dim in ipairs(t.dims) do
        local what = dim.kind == "name" and dim.name or ("dimension %d of %s"):format(i, t.name)
        shape[i] = checked_size(program, size(program, dim, values), what, dim.at or t.at)
      end
      shapes[t.name] = shape
      tensors[t.name] = te.placeholder(shape, t.dtype, t.name)
    end
  end
  for _, eq in ipairs(program.equations) do
    stage(program, eq, values, tensors, shapes)
    if not eq.read then results[#results + 1] = tensors[eq.name] end
  end
  return table.unpack(results)
end

-- The program of a text, as te.func makes it, and whether it has no parameters. `refuse(why, fix)` raises.
function M.compile(text, name, refuse)
  local program = syntax.read(text, refuse)
  for _, eq in ipairs(program.equations) do
    for _, axis in ipairs(eq.over) do if axis.dim then sizes_of(program, { axis.dim }) end end
  end
  for _, eq in ipairs(program.equations) do extents_of(program, eq) end
  name = name or program.equations[#program.equations].name
  local parameters = program.parameters
  local func = te.func(name, function(...)
    local values = {}
    for i, parameter in ipairs(parameters) do
      local given = select(i, ...)
      values[parameter] = math.tointeger(given)
      if not values[parameter] then
        local is = given == nil and "is not given" or select("#", ...) == 1 and type(given) == "table" and "is a list"
          or ("is %s, which is no integer"):format(type(given) == "number" and given or "a " .. type(given))
        refuse(("%s %s: %s takes %s"):format(parameter, is, name, table.concat(parameters, ", ")),
          "give them in that order, or by name in {" .. table.concat(parameters, " = …, ") .. " = …}")
      end
    end
    return build(program, values)
  end, parameters)
  return func, #parameters == 0
end

return M
