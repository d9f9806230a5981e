-- select.lua -- several loops, blocks, kernels or nodes at once by patterns, and names from other houses.
local t, p = dofile "tests/check.lua", dofile "tests/programs.lua"

local function matmul()
  return tvm.schedule(te [[ A: float32[16, 16]; B: float32[16, 16]; C[y, x] += A[k, y] * B[k, x] ]])
end

t.test("a pattern matches whole names, of a loop also its path", function()
  local s = matmul()
  s:split("y", { -1, 4 }, "yo", "yi")
  s:decompose_reduction("C", "k")
  t.eq(table.concat(s:select "y.", " "), "yo yi")
  t.eq(table.concat(s:select "C/.*", " "), table.concat(s:loops "C", " "))
  t.eq(#s:select "C.init/.*", #s:loops "C.init")
  t.eq(table.concat(s:select("C.*", "blocks"), " "), table.concat(s:blocks(), " "))
  t.eq(table.concat(s:select("[AB]", "buffers"), " "), "A B")
  t.eq(#s:select "nothing", 0)
  t.contains(t.raises("pattern_wrong", function() s:select "(" end).fix, "patterns are PCRE2's: . any")
  local function glob(...)
    local arguments = { ... }
    return t.raises("pattern_wrong", function() s:select(table.unpack(arguments)) end).fix:match 'write "(.-)";'
  end
  t.eq(glob "*", ".*")
  t.eq(glob "?o", ".o")
  t.eq(glob("*.init", "blocks"), ".*\\\\.init")
  t.eq(glob("*/y", "blocks"), ".*/y")
  t.eq(glob "*/*", "*/.*")
  t.eq(table.concat(s:select "*/.*", " "), table.concat(s:select ".*", " "))
  local e = t.raises("pattern_wrong", function() s:select "*/*" end)
  t.eq(e.why, 'the pattern "*/*" is wrong at letter 3: * repeats what stands before it, and nothing does')
  t.contains(e.fix, 'write "*/.*"; patterns are PCRE2\'s: . any letter, .* any letters')
  t.contains(t.raises("pattern_wrong", function() s:unroll "*/(" end).why, 'the pattern "*/(" is wrong at letter 3: missing closing')
  t.raises("pattern_wrong", function() s:unroll "*" end, { s = s })
  t.raises("argument_choice", function() s:select("y", "ops") end)
  t.raises("no_block", function() s:loops "D" end)
end)

t.test("a star before the slash is every nest, for what selects as for steps", function()
  local s = tvm.schedule(te "A: float32[8, 8]; B[y, x] = A[y, x] + 1; C[y, x] = B[y, x] * 2")
  t.eq(table.concat(s:select "*/x", " "), "B/x C/x")
  t.eq(table.concat(s:select "*/[xy]", " "), table.concat(s:select "[xy]", " "))
  t.eq(#s:select "*/C/x", 0) -- every nest is meant, so none is named
  s:unroll "*/x"
  local by_name = s:ir()
  s:undo():unroll "*/[x]"
  t.eq(s:ir(), by_name)
  t.contains(s:trace(), 's:unroll("B/x", "C/x")')
end)

t.test("steps take patterns where loops and blocks are meant, and the trace has the names", function()
  local s = matmul()
  s:unroll "[yx]"
  t.contains(s:trace(), 's:unroll("y", "x")')
  t.ok(s == matmul():unroll("y", "x"))
  s:reorder("x*", "y+")
  t.contains(s:history(), "reorder x, y")
  s:reorder { "y?y", "(x)" }
  t.contains(s:history(), "reorder y, x")
  s:split("k+", 4, "ko", "ki")
  t.contains(s:history(), "split k(16) -> ko(4) ki(4)")
  s:annotate("ko", "pipeline", 2)
  t.contains(t.raises("select_none", function() s:unroll "q.*" end).fix, "loops here: ")
  local star = t.raises("select_none", function() s:unroll "q*" end)
  t.contains(star.fix, "q.* stands for names that begin with q; loops here: ")
  t.raises("select_many", function() s:split("k.*", 2) end)
  local deep = tvm.schedule(te [[ A: float32[1048576]; B[i] = A[i] ]])
  local inner = "i"
  for n = 1, 17 do deep:split(inner, 2, "o" .. n, "i" .. n); inner = "o" .. n end
  t.raises("too_many_loops", function() deep:unroll "[io].*" end)
end)

t.test("a star as in names of files is told as that", function()
  local e = t.raises("select_none", function() matmul():unroll "C/*" end)
  t.contains(e.fix, "C/.* stands for names that begin with C/")
end)

t.test("kernels and nodes", function()
  local g = tvm.import "tutorials/models/digits.onnx"
  local m = g:fuse():lower()
  t.eq(table.concat(g:select "conv|relu[12]", " "), "conv1 relu1 conv2 relu2 conv3")
  t.eq(table.concat(m:select "relu.*", " "), "conv1 conv2 conv3")
  t.eq(m:schedule("soft.*"):fingerprint(), m:schedule("softmax1"):fingerprint())
  t.raises("select_many", function() m:schedule "conv.*" end)
  t.raises("module_no_kernel", function() m:schedule "q.*" end)
end)

t.test("steps are all or nothing, and say where the schedule is", function()
  local s = matmul()
  s:unroll "x"
  local ok, e = pcall(s.steps, s, function(q) q:unroll "y"; q:parallel "k" end)
  t.ok(not ok)
  t.contains(tostring(e), "the schedule is at step 1, as before")
  t.eq(s:history(), "step 0  as written\nstep 1  unroll x")
  s:undo()
  t.ok(not pcall(s.steps, s, function(q) q:mark "here"; q:unroll "y"; q:parallel "k" end))
  t.eq(s:history(), "step 0  as written\n(1 more to redo)")
  s:redo()
  t.eq(s:history(), "step 0  as written\nstep 1  unroll x")
  t.raises("no_mark", function() s:at "here" end, { s = s })
end)

t.test("names from other houses are answered with today's", function()
  local s = matmul()
  for _, f in ipairs {
    function() return te.create_schedule end, function() return te.thread_axis end, function() return tvm.tir end,
    function() return tvm.nd end, function() return s.get_block end, function() return s.compute_root end,
    function() return s[nil] end, function() return s[{}] end,
  } do
    t.raises("old_name", f, { s = s, f = te [[ A: float32[16]; B[x] = A[x] ]] })
  end
  t.raises("no_member", function() return s.splti end)
  t.contains(t.raises("no_member", function() return s[1] end, { s = s }).why, "Schedule has no member '[1]'")
  t.contains(t.raises("no_member", function() return tvm.import "tutorials/models/digits.onnx"[1] end).why, "Graph has no member '[1]'")
  s:split("x", 4)
  for _, key in ipairs { "y", "C", "xo", "no such loop", 1, 1.5, true } do
    t.contains(t.raises("no_member", function() return s[key] end, { s = s }).fix, 'loops and blocks go by name: s:names "blocks"')
  end
  local e = t.raises("stale_name", function() return s["x"] end, { s = s })
  t.eq(e.why, "loop 'x' was used up by step 1, split x(16) -> xo(4) xi(4)")
  t.eq(e.fix, "it is now xo, xi; s:back(0) goes to where it was still there")
  s:undo()
  t.eq(t.raises("undone_name", function() return s["xo"] end, { s = s }).fix, "s:redo(1)")
  s = tvm.schedule(te [[ B[i] = A[i] * 2; C[i] = B[i] + 1 ]](8)):compute_inline "B"
  t.contains(t.raises("stale_name", function() return s.B end, { s = s }).why, "block 'B' was used up by step 1")
  local g = tvm.import "tutorials/models/digits.onnx"
  t.contains(t.raises("no_member", function() return g["no such node"] end, { g = g }).fix, "nodes go by name: g:nodes() lists them")
  t.eq(t.raises("no_member", function() return g["conv2"] end, { g = g }).fix, 'g:node "conv2"')
  t.contains(t.raises("no_member", function() return g:lower()[1] end).fix, "kernels go by name: m:kernels() lists them")
end)

t.test("what belongs to something else says to what", function()
  local s, g = matmul(), tvm.import "tutorials/models/digits.onnx"
  local m = g:fuse():lower()
  for _, case in ipairs {
    { function() m:split("x", 4) end, "Module has no member 'split', which is a method of Schedule",
      "s = m:schedule \"conv2\" or s = tvm.schedule(f) makes one, and then s:split(loop, factors, names…)" },
    { function() tvm.parallel(s, "y") end, "a method of Schedule", "s:parallel(loops…)" },
    { function() g:profile() end, "a method of Module", "m = g:lower() makes one" },
    { function() g:compare(g) end, "a function of tvm", "tvm.compare(list, options?)" },
    { function() te.schedule(s) end, "a function of tvm", "tvm.schedule(program)" },
    { function() s:argmax() end, "a method of Tensor", "t:argmax()" },
  } do
    local e = t.raises("member_elsewhere", case[1])
    t.contains(e.why, case[2])
    t.contains(e.fix, case[3])
  end
end)

t.test("what is guessed is answered with what does it", function()
  local s, g = matmul(), tvm.import "tutorials/models/digits.onnx"
  s:split("x", 8)
  local m = g:lower()
  local quick = { ["repeat"] = 3, min_repeat_ms = 0.1 }
  local values, n = { Schedule = s, Module = m, Graph = g, Tensor = tvm.random { 2, 2 }, tvm = tvm, te = te, Profile = m:profile(),
    Func = te [[ A: float32[8]; C[i] = A[i] ]], Version = s:at(), Picture = s:show(), Comparison = tvm.compare({ s }, quick), WhatIf = tvm.whatif(function(q) q:parallel "y" end, { { "n", 1 } }, s, quick) }, 0
  te.func("f", function()
    values.Expr = te.placeholder { 8 }
    return te.compute({ 8 }, function(i) return values.Expr(i) end)
  end)()
  local rows <close> = assert(io.open "lua_api/old_names.def")
  local function all_rows(b)
    local x, y, w = b:input("a", "float32", { 8, 8 }), b:input("b", "float32", { 8, 8 }), b:input("c", "float32", { 8, 8 })
    values.GraphBuilder = b
    for owner, name, what in rows:read "a":gmatch '%f[^\n]INSTEAD%("(%w+)", "([%w_]+)", ("[^\n]*")%)' do
      local _, e = pcall(function() return values[owner][name] end)
      t.ok(e.code == "no_member" or e.code == "member_elsewhere", owner .. "." .. name)
      local draws = name == "plot" or name == "imshow" or name == "draw" -- what is said of these writes a file
      local tensor = not draws and values.Tensor or nil
      local loaded = owner == "Tensor" and name == "load" and "tutorials/models/digits_samples.npy" or nil
      local given = { s = s, m = m, g = g, f = values.Func, v = values.Version, t = tensor, path = loaded }
      if owner == "GraphBuilder" then given = { b = b, x = x, y = y, w = w } end
      e = t.raises(e.code, function() return values[owner][name] end, given)
      t.eq(e.fix, load("return " .. what)())
      n = n + 1
    end
    return x
  end
  tvm.graph("built", all_rows)
  t.ok(n > 20)
end)

t.test("every object shows itself whole by :more()", function()
  t.ok(matmul().more == more and tvm.tensor({ 1 }).more == more)
end)

t.test("a step calls a loop around several blocks as it was called", function()
  local s = tvm.schedule(te [[
    A: float32[8, 8]; P[y, x] = A[y, x] * 2; Q[y, x] = A[y, x] + 1; R[y, x] = Q[y, x] * P[y, x]; S[y, x] = R[y, x] + 1
  ]])
  s:compute_at("P", "R/y")
  s:compute_at("Q", "R/y")
  s:annotate("Q/y", "first", 1)
  s:split("R/y", 4)
  local said = {}
  for line in tostring(s:history()):gmatch "step [1-9][^\n]*" do said[#said + 1] = line end
  t.eq(table.concat(said, "\n"), "step 1  compute_at P at R/y\nstep 2  compute_at Q at R/y\n"
    .. "step 3  annotate Q/y {first: 1}\nstep 4  split R/y(8) -> yo(2) yi(4)")
end)

t.test("advice that has no room is not cut to bad Lua", function()
  local loops, names = {}, {}
  for i = 1, 16 do
    names[i] = ("%sv%d"):format(("l"):rep(50), i)
    loops[i] = ("  "):rep(i) .. ("for %s in range(1):"):format(names[i])
  end
  local s = tvm.schedule(tvm.parse("func f(A: float32[1]) -> B: float32[1]:\n" .. table.concat(loops, "\n")
    .. "\n" .. ("  "):rep(17) .. "block B():\n" .. ("  "):rep(18) .. "B[0] = A[0]\n"))
  table.sort(names, function(a, b) return a > b end)
  local fix = t.raises("fuse_inside_out", function() s:fuse(names) end, { s = s }).fix
  t.ok(not fix:find "^s:fuse" or load(fix), fix)
end)

t.test("a result is brought to what it reads, not to readers", function()
  local s = tvm.schedule(te [[ A: float32[8, 8]; Q[y, x] = A[y, x] + 1; R[y, x] = Q[y, x] * 2 ]])
  t.eq(t.raises("is_result", function() s:compute_at("R", "Q/y") end, { s = s }).fix, 's:reverse_compute_at("R", "Q/y")')
  t.eq(t.raises("is_result", function() s:compute_inline "R" end, { s = s }).fix, 's:reverse_compute_inline("R")')
  s:reverse_compute_at("R", "Q/y") -- and where it is already, it is not advised to go
  t.ok(not t.raises("is_result", function() s:compute_at("R", "Q/y") end, { s = s }).fix:find '"R", "[QR]/y"', "R stands in that loop")
  local m = tvm.schedule(te [[ A: float32[8, 8]; B: float32[8, 8]; C[y, x] = sum(k, A[y, k] * B[k, x]) ]])
  m:cache_write("C", "local")
  t.eq(t.raises("is_result", function() m:compute_inline "C.store" end, { m = m }).fix,
    'm:reverse_compute_at("C.store", "x")')
  local chain = {}
  for i = 1, 60 do chain[i] = ("P%d[x] = P%d[x] * 2 + P%d[x]"):format(i, i - 1, i - 1) end
  local long = tvm.schedule(te("P0: float32[8]; " .. table.concat(chain, "; ")))
  t.eq(t.raises("is_result", function() long:compute_at("P60", "P3/x") end, { long = long }).fix,
    'long:reverse_compute_at("P60", "P59/x")')
  local one = tvm.schedule(te [[ A: float32[8]; R[x] = A[x] * 2 ]])
  t.contains(t.raises("is_result", function() one:compute_inline "R" end, { one = one }).fix,
    'one:cache_write("R", "local") gives it')
end)

t.test("of many neighbours the one that decides is advised", function()
  local parts, sum = { "V[x] = A[x] + 1", "U[x] = V[x] * 2" }, {}
  for i = 1, 40 do
    parts[#parts + 1] = ("P%d[x] = A[x] * %d"):format(i, i)
    sum[i] = ("P%d[x]"):format(i)
  end
  parts[#parts + 1] = "Z[x] = " .. table.concat(sum, " + ")
  local s = tvm.schedule(te("A: float32[8]; " .. table.concat(parts, "; ") .. "; R[x] = Z[x] + U[x]"))
  t.contains(t.raises("not_written_here", function() s:reverse_compute_at("Z", "V/x") end, { s = s }).fix, 'such as "P40/x"')
  -- Loops between, which have nothing to do with it, are not tried in vain.
  local chain = { "R0[x] = sum(k, B[x, k])", "P0[x] = A[x] + 1" }
  for i = 1, 40 do chain[#chain + 1] = ("P%d[x] = P%d[x] * 2"):format(i, i - 1) end
  local l = tvm.schedule(te("A: float32[8]; B: float32[8, 8]; " .. table.concat(chain, "; ") .. "; Z[x] = P40[x] + R0[x]"))
  t.eq(t.raises("not_inlinable", function() l:compute_inline "R0" end, { l = l }).fix, 'l:compute_at("R0", "x") keeps the block and moves it')
end)

t.test("the one element of a dimension is not copied where it has not been written", function()
  local s = tvm.schedule(te "A: float32[1]; B[y] = A[y]; C[i] = B[i]")
  s:reverse_compute_at("C", "y")
  s:split("y", 7)
  t.raises("guard_on_loops", function() s:cache_write("B", "local") end)
  t.raises("guard_on_loops", function() s:cache_read("C", "B", "local") end)
  t.contains(tostring(s:verify()), "proven")
end)

t.test("a name behind loops is what they become, and the advice puts these into a list", function()
  local s = tvm.schedule(te "A: float32[4, 6]; C[y, x] = A[y, x] * 2")
  local e = t.raises("no_loop", function() s:fuse("y", "x", "both") end, { s = s })
  t.eq(e.fix, 's:fuse({"y", "x"}, "both")')
end)

t.test("a name that is the letter of another class stays in what is advised", function()
  local function fix(method)
    local t, A = tvm.schedule(te "A: float32[4]; B: float32[4]; C[y] = A[y] + B[y]"), tvm.random { 4 }
    local _, e = pcall(method == "run" and function() t:run { A, A } end or function() t:check { A, A } end)
    return e.fix
  end
  for _, method in ipairs { "run", "check" } do
    t.eq(fix(method), ("give tensors without braces, t:%s(a, b), or by name, t:%s { A = a, B = b }"):format(method, method))
  end
end)

t.test("bytes of the person's own that look like the marks for names stay what they are", function()
  local s = matmul()
  local part = "q\0016"
  local e = t.raises("select_none", function() s:unroll(part .. "*") end, { s = s })
  t.eq(e.fix, ("%s.* stands for names that begin with %s; loops here: y, x, k"):format(part, part))
  t.eq(t.raises("select_none", function() s:unroll "q\1*" end, { s = s }).fix, "loops here: y, x, k")
end)

t.test("a tensor without a name is given one that is free", function()
  x = 5 -- somebody's own
  local m, three = tvm.import "tutorials/models/digits.onnx":lower(), tvm.random { 3, 1, 32, 32 }
  local e = t.raises("input_shape", function() m:run { image = three:slice(0, 0, 2) } end, { m = m, x2 = three })
  x = nil
  local net = tvm.parse_graph("graph g(x: float32[2, 4]) -> (y: float32[2, 4]):\n  y: float32[2, 4] = relu(x)\n  return y"):lower()
  local rows = tvm.random { 6, 4 }
  local pairs_of = t.raises("input_shape", function() net:run(rows) end, { net = net, rows = rows })
  t.eq(pairs_of.fix, "y = {}; for i = 0, 4, 2 do y[#y + 1] = net:run(rows:slice(0, i, i + 2)) end")
  y, i = m, three
  local taken = t.raises("input_shape", function() y:run(i) end)
  t.eq(taken.fix, "y2 = {}; for i2 = 0, 2 do y2[#y2 + 1] = y:run(i:slice(0, i2, i2 + 1)) end")
  load(taken.fix)()
  t.eq(#y2, 3)
  y, i, y2 = three, nil, nil
  t.contains(t.raises("input_shape", function() m:run(y) end, { m = m }).fix, "y2 = {}; for i = 0, 2 do y2[#y2 + 1] = m:run(y:slice")
  y = nil
  t.eq(e.fix, "name the tensor x2; then y = {}; for i = 0, 1 do y[#y + 1] = m:run(x2:slice(0, i, i + 1)) end")
end)

t.test("a name that is near to one that there is: the step with that, if it would be accepted", function()
  local s = tvm.schedule(te [[ C[y, x] = sum(k, A[k, y] * B[k, x]) ]](64, 64, 64))
  s:cache_read("C", "A", "shared")
  local there = { no_loop = "; loops here: A.shared/k, A.shared/y, C/y, x, C/k", no_block = "; blocks here: A.shared, C",
    no_buffer = "; buffers here: A, B, C, A.shared", no_scope = "; the scopes are global, shared, local",
    no_thread_axis = "; the axes are blockIdx.x, blockIdx.y, blockIdx.z, threadIdx.x, threadIdx.y, threadIdx.z" }
  for _, case in ipairs {
    { 's:split("y", 8)', "no_loop", "split", "yy", 8 }, { 's:split("C/y", 8)', "no_loop", "split", "C/Y", 8 },
    { 's:parallel("C/y")', "no_loop", "parallel", "c/y" }, { 's:parallel("A.shared/k")', "no_loop", "parallel", "A.share/k" },
    { 's:reorder({"x", "y"})', "no_loop", "reorder", { "X", "y" } }, { 's:fuse({"y", "x"}, "f")', "no_loop", "fuse", { "y", "xx" }, "f" },
    { 's:tile("y", "x", 4, 8)', "no_loop", "tile", "Y", "X", 4, 8 }, -- both at once
    { 's:decompose_reduction("C", "k")', "no_block", "decompose_reduction", "c", "K" },
    { 's:cache_read("C", "B", "local")', "no_buffer", "cache_read", "C", "b", "local" },
    { 's:cache_read("C", "B", "local")', "no_block", "cache_read", "CC", "b", "Local" },
    { 's:set_scope("A.shared", "local")', "no_buffer", "set_scope", "A.shard", "local" },
    { 's:set_scope("A.shared", "shared")', "no_scope", "set_scope", "A.shared", "shard" }, -- as it is
    { 's:cache_write("C", "shared")', "no_scope", "cache_write", "C", "Shared" },
    { 's:bind("y", "blockIdx.y")', "no_thread_axis", "bind", "y", "blockidx.y" },
  } do
    local e = t.raises(case[2], function() s[case[3]](s, table.unpack(case, 4)) end, { s = s })
    t.eq(e.fix, case[1])
    t.eq(e.why:match ";.*", there[case[2]])
  end
  local kinds = tvm.schedule(te [[ A: float32[8, 8]; a[c] = sum(k, A[c, k]); C[c] = a[c] + 1 ]]) -- c is a loop, C a block; A a buffer, a a block
  t.contains(t.raises("no_loop", function() kinds:split("C", 8) end, { s = kinds }).fix, "C is a block; its loops are c")
  t.contains(t.raises("no_block", function() kinds:compute_inline "A" end, { s = kinds }).fix, "A is a buffer; blocks here: a, C")
  local several = p.matmul(60, 64, 64) -- no block is named as the program, so y means no loop of two alone
  several:cache_read("C", "A", "shared")
  t.contains(t.raises("no_loop", function() several:split("Y", 8) end, { s = several }).fix, 'did you mean "y"?  loops here: A.shared/k, ')
  -- one that would be refused is only named, and one that is far is not
  t.eq(t.raises("no_loop", function() s:parallel "C/K" end, { s = s }).fix, 'did you mean "C/k"?  loops here: A.shared/k, A.shared/y, C/y, x, C/k')
  t.eq(t.raises("no_block", function() s:compute_inline "c" end, { s = s }).fix, 'did you mean "C"?  blocks here: A.shared, C')
  t.eq(t.raises("no_buffer", function() s:set_scope("b", "local") end, { s = s }).fix, 'did you mean "B"?  buffers here: A, B, C, A.shared')
  t.eq(t.raises("no_loop", function() s:parallel "D/y" end, { s = s }).fix, there.no_loop:sub(3))
  t.eq(t.raises("no_scope", function() s:cache_write("C", "cache") end).fix, "use global, shared or local")
  t.eq(s:why_not("split", "yy", 8), "split(yy): no loop is named 'yy'; loops here: A.shared/k, A.shared/y, C/y, x, C/k\n  legal here: s:split(\"y\", 8)")
end)

t.test("every name of a loop that is told is one that steps take", function()
  local s = tvm.schedule(te [[ A: float32[64, 64]; B: float32[64, 64]; B[y, x] = A[y, x] * 2 ]])
  local copy = s:cache_read("B", "A", "local")
  t.eq(table.concat(s:loops(), " "), "A.local/y A.local/x B/y B/x")
  s:split("B/y", 8, "yo", "yi") -- so y alone, once B's, means nothing
  t.eq(t.raises("stale_name", function() s:split("y", 2) end, { s = s }).fix:match "other nests.*", "other nests' are \"A.local/y\"")
  local all = "A.local/y A.local/x yo yi B/x"
  t.eq(table.concat(s:loops(), " "), all)
  t.eq(table.concat(s:names "loops", " "), all)
  t.eq(table.concat(s:loops(copy), " "), "A.local/y A.local/x")
  t.eq(table.concat(s:select "y", " "), "A.local/y")
  for _, loop in ipairs(s:loops()) do
    t.contains(s:why_not("split", loop, 2), "legal: ")
    t.contains(s:why_not("unroll", loop), "legal: ")
  end
  t.contains(s:why_not("unroll", "y|yi"), "legal: unroll y, yi")
  all = all:gsub(" ", ", ")
  t.eq(t.raises("no_loop", function() s:unroll "nothing" end, { s = s }).fix, "loops here: " .. all)
  t.eq(t.raises("no_loop", function() s:compute_at("A.local", "Y") end, { s = s }).fix, 'did you mean "A.local/y"?  loops here: ' .. all)
  local e = t.raises("no_loop", function() s:split("Y", 2) end, { s = s })
  t.eq(e.fix, 's:split("A.local/y", 2)')
  t.contains(e.why, "; loops here: " .. all)
  s:unroll "y|yi"
  t.contains(s:trace(), 's:unroll("A.local/y", "yi")')
  -- a copy's loops in a program whose main block still has them, or never had, go by name alone
  t.eq(table.concat(s:at(0):loops(), " "), "y x")
  local two = tvm.schedule(te [[ A: float32[8]; B[j] = A[j] * 2; C[i] = B[i] + 1 ]])
  t.eq(table.concat(two:loops(), " "), "j i")
end)

-- Which loops have namesakes is asked once for all, not of each: the text of 500 loops takes a fifth of a millisecond to
-- list then, and six seconds where each looks at all others once more for a text that nobody reads.
t.test("listing loops costs about what printing them does", function()
  local nests, nth = {}, 0
  for i = 1, 500 do nests[i] = ("  for x in range(8):\n    B[x] = A[x] + %d\n"):format(i) end
  local text = "func f(A: float32[8]) -> B: float32[8]:\n" .. table.concat(nests)
  local other = text:gsub("x", function() nth = nth + 1; return "x" .. (nth + 2) // 3 end) -- one name for each nest
  local function seconds(f)
    local start = os.clock()
    f()
    return os.clock() - start
  end
  for _, program in ipairs { tvm.schedule(tvm.parse(text)), tvm.schedule(tvm.parse(other)) } do
    local listing = seconds(function() program:loops() end)
    local printing = seconds(function() for _ = 1, 10 do tostring(program) end end)
    t.ok(listing < 30 * printing, ("listing took %.4f s, printing ten times %.4f s"):format(listing, printing))
  end
end)

t.test("bind takes a list, a pattern, and a loop of every nest: all of them or none", function()
  local s = tvm.schedule(te [[ C[y, x] = sum(k, A[y, k] * B[k, x]) ]](64, 64, 64))
  s:cache_write("C", "local")
  s:split("C/y", 8, "yo", "ty")
  s:split("C.store/y", 8, "yo", "ty")
  local before, axis = s:ir(), "threadIdx.y"
  for _, loops in ipairs { "*/ty", "C.*/ty", { "C/ty", "C.store/ty" }, { "*/ty" }, { "C/t[y]", "C.store/ty" } } do
    local fork = s:fork()
    fork:bind(loops, axis)
    t.eq(select(2, fork:ir():gsub('for ty in bind%("threadIdx.y", 8%)', "")), 2)
    local again = tvm.schedule(s:at(0))
    load(fork:trace(), "=trace", "t", { s = again })()
    t.eq(again:ir(), fork:ir())
  end
  t.contains(s:why_not("bind", "*/ty", axis), "legal: bind C/ty, C.store/ty to threadIdx.y")
  local function refused(code, loops, what, fix)
    local e = t.raises(code, function() s:bind(loops, axis) end, { s = s })
    t.contains(tostring(e), ("bind(%s)"):format(what))
    t.contains(e.fix, fix)
    t.eq(s:ir(), before)
  end
  refused("reduce_concurrent", { "C/ty", "k" }, "k", 's:bind("yo", "threadIdx.y")')
  refused("axis_taken", { "C.store/ty", "C/ty", "C/x" }, "x", "x can be bound without the others")
  refused("no_loop", { "C/ty", "C/nothing" }, "C/nothing", "loops here: ")
  refused("no_loop", "*/nothing", "*/nothing", "loops here: ")
  refused("loop_twice", { "C/ty", "C/ty" }, "C/ty", "name each loop once")
  t.eq(s:why_not("bind", "*/ty"), "bind(*/ty): argument 2 (axis) is missing\n  hint: call it as s:bind(loop, axis) -> Schedule")
  t.contains(s:why_not("bind", "*/ty", axis, 3), "argument 3 is more than it takes")
end)

t.test("of several names of a value its class's letter is said, and none that means another by now", function()
  local s = matmul()
  s:split("y", 2)
  local e = s
  t.eq(t.raises("nothing_to_undo", function() e:undo(9); return s end, { s = s }).fix, "s:back(0)")
  local function other(a)
    local held = a
    local _, why = pcall(a.undo, a, 9)
    do
      local a, held = 1, held
      local _, later = pcall(held.undo, held, 9)
      return why.fix, later.fix, a
    end
  end
  local first, later = other(s)
  t.eq(first, "held:back(0)")
  t.eq(later, "held:back(0)")
  local function shadowed(q)
    local a = q
    do
      local a = 1
      local _, why = pcall(q.undo, q, 9)
      return why.fix, a
    end
    return a
  end
  t.eq(shadowed(s), "q:back(0)")
  b = matmul()
  b:split("y", 2)
  s, e = nil, nil
  t.eq(t.raises("nothing_to_undo", function() b:undo(9) end, { b = b }).fix, "b:back(0)")
  _G.s = b
  t.eq(t.raises("nothing_to_undo", function() b:undo(9) end, { s = b }).fix, "s:back(0)")
  _G.s, b = nil, nil
end)

t.done()
