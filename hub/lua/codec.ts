/**
 * Values across the boundary, in both directions, by walking tables: no proxies, no text in between.
 *
 * Keeps true: see base/values.ts for what becomes what; a value that went over and came back is equal in Lua. Depth,
 * number of nodes and cycles are checked; what cannot cross (functions, threads, userdata) is refused with the path to
 * it. No metamethod runs, so reading never calls Lua. The stack is as before after a read, one higher after a push.
 */

import { type HubError, isHubError } from '../../base/errors.js';
import { LuaFloat, type LuaKey, type LuaRecord, type LuaValue } from '../../base/values.js';
import { HOST_KEY, REGISTRY, TYPE, typeName } from './constants.js';
import type { LuaStrings } from './strings.js';
import type { LuaVm, Ptr } from './wasm.js';

/** Deeper nesting is a mistake, or an attack on the stack. */
export const MAX_DEPTH = 100;
/** Table entries in one value. A walk of this size takes some tens of milliseconds. */
export const MAX_NODES = 500_000;
/** Bytes of strings in one value. */
export const MAX_STRING_BYTES = 32 * 1024 * 1024;

/** What cannot cross, as a noun, and where in the value it is: `a function`, `.users[3].callback`. */
export class CrossingError extends Error {
  override readonly name = 'CrossingError';
  readonly path: string;
  readonly reason: string;
  constructor(reason: string, path: string) {
    super(`cannot copy ${reason}${path === '' ? '' : ` at ${path}`}`);
    this.reason = reason;
    this.path = path;
  }
}

/** Something of the host that stands for a Lua value of its engine: a held function. */
export abstract class LuaReference {
  /** Pushes the value it stands for; false if it belongs to another engine or is gone. */
  abstract pushTo(L: Ptr): boolean;
}

const SMALL_INTEGERS = Array.from({ length: 1024 }, (_, n) => BigInt(n));

/** The bigint that the C API wants for an integer. */
export function toInteger(n: number): bigint {
  return SMALL_INTEGERS[n] ?? BigInt(n);
}

function isLuaInteger(n: number): boolean {
  return Number.isSafeInteger(n) && !Object.is(n, -0);
}

export class LuaCodec {
  readonly #vm: LuaVm;
  readonly #strings: LuaStrings;
  /** Tables on the way to the value being read: where a cycle would show. */
  readonly #path: Ptr[] = [];
  #nodes = 0;
  #stringBytes = 0;

  constructor(vm: LuaVm, strings: LuaStrings) {
    this.#vm = vm;
    this.#strings = strings;
  }

  /** The value at `index`. Throws CrossingError. */
  read(L: Ptr, index: number): LuaValue {
    const { x } = this.#vm;
    switch (x.lua_type(L, index)) {
      case TYPE.none:
      case TYPE.nil:
        return undefined;
      case TYPE.boolean:
        return x.lua_toboolean(L, index) !== 0;
      case TYPE.number:
        return this.#readNumber(L, index);
      case TYPE.string:
        return this.#strings.read(L, index);
      case TYPE.table:
        return this.#readRoot(L, x.lua_absindex(L, index));
      case TYPE.lightuserdata:
        if (x.lua_touserdata(L, index) === 0) return null;
        break;
    }
    throw new CrossingError(`a ${typeName(x.lua_type(L, index))}`, '');
  }

  /** Pushes `value`. Throws CrossingError for what Lua cannot hold; may raise "not enough memory". */
  push(L: Ptr, value: LuaValue | HubError): void {
    const { x } = this.#vm;
    switch (typeof value) {
      case 'undefined':
        return x.lua_pushnil(L);
      case 'string':
        return this.#strings.push(L, value);
      case 'number':
        return this.pushNumber(L, value);
      case 'boolean':
        return x.lua_pushboolean(L, value ? 1 : 0);
      case 'bigint':
        return this.#pushBigInt(L, value);
      case 'object':
        if (value === null) return x.lua_pushlightuserdata(L, 0);
        return this.#pushRoot(L, value);
      default:
        throw new CrossingError(`a ${typeof value}`, '');
    }
  }

  pushNumber(L: Ptr, n: number): void {
    if (isLuaInteger(n)) this.#vm.x.lua_pushinteger(L, toInteger(n));
    else this.#vm.x.lua_pushnumber(L, n);
  }

