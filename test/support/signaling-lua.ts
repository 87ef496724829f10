/** A plugin that is its hub's end of the signaling, for tests of the way there. */

/** Subscribes as the hub; notes signals in `heard`, and answers each offer. Returns when that is confirmed. */
export const answering = `
  heard = {}
  events.on("action_cable_subscribed", function() ready = true end)
  local conn = assert(action_cable.connect{ crypto = true })
  local address = assert(connection.address())
  channel = assert(action_cable.subscribe(conn, "SignalChannel", { hub = address, role = "hub" }, function(msg)
    heard[#heard + 1] = msg
    assert(action_cable.perform(channel, "signal", {
      identity = msg.identity, type = "answer", sdp = "answer to " .. msg.sdp,
    }))
  end))
  while not ready do timer.sleep(0.01) end`;

/** Of a hub's doors: nobody asks it anything. */
export const noRequests = { request: () => Promise.reject(new Error('nobody asks')) };
