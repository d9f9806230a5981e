-- 100,000 calls with random arguments, in processes of 5,000: each returns or raises, none crashes,
-- hangs or runs out of memory. Seeded, so a failure comes again. They run in a folder of their own, the script copied
-- there, for a call may write a file under any name that it has come across.   test: timeout 900
local t = dofile "tests/check.lua"
local rounds, calls = t.quick and 1 or 20, t.quick and 2000 or 5000
for seed = 1, rounds do
  t.test(("%d random calls, seed %d"):format(calls, seed), function()
    local ok, how, status = os.execute(("d=$(mktemp -d) && cp tests/random_calls.lua $d && cd $d && " ..
      "timeout 120 %s/%s random_calls.lua %d %d >/dev/null; s=$?; rm -rf $d; exit $s"):format(t.root, arg[-1], seed, calls))
    t.ok(ok, ("%s %s"):format(how, status))
  end)
end
t.done()
