-- schedule.lua -- the cursor: moving, marks, forks, refusals, and scripts that replay.
local t, p = dofile "tests/check.lua", dofile "tests/programs.lua"

local function fresh() return p.matmul(60, 64, 64) end

t.test("steps return names, and chain", function()
  local s = fresh()
  local yo, yi = s:split("y", { -1, 8 })
  t.eq(yo, "yo")
  t.eq(yi, "yi")
  s:split("x", 16, "xo", "xi")
  t.eq(s:reorder("xo", "k", "xi"):vectorize("xi"):at().ir ~= nil, true)
end)

t.test("a step returns the loops it made, though another nest has loops of those names", function()
  local s = p.schedule [[ A: float32[64]; B[x] = A[x] + 1; C[x] = B[x] * 2 ]]
  t.eq((s:split("C/x", 8)), "xo")
  local outer, inner = s:split("x", 16)
  t.eq(outer .. " " .. inner, "B/xo B/xi")
end)

t.test("undo, redo, marks, forks", function()
  local s = fresh()
  local before = s:fingerprint()
  s:split("y", 8)
  s:mark "tiled"
  local tiled = s:fingerprint()
  s:parallel "yo"
  t.eq(s:at(0):fingerprint(), before)
  t.eq(s:at("tiled"):fingerprint(), tiled)
  local f = s:fork()
  s:undo(2)
  t.eq(s:fingerprint(), before)
  s:redo(1)
  t.eq(s:fingerprint(), tiled)
  t.eq(f:at().ir(f), f:ir())
  f:back "tiled"
  t.eq(f:fingerprint(), tiled)
end)

t.test("a refused step changes nothing and says why", function()
  local s = fresh()
  local before = s:fingerprint()
  local ok, e = s:try("parallel", "k")
  t.eq(ok, nil)
  t.eq(e.code, "reduce_concurrent")
  t.eq(e.what, "parallel(k)")
  assert(e.witness:find("k=0 and k=1", 1, true), e.witness)
  t.eq(s:fingerprint(), before)
  local fixed = load("local s = ...; " .. e.fix)
  fixed(s)
  t.eq(s:at(0):fingerprint(), before)
  assert(s:fingerprint() ~= before)
end)

t.test("steps are all or nothing", function()
  local s = fresh()
  local before = s:fingerprint()
  t.raises("reduce_concurrent", function()
    s:steps(function()
      s:split("y", 8)
      s:parallel "k"
    end)
  end, { s = s })
  t.eq(s:fingerprint(), before)
end)

t.test("a saved script replays to the same fingerprint", function()
  local s = fresh()
  s:split("y", 8, "yo", "yi")
  s:split("x", 16, "xo", "xi")
  s:reorder("yo", "xo", "k", "yi", "xi")
  s:cache_write("C", "local")
  s:reverse_compute_at("C.store", "xo")
  s:decompose_reduction("C", "k")
  s:vectorize "*/xi"
  local path = os.tmpname() .. ".lua"
  s:save(path)
  local again = fresh():load(path)
  t.eq(again:fingerprint(), s:fingerprint())
  t.eq(tvm.parse(s:ir()):fingerprint(), s:fingerprint())
  local function written(text)
    local file <close> = assert(io.open(path, "w"))
    file:write(text)
  end
  local older = "-- tvmrepl 1: the steps of C, for s:load\nlocal s = ...\n" .. s:trace() .. "return s\n"
  written(older)
  t.eq(fresh():load(path):fingerprint(), s:fingerprint())
  written "ran = true"
  t.contains(t.raises("steps_no_schedule", function() again:load(path) end).fix, "local s = ...")
  t.eq(rawget(_G, "ran"), true) -- by the advice, dofile, and not by s:load
  os.remove(path)
  t.raises("io_failed", function() s:save("/dev/full") end)
  t.raises("io_failed", function() s:save("/no/such/folder/x.tir") end)
  t.contains(t.raises("format_other", function() s:save "x.svg" end, { s = s }).fix, "s:show(path) draws")
  t.contains(t.raises("format_other", function() s:save "t.pdf" end, { s = s }).why, "which by its name is something else")
  local net = tvm.import "tutorials/models/digits.onnx"
  t.contains(t.raises("format_other", function() net:save "x.onnx" end).why, "which by its name is a model")
  t.contains(t.raises("format_other", function() net:save "x.graph" end).why, "which by its name is something else")
  t.contains(t.raises("format_other", function() net:save "x.lua" end).why, "which by its name is a script")
end)

