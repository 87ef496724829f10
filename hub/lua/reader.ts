/**
 * Lua values to host values, by walking tables: no proxies, no text in between.
 *
 * Keeps true: depth, number of values and cycles are checked; what cannot cross is refused with the path to it; no
 * metamethod runs, so reading never calls Lua; the stack is as before, also after an error.
 */
import { LuaFloat, type LuaKey, type LuaValue } from '../../base/values.js';
import { HOST_KEY, REGISTRY, TYPE, typeName } from './constants.js';
import {
  CrossingError,
  isLuaInteger,
  MAX_DEPTH,
  MAX_NODES,
  MAX_STRING_BYTES,
  tooManyBytes,
  under,
} from './crossing.js';
import type { LuaStrings } from './strings.js';
import type { LuaVm, Ptr } from './wasm.js';

export class LuaReader {
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
}

function defineField(record: object, key: string, value: LuaValue): void {
  Object.defineProperty(record, key, { value, enumerable: true, writable: true, configurable: true });
}
