-- The part of `pty` that is Lua: the handles. A handle is a table with a uuid; everything else is asked of the host.
local pty, hidden = ...
-- Kept: a plugin may put something else in these places.
local error, type, rawget, setmetatable = error, type, rawget, setmetatable
local format = string.format

local methods = {}
local handle_mt = {
  __index = methods,
  __name = "pty handle",
  __eq = function(a, b) return rawget(a, "uuid") == rawget(b, "uuid") end,
  __tostring = function(self) return "pty " .. (rawget(self, "uuid") or "?") end,
}

local function handle(uuid)
  return setmetatable({ uuid = uuid }, handle_mt)
end

-- The uuid of what a method was called on.
local function uuid_of(self, method)
  local uuid = type(self) == "table" and rawget(self, "uuid")
  if type(uuid) == "string" then return uuid end
  error(format("bad self to 'pty:%s' (pty handle expected, got %s): call it as handle:%s(...)", method, type(self), method), 3)
end

-- A function in the place of options is the callback of what waits.
local function options_and_callback(options, callback)
  if type(options) == "function" and callback == nil then return nil, options end
  return options, callback
end

function pty.spawn(config, callback)
  -- A function in the place of the configuration is left to the host to refuse.
  if callback == nil then
    local uuid, err = hidden._spawn(config)
    if not uuid then return nil, err end
    return handle(uuid)
  end
  if type(callback) ~= "function" then
    error(format("bad argument #2 to 'pty.spawn' (callback: function expected, got %s)", type(callback)), 2)
  end
  return hidden._spawn(config, function(uuid, err)
    if uuid then callback(handle(uuid)) else callback(nil, err) end
  end)
end

function pty.get(id)
  local uuid, err = hidden._get(id)
  if not uuid then return nil, err end
  return handle(uuid)
end

function methods:write(data)
  return hidden._write(data, uuid_of(self, "write"))
end

function methods:is_alive()
  local session = hidden._info(uuid_of(self, "is_alive"))
  return session ~= nil and session.state == "running"
end

function methods:port()
  local session = hidden._info(uuid_of(self, "port"))
  return session and session.port
end

function methods:dimensions()
  local session = hidden._info(uuid_of(self, "dimensions"))
  if session then return session.rows, session.cols end
end

function methods:last_output_at()
  local session = hidden._info(uuid_of(self, "last_output_at"))
  return session and session.last_output_ms and session.last_output_ms / 1000
end

function methods:info()
  return hidden._info(uuid_of(self, "info"))
end

function methods:kill(options, callback)
  local uuid = uuid_of(self, "kill")
  options, callback = options_and_callback(options, callback)
  if callback == nil then return hidden._kill(options, uuid) end
  return hidden._kill(options, uuid, callback)
end

function methods:resize(rows, cols, callback)
  local uuid = uuid_of(self, "resize")
  if callback == nil then return hidden._resize(rows, cols, uuid) end
  return hidden._resize(rows, cols, uuid, callback)
end

function methods:screen(options, callback)
  local uuid = uuid_of(self, "screen")
  options, callback = options_and_callback(options, callback)
  if callback == nil then return hidden._screen(options, uuid) end
  return hidden._screen(options, uuid, callback)
end

function methods:update(changes, callback)
  local uuid = uuid_of(self, "update")
  if callback == nil then return hidden._update(changes, uuid) end
  return hidden._update(changes, uuid, callback)
end