t.test("a saved script keeps marks and notes where they were", function()
  local s, path = fresh(), os.tmpname() .. ".lua"
  s:note "why: \"y\" first,\r\nthen x":split("y", 8, "yo", "yi")
  s:mark "v":note "one":note "two":mark "w"
  s:split("x", 16, "xo", "xi")
  s:mark "elsewhere":undo()
  s:parallel "yo"
  s:save(path)
  local again = fresh():load(path)
  t.eq(again:history(), (s:history():gsub("\nelsewhere[^\n]*", "")))
  t.eq(again:at "v":fingerprint(), s:at(1):fingerprint())
  t.raises("no_mark", function() again:back "elsewhere" end)
  t.eq(loadfile(path)(fresh()):history(), again:history())
  s:at():save(path) -- a Version has none
  t.ok(not fresh():load(path):history():find '"v"')
  os.remove(path)
end)

t.test("stale names say which step used them up", function()
  local s = fresh()
  s:split("y", 8)
  t.raises("stale_name", function() s:split("y", 8) end)
  t.raises("no_loop", function() s:split("q", 8) end)
  t.raises("no_mark", function() s:back "nowhere" end)
  t.raises("no_such_step", function() s:back(7) end)
  t.raises("nothing_to_undo", function() s:undo(2) end, { s = s })
  s:undo()
  t.eq(t.raises("undo_at_start", function() s:undo() end).fix, nil)
end)

-- The Func and its main block are named alike, as a model's kernels are.
local function conv()
  return tvm.schedule(tvm.parse [[
func conv(A: float32[16, 34]) -> R: float32[16, 32]:
  alloc P: float32[16, 34]
  for y in range(16):
    for x in range(34):
      block P(y, x):
        P[y, x] = A[y, x] * 2
  alloc C: float32[16, 32]
  for y in range(16):
    for x in range(32):
      for k in range(3):
        block conv(y, x, k: reduce):
          init: C[y, x] = 0
          C[y, x] += P[y, x + k]
  for y in range(16):
    for x in range(32):
      block R(y, x):
        R[y, x] = max(C[y, x], 0)
]])
end

t.test("a name alone means the main block's loop", function()
  local s = conv()
  local xo, xi = s:split("x", 8, "xo", "xi")
  t.eq(xo .. " " .. xi, "xo xi")
  t.eq(tostring(s:history()):match "step 1[^\n]*", "step 1  split conv/x(32) -> xo(4) xi(8)")
  s:parallel "y"
  t.eq(tostring(s:history()):match "step 2[^\n]*", "step 2  parallel conv/y")
  t.eq(s:split("R/x", 8, "xo", "xi"), "R/xo")
  t.eq(s:split("xo", 2), "xoo")
  local e = t.raises("reduce_concurrent", function() s:vectorize "k" end, { s = s })
  t.eq(e.fix, 's:vectorize "xi"')
  local again = conv()
  load("local s = ...; " .. s:trace())(again)
  t.eq(again:fingerprint(), s:fingerprint())
end)

t.test("who refuses lanes over a sum names a loop of its nest that may have them", function()
  local function fix(text)
    local s = tvm.schedule(te(text))
    return t.raises("reduce_concurrent", function() s:vectorize "k" end, { s = s }).fix
  end
  t.eq(fix "A: float32[8, 99]; B[y] = max(k, A[y, k])", 's:vectorize "y"')
  t.eq(fix "A: float32[8, 99]; B[y] = sum(k, A[y, k] * A[y, k] + A[y, 98 - k])",
    'leave k serial; s:vectorize("y") is legal, though it strides over memory')
  t.eq(fix "A: float32[5000, 99]; B[y] = max(k, A[y, k])", 's:split("y", 8, "yo", "yi"); s:vectorize("yi")')
  t.eq(fix "A: float32[9, 99, 5000]; B[z, y] = max(k, A[z, k, y])", 's:split("y", 8, "yo", "yi"); s:vectorize("yi")')
  t.eq(fix "A: float32[99]; B = max(k, A[k])", "leave k serial, or choose a loop over no reduce axis")
end)

-- Two nests over y and x, of C and R.
local function layer()
  local f = te "C[y, x] = sum(k, A[y, k] * B[k, x]); D[y, x] = C[y, x] + b[x]; R[y, x] = max(D[y, x], 0)"
  return tvm.schedule(f(64, 64, 64)):compute_inline "D"
end

t.test("a loop and a factor are told to split first", function()
  local s = layer()
  for _, step in ipairs { "unroll", "vectorize" } do
    local e = t.raises("bad_argument", function() s[step](s, "R/x", 4) end, { s = s })
    t.eq(e.fix, ('s:split("R/x", 4, "xo", "xi"); s:%s("R/xi")'):format(step))
  end
  t.contains(t.raises("bad_argument", function() s:reorder("R/x", 4) end, { s = s }).fix, "call it as")
  s:split("R/x", 4, "xo", "xi")
  s:unroll "R/xi"
end)

