-- tensor.lua -- tensors at the prompt: making, slicing, saving, comparing, and the mistakes.
local t = dofile "tests/check.lua"
local folder = os.tmpname()
os.remove(folder)
os.execute("mkdir " .. folder)
local function path(name) return folder .. "/" .. name end

t.test("a .pb file holds a TensorProto, as ONNX's test cases have them", function()
  local o = dofile "tests/onnx_build.lua"
  local function written(bytes)
    local f = assert(io.open(path "input_0.pb", "wb"))
    f:write(bytes)
    f:close()
    return path "input_0.pb"
  end
  local bytes = o.tensor { dims = { 2, 3 }, floats = { 1, 2, 3, 4, 5, 6.5 }, name = "x" }
  t.eq(tvm.load(written(bytes)), tvm.tensor { { 1, 2, 3 }, { 4, 5, 6.5 } })
  t.eq(tvm.load(written(o.tensor { dims = { 2 }, type = o.INT64, int64s = { 7, 9 } })), tvm.tensor({ 7, 9 }, "int64"))
  for n = 1, #bytes - 4 do t.ok(not pcall(tvm.load, written(bytes:sub(1, n)))) end
  t.ok(not pcall(tvm.load, "tests/no_such.pb"))
  local model = t.raises("onnx_malformed", function() return tvm.import(written(bytes)) end)
  t.eq(model.fix, ("tvm.load %q"):format(path "input_0.pb"))
end)

