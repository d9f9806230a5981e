-- models.lua -- trained models, compiled, give the outputs that came with them: ours always, the shared ones and
-- ONNX's cases of single operators in a full run.
-- test: cpu, timeout 600
local t = dofile "tests/check.lua"

t.test("the digits model gives its outputs", function()
  local g = tvm.import "tutorials/models/digits.onnx"
  local samples, want = tvm.load "tutorials/models/digits_samples.npy", tvm.load "tutorials/models/digits_outputs.npy"
  for _, way in ipairs { g, g:fuse() } do
    local m = way:lower()
    for i = 0, t.quick and 1 or 7 do
      local y = m:run { samples:slice(0, i, i + 1) }
      local near = tvm.check(y, want:slice(0, i, i + 1), { rtol = 0, atol = 1e-4 * want:slice(0, i, i + 1):max() + 1e-6 })
      t.ok(near.ok, ("sample %d: %s"):format(i, near))
    end
  end
end)

t.test("no kernel of the digits model is refused as certain to leave a tensor", function()
  local g = tvm.import "tutorials/models/digits.onnx"
  for _, m in ipairs { g:lower(), g:fuse():lower() } do
    t.ok(#m:kernels() > 0)
    for _, k in ipairs(m:kernels()) do t.ok(tvm.parse(m:func(k):ir()) == m:func(k), k) end
  end
end)

-- |y - ref| <= 1e-4 max|ref| + 1e-6, by `tvmrepl onnx-test --models`.
local function agrees(path)
  local name = path:match "[^/]+$"
  local case = t.shared(path .. "/model.onnx")
  if not case then return t.skip(name, "it is not in " .. (os.getenv "TVMREPL_SHARED" or "../shared")) end
  t.test(name, function()
    local pipe = io.popen(("%s onnx-test --models --jit %s 2>&1"):format(arg[-1], case:gsub("/model.onnx$", "")))
    t.contains(pipe:read "a", "1 passed, 0 failed, 0 skipped")
    pipe:close()
  end)
end

if t.quick then t.done() end

for _, set in ipairs { { "node", 780 }, { "pytorch-operator", 30 }, { "pytorch-converted", 60 } } do
  local part, least = table.unpack(set)
  local folder, name = "/usr/share/libonnx-testdata/data/" .. part, "Debian's cases, compiled: " .. part
  if not os.execute("test -d " .. folder) then
    t.skip(name, "libonnx-testdata is not installed")
  else
    t.test(name, function()
      local pipe = io.popen(("%s onnx-test --quiet --jit %s 2>&1"):format(arg[-1], folder))
      local said = pipe:read "a"
      pipe:close()
      local passed, failed = said:match "(%d+) passed, (%d+) failed"
      t.ok(failed == "0" and tonumber(passed) >= least, said)
    end)
  end
end

for _, name in ipairs { "squeezenet", "resnet50", "densenet121", "inception_v1", "bvlc_alexnet" } do
  agrees("data/onnx-light/light_" .. name)
end
for _, name in ipairs { "mnist-8", "cnn-mnist-pytorch", "micro-kws-fp32", "tfl-helloworld", "super-resolution-10",
  "ultraface-slim-320-simplified", "ultraface-rfb-320", "yunet-n-320", "bert-toy", "gpt2-past-toy", "blazeface-back-256",
  "basic-pitch-nmp", "dtln-1", "dtln-2", "gtcrn-stream-simple", "lgbm-classifier-tensor", "magika-standard-v3_3",
  "ppocr-mobile-cls", "ppocr-v4-rec-ch" } do
  agrees("data/models/onnx/" .. name)
end

t.done()
