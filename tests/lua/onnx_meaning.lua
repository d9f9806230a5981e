-- onnx_meaning.lua -- where an operator's meaning is easily missed: limits, wrapping, rounding, zeros of
-- either sign, empty axes, and versions that meant something else.
local t = dofile "tests/check.lua"
local o = dofile "tests/onnx_build.lua"
local inf, nan = math.huge, 0 / 0
local T = tvm.tensor

-- Equal to the bit: NaN is NaN, and zeros have their signs.
local function same(a, b) return a == b and (a ~= 0 or 1 / a == 1 / b) or (a ~= a and b ~= b) end
local function is(y, want, tolerance)
  for i, w in ipairs(want) do
    local v = y[i - 1]
    t.ok(same(v, w) or (tolerance and math.abs(v - w) <= tolerance * math.abs(w)),
      ("element %d is %s, not %s"):format(i, v, w))
  end
end

-- What an operator of the graph builder makes of tensors, interpreted, and compiled and fused.
local function of(op, inputs, options, constants)
  local g = tvm.graph("g", function(b)
    local v = {}
    for i, x in ipairs(inputs) do
      v[i] = (constants or {})[i] and b:const(x) or b:input("x" .. i, tostring(x.dtype), x.shape)
    end
    v[#v + 1] = options
    return b[op](b, table.unpack(v))
  end)
  local given = {}
  for i, x in ipairs(inputs) do
    if not (constants or {})[i] then given[#given + 1] = x end
  end
  local y, z = g:lower():interpret(given), g:fuse():lower():run(given)
  t.ok(tvm.check(y, z, {rtol = 0, atol = 0}).ok, op .. ": compiled is not as interpreted")
  return y
end

local path = os.tmpname()
local function import(model)
  local f <close> = assert(io.open(path, "wb"))
  f:write(o.model(model))
  f:close()
  return tvm.import(path)
end
local function run(g, ...) return g:lower():interpret{...} end

t.test("inverse hyperbolic functions: far out, near 1, and -0", function()
  for _, kind in ipairs{"float32", "float64"} do
    local far = kind == "float32" and 1e-6 or 1e-14
    is(of("asinh", {T({1e20, -1e30, inf, -inf, -0.0, 1e-10, nan}, kind)}),
      {46.744849040440862, -69.77069997038104, inf, -inf, -0.0, 1e-10, nan}, far)
    is(of("acosh", {T({1, 1e20, inf, 0.5, -1e9, -inf, nan}, kind)}), {0.0, 46.744849040440862, inf, nan, nan, nan, nan}, far)
    is(of("atanh", {T({1, -1, -0.0, 2, -2, inf, nan}, kind)}), {inf, -inf, -0.0, nan, nan, nan, nan}, far)
  end
  is(of("acosh", {T({1 + 2 ^ -20}, "float32")}), {1.381067916766e-3}, 1e-6)
  is(of("atanh", {T({-1 + 2 ^ -24}, "float32")}), {-8.664339742}, 1e-6)
  is(of("atan", {T({-0.0, inf, -inf}, "float32")}), {-0.0, math.pi / 2, -math.pi / 2}, 1e-6)
end)

t.test("pow: a known exponent gives what the same exponent gives as an input", function()
  local bases = {-0.0, 0.0, inf, -inf, 4, -4, nan}
  for _, e in ipairs{0.5, -0.5, 1, 2, 3, -1, 0, 2.5} do
    local exponents = {}
    for i in ipairs(bases) do exponents[i] = e end
    local known = of("pow", {T(bases, "float32"), T(e, "float32")}, nil, {[2] = true})
    local input = of("pow", {T(bases, "float32"), T(exponents, "float32")})
    for i in ipairs(bases) do
      t.ok(same(known[i - 1], input[i - 1]), ("%s ^ %s: %s, %s"):format(bases[i], e, known[i - 1], input[i - 1]))
    end
  end
  -- by C's pow
  is(of("pow", {T({-0.0, -inf, -inf, -0.0}, "float32"), T({-0.5, 0.5, -0.5, 0.5}, "float32")}), {inf, inf, 0.0, 0.0})
end)

t.test("pow of integers wraps as products do", function()
  local function power(a, e) -- by multiplying
    local p = 1
    for _ = 1, e do p = p * a end
    return p
  end
  local bases = {3, 7, 3, -5, 2, 2, 6, -1, 1, 0, 0, 10, -3}
  local exponents = {39, 20, 45, 61, 63, 64, 200, 4000, 9, 0, 5, 25, 41}
  local want = {}
  for i, a in ipairs(bases) do want[i] = power(a, exponents[i]) end
  t.ok(of("pow", {T(bases, "int64"), T(exponents, "int64")}) == T(want, "int64"))
  t.ok(of("pow", {T(bases, "int64"), T(exponents, "uint16")}) == T(want, "int64"))
  for _, e in ipairs{0, 1, 2, 3, 5, 21, 45, 64} do
    for i, a in ipairs(bases) do want[i] = power(a, e) end
    t.ok(of("pow", {T(bases, "int64"), T(e, "int64")}, nil, {[2] = true}) == T(want, "int64"), e)
  end
  -- exponents that do not fit a's type: 3 ^ (2^40 + 1) modulo 2^32 is 3, as powers of 3 repeat after 2^30
  t.ok(of("pow", {T({3, 2, -1}, "int32"), T({(1 << 40) + 1, 1 << 40, (1 << 40) + 1}, "int64")}) == T({3, 0, -1}, "int32"))
  -- negative ones: the reciprocal, cut off
  t.ok(of("pow", {T({1, -1, -1, 2, 0}, "int32"), T({-3, -3, -4, -1, -1}, "int32")}) == T({1, -1, 1, 0, 0}, "int32"))
end)

t.test("pow of an integer by a float is cut off, and exact where it is an integer", function()
  t.ok(of("pow", {T({1, 2, 3, -2, 9}, "int32"), T({0.5, 1.5, 0.5, 1, 0.5}, "float32")}) == T({1, 2, 1, -2, 3}, "int32"))
  local bases, exponents, want = {}, {}, {}
  for a = 2, 30 do
    for e = 1, 6 do
      bases[#bases + 1], exponents[#exponents + 1], want[#want + 1] = a, e, a ^ e // 1
    end
  end
  t.ok(of("pow", {T(bases, "int64"), T(exponents, "float32")}) == T(want, "int64"))
  -- an integer exponent of a float keeps its last bit: -1 to an odd power above 2^24
  is(of("pow", {T({-1, -1}, "float32"), T({16777217, 16777218}, "int32")}), {-1.0, 1.0})
end)

t.test("range: as many integers as there are, however large", function()
  local function range(a, b, d, kind)
    return of("range", {T(a, kind), T(b, kind), T(d, kind)}, nil, {true, true, true})
  end
  local big = 1 << 60
  t.ok(range(big, big + 3, 1, "int64") == T({big, big + 1, big + 2}, "int64"))
  t.ok(range(math.maxinteger, math.mininteger, math.mininteger, "int64") == T({math.maxinteger, -1}, "int64"))
  t.ok(range(7, 0, -3, "int32") == T({7, 4, 1}, "int32"))
  t.eq(range(0, 7, -1, "int32").shape[1], 0)
  t.eq(range(0, 0.3, 0.1, "float64").shape[1], 3)
  t.raises("graph_types", function() range(0, 7, 0, "int32") end)
  t.raises("graph_types", function() range(0, nan, 1, "float32") end)
end)

t.test("means and norms of small integers do not wrap on the way", function()
  t.ok(of("reduce_mean", {tvm.full({256}, 3, "int8")}, {keepdims = 0}) == T(3, "int8"))
  t.ok(of("reduce_mean", {T({-3, -4}, "int32")}, {keepdims = 0}) == T(-3, "int32"))
  t.ok(of("reduce_l2", {T({120, 50}, "uint8")}, {keepdims = 0}) == T(130, "uint8"))
  t.ok(of("reduce_log_sum", {T({20, 130}, "uint8")}, {keepdims = 0}) == T(5, "uint8"))
  t.ok(of("reduce_log_sum_exp", {T({90, 3}, "int32")}, {keepdims = 0}) == T(90, "int32"))
end)

t.test("shrink of integers: -lambd is negative, and halves are not lost", function()
  t.ok(of("shrink", {T({1, 2, 3, 4, 200}, "uint8")}, {lambd = 2.0}) == T({0, 0, 3, 4, 200}, "uint8"))
  t.ok(of("shrink", {T({-4, -1, 0, 3}, "int32")}, {lambd = 0.5, bias = 1.5}) == T({-2, 0, 0, 1}, "int32"))
end)

t.test("max_pool says where a NaN is", function()
  local g = tvm.graph("g", function(b)
    return b:max_pool(b:input("x", "float32", {1, 1, 4}), {kernel_shape = {2}, strides = {2}, outputs = 2})
  end)
  local x = T({{{1, nan, 3, 2}}}, "float32")
  for _, way in ipairs{"interpret", "run"} do
    local y, places = g:lower()[way](g:lower(), {x})
    t.ok(y[0][0][0] ~= y[0][0][0])
    t.ok(places == T({{{1, 2}}}, "int64"))
  end
end)

t.test("constants have all their digits in float64", function()
  is(of("hard_swish", {T({1, 2}, "float64")}), {2 / 3, 5 / 3}, 1e-15)
  is(of("gelu", {T({1.0, -3.0}, "float64")}), {0.841344746068543, -0.00404969409489031}, 1e-12)
  is(of("gelu", {T({1.0}, "float64")}, {approximate = "tanh"}), {0.8411919906082767}, 1e-14)
end)

t.test("pools refuse padding that holds a whole window", function()
  local x = tvm.zeros({1, 1, 8}, "float32")
  for _, op in ipairs{"average_pool", "max_pool"} do
    local e = t.raises("graph_types", function() of(op, {x}, {kernel_shape = {2}, pads = {3, 3}}) end)
    t.contains(e.why, "a whole window, which spans 2")
    t.raises("graph_types", function() of(op, {x}, {kernel_shape = {2}, pads = {0, 2}}) end)
    t.contains(t.raises("graph_types", function() of(op, {x}, {kernel_shape = {}}) end).why, "kernel_shape has 0 entries")
  end
  -- a window whose taps lie on either side of x has no elements
  is(of("average_pool", {T({{{5}}}, "float32")}, {kernel_shape = {2}, dilations = {3}, pads = {1, 2}})[0][0], {nan})
end)

t.test("resize of integers is cut off once, at the end", function()
  local x = T({{{{1, 2}, {2, 4}}}}, "uint8")
  local y = of("resize", {x, tvm.zeros({0}, "float32"), T({1, 1, 2, 2}, "float32")}, {mode = "linear"}, {[2] = true, [3] = true})
  t.ok(y[0][0] == T({{1, 1, 1, 2}, {1, 1, 2, 2}, {1, 2, 3, 3}, {2, 2, 3, 4}}, "uint8"))
end)

t.test("resize: how long an axis becomes", function()
  local function size(n, scale, sizes)
    local g = tvm.graph("g", function(b)
      local x = b:input("x", "float32", {n})
      if sizes then return b:resize(x, nil, nil, b:const(T({sizes}, "int64"))) end
      return b:resize(x, nil, b:const(T({scale}, "float32")))
    end)
    return g:outputs()[1].shape[1]
  end
  t.eq(size(10, 0.7), 7) -- though the float32 0.7 is below it
  t.eq(size(3, 1.5), 4)
  t.eq(size(0, nil, 0), 0)
  t.eq(size(0, 2.0), 0)
  t.contains(t.raises("graph_types", function() size(0, nil, 2) end).why, "is empty")
end)

t.test("resize of version 10 rounds up where it shrinks, and down where it grows", function()
  local function resized(dims, scales, mode)
    return import{opset = 10, inputs = {o.value("x", dims)}, outputs = {o.value("y", {})},
      inits = {o.tensor{name = "s", dims = {#scales}, floats = scales}},
      nodes = {o.node("Resize", {"x", "s"}, {"y"}, {mode = mode or "nearest"})}}
  end
  local x = T({{{{1, 2, 3, 4}, {5, 6, 7, 8}}}}, "float32")
  t.ok(run(resized({1, 1, 2, 4}, {1, 1, 0.6, 0.6}), x) == T({{{{1, 3}}}}, "float32")) -- ONNX's own case
  t.ok(run(resized({1, 1, 2, 4}, {1, 1, 1.5, 0.6}), x) == T({{{{1, 3}, {1, 3}, {5, 7}}}}, "float32"))
  t.ok(run(resized({1, 1, 2, 4}, {1, 1, 1, 1}), x) == x)
  t.ok(run(resized({1, 1, 2, 4}, {1, 1, 1, 0.5}, "linear"), x) == T({{{{1, 3}, {5, 7}}}}, "float32"))
  local open = import{opset = 10, inputs = {o.value("x", {4}), o.value("s", {1})}, outputs = {o.value("y", {})},
    nodes = {o.node("Resize", {"x", "s"}, {"y"}, {mode = "nearest"})}}
  t.contains(open:unsupported(), "which way it rounds")
end)

t.test("before version 7 `axis` says where the second input belongs", function()
  local function added(dims, other, attrs, extra)
    return import{opset = 6, inputs = {o.value("x", dims), o.value("b", other)}, outputs = {o.value("y", {})},
      nodes = extra and {o.node("Reshape", {"x", "s"}, {"r"}), o.node("Add", {"r", "b"}, {"y"}, attrs)}
        or {o.node("Add", {"x", "b"}, {"y"}, attrs)},
      -- a shape that is not known before it is run: not even how many dimensions it has
    }
  end
  local x, b = tvm.zeros({3, 3}, "float32"), T({10, 20, 30}, "float32")
  local rows, columns = T({{10, 10, 10}, {20, 20, 20}, {30, 30, 30}}, "float32"), T({{10, 20, 30}, {10, 20, 30}, {10, 20, 30}}, "float32")
  t.ok(run(added({3, 3}, {3}, {broadcast = 1, axis = 0}), x, b) == rows)
  t.ok(run(added({3, 3}, {3}, {broadcast = 1, axis = -2}), x, b) == rows)
  t.ok(run(added({3, 3}, {3}, {broadcast = 1, axis = -1}), x, b) == columns)
  t.ok(run(added({3, 3}, {3}, {broadcast = 1}), x, b) == columns)
  t.raises("onnx_node", function() added({3, 3}, {3}, {broadcast = 1, axis = 2}) end)
  t.raises("onnx_node", function() added({3, 3}, {3}, {broadcast = 1, axis = -3}) end)
  -- of an input without a shape nobody knows
  local loose = o.bytes(1, "x") .. o.bytes(2, o.bytes(1, o.int(1, o.FLOAT)))
  local function unranked(op, attrs)
    return import{opset = 6, inputs = {loose, o.value("b", {3})}, outputs = {o.value("y", {})},
      nodes = {o.node(op, {"x", "b"}, {"y"}, attrs)}}:unsupported()
  end
  t.contains(unranked("Add", {broadcast = 1, axis = 0}), "ranks that are not known")
  t.contains(unranked("PRelu"), "ranks that are not known")
  t.ok(not unranked("Add", {broadcast = 1}):find("ranks", 1, true))
end)

t.test("defaults of old versions", function()
  local function selu(opset, attrs)
    local g = import{opset = opset, inputs = {o.value("x", {1})}, outputs = {o.value("y", {1})}, nodes = {o.node("Selu", {"x"}, {"y"}, attrs)}}
    return run(g, T({1}, "float32"))[0]
  end
  t.near(selu(1), 1.0507, 1e-7)
  t.near(selu(6), 1.05070102214813232421875, 1e-9)
  t.near(selu(1, {gamma = 2.5}), 2.5, 0)
end)

t.test("sizes that cannot be are refused before they overflow", function()
  for _, attrs in ipairs{{strides = {(1 << 31) - 1}}, {strides = {(1 << 31) - 1}, auto_pad = "SAME_UPPER"}} do
    local e = t.raises("onnx_node", function()
      import{inputs = {o.value("x", {1, 1, (1 << 33) + 3}), o.value("w", {1, 1, 1})}, outputs = {o.value("y", {})},
        nodes = {o.node("ConvTranspose", {"x", "w"}, {"y"}, attrs)}}
    end)
    t.contains(e.why, "2^40")
  end
  for _, alpha in ipairs{1e30, -1e30, nan, 0.5} do -- of integers: no cast that has no meaning
    of("gemm", {T({{1, 2}}, "int32"), T({{3}, {4}}, "int32")}, {alpha = alpha})
  end
end)

t.test("attention: sizes that are open, heads that are shared, and queries that see nothing", function()
  local function model(dims, attrs, more)
    local inputs = {o.value("q", dims.q), o.value("k", dims.k), o.value("v", dims.k)}
    local names = {"q", "k", "v"}
    for _, m in ipairs(more or {}) do
      names[#names + 1] = m[1]
      if m[1] ~= "" then inputs[#inputs + 1] = o.value(m[1], m[2], m[3]) end
    end
    return import{opset = 23, inputs = inputs, outputs = {o.value("y", {})}, nodes = {o.node("Attention", names, {"y"}, attrs)}}
  end
  local q, k, v = tvm.random({2, 4, 3, 8}, "float32", {seed = 1}), tvm.random({2, 2, 5, 8}, "float32", {seed = 2}), tvm.random({2, 2, 5, 8}, "float32", {seed = 3})
  local closed = run(model({q = {2, 4, 3, 8}, k = {2, 2, 5, 8}}, {is_causal = 1}), q, k, v)
  local open = run(model({q = {"b", 4, "s", 8}, k = {"b", 2, "t", 8}}, {is_causal = 1}):bind{b = 2, s = 3, t = 5}, q, k, v)
  t.ok(tvm.check(closed, open, {rtol = 0, atol = 0}).ok)
  for d = 0, 7 do t.near(closed[1][3][0][d], v[1][1][0][d], 1e-6) end -- the first query sees one key; heads 2 and 3 share one
  local mask = T({{false, false, false, false, false}, {false, true, false, false, false}, {true, true, true, true, true}}, "bool")
  local y = run(model({q = {2, 4, 3, 8}, k = {2, 2, 5, 8}}, nil, {{"m", {3, 5}, o.BOOL}}), q, k, v, mask)
  for d = 0, 7 do
    t.eq(y[0][0][0][d], 0.0)
    t.near(y[0][1][1][d], v[0][0][1][d], 1e-6)
  end
  -- a mask shorter than the keys: the others take no part
  y = run(model({q = {2, 4, 3, 8}, k = {2, 2, 5, 8}}, nil, {{"m", {3, 1}}}), q, k, v, tvm.zeros({3, 1}, "float32"))
  for d = 0, 7 do t.near(y[0][1][2][d], v[0][0][0][d], 1e-6) end
  t.raises("onnx_node", function() model({q = {2, 3, 3, 8}, k = {2, 2, 5, 8}}) end)
  t.raises("onnx_node", function() model({q = {2, 3, 8}, k = {2, 5, 8}}, {q_num_heads = 3, kv_num_heads = 1}) end)
  t.raises("onnx_node", function() model({q = {2, 4, 3, 8}, k = {2, 2, 5, 7}}) end)
  t.contains(model({q = {2, "h", 3, 8}, k = {2, 2, 5, 8}}):unsupported(), "how many heads")
  t.contains(model({q = {2, 4, 3, 8}, k = {2, 2, 5, 8}}, {softmax_precision = 10}):unsupported(), "softmax_precision")
end)

t.test("scales by blocks along an axis", function()
  local x = T({{1, 2, 30, 40, 500}, {1, 2, 3, 4, 5}}, "float32")
  local scale, zero = T({{1, 10, 100}, {0.5, 1, 5}}, "float32"), T({{0, 1, 2}, {3, 0, 250}}, "uint8")
  local quick = {axis = 1, block_size = 2}
  local q = of("quantize_linear", {x, scale, zero}, quick)
  t.ok(q == T({{1, 2, 4, 5, 7}, {5, 7, 3, 4, 251}}, "uint8"))
  t.ok(of("dequantize_linear", {q, scale, zero}, {axis = -1, block_size = 2}) == x)
  for _, bad in ipairs{{axis = 1, block_size = 3}, {axis = 0, block_size = 2}, {axis = 1, block_size = -2}, {axis = 1, block_size = 1}} do
    t.contains(t.raises("graph_types", function() of("dequantize_linear", {q, scale, zero}, bad) end).why, "one for each")
  end
end)

t.test("rotary embedding turns pairs of elements", function()
  local function turned(attrs, dims)
    return import{opset = 23, inputs = {o.value("x", dims), o.value("c", {1, 1, 1}), o.value("s", {1, 1, 1})},
      outputs = {o.value("y", {})}, nodes = {o.node("RotaryEmbedding", {"x", "c", "s"}, {"y"}, attrs)}}
  end
  local x, c, s = T({{{{1, 2, 3, 4}}}}, "float32"), T({{{0}}}, "float32"), T({{{1}}}, "float32") -- by a right angle
  t.ok(run(turned({rotary_embedding_dim = 2}, {1, 1, 1, 4}), x, c, s) == T({{{{-2, 1, 3, 4}}}}, "float32"))
  local flat = T({{{1, 2, 3, 4}}}, "float32")
  t.ok(run(turned({num_heads = 2}, {1, 1, 4}), flat, c, s) == T({{{-2, 1, -4, 3}}}, "float32"))
  t.ok(run(turned({num_heads = 2, interleaved = 1}, {1, 1, 4}), flat, c, s) == T({{{-2, 1, -4, 3}}}, "float32"))
  t.raises("onnx_node", function() turned(nil, {1, 1, 4}) end)
  t.raises("onnx_node", function() turned({num_heads = 3}, {1, 1, 4}) end)
  t.raises("onnx_node", function() turned({rotary_embedding_dim = 3}, {1, 1, 1, 4}) end)
  t.raises("onnx_node", function() turned({}, {1, 1, 1, 8}) end) -- one angle for four pairs
end)

os.remove(path)
t.done()
