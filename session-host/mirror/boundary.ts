/**
 * Where a stream of bytes can be cut: whole UTF-8 characters, and the bytes of a sequence that has begun.
 *
 * The emulator's own decoder loses characters such as U+2014 when a chunk ends inside of them, so it is only given
 * whole ones. The bytes of an unfinished sequence go behind a snapshot, so that whoever gets the snapshot continues in
 * the middle of it. They are bounded: a string (OSC, DCS, APC) that runs longer than MAX_SEQUENCE_BYTES is dead, which
 * means that it has no effect wherever it ends, and a snapshot opens one that has none either.
 */
import {
  CSI_ENTRY,
  CSI_IGNORE,
  DCS_ENTRY,
  DCS_IGNORE,
  ESCAPE_INTERMEDIATE,
  GROUND,
  OSC_ABORT,
  OSC_STRING,
  type Parser,
  SOS_PM_APC_STRING,
} from './xterm-internals.js';

/** Longest sequence that has an effect. The mirror uses none longer than a title, a link or a notification. */
export const MAX_SEQUENCE_BYTES = 64 * 1024;

const ESC = 0x1b;
/** First byte of C1 controls in UTF-8. */
const C1_LEAD = 0xc2;
/** Second bytes of DCS, SOS, CSI, OSC, PM and APC. */
const C1_INTRODUCERS: ReadonlySet<number> = new Set([0x90, 0x98, 0x9b, 0x9d, 0x9e, 0x9f]);

/** How many bytes at the end of `bytes` begin a UTF-8 character that is not complete: 0 to 3. */
export function incompleteTail(bytes: Uint8Array): number {
  const end = bytes.length;
  for (let count = 1; count <= 3 && count <= end; count++) {
    const byte = bytes[end - count] as number;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return byte < 0xf8 && count < lengthOf(byte) ? count : 0;
  }
  return 0;
}

function lengthOf(lead: number): number {
  if (lead >= 0xf0) return 4;
  return lead >= 0xe0 ? 3 : 2;
}

/** Where a piece of at most `maxBytes` from `start` on ends: behind a whole character, and one at least. */
export function endOfPiece(bytes: Uint8Array, start: number, maxBytes: number): number {
  if (start + maxBytes >= bytes.length) return bytes.length;
  const end = start + maxBytes;
  const whole = end - incompleteTail(bytes.subarray(start, end));
  return whole > start ? whole : start + lengthOf(bytes[start] as number);
}

/** The bytes of the sequence that a parser is in. Look at it after each piece that the parser was given. */
export class UnfinishedSequence {
  readonly #parser: Parser;
  #bytes: Uint8Array = new Uint8Array(0);
  #dead = false;

  constructor(parser: Parser) {
    this.#parser = parser;
  }

  /** How many more bytes the sequence may have before it must be looked at. */
  get room(): number {
    return MAX_SEQUENCE_BYTES - (this.#dead ? 0 : this.#bytes.length);
  }

  /** The parser has just been given `piece`, which was not longer than `room`. */
  follow(piece: Uint8Array): void {
    if (this.#parser.currentState === GROUND) {
      if (this.#bytes.length > 0) this.#set(new Uint8Array(0));
      return;
    }
    const start = lastIntroducer(piece);
    if (start >= 0) this.#set(this.#relevant(piece.subarray(start)));
    else if (!this.#dead) this.#bytes = concat([this.#bytes, this.#relevant(piece)]);
    if (this.#parser.currentState === SOS_PM_APC_STRING) this.#set(encode('\x1b_'), true);
    else if (!this.#dead && this.#bytes.length >= MAX_SEQUENCE_BYTES) this.#kill();
  }

  /** What brings another terminal to the same place. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  // Controls inside of a sequence were carried out when they came. In a DCS they are data.
  #relevant(bytes: Uint8Array): Uint8Array {
    return this.#parser.currentState >= DCS_ENTRY ? bytes.slice() : bytes.filter(isNotControl);
  }

  #set(bytes: Uint8Array, dead = false): void {
    this.#bytes = bytes;
    this.#dead = dead;
  }

  #kill(): void {
    const parser = this.#parser;
    if (parser.currentState === OSC_STRING) {
      parser._oscParser.reset();
      parser._oscParser._state = OSC_ABORT;
      this.#set(encode('\x1b]_'), true);
    } else if (parser.currentState >= DCS_ENTRY) {
      parser._dcsParser.reset();
      parser.currentState = DCS_IGNORE;
      this.#set(encode('\x1bP0<'), true);
    } else if (parser.currentState >= CSI_ENTRY) {
      parser.currentState = CSI_IGNORE;
      this.#set(encode('\x1b[0<'), true);
    } else if (parser.currentState === ESCAPE_INTERMEDIATE) {
      parser.currentState = GROUND;
      this.#set(new Uint8Array(0));
    }
  }
}

function isNotControl(byte: number): boolean {
  return byte >= 0x20 || byte === ESC;
}

/** Where the last sequence of `piece` begins; -1: none does. */
function lastIntroducer(piece: Uint8Array): number {
  for (let index = piece.length - 1; index >= 0; index--) {
    const byte = piece[index] as number;
    if (byte === ESC) return index;
    if (byte === C1_LEAD && C1_INTRODUCERS.has(piece[index + 1] ?? 0)) return index;
  }
  return -1;
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