t.test("a loop of another block is told whose it is", function()
  local s = layer()
  s:tile("y", "x", 8, 16)
  local e = t.raises("no_loop", function() s:reverse_compute_at("R", "C/xo") end, { s = s })
  t.eq(e.fix, "xo is R/xo; C's loops are y, x, k")
  t.contains(t.raises("no_loop", function() s:parallel "C/q" end, { s = s }).fix, "loops here: C/y, C/x, k, yo")
  e = t.raises("own_loop", function() s:reverse_compute_at("R", "xo") end, { s = s })
  t.eq(e.fix, 'choose a loop of another block, such as "C/x"')
  e = t.raises("own_loop", function() s:compute_at("C", "k") end, { s = s })
  t.eq(e.fix, 'choose a loop of another block, such as "R/xi"')
  e = t.raises("loops_apart", function() s:reorder { "yo", "xo", "k", "yi", "xi" } end, { s = s })
  t.eq(e.fix, "reorder loops of one nest only: yo, xo, yi, xi belong to R, k belongs to C")
end)

local digits = tvm.import("tutorials/models/digits.onnx"):fuse():lower()

t.test("a loop that not all readers are in is named in full, with one that takes the block", function()
  local s = digits:schedule "conv2"
  local e = t.raises("read_elsewhere", function() s:compute_at("conv2.pad", "conv2.bias/y") end, { s = s })
  t.eq(e.why, "conv2.pad is read by block conv2, outside of loop conv2.bias/y")
  t.eq(e.fix, 's:compute_at("conv2.pad", "conv2/y")')
  s:compute_at("conv2.pad", "conv2/y")
  local text = "A: float32[8, 8]; S[y, x] = A[y, x] * 2; C[y, x] = S[y, x] + 1; D[y, x] = S[y, x] + C[y, x]"
  s = tvm.schedule(te(text))
  e = t.raises("read_elsewhere", function() s:compute_at("S", "C/y") end, { s = s })
  t.eq(e.why, "S is read by block D, outside of loop C/y")
  t.eq(e.fix, "leave it where it is, or first bring all blocks that read it into one loop")
  s:reverse_compute_at("D", "C/y")
  e = t.raises("read_elsewhere", function() s:compute_at("S", "C/x") end, { s = s })
  t.eq(e.fix, 's:compute_at("S", "D/y")') -- around both
end)

t.test("of nested vectorized loops a step says which goes first", function()
  local function steps(...)
    local s = tvm.schedule(te [[ C[y, x] = A[y, x] * 2 ]](32, 32))
    for _, loops in ipairs { ... } do s:vectorize(table.unpack(loops)) end
    return (s:history():gsub("^.-written\n", ""))
  end
  local shared = " (lanes go to x in it first, and to y if any are left)"
  t.eq(steps({ "x" }, { "y" }), "step 1  vectorize x\nstep 2  vectorize y" .. shared)
  t.eq(steps({ "y" }, { "x" }), "step 1  vectorize y\nstep 2  vectorize x" .. shared)
  t.eq(steps { "x", "y" }, "step 1  vectorize x, y" .. shared)
end)

t.test("parallel says which of nested loops the cores go to, and where there is nothing to share out", function()
  local s = tvm.schedule(te [[ C[n, y, x] = A[n, y, x] * 2 ]](1, 32, 32))
  s:parallel "n"
  s:parallel "x"
  s:parallel "y"
  t.contains(s:history(), "step 1  parallel n (n has one iteration: nothing runs beside it)\nstep 2  parallel x\n")
  t.contains(s:history(), "step 3  parallel y (the cores go to y; x in it runs serially)")
  s:back(0)
  s:split("y", 8, "yo", "yi")
  s:parallel "yo"
  s:parallel "yi"
  s:parallel "x"
  t.contains(s:history(), "parallel x (the cores go to yo; x in it runs serially)")
  s:undo(3)
  s:parallel("yi", "n", "x")
  t.contains(s:history(), "(the cores go to yi; x in it runs serially) (n has one iteration: nothing runs beside it)")
end)

t.test("a block that is inlined says which of its loops were parallel or on threads", function()
  local s = tvm.schedule(te [[ C[y, x] = A[y, x] + 1; D[y, x] = C[y, x] * 2; E[y, x] = D[y, x] - 3 ]](8, 8))
  s:bind("C/y", "threadIdx.x")
  s:compute_inline "C"
  s:parallel "E/y"
  s:reverse_compute_inline "E"
  t.contains(s:history(), "compute_inline C (its loop y, threadIdx.x, is gone)")
  t.contains(s:history(), "reverse_compute_inline E into D (its loop y, parallel, is gone)")
end)

