-- onnx_seeds.lua -- writes the seeds of the ONNX fuzzer: lua5.4 tests/fuzz/onnx_seeds.lua
local o = dofile "tests/onnx_build.lua"
local seeds = o.samples()
seeds.external = o.model{inputs = {o.value("x", {2})}, outputs = {o.value("y", {2})},
  inits = {o.tensor{name = "w", dims = {2}, external = {location = "w.bin", offset = 4, length = 8}}},
  nodes = {o.node("Add", {"x", "w"}, {"y"})}}
seeds.tensor = o.tensor{name = "w", dims = {2, 1, 3}, floats = {1, 2, 3, 4, 5, 6}}
for name, bytes in pairs(seeds) do
  local file = assert(io.open("tests/fuzz/seeds/onnx/" .. name .. ".onnx", "wb"))
  assert(file:write(bytes))
  assert(file:close())
end
