-- defaults.lua -- a schedule for every kernel of a model, so that one that nobody has touched is quick enough to use.
--
-- Each rule is public primitives on a public Schedule: what it does can be read in s:history(), taken back,
-- and done better.  A rule looks at the blocks and either takes steps and says why, or leaves them to the next one.
local M = {}

local LANES = 16 -- float32 lanes of the widest vectors; narrower machines take two for one

-- Takes a step where it is legal; where it is not, the history says what was tried and why it was refused.
local function try(s, step, what, ...)
  local done, e = s:try(step, what, ...)
  if done == nil then
    local named = type(what) == "table" and table.concat(what, ", ") or what
    s:note(("tried %s %s, refused: %s"):format(step, named, e.why))
  end
  return done
end

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

-- The loops that have more than one iteration. One of a single iteration gives nothing to choose: elements along the
-- axes around it lie in memory as if it were not there, so that the rules pass it over.
local function long(loops)
  local out = {}
  for _, l in ipairs(loops) do
    if l.extent ~= 1 then out[#out + 1] = l end
  end
  return out
end

-- The least number of iterations that is worth a thread of its own.
local function work(s, block)
  local n = 1
  for _, l in ipairs(s:block(block).loops) do n = n * l.extent end
  return n
end

-- ---- elementwise stages go where they are read ----

local REPEATED = 400 -- nodes of text that may come of a stage which is read at several places

-- A stage that costs little and is read once for each element is written in place of its reads. Where one block reads
-- it at several places it stands at each of them: a chain of such stages would double with every one, so that it is kept
-- from time to time.
local function inline_cheap(s, keep, reader, mine)
  for _, name in ipairs(s:names "blocks") do
    local b = s:block(name)
    if b.class == "complete" and not keep[name] and not mine[name] and s:buffer(b.target).role == "allocated" then
      local places = reader[b.target] and s:block(reader[b.target]).places[b.target] or 1
      if places == 1 or places * b.size <= REPEATED then
        try(s, "compute_inline", name)
      else
        s:note(("%s is read at %d places of %s, and too big to stand at each"):format(name, places, reader[b.target]))
      end
    end
  end
end

-- ---- loops at rest ----

-- Runs the outermost loop that has more than one iteration on threads.
local function threads(s, block)
  local outer = long(loops_of(s, block, "spatial"))[1]
  if outer then try(s, "parallel", outer.path) end
end

-- The paths of the loops from one to another.
local function paths(loops, from, to)
  local out = {}
  for _, l in ipairs(loops) do
    if #out > 0 or l.name == from.name then out[#out + 1] = l.path end
    if l.name == to.name then return out end
  end
end

-- Runs the innermost spatial loop in lanes.
local function in_lanes(s, block)
  local inner = last(long(loops_of(s, block, "spatial")))
  if inner and inner.extent > 4 * LANES and try(s, "split", inner.path, LANES) then
    inner = last(long(loops_of(s, block, "spatial")))
  end
  if inner and inner.extent > 1 and inner.extent <= 4 * LANES then try(s, "vectorize", inner.path) end
end

-- Runs the innermost spatial loop in lanes, and the outermost on threads where there is enough to do.
local function plain(s, block)
  local total = work(s, block)
  local spatial = long(loops_of(s, block, "spatial"))
  if #spatial == 0 then return end
  local inner, around = last(spatial), spatial[#spatial - 1]
  if inner.extent > 1 and inner.extent < LANES and around and inner.extent * around.extent <= 4 * LANES then
    s:note(("%s: rows of %d are short: %s and %s are run as one"):format(block, inner.extent, around.name, inner.name))
    try(s, "fuse", paths(s:block(block).loops, around, inner))
  end
  in_lanes(s, block)
  if total >= 65536 then threads(s, block) end
end

-- ---- products ----

local REGISTERS = 31 -- for sums and operands

-- What a multiply-add costs: half of one where half a vector is enough.
local function part_of(lanes)
  return lanes <= LANES // 2 and 0.5 or 1
end

-- How many rows, and how many places `more`, a tile of sums takes when a row has that many lanes. A step of the
-- reduction takes a cycle for each multiply-add (half of one where half a vector is enough), at least the four
-- that a sum waits for itself, and at least the time in which vectors come from the second cache (two
-- cycles each, or less where a window of `taps` uses it again); and two more for the loop. Rows that are left
-- cost what they waste and code of their own. Not more than 8 rows: rows of weights often lie a power of two
-- apart, and more of them would fight for the same sets of the cache.
local function tile_for(rows, more, lanes, taps)
  local vectors = (lanes + LANES - 1) // LANES
  local part = part_of(lanes)
  local best, shape = math.huge, { 1, 1 }
  for m = 1, vectors == 1 and more or 1 do
    for r = 1, more % m == 0 and math.min(rows, 8) or 0 do
      local sums = r * m * vectors
      local operands = m > 1 and r + vectors or 1 + vectors
      if sums + operands <= REGISTERS then
        local waste = rows % r == 0 and 1 or 1.03 * ((rows + r - 1) // r * r) / rows
        local fetch = 2 * m * vectors / math.min(taps, 3)
        local cost = waste * (math.max(part * sums, 4, part * fetch) + 2) / sums
        if cost < best then best, shape = cost, { r, m } end
      end
    end
  end
  return shape[1], shape[2]
end

-- How many lanes: a whole row if it is short, else its largest part of even size; a remainder needs masks, which cost more
-- than lanes that stand idle. A row that is `alone` in its tile takes so many vectors that no sum waits for itself.
local function lanes_for(extent, alone)
  if extent <= 4 * LANES then return extent end
  for d = 4 * LANES, alone and 2 * LANES + 1 or LANES // 2, -1 do
    if extent % d == 0 then return d end
  end
  return alone and 4 * LANES or LANES
end

-- Do neighbouring iterations of the loop read one element there, all of them or some, as filters of a group do?
local function shared(load, loop)
  return load.every[loop.name] ~= 1
end

local function all_shared(loads, loop)
  for _, load in ipairs(loads) do
    if not shared(load, loop) then return false end
  end
  return #loads > 0
end

-- The buffers, each once, that are read along `x` and of which neighbouring iterations of the loop read the same.
local function serving(loads, x, loop)
  local out = {}
  for _, load in ipairs(loop.extent > 1 and loads or {}) do
    if load.every[x.name] and shared(load, loop) and not out[load.buffer] then
      out[load.buffer], out[#out + 1] = true, load.buffer
    end
  end
  return out
end

-- What a tile is made of beside `x`. `rows` go along the loop that shares most of what is read along `x`, so that a
-- vector is fetched once for all of them: of a convolution the filters, of a matrix product the rows. Of several such
-- loops it is the inner one; where none shares, as in pools and depthwise convolutions, it is the loop around `x`, or the
-- one of a single iteration inside it, so that a picture of one column is tiled as one of one row. That loop is `more`,
-- a second one, where it is another and shares what each row reads beside vectors. These stay near while the loops
-- `inside` go by, which share them, too.
local function tile_of(s, block, spatial, x)
  local others, loads = {}, s:block(block).loads
  for _, l in ipairs(spatial) do
    if l.name ~= x.name then others[#others + 1] = l end
  end
  local near = last(others)
  local t, own = { rows = near, serves = {}, inside = {} }, {}
  for i = #others, 1, -1 do
    local serves = serving(loads, x, others[i])
    if #serves > #t.serves then t.rows, t.serves = others[i], serves end
  end
  for _, load in ipairs(loads) do
    if load.every[t.rows.name] and not load.every[x.name] then own[#own + 1] = load end
  end
  for _, l in ipairs(spatial) do t.inside[l.name] = all_shared(own, l) end
  if near.name ~= t.rows.name and t.inside[near.name] then t.more = near end
  return t
end

-- A multiply-add in place of two operations, where the processor has it: elsewhere it would be a call of a function.
local function contract(s, block)
  if tvm.has_fma() then
    try(s, "contract", block)
  else
    s:note(("%s: the processor has no instruction that multiplies and adds, so it stays two operations"):format(block))
  end
end

-- What follows a sum is computed tile by tile at loop `at`, while the sums are in registers. Returns the block.
local function in_registers(s, block, after, at)
  local target = s:block(block).target
  if s:buffer(target).role == "result" then
    after = s:cache_write(block, "local")
    s:reverse_compute_at(after, at)
  elseif after then
    s:reverse_compute_at(after, at)
    s:set_scope(target, "local")
  end
  return after
end

-- What a split calls a loop comes with its block where others are called so, too: "conv/xo" is xo.
local function bare(loop)
  return loop:match "[^/]*$"
end

-- Runs the innermost loop of each block in lanes, and those around it, up to loop `at`, as straight code.
local function straight(s, blocks, at, lanes)
  for _, b in ipairs(blocks) do
    local own = s:block(b).loops
    local inner = own[#own]
    if lanes and inner.extent > 1 and inner.feeds == "spatial" then try(s, "vectorize", inner.path) end
    for i = lanes and #own - 1 or #own, 1, -1 do
      local l = own[i]
      if l.kind ~= "serial" or l.feeds ~= "spatial" or l.extent > 24 or l.path == b .. "/" .. bare(at) then break end
      try(s, "unroll", l.path)
    end
  end
end

-- What follows a tile of that many sums at loop `at`: as straight code, too, where it takes a step for each. Where it
-- has rows of its own, such as those that a softmax divides by their sum, these run in lanes.
local function follow(s, after, at, sums, lanes)
  local own, n = after and s:block(after).loops or {}, 1
  for i = #own, 1, -1 do
    if own[i].path == after .. "/" .. bare(at) then break end
    n = n * own[i].extent
  end
  if n > sums then
    in_lanes(s, after)
  else
    straight(s, { after }, at, lanes)
  end
end

-- Tiles a sum of products: lanes along `x`, rows (and some of `more`) in registers, the reduction inside; what follows
-- is computed tile by tile while it is in registers.
local function tile_product(s, block, x, tile, after)
  local nest, reduce, outer, taps = s:block(block).loops, {}, {}, 1
  local rows, more = tile.rows, tile.more
  for _, l in ipairs(nest) do
    if l.feeds == "reduce" then
      reduce[#reduce + 1] = block .. "/" .. l.name
      if more and #reduce > 1 then taps = taps * l.extent end
    end
  end
  local lanes = lanes_for(x.extent, rows.extent == 1 and not more)
  local vectors = (lanes + LANES - 1) // LANES
  local r, m = tile_for(rows.extent, more and more.extent or 1, lanes, taps)
  s:note(("%s: tiles of %d %s by %s%d %s: %d of 32 registers hold sums%s"):format(block, r, rows.name,
    m > 1 and ("%d %s by "):format(m, more.name) or "", lanes, x.name, r * m * vectors,
    #tile.serves > 0 and (", and what is read of %s along %s serves each %s"):format(table.concat(tile.serves, " and "),
      x.name, rows.name) or ""))
  local xo, xi = s:split(x.path, lanes)
  local mo, mi
  if m > 1 then mo, mi = s:split(more.path, m) end
  local ro, ri = s:split(rows.path, r)
  for _, l in ipairs(nest) do
    if l.feeds ~= "reduce" and l.name ~= x.name and l.name ~= rows.name and not (mo and l.name == more.name) then
      outer[#outer + 1] = block .. "/" .. l.name
    end
  end
  local order, at = outer, #outer + 1
  while at > 1 and tile.inside[bare(outer[at - 1])] do at = at - 1 end
  table.insert(order, at, ro) -- filters stay near while the picture goes by
  if mo then order[#order + 1] = mo end
  order[#order + 1] = xo
  for _, l in ipairs(reduce) do order[#order + 1] = l end
  if mi then order[#order + 1] = mi end
  order[#order + 1] = ri
  order[#order + 1] = xi
  s:reorder(order)
  after = in_registers(s, block, after, xo)
  local init = s:decompose_reduction(block, reduce[1])
  contract(s, block)
  straight(s, { init, block }, xo, true)
  follow(s, after, xo, r * m * lanes, true)
  local tap = last(long(loops_of(s, block, "reduce")))
  if tap and tap.extent <= 3 and part_of(lanes) * r * m * vectors < 12 then
    s:note(("%s: steps are short, so %s is straight code: no loop to go round"):format(block, tap.name))
    try(s, "unroll", tap.path)
  end
  threads(s, block)
end

-- Sums along rows, such as a matrix by a vector: as many rows at once as streams of memory go well together. Each
-- number is used once, so memory sets the pace, and single numbers keep up with it.
local function tile_rows(s, block, x, after)
  local rows, order = 8, {}
  s:note(("%s: sums lie along rows: %d rows side by side"):format(block, rows))
  local xo, xi = s:split(x.path, rows)
  for _, l in ipairs(s:block(block).loops) do
    if l.name ~= bare(xi) then order[#order + 1] = l.path end
  end
  order[#order + 1] = block .. "/" .. bare(xi)
  s:reorder(order)
  after = in_registers(s, block, after, xo)
  local init = s:decompose_reduction(block, loops_of(s, block, "reduce")[1].path)
  contract(s, block)
  straight(s, { init, block }, xo, false)
  follow(s, after, xo, rows, false)
  threads(s, block)
end

-- The block that alone reads what `block` computes, and reads it element by element, unless it is among `mine`.
local function epilogue(s, block, mine)
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
  return found and not mine[found] and s:block(found).class == "complete" and found or nil
end

-- Is each number used once, by a sum along a row that is worth it? Another loop would use a vector again; a greatest
-- value takes several operations for each number, which lanes share though they have to be gathered; and of short
-- rows, as the windows of a pool have them, lanes gather several at once.
local function along_rows(s, block, tile, k)
  if #tile.serves > 0 or s:block(block).update ~= "+=" then return false end
  return k.extent >= LANES or #long(loops_of(s, block, "spatial")) == 1
end

local function product(s, block, mine)
  local spatial, reduce = loops_of(s, block, "spatial"), loops_of(s, block, "reduce")
  if #spatial < 2 or #reduce == 0 or s:block(block).class ~= "reduction" then return end
  if work(s, block) < 4096 then return end
  local x, k = last(long(spatial)), last(long(reduce)) or last(reduce)
  if not x then return end
  local tile = tile_of(s, block, spatial, x)
  local ok, e = pcall(s.steps, s, function()
    if k.along and not x.along and along_rows(s, block, tile, k) then
      tile_rows(s, block, x, epilogue(s, block, mine))
    else
      tile_product(s, block, x, tile, epilogue(s, block, mine))
    end
  end)
  if not ok then
    if type(e) == "string" or not e.code then error(e, 0) end -- a mistake of this script, or an interruption
    s:note(("tried to tile %s, refused: %s"):format(block, e.why))
  end
end

-- ---- the whole ----

-- The blocks that the rules leave alone, as a set and as a list: those whose loops steps have changed, and copies that
-- steps have made.  In a program for a GPU, which the rules do not know, they are all of them.
local function made_by_steps(s)
  local set, list, gpu = {}, {}, false
  for _, name in ipairs(s:names "blocks") do
    for _, l in ipairs(s:block(name).loops) do gpu = gpu or l.kind:find "Idx%." ~= nil end
  end
  for _, name in ipairs(s:names "blocks") do
    if gpu or not s:block(name).as_written then
      set[name], list[#list + 1] = true, name
    end
  end
  return set, list
end

-- Schedules every block of a kernel that no step has touched.  Returns the schedule, and what is to be said of the
-- others, if there are any.
function M.apply(s)
  local keep, sums, reader = {}, {}, {}
  local mine, kept = made_by_steps(s)
  local said = #kept > 0 and ("left as %s: %s"):format(#kept > 1 and "they stand" or "it stands", table.concat(kept, ", "))
  if said then s:note(said) end
  for _, name in ipairs(s:names "blocks") do
    local b = s:block(name)
    local sum = b.class == "reduction"
    if sum then sums[#sums + 1] = name end
    for _, buffer in ipairs(b.reads) do
      -- What a sum reads again and again is worth keeping, and so is what two blocks read: in a chain of
      -- steps that each read the one before twice, the last would hold them all many times.
      keep[buffer] = keep[buffer] or sum or reader[buffer] ~= nil
      reader[buffer] = name
    end
  end
  inline_cheap(s, keep, reader, mine)
  for _, name in ipairs(sums) do
    if work(s, name) > 0 and not mine[name] then product(s, name, mine) end
  end
  for _, name in ipairs(s:names "blocks") do
    local untouched = work(s, name) > 0 and not mine[name] -- loops that never run are well as they are
    for _, l in ipairs(s:block(name).loops) do untouched = untouched and l.kind == "serial" end
    if untouched then plain(s, name) end
  end
  return s, said or nil
end

-- A Func with its default schedule, as a Version.
function M.of_func(f)
  local s = M.apply(tvm.schedule(f))
  return s:at()
end

return M
