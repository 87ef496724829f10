/** A token bucket: so many at once, so many per second after that. */
export class RateLimit {
  readonly #burst: number;
  readonly #perSecond: number;
  readonly #nowMs: () => number;
  #tokens: number;
  #sinceMs: number;

  constructor(options: { readonly burst: number; readonly perSecond: number; readonly nowMs: () => number }) {
    this.#burst = options.burst;
    this.#perSecond = options.perSecond;
    this.#nowMs = options.nowMs;
    this.#tokens = options.burst;
    this.#sinceMs = options.nowMs();
  }

  /** Takes `amount` tokens; false if there are not as many. */
  take(amount = 1): boolean {
    const nowMs = this.#nowMs();
    const gained = ((nowMs - this.#sinceMs) / 1000) * this.#perSecond;
    this.#tokens = Math.min(this.#burst, this.#tokens + gained);
    this.#sinceMs = nowMs;
    if (this.#tokens < amount) return false;
    this.#tokens -= amount;
    return true;
  }
}
