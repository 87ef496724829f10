/** A connection against a server that is restarted, silent, lying or slow. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { RealClock } from '../../../base/real-clock.js';
import type { CableEvent } from '../../../primitives/action_cable/action_cable.calls.js';
import { CableConnection } from '../../../primitives/action_cable/cable-connection.js';
import { MAX_MESSAGE_BYTES, MAX_QUEUED } from '../../../primitives/action_cable/limits.js';
import { type CableServer, serveCable } from '../../support/cable-server.js';
import { until } from '../../support/until.js';

const chat = '{"channel":"ChatChannel","room":"lobby"}';

function open() {
  const events: CableEvent[] = [];
  const counts: Record<string, number> = {};
  const connection = new CableConnection({
    conn: 'cable-1',
    clock: new RealClock({ unref: true }),
    tell: (event) => events.push(event),
    count: (fact, amount = 1) => {
      counts[fact] = (counts[fact] ?? 0) + amount;
    },
  });
  onTestFinished(() => connection.close());
  const of = <T extends CableEvent['type']>(type: T) =>
    events.filter((event): event is Extract<CableEvent, { type: T }> => event.type === type);
  const heard = (): unknown[] => of('action_cable.received').map(({ message }) => message);
  return { connection, events, counts, of, heard };
}

/** Connected, and subscribed to the chat as 1. */
async function chatting(server: CableServer) {
  const client = open();
  client.connection.address(server.url);
  client.connection.subscribe(1, chat);
  await until(() => client.of('action_cable.subscribed').length === 1);
  return client;
}

test('it connects, subscribes, performs and hears, and says where it comes from', async () => {
  const server = await serveCable();
  const { connection, events, heard } = await chatting(server);
  connection.perform(1, '{"action":"speak","n":1}');
  await until(() => heard().length === 1);
  expect(events).toEqual([
    { type: 'action_cable.connected', conn: 'cable-1' },
    { type: 'action_cable.subscribed', conn: 'cable-1', channel_id: 1, again: false },
    {
      type: 'action_cable.received',
      conn: 'cable-1',
      channel_id: 1,
      message: { action: 'speak', n: 1 },
    },
  ]);
  expect(server.commands[0]).toEqual({ command: 'subscribe', identifier: chat });
  const { headers } = server.requests[0]!;
  expect(headers['origin']).toBe(`http://127.0.0.1:${server.port}`);
  expect(headers['sec-websocket-protocol']).toContain('actioncable-v1-json');
  expect(headers['sec-websocket-extensions']).toBeUndefined();
});

test('what is asked before there is an address, or a server, is done when there is', async () => {
  const server = await serveCable();
  const { connection, heard } = open();
  connection.subscribe(1, chat);
  connection.perform(1, '{"n":1}');
  connection.perform(1, '{"n":2}');
  connection.address(server.url);
  connection.perform(1, '{"n":3}');
  await until(() => heard().length === 3);
  expect(heard()).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
});

test('1,000 messages each way arrive in order', async () => {
  const server = await serveCable();
  const { connection, heard } = await chatting(server);
  const numbers = Array.from({ length: 1_000 }, (_, n) => ({ n }));
  for (const message of numbers) connection.perform(1, JSON.stringify(message));
  await until(() => heard().length === 1_000);
  expect(heard()).toEqual(numbers);
  for (const message of numbers) server.broadcast(chat, message);
  await until(() => heard().length === 2_000);
  expect(heard().slice(1_000)).toEqual(numbers);
});

test('equal subscriptions are one at the server, and each hears', async () => {
  const server = await serveCable();
  const { connection, of } = await chatting(server);
  connection.subscribe(2, chat);
  expect(of('action_cable.subscribed').map(({ channel_id }) => channel_id)).toEqual([1, 2]);
  server.broadcast(chat, 'hello');
  await until(() => of('action_cable.received').length === 2);
  connection.unsubscribe(1);
  server.broadcast(chat, 'again');
  await until(() => of('action_cable.received').length === 3);
  expect(of('action_cable.received').map(({ channel_id }) => channel_id)).toEqual([1, 2, 2]);
  connection.unsubscribe(2);
  await until(() => server.count('unsubscribe') === 1);
  expect(server.count('subscribe')).toBe(1);
});

