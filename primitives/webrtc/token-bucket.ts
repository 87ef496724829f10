/** A rate as a bucket of tokens: full at first, refilled with time, never above its size. */
import type { Clock } from '../../base/clock.js';

export class TokenBucket {
  readonly #clock: Clock;
  readonly #size: number;
  #perSecond: number;
  #tokens: number;
  #filledMs: number;

  constructor(clock: Clock, { burst, perSecond }: { readonly burst: number; readonly perSecond: number }) {
    this.#clock = clock;
    this.#size = burst;
    this.#perSecond = perSecond;
    this.#tokens = burst;
    this.#filledMs = clock.nowMs();
  }

  get perSecond(): number {
    return this.#perSecond;
  }

  /** From now on. */
  set perSecond(value: number) {
    this.#fill();
    this.#perSecond = value;
  }

  /** Below zero when more was spent than there was. */
  get tokens(): number {
    this.#fill();
    return this.#tokens;
  }

  /** Takes them if there are as many. */
  take(count: number): boolean {
    if (this.tokens < count) return false;
    this.#tokens -= count;
    return true;
  }

  /** Takes them in any case: what comes later waits for it. */
  spend(count: number): void {
    this.#fill();
    this.#tokens -= count;
  }

  #fill(): void {
    const nowMs = this.#clock.nowMs();
    const more = ((nowMs - this.#filledMs) / 1_000) * this.#perSecond;
    this.#tokens = Math.min(this.#size, this.#tokens + more);
    this.#filledMs = nowMs;
  }
}
