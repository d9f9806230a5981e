-- viz.lua -- pictures at the prompt: written by file name, refused by name, with text forms that say the same.
local t = dofile "tests/check.lua"
local s = dofile("tests/programs.lua").matmul(16, 16, 16)
s:split("y", 4, "yo", "yi")
s:split("x", 4, "xo", "xi")
s:reorder("yo", "xo", "k", "yi", "xi")

local function contents(path)
  local f = assert(io.open(path, "rb"))
  local text = f:read "a"
  f:close()
  os.remove(path)
  return text
end

local stem = os.tmpname()
os.remove(stem)
t.test("a loop nest is written as SVG, PNG and DOT", function()
  assert(s:show(stem .. ".svg"))
  local svg = contents(stem .. ".svg")
  assert(svg:find("^<svg") and svg:find("</svg>%s*$") and svg:find("prefers-color-scheme", 1, true))
  assert(not svg:find "<script" and not svg:find "<!DOCTYPE")
  s:show(stem .. ".png", {since = 0})
  assert(contents(stem .. ".png"):sub(1, 8) == "\x89PNG\r\n\x1a\n")
  s:show(stem .. ".dot")
  assert(contents(stem .. ".dot"):find '^digraph "matmul" {')
  s:at(0):show(stem .. ".svg")
  assert(contents(stem .. ".svg"):find "^<svg")
  assert(tvm.show(s):dot():find "digraph")

end)

t.test("a difference in one column names the nests that are as they were, and shows the others", function()
  local two = tvm.schedule(te [[ A: float32[64, 64]; B[y, x] = A[y, x] * 2 + A[y, x] * A[y, x] * A[y, x] + A[0, 0] * A[1, 1] * A[2, 2]; C[y, x] = B[y, x] + 1 ]])
  two:split("C/y", 8)
  local text = two:diff(0)
  t.contains(text, "B: unchanged")
  t.ok(not text:find("B[y, x] = A[y, x]*2", 1, true) and text:find("B[y, x] + 1", 1, true))
  local gone = tvm.schedule(te [[ A: float32[64, 64]; B[y, x] = A[y, x]*2 + A[y, x]*A[y, x]*A[y, x] + A[0, 0]*A[1, 1]*A[2, 2]; M[y, x] = A[y, x] + 1; C[y, x] = B[y, x] + M[y, x] ]])
  gone:compute_inline "M"
  t.contains(gone:diff(0), "B: unchanged") -- before a nest that is gone
  two:vectorize "B/x"
  text = two:diff(0)
  t.contains(text, "B[y, x] = A[y, x]*2")
  t.ok(not text:find("unchanged", 1, true))
end)

t.test("two versions: what a loop became, and only that", function()
  local svg = s:show(nil, {since = 0}):svg()
  for _, said in ipairs { ";now yo, yi<", ";now xo, xi<", ">became<", ">4 new<", ">2 gone<", ">step 0 · as written<" } do
    t.contains(svg, said)
  end
  local two = tvm.schedule(te [[ A: float32[8, 8]; P[y, x] = A[y, x] * 2; B[y, x] = P[y, x] + 1 ]])
  two:compute_inline "P"
  two:split("B/x", 4, "xo", "xi")
  svg = two:show(nil, {since = 0}):svg()
  local _, became = svg:gsub(";now xo, xi<", "")
  t.eq(became, 1) -- P's own x became nothing
  local turned = tvm.schedule(te [[ A: float32[8, 8]; B[y, x] = A[y, x] ]])
  turned:reorder("x", "y")
  svg = turned:show(nil, {since = 0}):svg()
  t.contains(svg, ">same loop or block<")
  t.ok(not svg:find(">became<", 1, true))
  local split = tvm.schedule(te [[ A: float32[8, 8]; B[y, x] = A[y, x] ]])
  split:split("x", 4)
  t.ok(not split:show(nil, {since = 0}):svg():find("same loop or block", 1, true))
  split:cache_read("B", "A", "local")
  t.contains(split:show {since = 1}:svg(), "alloc, local float32[8, 8], 256 B<") -- why its box is dashed
end)

