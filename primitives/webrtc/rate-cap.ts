/**
 * How many bytes of output a second the worker sends, to all devices together.
 *
 * The WebRTC stack takes up to a third of a second of processor time for a megabyte, on the thread that must answer
 * pings at once. So there is a cap, and it adapts (additive increase, multiplicative decrease, as TCP does): it begins
 * at 1.5 MB/s, at which pings were answered within 11 ms on two busy cores. Looked at four times a second:
 *
 * - If the worker's loop came late by more than LATE_MS (the 99th percentile of a second), or a ping to a device took
 *   PONG_MS longer than its quickest, the cap is halved, at most once a second: what is in the queues must drain first.
 * - Else, if the cap held something back, it grows by a tenth.
 *
 * A cap that holds nothing back says nothing about what the machine can do, so it stays.
 */

import type { Clock } from '../../base/clock.js';
import { TokenBucket } from '../../base/token-bucket.js';

export const FIRST_BYTES_PER_S = 1_500_000;
/** A terminal full of colour, 40 times a second. */
export const LEAST_BYTES_PER_S = 256 * 1024;
/** More than the stack can do. */
export const MOST_BYTES_PER_S = 16 * 1024 * 1024;
export const BURST_BYTES = 32 * 1024;
export const LATE_MS = 30;
export const PONG_MS = 60;
export const LOOK_MS = 250;
const HOLD_MS = 1_000;
const GROWTH = 1.1;

/** What a look sees. */
export interface WorkerHealth {
  /** 99th percentile of how late the worker's timers came in the last second. */
  readonly lag_p99_ms: number;
  /** The longest that a ping to a device took beyond the quickest of that device; 0 if none is known. */
  readonly pong_delay_ms: number;
}

export class RateCap {
  readonly #clock: Clock;
  readonly #bucket: TokenBucket;
  #heldBack = false;
  #spentBytes = 0;
  #halvedMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#bucket = new TokenBucket({ burst: BURST_BYTES, perSecond: FIRST_BYTES_PER_S }, () => clock.nowMs());
  }

  get bytesPerSecond(): number {
    return this.#bucket.perSecond;
  }

  /** Whether output may be sent now. One that was refused is what makes the cap grow. */
  get open(): boolean {
    const open = this.#bucket.tokens > 0;
    if (!open) this.#heldBack = true;
    return open;
  }

  /** Counts what was sent, control messages too. */
  spend(bytes: number): void {
    this.#spentBytes += bytes;
    this.#bucket.spend(bytes);
  }

  /** All that was counted. */
  get spentBytes(): number {
    return this.#spentBytes;
  }

  look({ lag_p99_ms, pong_delay_ms }: WorkerHealth): void {
    const heldBack = this.#heldBack;
    this.#heldBack = false;
    const nowMs = this.#clock.nowMs();
    const rate = this.#bucket.perSecond;
    if (lag_p99_ms > LATE_MS || pong_delay_ms > PONG_MS) {
      if (nowMs - this.#halvedMs < HOLD_MS) return;
      this.#halvedMs = nowMs;
      this.#bucket.perSecond = Math.max(LEAST_BYTES_PER_S, rate / 2);
    } else if (heldBack && nowMs - this.#halvedMs >= HOLD_MS) {
      this.#bucket.perSecond = Math.min(MOST_BYTES_PER_S, rate * GROWTH);
    }
  }
}
