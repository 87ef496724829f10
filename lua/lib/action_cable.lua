-- The part of `action_cable` that is Lua: sealed connections. What comes is opened with `connection.unseal`, what goes is
-- sealed with `connection.seal`; both wait, and the order of messages is kept.
local action_cable, hidden = ...
-- Kept: a plugin may put something else in these places.
local next, setmetatable, tostring, traceback, type, xpcall = next, setmetatable, tostring, debug.traceback, type, xpcall
local log = log
-- Its `connection` is made after this, and is looked up when it is needed.
local globals = _G

-- The one action of the channel of signals (protocol/signals.ts).
local action = "signal"

-- Connections with `crypto = true`.
local sealed = {}
-- Channel ids of those, and their connection.
local sealed_channels = {}

local function nothing() end

-- A line in which those who enter have their turn in that order, however long they take. `enter` gives a place:
-- `place.turn` is run when all before it have run, or left. It leaves when the task ends, however it ends.
local function new_line()
  local next_place, last_place, ready = 1, 0, {}
  local function leave(place)
    if place.left then return end
    place.left = true
    ready[place.number] = place.turn
    while ready[next_place] do
      local turn = ready[next_place]
      ready[next_place] = nil
      next_place = next_place + 1
      turn()
    end
  end
  local place_mt = { __close = leave }
  local function enter()
    last_place = last_place + 1
    return setmetatable({ number = last_place, turn = nothing }, place_mt)
  end
  return { enter = enter, leave = leave }
end

-- What is called with the messages of a sealed channel.
local function opener(callback)
  local line = new_line()

  local function deliver(opened, peer, channel_id)
    if opened.reply then hidden._perform(channel_id, action, { peer = peer, data = opened.reply }) end
    local signal = opened.signal
    -- It may have been unsubscribed meanwhile.
    if type(signal) ~= "table" or not sealed_channels[channel_id] then return end
    local heard = {}
    for name, value in next, signal do heard[name] = value end
    heard.identity, heard.device_id, heard.view_only = opened.identity, opened.device_id, opened.view_only
    -- Those behind do not suffer for it.
    local done, failure = xpcall(callback, traceback, heard, channel_id)
    if not done then log.error("a callback of 'action_cable.subscribe' failed: " .. tostring(failure)) end
  end

  return function(msg, channel_id)
    local peer = type(msg) == "table" and msg.peer
    local data = type(msg) == "table" and msg.data
    if type(peer) ~= "string" or type(data) ~= "string" then return end
    local place <close> = line.enter()
    local opened = globals.connection.unseal(peer, data)
    if opened then place.turn = function() deliver(opened, peer, channel_id) end end
    line.leave(place)
  end
end

function action_cable.connect(opts)
  local conn, err = hidden._connect(opts)
  if not conn then return nil, err end
  if opts and opts.crypto then sealed[conn] = new_line() end
  return conn
end

function action_cable.subscribe(conn, channel_name, params, callback)
  local line = sealed[conn]
  if not line or type(callback) ~= "function" then
    return hidden._subscribe(conn, channel_name, params, callback)
  end
  local id, err = hidden._subscribe(conn, channel_name, params, opener(callback))
  if not id then return nil, err end
  sealed_channels[id] = line
  return id
end

function action_cable.perform(channel_id, name, data)
  local line = sealed_channels[channel_id]
  local identity = line and type(data) == "table" and data.identity
  if type(identity) ~= "string" then return hidden._perform(channel_id, name, data) end
  local signal = {}
  for field, value in next, data do
    if field ~= "identity" then signal[field] = value end
  end
  local place <close> = line.enter()
  local envelope, err = globals.connection.seal(identity, signal)
  if not envelope then return nil, err end
  -- If it is not yet its turn it is on its way.
  local sent, failure = true, nil
  place.turn = function() sent, failure = hidden._perform(channel_id, name, envelope) end
  line.leave(place)
  if not sent then return nil, failure end
  return true
end

function action_cable.unsubscribe(channel_id)
  local ended = hidden._unsubscribe(channel_id)
  sealed_channels[channel_id] = nil
  return ended
end

function action_cable.close(conn)
  local closed = hidden._close(conn)
  local line = sealed[conn]
  sealed[conn] = nil
  for id, other in next, sealed_channels do
    if other == line then sealed_channels[id] = nil end
  end
  return closed
end
