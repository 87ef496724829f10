/**
 * The coroutine library as plugins know it, on threads that the hub also pauses.
 *
 * Keeps true: `create, wrap, resume, yield, close, status, running, isyieldable` do what the manual says; a coroutine
 * that the host paused (a wait, a preemption) is passed through every resume around it, invisibly, out to the task and
 * back; while it is paused, it is `normal` to everybody else and cannot be resumed. The task's own thread plays the
 * main thread. Source: Lua 5.4 manual 2.6, 6.2; lcorolib's contract for errors of `wrap`.
 */
import { LUA_ERRMEM, LUA_OK, LUA_YIELD, TYPE, typeName, UPVALUE_1 } from './constants.js';
import { LuaRaise, type LuaState, RaiseTop } from './state.js';
import type { Ptr } from './wasm.js';

/** `lua_Debug` is smaller than this. */
const DEBUG_BYTES = 256;
const WRAPPED = UPVALUE_1 - 1;

/** What coroutines share with the executor: who runs, and why Lua gives control back. */
export interface PausableHost {
  readonly task: { readonly thread: Ptr; readonly chain: Ptr[] } | undefined;
  /** Other than none while the host's yield is on its way out. */
  readonly pause: 'none' | 'preempt' | 'wait';
  /** Whether every resume between the task and the running coroutine can be yielded across. */
  yieldable: boolean;
  /** Why the running task is being ended by raising. */
  readonly killing: string | undefined;
  /** Has the error that ends the task raised again at the next instruction of `L`. */
  rearm(L: Ptr): void;
}

export class LuaCoroutines {
  readonly #state: LuaState;
  readonly #executor: PausableHost;
  readonly #resultCount: Ptr;
  readonly #debug: Ptr;
  readonly #afterResume: Ptr;
  readonly #afterWrap: Ptr;
  /** Coroutines inside of a paused task. */
  readonly #paused = new Set<Ptr>();

