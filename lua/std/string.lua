-- The string library: searches that could run for ever are made interruptible, repetition is made fast and capped.
-- A call whose worst case is small goes to Lua's own function. The worst case of matching is the subject's length to a
-- power that the pattern's quantifiers make.
local host = ...
local type, error, tostring, tonumber, select = type, error, tostring, tonumber, select
local tointeger, mathtype, huge = math.tointeger, math.type, math.huge
local concat, pack = table.concat, table.pack
local c_find, c_match, c_gmatch, c_gsub, c_rep = string.find, string.match, string.gmatch, string.gsub, string.rep
local sub, format = string.sub, string.format
local checked, search_some, find_text, repeated = host.checked, host.search, host.find_text, host.repeated

local MAX_STEPS = 3e5
local KNOWN_PATTERNS = 500
-- Pieces that are joined at a time: a few milliseconds.
local MAX_PIECES = 10000
-- Repetition of this size is not worth a call to the host.
local SMALL_REPEAT = 4096

-- Pattern -> the power in its worst case; and whether nothing in it can make Lua raise.
local powers, sound, known = {}, {}, 0
-- Longer patterns are not looked into: they go to the host unless the subject is tiny.
local LONG_PATTERN = 200

-- Each quantifier can multiply the work by the subject's length, but for one at the very end, which takes what it
-- gets. %b counts as one. A match may begin anywhere, unless the pattern is anchored.
local function power_of(pattern)
  if #pattern > LONG_PATTERN then return LONG_PATTERN end
  local bare = c_gsub(c_gsub(pattern, "%%b..", "*x"), "%%.", "x")
  bare = c_gsub(bare, "%[%^?.[^%]]*%]", "x")
  local _, quantifiers = c_gsub(bare, "[%*%+%-%?]", "")
  if c_find(bare, "[%*%+%-%?]%)?$") then quantifiers = quantifiers - 1 end
  return sub(pattern, 1, 1) == "^" and quantifiers or quantifiers + 1
end

local function learn(pattern)
  if known >= KNOWN_PATTERNS then
    powers, sound, known = {}, {}, 0
  end
  known = known + 1
  powers[pattern], sound[pattern] = power_of(pattern), host.is_well_formed(pattern)
  return powers[pattern]
end

