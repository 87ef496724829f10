/**
 * The clock of the machine.
 *
 * In base/ because the hub, its workers, the session host and the clients all need it. On node, `nowMs` counts from
 * the same instant in every thread, which heartbeats and deadlines between threads rely on; a browser page has its own.
 */
import type { Clock } from './clock.js';
import type { Disposable } from './scope.js';

/** Longest delay a host timer takes; a longer one would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

const OFFSET_READINGS = 5;

export class RealClock implements Clock {
  readonly #unref: boolean;
  readonly #offsetMs = threadOffsetMs();

  /** `unref`: its timers alone do not keep the process alive. */
  constructor({ unref = false }: { readonly unref?: boolean } = {}) {
    this.#unref = unref;
  }

  nowMs(): number {
    return performance.now() + this.#offsetMs;
  }

  wallMs(): number {
    return Date.now();
  }

  after(delayMs: number, callback: () => void): Disposable {
    const dueMs = this.nowMs() + delayMs;
    let timer: unknown;
    // Host timers may fire a fraction of a millisecond early, and cannot wait longer than MAX_TIMER_MS.
    const wait = (): void => {
      const leftMs = dueMs - this.nowMs();
      timer = setTimeout(
        leftMs > MAX_TIMER_MS ? wait : fire,
        Math.min(Math.max(0, Math.ceil(leftMs)), MAX_TIMER_MS),
      );
      if (this.#unref) (timer as { unref?: () => void }).unref?.();
    };
    const fire = (): void => {
      if (this.nowMs() < dueMs) wait();
      else callback();
    };
    wait();
    return { dispose: () => clearTimeout(timer) };
  }
}

/** What to add to this thread's `performance.now()` to count from an instant that all threads share. */
function threadOffsetMs(): number {
  const { process } = globalThis as { process?: { hrtime?: () => [number, number] } };
  if (process?.hrtime === undefined) return 0;
  let offsetMs = Number.NEGATIVE_INFINITY;
  // Whatever delays the thread between the two readings makes the difference too small; the largest is the truest.
  for (let i = 0; i < OFFSET_READINGS; i++) {
    const [seconds, nanoseconds] = process.hrtime();
    offsetMs = Math.max(offsetMs, seconds * 1_000 + nanoseconds / 1e6 - performance.now());
  }
  return offsetMs;
}
