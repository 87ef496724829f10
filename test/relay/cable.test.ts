import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { named, startRelay } from '../support/relay.js';
import { until } from '../support/until.js';
import { VirtualClock } from '../support/virtual-clock.js';

const hub = named('hub');

describe('the handshake', () => {
  it('names the protocol, whatever else is offered, and greets', async () => {
    const { client } = await startRelay();
    const one = client({ protocols: ['other', 'actioncable-v1-json', 'actioncable-unsupported'] });
    await one.heard({ type: 'welcome' });
    expect(one.socket.protocol).toBe('actioncable-v1-json');
  });

  it('sends away who does not speak the protocol', async () => {
    const { client, counters, relay } = await startRelay();
    for (const protocols of [['actioncable-unsupported'], []]) {
      const other = client({ protocols });
      await other.heard({ type: 'disconnect', reason: 'invalid_request', reconnect: false });
      expect(await other.closed).toBe(1002);
    }
    expect(counters.get('relay.refused.protocol')).toBe(2);
    expect(relay.load().connections).toBe(0);
  });

  it('is for pages of any origin', async () => {
    const { greeted } = await startRelay();
    await greeted({ origin: 'https://elsewhere.example' });
  });

  it('refuses what is no WebSocket, and leaves nothing of it', async () => {
    const { port, counters, relay } = await startRelay();
    const requests = [
      'GET /cable HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
      'GET /cable HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n',
      'GET /other HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
    ];
    const answers = [];
    for (const request of requests) {
      const socket = connect(port, '127.0.0.1');
      socket.end(request);
      let text = '';
      socket.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      await once(socket, 'close');
      answers.push(text.split('\r\n', 1)[0]);
    }
    expect(answers).toEqual([
      'HTTP/1.1 400 Bad Request',
      'HTTP/1.1 400 Bad Request',
      'HTTP/1.1 404 Not Found',
    ]);
    expect(counters.get('relay.refused.handshake')).toBe(2);
    expect(relay.load().connections).toBe(0);
  });
});

describe('subscriptions', () => {
  it('are confirmed with the very identifier that the client sent', async () => {
    const { greeted } = await startRelay();
    const client = await greeted();
    const identifier = `{ "role":"hub" ,"channel":"SignalChannel", "hub":"${hub}", "more":"\u00e9\\u0041" }`;
    client.send({ command: 'subscribe', identifier });
    await client.heard({ identifier, type: 'confirm_subscription' });
  });

  it('are confirmed once, however often they are asked for', async () => {
    const { greeted, relay } = await startRelay();
    const client = await greeted();
    const identifier = await client.subscribe({ hub, role: 'hub' });
    client.send({ command: 'subscribe', identifier });
    await client.settled();
    expect(client.frames).toEqual([]);
    expect(relay.load().names).toBe(1);
  });

  it('are rejected if they are for anything but signals', async () => {
    const { greeted, relay } = await startRelay();
    const client = await greeted();
    const wrong = [
      { channel: 'ChatChannel' },
      { channel: 'SignalChannel' },
      { channel: 'SignalChannel', hub, role: 'other' },
      { channel: 'SignalChannel', hub: 'short', role: 'hub' },
      { channel: 'SignalChannel', hub: `${'x'.repeat(21)}/`, role: 'hub' },
      { channel: 'SignalChannel', hub, role: 'hub', peer: named('peer') },
      { channel: 'SignalChannel', hub, role: 'device' },
      { channel: 'SignalChannel', hub, role: 'device', peer: 1 },
      [],
      null,
      'SignalChannel',
    ].map((identifier) => JSON.stringify(identifier));
    for (const identifier of [...wrong, '', '{', '[[[[']) {
      client.send({ command: 'subscribe', identifier });
      await client.heard({ identifier, type: 'reject_subscription' });
    }
    expect(relay.load().names).toBe(0);
  });

  it('end when the client says so, or goes', async () => {
    const { greeted, relay } = await startRelay();
    const client = await greeted();
    const identifier = await client.subscribe({ hub, role: 'hub' });
    await client.subscribe({ hub, role: 'device', peer: named('a') });
    expect(relay.load().names).toBe(2);
    client.send({ command: 'unsubscribe', identifier });
    client.send({ command: 'unsubscribe', identifier });
    await client.settled();
    expect(relay.load().names).toBe(1);
    client.socket.terminate();
    await until(() => relay.load().connections === 0);
    expect(relay.load().names).toBe(0);
  });
});

describe('a connection', () => {
  it('is told every three seconds that it lives', async () => {
    const clock = new VirtualClock(1_700_000_000_999);
    const { greeted, close } = await startRelay({ clock });
    const client = await greeted();
    clock.advance(3_000);
    await client.heard({ type: 'ping', message: 1_700_000_003 });
    clock.advance(3_000);
    await client.heard({ type: 'ping', message: 1_700_000_006 });
    await close();
    expect(clock.pendingTimers).toBe(0);
  });

  it('ends for good when it sends what no client sends', async () => {
    const { greeted, counters } = await startRelay();
    const sent: unknown[] = [
      '',
      'hello',
      '{"command":"subscribe"',
      'null',
      [],
      {},
      { command: 'subscribe' },
      { command: 'subscribe', identifier: 7 },
      { command: 'subscribe', identifier: 'x'.repeat(600) },
      { command: 'message', identifier: '{}' },
      { command: 'toString', identifier: '{}' },
    ];
    for (const message of sent) {
      const client = await greeted();
      client.send(message);
      await client.heard({ type: 'disconnect', reason: 'invalid_request', reconnect: false });
      await client.closed;
    }
    const client = await greeted();
    client.socket.send(Buffer.from([1, 2, 3]), { binary: true });
    await client.heard({ type: 'disconnect', reason: 'invalid_request', reconnect: false });
    expect(counters.get('relay.dropped.invalid_request')).toBe(sent.length + 1);
  });

  it('is told to come back when the server restarts, and can', async () => {
    const first = await startRelay();
    const client = await first.greeted();
    await client.subscribe({ hub, role: 'hub' });
    await first.close();
    await client.heard({ type: 'disconnect', reason: 'server_restart', reconnect: true });
    expect(await client.closed).toBe(1012);
    expect(first.relay.load()).toMatchObject({ connections: 0, names: 0 });
    const second = await startRelay({ port: first.port });
    await (await second.greeted()).subscribe({ hub, role: 'hub' });
  });

  it('is told to come back when it is sent away', async () => {
    const { greeted, relay } = await startRelay();
    const client = await greeted();
    relay.disconnectAll();
    await client.heard({ type: 'disconnect', reason: 'remote', reconnect: true });
    expect(await client.closed).toBe(1000);
  });
});
