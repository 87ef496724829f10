/** `action_cable` as Lua sees it: facts, ownership, limits. */
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { LuaValue } from '../../../base/values.js';
import { WorkerThread } from '../../../hub/worker-thread.js';
import { type CableServer, serveCable } from '../../support/cable-server.js';
import { type LuaHost, type LuaHostOptions, openLuaHost } from '../../support/lua-host.js';
import { until } from '../../support/until.js';

/** A host whose test plugin notes all facts in `facts` and all messages in `heard`. */
async function open(options: LuaHostOptions = {}): Promise<LuaHost> {
  const host = openLuaHost(options);
  await host.run(`
    facts, heard = {}, {}
    for _, name in ipairs { "connected", "disconnected", "subscribed", "rejected" } do
      events.on("action_cable_" .. name, function(fact)
        fact.fact = name
        facts[#facts + 1] = fact
      end)
    end
    function hear(msg, channel_id) heard[#heard + 1] = { msg = msg, channel_id = channel_id } end`);
  return host;
}

type Fact = Readonly<Record<string, LuaValue>>;

/** Waits for a fact of a kind. */
async function factOf({ run }: LuaHost, name: string): Promise<Fact> {
  return await until(async () => {
    const [facts] = await run('return json.array(facts)');
    return (facts as readonly Fact[]).find(({ fact }) => fact === name);
  });
}

async function chatting(host: LuaHost, server: CableServer): Promise<void> {
  await host.run(
    `conn = assert(action_cable.connect{ url = ... })
     channel = assert(action_cable.subscribe(conn, "ChatChannel", { room = "lobby" }, hear))`,
    server.url,
  );
  await factOf(host, 'subscribed');
}

test('connect, subscribe, perform, hear', async () => {
  const server = await serveCable();
  const host = await open();
  await chatting(host, server);
  await host.run(`assert(action_cable.perform(channel, "speak", { text = "hello", list = { 1, 2.5 } }))`);
  const heard = await until(async () => (await host.run('return heard[1]'))[0]);
  expect(heard).toEqual({ msg: { action: 'speak', text: 'hello', list: [1, 2.5] }, channel_id: 1 });
  const [facts] = await host.run('return facts');
  expect(facts).toEqual([
    { fact: 'connected', conn: 'cable-1', url: server.url },
    { fact: 'subscribed', conn: 'cable-1', channel_id: 1, channel: 'ChatChannel', again: false },
  ]);
  expect(server.commands[0]!.identifier).toBe('{"channel":"ChatChannel","room":"lobby"}');
});

test('1,000 messages reach Lua in order', async () => {
  const server = await serveCable();
  const host = await open();
  await chatting(host, server);
  const { identifier } = server.commands[0]!;
  for (let n = 0; n < 1_000; n++) server.broadcast(identifier, n);
  const [heard] = await until(async () => {
    const result = await host.run('return #heard == 1000 and heard');
    return result[0] !== false && result;
  });
  expect((heard as { msg: number }[]).map(({ msg }) => msg)).toEqual(
    Array.from({ length: 1_000 }, (_, n) => n),
  );
});

test('a plugin that is slow is not buried: its server waits, and nothing is lost', async () => {
  const server = await serveCable();
  const host = await open();
  await host.run('function hear(msg) timer.sleep(0.02) heard[#heard + 1] = msg end');
  await chatting(host, server);
  const { identifier } = server.commands[0]!;
  const text = 'x'.repeat(20_000);
  for (let n = 0; n < 2_000; n++) server.broadcast(identifier, { n, text });
  const [socket] = server.sockets;
  await until(() => socket!.bufferedAmount === 0);
  await until(async () => (await host.run('return #heard == 2000'))[0] === true);
  expect((await host.run('return heard[2000].n'))[0]).toBe(1_999);
  expect(await host.run('return #facts')).toEqual([2]);
});

