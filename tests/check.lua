-- check.lua -- what the scripts in tests/lua need: named tests, comparisons, skipping.
local t = { quick = os.getenv "TVMREPL_TEST" ~= "full", failed = 0, run = 0 }

-- The folder of the project, in which tests are run.
t.root = io.popen("pwd"):read()

-- `value` as it is shown in a complaint.
local function shown(value)
  return type(value) == "string" and string.format("%q", value) or tostring(value)
end

-- Runs `body`; an error in it is a failed test, and the next one runs all the same.
function t.test(name, body)
  t.run = t.run + 1
  local ok, complaint = xpcall(body, function(e)
    return type(e) == "string" and debug.traceback(e, 2) or e
  end)
  if not ok then
    t.failed = t.failed + 1
    print(tostring(complaint))
  end
  print((ok and "ok " or "not ok ") .. name)
end

function t.skip(name, why)
  t.run = t.run + 1
  print("skip " .. name .. ": " .. why)
end

function t.ok(value, complaint)
  if not value then error(complaint or "expected a true value, got " .. shown(value), 2) end
  return value
end

function t.eq(got, want, complaint)
  if got ~= want then
    error(("%sgot %s, expected %s"):format(complaint and complaint .. ": " or "", shown(got),
      shown(want)), 2)
  end
end

-- `text` contains `part`, letter by letter.
function t.contains(text, part)
  if not tostring(text):find(part, 1, true) then
    error(("%s does not contain %s"):format(shown(tostring(text)), shown(part)), 2)
  end
end

function t.near(got, want, tolerance)
  if not (math.abs(got - want) <= tolerance) then
    error(("got %s, expected %s within %s"):format(got, want, tolerance), 2)
  end
end

-- ---- what errors advise -------------------------------------------------------------------------

-- The names after a colon that the manual lists.
local methods
local function is_method(name)
  if not methods then
    methods = {}
    for line in io.popen("'" .. arg[-1] .. "' --manual"):lines() do
      methods[line:match "^### `[%a_]+:([%a_]+)%(" or ""] = true
    end
  end
  return methods[name]
end

-- Is `path` something that can be called: tvm.parse, s:split, print?
local function callable(path)
  local method = path:match ":([%a_]+)$"
  if method then return is_method(method) or path:find "^b:" and pcall(tvm.op, method) end -- b builds graphs
  local value = _G
  for part in path:gmatch "[^.]+" do value = type(value) == "table" and rawget(value, part) end
  return type(value) == "function"
end

-- Runs `source` with the names in `values`; returns whether it ran, its complaint, and the first name in
-- it that is neither in `values` nor global: then it is a pattern for the reader to fill in.
local function follow(source, values)
  local unknown
  local names = setmetatable({ print = function() end }, { __index = function(_, name)
    local value = values[name]
    if value == nil then value = rawget(_G, name) end
    if value == nil then unknown = unknown or name end
    return value
  end })
  local chunk = load("return " .. source, "=fix", "t", names) or load(source, "=fix", "t", names)
  if not chunk then return false, nil, "…" end
  local ok, complaint = pcall(chunk)
  local found = not ok and type(complaint) == "userdata" and complaint.what == "check"
  return ok or found, complaint, unknown -- a check that finds something did what it was asked
end

-- Does as `fix` says: as a whole where it is Lua, else call by call, as far as `values` has what they speak of.
-- A schedule is forked first, so that the test goes on where it was.
local function check_fix(fix, values)
  local mine = {}
  for name, value in pairs(values) do
    local forked, fork = pcall(function() return value:fork() end)
    mine[name] = forked and fork or value
  end
  local function check(source, whole)
    local ok, complaint, unknown = follow(source, mine)
    if unknown and whole then error(("hand its '%s' to t.raises, so that the fix can be run: %s"):format(unknown, source), 0) end
    if not ok and not unknown then error(("its fix fails: %s\n%s"):format(source, tostring(complaint)), 0) end
  end
  if load(fix, "=fix", "t") then return check(fix, true) end
  fix = fix:gsub("te %[%[.-%]%]", function(text) check(text, true) return "" end)
  for before, path, at in fix:gmatch '(.?)%f[%a_]([%a_][%w_.]*:?[%a_]*)()' do
    local call = fix:match("^%b()", at) or fix:match("^%b{}", at) or fix:match('^ ?"[^"]*"', at)
    if before ~= '"' and ((call and not call:find '^ "') or path:find ":[%a_]") then
      if not callable(path) then error(("its fix speaks of %s, which is nothing to call: %s"):format(path, fix), 0) end
    end
    if call and callable(path) then check(path .. call) end
  end
end

-- `body` raises an error value whose code is `code`, and what its fix advises can be done; `values` are the
-- names that it may speak of, as in {s = schedule}. Returns the error.
function t.raises(code, body, values)
  local ok, raised = pcall(body)
  if ok then error("no error was raised, expected " .. code, 2) end
  local its = type(raised) ~= "string" and raised.code
  if its ~= code then
    error(("raised %s, expected the code %s"):format(tostring(raised), code), 2)
  end
  local followed, complaint = true, nil
  if type(raised) == "userdata" and raised.fix then
    followed, complaint = pcall(check_fix, raised.fix, values or {})
  end
  if not followed then error(("%s: %s"):format(code, tostring(complaint)), 2) end
  return raised
end

-- The path of a file in the shared data, or nil where it is absent.
function t.shared(path)
  local full = (os.getenv "TVMREPL_SHARED" or "../shared") .. "/" .. path
  local file <close> = io.open(full)
  return file and full
end

-- The last line of a script.
function t.done()
  os.exit(t.failed == 0 and t.run > 0)
end

return t