t.test("a consumer is told its producer, and a result that it is one", function()
  local s = digits:schedule "conv2"
  local e = t.raises("not_written_here", function() s:reverse_compute_at("relu2", "y") end, { s = s })
  t.eq(e.why, "nothing inside loop conv2/y writes what block relu2 reads")
  t.eq(e.fix, 'choose a loop around conv2.bias, its producer, such as "conv2.bias/y"')
  e = t.raises("not_written_here", function() s:reverse_compute_at("conv2.pad", "y") end, { s = s })
  t.eq(e.fix, "leave it where it is: no block writes what it reads")
  e = t.raises("is_result", function() s:compute_at("relu2", "relu2/y") end, { s = s })
  t.contains(e.fix, "s:reverse_compute_at")
end)

t.test("a buffer that is no block says who writes it", function()
  local s = fresh()
  s:cache_write("C", "local")
  local function fix() return t.raises("no_block", function() s:compute_inline "C.local" end, { s = s }).fix end
  t.eq(fix(), "C.local is a buffer, which block C writes; blocks here: C, C.store")
  s:decompose_reduction("C", "k")
  t.eq(fix(), "C.local is a buffer, which blocks C.init, C write; blocks here: C.init, C, C.store")
  t.eq(t.raises("no_block", function() s:compute_inline "A" end, { s = s }).fix,
    "A is a buffer; blocks here: C.init, C, C.store")
end)

t.test("a loop has one kind, which other steps need before it", function()
  local function fix(kind, step, ...)
    local s, args = fresh(), { ... }
    s[kind[1]](s, "y", table.unpack(kind, 2))
    return t.raises("loop_has_kind", function() s[step](s, "y", table.unpack(args)) end, { s = s }).fix
  end
  local anew = "s:back(0) goes to before y was made %s (step 1); a loop has one kind"
  t.eq(fix({ "bind", "threadIdx.x" }, "bind", "threadIdx.y"), anew:format "threadIdx.x")
  t.eq(fix({ "vectorize" }, "unroll"), anew:format "vectorized")
  t.eq(fix({ "unroll" }, "vectorize"), anew:format "unrolled")
  t.eq(fix({ "vectorize" }, "split", 4), anew:format "vectorized")
  t.eq(fix({ "parallel" }, "fuse", "x"), anew:format "parallel")
  local s = fresh()
  s:split("x", 8)
  s:parallel "y"
  s:split("k", 4)
  t.eq(t.raises("loop_has_kind", function() s:split("y", 4) end, { s = s }).fix,
    "s:back(1) goes to before y was made parallel (step 2); a loop has one kind")
  s = tvm.schedule(tvm.parse(s:ir()))
  t.contains(t.raises("loop_has_kind", function() s:split("y", 4) end, { s = s }).fix, "come before the one that gives it")
end)

t.test("a result is one before it has a guard", function()
  local s = tvm.schedule(te [[ P[i] = A[i] ]](10))
  s:split("i", 4)
  local e = t.raises("is_result", function() s:compute_inline "P" end, { s = s })
  t.contains(e.fix, 's:cache_write("P", "local") gives it')
end)

t.test("a lone -1 is told what it stands for", function()
  local s = fresh()
  local e = t.raises("bad_argument", function() s:split("k", -1, "a", "b") end, { s = s })
  t.contains(e.why, "should be an inner factor, or a list of factors")
  t.contains(e.fix, "as in {-1, 8}")
end)

t.test("a move says which kinds of loops went with it", function()
  local s = fresh()
  s:cache_write("C", "local")
  s:bind("C/y", "threadIdx.x"):unroll "k"
  s:compute_at("C", "C.store/y")
  t.contains(s:history(),
    "compute_at C at C.store/y (its loop y, threadIdx.x, is gone; its loop k, unrolled, is serial now)")
  s = tvm.schedule(te "A: float32[8, 8]; Q[y, x] = A[y, x] + 1; R[y, x] = Q[y, x] * 2")
  s:parallel("R/y"):reverse_compute_at("R", "Q/y")
  t.contains(s:history(), "reverse_compute_at R at Q/y (its loop y, parallel, is gone)")
end)

t.test("a loop that a move built anew is told what stands there now", function()
  local s = layer()
  s:split("C/y", 8)
  s:reverse_compute_at("R", "C/yo")
  local e = t.raises("stale_name", function() s:bind("R/y", "threadIdx.y") end, { s = s })
  local loops = table.concat(s:loops "R", ", "):gsub("%w+/", "")
  t.contains(e.fix, "R's loops are now " .. loops)
  t.contains(e.fix, "s:back(2) goes to where R/y was still there")
end)

t.test("of a block that was inlined the loops are told to be gone with it", function()
  local s = tvm.schedule(te [[ A: float32[8, 8]; B[y, x] = A[y, x] + 1; C[y, x] = B[y, x] * 2 ]])
  s:compute_inline "B"
  local e = t.raises("stale_name", function() s:split("B/x", 4) end, { s = s })
  t.eq(e.fix, "B and its loops are gone; s:back(0) goes to where they were still there")
end)

