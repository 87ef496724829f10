/**
 * Runs the tasks of one engine, a slice at a time.
 *
 * Keeps true:
 * - A running task is stopped by the count hook when its slice ends: by a yield, which leaves it exactly where it was.
 *   Code that Lua cannot yield from (a metamethod called by a C function) is ended by an error when it exceeds
 *   `uninterruptibleMs`.
 * - A task over its budget never runs another instruction of its own where it can yield, so no pcall can swallow that;
 *   where it cannot, the error is raised again at every instruction until it can. Its `<close>` variables still run, for
 *   `closeMs` at most.
 * - A host function that waits parks the task; what it waits for is pushed inside the resumed task.
 * Does not choose which task runs: see scheduler.ts. Source: manual 4.5 (yields in C), 4.7 (hooks).
 */

import { LUA_ERRMEM, LUA_OK, LUA_YIELD, MASK_COUNT } from './constants.js';
import { LuaCoroutines, type PausableHost } from './coroutines.js';
import { CrossingError } from './crossing.js';
import { SliceClock } from './slice-clock.js';
import { LuaRaise, type LuaState } from './state.js';
import { NotEnoughMemory } from './strings.js';
import { type Deliver, LuaError, type Task, type TaskOutcome } from './task.js';
import { readError, tracebackOf } from './traceback.js';
import type { Ptr } from './wasm.js';

/** Instructions between two looks at the time: a microsecond of plain Lua. */
const HOOK_COUNT = 128;
/** The same for code that was seen to make expensive C calls, each of which is one instruction or a few. */
const FINE_HOOK_COUNT = 8;
/** So much between two looks is due to C calls. */
const SLOW_GAP_MS = 0.5;
/** Plain Lua again. */
const FAST_GAP_MS = 0.01;
/** Idle threads kept for the next tasks. */
const POOL_MAX = 64;

export interface ExecutorLimits {
  /** Longest stretch in code that cannot yield. */
  readonly uninterruptibleMs: number;
  /** Time for the `<close>` variables of a task that is being ended. */
  readonly closeMs: number;
  /** Tasks that wait; a wait beyond raises. */
  readonly waitingTasks: number;
}

/** Why Lua is giving control back to the host in the middle of a task. */
type Pause = 'none' | 'preempt' | 'wait';

export type SliceResult = 'preempted' | 'waiting' | 'ended';

/** The error of a task whose function or arguments could not be delivered. */
function argumentError(thrown: unknown): LuaError | undefined {
  if (thrown instanceof LuaError) return thrown;
  if (!(thrown instanceof CrossingError) && !(thrown instanceof NotEnoughMemory)) return undefined;
  return new LuaError('argument', thrown.message, thrown.message);
}

export class Executor implements PausableHost {
  /** The task that is running now. */
  task: Task | undefined;
  /** Set by the hook or a waiting host function before it yields; coroutines pass such a yield outward. */
  pause: Pause = 'none';
  /** Whether every resume between the task and the running coroutine can be yielded across. */
  yieldable = false;
  /** Why the running task is being ended by raising. */
  killing: string | undefined;
  /** How many tasks wait. */
  waiting = 0;

  readonly #state: LuaState;
  readonly #limits: ExecutorLimits;
  readonly #clock: SliceClock;
  readonly #hook: Ptr;
  readonly #finish: Ptr;
  readonly #resultCount: Ptr;
  readonly #pool: { thread: Ptr; key: number }[] = [];
  readonly coroutines: LuaCoroutines;
  /** Whether some thread has had a fine hook since the engine began. */
  #hasFineHooks = false;
  #killTraceback = '';

