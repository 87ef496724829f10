/** How late this thread's timers come: what keeps a ping waiting. Measures while it is started. */
import type { Clock } from '../../base/clock.js';
import type { Disposable } from '../../base/scope.js';

const PERIOD_MS = 20;
/** A second. */
const SAMPLES = 50;

export class LoopLag {
  readonly #clock: Clock;
  readonly #late: number[] = [];
  #next = 0;
  #timer: Disposable | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  start(): void {
    if (this.#timer === undefined) this.#wait();
  }

  /** Forgets what it measured, too. */
  stop(): void {
    this.#timer?.dispose();
    this.#timer = undefined;
    this.#late.length = 0;
    this.#next = 0;
  }

  /** The 99th percentile of the last second. */
  get p99Ms(): number {
    const sorted = [...this.#late].sort((a, b) => a - b);
    return sorted[Math.ceil(sorted.length * 0.99) - 1] ?? 0;
  }

  #wait(): void {
    const dueMs = this.#clock.nowMs() + PERIOD_MS;
    this.#timer = this.#clock.after(PERIOD_MS, () => {
      this.#late[this.#next] = Math.max(0, this.#clock.nowMs() - dueMs);
      this.#next = (this.#next + 1) % SAMPLES;
      this.#wait();
    });
  }
}
