/**
 * Watches what the user types for the keys that detach, and hands on all else in order.
 *
 * The beginning of the keys is held back until the next key tells, or until `flush`. Keys are known in all forms that
 * terminals send: the program in the session may have switched the keyboard to a newer protocol. What is pasted is not
 * typed.
 */
import type { Key } from '../keys.js';

const ESC = 0x1b;
const [PASTE_BEGIN, PASTE_END] = ['\u001b[200~', '\u001b[201~'];

export interface Typed {
  /** For the session. */
  readonly forward: Uint8Array;
  readonly detach: boolean;
}

interface Token {
  readonly bytes: Uint8Array;
  /** A key going up, or Shift and the like by itself: says nothing about the keys that are typed. */
  readonly neutral: boolean;
}

export class DetachKeys {
  readonly #keys: readonly Key[];
  /** Tokens that are the beginning of the keys. */
  #held: Token[] = [];
  #pasting = false;

  constructor(keys: readonly Key[]) {
    this.#keys = keys;
  }

  /** Whether the beginning of the keys is held back. */
  get holds(): boolean {
    return this.#held.length > 0;
  }

  push(bytes: Uint8Array): Typed {
    const forward: Uint8Array[] = [];
    for (const token of tokens(bytes)) {
      if (this.#take(token, forward)) return { forward: Buffer.concat(forward), detach: true };
    }
    return { forward: Buffer.concat(forward), detach: false };
  }

  /** Gives up waiting for the rest of the keys. */
  flush(): Uint8Array {
    const held = this.#held.map(({ bytes }) => bytes);
    this.#held = [];
    return Buffer.concat(held);
  }

  /** Whether the keys are complete. */
  #take(token: Token, forward: Uint8Array[]): boolean {
    const text = Buffer.from(token.bytes).toString('latin1');
    if (text === PASTE_BEGIN || text === PASTE_END) this.#pasting = text === PASTE_BEGIN;
    if (this.#pasting) {
      forward.push(this.flush(), token.bytes);
      return false;
    }
    this.#held.push(token);
    // What is held is always a beginning of the keys: whatever is not is let go, from its front.
    while (this.#held.length > 0 && !this.#isBeginning()) {
      const [first] = this.#held.splice(0, 1);
      if (first !== undefined) forward.push(first.bytes);
    }
    if (this.#held.filter(({ neutral }) => !neutral).length < this.#keys.length) return false;
    this.#held = [];
    return true;
  }

  #isBeginning(): boolean {
    if (this.#held[0]?.neutral !== false) return false;
    const typed = this.#held.filter(({ neutral }) => !neutral);
    return typed.every(({ bytes }, index) => {
      const key = this.#keys[index];
      return key !== undefined && isKey(bytes, key);
    });
  }
}

function isKey(bytes: Uint8Array, key: Key): boolean {
  const text = Buffer.from(bytes).toString('latin1');
  if (text === key.bytes) return true;
  const pressed = keyEvent(text);
  return pressed?.codes.includes(key.codePoint ?? -1) === true && pressed.modifiers === key.modifiers;
}

interface KeyEvent {
  /** Of the key as it is, and of the same key on a US keyboard, if the terminal says. */
  readonly codes: readonly number[];
  readonly modifiers: number;
  readonly release: boolean;
}

/** Caps Lock and Num Lock: no part of a combination. */
const LOCKS = 64 + 128;

/** A key in kitty's protocol (CSI code:shifted:base ; modifiers:event u), or in xterm's (CSI 27 ; modifiers ; code ~). */
function keyEvent(text: string): KeyEvent | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are meant
  const kitty = /^\u001b\[(\d+)(?::(\d*))?(?::(\d*))?(?:;(\d*)(?::(\d+))?[;:\d]*)?u$/.exec(text);
  if (kitty !== null) {
    const [, code, , base, modifiers, event] = kitty;
    return {
      codes: [Number(code), Number(base || code)],
      modifiers: plainModifiers(Number(modifiers || 1)),
      release: event === '3',
    };
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are meant
  const xterm = /^\u001b\[27;(\d+);(\d+)~$/.exec(text);
  if (xterm === null) return undefined;
  return { codes: [Number(xterm[2])], modifiers: plainModifiers(Number(xterm[1])), release: false };
}

function plainModifiers(modifiers: number): number {
  return ((modifiers - 1) & ~LOCKS) + 1;
}

/** Shift, Control and the like have codes of their own. */
function isModifierKey({ codes: [code = 0] }: KeyEvent): boolean {
  return code >= 57_441 && code <= 57_454;
}

/** Single bytes, and whole CSI sequences. */
function* tokens(bytes: Uint8Array): Generator<Token> {
  for (let at = 0; at < bytes.length; ) {
    const end = bytes[at] === ESC && bytes[at + 1] === 0x5b ? endOfCsi(bytes, at + 2) : at + 1;
    const token = bytes.subarray(at, end);
    const event = token.length === 1 ? undefined : keyEvent(Buffer.from(token).toString('latin1'));
    yield { bytes: token, neutral: event !== undefined && (event.release || isModifierKey(event)) };
    at = end;
  }
}

function endOfCsi(bytes: Uint8Array, from: number): number {
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte >= 0x40 && byte <= 0x7e) return at + 1;
    if (byte < 0x20 || byte > 0x7e) return at;
  }
  return bytes.length;
}
