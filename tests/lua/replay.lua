-- replay.lua -- what the differential tester prints of a failure shows it: with the mistake that it found, and not without.
-- test: full release
-- test: timeout 600
local t = dofile "tests/check.lua"
local folder = arg[-1]:gsub("[^/]*$", "")
local gpu = ("PRETENDED_SM=90 LD_LIBRARY_PATH=%stests/fakes "):format(folder) -- a pretended one

local function output(command, ...)
  local pipe = io.popen(command:format(...))
  local text = pipe:read "a"
  return text, pipe:close()
end

-- The smallest script for what a trial finds while the mistake is planted.
local function script_of(mutant)
  local text = output("%stests/diff --seed 1 --seconds 60 --mutant %s", folder, mutant)
  local script = t.ok(text:match "the smallest that fails likewise:\n(.-os%.exit[^\n]*\n)", text)
  local path = os.tmpname()
  local file <close> = io.open(path, "w")
  file:write(script)
  return path, script
end

-- Which part is guilty; of a step that should have been refused, the product says so.
for mutant, guilty in pairs {
  split_guard_wide = "schedule", reorder_unchecked = "schedule", copy_unproven = "schedule", barrier_missing = "schedule", hoist_past_store = "lowering",
  window_not_rebased = "lowering", tail_dropped = "lowering", tail_too_short = "lowering", emit_shift_unsigned = "codegen", emit_tail_dropped = "codegen",
  emit_axis_wrong = "ptx",
} do
  t.test(mutant .. " shows in what is printed of it", function()
    local path, script = script_of(mutant)
    local _, steps = script:gsub("\ns:", "")
    t.contains(script, "-- " .. guilty)
    t.ok(steps <= 5, script)
    local text, right = output(gpu .. "TVMREPL_MUTANT=%s %stests/tvmrepl-planted %s 2>&1", mutant, folder, path)
    t.ok(not right, text)
    for _, program in ipairs { "tests/tvmrepl-planted", "tvmrepl" } do
      text, right = output(gpu .. "%s%s %s 2>&1", folder, program, path)
      local refused = mutant == "reorder_unchecked" and "REFUSED reorder" or mutant == "copy_unproven" and "REFUSED cache_write"
      t.ok(right or (refused and text:find(refused)), program .. ": " .. text)
    end
    os.remove(path)
  end)
end

t.test("a file that is no script is no saved schedule, and a script that Lua cannot read says where", function()
  local s, path = tvm.schedule(te("C[y] = A[y] * 2")(64)), os.tmpname()
  local function loading(name, bytes)
    local file <close> = assert(io.open(name, "wb"))
    file:write(bytes)
    file:close()
    return function() s:load(name) end
  end
  local writes <const> = 's:save "steps.lua" writes steps, which s:load takes again'
  for ending, said in pairs { [".svg"] = "a picture", [""] = "something else", [".lua"] = "a script", [".md"] = "something else" } do
    local name = path .. ending
    for _, bytes in ipairs { "\x89PNG\r\n\x1a\n\0 ... <svg", "# A text\n\nof words" } do
      local e = t.raises("steps_foreign", loading(name, bytes))
      t.eq(e.why, ("%s is %s, not the steps of a schedule"):format(name, said))
      t.eq(e.fix, writes)
    end
    os.remove(name)
  end
  tvm.zeros({ 4, 4 }, "uint8"):save(path .. ".png")
  for name, reader in pairs { [path .. ".png"] = "tvm.load", ["tutorials/models/digits.onnx"] = "tvm.import" } do
    t.eq(t.raises("steps_foreign", function() s:load(name) end, { s = s }).fix, ("%s %q"):format(reader, name))
  end
  os.remove(path .. ".png")
  local ok, e = pcall(loading(path, "local s = ...\ns:split(\n"))
  t.ok(not ok and tostring(e):find("unexpected symbol near", 1, true), tostring(e))
  os.remove(path)
end)

t.done()
