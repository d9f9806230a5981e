-- Lessons: what is a cell, what counts as printed, what an update rewrites.
local t = dofile "tests/check.lua"
local tutorial = dofile "lua_api/scripts/tutorial.lua"
local matches = tutorial.matches

t.test("… stands for anything within a line", function()
  t.ok(matches("x … ms", "x 12.5 ms"))
  t.ok(matches("t … a … b", "t 1 a 2 b\n"))
  t.ok(matches("…", "one line"))
  t.ok(not matches("x … ms", "x 12.5 s"))
  t.ok(not matches("ab…bc", "abc"))
end)

t.test("a line of … stands for any lines", function()
  t.ok(matches("a\n…\nd", "a\nb\nc\nd"))
  t.ok(matches("a\n…\nd", "a\nd"))
  t.ok(matches("…\nd", "d"))
  t.ok(matches("a\n…", "a\nb"))
  t.ok(matches("a\n…\nb\n…\nd", "a\nx\nb\ny\nd"))
  t.ok(not matches("a\n…\nd", "a\nb"))
  t.ok(not matches("a\n…\na", "a"))
end)

t.test("without … all is compared", function()
  t.ok(matches("a\nb", "a  \nb\n"))
  t.ok(not matches("a", "a\nb"))
  t.ok(not matches("a\nb", "a"))
end)

local lesson = [[
# Title

Prose.

```lua
x = 1
```

```output
1
```

```sh
prose too
```
]]

