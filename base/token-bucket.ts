/** An allowance that refills with time: a burst at once, then so much per second; never more than the burst. */

export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

export class TokenBucket {
  readonly #burst: number;
  readonly #nowMs: () => number;
  #perSecond: number;
  #tokens: number;
  #filledMs: number;

  /** Full at first. */
  constructor({ burst, perSecond }: Rate, nowMs: () => number) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#nowMs = nowMs;
    this.#tokens = burst;
    this.#filledMs = nowMs();
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

  get isFull(): boolean {
    return this.tokens >= this.#burst;
  }

  /** Takes `amount`, or nothing if there is not that much. */
  take(amount = 1): boolean {
    if (this.tokens < amount) return false;
    this.#tokens -= amount;
    return true;
  }

  /** Takes `amount` in any case: what comes later waits for it. */
  spend(amount: number): void {
    this.#fill();
    this.#tokens -= amount;
  }

  #fill(): void {
    const nowMs = this.#nowMs();
    const passedMs = Math.max(0, nowMs - this.#filledMs);
    this.#tokens = Math.min(this.#burst, this.#tokens + (passedMs / 1000) * this.#perSecond);
    this.#filledMs = nowMs;
  }
}
