/**
 * One Lua state and the ground the rest of hub/lua stands on: host functions, raised errors, references.
 *
 * Keeps true: a JS exception never crosses Lua frames (it becomes a Lua error at the boundary), a longjmp always does;
 * what the host holds of Lua (threads, functions) is anchored in the registry under a number and freed by it.
 */
import { ArgumentError, HubError, messageOf } from '../../base/errors.js';
import type { Logger } from '../../base/log.js';
import { HOST_KEY, REGISTRY, typeName, UPVALUE_1 } from './constants.js';
import { CrossingError } from './crossing.js';
import { LuaReader } from './reader.js';
import { LuaStrings, NotEnoughMemory } from './strings.js';
import { LONGJMP, type LuaApi, type LuaMemoryLimits, LuaVm, type Ptr } from './wasm.js';
import { LuaWriter } from './writer.js';

/** Reads arguments from the stack of `L`, pushes results, answers their number. May throw: see raise below. */
export type HostFunction = (L: Ptr) => number;
/** Goes on where a host function yielded. `context` is the number given to lua_yieldk. */
export type Continuation = (L: Ptr, status: number, context: number) => number;

/** Thrown by a host function to raise `message` in Lua, with the position of the caller in front. */
export class LuaRaise extends Error {
  override readonly name = 'LuaRaise';
}

/** Thrown by a host function that has pushed the error value itself. */
export class RaiseTop extends Error {
  override readonly name = 'RaiseTop';
}

/** Chunk names of the hub's own library: never where a plugin's mistake is. */
const OWN_CHUNK = /^(std|lib)\//;
const WHERE_LEVELS = 6;

export class LuaState {
  readonly vm: LuaVm;
  readonly x: LuaApi;
  /** The main thread: for set-up only, tasks have threads of their own. */
  readonly L: Ptr;
  readonly strings: LuaStrings;
  readonly reader: LuaReader;
  readonly writer: LuaWriter;
  readonly #log: Logger;
  readonly #functions: HostFunction[] = [];
  readonly #dispatch: Ptr;
  readonly #freeKeys: number[] = [];
  #nextKey: number = HOST_KEY.first;

  constructor(limits: LuaMemoryLimits, log: Logger) {
    this.#log = log;
    this.vm = new LuaVm(limits, (text) => log.log('warn', text.trimEnd()));
    this.x = this.vm.x;
    this.strings = new LuaStrings(this.vm);
    this.reader = new LuaReader(this.vm, this.strings);
    this.writer = new LuaWriter(this.vm, this.strings);
    this.L = this.x.luaL_newstate();
    this.x.luaL_openlibs(this.L);
    this.#dispatch = this.vm.addFunction((L) => this.#guard(L, this.#callHost(L)), 'ii');
    this.#makeMetatables();
  }

  /** Pushes `f` as a Lua function. With `upvalues`, that many values at the top become its upvalues 2, 3, … */
  pushFunction(L: Ptr, f: HostFunction, upvalues = 0): void {
    this.pushFunctionId(L, this.addFunction(f), upvalues);
  }

  /** Makes `f` known once, for functions that are pushed many times. */
  addFunction(f: HostFunction): number {
    return this.#functions.push(f) - 1;
  }

