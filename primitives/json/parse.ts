/**
 * JSON text to values (RFC 8259, strict), written by hand because JSON.parse loses integers beyond 2^53 and the
 * difference between 1 and 1.0, and does not limit depth.
 *
 * A number without point and exponent is an integer (a bigint beyond 2^53); one beyond 64 bits becomes a float, as
 * in Lua. Errors name line and column, counted from 1 in characters. A lone surrogate (`"\ud800"`) is refused: no
 * UTF-8 string can hold it.
 */
import { isUtf8 } from 'node:buffer';
import { fail, type HubError } from '../../base/errors.js';
import type { LuaValue } from '../../base/values.js';
import { floatOf, integerOf } from './parse-number.js';
import { MAX_DEPTH, MAX_TEXT_BYTES } from './print.js';

export type ParseCode = 'json.syntax' | 'json.not_utf8' | 'json.too_deep' | 'json.too_large';

/** Reads one value. Throws HubError<ParseCode>, whose details have `line` and `column` where there is a place. */
export function parseJson(bytes: Uint8Array): LuaValue {
  if (bytes.byteLength > MAX_TEXT_BYTES) {
    throw fail('json.too_large', `the JSON text is larger than ${MAX_TEXT_BYTES} bytes`, {
      bytes: bytes.byteLength,
    });
  }
  if (!isUtf8(bytes)) {
    const line = invalidLine(bytes);
    throw fail('json.not_utf8', `the JSON text is not valid UTF-8 at line ${line}`, { line });
  }
  return new Parser(
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'),
  ).document();
}

/** Character codes. */
const tab = 0x09;
const newline = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;
const quote = 0x22;
const minus = 0x2d;
const point = 0x2e;
const zero = 0x30;
const nine = 0x39;
const backslash = 0x5c;
const byteOrderMark = 0xfeff;

const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** More values than Lua is handed at once; reading them takes the loop some tens of milliseconds. */
export const MAX_VALUES = 400_000;

