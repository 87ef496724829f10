import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { named, startRelay, type TestClient } from '../support/relay.js';
import { until } from '../support/until.js';
import { VirtualClock } from '../support/virtual-clock.js';

const hub = named('hub');
const KIB = 1024;

describe('connections', () => {
  it('of one address are bounded: 1,000 at once', async () => {
    const { client, relay, counters } = await startRelay();
    const clients = Array.from({ length: 1_000 }, () => client());
    const ended = await Promise.all(
      clients.map((one) => Promise.race([one.heard({ type: 'welcome' }).catch(() => 'refused'), one.closed])),
    );
    const served = ended.filter((end) => typeof end === 'object').length;
    expect(served).toBeLessThanOrEqual(128);
    expect(served).toBeGreaterThan(0);
    expect(relay.load()).toEqual({ connections: served, names: 0, addresses: 1 });
    const refused = ['sockets', 'address_connections', 'address_connect_rate'].map((why) =>
      counters.get(`relay.refused.${why}`),
    );
    expect(refused.reduce((sum, count) => sum + count, 0)).toBe(1_000 - served);
    for (const one of clients) one.socket.terminate();
    await until(() => relay.load().connections === 0);
    await (await startRelay()).greeted();
  });

  it('beyond the limit of an address are answered with 429, of all with 503', async () => {
    const { client, greeted, counters } = await startRelay({
      limits: { maxConnections: 3, maxConnectionsPerAddress: 2 },
      trustProxy: true,
    });
    const from = (address: string) => ({ headers: { 'x-forwarded-for': `9.9.9.9, ${address}` } });
    await greeted(from('1.1.1.1'));
    await greeted(from('1.1.1.1'));
    const third = client(from('1.1.1.1'));
    expect(await third.closed).toBe(0);
    await greeted(from('2.2.2.2'));
    const fourth = client(from('3.3.3.3'));
    expect(await fourth.closed).toBe(0);
    expect([third.status, fourth.status]).toEqual([429, 503]);
    expect(counters.get('relay.refused.address_connections')).toBe(1);
    expect(counters.get('relay.refused.connections')).toBe(1);
  });

  it('made too fast are refused, until time has passed', async () => {
    const clock = new VirtualClock();
    const { client, greeted, relay } = await startRelay({
      clock,
      limits: { connectRate: { perSecond: 1, burst: 2 } },
    });
    (await greeted()).socket.close();
    (await greeted()).socket.close();
    const third = client();
    await third.closed;
    expect(third.status).toBe(429);
    await until(() => relay.load().connections === 0);
    // Sockets that are gone do not give a new allowance...
    expect(relay.load().addresses).toBe(1);
    clock.advance(1_000);
    (await greeted()).socket.close();
    await until(() => relay.load().connections === 0);
    // ...and are forgotten once it is full.
    clock.advance(6_000);
    expect(relay.load().addresses).toBe(0);
  });

  it('do not remember more addresses than the limit', async () => {
    const { client, greeted } = await startRelay({ limits: { maxAddresses: 1 }, trustProxy: true });
    await greeted({ headers: { 'x-forwarded-for': '1.1.1.1' } });
    const other = client({ headers: { 'x-forwarded-for': '2.2.2.2' } });
    await other.closed;
    expect(other.status).toBe(503);
  });

  it('of one address count together whatever it claims, without a trusted proxy', async () => {
    const { client, greeted } = await startRelay({ limits: { maxConnectionsPerAddress: 1 } });
    await greeted({ headers: { 'x-forwarded-for': '1.1.1.1' } });
    const other = client({ headers: { 'x-forwarded-for': '2.2.2.2' } });
    await other.closed;
    expect(other.status).toBe(429);
  });
});

