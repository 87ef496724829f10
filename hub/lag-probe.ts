/**
 * Asks "am I late?" a few times a second, so that the loop's lag and heartbeat are known while no event arrives.
 *
 * Late timers are how everything that blocks the thread shows, also what is outside the loop's turns. Give it a clock
 * whose timers do not keep the process alive.
 */
import type { Clock } from '../base/clock.js';
import type { Disposable } from '../base/scope.js';

/** Four wake-ups a second: some 0.02 % of a core, and a heartbeat that is never older when all is well. */
export const PROBE_INTERVAL_MS = 250;

/** Calls `onLag` with the lateness in milliseconds after each interval, until disposed. */
export function startLagProbe(clock: Clock, onLag: (lagMs: number) => void): Disposable {
  let timer: Disposable;
  const arm = (): void => {
    const dueMs = clock.nowMs() + PROBE_INTERVAL_MS;
    timer = clock.after(PROBE_INTERVAL_MS, () => {
      onLag(Math.max(0, clock.nowMs() - dueMs));
      arm();
    });
  };
  arm();
  return { dispose: () => timer.dispose() };
}