test('a connection that breaks comes back, and is told by turns', async () => {
  const server = await serveCable();
  const host = await open();
  await chatting(host, server);
  for (const socket of server.sockets) socket.terminate();
  await until(async () => (await host.run('return #facts == 5'))[0] === true);
  const [facts] = await host.run('return facts');
  expect((facts as Fact[]).slice(2)).toEqual([
    {
      fact: 'disconnected',
      conn: 'cable-1',
      url: server.url,
      reason: 'the connection broke',
      will_reconnect: true,
    },
    { fact: 'connected', conn: 'cable-1', url: server.url },
    { fact: 'subscribed', conn: 'cable-1', channel_id: 1, channel: 'ChatChannel', again: true },
  ]);
});

test('a rejected subscription is told and over', async () => {
  const server = await serveCable();
  const host = await open();
  await chatting(host, server);
  await host.run('rejected = action_cable.subscribe(conn, "RejectedChannel", nil, hear)');
  expect(await factOf(host, 'rejected')).toEqual({
    fact: 'rejected',
    conn: 'cable-1',
    channel_id: 2,
    channel: 'RejectedChannel',
  });
  expect(await host.run('return select(2, action_cable.perform(rejected, "x")).code')).toEqual([
    'action_cable.unknown_channel',
  ]);
  expect(await host.run('return action_cable.unsubscribe(rejected)')).toEqual([false]);
});

test('a connection that the server ended is over', async () => {
  const server = await serveCable();
  const host = await open();
  await chatting(host, server);
  server.send({ type: 'disconnect', reason: 'unauthorized', reconnect: false });
  expect(await factOf(host, 'disconnected')).toMatchObject({
    reason: 'unauthorized',
    will_reconnect: false,
  });
  const codes = await host.run(`
    return select(2, action_cable.subscribe(conn, "ChatChannel", {}, hear)).code,
      select(2, action_cable.perform(channel, "speak")).code, action_cable.close(conn)`);
  expect(codes).toEqual(['action_cable.unknown_connection', 'action_cable.unknown_channel', false]);
});

test('what arrived before an unsubscribe is not delivered after it', async () => {
  const server = await serveCable();
  const host = await open();
  await host.run('function hear() heard[#heard + 1] = action_cable.unsubscribe(channel) end');
  await chatting(host, server);
  const { identifier } = server.commands[0]!;
  for (let n = 0; n < 10; n++) server.broadcast(identifier, n);
  await until(() => server.count('unsubscribe') === 1);
  await chatting(host, server);
  expect(await host.run('return heard')).toEqual([[true]]);
});

describe('without an address', () => {
  test('that is one, there is no connection', async () => {
    const host = await open();
    expect(await host.run('return select(2, action_cable.connect{ url = "gopher://x" }).code')).toEqual([
      'action_cable.bad_url',
    ]);
  });

  test('a connection goes where the hub’s signals go', async () => {
    const server = await serveCable();
    const web = { page_url: 'http://127.0.0.1:1/', cable_url: server.url };
    const host = await open({
      doors: { web: () => Promise.resolve(web), request: () => Promise.reject(new Error('not asked')) },
    });
    await host.run(`conn = assert(action_cable.connect())
      channel = assert(action_cable.subscribe(conn, "ChatChannel", {}, hear))
      assert(action_cable.perform(channel, "speak"))`);
    await until(async () => (await host.run('return #heard == 1'))[0] === true);
  });

  test('of a hub that has none, a connection is over at once', async () => {
    const host = await open();
    expect(await host.run('return action_cable.connect()')).toEqual(['cable-1']);
    const fact = await factOf(host, 'disconnected');
    expect(fact).toMatchObject({ conn: 'cable-1', will_reconnect: false });
    expect(fact['reason']).toContain('no signaling');
    expect(await host.run('return action_cable.close("cable-1")')).toEqual([false]);
  });
});

