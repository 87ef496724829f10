/**
 * A Lua engine: one state, its tasks, its globals, its scope. The hub's own Lua is one, each plugin is one.
 *
 * Keeps true: plugin code runs only in tasks, one at a time; what the engine registered anywhere hangs on its scope; an
 * engine whose virtual machine breaks is closed and reported, and takes nothing with it. Queues are bounded; what they
 * refuse is counted. Compose: LuaState (values, host functions), Executor (slices), LuaScheduler (turns).
 */

import type { Counters } from '../../base/counters.js';
import { messageOf } from '../../base/errors.js';
import type { Logger } from '../../base/log.js';
import { RingQueue } from '../../base/ring-queue.js';
import { Scope } from '../../base/scope.js';
import type { LuaValue } from '../../base/values.js';
import type { EngineContext } from '../../primitives/context.js';
import type { PrimitiveDef } from '../../primitives/define.js';
import { type BindHost, bindPrimitive } from './bind.js';
import { compileChunk } from './chunk.js';
import { HOST_KEY, LUA_OK, REGISTRY } from './constants.js';
import { Executor, type ExecutorLimits, type SliceResult } from './executor.js';
import { type ModuleRoot, moduleFunctions } from './modules.js';
import type { LuaScheduler, Runnable } from './scheduler.js';
import { SliceClock } from './slice-clock.js';
import { installStandard, type StandardSource } from './standard.js';
import { type HostFunction, LuaState } from './state.js';
import { LuaError, Task, type TaskOutcome, type TaskSpec } from './task.js';
import { readError } from './traceback.js';
import type { LuaMemoryLimits, Ptr } from './wasm.js';

const MIB = 1024 * 1024;
const COLLECT_INTERVAL_MS = 1_000;

export interface EngineLimits extends LuaMemoryLimits, ExecutorLimits {
  /** Lua time of one callback. */
  readonly callbackBudgetMs: number;
  /** Lua time of loading a chunk with all it requires. */
  readonly loadBudgetMs: number;
  /** Tasks ready to run; a callback beyond is dropped and counted. */
  readonly readyTasks: number;
}

export const DEFAULT_LIMITS: EngineLimits = {
  capBytes: 64 * MIB,
  hostReserveBytes: 64 * MIB,
  uninterruptibleMs: 100,
  closeMs: 10,
  callbackBudgetMs: 1_000,
  loadBudgetMs: 10_000,
  readyTasks: 65_536,
  waitingTasks: 4_096,
};

export interface EngineOptions {
  /** `hub`, or the plugin's name. */
  readonly name: string;
  readonly log: Logger;
  readonly counters: Counters;
  readonly scheduler: LuaScheduler;
  readonly standard: readonly StandardSource[];
  readonly moduleRoots: readonly ModuleRoot[];
  readonly getenv: (name: string) => string | undefined;
  readonly limits?: Partial<EngineLimits>;
  /** CPU time used so far, in milliseconds; the process's by default. */
  readonly cpuMs?: () => number;
  /** Told whenever the engine takes the thread, so that a stuck loop can name it. */
  readonly onRunning?: (name: string) => void;
  /** The virtual machine broke; the engine is closed already. */
  readonly onBroken?: (reason: string) => void;
}