t.test("options may stand alone", function()
  local s = tvm.schedule(te [[ A: float32[4, 8]; B[y, x] = A[y, x] ]]):reorder("x", "y")
  t.eq(s:show {since = 0}.text, s:show(nil, {since = 0}).text)
  t.eq(s:order {rows = 2}.text, s:order(nil, nil, {rows = 2}).text)
  t.eq(s:order("x", {rows = 2}).text, s:order("x", nil, {rows = 2}).text)
  t.eq(tvm.show(s, {since = 0}).text, s:show {since = 0}.text)
  t.raises("option_unknown", function() s:show {sinse = 0} end)
  t.raises("option_type", function() s:order {at = 3} end)
  t.raises("option_type", function() s:order {at = {k = "x"}} end)
  t.raises("argument_type", function() s:show({since = 0}, "a.svg") end)
end)

-- All that says where something is drawn.
local function places(svg)
  local all = {}
  for what, at in svg:gmatch ' (%l+)="([MC%d%s.,-]+)"' do
    if what == "points" or what == "d" or what == "x" or what == "y" then all[#all + 1] = what .. " " .. at end
  end
  return table.concat(all, "\n"), #all
end

t.test("of a .dot Graphviz's own program makes the picture that we make", function()
  s:show(stem .. ".dot", {since = 0})
  -- This is `neato -n2` by the name that the library's package has it under.
  local neato = assert(io.popen(("/usr/sbin/libgvc6-config-update -Kneato -n2 -Tsvg %s.dot 2>&1"):format(stem)))
  local theirs, n = places(neato:read "a")
  assert(neato:close())
  os.remove(stem .. ".dot")
  t.ok(n > 50)
  t.eq(places(s:show(nil, {since = 0}):svg()), theirs)
end)

t.test("a fused loop comes from all its axes, and so does what it is split into", function()
  local one = tvm.schedule(te [=[ A: float32[8, 8]; B[y, x] = A[y, x] * 2 ]=])
  one:fuse({"y", "x"}, "f")
  t.contains(tostring(one), "of y x, step 1")
  local _, became = one:show(nil, {since = 0}):svg():gsub(";now f<", "")
  t.eq(became, 2)
  one:split("f", 4)
  t.contains(tostring(one), "of y x, step 2")
  t.contains(one:show(nil, {since = 1}):svg(), ";now fo, fi<")
  one:fuse({"fo", "fi"}, "g")
  t.contains(tostring(one), "of y x, step 3") -- each axis once
end)

local order = s:order("y", "x")
t.test("a picture of many cells has smaller ones, whose numbers can be read", function()
  local function drawn(n)
    local s = tvm.schedule(te [[ B[y, x] = A[y, x] ]](n, n))
    s:tile("y", "x", 4, 4)
    local order = s:vectorize "xi":order()
    local svg = order:svg()
    return order, tonumber(svg:match 'height="(%d+)'), tonumber(svg:match '<g font%-family[^>]* font%-size="([%d.]+)"')
  end
  local few, _, large = drawn(8)
  t.eq(large, 13)
  local many, height, font = drawn(32)
  t.ok(height < 1400 and font >= 9 and font < large, height .. " high, letters of " .. font)
  for _, order in ipairs { few, many } do
    local ok, png = pcall(function() return order:png() end)
    local wide, high = (">I4I4"):unpack(ok and png or ("\0"):rep(24), 17) -- no PNG without librsvg
    t.ok(math.max(wide, high) <= 1600, wide .. "x" .. high)
  end
end)

t.test("the order, in text and in the picture", function()
  assert(order.text:find("y  0   1    2    3    4   17   18", 1, true) or order.text:find("0%s+1%s+2%s+3%s+4%s+17"))
  assert(order:save(stem .. ".svg"))
  assert(contents(stem .. ".svg"):find ">256</text>")
  local moving = s:order("y", "x", {animate = true, seconds = 3}):svg()
  assert(moving:find "@keyframes" and moving:find "prefers%-reduced%-motion")
  assert(s:order("y", "x", {at = {k = 5}, rows = 4, columns = 4}).text:find "at k = 5")
  assert(s:order("x").text:find "x across")

end)

t.test("a long condition stands in lines of its own beside a block, and widens no box", function()
  local u = tvm.schedule(te [[ A: float32[40, 40]; B[y, x] = A[y, x] ]])
  u:tile("y", "x", 16, 16, "yo", "xo", "yi", "xi")
  u:split(u:fuse { "yi", "xi" }, 100, "fo", "fi")
  local svg = u:show(nil, { since = 0 }):svg()
  t.contains(svg, ">where y &lt; 40 and x &lt; 40<")
  t.contains(svg, "and fo*100 + fi &lt; 256<")
end)

t.test("what is refused, and why", function()
  local function refused(code, f, ...)
    local ok, e = pcall(f, ...)
    assert(not ok and e.code == code, tostring(e))
  end
  refused("draw_format", s.show, s, "picture.gif")
  refused("io_failed", s.show, s, "/no/such/folder/a.svg")
  refused("draw_no_dot", order.save, order, stem .. ".dot")
  refused("order_axis", s.order, s, "q")
  t.eq(t.raises("order_file", function() s:order(stem .. ".png") end, { s = s }).fix, ('s:order():save "%s.png"'):format(stem))
  refused("order_block", s.order, s, "y", "x", {block = "D"})
  refused("order_axis", s.order, s, "y", "x", {at = {q = 1}})
  refused("option_unknown", s.show, s, nil, {sinse = 0})
  refused("no_such_step", s.show, s, nil, {since = 99})
  assert(not io.open(stem .. ".dot"))

end)

t.test("a model: cards, and a part of it", function()
  local g = tvm.parse_graph [[
  graph small(x: float32[1, 4]) -> (y: float32[1, 4]):
    relu1: float32[1, 4] = relu(x)
    neg1: float32[1, 4] = neg(relu1)
    exp1: float32[1, 4] = exp(neg1)
    return y = exp1
  ]]
  local dot = g:show():dot()
  assert(dot:find("relu1", 1, true) and dot:find("1×4", 1, true))
  assert(g:fuse():show():dot():find "cluster_")
  local part = g:show(nil, {around = "relu1", hops = 1}):dot()
  assert(part:find("neg1", 1, true) and not part:find("<B>exp1", 1, true))
  t.contains(part, "a part: relu1, and what is at most 1 arrow away")
  assert(g:show(nil, {cards = 1}):dot():find "3 nodes")
  t.raises("graph_unknown_value", function() g:show(nil, {around = "conv9"}) end)
end)

-- The operators n times over: those of one round read each other, by name, and what the round before made, as "last".
local function rounds(n, shape, operators)
  local lines, last = { ("graph rounds(x: float32[%s]) -> (y: float32[%s]):"):format(shape, shape) }, "x"
  for i = 1, n do
    local made
    for _, operator in ipairs(operators) do
      local name, args = operator:match "^(%l+)(%b())$"
      args = args:gsub("%l+", function(read) return read == "last" and last or read .. i end)
      made = name .. i
      lines[#lines + 1] = ("  %s: float32[%s] = %s%s"):format(made, shape, name, args)
    end
    last = made
  end
  lines[#lines + 1] = "  return y = " .. last
  return tvm.parse_graph(table.concat(lines, "\n"))
end

-- A chain of n blocks, each a fork that joins again.
local function chain(n) return rounds(n, "1, 64", { "relu(last)", "neg(relu)", "exp(neg)", "add(relu, exp)" }) end

t.test("the columns of a model are cut where they come out alike", function()
  local dot = tvm.import("tutorials/models/digits.onnx"):fuse():show():dot()
  t.contains(dot, '"max_pool1" -> "to 1"') -- behind relu2, the left column would be two thirds of the right one
  t.contains(dot, '"from 1" -> "conv3"')
  t.contains(dot, '"from 1" -> "add1"')
end)

-- Points of the arrows in Graphviz's SVG, and the boxes of their labels, each with whose it is.
local function arrows(svg)
  local points, labels = {}, {}
  for whose, body in svg:gmatch 'class="edge">%s*<title>(.-)</title>(.-)<!%-%-' do
    for path in body:gmatch ' d="M([^"]*)"' do
      local c = {}
      for at in path:gmatch "-?[%d.]+" do c[#c + 1] = tonumber(at) end
      for i = 1, #c - 7, 6 do
        for s = 0, 30 do
          local u, v = s / 30, 1 - s / 30
          local function on(k) return v ^ 3 * c[k] + 3 * v * v * u * c[k + 2] + 3 * v * u * u * c[k + 4] + u ^ 3 * c[k + 6] end
          points[#points + 1] = { x = on(i), y = on(i + 1), whose = whose }
        end
      end
    end
    for x, y, w, said in body:gmatch '<text[^>]* x="([%d.-]+)" y="([%d.-]+)"[^>]*textLength="([%d.]+)"[^>]*>([^<]*)<' do
      local blanks = 9 * 0.318 -- in front, and as many behind as it says
      labels[#labels + 1] = { whose = whose, said = said, x0 = x + blanks, y0 = y - 7, y1 = y + 1,
                              x1 = x + w - blanks * #(said:gsub("&#160;", " "):match " *$") }
    end
  end
  return points, labels
end

-- Which arrows come near to a label: their own one begins beside them.
local function crossed(svg)
  local points, labels = arrows(svg .. "<!--")
  local bad = {}
  for _, l in ipairs(labels) do
    for _, p in ipairs(points) do
      local room = p.whose == l.whose and 1 or 4
      if p.x > l.x0 - room and p.x < l.x1 + room and p.y > l.y0 and p.y < l.y1 then
        bad[p.whose .. " at " .. l.said] = true
      end
    end
  end
  local all = {}
  for what in pairs(bad) do all[#all + 1] = what end
  table.sort(all)
  return table.concat(all, "; "), #labels
end

-- Which arrows have curves that shoot past their ends: a handle is longer than the curve is.
local function kinked(svg)
  local bad = {}
  for whose, body in svg:gmatch 'class="edge">%s*<title>(.-)</title>(.-)</g>' do
    local c = {}
    for at in body:match ' d="M([^"]*)"':gmatch "-?[%d.]+" do c[#c + 1] = tonumber(at) end
    for i = 1, #c - 7, 6 do
      local function far(a, b) return math.sqrt((c[a] - c[b]) ^ 2 + (c[a + 1] - c[b + 1]) ^ 2) end
      if math.max(far(i, i + 2), far(i + 6, i + 4)) > far(i, i + 6) + 0.1 then bad[#bad + 1] = whose end
    end
  end
  return table.concat(bad, "; ")
end

-- The box around all points of what a node or frame draws.
local function outline(body)
  local b = { x0 = math.huge, y0 = math.huge, x1 = -math.huge, y1 = -math.huge }
  local function hold(at)
    for x, y in at:gmatch "(-?[%d.]+)[ ,](-?[%d.]+)" do
      x, y = tonumber(x), tonumber(y)
      b = { x0 = math.min(b.x0, x), y0 = math.min(b.y0, y), x1 = math.max(b.x1, x), y1 = math.max(b.y1, y) }
    end
  end
  for at in body:gmatch ' points="([^"]*)"' do hold(at) end
  for at in body:gmatch ' d="M([^"]*)"' do hold(at) end
  for cx, cy, rx, ry in body:gmatch '<ellipse[^>]* cx="(.-)" cy="(.-)" rx="(.-)" ry="(.-)"' do
    hold(("%f,%f %f,%f"):format(cx - rx, cy - ry, cx + rx, cy + ry))
  end
  return b
end

-- Which labels of arrows lie on a card, on each other, or across a frame.
local function covered(svg)
  local _, labels = arrows(svg .. "<!--")
  local bad, boxes = {}, {}
  local function meet(a, b) return a.x0 < b.x1 and b.x0 < a.x1 and a.y0 < b.y1 and b.y0 < a.y1 end
  for kind, whose, body in svg:gmatch 'class="(%l+)">%s*<title>(.-)</title>(.-)</g>' do
    local b = outline(body)
    b.kind, b.whose = kind, whose
    if kind ~= "edge" and b.x0 < b.x1 then boxes[#boxes + 1] = b end
  end
  for i, l in ipairs(labels) do
    for k = 1, i - 1 do
      if meet(l, labels[k]) then bad[#bad + 1] = l.said .. " on " .. labels[k].said end
    end
    for _, b in ipairs(boxes) do
      local inside = l.x0 > b.x0 and l.x1 < b.x1 and l.y0 > b.y0 and l.y1 < b.y1
      if meet(l, b) and not (b.kind == "cluster" and inside) then bad[#bad + 1] = l.said .. " on " .. b.whose end
    end
  end
  return table.concat(bad, "; "), #boxes
end

-- n values that are made from one and concatenated, some of them by several operators in a row.
local function fan(n, size)
  local lines, last = { ("graph fan(x: float32[%d]) -> (y: float32[%d]):"):format(size, n * size) }, {}
  for i = 1, n do
    local from = "x"
    for k = 1, 1 + i * i % 3 do
      lines[#lines + 1] = ("  neg%d_%d: float32[%d] = neg(%s)"):format(i, k, size, from)
      from = ("neg%d_%d"):format(i, k)
    end
    last[i] = from
  end
  lines[#lines + 1] = ("  concat1: float32[%d] = concat(%s, axis=0)"):format(n * size, table.concat(last, ", "))
  lines[#lines + 1] = "  return y = concat1"
  return tvm.parse_graph(table.concat(lines, "\n"))
end

-- A value that is added again behind two operators, n times.
local function skips(n, size)
  return rounds(n, tostring(size), { "exp(last)", "neg(exp)", "add(neg, last)", "softmax(add)" })
end

t.test("no arrow of a model crosses a label, comes near one, or shoots past its end", function()
  local function tidy(name, g)
    local svg = g:show(nil, { seconds = 600 }):svg()
    local bad, labels = crossed(svg)
    t.ok(labels > 5, name)
    t.eq(name .. ": " .. bad, name .. ": ")
    t.eq(name .. ": " .. kinked(svg), name .. ": ")
    local under, boxes = covered(svg)
    t.ok(boxes > 5, name)
    t.eq(name .. ": " .. under, name .. ": ")
  end
  local digits = tvm.import "tutorials/models/digits.onnx"
  tidy("digits", digits)
  tidy("digits fused", digits:fuse())
  for _, n in ipairs { 4, 5, 7, 9, 24, 28 } do
    tidy("fan " .. n, fan(n, 64))
    tidy("fused fan " .. n, fan(n, 64):fuse())
  end
  tidy("skips", skips(12, 1000000))
  tidy("fused skips", skips(12, 1000000):fuse())
  tidy("fan 130", fan(130, 64)) -- all of hundreds of labels find a place before the search gives up
end)

t.test("of arrows from a circle the longest bears the shape", function()
  local dot = tvm.import("tutorials/models/digits.onnx"):fuse():show():dot()
  t.ok(not dot:find('"from 1" -> "conv3" [label', 1, true))
  t.contains(dot, '"from 1" -> "add1" [label=< 1×32×16×16')
end)

t.test("a long model stands in columns, which hand on one value each", function()
  t.ok(not chain(2):show():dot():find("pack", 1, true))
  local g = chain(24)
  local dot = g:show():dot()
  local columns = math.tointeger(dot:match 'packmode="?array_it(%d+)')
  t.ok(columns > 2 and columns < 12)
  local up, arrows = {}, 0 -- what hangs together is a column
  local function column(id)
    while up[id] do id = up[id] end
    return id
  end
  for from, to in dot:gmatch '\n%s*"?([%w ]-)"? %-> "?([%w ]-)"?%s*%[' do
    arrows = arrows + 1
    from, to = column(from), column(to)
    if from ~= to then up[to] = from end
  end
  t.ok(arrows >= 5 * 24)
  local count, seen = 0, {}
  for i = 1, 24 do
    local c = column("relu" .. i)
    if not seen[c] then
      count = count + 1
      seen[c] = count
      t.eq(column("from " .. count - 1), count > 1 and c or "from 0")
    end
    t.eq(seen[c], count) -- a column that has ended does not go on
  end
  t.eq(count, columns)
  local svg = g:show():svg()
  local width, height = svg:match 'width="(%d+)pt" height="(%d+)pt"'
  t.ok(width / height > 0.4 and width / height < 2.5)
  local _, labels = svg:gsub("1×64 &#160;</text>", "")
  t.eq(labels, 5 * 24 + 1 + columns - 1) -- every arrow says its shape
  t.eq(g:show():svg(), svg)
end)

t.test("legends say what the colours mean, of what is there", function()
  local dot = chain(1):show():dot()
  t.contains(dot, "elementwise, broadcast")
  t.ok(not dot:find("reduction", 1, true))
  local nest = tvm.schedule(tvm.parse [[
  func f(A: float32[64]) -> B: float32[64]:
    for b in bind("blockIdx.x", 4):
      alloc T: float32[16] shared
      for x in bind("threadIdx.x", 16):
        block T(i = b*16 + x, t = x):
          T[t] = A[i]
        barrier("shared")
        block B(i = b*16 + x, t = x):
          B[i] = T[t] * 2.0 + T[t] * 3.0 + T[t] * 4.0 + T[t] * 5.0 + T[t] * 6.0 + T[t] * 7.0 + T[t] * 8.0
  ]])
  local svg = nest:show():svg()
  for _, said in ipairs { ">GPU block axis", ">GPU thread axis", ">allocation", ">shared buffer", ">global buffer" } do t.contains(svg, said) end
  t.ok(not svg:find(">parallel", 1, true) and not svg:find(">local buffer", 1, true))
  t.ok(not svg:find("…", 1, true)) -- a long line is broken, not cut
  t.contains(svg, "T[t]*8</text>")
  t.ok(not svg:find '<text [^>]*font%-size="[^>]*"[^>]*fill="[^"]*">[%w ]+[%w ]</text>') -- each has its width
  -- What an allocation says ends inside its box, which Graphviz measures smaller.
  local x, w, box = svg:match '<text[^>]* x="([%d.]+)"[^>]*textLength="([%d.]+)"[^>]*>[^<]*64 B</text>\n<polygon[^>]*points="([^"]*)"'
  local right = 0
  for at in box:gmatch "([%d.]+),%-" do right = math.max(right, tonumber(at)) end
  t.ok(x + w < right, "the text of an allocation leaves its box")
end)

t.test("the legend shows buffers in the shape and colour that they have", function()
  local one = tvm.schedule(te [[ C[i] = A[i] + B[i] ]](1000))
  one:split("i", 256, "b", "t")
  one:bind("b", "blockIdx.x")
  one:bind("t", "threadIdx.x")
  one:cache_read("C", "A", "shared")
  one:compute_at("A.shared", "b")
  one:bind("A.shared/t", "threadIdx.x")
  one:cache_write("C", "local")
  local function looks(svg, scopes)
    local legend = svg:match "^(.-)<!%-%-"
    for scope, id in pairs(scopes) do
      local node = svg:match('<g id="' .. id .. '" class="node">(.-)\n</g>')
      local kind, fill, line = node:match '<(%l+) fill="(#%x+)" stroke="(#%x+)"'
      local tx, ty = legend:match('<text[^>]* x="([%d.]+)" y="([%d.-]+)"[^>]*>' .. scope .. " buffer")
      local found = 0
      for what, places in legend:gmatch('<(%l+) fill="' .. fill .. '" stroke="' .. line .. '" %l+="([^"]*)"/>') do
        local x, y = places:match "^M?([%d.-]+),([%d.-]+)"
        if what == kind and math.abs(y - ty) < 16 and x - tx > -30 and x - tx < 0 then found = found + 1 end
      end
      local _, parts = node:gsub("<" .. kind .. " fill=", "")
      t.eq(scope .. " " .. found, scope .. " " .. (kind == "path" and parts - 1 or parts)) -- a cylinder's lid is a line
    end
  end
  local function ids(svg, names)
    local all = {}
    for scope, name in pairs(names) do
      all[scope] = assert(svg:match('<g id="(node%d+)" class="node">\n<title>b%d+</title>\n<g id="[^"]*"><a xlink:title="' .. name .. ":"))
    end
    return all
  end
  local svg = one:show():svg()
  looks(svg, ids(svg, { global = "B", shared = "A.shared", ["local"] = "C.local" }))
end)

t.test("the lanes of a vectorized loop run in step, what is inside it once for all", function()
  local one = tvm.schedule(te [=[ A: float32[4, 2]; B[y, x] = A[y, x] * 2 ]=])
  one:vectorize "y"
  t.contains(one:order("y", "x").text, "y 0  1  5\n  1  2  6\n  2  3  7\n  3  4  8")
end)

t.test("an order's numbers count the whole grid, also where only its corner is shown", function()
  local q = tvm.schedule(te [[ C[i, j] = A[i, j] ]](32, 32))
  t.contains(q:order():svg(), ">1024</text>")
  t.contains(q:order().text, "\n   1    33    34")
  local text = q:order("i", "j", { rows = 2, columns = 3 }).text
  t.contains(text, "1  33  34  35")
  t.contains(text, "the first 2 x 3 of 32 x 32")
  t.ok(not text:find("numbers count", 1, true))
  local odd = tvm.schedule(te [[ C[i, j] = A[i, j] ]](100, 100))
  odd:split("j", 8)
  odd:vectorize "ji"
  t.contains(odd:order("i", "j", { rows = 2, columns = 4 }).text, "[101  102  103  104]")
  t.contains(odd:order("i", "j", { rows = 2, columns = 4 }).text, "of 100 x 100")
  local large = tvm.schedule(te [[ C[i, j] = A[i, j] ]](1000, 1000))
  local part = "the first 2 x 3 of 1000 x 1000; numbers count what is shown"
  local shown = large:order("i", "j", { rows = 2, columns = 3 })
  t.contains(shown.text:match "^[^\n]*\n([^\n]*)\n", part)
  local y = tonumber(shown:svg():match('y="([%d.]+)"[^>]*>' .. part:gsub(" .*", "")))
  t.ok(y and y > 32 and y < 60, "it stands under the title")
end)

t.test("an order ends where guards end it, and says what loops it shows the beginning of", function()
  local function corner(size, tile)
    local one = tvm.schedule(te [[ C[i, j] = A[i, j] ]](size, size))
    one:tile("i", "j", tile, tile * 2, "io", "jo", "ii", "ji")
    return one:order("i", "j").text
  end
  t.contains(corner(1000, 32), "the first 32 x 32 of 1000 x 1000, all in the first iteration of io and jo; numbers count")
  t.contains(corner(1001, 16), "the first 32 x 32 of 1001 x 1001, all in the first iteration of jo; numbers count")
  t.contains(corner(1000, 8), "the first 32 x 32 of 1000 x 1000; numbers count")
  t.contains(corner(100, 32), "the first 32 x 32 of 100 x 100, all in the first iteration of io and jo")
  t.ok(not corner(30, 32):find "the first", "all of the grid is shown")
end)

t.test("an order is that of the block which has the axes asked for", function()
  local u = tvm.schedule(te [[ B[y, x] = A[x] + A[x + 1] + D[y]; E[y, z] = B[y, z] ]](100, 100))
  u:tile("B/y", "B/x", 16, 16, "yo", "xo", "yi", "xi")
  u:cache_read("B", "A", "shared")
  u:compute_at("A.shared", "xi")
  local function block(...) return u:order(...).text:match "^[^:\n]*" end
  t.eq(block(), "B") -- as written, though the copy stands as deep
  t.eq(block("y", "x"), "B")
  t.eq(block("y", "z"), "E")
  t.eq(block("E/y", "E/z"), "E")
  t.eq(block("y", "x", { block = "B" }), "B")
  local e = t.raises("order_axis", function() u:order("y", "q") end)
  t.contains(e.fix, 'its axes are: y, x; of another block they are named "A.shared/…", or with the option {block = "A.shared"}')
  t.raises("order_axis", function() u:order("E/y", "E/x") end)
  t.contains(t.raises("order_two_blocks", function() u:order("B/y", "E/z") end).why, "an axis of block B, and the column one of block E")
  t.raises("order_block", function() u:order("Q/y", "Q/z") end)
end)

t.test("an order's legend speaks of what is in its picture", function()
  local function legend(steps, ...)
    local one = tvm.schedule(te [=[ A: float32[2, 8, 8]; B[z, y, x] = A[z, y, x] * 2 ]=])
    steps(one)
    local picture = one:order(...)
    return picture:svg(), picture.text
  end
  local function says(text, part, yes) t.eq(text:find(part, 1, true) ~= nil, yes) end
  local svg, text = legend(function(one) one:parallel "z" end, "y", "x") -- of one iteration
  says(svg, "in any order", false)
  says(svg, "fine lines lead to what comes next", true)
  says(text, "in any order", false)
  says(svg, "stronger colour is later", true)
  svg, text = legend(function(one) one:parallel "y" end, "y", "x")
  says(svg, "in any order", true)
  says(text, "in any order: iterations of a parallel loop, each from 1", true)
  svg = legend(function(one) one:parallel(one:fuse {"y", "x"}) end, "y", "x") -- each cell is the first
  says(svg, "stronger colour", false)
  svg, text = legend(function(one) one:vectorize "y" end, "y") -- a row of them, across
  says(svg, "frames join the lanes", true)
  says(text, "brackets join the lanes", true)
  says(svg, "fine lines", false)
  says(svg, "stronger colour", false)
  svg, text = legend(function(one) one:vectorize "y" end, "y", "z") -- text has no mark downwards
  says(svg, "stronger colour is later", true)
  says(svg, "frames join the lanes", true)
  says(text, "brackets join", false)
  svg = legend(function(one) one:vectorize "y" end, "z", "x") -- one lane is seen
  says(svg, "frames join the lanes", false)
end)

t.test("a vector step has one shade and lights up as one", function()
  local one = tvm.schedule(te [[ A: float32[2, 8]; B[y, x] = A[y, x] * 2 ]])
  one:vectorize "x"
  local svg = one:order("y", "x", { animate = true }):svg()
  local frames, shades = 0, {}
  for w, opacity in svg:gmatch '<rect[^>]* width="([%d.]+)"[^>]* fill="#%x+" fill%-opacity="(0.[%d]+)"/>' do
    if tonumber(w) > 200 then
      frames = frames + 1
      shades[opacity] = true
    end
  end
  t.eq(frames, 2)
  t.ok(shades["0.07"] and shades["0.21"])
  t.eq(select(2, svg:gsub('class="now"', "")), 2)
end)

t.test("without its module the program still runs, and says what is missing", function()
  os.execute("mkdir " .. stem .. " && cp /proc/$PPID/exe " .. stem .. "/tvmrepl")
  local code = [[local s = tvm.schedule(tvm.parse "func f(A: float32[4]) -> B: float32[4]:\n  for i in range(4):\n    block B(i):\n      B[i] = A[i]")
    local ok, e = pcall(function() return s:show():png() end)
    print(ok, ok or e.code)]]
  local f = assert(io.open(stem .. "/try.lua", "w"))
  f:write(code)
  f:close()
  local p = io.popen(stem .. "/tvmrepl " .. stem .. "/try.lua")
  local said = p:read "a"
  p:close()
  os.execute("rm -r " .. stem)
  t.contains(said, "viz_missing")
end)

t.done()
