/**
 * Whatever a device sends over its channel, or signals before it has one: answered or ended with a coded error, within
 * bounds, and never more than its role allows.
 */

import { describe, expect, test } from 'vitest';
import { Counters } from '../../../base/counters.js';
import { HubError } from '../../../base/errors.js';
import { DeviceConnection } from '../../../primitives/webrtc/device-connection.js';
import { EarlyCandidates } from '../../../primitives/webrtc/early-candidates.js';
import { Intake } from '../../../primitives/webrtc/intake.js';
import { peerLimits } from '../../../primitives/webrtc/limits.js';
import { checkOffer } from '../../../primitives/webrtc/offer.js';
import { SendQueue } from '../../../primitives/webrtc/send-queue.js';
import { FrameReader } from '../../../protocol/frames.js';
import { encodeMessage } from '../../../protocol/messages.js';
import { type Role, refusal } from '../../../protocol/peers.js';
import { PROTOCOL_VERSION } from '../../../protocol/version.js';
import { deviceTalk, HELLO, noise, soundFrame } from '../../support/device-noise.js';
import { DuplexHost } from '../../support/duplex-host.js';
import fc, { fuzz } from '../../support/fast-check.js';
import { settle, VirtualClock } from '../../support/virtual-clock.js';

const limits = { ...peerLimits, maxInFlight: 4, maxQueuedBytes: 20_000 };

function open(role: Role) {
  const clock = new VirtualClock();
  const queue = new SendQueue();
  const host = new DuplexHost(clock);
  const requests: string[] = [];
  const failures: HubError[] = [];
  const connection = new DeviceConnection({
    hello: { protocol_version: PROTOCOL_VERSION, client: 'hub', version: '1' },
    role,
    limits,
    clock,
    host: host.access,
    counters: new Counters(),
    loopAgeMs: () => 0,
    queue,
    onQueued: () => undefined,
    onHello: () => undefined,
    onRequest: ({ method }) => requests.push(method) > 0,
    onApp: () => {
      requests.push('app');
      return true;
    },
    onPong: () => undefined,
    onFailed: (error) => failures.push(error),
  });
  return { connection, host, queue, requests, failures };
}

describe('the intake', () => {
  test('gives checked messages, or ends with one coded error, for any bytes', () => {
    fc.assert(
      fc.property(noise, (chunks) => {
        let taken = 0;
        const intake = new Intake(new VirtualClock(), peerLimits, {
          message: ({ type }) => {
            taken++;
            expect(['hello', 'request', 'dc_ping', 'dc_pong', 'app']).toContain(type);
          },
          terminal: ({ type, attach }) => {
            taken++;
            expect(['input', 'credit']).toContain(type);
            expect(attach).toBeLessThan(2 ** 32);
          },
        });
        try {
          for (const chunk of chunks) intake.push(chunk);
        } catch (thrown) {
          if (!(thrown instanceof HubError)) throw thrown;
          expect(thrown.code).toMatch(/^(?:protocol|webrtc)\./);
        }
        expect(taken).toBeLessThanOrEqual(chunks.reduce((sum, { length }) => sum + length, 0));
      }),
      fuzz(3_000),
    );
  });

  test('takes the same from a stream however it is cut', () => {
    const cuts = fc.array(fc.nat(2_000), { maxLength: 6 });
    fc.assert(
      fc.property(fc.array(soundFrame, { maxLength: 5 }), cuts, (frames, places) => {
        const bytes = Buffer.concat(frames);
        const whole = taken([bytes]);
        const at = [...places.filter((place) => place < bytes.length).sort((a, b) => a - b), bytes.length];
        expect(taken(at.map((end, n) => bytes.subarray(at[n - 1] ?? 0, end)))).toEqual(whole);
      }),
      fuzz(1_000),
    );
  });
});

