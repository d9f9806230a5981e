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

t.done()
