/**
 * Which engine's Lua runs next. Background work of the loop: it runs after events, one slice a turn.
 *
 * Keeps true: engines with work take turns, a slice each, so one that loops for ever halves nobody's speed but its own
 * share; inside an engine tasks run one at a time in the order they became ready, and a preempted task goes on before
 * any other of its engine (run to completion, as plugin code sees it).
 */
import type { SliceResult } from './executor.js';

/** Longest stretch of Lua before events are looked at again. */
export const SLICE_MS = 2;

/** An engine as the scheduler sees it. */
export interface Runnable {
  readonly runnable: boolean;
  /** Runs ready tasks until `untilMs` or until none is left. */
  runSlice(untilMs: number): SliceResult | 'idle';
}

export class LuaScheduler {
  /** Called when work appears where there was none: the loop wakes up. */
  onPending: () => void = () => undefined;
  readonly #queue: Runnable[] = [];
  readonly #queued = new Set<Runnable>();

  get pending(): boolean {
    return this.#queue.length > 0;
  }

  /** `engine` has something to run. Idempotent. */
  enqueue(engine: Runnable): void {
    if (this.#queued.has(engine)) return;
    this.#queued.add(engine);
    this.#queue.push(engine);
    if (this.#queue.length === 1) this.onPending();
  }

  /** Runs engines in turn until `untilMs` (performance.now()) or until nothing is ready. */
  run(untilMs: number): void {
    while (this.#queue.length > 0) {
      const startMs = performance.now();
      if (startMs >= untilMs) return;
      const engine = this.#queue.shift() as Runnable;
      this.#queued.delete(engine);
      engine.runSlice(Math.min(untilMs, startMs + SLICE_MS));
      if (engine.runnable) this.enqueue(engine);
    }
  }
}
