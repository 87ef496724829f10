/**
 * Instances of the Lua virtual machine: wasmoon's compiled `glue.wasm` behind a loader of ours.
 *
 * Keeps true: this is the only file that knows the package; the module is compiled once and each engine is its own
 * instance, so that dropping an engine returns its memory; an instance imports no file, process or network call (what
 * Lua would reach them with fails), so the sandbox holds by construction; the memory cap is enforced where the heap
 * grows, which costs nothing per allocation. Does not know values, tasks or plugins.
 *
 * Source: Lua 5.4 reference manual section 4 (the C API) for every `lua_*` name; docs/decisions/wasmoon.md for why.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { timeImports } from './wasm-time.js';

/** A pointer into an instance's memory: a lua_State, a C string, a buffer. */
export type Ptr = number;

/** The C API, as exported by the module. `L` is always the first argument unless said otherwise. */
export interface LuaApi {
  lua_absindex(L: Ptr, i: number): number;
  lua_callk(L: Ptr, nargs: number, nresults: number, ctx: number, k: Ptr): void;
  lua_checkstack(L: Ptr, n: number): number;
  lua_concat(L: Ptr, n: number): void;
  lua_createtable(L: Ptr, narr: number, nrec: number): void;
  lua_error(L: Ptr): never;
  lua_getfield(L: Ptr, i: number, name: Ptr): number;
  lua_getglobal(L: Ptr, name: Ptr): number;
  lua_gethookcount(L: Ptr): number;
  lua_getmetatable(L: Ptr, i: number): number;
  lua_getstack(L: Ptr, level: number, ar: Ptr): number;
  lua_getinfo(L: Ptr, what: Ptr, ar: Ptr): number;
  lua_gettop(L: Ptr): number;
  lua_isinteger(L: Ptr, i: number): number;
  lua_isyieldable(L: Ptr): number;
  lua_newthread(L: Ptr): Ptr;
  lua_next(L: Ptr, i: number): number;
  lua_pcallk(L: Ptr, nargs: number, nresults: number, msgh: number, ctx: number, k: Ptr): number;
  lua_pushboolean(L: Ptr, b: number): void;
  lua_pushcclosure(L: Ptr, f: Ptr, n: number): void;
  lua_pushinteger(L: Ptr, n: bigint): void;
  lua_pushlightuserdata(L: Ptr, p: Ptr): void;
  lua_pushlstring(L: Ptr, s: Ptr, n: number): Ptr;
  lua_pushnil(L: Ptr): void;
  lua_pushnumber(L: Ptr, n: number): void;
  lua_pushthread(L: Ptr): number;
  lua_pushvalue(L: Ptr, i: number): void;
  lua_rawequal(L: Ptr, a: number, b: number): number;
  lua_rawget(L: Ptr, i: number): number;
  lua_rawgeti(L: Ptr, i: number, n: bigint): number;
  lua_rawgetp(L: Ptr, i: number, p: number): number;
  lua_rawlen(L: Ptr, i: number): bigint;
  lua_rawset(L: Ptr, i: number): void;
  lua_rawseti(L: Ptr, i: number, n: bigint): void;
  lua_rawsetp(L: Ptr, i: number, p: number): void;
  lua_resetthread(L: Ptr, from: Ptr): number;
  lua_resume(L: Ptr, from: Ptr, nargs: number, nresults: Ptr): number;
  lua_rotate(L: Ptr, i: number, n: number): void;
  lua_setfield(L: Ptr, i: number, name: Ptr): void;
  lua_setglobal(L: Ptr, name: Ptr): void;
  lua_sethook(L: Ptr, f: Ptr, mask: number, count: number): void;
  lua_setmetatable(L: Ptr, i: number): number;
  lua_settop(L: Ptr, i: number): void;
  lua_status(L: Ptr): number;
  lua_toboolean(L: Ptr, i: number): number;
  lua_tointegerx(L: Ptr, i: number, isnum: Ptr): bigint;
  lua_tolstring(L: Ptr, i: number, len: Ptr): Ptr;
  lua_tonumberx(L: Ptr, i: number, isnum: Ptr): number;
  lua_topointer(L: Ptr, i: number): Ptr;
  lua_tothread(L: Ptr, i: number): Ptr;
  lua_touserdata(L: Ptr, i: number): Ptr;
  lua_type(L: Ptr, i: number): number;
  lua_xmove(from: Ptr, to: Ptr, n: number): void;
  lua_yieldk(L: Ptr, nresults: number, ctx: number, k: Ptr): number;
  luaL_getmetafield(L: Ptr, i: number, name: Ptr): number;
  luaL_loadbufferx(L: Ptr, s: Ptr, n: number, name: Ptr, mode: Ptr): number;
  luaL_newstate(): Ptr;
  luaL_openlibs(L: Ptr): void;
  luaL_tolstring(L: Ptr, i: number, len: Ptr): Ptr;
  luaL_traceback(L: Ptr, of: Ptr, message: Ptr, level: number): void;
  luaL_where(L: Ptr, level: number): void;
  malloc(n: number): Ptr;
  free(p: Ptr): void;
}