  constructor(state: LuaState, limits: ExecutorLimits, clock = new SliceClock()) {
    this.#state = state;
    this.#limits = limits;
    this.#clock = clock;
    this.#resultCount = state.x.malloc(4);
    this.#hook = state.vm.addFunction((L) => {
      const isOver = clock.look();
      if (clock.gapMs > SLOW_GAP_MS || this.#hasFineHooks) this.#adjustHook(L);
      if (isOver) this.#onSliceEnd(L);
    }, 'vii');
    this.#finish = state.addContinuation((L) => {
      const deliver = this.task?.deliver;
      if (deliver === undefined) throw new Error('a task was resumed with nothing to deliver');
      if (this.task !== undefined) this.task.deliver = undefined;
      return deliver(L);
    });
    this.#arm(state.L);
    this.coroutines = new LuaCoroutines(state, this);
  }

  /** Runs `task` until `untilMs` (performance.now()), its end, or a wait. */
  run(task: Task, untilMs: number): SliceResult {
    const { x } = this.#state;
    const leftMs = task.spec.budgetMs - task.usedMs;
    this.#clock.begin(untilMs, leftMs, this.#limits.uninterruptibleMs, task.state !== 'preempted');
    this.task = task;
    this.pause = 'none';
    this.killing = undefined;
    this.yieldable = true;
    // resuming walks through the paused coroutines again, and notes them again
    task.chain.length = 0;
    try {
      const args = task.thread === 0 ? this.#begin(task) : 0;
      if (args < 0) return 'ended';
      const status = x.lua_resume(task.thread, 0, args, this.#resultCount);
      task.usedMs += this.#clock.spentMs();
      return this.#afterSlice(task, status);
    } finally {
      this.task = undefined;
      this.#clock.stop();
    }
  }

  /**
   * Parks the running task until `settled` does; `push` then delivers the value. To be returned by a host function:
   * it does not come back. Ask `assertCanWait` before starting what is waited for.
   */
  wait<T>(
    L: Ptr,
    settled: Promise<T>,
    push: (L: Ptr, value: T) => number,
    wake: (task: Task) => void,
  ): number {
    const task = this.task as Task;
    const arrive = (deliver: Deliver): void => {
      if (task.state !== 'waiting') return;
      this.waiting--;
      task.state = 'ready';
      task.deliver = deliver;
      wake(task);
    };
    settled.then(
      (value) => arrive((thread) => push(thread, value)),
      (thrown: unknown) =>
        arrive(() => {
          throw thrown;
        }),
    );
    this.pause = 'wait';
    return this.#state.x.lua_yieldk(L, 0, 0, this.#finish);
  }

  canWait(L: Ptr): boolean {
    return this.task !== undefined && this.yieldable && this.#state.x.lua_isyieldable(L) !== 0;
  }

  assertCanWait(L: Ptr, what: string): void {
    if (this.waiting >= this.#limits.waitingTasks) {
      throw new LuaRaise(
        `'${what}' has to wait, but ${this.waiting} tasks of this plugin are waiting already`,
      );
    }
    if (this.canWait(L)) return;
    throw new LuaRaise(
      `'${what}' has to wait, which is not possible here: a C function is in between ` +
        '(a metamethod, a message handler or a closing variable); call it from plain Lua code or give it a callback',
    );
  }

  /** For C functions replaced by ours that may run long: raises when the time that cannot be interrupted is over. */
  interrupt(): void {
    if (this.task === undefined || (this.killing === undefined && !this.#clock.hardLimitReached())) return;
    if (this.killing === undefined) this.#startKilling(this.task, this.task.thread);
    throw new LuaRaise(this.killing ?? '');
  }

  /** Whether the task should be given a chance to pause. */
  sliceOver(): boolean {
    return this.#clock.sliceOver();
  }

  /** Ends a task that is not running: waiting or preempted tasks of an engine that is dropped. */
  drop(task: Task, reason: string): void {
    if (task.state === 'ended') return;
    task.state = 'ended';
    task.spec.onEnd({ ok: false, error: new LuaError('dropped', reason, reason) });
  }

  /** Makes `L` hook at every instruction, so that an error that ends the task is raised until nothing catches it. */
  rearm(L: Ptr): void {
    // once is enough, and it visits every call on the stack
    if (this.#state.x.lua_gethookcount(L) === 1) return;
    this.#state.x.lua_sethook(L, this.#hook, MASK_COUNT, 1);
  }

  /** Looks at the time more often while C calls take long. */
  #adjustHook(L: Ptr): void {
    const { x } = this.#state;
    const count = x.lua_gethookcount(L);
    if (this.#clock.gapMs > SLOW_GAP_MS && count === HOOK_COUNT) {
      x.lua_sethook(L, this.#hook, MASK_COUNT, FINE_HOOK_COUNT);
      this.#hasFineHooks = true;
    } else if (this.#clock.gapMs < FAST_GAP_MS && count === FINE_HOOK_COUNT) {
      this.#arm(L);
    } else {
      return;
    }
    // setting a hook visits every call on the stack: that time is ours, not the task's
    this.#clock.look();
  }

  /** Threads made by `L` from now on inherit the hook. */
  #arm(L: Ptr): void {
    this.#state.x.lua_sethook(L, this.#hook, MASK_COUNT, HOOK_COUNT);
  }

  #begin(task: Task): number {
    const state = this.#state;
    state.vm.hostPushes++;
    try {
      const pooled = this.#pool.pop();
      task.thread = pooled?.thread ?? state.x.lua_newthread(state.L);
      task.threadKey = pooled?.key ?? state.anchor(state.L);
      return task.spec.start(task.thread, task.args);
    } catch (thrown) {
      const error = argumentError(thrown);
      // anything else came out of the virtual machine, which cannot be relied on any more
      if (error === undefined) throw thrown;
      this.#end(task, { ok: false, error }, false);
      return -1;
    } finally {
      state.vm.hostPushes--;
    }
  }

  #afterSlice(task: Task, status: number): SliceResult {
    const overBudget = this.killing !== undefined || task.usedMs >= task.spec.budgetMs;
    if (status === LUA_YIELD && this.pause === 'wait' && this.killing === undefined) {
      task.state = 'waiting';
      this.waiting++;
      return 'waiting';
    }
    if (status === LUA_YIELD && !overBudget) {
      task.state = 'preempted';
      return 'preempted';
    }
    if (status === LUA_YIELD || this.killing !== undefined) this.#kill(task);
    else if (status === LUA_OK) this.#end(task, this.#results(task), true);
    else this.#fail(task, status);
    return 'ended';
  }

  #results(task: Task): TaskOutcome {
    const results = this.#state.vm.i32[this.#resultCount >> 2] ?? 0;
    return { ok: true, L: task.thread, results };
  }

  #fail(task: Task, status: number): void {
    const error = readError(this.#state, task.thread, status === LUA_ERRMEM ? 'memory' : 'error');
    this.#close(task);
    this.#end(task, { ok: false, error }, false);
  }

  #kill(task: Task): void {
    if (this.killing === undefined) this.#startKilling(task, task.chain.at(-1) ?? task.thread);
    const error = new LuaError('budget', this.killing ?? '', this.#killTraceback);
    this.#close(task);
    this.#end(task, { ok: false, error }, false);
  }

  /** Closes the pending `<close>` variables of a task that is over, innermost coroutine first. */
  #close(task: Task): void {
    this.yieldable = false;
    this.#clock.beginLast(this.#limits.closeMs);
    for (const thread of [...task.chain].reverse()) this.#state.x.lua_resetthread(thread, 0);
    this.#state.x.lua_resetthread(task.thread, 0);
    this.coroutines.release(task.chain);
  }

  #end(task: Task, outcome: TaskOutcome, reusable: boolean): void {
    const { thread, threadKey } = task;
    task.state = 'ended';
    task.thread = 0;
    try {
      task.spec.onEnd(outcome);
    } finally {
      if (reusable && this.#pool.length < POOL_MAX) {
        this.#state.x.lua_settop(thread, 0);
        this.#pool.push({ thread, key: threadKey });
      } else {
        this.#state.unanchor(threadKey);
      }
    }
  }

  /** The slow half of the hook: the slice is over, or a task is being ended. May longjmp. */
  #onSliceEnd(L: Ptr): void {
    const { x } = this.#state;
    if (this.killing === undefined && x.lua_gethookcount(L) === 1) this.#arm(L);
    if (this.yieldable && x.lua_isyieldable(L) !== 0) {
      this.pause = 'preempt';
      x.lua_yieldk(L, 0, 0, 0);
      return;
    }
    if (this.killing === undefined) {
      if (this.task === undefined || !this.#clock.hardLimitReached()) return;
      this.#startKilling(this.task, L);
    }
    this.rearm(L);
    this.#state.strings.push(L, this.killing ?? '');
    x.lua_error(L);
  }

  /** From here on `task` only ends. `innermost` is the thread whose stack shows where it was. */
  #startKilling(task: Task, innermost: Ptr): void {
    this.killing = this.#killReason(task);
    this.#killTraceback = tracebackOf(this.#state, innermost, this.killing);
  }

  #killReason(task: Task): string {
    const { label, budgetMs } = task.spec;
    if (task.usedMs + this.#limits.uninterruptibleMs < budgetMs) {
      const limit = this.#limits.uninterruptibleMs;
      return `${label} was ended: more than ${limit} ms inside a C function, which nothing can interrupt`;
    }
    return `${label} was ended: it used more than its ${budgetMs} ms of Lua time`;
  }
}