describe('a plugin', () => {
  test('takes its connections with it, and no others', async () => {
    const server = await serveCable();
    const host = await open();
    await chatting(host, server);
    const other = host.hub.openEngine({ name: 'other', moduleRoots: [] });
    await other.load(
      `for i = 1, 3 do
         local conn = assert(action_cable.connect{ url = ... })
         assert(action_cable.subscribe(conn, "Other", { i = i }, function() end))
       end`,
      '=other',
      [server.url],
    );
    await until(() => server.sockets.size === 4 && server.count('subscribe') === 4);
    other.scope.dispose();
    await until(() => server.sockets.size === 1);
    await host.run('assert(action_cable.perform(channel, "speak"))');
    await until(async () => (await host.run('return #heard == 1'))[0] === true);
  });

  test('does not reach what is of another', async () => {
    const server = await serveCable();
    const host = await open();
    await chatting(host, server);
    const other = host.hub.openEngine({ name: 'other', moduleRoots: [] });
    const results = await other.load(
      `return select(2, action_cable.subscribe("cable-1", "C", {}, print)).code,
         select(2, action_cable.perform(1, "speak")).code,
         action_cable.unsubscribe(1), action_cable.close("cable-1")`,
      '=other',
      [],
    );
    expect(results).toEqual([
      'action_cable.unknown_connection',
      'action_cable.unknown_channel',
      false,
      false,
    ]);
  });

  test('has so many connections and subscriptions, and messages of such a size', async () => {
    const server = await serveCable();
    const host = await open();
    await chatting(host, server);
    const codes = await host.run(
      `local url = ...
       local _, err, limit
       repeat _, err = action_cable.connect{ url = url } until err
       repeat _, limit = action_cable.subscribe(conn, "C", { n = #heard + math.random() }, hear) until limit
       return err.code, limit.code,
         select(2, action_cable.perform(channel, "speak", { text = ("x"):rep(300000) })).code,
         select(2, action_cable.perform(channel, "speak", { text = "\\xff" })).code,
         select(2, action_cable.perform(channel, "speak", { ratio = 0 / 0 })).code`,
      server.url,
    );
    expect(codes).toEqual([
      'action_cable.limit',
      'action_cable.limit',
      'action_cable.too_large',
      'action_cable.bad_message',
      'action_cable.bad_message',
    ]);
    await until(() => server.sockets.size === 8);
  });
});

test('a worker that died gets its connections back', async () => {
  const server = await serveCable();
  const host = await open();
  const calls = vi.spyOn(WorkerThread.prototype, 'postMessage');
  onTestFinished(() => calls.mockRestore());
  await chatting(host, server);
  // As a fault in the worker would: nothing of it is left.
  (calls.mock.contexts[0] as WorkerThread).close('a fault');
  await until(() => server.count('subscribe') === 2);
  expect(await factOf(host, 'disconnected')).toMatchObject({ will_reconnect: true });
  await host.run('assert(action_cable.perform(channel, "speak"))');
  await until(async () => (await host.run('return #heard == 1'))[0] === true);
});

test('a worker that keeps dying is given up, and its connections with it', async () => {
  const server = await serveCable();
  const host = await open();
  const calls = vi.spyOn(WorkerThread.prototype, 'postMessage');
  onTestFinished(() => calls.mockRestore());
  await chatting(host, server);
  const ended = new Set<unknown>();
  // One more than the supervisor puts up with.
  while (ended.size < 6) {
    const worker = await until(() => calls.mock.contexts.find((one) => !ended.has(one)));
    ended.add(worker);
    (worker as WorkerThread).close('a fault');
  }
  const over = await until(async () => {
    const [facts] = await host.run('return json.array(facts)');
    return (facts as readonly Fact[]).find(({ will_reconnect }) => will_reconnect === false);
  });
  expect(over).toMatchObject({ conn: 'cable-1', reason: 'the worker that keeps it failed' });
  expect(await host.run('return select(2, action_cable.connect()).code')).toEqual(['action_cable.failed']);
});
