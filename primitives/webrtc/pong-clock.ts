/**
 * The hub's own pings to one device: how long they take, and how much longer than the quickest.
 *
 * One ping is out at a time: one a second while something is sent, else a few in a minute, so that a phone's radio can
 * rest. A device that sleeps answers none, which says nothing of the hub, so only answers count, and not for long.
 */
import type { Clock } from '../../base/clock.js';

const BUSY_MS = 1_000;
const IDLE_MS = 15_000;
/** A ping that is out so long is given up. */
const LOST_MS = 10_000;
/** An answer says how things are for so long. */
const FRESH_MS = 2_500;

export class PongClock {
  readonly #clock: Clock;
  #id = 0;
  #sentMs = Number.NEGATIVE_INFINITY;
  #isOut = false;
  #answer: { readonly ms: number; readonly atMs: number } | undefined;
  #quickestMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The id to ping with, if it is time. `isBusy`: something is sent anyway. */
  due(isBusy: boolean): number | undefined {
    const nowMs = this.#clock.nowMs();
    const waitedMs = nowMs - this.#sentMs;
    if (waitedMs < (isBusy ? BUSY_MS : IDLE_MS)) return undefined;
    if (this.#isOut && waitedMs < LOST_MS) return undefined;
    this.#sentMs = nowMs;
    this.#isOut = true;
    return ++this.#id;
  }

  answered(id: number): void {
    if (!this.#isOut || id !== this.#id) return;
    this.#isOut = false;
    const atMs = this.#clock.nowMs();
    const ms = atMs - this.#sentMs;
    this.#answer = { ms, atMs };
    this.#quickestMs = Math.min(this.#quickestMs, ms);
  }

  /** Of the last ping that was answered. */
  get rttMs(): number | undefined {
    return this.#answer?.ms;
  }

  /** How much longer than the quickest the last one took; undefined if that is not known now. */
  get delayMs(): number | undefined {
    if (this.#answer === undefined || this.#clock.nowMs() - this.#answer.atMs > FRESH_MS) return undefined;
    return this.#answer.ms - this.#quickestMs;
  }
}