  pushFunctionId(L: Ptr, id: number, upvalues = 0): void {
    this.x.lua_pushnumber(L, id);
    if (upvalues > 0) this.x.lua_rotate(L, -1 - upvalues, 1);
    this.x.lua_pushcclosure(L, this.#dispatch, upvalues + 1);
  }

  /** A C continuation for lua_yieldk and lua_callk. */
  addContinuation(f: Continuation): Ptr {
    return this.vm.addFunction((L, status, context) => {
      let outcome: number | { thrown: unknown };
      try {
        outcome = f(L, status, context);
      } catch (thrown) {
        if (thrown === LONGJMP) throw thrown;
        outcome = { thrown };
      }
      return this.#guard(L, outcome);
    }, 'iiii');
  }

  /** Anchors the value at the top of `L`, pops it, and answers the key it is under. */
  anchor(L: Ptr): number {
    const key = this.#freeKeys.pop() ?? this.#nextKey++;
    this.x.lua_rawsetp(L, REGISTRY, key);
    return key;
  }

  pushAnchored(L: Ptr, key: number): void {
    this.x.lua_rawgetp(L, REGISTRY, key);
  }

  unanchor(key: number): void {
    this.x.lua_pushnil(this.L);
    this.x.lua_rawsetp(this.L, REGISTRY, key);
    this.#freeKeys.push(key);
  }

  /** `file:line` of the plugin code that called the running host function, past the hub's own Lua; '' if C called. */
  where(L: Ptr): string {
    for (let level = 1; level <= WHERE_LEVELS; level++) {
      this.x.luaL_where(L, level);
      const place = this.strings.read(L, -1);
      this.x.lua_settop(L, -2);
      if (typeof place === 'string' && !OWN_CHUNK.test(place)) return place.replace(/: $/, '');
    }
    return '';
  }

  /** A short name of a value that cannot be copied: `function: 0x1234`. Runs no Lua code. */
  describe(L: Ptr, index: number): string {
    return `${typeName(this.x.lua_type(L, index))}: 0x${this.x.lua_topointer(L, index).toString(16)}`;
  }

  /** Runs `push` with the memory cap lifted: for values delivered outside of any protected call. */
  unprotected<R>(push: () => R): R {
    this.vm.hostPushes++;
    try {
      return push();
    } finally {
      this.vm.hostPushes--;
    }
  }

  /** Logs a bug of ours and answers the message for Lua, which names the log entry and nothing else. */
  reportInternal(thrown: unknown, where: string): string {
    const id = Math.random().toString(36).slice(2, 8);
    this.#log.log('error', `internal error ${id} in ${where}: ${messageOf(thrown)}`, {
      stack: thrown instanceof Error ? thrown.stack : undefined,
    });
    return `internal error of the hub, logged as ${id}`;
  }

  #callHost(L: Ptr): number | { thrown: unknown } {
    try {
      // biome-ignore lint/style/noNonNullAssertion: the number comes from our own closure
      return this.#functions[this.x.lua_tonumberx(L, UPVALUE_1, 0)]!(L);
    } catch (thrown) {
      if (thrown === LONGJMP) throw thrown;
      return { thrown };
    }
  }

  /** Passes a host function's results on, or raises what it threw. */
  #guard(L: Ptr, outcome: number | { thrown: unknown }): number {
    if (typeof outcome === 'number') return outcome;
    this.#pushThrown(L, outcome.thrown);
    return this.x.lua_error(L);
  }

  #pushThrown(L: Ptr, thrown: unknown): void {
    if (thrown instanceof RaiseTop) return;
    this.x.lua_checkstack(L, 4);
    if (thrown instanceof HubError) return this.writer.push(L, thrown);
    const where = thrown instanceof NotEnoughMemory ? '' : this.where(L);
    this.strings.push(L, (where === '' ? '' : `${where}: `) + this.#messageFor(thrown));
  }

  #messageFor(thrown: unknown): string {
    if (thrown instanceof LuaRaise || thrown instanceof ArgumentError) return thrown.message;
    if (thrown instanceof NotEnoughMemory || thrown instanceof CrossingError) return thrown.message;
    if (thrown instanceof RangeError && /stack/i.test(thrown.message)) return 'stack overflow';
    return this.reportInternal(thrown, 'a host function');
  }

  /** The marks that the writer puts on tables; lua/std gives them behaviour. */
  #makeMetatables(): void {
    for (const key of [HOST_KEY.array, HOST_KEY.error]) {
      this.x.lua_createtable(this.L, 0, 4);
      this.x.lua_rawsetp(this.L, REGISTRY, key);
    }
  }
}
