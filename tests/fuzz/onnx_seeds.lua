-- onnx_seeds.lua -- writes the seeds of the ONNX fuzzer: lua5.4 tests/fuzz/onnx_seeds.lua
local o = dofile "tests/onnx_build.lua"
for name, bytes in pairs(o.samples()) do
  local file = assert(io.open("tests/fuzz/seeds/onnx/" .. name .. ".onnx", "wb"))
  assert(file:write(bytes))
  assert(file:close())
end
