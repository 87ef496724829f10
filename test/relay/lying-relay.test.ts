/**
 * A relay that lies, with a real hub and a real WebRTC device: it confirms what nobody asked for, echoes, makes things up,
 * floods, says everything three times and in another order, and later all of it again. The device gets in, nobody else
 * does, and the hub counts.
 */
import { randomBytes } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { isHubError } from '../../base/errors.js';
import { toBase64url } from '../../pairing/base64url.js';
import type { DeviceSession } from '../../pairing/device-handshake.js';
import type { Signal } from '../../protocol/signals.js';
import type { StatusReport } from '../../protocol/status.js';
import { TestDevice } from '../primitives/connection/device.js';
import { type CableServer, serveCable } from '../support/cable-server.js';
import { makePlace, type Place, startHub } from '../support/hub-process.js';
import { until } from '../support/until.js';
import { WebrtcDevice } from '../support/webrtc-device.js';

const PEER = 'A'.repeat(22);

/** Made up: of no kind, of each kind, and none. */
const forgeries: readonly unknown[] = [
  ...Array.from({ length: 60 }, (_, n) => toBase64url(Uint8Array.of(n % 6, ...randomBytes(20 + n * 3)))),
  '',
  'no base64url!',
  'A'.repeat(60_000),
  { data: 1 },
  null,
  ['x'],
];

class LyingRelay {
  readonly #server: CableServer;
  readonly #identifier: string;
  /** All that was passed on to the hub. */
  readonly #said: unknown[] = [];
  #held: unknown[] = [];
  #seen = 0;

  private constructor(server: CableServer, identifier: string) {
    this.#server = server;
    this.#identifier = identifier;
  }

  /** Once the hub has subscribed. */
  static async of(server: CableServer): Promise<LyingRelay> {
    const { identifier } = await until(() => server.commands.find(({ command }) => command === 'subscribe'));
    const foreign = JSON.stringify({ channel: 'SignalChannel', hub: 'B'.repeat(22), role: 'hub' });
    server.send({ type: 'confirm_subscription', identifier: foreign });
    server.send({ type: 'confirm_subscription', identifier });
    server.send({ type: 'reject_subscription', identifier: foreign });
    server.broadcast(foreign, { peer: PEER, data: 'AAAA' });
    for (const garbage of ['', '{', '[]', '{"type":"nonsense"}', '{"type":7,"identifier":7}', '\u0000'])
      server.send(garbage);
    return new LyingRelay(server, identifier);
  }

  forge(): void {
    for (const data of forgeries) this.#pass({ peer: PEER, data });
    this.#pass({ peer: 7, data: 'AAAA' });
    this.#pass('nothing');
  }

  /** Three times, the last two after the one that comes next. */
  toHub(data: string): void {
    const message = { peer: PEER, data };
    this.#said.push(message);
    this.#pass(message);
    for (const old of this.#held) this.#pass(old);
    this.#held = [message, message];
    this.forge();
  }

  /** What the hub has said since the last look, newest first and each twice. */
  heard(): string[] {
    const all = this.#server.commands.filter(({ command }) => command === 'message');
    const news = all.slice(this.#seen).map(({ data }) => (JSON.parse(data ?? '{}') as { data: string }).data);
    this.#seen = all.length;
    return [...news, ...news].reverse();
  }

  again(): void {
    for (const message of [...this.#said].reverse()) this.#pass(message);
    for (const message of this.#said) this.#pass(message);
  }

  #pass(message: unknown): void {
    this.#server.broadcast(this.#identifier, message);
  }
}

async function statusOf(place: Place): Promise<StatusReport> {
  return JSON.parse((await place.run('status', '--json')).stdout) as StatusReport;
}

function newDevice(say: (signal: Signal) => void): WebrtcDevice {
  const device = new WebrtcDevice({
    offer: (sdp) => say({ type: 'offer', sdp }),
    candidate: (candidate) => say({ type: 'candidate', ...candidate }),
  });
  onTestFinished(() => device.close());
  return device;
}

/** False: it takes longer than a browser waits. */
async function greeted(device: WebrtcDevice): Promise<boolean> {
  const untilMs = Date.now() + 12_000;
  const isGreeted = (): boolean => device.hello !== undefined && device.hasGreeted;
  await until(() => isGreeted() || Date.now() > untilMs);
  return isGreeted();
}

/** The worker tells its counts once a second. */
async function counted(place: Place): Promise<StatusReport> {
  for (;;) {
    const status = await statusOf(place);
    if (status.counters['webrtc.offers'] !== undefined) return status;
  }
}

test('a relay that lies lets nobody in, and the device it serves gets through nevertheless', {
  timeout: 60_000,
}, async () => {
  const server = await serveCable();
  const place = await makePlace({}, { hasWeb: true });
  await startHub(place, '--relay', `http://127.0.0.1:${server.port}/`);
  const relay = await LyingRelay.of(server);
  relay.forge();

  const url = JSON.parse((await place.run('connect', '--json')).stdout) as { url: string };
  const handshake = new TestDevice().pair(url.url);
  relay.toHub(handshake.data);
  const session: DeviceSession = await until(() => {
    for (const data of relay.heard()) {
      const answer = handshake.receive(data);
      if (answer !== undefined) return answer;
    }
    return undefined;
  });

  const say = (signal: Signal): void => {
    const data = session.channel.seal(signal);
    if (data !== undefined) relay.toHub(data);
  };
  let device = newDevice(say);
  const listening = setInterval(() => {
    for (const data of relay.heard()) {
      const signal = session.channel.open(data);
      if (isHubError(signal)) continue;
      if (signal.type === 'answer') void device.answered(signal.sdp);
      if (signal.type === 'candidate') void device.found(signal);
    }
  }, 10);
  onTestFinished(() => clearInterval(listening));
  let offers = 0;
  do {
    // On a busy machine a handshake may fail; a device then makes another offer.
    if (offers++ > 0) device = newDevice(say);
    await device.connect();
  } while (!(await greeted(device)));
  device.say({ type: 'dc_ping', id: 1 });
  await until(() => device.pongs.length === 1);

  relay.again();
  const status = await counted(place);
  expect(status.browsers).toMatchObject([{ name: 'Phone' }]);
  expect(status.counters['webrtc.offers']).toBe(offers);
  expect(status.counters['connection.dropped_malformed']).toBeGreaterThan(50);
  expect(status.counters['connection.dropped_replayed']).toBeGreaterThan(5);
  const devices = JSON.parse((await place.run('devices', '--json')).stdout) as unknown[];
  expect(devices).toHaveLength(1);

  await server.close();
  device.say({ type: 'dc_ping', id: 2 });
  await until(() => device.pongs.length === 2);
});
