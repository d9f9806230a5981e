-- tutorial.lua -- lessons: Markdown with cells of Lua that are run, checked, and played.
--
-- A cell is a ```lua block, whose lines are inputs of the prompt, as a person would type them: an input
-- goes on while it is no whole chunk. The ```output block that follows says what they print: step
-- lines, the value of an input's last expression, an error. In that text `…`
-- stands for anything within a line, and a line of `…` alone for any lines. In an ```output about
-- block, which shows times, all numbers, units of time and bars may be others. A cell without an
-- output block may print what it likes, but must not fail. A block opened by another word (```sh)
-- is prose.
--
-- `host` (repl/tutorial.c) runs and shows: host.plain(fits) makes what is printed the same everywhere;
-- host.stand(folder) goes to a folder; host.refuse(name) says that this lesson is being played;
-- host.evaluate(input) returns what was printed and how it went ("ok", "error", "syntax",
-- "interrupted"); host.incomplete(input) says that it goes on; host.show(text) writes for a person;
-- host.keys() lets single keys through until the lesson is over; host.wait(seconds) returns true if a
-- key was pressed, host.key() the next key; host.color says whether escapes are welcome, host.person
-- whether somebody sits at a terminal, host.width and host.height how large that is.
local tutorial = {}

-- The pieces of a lesson in order: {kind = "prose" | "cell", text, line, want}.
function tutorial.parse(markdown)
  local pieces, prose, line_number = {}, {}, 0
  local fence, word, about, body, opened

  local function end_prose()
    local text = table.concat(prose, "\n"):gsub("^%s*\n", ""):gsub("%s+$", "")
    if text ~= "" then pieces[#pieces + 1] = { kind = "prose", text = text } end
    prose = {}
  end
  local function end_block()
    local text, last = table.concat(body, "\n"), pieces[#pieces]
    if word == "lua" then
      end_prose()
      pieces[#pieces + 1] = { kind = "cell", text = text, line = opened }
    elseif word == "output" then
      if #prose > 0 and table.concat(prose):find "%S" or not last or last.kind ~= "cell" or last.want then
        error(("line %d: an output block follows no cell"):format(opened), 0)
      end
      last.want, last.want_line, last.about = text, opened, about == "about"
    else
      table.move(body, 1, #body, #prose + 1, prose)
    end
    fence = nil
  end

  for line in (markdown .. "\n"):gmatch "(.-)\r?\n" do
    line_number = line_number + 1
    if fence then
      if line:match "^(`+)%s*$" == fence then end_block() else body[#body + 1] = line end
    else
      fence, word, about = line:match "^(```+)%s*(%w*)%s*(%w*)"
      if fence then body, opened = {}, line_number else prose[#prose + 1] = line end
    end
  end
  if fence then error(("line %d: this block is not closed"):format(opened), 0) end
  end_prose()
  return pieces
end

-- Does a cell of the lesson read what follows its name? What its prose says of `arg[1]` is nothing to it.
function tutorial.takes_arguments(markdown)
  for _, piece in ipairs(tutorial.parse(markdown)) do
    if piece.kind == "cell" and piece.text:find "%f[%w_]arg%[" then return true end
  end
  return false
end

local function lines_of(text)
  local lines = {}
  for line in (text:gsub("%s+$", "") .. "\n"):gmatch "(.-)%s*\n" do lines[#lines + 1] = line end
  return lines
end

-- Does one line match, where `…` in `want` stands for anything? Greedy from the left is enough: each
-- part between two `…` may as well stand at its first place.
local function line_matches(want, got)
  local parts = {}
  for part in (want .. "…"):gmatch "(.-)…" do parts[#parts + 1] = part end
  if #parts == 1 then return want == got end
  if got:sub(1, #parts[1]) ~= parts[1] then return false end
  local at = #parts[1] + 1
  for i = 2, #parts - 1 do
    local _, stop = got:find(parts[i], at, true)
    if not stop then return false end
    at = stop + 1
  end
  local last = parts[#parts]
  return #got - #last + 1 >= at and got:sub(#got - #last + 1) == last
end

-- Does `got` say what `want` says? The same idea one level up: between two lines of `…` stands a run
-- of lines, which may as well be found at its first place.
function tutorial.matches(want, got)
  local wanted, printed = lines_of(want), lines_of(got)
  local runs = { {} }
  for _, line in ipairs(wanted) do
    if line == "…" then runs[#runs + 1] = {} else table.insert(runs[#runs], line) end
  end
  local function stands_at(run, at)
    for i, line in ipairs(run) do
      if not printed[at + i - 1] or not line_matches(line, printed[at + i - 1]) then return false end
    end
    return true
  end
  if not stands_at(runs[1], 1) then return false end
  if #runs == 1 then return #printed == #wanted end
  local at = #runs[1] + 1
  for i = 2, #runs - 1 do
    while not stands_at(runs[i], at) do
      at = at + 1
      if at > #printed then return false end
    end
    at = at + #runs[i]
  end
  local last = #printed - #runs[#runs] + 1
  return last >= at and stands_at(runs[#runs], last)
end

-- What times, and the machine that they were taken on, decide of a text, and what it is taken as.
local DECIDED_BY_TIMES = {
  { "\n%?  is more than [^\n]*", "" }, -- whether a part of the peak is one
  { "\n%% peak[: ][^\n]*", "" }, -- whether the peak is in doubt, and of how many cores it is
  { "\nrows? [^\n]- no %% peak: [^\n]*", "" }, -- so much in doubt that it is not told
  { "\nthese runs waited [^\n]*", "" },
  { "  speed\n", "\n" }, -- whether bars have room, which long intervals take from them
  { "\u{2588}", "" },
  { " [?-]%f[%s]", " #" }, -- no number
  { "[%d.]+", "#" },
  { "# [nuµm]*s%f[%A]", "# s" },
  { "#[×x]", "#" },
  { "no difference", "#" },
  { "too noisy", "±#%%" },
  { "# *%[#, #%]", "#" },
  { "[ \t]+", " " },
}

-- What is left of a text where times stand: words and the order of things.
local function without_numbers(text)
  for _, rule in ipairs(DECIDED_BY_TIMES) do text = text:gsub(rule[1], rule[2]) end
  return text
end

local function indented(text)
  return (("\n" .. text):gsub("\n", "\n    "):gsub("^\n", ""))
end

-- The inputs of a cell.
local function inputs(cell, host)
  local list, open = {}, nil
  for line in (cell .. "\n"):gmatch "(.-)\n" do
    if open or line:find "%S" then
      open = open and open .. "\n" .. line or line
      if not host.incomplete(open) then
        list[#list + 1] = open
        open = nil
      end
    end
  end
  list[#list + 1] = open
  return list
end

-- Runs a cell's inputs until one fails; returns all that was printed and how the last went.
local function run(cell, host)
  local printed, text, status = {}, nil, "ok"
  for _, input in ipairs(inputs(cell, host)) do
    text, status = host.evaluate(input)
    printed[#printed + 1] = text
    if status ~= "ok" then break end
  end
  return table.concat(printed), status
end

-- Runs every cell, prints a verdict for each (`ok NAME cell 3, line 20`), and returns how many failed.
-- With `update`, also returns the Markdown in which the outputs that did not match are what was
-- printed.
function tutorial.check(name, markdown, host, update)
  local failed, cells, changes = 0, 0, {}
  for _, piece in ipairs(tutorial.parse(markdown)) do
    if piece.kind == "cell" then
      cells = cells + 1
      host.plain(update or not piece.about) -- whether a table of times fits, the times decide
      local printed, status = run(piece.text, host)
      local same = piece.about and without_numbers or function(text) return text end
      local said = piece.want and tutorial.matches(same(piece.want), same(printed))
      if update and piece.want and not said then
        changes[piece.want_line] = printed
        said = true
      end
      local good = said or (status == "ok" and not piece.want)
      if not good then
        failed = failed + 1
        print(indented(piece.text) .. "\n  printed\n" .. indented(printed))
        if piece.want then print("  expected\n" .. indented(piece.want)) end
      end
      print(("%s %s cell %d, line %d"):format(good and "ok" or "not ok", name, cells, piece.line))
    end
  end
  return failed, update and tutorial.with_outputs(markdown, changes)
end

-- `markdown` with the blocks that open at the lines in `changes` replaced.
function tutorial.with_outputs(markdown, changes)
  local out, number, skipping = {}, 0, nil
  for line in markdown:gmatch "([^\n]*)\n?" do
    number = number + 1
    if skipping and line:match "^(`+)%s*$" == skipping then skipping = nil end
    if not skipping then out[#out + 1] = line end
    if changes[number] then
      skipping = line:match "^(`+)"
      out[#out + 1] = (changes[number]:gsub("%s+$", ""))
    end
  end
  return (table.concat(out, "\n"):gsub("\n*$", "\n"))
end

-- How wide a text stands; the name of a folder may be no UTF-8.
local function cells(text)
  return utf8.len(text) or #text
end

-- A paragraph in lines of at most `width` letters, the further ones indented.
local function filled(text, width, indent)
  local lines, line = {}, nil
  for word in text:gmatch "%S+" do
    if line and cells(line) + 1 + cells(word) <= width then
      line = line .. " " .. word
    else
      lines[#lines + 1] = line
      line = (line and indent or "") .. word
    end
  end
  lines[#lines + 1] = line
  return table.concat(lines, "\n")
end

-- Prose as a terminal of that width shows it: headings and code stand out, marks of emphasis go. Tables
-- and what is indented stay as they are.
function tutorial.rendered(text, width, color)
  local function styled(code, inner)
    return color and ("\27[%sm%s\27[0m"):format(code, inner) or inner
  end
  local out, paragraph, indent = {}, {}, ""
  local function end_paragraph()
    if #paragraph > 0 then
      local plain = table.concat(paragraph, " "):gsub("!%[(.-)%]%b()", "%1"):gsub("%[(.-)%]%b()", "%1")
      out[#out + 1] = filled(plain, width, indent):gsub("%*%*(.-)%*%*", function(s) return styled("1", s) end)
        :gsub("`([^`]+)`", function(s) return styled("36", s) end)
    end
    paragraph, indent = {}, ""
  end
  for line in (text .. "\n"):gmatch "(.-)\n" do
    local heading, item = line:match "^#+%s+(.*)", line:match "^%s*[-*] " or line:match "^%s*%d+%. "
    if heading or item or line:find "^|" or (line:find "^  " and #paragraph == 0) or line == "" then end_paragraph() end
    if heading then
      out[#out + 1] = styled("1", filled(heading, width, "  "))
    elseif item or (line ~= "" and not line:find "^|" and (#paragraph > 0 or not line:find "^  ")) then
      if item then indent = (" "):rep(#item) end
      paragraph[#paragraph + 1] = line
    else
      out[#out + 1] = line
    end
  end
  end_paragraph()
  return table.concat(out, "\n") .. "\n"
end

-- Says a sentence of our own to whoever plays the lesson, in lines that a terminal does not break.
local function say(host, text)
  host.show((host.person and filled(text, host.width, " ") or text) .. "\n")
end

-- As a person would have typed it.
local function typed(input)
  return (("tvm> " .. input):gsub("\n", "\n...> "))
end

-- Time to read a text; returns true if a key was pressed meanwhile.
local function reading(host, text)
  local _, words = text:gsub("%S+", "")
  return host.wait(math.min(0.4 + words * 0.06, 5))
end

-- The pieces of a text of which each fits on the screen, with a line of what stood before it.
local function screenfuls(host, text)
  local most, lines, pieces = math.max(host.height - 2, 5), 0, { "" }
  for line in text:gmatch "[^\n]*\n?" do
    if lines == most then
      pieces[#pieces + 1], lines = "", 0
    end
    pieces[#pieces], lines = pieces[#pieces] .. line, lines + 1
  end
  return pieces
end

-- How a lesson goes on by itself: each function returns true if the person wants to stop it. What is longer than the
-- screen comes in parts, so that nothing scrolls away before it was read.
local function by_itself(host)
  return {
    show = function(text)
      for _, piece in ipairs(host.person and screenfuls(host, text) or { text }) do
        host.show(piece)
        if reading(host, piece) then return true end
      end
      return false
    end,
    run = function() return host.wait(0.4) end,
  }
end

-- The lesson that is played in a folder of its own: {name, folder, back, stays}, that folder, the one to return
-- to, and whether the person named it.
local inside

-- What lessons left in variables, by name: nobody misses that; and what they replaced of the person's own in the lesson
-- that is played: {value} by name.
local left, replaced = setmetatable({}, { __mode = "v" }), {}
local seen -- the variables before the lesson's input that runs

-- Takes notes of what the lesson's input did to variables.  `_`, the last value, is nobody's own.
local function note_changes()
  for name, value in next, seen or {} do
    local now = rawget(_G, name)
    if name ~= "_" and not rawequal(now, value) and not rawequal(left[name], value) and not replaced[name] then
      replaced[name] = { value }
    end
  end
  for name, value in next, _G do
    if seen and not rawequal(seen[name], value) then left[name] = value end
  end
  seen = nil
end

-- Runs an input of the lesson.
local function evaluate_lesson(host, input)
  seen = {}
  for name, value in next, _G do seen[name] = value end
  local printed, status = host.evaluate(input)
  note_changes()
  return printed, status
end

-- The names of the variables that were the person's own before the lesson, with commas between; nil where there is none.
local function replaced_names()
  note_changes()
  local names = {}
  for name in pairs(replaced) do names[#names + 1] = tostring(name) end
  table.sort(names)
  return #names > 0 and table.concat(names, ", ") or nil
end

-- Gives the person's variables back; what is said of it, or "".
local function give_back()
  local names = replaced_names()
  for name, own in pairs(replaced) do
    if rawequal(rawget(_G, name), left[name]) then rawset(_G, name, own[1]) end
  end
  replaced = {}
  return names and ("; your own %s, which it replaced meanwhile, %s back"):format(names, names:find "," and "are" or "is") or ""
end

-- Leaves the lesson's variables, and what they replaced in a table that has a name of its own; what is said of it, or "".
local function keep_replaced()
  local names = replaced_names()
  if not names then return "" end
  local place, n, own = "before_tour", 1, {}
  while rawget(_G, place) ~= nil do
    n = n + 1
    place = "before_tour" .. n
  end
  for name, value in pairs(replaced) do own[name] = value[1] end
  rawset(_G, place, own)
  replaced = {}
  return (" It replaced your own %s: %s.%s is what that was."):format(names, place, names:match "^[^,]+")
end

-- Runs an input of the person's own, in the person's own folder.
local function evaluate_own(host, line)
  if inside then host.stand(inside.back) end
  host.show((host.evaluate(line)))
  if inside then host.stand(inside.folder) end
end

-- Runs what the person types in between, of which the first key is there, in the same session; the lesson's
-- own input stands below it again, whole if the person is not `used` to that. Returns true if the person wants
-- to stop.
local function answer_line(host, key, input, used)
  host.show "\n"
  local line = host.line(key)
  if not line then return true end
  if line:find "%S" then evaluate_own(host, line) end
  host.show "\n"
  if used then
    host.show("(Enter goes on, q stops)\n" .. typed(input:gsub("\n.*", " …")))
  else
    say(host, "(the lesson goes on: Enter runs its next cell, q stops)")
    host.show(typed(input))
  end
  return false
end

-- How it goes on at the person's pace: the first input of a cell stands there until a key runs the cell.
local function at_your_pace(host)
  local used = false
  return {
    show = function(text)
      host.show(text)
      host.wait(0) -- a key that was pressed while a cell ran means nothing
      return false
    end,
    run = function(first, input)
      if not first then return false end
      while true do
        local key = host.key()
        if key == "\n" or key == "\r" or key == " " then return false end
        if not key or key == "q" then
          host.wait(0)
          return true
        elseif key:find "%c" then -- Tab, an arrow: nothing that begins an input
          host.wait(0)
        elseif answer_line(host, key, input, used) then
          return true
        else
          used = true
        end
      end
    end,
  }
end

-- Plays a cell; returns as tutorial.play does.
local function play_cell(piece, host, pace)
  for i, input in ipairs(inputs(piece.text, host)) do
    host.show(typed(input))
    local stops = pace.run(i == 1, input)
    host.show "\n"
    if stops then return false end
    local printed, status = evaluate_lesson(host, input)
    if status == "interrupted" or (status ~= "ok" and not piece.want) then
      host.show(printed)
      return false, status
    end
    if pace.show(printed) then return false end
  end
  host.show "\n"
  return true
end

-- Plays a lesson: prose, cells and what they print, with time to read where somebody sits there, or, when
-- `stepping`, a cell for each key.  Returns true at the end; false if the person stopped it; false and how it
-- went if Ctrl-C was pressed, or if a cell failed that should not.
function tutorial.play(markdown, host, stepping)
  local pace = (stepping and at_your_pace or by_itself)(host)
  for _, piece in ipairs(tutorial.parse(markdown)) do
    if piece.kind == "cell" then
      local ended, status = play_cell(piece, host, pace)
      if not ended then return false, status end
    else
      if pace.show(tutorial.rendered(piece.text, math.min(host.width, 90), host.color) .. "\n") then return false end
    end
  end
  return true
end

local function read(path)
  local file <close> = assert(io.open(path))
  return file:read "a"
end

local function leave_folder(host)
  local folder, back, stays = inside.folder, inside.back, inside.stays
  inside = nil
  local gone = host.leave(folder, back, stays)
  if not gone then return folder, stays end
end

-- Calls body() in the folder of the lesson of that name; comes back also from an error, but not from an
-- interruption, which passes every pcall.
local function in_own_folder(host, name, asked, body)
  local folder, back = host.enter(asked)
  inside = { name = name, folder = folder, back = back, stays = asked ~= nil }
  local results = table.pack(pcall(body))
  local written, stays = leave_folder(host)
  if not results[1] then error(results[2], 0) end
  return written, stays, table.unpack(results, 2, results.n)
end

-- Where nobody sits at a terminal nobody stays, and what does not stay is gone before it is looked at.
local function say_folder(host, folder, stays)
  if folder and (stays or host.person) then
    say(host, ("What the lesson wrote is in %s%s."):format(folder, stays and "" or " until you leave"))
  end
end

-- How the lesson is asked for: tour(), tutorial "model".
local function call_of(name, stepping)
  return (stepping and "tutorial" or "tour") .. (name == "workbench" and "()" or (' "%s"'):format(name))
end

-- What a person reads who stopped a lesson.
function tutorial.taken_over(host, name, stepping)
  if inside then say_folder(host, leave_folder(host)) end
  say(host, ("The session is yours, with all that the lesson made. %s begins anew.%s"):format(call_of(name, stepping),
    keep_replaced()))
end

local how_to = {
  [true] = "(Enter runs the next cell; q stops here, and all that the lesson made stays; what you type runs in between, in your own folder)",
  [false] = "(any key stops the lesson; all that it made stays. %s waits for Enter)",
}

-- Plays a lesson in the session that asks for it.
function tutorial.tour(host, name, stepping, folder)
  if inside then host.refuse(inside.name) end
  local markdown = read(host.path(name))
  seen, replaced = nil, {}
  if host.person then
    say(host, how_to[stepping]:format(call_of(name, true)))
    host.show "\n"
  end
  host.keys()
  local written, stays, ended, status = in_own_folder(host, name, folder, function()
    return tutorial.play(markdown, host, stepping)
  end)
  say_folder(host, written, stays)
  if ended then
    say(host, ("The lesson ends here%s%s."):format(host.person and ", and the session is yours" or "", give_back()))
  elseif status and status ~= "interrupted" then
    say(host, "The lesson stops here: its last input failed. The session is yours." .. keep_replaced())
  else
    tutorial.taken_over(host, name, stepping)
  end
  return ended, status
end

local function check_all(host, names, update)
  local failed = 0
  for _, name in ipairs(names) do
    local path = host.path(name)
    local written, _, count = in_own_folder(host, name, nil, function()
      local count, text = tutorial.check(name, read(path), host, update)
      if text then
        local part <close> = assert(io.open(path .. ".part", "w"))
        assert(part:write(text))
        assert(part:close())
        assert(os.rename(path .. ".part", path))
      end
      return count
    end)
    if written then host.remove(written) end
    failed = failed + count
  end
  return failed == 0 and 0 or 1
end

local function list(host)
  for name in host.names():gmatch "[^, ]+" do
    host.show(("%-14s %s\n"):format(name, read(host.path(name)):match "#%s*([^\n]*)"))
  end
  host.show "tvmrepl tutorial NAME plays one, a cell for each Enter; workbench is the first\n"
  return 0
end

-- `tvmrepl tutorial …`; returns the exit code, or the name of the lesson that the prompt begins with. What
-- follows that name is in `arg`, as for scripts.
function tutorial.main(host, ...)
  local words = { ... }
  local checking, update = words[1] == "--check", words[1] == "--update"
  if #words == 0 then return list(host) end
  if checking or update then
    table.remove(words, 1)
    if #words == 0 then
      for name in host.names():gmatch "[^, ]+" do words[#words + 1] = name end
    end
    arg = {}
    return check_all(host, words, update)
  end
  arg = table.move(words, 2, #words, 1, {})
  local known = (", " .. host.names() .. ", "):find(", " .. words[1] .. ", ", 1, true)
  if arg[1] and known and not tutorial.takes_arguments(read(host.path(words[1]))) then
    io.stderr:write(("tvmrepl: tutorial: '%s' is given to the lesson %s, which takes nothing\n"):format(arg[1], words[1]))
    return 2
  end
  if host.person then return words[1] end
  local ended, status = tutorial.tour(host, words[1], false)
  return ended and 0 or status == "interrupted" and 130 or 1
end

return tutorial