t.test("a loop by a path that is none: what is near to its own name, or nothing", function()
  local s = layer()
  t.eq(t.raises("no_loop", function() s:parallel "R.y" end, { s = s }).fix, 's:parallel("R/y")')
  t.eq(t.raises("no_loop", function() s:parallel "R" end, { s = s }).fix, 'R is a block; its loops are y, x, as in "R/y"')
  s:split("R/y", 8)
  s:split("R/x", 8)
  for _, name in ipairs { "R.y", "RR/q", "R.q" } do
    t.contains(t.raises("no_loop", function() s:parallel(name) end, { s = s }).fix, "loops here: ")
  end
end)

t.test("shared memory outside of the thread blocks is named, and where it goes", function()
  local s = layer()
  s:bind("C/y", "blockIdx.x")
  s:cache_read("C", "A", "shared")
  for _, look in ipairs { "check", "ptx" } do
    local e = t.raises("shared_outside_blocks", function() s[look](s) end, { s = s })
    t.contains(e.why, "A.shared is in shared memory")
    t.eq(e.fix, 's:compute_at("A.shared", "C/y")')
    t.eq(e.what, look)
  end
  s:compute_at("A.shared", "C/y")
  t.contains(s:ptx(), ".shared")
  s:check()
end)

-- In a loop over thread blocks, or in the scope of shared memory.
t.test("global memory in a kernel is told which scope to take", function()
  local s = tvm.schedule(tvm.parse [[
func f(A: float32[4]) -> R: float32[4]:
  for y in bind("blockIdx.x", 4):
    alloc C: float32[4]
    block C(y):
      C[y] = A[y] + 1
    block R(y):
      R[y] = C[y] * 2
]])
  local e = t.raises("cuda_global_inside", function() s:ptx() end, { s = s })
  t.contains(e.fix, 's:set_scope("C", "local")')
  t.ok(s:set_scope("C", "local"):ptx())
  s = tvm.schedule(tvm.parse [[
func f(A: float32[4]) -> R: float32[4]:
  alloc S: float32[4] shared
  alloc C: float32[4]
  for y in range(4):
    block S(y):
      S[y] = A[y]
  for y in bind("blockIdx.x", 4):
    block C(y):
      C[y] = S[y] + 1
  for y in bind("blockIdx.x", 4):
    block R(y):
      R[y] = C[y] * 2
]])
  t.eq(t.raises("shared_outside_blocks", function() s:ptx() end, { s = s }).fix, 's:compute_at("S", "C/y")')
  t.ok(s:compute_at("S", "C/y"):ptx())
end)

t.test("a name alone does not move on to another nest", function()
  local s = conv()
  s:split("x", 8, "xo", "xi")
  local twice = t.raises("stale_name", function() s:split("x", 8) end, { s = s })
  t.contains(twice.fix, "it is now xo, xi; was the step taken twice?  s:back(0) goes to")
  t.contains(twice.fix, "other nests' are ")
  t.contains(twice.fix, "R/x")
  t.contains(t.raises("stale_name", function() s:tile("y", "x", 8, 8) end, { s = s }).fix, "it is now xo, xi; s:back(0) goes to")
  s:fuse { "R/y", "R/x" }
  local e = t.raises("stale_name", function() s:split("x", 8) end)
  t.contains(e.fix, "s:back(0)")
  t.contains(e.fix, '"P/x"')
  s:split("P/x", 2)
end)

t.test("a step is asked whether it was taken twice only where the same one was", function()
  local s = p.schedule [[ A: float32[8]; B[y] = A[y] * 2 ]]
  s:split("y", 4)
  t.eq(t.raises("stale_name", function() s:unroll "y" end, { s = s }).fix,
    "it is now yo, yi; s:back(0) goes to where it was still there")
  t.eq(t.raises("stale_name", function() s:split("y", 2) end, { s = s }).fix,
    "it is now yo, yi; was the step taken twice?  s:back(0) goes to where it was still there")
end)

t.test("a name that the main block never had is told whose it is", function()
  local s = tvm.schedule(te [=[ A: float32[8, 8]; B[i, j] = A[i, j] + 1; D[i, j] = B[j, i] * 2; E[y, x] = D[y, x] + B[x, y] ]=])
  local e = t.raises("loop_ambiguous", function() s:parallel "j" end, { s = s })
  t.eq(e.fix, "a name alone is a loop of the main block, E, which has no j: write B/j, D/j")
end)