interface Runtime extends LuaApi {
  readonly memory: WebAssembly.Memory;
  readonly __indirect_function_table: WebAssembly.Table;
  __wasm_call_ctors(): void;
  emscripten_stack_init(): void;
  stackSave(): number;
  stackRestore(sp: number): void;
  setThrew(threw: number, value: number): void;
}

/** What `longjmp` throws. JS frames between two Lua frames must let it pass. */
export const LONGJMP = Infinity;

const WASM_PAGE_BYTES = 65_536;
/** 32-bit wasm ends here. */
const ADDRESS_SPACE_BYTES = 2 ** 31;
/** What an unavailable system call answers: ENOSYS. */
const ENOSYS = -52;

let compiled: WebAssembly.Module | undefined;

function luaModule(): WebAssembly.Module {
  if (compiled === undefined) {
    const folder = dirname(createRequire(import.meta.url).resolve('wasmoon'));
    compiled = new WebAssembly.Module(readFileSync(join(folder, 'glue.wasm')));
  }
  return compiled;
}

type Signature = 'ii' | 'vii' | 'iiii';

/** Host functions as wasm functions, which a table accepts: a module that re-exports its one import, per signature. */
const adapters = new Map<Signature, WebAssembly.Module>();

function toWasmFunction(f: (...args: number[]) => number | void, signature: Signature): unknown {
  let adapter = adapters.get(signature);
  if (adapter === undefined) {
    const i32 = 0x7f;
    const params = Array.from(signature.slice(1), () => i32);
    const results = signature.startsWith('v') ? [0] : [1, i32];
    const type = [0x60, params.length, ...params, ...results];
    // prettier-ignore: magic, version, type section, import "e" "f", export "f"
    const bytes = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, type.length + 1, 1, ...type]
      .concat([2, 7, 1, 1, 0x65, 1, 0x66, 0, 0])
      .concat([7, 5, 1, 1, 0x66, 0, 0]);
    adapter = new WebAssembly.Module(new Uint8Array(bytes));
    adapters.set(signature, adapter);
  }
  return new WebAssembly.Instance(adapter, { e: { f } }).exports['f'];
}

export interface LuaMemoryLimits {
  /** Where Lua's own allocations end: "not enough memory" in Lua. At least 16 MiB, which an instance starts with. */
  readonly capBytes: number;
  /** Above the cap, for values the host delivers while no Lua error could be raised. */
  readonly hostReserveBytes: number;
}

/** One instance of the virtual machine. Not yet a Lua state: see Engine. */
export class LuaVm {
  readonly x: LuaApi;
  /** Views of the memory; replaced when it grows, so never keep them. */
  u8!: Uint8Array;
  i32!: Int32Array;
  buffer!: Buffer;
  /** Above zero while the host delivers values outside of any protected call. */
  hostPushes = 0;
  /** Set when the cap refused memory; for whoever cleans up. */
  denied = false;

  readonly #runtime: Runtime;
  readonly #limits: LuaMemoryLimits;

