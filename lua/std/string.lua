-- The string library: searches that could run for ever are made interruptible, repetition is made fast and capped.
-- A call whose worst case is small goes to Lua's own function. The worst case of matching is the subject's length to
-- the power of the quantifiers in the pattern, once more for a pattern that is not anchored.
local host = ...
local type, error, tostring, select = type, error, tostring, select
local tointeger, mathtype = math.tointeger, math.type
local concat, pack, unpack = table.concat, table.pack, table.unpack
local c_find, c_match, c_gmatch, c_gsub, c_rep = string.find, string.match, string.gmatch, string.gsub, string.rep
local sub, format = string.sub, string.format
local search, find_text, repeated = host.search, host.find_text, host.repeated

local MAX_STEPS = 1e6
local KNOWN_PATTERNS = 500

-- Pattern -> quantifiers in it, at most.
local quantifiers, known = {}, 0

local function count_quantifiers(pattern)
  local _, count = c_gsub(pattern, "[%*%+%-%?]", "")
  local _, balanced = c_gsub(pattern, "%%b", "")
  count = count + balanced
  if known >= KNOWN_PATTERNS then
    quantifiers, known = {}, 0
  end
  quantifiers[pattern], known = count, known + 1
  return count
end

-- Whether Lua's own matcher is fast enough whatever the strings hold. Wrong types are its business too.
local function is_cheap(s, pattern)
  if type(s) ~= "string" or type(pattern) ~= "string" then return true end
  local size = #s
  return size < 4 or size ^ ((quantifiers[pattern] or count_quantifiers(pattern)) + 1) <= MAX_STEPS
end

-- Where a search begins, counted from 1; nil beyond the end.
local function start_of(s, init, name)
  if init == nil then return 1 end
  local from = tointeger(init)
  if not from then
    local what = mathtype(init) and "number has no integer representation" or "number expected, got " .. type(init)
    error(format("bad argument #3 to '%s' (%s)", name, what), 3)
  end
  if from < 0 then from = #s + from + 1 end
  if from < 1 then from = 1 end
  return from <= #s + 1 and from or nil
end

function string.find(s, pattern, init, plain)
  if plain and type(s) == "string" and type(pattern) == "string" then
    if #s * #pattern <= MAX_STEPS then return c_find(s, pattern, init, true) end
    local from = start_of(s, init, "find")
    if not from then return nil end
    local first, last = find_text(s, pattern, from)
    return first, last
  end
  if is_cheap(s, pattern) then return c_find(s, pattern, init, plain) end
  local from = start_of(s, init, "find")
  if not from then return nil end
  local found = pack(search(s, pattern, from, true))
  if found.n == 0 then return nil end
  return unpack(found, 1, found.n)
end

-- The captures of what `search` returned, or the whole match if there are none.
local function captures(s, first, last, ...)
  if not first then return nil end
  if select("#", ...) == 0 then return sub(s, first, last) end
  return ...
end

function string.match(s, pattern, init)
  if is_cheap(s, pattern) then return c_match(s, pattern, init) end
  local from = start_of(s, init, "match")
  if not from then return nil end
  return captures(s, search(s, pattern, from, true))
end

function string.gmatch(s, pattern, init)
  if is_cheap(s, pattern) then return c_gmatch(s, pattern, init) end
  local from, last_end = start_of(s, init, "gmatch") or #s + 2, nil
  local function advance(first, last, ...)
    if not first then
      from = #s + 2
      return nil
    end
    from, last_end = last + 1, last
    return captures(s, first, last, ...)
  end
  return function()
    if from > #s + 1 then return nil end
    return advance(search(s, pattern, from, false, last_end))
  end
end

-- A replacement string as a function of the match and its captures.
local function expand(replacement, whole, ...)
  local count = select("#", ...)
  local values = pack(...)
  return (c_gsub(replacement, "%%(.?)", function(letter)
    if letter == "%" then return "%" end
    local index = tointeger(tonumber(letter))
    if not index then error("invalid use of '%' in replacement string", 0) end
    if index == 0 or (index == 1 and count == 0) then return whole end
    if index > count then error(format("invalid capture index %%%d in replacement string", index), 0) end
    return tostring(values[index])
  end))
end

local function replacement_for(repl, whole, ...)
  local key = whole
  if select("#", ...) > 0 then key = (...) end
  local value
  if type(repl) == "function" then
    if select("#", ...) == 0 then value = repl(whole) else value = repl(...) end
  elseif type(repl) == "table" then
    value = repl[key]
  else
    return expand(repl, whole, ...)
  end
  if not value then return whole end
  if type(value) ~= "string" and type(value) ~= "number" then
    error(format("invalid replacement value (a %s)", type(value)), 0)
  end
  return value
end

-- In Lua, so that a replacement function may wait and can be preempted.
local function substitute(s, pattern, repl, limit)
  local out, size, count = {}, 0, 0
  local from, copied, last_end = 1, 1, nil
  local anchored = sub(pattern, 1, 1) == "^"
  local function step(first, last, ...)
    if not first then return false end
    count = count + 1
    out[size + 1] = sub(s, copied, first - 1)
    out[size + 2] = replacement_for(repl, sub(s, first, last), ...)
    size = size + 2
    copied, from, last_end = last + 1, last + 1, last
    return true
  end
  while count < limit and from <= #s + 1 do
    if not step(search(s, pattern, from, true, last_end)) or anchored then break end
  end
  if count == 0 then return s, 0 end
  out[size + 1] = sub(s, copied)
  return concat(out), count
end

function string.gsub(s, pattern, repl, limit)
  local kind = type(repl)
  local usual = type(s) == "string" and type(pattern) == "string"
  if not usual or (kind ~= "function" and kind ~= "table" and (kind ~= "string" or is_cheap(s, pattern))) then
    return c_gsub(s, pattern, repl, limit)
  end
  if limit == nil then
    limit = math.huge
  elseif not tointeger(limit) then
    return c_gsub(s, pattern, repl, limit)
  end
  return substitute(s, pattern, repl, limit)
end

function string.rep(s, n, separator)
  local times = tointeger(n)
  if type(s) ~= "string" or not times or times < 2 or (separator ~= nil and type(separator) ~= "string") then
    return c_rep(s, n, separator)
  end
  return repeated(s, times, separator or "")
end
