-- programs.lua -- the small programs on which tests of schedules take their steps, and whether steps keep their meaning.
--
--     local p = dofile "tests/programs.lua"
--     local s = p.schedule [[ A: float32[8]; B[y] = A[y] * 2; D[i] = B[i] + 1 ]]
--     s:reverse_compute_at("D", "y")
--     p.same(s)
--
-- A program of plain loops is written as equations, which become the nests that one would write out, named alike; all
-- others are written as text.
local p = {}

-- Called f, unless `name` is given.
function p.func(text, name)
  return text:find "^%s*func " and tvm.parse(text) or te.text(text, name or "f")
end

function p.schedule(text, name)
  return tvm.schedule(p.func(text, name))
end

-- C = AᵀB with y rows and x columns, sums over k.
function p.matmul(y, x, k)
  local text = "A: float32[%d, %d]; B: float32[%d, %d]; C[y, x] += A[k, y] * B[k, x]"
  return p.schedule(text:format(k, y, k, x), "matmul")
end

-- Random tensors for the parameters of a program: floats from -1 to 3, small integers, none of them negative.
function p.inputs(s)
  local out = {}
  for i, name in ipairs(s:names "buffers") do
    local b = s:buffer(name)
    if b.role == "parameter" then
      local float = b.dtype:find "float"
      out[#out + 1] = tvm.random(b.shape, b.dtype, { seed = i, lo = float and -1 or 0, hi = 3 })
    end
  end
  return table.unpack(out)
end

-- The schedule's program gives the bits that the one it began with gives.
function p.same(s)
  local want, got = { s:at(0):run(p.inputs(s)) }, { s:run(p.inputs(s)) }
  for i = 1, #want do
    if got[i] ~= want[i] then error(tostring(tvm.check(got[i], want[i])) .. "\n" .. s:ir(), 2) end
  end
end

return p
