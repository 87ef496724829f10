-- The part of `webrtc` that is Lua: callbacks, and finding the session of a forwarder.
local webrtc, hidden = ...
-- Kept: a plugin may put something else in these places.
local error, pairs, rawget, setmetatable, type = error, pairs, rawget, setmetatable, type
local format, sort = string.format, table.sort
local on = events.on
local hub, pty = hub, pty

local function checked(callback, name)
  if type(callback) == "function" then return callback end
  local message = "bad argument #1 to 'webrtc.%s' (callback: function expected, got %s)"
  error(format(message, name, type(callback)), 3)
end

function webrtc.on_peer_connected(callback)
  checked(callback, "on_peer_connected")
  return on("webrtc_peer_connected", function(fact) callback(fact.peer_id) end)
end

function webrtc.on_peer_disconnected(callback)
  checked(callback, "on_peer_disconnected")
  return on("webrtc_peer_disconnected", function(fact) callback(fact.peer_id) end)
end

function webrtc.on_message(callback)
  checked(callback, "on_message")
  return on("webrtc_message", function(fact) callback(fact.peer_id, fact.data) end)
end

local forwarder = {}
local forwarder_mt = { __index = forwarder, __name = "pty forwarder" }

-- Tells the device that the session need not be shown any more. The second time nothing.
function forwarder:stop()
  if rawget(self, "stopped") then return true end
  self.stopped = true
  return hidden._tell(self.peer_id, "pty_forwarder_stopped", { session_uuid = self.uuid })
end

-- The uuid under two numbers, as they are now.
local function uuid_at(agent_index, pty_index)
  local agents, keys = hub.agents(), {}
  for key in pairs(agents) do keys[#keys + 1] = key end
  sort(keys)
  local uuids = agents[keys[agent_index]]
  return uuids and uuids[pty_index]
end

function webrtc.create_pty_forwarder(opts)
  if type(opts) ~= "table" then
    error(format("bad argument #1 to 'webrtc.create_pty_forwarder' (opts: table expected, got %s)", type(opts)), 2)
  end
  if type(opts.peer_id) ~= "string" then
    error(format("bad argument #1 to 'webrtc.create_pty_forwarder' (opts.peer_id: string expected, got %s)", type(opts.peer_id)), 2)
  end
  local id = opts.session_uuid or uuid_at(opts.agent_index or 1, opts.pty_index or 1)
  local session, err = pty.get(id or "no such agent")
  if not session then return nil, err end
  local told
  told, err = hidden._tell(opts.peer_id, "pty_forwarder", { session_uuid = session.uuid })
  if not told then return nil, err end
  return setmetatable({ uuid = session.uuid, peer_id = opts.peer_id, stopped = false }, forwarder_mt)
end
