-- bulk.lua -- sorting, joining, repeating and formatting are as Lua's, of what fits at once.
local t = dofile "tests/check.lua"

local function copy(list) return table.move(list, 1, #list, 1, {}) end

t.test("a sorted list holds what it held, in order", function()
  local random = {}
  for i = 1, 3000 do random[i] = math.random(i % 7 == 0 and 10 or 1000) end
  local lists = { {}, { 1 }, { 2, 1 }, { 3, 2, 1 }, { 1, 3, 2 }, { 1, 1, 1, 1 }, { 5, 4, 3, 2, 1 }, { "b", "a", "c" }, random }
  for _, list in ipairs(lists) do
    local count, up, down = {}, copy(list), copy(list)
    for _, v in ipairs(list) do count[v] = (count[v] or 0) + 1 end
    table.sort(up)
    table.sort(down, function(a, b) return a > b end)
    for i, v in ipairs(up) do
      t.ok(i == 1 or up[i - 1] <= v)
      t.eq(down[#list + 1 - i], v)
      count[v] = count[v] - 1
    end
    for _, left in pairs(count) do t.eq(left, 0) end
  end
end)

t.test("an order that contradicts itself loses no element", function()
  for n = 1, 60 do
    local list, sum = {}, 0
    for i = 1, n do list[i] = i end
    pcall(table.sort, list, n % 2 == 0 and function() return true end or function() return math.random(2) == 1 end)
    for i = 1, n do sum = sum + list[i] end
    t.eq(sum, n * (n + 1) // 2)
  end
  t.contains(select(2, pcall(table.sort, { 1, 2, 3, 4, 5 }, function() return true end)), "invalid order function")
  t.contains(select(2, pcall(table.sort, { 1, "x" })), "attempt to compare")
end)

t.test("an order is looked at where there is something to order", function()
  table.sort({}, 5)
  table.sort({ 1 }, 5)
  t.contains(t.raises("argument_type", function() table.sort({ 1, 2 }, 5) end).why, "function")
  local many = setmetatable({}, { __len = function() return (1 << 31) - 1 end })
  t.contains(t.raises("list_too_long", function() table.sort(many, 5) end).why, "2147483647 elements, and at most 2147483646 are")
end)

t.test("metatables are asked", function()
  local through = {}
  local list = setmetatable({}, { __len = function() return 5 end, __index = function(_, i) return through[i] or 9 - i end,
    __newindex = function(_, i, v) through[i] = v end })
  table.sort(list)
  t.eq(table.concat(list, " "), "4 5 6 7 8")
end)

t.test("joining and repeating", function()
  t.eq(table.concat({ 1, 2.5, "x" }, ", "), "1, 2.5, x")
  t.eq(table.concat({ 1, 2, 3 }, "-", 2, 3) .. table.concat({}, "x") .. table.concat({ 1 }, "x", 2), "2-3")
  t.eq(table.concat({ [math.maxinteger] = "last" }, "x", math.maxinteger, math.maxinteger), "last")
  t.contains(select(2, pcall(table.concat, { 1, {} })), "invalid value (table) at index 2 in table for 'concat'")
  for n, want in pairs { [-1] = "", [0] = "", [1] = "ab", [2] = "ab,ab", [5] = "ab,ab,ab,ab,ab" } do
    t.eq(("ab"):rep(n, ","), want)
  end
  t.eq((""):rep(3, ",") .. (""):rep(1 << 62), ",,")
  t.eq(#("abc"):rep(100001), 300003)
end)

t.test("what would be too long to be made at once is refused", function()
  local long = ("x"):rep(1 << 23)
  t.raises("string_too_long", function() return ("x"):rep(1 << 62) end)
  t.raises("string_too_long", function() return table.concat({ long, long, long, long, long, long, long, long }, " ") end)
  t.raises("string_too_long", function() return ("%s"):rep(9):format(long, long, long, long, long, long, long, long, long) end)
  t.eq(#("%s%s"):format(long, long), 1 << 24)
  local shown = setmetatable({}, { __tostring = function() return long end })
  t.raises("string_too_long", function() return ("%s"):rep(9):format(table.unpack({ shown, shown, shown, shown, shown, shown, shown, shown, shown })) end)
  t.raises("string_too_long", function() return ("%q%q"):format(("\0000"):rep(1 << 23), long .. long .. long .. long) end)
end)

t.test("what is just short enough is made", function()
  local most = 64 << 20
  local half = ("x"):rep(most // 2)
  t.eq(#table.concat({ half, half }, ""), most)
  t.eq(#table.concat({ half .. half }, ","), most)
  t.contains(t.raises("string_too_long", function() return table.concat({ half, half }, ",") end).why, "65 MiB, and at most 64")
  t.eq(#("%s%s%d"):format(half, half:sub(2), 7), most)
  t.raises("string_too_long", function() return ("%s%s%d"):format(half, half, 7) end)
  t.eq(("%.3s|%5s|%%"):format(half .. half, "ab", half), "xxx|   ab|%")
  local numbers = {}
  for i = 1, 150000 do numbers[i] = 7 end
  t.eq(("%d"):rep(#numbers):format(table.unpack(numbers)), ("7"):rep(#numbers))
  local quoted = "a\"\\\n\r\0\0011\127\200é" .. ("z"):rep(most - 64)
  t.eq(load("return " .. ("%q"):format(quoted))(), quoted)
end)

t.test("a value in a format is shown once, and as Lua shows it", function()
  local asked = 0
  local counter = setmetatable({}, { __tostring = function() asked = asked + 1 return "n" .. asked end })
  t.eq(("%s %5s %s"):format(counter, counter, nil), "n1    n2 nil")
  t.contains(select(2, pcall(string.format, "%s %s", 1)), "no value")
  t.contains(select(2, pcall(string.format, "%y", 1)), "invalid conversion '%y' to 'format'")
  t.contains(select(2, pcall(string.format, "%", 1)), "invalid conversion")
  t.contains(select(2, pcall(string.format, "%5", 1)), "invalid conversion")
  t.contains(select(2, pcall(string.format, "%5s", "a\0b")), "contains zeros")
end)

t.test("a mistake in a format is told at its place", function()
  t.contains(select(2, pcall(function() return ("%d"):format "x" end)), "bulk.lua:" .. debug.getinfo(1, "l").currentline .. ": bad argument #1 to 'format'")
end)

t.test("a long text is loaded piece by piece", function()
  t.eq(load("return 1" .. (" + 1"):rep(40000))(), 40001)
  t.eq(#load("return '" .. ("é"):rep(100000) .. "'")(), 200000)
end)

t.done()
