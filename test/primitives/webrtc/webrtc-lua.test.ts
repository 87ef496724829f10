/** `webrtc` as scripts have it, in a real engine, and its names in `hub`. */
import { expect, test } from 'vitest';
import { openLuaHost } from '../../support/lua-host.js';

test('callbacks get what the facts say, until they are taken back', async () => {
  const { run } = openLuaHost();
  const [got] = await run(`
    local got = {}
    local function note(name) return function(...) got[#got + 1] = { name, ... } end end
    webrtc.on_peer_connected(note("connected"))
    local id = webrtc.on_peer_disconnected(note("disconnected"))
    webrtc.on_message(note("message"))
    events.emit("webrtc_peer_connected", { peer_id = "a:1", device_id = "a" })
    events.emit("webrtc_message", { peer_id = "a:1", data = { hello = "hub" } })
    events.emit("webrtc_peer_disconnected", { peer_id = "a:1", device_id = "a", reason = "gone" })
    assert(events.off(id))
    events.emit("webrtc_peer_disconnected", { peer_id = "a:2", device_id = "a", reason = "gone" })
    return got`);
  expect(got).toEqual([
    ['connected', 'a:1'],
    ['message', 'a:1', { hello: 'hub' }],
    ['disconnected', 'a:1'],
  ]);
});

test('a forwarder is for the session that its numbers mean, and fails with codes', async () => {
  const { run } = openLuaHost();
  const codes = await run(`
    local function code(opts) return select(2, webrtc.create_pty_forwarder(opts)).code end
    local codes = { code{ peer_id = "nobody", agent_index = 1 }, code{ peer_id = "nobody", session_uuid = "none" } }
    local session = assert(pty.spawn{ cmd = "cat" })
    assert(hub.register_agent("b", { session }))
    assert(hub.register_agent("a", {}))
    codes[3] = code{ peer_id = "nobody", agent_index = 1 }
    codes[4] = code{ peer_id = "nobody", agent_index = 2, pty_index = 1 }
    codes[5] = code{ peer_id = "nobody", agent_index = 2, pty_index = 2 }
    codes[6] = code{ peer_id = "nobody", session_uuid = session.uuid }
    session:kill{ grace = 0 }
    return codes`);
  const found = 'webrtc.no_peer';
  const missing = 'session.not_found';
  expect(codes).toEqual([[missing, missing, missing, found, missing, found]]);
});

test('wrong arguments raise, as everywhere', async () => {
  const { failure } = openLuaHost();
  expect((await failure('webrtc.on_message(1)')).message).toContain("bad argument #1 to 'webrtc.on_message'");
  expect((await failure('webrtc.create_pty_forwarder()')).message).toContain('opts: table expected');
  expect((await failure('webrtc.create_pty_forwarder({})')).message).toContain(
    'opts.peer_id: string expected',
  );
});

test('the names in hub do the same', async () => {
  const { run } = openLuaHost();
  const [codes] = await run(`
    local _, offer = hub.handle_webrtc_offer("nobody", "v=0")
    local _, bare = hub.handle_ice_candidate("nobody", "candidate:1 1 udp 1 127.0.0.1 9 typ host")
    local _, full = hub.handle_ice_candidate("nobody", { sdp_mid = "0" })
    return { offer.code, bare.code, full.code, #assert(webrtc.peers()) }`);
  const unknown = 'webrtc.unknown_device';
  expect(codes).toEqual([unknown, unknown, unknown, 0]);
});
