/**
 * Takes the questions out of a terminal's output: sequences that a terminal answers as if the user had typed.
 *
 * A session's screen mirror answers them. A terminal that shows the session and answers too would type a second answer
 * into the program, so clients pass output through this filter. Everything else passes byte for byte, however the
 * stream is cut; the beginning of a sequence that may become a question is held back until it is decided. Where what
 * stands before and after a question would join to something else, a control that does nothing keeps it apart.
 */
import { isCsiQuery, type StringKind, setsColors, stringVerdict } from './terminal-queries.js';

/** A longer escape sequence does nothing in any terminal; its beginning is left out. */
const MAX_SEQUENCE_BYTES = 4096;
/** How much of a string is looked at. One of a kind that may ask, and still undecided then, is left out. */
const MAX_STRING_BYTES = 16 * 1024;

const ENQ = 0x05;
const BEL = 0x07;
const CAN = 0x18;
const SUB = 0x1a;
const ESC = 0x1b;
const DEL = 0x7f;
/** First byte of the C1 controls in UTF-8: C2 80 to C2 9F. Each means what ESC and a letter mean. */
const C1_LEAD = 0xc2;

const BACKSLASH = 0x5c;
const QUESTION_MARK = 0x3f;
const strings = 'P]X^_';

/** What keeps apart: CAN ends a sequence that was broken off, ST a string. */
const CANCEL = new Uint8Array([CAN]);
const END_STRING = new Uint8Array([ESC, BACKSLASH]);

/** What a viewer may want to know of the sequences that pass. */
export interface SequenceListener {
  /** CSI ? mode h or l. */
  onPrivateMode?(mode: number, on: boolean): void;
  /** Colours of the terminal itself were set. */
  onColors?(): void;
}

/** Where ground ends: a question by itself, or what may begin a sequence. */
const notText = new Uint8Array(256);
for (const byte of [ENQ, ESC, C1_LEAD]) notText[byte] = 1;
/** Where a string may end. */
const notString = new Uint8Array(256);
for (const byte of [BEL, CAN, SUB, ESC, C1_LEAD]) notString[byte] = 1;

/** Final bytes of questions that have no `?` in front; R and | belong to some with intermediates. */
const matters = new Uint8Array(256);
for (const final of 'cnpqxtyuwv|R') matters[final.charCodeAt(0)] = 1;

/** A string whose fate is decided and whose end has not come. */
interface OpenString {
  readonly kind: string;
  readonly dropped: boolean;
}

/** The end of a string's text. `after`: where to go on; undefined while the bytes do not tell. */
interface StringEnd {
  readonly at: number;
  readonly after: number | undefined;
  /** A terminator, as opposed to the beginning of another sequence. */
  readonly terminated: boolean;
}

export class QueryFilter {
  readonly #listener: SequenceListener;
  /** The beginning of a sequence that is not decided. */
  #held: Uint8Array = new Uint8Array();
  #string: OpenString | undefined;
  /** What the passed bytes end with: something that what follows could join. */
  #openEnd: 'none' | 'character' | 'sequence' | 'string' = 'none';
  /** The bytes being looked at, what of them passes, and up to where that is decided. */
  #bytes: Uint8Array = new Uint8Array();
  #passed: Uint8Array[] = [];
  #at = 0;
  /** The last of `passed`, if nothing came after it. */
  #pieceStart = 0;
  #pieceEnd = -1;

  constructor(listener: SequenceListener = {}) {
    this.#listener = listener;
  }

  /** The bytes to show. May be the given array itself, or views of it. */
  push(chunk: Uint8Array): Uint8Array {
    this.#bytes = this.#held.length === 0 ? chunk : joined([this.#held, chunk]);
    this.#at = 0;
    this.#passed = [];
    this.#pieceEnd = -1;
    while (this.#at < this.#bytes.length) {
      const decided = this.#string === undefined ? this.#ground() : this.#inString(this.#string);
      if (!decided) break;
    }
    this.#held = this.#at < this.#bytes.length ? this.#bytes.slice(this.#at) : new Uint8Array();
    const [first, ...others] = this.#passed;
    if (first === undefined) return new Uint8Array();
    return others.length === 0 ? first : joined(this.#passed);
  }

  /** Forgets a sequence that was cut: the stream goes on elsewhere. */
  reset(): void {
    this.#held = new Uint8Array();
    this.#string = undefined;
    this.#openEnd = 'none';
  }

  /** Text up to the next sequence, and that. False: it needs more bytes. */
  #ground(): boolean {
    const bytes = this.#bytes;
    let end = this.#at;
    while (end < bytes.length && notText[bytes[end] as number] === 0) end++;
    this.#pass(end);
    if (end === bytes.length) return true;
    if (bytes[end] === ENQ) {
      this.#drop(end + 1);
      return true;
    }
    const letter = this.#introducer(end);
    if (letter === undefined) return false;
    return letter.kind === '' || this.#sequence(letter.kind, letter.body);
  }