export class Engine implements Runnable, BindHost, EngineContext {
  readonly name: string;
  readonly log: Logger;
  readonly scope: Scope;
  readonly state: LuaState;
  readonly executor: Executor;
  readonly limits: EngineLimits;
  caller: Ptr;
  readonly #options: EngineOptions;
  readonly #ready: RingQueue<Task>;
  readonly #live = new Set<Task>();
  #active: Task | undefined;
  #closed = false;
  #nextCollectMs = 0;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.name = options.name;
    this.log = options.log;
    this.limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.scope = new Scope((thrown) => this.log.log('error', `closing ${this.name}: ${messageOf(thrown)}`));
    // woken tasks must always find a place
    this.#ready = new RingQueue<Task>(this.limits.readyTasks + this.limits.waitingTasks);
    this.state = new LuaState(this.limits, this.log);
    this.caller = this.state.L;
    this.executor = new Executor(this.state, this.limits, new SliceClock(options.cpuMs));
    const wake = (task: Task): void => this.wake(task);
    installStandard(this.state, this.executor, options.standard, {
      log: (level, text) => this.log.log(level, text),
      getenv: options.getenv,
      extra: moduleFunctions(this.state, this.executor, options.moduleRoots, wake),
    });
  }

  get callbackBudgetMs(): number {
    return this.limits.callbackBudgetMs;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Memory of the virtual machine, as the operating system sees it. */
  get memoryBytes(): number {
    return this.state.vm.memoryBytes;
  }

  get tasks(): { ready: number; waiting: number } {
    return { ready: this.#ready.length, waiting: this.executor.waiting };
  }

  phase(): 'load' | 'run' {
    return this.executor.task?.spec.phase ?? 'run';
  }

  where(): string {
    return this.state.where(this.caller);
  }

  /** Sets the global of a primitive, and runs its companion, if it has one. */
  addPrimitive(
    def: PrimitiveDef,
    functions: Readonly<Record<string, (...args: unknown[]) => unknown>>,
    companion?: StandardSource,
  ): void {
    const hidden = bindPrimitive(this, def, functions);
    if (companion !== undefined) this.#runCompanion(def, hidden, companion);
  }

  /**
   * Runs a chunk as a task of its own. `chunkName` as in Lua: `@file` or `=name`. The results are copied.
   * Rejects with LuaError.
   */
  load(source: string | Uint8Array, chunkName: string, args: readonly LuaValue[] = []): Promise<LuaValue[]> {
    return this.run(source, chunkName, args, (L, count) => {
      const values: LuaValue[] = [];
      for (let i = -count; i < 0; i++) values.push(this.state.reader.read(L, i));
      return values;
    });
  }

  /** Like load, with `read` to take the results from the stack: called at once, with their number. */
  run<T>(
    source: string | Uint8Array,
    chunkName: string,
    args: readonly LuaValue[],
    read: (L: Ptr, results: number) => T,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const spec: TaskSpec = {
        label: `loading ${chunkName.slice(1)}`,
        phase: 'load',
        budgetMs: this.limits.loadBudgetMs,
        start: (L) => {
          compileChunk(this.state, L, source, chunkName);
          this.state.x.lua_checkstack(L, args.length + 1);
          for (const arg of args) this.state.writer.push(L, arg);
          return args.length;
        },
        onEnd: (outcome) => {
          try {
            if (outcome.ok) resolve(read(outcome.L, outcome.results));
            else reject(outcome.error);
          } catch (thrown) {
            reject(new LuaError('argument', messageOf(thrown), messageOf(thrown)));
          }
        },
      };
      if (!this.spawn(new Task(spec)))
        reject(new LuaError('dropped', `${this.name} cannot run more tasks`, ''));
    });
  }

  /** Queues a task. False: the engine is closed or has too many; the drop is counted. */
  spawn(task: Task): boolean {
    if (this.#closed) return false;
    if (this.#ready.length >= this.limits.readyTasks) {
      this.#options.counters.add(`lua.dropped.${this.name}`);
      return false;
    }
    this.#live.add(task);
    this.#ready.push(task);
    this.#options.scheduler.enqueue(this);
    return true;
  }

  wake(task: Task): void {
    if (this.#closed) return;
    this.#ready.push(task);
    this.#options.scheduler.enqueue(this);
  }

  get runnable(): boolean {
    return !this.#closed && (this.#active !== undefined || this.#ready.length > 0);
  }

  runSlice(untilMs: number): SliceResult | 'idle' {
    this.#options.onRunning?.(this.name);
    for (;;) {
      const task = this.#active ?? this.#ready.shift();
      if (task === undefined || this.#closed) return 'idle';
      const result = this.#runTask(task, untilMs);
      this.#active = result === 'preempted' ? task : undefined;
      if (result === 'preempted') return result;
      if (result === 'ended') this.#live.delete(task);
      if (this.state.vm.denied) this.#collectSoon();
      if (performance.now() >= untilMs) return result;
    }
  }

  onCallbackEnd(label: string, outcome: TaskOutcome): void {
    if (outcome.ok || outcome.error.kind === 'dropped') return;
    this.#options.counters.add(`lua.errors.${this.name}`);
    this.log.log('error', `${label} failed: ${outcome.error.traceback}`, { kind: outcome.error.kind });
  }

  /** Ends everything the engine has; its memory goes with it. Idempotent. */
  dispose(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.scope.dispose();
    for (const task of this.#live) this.executor.drop(task, `${this.name} was closed`);
    this.#live.clear();
    this.#active = undefined;
    while (this.#ready.shift() !== undefined);
  }

  /**
   * After an allocation was refused, the heap is full of what died with it, and Lua's string buffers do not collect
   * before they give up. Once a second at most.
   */
  #collectSoon(): void {
    const nowMs = performance.now();
    if (nowMs < this.#nextCollectMs) return;
    this.state.vm.denied = false;
    this.#nextCollectMs = nowMs + COLLECT_INTERVAL_MS;
    const start = (L: Ptr): number => {
      this.state.x.lua_rawgetp(L, REGISTRY, HOST_KEY.collect);
      return 0;
    };
    const label = 'garbage collection';
    const onEnd = (outcome: TaskOutcome): void => this.onCallbackEnd(label, outcome);
    this.spawn(new Task({ label, phase: 'run', budgetMs: this.limits.loadBudgetMs, start, onEnd }));
  }

  #runTask(task: Task, untilMs: number): SliceResult {
    try {
      return this.executor.run(task, untilMs);
    } catch (thrown) {
      const reason = `the Lua engine '${this.name}' broke: ${messageOf(thrown)}`;
      this.log.log('error', reason, { stack: thrown instanceof Error ? thrown.stack : undefined });
      this.dispose();
      this.#options.onBroken?.(reason);
      return 'ended';
    }
  }

  #runCompanion(def: PrimitiveDef, hidden: Record<string, HostFunction>, companion: StandardSource): void {
    const { x, L, strings, vm } = this.state;
    compileChunk(this.state, L, companion.source, companion.chunkName);
    x.lua_getglobal(L, vm.cString(def.name));
    x.lua_createtable(L, 0, 8);
    for (const [name, f] of Object.entries(hidden)) {
      this.state.pushFunction(L, f);
      strings.setField(L, -2, name);
    }
    if (x.lua_pcallk(L, 2, 0, 0, 0, 0) !== LUA_OK) throw readError(this.state, L, 'error');
  }
}