describe('a connection', () => {
  test('answers or ends, once, without a host', () => {
    fc.assert(
      fc.property(deviceTalk, fc.constantFrom<Role>('user', 'viewer'), (said, role) => {
        const { connection, queue, requests, failures } = open(role);
        connection.receive(encodeMessage(HELLO));
        for (const bytes of said) connection.receive(bytes);
        expectBounds(queue, failures);
        expectRole(role, requests);
        connection.close();
        expect(queue.bytes === 0 || failures.length === 1).toBe(true);
      }),
      fuzz(2_000),
    );
  });

  test('lets through to the session host what its role allows, and no credit beyond the window', async () => {
    await fc.assert(
      fc.asyncProperty(
        deviceTalk,
        fc.constantFrom<Role>('user', 'viewer'),
        fc.boolean(),
        async (said, role, dies) => {
          const { connection, host, queue, requests, failures } = open(role);
          connection.receive(encodeMessage(HELLO));
          for (const [n, bytes] of said.entries()) {
            if (n % 4 === 3) await settle();
            if (dies && n === 8) host.die();
            connection.receive(bytes);
          }
          await settle();
          expectBounds(queue, failures);
          expectRole(role, [...requests, ...host.requests.map(({ method }) => method)]);
          const typed = host.terminal.filter(({ type }) => type === 'input');
          if (role === 'viewer') expect(typed).toEqual([]);
          for (const { method, params } of host.requests) {
            if (method !== 'session.attach') continue;
            const asked = params as Record<string, unknown> | null;
            if (role === 'viewer' && isTable(asked)) expect(asked['view_only']).toBe(true);
            if (isTable(asked) && isCount(asked['attach']) && isCount(asked['credit']))
              expect(asked['credit']).toBeLessThanOrEqual(8 * 1024);
          }
          for (const frame of host.terminal)
            if (frame.type === 'credit') expect(frame.bytes_count).toBeLessThanOrEqual(8 * 1024);
          connection.close();
          host.die();
          await settle();
        },
      ),
      fuzz(500),
    );
  });
});

describe('before there is a connection', () => {
  const line = fc.oneof(
    fc.constantFrom(
      'v=0',
      'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
      'm=audio 9 RTP/AVP 0',
      'a=fingerprint:sha-256 00:11',
      'a=fingerprint:sha-1 00:11',
      'a=FINGERPRINT:SHA-512 x',
      'a=sctp-port:5000',
      '',
      'm=',
    ),
    fc.string({ unit: 'binary', maxLength: 40 }),
  );
  const sdp = fc
    .tuple(fc.array(line, { maxLength: 12 }), fc.constantFrom('\r\n', '\n', '\r', ' '))
    .map(([lines, end]) => lines.join(end));

  test('an offer is for data channels alone and names its certificate, or it is refused', () => {
    fc.assert(
      fc.property(sdp, (text) => {
        const refused = checkOffer(text, 500);
        if (refused !== undefined) expect(refused.code).toMatch(/^webrtc\./);
        else {
          expect(Buffer.byteLength(text)).toBeLessThanOrEqual(500);
          expect(text.split(/\r\n|[\n\r\u2028\u2029]/).filter((one) => one.startsWith('m='))).toHaveLength(1);
          expect(text.toLowerCase()).toMatch(/a=fingerprint:sha-(?:256|384|512) /);
        }
      }),
      fuzz(3_000),
    );
  });

  test('candidates that come too early are kept within bounds', () => {
    const identity = fc.nat(90).map((n) => `device:${n}`);
    const early = new EarlyCandidates();
    fc.assert(
      fc.property(identity, fc.option(fc.string({ unit: 'binary' })), fc.boolean(), (who, text, offers) => {
        early.hold(who, text === null ? undefined : { candidate: text });
        if (offers) expect(early.take(who).length).toBeLessThanOrEqual(32);
      }),
      fuzz(3_000),
    );
    const kept = Array.from({ length: 91 }, (_, n) => early.take(`device:${n}`).length);
    expect(kept.filter((count) => count > 0).length).toBeLessThanOrEqual(64);
  });
});

function taken(chunks: readonly Uint8Array[]): unknown[] {
  const list: unknown[] = [];
  const intake = new Intake(new VirtualClock(), peerLimits, {
    message: (message) => list.push(message),
    terminal: (frame) => list.push(structuredClone(frame)),
  });
  try {
    for (const chunk of chunks) intake.push(chunk);
  } catch (thrown) {
    list.push((thrown as HubError).code);
  }
  return list;
}

function expectBounds(queue: SendQueue, failures: readonly HubError[]): void {
  expect(failures.length).toBeLessThanOrEqual(1);
  for (const { code } of failures) expect(code).toMatch(/^(?:protocol|webrtc)\./);
  // One answer may be more than the bound, and is the last.
  expect(queue.bytes).toBeLessThan(limits.maxQueuedBytes + 64 * 1024);
  const reader = new FrameReader();
  for (let next = queue.takeControl(); next !== undefined; next = queue.takeControl())
    reader.push(next, () => undefined);
  reader.end();
}

function expectRole(role: Role, methods: readonly string[]): void {
  for (const method of methods)
    if (method === 'app') expect(role).toBe('user');
    else expect(refusal(method, role)).toBeUndefined();
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