test('a server that restarts is found again, and everything is subscribed again', async () => {
  const server = await serveCable();
  const { connection, of, heard } = await chatting(server);
  const { port } = server;
  await server.close();
  await until(() => of('action_cable.disconnected').length === 1);
  connection.perform(1, '{"n":"meanwhile"}');
  const next = await serveCable({ port });
  await until(() => of('action_cable.subscribed').length === 2);
  expect(of('action_cable.disconnected')).toEqual([
    expect.objectContaining({ reason: 'the connection broke', will_reconnect: true }),
  ]);
  expect(of('action_cable.subscribed')[1]).toMatchObject({ channel_id: 1, again: true });
  await until(() => heard().length === 1);
  expect(heard()).toEqual([{ n: 'meanwhile' }]);
  expect(next.count('subscribe')).toBe(1);
});

test('one fact for a server that is not there, however often it is tried, and then it comes', async () => {
  const gone = await serveCable();
  const { port, url } = gone;
  await gone.close();
  const { connection, events, counts, of } = open();
  connection.address(url);
  await until(() => (counts['reconnect_attempts'] ?? 0) >= 3);
  expect(events).toEqual([
    {
      type: 'action_cable.disconnected',
      conn: 'cable-1',
      reason: expect.stringContaining('ECONNREFUSED') as string,
      will_reconnect: true,
    },
  ]);
  await serveCable({ port });
  await until(() => of('action_cable.connected').length === 1);
});

test('a server that falls silent is left for good, and one that speaks again is found', async () => {
  const server = await serveCable({ pingMs: 500 });
  const { of } = await chatting(server);
  const since = performance.now();
  server.silent = true;
  await until(() => of('action_cable.disconnected').length === 1);
  const staleMs = performance.now() - since;
  expect(of('action_cable.disconnected')[0]).toMatchObject({ reason: 'the server fell silent' });
  expect(staleMs).toBeGreaterThan(6_000);
  server.silent = false;
  for (const socket of server.sockets) socket.terminate();
  await until(() => of('action_cable.subscribed').length === 2);
});

describe('a subscription that is rejected', () => {
  test('is over: nobody hears, nothing is repeated, not even after a reconnect', async () => {
    const server = await serveCable();
    const { connection, of, counts } = await chatting(server);
    connection.subscribe(2, '{"channel":"RejectedChannel"}');
    connection.perform(2, '{"n":1}');
    await until(() => of('action_cable.rejected').length === 1);
    expect(of('action_cable.rejected')[0]).toEqual({
      type: 'action_cable.rejected',
      conn: 'cable-1',
      channel_id: 2,
    });
    expect(counts['perform_dropped']).toBe(1);
    connection.perform(2, '{"n":2}');
    for (const socket of server.sockets) socket.terminate();
    await until(() => of('action_cable.subscribed').length === 2);
    expect(server.commands.filter(({ identifier }) => identifier.includes('Rejected'))).toHaveLength(1);
  });
});

describe('a server that says goodbye', () => {
  test('for good is obeyed: one fact with its reason, and no further attempt', async () => {
    const server = await serveCable();
    const { of, counts } = await chatting(server);
    server.send({ type: 'disconnect', reason: 'unauthorized', reconnect: false });
    await until(() => of('action_cable.disconnected').length === 1);
    expect(of('action_cable.disconnected')[0]).toMatchObject({
      reason: 'unauthorized',
      will_reconnect: false,
    });
    await until(() => server.sockets.size === 0);
    expect(counts).toEqual({});
    expect(server.requests).toHaveLength(1);
  });

  test('for now is found again', async () => {
    const server = await serveCable();
    const { of } = await chatting(server);
    server.send({ type: 'disconnect', reason: 'server_restart', reconnect: true });
    await until(() => of('action_cable.subscribed').length === 2);
    expect(of('action_cable.disconnected')[0]).toMatchObject({
      reason: 'server_restart',
      will_reconnect: true,
    });
  });

  test('and does not hang up is hung up on', async () => {
    const server = await serveCable();
    const { of } = await chatting(server);
    // It does not read any more, so it never answers the goodbye.
    for (const socket of server.sockets) {
      socket.send(JSON.stringify({ type: 'disconnect', reason: 'remote', reconnect: false }));
      socket.pause();
    }
    await until(() => of('action_cable.disconnected').length === 1);
    for (const socket of server.sockets) socket.resume();
    await until(() => server.sockets.size === 0);
  });
});

