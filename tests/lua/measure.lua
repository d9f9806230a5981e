-- measure.lua -- what a measurement claims: where it ran, what part of the peak it is, what differs from what.
-- test: cpu
local t = dofile "tests/check.lua"
local quick = { ["repeat"] = 5, min_repeat_ms = 0.1 }

local function matmul(n)
  return tvm.schedule(te [[ C[y, x] = sum(k, A[k, y] * B[k, x]) ]](n, n, n))
end

local function bound()
  local s = matmul(8)
  s:bind("y", "blockIdx.x")
  s:bind("x", "threadIdx.x")
  return s
end

-- What `tvmrepl OPTIONS` prints.
local function run(options)
  local pipe <close> = io.popen(("'%s' %s 2>&1"):format(arg[-1], options))
  return pipe:read "a"
end

if os.rename("/dev/nvidia0", "/dev/nvidia0") then
  t.skip("a GPU program is not timed where there is no GPU", "there is one")
else
  t.test("a GPU program is not timed where there is no GPU", function()
    local s = bound()
    for name, measure in pairs { s = tvm.time, p = function(p) return tvm.compare { s:at(0), p } end } do
      local e = t.raises("gpu_not_timed", function() measure(s, quick) end, { s = s, p = s })
      t.eq(e.fix, name .. ":check()")
      t.raises("gpu_not_timed", function() measure(s:build(), quick) end, { s = s })
    end
    local w = tvm.whatif(function(q, p) q:split("k", p.f) end, { { "f", 2, 4 } }, s, quick)
    t.contains(w[1].why, "would time an emulation")
    t.contains(tostring(w), "no combination ran\nrefused: f=2, f=4: C has loops bound")
    t.eq(s:run(tvm.zeros { 8, 8 }, tvm.zeros { 8, 8 }), tvm.zeros { 8, 8 })
  end)

  t.test("a model with a GPU kernel runs, and is neither timed nor profiled", function()
    local m = tvm.graph("g", function(b) return b:relu(b:input("x", "float32", { 64 })) end):lower()
    local s = m:schedule "relu1"
    s:bind("x", "blockIdx.x")
    local m2 = m:with("relu1", s)
    t.raises("gpu_not_timed", function() tvm.time(m2, quick) end, { s = s:fork():undo() })
    t.raises("gpu_not_timed", function() m2:profile() end, { s = s:fork():undo() })
    t.eq(m2:run(tvm.full({ 64 }, 2)), tvm.full({ 64 }, 2))
  end)
end

t.test("a target that is named times a GPU program as what it is", function()
  local timing = tvm.time(bound(), { target = "llvm", ["repeat"] = 5, min_repeat_ms = 0.1 })
  t.eq(timing.label, "C step 2 (on llvm, not a GPU)")
  t.eq(tvm.time(bound(), { target = "interp", ["repeat"] = 5, min_repeat_ms = 0.1 }).threads, 0)
end)

t.test("the peak grows with what is measured, and no share above it is printed", function()
  local first = tvm.peak(1)
  t.eq(tvm.peak(1), first)
  t.ok(tvm.peak(1, { again = true }) >= first)
  t.ok(tvm.peak(2) >= tvm.peak(1))
  local s = matmul(16)
  t.eq(tvm.time(s, quick).threads, 1)
  s:parallel "y"
  t.eq(tvm.time(s, { threads = 2, ["repeat"] = 5, min_repeat_ms = 0.1 }).threads, 2)
  local c = tvm.compare({ s:at(0), s }, quick)
  t.ok(c.shares[1] > 0 and c.shares[1] <= 1)
  c.shares[1] = 2.29
  t.contains(tostring(c), "?  is more than float32 multiply-adds reached")
  t.ok(not tostring(c):find("229", 1, true))
end)

t.test("a peak that was measured on a busy machine is told as such, once, below the table", function()
  local s, real, doubt, asked = matmul(16), tvm.peak, "was measured while 40% of the time was spent waiting", 0
  tvm.peak = function()
    asked = asked + 1
    return 1e9, doubt
  end
  local ok, c = pcall(tvm.compare, { s:at(0), s, s }, quick)
  tvm.peak = real
  t.ok(ok, c)
  t.eq(asked, 1)
  local _, said = tostring(c):gsub("\n%% peak: " .. doubt:gsub("%%", "%%%%"), "")
  t.eq(said, 1)
  t.contains(run [[-e 'help(tvm.compare)']], "tvm.peak(cores)")
end)

t.test("no part is told of a peak of several cores that is hardly more than one core's", function()
  local s, real = matmul(16), tvm.peak
  local function compared(all)
    tvm.peak = function(threads) return threads == 1 and 1e5 or all, threads > 1 and "it may be higher" or nil end
    local ok, c = pcall(tvm.compare, { s:at(0), tvm.schedule(s:at(0)):parallel "y" }, { threads = 2, ["repeat"] = 5, min_repeat_ms = 0.1 })
    tvm.peak = real
    t.ok(ok, c)
    return c
  end
  local busy, free = compared(1.1e5), compared(1.9e5)
  t.ok(busy.shares[1] and busy.shares[2] == false)
  t.contains(tostring(busy), "\n% peak is of one core\nrow 2 has no % peak: it may be higher")
  t.ok(free.shares[1] and free.shares[2])
  t.contains(tostring(free), "\n% peak: it may be higher")
  t.ok(not tostring(free):find("no % peak", 1, true))
end)

