/**
 * Time as a dependency. Everything that waits or measures takes a Clock, so tests run on a virtual one.
 * The real one is in base/real-clock.ts, the virtual one in test/support/virtual-clock.ts.
 */
import type { Disposable } from './scope.js';

export interface Clock {
  /** Monotonic milliseconds, with fractions. Comparable between the threads of one process. */
  nowMs(): number;
  /** Milliseconds since the Unix epoch. May jump. */
  wallMs(): number;
  /** Calls `callback` once, after at least `delayMs`. Dispose to cancel. */
  after(delayMs: number, callback: () => void): Disposable;
}
