/**
 * What the loop measures about itself: turns, lag, and count and time per event type.
 *
 * Lag is how late something that becomes ready is served. Samples are the probe's (a timer's lateness) and the length
 * of every turn, because whatever arrived during a turn waited for its end: a probe alone would miss short stalls.
 */
import { type Percentiles, SlidingHistogram } from './histogram.js';

export interface EventStats {
  readonly count: number;
  readonly total_ms: number;
  readonly max_ms: number;
}

export interface LoopMetrics {
  /** Over about the last minute. */
  readonly lag_ms: Percentiles;
  /** Over about the last minute. */
  readonly turn_ms: Percentiles;
  /** Since the start. */
  readonly turns: number;
  /** Since the start, by event type. */
  readonly events: Readonly<Record<string, EventStats>>;
}

export class LoopStats {
  readonly #lag: SlidingHistogram;
  readonly #turn: SlidingHistogram;
  readonly #events = new Map<string, { count: number; total_ms: number; max_ms: number }>();
  #turns = 0;

  constructor(nowMs: number) {
    this.#lag = new SlidingHistogram(nowMs);
    this.#turn = new SlidingHistogram(nowMs);
  }

  countLag(lagMs: number, nowMs: number): void {
    this.#lag.record(lagMs, nowMs);
  }

  countTurn(durationMs: number, nowMs: number): void {
    this.#turns++;
    this.#turn.record(durationMs, nowMs);
    this.#lag.record(durationMs, nowMs);
  }

  countEvent(type: string, durationMs: number): void {
    let stats = this.#events.get(type);
    if (stats === undefined) {
      stats = { count: 0, total_ms: 0, max_ms: 0 };
      this.#events.set(type, stats);
    }
    stats.count++;
    stats.total_ms += durationMs;
    if (durationMs > stats.max_ms) stats.max_ms = durationMs;
  }

  metrics(nowMs: number): LoopMetrics {
    const events = [...this.#events].sort(([a], [b]) => (a < b ? -1 : 1));
    return {
      lag_ms: this.#lag.percentiles(nowMs),
      turn_ms: this.#turn.percentiles(nowMs),
      turns: this.#turns,
      events: Object.fromEntries(
        events.map(([type, { count, total_ms, max_ms }]) => [
          type,
          { count, total_ms: rounded(total_ms), max_ms: rounded(max_ms) },
        ]),
      ),
    };
  }
}

/** Milliseconds with three decimals: what the clock can tell, and people can read. */
function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
