/**
 * The Lua global `webrtc`: connections with paired devices. They live in a worker of their own (peers.ts); the events are
 * what it tells. Requests of devices do not pass Lua but where their method does.
 */
import { named, t } from '../../base/schema.js';
import { definePrimitive, event, fn } from '../define.js';

const peer = t.int({ min: 1 });
/** As in protocol/signals.ts. */
export const signaledCandidate = t.object({
  candidate: t.opt(t.str),
  sdp_mid: t.opt(t.str),
  sdp_m_line_index: t.opt(t.int({ min: 0, max: 64 })),
});
const peerId = named('peer_id', t.str, 'From `on_peer_connected` or `peers`.');
const identity = named('identity', t.str, 'Who sent it, as `connection.unseal` says.');
const noPeer = { 'webrtc.no_peer': 'No such device is connected.' } as const;
const unknownDevice = {
  'webrtc.unknown_device': 'No paired device has proved to have this identity, or it was revoked.',
} as const;
const failed = {
  'webrtc.unavailable': 'The worker that has the connections cannot be used. The message says why.',
} as const;
const sendErrors = {
  ...noPeer,
  'webrtc.bad_value': 'JSON cannot hold the value, or it is larger than 1 MiB. The message says which.',
  'webrtc.queue_full': 'More than 4 MiB wait for this device. Try again later.',
} as const;
const subscription = named('id', t.int(), 'For `events.off`.');

