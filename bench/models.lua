-- models.lua -- whole models, untouched, on one thread, against ONNX Runtime; and importing a long one.
local measure = require "measure"

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
    return tvm.time(m, { ["repeat"] = 1, number = 1, threads = 1, limit = 120 }).median
  end
  ours()
  local ask, close = measure.peer(("node bench/peers/onnxruntime.js %s %s %s %s 0.1"):format(runtime, path,
    input, table.concat(shape, "x")))
  local a, b, ratio = measure.pairs(ours, ask, 11)
  close()
  measure.row(name .. ", untouched, 1 thread, ours", a, measure.seconds, "")
  measure.row(name .. ", ONNX Runtime 1.30", b, measure.seconds, "")
  measure.row(name .. ", our time / theirs", ratio, function(x) return ("%.2f"):format(x) end, "5")
end

-- A chain of `count` elementwise operators, in the workbench's own text form.
local function import_long(count)
  local lines = { "graph long(x0: float32[1, 64, 56, 56]) -> (y: float32[1, 64, 56, 56]):" }
  for i = 1, count do
    lines[#lines + 1] = ("  relu%d: float32[1, 64, 56, 56] = relu(%s)"):format(i, i == 1 and "x0" or "relu" .. i - 1)
  end
  lines[#lines + 1] = ("  return y = relu%d"):format(count)
  return table.concat(lines, "\n") .. "\n"
end

return function()
  for _, c in ipairs(cases) do
    local ok, why = pcall(case, table.unpack(c))
    if not ok then measure.absent(c[1], tostring(why):match "[^\n]*") end
  end
  local path = os.tmpname()
  tvm.parse_graph(import_long(1000)):save(path)
  measure.row("import and shapes of a model of 1,000 nodes", measure.cpu(1, 11, function()
    tvm.import(path)
  end), measure.seconds, "100 ms")
  os.remove(path)
end
