-- The program's arguments and exit codes, what inputs print, errors at the border, and what scripts
-- may not do.
local t = dofile "tests/check.lua"
local program = arg[-1]

local function quote(text) return "'" .. text:gsub("'", [['\'']]) .. "'" end

-- Runs the program; returns what it printed (both streams) and its exit code.
local function run(arguments, input)
  local pipe = io.popen(("printf %%s %s | NO_COLOR=1 %s %s 2>&1"):format(quote(input or ""), program,
    arguments))
  local text = pipe:read "a"
  local _, _, code = pipe:close()
  return text, code
end

-- Runs inputs one after the other; returns what they printed.
local function typed(...)
  local arguments = {}
  for _, code in ipairs { ... } do arguments[#arguments + 1] = "-e " .. quote(code) end
  return run(table.concat(arguments, " "))
end

local function script(text)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
  return path
end

t.test("a value on a line of its own is found in a script, whatever the next line is", function()
  for _, below in ipairs { "foo(1)", "foo(" } do
    local path = script("x = 3\nx\n" .. below)
    t.contains(run(path), "hint: a script shows no values by itself: print(…)")
    os.remove(path)
  end
end)

t.test("exit codes", function()
  for _, case in ipairs {
    { "-e ''", 0 }, { "-e 'x = 1'", 0 }, { "-e 'error \"no\"'", 1 }, { "-e 'x = ='", 4 }, { "-e 'x = ('", 4 },
    { "--no-such-option", 2 }, { "-e", 2 }, { "/no/such/file.lua", 1 }, { "--version", 0 }, { "--features", 0 },
    { "--help", 0 }, { "-", 1, "error 'no'" }, { "-", 0, "x = 1" }, { "", 4, "x = = 1" }, { "", 0, "" },
    { "-e 'os.exit(7)'", 7 }, { "tutorial model x.onnx", 2 }, { "tutorial nothing x.onnx", 1 },
  } do
    local text, code = run(case[1], case[3])
    t.eq(code, case[2], case[1] .. " printed " .. text)
  end
end)

t.test("the processors are those that the process may use", function()
  local first = io.open("/proc/self/status"):read "a":match "Cpus_allowed_list:%s*(%d+)"
  local pipe <close> = io.popen(("taskset -c %s %s --features"):format(first, program))
  t.contains(pipe:read "a", "\nprocessors 1\n")
end)

t.test("what an input returns is shown as an expression's value is", function()
  t.eq(typed("return 7"), "7\n")
  t.eq(typed("y = 5 return y, 2"), "5\n2\n")
  t.eq(typed("if true then return { n = 1, 5 } end"), "{5, n = 1}\n")
  t.eq(typed("return", "return;", "return 7;", "function f() return 7 end"), "")
  t.eq(typed("return 7", "_ + 1"), "7\n8\n")
  t.contains(typed "return tvm.parse(3)", "argument 1 should be a string")
  t.eq(typed("print(...)", "select('#', ...)", "...", "x = 1; x, ...", "return ..., 2"), "\n0\n1\nnil\n2\n")
  t.eq(typed("f = function(...) return select('#', ...) end f(1, 2)", "'...'"), "2\n...\n")
  t.contains(run "--json -e 'return 7'", '"values":[7]')
  t.contains(run("--json -", "return 7"), '"values":[],"steps":[]')
  local most = {}
  for n = 999970, 999990, 2 do most[#most + 1] = ("return table.unpack({}, 1, %d);\n"):format(n) end
  local text = run("-i", table.concat(most) .. "'still ' .. 'here'") -- where the stack ends
  t.contains(text, "stack overflow")
  t.contains(text, "still here\n")
end)

t.test("a table grows up to a limit, and what was made before is there", function()
  local text = run("-i", [[
kept = 7
list = {} for i = 1, 2^23 do list[i] = i end
#list
list[#list + 1] = 0
keys = {} for i = 1, 2^40 do keys[-i] = i end
kept
]])
  t.eq(select(2, text:gsub("error: not enough memory", "")), 2)
  t.contains(text, "8388608\n")
  t.contains(text, "a tensor holds more: tvm.zeros { n }")
  t.ok(text:find "%f[%d]7\n")
end)

t.test("a model in place of a script is told how it is imported", function()
  local text, code = run "tutorials/models/digits.onnx"
  t.eq(text, "tvmrepl: tutorials/models/digits.onnx is a model, no script\n" ..
    "  tvmrepl -i -e 'g = tvm.import \"tutorials/models/digits.onnx\"' reads it\n")
  t.eq(code, 2)
  t.contains(run "no/such/model.onnx", "No such file")
  text, code = run "tutorials/models/digit.pgm"
  t.eq(text, "tvmrepl: tutorials/models/digit.pgm is an image, no script\n" ..
    "  tvmrepl -i -e 't = tvm.load \"tutorials/models/digit.pgm\"' reads it\n")
  t.eq(code, 2)
end)

t.test("a grid that goes to a file has all its columns", function()
  local grid = typed("s = tvm.schedule(te [[ A: float32[2, 32]; B[y, x] = A[y, x] * 2 ]])", "s:order()")
  t.contains(grid, " 31\ny 0 ")
  t.contains(grid, " 63  64\n")
end)

t.test("a line of a file that is no text is shown in letters", function()
  t.contains(run(script "x = 1\n\x7fELF\2\x80é\27[31m\n"),
    ":2: syntax error: unexpected symbol near '<\\127>'\n  \\x7fELF\\x02\\x80é\\x1b[31m\n")
  t.contains(run(script '\ty = "\1é" + + 2\r\n'), '\n  \ty = "\\x01é" + + 2\n  \t' .. (" "):rep(14) .. "^\n")
end)

t.test("a script gets its arguments, and its errors their place", function()
  local path = script "print(#arg, arg[0] == ..., ...)\nlocal function f() setmetatable(1) end\nf()\n"
  local text, code = run(path .. " one 'two words'")
  t.eq(code, 1)
  t.contains(text, "2\tfalse\tone\ttwo words\n")
  t.contains(text, path .. ":2: error: setmetatable: argument 1 should be a table, but is 1")
  t.contains(text, "called from " .. path .. ":3")
  os.remove(path)
end)

t.test("an error in a script shows its line, from a file and from standard input", function()
  local broken, wrong, foreign = "local a = 1\nlocal b == 2\n", "local a = 1\nno_such(a)\n", "local a = 1\nlocal b = tvm.foo\n"
  for source, said in pairs {
    [broken] = ":2: syntax error: unexpected symbol near '=='\n  local b == 2\n          ^^\n",
    [wrong] = ":2: error: attempt to call a nil value (global 'no_such')\n  no_such(a)\n",
    [foreign] = ":2: error: tvm has no member 'foo'\n  local b = tvm.foo\n  try: help \"tvm\"\n",
    ["#!/usr/bin/env tvmrepl\n" .. wrong] = ":3: error: attempt to call a nil value (global 'no_such')\n  no_such(a)\n",
  } do
    t.eq(run("-", source), "stdin" .. said)
    local path = script(source)
    t.eq(run(path), path .. said)
    os.remove(path)
  end
end)

t.test("a script that cannot be read is an error", function()
  local pipe = io.popen(("'%s' - </ 2>&1"):format(program))
  t.eq(pipe:read "a", "error: cannot read standard input: Is a directory\n")
  local _, _, code = pipe:close()
  t.eq(code, 1)
end)

t.test("what a script has printed is not lost when it is killed", function()
  local path, out = script "print 'first'\nfor i = 1, 100 do print(i) end\nwhile true do end\n", os.tmpname()
  for _, signal in ipairs { "TERM", "KILL" } do
    os.remove(out) -- what the pass before has left would end the wait
    os.execute(("'%s' %s >%s 2>/dev/null & p=$!; until [ -s %s ]; do sleep 0.02; done; sleep 0.1; kill -%s $p; wait $p")
      :format(program, path, out, out, signal))
    local lines = io.open(out):read "a"
    t.eq(lines:match "^first\n", "first\n")
    if signal == "TERM" then t.eq(lines:match "100\n$", "100\n") end
  end
  os.remove(path)
  os.remove(out)
end)

t.test("a command that ends early does not end a script; its own output that nobody reads does", function()
  local said = os.tmpname()
  local path = script [[
    local w = io.popen("true", "w")
    local _, why = w:write(("x"):rep(1 << 20))
    io.stderr:write(why, "\n")
    for i = 1, 1e6 do print(i) end
    io.stderr:write "not reached\n"
  ]]
  os.execute(("{ env --default-signal=PIPE '%s' %s 2>%s; echo $? >>%s; } | head -c 1 >/dev/null"):format(program, path, said, said))
  t.eq(io.open(said):read "a", "Broken pipe\n141\n")
  os.remove(path)
  os.remove(said)
end)

t.test("colours where they are asked for, and not where NO_COLOR says no", function()
  local pipe = io.popen(("CLICOLOR_FORCE=1 '%s' -e 'no_such()' 2>&1"):format(program))
  t.contains(pipe:read "a", "\27[1;31merror:\27[0m attempt to call")
  pipe:close()
  t.ok(not run "-e 'no_such()'":find "\27")
end)

t.test("a script that does not parse runs nothing", function()
  local path = script "print 'begun'\nx = = 1\n"
  local text, code = run(path)
  t.eq(code, 4)
  t.ok(not text:find "begun")
  t.contains(text, path .. ":2: ")
  os.remove(path)
end)

t.test("-i goes on after -e, line by line without a terminal", function()
  local text, code = run("-i -e 'x = 20'", "x + 1\nfor i = 1, 2 do\nprint(i)\nend\nx * 2")
  t.eq(text, "21\n1\n2\n40\n")
  t.eq(code, 0)
end)

t.test("no escapes where no terminal is", function()
  for _, words in ipairs { "-e 'help()'", "--help", "--features", "-e 'error \"x\"'", "-e 'x = = 1'" } do
    t.ok(not run(words):find "\27", words)
  end
end)

t.test("the value of the last expression is printed", function()
  for input, printed in pairs {
    ["1 + 1"] = "2\n", ["x = 5; x"] = "5\n", ["x = 5 x"] = "5\n", ["x = 5\nx"] = "5\n", ["5;"] = "", ["x = 5"] = "",
    ["1, 'two', nil"] = "1\ntwo\nnil\n", ["-- only a comment"] = "", [""] = "", [";"] = "",
    ["5 -- five"] = "5\n", ["5 -- silent;"] = "5\n", ["5; -- silent"] = "", ["local a = 1 do local a = 2 end a"] = "1\n",
    ["for i = 1, 2 do print(i) end i"] = "1\n2\nnil\n", ["if true then y = 8 end y"] = "8\n",
    ["f = function() return 1, 2 end f()"] = "1\n2\n", ["print 'x'"] = "x\n", ["return 3"] = "3\n", ["..."] = "",
    ["x = {1,\n2}\n#x"] = "2\n", ["('x'):rep(3)"] = "xxx\n", ["false"] = "false\n",
    ["local function f() return 7 end f()"] = "7\n", ["repeat local z = 1 until z == 1 z"] = "nil\n",
  } do
    local text = typed(input)
    t.eq(text, printed, input)
  end
end)

t.test("locals outside blocks persist, and only those", function()
  for _, case in ipairs {
    { "local a = 1", "a", "1\n" }, { "local a, b", "a, b", "nil\nnil\n" }, { "local a <const>, b = 1, 2", "a + b", "3\n" },
    { "local function f(n) if n == 0 then return 1 end return n * f(n - 1) end", "f(5)", "120\n" },
    { "do local a = 1 end", "a == nil", "true\n" }, { "x = function() local a = 1 return a end", "x(), a == nil", "1\ntrue\n" },
    { "local t = { local_ = 'local a = 1' }", "t.local_", "local a = 1\n" }, { "local s = [[\nlocal a = 1]]", "#s", "11\n" },
    { "local a = 1 local b = a + 1", "b", "2\n" }, { "for i = 1, 2 do local a = i end local c = 3", "a == nil, c", "true\n3\n" },
    { "local a -- local b = 1\nlocal c = 2", "a, c", "nil\n2\n" }, { "local x\nlocal y = 2", "x, y", "nil\n2\n" },
    { "local a = (function() local b = 1 return b end)()", "a, b == nil", "1\ntrue\n" },
    { "while true do local a = 1 break end local b = 2", "a == nil, b", "true\n2\n" },
    { "local a, b <const>", "a, b", "nil\nnil\n" }, { "if x then local a = 1 else local a = 2 end", "a == nil", "true\n" },
  } do
    t.eq(typed(case[1], case[2]), case[3], case[1])
  end
  t.contains(typed("local a = 1\nlocal b\nerror 'here'"), "-e:3: ")
end)

t.test("_ is the last value", function()
  t.eq(typed("6 * 7", "_ + 1", "x = 3", "_"), "42\n43\n43\n")
end)

t.test("a step on the names that a step returned is answered", function()
  local text =
    typed('s = tvm.schedule(te "A: float32[16]; B[x] = A[x]")', 's:split("x", 4):vectorize "xi"')
  t.contains(text, 'hint: s:split gives names; vectorize is a method of Schedule; each step is a call of its own, the next one: s:vectorize "xi"\n')
end)

t.test("a method of what a call gave is answered by what that is", function()
  local text = 's = tvm.schedule(te "A: float32[16]; B[x] = A[x]")'
  for asked, hint in pairs {
    ["s:history():show()"] = "s:history gives a string, which the prompt shows and print(…) prints; show is a method of ",
    ['s:loops()\n  :save "x"'] = "s:loops gives a list; save is a method of ",
    ["s:loops():longest()"] = "s:loops gives a list, which has no method longest\n",
    ['do local p = s p:split("x", 4):undo() end'] = 'p:split gives names; undo is a method of Schedule; each step is a call of its own, the next one: p:undo()',
    ["x = {} x:show()"] = "show is a method of Tensor, Func, Version, Schedule, Comparison and Graph; something else stands before the colon here",
  } do
    t.contains(typed(text, asked), "hint: " .. hint)
  end
end)

t.test("calls without parentheses or commas, and names of arguments", function()
  for code, hint in pairs {
    ["print x"] = "parentheses", ['f("x" 8)'] = "a comma is missing", ["f(x=8)"] = "arguments have no names",
    ["f({repeat = 3})"] = '["repeat"] = 3', ["clear"] = "Ctrl-L", ["s:vectorize x"] = 's:vectorize "x"',
    ["s:undo"] = "parentheses: s:undo()", ["tvm.load(seven.png)"] = "a path stands in quotes",
    ['s:split "x" 4'] = 'takes one thing: split("x", 4)', ['tvm.zeros "x" "y"'] = "argument 1",
    ['f "a" "b"'] = "attempt to call a nil value (global 'f')\n",
    ["data = {} print(data.png, a.x)"] = "attempt to index a nil value (global 'a')\n",
    ['print "a" {}'] = 'takes one thing: print("a", { … })', ['print "a" "b"'] = 'takes one thing: print("a", "b")', ["tvm.import(models/digits.onnx)"] = "a path stands in quotes",
    ["t = 'xo' t:split(8)"] = 'a loop goes by its name: s:split("y", 8)',
  } do
    t.contains(typed(code), hint)
  end
  local text = typed 'y:save "/tmp/y.npy"' -- which has its quotes
  t.ok(text:find "nothing is called y; save is a method of Schedule, [^\n]*Tensor[^\n]* and %u%a+\n", text) -- y may be any
  t.contains(typed "t:save 'y.npy'", "nothing is called t; t = tvm.random { 8, 8 } makes one")
  t.ok(not text:find "quotes", text)
end)

t.test("habits of other languages are answered", function()
  for input, hint in pairs {
    ["x != 3"] = "~=", ["x += 1"] = "x = x + 1", ["x++"] = "x = x + 1", ["a && b"] = "`and`", ["a || b"] = "`or`",
    ["A[i, j]"] = "A[i][j]", ["y = True + 1"] = "true", ["f(None.x)"] = "nil", ["x = [1, 2]"] = "{1, 2, 3}", ["def f(x):"] = "function",
    ["for i in range(3):"] = "for i = 0", ["import tvm"] = "nothing needs importing", ["2 ** 3"] = "x ^ y", ["// note"] = "--",
    ["lambda x: x"] = "function(x)", ["if x { y() }"] = "then", ["'a' + 'b'"] = "..", ["len('x')"] = "#x",
    ["t = {} t:append(1)"] = "t[#t + 1]", ["{'a': 1}"] = "name = value",
    ["f = te [[ I: int32[8]; B[i] = A[I[i]] ]]"] = "or [=[ … ]=] holds them", ["f = te [[ I: int32[8]\nB[i] = A[I[i]]\n]]"] = "]] ends the text", ["f = te [[ I: int32[8]\nB[i] = A[I[i]]\nC[i] = B[i]\n]]"] = "]] ends a text before that", ["x ? 1 : 2"] = "and", ["!x"] = "not x", ["!ls -l"] = "os.execute", ["ls -l"] = [[os.execute "ls -l"]], ["int x = 5"] = "no types",
    ["tir.Schedule()"] = "tvm.schedule", ["elif x then"] = "elseif", ["/* note */"] = "--",
  } do
    t.contains(typed(input), "hint: ", input)
    t.contains(typed(input), hint, input)
  end
  for input, hint in pairs {
    ['io.open("nothere.tir"):read "a"'] = 'assert(io.open("nothere.tir")) says why', ['io.open "no.tir":read "a"'] = 'assert(io.open "no.tir") says why',
    ['path = "no.tir" io.open(path):read "a"'] = "assert(io.open(path)) says why", ['f = nil f:read "a"'] = "f = assert(io.open(path)) says why",
    ["# comment"] = "Lua's comments begin with --", ["tvm.tensor([[1,2],[3,4]])"] = "tvm.tensor {{1,2},{3,4}}", ["A @ B"] = "te [[ C[y, x] = sum(k,",
    ["@tvm.script"] = "no decorators", ["x = tvm.tensor { 1 } x(0)"] = "its elements are x[i][j]",
  } do
    t.contains(typed(input), "hint: ", input)
    t.contains(typed(input), hint, input)
  end
  t.contains(typed 'tvm.parse "nothere.tir"', "cannot read nothere.tir")
  t.contains(typed 'tvm.parse_graph "nothere.txt"', "cannot read nothere.txt")
  t.eq(typed "t = { 2 } t[0]", "nil   (Lua's lists count from 1)\n")
  t.contains(typed 'tvm.schedule(te "A: float32[16]; B[x] = A[x]"):inline "B"', "did you mean 'compute_inline'?")
  t.eq(typed 'g = tvm.import "tutorials/models/digits.onnx"; g:unsupported()', "every operator of digits is supported\n")
  t.eq(typed 'tvm.ops "xyz"', 'no operator\'s name contains "xyz"\n')
  t.contains(typed "plt.show()", "pictures are drawn by")
  t.contains(typed "te.create_schedule()", "s = tvm.schedule(f)")
  t.contains(typed "pirnt(1)", "did you mean print?")
end)

t.test("a global in the wrong case or mistyped is answered with the one that has what was asked of it", function()
  local digits = 'g = tvm.import "tutorials/models/digits.onnx"'
  local kernel = "sched = tvm.schedule(te [[ B[i] = A[i] ]](64))"
  for _, case in ipairs {
    { "did you mean tvm?", 'TVM.import "x"' }, { "did you mean tvm?", "Tvm.schedule(1)" }, { "did you mean tvm?", "tvn.schedule(1)" },
    { "did you mean te?", "TE.func(1)" }, { "did you mean te?", "Te [[ B[i] = A[i] ]]" }, { "did you mean help?", "Help()" },
    { "did you mean help?", 'HELP "x"' }, { "did you mean g?", digits, "G:fuse()" }, { "did you mean g?", digits, "G.fuse()" },
    { "did you mean sched?", kernel, 'shced:split("i", 8)' }, { "did you mean sched?", kernel, 'print(Sched:ir())' },
    { "nothing is called sched2; sched2 = sched:fork() makes one of sched", kernel, 'sched2:split("i", 8)' },
    { "nothing is called s2; s2 = ", digits, "s1 = tvm.schedule(g:lower():func \"conv2\")", 's2:split("i", 8)' },
    { "nothing is called S; S = m:schedule", 'S:split("i", 8)' },
    { "did you mean f?", "f = te [[ B[i] = A[i] ]]", "tvm.schedule(F)" }, { "give F a value first", "tvm.schedule(F)" },
  } do
    t.contains(typed(table.unpack(case, 2)), "hint: " .. case[1])
  end
  for _, code in ipairs { "foo.bar", "foo(1)", 'foo.open "x"' } do -- io has no bar, and is no function
    t.eq(typed(code):find("io?", 1, true) ~= nil, code:find "open" ~= nil, code)
  end
  t.contains(typed "TVM.improt 'x'", "did you mean tvm?")
  t.eq(typed 'local ok, e = pcall(function() TVM.x() end) print(e)', "-e:1: attempt to index a nil value (global 'TVM')\n")
  t.eq(select(2, typed 'TVM.import "x"'), 1)
end)

t.test("functions of a module that are called without it, and those of other libraries, lead to ours", function()
  for code, hint in pairs {
    ['import "x.onnx"'] = "tvm.import(path, sizes?)",
    ["zeros { 2 }"] = "tvm.zeros(shape, dtype?)",
    ["check(1, 2)"] = "tvm.check(a, b, {rtol, atol}?); check is a method of Func",
    ["placeholder { 2 }"] = "te.placeholder(shape",
    ["np.zeros(3)"] = "hint: here it is tvm.zeros(shape, dtype?)\n",
    ["np.ones((3))"] = "hint: here it is tvm.full({ 2, 2 }, 1)\n",
    ["np.random.rand(3)"] = "hint: here it is tvm.random(shape",
    ["torch.tensor { 1 }"] = "hint: here it is tvm.tensor(",
    ['np.load "x.npy"'] = "hint: here it is tvm.load(path)\n",
    ["np.argmax(x)"] = "argmax is a method of Tensor: t:argmax()",
    ["np.zeros_like(x)"] = "hint: here it is tvm.zeros(t.shape, t.dtype)\n",
    ["torch.from_numpy(x)"] = "hint: here it is tvm.load(path) reads what numpy.save wrote\n",
    ["tf.Variable(3)"] = "tensors are made by tvm.tensor",
    ["np.float32"] = "tensors are made by tvm.tensor",
    ['load "x.npy"'] = 'near <eof>; tvm.load "x.npy" reads a file\n',
    ['load "lab.lua"'] = 'near <eof>; dofile "lab.lua" runs a script, and s:load takes the steps in one\n',
    ['load "net.onnx"'] = 'near <eof>; tvm.import "net.onnx" reads a file\n',
  } do
    t.contains(typed(code), hint)
  end
  t.contains(typed 'load "x ="', "near <eof>\n")
  t.contains(typed 'x = tvm.zeros { 2 } print("x is " .. x.shape)', 'tostring(x); print("x is", x)')
  for _, call in ipairs { "x:shape()", "x:dtype()", "x:size()", "x.dtype()" } do
    t.contains(typed("x = tvm.zeros { 2 } " .. call), "is a field, and stands without parentheses")
  end
  t.contains(typed 'm = tvm.import("tutorials/models/digits.onnx"):lower() tvm.default(m)', "hint: m:schedule(name) makes one of a kernel")
end)

t.test("a syntax error shows the line and the place", function()
  t.eq(typed "local x = 3\nx = x +* 2", "-e:2: syntax error: unexpected symbol near '*'\n  x = x +* 2\n         ^\n")
end)

t.test("an error is at most 12 lines", function()
  local text = typed "local function f(n) if n == 0 then error(('line\\n'):rep(40)) end f(n - 1) end f(30)"
  local _, lines = text:gsub("\n", "")
  t.ok(lines <= 12, lines .. " lines")
end)

t.test("tables are printed within width and length", function()
  t.eq(typed "{ 1, { x = 2, ['a b'] = 'q\"\\n' } }", '{1, {["a b"] = "q\\"\\n", x = 2}}\n')
  t.eq(typed "t = { 1 } t.self = t t", "{1, self = {… itself}}\n")
  t.eq(typed [[{ ["end"] = 1, ["2x"] = 2, last = 3 }]], [[{["2x"] = 2, ["end"] = 1, last = 3}]] .. "\n")
  t.eq(typed "{ {}, { {} } }", "{{}, {{}}}\n")
  t.eq(typed "setmetatable({}, { __tostring = function() return 'mine' end })", "mine\n")
  t.contains(typed "setmetatable({}, { __tostring = function() error 'no' end })", "no")
end)

t.test("--json prints a line for each result", function()
  t.eq(run [[--json -e '1, "a\n", {1, {b = true}}, nil, 0.5']],
    '{"ok":true,"values":[1,"a\\n",[1,{"b":true}],null,0.5],"steps":[]}\n')
  t.contains(run [[--json -e '"a\xffb"']], [["a\ufffdb"]])
  t.contains(run [[--json -e 'print("a\xe2\x82")']], [["a\ufffd\ufffd"]])
  local text, code = run [[--json -e 'setmetatable(1)']]
  t.eq(code, 1)
  for _, part in ipairs { '"ok":false', '"status":"error"', '"code":"argument_type"', '"what":"setmetatable"' } do
    t.contains(text, part)
  end
  text, code = run [[--json -e 'x = =']]
  t.eq(code, 4)
  t.contains(text, '"status":"syntax"')
  t.contains(text, [["why":"unexpected symbol near '='"]])
  t.ok(not text:find '"where"')
  t.contains(run [[--json -e 'x = “a”']], [["why":"unexpected symbol near '“'"]])
  local path = script 'local x = 1\nerror("boom")'
  t.contains(run("--json " .. path), ('"where":"%s:2","why":"boom"'):format(path))
  os.remove(path)
end)

t.test("--json writes the keys of an object in one order, whatever Lua's own is in a run", function()
  t.contains(run [[--json -e '{ zeta = 1, [2] = 2, beta = { y = 1, x = 2, ["a b"] = 3, a = 4 }, ["alpha\n"] = 5 }']],
    [["values":[{"2":2,"alpha\n":5,"beta":{"a b":3,"a":4,"x":2,"y":1},"zeta":1}]])
  local names = {}
  for name in run([[--json -e 'setmetatable(1)']]):match '"error":(.*)':gmatch '[{,]"(%l+)":' do names[#names + 1] = name end
  t.eq(table.concat(names, " "), "code fix refused text what why")
end)

t.test("--json tells of a refused step what a program needs, and the loops only if they are asked for", function()
  local steps = [[ -e 's = tvm.schedule(te("C[y, x] = sum(k, A[k, y] * B[k, x])")(4, 4, 4)); s:fingerprint()' -e 's:parallel "k"']]
  local text, code = run("--json" .. steps)
  t.eq(code, 1)
  local fingerprint = text:match '"values":%["(%x+)"'
  for _, part in ipairs { '"code":"reduce_concurrent"', '"refused":true', [["fix":"s:parallel \"y\""]],
    '"iterations":["k=0","k=1"]', '"element":"C[0, 0]"', '"what":"parallel(k)"', '"program":"' .. fingerprint .. '"' } do
    t.contains(text, part)
  end
  t.eq(text:find "for y in range", nil)
  text = run("--json=program" .. steps)
  t.contains(text, ">       for k in range(4):")
end)

t.test("arguments that are wrong are told which, what and how", function()
  t.contains(tostring(t.raises("argument_type", function() setmetatable(1) end)), "argument 1 should be a table, but is 1")
  t.raises("argument_missing", function() tvm.grep("x") end)
  t.raises("argument_nil_plain", function() tvm.grep("x", nil) end)
  t.contains(t.raises("argument_nil", function() tvm.grep("x", wrod) end).why, 'did you mean "wrod"?')
  t.raises("element_type", function() te.func("f", function() return te.placeholder({ 1, print }) end)() end)
  local long = {}
  for i = 1, 100 do long[i] = 1 end
  t.raises("list_too_long", function() te.func("f", function() return te.placeholder(long) end)() end)
  t.raises("argument_range", function() te.func("f", function() return te.placeholder(-1) end)() end)
  t.raises("option_unknown", function() tvm.grep("x", "x", { contxt = 1 }) end)
  t.contains(t.raises("option_unknown", function() tvm.grep("x", "x", { contxt = 1 }) end).why, "did you mean 'context'?")
  t.raises("option_unknown", function() tvm.grep("x", "x", { 1 }) end)
  t.contains(t.raises("option_unknown", function() tvm.grep("x", "x", { 1 }) end).why, "this is a list, and options have names")
  t.raises("option_type", function() tvm.grep("x", "x", { context = "1" }) end)
  t.raises("option_type", function() tvm.grep("x", "x", { ignore_case = 1 }) end)
  t.contains(t.raises("option_range", function() tvm.grep("x", "x", { context = 1000 }) end).why, "should be between 0 and")
  t.raises("pattern_wrong", function() tvm.grep("x", "(") end)
  t.raises("pattern_failed", function() tvm.grep(("a"):rep(60) .. "c", "(a|aa|a(?=a))+(?<!c)$(?!x)b?d|(?:a+)+e|((a*)*)*b|(\\w+\\w+)+!") end)
  t.raises("nothing_more", function() more() end)
  t.raises("help_unknown", function() help "quuxly" end)
end)

t.test("help finds what begins with the words, names first, and each once", function()
  local function found(words)
    local text, names = run("-e " .. quote("help(" .. words .. ")")), {}
    for name in text:gmatch "\n  ([%w_.:]+)" do names[#names + 1] = name end
    return names, text
  end
  local names, text = found '"fuse loops"'
  t.contains(text, 'mentioning "fuse" and "loop":\n')
  t.eq(names[1], "s:fuse")
  t.ok(not text:find "setmetatable") -- which refuses
  t.eq(table.concat(found '"assembly"', " "), "s:asm")
  t.eq(found '"read scope"'[1], "s:cache_read")
  local _, gpu = found '"gpu"'
  for _, name in ipairs { "bind", "cache_read", "compute_at", "set_scope", "check", "lowered", "ptx" } do
    t.contains(gpu, "\n  s:" .. name .. "(")
  end
  t.contains(typed 'help "bias"', 'mentioning "bias":\n')
  t.contains(typed 'help "bias"', "D[y, x] = C[y, x] + b[x] ]]\n")
  t.eq(table.concat(found '("setmetatable "):rep(3000)', " "), "setmetatable")
end)

t.test("help knows names that are elsewhere and words for which there is no function", function()
  t.contains(typed 'help "gather"', "B[i, x] = A[I[i], x]")
  local check = typed 'help "check"'
  t.ok(check:find "^tvm%.check.*\n\ns:check.*\n\nCheck\n", check)
  t.ok(typed 'help "Check"':find "^Check\n")
  local rfactor = typed 'help "rfactor"'
  t.contains(rfactor, "Schedule has no rfactor: the parts of a sum are a stage of their own")
  t.ok(rfactor:match "^.-mentioning":find("P%[j%] = sum") and not rfactor:find('help "rfactor"', 1, true), rfactor)
  t.contains(typed 'help "sync"', "barriers are put in where threads need")
  t.contains(typed 'help "create_schedule"', "te has no create_schedule: s = tvm.schedule(f)")
  t.contains(typed 'help "stencil"', 'mentioning "stencil":\n  te [[ B[x] = A[x] + A[x + 1] + A[x + 2] ]]\n')
  t.contains(typed 'help "convolutions"', "te [[ C[c, y, x] = sum(i, ky, kx, ")
  t.contains(typed 'help "quantize"', "nothing is called 'quantize'")
  local rows <close>, n = assert(io.open "lua_api/examples.def"), 0
  for code in rows:read "a":gmatch 'EXAMPLE%(("te %[%[[^\n]-%]%]"), "' do
    t.contains(tostring(load("return " .. load("return " .. code)())()), "a program with parameters")
    n = n + 1
  end
  t.ok(n > 8)
end)

t.test("what is missing is told as everywhere", function()
  for call, fix in pairs {
    [function() tvm.full { 2 } end] = "tvm.full(shape, value, dtype?)", [function() tvm.grep() end] = "tvm.grep(text, pattern",
    [function() tvm.show() end] = "tvm.show(x, path?",
  } do
    t.contains(t.raises("argument_missing", call).fix, fix)
  end
end)

t.test("objects do not break", function()
  local ok, e = pcall(setmetatable, 1)
  t.ok(not ok and e.code and e.why and e.fix)
  t.raises("no_member", function() return e.cod end)
  t.contains(t.raises("no_member", function() return e.cod end).why, "did you mean 'code'?")
  t.raises("no_member", function() return e[1] end)
  t.raises("read_only", function() e.code = "mine" end)
  t.raises("no_member", function() return te.sm end)
  local f = tvm.parse "func f(A: float32[4]) -> B: float32[4]:\n  for i in range(4):\n    block B(i):\n      B[i] = A[i]\n"
  t.raises("old_name", function() return te.create_schedule end, { f = f })
  t.eq(getmetatable(e), "locked")
  t.eq(getmetatable "", "locked")
  t.raises("metatable_locked", function() setmetatable(tvm, {}) end)
  do local closed <close> = e end
  t.raises("object_closed", function() return e.why end)
  t.contains(tostring(e), "closed")
  local s = tvm.schedule(f)
  t.eq(t.raises("argument_choice", function() s:names "lops" end).fix, 'use one of "loops", "blocks", "buffers"')
  t.contains(t.raises("argument_missing", function() s:names() end).why, 'it should be one of "loops", "blocks", "buffers"')
  t.contains(t.raises("argument_type", function() s:names(3) end).why, 'should be one of "loops"')
  t.eq(t.raises("argument_range", function() s:undo(-1) end).why, "argument 1 is -1, but should be 0 or more")
  t.eq(t.raises("no_self", function() s.mark "x" end, { s = s }).fix, 's:mark "x"')
end)

t.test("scripts have no finalizers, no bytecode, no way into the machine", function()
  t.raises("no_finalizers", function() setmetatable({}, { __gc = print }) end)
  t.eq(string.dump, nil)
  t.eq(debug.sethook, nil)
  t.eq(debug.getregistry, nil)
  t.eq(package.loadlib, nil)
  t.eq(#package.searchers, 2)
  local f, message = load("\27Lua")
  t.ok(not f and message:find "binary")
  t.eq(load("return 1 + ...")(2), 3)
  t.eq(load(function() return nil end)(), nil)
  t.eq(select("#", pcall(error)), 2)
  t.eq(load("return x", "chunk", "t", { x = 5 })(), 5)
end)

t.test("pcall, xpcall and coroutines are as Lua's", function()
  local co = coroutine.create(function(a)
    local ok, b = pcall(function() return coroutine.yield(a + 1) end)
    local _, c = xpcall(function() return coroutine.yield(b + 1) end, print)
    error({ c })
  end)
  t.eq(select(2, coroutine.resume(co, 1)), 2)
  t.eq(select(2, coroutine.resume(co, 10)), 11)
  local ok, e = coroutine.resume(co, 20)
  t.ok(not ok and e[1] == 20)
  t.eq(coroutine.status(co), "dead")
  t.eq(select("#", coroutine.resume(coroutine.create(function(...) return ... end), 1, nil, nil)), 4)
  t.eq(select("#", pcall(function(...) return ... end, 1, nil, nil)), 4)
  t.eq(select(2, xpcall(function(a, b) return a + b end, print, 1, 2)), 3)
  t.eq(select(2, xpcall(error, function(m) return m .. "!" end, "no")), "no!")
  local wrapped = coroutine.wrap(function() error "inside" end)
  t.contains(select(2, pcall(wrapped)), "inside")
  local closed = false
  local open = coroutine.create(function()
    local x <close> = setmetatable({}, { __close = function() closed = true end })
    coroutine.yield()
  end)
  coroutine.resume(open)
  t.ok(coroutine.close(open) and closed)
  t.ok(not pcall(coroutine.close, coroutine.running()))
end)

t.test("table.move is as Lua's", function()
  local function moved(...) return table.concat(table.move(...), ",") end
  t.eq(moved({ 1, 2, 3 }, 2, 3, 1), "2,3,3")
  t.eq(moved({ 1, 2, 3 }, 1, 3, 3), "1,2,1,2,3")
  t.eq(moved({ 1, 2, 3 }, 1, 3, 1, {}), "1,2,3")
  t.eq(moved({ 1, 2, 3 }, 1, 0, 3), "1,2,3")
  t.eq(moved({ 10, 20, 30 }, 2, 3, 2, { 1 }), "1,20,30")
  t.ok(not pcall(table.move, {}, 1, math.maxinteger, 2))
  t.ok(not pcall(table.move, {}, math.mininteger, math.maxinteger, 1))
  t.eq(rawget(table.move({ [math.maxinteger] = 7 }, math.maxinteger, math.maxinteger, 1), 1), 7)
  t.eq(rawget(table.move({ 7 }, 1, 1, math.maxinteger), math.maxinteger), 7)
end)

t.test("an endless recursion and too much memory are errors", function()
  t.contains(typed "function f() return 1 + f() end f()", "stack overflow")
  t.contains(typed "x = ('x'):rep(1 << 42)", "error: ")
  t.contains(typed("function g() return pcall(g) end g()", "'alive'"), "alive")
end)

t.test("an expression that is not finished is told as such, and a script's that shows nothing", function()
  t.contains((run "-e '1+'"), "the input ends where a value is expected")
  t.contains((run("-", "1+1")), "a script shows no values by itself: print(…)")
  t.contains((run("-", "x = 1\nx\n")), "a script shows no values by itself: print(…)")
  t.contains((run("-", "x = 1\nx\ny = 2")), "a script shows no values by itself: print(…)")
  t.contains((run("-", "1+")), "the expression of this line is not finished")
  t.contains((run("-", "x = 1 +")), "the input ends where a value is expected")
  t.ok(not run("-", "f(1)\ny = = 2"):find "script shows")
end)

t.test("what cannot be shown says what can", function()
  t.contains((typed "tvm.show(3)"), "argument 1 should be a Func")
  t.contains((typed "tvm.tensor { 1 }:plot()"), 't:save "x.png"')
end)

t.test("saved steps that are run as a script say what they are, and a schedule says what it took", function()
  local path = os.tmpname() .. ".lua"
  local f = te [=[ A: float32[8]; B[i] = A[i] * 2 ]=]
  local s = tvm.schedule(f)
  s:split("i", 4)
  s:save(path)
  local text, code = run(path)
  t.eq(code, 1)
  t.contains(text, "these are steps of B: s:load takes them on a schedule s")
  local input = "s = tvm.schedule(te [=[ A: float32[8]; %s[i] = A[i] * 3 ]=]):load %q"
  t.contains(run("-i", input:format("B", path)), "\n1 step taken\n")
  t.contains(run("-i", input:format("C", path)), "\n1 step taken, saved of B\n")
  os.remove(path)
end)

t.test("help tells of keys and words of the prompt, and of a method by a value of the session", function()
  for _, code in ipairs { 'help "quit"', 'help "exit"', "?quit", "?exit", 'help "EXIT"' } do
    t.eq(typed(code), "exit  or  quit\n  Leaves, as Ctrl-D does; a script ends by os.exit()\n", code)
  end
  t.contains(typed "?Tab", "Completes names")
  t.eq(typed "?bad_factor", "bad_factor, the code of an error (docs/reference.md has all of them)\n" ..
    "  a factor of … is not possible\n\n  hint: factors are 1 or more; -1 stands for the factor to be found\n")
  local values = 't = tvm.schedule(te [[ B[i] = A[i] ]](8)) net = tvm.import "tutorials/models/digits.onnx" x = tvm.zeros { 2 }'
  for code, first in pairs {
    ["?t:split"] = "s:split(loop, factors, names…) -> names\n", ["?s:split"] = "s:split(", ["?net:show"] = "g:show(path?, options?) -> Picture\n  Draws the model",
    ["?x:show"] = "t:show(path?) -> string\n", ["?q:split"] = "s:split(", ["?tvm:import"] = "tvm.import(path", ["?te:sum"] = "te.sum(value, axis)", ["?q.split"] = "s:split(",
    ["?tvm.tensor.save"] = 'mentioning "tvm" and "tensor" and "save":\n  t:save(path)',
  } do
    t.eq(typed(values, code):sub(1, #first), first, code)
  end
  for _, dot in ipairs { ".", ":", ". " } do
    t.eq(typed(values, "?tvm" .. dot), typed(values, "?tvm"))
    t.eq(typed(values, "?t" .. dot), typed(values, "?t"))
  end
  t.contains(typed(values, "?t:splt"), "nothing is called 'splt': did you mean 'split'?")
end)

t.test("a question mark behind a name is told where it stands", function()
  t.contains((typed("s = 1", "s?")), "the question mark stands first: ?s")
  t.contains((typed("s = {}", "s:split?")), "the question mark stands first: ?s:split")
  t.contains((typed("s = 1", "t = s ? 1 : 2")), "condition and a or b")
  t.contains((typed("s = 1", "s ? 1 : 2")), "condition and a or b")
end)

t.test("a view that goes to a pipe is whole, or as wide as COLUMNS says", function()
  local script = os.tmpname()
  local f <close> = assert(io.open(script, "w"))
  f:write [=[
    s = tvm.schedule(te "a_result_with_a_long_name[y, x] = an_argument[y, x] * another_argument[y, x] + a_third_one[y, x]" (8, 8))
    print(s)
  ]=]
  f:flush()
  local function printed(environment)
    local pipe <close> = io.popen(("%s '%s' %s 2>&1"):format(environment, program, script))
    return pipe:read "a"
  end
  local whole, narrow = printed "env -u COLUMNS", printed "COLUMNS=60"
  os.remove(script)
  t.ok(not whole:find "…", whole)
  t.contains(whole, "+ a_third_one[y, x]\n")
  t.contains(narrow, "…")
  for line in narrow:gmatch "[^\n]+" do t.ok(utf8.len(line) <= 60, line) end
end)

t.test("a file that is only as long as another is not meant", function()
  local folder = os.tmpname()
  os.remove(folder)
  os.execute("mkdir " .. folder .. " && touch " .. folder .. "/conv.lua")
  local make = "s = tvm.schedule(te [[ B[i] = A[i] ]](8))"
  local far = typed(make, ('s:load "%s/none.lua"'):format(folder))
  local near = typed(make, ('s:load "%s/cnv.lua"'):format(folder))
  os.execute("rm -r " .. folder)
  t.contains(far, "cannot read")
  t.ok(not far:find "did you mean", far)
  t.contains(near, "did you mean " .. folder .. "/conv.lua?")
end)

t.test("a step shows every mark that it has", function()
  local s = tvm.schedule(te [[ C[y, x] = A[y, x] ]](64, 64))
  s:split("x", 8, "xo", "xi")
  s:mark "one":mark "two":note "why"
  t.contains(s:history(), 'xi(8)   "one", "two"\n        why')
end)

t.done()
