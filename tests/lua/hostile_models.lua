-- hostile_models.lua -- models that contradict themselves, ask for too much, or bear odd names; and texts.
local t = dofile "tests/check.lua"
local o = dofile "tests/onnx_build.lua"
local path = os.tmpname()

local function import(bytes)
  local file <close> = assert(io.open(path, "wb"))
  assert(file:write(bytes))
  file:close()
  return tvm.import(path)
end

local x, y = o.value("x", {2}), o.value("y", {2})
local function model(nodes, more)
  local m = {inputs = {x}, outputs = {y}, nodes = nodes}
  for k, v in pairs(more or {}) do m[k] = v end
  return o.model(m)
end
local function refused(code, why, ...)
  local bytes = model(...)
  t.contains(t.raises(code, function() import(bytes) end).why, why)
end
local function unsupported(why, ...)
  local g = import(model(...))
  t.contains(g:unsupported(), why)
  t.ok(g == tvm.parse_graph(g:text(), g))
end
local function ones(name, n) return o.tensor{name = name, dims = {n}, raw = ("\0\0\128\63"):rep(n)} end

t.test("outputs and inputs that an operator does not have", function()
  local value = {value = {tensor = o.tensor{dims = {2}, floats = {1, 2}}}}
  refused("onnx_node", "it has 2 outputs, not 1", {o.node("Constant", {}, {"y", "z"}, value)})
  refused("onnx_node", "it has 2 outputs, not 1", {o.node("Softmax", {"x"}, {"y", "z"}, {axis = 1})},
    {opset = 11, inputs = {o.value("x", {2, 3, 4})}})
  refused("onnx_node", "input shape is missing", {o.node("ConstantOfShape", {}, {"y"}, value)})
  refused("onnx_node", "input x is missing", {o.node("Upsample", {}, {"y"})}, {opset = 9})
end)

t.test("names that are given twice", function()
  refused("onnx_defined_twice", "'x'", {o.node("Relu", {"x"}, {"y"})}, {inputs = {x, o.value("x", {3})}})
  refused("onnx_node", "axis is given twice",
    {o.node("Softmax", {"x"}, {"y"}) .. o.bytes(5, o.attr("axis", 0)) .. o.bytes(5, o.attr("axis", -1))})
  refused("onnx_malformed", "256 attributes", {o.node("Softmax", {"x"}, {"y"}) .. o.bytes(5, o.attr("axis", 0)):rep(300)})
  local g = import(model({o.node("Relu", {"x"}, {"a.b"}), o.node("Neg", {"x"}, {"a_b"})},
    {outputs = {o.value("a.b", {2}), o.value("a_b", {2}), o.value("a.b", {2})}}))
  t.eq(g:outputs()[1].name .. " " .. g:outputs()[2].name .. " " .. g:outputs()[3].name, "a_b a_b_1 a_b_2")
  t.ok(g == tvm.parse_graph(g:text(), g))
end)

t.test("attributes of kinds that are not known are not left out in silence", function()
  unsupported("axis is of a kind", {o.node("Softmax", {"x"}, {"y"}) .. o.bytes(5, o.bytes(1, "axis") .. o.int(20, -3))})
  unsupported("axis is a tensor", {o.node("Softmax", {"x"}, {"y"}, {axis = {tensor = o.tensor{dims = {1}, floats = {1}}}})})
end)

t.test("attributes that say one kind and hold another", function()
  unsupported("axis says another kind than it has",
    {o.node("Softmax", {"x"}, {"y"}) .. o.bytes(5, o.bytes(1, "axis") .. o.float(2, 1) .. o.int(20, 2))})
  local g = import(model({o.node("Softmax", {"x"}, {"y"}) .. o.bytes(5, o.bytes(1, "axis") .. o.int(20, 2))}))
  t.eq(g:unsupported(), "") -- a 0 that was left out
end)

