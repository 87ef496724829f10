/**
 * Values to JSON text. Keys are sorted, so equal values give equal text.
 *
 * A LuaFloat keeps its point; a plain safe integer and a bigint are integers. What JSON cannot say (NaN, bytes that
 * are no UTF-8, mixed tables) is a HubError that names the place in Lua's own terms: `users[2].name`.
 */
import { fail, type HubError } from '../../base/errors.js';
import { LuaFloat, type LuaValue } from '../../base/values.js';

export type PrintCode =
  | 'json.not_finite'
  | 'json.not_utf8'
  | 'json.bad_key'
  | 'json.too_deep'
  | 'json.too_large';

/** As deep as values may be nested that cross between Lua and the host (hub/lua/codec.ts). */
export const MAX_DEPTH = 100;
/** Text of this size takes the loop about 0.1 s; larger belongs in a file. */
export const MAX_TEXT_BYTES = 8 * 1024 * 1024;

/** `indent` is what one level is indented by; empty for compact text. Throws HubError<PrintCode>. */
export function printJson(value: LuaValue, indent: '' | '  ' = ''): string {
  const printer = new Printer(indent);
  const text = printer.print(value);
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_TEXT_BYTES) throw tooLarge(bytes);
  return text;
}

/** Whether a plain number stands for a Lua integer (base/values.ts): safe, and not -0. */
export function isInteger(value: number): boolean {
  return Number.isSafeInteger(value) && !Object.is(value, -0);
}

/** How a number is written as a float: the shortest text that reads back as the same float, never as an integer. */
export function printFloat(value: number): string {
  if (Object.is(value, -0)) return '-0.0';
  const text = String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

class Printer {
  readonly #indent: string;
  readonly #colon: string;
  /** Keys from the root to the value being printed; only for messages. */
  readonly #path: (string | number)[] = [];
  /** Characters so far, to stop long before memory does. */
  #length = 0;

  constructor(indent: string) {
    this.#indent = indent;
    this.#colon = indent === '' ? ':' : ': ';
  }

  print(value: LuaValue): string {
    switch (typeof value) {
      case 'string':
        return this.#string(value);
      case 'number':
        if (!Number.isFinite(value)) throw this.#notFinite(value);
        return this.#count(isInteger(value) ? String(value) : printFloat(value));
      case 'boolean':
        return value ? 'true' : 'false';
      case 'bigint':
        return String(value);
      case 'undefined':
        return 'null';
      default:
        break;
    }
    if (value === null) return 'null';
    if (value instanceof LuaFloat) {
      if (!Number.isFinite(value.value)) throw this.#notFinite(value.value);
      return this.#count(printFloat(value.value));
    }
    if (value instanceof Uint8Array) {
      throw fail('json.not_utf8', `cannot write ${this.#place()} as JSON: the string is not valid UTF-8`);
    }
    if (this.#path.length >= MAX_DEPTH) {
      throw fail('json.too_deep', `cannot write a value as JSON that nests deeper than ${MAX_DEPTH} levels`);
    }
    if (Array.isArray(value)) return this.#array(value as readonly LuaValue[]);
    if (value instanceof Map) return this.#map(value as ReadonlyMap<unknown, LuaValue>);
    return this.#object(Object.entries(value as Record<string, LuaValue>));
  }

  #string(text: string): string {
    // Asked before the copy is made.
    if (text.length > MAX_TEXT_BYTES) throw tooLarge(text.length);
    return this.#count(JSON.stringify(text));
  }

  #array(list: readonly LuaValue[]): string {
    const parts: string[] = [];
    for (let index = 0; index < list.length; index++) {
      this.#path.push(index + 1);
      parts.push(this.print(list[index]));
      this.#path.pop();
    }
    return this.#bracket('[', parts, ']');
  }

  #object(entries: [string, LuaValue][]): string {
    entries.sort(([a], [b]) => (a < b ? -1 : 1));
    const parts: string[] = [];
    for (const [key, value] of entries) {
      if (value === undefined) continue;
      this.#path.push(key);
      parts.push(this.#string(key) + this.#colon + this.print(value));
      this.#path.pop();
    }
    return this.#bracket('{', parts, '}');
  }

  #map(map: ReadonlyMap<unknown, LuaValue>): string {
    const entries: [string, LuaValue][] = [];
    for (const [key, value] of map) {
      if (typeof key !== 'string') throw this.#badKey(key, map);
      entries.push([key, value]);
    }
    return this.#object(entries);
  }

  #bracket(open: string, parts: readonly string[], close: string): string {
    this.#count(`${open}${close}`);
    this.#length += parts.length;
    if (parts.length === 0 || this.#indent === '') return `${open}${parts.join(',')}${close}`;
    const outer = `\n${this.#indent.repeat(this.#path.length)}`;
    const inner = outer + this.#indent;
    this.#length += inner.length * (parts.length + 1);
    return `${open}${inner}${parts.join(`,${inner}`)}${outer}${close}`;
  }

  #count(text: string): string {
    this.#length += text.length;
    if (this.#length > MAX_TEXT_BYTES) throw tooLarge(this.#length);
    return text;
  }

  #notFinite(value: number): HubError<'json.not_finite'> {
    const what = Number.isNaN(value) ? 'not a number (NaN)' : 'infinite';
    return fail('json.not_finite', `cannot write ${this.#place()} as JSON: the number is ${what}`);
  }

  #badKey(key: unknown, map: ReadonlyMap<unknown, LuaValue>): HubError<'json.bad_key'> {
    const isIndex = typeof key === 'number' || typeof key === 'bigint';
    const mixed = [...map.keys()].some((other) => typeof other === 'string');
    const why =
      key instanceof Uint8Array
        ? 'a key is not valid UTF-8'
        : isIndex && mixed
          ? `the table has string keys and list keys (${key})`
          : isIndex
            ? `the list has holes (it has an element ${key}, but not all before it)`
            : `a key is ${key instanceof LuaFloat ? `the float ${key.value}` : `a ${typeof key}`}`;
    return fail('json.bad_key', `cannot write ${this.#place()} as JSON: ${why}`);
  }

  #place(): string {
    if (this.#path.length === 0) return 'the value';
    let place = '';
    for (const key of this.#path) {
      if (typeof key === 'number') place += `[${key}]`;
      else if (/^[A-Za-z_]\w{0,63}$/.test(key)) place += place === '' ? key : `.${key}`;
      else place += `[${JSON.stringify(key.length > 64 ? `${key.slice(0, 64)}...` : key)}]`;
    }
    return place;
  }
}

function tooLarge(bytes: number): HubError<'json.too_large'> {
  return fail('json.too_large', `the JSON text would be larger than ${MAX_TEXT_BYTES} bytes`, { bytes });
}