describe('subscriptions', () => {
  const rejected = async (client: TestClient, params: object): Promise<void> => {
    const identifier = JSON.stringify({ channel: 'SignalChannel', ...params });
    client.send({ command: 'subscribe', identifier });
    await client.heard({ identifier, type: 'reject_subscription' });
  };

  it('are bounded for each connection', async () => {
    const { greeted, counters } = await startRelay({ limits: { maxSubscriptionsPerConnection: 2 } });
    const client = await greeted();
    const first = await client.subscribe({ hub: named('a'), role: 'hub' });
    await client.subscribe({ hub: named('b'), role: 'hub' });
    await rejected(client, { hub: named('c'), role: 'hub' });
    client.send({ command: 'unsubscribe', identifier: first });
    await client.subscribe({ hub: named('c'), role: 'hub' });
    expect(counters.get('relay.refused.connection_subscriptions')).toBe(1);
  });

  it('are bounded for each address, and come back when a client goes', async () => {
    const { greeted, relay, counters } = await startRelay({ limits: { maxSubscriptionsPerAddress: 2 } });
    const [one, other] = [await greeted(), await greeted()];
    await one.subscribe({ hub: named('a'), role: 'hub' });
    await one.subscribe({ hub: named('b'), role: 'hub' });
    await rejected(other, { hub, role: 'hub' });
    one.socket.terminate();
    await until(() => relay.load().connections === 1);
    await other.subscribe({ hub, role: 'hub' });
    expect(counters.get('relay.refused.address_subscriptions')).toBe(1);
  });

  it('to one name are bounded, for one address and for all', async () => {
    const { greeted, counters } = await startRelay({
      limits: { maxListeners: 2, maxListenersPerAddress: 1 },
      trustProxy: true,
    });
    const from = (address: string) => greeted({ headers: { 'x-forwarded-for': address } });
    await (await from('1.1.1.1')).subscribe({ hub, role: 'hub' });
    await rejected(await from('1.1.1.1'), { hub, role: 'hub' });
    await (await from('2.2.2.2')).subscribe({ hub, role: 'hub' });
    await rejected(await from('3.3.3.3'), { hub, role: 'hub' });
    expect(counters.get('relay.refused.listeners')).toBe(2);
  });
});

describe('the places to hear a hub', () => {
  it('cannot all be held by a few addresses', async () => {
    const { greeted, relay, counters } = await startRelay({
      limits: { maxListeners: 4, maxListenersPerAddress: 2 },
      trustProxy: true,
    });
    const from = (address: string) => greeted({ headers: { 'x-forwarded-for': address } });
    const crowd = [
      await from('1.1.1.1'),
      await from('1.1.1.1'),
      await from('2.2.2.2'),
      await from('2.2.2.2'),
    ];
    for (const one of crowd) await one.subscribe({ hub, role: 'hub' });
    const late = await from('3.3.3.3');
    const asHub = await late.subscribe({ hub, role: 'hub' });
    await crowd[1]?.heard({ identifier: asHub, type: 'reject_subscription' });
    expect(counters.get('relay.dropped.gave_way')).toBe(1);

    const device = await from('4.4.4.4');
    const asDevice = await device.subscribe({ hub, role: 'device', peer: named('peer') });
    device.signal(asDevice, { data: 'x' });
    await late.heard({ identifier: asHub, message: { peer: named('peer'), data: 'x' } });
    await crowd[1]?.settled();
    expect(crowd[1]?.frames).toEqual([]);
    for (const one of [...crowd, late, device]) one.socket.terminate();
    await until(() => relay.load().connections === 0);
    expect(relay.load().names).toBe(0);
  });
});

describe('what a client sends', () => {
  it.each([
    ['messages of a connection', { messageRate: { perSecond: 1, burst: 10 } }],
    ['messages of an address', { messageRatePerAddress: { perSecond: 1, burst: 10 } }],
    ['bytes of a connection', { byteRate: { perSecond: 1, burst: 500 } }],
    ['bytes of an address', { byteRatePerAddress: { perSecond: 1, burst: 500 } }],
  ])('is bounded: %s', async (_what, limits) => {
    const { greeted, counters } = await startRelay({ limits });
    const client = await greeted();
    for (let sent = 0; sent < 30; sent++) client.send({ command: 'unsubscribe', identifier: '{}' });
    await client.heard({ type: 'disconnect', reason: 'rate_limit', reconnect: true });
    await client.closed;
    expect(counters.get('relay.dropped.rate_limit')).toBe(1);
  });

  it('is bounded: pings of WebSockets count too', async () => {
    const { greeted, counters } = await startRelay({ limits: { messageRate: { perSecond: 1, burst: 10 } } });
    const client = await greeted();
    for (let sent = 0; sent < 30; sent++) client.socket.ping();
    await client.heard({ type: 'disconnect', reason: 'rate_limit', reconnect: true });
    expect(counters.get('relay.dropped.rate_limit')).toBe(1);
  });

  it('is bounded in size', async () => {
    const { greeted, counters, relay } = await startRelay();
    const client = await greeted();
    client.send('x'.repeat(70 * KIB));
    expect(await client.closed).toBe(1009);
    await until(() => relay.load().connections === 0);
    expect(counters.get('relay.dropped.broken')).toBe(1);
  });

  it('is not waited for: one gigabyte announced', async () => {
    const { port, relay } = await startRelay();
    const before = process.memoryUsage.rss();
    const socket = await rawClient(port);
    await until(() => relay.load().connections === 1);
    const header = Buffer.alloc(14);
    header.writeUInt8(0x81, 0);
    header.writeUInt8(0xff, 1);
    header.writeBigUInt64BE(BigInt(1024 * KIB * KIB), 2);
    socket.write(header);
    socket.resume();
    await once(socket, 'close');
    await until(() => relay.load().connections === 0);
    expect(process.memoryUsage.rss() - before).toBeLessThan(64 * KIB * KIB);
  });
});