  constructor(state: LuaState, executor: PausableHost) {
    this.#state = state;
    this.#executor = executor;
    this.#resultCount = state.x.malloc(4);
    this.#debug = state.x.malloc(DEBUG_BYTES);
    this.#afterResume = state.addContinuation((L, _status, co) =>
      this.#finishResume(L, co, this.#enter(L, co, 0)),
    );
    this.#afterWrap = state.addContinuation((L, _status, co) =>
      this.#finishWrap(L, co, this.#enter(L, co, 0)),
    );
    this.#install();
  }

  /** The coroutines of a task that is over are paused no more. */
  release(chain: Ptr[]): void {
    for (const co of chain) this.#paused.delete(co);
    chain.length = 0;
  }

  #install(): void {
    const { x, L } = this.#state;
    const functions: Record<string, (L: Ptr) => number> = {
      resume: (L) => this.#resume(L),
      wrap: (L) => this.#wrap(L),
      yield: (L) => this.#yield(L),
      close: (L) => this.#close(L),
      status: (L) => this.#pushText(L, this.#status(L, this.#argument(L, 'status'))),
      running: (L) => {
        x.lua_pushthread(L);
        x.lua_pushboolean(L, this.#isTask(L) ? 1 : 0);
        return 2;
      },
      isyieldable: (L) => {
        const co = x.lua_type(L, 1) === TYPE.thread ? x.lua_tothread(L, 1) : L;
        x.lua_pushboolean(L, !this.#isTask(co) && x.lua_isyieldable(co) !== 0 ? 1 : 0);
        return 1;
      },
    };
    x.lua_getglobal(L, this.#state.vm.cString('coroutine'));
    for (const [name, f] of Object.entries(functions)) {
      this.#state.pushFunction(L, f);
      this.#state.strings.setField(L, -2, name);
    }
    x.lua_settop(L, -2);
  }

  #isTask(L: Ptr): boolean {
    return L === this.#executor.task?.thread;
  }

  #argument(L: Ptr, name: string): Ptr {
    const type = this.#state.x.lua_type(L, 1);
    if (type === TYPE.thread) return this.#state.x.lua_tothread(L, 1);
    throw new LuaRaise(`bad argument #1 to '${name}' (coroutine expected, got ${typeName(type)})`);
  }

  #pushText(L: Ptr, text: string): number {
    this.#state.strings.push(L, text);
    return 1;
  }

  #status(L: Ptr, co: Ptr): 'running' | 'suspended' | 'normal' | 'dead' {
    const { x } = this.#state;
    if (co === L) return 'running';
    if (this.#paused.has(co)) return 'normal';
    const status = x.lua_status(co);
    if (status === LUA_YIELD) return 'suspended';
    if (status !== LUA_OK) return 'dead';
    if (x.lua_getstack(co, 0, this.#debug) !== 0) return 'normal';
    return x.lua_gettop(co) === 0 ? 'dead' : 'suspended';
  }

  #yield(L: Ptr): number {
    if (this.#isTask(L)) throw new LuaRaise('attempt to yield from outside a coroutine');
    return this.#state.x.lua_yieldk(L, this.#state.x.lua_gettop(L), 0, 0);
  }

  #wrap(L: Ptr): number {
    const { x } = this.#state;
    const type = x.lua_type(L, 1);
    if (type !== TYPE.function) {
      throw new LuaRaise(`bad argument #1 to 'wrap' (function expected, got ${typeName(type)})`);
    }
    const co = x.lua_newthread(L);
    x.lua_pushvalue(L, 1);
    x.lua_xmove(L, co, 1);
    this.#state.pushFunctionId(L, this.#callWrapped, 1);
    return 1;
  }

  get #callWrapped(): number {
    this.#callWrappedId ??= this.#state.addFunction((L) => {
      const co = this.#state.x.lua_tothread(L, WRAPPED);
      return this.#finishWrap(L, co, this.#start(L, co, this.#state.x.lua_gettop(L)));
    });
    return this.#callWrappedId;
  }
  #callWrappedId: number | undefined;

  #resume(L: Ptr): number {
    const co = this.#argument(L, 'resume');
    return this.#finishResume(L, co, this.#start(L, co, this.#state.x.lua_gettop(L) - 1));
  }

  /** Moves the arguments over and enters `co`; the answer is a status, or why it cannot be resumed. */
  #start(L: Ptr, co: Ptr, args: number): number | string {
    const { x } = this.#state;
    const status = this.#status(L, co);
    if (status === 'dead') return 'cannot resume dead coroutine';
    if (status !== 'suspended') return 'cannot resume non-suspended coroutine';
    if (x.lua_checkstack(co, args) === 0) return 'too many arguments to resume';
    x.lua_xmove(L, co, args);
    return this.#enter(L, co, args);
  }

  /** Resumes `co` on behalf of `L`. A pause inside of it comes back as LUA_YIELD with `executor.pause` set. */
  #enter(L: Ptr, co: Ptr, args: number): number {
    const executor = this.#executor;
    const outer = executor.yieldable;
    executor.yieldable = outer && this.#state.x.lua_isyieldable(L) !== 0;
    executor.task?.chain.push(co);
    this.#paused.delete(co);
    const status = this.#state.x.lua_resume(co, L, args, this.#resultCount);
    executor.yieldable = outer;
    if (status === LUA_YIELD && executor.pause !== 'none') this.#paused.add(co);
    else executor.task?.chain.pop();
    return status;
  }

  #finishResume(L: Ptr, co: Ptr, status: number | string): number {
    if (this.#isPaused(status)) return this.#state.x.lua_yieldk(L, 0, co, this.#afterResume);
    const { x } = this.#state;
    if (typeof status === 'string') {
      x.lua_pushboolean(L, 0);
      return 1 + this.#pushText(L, status);
    }
    const ok = status === LUA_OK || status === LUA_YIELD;
    this.#raiseIfKilling(L);
    const results = ok ? (this.#state.vm.i32[this.#resultCount >> 2] ?? 0) : 1;
    if (x.lua_checkstack(L, results + 1) === 0) {
      x.lua_settop(co, -results - 1);
      x.lua_pushboolean(L, 0);
      return 1 + this.#pushText(L, 'too many results to resume');
    }
    x.lua_pushboolean(L, ok ? 1 : 0);
    x.lua_xmove(co, L, results);
    return results + 1;
  }

  #finishWrap(L: Ptr, co: Ptr, status: number | string): number {
    if (this.#isPaused(status)) return this.#state.x.lua_yieldk(L, 0, co, this.#afterWrap);
    const { x } = this.#state;
    if (typeof status === 'string') throw new LuaRaise(status);
    this.#raiseIfKilling(L);
    if (status === LUA_OK || status === LUA_YIELD) {
      const results = this.#state.vm.i32[this.#resultCount >> 2] ?? 0;
      if (x.lua_checkstack(L, results) === 0) throw new LuaRaise('too many results to resume');
      x.lua_xmove(co, L, results);
      return results;
    }
    const final = x.lua_resetthread(co, L);
    x.lua_xmove(co, L, 1);
    if (final !== LUA_ERRMEM && x.lua_type(L, -1) === TYPE.string) {
      x.luaL_where(L, 1);
      x.lua_rotate(L, -2, 1);
      x.lua_concat(L, 2);
    }
    throw new RaiseTop();
  }

  #isPaused(status: number | string): boolean {
    return status === LUA_YIELD && this.#executor.pause !== 'none';
  }

  /** An error that ends the task goes through coroutines like through pcall: nothing catches it. */
  #raiseIfKilling(L: Ptr): void {
    const reason = this.#executor.killing;
    if (reason === undefined) return;
    this.#executor.rearm(L);
    throw new LuaRaise(reason);
  }

  #close(L: Ptr): number {
    const { x } = this.#state;
    const co = this.#argument(L, 'close');
    const status = this.#status(L, co);
    if (status === 'running' || status === 'normal') throw new LuaRaise(`cannot close a ${status} coroutine`);
    if (x.lua_resetthread(co, L) === LUA_OK) {
      x.lua_pushboolean(L, 1);
      return 1;
    }
    x.lua_pushboolean(L, 0);
    x.lua_xmove(co, L, 1);
    return 2;
  }
}
