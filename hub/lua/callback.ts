/**
 * Lua functions that the host holds: registered handlers.
 *
 * Keeps true: calling one queues a task of its engine and returns; arguments are copied when the task starts; the
 * function is let go by `release`, with its engine's scope, or, should somebody forget, when the handle is collected.
 */
import type { Callback, LuaValue } from '../../base/values.js';

import type { LuaState } from './state.js';
import { LuaError, Task, type TaskOutcome, type TaskSpec } from './task.js';
import type { LuaVm, Ptr } from './wasm.js';
import { LuaReference } from './writer.js';

/** What callbacks need of their engine. */
export interface CallbackHost {
  readonly state: LuaState;
  readonly callbackBudgetMs: number;
  spawn(task: Task): boolean;
  onCallbackEnd(label: string, outcome: TaskOutcome): void;
}

/** Frees what handles hold that were collected without release. Runs between turns, never inside of Lua. */
const forgotten = new FinalizationRegistry<{ state: LuaState; key: number }>(({ state, key }) =>
  state.unanchor(key),
);

export class LuaCallback extends LuaReference implements Callback {
  readonly label: string;
  readonly #host: CallbackHost;
  readonly #key: number;
  readonly #spec: TaskSpec;
  /** Calls that were queued and have not ended. */
  #pending = 0;
  /** Calls that were queued and have not started: they still need the function. */
  #queued = 0;
  #state: 'held' | 'released' | 'cancelled' = 'held';
  #anchored = true;

  /** Takes the function at `index` of `L`. `label` says what it is for: `the callback of 'timer.after'`. */
  constructor(host: CallbackHost, L: Ptr, index: number, label: string) {
    super();
    this.label = label;
    this.#host = host;
    host.state.x.lua_pushvalue(L, index);
    this.#key = host.state.anchor(L);
    this.#spec = {
      label,
      phase: 'run',
      budgetMs: host.callbackBudgetMs,
      start: (thread, args) => this.#start(thread, args),
      onEnd: (outcome) => {
        this.#pending--;
        host.onCallbackEnd(label, outcome);
      },
    };
    forgotten.register(this, { state: host.state, key: this.#key }, this);
  }

  get pending(): number {
    return this.#pending;
  }

  call(...args: readonly unknown[]): void {
    if (this.#state !== 'held' || !this.#host.spawn(new Task(this.#spec, args))) return;
    this.#pending++;
    this.#queued++;
  }

  release(): void {
    if (this.#state === 'held') this.#state = 'released';
    this.#freeIfUnused();
  }

  cancel(): void {
    this.#state = 'cancelled';
    this.#freeIfUnused();
  }

  override pushTo(vm: LuaVm, L: Ptr): boolean {
    if (!this.#anchored || vm !== this.#host.state.vm) return false;
    this.#host.state.pushAnchored(L, this.#key);
    return true;
  }

  #start(L: Ptr, args: readonly unknown[]): number {
    const { x, writer } = this.#host.state;
    this.#queued--;
    if (this.#state === 'cancelled') throw new LuaError('dropped', `${this.label} was cancelled`, '');
    if (x.lua_checkstack(L, args.length + 2) === 0) throw new LuaError('argument', 'too many arguments', '');
    this.#host.state.pushAnchored(L, this.#key);
    this.#freeIfUnused();
    for (const value of args) writer.push(L, value as LuaValue);
    return args.length;
  }

  #freeIfUnused(): void {
    const wanted = this.#state === 'held' || (this.#state === 'released' && this.#queued > 0);
    if (wanted || !this.#anchored) return;
    this.#anchored = false;
    forgotten.unregister(this);
    this.#host.state.unanchor(this.#key);
  }
}
