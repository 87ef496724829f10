/**
 * One side of a handshake: `HandshakeState` of the Noise specification, revision 34, section 5.3, with the patterns IK
 * and IKpsk1 over 25519, ChaChaPoly and BLAKE2b. Knows nothing of envelopes, codes and greetings.
 *
 * Keeps true: a message that does not fit leaves the state as it was before it, so that who forges answers cannot end
 * the handshake of others; after `split` or `wipe` no key is left here. Messages are written and read in turn.
 */
import { KEY_BYTES, type KeyPair, type Sodium, TAG_BYTES } from '../sodium.js';
import { SymmetricState } from './symmetric-state.js';

export type Pattern = 'IK' | 'IKpsk1';
type Token = 'e' | 's' | 'ee' | 'es' | 'se' | 'ss' | 'psk';

/** The responder's static key is known beforehand in both. */
const patterns: Readonly<Record<Pattern, readonly (readonly Token[])[]>> = {
  IK: [
    ['e', 'es', 's', 'ss'],
    ['e', 'ee', 'se'],
  ],
  IKpsk1: [
    ['e', 'es', 's', 'ss', 'psk'],
    ['e', 'ee', 'se'],
  ],
};

interface Common {
  readonly pattern: Pattern;
  readonly prologue: Uint8Array;
  readonly staticKeys: KeyPair;
  /** Of 32 bytes; with IKpsk1 only. */
  readonly psk?: Uint8Array;
  /** For published test vectors. Otherwise new ones are made. */
  readonly ephemeralKeys?: KeyPair;
}
export type HandshakeOptions =
  | (Common & { readonly role: 'initiator'; readonly remoteStatic: Uint8Array })
  | (Common & { readonly role: 'responder' });

interface Remote {
  readonly ephemeral: Uint8Array | undefined;
  readonly static: Uint8Array | undefined;
}

export class HandshakeState {
  readonly #sodium: Sodium;
  readonly #initiator: boolean;
  readonly #psk: Uint8Array | undefined;
  readonly #tokens: readonly (readonly Token[])[];
  readonly #static: KeyPair;
  #ephemeral: KeyPair | undefined;
  #symmetric: SymmetricState;
  #remote: Remote;
  /** Messages so far. */
  #messages = 0;