t.test("loops that nobody names stay short to type", function()
  local s = p.schedule [[ A: float32[4096]; B[x] = A[x] + 1 ]]
  local function names(...) return table.concat({ ... }, " ") end
  t.eq(names(s:split("x", 64)), "xo xi")
  t.eq(names(s:split("xi", 8)), "xio xii")
  t.eq(names(s:split("xii", 2)), "xiio xiii")
  t.eq(names(s:split("xo", { -1, 4, 4 })), "xo0 xo1 xo2")
  t.eq(names(s:split("xo1", { 2, 1, 2 })), "xo1_0 xo1_1 xo1_2")
  t.eq(s:fuse { "xo1_0", "xo1_1" }, "xo1_0_xo1_1")
end)

t.test("new loops have names of their own", function()
  local s = conv()
  t.raises("name_twice", function() s:split("y", 8, "a", "a") end)
  t.raises("name_twice", function() s:tile("y", "x", 4, 4, "a", "b", "c", "a") end)
  t.eq(table.concat({ s:split("y", { -1, 2, 2 }, "y1") }, " "), "y1 y1_1 y2")
end)

t.test("a version keeps its mark, and takes no steps", function()
  local s = fresh():mark "plain"
  s:vectorize "x"
  local c = tvm.compare({ s:at "plain", s:at(), s }, { ["repeat"] = 3, min_repeat_ms = 0.1 })
  t.eq(c.items[1].label, "plain")
  t.ok(c.items[3].label ~= c.items[2].label)
  t.raises("no_cursor", function() s:at():split("x", 8) end, { v = s:at() })
  local e = t.raises("list_named", function() tvm.compare { tiled = s, best = s } end, { s = s })
  t.contains(e.why, "names: best, tiled")
  t.contains(e.fix, 's:mark "best"')
  t.raises("list_named", function() tvm.compare { s:at(0), tiled = s } end, { s = s })
  t.contains(t.raises("list_named", function() tvm.compare { s:at(0), [4] = s } end, { s = s }).why, "[4]")
  t.ok(not pcall(tvm.whatif, print, { tx = { 4, 8 } }, s))
end)

t.test("a copy comes after what it copies", function()
  local f = te.func("soft", function(n)
    local A, k = te.placeholder({ n, n }, "float32", "A"), te.reduce_axis(n, "k")
    local M = te.compute({ n }, function(a) return te.max(A(a, k), k) end, "M")
    return te.compute({ n, n }, function(a, b) return A(a, b) - M(a) end, "S")
  end)
  local s = tvm.schedule(f(9))
  s:reverse_compute_at("S", "M/a")
  s:cache_read("S", "M", "local")
  local a = tvm.random { 9, 9 }
  assert(s:run(a) == s:at(0):run(a))
end)

t.test("a step that leaves the program as it is, is none", function()
  local s = tvm.schedule(te [[ C[y, x] = sum(k, A[k, y] * B[k, x]) ]](32, 64, 64))
  s:split("y", 5)
  s:split("x", 8)
  s:reorder { "k", "xi" }:vectorize "xi":parallel "yo"
  local text = s:history()
  s:undo():vectorize "xi":reorder { "k", "xi" }:redo()
  t.eq(s:history(), text)
  s:parallel "yo":annotate("yo", "note", 1):annotate("yo", "other", 2):annotate("yo", "note", 1):undo(2)
  t.eq(s:history(), text .. "\n(2 more to redo)")
  t.eq(s:why_not("parallel", "yo"), "legal: parallel leaves the program as it is")
  t.contains(text, "split y(32) -> yo(7) yi(5), guarded\n")
  t.contains(text, "split x(64) -> xo(8) xi(8)\n")
  s:redo(2)
  t.eq(t.raises("redo_at_end", function() s:redo() end).why, "nothing to redo: no step comes after step " .. s.step)
end)

t.test("a number is no name of a loop", function()
  local s = tvm.schedule(te [[ D[y] = A[y] + 1 ]](8))
  t.contains(t.raises("no_member", function() return s[1] end, { s = s }).fix, 's:names "blocks" lists the blocks')
  t.eq(table.concat(s:names "blocks", " "), "D")
end)

t.test("a block is not brought where it is", function()
  local s = tvm.schedule(te [[ P[y, x] = A[y, x] + 1
    C: float32[16, 16]; C[y, x] = P[y, x] + P[y + 1, x]
    D[y, x] = C[y, x] * 2 ]](17, 16))
  s:reverse_compute_at("D", "C/y"):reverse_compute_at("D", "C/y")
  t.eq(s.step, 1)
  s:undo():compute_at("P", "C/y"):compute_at("P", "C/y")
  t.eq(s.step, 1)
  s:split("P/y_1", 2)
  s:compute_at("P", "C/y")
  t.eq(s.step, 3)
  s:compute_at("P", "C/x"):compute_at("P", "C/x")
  t.eq(s.step, 4)
end)

