-- whatif.lua -- a script whose what-if does not end by itself, and which then goes on for ever.
local s = tvm.schedule(te [[ B[y, x] = A[y, x] * 2 ]](64, 64))
local w = tvm.whatif(function(q, p)
  q:split("x", p.n)
  if p.n == 2 then return end
  print "begun"
  io.stdout:flush()
  while true do end
end, { { "n", 2, 4 } }, s, { ["repeat"] = 3, min_repeat_ms = 0.1 })
print(w[1].name)
print "again"
io.stdout:flush()
while true do end
