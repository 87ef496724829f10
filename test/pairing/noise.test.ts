/** The handshake against published test vectors, both sides, and the transport messages after it. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HandshakeState, type Pattern } from '../../pairing/noise/handshake-state.js';
import { type KeyPair, loadSodium, type Sodium } from '../../pairing/sodium.js';

interface Vector {
  readonly name: string;
  readonly init_prologue: string;
  readonly init_psk?: string;
  readonly init_static: string;
  readonly init_ephemeral: string;
  readonly init_remote_static: string;
  readonly resp_static: string;
  readonly resp_ephemeral: string;
  readonly messages: readonly { readonly payload: string; readonly ciphertext: string }[];
}
const root = resolve(import.meta.dirname, '../..');
const path = `${root.replace(/\/dist$/, '')}/test/pairing/vectors.json`;
const { vectors } = JSON.parse(readFileSync(path, 'utf8')) as { vectors: Vector[] };

const NOTHING = new Uint8Array(0);
const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
const hex = (data: Uint8Array | undefined): string | undefined => data && Buffer.from(data).toString('hex');

function sides(sodium: Sodium, vector: Vector): [HandshakeState, HandshakeState] {
  const pair = (secret: string): KeyPair => sodium.keyPairOf(bytes(secret));
  const pattern = vector.name.split('_')[1] as Pattern;
  // Each side wipes what it was given.
  const common = () => ({
    pattern,
    prologue: bytes(vector.init_prologue),
    ...(vector.init_psk === undefined ? {} : { psk: bytes(vector.init_psk) }),
  });
  return [
    new HandshakeState(sodium, {
      ...common(),
      role: 'initiator',
      staticKeys: pair(vector.init_static),
      ephemeralKeys: pair(vector.init_ephemeral),
      remoteStatic: bytes(vector.init_remote_static),
    }),
    new HandshakeState(sodium, {
      ...common(),
      role: 'responder',
      staticKeys: pair(vector.resp_static),
      ephemeralKeys: pair(vector.resp_ephemeral),
    }),
  ];
}

describe('the handshake', async () => {
  const sodium = await loadSodium();

  it('has a vector of each pattern', () => {
    expect(vectors.map(({ name }) => name).sort()).toEqual([
      'Noise_IK_25519_ChaChaPoly_BLAKE2b',
      'Noise_IKpsk1_25519_ChaChaPoly_BLAKE2b',
    ]);
  });

  it.each(vectors)('gives the bytes of $name', (vector) => {
    const [initiator, responder] = sides(sodium, vector);
    const [first, second, ...rest] = vector.messages;
    expect(hex(initiator.write(bytes(first?.payload ?? '')))).toBe(first?.ciphertext);
    expect(hex(responder.read(bytes(first?.ciphertext ?? '')))).toBe(first?.payload);
    expect(hex(responder.remoteStatic)).toBe(hex(sodium.keyPairOf(bytes(vector.init_static)).publicKey));
    expect(hex(responder.write(bytes(second?.payload ?? '')))).toBe(second?.ciphertext);
    expect(hex(initiator.read(bytes(second?.ciphertext ?? '')))).toBe(second?.payload);

    const keys = initiator.split();
    const others = responder.split();
    expect([keys.send, keys.receive]).toEqual([others.receive, others.send]);
    rest.forEach(({ payload, ciphertext }, index) => {
      const key = index % 2 === 0 ? keys.send : keys.receive;
      expect(hex(sodium.seal(key, index >> 1, NOTHING, bytes(payload)))).toBe(ciphertext);
    });
  });

  it.each(vectors)('refuses $name with any byte changed, and then still takes the right one', (vector) => {
    const [initiator, responder] = sides(sodium, vector);
    const first = initiator.write(bytes('00')) as Uint8Array;
    for (let at = 0; at < first.length; at++) expect(responder.read(changed(first, at))).toBeUndefined();
    expect(responder.read(first.subarray(0, first.length - 1))).toBeUndefined();
    expect(responder.read(NOTHING)).toBeUndefined();
    expect(hex(responder.read(first))).toBe('00');
    const second = responder.write(bytes('01')) as Uint8Array;
    for (let at = 0; at < second.length; at++) expect(initiator.read(changed(second, at))).toBeUndefined();
    expect(hex(initiator.read(second))).toBe('01');
    expect(initiator.split().send).toEqual(responder.split().receive);
  });

  it('refuses keys with which there is no secret', () => {
    const options = {
      pattern: 'IK',
      prologue: NOTHING,
      staticKeys: sodium.keyPair(),
    } as const;
    const initiator = new HandshakeState(sodium, {
      ...options,
      role: 'initiator',
      remoteStatic: new Uint8Array(32),
    });
    expect(initiator.write(NOTHING)).toBeUndefined();
    const responder = new HandshakeState(sodium, { ...options, role: 'responder' });
    expect(responder.read(new Uint8Array(96))).toBeUndefined();
  });
});

function changed(message: Uint8Array, at: number): Uint8Array {
  const copy = message.slice();
  copy[at] = (copy[at] as number) ^ 0x40;
  return copy;
}
