-- Signaling: this hub at its relay, where devices find it and say what has to be said before they are connected.
--
-- What travels there is sealed for one device each; opening and sealing is done by the `action_cable` primitive with the
-- keys of `connection`. Here is only who gets what: offers and candidates of devices go to `webrtc`, its answers and
-- candidates back to the device. When the relay is gone the primitive comes back by itself, subscriptions and all.
local M = {}

M.CHANNEL = "SignalChannel"
M.ACTION = "signal"

-- Until a relay is tried again that ended the connection for good, or does not know the channel.
M.AGAIN_S = 60

-- The connection and the subscription, while there are any.
local conn, channel
-- Whether devices could reach the hub when that was last looked at: true, false, or nil before.
local reachable

-- What is done with a signal of a device, by its type: { type, identity, device_id, ... }. Answers nil, err if it cannot.
M.signals = {}

function M.signals.offer(signal)
  return hub.handle_webrtc_offer(signal.identity, signal.sdp)
end

function M.signals.candidate(signal)
  return hub.handle_ice_candidate(signal.identity, {
    candidate = signal.candidate,
    sdp_mid = signal.sdp_mid,
    sdp_m_line_index = signal.sdp_m_line_index,
  })
end

-- A device said something.
function M.received(signal)
  local run = M.signals[signal.type]
  if not run then
    log.debug(("device %s sent a signal of a type that hubs do not take: %s"):format(signal.device_id, signal.type))
    return
  end
  local done, err = run(signal)
  if done == nil and err then
    log.warn(("the %s of device %s was refused: %s"):format(signal.type, signal.device_id, err))
  end
end

-- Says something to a device: `signal` has a type, `identity` names the device's connection.
function M.send(identity, signal)
  if not channel then
    log.debug(("no relay: the %s for %s was not sent"):format(signal.type, identity))
    return
  end
  signal.identity = identity
  local sent, err = action_cable.perform(channel, M.ACTION, signal)
  if not sent then log.warn(("the %s for %s was not sent: %s"):format(signal.type, identity, err)) end
end

-- Facts of the webrtc primitive.
function M.answer(data)
  M.send(data.identity, { type = "answer", sdp = data.sdp })
end

function M.candidate(data)
  M.send(data.identity, {
    type = "candidate",
    candidate = data.candidate,
    sdp_mid = data.sdp_mid,
    sdp_m_line_index = data.sdp_m_line_index,
  })
end

-- The connection primitive threw away the keys of a device's connection. The device is to hear of it and to greet again;
-- `data` is sealed already. Its data channels are not touched.
function M.rekeyed(data)
  if channel then action_cable.perform(channel, M.ACTION, { peer = data.peer, data = data.data }) end
end

local function start_again()
  M.stop()
  timer.after(M.AGAIN_S, function() M.start() end)
end

-- Subscribes as this hub, once the relay is there. Answers true, or nil, err, which is said in the log too: there are no
-- keys.
function M.subscribe()
  local address, err = connection.address()
  -- It may be over meanwhile.
  if channel or not conn then return true end
  if address then
    channel, err = action_cable.subscribe(conn, M.CHANNEL, { hub = address, role = "hub" }, function(signal)
      M.received(signal)
    end)
  end
  if channel then return true end
  log.error("devices cannot reach this hub: " .. tostring(err))
  M.stop()
  return nil, err
end

-- Facts of the action_cable primitive.
function M.connected(data)
  if data.conn == conn and not channel then M.subscribe() end
end

function M.subscribed(data)
  if data.conn ~= conn then return end
  reachable = true
  log.info(data.again and "devices can reach this hub again" or "devices can reach this hub")
end

function M.rejected(data)
  if data.conn ~= conn then return end
  reachable = false
  log.warn(("devices cannot reach this hub: the relay has no channel %s. It is tried again in %g s"):format(M.CHANNEL, M.AGAIN_S))
  start_again()
end

function M.disconnected(data)
  if data.conn ~= conn then return end
  local said = reachable == false
  reachable = false
  if data.will_reconnect then
    if not said then log.warn("devices cannot reach this hub now; those that are connected stay connected. It is tried again") end
  elseif data.url then
    log.warn(("devices cannot reach this hub: %s. It is tried again in %g s"):format(data.reason or "the relay does not want it", M.AGAIN_S))
    start_again()
  else
    log.info("no device can reach this hub: " .. (data.reason or "it serves no page"))
    M.stop()
  end
end

-- The hub's page and relay are at another address than before.
function M.moved()
  M.stop()
  return M.start()
end

-- Whether the hub has a connection to a relay, or tries to have one.
function M.running()
  return conn ~= nil
end

function M.stop()
  if conn then action_cable.close(conn) end
  conn, channel = nil, nil
end

-- Connects to the relay, once; what follows is told by facts. Answers true, or nil, err.
function M.start()
  if conn then return true end
  local err
  conn, err = action_cable.connect({ crypto = true })
  if conn then return true end
  log.error("devices cannot reach this hub: " .. tostring(err))
  return nil, err
end

return M