export const webrtcDef = definePrimitive({
  name: 'webrtc',
  doc: `Speaks with paired devices over WebRTC.

A device is connected by an offer that came over its encrypted signaling (\`connection\`, \`action_cable\`); the hub's own Lua
passes offers and candidates here. Terminals go between device and session host without passing Lua.

Told by events: \`webrtc_answer\` {identity, sdp}, \`webrtc_candidate\` {identity, candidate, sdp_mid, sdp_m_line_index} (without
\`candidate\`: there are no more), \`webrtc_peer_connected\` {peer_id, device_id}, \`webrtc_peer_disconnected\` {peer_id, device_id,
reason}, \`webrtc_message\` {peer_id, data}.`,
  companion: 'lib/webrtc.lua',
  functions: {
    handle_offer: fn({
      waits: true,
      doc: `Answers an offer: the answer is told by \`webrtc_answer\`. An offer of an identity that is connected replaces that
connection.`,
      params: [identity, named('sdp', t.str, 'The offer.')],
      returns: [],
      errors: {
        ...unknownDevice,
        'webrtc.sdp_too_large': 'It has more than 32 KiB.',
        'webrtc.bad_sdp': 'It is for something else than data channels, or names no certificate.',
        'webrtc.too_many_offers': 'Offers came faster than 4 in a second.',
        'webrtc.too_many_peers': '32 devices are connected, or this one 8 times.',
        ...failed,
      },
      example: `local done, err = webrtc.handle_offer("nobody", "v=0")
assert(done == nil and err.code == "webrtc.unknown_device")`,
    }),
    handle_ice_candidate: fn({
      doc: 'Takes a way by which a device may be reached. One that comes before the offer is kept for it.',
      params: [
        identity,
        named('candidate', signaledCandidate, 'As it was signaled. Without `candidate`: there are no more.'),
      ],
      returns: [],
      errors: { ...unknownDevice, 'webrtc.bad_value': 'It has more than 2 KiB.' },
      example: `local done, err = webrtc.handle_ice_candidate("nobody", {})
assert(done == nil and err.code == "webrtc.unknown_device")`,
    }),
    on_peer_connected: fn({
      by: 'companion',
      doc: 'Calls a function whenever a device has connected.',
      params: [named('callback', t.fn(named('peer_id', t.str, 'The device.')), 'What to call.')],
      returns: [subscription],
      errors: {},
      example: 'webrtc.on_peer_connected(function(peer_id) log.info("hello " .. peer_id) end)',
    }),
    on_peer_disconnected: fn({
      by: 'companion',
      doc: 'Calls a function whenever a device is gone.',
      params: [named('callback', t.fn(named('peer_id', t.str, 'The device.')), 'What to call.')],
      returns: [subscription],
      errors: {},
      example: 'webrtc.on_peer_disconnected(function(peer_id) log.info("goodbye " .. peer_id) end)',
    }),
    on_message: fn({
      by: 'companion',
      doc: 'Calls a function for each message that a device sends to scripts. View-only devices cannot send any.',
      params: [
        named(
          'callback',
          t.fn(named('peer_id', t.str, 'The device.'), named('message', t.any, 'What it sent.')),
          'What to call.',
        ),
      ],
      returns: [subscription],
      errors: {},
      example: `webrtc.on_message(function(peer_id, message)
  webrtc.send(peer_id, { echo = message })
end)`,
    }),
    send: fn({
      doc: `Sends a message to a device, in order. It is told that this was taken, not that it arrived. The web client shows
\`{ type = "notice", title, body?, session? }\` to its user (docs/devices.md) and has no use for anything else.`,
      params: [peerId, named('message', t.any, 'What JSON can hold.')],
      returns: [],
      errors: sendErrors,
      example: `local done, err = webrtc.send("nobody", { greeting = "hello" })
assert(done == nil and err.code == "webrtc.no_peer")`,
    }),
    send_binary: fn({
      doc: 'Sends bytes to a device: it gets a message with the one field `binary_base64`.',
      params: [peerId, named('data', t.bytes, 'Any bytes.')],
      returns: [],
      errors: sendErrors,
      example: `local done, err = webrtc.send_binary("nobody", "\\0\\1\\2")
assert(done == nil and err.code == "webrtc.no_peer")`,
    }),
    create_pty_forwarder: fn({
      by: 'companion',
      doc: `Shows a session on a device: tells it the event \`pty_forwarder\` {session_uuid}, whereupon it attaches. Name the session
by its uuid; or by numbers, which are looked up at once: \`agent_index\` counts the agents of \`hub.agents()\` in the order of
their names, \`pty_index\` (default 1) the sessions of one. \`handle:stop()\` tells \`pty_forwarder_stopped\` {session_uuid}.`,
      params: [
        named(
          'opts',
          t.object({
            peer_id: t.str,
            session_uuid: t.opt(t.str),
            agent_index: t.opt(t.int({ min: 1 })),
            pty_index: t.opt(t.int({ min: 1 })),
          }),
          'Which session, on which device.',
        ),
      ],
      returns: [named('forwarder', t.any, 'A table with `uuid` and `peer_id`, and the method `stop`.')],
      errors: {
        ...noPeer,
        'session.not_found': 'There is no such session, or no agent with this number.',
        'session.ambiguous': 'The beginning of a uuid fits several sessions.',
      },
      example: `local forwarder, err = webrtc.create_pty_forwarder{ peer_id = "nobody", agent_index = 1 }
assert(forwarder == nil and err.code == "session.not_found")`,
    }),
    peers: fn({
      waits: true,
      doc: 'Lists the devices that are connected or about to be.',
      params: [],
      returns: [
        named(
          'peers',
          t.list(
            t.object({
              peer_id: t.str,
              device_id: t.str,
              name: t.str,
              view_only: t.bool,
              /** Absent while it is being set up. */
              connected_s: t.opt(t.num()),
              path: t.opt(t.oneOf('host', 'prflx', 'srflx', 'relay')),
              rtt_ms: t.opt(t.num()),
              sent_bytes: t.int(),
              received_bytes: t.int(),
              queued_bytes: t.int(),
            }),
          ),
          'Oldest first. `path` says how its bytes travel: directly (host, prflx, srflx) or through a relay.',
        ),
      ],
      errors: failed,
      example: 'for _, peer in ipairs(assert(webrtc.peers())) do log.info(peer.name) end',
    }),
    close_peer: fn({
      doc: 'Ends a connection. The device may make another one: only `connection.revoke_device` shuts it out.',
      params: [peerId, named('reason', t.opt(t.text({ maxBytes: 200 })), 'What the device is told.')],
      returns: [named('closed', t.bool, 'False if there is none.')],
      errors: {},
      example: 'assert(webrtc.close_peer("nobody") == false)',
    }),
    _tell: fn({
      by: 'hidden',
      shownAs: 'webrtc.create_pty_forwarder',
      doc: 'Tells a device an event.',
      params: [peerId, named('name', t.name, 'Of the event.'), named('data', t.any, 'Its fields.')],
      returns: [],
      errors: noPeer,
      example: '',
    }),
  },
  events: {
    answer: event('control', 'An offer was answered.', { peer, sdp: t.str }),
    candidate: event('control', 'A way by which the hub may be reached; without `candidate`: no more.', {
      peer,
      candidate: t.opt(t.str),
      sdp_mid: t.opt(t.str),
      sdp_m_line_index: t.opt(t.int()),
    }),
    connected: event('control', 'A device has greeted.', { peer }),
    closed: event('control', 'A connection is over, or did not come about.', {
      peer,
      reason: t.str,
      connected: t.bool,
    }),
    request: event('control', 'A device asks for something.', {
      peer,
      id: t.int(),
      method: t.str,
      params: t.any,
    }),
    message: event('control', 'A device sends something to scripts.', { peer, data: t.any }),
    paths: event(
      'bulk',
      'How the bytes of each connected device travel, when that has changed.',
      {
        source: t.str,
        paths: t.list(
          t.object({
            peer,
            path: t.opt(t.oneOf('host', 'prflx', 'srflx', 'relay')),
            rtt_ms: t.opt(t.num()),
          }),
        ),
      },
      { key: 'source' },
    ),
    counted: event(
      'bulk',
      'What the worker has counted since it began.',
      { source: t.str, totals: t.map(t.num()) },
      { key: 'source' },
    ),
  },
});
