/** What both sides of a handshake know so far: `SymmetricState` of the Noise specification, revision 34, section 5.2. */
import { HASH_BYTES, KEY_BYTES, type Sodium } from '../sodium.js';
import { CipherState } from './cipher-state.js';
import { hkdf } from './hkdf.js';

const encoder = new TextEncoder();
const NOTHING = new Uint8Array(0);

export class SymmetricState {
  readonly #sodium: Sodium;
  readonly #cipher: CipherState;
  #chainingKey: Uint8Array;
  #hash: Uint8Array;

  /** `protocolName` has at most HASH_BYTES letters. */
  static named(sodium: Sodium, protocolName: string): SymmetricState {
    const hash = new Uint8Array(HASH_BYTES);
    hash.set(encoder.encode(protocolName));
    return new SymmetricState(sodium, new CipherState(sodium), hash, hash.slice());
  }

  private constructor(sodium: Sodium, cipher: CipherState, hash: Uint8Array, chainingKey: Uint8Array) {
    this.#sodium = sodium;
    this.#cipher = cipher;
    this.#hash = hash;
    this.#chainingKey = chainingKey;
  }

  mixKey(material: Uint8Array): void {
    const [chainingKey, key, unused] = hkdf(this.#sodium, this.#chainingKey, material);
    this.#replaceChainingKey(chainingKey);
    this.#cipher.initialize(this.#shortened(key));
    this.#sodium.wipe(unused);
  }

  mixHash(data: Uint8Array): void {
    this.#hash = this.#sodium.hash(HASH_BYTES, this.#hash, data);
  }

  mixKeyAndHash(material: Uint8Array): void {
    const [chainingKey, hashed, key] = hkdf(this.#sodium, this.#chainingKey, material);
    this.#replaceChainingKey(chainingKey);
    this.mixHash(hashed);
    this.#sodium.wipe(hashed);
    this.#cipher.initialize(this.#shortened(key));
  }

  encryptAndHash(text: Uint8Array): Uint8Array {
    const sealed = this.#cipher.encrypt(this.#hash, text);
    this.mixHash(sealed);
    return sealed;
  }

  decryptAndHash(sealed: Uint8Array): Uint8Array | undefined {
    const text = this.#cipher.decrypt(this.#hash, sealed);
    if (text !== undefined) this.mixHash(sealed);
    return text;
  }

  get hasKey(): boolean {
    return this.#cipher.hasKey;
  }

  /** Two keys: what the initiator sends with, and what the responder sends with. Ends this state. */
  split(): readonly [Uint8Array, Uint8Array] {
    const [first, second, unused] = hkdf(this.#sodium, this.#chainingKey, NOTHING);
    this.#sodium.wipe(unused);
    this.wipe();
    return [this.#shortened(first), this.#shortened(second)];
  }

  copy(): SymmetricState {
    return new SymmetricState(
      this.#sodium,
      this.#cipher.copy(),
      this.#hash.slice(),
      this.#chainingKey.slice(),
    );
  }

  wipe(): void {
    this.#cipher.wipe();
    this.#sodium.wipe(this.#chainingKey);
    this.#sodium.wipe(this.#hash);
  }

  #replaceChainingKey(chainingKey: Uint8Array): void {
    this.#sodium.wipe(this.#chainingKey);
    this.#chainingKey = chainingKey;
  }

  #shortened(output: Uint8Array): Uint8Array {
    const key = output.slice(0, KEY_BYTES);
    this.#sodium.wipe(output);
    return key;
  }
}