-- "c": Lua's own matcher is fast enough whatever the strings hold, and has nothing to complain about.
-- "checked": it may raise. "host": it could take too long.
local function way(s, pattern)
  if type(s) ~= "string" or type(pattern) ~= "string" then return "checked" end
  if (#s) ^ (powers[pattern] or learn(pattern)) > MAX_STEPS then return "host" end
  return sound[pattern] and "c" or "checked"
end

-- Where a search begins, counted from 1; nil if `init` is no integer.
local function start_of(s, init)
  local from = init == nil and 1 or tointeger(init)
  if not from then return nil end
  if from < 0 then from = #s + from + 1 end
  return from < 1 and 1 or from
end

local function is_position(init) return init == nil or mathtype(init) == "integer" end

local function has_specials(pattern) return c_find(pattern, "[%^%$%*%+%?%.%(%[%%%-]") end

-- The host's search gives up at the end of a slice and says where to go on, so that the task can be paused here.
local function go_on(s, pattern, anchors, last_end, bare, first, second, ...)
  if first then return first, second, ... end
  if first == nil then return nil end
  return go_on(s, pattern, anchors, last_end, bare, search_some(s, pattern, second, anchors, last_end, bare))
end

local function search(s, pattern, from, anchors, last_end, bare)
  return go_on(s, pattern, anchors, last_end, bare, search_some(s, pattern, from, anchors, last_end, bare))
end

function string.find(s, pattern, init, plain)
  if plain and type(s) == "string" and type(pattern) == "string" then
    local from = start_of(s, init)
    if not from then return checked(c_find, s, pattern, init) end
    if #s * #pattern <= MAX_STEPS then return c_find(s, pattern, from, true) end
    return checked(find_text, s, pattern, from)
  end
  local chosen = way(s, pattern)
  if chosen == "c" and is_position(init) then return c_find(s, pattern, init) end
  local from = chosen == "host" and start_of(s, init)
  if not from then return checked(c_find, s, pattern, init) end
  if not has_specials(pattern) then return checked(find_text, s, pattern, from) end
  return checked(search, s, pattern, from, true)
end

-- The captures of what `search` returned, or the whole match if there are none.
local function captures(s, first, last, ...)
  if not first then return nil end
  if select("#", ...) == 0 then return sub(s, first, last) end
  return ...
end

local function match(s, pattern, from) return captures(s, search(s, pattern, from, true)) end

function string.match(s, pattern, init)
  local chosen = way(s, pattern)
  local from = chosen == "host" and start_of(s, init)
  if from then return checked(match, s, pattern, from) end
  if chosen == "c" and is_position(init) then return c_match(s, pattern, init) end
  return checked(c_match, s, pattern, init)
end

local function next_match(state)
  local s = state.s
  if state.from > #s + 1 then return nil end
  local function advance(first, last, ...)
    if not first then
      state.from = #s + 2
      return nil
    end
    state.from, state.last_end = last + 1, last
    return captures(s, first, last, ...)
  end
  return advance(search(s, state.pattern, state.from, false, state.last_end))
end

function string.gmatch(s, pattern, init)
  local chosen = way(s, pattern)
  local from = chosen ~= "c" and type(s) == "string" and type(pattern) == "string" and start_of(s, init)
  if from then
    local state = { s = s, pattern = pattern, from = from }
    return function() return checked(next_match, state) end
  end
  if chosen == "c" and is_position(init) then return c_gmatch(s, pattern, init) end
  return checked(c_gmatch, s, pattern, init)
end

-- A replacement string with the match and its captures put in.
local function expand(replacement, whole, ...)
  local values = pack(...)
  return (
    c_gsub(replacement, "%%(.?)", function(letter)
      if letter == "%" then return "%" end
      local index = tointeger(tonumber(letter))
      if not index then error("invalid use of '%' in replacement string", 0) end
      if index == 0 or (index == 1 and values.n == 0) then return whole end
      if index > values.n then error(format("invalid capture index %%%d", index), 0) end
      return tostring(values[index])
    end)
  )
end

local function replacement_for(repl, whole, first, ...)
  local value
  if type(repl) == "function" then
    if first == nil then value = repl(whole) else value = repl(first, ...) end
  elseif type(repl) == "table" then
    value = repl[first == nil and whole or first]
  elseif first == nil then
    return expand(repl, whole)
  else
    return expand(repl, whole, first, ...)
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
  local bare = type(repl) == "string" and not c_find(repl, "%", 1, true)
  local function step(first, last, ...)
    if not first then return false end
    count = count + 1
    out[size + 1] = sub(s, copied, first - 1)
    out[size + 2] = bare and repl or replacement_for(repl, sub(s, first, last), ...)
    size = size + 2
    if size >= MAX_PIECES then
      out, size = { concat(out) }, 1
    end
    copied, from, last_end = last + 1, last + 1, last
    return true
  end
  while count < limit and from <= #s + 1 do
    if not step(search(s, pattern, from, true, last_end, bare)) or anchored then break end
  end
  if count == 0 then return s, 0 end
  out[size + 1] = sub(s, copied)
  return concat(out), count
end

function string.gsub(s, pattern, repl, limit)
  local chosen, kind = way(s, pattern), type(repl)
  local most = limit == nil and huge or tointeger(limit)
  local strings = type(s) == "string" and type(pattern) == "string"
  if strings and most and (kind == "function" or kind == "table" or (kind == "string" and chosen == "host")) then
    return checked(substitute, s, pattern, repl, most)
  end
  if chosen == "c" and limit == nil and kind == "string" and not c_find(repl, "%", 1, true) then
    return c_gsub(s, pattern, repl)
  end
  return checked(c_gsub, s, pattern, repl, limit)
end

function string.rep(s, n, separator)
  local times = tointeger(n)
  if type(s) ~= "string" or not times or times < 2 or (separator ~= nil and type(separator) ~= "string") then
    return checked(c_rep, s, n, separator)
  end
  if (#s + 8) * times <= SMALL_REPEAT and separator == nil then return c_rep(s, times) end
  return checked(repeated, s, times, separator or "")
end
