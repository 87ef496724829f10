/**
 * How long to wait before the next try. For half a minute at most a second, so that a network that comes back is noticed;
 * then doubling to 15 s. With jitter, so that many devices do not come back in one moment.
 */
const FIRST_MS = 250;
const EAGER_MS = 1_000;
const LONGEST_MS = 15_000;
/** How long tries follow each other closely. */
export const EAGER_FOR_MS = 30_000;

export class BackOff {
  readonly #random: () => number;
  #delayMs = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** It worked, or there is reason to believe that it will. */
  reset(): void {
    this.#delayMs = 0;
  }

  /** The next delay; `lostMs`: for how long there has been no connection. */
  nextMs(lostMs: number): number {
    const longest = lostMs < EAGER_FOR_MS ? EAGER_MS : LONGEST_MS;
    this.#delayMs = Math.min(this.#delayMs === 0 ? FIRST_MS : this.#delayMs * 2, longest);
    return this.#delayMs * (0.75 + this.#random() / 4);
  }
}
