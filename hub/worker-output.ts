/**
 * What a worker writes to stdout and stderr becomes lines of the hub's log.
 *
 * Libraries print what they like: lines are cut at a length and capped per second, and what the cap swallows is
 * counted in the next line that passes.
 */
import type { Readable } from 'node:stream';
import type { Clock } from '../base/clock.js';
import type { Logger, LogLevel } from '../base/log.js';

/** Longest line kept, in UTF-16 units. */
export const MAX_LINE_LENGTH = 4_096;
/** Lines per second and stream; a crash's stack fits. */
export const MAX_LINES_PER_SECOND = 200;

export interface OutputOptions {
  readonly stream: Readable;
  readonly level: LogLevel;
  readonly log: Logger;
  readonly clock: Clock;
}

/** Logs each line of `stream`. */
export function logOutput({ stream, level, log, clock }: OutputOptions): void {
  let partial = '';
  let secondMs = clock.nowMs();
  let lines = 0;
  let swallowed = 0;

  const logLine = (line: string): void => {
    if (line === '') return;
    const nowMs = clock.nowMs();
    if (nowMs - secondMs >= 1_000) {
      secondMs = nowMs;
      lines = 0;
    }
    if (++lines > MAX_LINES_PER_SECOND) {
      swallowed++;
      return;
    }
    log.log(
      level,
      line.slice(0, MAX_LINE_LENGTH),
      swallowed > 0 ? { lines_swallowed_before: swallowed } : undefined,
    );
    swallowed = 0;
  };

  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const parts = (partial + text).split('\n');
    partial = parts.pop() ?? '';
    for (const line of parts) logLine(line);
    if (partial.length > MAX_LINE_LENGTH) {
      logLine(partial);
      partial = '';
    }
  });
  stream.on('end', () => {
    logLine(partial);
    if (swallowed > 0) log.log(level, 'output was cut', { lines_swallowed_before: swallowed });
  });
}
