-- The base library: what could stall the hub, load bytecode or leave the sandbox is replaced or removed.
-- docs/lua-runtime.md says what and why. Originals stay in locals here, where plugins cannot reach them.
local host = ...
local type, error, pcall, select, tostring = type, error, pcall, select, tostring
local rawget, getmetatable = rawget, getmetatable
local concat, pack = table.concat, table.pack
local find, sub, format = string.find, string.sub, string.format

-- Calls one of Lua's own functions on behalf of one of ours, so that an error names the function as the caller knows
-- it and the caller's line. To be used in tail position only: then whoever called ours is one level up.
local gsub = string.gsub
local function pass(ok, ...)
  if ok then return ... end
  local message = ...
  if type(message) ~= "string" then error(message, 0) end
  message = gsub(message, "^std/%w+%.lua:%d+: ", "")
  if find(message, "^[^\n]-:%d+: ") then error(message, 0) end
  error(gsub(message, "^(bad argument #%d+ to ')[%w_]+%.([%w_]+')", "%1%2"), 2)
end
local function checked(f, ...) return pass(pcall(f, ...)) end
host.checked = checked

-- Finalizers run with hooks off, so one that loops could never be stopped.
local raw_setmetatable = setmetatable
function setmetatable(t, mt)
  if type(mt) == "table" and rawget(mt, "__gc") ~= nil then
    error("__gc is not supported here: nothing could interrupt it; use a <close> variable", 2)
  end
  if type(t) ~= "table" or (mt ~= nil and type(mt) ~= "table") or getmetatable(t) ~= nil then
    return checked(raw_setmetatable, t, mt)
  end
  return raw_setmetatable(t, mt)
end

-- A message handler that loops must not keep a task alive that is being ended.
local raw_xpcall, killing = xpcall, host.killing
function xpcall(f, handler, ...)
  if type(handler) ~= "function" then return checked(raw_xpcall, f, handler, ...) end
  return raw_xpcall(f, function(message)
    if killing() then return message end
    return handler(message)
  end, ...)
end

-- Text only: crafted bytecode could break the virtual machine. The parser cannot be interrupted, hence the cap.
local MAX_CHUNK_BYTES = 1024 * 1024
local raw_load = load

local function drain(reader)
  local parts, size = {}, 0
  while true do
    local ok, piece = pcall(reader)
    if not ok then return nil, piece end
    if piece == nil or piece == "" then return concat(parts) end
    if type(piece) ~= "string" then return nil, "reader function must return a string" end
    parts[#parts + 1] = piece
    size = size + #piece
    if size > MAX_CHUNK_BYTES then return nil, format("chunk is larger than %d bytes", MAX_CHUNK_BYTES) end
  end
end

function load(...)
  local chunk, name, mode = ...
  if type(chunk) == "function" then
    local text, message = drain(chunk)
    if not text then return nil, message end
    chunk, name = text, name or "=(load)"
  end
  if type(chunk) ~= "string" then return checked(raw_load, ...) end
  if #chunk > MAX_CHUNK_BYTES then return nil, format("chunk is larger than %d bytes", MAX_CHUNK_BYTES) end
  if sub(chunk, 1, 1) == "\27" then return nil, "attempt to load a binary chunk (mode is 't')" end
  if type(mode) == "string" and not find(mode, "t", 1, true) then
    return nil, format("attempt to load a text chunk (mode is '%s')", mode)
  end
  return raw_load(chunk, name, "t", select(4, ...))
end

-- A full collection of a large heap takes a while; in steps, the hub goes on meanwhile.
local STEP_KIB = 256
local raw_collectgarbage = collectgarbage
local generational = false
function collectgarbage(option, argument, ...)
  if option == "generational" or option == "incremental" then generational = option == "generational" end
  -- a generational collector has no steps
  if (option == nil or option == "collect") and not generational then
    -- the first cycle may have begun before what is garbage now was dropped
    for _ = 1, 2 do
      repeat until raw_collectgarbage("step", STEP_KIB)
    end
    return 0
  end
  if option == "step" and math.type(argument) == "integer" and argument > STEP_KIB then argument = STEP_KIB end
  return checked(raw_collectgarbage, option, argument, ...)
end

-- Output goes to the log.
local MAX_LINE_BYTES = 16 * 1024

local function log_line(level, text)
  if #text > MAX_LINE_BYTES then text = sub(text, 1, MAX_LINE_BYTES) .. "…" end
  host.log(level, text)
end

function print(...)
  local parts = pack(...)
  for i = 1, parts.n do parts[i] = tostring(parts[i]) end
  log_line("info", concat(parts, "\t"))
end

function warn(message, ...)
  local parts = pack(message, ...)
  for i = 1, parts.n do
    if type(parts[i]) ~= "string" then
      error(format("bad argument #%d to 'warn' (string expected, got %s)", i, type(parts[i])), 2)
    end
  end
  -- "@on" and "@off" are messages to the standard warning function, which this is not
  if select("#", ...) == 0 and sub(message, 1, 1) == "@" then return end
  log_line("warn", concat(parts))
end

local function output(level)
  local stream, pending = {}, ""
  local function write(...)
    for i = 1, select("#", ...) do
      local piece = select(i, ...)
      if type(piece) ~= "string" and type(piece) ~= "number" then
        error(format("bad argument #%d to 'write' (string expected, got %s)", i, type(piece)), 3)
      end
      pending = pending .. piece
    end
    while true do
      local stop = find(pending, "\n", 1, true)
      if not stop and #pending <= MAX_LINE_BYTES then break end
      stop = stop or MAX_LINE_BYTES + 1
      log_line(level, sub(pending, 1, stop - 1))
      pending = sub(pending, stop + (sub(pending, stop, stop) == "\n" and 1 or 0))
    end
    return stream
  end
  function stream.write(_, ...) return write(...) end
  function stream.flush() return stream end
  return stream, write
end

local stdout, write = output("info")
local stderr = output("warn")
io = { stdout = stdout, stderr = stderr, write = function(...) return write(...) end }

-- What asks about time, and nothing that touches files, processes or the process's own locale.
os = {
  clock = os.clock,
  date = os.date,
  difftime = os.difftime,
  getenv = function(name)
    if type(name) ~= "string" then
      error(format("bad argument #1 to 'getenv' (string expected, got %s)", type(name)), 2)
    end
    return host.getenv(name)
  end,
  time = os.time,
}

-- Looking at the stack is safe; functions, locals and hooks found there are the hub's own as well as the plugin's.
local raw_getinfo, traceback = debug.getinfo, debug.traceback
debug = {
  traceback = traceback,
  getinfo = function(first, ...)
    local info
    if type(first) == "number" and first >= 0 then
      info = raw_getinfo(first + 1, ...)
    else
      info = raw_getinfo(first, ...)
    end
    if info then info.func = nil end
    return info
  end,
}

package = { loaded = package.loaded, preload = {}, config = package.config }
dofile, loadfile, string.dump = nil, nil, nil

local loaded = package.loaded
loaded.io, loaded.os, loaded.debug, loaded.package = io, os, debug, package
