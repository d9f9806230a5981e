-- operators.lua -- operators against plain Lua, and compiled against interpreted: what ONNX's cases leave out.
local t = dofile "tests/check.lua"

local function close(a, b, what) t.ok(tvm.check(a, b, {rtol = 1e-4, atol = 1e-5}).ok, what) end
local function random(shape, seed) return tvm.random(shape, "float32", {seed = seed}) end

-- Runs a graph of one operator both ways, and gives what the interpreter says.
local function both(build, inputs)
  local g = tvm.graph("g", build)
  t.ok(g == tvm.parse_graph(g:text(), g))
  local slow, quick = {g:lower():interpret(inputs)}, {g:fuse():lower():run(inputs)}
  for i, y in ipairs(slow) do close(quick[i], y, "compiled") end
  return table.unpack(slow)
end

local T, B, I, H = 5, 2, 3, 4
local function recurrence(op, gates, options, lens, x)
  return both(function(b)
    local d = options.direction == "bidirectional" and 2 or 1
    local w, r = b:const(random({d, gates * H, I}, 1)), b:const(random({d, gates * H, H}, 2))
    local bias = b:const(random({d, 2 * gates * H}, 3))
    options.hidden_size = H
    return b[op](b, b:input("x", "float32", x.shape), w, r, bias, b:const(tvm.tensor(lens, "int32")), options)
  end, {x})
end

t.test("a sequence that ends early keeps its state, and gives 0 from there on", function()
  local x = random({T, B, I}, 4)
  for op, gates in pairs{rnn = 1, gru = 3, lstm = 4} do
    local whole, last = recurrence(op, gates, {outputs = 2}, {T, T}, x)
    local cut, state = recurrence(op, gates, {outputs = 2}, {T, 2}, x)
    for j = 0, H - 1 do
      t.eq(cut[T - 1][0][1][j], 0.0)
      t.eq(cut[1][0][1][j], whole[1][0][1][j])
      t.eq(state[0][1][j], whole[1][0][1][j])
      t.eq(state[0][0][j], last[0][0][j])
    end
  end
end)

t.test("backwards is forwards from the end, and both are one beside the other", function()
  local x = random({T, 1, I}, 5)
  local list = {}
  for s = 1, T do
    list[s] = {{}}
    for i = 1, I do list[s][1][i] = x[T - s][0][i - 1] end
  end
  local turned = tvm.tensor(list, "float32")
  for op, gates in pairs{rnn = 1, gru = 3, lstm = 4} do
    local there = recurrence(op, gates, {}, {T}, turned)
    local back = recurrence(op, gates, {direction = "reverse"}, {T}, x)
    local two = recurrence(op, gates, {direction = "bidirectional"}, {T}, x)
    t.eq(table.concat(two.shape, " "), "5 2 1 4")
    for s = 0, T - 1 do
      for j = 0, H - 1 do t.ok(math.abs(there[T - 1 - s][0][0][j] - back[s][0][0][j]) < 1e-5) end
    end
  end
end)

t.test("activations go by the names of operators", function()
  local x = random({T, B, I}, 6)
  local y = recurrence("rnn", 1, {activations = "Relu"}, {T, T}, x)
  for s = 0, T - 1 do for j = 0, H - 1 do t.ok(y[s][0][0][j] >= 0) end end
  t.eq(t.raises("graph_unsupported", function() recurrence("rnn", 1, {activations = "Affine"}, {T, T}, x) end).fix, 'tvm.op "rnn" tells what it takes')
  t.raises("graph_unsupported", function() recurrence("rnn", 1, {activations = "Add"}, {T, T}, x) end)
  t.raises("graph_types", function() recurrence("lstm", 4, {activations = "Relu Relu Relu Relu"}, {T, T}, x) end)
  t.raises("graph_types", function() recurrence("rnn", 1, {direction = "sideways"}, {T, T}, x) end)
  t.raises("graph_unsupported", function() recurrence("rnn", 1, {}, {260, 260}, random({260, B, I}, 6)) end)
end)

t.test("scatter: the last update counts, and none is written outside", function()
  local y = both(function(b)
    return b:scatter_elements(b:input("x", "float32", {2, 4}), b:const(tvm.tensor({{1, 1, -1}}, "int64")), b:input("u", "float32", {1, 3}))
  end, {tvm.zeros({2, 4}, "float32"), tvm.tensor({{5, 6, 7}}, "float32")})
  t.ok(y == tvm.tensor({{0, 0, 0, 0}, {5, 6, 7, 0}}, "float32"))
  y = both(function(b)
    return b:scatter_elements(b:input("x", "float32", {2, 4}), b:const(tvm.tensor({{1, 1, -1}}, "int64")), b:input("u", "float32", {1, 3}), {axis = 1, reduction = "add"})
  end, {tvm.zeros({2, 4}, "float32"), tvm.tensor({{5, 6, 7}}, "float32")})
  t.ok(y == tvm.tensor({{0, 11, 0, 7}, {0, 0, 0, 0}}, "float32"))
  y = both(function(b)
    return b:scatter_nd(b:input("x", "float32", {3, 2}), b:const(tvm.tensor({{2}, {0}, {2}}, "int64")), b:input("u", "float32", {3, 2}))
  end, {tvm.zeros({3, 2}, "float32"), tvm.tensor({{1, 2}, {3, 4}, {5, 6}}, "float32")})
  t.ok(y == tvm.tensor({{3, 4}, {0, 0}, {5, 6}}, "float32"))
  t.raises("graph_types", function()
    tvm.graph("g", function(b) return b:scatter_nd(b:input("x", "float32", {3}), b:const(tvm.tensor({{2}}, "int64")), b:input("u", "float32", {2})) end)
  end)
end)

