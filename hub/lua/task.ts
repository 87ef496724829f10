/**
 * One entry into Lua: a chunk being loaded, a callback being run. A Lua thread that the hub schedules.
 *
 * A task is ready, runs in slices, may wait for the host, and ends once: with results, with an error, or dropped with
 * its engine. This file holds the record and the error; hub/lua/executor.ts moves it.
 */

import type { HubError } from '../../base/errors.js';
import type { LuaValue } from '../../base/values.js';
import type { Ptr } from './wasm.js';

export type Phase = 'load' | 'run';

/** Pushes what a waiting host function returns, inside the resumed task. May throw like a host function. */
export type Deliver = (L: Ptr) => number;

export type TaskState = 'ready' | 'preempted' | 'waiting' | 'ended';

/** What a task left: results on the stack of its thread (valid only inside `onEnd`), or an error. */
export type TaskOutcome =
  | { readonly ok: true; readonly L: Ptr; readonly results: number }
  | { readonly ok: false; readonly error: LuaError };

export interface TaskSpec {
  /** Who it is, for messages: `timer callback`, `plugin demo`. */
  readonly label: string;
  readonly phase: Phase;
  /** Lua time before it is ended, in milliseconds. */
  readonly budgetMs: number;
  /** Pushes the function and its arguments; answers the number of arguments. Runs outside of protected calls. */
  readonly start: (L: Ptr, args: readonly unknown[]) => number;
  readonly onEnd: (outcome: TaskOutcome) => void;
}

const NO_ARGS: readonly unknown[] = [];

export class Task {
  readonly spec: TaskSpec;
  state: TaskState = 'ready';
  /** Lua time used so far. */
  usedMs = 0;
  /** The Lua thread; 0 before the first slice and after the end. */
  thread: Ptr = 0;
  threadKey = 0;
  /** User coroutines this task is inside of, outermost first, while it waits or is preempted. */
  readonly chain: Ptr[] = [];
  deliver: Deliver | undefined;
  /** Host values for `start`, kept until then. */
  args: readonly unknown[];

  constructor(spec: TaskSpec, args: readonly unknown[] = NO_ARGS) {
    this.spec = spec;
    this.args = args;
  }
}

export type LuaErrorKind = 'error' | 'syntax' | 'memory' | 'budget' | 'dropped' | 'argument';

/** An error that ended a task. `message` is its first line; `traceback` has the message and the Lua stack. */
export class LuaError extends Error {
  override readonly name = 'LuaError';
  readonly kind: LuaErrorKind;
  readonly traceback: string;
  /** The error value, as far as it can be copied: error tables keep their content. */
  readonly value: LuaValue | HubError;

  constructor(kind: LuaErrorKind, message: string, traceback: string, value: LuaValue | HubError = message) {
    super(message);
    this.kind = kind;
    this.traceback = traceback;
    this.value = value;
  }
}
