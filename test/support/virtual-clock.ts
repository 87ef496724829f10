/**
 * A clock that stands still until a test moves it. Same calls, same order: timers fire by due time, then by age.
 *
 * `advance` fires timers in one go; `advanceAsync` lets promises settle between them, for code that awaits.
 */
import type { Clock } from '../../base/clock.js';
import type { Disposable } from '../../base/scope.js';

interface Timer {
  readonly dueMs: number;
  readonly callback: () => void;
}

export class VirtualClock implements Clock {
  readonly #timers = new Set<Timer>();
  readonly #startWallMs: number;
  #nowMs = 0;

  /** `startWallMs`: the wall clock at time 0. Default 2026-01-01T00:00:00Z. */
  constructor(startWallMs = Date.UTC(2026, 0, 1)) {
    this.#startWallMs = startWallMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#startWallMs + this.#nowMs;
  }

  after(delayMs: number, callback: () => void): Disposable {
    const timer: Timer = { dueMs: this.#nowMs + Math.max(0, delayMs), callback };
    this.#timers.add(timer);
    return { dispose: () => void this.#timers.delete(timer) };
  }

  /** Timers that have not fired: a test that ends with some has leaked them. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** Moves time by `ms` and fires what comes due, also what those timers set, in order. */
  advance(ms: number): void {
    this.advanceTo(this.#nowMs + ms);
  }

  /** Moves time to `ms`; never back. */
  advanceTo(ms: number): void {
    while (this.#fireNext(ms));
    this.#nowMs = Math.max(this.#nowMs, ms);
  }

  /** Lets time pass without firing anything, like code that holds the thread. What came due fires late. */
  advanceBlocked(ms: number): void {
    this.#nowMs += ms;
  }

  /** Like `advance`, but promises settle before, between and after the timers. */
  async advanceAsync(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settle();
    while (this.#fireNext(untilMs)) await settle();
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  #fireNext(untilMs: number): boolean {
    let next: Timer | undefined;
    // A set keeps insertion order, so the older of two equals wins.
    for (const timer of this.#timers) if (next === undefined || timer.dueMs < next.dueMs) next = timer;
    if (next === undefined || next.dueMs > untilMs) return false;
    this.#timers.delete(next);
    this.#nowMs = Math.max(this.#nowMs, next.dueMs);
    next.callback();
    return true;
  }
}

/** Lets everything run that only waits for settled promises. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