  /**
   * The letter of a sequence that begins at `start`, and where its body begins; '' if it was dealt with because it is no
   * sequence; undefined if the bytes do not tell.
   */
  #introducer(start: number): { readonly kind: string; readonly body: number } | undefined {
    const bytes = this.#bytes;
    if (bytes[start] === C1_LEAD) {
      const next = bytes[start + 1];
      if (next === undefined) return undefined;
      if (next >= 0x80 && next <= 0x9f) return { kind: String.fromCharCode(next - 0x40), body: start + 2 };
      if (next >= 0xa0 && next <= 0xbf) this.#pass(start + 2);
      else {
        this.#pass(start + 1);
        this.#openEnd = 'character';
      }
      return { kind: '', body: start };
    }
    // Controls inside a sequence act at once, and the sequence goes on.
    let at = start + 1;
    while (isQuietControl(bytes[at]) && at - start < MAX_SEQUENCE_BYTES) at++;
    const next = bytes[at];
    if (at - start >= MAX_SEQUENCE_BYTES) this.#dropSequence(at);
    else if (next === undefined) return undefined;
    else if (next === CAN || next === SUB) this.#passSequence(at + 1);
    else if (next === ESC || next > DEL) this.#passOpen(at);
    else return { kind: String.fromCharCode(next), body: at + 1 };
    return { kind: '', body: at };
  }

  #sequence(kind: string, body: number): boolean {
    if (kind === '[') return this.#csi(body);
    if (strings.includes(kind)) return this.#beginString(kind, body);
    if (kind >= ' ' && kind <= '/') return this.#escape(body);
    // DECID asks for what DA1 asks.
    if (kind === 'Z') this.#dropSequence(body);
    else this.#passSequence(body);
    return true;
  }

  /** ESC with intermediates: character sets, alignment test. None is a question. */
  #escape(body: number): boolean {
    const end = this.#endOfSequence(body, 0x30);
    if (end === undefined) return false;
    if (end.whole) this.#passSequence(end.at);
    return true;
  }

  #csi(body: number): boolean {
    const end = this.#endOfSequence(body, 0x40);
    if (end === undefined) return false;
    if (!end.whole) return true;
    if (!this.#mayMatter(body, end.at)) {
      this.#passSequence(end.at);
      return true;
    }
    const text = latin1(this.#bytes.subarray(body, end.at)).replace(controls, '');
    const [parameters, final] = [text.slice(0, -1), text.slice(-1)];
    if (isCsiQuery(parameters, final)) {
      this.#dropSequence(end.at);
      return true;
    }
    this.#passSequence(end.at);
    if ((final === 'h' || final === 'l') && parameters.startsWith('?')) {
      for (const mode of parameters.slice(1).split(';')) {
        this.#listener.onPrivateMode?.(Number(mode), final === 'h');
      }
    }
    return true;
  }

  /** Colours and cursor moves, most of all there is, are told by their final byte. */
  #mayMatter(body: number, end: number): boolean {
    const final = this.#bytes[end - 1] as number;
    if (matters[final] === 1) return true;
    const first = this.#bytes[body] as number;
    return first < 0x20 || first === QUESTION_MARK;
  }

  /**
   * The place after the final byte, which is at least `leastFinal`. Not `whole`: the sequence was broken off, and was
   * dealt with. Undefined: more bytes are needed.
   */
  #endOfSequence(
    body: number,
    leastFinal: number,
  ): { readonly whole: boolean; readonly at: number } | undefined {
    const bytes = this.#bytes;
    const limit = this.#at + MAX_SEQUENCE_BYTES;
    for (let at = body; at < bytes.length; at++) {
      const byte = bytes[at] as number;
      if (at >= limit) {
        this.#dropSequence(at);
      } else if (byte === CAN || byte === SUB) {
        this.#passSequence(at + 1);
      } else if (byte === ESC || byte > DEL) {
        this.#passOpen(at);
      } else {
        if (byte >= leastFinal && byte < DEL) return { whole: true, at: at + 1 };
        continue;
      }
      return { whole: false, at };
    }
    return undefined;
  }

  #beginString(kind: string, body: number): boolean {
    if (kind === 'X' || kind === '^') {
      this.#openString(kind, { dropped: false, upTo: body });
      return true;
    }
    const end = this.#endOfString(kind, body, body + MAX_STRING_BYTES);
    const text = whatTerminalsRead(this.#bytes.subarray(body, end.at));
    const tooLong = end.at >= body + MAX_STRING_BYTES;
    const verdict = stringVerdict(kind as StringKind, text, end.after !== undefined && !tooLong);
    if (verdict === 'more' && !tooLong) return false;
    const dropped = verdict !== 'pass';
    if (!dropped && kind === ']' && setsColors(text)) this.#listener.onColors?.();
    this.#openString(kind, { dropped, upTo: end.at });
    return true;
  }

  #openString(kind: string, { dropped, upTo }: { dropped: boolean; upTo: number }): void {
    if (dropped) this.#drop(upTo);
    else this.#pass(upTo);
    this.#string = { kind, dropped };
  }

  #inString({ kind, dropped }: OpenString): boolean {
    const end = this.#endOfString(kind, this.#at, this.#bytes.length);
    if (dropped) this.#drop(end.at);
    else this.#pass(end.at);
    if (end.after === undefined) return false;
    if (dropped) this.#drop(end.after);
    else this.#pass(end.after);
    this.#string = undefined;
    if (!end.terminated && !dropped) this.#openEnd = 'string';
    return true;
  }

  /** Looks for the end of a string's text in the bytes before `limit`. */
  #endOfString(kind: string, from: number, limit: number): StringEnd {
    const bytes = this.#bytes;
    const length = Math.min(bytes.length, limit);
    for (let at = from; at < length; at++) {
      const byte = bytes[at] as number;
      if (notString[byte] === 0) continue;
      if (byte === CAN || byte === SUB) return { at, after: at + 1, terminated: true };
      if (byte === BEL) {
        if (kind === ']') return { at, after: at + 1, terminated: true };
        continue;
      }
      const next = bytes[at + 1];
      if (next === undefined) return { at, after: undefined, terminated: false };
      if (byte === ESC || (next >= 0x80 && next <= 0x9f)) {
        const terminated = next === (byte === ESC ? BACKSLASH : 0x9c);
        return { at, after: terminated ? at + 2 : at, terminated };
      }
    }
    return { at: length, after: undefined, terminated: false };
  }

  /** All up to `end` passes as it is. */
  #pass(end: number): void {
    if (end === this.#at) return;
    if (this.#openEnd === 'sequence' && !this.#breaksOff(this.#at)) this.#separate();
    // What passes in one piece stays one.
    if (this.#at === this.#pieceEnd) this.#passed.pop();
    else this.#pieceStart = this.#at;
    this.#passed.push(this.#bytes.subarray(this.#pieceStart, end));
    this.#pieceEnd = end;
    this.#at = end;
    this.#openEnd = 'none';
  }

  /** The beginning of a sequence passes that something else broke off. */
  #passOpen(end: number): void {
    this.#passSequence(end);
    this.#openEnd = 'sequence';
  }

  /** A sequence passes, without the question that a control inside it may be. */
  #passSequence(end: number): void {
    for (let at = this.#at; at < end; at++) {
      if (this.#bytes[at] !== ENQ) continue;
      this.#pass(at);
      this.#at = at + 1;
    }
    this.#pass(end);
  }

  #drop(end: number): void {
    this.#separate();
    this.#at = end;
  }

  /** Whatever follows the passed bytes begins anew. */
  #separate(): void {
    if (this.#openEnd === 'string') this.#passed.push(END_STRING);
    else if (this.#openEnd !== 'none') this.#passed.push(CANCEL);
    this.#openEnd = 'none';
    this.#pieceEnd = -1;
  }

  /** Every terminal gives up an open sequence for this. Some skip bytes that are no UTF-8, and go on with the sequence. */
  #breaksOff(at: number): boolean {
    const [byte, next = 0] = [this.#bytes[at], this.#bytes[at + 1]];
    if (byte === ESC || byte === CAN || byte === SUB) return true;
    return byte === C1_LEAD && next >= 0x80 && next <= 0x9f;
  }

  /** Drops a sequence, but not the controls inside it. */
  #dropSequence(end: number): void {
    const start = this.#at;
    this.#drop(end);
    const inside = this.#bytes.subarray(start, end).filter((byte) => byte !== ENQ && isQuietControl(byte));
    if (inside.length > 0) this.#passed.push(inside);
  }
}

/** Controls that act, or do nothing, without ending the sequence that they are in. */
function isQuietControl(byte: number | undefined): boolean {
  return byte !== undefined && (byte < 0x20 || byte === DEL) && byte !== ESC && byte !== CAN && byte !== SUB;
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are meant
const controls = /[\u0000-\u001f\u007f]/g;

function latin1(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** Of a string: bytes that are no UTF-8 are skipped, so they do not hide a question. */
function whatTerminalsRead(bytes: Uint8Array): string {
  return utf8.decode(bytes).replaceAll('\ufffd', '');
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
