/**
 * What comes to the hub's UDP ports from somebody who is no device, and candidates that lead nowhere: the worker lives,
 * and the connection goes on.
 */
import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { expect, onTestFinished, test } from 'vitest';
import { peerLimits } from '../../../primitives/webrtc/limits.js';
import { checkOffer } from '../../../primitives/webrtc/offer.js';
import { openWerift } from '../../../primitives/webrtc/werift.js';
import { encodeTerminalFrame } from '../../../protocol/terminal-frames.js';
import fc, { fuzz } from '../../support/fast-check.js';
import { until } from '../../support/until.js';
import { WebrtcDevice } from '../../support/webrtc-device.js';
import { WebrtcHub } from '../../support/webrtc-hub.js';

interface Door {
  readonly host: string;
  readonly port: number;
}

/** Where the hub takes datagrams, as it told the device that came last. */
async function doorOf(hub: WebrtcHub): Promise<Door> {
  const identity = [...hub.devices.keys()].at(-1);
  const [, host = '', port] = await until(() =>
    hub.facts
      .filter(({ name, data }) => name === 'webrtc_candidate' && data['identity'] === identity)
      .map(({ data }) => / udp \d+ (\d+\.\d+\.\d+\.\d+) (\d+) typ host/.exec(String(data['candidate'])))
      .find((match) => match !== null),
  );
  return { host, port: Number(port) };
}

async function stranger(): Promise<Socket> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, resolve));
  onTestFinished(() => void socket.close());
  return socket;
}

function send(socket: Socket, bytes: Uint8Array, { host, port }: Door): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(bytes, port, host, (error) => (error === null ? resolve() : reject(error)));
  });
}

async function answersPings(device: WebrtcDevice): Promise<void> {
  const before = device.pongs.length;
  device.say({ type: 'dc_ping', id: before + 1 });
  await until(() => device.pongs.length > before);
}

function attribute(type: number, value: Uint8Array): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(value.length, 2);
  return Buffer.concat([head, value, Buffer.alloc((4 - (value.length % 4)) % 4)]);
}

/** A STUN message: of a binding request unless said otherwise. */
function stun(attributes: readonly Buffer[], type = 0x0001): Buffer {
  const body = Buffer.concat(attributes);
  const head = Buffer.alloc(20);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(body.length, 2);
  head.writeUInt32BE(0x2112a442, 4);
  randomBytes(12).copy(head, 8);
  return Buffer.concat([head, body]);
}

const ERROR_TO_ALLOCATE = 0x0113;
const PRIORITY = attribute(0x0024, Buffer.from([0x6e, 0, 0xff, 0xff]));
const username = (text: string): Buffer => attribute(0x0006, Buffer.from(text));
const USE_CANDIDATE = attribute(0x0025, new Uint8Array());
const CONTROLLED = attribute(0x8029, Buffer.alloc(8));
const CONTROLLING = attribute(0x802a, Buffer.alloc(8, 0xff));

/** A message of the handshake as anybody could write it, of the version that is spoken. */
function plainHandshake(type: number): Buffer {
  const body = randomBytes(40);
  const record = [22, 254, 253, 0, 0, 0, 0, 0, 0, 0, type, 0, 12 + body.length];
  const message = [type, 0, 0, body.length, 0, type % 8, 0, 0, 0, 0, 0, body.length];
  return Buffer.concat([Buffer.from([...record, ...message]), body]);
}

const datagrams: readonly Buffer[] = [
  ...Array.from({ length: 256 }, (_, first) => Buffer.concat([Buffer.from([first]), randomBytes(30)])),
  Buffer.alloc(0),
  Buffer.alloc(60_000, 20),
  stun([]),
  stun([PRIORITY]),
  stun([username('')]),
  stun([username('nobody:knows'), PRIORITY, USE_CANDIDATE]),
  stun([username('a:b'), PRIORITY, CONTROLLING]),
  stun([username('a:b'), PRIORITY, CONTROLLED]),
  stun([username('a:b'), PRIORITY], 0x0101),
  stun([attribute(0x0009, Buffer.from([0, 0, 4, 1]))], 0x0111),
  stun([username('a:b')], 0x0003),
  // A fatal alert, a hello and an end of DTLS, unencrypted.
  Buffer.from([21, 254, 253, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40]),
  Buffer.from([21, 254, 253, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 1, 0]),
  Buffer.concat([Buffer.from([22, 254, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 40, 1]), randomBytes(39)]),
  ...Array.from({ length: 25 }, (_, type) => plainHandshake(type)),
  Buffer.from([20, 254, 253, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 1]),
  Buffer.concat([Buffer.from([23, 254, 253, 0, 1, 0, 0, 0, 0, 0, 9, 0, 40]), randomBytes(40)]),
];