  /** `write` gets what C code prints (Lua itself never does: print is ours). */
  constructor(limits: LuaMemoryLimits, write: (text: string) => void) {
    this.#limits = limits;
    const module = luaModule();
    const provided = this.#imports(write);
    const imports: Record<string, Record<string, unknown>> = {};
    for (const { module: space, name } of WebAssembly.Module.imports(module)) {
      imports[space] ??= {};
      imports[space][name] = provided[name] ?? (() => ENOSYS);
    }
    const instance = new WebAssembly.Instance(module, imports);
    this.#runtime = instance.exports as unknown as Runtime;
    this.x = this.#runtime;
    this.#refreshViews();
    this.#runtime.emscripten_stack_init();
    this.#runtime.__wasm_call_ctors();
  }

  get memoryBytes(): number {
    return this.u8.byteLength;
  }

  /** Puts a host function where Lua can call it; the answer is its C function pointer. */
  addFunction(f: (...args: number[]) => number | void, signature: Signature): Ptr {
    const table = this.#runtime.__indirect_function_table;
    const index = table.grow(1);
    table.set(index, toWasmFunction(f, signature));
    return index;
  }

  /** Copies `text` as a C string that lives as long as the instance. For names, not for data. */
  cString(text: string): Ptr {
    const size = Buffer.byteLength(text) + 1;
    const pointer = this.x.malloc(size);
    this.buffer.write(text, pointer, 'utf8');
    this.u8[pointer + size - 1] = 0;
    return pointer;
  }

  #refreshViews(): void {
    const { buffer } = this.#runtime.memory;
    this.u8 = new Uint8Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.buffer = Buffer.from(buffer);
  }

  #grow(wantedBytes: number): number {
    const { capBytes, hostReserveBytes } = this.#limits;
    const limit = Math.min(ADDRESS_SPACE_BYTES, this.hostPushes > 0 ? capBytes + hostReserveBytes : capBytes);
    const current = this.memoryBytes;
    if (wantedBytes > limit) {
      this.denied = true;
      return 0;
    }
    const target = Math.min(limit, Math.max(wantedBytes, current + (current >>> 2)));
    try {
      this.#runtime.memory.grow(Math.ceil((target - current) / WASM_PAGE_BYTES));
    } catch {
      return 0;
    }
    this.#refreshViews();
    return 1;
  }

  #imports(write: (text: string) => void): Record<string, unknown> {
    return {
      ...timeImports(this),
      abort: () => {
        throw new Error('the Lua virtual machine aborted');
      },
      exit: () => {
        throw new Error('the Lua virtual machine asked to exit');
      },
      // setjmp/longjmp as emscripten compiles it: a call that catches the jump and says so
      invoke_vii: (f: number, a: number, b: number) => {
        const sp = this.#runtime.stackSave();
        try {
          (this.#runtime.__indirect_function_table.get(f) as (a: number, b: number) => void)(a, b);
        } catch (thrown) {
          this.#runtime.stackRestore(sp);
          if (thrown !== LONGJMP) throw thrown;
          this.#runtime.setThrew(1, 0);
        }
      },
      _emscripten_throw_longjmp: () => {
        // the compiled code tells a jump from a failure by its being a number
        // eslint-disable-next-line @typescript-eslint/only-throw-error
        throw LONGJMP;
      },
      emscripten_resize_heap: (wanted: number) => this.#grow(wanted >>> 0),
      environ_get: () => 0,
      environ_sizes_get: (count: number, size: number) => {
        this.i32[count >> 2] = 0;
        this.i32[size >> 2] = 0;
        return 0;
      },
      fd_write: (_fd: number, iovecs: number, count: number, written: number) => {
        let total = 0;
        for (let i = 0; i < count; i++) {
          const at = (this.i32[(iovecs >> 2) + i * 2] ?? 0) >>> 0;
          const length = this.i32[(iovecs >> 2) + i * 2 + 1] ?? 0;
          write(this.buffer.toString('utf8', at, at + length));
          total += length;
        }
        this.i32[written >> 2] = total;
        return 0;
      },
    };
  }
}
