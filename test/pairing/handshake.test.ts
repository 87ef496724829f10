/** Device and hub with each other, and with somebody in between who changes, repeats, reorders and leaves out. */

import { describe, expect, it } from 'vitest';
import { HubError } from '../../base/errors.js';
import { addressOf, deviceIdOf } from '../../pairing/addresses.js';
import { fromBase64url, toBase64url } from '../../pairing/base64url.js';
import { DeviceHandshake, type DeviceSession, nextSentMs } from '../../pairing/device-handshake.js';
import { type Envelope, readEnvelope } from '../../pairing/envelope.js';
import { type Accepted, HubHandshake } from '../../pairing/hub-handshake.js';
import { loadSodium } from '../../pairing/sodium.js';
import { type HubGreeting, MAX_ENVELOPE_BYTES, type Signal } from '../../protocol/signals.js';
import fc, { fuzz } from '../support/fast-check.js';

const sodium = await loadSodium();
const hub = sodium.keyPair();
const keys = sodium.keyPair();
const hubAddress = addressOf(sodium, hub.publicKey);
const secret = sodium.random(16);
const other = sodium.random(16);
const code = { hubKey: hub.publicKey, secret };
const greeting: HubGreeting = {
  hub: { hub_id: '0123456789abcdef', name: 'repo', version: '1.2.3' },
  device: { id: 'x', name: 'Phone', view_only: false },
  ice: { servers: [{ urls: ['stun:stun.example:3478'] }], relay_only: false },
};
const offer: Signal = { type: 'offer', sdp: 'v=0\r\n' };

function read(data: string, secrets: readonly Uint8Array[] = [other, secret]): HubHandshake | HubError {
  return HubHandshake.read(sodium, readEnvelope(data) as Envelope, { keys: hub, hubAddress, secrets });
}
const pair = (): DeviceHandshake => DeviceHandshake.pair(sodium, { code, keys, name: 'Phone', sentMs: 5 });
const connect = (): DeviceHandshake =>
  DeviceHandshake.connect(sodium, { hubKey: hub.publicKey, keys, sentMs: 6 });

function joined(device = pair()): { device: DeviceSession; hub: Accepted } {
  const accepted = (read(device.data) as HubHandshake).accept(greeting) as Accepted;
  return { device: device.receive(accepted.data) as DeviceSession, hub: accepted };
}

/** `data` with one byte changed. */
function changed(data: string, at: number): string {
  const bytes = fromBase64url(data, MAX_ENVELOPE_BYTES) as Uint8Array;
  bytes[at] = (bytes[at] as number) ^ 1;
  return toBase64url(bytes);
}
const sizeOf = (data: string): number => fromBase64url(data, MAX_ENVELOPE_BYTES)?.length ?? 0;

describe('pairing', () => {
  it('tells the hub who greets, and both get a channel', () => {
    const device = pair();
    const handshake = read(device.data) as HubHandshake;
    expect(handshake).toMatchObject({
      kind: 'pair',
      secretIndex: 1,
      deviceKey: keys.publicKey,
      deviceId: deviceIdOf(sodium, keys.publicKey),
      identity: device.identity,
      greeting: { sent_ms: 5, name: 'Phone' },
    });
    expect(device.hubAddress).toBe(hubAddress);
    expect(device.identity).toMatch(/^[0-9a-f]{32}:[0-9a-f]{16}$/);
    const accepted = handshake.accept(greeting) as Accepted;
    const session = device.receive(accepted.data) as DeviceSession;
    expect(session.greeting).toEqual(greeting);
    expect(accepted.channel.open(session.channel.seal(offer) as string)).toEqual(offer);
    expect(session.channel.open(accepted.channel.seal({ type: 'rekey' }) as string)).toEqual({
      type: 'rekey',
    });
  });

  it('with a wrong secret is refused, a thousand times', () => {
    const wrong = { hubKey: hub.publicKey, secret: new Uint8Array(16) };
    for (let attempt = 0; attempt < 1_000; attempt++) {
      new DataView(wrong.secret.buffer).setUint32(0, attempt);
      const { data } = DeviceHandshake.pair(sodium, { code: wrong, keys, name: 'x', sentMs: attempt });
      expect(read(data)).toMatchObject({ code: 'pairing.bad_secret' });
    }
  });

  it('is refused when there is no code', () => {
    expect(read(pair().data, [])).toMatchObject({ code: 'pairing.bad_secret' });
  });

  it('shows nobody who greets, and never looks the same', () => {
    const [one, two] = [pair(), pair()].map(({ data }) => Buffer.from(data, 'base64url'));
    for (const data of [one, two]) {
      expect(data?.includes(Buffer.from(keys.publicKey))).toBe(false);
      expect(data?.includes('Phone')).toBe(false);
    }
    expect(one?.subarray(9)).not.toEqual(two?.subarray(9));
  });
});

describe('connecting', () => {
  it('works without a secret, and with another name for the kind it does not', () => {
    expect(joined(connect()).device.greeting).toEqual(greeting);
    const bytes = Buffer.from(connect().data, 'base64url');
    bytes[0] = 1;
    expect(read(bytes.toString('base64url'))).toMatchObject({ code: 'pairing.bad_secret' });
  });

  it('with another hub fails, also under the address of this one', () => {
    const stranger = sodium.keyPair();
    const { data } = DeviceHandshake.connect(sodium, { hubKey: stranger.publicKey, keys, sentMs: 1 });
    expect(read(data)).toMatchObject({ code: 'pairing.tampered' });
  });

  it('counts on also when the clock was set back', () => {
    expect(nextSentMs(1_000.7, undefined)).toBe(1_000);
    expect(nextSentMs(1_000, 5_000)).toBe(5_001);
  });
});