class Parser {
  readonly #text: string;
  #at = 0;
  #depth = 0;
  #values = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): LuaValue {
    if (this.#text.charCodeAt(0) === byteOrderMark) this.#at = 1;
    this.#skipSpace();
    const value = this.#value();
    this.#skipSpace();
    if (this.#at < this.#text.length) throw this.#expected('the end of the text');
    return value;
  }

  #value(): LuaValue {
    if (++this.#values > MAX_VALUES)
      throw this.#failure('json.too_large', `it has more than ${MAX_VALUES} values`);
    const char = this.#text[this.#at];
    switch (char) {
      case '"':
        return this.#string();
      case '{':
        return this.#object();
      case '[':
        return this.#array();
      case 't':
        return this.#word('true', true);
      case 'f':
        return this.#word('false', false);
      case 'n':
        return this.#word('null', null);
      default:
        if (char === '-' || isDigit(this.#text.charCodeAt(this.#at))) return this.#number();
        throw this.#expected('a value');
    }
  }

  #object(): LuaValue {
    this.#enter();
    const object: Record<string, LuaValue> = {};
    if (this.#closes('}')) return object;
    do {
      this.#skipSpace();
      if (this.#text.charCodeAt(this.#at) !== quote) throw this.#expected('a key in quotes');
      const key = this.#string();
      this.#skipSpace();
      if (this.#text[this.#at] !== ':') throw this.#expected('":"');
      this.#at++;
      this.#skipSpace();
      const value = this.#value();
      // A plain assignment would set the prototype.
      if (key === '__proto__') define(object, key, value);
      else object[key] = value;
    } while (this.#continues('}'));
    return object;
  }

  #array(): LuaValue {
    this.#enter();
    const list: LuaValue[] = [];
    if (this.#closes(']')) return list;
    do {
      this.#skipSpace();
      list.push(this.#value());
    } while (this.#continues(']'));
    return list;
  }

  #enter(): void {
    if (++this.#depth > MAX_DEPTH)
      throw this.#failure('json.too_deep', `it nests deeper than ${MAX_DEPTH} levels`);
    this.#at++;
  }

  /** Directly behind an opening bracket: whether the closing one follows. */
  #closes(bracket: string): boolean {
    this.#skipSpace();
    if (this.#text[this.#at] !== bracket) return false;
    this.#at++;
    this.#depth--;
    return true;
  }

  /** Behind a member: true for a comma, false for the closing bracket. */
  #continues(bracket: string): boolean {
    this.#skipSpace();
    const char = this.#text[this.#at];
    if (char === ',') {
      this.#at++;
      return true;
    }
    if (char !== bracket) throw this.#expected(`"," or "${bracket}"`);
    this.#at++;
    this.#depth--;
    return false;
  }

  #word<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw this.#expected('a value');
    this.#at += word.length;
    return value;
  }

  #number(): LuaValue {
    const start = this.#at;
    if (this.#text.charCodeAt(this.#at) === minus) this.#at++;
    const digitsFrom = this.#at;
    this.#digits();
    const digits = this.#at - digitsFrom;
    if (digits > 1 && this.#text.charCodeAt(digitsFrom) === zero) {
      this.#at = digitsFrom;
      throw this.#failure('json.syntax', 'a number starts with 0');
    }
    let isFloat = false;
    if (this.#text.charCodeAt(this.#at) === point) {
      isFloat = true;
      this.#at++;
      this.#digits();
    }
    const mark = this.#text[this.#at];
    if (mark === 'e' || mark === 'E') {
      isFloat = true;
      this.#at++;
      const sign = this.#text[this.#at];
      if (sign === '+' || sign === '-') this.#at++;
      this.#digits();
    }
    const source = this.#text.slice(start, this.#at);
    const value = isFloat ? floatOf(source) : integerOf(source, digits);
    if (value !== undefined) return value;
    this.#at = start;
    throw this.#failure('json.syntax', 'a number is too large for a float');
  }

  #digits(): void {
    const from = this.#at;
    while (isDigit(this.#text.charCodeAt(this.#at))) this.#at++;
    if (this.#at === from) throw this.#expected('a digit');
  }

  #string(): string {
    const text = this.#text;
    let from = ++this.#at;
    let result = '';
    for (;;) {
      const code = text.charCodeAt(this.#at);
      if (code === quote) break;
      if (code === backslash) {
        result += text.slice(from, this.#at) + this.#escape();
        from = this.#at;
      } else if (code >= space) {
        this.#at++;
      } else {
        // NaN, behind the end, lands here too.
        if (this.#at >= text.length) throw this.#expected('a closing quote');
        throw this.#failure('json.syntax', 'a control character in a string, which must be an escape');
      }
    }
    result += text.slice(from, this.#at);
    this.#at++;
    return result;
  }

  #escape(): string {
    const letter = this.#text[this.#at + 1] ?? '';
    if (letter !== 'u') {
      const char = escapes[letter];
      if (char === undefined) throw this.#failure('json.syntax', `unknown escape "\\${letter}"`);
      this.#at += 2;
      return char;
    }
    const start = this.#at;
    const first = this.#codeUnit();
    if (first < 0xd800 || first > 0xdfff) return String.fromCharCode(first);
    if (first < 0xdc00 && this.#text.startsWith('\\u', this.#at)) {
      const second = this.#codeUnit();
      if (second >= 0xdc00 && second <= 0xdfff) return String.fromCharCode(first, second);
    }
    this.#at = start;
    throw this.#failure('json.syntax', 'half of a surrogate pair, which is no character');
  }

  /** The number of one `\uXXXX`. */
  #codeUnit(): number {
    const hex = this.#text.slice(this.#at + 2, this.#at + 6);
    if (!/^[0-9a-fA-F]{4}$/.test(hex)) throw this.#failure('json.syntax', 'an escape needs four hex digits');
    this.#at += 6;
    return Number.parseInt(hex, 16);
  }

  #skipSpace(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== space && code !== newline && code !== carriageReturn && code !== tab) return;
      this.#at++;
    }
  }

  #expected(what: string): HubError<ParseCode> {
    const char = this.#text.codePointAt(this.#at);
    const found = char === undefined ? 'the end' : JSON.stringify(String.fromCodePoint(char));
    return this.#failure('json.syntax', `${what} expected, found ${found}`);
  }

  #failure<C extends ParseCode>(code: C, why: string): HubError<C> {
    const before = this.#text.slice(0, this.#at);
    const line = before.split('\n').length;
    const column = this.#at - before.lastIndexOf('\n');
    return fail(code, `bad JSON at line ${line}, column ${column}: ${why}`, { line, column });
  }
}

function isDigit(code: number): boolean {
  return code >= zero && code <= nine;
}

function define(object: Record<string, LuaValue>, key: string, value: LuaValue): void {
  Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}

/** The first line that is no UTF-8. A newline byte is never part of a longer sequence. */
function invalidLine(bytes: Uint8Array): number {
  for (let line = 1, from = 0; ; line++) {
    const end = bytes.indexOf(newline, from);
    if (end === -1 || !isUtf8(bytes.subarray(from, end))) return line;
    from = end + 1;
  }
}
