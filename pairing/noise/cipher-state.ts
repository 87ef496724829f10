/** A key and how often it was used: `CipherState` of the Noise specification, revision 34, section 5.1. */
import type { Sodium } from '../sodium.js';

export class CipherState {
  readonly #sodium: Sodium;
  #key: Uint8Array | undefined;
  #counter = 0;

  constructor(sodium: Sodium) {
    this.#sodium = sodium;
  }

  /** Takes over `key`, and wipes the one before. */
  initialize(key: Uint8Array): void {
    this.wipe();
    this.#key = key;
    this.#counter = 0;
  }

  /** Without a key yet the text goes as it is. */
  encrypt(bound: Uint8Array, text: Uint8Array): Uint8Array {
    if (this.#key === undefined) return text;
    return this.#sodium.seal(this.#key, this.#counter++, bound, text);
  }

  /** Undefined for what was not encrypted with this key, this count and `bound`. */
  decrypt(bound: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
    if (this.#key === undefined) return sealed;
    const text = this.#sodium.open(this.#key, this.#counter, bound, sealed);
    if (text !== undefined) this.#counter++;
    return text;
  }

  get hasKey(): boolean {
    return this.#key !== undefined;
  }

  copy(): CipherState {
    const copy = new CipherState(this.#sodium);
    copy.#key = this.#key?.slice();
    copy.#counter = this.#counter;
    return copy;
  }

  wipe(): void {
    if (this.#key !== undefined) this.#sodium.wipe(this.#key);
    this.#key = undefined;
  }
}
