/**
 * Notices from outside that the hub's main thread is held, and says by which engine.
 *
 * The main thread cannot log while it is held, so the line goes to the log file from here, once per hold, and once more
 * when it is over. Nothing is ended: what holds the thread is in code that nothing can interrupt, and sessions live on.
 */
import { appendFileSync } from 'node:fs';
import type { Clock } from '../../base/clock.js';
import type { LogLevel } from '../../base/log.js';
import type { Disposable } from '../../base/scope.js';

/** A second beyond what a full collection of a large engine takes on a slow machine. */
export const HELD_MS = 3_000;
const LOOK_MS = 1_000;

/** What base/heartbeat.ts tells a worker. */
export interface LoopAge {
  ageMs(): number;
  running(): string | undefined;
}

export interface WatchdogOptions {
  readonly loop: LoopAge;
  readonly clock: Clock;
  readonly report: (level: LogLevel, message: string, fields: Record<string, unknown>) => void;
}

/** Looks once a second until disposed. */
export function startWatchdog({ loop, clock, report }: WatchdogOptions): Disposable {
  let heldSinceMs: number | undefined;
  let timer: Disposable;
  const look = (): void => {
    const ageMs = loop.ageMs();
    const engine = loop.running();
    if (ageMs >= HELD_MS && heldSinceMs === undefined) {
      heldSinceMs = clock.nowMs() - ageMs;
      report('error', 'the main thread is held', { for_ms: Math.round(ageMs), engine });
    } else if (ageMs < HELD_MS && heldSinceMs !== undefined) {
      report('warn', 'the main thread runs again', { held_ms: Math.round(clock.nowMs() - heldSinceMs) });
      heldSinceMs = undefined;
    }
    timer = clock.after(LOOK_MS, look);
  };
  timer = clock.after(LOOK_MS, look);
  return { dispose: () => timer.dispose() };
}

/** Writes lines as hub/log-file.ts does. Synchronous: this thread has nothing better to do, and the hub may be dying. */
export function appendToLog(path: string, clock: Clock): WatchdogOptions['report'] {
  return (level, msg, fields) => {
    const time = new Date(clock.wallMs()).toISOString();
    try {
      appendFileSync(path, `${JSON.stringify({ level, time, source: 'watchdog', ...fields, msg })}\n`);
    } catch {
      // a full disk: there is nowhere left to say so
    }
  };
}
