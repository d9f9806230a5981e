-- onnx_seeds.lua -- writes the seeds of the ONNX fuzzer: lua5.4 tests/fuzz/onnx_seeds.lua
local o = dofile "tests/onnx_build.lua"
local seeds = o.samples()
seeds.external = o.model{inputs = {o.value("x", {2})}, outputs = {o.value("y", {2})},
  inits = {o.tensor{name = "w", dims = {2}, external = {location = "w.bin", offset = 4, length = 8}}},
  nodes = {o.node("Add", {"x", "w"}, {"y"})}}
local two = o.tensor{name = "s", dims = {2}, floats = {1, 2}}
seeds.old = o.model{opset = 6, inputs = {o.value("x", {1, 2, 4, 4})}, outputs = {o.value("y", {}), o.value("z", {})},
  inits = {two}, nodes = {o.node("PRelu", {"x", "s"}, {"a"}),
    o.node("BatchNormalization", {"a", "s", "s", "s", "s"}, {"b"}, {is_test = 1, epsilon = 0.25}),
    o.node("TopK", {"b"}, {"y", "i"}, {k = 2, axis = 1}), o.node("Dropout", {"b"}, {"z"}, {ratio = 0.5})}}
seeds.groups = o.model{opset = 18, inputs = {o.value("x", {1, 4, 3})}, outputs = {o.value("y", {})}, inits = {two},
  nodes = {o.node("GroupNormalization", {"x", "s", "s"}, {"y"}, {num_groups = 2})}}
seeds.tensor = o.tensor{name = "w", dims = {2, 1, 3}, floats = {1, 2, 3, 4, 5, 6}}
for name, bytes in pairs(seeds) do
  local file = assert(io.open("tests/fuzz/seeds/onnx/" .. name .. ".onnx", "wb"))
  assert(file:write(bytes))
  assert(file:close())
end