t.test("a lesson is prose and cells", function()
  local pieces = tutorial.parse(lesson)
  t.eq(#pieces, 3)
  t.eq(pieces[1].text, "# Title\n\nProse.")
  t.eq(pieces[2].text, "x = 1")
  t.eq(pieces[2].want, "1")
  t.eq(pieces[2].line, 5)
  t.eq(pieces[3].text, "prose too")
end)

t.test("what follows a lesson's name is for its cells, whatever its prose says", function()
  t.eq(tutorial.takes_arguments "It is in arg[1].\n```lua\nmy_arg[1] = n\n```\n```output\narg[1]\n```\n", false)
  t.eq(tutorial.takes_arguments "One.\n```lua\nn = tonumber(arg and arg[1])\n```\n", true)
end)

t.test("prose is filled to the terminal's width; tables and drawings stay", function()
  local shown = tutorial.rendered("# Head\n\none two three\nfour `five`\n\n- item one two\n  three\n\n| a | b c d e f g |\n\n    x   y", 12, false)
  t.eq(shown, "Head\n\none two\nthree four\nfive\n\n- item one\n  two three\n\n| a | b c d e f g |\n\n    x   y\n")
end)

t.test("an output without a cell, and an open block, are mistakes", function()
  local ok, why = pcall(tutorial.parse, "text\n```output\n1\n```\n")
  t.ok(not ok)
  t.contains(why, "line 2: an output block follows no cell")
  ok, why = pcall(tutorial.parse, "```lua\n1\n")
  t.ok(not ok)
  t.contains(why, "line 1: this block is not closed")
end)

t.test("an update rewrites what did not match, and nothing else", function()
  local printed
  local host = { evaluate = function() return printed .. "\n", "ok" end, incomplete = function() end, plain = function() end }
  local print_for_all = print
  print = function() end
  printed = "1"
  local _, same = tutorial.check("l", lesson, host, true)
  printed = "2\n3"
  local failed, changed = tutorial.check("l", lesson, host, true)
  local unchanged = tutorial.check("l", lesson, host)
  print = print_for_all
  t.eq(same, lesson)
  t.eq(failed, 0)
  t.eq(changed, (lesson:gsub("\n1\n", "\n2\n3\n")))
  t.eq(unchanged, 1)
end)

t.test("about: times may differ, words may not", function()
  local function failures(want, printed)
    local host = { evaluate = function() return printed, "ok" end, incomplete = function() end, plain = function() end }
    local print_for_all = print
    print = function() end
    local failed = tutorial.check("l", "```lua\nx\n```\n```output about\n" .. want .. "```\n", host)
    print = print_for_all
    return failed
  end
  local vanilla = "vanilla  73.1 ms  1  ██\n"
  t.eq(failures(vanilla, "vanilla    5.3 us  no difference ████\n"), 0)
  t.eq(failures(vanilla, "vanilla    5.3 us  no difference  [0.8, 1.21] ████\n"), 0)
  t.eq(failures(vanilla, "packed  73.1 ms  1  ██\n"), 1)
  t.eq(failures("vanilla  73.1 ms  ±1.5%  ██\n", "vanilla  73.1 ms  too noisy  ██\n"), 0)
  local tie = "   median  against a  % peak  speed\na  7 us  1  9.1  ██\nb  7 us  no difference  9.1  ██\n"
  t.eq(failures(tie, "   median     against a  % peak\na  7 us  1  -\nb  9 us  0.78x  [0.7, 0.8]  -\n"), 0)
  t.eq(failures(tie, tie .. "% peak is of one core\nrow 2 has no % peak: it may be higher\n"), 0)
  t.eq(failures(tie, tie .. "rows 1 and 2 have no % peak: it may be higher\n"), 0)
  t.eq(failures(tie, "   median  against b  % peak  speed\na  7 us  1  9.1\nb  7 us  no difference  9.1\n"), 1)
end)

t.test("an unknown lesson is named", function()
  t.raises("lesson_not_found", function() tour "no-such-lesson" end)
  t.raises("lesson_folder", function() tour("workbench", "/dev/null/x") end)
end)

t.test("the bench times the lesson's last rung", function()
  package.path = "bench/?.lua;" .. package.path
  local file <close> = assert(io.open "tutorials/computation.md")
  local trace = require "gemm".unrolled(256):trace "s"
  t.ok(file:read "a":find(trace, 1, true), "the lesson does not end with these steps:\n" .. trace)
end)

t.test("a lesson that goes on by itself leaves time for each screenful", function()
  local events = {}
  local host = { person = true, width = 80, height = 12, color = false,
    show = function(text) events[#events + 1] = text end,
    wait = function() events[#events + 1] = "wait" return false end,
    incomplete = function() return false end,
    evaluate = function() return ("a line\n"):rep(25), "ok" end }
  t.eq(tutorial.play("# Head\n```lua\nx\n```\n", host, false), true)
  local ten = ("a line\n"):rep(10)
  t.eq(table.concat(events, "|"),
    table.concat({ "Head\n\n", "wait", "tvm> x", "wait", "\n", ten, "wait", ten, "wait", ("a line\n"):rep(5), "wait", "\n" }, "|"))
end)

t.test("where a lesson's files are is said to whoever can look at them", function()
  local path <const> = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write "# Head\n"
  file:close()
  local function said(person, folder)
    local shown = ""
    local host = { person = person, width = 80, height = 12, color = false,
      show = function(text) shown = shown .. text end,
      wait = function() return false end, keys = function() end, path = function() return path end,
      enter = function(asked) return asked or "/tmp/lesson", "." end, leave = function() return false end }
    tutorial.tour(host, "workbench", false, folder)
    return shown
  end
  t.contains(said(true), "What the lesson wrote is in /tmp/lesson until you leave.")
  t.ok(not said(false):find "until you leave")
  t.contains(said(false, "mine"), "What the lesson wrote is in mine.")
  os.remove(path)
end)

t.test("a lesson within a lesson is refused; what is typed runs in the person's own folder", function()
  local path <const> = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write "```lua\nx\n```\n"
  file:close()
  local keys, stood, refused, host = { "t", "\n" }, "home", nil, nil
  host = { person = true, width = 80, height = 12, color = false,
    show = function() end, wait = function() return false end, keys = function() end,
    key = function() return table.remove(keys, 1) end, line = function() return "tutorial()" end,
    path = function() return path end, incomplete = function() return false end,
    enter = function() stood = "lesson" return "lesson", "home" end, leave = function() return true end,
    stand = function(folder) stood = folder end, refuse = function(name) refused = name error "refused" end,
    evaluate = function(input)
      t.eq(stood, input == "x" and "lesson" or "home")
      if input ~= "x" then t.ok(not pcall(tutorial.tour, host, "workbench", true)) end
      return "", "ok"
    end }
  t.eq(tutorial.tour(host, "model", true), true)
  os.remove(path)
  t.eq(refused, "model")
  t.eq(#keys, 0)
  local pipe <close> = io.popen(([[%s -e 'tvm.import = function() error(select(2, pcall(tour)).code) end; tour()' 2>&1]])
    :format(arg[-1]))
  t.contains(pipe:read "a", "lesson_inside")
end)

t.test("variables that a lesson replaces come back at its end, and are at hand where it is stopped", function()
  local path <const> = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write "```lua\nown = 'lesson'; new = 'lesson'\n```\nText.\n```lua\nown = 'lesson again'; typed = 'lesson'\n```\n"
  file:close()
  -- What is said at the end of the lesson, of which the person types `line` before its second cell.
  local function said(line, last)
    local keys, shown = { "\n", "x", last }, {}
    local host = { person = true, width = 200, height = 40, color = false,
      show = function(text) shown[#shown + 1] = text end, wait = function() return false end, keys = function() end,
      key = function() return table.remove(keys, 1) end, line = function() return line end, stand = function() end,
      path = function() return path end, incomplete = function() return false end,
      enter = function() return "lesson", "home" end, leave = function() return true end,
      evaluate = function(input) assert(load(input))() return "", "ok" end }
    tutorial.tour(host, "model", true)
    return shown[#shown]
  end
  own, new = 42, nil
  t.contains(said("typed = 7", "\n"), "; your own own, typed, which it replaced meanwhile, are back.")
  t.eq(own, 42)
  t.eq(typed, 7)
  t.eq(new, "lesson")
  t.contains(said("typed = nil", "q"), "It replaced your own own: before_tour.own is what that was.")
  t.eq(own, "lesson")
  t.eq(before_tour.own, 42)
  t.eq(said("typed = nil", "\n"), "The lesson ends here, and the session is yours.\n") -- all of that was a lesson's
  t.contains(said("own = false", "q"), "begins anew.\n")
  t.contains(said("own = false", "\n"), "; your own own, which it replaced meanwhile, is back.")
  t.eq(own, false)
  own, new, typed, before_tour = nil, nil, nil, nil
  os.remove(path)
end)

t.done()
