-- The part of `log` that is Lua: makes text of any value, so that a log call never fails on what is logged.
-- Nothing of the value is run but `__tostring`, and that protected. Text is cut here already, before it is copied to
-- the host; the host says in the line that it was cut.
local log, hidden = ...
-- Kept: a plugin may put something else in these places.
local error, getmetatable, next, pcall, rawget, rawlen, tostring, type =
  error, getmetatable, next, pcall, rawget, rawlen, tostring, type
local min, number_type, concat, sort, utf8_len = math.min, math.type, table.concat, table.sort, utf8.len

local max_bytes = 16 * 1024
local max_field_bytes = 1024
local max_depth = 4
local max_members = 100
-- Of all tables in one value together.
local max_parts = 2000

local function plain(value)
  local ok, text = pcall(tostring, value)
  return ok and text or ("<%s: __tostring failed>"):format(type(value))
end

local function quoted(value)
  local text = ("%q"):format(value:sub(1, max_field_bytes)):gsub("\\\n", "\\n")
  return #value > max_field_bytes and text .. "..." or text
end

local function by_kind_then_value(a, b)
  local kind_a, kind_b = type(a), type(b)
  if kind_a ~= kind_b then return kind_a < kind_b end
  return (kind_a == "string" or kind_a == "number") and a < b
end

-- The keys that are not the list part, sorted; at most one more than `max_members`.
local function named_keys(value, length)
  local keys = {}
  for key in next, value do
    if not (number_type(key) == "integer" and key >= 1 and key <= length) then
      keys[#keys + 1] = key
      if #keys > max_members then break end
    end
  end
  sort(keys, by_kind_then_value)
  return keys
end

local write

local function write_members(out, value, depth, around)
  local length = rawlen(value)
  local keys = named_keys(value, length)
  local separator = ""
  for index = 1, min(length, max_members) do
    out[#out + 1] = separator
    write(out, rawget(value, index), depth, around)
    separator = ", "
  end
  for index = 1, min(#keys, max_members) do
    local key = keys[index]
    out[#out + 1] = separator
    if type(key) == "string" and key:find("^[%a_][%w_]*$") then
      out[#out + 1] = key
    else
      out[#out + 1] = "["
      write(out, key, 0, around)
      out[#out + 1] = "]"
    end
    out[#out + 1] = " = "
    write(out, rawget(value, key), depth, around)
    separator = ", "
  end
  if length > max_members or #keys > max_members then out[#out + 1] = ", ..." end
end

-- Writes `value` into `out` the way a Lua programmer would type it. `around` holds the tables around it.
function write(out, value, depth, around)
  local kind = type(value)
  if kind == "string" then
    out[#out + 1] = quoted(value)
    return
  end
  local meta = kind == "table" and getmetatable(value)
  if kind ~= "table" or (type(meta) == "table" and rawget(meta, "__tostring")) then
    out[#out + 1] = plain(value)
  elseif around[value] then
    out[#out + 1] = "<cycle>"
  elseif depth == 0 or #out > max_parts then
    out[#out + 1] = "{...}"
  else
    around[value] = true
    out[#out + 1] = "{"
    write_members(out, value, depth - 1, around)
    out[#out + 1] = "}"
    around[value] = nil
  end
end

local function text(value)
  if type(value) == "string" then return value end
  local out = {}
  write(out, value, max_depth, {})
  return concat(out)
end

-- A field's name, which must be text; the host repairs values but not names.
local function field_name(key)
  local name = text(key):sub(1, max_field_bytes)
  return utf8_len(name) and name or name:gsub("[\x80-\xff]", "?")
end

local function define(level)
  log[level] = function(message, fields)
    local facts
    if fields ~= nil then
      if type(fields) ~= "table" then
        error(("bad argument #2 to 'log.%s' (fields: table expected, got %s)"):format(level, type(fields)), 2)
      end
      facts = {}
      for key, value in next, fields do
        local name = field_name(key)
        facts[name] = text(value):sub(1, max_field_bytes + 1)
      end
    end
    local line = text(message)
    hidden._write(level, line:sub(1, max_bytes + 1), #line, facts)
  end
end

define("debug")
define("info")
define("warn")
define("error")
