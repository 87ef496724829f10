/** Connections with `crypto = true`: what the companion makes of `connection.unseal` and `connection.seal`. */
import { expect, test } from 'vitest';
import { type CableServer, serveCable } from '../../support/cable-server.js';
import { type LuaHost, openLuaHost } from '../../support/lua-host.js';
import { until } from '../../support/until.js';

const address = 'AAAAAAAAAAAAAAAAAAAAAA';
const identifier = `{"channel":"SignalChannel","hub":"${address}","role":"hub"}`;

/**
 * A plugin that is subscribed as a hub. Its `connection` is not the real one: `{...}` is sealed by writing `<...>`, a
 * greeting `hello` gets the reply `welcome`, `bad` is refused, and the later of two takes less time.
 */
async function signaling(server: CableServer): Promise<LuaHost> {
  const host = openLuaHost();
  await host.run(
    `local wait = 0.05
     local function slowly()
       wait = wait / 2
       timer.sleep(wait)
     end
     connection = {}
     function connection.unseal(peer, data)
       if data == "broken" then error("a fault") end
       slowly()
       if data == "hello" then return { reply = "welcome" } end
       if data == "bad" then return nil, { code = "connection.refused", message = "no" } end
       return {
         signal = json.decode(data), identity = "device:" .. peer, device_id = "device", view_only = false
       }
     end
     function connection.seal(identity, signal)
       slowly()
       if identity == "nobody" then return nil, { code = "connection.unknown", message = "who?" } end
       return { peer = identity:match(":(.*)"), data = "<" .. json.encode(signal) .. ">" }
     end
     heard = {}
     conn = assert(action_cable.connect{ crypto = true, url = ... })
     channel = assert(action_cable.subscribe(conn, "SignalChannel", { hub = "${address}", role = "hub" },
       function(msg, id)
         heard[#heard + 1] = msg
         if msg.type == "fail" then error("of the callback") end
       end))`,
    server.url,
  );
  await until(() => server.count('subscribe') === 1);
  return host;
}

const sent = (server: CableServer): unknown[] =>
  server.commands.flatMap(({ command, data }) =>
    command === 'message' ? [JSON.parse(data!) as unknown] : [],
  );

test('a handshake is answered by itself, and the callback does not hear of it', async () => {
  const server = await serveCable();
  const host = await signaling(server);
  server.broadcast(identifier, { peer: 'p1', data: 'hello' });
  await until(() => sent(server).length === 1);
  expect(sent(server)).toEqual([{ action: 'signal', peer: 'p1', data: 'welcome' }]);
  expect(await host.run('return #heard')).toEqual([0]);
});

test('signals are heard opened, in the order in which they came', async () => {
  const server = await serveCable();
  const host = await signaling(server);
  const types = ['offer', 'candidate', 'fail', 'candidate', 'rekey'];
  for (const [n, type] of types.entries())
    server.broadcast(identifier, { peer: 'p1', data: JSON.stringify({ type, n }) });
  await until(async () => (await host.run('return #heard == 5'))[0] === true);
  expect(await host.run('return heard')).toEqual([
    types.map((type, n) => ({ type, n, identity: 'device:p1', device_id: 'device', view_only: false })),
  ]);
  expect(host.log.at('error')).toEqual([expect.stringContaining('of the callback')]);
});

test('what cannot be opened is nobody’s, and holds up nothing', async () => {
  const server = await serveCable();
  const host = await signaling(server);
  for (const data of ['bad', 'broken', 7, undefined]) server.broadcast(identifier, { peer: 'p1', data });
  server.broadcast(identifier, 'text');
  server.broadcast(identifier, { peer: 'p1', data: '{"type":"rekey"}' });
  await until(async () => (await host.run('return #heard == 1'))[0] === true);
});

test('what is performed is sealed, in order', async () => {
  const server = await serveCable();
  const host = await signaling(server);
  const results = await host.run(`
    for n = 1, 5 do
      timer.after(0, function()
        assert(action_cable.perform(channel, "signal", { identity = "device:p1", type = "candidate", n = n }))
      end)
    end
    local ok, err = action_cable.perform(channel, "signal", { identity = "nobody", type = "answer" })
    return ok, err.code, action_cable.perform(channel, "plain", { text = "as it is" })`);
  expect(results).toEqual([undefined, 'connection.unknown', true]);
  await until(() => sent(server).length === 6);
  expect(sent(server).filter((message) => (message as { action: string }).action === 'signal')).toEqual(
    [1, 2, 3, 4, 5].map((n) => ({ action: 'signal', peer: 'p1', data: `<{"n":${n},"type":"candidate"}>` })),
  );
});

test('an unsubscribe counts at once, also for what is being opened', async () => {
  const server = await serveCable();
  const host = await signaling(server);
  await host.run(
    'local unseal = connection.unseal function connection.unseal(...) opening = true return unseal(...) end',
  );
  server.broadcast(identifier, { peer: 'p1', data: '{"type":"offer"}' });
  await until(async () => (await host.run('return opening'))[0] === true);
  await host.run('action_cable.unsubscribe(channel) timer.sleep(0.1)');
  expect(await host.run('return #heard')).toEqual([0]);
});