t.test("a step says which of the names that it was given are taken", function()
  local s = tvm.schedule(te [=[ C[y, x] = sum(k, A[k, y] * B[k, x]) ]=](32, 64, 64))
  s:split("x", 8, "x", "k")
  s:split("y", 5, "k", "x")
  s:split("k_1", 16, "y", "a")
  s:split("a", 1, "ao", "ai")
  s:fuse({ "ao", "ai" }, "k")
  s:tile("k_2", "x_1", 3, 5, "k", "b")
  t.eq(s:history(), [=[
step 0  as written
step 1  split x(64) -> x(8) k_1(8) (k is taken)
step 2  split y(32) -> k_2(7) x_1(5), guarded (k and x are taken)
step 3  split k_1(8) -> y_1(1) a(16) (16 is beyond the extent: one iteration of y_1 does all) (y is taken)
step 4  split a(16) -> ao(16) ai(1)
step 5  fuse ao(16) ai(1) -> k_1(16) (k is taken)
step 6  tile k_2(7) -> k_2(3) k_2i(3), guarded (k is taken), x_1(5) -> b(1) x_1i(5); order k_2, b, k_2i, x_1i]=])
end)

t.test("a loop is bound within the limits of a launch, or told how", function()
  local function copy(rows, columns)
    return tvm.schedule(te([[ C[y, x] = A[y, x] ]])(rows, columns))
  end
  local function refused(s, loop, axis, why)
    local e = t.raises(why:find "make" and "too_many_threads" or "cuda_too_many", function() s:bind(loop, axis) end, { s = s })
    t.contains(e.why, why)
    return e.fix
  end
  t.contains(refused(copy(8, 1025), "x", "threadIdx.x", "threadIdx.x takes extents from 1 to 1024, and this loop has 1025"), "1024")
  refused(copy(8, 65), "x", "threadIdx.z", "threadIdx.z takes extents from 1 to 64, and this loop has 65")
  refused(copy(0, 8), "y", "threadIdx.x", "this loop has 0")
  local s = copy(64, 64)
  s:bind("y", "threadIdx.y")
  t.contains(refused(s, "x", "threadIdx.x", "threadIdx.x(64) * threadIdx.y(64) make 4096 threads in a block, where 1024 is the most"), "16")
  local full = copy(1024, 2)
  full:bind("y", "threadIdx.x")
  t.contains(refused(full, "x", "threadIdx.y", "make 2048 threads"), "the block is full")
  local tall = copy(65536, 4)
  t.eq(refused(tall, "y", "blockIdx.y", "blockIdx.y takes extents from 1 to 65535, and this loop has 65536"), 's:bind("y", "blockIdx.x")')
  tall:bind("x", "blockIdx.x")
  local function launched(way_out)
    local fork = tall:fork()
    load("local s = ...; " .. way_out)(fork)
    t.contains(fork:ptx(), ".entry")
  end
  local way_out = refused(tall, "y", "blockIdx.z", "blockIdx.z takes extents from 1 to 65535")
  t.eq(way_out, 's:reorder("x", "y"); local outer = s:split("y", {65535, -1}); s:bind(outer, "blockIdx.z")')
  launched(way_out)
  launched(refused(tall, "y", "threadIdx.x", "this loop has 65536"))
  copy(65535, 1024):bind("y", "blockIdx.y"):bind("x", "threadIdx.x"):ptx()
  local far = p.schedule [[
func f(A: float32[65536, 4]) -> C: float32[65536, 4]:
  for y in range(65536):
    for m in range(2):
      for x in bind("blockIdx.x", 2):
        block C(y, x = m*2 + x):
          C[y, x] = A[y, x]
]]
  t.eq(refused(far, "y", "blockIdx.y", "this loop has 65536"), "reorder the loops on block axes outside y first")
  local none = tvm.parse((copy(0, 8):ir():gsub("range%(0%)", 'bind("blockIdx.x", 0)')))
  t.eq(t.raises("cuda_too_many", function() none:ptx() end).fix, "leave y serial: it has no iterations")
end)

