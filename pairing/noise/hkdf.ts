/** HMAC and HKDF as the Noise specification, revision 34, section 4.3 has them, over BLAKE2b with 64 bytes. */
import { HASH_BYTES, type Sodium } from '../sodium.js';

const BLOCK_BYTES = 128;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;
const [FIRST, SECOND, THIRD] = [Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3)];

/** `key` has at most BLOCK_BYTES. */
export function hmac(sodium: Sodium, key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const inner = sodium.hash(HASH_BYTES, padded(key, INNER_PAD), ...parts);
  return sodium.hash(HASH_BYTES, padded(key, OUTER_PAD), inner);
}

/** Three outputs; whoever needs two leaves the third. */
export function hkdf(
  sodium: Sodium,
  chainingKey: Uint8Array,
  material: Uint8Array,
): readonly [Uint8Array, Uint8Array, Uint8Array] {
  const key = hmac(sodium, chainingKey, material);
  const first = hmac(sodium, key, FIRST);
  const second = hmac(sodium, key, first, SECOND);
  const third = hmac(sodium, key, second, THIRD);
  sodium.wipe(key);
  return [first, second, third];
}

function padded(key: Uint8Array, pad: number): Uint8Array {
  const block = new Uint8Array(BLOCK_BYTES).fill(pad);
  for (let at = 0; at < key.length; at++) block[at] = (key[at] as number) ^ pad;
  return block;
}
