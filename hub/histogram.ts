/**
 * The distribution of durations over about the last minute.
 *
 * Two histograms of half a minute each take turns, so a slow moment is visible for 30 to 60 seconds and then gone.
 * Recording is tens of nanoseconds; memory is fixed. Resolution: two figures, from 1 microsecond to one minute.
 */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

/** Half the window. */
const HALF_WINDOW_MS = 30_000;
const LOWEST_US = 1;
const HIGHEST_US = 60_000_000;
const FIGURES = 2;

export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export class SlidingHistogram {
  #current = open();
  #previous = open();
  /** When the current half began. */
  #sinceMs: number;

  constructor(nowMs: number) {
    this.#sinceMs = nowMs;
  }

  record(durationMs: number, nowMs: number): void {
    this.#rotate(nowMs);
    this.#current.record(Math.min(HIGHEST_US, Math.max(LOWEST_US, Math.round(durationMs * 1_000))));
  }

  /** Milliseconds; zeros when nothing was recorded in the window. */
  percentiles(nowMs: number): Percentiles {
    this.#rotate(nowMs);
    const both = open();
    both.add(this.#previous);
    both.add(this.#current);
    if (both.count === 0) return { p50: 0, p99: 0, max: 0 };
    return { p50: both.percentile(50) / 1_000, p99: both.percentile(99) / 1_000, max: both.max / 1_000 };
  }

  #rotate(nowMs: number): void {
    const ageMs = nowMs - this.#sinceMs;
    if (ageMs < HALF_WINDOW_MS) return;
    const old = this.#previous;
    this.#previous = this.#current;
    this.#current = old;
    old.reset();
    // After a long sleep both halves are history.
    if (ageMs >= 2 * HALF_WINDOW_MS) this.#previous.reset();
    this.#sinceMs = nowMs;
  }
}

function open(): RecordableHistogram {
  return createHistogram({ lowest: LOWEST_US, highest: HIGHEST_US, figures: FIGURES });
}