  #pushBigInt(L: Ptr, n: bigint): void {
    if (BigInt.asIntN(64, n) !== n) throw new CrossingError(`${n}, which does not fit a 64-bit integer`, '');
    this.#vm.x.lua_pushinteger(L, n);
  }

  #readNumber(L: Ptr, index: number): number | bigint | LuaFloat {
    const { x } = this.#vm;
    const n = x.lua_tonumberx(L, index, 0);
    if (x.lua_isinteger(L, index) !== 0) return Number.isSafeInteger(n) ? n : x.lua_tointegerx(L, index, 0);
    return isLuaInteger(n) ? new LuaFloat(n) : n;
  }

  #readRoot(L: Ptr, index: number): LuaValue {
    const top = this.#vm.x.lua_gettop(L);
    this.#nodes = 0;
    this.#stringBytes = 0;
    this.#path.length = 0;
    try {
      return this.#readTable(L, index);
    } catch (thrown) {
      this.#vm.x.lua_settop(L, top);
      throw thrown;
    }
  }

  /** Reads the table at absolute `index`, whose kind its first key tells: 1..n in order is an array. */
  #readTable(L: Ptr, index: number): LuaValue {
    const { x } = this.#vm;
    const pointer = x.lua_topointer(L, index);
    if (this.#path.includes(pointer)) throw new CrossingError('a table that contains itself', '');
    if (this.#path.length >= MAX_DEPTH) throw new CrossingError(`tables nested deeper than ${MAX_DEPTH}`, '');
    if (x.lua_checkstack(L, 4) === 0) throw new CrossingError('tables nested so deeply', '');
    this.#path.push(pointer);
    const length = Number(x.lua_rawlen(L, index));
    const value = length > 0 ? this.#readSequence(L, index, length) : this.#readRecord(L, index);
    this.#path.pop();
    return value;
  }

  /** A table with a border above 0: an array if it holds nothing but 1..length. */
  #readSequence(L: Ptr, index: number, length: number): LuaValue {
    const { x } = this.#vm;
    const list: LuaValue[] = [];
    x.lua_pushnil(L);
    while (x.lua_next(L, index) !== 0) {
      const inOrder = x.lua_isinteger(L, -2) !== 0 && x.lua_tonumberx(L, -2, 0) === list.length + 1;
      if (!inOrder) {
        x.lua_settop(L, -3);
        return this.#readMixed(L, index);
      }
      list.push(this.#readEntry(L, list.length + 1));
      x.lua_settop(L, -2);
    }
    return list.length === length ? list : this.#readMixed(L, index);
  }

  #readRecord(L: Ptr, index: number): LuaValue {
    const { x } = this.#vm;
    const record: Record<string, LuaValue> = {};
    let empty = true;
    x.lua_pushnil(L);
    while (x.lua_next(L, index) !== 0) {
      empty = false;
      const key = x.lua_type(L, -2) === TYPE.string ? this.#strings.read(L, -2) : undefined;
      if (typeof key !== 'string') {
        x.lua_settop(L, -3);
        return this.#readMixed(L, index);
      }
      const value = this.#readEntry(L, key);
      if (key === '__proto__') defineField(record, key, value);
      else record[key] = value;
      x.lua_settop(L, -2);
    }
    return empty && this.#isMarkedArray(L, index) ? [] : record;
  }

  #readMixed(L: Ptr, index: number): LuaValue {
    const { x } = this.#vm;
    const map = new Map<LuaKey, LuaValue>();
    x.lua_pushnil(L);
    while (x.lua_next(L, index) !== 0) {
      const key = this.#readKey(L);
      map.set(key, this.#readEntry(L, key));
      x.lua_settop(L, -2);
    }
    return map;
  }

  #readKey(L: Ptr): LuaKey {
    const { x } = this.#vm;
    switch (x.lua_type(L, -2)) {
      case TYPE.string:
        return this.#strings.read(L, -2);
      case TYPE.number:
        return this.#readNumber(L, -2);
      case TYPE.boolean:
        return x.lua_toboolean(L, -2) !== 0;
    }
    throw new CrossingError(`a ${typeName(x.lua_type(L, -2))} as a key`, '');
  }

  /** The value at the top, which stands under `key`. */
  #readEntry(L: Ptr, key: LuaKey): LuaValue {
    const { x } = this.#vm;
    if (++this.#nodes > MAX_NODES) throw new CrossingError(`more than ${MAX_NODES} values`, '');
    const type = x.lua_type(L, -1);
    if (type === TYPE.number) return this.#readNumber(L, -1);
    if (type === TYPE.string) {
      const text = this.#strings.read(L, -1);
      this.#stringBytes += text.length;
      if (this.#stringBytes <= MAX_STRING_BYTES) return text;
    }
    try {
      if (type === TYPE.table) return this.#readTable(L, x.lua_gettop(L));
      if (type === TYPE.string) throw tooManyBytes();
      return this.read(L, -1);
    } catch (thrown) {
      throw thrown instanceof CrossingError ? under(key, thrown) : thrown;
    }
  }

  #isMarkedArray(L: Ptr, index: number): boolean {
    const { x } = this.#vm;
    if (x.lua_getmetatable(L, index) === 0) return false;
    x.lua_rawgetp(L, REGISTRY, HOST_KEY.array);
    const same = x.lua_rawequal(L, -1, -2) !== 0;
    x.lua_settop(L, -3);
    return same;
  }

  #pushRoot(L: Ptr, value: object): void {
    const top = this.#vm.x.lua_gettop(L);
    this.#nodes = 0;
    this.#stringBytes = 0;
    try {
      this.#pushObject(L, value, 0);
    } catch (thrown) {
      if (thrown instanceof CrossingError) this.#vm.x.lua_settop(L, top);
      throw thrown;
    }
  }

  #pushObject(L: Ptr, value: object, depth: number): void {
    const { x } = this.#vm;
    if (depth > MAX_DEPTH) throw new CrossingError(`tables nested deeper than ${MAX_DEPTH}, or cyclic`, '');
    if (x.lua_checkstack(L, 4) === 0) throw new CrossingError('tables nested so deeply', '');
    if (Array.isArray(value)) this.#pushArray(L, value as LuaValue[], depth);
    else if (value instanceof Uint8Array) this.#pushString(L, value);
    else if (value instanceof LuaFloat) x.lua_pushnumber(L, value.value);
    else if (value instanceof LuaReference) this.#pushReference(L, value);
    else if (isHubError(value)) this.#pushError(L, value);
    else if (value instanceof Map) this.#pushMap(L, value as Map<LuaKey, LuaValue>, depth);
    else this.#pushRecord(L, value as LuaRecord, depth);
  }

  /** A string inside of a table. */
  #pushString(L: Ptr, value: string | Uint8Array): void {
    this.#stringBytes += value.length;
    if (this.#stringBytes > MAX_STRING_BYTES) throw tooManyBytes();
    this.#strings.push(L, value);
  }

  #pushArray(L: Ptr, list: readonly LuaValue[], depth: number): void {
    const { x } = this.#vm;
    x.lua_createtable(L, list.length, 0);
    if (list.length === 0) {
      x.lua_rawgetp(L, REGISTRY, HOST_KEY.array);
      x.lua_setmetatable(L, -2);
      return;
    }
    for (let i = 0; i < list.length; i++) {
      this.#pushEntry(L, list[i], i + 1, depth);
      x.lua_rawseti(L, -2, toInteger(i + 1));
    }
  }

  #pushReference(L: Ptr, reference: LuaReference): void {
    if (!reference.pushTo(L)) throw new CrossingError('a function of another engine', '');
  }

  /** An expected failure: a table with `code` and `message` that behaves like its message. */
  #pushError(L: Ptr, error: HubError): void {
    const { code, message, details } = error;
    this.#pushRecord(L, { code, message, details: details as LuaRecord | undefined }, 0);
    this.#vm.x.lua_rawgetp(L, REGISTRY, HOST_KEY.error);
    this.#vm.x.lua_setmetatable(L, -2);
  }

  #pushRecord(L: Ptr, record: LuaRecord, depth: number): void {
    const keys = Object.keys(record);
    this.#vm.x.lua_createtable(L, 0, keys.length);
    for (const key of keys) {
      const value = record[key];
      if (value === undefined) continue;
      this.#pushEntry(L, value, key, depth);
      this.#strings.setField(L, -2, key);
    }
  }

  #pushMap(L: Ptr, map: ReadonlyMap<LuaKey, LuaValue>, depth: number): void {
    const { x } = this.#vm;
    x.lua_createtable(L, 0, map.size);
    for (const [key, value] of map) {
      if (value === undefined) continue;
      if (Number.isNaN(key)) throw new CrossingError('NaN as a key', '');
      this.#pushEntry(L, key, key, depth);
      this.#pushEntry(L, value, key, depth);
      x.lua_rawset(L, -3);
    }
  }

  #pushEntry(L: Ptr, value: LuaValue, key: LuaKey, depth: number): void {
    if (++this.#nodes > MAX_NODES) throw new CrossingError(`more than ${MAX_NODES} values`, '');
    try {
      if (typeof value === 'object' && value !== null) this.#pushObject(L, value, depth + 1);
      else if (typeof value === 'string') this.#pushString(L, value);
      else this.push(L, value);
    } catch (thrown) {
      throw thrown instanceof CrossingError ? under(key, thrown) : thrown;
    }
  }
}

function tooManyBytes(): CrossingError {
  return new CrossingError(`strings of more than ${MAX_STRING_BYTES} bytes`, '');
}

function defineField(record: object, key: string, value: LuaValue): void {
  Object.defineProperty(record, key, { value, enumerable: true, writable: true, configurable: true });
}

/** The same error, seen from one table further out. Long paths keep their outer end. */
function under(key: LuaKey, error: CrossingError): CrossingError {
  const simple = typeof key === 'string' && /^[A-Za-z_]\w*$/.test(key);
  const shown = key instanceof LuaFloat ? key.value : key instanceof Uint8Array ? '<bytes>' : key;
  const step = simple ? `.${key}` : `[${typeof shown === 'string' ? JSON.stringify(shown) : String(shown)}]`;
  const path = error.path.length > 200 ? `${step}…` : step + error.path;
  return new CrossingError(error.reason, path);
}
