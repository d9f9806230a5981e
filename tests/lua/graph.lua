-- graph.lua -- importing models, right ones and wrong ones, and what is done with them.
local t = dofile "tests/check.lua"
local o = dofile "tests/onnx_build.lua"
local folder = os.tmpname()
os.remove(folder)
assert(os.execute("mkdir -p " .. folder))

local function write(name, bytes)
  local path = folder .. "/" .. name
  local file <close> = assert(io.open(path, "wb"))
  assert(file:write(bytes))
  return path
end

local samples = o.samples()
local function import(bytes) return tvm.import(write("m.onnx", bytes)) end
local function refused(code, bytes) return t.raises(code, function() import(bytes) end) end

t.test("a model is imported, printed, and parses back", function()
  for name, bytes in pairs(samples) do
    local g = import(bytes)
    t.ok(g == tvm.parse_graph(g:text(), g), name)
  end
  local g = import(samples.conv)
  t.eq(table.concat(g:nodes(), " "), "conv1 relu1 max_pool1 reshape1 matmul1")
  t.contains(tostring(g), "float32[1, 2, 8, 8]")
  t.eq(g:outputs()[1].shape[2], 2)
end)

t.test("shapes follow through a chain of integers once a size is bound", function()
  local g = import(samples.shapes)
  t.eq(g:inputs()[1].shape[1], "batch")
  t.eq(table.concat(g:bind{batch = 3}:outputs()[1].shape, " "), "3 24")
  t.raises("graph_no_symbol", function() g:bind{rows = 3} end, { g = g })
  local net = g:bind{batch = 3}
  t.eq(t.raises("graph_no_symbol", function() net:bind{batch = 3} end, { net = net }).fix, "net:inputs() lists the inputs with their sizes")
  t.raises("graph_not_static", function() g:lower() end, { g = g })
end)

t.test("a table of free sizes says how they get numbers, and what has one is free no more", function()
  local g = import(samples.shapes)
  t.contains(tostring(g), "\nbatch is free: g = g:bind{batch = 1} sets it, and what follows")
  t.ok(not tostring(g:bind{batch = 3}):find("free", 1, true))
  t.contains(t.raises("graph_no_symbol", function() g:bind{batch = 3}:bind{batch = 4} end).why, "free sizes: none")
  local two = import(o.model{inputs = {o.value("x", {"batch", "2*seq"})}, outputs = {o.value("y", {})},
    nodes = {o.node("Relu", {"x"}, {"y"})}})
  t.contains(tostring(two), "batch, x2_seq are free: g = g:bind{batch = 1, x2_seq = 1} sets them, and what follows")
  t.eq(t.raises("graph_not_static", function() two:lower() end, { two = two }).fix,
    "two:bind{batch = 1, x2_seq = 1}:lower()")
  t.ok(two:bind{batch = 1, x2_seq = 1}:lower())
  local words = import(o.model{inputs = {o.value("x", {"end", "batch size", "a\27[31mb-2"})}, outputs = {o.value("y", {})},
    nodes = {o.node("Relu", {"x"}, {"y"})}})
  t.ok(not tostring(words):find "[^%C\n]")
  t.eq(t.raises("graph_not_static", function() words:lower() end, { words = words }).fix,
    'words:bind{["end"] = 1, batch_size = 1, a_x1b_31mb_2 = 1}:lower()')
  local unknown = tvm.parse_graph "graph f(x: float32[?]) -> (y):\n  relu1 = relu(x)\n  return y = relu1"
  t.ok(not t.raises("graph_not_static", function() unknown:lower() end).fix:find "bind%b{}")
end)

