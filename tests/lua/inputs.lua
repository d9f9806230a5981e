-- inputs.lua -- what programs are timed and checked on: inputs that are given, and those that are made up.
-- test: cpu
local t = dofile "tests/check.lua"
local quick = { ["repeat"] = 5, min_repeat_ms = 0.1 }

local function with(inputs)
  return { ["repeat"] = 5, min_repeat_ms = 0.1, inputs = inputs }
end

local function program(text)
  return tvm.schedule(text:find "^func" and tvm.parse(text) or te(text))
end

-- A[index] for 400 integers d, which are the second result.
local function gather(extent, index, dtype)
  return program(([[
func f(D: %s[400], A: float32[%d]) -> B: float32[400], E: %s[400]:
  for i in range(400):
    E[i] = D[i]
  for i in range(400):
    block B(i):
      B[i] = A[%s]
]]):format(dtype or "int64", extent, dtype or "int64", index))
end

-- The least and the greatest of a tensor's elements.
local function range(x)
  x = x:astype "int64"
  return ("%d to %d"):format(x:min(), x:max())
end

t.test("integers that are indices are drawn from the widest range that fits", function()
  for _, case in ipairs {
    { 7, "D[i]", "0 to 6" },
    { 7, "D[i] + 4", "0 to 2" },
    { 7, "D[i]*2 + 1", "0 to 2" },
    { 7, "D[i] - 1", "1 to 7" },
    { 7, "6 - D[i]", "0 to 6" },
    { 7, "D[i] + 10", "-10 to -4" },
    { 7, "D[i]//2", "0 to 13" },
    { 7, "D[i] % 7", "0 to 100" },
    { 7, "min(D[i], 6)", "0 to 100" },
    { 500, "D[i] + i", "0 to 100" },
    { 410, "D[i] + i", "0 to 10" },
    { 7, "D[i] + D[(i + 1) % 400]", "0 to 3" },
    { 7, "D[i] - D[(i + 1) % 400] + 3", "0 to 3" },
    { 7, "int64(D[i]) + 4", "0 to 2", "uint8" },
    { 7, "int64(D[i] + 4)", "0 to 2", "int32" },
    { 250, "int64(D[i]*2)", "0 to 63", "int8" },
    { 7, "int64(D[i])", "0 to 6", "uint64" },
  } do
    local s = gather(case[1], case[2], case[4])
    local ok, _, drawn = pcall(s.check, s)
    t.ok(ok, case[2])
    t.eq(range(drawn), case[3], case[2])
    t.ok(tvm.time(s, quick).median > 0)
  end
end)

t.test("of several indices the tightest counts, and a guarded one bounds as far as it can", function()
  local s = program [[
func f(D: int64[400], A: float32[9], C: float32[7]) -> B: float32[400], E: int64[400]:
  for i in range(400):
    E[i] = D[i]
  for i in range(400):
    block B(i):
      B[i] = A[D[i] + 4] + C[D[i] - 1] + A[D[i] ]
]]
  t.eq(range(select(2, s:check())), "1 to 4")
  local guarded = program [[
func f(D: int64[400], A: float32[7]) -> B: float32[400], E: int64[400]:
  for i in range(400):
    E[i] = D[i]
  for i in range(400):
    block B(i):
      B[i] = select(i < 0, A[D[i] + i*1000], 0.0)
]]
  t.eq(range(select(2, guarded:check())), "0 to 6")
end)

t.test("loops that data ends are drawn so that they fit, the outer ones too", function()
  local s = program [[
func f(N: int64[1], M: int64[1], A: float32[5, 90]) -> B: float32[5, 90], E: int64[2]:
  E[0] = N[0]
  E[1] = M[0]
  for i in range(5):
    for k in range(90):
      B[i, k] = 0
  for j in range(N[0]):
    for k in range(M[0]):
      block B(j, k):
        B[j, k] = A[j, k]
]]
  local _, drawn = s:check()
  t.ok(drawn:slice(0, 0, 1):max() <= 5 and drawn:max() <= 90)
  for _, text in ipairs {
    [[
func f(N: int64[2], A: float32[5, 3]) -> B: float32[5, 3]:
  for i in range(5):
    for k in range(3):
      B[i, k] = 0
  for j in range(N[0] + 2):
    for k in range(N[1]):
      block B(j, k):
        B[j, k] = A[j, k]
]],
    [[
func f(P: int64[9], A: float32[30]) -> B: float32[8]:
  for i in range(8):
    B[i] = 0
  for i in range(8):
    for k in range(P[i + 1] - P[i]):
      B[i] += A[P[i] + k]
]] } do
    s = program(text)
    s:check()
    t.ok(tvm.time(s, quick).median > 0)
  end
end)

t.test("steps do not change what is drawn", function()
  local s = gather(7, "D[i] + 4")
  local _, before = s:check()
  s:split("B/i", 8)
  local _, after = s:check()
  t.eq(after, before)
end)