t.test("elements count from 0, plain lists from 1", function()
  local a = tvm.tensor({ { 1, 2, 3 }, { 4, 5, 6 } }, "int32")
  t.eq(a[1][2], 6)
  t.eq(a[-1][-3], 4)
  t.eq(a.shape[1], 2)
  t.eq(#a, 2)
  t.eq(a:totable()[2][3], 6)
  t.eq(a.size, 6)
  t.eq(a.bytes, 24)
  t.eq(tvm.tensor(true, "bool").dtype, "bool")
  t.eq(tvm.tensor({ true, false }, "bool")[0], true)
  for text, values in pairs { ["bool[2] true false"] = { true, false }, ["bool[1, 2] false true"] = { { false, true } }, ["float32[2] 1.0 2.0"] = { true, 2 },
    ["float32[2] 0.5 0.0"] = { 0.5, false }, ["float32[2, 1] 1.0 0.0"] = { { true }, { 0 } }, ["float32[0]"] = {}, ["bool[] true"] = true } do
    local all, flat = tvm.tensor(values), {}
    local function list(v) if type(v) == "table" then for _, e in ipairs(v) do list(e) end else flat[#flat + 1] = tostring(v) end end
    list(all:totable())
    t.eq((tostring(all):match "^[^\n]*" .. " " .. table.concat(flat, " ")):gsub(" $", ""), text)
  end
  t.eq(tvm.full({ 2 }, true).dtype, "bool")
  t.eq(tvm.full({ 2 }, true, "int8")[1], 1)
  t.eq(tvm.tensor({ true }, "float32")[0], 1.0)
end)

t.test("views share, values stay", function()
  local a = tvm.arange({ 4, 6 }, "int32")
  t.eq(a:transpose()[5][3], 23)
  t.eq(a:slice(0, 1, 3):slice(1, 0, nil, 5)[1][1], 17)
  t.eq(a:slice(1, -1, nil, -1)[0][5], 0)
  assert(a:reshape { -1, 3 }:reshape { 4, 6 } == a)
  assert(a:transpose():transpose() == a and a:transpose() ~= a)
  t.eq(a:astype "float64".dtype, "float64")
  t.eq(a.hash, tvm.arange({ 4, 6 }, "int32").hash)
  assert(a.hash ~= a:astype "int64".hash)
end)

t.test("files give back what they were given", function()
  local a = tvm.random({ 3, 5, 2 }, "float64", { normal = true })
  assert(tvm.load(path "a.npy" and a:save(path "a.npy") and path "a.npy") == a)
  local picture = tvm.random({ 9, 7, 3 }, "uint8", { hi = 255 })
  for _, name in ipairs { "p.png", "p.ppm" } do
    assert(tvm.load(picture:save(path(name)) and path(name)) == picture)
  end
end)

t.test("transparency of a PNG is its last channel", function()
  -- two pixels of a palette, the second one nearly transparent, as other programs write it
  local bytes = ("89504e470d0a1a0a0000000d4948445200000002000000010103000000ceecedc900000006504c54450a141e2832"
    .. "3cd51bb4e90000000274524e53ff077bd3a5e90000000a49444154789c63700000004200412937f4ef0000000049454e44ae426082"):gsub("%x%x", function(x) return string.char(tonumber(x, 16)) end)
  local f <close> = assert(io.open(path "two.png", "wb"))
  assert(f:write(bytes) and f:flush())
  local two = tvm.load(path "two.png")
  t.ok(two == tvm.tensor({ { { 10, 20, 30, 255 }, { 40, 50, 60, 7 } } }, "uint8"))
  t.ok(tvm.load(two:save(path "four.png") and path "four.png") == two)
  t.raises("image_shape", function() return two:save(path "four.ppm") end)
  t.ok(tvm.load(two:slice(2, 0, -1):save(path "four.ppm") and path "four.ppm") == two:slice(2, 0, -1))
end)

t.test("a comparison says where and how much", function()
  local a = tvm.arange { 10 }
  local b = tvm.tensor { 0, 1, 2, 3, 4.5, 5, 6, 7, 8, 9 }
  local c = tvm.check(a, b)
  t.eq(c.ok, false)
  t.eq(c.count, 1)
  t.eq(c.first[1], 4)
  t.eq(c.max_abs, 0.5)
  assert(tvm.check(a, b, { atol = 1 }).ok)
  assert(tostring(c):find "4 and 4.5")
  local nan = tvm.tensor { 1, 0 / 0 }
  assert(not tvm.check(nan, tvm.tensor { 1, 2 }).ok and tvm.check(nan, nan).ok)
  t.contains(tostring(tvm.check(nan, nan)), "identical, 2 elements\n")
  t.eq(tostring(tvm.check(tvm.tensor { 1e9 + 1 }, tvm.tensor { 1e9 + 1 })), "identical, 1 element")
  for _, near in ipairs { 1 + 2.0 ^ -23, 0 } do
    local other = near == 0 and -0.0 or 1
    t.contains(tostring(tvm.check(tvm.tensor { near }, tvm.tensor { other })), "equal within tolerance, 1 element")
  end
end)

t.test("arithmetic is element by element, and converts nothing by itself", function()
  local a, b = tvm.tensor({ { 1, 2 }, { 3, 4 } }), tvm.full({ 2, 2 }, 2)
  t.ok(a + b == tvm.tensor { { 3, 4 }, { 5, 6 } } and a - 1 == tvm.tensor { { 0, 1 }, { 2, 3 } })
  t.ok(2 * a == a + a and a / b == tvm.tensor { { 0.5, 1 }, { 1.5, 2 } } and 1 / b == b / 4)
  t.ok(-a == 0 - a and a // b == tvm.tensor { { 0, 1 }, { 1, 2 } } and a % 2 == tvm.tensor { { 1, 0 }, { 1, 0 } })
  t.ok(a:transpose() + a == tvm.tensor { { 2, 5 }, { 5, 8 } })
  local c = tvm.tensor({ 250, 10 }, "uint8")
  t.eq((c + 10)[0], 4) -- wraps, as docs/semantics.md says
  t.eq((c:astype "float32" / 250)[0], 1.0)
  t.raises("tensor_divide", function() return c / 255 end)
  t.raises("tensor_number", function() return c * 0.5 end)
  t.ok(-c == tvm.tensor({ 6, 246 }, "uint8") and -(-c) == c)
  t.eq(1 / (-tvm.tensor { 0 })[0], -math.huge) -- -0, not 0
  t.eq(1 / (-tvm.tensor { -0.0 })[0], math.huge)
  for dtype, beyond in pairs { int64 = 2.0 ^ 63, uint64 = 2.0 ^ 64, int8 = 128, uint8 = 256 } do
    local one = tvm.tensor({ 1 }, dtype)
    t.raises("tensor_number", function() return one * beyond end)
    t.ok((one * (beyond / 2))[0] ~= 0)
  end
  t.eq((tvm.tensor({ 0 }, "int64") + -2.0 ^ 63)[0], math.mininteger)
  local wide = { t = tvm.tensor({ 1 }, "int8") }
  for dtype, wrong in pairs { int8 = { 300, -129, 300.0 }, uint8 = { 256, -1 }, int64 = { 2.0 ^ 63 }, uint32 = { -1, 1 << 32 } } do
    for _, v in ipairs(wrong) do
      t.raises("tensor_number", function() return tvm.full({ 2 }, v, dtype) end, wide)
      t.raises("tensor_number", function() return tvm.tensor({ 0, v }, dtype) end, wide)
    end
  end
  local most = tvm.full({ 1 }, -1, "uint64") -- all its bits, as an element of uint64 is read
  t.ok(tvm.tensor({ most[0] }, "uint64") == most)
  t.eq((tvm.tensor({ 0 }, "int64") + math.maxinteger)[0], math.maxinteger)
  t.raises("tensor_bool", function() return tvm.tensor({ true }, "bool") + 1 end)
  t.raises("tensor_dtypes", function() return c + tvm.tensor { 1, 2 } end)
  t.raises("shape_mismatch", function() return a + tvm.tensor { 1, 2 } end)
  t.raises("tensor_operand", function() return a + "1" end)
end)

t.test("few numbers are printed whole, and more() leaves nothing out", function()
  t.ok(not tostring(tvm.arange({ 1, 30 }) / 3):find("...", 1, true))
  t.ok(tostring(tvm.arange { 60, 60 }):find("...", 1, true))
end)

t.test("mistakes", function()
  local a = tvm.arange { 2, 3 }
  t.raises("tensor_index", function() return a[2] end)
  t.raises("tensor_dim", function() return a:slice(2, 0) end)
  t.raises("tensor_step", function() return a:slice(0, 0, 1, 0) end)
  local x = tvm.arange { 10, 2 }
  local e = t.raises("tensor_slice_order", function() return x:slice(0, 5, 1) end, { x = x })
  t.contains(e.why, "the stop 1 lies before the start 5")
  t.eq(e.fix, "did you mean x:slice(0, 5, 6)?")
  t.eq(t.raises("tensor_slice_order", function() return x:slice(0, 9, 4) end, { x = x }).fix, "did you mean x:slice(0, 9, 10)?")
  for _, places in ipairs { { -1, 1 }, { -2, -3 }, { 20, 15 } } do
    t.ok(not t.raises("tensor_slice_order", function() return x:slice(0, places[1], places[2]) end).fix:find "mean")
  end
  t.eq(x:slice(0, 5, -8).shape[1], 0) -- so many off each end
  t.eq(t.raises("tensor_slice_order", function() return x:slice(0, 5, 1, 2) end, { x = x }).fix, "did you mean x:slice(0, 5, 6, 2)?")
  t.eq(x:slice(0, 5, 5).shape[1], 0)
  t.eq(x:slice(0, 12).shape[1], 0)
  t.eq(x:slice(0, 0, 0):slice(0, 0, -1).shape[1], 0)
  t.eq(x:slice(0, -3, -1).shape[1], 2)
  t.eq(x:slice(0, 5, 1, -1).shape[1], 4)
  t.raises("tensor_order", function() return a:transpose { 1, 1 } end)
  t.raises("tensor_reshape", function() return a:reshape { 4 } end)
  t.raises("tensor_extent", function() return a:reshape { -1, -1 } end)
  t.raises("tensor_rank", function() return tvm.tensor { { { { { { { { { { { { { { { { { 1 } } } } } } } } } } } } } } } } } end)
  t.raises("tensor_ragged", function() return tvm.tensor { { 1, 2 }, { 3 } } end)
  t.raises("tensor_element", function() return tvm.tensor { 1, "x" } end)
  t.contains(t.raises("tensor_element", function() return tvm.tensor { tvm.zeros { 2 } } end).why, "an element is a Tensor")
  t.raises("tensor_too_large", function() return tvm.zeros { 1 << 20, 1 << 20 } end)
  t.raises("tensor_overflow", function() return tvm.zeros { 1 << 40, 1 << 40 } end)
  t.raises("tensor_bounds", function() return tvm.random({ 1 }, "int8", { lo = 2, hi = 1 }) end)
  t.raises("no_dtype", function() return tvm.zeros({ 1 }, "float31") end)
  t.raises("shape_mismatch", function() return tvm.check(a, tvm.arange { 3, 2 }) end)
  for _, name in ipairs { "save", "show" } do
    local e = t.raises("format_unknown", function() return a[name](a, path "a.svg") end)
    t.eq(e.what, name)
    t.contains(e.fix, ".npy, .png, .pgm or .ppm")
  end
  t.contains(t.raises("format_unknown", function() return tvm.load "steps.LUA" end).fix, 's:load "steps.LUA"')
  t.raises("format_unknown", function() return tvm.load "tutorials/models/digits.onnx" end)
  t.contains(t.raises("format_unknown", function() return tvm.load "README.md" end).fix, "numpy.save writes .npy, which is read")
  local program = tvm.parse "func f(A: int8[4]) -> B: int8[4]:\n for i in range(4):\n  B[i] = A[i]"
  tvm.schedule(program):save(path "f.tir")
  local e = t.raises("text_syntax", function() return tvm.parse(path "f.tir") end)
  t.eq(load("return " .. e.fix)(), program)
  t.raises("onnx_malformed", function() return tvm.import(path "f.tir") end)
  t.contains(t.raises("steps_expected", function() tvm.schedule(program):load(path "f.tir") end).fix, "read by tvm.parse")
  local net = tvm.import "tutorials/models/digits.onnx"
  net:save(path "g.txt")
  local relu = "graph f(x: float32[2]) -> (y):\n  relu1 = relu(x)\n  return y = relu1"
  t.eq(t.raises("text_syntax", function() return tvm.parse(relu) end, { text = relu }).fix, "tvm.parse_graph(text)")
  t.raises("graph_no_data", function() return tvm.parse_graph(net:text()) end, { text = net:text(), g = net })
  t.eq(table.concat(tvm.parse_graph(io.open(path "g.txt"):read "a", net):nodes(), " "), table.concat(net:nodes(), " "))
  t.raises("tensor_number", function() return tvm.tensor({ 1.5, 2 }, "int32") end, { t = tvm.tensor { 1.5, 2 } })
  t.contains(t.raises("input_no_tensor", function() tvm.schedule(program):run { 1, 2, 3, 4 } end).fix, "tvm.tensor { 1")
  t.raises("image_shape", function() return a[0]:save(path "a.png") end)
  t.raises("io_failed", function() return a:save "/no/such/folder/a.npy" end)
  t.raises("not_readable", function() return tvm.load(path "none.npy") end)
  local f = assert(io.open(path "bad.npy", "w"))
  f:write "not one"
  f:close()
  t.raises("npy_bad", function() return tvm.load(path "bad.npy") end)
  os.rename(path "bad.npy", path "bad.png")
  t.raises("image_bad", function() return tvm.load(path "bad.png") end)
  f = assert(io.open(path "c.npy", "wb"))
  f:write("\x93NUMPY\1\0\x3c\0", ("{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }"):sub(1, 60))
  f:write((" "):rep(60), "12345678")
  f:close()
  t.raises("npy_dtype", function() return tvm.load(path "c.npy") end)
end)

os.execute("rm -r " .. folder)
t.test("loops over tensors begin at 0 and end", function()
  local x = tvm.tensor { { 1, 2 }, { 3, 4 }, { 5, 6 } }
  for _, walk in ipairs { pairs, ipairs } do
    local seen = {}
    for i, row in walk(x) do seen[#seen + 1] = ("%d: %g %g"):format(i, row[0], row[1]) end
    t.eq(table.concat(seen, "; "), "0: 1 2; 1: 3 4; 2: 5 6")
    for _ in walk(tvm.zeros { 0 }) do error "an element of nothing" end
  end
  t.eq(#x, 3)
  local e = t.raises("tensor_index", function() return x[#x] end)
  t.contains(e.fix, "indices count from 0")
  local sum = 0
  for i, v in ipairs { 1, 2, nil, 4 } do sum = sum + i * v end
  t.eq(sum, 5)
  t.ok(not pcall(ipairs))
end)

t.test("a plane of numbers is drawn, and what is more than one says how to take one", function()
  local lines = {}
  local x = tvm.load "tutorials/models/digits_samples.npy"
  for line in x:slice(0, 3, 4):show():gmatch "[^\n]+" do lines[#lines + 1] = line end
  t.eq(#lines, 33)
  t.contains(lines[1], "float32[1, 1, 32, 32], from 0 (blank) to ")
  for i = 2, 33 do t.eq(#lines[i], 64) end
  t.contains(table.concat(lines), "@@@@")
  t.eq(tvm.tensor({ { 0, 0 / 0 }, { 1, 1 / 0 } }):show(), "float32[2, 2], from 0 (blank) to 1 (@)\n  ??\n@@@@")
  t.eq(tvm.full({ 1, 2 }, 7, "uint8"):show(), "uint8[1, 2], from 7 (blank) to 7 (@)\n    ")
  t.eq(tvm.zeros({ 3, 0 }):show(), "float32[3, 0]\n\n")
  local wide = tvm.random({ 300, 500 }):show() -- averaged to the width
  for line in wide:gmatch "\n([^\n]*)" do t.ok(#line <= 80) end
  t.contains(t.raises("tensor_no_plane", function() x:show() end, { x = x }).fix, "x:slice(0, 0, 1):show()")
  local cubes = tvm.random { 2, 3, 4, 5 }
  t.eq(t.raises("tensor_no_plane", function() cubes:show() end, { cubes = cubes }).fix,
    "cubes:slice(0, 0, 1):slice(1, 0, 1):show()")
  local image, name = x[0], os.tmpname()
  t.contains(t.raises("image_shape", function() image:save(name .. ".png") end, { t = image, image = image }).fix,
    (':reshape { 32, 32 }:save "%s.png"'):format(name))
  t.eq(tvm.load(name .. ".png").dtype, "uint8")
  os.remove(name .. ".png")
  os.remove(name)
  local colours = tvm.random { 4, 5, 3 }
  t.contains(t.raises("tensor_no_plane", function() colours:show() end, { t = colours, colours = colours }).fix,
    ":slice(2, 0, 1):reshape { 4, 5 }:show()")
  local path = os.tmpname() .. ".png"
  tvm.zeros({ 2, 3 }, "uint8"):show(path)
  t.eq(tostring(tvm.load(path).shape), "{2, 3}")
  os.remove(path)
end)

t.test("lists print as their content, count from 1, and are lists to Lua", function()
  local shape = tvm.zeros { 4, 7, 2 }.shape
  t.eq(tostring(shape), "{4, 7, 2}")
  t.eq(tostring(tvm.zeros({}).shape), "{}")
  for _, i in ipairs { 0, -1, 1.5 } do
    local e = t.raises("list_index", function() return shape[i] end)
    t.contains(e.why, ("a list has nothing at %s"):format(i))
  end
  t.eq(shape[4], nil)
  t.eq(shape[9] or 1, 1)
  t.eq(select("#", table.unpack(shape, 1, 5)), 5)
  t.eq(shape.x, nil)
  t.eq(#shape, 3)
  local sum = 0
  for i, n in ipairs(shape) do sum = sum + i * n end
  t.eq(sum, 4 + 14 + 6)
  t.eq(select("#", table.unpack(shape)), 3)
  t.eq(table.concat(shape, "x"), "4x7x2")
  table.insert(shape, 9)
  t.eq(table.remove(shape, 1), 4)
  t.eq(tostring(shape), "{7, 2, 9}")
  t.eq(tvm.zeros(shape).shape[3], 9)
  local s = tvm.schedule(te [=[ A: float32[8, 4]; B[y, x] = A[y, x] * 2 ]=])
  t.eq(tostring(s:loops()), '{"y", "x"}')
  t.eq(tostring(s:names "buffers"), '{"A", "B"}')
  t.eq(tostring(tvm.arange { 5 }:argmax()), "{4}")
  local loops = tostring(s:block("B").loops)
  t.contains(loops, 'path = "B/y"')
  t.raises("list_index", function() return s:loops()[0] end)
  shape[1] = shape
  t.contains(tostring(shape), "{… itself}")
end)

t.test("what no tensor is made of is told without speaking of a tensor", function()
  local function fix(code, make) return t.raises(code, make).fix end
  t.eq(fix("tensor_element", function() return tvm.tensor { "a" } end), "elements are numbers or booleans")
  t.eq(fix("tensor_element", function() return tvm.full({ 2 }, "a") end), "elements are numbers or booleans")
  local row = tvm.zeros { 2, 3 }
  local e = t.raises("tensor_element", function() return tvm.tensor { row, row } end, { row = row })
  t.contains(e.fix, "; row:reshape { 1, 2, 3 } has one more dimension")
  t.contains(fix("tensor_element", function() return tvm.tensor { tvm.zeros { 2 } } end), "name the tensor x, and x:reshape { 1, 2 }")
  for _, case in ipairs { { 300, "uint8", "int32" }, { -1, "uint8", "int32" }, { 1 << 31, "int32", "int64" }, { 2.0 ^ 64, "uint64", "float64" },
    { 1.5, "int32", "float32" }, { math.huge, "int8", "float32" } } do
    local v, dtype, fits = table.unpack(case)
    local type = ('type that has such elements: tvm.tensor(…, "%s")'):format(fits)
    t.contains(fix("tensor_number", function() return tvm.tensor({ v }, dtype) end), type)
    t.contains(fix("tensor_number", function() return tvm.full({ 2 }, v, dtype) end), ('tvm.full(…, …, "%s")'):format(fits))
    t.eq(tvm.tensor({ v }, fits)[0], tvm.full({ 1 }, v, fits)[0])
  end
  local c = tvm.tensor({ 250 }, "uint8") -- here there is one
  t.eq(t.raises("tensor_number", function() return c * 0.5 end, { c = c }).fix, 'c:astype "float32" makes room for it')
end)

t.done()