t.test("nests that are one kernel for a while need not agree on their axes", function()
  local function threaded()
    local s = tvm.schedule(te [[ C[y, x] = sum(k, A[y, k] * B[k, x]); R[y, x] = max(C[y, x], 0) ]](64, 64, 64))
    s:tile("C/y", "C/x", 16, 16)
    for loop, axis in pairs { yo = "blockIdx.y", xo = "blockIdx.x", yi = "threadIdx.y", xi = "threadIdx.x" } do
      s:bind("C/" .. loop, axis)
    end
    local o, i = s:split(s:fuse("R/y", "R/x"), 256)
    s:bind(o, "blockIdx.x")
    s:bind(i, "threadIdx.x")
    return s
  end
  local s = threaded()
  s:cache_write("C", "local")
  t.raises("thread_extent", function() s:check() end)
  s:reverse_compute_at("C.store", "xi")
  t.contains(s:ptx(), ".entry")
  p.same(s)
  local read = threaded()
  read:cache_read("C", "A", "shared")
  read:compute_at("A.shared", "C/xo")
  read:bind("A.shared/yi", "threadIdx.y")
  local _, inner = read:split("A.shared/k", 16)
  read:bind(inner, "threadIdx.x")
  t.contains(read:ptx(), ".entry")
  p.same(read)

  local softmax = te [[ A: float32[64, 32]; B[y] = max(k, A[y, k]); D[y, x] = A[y, x] - B[y] ]]
  local order = {
    copy = function(f) f:cache_write("B", "local") end,
    move = function(f) f:reverse_compute_at("B.store", "B/y") end,
    bind = function(f)
      f:bind("B/y", "threadIdx.x")
      f:bind("D/y", "blockIdx.x")
      f:bind("D/x", "threadIdx.x")
    end,
  }
  for steps in ("copy move bind, copy bind move, bind copy move"):gmatch "[^,]+" do
    local f = tvm.schedule(softmax)
    for step in steps:gmatch "%w+" do order[step](f) end
    t.contains(f:ptx(), ".entry")
    f:check()
  end
end)

t.test("fuse makes one loop, and takes one name", function()
  local s = tvm.schedule(te [=[ C[y, x] = A[y, x] ]=](32, 64))
  t.raises("too_many_names", function() s:fuse({ "y", "x" }, "a", "b") end, { s = s })
end)

t.test("a step that is refused names the argument that is wrong", function()
  local s = tvm.schedule(te [=[ A: float32[8, 32]; B[y, x] = A[y, x] * 2; C[x] = sum(k, B[k, x]); D[x] = C[x] + 1 ]=])
  local function label(step, ...)
    local ok, e = pcall(s[step], s, ...)
    t.ok(not ok)
    return e.what
  end
  t.eq(label("tile", "B/y", "z", 4, 4), "tile(z)")
  t.eq(label("tile", "y", "B/z", 4, 4), "tile(B/z)")
  t.eq(label("fuse", "B/y", "B/z"), "fuse(B/z)")
  t.eq(label("reorder", { "B/x", "z" }), "reorder(z)")
  t.eq(label("reorder", "y", "*/z"), "reorder(*/z)")
  t.eq(label("compute_at", "B", "z"), "compute_at(z)")
  t.eq(label("cache_read", "C", "Z", "local"), "cache_read(Z)")
  t.eq(label("fuse", "y", "C/k"), "fuse(y)") -- both are there, and apart
  s:split("B/x", 8, "xo", "xi")
  s:undo()
  t.eq(label("tile", "y", "xo", 4, 4), "tile(xo)")
end)

t.test("a part is not named as a loop around, though what it stands in comes apart", function()
  local s = tvm.schedule(tvm.parse [[
func f(A: int32[4, 8]) -> B: int32[4, 8], C: int32[4, 8], D: int32[4]:
  for i in range(4):
    for j in range(8):
      block B(i, j):
        B[i, j] = A[i, j]
      block C(i, j):
        C[i, j] = A[i, j]
    block D(i):
      D[i] = A[i, 0]
]])
  local outer, inner = s:split("j", 4, "i", "ji")
  t.eq(outer .. " " .. inner, "i_1 ji")
end)

t.test("ways out that can be gone", function()
  local e = tvm.schedule(te [[ A: float32[513]; D: float32[513]; E: float32[512]; D[i] = A[i] * 2; E[i] = D[i] + D[i + 1] ]])
  e:split("E/i", 128, "b", "t")
  e:bind("b", "blockIdx.x"):bind("t", "threadIdx.x")
  t.eq(t.raises("shared_writes", function() e:compute_at("D", "b") end, { e = e }).fix, 'e:set_scope("D", "shared"); e:compute_at("D", "b")')
  t.eq(t.raises("shared_writes", function() e:compute_at("D", "t") end, { e = e }).fix, 'e:set_scope("D", "local"); e:compute_at("D", "t")')
  e:fork():set_scope("D", "local"):compute_at("D", "t"):check()
  e:set_scope("D", "shared")
  e:compute_at("D", "b")
  local n = tvm.schedule(te [[ A: float32[16, 16]; B[y, x] = A[y, x] * 2; S = sum(y, x, B[y, x] * B[y, x]); N[y, x] = B[y, x] / sqrt(S) ]])
  t.contains(t.raises("read_elsewhere", function() n:compute_at("B", "N/y") end, { n = n }).fix, "leave it where it is")
  local s = tvm.import "tutorials/models/digits.onnx":fuse():lower():schedule "softmax1"
  s:reorder { "softmax1.sum/rx", "softmax1.sum/y" }
  t.raises("reduces_outside", function() s:decompose_reduction("softmax1.sum", "softmax1.sum/x") end, { s = s })
end)

t.done()