describe('a client that is gone without a word', () => {
  it('is asked for a sign of life, and dropped without one', async () => {
    const clock = new VirtualClock();
    const { port, relay, counters, greeted } = await startRelay({ clock });
    (await rawClient(port)).resume();
    const alive = await greeted();
    for (let beats = 0; beats < 30; beats++) {
      clock.advance(3_000);
      await alive.heard({ type: 'ping' });
      // Its answers to pings of WebSockets come by themselves.
      await alive.settled();
    }
    await until(() => relay.load().connections === 1);
    expect(counters.get('relay.dropped.silent')).toBe(1);
  });
});

describe('a client that does not read', () => {
  it('holds a bounded number of bytes, is dropped, and nobody else notices', async () => {
    const limits = {
      maxBufferedBytes: 128 * KIB,
      maxStalledMs: 50,
      beatMs: 20,
      byteRate: { perSecond: 1e9, burst: 1e9 },
      byteRatePerAddress: { perSecond: 1e9, burst: 1e9 },
      messageRate: { perSecond: 1e9, burst: 1e9 },
      messageRatePerAddress: { perSecond: 1e9, burst: 1e9 },
    };
    const { greeted, relay, counters } = await startRelay({ limits });
    const [slow, reading, device] = [await greeted(), await greeted(), await greeted()];
    await slow.subscribe({ hub, role: 'hub' });
    const asHub = await reading.subscribe({ hub, role: 'hub' });
    const asDevice = await device.subscribe({ hub, role: 'device', peer: named('peer') });
    slow.socket.pause();
    const data = 'A'.repeat(32 * KIB);
    let sent = 0;
    // The system's own buffers fill first.
    await until(() => {
      if (device.socket.bufferedAmount < 256 * KIB && sent < 5_000) {
        device.signal(asDevice, { data });
        sent++;
      }
      return counters.get('relay.dropped.slow') === 1;
    });
    expect(counters.get('relay.unsent_signals')).toBeGreaterThan(0);
    await until(() => relay.load().connections === 2);
    device.signal(asDevice, { data: 'last' });
    await reading.heard({ identifier: asHub, message: { peer: named('peer'), data: 'last' } });
  });

  it('goes at once when all together hold too much', async () => {
    const limits = {
      maxBufferedBytes: 4 * KIB * KIB,
      maxBufferedTotalBytes: 3 * KIB * KIB,
      beatMs: 20,
      byteRate: { perSecond: 1e9, burst: 1e9 },
      byteRatePerAddress: { perSecond: 1e9, burst: 1e9 },
      messageRate: { perSecond: 1e9, burst: 1e9 },
      messageRatePerAddress: { perSecond: 1e9, burst: 1e9 },
    };
    const { greeted, counters } = await startRelay({ limits });
    const [slow, device] = [await greeted(), await greeted()];
    await slow.subscribe({ hub, role: 'hub' });
    const asDevice = await device.subscribe({ hub, role: 'device', peer: named('peer') });
    slow.socket.pause();
    const data = 'A'.repeat(32 * KIB);
    await until(() => {
      if (device.socket.bufferedAmount < 256 * KIB) device.signal(asDevice, { data });
      return counters.get('relay.dropped.slow') === 1;
    });
  });
});

/** A TCP connection on which the handshake has been done, and nothing is answered any more. */
async function rawClient(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined);
  const lines = [
    'GET /cable HTTP/1.1',
    `Host: 127.0.0.1:${port}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Protocol: actioncable-v1-json',
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(answer.toString('latin1')).toMatch(/^HTTP\/1.1 101 /);
  return socket;
}
