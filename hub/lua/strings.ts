/**
 * Lua strings are bytes; this carries them across, byte for byte, as fast as the boundary allows.
 *
 * Keeps true: a string that is valid UTF-8 becomes a JS string, any other a Uint8Array, and each goes back as the same
 * bytes. Short ASCII strings, which are most keys and names, are interned by content, so that reading the same key
 * again allocates nothing. Nothing here runs Lua code; pushes may raise "not enough memory".
 */
import { isAscii, isUtf8 } from 'node:buffer';
import type { LuaVm, Ptr } from './wasm.js';

/** Strings up to this many bytes are looked up by content; longer ones are mostly data, seen once. */
const INTERN_MAX_BYTES = 32;
/** Slots of the intern table: a power of two; a collision just replaces. */
const INTERN_SLOTS = 2048;
/** Strings up to this many UTF-16 units are encoded into the fixed scratch area. */
const SCRATCH_UNITS = 1024;
/** Field names kept as C strings in the instance. More would be data used as keys. */
const FIELD_NAMES_MAX = 4096;
/** A field name longer than this is pushed like any string. */
const FIELD_NAME_MAX_UNITS = 64;

/** The engine's memory cap refused a string of the host. Raised in Lua in Lua's own words. */
export class NotEnoughMemory extends Error {
  override readonly name = 'NotEnoughMemory';
}

export class LuaStrings {
  readonly #vm: LuaVm;
  readonly #scratch: Ptr;
  readonly #length: Ptr;
  readonly #interned: (string | undefined)[] = new Array<string | undefined>(INTERN_SLOTS).fill(undefined);
  readonly #fieldNames = new Map<string, Ptr>();

  constructor(vm: LuaVm) {
    this.#vm = vm;
    this.#length = vm.x.malloc(4);
    this.#scratch = vm.x.malloc(SCRATCH_UNITS * 3);
  }

  /** The string at `index`: text if it is UTF-8, else its bytes. The value must be a string. */
  read(L: Ptr, index: number): string | Uint8Array {
    const at = this.#vm.x.lua_tolstring(L, index, this.#length);
    const length = this.#vm.i32[this.#length >> 2] ?? 0;
    if (length <= INTERN_MAX_BYTES) {
      const short = this.#readShort(at, length);
      if (short !== undefined) return short;
    }
    const view = this.#vm.buffer.subarray(at, at + length);
    if (isAscii(view)) return view.toString('latin1');
    return isUtf8(view) ? view.toString('utf8') : Uint8Array.prototype.slice.call(view);
  }

  /** A copy of the bytes of the string at `index`. */
  readBytes(L: Ptr, index: number): Uint8Array {
    const at = this.#vm.x.lua_tolstring(L, index, this.#length);
    return this.#vm.u8.slice(at, at + (this.#vm.i32[this.#length >> 2] ?? 0));
  }

  /** How many bytes the string at `index` has. */
  byteLength(L: Ptr, index: number): number {
    this.#vm.x.lua_tolstring(L, index, this.#length);
    return this.#vm.i32[this.#length >> 2] ?? 0;
  }

  push(L: Ptr, value: string | Uint8Array): void {
    if (typeof value === 'string') this.#pushText(L, value);
    else this.#pushBytes(L, value);
  }

  /** `t[name] = value at the top`, and pops it, for the table at `table`. */
  setField(L: Ptr, table: number, name: string): void {
    const { x } = this.#vm;
    const cached = this.#fieldNames.get(name) ?? this.#addFieldName(name);
    if (cached !== undefined) return x.lua_setfield(L, table, cached);
    const absolute = x.lua_absindex(L, table);
    this.push(L, name);
    x.lua_rotate(L, -2, 1);
    x.lua_rawset(L, absolute);
  }

  /** Pushes `t[name]` of the table at `table`; the answer is its Lua type. Metamethods do not run. */
  getField(L: Ptr, table: number, name: string): number {
    const { x } = this.#vm;
    const absolute = x.lua_absindex(L, table);
    this.push(L, name);
    x.lua_rawget(L, absolute);
    return x.lua_type(L, -1);
  }

  #readShort(at: Ptr, length: number): string | undefined {
    const { u8 } = this.#vm;
    let hash = length;
    for (let i = 0; i < length; i++) {
      const byte = u8[at + i] as number;
      if (byte > 0x7f) return undefined;
      hash = (Math.imul(hash, 31) + byte) | 0;
    }
    const slot = hash & (INTERN_SLOTS - 1);
    const known = this.#interned[slot];
    if (known !== undefined && known.length === length) {
      let i = 0;
      while (i < length && known.charCodeAt(i) === u8[at + i]) i++;
      if (i === length) return known;
    }
    const text = this.#vm.buffer.toString('latin1', at, at + length);
    this.#interned[slot] = text;
    return text;
  }

  #pushText(L: Ptr, text: string): void {
    const units = text.length;
    if (units <= SCRATCH_UNITS) {
      const { u8, x } = this.#vm;
      const scratch = this.#scratch;
      if (units <= INTERN_MAX_BYTES) {
        let i = 0;
        for (; i < units; i++) {
          const unit = text.charCodeAt(i);
          if (unit > 0x7f) break;
          u8[scratch + i] = unit;
        }
        if (i === units) {
          x.lua_pushlstring(L, scratch, units);
          return;
        }
      }
      x.lua_pushlstring(L, scratch, this.#vm.buffer.write(text, scratch, 'utf8'));
      return;
    }
    const length = Buffer.byteLength(text);
    this.#pushThrough(L, length, (at) => {
      this.#vm.buffer.write(text, at, length, length === units ? 'latin1' : 'utf8');
    });
  }

  #pushBytes(L: Ptr, bytes: Uint8Array): void {
    this.#pushThrough(L, bytes.byteLength, (at) => this.#vm.u8.set(bytes, at));
  }

  /** Pushes `length` bytes that `fill` writes to a buffer which is freed also when the push raises. */
  #pushThrough(L: Ptr, length: number, fill: (at: Ptr) => void): void {
    const { x } = this.#vm;
    const at = x.malloc(length || 1);
    if (at === 0) throw new NotEnoughMemory('not enough memory');
    try {
      fill(at);
      x.lua_pushlstring(L, at, length);
    } finally {
      x.free(at);
    }
  }

  #addFieldName(name: string): Ptr | undefined {
    if (name.length > FIELD_NAME_MAX_UNITS || this.#fieldNames.size >= FIELD_NAMES_MAX) return undefined;
    if (name.includes('\0') || !name.isWellFormed()) return undefined;
    const pointer = this.#vm.cString(name);
    this.#fieldNames.set(name, pointer);
    return pointer;
  }
}
