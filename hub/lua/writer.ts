/**
 * Host values to Lua values: real tables, strings as their bytes.
 *
 * Keeps true: depth, number of values and size are checked; what Lua cannot hold is refused with the path to it; the
 * stack is one higher after a push, and as before after an error of ours. Pushing may raise "not enough memory".
 */
import { type HubError, isHubError } from '../../base/errors.js';
import { LuaFloat, type LuaKey, type LuaRecord, type LuaValue } from '../../base/values.js';
import { HOST_KEY, REGISTRY } from './constants.js';
import {
  CrossingError,
  isLuaInteger,
  MAX_DEPTH,
  MAX_NODES,
  MAX_STRING_BYTES,
  toInteger,
  tooManyBytes,
  under,
} from './crossing.js';
import type { LuaStrings } from './strings.js';
import type { LuaVm, Ptr } from './wasm.js';

/** Something of the host that stands for a Lua value of its engine: a held function. */
export abstract class LuaReference {
  /** Pushes the value it stands for; false if it belongs to another engine or is gone. */
  abstract pushTo(vm: LuaVm, L: Ptr): boolean;
}

export class LuaWriter {
  readonly #vm: LuaVm;
  readonly #strings: LuaStrings;
  #nodes = 0;
  #stringBytes = 0;

  constructor(vm: LuaVm, strings: LuaStrings) {
    this.#vm = vm;
    this.#strings = strings;
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

  #pushReference(L: Ptr, reference: LuaReference): void {
    if (!reference.pushTo(this.#vm, L)) throw new CrossingError('a function of another engine', '');
  }

  /** An expected failure: a table with `code` and `message` that behaves like its message. */
  #pushError(L: Ptr, error: HubError): void {
    const { code, message, details } = error;
    this.#pushRecord(L, { code, message, details: details as LuaRecord | undefined }, 0);
    this.#vm.x.lua_rawgetp(L, REGISTRY, HOST_KEY.error);
    this.#vm.x.lua_setmetatable(L, -2);
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
