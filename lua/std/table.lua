-- The table library: what walks many elements does so in Lua, where it can be preempted and comparators may wait.
-- Small calls go to Lua's own functions. Same results and messages, except that `sort` is stable and never complains
-- about an inconsistent comparator.
local host = ...
local select, type, tointeger, min, maxinteger = select, type, math.tointeger, math.min, math.maxinteger
local c_insert, c_remove, c_concat, c_move, c_sort = table.insert, table.remove, table.concat, table.move, table.sort
local checked = host.checked

-- Elements that a C function may touch in one call: a millisecond.
local MAX_ELEMENTS = 10000
-- Sorting without a comparator costs some 5 ms for this many.
local MAX_SORTED = 10000
local MAX_ARRAY = 2 ^ 31 - 1

function table.insert(t, ...)
  if type(t) ~= "table" then return checked(c_insert, t, ...) end
  local count = select("#", ...)
  if count == 1 then return c_insert(t, ...) end
  local position, value, last = tointeger((...)), select(2, ...), #t + 1
  if count ~= 2 or last <= MAX_ELEMENTS or not position or position < 1 or position > last then
    return checked(c_insert, t, ...)
  end
  for i = last, position + 1, -1 do t[i] = t[i - 1] end
  t[position] = value
end

function table.remove(t, ...)
  if type(t) ~= "table" then return checked(c_remove, t, ...) end
  if select("#", ...) == 0 then return c_remove(t) end
  local position, size = tointeger((...)), #t
  if size <= MAX_ELEMENTS or not position or position < 1 or position > size then
    return checked(c_remove, t, ...)
  end
  local removed = t[position]
  for i = position, size - 1 do t[i] = t[i + 1] end
  t[size] = nil
  return removed
end

local function concat_in_pieces(t, separator, from, to)
  local pieces = {}
  for i = from, to, MAX_ELEMENTS do
    pieces[#pieces + 1] = c_concat(t, separator, i, min(i + MAX_ELEMENTS - 1, to))
  end
  return c_concat(pieces, separator)
end

function table.concat(t, separator, first, last)
  if type(t) ~= "table" then return checked(c_concat, t, separator, first, last) end
  local from, to = tointeger(first or 1), tointeger(last or #t)
  if not from or not to or to < from or (to - from >= 0 and to - from < MAX_ELEMENTS) then
    return checked(c_concat, t, separator, first, last)
  end
  return checked(concat_in_pieces, t, separator, from, to)
end

function table.move(source, from, to, into_at, target)
  local first, last, at = tointeger(from), tointeger(to), tointeger(into_at)
  -- where a difference overflows, C has the message
  if not (first and last and at) or last - first < MAX_ELEMENTS or (first <= 0 and last >= maxinteger + first) then
    return checked(c_move, source, from, to, into_at, target)
  end
  local into = target == nil and source or target
  if at > maxinteger - (last - first) or type(source) ~= "table" or type(into) ~= "table" then
    return checked(c_move, source, from, to, into_at, target)
  end
  if at > last or at <= first or (target ~= nil and target ~= source) then
    for i = 0, last - first do into[at + i] = source[first + i] end
  else
    for i = last - first, 0, -1 do into[at + i] = source[first + i] end
  end
  return into
end

local function less(a, b) return a < b end

-- Insertion sort of values[from..to]: the runs that merging starts with.
local RUN = 12
local function sort_run(values, from, to, before)
  for i = from + 1, to do
    local value, at = values[i], i - 1
    while at >= from and before(value, values[at]) do
      values[at + 1] = values[at]
      at = at - 1
    end
    values[at + 1] = value
  end
end

local function merge(values, into, from, middle, to, before)
  local left, right = from, middle + 1
  for i = from, to do
    if left <= middle and (right > to or not before(values[right], values[left])) then
      into[i], left = values[left], left + 1
    else
      into[i], right = values[right], right + 1
    end
  end
end

local function merge_sort(t, size, before)
  local values, spare = {}, {}
  for i = 1, size do values[i] = t[i] end
  for from = 1, size, RUN do sort_run(values, from, min(from + RUN - 1, size), before) end
  local width = RUN
  while width < size do
    for from = 1, size, 2 * width do
      merge(values, spare, from, min(from + width - 1, size), min(from + 2 * width - 1, size), before)
    end
    values, spare = spare, values
    width = 2 * width
  end
  for i = 1, size do t[i] = values[i] end
end

function table.sort(t, before)
  if type(t) ~= "table" or (before ~= nil and type(before) ~= "function") then return checked(c_sort, t, before) end
  local size = #t
  if size < 2 or size >= MAX_ARRAY or (before == nil and size <= MAX_SORTED) then return checked(c_sort, t, before) end
  merge_sort(t, size, before or less)
end
