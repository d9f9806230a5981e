-- fused.lua -- lanes of a fused loop: quotient and remainder of one number are one index again.
-- test: cpu
local t, p = dofile "tests/check.lua", dofile "tests/programs.lua"

-- How often the code gathers, scatters or divides.
local function detours(s, target)
  local n = 0
  for _, word in ipairs { "call [^\n]*masked.gather", "call [^\n]*masked.scatter", " [su]div ", " [su]rem " } do
    n = n + select(2, s:llvm_ir(target):gsub(word, ""))
  end
  return n
end

-- The loops as one, cut into vectors.
local function in_lanes(text, loops, lanes)
  local s = tvm.schedule(type(text) == "string" and te.text(text, "f") or text)
  if #loops > 1 then s:fuse(loops) end
  s:split(table.concat(loops, "_"), lanes, "o", "v")
  s:vectorize "v"
  return s
end

local function same_everywhere(s)
  local args = table.pack(p.inputs(s))
  local want = s:at(0):build "interp":run(table.unpack(args))
  for _, target in ipairs { "llvm", "llvm -mcpu=x86-64", "llvm -mcpu=haswell", "llvm -check" } do
    t.ok(s:build(target):run(table.unpack(args)) == want, target .. " differs:\n" .. tostring(s:lowered()))
  end
end

local function plain(dtype, ...)
  local shape, index = table.concat({ ... }, ","), table.concat({ "c", "y", "x" }, ",", 4 - select("#", ...))
  return ("A: %s[%s]; B: %s[%s]; C[%s] = A[%s]*2 + B[%s]"):format(dtype, shape, dtype, shape, index, index, index)
end

t.test("a vector that crosses the ends of rows is read and written as a run", function()
  for _, case in ipairs {
    { plain("float32", 100, 300), { "y", "x" }, 16 },
    { plain("float32", 7, 9), { "y", "x" }, 16 },
    { plain("int8", 7, 45), { "y", "x" }, 32 },
    { plain("float64", 13, 28), { "y", "x" }, 8 },
    { plain("float32", 3, 10, 33), { "c", "y", "x" }, 16 },
    { plain("float32", 5, 13, 7), { "y", "x" }, 16 },
    { plain("float32", 10, 8, 33), { "c", "y", "x" }, 8 }, -- c is o//33
    { plain("int16", 4, 28, 28), { "c", "y", "x" }, 16 },
    { plain("float32", 10, 8, 12), { "c", "y", "x" }, 4 }, -- x is o%3*4 + v
    { "A: float32[5,14,14]; b: float32[5]; C[c,y,x] = max(A[c,y,x] + b[c], 0)", { "y", "x" }, 32 },
    { "I: float32[8,28,28]; W: float32[4,8]; O[f,y,x] += I[k,y,x] * W[f,k]", { "y", "x" }, 16 },
  } do
    local s = in_lanes(case[1], case[2], case[3])
    t.eq(detours(s), 0, case[1])
    same_everywhere(s)
  end
end)

t.test("dimensions in the middle, and rows of which a part is used, are what they were", function()
  for _, case in ipairs {
    { "A: float32[5,28,28]; B: float32[28,28]; C[c,y,x] = A[c,y,x] + B[y,x]", { "c", "y", "x" }, 16 },
    { "A: float32[30,30]; W: float32[3,3]; O: float32[28,28]; O[y,x] += A[y+i,x+j] * W[i,j]", { "y", "x" }, 16 },
    { "A: float32[9,30]; C: float32[9,15]; C[y,x] = A[y,2*x] + A[y,2*x+1]", { "y", "x" }, 8 },
    { "A: float32[9,7,4]; C[y,x,c] = A[y,x,c] + 1", { "y", "x" }, 8 },
    { "A: float32[9,7]; C[x,y] = A[y,x] + 1", { "x", "y" }, 8 },
    { "A: float32[9,7]; B: float32[9,11]; C: float32[9,7]; C[y,x] = A[y,x] + B[y,x]", { "y", "x" }, 8 },
  } do
    same_everywhere(in_lanes(case[1], case[2], case[3]))
  end
end)

t.test("an index written as quotient and remainder is one, with what is added to it", function()
  local function flat(n, rows, row, index)
    return te.func("flat", function()
      local A = te.placeholder({ rows, row }, "float32", "A")
      return te.compute({ n }, function(i) return A(index(i)) end, "B")
    end)()
  end
  local s = in_lanes(flat(300, 20, 15, function(i) return i // 15, i % 15 end), { "i" }, 16)
  t.eq(detours(s), 0)
  same_everywhere(s)
  s = in_lanes(flat(290, 20, 15, function(i) return (i + 1) // 15, (i + 1) % 15 end), { "i" }, 16)
  t.eq(detours(s), 0)
  same_everywhere(s)
  s = in_lanes(flat(290, 21, 16, function(i) return i // 16 + 1, i % 16 end), { "i" }, 10)
  t.eq(detours(s), 0)
  same_everywhere(s)
  same_everywhere(in_lanes(flat(290, 21, 18, function(i) return i // 15 + 1, i % 15 + 2 end), { "i" }, 16))
end)

t.test("serial loops do not divide either", function()
  local s = tvm.schedule(te.text(plain("float32", 10, 30), "f"))
  s:fuse { "y", "x" }
  t.eq(detours(s), 0)
  same_everywhere(s)
end)

t.done()
