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

-- `body` raises an error value whose code is `code`; returns the value.
function t.raises(code, body)
  local ok, raised = pcall(body)
  if ok then error("no error was raised, expected " .. code, 2) end
  local its = type(raised) ~= "string" and raised.code
  if its ~= code then
    error(("raised %s, expected the code %s"):format(tostring(raised), code), 2)
  end
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
