/**
 * When to try again. The first time almost at once: mostly a server was restarted, or a laptop opened. Then less often,
 * but for a minute often enough that a network which comes back is noticed within two seconds; then seldom. Never all
 * clients of a server in the same moment.
 */
import type { Clock } from '../../base/clock.js';

const FIRST_MS = 100;
/** Of the first minute or so. */
const SHORT_MS = 2_000;
const SHORT_FAILURES = 40;
const LONG_MS = 10_000;
/** A connection that lasts less counts as one more failure: a server that greets and hangs up is not asked for ever. */
const SOLID_MS = 5_000;

export class Backoff {
  readonly #clock: Clock;
  readonly #random: () => number;
  #failures = 0;
  #connectedMs: number | undefined;

  /** `random` from 0 to 1. */
  constructor(clock: Clock, random: () => number = Math.random) {
    this.#clock = clock;
    this.#random = random;
  }

  connected(): void {
    this.#connectedMs = this.#clock.nowMs();
  }

  /** The connection broke, or an attempt failed. How long to wait, in milliseconds. */
  next(): number {
    const sinceMs = this.#connectedMs;
    this.#connectedMs = undefined;
    if (sinceMs !== undefined && this.#clock.nowMs() - sinceMs >= SOLID_MS) this.#failures = 0;
    const longestMs =
      this.#failures < SHORT_FAILURES ? Math.min(SHORT_MS, FIRST_MS * 2 ** this.#failures) : LONG_MS;
    this.#failures++;
    return longestMs * (0.5 + this.#random() / 2);
  }
}