t.test("functions of a model's own are not taken for operators of their name", function()
  local function f(name, domain)
    return o.bytes(25, o.bytes(1, name) .. o.bytes(4, "x") .. o.bytes(5, "y") .. o.bytes(7, o.node("Neg", {"x"}, {"y"})) ..
      (domain and o.bytes(10, domain) or ""))
  end
  for _, domain in ipairs { "", "ai.onnx", "mine" } do
    local g = import(model({o.node("Relu", {"x"}, {"y"}, nil, nil, domain)}) .. f("Relu", domain))
    t.contains(g:unsupported(), "of the model's own")
    t.eq(import(model({o.node("Relu", {"x"}, {"y"})}) .. f("Relu", "other")):unsupported(), "")
  end
end)

local function resident_pages()
  local statm <close> = io.open "/proc/self/statm"
  return tonumber(statm:read "a":match "^%d+ (%d+)")
end

t.test("sparse constants are dense ones here", function()
  local function sparse(dims, values, indices, shape)
    return o.bytes(15, o.bytes(1, o.tensor{name = "w", dims = {#values}, floats = values}) ..
      o.bytes(2, o.tensor{type = o.INT64, dims = shape or {#indices}, int64s = indices}) .. o.ints(3, dims))
  end
  local function sum(extra)
    return import(o.model{inputs = {o.value("x", {2, 3})}, outputs = {o.value("y", {2, 3})},
      nodes = {o.node("Add", {"x", "w"}, {"y"})}, more = extra})
  end
  for _, s in ipairs { sparse({2, 3}, {5, 7}, {1, 5}), sparse({2, 3}, {5, 7}, {0, 1, 1, 2}, {2, 2}) } do
    t.ok(sum(s):lower():interpret(tvm.zeros{2, 3}) == tvm.tensor({{0, 5, 0}, {0, 0, 7}}, "float32"))
  end
  for why, s in pairs {
    ["an index lies outside"] = sparse({2, 3}, {5, 7}, {1, 6}),
    ["an index lies outside its"] = sparse({2, 3}, {5}, {0, -1}, {1, 2}),
    ["do not say where each value"] = sparse({2, 3}, {5, 7}, {1}),
    ["no values or no indices"] = o.bytes(15, o.ints(3, {2, 3})),
    ["more than 2^40"] = sparse({1 << 40, 1 << 30}, {5}, {0}),
    ["gives an element twice"] = sparse({2, 3}, {5, 7}, {1, 1}),
    ["gives an element twice, so"] = sparse({2, 3}, {5, 7}, {1, 2, 1, 2}, {2, 2}),
    ["do not ascend"] = sparse({2, 3}, {5, 7}, {5, 1}),
  } do
    t.contains(t.raises("onnx_tensor", function() sum(s) end).why, why)
  end
  local elements, before = 1 << 26, resident_pages() -- zeros that nobody looks at take no memory
  import(o.model{inputs = {o.value("x", {1})}, outputs = {o.value("y", {elements})},
    nodes = {o.node("Add", {"x", "w"}, {"y"})}, more = sparse({elements}, {5}, {0})})
  t.ok(resident_pages() - before < 1000, "65536 pages of zeros are touched")
  t.raises("tensor_too_large", function() sum(sparse({1 << 40}, {5}, {0})) end)
end)

t.test("operator sets that do not exist yet, or never did", function()
  unsupported("operator sets after", {o.node("Relu", {"x"}, {"y"})}, {opset = 99})
  refused("onnx_malformed", "count from 1", {o.node("Relu", {"x"}, {"y"})}, {opset = 0})
  refused("onnx_malformed", "count from 1", {o.node("Relu", {"x"}, {"y"})}, {opset = -5})
  local e = t.raises("onnx_malformed", function()
    import(model({o.node("Relu", {"x"}, {"y"})}) .. o.bytes(8, o.bytes(1, "ai.onnx") .. o.int(2, 9)))
  end)
  t.contains(e.why, "two versions")
  e = t.raises("onnx_malformed", function() import(model({o.node("Relu", {"x"}, {"y"})}):rep(2)) end)
  t.contains(e.why, "two graphs")
end)

t.test("shapes that no tensor has", function()
  local huge = o.value("x", {1 << 62, 1 << 62})
  refused("onnx_node", "2^40", {o.node("Relu", {"x"}, {"y"})}, {inputs = {huge}})
  refused("graph_too_big", "2^40", {}, {inputs = {huge}, outputs = {huge}})
  refused("onnx_node", "2^40", {o.node("Concat", {"x", "x", "x"}, {"y"}, {axis = 0})}, {inputs = {o.value("x", {1 << 62, "n"})}})
  refused("onnx_node", "2^40", {o.node("Conv", {"x", "w"}, {"y"}, {pads = {1 << 20, 1 << 20, 1 << 20, 1 << 20}})},
    {inputs = {o.value("x", {1, 1, 1, 1}), o.value("w", {1, 1, 1 << 20, 1 << 20})}})
end)

t.test("windows that would take years are not walked while a model is imported", function()
  local big = 2000000000
  local one = {o.tensor{name = "w", dims = {1, 1, 1, 1}, floats = {1}}}
  refused("onnx_node", "size 35184372088832", {o.node("LRN", {"w"}, {"y"}, {size = 1 << 45})}, {inits = one})
  local g = import(model({o.node("LRN", {"w"}, {"y"}, {size = big})}, {inits = one}))
  t.eq(#g:fuse():nodes(), 1) -- too much work to be folded
  refused("onnx_node", "2^40", {o.node("MaxPool", {"w"}, {"y"}, {kernel_shape = {big, big}, pads = {big - 1, big - 1, big - 1, big - 1}})}, {inits = one})
  g = import(model({o.node("MaxPool", {"w"}, {"y"}, {kernel_shape = {big, 1}, pads = {big - 1, 0, 0, 0}})}, {inits = one}))
  t.eq(#g:fuse():nodes(), 1)
end)

t.test("parameters of the wrong shape are refused, not read beyond their end", function()
  local function channels(op, inputs, inits, shape, attrs, opset)
    local bytes = model({o.node(op, inputs, {"y"}, attrs)}, {inits = inits, inputs = {o.value("x", shape)}, opset = opset})
    t.contains(t.raises("onnx_node", function() import(bytes) end).why, "not a list of")
  end
  local s, v = ones("s", 100), ones("v", 2)
  channels("BatchNormalization", {"x", "s", "s", "s", "v"}, {s, v}, {1, "c", 4, 4})
  channels("InstanceNormalization", {"x", "v", "v"}, {v}, {1, 3, 4, 4})
  channels("GroupNormalization", {"x", "v", "v"}, {v}, {1, 4, 4}, {num_groups = 2}, 21)
  channels("OneHot", {"x", "d", "s"}, {s, o.tensor{name = "d", dims = {}, floats = {3}}}, {4})
  refused("onnx_node", "not one number", {o.node("Trilu", {"x", "k"}, {"y"})},
    {opset = 14, inputs = {o.value("x", {3, 3})}, inits = {o.tensor{name = "k", type = o.INT64, dims = {2, 1}, int64s = {1, 1}}}})
  refused("onnx_node", "not one number", {o.node("Range", {"s", "s", "s"}, {"y"})}, {inits = {s}})
  refused("onnx_node", "does not stretch", {o.node("LayerNormalization", {"x", "s"}, {"y"})}, {opset = 17, inits = {s}})
end)

t.test("limits of an integer given as a float are converted as the page on meaning says", function()
  local g = import(model({o.node("Clip", {"x"}, {"y"}, {max = 3.0e38, min = -3.0e38})}, {opset = 6, inputs = {o.value("x", {2}, o.INT32)}}))
  t.contains(g:text(), "int32[] -2147483648, int32[] 2147483647")
end)

t.test("group normalization before version 21 has a scale for each group", function()
  local g = import(model({o.node("GroupNormalization", {"x", "s", "b"}, {"y"}, {num_groups = 2})}, {opset = 18,
    inputs = {o.value("x", {1, 4, 1})}, inits = {o.tensor{name = "s", dims = {2}, floats = {1, 2}}, o.tensor{name = "b", dims = {2}, floats = {0, 10}}}}))
  local now = g:lower():interpret{tvm.tensor({{{-1}, {1}, {-1}, {1}}}, "float32")}
  t.ok(tvm.check(now, tvm.tensor({{{-1}, {1}, {8}, {12}}}, "float32"), {rtol = 1e-4}).ok)
end)

t.test("where the greatest is: NaN wins, and nothing is greatest of nothing", function()
  local function arg(op, shape, attrs) return import(model({o.node(op, {"x"}, {"y"}, attrs)}, {inputs = {o.value("x", shape)}})) end
  local nan = tvm.tensor({1, 0 / 0, 3, 0 / 0}, "float32")
  t.ok(arg("ArgMax", {4}):lower():interpret{nan} == tvm.tensor({1}, "int64"))
  t.ok(arg("ArgMin", {4}, {select_last_index = 1}):lower():interpret{nan} == tvm.tensor({3}, "int64"))
  refused("onnx_node", "is empty", {o.node("ArgMax", {"x"}, {"y"})}, {inputs = {o.value("x", {0, 3})}})
end)

t.test("fmod is exact, and of an infinity", function()
  local g = import(model({o.node("Mod", {"x", "w"}, {"y"}, {fmod = 1})}, {inputs = {o.value("x", {3})},
    inits = {o.tensor{name = "w", dims = {3}, floats = {3, math.huge, -0.1}}}}))
  local r = g:lower():interpret{tvm.tensor({1e10, -5, 7}, "float32")}
  t.eq(("%.9g %.9g %.9g"):format(r[0], r[1], r[2]), "1 -5 0.0999998972")
end)

-- ---- names and texts ----

local words = {"none", "return", "group", "data", "inf", "nan", "true", "float32", "for", "if", "else", "let", "block", "in",
  "and", "or", "not", "alloc", "init", "pass", "barrier", "graph", "func", "tvmrepl", "é", "x y", "#", "0", "relu1"}

t.test("whatever a value is called, graph and program parse back", function()
  for _, word in ipairs(words) do
    local g = import(o.model{inputs = {o.value(word, {word .. "s", 4})}, outputs = {o.value("y", {})},
      nodes = {o.node("Relu", {word}, {"a"}, nil, 'a\n"]){#' .. word), o.node("ReduceSum", {"a"}, {"y"})}})
    t.ok(g == tvm.parse_graph(g:text(), g), word)
    local m = g:bind{[g:inputs()[1].shape[1]] = 2}:lower()
    for _, k in ipairs(m:kernels()) do t.eq(tvm.parse(m:func(k):ir()):ir(), m:func(k):ir()) end
  end
end)

t.test("what a terminal would obey, and bytes that are no letters, are shown and not sent", function()
  for _, evil in ipairs{"\27[31m", "\27]0;title\7", "a\nb", "a\0b", "\xff", "\xc2\x9b1m", "\xed\xa0\x80", "</text><script>"} do
    local g = import(model({o.node("Relu", {"x"}, {evil .. "1"}, nil, evil), o.node("Odd" .. evil, {evil .. "1"}, {"y"}, {[evil] = 3}, evil),
      o.node("Add", {"x", evil}, {"z"})}, {inits = {o.tensor{name = evil, dims = {2}, floats = {1, 2}}}}))
    local _, e = pcall(import, model({o.node("Relu", {evil}, {"y"}, nil, evil)}))
    local picture = os.tmpname() .. ".svg"
    g:show():save(picture)
    local file <close> = io.open(picture)
    for _, said in ipairs{tostring(g), g:text(), g:unsupported(), tostring(e), file:read "a"} do
      t.ok(not said:gsub("\n", ""):find "%c" and utf8.len(said) and not said:find("\u{9b}", 1, true), said)
    end
    os.remove(picture)
    t.ok(g == tvm.parse_graph(g:text(), g))
  end
end)

t.test("a tensor expression's names are no words of the text form", function()
  for _, word in ipairs{"inf", "for", "not", "in", "two words", "", "a."} do
    t.raises("te_bad_name", function()
      te.func("f", function() return te.compute({4}, function(i) return i end, word) end)()
    end)
  end
end)

t.test("texts of graphs say what they mean", function()
  local function bad(why, body)
    local e = t.raises("text_syntax", function() tvm.parse_graph("graph f(x: float32[2]) -> (y: float32[2]):\n" .. body) end)
    t.contains(e.why, why)
  end
  bad("2 elements are given, not 3", "  a = add(x, float32[3] [1, 2])\n  return a\n")
  bad("300 does not fit int8", "  a = cast(int8[2] [1, 300], to=float32)\n  return a\n")
  bad("expected 'false'", "  a = cast(bool[2] [true, 7], to=float32)\n  return a\n")
  bad("does not fit 64 bits", "  a = softmax(x, axis=99999999999999999999)\n  return a\n")
  bad("no character is", '  a = unsupported(x, op="a\\x00")\n  return a\n')
  bad("the group g1 holds no node", "  group g1:\n  group g2:\n    a = relu(x)\n  return a\n")
  bad("before the first group", "  a = relu(x)\n  group g2:\n    b = relu(a)\n  return b\n")
  for _, body in ipairs{
    '  a: float32[2] = unsupported(x, op="no#such\\x22", opset=9223372036854775807)\n  return a\n',
    "  a = transpose(x, perm=[- 0])\n  b = softmax(a, axis=- 1)\n  return b, b, x\n",
    "  a = mul(float64[2] [nan, -inf], float64[] 1e-310)\n  return a, [1, 2]\n",
    "  a = bitwise_or(uint64[2] [1, 18446744073709551615], uint64[] 2)\n  return a, x\n"} do
    local g = tvm.parse_graph("graph f(x: float32[2]) -> ():\n" .. body)
    t.ok(g == tvm.parse_graph(g:text(), g), body)
  end
end)

t.test("results that are inputs or constants, and no results at all", function()
  local one = {o.tensor{name = "w", dims = {2}, floats = {1, 2}}}
  local g = import(model({}, {inits = one, outputs = {o.value("x", {2}), o.value("w", {2})}}))
  local v = tvm.tensor({3, 4}, "float32")
  for _, m in ipairs{g:lower(), g:fuse():lower()} do
    local a, b = m:run{v}
    t.ok(a == v and b == tvm.tensor({1, 2}, "float32"))
  end
  g = import(model({o.node("Identity", {"w"}, {"a"}), o.node("Identity", {"a"}, {"y"})}, {inits = one}))
  t.ok(g:fuse():lower():run{v} == tvm.tensor({1, 2}, "float32"))
  t.eq(#import(model({o.node("Relu", {"x"}, {"y"})}, {outputs = {}})):fuse():nodes(), 0)
end)

t.test("an input whose shape the model does not say", function()
  local bare = o.bytes(1, "x") .. o.bytes(2, o.bytes(1, o.int(1, 1)))
  local g = import(model({o.node("Relu", {"x"}, {"y"})}, {inputs = {bare}}))
  t.ok(g == tvm.parse_graph(g:text(), g))
  t.contains(t.raises("graph_not_static", function() g:lower() end).why, "the model does not say it")
end)

t.test("the reason given for an edge holds", function()
  local g = import(model({o.node("Relu", {"x"}, {"a"}), o.node("Neg", {"a"}, {"b"}), o.node("Abs", {"a"}, {"c"}),
    o.node("Exp", {"c"}, {"y"})}, {outputs = {y, o.value("b", {2}), o.value("c", {2})}})):fuse()
  t.contains(g:why("relu1", "neg1"), "the readers of relu1 (neg1, abs1) do not come together again")
  t.contains(g:why("abs1", "exp1"), "abs1 is a result of the graph")
end)

os.remove(path)
t.done()
