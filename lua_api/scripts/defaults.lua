-- defaults.lua -- a schedule for every kernel of a model, so that one that nobody has touched is quick enough to use.
--
-- Each rule is public primitives on a public Schedule: what it does can be read in s:history(), taken back,
-- and done better.  A rule looks at the blocks and either takes steps and says why, or leaves them to the next one.
local M = {}

local LANES = 16 -- float32 lanes of the widest vectors; narrower machines take two for one

local function loops_of(s, block, feeds)
  local out = {}
  for _, l in ipairs(s:block(block).loops) do
    if l.feeds == feeds and l.kind == "serial" then out[#out + 1] = l end
  end
  return out
end

local function last(list)
  return list[#list]
end

-- The least number of iterations that is worth a thread of its own.
local function work(s, block)
  local n = 1
  for _, l in ipairs(s:block(block).loops) do n = n * l.extent end
  return n
end

-- ---- elementwise stages go where they are read ----

-- A stage that costs little and is read once for each element is written in place of its reads.
local function inline_cheap(s, keep)
  for _, name in ipairs(s:names "blocks") do
    local b = s:block(name)
    if b.class == "complete" and not keep[name] and s:buffer(b.target).role == "allocated" then
      s:try("compute_inline", name)
    end
  end
end

-- ---- loops at rest ----

-- Runs the innermost spatial loop in lanes, and the outermost on threads where there is enough to do.
local function plain(s, block)
  local total = work(s, block)
  local spatial = loops_of(s, block, "spatial")
  if #spatial == 0 then return end
  if last(spatial).extent < LANES and #spatial > 1 and #loops_of(s, block, "reduce") == 0 then
    local paths = {}
    for i, l in ipairs(spatial) do paths[i] = l.path end
    s:try("fuse", paths)
    spatial = loops_of(s, block, "spatial")
  end
  local inner = last(spatial)
  if inner.extent > 4 * LANES then
    s:try("split", inner.path, LANES)
    inner = last(loops_of(s, block, "spatial"))
  end
  if inner.extent > 1 and inner.extent <= 4 * LANES then s:try("vectorize", inner.path) end
  for _, outer in ipairs(total >= 65536 and loops_of(s, block, "spatial") or {}) do
    if outer.extent > 1 then
      s:try("parallel", outer.path)
      break
    end
  end
end

-- ---- products ----

local REGISTERS = 28 -- for sums; what is left holds an element of each operand

-- The largest divisor of `extent` up to `most`.
local function divisor(extent, most)
  for d = math.min(extent, most), 2, -1 do
    if extent % d == 0 then return d end
  end
  return 1
end

-- How many rows of an outer axis fit the registers beside `vectors` of an inner one.  Not more than 8: rows of weights
-- often lie a power of two apart, and more of them would fight for the same sets of the cache.
local function rows_for(extent, vectors)
  local most = math.max(1, math.min(extent, 8, REGISTERS // vectors))
  for r = most, math.max(1, most // 2), -1 do
    if extent % r == 0 then return r end
  end
  return most
end

-- How many lanes: a whole row if it is short, else its largest part of even size; a remainder needs masks, which cost more
-- than lanes that stand idle.
local function lanes_for(extent)
  if extent <= 4 * LANES then return extent end
  for d = 4 * LANES, LANES // 2, -1 do
    if extent % d == 0 then return d end
  end
  return LANES
end

-- Axis loops by their names as written ("oc", "y", "x"), outermost first.
local function by_name(list)
  local out = {}
  for _, l in ipairs(list) do out[l.name] = l end
  return out
end

-- Tiles a sum of products: lanes along `x`, rows of `rows` (and of `more`) in registers, the reduction inside; what
-- follows is computed tile by tile while it is in registers.
local function tile_product(s, block, x, rows, more, after)
  local nest = s:block(block).loops
  local reduce, outer = {}, {}
  local lanes = lanes_for(x.extent)
  local vectors = (lanes + LANES - 1) // LANES
  local xo, xi = s:split(x.path, lanes)
  local mo, mi
  local per_row = vectors
  if more then
    local m = vectors > 1 and 1 or divisor(more.extent, 3)
    if vectors == 1 and m == 1 then m = divisor(more.extent, 7) end
    if m > 1 then
      mo, mi = s:split(more.path, m)
      per_row = per_row * m
    end
  end
  local ro, ri = s:split(rows.path, rows_for(rows.extent, per_row))
  for _, l in ipairs(nest) do
    if l.feeds == "reduce" then
      reduce[#reduce + 1] = block .. "/" .. l.name
    elseif l.name ~= x.name and l.name ~= rows.name and not (mo and l.name == more.name) then
      outer[#outer + 1] = block .. "/" .. l.name
    end
  end
  local order = { ro }
  for _, l in ipairs(outer) do order[#order + 1] = l end
  if mo then order[#order + 1] = mo end
  order[#order + 1] = xo
  for _, l in ipairs(reduce) do order[#order + 1] = l end
  if mi then order[#order + 1] = mi end
  order[#order + 1] = ri
  order[#order + 1] = xi
  s:reorder(order)
  local target = s:block(block).target
  if s:buffer(target).role == "result" then
    after = s:cache_write(block, "local")
    s:reverse_compute_at(after, xo)
  elseif after then
    s:reverse_compute_at(after, xo)
    s:set_scope(target, "local")
  end
  local init = s:decompose_reduction(block, reduce[1])
  s:try("contract", block)
  for _, b in ipairs { init, block, after } do
    local own = s:block(b).loops
    local inner = own[#own]
    if inner.extent > 1 and inner.feeds == "spatial" then s:try("vectorize", inner.path) end
    for i = #own - 1, 1, -1 do
      local l = own[i]
      if l.kind ~= "serial" or l.feeds ~= "spatial" or l.extent > 24 then break end
      if l.path == b .. "/" .. xo then break end
      s:try("unroll", l.path)
    end
  end
  local first = s:block(block).loops[1]
  if first.kind == "serial" and first.extent > 1 then s:try("parallel", first.path) end
end

-- The block that alone reads what `block` computes, and reads it element by element.
local function epilogue(s, block)
  local target, found = s:block(block).target, nil
  for _, name in ipairs(s:names "blocks") do
    if name ~= block then
      for _, r in ipairs(s:block(name).reads) do
        if r == target then
          if found then return nil end
          found = name
        end
      end
    end
  end
  return found and s:block(found).class == "complete" and found or nil
end

local function product(s, block)
  local spatial, reduce = loops_of(s, block, "spatial"), loops_of(s, block, "reduce")
  if #spatial < 2 or #reduce == 0 or s:block(block).class ~= "reduction" then return false end
  local flops = work(s, block)
  if flops < 4096 then return false end
  local names = by_name(spatial)
  local x = last(spatial)
  local rows = names.oc and names.oc ~= x and names.oc or spatial[#spatial - 1]
  local more = names.oc and #spatial >= 4 and spatial[#spatial - 1] or nil
  if rows == x or x.extent < 2 then return false end
  local ok = pcall(s.steps, s, function() tile_product(s, block, x, rows, more, epilogue(s, block)) end)
  return ok
end

-- ---- the whole ----

-- Schedules every block of a kernel.  Returns the schedule.
function M.apply(s)
  local keep, sums = {}, {}
  for _, name in ipairs(s:names "blocks") do
    local b = s:block(name)
    if b.class == "reduction" then
      sums[#sums + 1] = name
      -- What a sum reads again and again is worth keeping.
      for _, buffer in ipairs(b.reads) do keep[buffer] = true end
    end
  end
  inline_cheap(s, keep)
  for _, name in ipairs(sums) do product(s, name) end
  for _, name in ipairs(s:names "blocks") do
    local untouched = true
    for _, l in ipairs(s:block(name).loops) do untouched = untouched and l.kind == "serial" end
    if untouched then plain(s, name) end
  end
  return s
end

-- A Func with its default schedule, as a Version.
function M.of_func(f)
  return M.apply(tvm.schedule(f)):at()
end

return M