t.test("the greatest of an axis, in order: NaN first, equals by their place", function()
  local function top(x, k, options)
    return both(function(b)
      local v, i = b:top_k(b:input("x", "float32", x.shape), b:const(tvm.tensor({k}, "int64")), options)
      return v, i
    end, {x})
  end
  local v, i = top(tvm.tensor({3, 7, 7, -1, 2}, "float32"), 3, {outputs = 2})
  t.ok(v == tvm.tensor({7, 7, 3}, "float32") and i == tvm.tensor({1, 2, 0}, "int64"))
  v, i = top(tvm.tensor({3, 7, 7, -1, 2}, "float32"), 2, {outputs = 2, largest = 0})
  t.ok(v == tvm.tensor({-1, 2}, "float32") and i == tvm.tensor({3, 4}, "int64"))
  _, i = top(tvm.tensor({3, 0 / 0, 7, 0 / 0}, "float32"), 4, {outputs = 2})
  t.ok(i == tvm.tensor({1, 3, 2, 0}, "int64"))
  _, i = top(tvm.tensor({3, 0 / 0, 7, 0 / 0}, "float32"), 4, {outputs = 2, largest = 0})
  t.ok(i == tvm.tensor({0, 2, 1, 3}, "int64"))
  t.raises("graph_types", function() top(tvm.tensor({1, 2}, "float32"), 3, {outputs = 2}) end)
end)

t.test("einsum: equations that fit, and some that do not", function()
  local a, b2 = random({2, 3}, 7), random({3, 4}, 8)
  local function sum(equation, ...)
    local x = {...}
    return both(function(b)
      local v = {}
      for i, one in ipairs(x) do v[i] = b:input("x" .. i, "float32", one.shape) end
      v[#v + 1] = {equation = equation}
      return b:einsum(table.unpack(v))
    end, x)
  end
  t.ok(tvm.check(sum("ij,jk", a, b2), sum("ij,jk->ik", a, b2)).ok)
  t.ok(tvm.check(sum("kj , ji", a, b2), sum("kj,ji->ik", a, b2)).ok) -- letters in order
  t.ok(tvm.check(sum("...ij,...jk->...ik", random({5, 2, 3}, 9), random({1, 3, 4}, 10)), sum("bij,cjk->bik", random({5, 2, 3}, 9), random({1, 3, 4}, 10))).ok)
  t.eq(#sum("ii->", random({3, 3}, 1)).shape, 0)
  for _, bad in ipairs{"ij", "ij,jk,kl", "i,jk", "ij,jk->il", "ij,jk->ii", "ij,j?", "ij,jk=>ik", "ij,ij", "......ij,jk", "i.j,jk", ""} do
    t.raises("graph_types", function() sum(bad, a, b2) end)
  end
end)

t.test("quantizing by the range: all zeros have a scale, too", function()
  local y, scale, zero = both(function(b)
    return b:dynamic_quantize_linear(b:input("x", "float32", {3}), {outputs = 3})
  end, {tvm.zeros({3}, "float32")})
  t.ok(y == tvm.zeros({3}, "uint8"))
  t.eq(tostring(scale):gsub("\n", " ") .. tostring(zero):gsub("\n", " "), "float32[] 1uint8[] 0")
end)

t.test("hundreds of inputs, and sequences as long as a program can be deep", function()
  local y = both(function(b)
    local x, list = b:input("x", "float32", {2}), {}
    for i = 1, 600 do list[i] = x end
    list[#list + 1] = {axis = 0}
    return b:concat(table.unpack(list))
  end, {tvm.tensor({1, 2}, "float32")})
  t.eq(("%d %g %g"):format(y.shape[1], y[1198], y[1199]), "1200 1 2")
  for op, most in pairs{rnn = {1, 224}, gru = {3, 112}, lstm = {4, 149}} do
    local function lower(steps)
      return tvm.graph("g", function(b)
        return (b[op](b, b:input("x", "float32", {steps, 1, 1}), b:const(tvm.zeros({1, most[1], 1}, "float32")), b:const(tvm.zeros({1, most[1], 1}, "float32"))))
      end):lower()
    end
    t.ok(lower(most[2]))
    local e = t.raises("graph_unsupported", function() lower(most[2] + 1) end)
    t.contains(e.why, ("1 to %d are possible, for each step is written out as %d stage"):format(most[2], 448 // most[2]))
    t.contains(e.fix, "a sequence of at most " .. most[2] .. " steps") -- g:unsupported() lists nothing: the operator is known
  end
  t.raises("argument_type", function() tvm.graph("g", function(b) return b:split(b:input("x", "float32", {99}), {num_outputs = 99}) end) end)
end)

t.test("numbers are followed through operators of several results", function()
  local g = tvm.parse_graph("graph f(x: float32[2, 3, n]) -> ():\n  s = shape(x)\n  a, b, c = split(s, axis=0)\n" ..
    "  p, q = split([0, 0, 1, 0, 0, 1], [3, 3])\n  r = concat(p, q, axis=0)\n  y = pad(x, r)\n  return y, a\n")
  t.eq(table.concat(g:bind{n = 5}:outputs()[1].shape, " "), "2 3 7")
end)

t.done()