describe('a server that lies', () => {
  test('garbage is counted and changes nothing', async () => {
    const server = await serveCable();
    const { events, counts, heard } = await chatting(server);
    const before = [...events];
    const garbage: string[] = [
      '',
      '{',
      'null',
      '[]',
      '{"type":"welcome"}',
      '{"type":"launch"}',
      '{"type":"confirm_subscription"}',
      '{"identifier":null,"message":{}}',
      `{"identifier":${JSON.stringify(chat)},"message":${'['.repeat(5_000)}${']'.repeat(5_000)}}`,
    ];
    for (const text of garbage) server.send(text);
    for (const socket of server.sockets) socket.send(Buffer.from([0, 255, 1]), { binary: true });
    await until(() => counts['malformed'] === garbage.length + 1);
    expect(events).toEqual(before);
    // Well-formed, and about nothing that is here.
    server.send({ type: 'confirm_subscription', identifier: 'x' });
    server.send({ type: 'reject_subscription', identifier: 'x' });
    server.send({ type: 'confirm_subscription', identifier: chat });
    server.broadcast('constructor', 'x');
    server.broadcast('x', 'x');
    server.broadcast(chat, { __proto__: null, still: 'here' });
    await until(() => heard().length === 1);
    expect(events).toHaveLength(before.length + 1);
  });

  test('a message that is too large ends the connection, not the client', async () => {
    const server = await serveCable();
    const { of } = await chatting(server);
    server.broadcast(chat, 'x'.repeat(MAX_MESSAGE_BYTES));
    await until(() => of('action_cable.subscribed').length === 2);
    expect(of('action_cable.disconnected')[0]!.reason).toContain('Max payload size exceeded');
  });

  test('one that is no Action Cable server is tried less and less', async () => {
    const server = await serveCable({ protocol: 'actioncable-unsupported' });
    const { connection, of, counts } = open();
    connection.address(server.url);
    await until(() => (counts['reconnect_attempts'] ?? 0) >= 2);
    expect(of('action_cable.disconnected')).toEqual([
      expect.objectContaining({ reason: 'the server does not speak actioncable-v1-json' }),
    ]);
    const web = open();
    web.connection.address(server.url.replace('/cable', '/'));
    await until(() => web.of('action_cable.disconnected').length === 1);
  });

  test('one that never confirms is asked again, and what waits for it is bounded', async () => {
    const server = await serveCable({ mute: true });
    const { connection, counts } = open();
    connection.address(server.url);
    connection.subscribe(1, chat);
    await until(() => server.sockets.size === 1);
    server.send({ type: 'welcome' });
    for (let n = 0; n < MAX_QUEUED + 10; n++) connection.perform(1, `{"n":${n}}`);
    expect(counts['perform_dropped']).toBe(10);
    await until(() => server.count('subscribe') >= 2);
    server.send({ type: 'confirm_subscription', identifier: chat });
    await until(() => server.count('message') === MAX_QUEUED);
    expect(server.commands.find(({ command }) => command === 'message')?.data).toBe('{"n":10}');
  });
});

test('while it is held nothing is read, and nothing is lost', async () => {
  const server = await serveCable();
  const { connection, heard } = await chatting(server);
  connection.hold(true);
  const text = 'x'.repeat(10_000);
  for (let n = 0; n < 500; n++) server.broadcast(chat, { n, text });
  // The sender feels it.
  const [socket] = server.sockets;
  await until(() => socket!.bufferedAmount > 0);
  const before = heard().length;
  expect(before).toBeLessThan(50);
  connection.hold(false);
  await until(() => heard().length === 500);
  expect(heard().map((message) => (message as { n: number }).n)).toEqual(
    Array.from({ length: 500 }, (_, n) => n),
  );
});

describe('closing', () => {
  test('ends the socket and tells nothing more', async () => {
    const server = await serveCable();
    const { connection, events } = await chatting(server);
    const before = events.length;
    connection.close();
    await until(() => server.sockets.size === 0);
    connection.perform(1, '{}');
    connection.subscribe(2, '{"channel":"Late"}');
    expect(events).toHaveLength(before);
    expect(server.requests).toHaveLength(1);
  });

  test('while it connects leaves nothing behind', async () => {
    const server = await serveCable();
    const { connection, events } = open();
    connection.address(server.url);
    connection.close();
    const other = await chatting(server);
    await until(() => server.sockets.size === 1);
    other.connection.close();
    await until(() => server.sockets.size === 0);
    expect(events).toEqual([]);
  });
});
