import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { readCommand, readSignal, readSubscription, serverMessages } from '../../relay/cable-messages.js';
import fc, { fuzz } from '../support/fast-check.js';
import { named, startRelay } from '../support/relay.js';
import { until } from '../support/until.js';

const hubs = ['hub-1', 'hub-2'].map(named);
const peers = ['peer-1', 'peer-2'].map(named);

const subscription = fc.record(
  {
    channel: fc.oneof({ weight: 8, arbitrary: fc.constant('SignalChannel') }, fc.anything()),
    hub: fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...hubs) }, fc.anything()),
    role: fc.oneof({ weight: 8, arbitrary: fc.constantFrom('hub', 'device') }, fc.anything()),
    peer: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...peers) }, fc.anything()),
  },
  { requiredKeys: [] },
);
const signal = fc.record(
  {
    action: fc.oneof({ weight: 8, arbitrary: fc.constant('signal') }, fc.anything()),
    peer: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...peers) }, fc.anything()),
    data: fc.oneof(fc.base64String(), fc.stringMatching(/^[A-Za-z0-9_-]+$/), fc.anything()),
  },
  { requiredKeys: [] },
);
const json = (value: fc.Arbitrary<unknown>): fc.Arbitrary<string> =>
  value.map((made) => {
    try {
      return JSON.stringify(made) ?? 'undefined';
    } catch {
      return '';
    }
  });
const deep = fc
  .tuple(fc.constantFrom('[', '{"a":', '"'), fc.nat(20_000))
  .map(([text, times]) => text.repeat(times).slice(0, 60_000));
const identifier = fc.oneof(
  json(subscription),
  fc.string(),
  deep.map((text) => text.slice(0, 512)),
);
const command = json(
  fc.record(
    {
      command: fc.oneof(fc.constantFrom('subscribe', 'unsubscribe', 'message'), fc.anything()),
      identifier: fc.oneof({ weight: 8, arbitrary: identifier }, fc.anything()),
      data: fc.oneof({ weight: 8, arbitrary: json(signal) }, fc.anything()),
    },
    { requiredKeys: [] },
  ),
);
const frame = fc.oneof(
  { weight: 8, arbitrary: command },
  fc.tuple(command, fc.nat()).map(([text, at]) => text.slice(0, at % (text.length + 1))),
  fc.string({ unit: 'binary' }),
  deep,
);

describe('the decoders', () => {
  it('give what has the shape they promise or undefined, for anything', () => {
    fc.assert(
      fc.property(fc.oneof(frame, identifier, json(signal), json(fc.anything())), (text) => {
        const read = readCommand(text);
        if (read !== undefined) expect(typeof read.identifier).toBe('string');
        const subscribed = readSubscription(text);
        if (subscribed !== undefined) {
          expect(subscribed.hub).toHaveLength(22);
          expect(subscribed.peer === undefined).toBe(subscribed.role === 'hub');
        }
        const said = readSignal(text);
        if (said !== undefined) expect(said.data).toMatch(/^[A-Za-z0-9_-]+$/);
      }),
      fuzz(20_000),
    );
  });

  it('give back every identifier as it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (text) => {
        const read = readCommand(JSON.stringify({ command: 'subscribe', identifier: text }));
        // Text that is no Unicode is not taken.
        if (read === undefined) return;
        const echo = JSON.parse(serverMessages.confirm(read.identifier)) as { identifier: string };
        expect(echo.identifier).toBe(text);
      }),
    );
  });
});

it('whatever clients send, the relay lives and keeps nothing of them', async () => {
  const endless = { perSecond: 1e9, burst: 1e9 };
  const { greeted, relay, client } = await startRelay({
    limits: {
      connectRate: endless,
      messageRate: endless,
      messageRatePerAddress: endless,
      byteRate: endless,
      byteRatePerAddress: endless,
    },
  });
  const binary = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
  const sent = fc.array(fc.oneof({ weight: 6, arbitrary: frame }, binary), { minLength: 1, maxLength: 20 });
  const witness = await greeted();
  const asHub = await witness.subscribe({ hub: named('hub-0'), role: 'hub' });
  await fc.assert(
    fc.asyncProperty(sent, fc.boolean(), async (messages, abruptly) => {
      const one = client();
      await one.opened;
      for (const message of messages) one.socket.send(message, { binary: Buffer.isBuffer(message) });
      if (abruptly) one.socket.terminate();
      else one.socket.close();
      await one.closed;
      await until(() => relay.load().connections === 1);
      expect(relay.load().names).toBe(1);
    }),
    { numRuns: 300, seed: 4 },
  );
  const device = await greeted();
  const asDevice = await device.subscribe({ hub: named('hub-0'), role: 'device', peer: named('peer') });
  device.signal(asDevice, { data: 'alive' });
  await witness.heard({ identifier: asHub, message: { peer: named('peer'), data: 'alive' } });
});

it('bytes that are no HTTP, or no WebSocket, end their own connection only', async () => {
  const { port, relay, counters, greeted } = await startRelay({
    limits: { connectRate: { perSecond: 1e9, burst: 1e9 } },
  });
  const handshake = [
    'GET /cable HTTP/1.1',
    'Host: a',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Protocol: actioncable-v1-json',
    '\r\n',
  ].join('\r\n');
  const prefix = fc.constantFrom('', 'GET ', 'GET / HTTP/1.1\r\n', handshake.slice(0, 150), handshake);
  // The first bytes of frames: texts, binaries, continuations, pings, of lengths that do not come.
  const header = fc
    .tuple(
      fc.constantFrom(0x81, 0x82, 0x80, 0x89, 0x8a, 0x88, 0xf1, 0x01),
      fc.constantFrom(0xff, 0xfe, 0x85, 0x05),
    )
    .map((bytes) => Buffer.from(bytes));
  const rest = fc.array(fc.oneof(header, fc.uint8Array({ maxLength: 200 })), { maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(prefix, rest, async (start, chunks) => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.resume();
      socket.write(start);
      for (const chunk of chunks) socket.write(chunk);
      socket.end();
      await once(socket, 'close');
    }),
    { numRuns: 500, seed: 4 },
  );
  await until(() => relay.load().connections === 0);
  expect(relay.load().names).toBe(0);
  expect(counters.get('relay.connections')).toBeGreaterThan(0);
  await greeted();
});
