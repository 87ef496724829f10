/**
 * The cryptography that pairing is made of: X25519, BLAKE2b, ChaCha20-Poly1305 and a secret box, as libsodium does them.
 * The only file that imports it (docs/decisions/libsodium-wrappers.md). It is WebAssembly, so it has to be loaded once:
 * whatever needs it takes a `Sodium`.
 *
 * Keeps true: nothing throws because of what came from outside; what does not decrypt or is no key is `undefined`.
 */
import library from 'libsodium-wrappers';

export const KEY_BYTES = 32;
/** What sealing adds to a text. */
export const TAG_BYTES = 16;
/** Of BLAKE2b as Noise uses it. */
export const HASH_BYTES = 64;
const NONCE_BYTES = 12;
const BOX_NONCE_BYTES = 24;

export interface KeyPair {
  readonly publicKey: Uint8Array;
  readonly secretKey: Uint8Array;
}

export interface Sodium {
  random(bytes: number): Uint8Array;
  keyPair(): KeyPair;
  /** The pair of a secret key that was kept. */
  keyPairOf(secretKey: Uint8Array): KeyPair;
  /** X25519. Undefined for a public key with which the result would be no secret. */
  agree(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined;
  /** BLAKE2b of the parts, one after the other, without a key. */
  hash(bytes: number, ...parts: readonly Uint8Array[]): Uint8Array;
  /** ChaCha20-Poly1305 with the nonce that Noise makes of a counter. A key and a counter may meet once only. */
  seal(key: Uint8Array, counter: number, bound: Uint8Array, text: Uint8Array): Uint8Array;
  open(key: Uint8Array, counter: number, bound: Uint8Array, sealed: Uint8Array): Uint8Array | undefined;
  /** For files: a random nonce, then XSalsa20-Poly1305. */
  box(key: Uint8Array, text: Uint8Array): Uint8Array;
  unbox(key: Uint8Array, boxed: Uint8Array): Uint8Array | undefined;
  /** In the same time whatever the bytes are. */
  same(a: Uint8Array, b: Uint8Array): boolean;
  wipe(bytes: Uint8Array): void;
}

/** Resolves when the library is ready; the same one each time. */
export async function loadSodium(): Promise<Sodium> {
  await library.ready;
  return sodium;
}

const sodium: Sodium = {
  random: (bytes) => library.randombytes_buf(bytes),
  keyPair: () => sodium.keyPairOf(library.randombytes_buf(KEY_BYTES)),
  keyPairOf: (secretKey) => ({ secretKey, publicKey: library.crypto_scalarmult_base(secretKey) }),
  agree: (secretKey, publicKey) =>
    publicKey.length === KEY_BYTES
      ? unlessRefused(() => library.crypto_scalarmult(secretKey, publicKey))
      : undefined,
  hash: (bytes, ...parts) => library.crypto_generichash(bytes, joined(parts), null),
  seal: (key, counter, bound, text) =>
    library.crypto_aead_chacha20poly1305_ietf_encrypt(text, bound, null, nonce(counter), key),
  open: (key, counter, bound, sealed) =>
    sealed.length < TAG_BYTES
      ? undefined
      : unlessRefused(() =>
          library.crypto_aead_chacha20poly1305_ietf_decrypt(null, sealed, bound, nonce(counter), key),
        ),
  box(key, text) {
    const start = library.randombytes_buf(BOX_NONCE_BYTES);
    return joined([start, library.crypto_secretbox_easy(text, start, key)]);
  },
  unbox(key, boxed) {
    if (boxed.length < BOX_NONCE_BYTES + TAG_BYTES) return undefined;
    const start = boxed.subarray(0, BOX_NONCE_BYTES);
    return unlessRefused(() =>
      library.crypto_secretbox_open_easy(boxed.subarray(BOX_NONCE_BYTES), start, key),
    );
  },
  same: (a, b) => a.length === b.length && library.memcmp(a, b),
  wipe: (bytes) => library.memzero(bytes),
};

/** The library throws when it refuses. Lengths are checked before, so nothing else can be the reason. */
function unlessRefused(perform: () => Uint8Array): Uint8Array | undefined {
  try {
    return perform();
  } catch {
    return undefined;
  }
}

/** 32 zero bits, then the counter as 64 bits, little-endian. */
function nonce(counter: number): Uint8Array {
  const bytes = new Uint8Array(NONCE_BYTES);
  new DataView(bytes.buffer).setBigUint64(4, BigInt(counter), true);
  return bytes;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