t.test("a node keeps the name it has in the file, and no other node gets it", function()
  local function bn(op, x, y, name) return o.node(op, {x, "v", "v", "v", "v"}, {y}, {}, name) end
  local function names(...)
    local g = import(o.model{inputs = {o.value("x", {1, 2, 4, 4})}, outputs = {o.value("y", {1, 2, 4, 4})},
      inits = {o.tensor{name = "v", dims = {2}, floats = {1, 1}}}, nodes = {...}})
    return table.concat(g:nodes(), " "), g
  end
  local all, g = names(bn("GatchNormalization", "x", "a", "bn1"), o.node("Relu", {"a"}, {"b"}, {}, "relu7"),
    bn("BatchNormalization", "b", "y", "bn2"))
  t.eq(all, "bn1 relu7 bn2")
  t.contains(g:unsupported(), "not known here (bn1)")
  t.contains(g:node "bn1", "GatchNormalization")
  t.eq(tostring(tvm.parse_graph(g:text()):nodes()[1]), "bn1")
  -- what has no such name is numbered past those that have, earlier or later in the file
  t.eq(names(bn("BatchNormalization", "x", "a", "/norm/first"), bn("BatchNormalization", "a", "b", "bn1"),
    o.node("Relu", {"b"}, {"c"}, {}, "bn2"), bn("BatchNormalization", "c", "y", "bn1")), "bn3 bn1 relu1 bn4")
  -- the name of a node that is not taken over as its operator is free for what stands for it
  t.eq(names(o.node("BatchNormalization", {"x", "v", "v", "v", "v"}, {"y"}, {training_mode = 1}, "bn1")), "bn1")
  t.eq(names(o.node("Gatch", {"x"}, {"y"}, {}, "no/name")), "unsupported1")
end)

t.test("what is not known stands in the graph, and running it gives the reason", function()
  local g = import(samples.many)
  t.contains(g:unsupported(), "my.domain::NoSuch")
  t.contains(g:unsupported(), "odd")
  local lone = import(o.model{inputs = {o.value("x", {2})}, outputs = {o.value("y", {2})},
    nodes = {o.node("NoSuch", {"x"}, {"y"})}})
  local e = t.raises("graph_unsupported", function() lone:lower() end, { g = lone })
  t.contains(e.why, "NoSuch")
  t.contains(e.fix, ":unsupported() lists")
end)