test('datagrams of a stranger, while a device connects and after, change nothing and get no answer', async () => {
  const hub = new WebrtcHub();
  const socket = await stranger();
  let answers = 0;
  let errors = 0;
  socket.on('message', (bytes) => {
    if (bytes.readUInt16BE(0) === ERROR_TO_ALLOCATE) errors++;
    else answers++;
  });
  const device = await hub.connected({}, async () => {
    const door = await doorOf(hub);
    // Not those that could pass for the handshake: while that is under way nothing tells them from it.
    for (const datagram of datagrams.filter(([type]) => type !== 22 && type !== 20))
      await send(socket, datagram, door);
  });
  const door = await doorOf(hub);
  for (const datagram of datagrams) await send(socket, datagram, door);
  // Each of a port of its own: the stack would remember them all, and ask each whether it is the device.
  for (let n = 0; n < 100; n++) {
    const other = await stranger();
    other.on('message', () => answers++);
    await send(other, stun([username('a:b'), PRIORITY, USE_CANDIDATE]), door);
  }
  await answersPings(device);
  await answersPings(device);
  expect(answers).toBe(0);
  // The stack says "bad request" to what is no check; it was asked twice.
  expect(errors).toBeLessThanOrEqual(2);
  expect(device.isClosed).toBe(false);
  expect(await hub.functions.peers()).toMatchObject([{ peer_id: [...hub.devices.keys()].at(-1) }]);
});

test('candidates that lead nowhere or are none cost that device a try, and no other anything', async () => {
  const hub = new WebrtcHub();
  const good = await hub.connected();
  const bad = hub.device({ identity: 'bad:0', device_id: 'bad' });
  // It takes no answer.
  hub.devices.delete('bad:0');
  await hub.functions.handle_offer('bad:0', (await bad.rtc.createOffer()).sdp);
  const hosts = [
    '127.0.0.1',
    '0.0.0.0',
    '255.255.255.255',
    '::1',
    'localhost',
    'nowhere.invalid',
    'x.local',
    '',
    '%',
  ];
  const ports = ['1', '0', '99999', '-1', 'NaN', '1e3'];
  for (const host of hosts)
    for (const port of ports)
      hub.functions.handle_ice_candidate('bad:0', {
        candidate: `candidate:1 1 udp 2113937151 ${host} ${port} typ host`,
        sdp_mid: '0',
      });
  for (const candidate of [
    'candidate:',
    'candidate:1 1 tcp 1 127.0.0.1 9 typ host tcptype active',
    'candidate:1 2 udp x 127.0.0.1 1 typ relay raddr a rport b',
    'candidate:1 1 udp 1 127.0.0.1 1 typ evil',
    '\u0000'.repeat(100),
    'a '.repeat(900),
  ])
    hub.functions.handle_ice_candidate('bad:0', { candidate, sdp_mid: '7', sdp_m_line_index: 9 });
  await until(() => (hub.counters.get('webrtc.candidates_refused') ?? 0) > 0);
  await answersPings(good);
  expect(hub.facts.some(({ name }) => name === 'webrtc_peer_disconnected')).toBe(false);
});

test('a device that makes a thousand channels, and one that floods, are cut off; the others do not notice', async () => {
  const hub = new WebrtcHub();
  const good = await hub.connected();
  const greedy = await hub.connected();
  for (let n = 0; n < 1_000; n++) greedy.rtc.createDataChannel(`more${n}`);
  await until(() => greedy.isClosed);
  expect(greedy.error?.code).toBe('webrtc.bad_channel');

  const flooding = await hub.connected();
  const credit = encodeTerminalFrame({ type: 'credit', attach: 1, bytes_count: 1 });
  const many = Buffer.concat(Array.from({ length: 1_000 }, () => credit));
  for (let n = 0; n < 60; n++) flooding.raw(many);
  await until(() => flooding.isClosed);
  expect(flooding.error?.code).toBe('webrtc.too_fast');
  await answersPings(good);
  expect(await hub.functions.peers()).toHaveLength(1);
});

test('offers that were changed anywhere are answered or refused, and leave nothing open', async () => {
  const offers = new WebrtcDevice({ offer: () => undefined, candidate: () => undefined });
  onTestFinished(() => offers.close());
  const { sdp } = await offers.rtc.createOffer();
  const change = fc.oneof(
    fc.tuple(fc.nat(), fc.string({ unit: 'binary', maxLength: 3 })).map(
      ([at, text]) =>
        (lines: string[]) =>
          lines.map((line, n) =>
            n === at % lines.length ? line.slice(0, at % (line.length + 1)) + text : line,
          ),
    ),
    fc.nat().map((at) => (lines: string[]) => lines.filter((_, n) => n !== at % lines.length)),
    fc
      .nat()
      .map(
        (at) => (lines: string[]) =>
          lines.flatMap((line, n) => (n === at % lines.length ? [line, line] : [line])),
      ),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
      const lines = changes.reduce((all, one) => one(all), sdp.split('\r\n'));
      const changed = lines.join('\r\n');
      if (checkOffer(changed, peerLimits.maxSdpBytes) !== undefined) return;
      const peer = openWerift(
        { servers: [], relay_only: false },
        { onCandidate: () => undefined, onState: () => undefined, onChannel: () => undefined },
      );
      await peer.accept(changed, () => undefined).catch(() => undefined);
      await peer.close().catch(() => undefined);
    }),
    fuzz(60),
  );
});
