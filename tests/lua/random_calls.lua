-- 100,000 calls with random arguments, in processes of 5,000: each returns or raises, none crashes,
-- hangs or runs out of memory. Seeded, so a failure comes again.   test: timeout 900
local t = dofile "tests/check.lua"
local rounds, calls = t.quick and 1 or 20, t.quick and 2000 or 5000
for seed = 1, rounds do
  t.test(("%d random calls, seed %d"):format(calls, seed), function()
    local ok, how, status = os.execute(("d=$(mktemp -d) && cd $d && timeout 120 %s/%s " ..
      "%s/tests/random_calls.lua %d %d >/dev/null; s=$?; rm -rf $d; exit $s"):format(t.root, arg[-1],
      t.root, seed, calls))
    t.ok(ok, ("%s %s"):format(how, status))
  end)
end
t.done()