describe('somebody in between', () => {
  it.each([pair, connect])('can change no byte of a greeting or its answer: %o', (greet) => {
    const device = greet();
    for (let at = 0; at < sizeOf(device.data); at++) {
      const envelope = readEnvelope(changed(device.data, at));
      if (envelope instanceof HubError) continue;
      const refused = HubHandshake.read(sodium, envelope, { keys: hub, hubAddress, secrets: [secret] });
      expect(refused, `byte ${at}`).toBeInstanceOf(HubError);
    }
    const accepted = (read(device.data) as HubHandshake).accept(greeting) as Accepted;
    for (let at = 0; at < sizeOf(accepted.data); at++)
      expect(device.receive(changed(accepted.data, at)), `byte ${at}`).toBeUndefined();
    // All that did not disturb it.
    expect(device.receive(accepted.data)).toBeDefined();
    expect(device.receive(accepted.data)).toBeUndefined();
  });

  it('cannot answer for the hub, nor with the answer to another greeting', () => {
    const device = pair();
    const second = (read(pair().data) as HubHandshake).accept(greeting) as Accepted;
    expect(device.receive(second.data)).toBeUndefined();
    const bytes = Buffer.from(second.data, 'base64url');
    Buffer.from(device.data, 'base64url').copy(bytes, 1, 1, 9);
    expect(device.receive(bytes.toString('base64url'))).toBeUndefined();
    expect(device.receive(device.data)).toBeUndefined();
  });

  it('who repeats a greeting gets an answer, and no channel', () => {
    const device = connect();
    const first = (read(device.data) as HubHandshake).accept(greeting) as Accepted;
    const again = (read(device.data) as HubHandshake).accept(greeting) as Accepted;
    const session = device.receive(first.data) as DeviceSession;
    expect(again.channel.open(session.channel.seal(offer) as string)).toMatchObject({
      code: 'pairing.tampered',
    });
  });

  it('can change no byte of what is sealed, nor repeat it', () => {
    const { device, hub } = joined();
    const data = device.channel.seal(offer) as string;
    for (let at = 0; at < sizeOf(data); at++)
      expect(hub.channel.open(changed(data, at)), `byte ${at}`).toBeInstanceOf(HubError);
    expect(hub.channel.open(data)).toEqual(offer);
    expect(hub.channel.open(data)).toMatchObject({ code: 'pairing.replayed' });
    expect(device.channel.open(data)).toMatchObject({ code: 'pairing.tampered' });
  });

  it('can lose and reorder what is sealed, and repeat none of it', () => {
    const { device, hub } = joined();
    const [first, , third, fourth] = [1, 2, 3, 4].map(() => device.channel.seal(offer) as string);
    for (const data of [third, first, fourth]) expect(hub.channel.open(data ?? '')).toEqual(offer);
    for (const data of [third, first, fourth])
      expect(hub.channel.open(data ?? '')).toMatchObject({ code: 'pairing.replayed' });
  });

  it('cannot make one connection believe what is for another', () => {
    const [one, two] = [joined(), joined()];
    const data = one.device.channel.seal(offer) as string;
    expect(two.hub.channel.open(data)).toMatchObject({ code: 'pairing.other_connection' });
  });

  it('finds the bounds of everything, whatever is sent', () => {
    const { hub } = joined();
    const device = pair();
    const kinds = fc.constantFrom(1, 2, 3, 4);
    fc.assert(
      fc.property(kinds, fc.uint8Array({ maxLength: 200 }), (kind, bytes) => {
        const data = toBase64url(Uint8Array.of(kind, ...hub.channel.connectionId, ...bytes));
        expect(hub.channel.open(data)).toBeInstanceOf(HubError);
        expect(device.receive(data)).toBeUndefined();
        const envelope = readEnvelope(data);
        if (envelope instanceof HubError) return;
        expect(HubHandshake.read(sodium, envelope, { keys, hubAddress, secrets: [secret] })).toBeInstanceOf(
          HubError,
        );
      }),
      fuzz(500),
    );
  });
});

describe('a channel', () => {
  it('carries a thousand signals both ways', () => {
    const { device, hub } = joined();
    for (let n = 0; n < 1_000; n++) {
      const candidate: Signal = {
        type: 'candidate',
        candidate: `c${n}`,
        sdp_mid: '0',
        sdp_m_line_index: n % 3,
      };
      expect(hub.channel.open(device.channel.seal(candidate) as string)).toEqual(candidate);
      expect(device.channel.open(hub.channel.seal(candidate) as string)).toEqual(candidate);
    }
  });

  it('that was closed says nothing and takes nothing', () => {
    const { device, hub } = joined();
    const data = device.channel.seal(offer) as string;
    hub.channel.close();
    hub.channel.close();
    expect(hub.channel.seal(offer)).toBeUndefined();
    expect(hub.channel.open(data)).toMatchObject({ code: 'pairing.closed' });
  });

  it('does not count what it did not send', () => {
    const { device, hub } = joined();
    expect(device.channel.seal({ type: 'offer', sdp: 'x'.repeat(40_000) })).toBeUndefined();
    expect(hub.channel.open(device.channel.seal(offer) as string)).toEqual(offer);
  });
});

it('a greeting that was given up takes no answer', () => {
  const device = pair();
  const accepted = (read(device.data) as HubHandshake).accept(greeting) as Accepted;
  device.close();
  expect(device.receive(accepted.data)).toBeUndefined();
});