t.test("passes: each edge that is not fused has a reason", function()
  local g = import(samples.conv):fuse()
  t.contains(g:why "relu1 -> max_pool1", "max_pool1 takes a tail, not a head")
  t.contains(g:why(), "not")
  t.contains(g:why("conv1", "relu1"), "fused")
  t.raises("graph_no_edge", function() g:why("relu1", "conv1") end)
  t.raises("graph_no_pass", function() g:pass "fusion" end)
  t.contains(t.raises("graph_no_pass", function() g:pass "fold_batch" end).fix, 'g:pass "fold_batch_norm"')
  local m = g:lower()
  t.eq(m:kernels()[1], "conv1")
  t.raises("module_no_kernel", function() m:schedule "conv9" end)
  t.raises("module_other_kernel", function() m:with("conv1", m:schedule "matmul1") end)
  local s = m:schedule "conv1"
  s:split("conv1/x", 4)
  t.ok(not tostring(m):find("schedule", 1, true))
  t.contains(tostring(m:with("conv1", s)), "  step " .. s.step .. "  ")
  local lines = {}
  for line in tostring(m:with("conv1", s:mark "tiled")):gmatch "[^\n]+" do lines[#lines + 1] = line end
  local column = lines[2]:find("schedule", 1, true)
  t.eq(lines[3]:sub(column, column + 9), '"tiled"   ')
  t.eq(lines[4]:sub(column, column + 9), "default   ")
  t.eq(lines[4]:sub(lines[2]:find "nodes", -1), m:kernels()[2])
end)

t.test("a model written in Lua computes what it says", function()
  local g = tvm.graph("net", function(b)
    local x = b:input("x", "float32", {2, 3})
    return b:relu(x * 2.0 - 1.0), (b:reduce_sum(x, {1}, {keepdims = 0}))
  end)
  local y, z = g:lower():interpret{tvm.tensor({{0, 1, 2}, {-1, 0, 3}}, "float32")}
  t.ok(y == tvm.tensor({{0, 1, 3}, {0, 0, 5}}, "float32"))
  t.ok(z == tvm.tensor({3, 2}, "float32"))
  t.raises("input_missing", function() g:lower():interpret{} end)
  t.raises("input_shape", function() g:lower():interpret{tvm.zeros({3, 2}, "float32")} end)
end)

t.test("run and interpret take the same inputs, in one argument, and say so alike", function()
  local m = tvm.graph("two", function(b)
    local x, y = b:input("x", "float32", { 2 }), b:input("y", "float32", { 2 })
    return x - y
  end):lower()
  local one = tvm.graph("one", function(b) return b:relu(b:input("x", "float32", { 2 })) end):lower()
  local none = tvm.graph("none", function(b) return b:relu(b:const(tvm.zeros { 2 })) end):lower()
  local a, c = tvm.tensor { 3, 5 }, tvm.tensor { 2, 1 }
  for _, how in ipairs { "run", "interpret" } do
    local function call(model, ...) return model[how](model, ...) end
    t.ok(call(m, { a, c }) == tvm.tensor { 1, 4 } and call(m, { y = a, x = c }) == tvm.tensor { -1, -4 }, how)
    t.ok(call(one, a) == a and call(one, { a }) == a and call(one, { x = a }) == a, how)
    t.ok(call(none) == tvm.zeros { 2 } and call(none, {}) == tvm.zeros { 2 }, how)
    local e = t.raises("module_inputs_apart", function() m[how](m, a, c) end, { m = m, a = a, c = c })
    t.contains(e.why, "2 arguments were given")
    t.eq(e.fix, "m:" .. how .. " { a, c }")
    e = t.raises("module_inputs_apart", function() m[how](m, a, c, a) end, { m = m })
    t.contains(e.fix, "in the order of m.graph:inputs(): m:" .. how .. " { x, y }")
    e = t.raises("module_inputs_apart", function() m[how](m, a, tvm.zeros { 2 }) end, { m = m })
    t.contains(e.fix, "m:" .. how .. " { x, y }")
    t.contains(t.raises("module_inputs", function() call(m, a) end).why, "inputs of the model: 2; but 1 were given")
    t.contains(t.raises("module_inputs", function() call(none, a) end).why, "inputs of the model: 0; but 1 were given")
    t.raises("module_inputs", function() call(one, a, c) end)
    t.raises("input_unknown", function() call(m, { x = a, z = c }) end)
    t.contains(t.raises("input_missing", function() call(m, { x = a }) end).fix, ":" .. how .. " { y = x }")
    t.raises("input_shape", function() call(m, { a, tvm.zeros { 3 } }) end)
    t.raises("input_no_tensor", function() call(one, 7) end)
  end
end)

t.test("what the function of tvm.graph returns are values of the graph, and there are some", function()
  local function returned(...)
    local values = table.pack(...)
    return t.raises("graph_result", function()
      tvm.graph("bad", function(b) return b:input("x", "float32", { 2 }), table.unpack(values, 1, values.n) end)
    end).why
  end
  t.contains(returned(3), "the function returned 3 as value 2")
  t.contains(returned(nil), "returned nil as value 2")
  t.contains(returned(tvm.zeros { 2 }), "returned a Tensor")
  local e = t.raises("graph_result", function() tvm.graph("bad", function() return 3 end) end)
  t.contains(e.why, "the function returned 3,")
  e = t.raises("graph_result", function() tvm.graph("bad", function(b) return { a = b:input("x", "float32", { 2 }) } end) end)
  t.contains(e.why, "a table")
  t.contains(e.fix, "without a table: return y, z")
  e = t.raises("graph_no_output", function()
    tvm.graph("bad", function(b) b:relu(b:input("x", "float32", { 2 })) end)
  end)
  t.contains(e.fix, "return y")
  t.ok(tvm.graph("named", function(b) b:output("z", b:relu(b:input("x", "float32", { 2 }))) end):outputs()[1].name == "z")
end)

t.test("an operator of another name, or asked of a value, is told as that", function()
  tvm.graph("g", function(b)
    local x = b:input("x", "float32", { 8 })
    t.contains(t.raises("no_member", function() return b:ReLU(x) end).why, "did you mean 'relu'?")
    t.contains(t.raises("no_member", function() return b:conv2d(x) end).why, "did you mean 'conv'?")
    t.contains(t.raises("no_member", function() return b:frobnicate(x) end).why, "GraphBuilder has no member 'frobnicate'")
    t.raises("member_elsewhere", function() return b:show() end)
    t.eq(t.raises("member_elsewhere", function() return x:relu() end, { b = b, x = x }).fix, "b:relu(x)")
    t.raises("no_member", function() return x:frobnicate() end)
    t.raises("no_member", function() return b[1] end)
    return x
  end)
end)

t.test("mistakes in a builder are told", function()
  local kept
  t.raises("graph_attr_unknown", function()
    tvm.graph("f", function(b) return b:conv(b:input("x", "float32", {1, 1, 4, 4}), b:input("w", "float32", {1, 1, 1, 1}), {stride = 2}) end)
  end)
  tvm.graph("f", function(b) kept = b; return b:relu(b:input("x", "float32", {1})) end)
  t.raises("graph_finished", function() kept:input("z", "float32", {1}) end)
  t.raises("graph_other_builder", function()
    tvm.graph("f", function(b)
      tvm.graph("inner", function(c) return c:relu(b:input("x", "float32", {1})) end)
    end)
  end)
  t.raises("graph_attr_value", function()
    tvm.graph("f", function(b) return b:softmax(b:input("x", "float32", {2}), {axis = print}) end)
  end)
  local function node(code, build)
    t.raises(code, function() tvm.graph("f", build) end)
  end
  node("graph_arity", function(b) return b:relu(b:input("x", "float32", {1}), b:input("z", "float32", {1})) end)
  node("graph_types", function(b) return b:matmul(b:input("x", "float32", {1, 2}), b:input("z", "float32", {3, 4})) end)
  node("graph_attr_missing", function(b) return b:concat(b:input("x", "float32", {1}), b:input("z", "float32", {1})) end)
  node("graph_attr_kind", function(b) return b:softmax(b:input("x", "float32", {1}), {axis = "x"}) end)
  t.raises("graph_unknown_op", function() tvm.op "convolution3d" end)
  t.raises("graph_unknown_value", function() import(samples.conv):node "conv7" end)
end)

-- ---- bad files ------------------------------------------------------------------------------

-- The bytes are a model that prints, or are refused by an error of the importer's.
local function model_or_error(bytes)
  local ok, e = pcall(function() return tostring(import(bytes)) end)
  t.ok(ok or (type(e) == "userdata" and (e.code:find "^onnx_" or e.code:find "^graph_")), tostring(e))
end

t.test("every truncation of a model is an error or a model", function()
  for _, bytes in pairs(samples) do
    for n = 0, #bytes - 1 do model_or_error(bytes:sub(1, n)) end
  end
end)

t.test("every single flipped bit is an error or a model", function()
  local bytes = samples.shapes
  for i = 1, #bytes do
    for bit = 0, 7 do
      model_or_error(bytes:sub(1, i - 1) .. string.char(bytes:byte(i) ~ 1 << bit) .. bytes:sub(i + 1))
    end
  end
end)

t.test("files that are no models", function()
  refused("onnx_no_model", "")
  refused("onnx_malformed", "hello, this is text, not a model")
  t.raises("not_readable", function() tvm.import(folder .. "/missing.onnx") end)
  for _, case in ipairs {
    { function() tvm.import "tutorials/models/digts.onnx" end, "did you mean tutorials/models/digits.onnx?" },
    { function() tvm.load "tutorials/models/digits_sample.npy" end, "did you mean tutorials/models/digits_samples.npy?" },
    { function() tvm.import "digits.onnx" end, 'tvm.import "tutorials/models/digits.onnx"' },
    { function() tvm.import "REDME.md" end, "did you mean README.md?" },
    { function() tvm.load "no/such/folder/x.png" end, "give the path of a file that exists and may be read" },
  } do
    t.eq(t.raises("not_readable", case[1]).fix, case[2])
  end
  local e = t.raises("not_readable", function() tvm.import(folder) end)
  t.contains(e.why, "it is a directory")
  t.ok(not e.fix:find("exists", 1, true), e.fix)
  t.contains(t.raises("not_readable", function() tvm.import "tests" end).fix, "no name in it ends in .onnx")
  local own = folder .. "/a_model"
  assert(os.execute("mkdir " .. own))
  local function touch(name) assert(io.open(own .. "/" .. name, "w")):close() end
  touch "net.onnx"
  touch "net.txt"
  for _, path in ipairs { own, own .. "/" } do
    t.eq(t.raises("not_readable", function() tvm.import(path) end).fix, ("did you mean %s/net.onnx?"):format(own))
  end
  for i = 6, 2, -1 do touch(i .. ".ONNX") end
  t.eq(t.raises("not_readable", function() tvm.import(own) end).fix, "give the path of a file in it: 2.ONNX, 3.ONNX, 4.ONNX, 5.ONNX, ...")
  assert(os.execute("rm -r " .. own))
end)

t.test("protobuf bombs", function()
  local deep = ""
  for _ = 1, 20000 do deep = o.bytes(7, deep) end
  model_or_error(deep)
  model_or_error(o.bytes(7, deep))
  -- a length that says 2^62
  refused("onnx_malformed", o.varint(7 << 3 | 2) .. o.varint(1 << 62) .. "abc")
  refused("onnx_malformed", o.varint(7 << 3 | 2) .. ("\255"):rep(11))
  refused("onnx_malformed", "\x3b\x3c") -- a group, which protobuf has given up
  -- a tensor of 2^40 elements without bytes, and one whose size overflows
  for _, dims in ipairs{{1 << 40}, {1 << 32, 1 << 32}, {1 << 62, 4}, {-1}} do
    local e = refused("onnx_tensor", o.model{inits = {o.tensor{name = "w", dims = dims}}})
    t.contains(e.why, "'w'")
  end
end)

t.test("constants that do not fill their shape", function()
  refused("onnx_tensor", o.model{inits = {o.tensor{name = "w", dims = {3}, raw = "\0\0\0\0"}}})
  refused("onnx_tensor", o.model{inits = {o.tensor{name = "w", dims = {3}, floats = {1, 2}}}})
  refused("onnx_tensor", o.model{inits = {o.tensor{name = "w", dims = {2}, type = o.INT64, int64s = {1, 2, 3}}}})
end)

t.test("graphs that contradict themselves", function()
  local x, y = o.value("x", {2}), o.value("y", {2})
  local function model(nodes, inits) return o.model{inputs = {x}, outputs = {y}, nodes = nodes, inits = inits} end
  refused("graph_cycle", model{o.node("Add", {"x", "b"}, {"a"}), o.node("Relu", {"a"}, {"b"}), o.node("Relu", {"b"}, {"y"})})
  local e = refused("onnx_undefined", model{o.node("Relu", {"nowhere"}, {"y"}, nil, "first")})
  t.contains(e.why, "first")
  refused("onnx_defined_twice", model{o.node("Relu", {"x"}, {"y"}), o.node("Neg", {"x"}, {"y"})})
  refused("onnx_no_output", model{o.node("Relu", {"x"}, {"z"})})
  e = refused("onnx_node", model({o.node("MatMul", {"x", "w"}, {"y"}, nil, "product")}, {o.tensor{name = "w", dims = {3, 2}, raw = ("\0"):rep(24)}}))
  t.contains(e.why, "product")
  -- out of order, but right
  t.eq(#model{o.node("Relu", {"a"}, {"y"}), o.node("Neg", {"x"}, {"a"})}, #model{o.node("Relu", {"a"}, {"y"}), o.node("Neg", {"x"}, {"a"})})
  t.eq(table.concat(import(model{o.node("Relu", {"a"}, {"y"}), o.node("Neg", {"x"}, {"a"})}):nodes(), " "), "neg1 relu1")
end)

t.test("of constants that are given again the last counts, and the source says so", function()
  local function given(...)
    local nodes = {}
    for i, v in ipairs{...} do
      nodes[i] = o.node("Constant", {}, {"c"}, {value = {tensor = o.tensor{dims = {2}, floats = {v, v}}}})
    end
    table.insert(nodes, 2, o.node("Add", {"x", "c"}, {"y"}))
    return import(o.model{inputs = {o.value("x", {2})}, outputs = {o.value("y", {2})}, nodes = nodes})
  end
  local g = given(12, 3, 2)
  t.contains(tostring(g), "2 constants given again, the last counts")
  t.ok(g:lower():interpret{tvm.zeros{2}} == tvm.tensor({2, 2}, "float32"))
  t.ok(not tostring(given(12)):find("again", 1, true))
end)

t.test("external data stay in the model's folder, and are read whole", function()
  local function outside(location, more)
    local ext = {location = location, offset = 0, length = 8}
    for k, v in pairs(more or {}) do ext[k] = v end
    return o.model{inputs = {o.value("x", {2})}, outputs = {o.value("y", {2})},
      inits = {o.tensor{name = "w", dims = {2}, external = ext}}, nodes = {o.node("Add", {"x", "w"}, {"y"})}}
  end
  write("w.bin", string.pack("<ff", 1, 2))
  t.eq(import(outside "w.bin"):data("w"):max(), 2.0)
  os.execute(("cd %s && mkdir -p sub && ln -sf w.bin soft && mkfifo fifo; cp w.bin hard1 && ln -f hard1 hard2; ln -sfn sub to; cp w.bin sub/w.bin"):format(folder))
  t.ok(import(outside "sub/w.bin"))
  for _, path in ipairs{"../" .. folder:match "[^/]+$" .. "/w.bin", folder .. "/w.bin", "sub/../../x", "soft", "to/w.bin",
    "hard2", "fifo", "/dev/zero", "/proc/self/exe", "/proc/self/fd/0", "sub", "", ".", "missing"} do
    refused("onnx_external", outside(path))
  end
  refused("onnx_tensor", outside("w.bin\0.txt"))
  refused("onnx_external", outside("w.bin", {offset = 1}))
  refused("onnx_external", outside("w.bin", {offset = (1 << 62)}))
  refused("onnx_tensor", outside("w.bin", {offset = "-1"}))
  refused("onnx_tensor", outside("w.bin", {offset = "99999999999999999999"}))
  refused("onnx_tensor", outside("w.bin", {length = 7}))
end)

t.test("a model of 1,000 nodes is imported within its time", function()
  local nodes = {}
  for i = 1, 1000 do nodes[i] = o.node(i % 2 == 0 and "Relu" or "Neg", {i == 1 and "x" or "v" .. i - 1}, {i == 1000 and "y" or "v" .. i}) end
  local path = write("long.onnx", o.model{inputs = {o.value("x", {1, 64, 8, 8})}, outputs = {o.value("y", {})}, nodes = nodes})
  local start = os.clock()
  t.eq(#tvm.import(path):nodes(), 1000)
  t.ok(os.clock() - start < 2, "it took seconds")
end)

-- ---- ONNX's own cases ---------------------------------------------------------------------------

-- Counts of `tvmrepl onnx-test` over a folder; its failures are printed.
local function cases(path, options)
  local out = io.popen(("build/tvmrepl onnx-test --quiet %s %s 2>&1"):format(options or "", path)):read "a"
  for line in out:gmatch "FAILED[^\n]*" do print(line) end
  local passed, failed, skipped = out:match "(%d+) passed, (%d+) failed, (%d+) skipped"
  return tonumber(passed), tonumber(failed), tonumber(skipped)
end

local function run_cases(name, path, least, options)
  if not path then return t.skip(name, "its data are not here") end
  t.test(name, function()
    local passed, failed = cases(path, options)
    t.eq(failed, 0)
    t.ok(passed >= least, ("%d cases passed, fewer than %d"):format(passed, least))
  end)
end

local debian = "/usr/share/libonnx-testdata/data/"
local function installed(part)
  return os.execute("test -d " .. debian .. part .. " 2>/dev/null") and debian .. part
end
run_cases("Debian's operator cases", installed "node", 550)
run_cases("Debian's PyTorch operators", not t.quick and installed "pytorch-operator", 25)
run_cases("Debian's PyTorch layers", installed "pytorch-converted", 60)
local function shared(path) return t.shared(path .. "/README.md") and t.shared(path .. "/README.md"):gsub("/README.md$", "") end
run_cases("ONNX's operator cases", shared "data/onnx-node", 500)

os.execute("rm -rf " .. folder)
t.test("what has no negative numbers has a sign and all its bits, too", function()
  for dtype, most in pairs { uint8 = 255, uint16 = 65535, uint32 = (1 << 32) - 1 } do
    local m = tvm.graph("f", function(b)
      local x = b:input("x", dtype, { 3 })
      return b:sign(x), b:bitwise_not(x)
    end):lower()
    local sign, turned = m:run(tvm.tensor({ 0, 1, most }, dtype))
    t.ok(sign == tvm.tensor({ 0, 1, 1 }, dtype))
    t.ok(turned == tvm.tensor({ most, most - 1, 0 }, dtype))
  end
end)

t.test("constants that only gemms read transposed are transposed once, now", function()
  local w, v, x = tvm.random { 5, 4 }, tvm.random { 4, 3 }, tvm.random { 2, 4 }
  local function graph(body) return tvm.graph("f", body) end
  local function same(g, inputs)
    local h = g:pass "fold_transposes"
    local got, want = { h:lower():run(inputs) }, { g:lower():interpret(inputs) }
    for i = 1, #want do t.ok(tvm.check(got[i], want[i]).ok) end
    return h
  end
  local one = same(graph(function(b) return b:gemm(b:input("x", "float32", { 2, 4 }), b:const(w), { transB = 1 }) end), { x })
  t.contains(one:text(), "gemm(x, gemm1.b: float32[4, 5]")
  t.ok(not one:text():find "trans")
  t.ok(one:pass "fold_transposes" == one)
  t.contains(one:lower():schedule("gemm1"):ir(), "gemm1.b[k, x]")
  local two = same(graph(function(b) -- the first of both, and one constant of two gemms
    local y = b:gemm(b:const(v), b:input("x", "float32", { 2, 4 }), { transA = 1, transB = 1 })
    local c, z = b:const(w), b:input("z", "float32", { 1, 4 })
    return b:gemm(b:transpose(y, { perm = { 1, 0 } }), b:const(v), { transB = 1 }), b:gemm(z, c, { transB = 1 }), b:gemm(z, c, { transB = 1 })
  end), { x, tvm.random { 1, 4 } })
  local _, kept = two:text():gsub("transB=1", "")
  t.eq(kept, 1) -- of an input
  t.ok(not two:text():find "transA")
  local shared = graph(function(b) -- read as it is, too
    local c = b:const(w)
    return b:gemm(b:gemm(b:input("x", "float32", { 2, 4 }), c, { transB = 1 }), c)
  end)
  t.ok(shared:pass "fold_transposes" == shared)
  for rows, turned in ipairs { false, true } do -- one row uses each of 17 MiB once, in the order in which they are
    local large = graph(function(b)
      return b:gemm(b:input("x", "float32", { rows, 1088 }), b:const(tvm.zeros { 4096, 1088 }), { transB = 1 })
    end)
    t.eq(large:pass "fold_transposes" ~= large, turned)
  end
end)

t.done()