t.test("an index that inputs which were made up lead outside is told as such", function()
  local s = program "X: float32[400]; A: float32[7]; B[i] = A[int64(X[i]*9)]"
  local said, typed = "on inputs that tvmrepl made up", "{ X = X, A = A }"
  local e = t.raises("kernel_outside", function() tvm.time(s, quick) end, { s = s })
  t.contains(e.why, said)
  t.eq(e.fix, ("give inputs that fit: tvm.time(s, { inputs = %s })"):format(typed))
  e = t.raises("kernel_outside", function() tvm.compare({ s:at(0), s }, quick) end, { s = s })
  t.contains(e.why, said)
  t.eq(e.fix, ("give inputs that fit: tvm.compare({ …, s }, { inputs = %s })"):format(typed))
  e = t.raises("outside_buffer", function() s:check() end, { s = s })
  t.contains(e.why, said)
  t.eq(e.fix, "give inputs that fit: s:check " .. typed)
  local w = tvm.whatif(function(q, p) q:split("i", p.n) end, { { "n", 2, 4 } }, s, quick)
  t.contains(w[1].why, said)
  t.contains(tostring(w), ("\ngive inputs that fit: tvm.whatif(f, grid, s, { inputs = %s })"):format(typed))

  local X, A = tvm.zeros { 400 }, tvm.random { 7 }
  t.ok(tvm.time(s, with { X = X, A = A }).median > 0)
  t.eq(#tvm.compare({ s:at(0), s }, with { X, A }), 2)
  w = tvm.whatif(function(q, p) q:split("i", p.n) end, { { "n", 2, 4 } }, s, { inputs = { X, A } })
  t.ok(w[1].timing and w[2].timing)
  t.eq(s:check(X, A), s:run(X, A))
end)

t.test("what a temporary keeps of inputs that were made up is told as such, too", function()
  local f = tvm.parse [[
func f(D: int64[400], A: float32[7]) -> B: float32[400]:
  alloc T: int64[400]
  for i in range(400):
    T[i] = D[i]*3
  for i in range(400):
    B[i] = A[T[i] ]
]]
  for code, measure in pairs { kernel_outside = tvm.time, outside_buffer = f.check } do
    t.contains(t.raises(code, function() measure(f) end, { f = f }).why, "on inputs that tvmrepl made up")
  end
end)

t.test("an index that given inputs lead outside is not said to be made up", function()
  local s = program "D: int64[4]; A: float32[7]; B[i] = A[D[i]]"
  local D, A = tvm.full({ 4 }, 7, "int64"), tvm.random { 7 }
  for code, measure in pairs { kernel_outside = function() tvm.time(s, with { D, A }) end, outside_buffer = function() s:check(D, A) end } do
    local e = t.raises(code, measure, { s = s })
    t.ok(not e.why:find "made up", e.why)
    t.ok(not e.fix:find "inputs that fit", e.fix)
  end
end)

t.test("inputs of a timing are checked as those of a run", function()
  local s = program "D: int64[4]; A: float32[7]; B[i] = A[D[i]]"
  local D, A = tvm.zeros({ 4 }, "int64"), tvm.random { 7 }
  for code, inputs in pairs {
    input_missing = { A = A }, input_unknown = { D = D, A = A, Z = A }, input_mixed = { D, A = A }, input_extra = { D, A, A },
    input_shape = { D = A, A = A }, input_no_tensor = { D = 3, A = A }, option_type = "D" } do
    local cases = { function() tvm.time(s, with(inputs)) end, function() tvm.compare({ s:at(0), s }, with(inputs)) end,
      function() tvm.time(s:build(), with(inputs)) end,
      function() tvm.whatif(function(q, p) q:split("i", p.n) end, { { "n", 2, 4 } }, s, with(inputs)) end }
    for _, measure in ipairs(cases) do t.raises(code, measure, { s = s, D = D, A = A }) end
  end
  local e = t.raises("input_shape", function() tvm.time(s, with { D:astype "float32", A }) end)
  t.contains(e.why, "D is int64[4], and this is float32[4]")
  t.raises("input_missing", function() tvm.time(s, with(D)) end)
  t.ok(tvm.time(program "A: float32[7]; B[i] = A[i]", with(A)).median > 0)
  t.ok(tvm.time(s:build(), with { A = A, D = D }).median > 0)
end)

t.test("a model is timed on the inputs that are given", function()
  local m = tvm.graph("g", function(b) return b:relu(b:input("x", "float32", { 64 })) end):lower()
  local x = tvm.random { 64 }
  for _, inputs in ipairs { x, { x }, { x = x } } do
    t.ok(tvm.time(m, with(inputs)).median > 0)
    t.eq(#tvm.compare({ m, m }, with(inputs)), 2)
  end
  local shape = t.raises("input_shape", function() tvm.time(m, with { tvm.random { 65 } }) end)
  t.contains(tostring(shape), "time: x is")
  t.raises("input_missing", function() tvm.time(m, with {}) end)
  t.raises("input_unknown", function() tvm.time(m, with { y = x }) end)
  local g = tvm.graph("g", function(b)
    return b:gather(b:input("x", "float32", { 1, 5 }), b:input("at", "int64", { 4 }), { axis = 0 })
  end):lower()
  t.ok(tvm.time(g, quick).median > 0) -- indices that were made up fit
  local e = t.raises("kernel_outside", function() tvm.time(g, with { x = tvm.zeros { 1, 5 }, at = tvm.full({ 4 }, 1, "int64") }) end)
  t.ok(not e.why:find "made up")
end)

t.test("loops that end where all those around say are looked at once each", function()
  local text, ind, sum = { "func f(A: int32[8]) -> B: int32[8]:" }, "  ", "0"
  for k = 1, 40 do
    text[#text + 1] = ("%sfor i%d in range((%s) %% 1 + 1):"):format(ind, k, sum)
    ind, sum = ind .. "  ", sum .. " + i" .. k
  end
  text[#text + 1] = ("%sB[(%s) %% 8] = A[0]\n"):format(ind, sum)
  t.eq(tvm.time(tvm.parse(table.concat(text, "\n")), { ["repeat"] = 3 }).rounds, 3.0)
end)

t.done()
