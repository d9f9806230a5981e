-- onnx_build.lua -- writes ONNX models, right ones and wrong ones, byte by byte: for tests and as seeds of
-- the fuzzer.  local o = dofile "tests/onnx_build.lua"; o.model{…} gives a string.
local o = {}

function o.varint(n)
  local out = {}
  repeat
    local byte = n & 0x7f
    n = n >> 7 -- logical: negative numbers take ten bytes
    out[#out + 1] = string.char(n ~= 0 and byte | 0x80 or byte)
  until n == 0
  return table.concat(out)
end

-- Fields: a number, bytes (text or a message), a float.
function o.int(field, v) return o.varint(field << 3) .. o.varint(v) end
function o.bytes(field, s) return o.varint(field << 3 | 2) .. o.varint(#s) .. s end
function o.float(field, v) return o.varint(field << 3 | 5) .. string.pack("<f", v) end

function o.ints(field, list)
  local out = {}
  for i, v in ipairs(list) do out[i] = o.int(field, v) end
  return table.concat(out)
end

function o.packed(field, list)
  local out = {}
  for i, v in ipairs(list) do out[i] = o.varint(v) end
  return o.bytes(field, table.concat(out))
end

o.FLOAT, o.INT32, o.INT64, o.BOOL, o.FLOAT16, o.DOUBLE = 1, 6, 7, 9, 10, 11

-- A TensorProto: {name=, type=, dims=, raw= | floats= | int64s=}.
function o.tensor(t)
  local s = o.ints(1, t.dims or {}) .. o.int(2, t.type or o.FLOAT)
  if t.floats then s = s .. o.bytes(4, string.pack("<" .. ("f"):rep(#t.floats), table.unpack(t.floats))) end
  if t.int64s then s = s .. o.packed(7, t.int64s) end
  if t.name then s = s .. o.bytes(8, t.name) end
  if t.raw then s = s .. o.bytes(9, t.raw) end
  for k, v in pairs(t.external or {}) do s = s .. o.bytes(13, o.bytes(1, k) .. o.bytes(2, tostring(v))) end
  if t.external then s = s .. o.int(14, 1) end
  return s
end

-- An AttributeProto: an integer, a float (with a fraction), a string, or a list of integers.
function o.attr(name, v)
  local s = o.bytes(1, name)
  if math.type(v) == "integer" then return s .. o.int(3, v) .. o.int(20, 2) end
  if math.type(v) == "float" then return s .. o.float(2, v) .. o.int(20, 1) end
  if type(v) == "string" then return s .. o.bytes(4, v) .. o.int(20, 3) end
  if v.tensor then return s .. o.bytes(5, v.tensor) .. o.int(20, 4) end
  return s .. o.packed(8, v) .. o.int(20, 7)
end

-- A NodeProto: o.node("Conv", {"x", "w"}, {"y"}, {strides = {1, 1}}, "name").
function o.node(op, inputs, outputs, attrs, name, domain)
  local s = {}
  for _, v in ipairs(inputs) do s[#s + 1] = o.bytes(1, v) end
  for _, v in ipairs(outputs) do s[#s + 1] = o.bytes(2, v) end
  s[#s + 1] = o.bytes(3, name or op) .. o.bytes(4, op)
  local keys = {}
  for k in pairs(attrs or {}) do keys[#keys + 1] = k end
  table.sort(keys)
  for _, k in ipairs(keys) do s[#s + 1] = o.bytes(5, o.attr(k, attrs[k])) end
  if domain then s[#s + 1] = o.bytes(7, domain) end
  return table.concat(s)
end

-- A ValueInfoProto; a dimension is a number or a name.
function o.value(name, dims, type)
  local shape = {}
  for i, d in ipairs(dims) do
    shape[i] = o.bytes(1, math.type(d) and o.int(1, d) or o.bytes(2, d))
  end
  return o.bytes(1, name) .. o.bytes(2, o.bytes(1, o.int(1, type or o.FLOAT) .. o.bytes(2, table.concat(shape))))
end

-- A ModelProto: {nodes=, inputs=, outputs=, inits=, more=, opset=}, each part encoded already.
function o.model(m)
  local g = {}
  for _, n in ipairs(m.nodes or {}) do g[#g + 1] = o.bytes(1, n) end
  g[#g + 1] = o.bytes(2, m.name or "g")
  for _, t in ipairs(m.inits or {}) do g[#g + 1] = o.bytes(5, t) end
  for _, v in ipairs(m.inputs or {}) do g[#g + 1] = o.bytes(11, v) end
  for _, v in ipairs(m.outputs or {}) do g[#g + 1] = o.bytes(12, v) end
  g[#g + 1] = m.more -- fields of the graph
  return o.int(1, 8) .. o.bytes(2, "tests") .. o.bytes(7, table.concat(g)) ..
    o.bytes(8, o.bytes(1, "") .. o.int(2, m.opset or 13))
end

-- Some models that use much of the format: name -> bytes.
function o.samples()
  local w = o.tensor{name = "w", dims = {2, 1, 3, 3}, floats = {1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 1, 1, 1, 1, 1, 1, 1, 1}}
  local shape = o.tensor{name = "shape", type = o.INT64, dims = {2}, int64s = {1, -1}}
  local raw = o.tensor{name = "m", dims = {32, 2}, raw = ("\0\0\128\63"):rep(64)}
  return {
    conv = o.model{
      inputs = {o.value("x", {1, 1, 8, 8})}, outputs = {o.value("y", {1, 2})}, inits = {w, shape, raw},
      nodes = {o.node("Conv", {"x", "w"}, {"a"}, {pads = {1, 1, 1, 1}, strides = {1, 1}}),
        o.node("Relu", {"a"}, {"b"}), o.node("MaxPool", {"b"}, {"c"}, {kernel_shape = {2, 2}, strides = {2, 2}}),
        o.node("Reshape", {"c", "shape"}, {"d"}), o.node("MatMul", {"d", "m"}, {"y"})}},
    shapes = o.model{
      inputs = {o.value("x", {"batch", 4, 6})}, outputs = {o.value("y", {})},
      inits = {o.tensor{name = "i", type = o.INT64, dims = {}, int64s = {0}}, o.tensor{name = "k", type = o.INT64, dims = {1}, int64s = {24}}},
      nodes = {o.node("Shape", {"x"}, {"s"}), o.node("Gather", {"s", "i"}, {"n"}, {axis = 0}),
        o.node("Unsqueeze", {"n", "axes"}, {"u"}), o.node("Concat", {"u", "k"}, {"t"}, {axis = 0}),
        o.node("Reshape", {"x", "t"}, {"y"}),
        o.node("Constant", {}, {"axes"}, {value = {tensor = o.tensor{type = o.INT64, dims = {1}, int64s = {0}}}})}},
    sparse = o.model{
      inputs = {o.value("x", {2, 3})}, outputs = {o.value("y", {2, 3})}, nodes = {o.node("Add", {"x", "w"}, {"y"})},
      more = o.bytes(15, o.bytes(1, o.tensor{name = "w", dims = {2}, floats = {5, 7}}) ..
        o.bytes(2, o.tensor{type = o.INT64, dims = {2, 2}, int64s = {0, 1, 1, 2}}) .. o.ints(3, {2, 3}))},
    many = o.model{
      opset = 11, inputs = {o.value("x", {2, 3, 4})}, outputs = {o.value("y", {}), o.value("z", {})},
      nodes = {o.node("Split", {"x"}, {"p", "q"}, {axis = 2, split = {1, 3}}), o.node("Softmax", {"q"}, {"y"}, {axis = 1}),
        o.node("Pad", {"p", "pads"}, {"r"}, {mode = "constant"}), o.node("Transpose", {"r"}, {"t"}, {perm = {2, 0, 1}}),
        o.node("Slice", {"t", "from", "to"}, {"u"}), o.node("ReduceMean", {"u"}, {"v"}, {axes = {0}, keepdims = 0}),
        o.node("Clip", {"v", "", ""}, {"w"}), o.node("NoSuch", {"w"}, {"z"}, {alpha = 0.5}, "odd", "my.domain")},
      inits = {o.tensor{name = "pads", type = o.INT64, dims = {6}, int64s = {0, 0, 1, 0, 0, 1}},
        o.tensor{name = "from", type = o.INT64, dims = {1}, int64s = {0}}, o.tensor{name = "to", type = o.INT64, dims = {1}, int64s = {2}}}},
  }
end

return o