  constructor(sodium: Sodium, options: HandshakeOptions) {
    const { pattern, prologue, psk, staticKeys } = options;
    if ((psk === undefined) !== (pattern === 'IK')) throw new Error(`${pattern} with a psk, or without`);
    this.#sodium = sodium;
    this.#initiator = options.role === 'initiator';
    this.#tokens = patterns[pattern];
    this.#psk = psk;
    this.#static = staticKeys;
    this.#ephemeral = options.ephemeralKeys;
    this.#remote = {
      ephemeral: undefined,
      static: options.role === 'initiator' ? options.remoteStatic : undefined,
    };
    this.#symmetric = SymmetricState.named(sodium, `Noise_${pattern}_25519_ChaChaPoly_BLAKE2b`);
    this.#symmetric.mixHash(prologue);
    this.#symmetric.mixHash(options.role === 'initiator' ? options.remoteStatic : staticKeys.publicKey);
  }

  /** The other side's static key, once it is known. With `ss` read it is proven, too. */
  get remoteStatic(): Uint8Array | undefined {
    return this.#remote.static;
  }

  /** Undefined if the other side's key is none to agree with. */
  write(payload: Uint8Array): Uint8Array | undefined {
    const parts: Uint8Array[] = [];
    for (const token of this.#tokens[this.#messages] ?? []) {
      if (token === 'e') {
        this.#ephemeral ??= this.#sodium.keyPair();
        parts.push(this.#ephemeral.publicKey);
        this.#mixEphemeral(this.#symmetric, this.#ephemeral.publicKey);
      } else if (token === 's') {
        parts.push(this.#symmetric.encryptAndHash(this.#static.publicKey));
      } else if (!this.#mix(this.#symmetric, token, this.#remote)) {
        return undefined;
      }
    }
    parts.push(this.#symmetric.encryptAndHash(payload));
    this.#messages++;
    return concatenated(parts);
  }

  /** The payload; undefined for what the other side did not write for this handshake. */
  read(message: Uint8Array): Uint8Array | undefined {
    const symmetric = this.#symmetric.copy();
    const read = this.#readWith(symmetric, message);
    if (read === undefined) {
      symmetric.wipe();
      return undefined;
    }
    this.#symmetric.wipe();
    this.#symmetric = symmetric;
    this.#remote = read.remote;
    this.#messages++;
    return read.payload;
  }

  /** The keys to send and to receive with, when both messages are through. Ends the handshake. */
  split(): { readonly send: Uint8Array; readonly receive: Uint8Array } {
    if (this.#messages !== this.#tokens.length) throw new Error('the handshake is not through');
    const [initiators, responders] = this.#symmetric.split();
    this.wipe();
    return this.#initiator
      ? { send: initiators, receive: responders }
      : { send: responders, receive: initiators };
  }

  /** Forgets all keys but the static ones, which belong to the caller. */
  wipe(): void {
    this.#symmetric.wipe();
    if (this.#ephemeral !== undefined) this.#sodium.wipe(this.#ephemeral.secretKey);
    this.#ephemeral = undefined;
    if (this.#psk !== undefined) this.#sodium.wipe(this.#psk);
  }

  #readWith(
    symmetric: SymmetricState,
    message: Uint8Array,
  ): { readonly payload: Uint8Array; readonly remote: Remote } | undefined {
    let remote = this.#remote;
    let at = 0;
    const take = (bytes: number): Uint8Array | undefined => {
      const part = message.slice(at, at + bytes);
      at += bytes;
      return part.length === bytes ? part : undefined;
    };
    for (const token of this.#tokens[this.#messages] ?? []) {
      if (token === 'e') {
        const ephemeral = take(KEY_BYTES);
        if (ephemeral === undefined) return undefined;
        remote = { ...remote, ephemeral };
        this.#mixEphemeral(symmetric, ephemeral);
      } else if (token === 's') {
        const sealed = take(KEY_BYTES + (symmetric.hasKey ? TAG_BYTES : 0));
        const key = sealed && symmetric.decryptAndHash(sealed);
        if (key === undefined) return undefined;
        remote = { ...remote, static: key };
      } else if (!this.#mix(symmetric, token, remote)) {
        return undefined;
      }
    }
    const payload = symmetric.decryptAndHash(message.subarray(at));
    return payload && { payload, remote };
  }

  #mixEphemeral(symmetric: SymmetricState, key: Uint8Array): void {
    symmetric.mixHash(key);
    // Section 9.2: with a psk the ephemeral keys make the encryption different each time.
    if (this.#psk !== undefined) symmetric.mixKey(key);
  }

  /** A secret that both sides have. False if there is none to have with such a key. */
  #mix(symmetric: SymmetricState, token: Exclude<Token, 'e' | 's'>, remote: Remote): boolean {
    if (token === 'psk') {
      if (this.#psk === undefined) return false;
      symmetric.mixKeyAndHash(this.#psk);
      return true;
    }
    // The first letter is the initiator's key, the second the responder's.
    const [own, others] = this.#initiator ? token : [token[1], token[0]];
    const secretKey = own === 'e' ? this.#ephemeral?.secretKey : this.#static.secretKey;
    const publicKey = others === 'e' ? remote.ephemeral : remote.static;
    if (secretKey === undefined || publicKey === undefined) return false;
    const shared = this.#sodium.agree(secretKey, publicKey);
    if (shared === undefined) return false;
    symmetric.mixKey(shared);
    this.#sodium.wipe(shared);
    return true;
  }
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
