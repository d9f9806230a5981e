-- fuzz.lua [TARGET…] [SECONDS] -- run the fuzz targets of tests/fuzz one after the other.
--
-- What a target has found interesting stays in build-fuzz/corpus/TARGET, so that the next run begins
-- where this one ends; it also starts from tests/fuzz/seeds/TARGET and from
-- what tests/fuzz/TARGET.seeds.sh puts there. An input that crashes, hangs (10 s)
-- or takes more than 2 GiB is kept in build-fuzz/found and named.
package.path = "tools/?.lua;" .. package.path
local files = require "files"

local seconds, chosen = 600, {}
for _, word in ipairs(arg) do
  if tonumber(word) then seconds = tonumber(word) else chosen[#chosen + 1] = word end
end
if #chosen == 0 then
  for _, path in ipairs(files.list "^tests/fuzz/[^/]+%.c$") do
    chosen[#chosen + 1] = path:match "([^/]+)%.c$"
  end
end

local passed, failed = 0, 0
for _, name in ipairs(chosen) do
  local corpus, seeds = "build-fuzz/corpus/" .. name, "tests/fuzz/seeds/" .. name
  if files.exists("tests/fuzz/" .. name .. ".seeds.sh") then
    os.execute(("mkdir -p %s && sh tests/fuzz/%s.seeds.sh %s"):format(corpus, name, corpus))
  end
  local log = "build-fuzz/" .. name .. ".log"
  local dictionary = "tests/fuzz/" .. name .. ".dict"
  os.execute(("mkdir -p %s build-fuzz/found build-fuzz/scratch"):format(corpus))
  print(("fuzz %s for %d s; log in %s"):format(name, seconds, log))
  local here = files.lines_of("pwd")[1]
  local function absolute(path) return files.quote(here .. "/" .. path) end
  local ok = os.execute(("cd build-fuzz/scratch && ../tests/fuzz-%s -max_total_time=%d -timeout=10 " ..
    "-rss_limit_mb=2048 -max_len=65536 -artifact_prefix=%s %s %s %s >%s 2>&1"):format(name, seconds,
    absolute("build-fuzz/found/" .. name .. "-"),
    files.exists(dictionary) and "-dict=" .. absolute(dictionary) or "", absolute(corpus),
    os.execute("test -d " .. seeds) and absolute(seeds) or "", absolute(log)))
  local runs = files.read(log):match "Done (%d+) runs"
  if ok and runs then
    passed = passed + 1
    print(("ok fuzz/%s: %s runs"):format(name, runs))
  else
    failed = failed + 1
    print(table.concat(files.lines_of("grep -A24 -m1 'ERROR:\\|runtime error\\|does not parse\\|bad program' " .. log .. "; tail -n 3 " .. log), "\n"))
    print("not ok fuzz/" .. name)
  end
end
print(("%d passed, %d failed, 0 skipped"):format(passed, failed))
os.exit(failed == 0 and passed > 0)
