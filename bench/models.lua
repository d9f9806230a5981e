-- models.lua -- whole models, untouched, on one thread, against ONNX Runtime; and importing a long one.
local measure = require "measure"
local yardstick = require "yardstick"

local cases = {
  { "SqueezeNet", "light_squeezenet", "data_0", { 1, 3, 224, 224 } },
  { "ResNet-50", "light_resnet50", "gpu_0/data_0", { 1, 3, 224, 224 } },
}

-- The folder in which npm has put ONNX Runtime, made at the first call; nil and why where it cannot be.
local function onnxruntime()
  local folder = measure.folder .. "/onnxruntime"
  local ok, why = pcall(measure.lines, ("mkdir -p %s && cd %s && { test -d node_modules/onnxruntime-node || " ..
    "npm install --silent --no-audit --no-fund --ignore-scripts onnxruntime-node@1.30; }"):format(folder, folder))
  if not ok then return nil, "npm cannot install onnxruntime-node: " .. why:match "[^\n]*" end
  return measure.lines("cd " .. folder .. " && pwd")[1]
end

local function case(name, folder, input, shape)
  local path = (os.getenv "TVMREPL_SHARED" or "../shared") .. "/data/onnx-light/" .. folder .. "/model.onnx"
  local file <close> = io.open(path)
  if not file then return measure.absent(name, path .. " is not here") end
  local runtime, why = onnxruntime()
  if not runtime then return measure.absent(name, why) end
  local m = tvm.import(path):fuse():lower()
  local function ours()
    return tvm.time(m, { ["repeat"] = 1, min_repeat_ms = 100, threads = 1, limit = 120 }).median
  end
  ours()
  local ask, close = measure.peer(("node bench/peers/onnxruntime.js %s %s %s %s 0.1 2>/dev/null"):format(runtime, path,
    input, table.concat(shape, "x")))
  local a, b, ratio = measure.pairs(ours, ask, 11)
  close()
  measure.about(name .. ", 1 thread")
  measure.row("  ours, by default schedules", a, measure.seconds)
  measure.row("  ONNX Runtime 1.30", b, measure.seconds)
  measure.row("  our time / theirs", ratio, function(x) return ("%.2f"):format(x) end, { most = 5 })
end

-- ONNX's wire format, as much of it as a chain of operators needs.
local function varint(n)
  local bytes = {}
  repeat
    bytes[#bytes + 1] = string.char(n & 127 | (n > 127 and 128 or 0))
    n = n >> 7
  until n == 0
  return table.concat(bytes)
end
local function number(field, n) return varint(field << 3) .. varint(n) end
local function bytes(field, text) return varint(field << 3 | 2) .. varint(#text) .. text end

-- A model of `count` elementwise operators, one after the other.
local function long_model(count)
  local dims = {}
  for i, d in ipairs { 1, 64, 56, 56 } do dims[i] = bytes(1, number(1, d)) end
  local tensor = bytes(2, bytes(1, number(1, 1) .. bytes(2, table.concat(dims))))
  local graph = { bytes(2, "long"), bytes(11, bytes(1, "x0") .. tensor),
    bytes(12, bytes(1, "x" .. count) .. tensor) }
  for i = 1, count do
    graph[#graph + 1] = bytes(1, bytes(1, "x" .. i - 1) .. bytes(2, "x" .. i) .. bytes(4, "Relu"))
  end
  return number(1, 7) .. bytes(8, number(2, 13)) .. bytes(7, table.concat(graph))
end

return function()
  for _, c in ipairs(cases) do
    local ok, why = pcall(case, table.unpack(c))
    if not ok then measure.absent(c[1], tostring(why):match "[^\n]*") end
  end
  local path = os.tmpname()
  do
    local file <close> = assert(io.open(path, "wb"))
    file:write(long_model(1000))
  end
  measure.row("import and shapes of a model of 1,000 nodes", yardstick.cpu(1, 11, function()
    tvm.import(path)
  end), measure.seconds, { most = 100e-3 })
  os.remove(path)
end
