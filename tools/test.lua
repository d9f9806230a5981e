-- test.lua [quick] [--update] [--list] [WORD…] -- run the jobs that test the project, count the tests.
--
-- A job is a command that prints a line for each test it holds, in the words of tests/README.md:
-- `ok NAME`, `not ok NAME`, `skip NAME: why`, or TAP as cmocka prints it. Jobs run side by side,
-- one a processor. A job that ends badly without naming a failed test, runs out of time, or holds
-- no test counts as one failed test. The last line is `N passed, N failed, N skipped`.
package.path = "tools/?.lua;" .. package.path
local files = require "files"

local quick, update, list_only, words = false, false, false, {}
for _, word in ipairs(arg) do
  if word == "quick" then quick = true
  elseif word == "--update" then update = true
  elseif word == "--list" then list_only = true
  elseif word:find "^%-" then error("test.lua: no option " .. word, 0)
  else words[#words + 1] = word end
end
-- Words choose jobs; the sanitizers' pass joins only a full run, or where a word begins with its name, and that for
-- threads only there.
local function wanted(name)
  if #words == 0 then return not (quick and name:find "^debug/") and not name:find "^tsan/" end
  local pass = name:match "^debug" or name:match "^tsan"
  for _, word in ipairs(words) do
    if name:find(word, 1, true) and (not pass or word:find(pass, 1, true) == 1) then return true end
  end
  return false
end

local jobs = {}
local function job(name, command, timeout)
  if wanted(name) then
    jobs[#jobs + 1] = { name = name, command = command, timeout = timeout or (quick and 60 or 300) }
  end
end

-- What a test's source says of itself in its first lines: `test: full` keeps it out of quick runs,
-- `test: release` out of the sanitizers' pass, `test: timeout 600` gives it more time, `test: cpu` has it run once more
-- with code for the oldest processor, and `test: threads` under the thread sanitizer where that is asked for.
local function marks(path)
  local found, number = {}, 0
  for line in io.lines(path) do
    number = number + 1
    local words_of = line:match "test: (.*)"
    if words_of then
      for _, mark in ipairs { "full", "release", "cpu", "threads" } do
        found[mark] = found[mark] or words_of:find(mark, 1, true) ~= nil
      end
      found.timeout = tonumber(words_of:match "timeout (%d+)") or found.timeout
    end
    if number == 10 then break end
  end
  return found
end

-- The programs and scripts of the tree, run from one build folder.
local function suites(prefix, folder)
  local program = folder .. "/tvmrepl"
  local function each(pattern, command)
    for _, path in ipairs(files.list(pattern)) do
      local m = marks(path)
      if not (quick and m.full) and not (prefix ~= "" and m.release) and (prefix ~= "tsan/" or m.threads) then
        local name = path:match "tests/(.*)%.%w+$"
        job(prefix .. name, command(path, name), m.timeout)
        if m.cpu and prefix == "" and not quick then job("x86-64/" .. name, "TVMREPL_MCPU=x86-64 " .. command(path, name), m.timeout) end
      end
    end
  end
  each("^tests/unit/[^/]+%.c$", function(_, name)
    return folder .. "/tests/unit-" .. name:match "[^/]+$"
  end)
  each("^tests/pty/[^/]+%.pty$", function(path)
    return ("%s/tests/pty-drive %s %s"):format(folder, program, path)
  end)
  each("^tests/lua/[^/]+%.lua$", function(path) return program .. " " .. path end)
  if prefix == "tsan/" then return end
  job(prefix .. "diff", ("%s/tests/diff --seed 1 --trials %d"):format(folder,
    quick and 300 or prefix == "" and 10000 or 600))
  job(prefix .. "doc", program .. " --doctest")
  for _, path in ipairs(files.list "^tutorials/[^/]+%.md$") do
    local lesson = path:match "([^/]+)%.md$"
    job(prefix .. "lesson/" .. lesson, ("%s tutorial %s %s"):format(program,
      update and prefix == "" and "--update" or "--check", lesson))
  end
  local golden = files.list "^tests/golden/[^/]+%.lua$"
  if #golden > 0 then
    job(prefix .. "golden", ("lua5.4 tools/golden.lua %s%s %s"):format(
      update and prefix == "" and "--update " or "", program, table.concat(golden, " ")))
  end
end

job("check/layers", "lua5.4 tools/check_layers.lua")
job("check/sizes", "lua5.4 tools/check_size.lua")
job("check/headers", "sh tools/check_headers.sh")
job("check/clang", "lua5.4 tools/check_clang.lua build" .. (quick and " quick" or ""))
if not quick then
  job("check/errors", "lua5.4 tools/check_errors.lua")
  job("check/format", "lua5.4 tools/check_format.lua")
  job("check/manual", "sh tools/check_manual.sh build/tvmrepl" .. (update and " --update" or ""))
end
suites("", "build")
if not quick then job("diff-mutants", "build/tests/diff --mutants --seed 3", 900) end -- each found with time to spare
local processor = io.open "/proc/cpuinfo"
if not quick and processor and processor:read "a":find "%f[%w]avx2%f[%W]" then -- without mask registers
  job("haswell/diff", "TVMREPL_MCPU=haswell build/tests/diff --seed 5 --trials 2000")
end
if not quick then job("diff-ptxas", "build/tests/diff --seed 5 --trials 3000 --ptxas") end
suites("debug/", "build-debug")
suites("tsan/", "build-tsan")

-- What may take longest starts first, so that no processor waits for it at the end.
for i, j in ipairs(jobs) do j.place = i end
table.sort(jobs, function(a, b)
  if a.timeout ~= b.timeout then return a.timeout > b.timeout end
  return a.place < b.place
end)

if list_only then
  for _, j in ipairs(jobs) do print(j.name) end
  os.exit(true)
end

-- Runs job number $1: standard output, complaints, then status and seconds, in files of its own.
local runner = [[
cd "$1"; shift; n=$1
start=$(date +%s%N)
timeout -k 5 "$(cat $n.limit)" sh -c 'cd "$1" && . "$2"' job "$OLDPWD" "$PWD/$n.cmd" \
  >$n.out 2>$n.err </dev/null
status=$?
echo "$status $(($(date +%s%N) - start))" >$n.end
echo $n
]]

local where = "build/test"
os.execute("rm -rf " .. where .. " && mkdir -p " .. where)
local numbers = {}
for i, j in ipairs(jobs) do
  files.write(("%s/%d.cmd"):format(where, i), j.command .. "\n")
  files.write(("%s/%d.limit"):format(where, i), tostring(j.timeout))
  numbers[i] = i
end
files.write(where .. "/runner.sh", runner)
files.write(where .. "/jobs", table.concat(numbers, "\n"))

-- The data shared between the project's checkouts, which is no part of it, lies beside the first.
local shared = os.getenv "TVMREPL_SHARED" or "../shared"
if not files.exists(shared .. "/ARCHITECTURE.md") then
  local git = files.lines_of("git rev-parse --git-common-dir 2>/dev/null")[1] or ".git"
  shared = git .. "/../../shared"
end
local environment = ("CMOCKA_MESSAGE_OUTPUT=TAP TVMREPL_TEST=%s TVMREPL_SHARED=%s LC_ALL=C.UTF-8 " ..
  "TSAN_OPTIONS=halt_on_error=1 UBSAN_OPTIONS=print_stacktrace=1 ASAN_OPTIONS=abort_on_error=0:allocator_may_return_null=1")
  :format(quick and "quick" or "full", files.quote(shared))

-- Counts the verdicts in what a job printed.
local function count(j, text)
  for line in text:gmatch "[^\n]+" do
    local verdict, rest = line:match "^(ok)%f[^%w](.*)"
    if not verdict then verdict, rest = line:match "^(not ok)%f[^%w](.*)" end
    if not verdict then verdict, rest = line:match "^(skip)%f[^%w](.*)" end
    if verdict == "skip" or (verdict and rest:find "# SKIP") then
      j.skipped = j.skipped + 1
      j.skips[#j.skips + 1] = rest:match "^%s*(.*)"
    elseif verdict == "ok" then
      j.passed = j.passed + 1
    elseif verdict then
      j.failed = j.failed + 1
    end
    j.planned = j.planned or tonumber(line:match "^1%.%.(%d+)$")
  end
end

local function tail(text, count_of)
  local lines = {}
  for line in text:gmatch "[^\n]+" do lines[#lines + 1] = line end
  return table.concat(lines, "\n    ", math.max(1, #lines - count_of + 1))
end

local function judge(i)
  local j = jobs[i]
  local base = ("%s/%d"):format(where, i)
  local out, complaints = files.read(base .. ".out"), files.read(base .. ".err")
  local status, took = files.read(base .. ".end"):match "(%d+) (%d+)"
  j.passed, j.failed, j.skipped, j.skips = 0, 0, 0, {}
  count(j, out)
  local why
  if tonumber(took) >= j.timeout * 1e9 and status ~= "0" then why = "no end within " .. j.timeout .. " s"
  elseif status ~= "0" and j.failed == 0 then why = "exit status " .. status
  elseif j.passed + j.failed + j.skipped == 0 then why = "it holds no test"
  elseif j.planned and j.planned > j.passed + j.failed + j.skipped then why = "tests are missing" end
  if why then j.failed = j.failed + 1 end
  print(("%-6s %-34s %4d passed%s%s  %6.2f s"):format(j.failed > 0 and "FAILED" or "ok", j.name,
    j.passed, j.failed > 0 and (", %d failed"):format(j.failed) or "",
    j.skipped > 0 and (", %d skipped"):format(j.skipped) or "", took / 1e9))
  for _, skip in ipairs(j.skips) do print("       skipped " .. skip) end
  if j.failed > 0 then
    print("  $ " .. j.command .. (why and "\n    " .. why or ""))
    if out ~= "" then print("    " .. tail(out, 40)) end
    if complaints ~= "" then print("    " .. tail(complaints, 40)) end
  end
  io.flush()
end

-- What a person has set for terminals, pagers and Lua is not asked.
local own = "unset COLUMNS LINES PAGER LESS LESSOPEN NO_COLOR LUA_INIT LUA_INIT_5_4 LUA_PATH LUA_CPATH"
local pipe = assert(io.popen(("%s; export %s; xargs -r -P $(nproc) -n 1 sh %s/runner.sh %s <%s/jobs")
  :format(own, environment, where, where, where)))
for line in pipe:lines() do judge(tonumber(line)) end
pipe:close()

local passed, failed, skipped = 0, 0, 0
for _, j in ipairs(jobs) do
  passed, skipped = passed + (j.passed or 0), skipped + (j.skipped or 0)
  failed = failed + (j.failed or 1)
end
print(("%d passed, %d failed, %d skipped"):format(passed, failed, skipped))
os.exit(failed == 0 and passed > 0)
