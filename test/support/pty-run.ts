/** Runs commands on real PTYs. What still runs when the test ends is killed. */
import { onTestFinished } from 'vitest';
import { isHubError } from '../../base/errors.js';
import { type Pty, spawnPty } from '../../session-host/pty.js';
import type { PtyExit, PtySpec } from '../../session-host/pty-types.js';

export interface PtyRun {
  readonly pty: Pty;
  readonly exit: Promise<PtyExit>;
  /** All bytes so far. */
  bytes(): Buffer;
  /** All bytes so far, as UTF-8. */
  text(): string;
  /** Resolves when the text contains `part`. */
  shows(part: string): Promise<void>;
}

const env = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', TERM: 'xterm', LC_ALL: 'C' };

export function runPty(file: string, args: readonly string[], more: Partial<PtySpec> = {}): PtyRun {
  const pieces: Uint8Array[] = [];
  const waiting = new Set<() => void>();
  let ended = false;
  let onExit = (_exit: PtyExit): void => undefined;
  const exit = new Promise<PtyExit>((resolve) => {
    onExit = resolve;
  });
  const pty = spawnPty(
    { file, args, cwd: '/', env, rows: 24, cols: 80, ...more },
    {
      onData: (bytes) => {
        if (ended) throw new Error('data after the exit');
        pieces.push(bytes);
        for (const look of waiting) look();
      },
      onExit: (how) => {
        if (ended) throw new Error('a second exit');
        ended = true;
        onExit(how);
      },
    },
  );
  if (isHubError(pty)) throw pty;
  onTestFinished(async () => {
    if (ended) return;
    pty.dispose();
    try {
      process.kill(-pty.pid, 'SIGKILL');
    } catch {
      // It has ended, and the PTY was paused.
    }
    await exit;
  });
  const text = (): string => Buffer.concat(pieces).toString();
  return {
    pty,
    exit,
    bytes: () => Buffer.concat(pieces),
    text,
    shows: (part) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!text().includes(part)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
  };
}

/** Runs a script of the shell. */
export function runScript(script: string, more: Partial<PtySpec> = {}): PtyRun {
  return runPty('/bin/sh', ['-c', script], more);
}