t.test("a run that emulates a GPU refuses what no GPU takes", function()
  local function launch(threads, axis)
    return tvm.parse(([[
func C(A: float32[4096]) -> C: float32[4096]:
  for io in range(%d):
    for ii in bind("%s", %d):
      block C(i = io*%d + ii):
        C[i] = A[i] + 1
]]):format(4096 // threads, axis, threads, threads))
  end
  for axis, most in pairs { ["threadIdx.x"] = 1024, ["threadIdx.z"] = 64 } do
    local s = launch(2 * most, axis)
    local kernel = s:build()
    for _, run in ipairs { function() s:run(tvm.zeros { 4096 }) end, function() s:check() end, function() kernel(tvm.zeros { 4096 }) end } do
      t.contains(t.raises("cuda_too_many", run, { s = s }).why, ("%s takes extents from 1 to %d"):format(axis, most))
    end
    local fitting = launch(most, axis)
    t.eq(fitting:check(tvm.zeros { 4096 }), fitting:run(tvm.zeros { 4096 }))
  end
  local f = tvm.parse [[
func f(A: float32[16384]) -> C: float32[16384]:
  for x in bind("blockIdx.x", 1):
    alloc s: float32[16384] shared
    for i in range(16384):
      s[i] = A[i]
    for j in range(16384):
      C[j] = s[j]
]]
  t.raises("cuda_shared_bytes", function() f:run(tvm.zeros { 16384 }) end, { f = f })
  t.raises("cuda_shared_bytes", function() f:check() end, { f = f })
  local m = tvm.graph("g", function(b) return b:relu(b:input("x", "float32", { 4096 })) end):lower()
  local s = m:schedule "relu1"
  local too_many = tvm.parse((s:ir():gsub("range%(4096%)", 'bind("threadIdx.x", 4096)')))
  t.raises("cuda_too_many", function() m:with("relu1", too_many):run(tvm.zeros { 4096 }) end, { s = s })
end)

t.test("what a launch cannot do and an emulation can runs, and hides nothing that no GPU does", function()
  local function blocks_in_loop(threads)
    return tvm.parse(([=[
func f(A: float32[4, %d]) -> B: float32[4, %d]:
  for y in range(4):
    for b in bind("blockIdx.x", 1):
      alloc T: float32[%d]
      for x in bind("threadIdx.x", %d):
        T[x] = A[y, x]
        B[y, x] = T[x] + 1
]=]):format(threads, threads, threads, threads))
  end
  local f, a = blocks_in_loop(32), tvm.random { 4, 32 }
  t.eq(f:run(a), f:check(a))
  t.raises("cuda_block_inside", function() f:ptx() end)
  local most = blocks_in_loop(1025)
  for _, run in ipairs { "run", "check", "ptx" } do
    local code = run == "ptx" and "cuda_block_inside" or "cuda_too_many"
    t.raises(code, function() most[run](most, run ~= "ptx" and tvm.zeros { 4, 1025 } or nil) end)
  end
  local waits = tvm.parse [=[
func f(A: float32[32]) -> C: float32[32]:
  alloc T: float32[32] shared
  for x in bind("threadIdx.x", 32):
    if x < 16:
      barrier("shared")
    C[x] = A[x]
]=]
  t.raises("barrier_inside", function() waits:run(tvm.zeros { 32 }) end)
  local own = tvm.parse [=[
func f(A: float32[32]) -> C: float32[32]:
  for x in bind("threadIdx.x", 32):
    alloc T: float32[131073] local
    T[131072] = A[x]
    C[x] = T[131072]
]=]
  t.raises("cuda_local_bytes", function() own:run(tvm.zeros { 32 }) end, { f = own })
end)

t.test("a run that emulates a GPU refuses what is no kernel, in the words of a check", function()
  local s = matmul(8)
  local a, b = tvm.random { 8, 8 }, tvm.random { 8, 8 }
  s:bind("y", "blockIdx.x")
  s:bind("x", "threadIdx.y")
  local want = s:run(a, b)
  local own = s:fork()
  own:cache_read("C", "A", "local")
  local outside = t.raises("axis_missing", function() own:run(a, b) end, { own = own })
  t.contains(tostring(outside), ">       A.local[k, y] = A[k, y]")
  t.eq(outside.fix, 'own:compute_at("A.local", "C/y")')
  s:cache_read("C", "A", "shared")
  local ran = t.raises("shared_outside_blocks", function() s:run(a, b) end, { s = s })
  local checked = t.raises("shared_outside_blocks", function() s:check() end, { s = s })
  t.eq(ran.why, checked.why)
  t.eq(ran.fix, 's:compute_at("A.shared", "C/y")')
  s:compute_at("A.shared", "y")
  for _, run in ipairs { "run", "check", "ptx" } do
    local e = t.raises("axis_missing", function() s[run](s, table.unpack(run == "ptx" and {} or { a, b })) end, { s = s })
    t.eq(e.fix, 's:bind("A.shared/k", "threadIdx.y")')
  end
  s:bind("A.shared/k", "threadIdx.y")
  t.eq(s:run(a, b), want)
end)

t.test("a comparison says which rows are one program, and which compute different things", function()
  local s = matmul(8)
  local moved = tostring(tvm.compare({ s, tvm.default(s) }, quick))
  t.contains(moved, "\nrows 1 and 2 are one program at one step")
  t.contains(moved, "tvm.default(s) and steps move s itself: s:at(0) is it as written, and tvm.default(s:fork())")
  local plain = tostring(tvm.compare({ s:at(0), s, s:build() }, quick))
  t.contains(plain, "\nrows 2 and 3 are one program at one step")
  t.ok(not plain:find("compute different", 1, true))
  local fork = matmul(8)
  t.ok(not tostring(tvm.compare({ s, fork }, quick)):find("\nrows", 1, true), "the same text twice is no mistake")
  t.contains(tostring(tvm.compare({ s:at(0), s, matmul(4) }, quick)), "\nrows 1 and 3 compute different things")
  local m = tvm.import "tutorials/models/digits.onnx":fuse():lower()
  local convs = tostring(tvm.compare({ m:schedule "conv1", m:schedule "conv2" }, quick))
  t.contains(convs, "\nrows 1 and 2 compute different things: what conv1 and conv2")
  local whole = tostring(tvm.compare({ m:schedule "conv2", m, m:with("conv2", m:schedule "conv2") }, quick))
  t.contains(whole, "\nrows 1 and 2 compute different things: conv2 is one kernel, and")
  t.contains(whole, " a whole model of ")
  t.contains(whole, "\nrows 1 and 3 compute different things: conv2 is one kernel, and")
  t.contains(tostring(tvm.compare({ m, m:schedule "conv2" }, quick)), "\nrows 1 and 2 compute different things: conv2 is one kernel")
  t.ok(not tostring(tvm.compare({ m, m:with("conv2", m:schedule "conv2") }, quick)):find("compute different", 1, true))
end)

t.test("an error of a comparison names what was called", function()
  t.eq(t.raises("list_empty", function() tvm.compare {} end).what, "compare")
  t.eq(t.raises("not_runnable", function() tvm.compare { 7 } end).what, "compare")
end)

t.test("a what-if ranks the schedule as it was among its rows, and claims no difference that it cannot tell", function()
  local s = matmul(16)
  local w = tvm.whatif(function(q, p) q:annotate("y", "note", p.v) end, { { "v", 1, 2 } }, s, { ["repeat"] = 15, min_repeat_ms = 0.2 })
  t.ok(w.before.median > 0)
  local text = tostring(w)
  t.contains(text, "against the best")
  t.contains(text, "as it was")
  local _, claims = text:gsub("%d%.%d%dx  %[", "")
  local _, alone = text:gsub("about %d", "") -- on a busy machine a short run may look far behind
  t.eq(claims + alone, 2, text)
  t.eq(w[1].chosen.v == 1 or w[1].chosen.v == 2, true)
end)

-- Calls f while every comparison of two Timings ends as `said`.
local function with_verdict(said, f)
  local real = tvm.verdict
  tvm.verdict = function() return said end
  local ok, e = pcall(f)
  tvm.verdict = real
  if not ok then error(e, 0) end
end

t.test("ratios are printed with the digits that they have", function()
  local s = matmul(8)
  local c = tvm.compare({ s, s:at(0) }, quick)
  for ratio, text in pairs { [1] = "1.00x", [0.5] = "0.50x", [0.1] = "0.10x", [0.0123] = "0.012x", [0.00001234] = "0.000012x", [9.994] = "9.99x",
    [38.44] = "38.4x", [104.4] = "104x", [999] = "999x", [1234] = "1200x", [98765] = "99000x", [0.0996] = "0.10x" } do
    with_verdict({ text = "2.00x faster", ratio = ratio, low = 0.012, high = 1234.5 }, function()
      t.contains(tostring(c), " " .. text .. "  [0.012, 1200]")
    end)
  end
end)

t.test("a program as written goes by its name, and the table says of how many cores a share of the peak is", function()
  local s = matmul(64)
  local written = tvm.time(s, quick).label
  t.eq(written, "C")
  local real = tvm.peak
  tvm.peak = function(threads) return threads * 1e5 end -- what is measured may be in doubt
  local c = tvm.compare({ s:at(0), s:parallel "y", s:fork():vectorize "x" }, quick)
  t.eq(c.items[1].label, written)
  t.eq(c.items[2].label, "C step 1")
  local cores = math.tointeger(c.items[2].threads)
  t.eq(tostring(c):match "\n(%% peak is[^\n]*)", cores > 1 and "% peak is of " .. cores .. " cores in rows 2 and 3, of one in the others" or nil)
  local all = tostring(tvm.compare({ s, s:fork():vectorize "x" }, quick))
  t.eq(all:match "\n(%% peak is[^\n]*)", cores > 1 and "% peak is of " .. cores .. " cores" or nil)
  t.ok(not tostring(tvm.compare({ s:at(0), s:at(0) }, quick)):find "%% peak is")
  tvm.peak = real
end)

t.test("a schedule that tvm.default alone made goes by that, until a step is taken or a mark set", function()
  local s = matmul(16)
  local d = tvm.default(s:at(0))
  local function label(p) return tvm.time(p, quick).label end
  t.eq(label(d), "C default")
  t.eq(label(d:at()), "C default")
  t.eq(label(d:fork()), "C default")
  t.eq(label(tvm.schedule(d)), "C default")
  t.eq(label(tvm.schedule(d:at())), "C default")
  t.eq(label(tvm.schedule(d:at(1))), "C step 1")
  t.eq(label(tvm.schedule(d:at()):undo()), "C step " .. d.step - 1)
  t.eq(label(d:at(1)), "C step 1")
  t.eq(label(d:at(0)), "C")
  local own = d:fork():mark "own"
  t.eq(label(own), "own")
  local last = d.step
  d:undo()
  t.eq(label(d), "C step " .. last - 1)
  t.eq(label(d:redo()), "C default")
  local mine = matmul(16)
  mine:split("x", 8)
  t.eq(label(tvm.default(mine)), "C step " .. mine.step)
end)

t.test("what other programs took of the processors stands below the table", function()
  local s = matmul(8)
  local c = tvm.compare({ s, s:at(0) }, quick)
  t.ok(c.items[1].waited >= 0 and c.items[1].waited <= 1)
  local function item(waited) return { label = "a", median = 1e-3, q1 = 1e-3, q3 = 1e-3, gflops = 1, waited = waited } end
  with_verdict({ text = "no difference", ratio = 1, low = 1, high = 1 }, function()
    c.items = { item(0.375), item(0.375) }
    t.contains(tostring(c), "\nthese runs waited 38% of their time for a free processor: times and ratios hold for such a load only")
    c.items = { item(0.02), item(0.02) }
    t.ok(not tostring(c):find "waited")
  end)
end)

t.test("no difference stands beside its interval where that leaves much open", function()
  local s = matmul(8)
  local c = tvm.compare({ s, s:at(0) }, quick)
  local open = { text = "no difference", ratio = 1.25, low = 0.91, high = 1.5 }
  with_verdict(open, function() t.contains(tostring(c), "no difference  [0.91, 1.50]") end)
  open.low, open.high = 1.2, 1.3
  with_verdict(open, function() t.ok(not tostring(c):find("[", 1, true), tostring(c)) end)
end)

t.test("GFLOP/s stand in digits, however many", function()
  local s = matmul(8)
  local c = tvm.compare({ s, s:at(0) }, quick)
  local function item(gflops) return { label = "a", median = 1e-3, q1 = 1e-3, q3 = 1e-3, gflops = gflops, waited = 0 } end
  with_verdict({ text = "no difference", ratio = 1, low = 1, high = 1 }, function()
    c.items = { item(0), item(1234.5) }
    t.ok(tostring(c):find "  %-  .*  1234  " or tostring(c):find "  %-  .*  1235  ", tostring(c))
    c.items = { item(0.0000123), item(12.345) }
    t.ok(tostring(c):find "  <0%.001  .*  12%.3  ", tostring(c))
  end)
end)

t.test("a what-if claims ranks only where a difference was found, and marks what it did not time in turns", function()
  local s = matmul(32)
  local w = tvm.whatif(function(q, p)
    if p.v < 3 then q:vectorize "x" else q:reorder { "k", "x", "y" } end
  end, { { "v", 1, 2, 3 } }, s, quick)
  w.before = w.before or w[1].timing -- a busy machine may have taken others into the last round
  for rank = 1, 3 do w[rank].in_turns = rank < 3 or nil end
  with_verdict({ text = "no difference", ratio = 1, low = 1, high = 1 }, function()
    local text = tostring(w)
    t.contains(text, "\n?  timed in a short run of its own only")
    t.contains(text, "\n=  no difference from the best or from the row above")
    t.ok(text:find "\n3%?  [^\n]* about %d", text)
    t.ok(text:find "\n[12]=  ", text)
  end)
  with_verdict({ text = "2.00x slower", ratio = 0.5, low = 0.4, high = 0.6 }, function()
    t.ok(not tostring(w):find "\n%d=")
    t.contains(tostring(w), "0.50x  [0.40, 0.60]")
  end)
end)

t.test("a what-if stands in the order of what was measured, and the schedule as it was among its rows", function()
  local s = matmul(8)
  local w = tvm.whatif(function(q, p) q:annotate("y", "note", p.v) end, { { "v", 1, 2, 3 } }, s, quick)
  local function timing(median) return { median = median, q1 = median, q3 = median, gflops = 1, waited = 0 } end
  w.before = timing(12e-3)
  for i, ms in ipairs { 2, 6, 24 } do w[i].timing, w[i].in_turns = timing(ms * 1e-3), i == 1 end
  local real = tvm.verdict
  tvm.verdict = function(a, b) return { text = "a difference", ratio = b.median / a.median, low = 0.01, high = 7 } end
  local ok, e = pcall(function()
    local text = tostring(w)
    t.ok(text:find "\n1 .*\n2%?.*\n +as it was.*\n3%?", text)
    w[2].timing = timing(1e-3) -- on a machine that was free just then
    text = tostring(w)
    t.ok(text:find "\n1 .*\n2%?.*\n +as it was.*\n3%?", text)
  end)
  tvm.verdict = real
  t.ok(ok, e)
end)

t.test("the rows of a what-if stand by the ratios that are printed beside them", function()
  local s = matmul(8)
  local w = tvm.whatif(function(q, p) q:annotate("y", "note", p.v) end, { { "v", 1, 2, 3, 4 } }, s, quick)
  local speed = {} -- of each median, by which the rounds' ratios are made up
  local function timing(median, rounds)
    speed[median] = rounds
    return { median = median, q1 = median, q3 = median, gflops = 1, waited = 0 }
  end
  w.before = timing(18e-3, 0.02)
  for i, r in ipairs { { 468e-6, 0.94 }, { 427e-6, 0.83 }, { 415e-6, 1 }, { 423e-6, 0.95 } } do
    w[i].timing, w[i].in_turns = timing(r[1], r[2]), true
  end
  local real = tvm.verdict
  tvm.verdict = function(a, b) -- against the schedule as it was they would stand in another order
    local ratio = b == w.before and 1 / a.median or speed[a.median] / speed[b.median]
    return { text = ratio > 0.9 and "no difference" or "slower", ratio = ratio, low = 0.9 * ratio, high = 1.1 * ratio }
  end
  local ok, text = pcall(tostring, w)
  tvm.verdict = real
  t.ok(ok, text)
  local order, ratios = {}, {}
  for line in text:gmatch "[^\n]+" do
    order[#order + 1] = line:match "^(%d)=? "
    ratios[#ratios + 1] = line:match " (%d%.%d+)x  %["
  end
  t.eq(table.concat(order, " "), "3 4 1 2", text)
  t.eq(table.concat(ratios, " "), "0.95 0.94 0.83 0.020", text)
  t.contains(text, "\nthe rows stand by their ratio to the best: that of rounds made in turns, which their medians need not follow\n")
end)

t.test("a what-if whose function misspells a parameter, or takes a wrong step, says so", function()
  local s = matmul(8)
  local w = tvm.whatif(function(q, p) q:split("x", p.ty) end, { { "tx", 2, 4 }, { "u", 1 } }, s, quick)
  t.ok(w[1].why:find "measure%.lua:%d+: the grid has no 'ty'; it has tx, u$", w[1].why)
  local typed = load("return function(q, p) q:split('x', p.ty) end", "=[165]")()
  w = tvm.whatif(typed, { { "tx", 2, 4 } }, s, quick)
  t.eq(w[1].why, "the grid has no 'ty'; it has tx")
  w = tvm.whatif(function(q, p) q:vectorize("z" .. p.tx) end, { { "tx", 2, 4 } }, s, quick)
  t.ok(w[1].why:find "^vectorize.*: no loop is named 'z2'", w[1].why)
end)

t.test("a row of a what-if has its values as they were written", function()
  local s = matmul(8)
  local w = tvm.whatif(function(q, p) q:split("x", p.x) end, { { "x", { 2, -1 }, 4, { -1, 2, 2 } }, { "o", { "a", n = { 1 } } } }, s, quick)
  local names = {}
  for i, row in ipairs(w) do names[i] = row.name end
  table.sort(names)
  t.eq(table.concat(names, "; "), 'x=4 o={"a", n = {1}}; x={-1, 2, 2} o={"a", n = {1}}; x={2, -1} o={"a", n = {1}}')
end)

t.test("a what-if lists whatever its function raises", function()
  local s = matmul(8)
  local hostile = setmetatable({}, { __index = error, __tostring = error })
  local raised = { function() error() end, function() error(42) end, function() error(true) end, function() error(s) end,
    function() error(hostile) end, function() error { why = 7, what = {} } end, function() error { why = "so", what = "it" } end,
    function() error "plain\nand more" end, function() end }
  local w = tvm.whatif(function(_, p) raised[p.i]() end, { { "i", 1, 2, 3, 4, 5, 6, 7, 8, 9 } }, s, quick)
  t.eq(#w, 9)
  local why = {}
  for _, row in ipairs(w) do why[row.chosen.i] = row.why or "ran" end
  t.eq(why[1], "an error without a message")
  t.eq(why[2], "42")
  t.eq(why[3], "true")
  t.eq(why[4], (tostring(s):gsub("\n.*", "")))
  t.eq(why[5], "an error that has no text")
  t.contains(why[6], "table: ")
  t.eq(why[7], "it: so")
  t.ok(why[8]:find "^[^\n]*plain$", why[8])
  t.eq(why[9], "ran")
  t.contains(tostring(w), "\nrefused: i=2: 42")
end)

t.test("a profile says what its sum is, and what others took of the processors", function()
  local p = tvm.import "tutorials/models/digits.onnx":fuse():lower():profile()
  t.ok(p.waited >= 0 and p.waited <= 1)
  p.waited = 0.375
  t.contains(tostring(p), "\nall: the sum of the kernels, each timed by itself")
  t.contains(tostring(p), "\nthese runs waited 38% of their time for a free processor")
  p.waited = 0.02
  t.ok(not tostring(p):find "these runs waited")
end)

t.test("what has no picture says what has", function()
  local s = matmul(8)
  local w = tvm.whatif(function(q, p) q:split("x", p.tx) end, { { "tx", 2 } }, s, quick)
  local m = tvm.import "tutorials/models/digits.onnx":fuse():lower()
  local profile, c = m:profile(), tvm.compare({ s:at(0), s }, quick)
  for name, show in pairs { WhatIf = function() w:show "w.svg" end, Profile = function() profile:show() end } do
    local e = t.raises("member_elsewhere", show, { w = w, p = profile, s = s })
    t.contains(e.why, name .. " has no member 'show', which is a method of Schedule, ")
    for _, class in ipairs { "Graph", "Comparison", "Tensor" } do t.contains(e.why, class) end
    t.contains(e.fix, "it has no picture: print(")
  end
  local e = t.raises("member_elsewhere", function() c:save "c.json" end)
  t.contains(e.fix, "c:show \"bars.svg\"")
  t.contains(t.raises("no_member", function() return c.item end).why, "Comparison has no member 'item': did you mean 'items'?")
  t.raises("no_member", function() return w.nonsense end)
  t.ok(#c == 2 and c[2] == c.items[2])
  t.eq(c[3], nil)
  t.contains(select(2, pcall(w.adopt, w, "1")), "a rank is a number")
  t.eq(w[99], nil)
  t.ok(not pcall(w.adopt, w, 1, 2))
end)

t.test("a row that is adopted is not adopted on top of itself, nor another one", function()
  local s = matmul(8)
  s:parallel "y"
  local w = tvm.whatif(function(q, p)
    q:split("x", p.tx, "xo", "xi")
    q:vectorize "xi"
  end, { { "tx", 2, 4 } }, s, quick)
  w:adopt(1)
  t.eq(s.step, 3)
  for rank = 1, 2 do
    local ok, e = pcall(w.adopt, w, rank)
    t.ok(not ok)
    t.contains(e, "row 1 is adopted already, as steps 2 to 3\n")
    t.contains(e, ("hint: s:undo(2) takes them back, and then w:adopt(%d)"):format(rank))
  end
  t.contains(tostring(w), "w:adopt(1) takes the steps of row 1 on s")
  s:unroll "k"
  t.contains(select(2, pcall(w.adopt, w, 2)), "s:undo(3) takes them back, with what was done since, and then w:adopt(2)")
  s:undo(3)
  w:adopt(2)
  t.eq(s.step, 3)
  t.contains(select(2, pcall(w.adopt, w, 1)), "row 2 is adopted already")
end)

t.test("a what-if's schedule that nobody named is told how to get a name", function()
  local s = matmul(8)
  s:parallel "y"
  local w = tvm.whatif(function(q) q:unroll "k" end, { { "n", 1 } }, matmul(8), quick)
  t.contains(tostring(w), "s = w:adopt(1) takes the steps of row 1 on the schedule, and calls it s")
  w:adopt(1)
  t.contains(select(2, pcall(w.adopt, w, 1)),
    "row 1 is adopted already, as step 1\n  hint: w.schedule:undo(1) takes it back, and then w:adopt(1)")
  w.schedule:undo(1)
  t.eq(w:adopt(1), w.schedule)
end)

t.test("programs that take the same arguments are timed beside others, and models keep their results", function()
  local a, b = te [[ C[y] = A[y] + B[y] ]](64), te [[ D[y] = A[y] * 2 ]](64)
  t.eq(#tvm.time_all({ a, b, tvm.schedule(a), tvm.schedule(te [[ C[y] = A[y] + B[y] ]](32)) }, quick), 4)
  local m = tvm.import "tutorials/models/digits.onnx":fuse():lower()
  local before = m:run(tvm.zeros { 1, 1, 32, 32 })
  local s = m:schedule "conv2"
  s:parallel "oc"
  t.eq(#tvm.time_all({ m, m:with("conv2", s), a }, quick), 3)
  t.eq(m:run(tvm.zeros { 1, 1, 32, 32 }), before)
end)

t.test("models are told apart by their schedules", function()
  local m = tvm.import "tutorials/models/digits.onnx":fuse():lower()
  local s = m:schedule "conv2"
  s:parallel "oc"
  t.eq(tvm.time(m, quick).label, "digits")
  t.eq(tvm.time(m:with("conv2", s), quick).label, "digits with conv2")
end)

t.test("a kernel that m:with gave runs as it is, without steps too", function()
  local g = tvm.graph("net", function(b)
    return b:relu(b:matmul(b:input("x", "float32", { 64, 64 }), b:const(tvm.random { 64, 64 })))
  end)
  local m = g:fuse():lower()
  local name = m:kernels()[1]
  local s = m:schedule(name)
  t.ok(not tostring(m):find "as written")
  for _, given in ipairs { s, s:at(0), m:func(name) } do
    local written = m:with(name, given)
    t.contains(tostring(written), "  as written  ")
    t.eq(tvm.time(written, quick).label, "net with " .. name)
    t.eq(tvm.time(written, quick).threads, 1)
  end
  local x = tvm.random { 64, 64 }
  t.ok(tvm.check(m:with(name, s):run(x), m:run(x)).ok)
  t.ok(tvm.time(m, quick).median < tvm.time(m:with(name, s), quick).median)
  s:annotate(s:loops(name)[1], "note", "a step that leaves the loops alone")
  t.eq(tvm.time(m:with(name, s), quick).threads, 1)
  t.ok(not tostring(m:with(name, s)):find "as written")
end)

t.test("what cannot be timed is named, not a list that nobody gave", function()
  t.contains(t.raises("argument_missing", function() tvm.time() end).why, "argument 1 is missing")
  t.contains(t.raises("argument_nil_plain", function() tvm.time(nil) end).why, "argument 1 is nil")
  t.contains(t.raises("argument_nil_variable", function() tvm.time(nobody) end).why, "argument 1 is nobody, which has no value")
  t.contains(t.raises("argument_nil", function() matmul(4):split(y, 2) end).why, 'did you mean "y"')
  t.eq(t.raises("argument_missing", function() tvm.check(tvm.zeros { 2 }) end).why,
    "argument 2 is missing: it should be a Tensor")
end)

t.test("a what-if that nobody named is _ at the prompt", function()
  local whatif = 'tvm.whatif(function(s, p) s:split("i", p.b) end, {{ "b", 4, 8 }}, tvm.schedule(te("C[i] = A[i] + 1")(64)))'
  local said = run(("-e 'w = 3' -e '%s' -e 'w = %s' -e w"):format(whatif, whatif))
  t.contains(said, "s = _:adopt(1) takes")
  t.contains(said, "s = w:adopt(1) takes")
end)

t.test("--json gives a measurement's numbers, and what is printed in lines of its own", function()
  local lines = {}
  local said = run([[--json -e 's = tvm.schedule(te("C[y] = A[y] + 1")(64)) print("a\n\"b\"", 1) io.write("c")' ]] ..
    [[-e 'tvm.time(s, { ["repeat"] = 5, min_repeat_ms = 0.1 })' ]] ..
    [[-e 'tvm.compare({ s, s:build() }, { ["repeat"] = 5, min_repeat_ms = 0.1 })' -e 'print "end" error "no"']])
  for line in said:gmatch "[^\n]+" do lines[#lines + 1] = line end
  t.eq(lines[1], '{"print":"a"}')
  t.eq(lines[2], '{"print":"\\"b\\"\\u00091"}')
  t.eq(lines[3], '{"print":"c"}')
  t.contains(lines[4], '{"ok":true')
  for _, key in ipairs { "median", "q1", "q3", "spread", "gflops", "rounds", "threads" } do
    t.ok(lines[5]:find('"' .. key .. '":%d'), key)
  end
  for _, key in ipairs { "ratio", "low", "high", "share_of_peak" } do t.ok(lines[6]:find('"' .. key .. '":%d'), key) end
  t.eq(lines[7], '{"print":"end"}')
  t.contains(lines[8], '{"ok":false')
end)

t.test("answers that tell what was wrong", function()
  local f = te [[ C[y, x] = sum(k, A[k, y] * B[k, x]) ]]
  local e = t.raises("te_extra_arguments", function() f(4, 4, 4, 4) end)
  t.contains(tostring(e), "C takes 3 parameters, but got 4")
  local g = te [[ C[y] = A[y] ]]
  t.contains(t.raises("te_extra_arguments", function() g(4, 4) end).why, "C takes 1 parameter, but got 2")
  t.eq(e.fix, "its parameters are y, x, k")
  local s = tvm.schedule(f(8, 8, 8))
  e = t.raises("fuse_inside_out", function() s:fuse { "k", "y" } end)
  t.eq(e.fix, "from the outside in they are y, k; s:reorder brings loops of one nest side by side")
  t.eq(t.raises("fuse_inside_out", function() s:fuse { "x", "y" } end, { s = s }).fix, 's:fuse("y", "x")')
  s:split("x", 1000000)
  t.contains(s:history(), "(1000000 is beyond the extent: one iteration of xo does all)")
  local a = tvm.random { 8, 8 }
  t.ok(s:build()(a, a) == s:run(a, a))
  t.contains(run [[-e 's = tvm.schedule(te("C[y] = A[y] + 1")(64)) s:check();']], "ok: no index outside")
  t.contains(run [[-e 's = tvm.schedule(te "A: float32[8, 8]; C[y, x] = A[y, x] + 1"); s:bind("x", "blockIdx.x"); s:check();']],
    "note: emulated only, for a launch does not take it: a loop bound to blockIdx.x stands inside another loop")
  local free = t.raises("tensor_too_large", function() return tvm.random { 100000, 100000, 100 } end).why:match "room for (%d+) MiB"
  local memory <close> = io.open "/proc/meminfo"
  t.ok(tonumber(free) * 1024 <= tonumber(memory:read "a":match "MemTotal: *(%d+)"))
  e = t.raises("not_readable", function() tvm.import "docs" end)
  t.ok(not e.fix:find "writing")
end)

t.test("a list of steps that does not fit tells where the schedule is", function()
  local path = os.tmpname() .. ".lua"
  local s, narrow = matmul(8), tvm.schedule(te [[ D[x] = A[x] + 1 ]](16))
  s:split("x", 8, "xo", "xi")
  s:vectorize "xi"
  s:parallel "y"
  s:save(path)
  local ok, e = pcall(narrow.load, narrow, path)
  os.remove(path)
  t.ok(not ok)
  t.contains(tostring(e), "loops here: xo, xi   (refused after 2 steps, which are taken back: the schedule is at step 0, as before; " ..
    "the script was saved of C, and this is D)")
  ok, e = pcall(narrow.steps, narrow, function(q) q:parallel "y" end)
  t.contains(tostring(e), "loops here: x   (the schedule is at step 0, as before)")
  t.eq(narrow:at():ir(), narrow:at(0):ir())
end)

t.test("functions that are written in Lua check their arguments as those in C do", function()
  local s = matmul(8)
  local function steps(q, c) q:split("y", c.t) end
  local grid = { { "t", 2 } }
  t.contains(t.raises("argument_missing", function() tvm.whatif(steps, grid) end).why, "argument 3 is missing: it should be a Schedule")
  local version = s:at(0)
  local e = t.raises("argument_type", function() tvm.whatif(steps, grid, version) end)
  t.contains(e.why, "should be a Schedule, but is a Version")
  t.eq(e.fix, "tvm.schedule(version) makes one of it")
  t.eq(t.raises("argument_type", function() tvm.whatif(steps, grid, s:at(0)) end).fix, "tvm.schedule(…) makes one of it")
  t.raises("argument_type", function() tvm.whatif(steps, grid, steps) end)
  t.raises("argument_type", function() tvm.whatif(steps, {}, s) end)
  for _, row in ipairs { 7, {}, { "t" }, { 5, 1 } } do
    t.contains(t.raises("element_type", function() tvm.whatif(steps, { row }, s) end).why, "a name and its values")
  end
  t.contains(t.raises("element_type", function() tvm.whatif(steps, { { "t" } }, s) end).why, [[is only the name "t"]])
  e = t.raises("argument_type", function() tvm.whatif(steps, { u = { "a" }, t = { 4, 8 } }, s) end)
  t.contains(e.fix, [[{{"t", 4, 8}, {"u", "a"}} is that as rows]])
  t.raises("option_unknown", function() tvm.whatif(steps, grid, s, { zz = 1 }) end)
  local w, c = tvm.whatif(steps, grid, s, quick), tvm.compare({ s:at(0), s }, quick)
  for _, more in ipairs { function() w:adopt(1, 2) end, function() c:show("a.svg", 1) end } do t.raises("extra_argument", more) end
  for _, bare in ipairs { function() w.adopt() end, function() c.show() end } do
    t.eq(select(2, pcall(bare)).code, "no_self")
  end
  for none, why in pairs { [7] = "there is no row 7: only row 1 ran", total = "a rank is a number" } do
    local _, e = pcall(function() w:adopt(none) end)
    t.ok(e:find("measure%.lua:%d+: " .. why), e)
  end
  t.eq(w:adopt(1, nil).step, 1)
end)

t.test("one program alone is not said to have lost others by a nil", function()
  local text = tostring(tvm.compare { tvm.schedule(te [[ B[i] = A[i] ]](8)) })
  t.contains(text, "nothing to hold it against: if others were named, a nil in the braces ended the list")
end)

t.done()
