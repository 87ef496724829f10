/**
 * The command line in a terminal of its own: a real PTY, and an emulator that shows what it writes and answers what it
 * asks, as a user's terminal does.
 */
import { fileURLToPath } from 'node:url';
import { Terminal } from '@xterm/headless';
import { onTestFinished } from 'vitest';
import { HubError } from '../../base/errors.js';
import { spawnPty } from '../../session-host/pty.js';
import type { PtyExit } from '../../session-host/pty-types.js';
import type { Place } from './hub-process.js';
import { distUrl } from './import-from-dist.js';
import { LATE_MS } from './until.js';

const MAIN = fileURLToPath(distUrl('hub/cli/main.js'));

export interface PtyCli {
  readonly pid: number;
  readonly terminal: Terminal;
  /** Everything it wrote, as Latin-1. */
  readonly raw: () => string;
  /** What the emulator answered: a program that asks it nothing gets nothing. */
  readonly answers: readonly string[];
  type(text: string): void;
  resize(rows: number, cols: number): void;
  /** The rows that show now. */
  screen(): string[];
  /** All rows, those above the screen too, without the empty ones at the end. */
  lines(): string[];
  /** Resolves with the screen once it, joined by newlines, matches. */
  shows(pattern: RegExp): Promise<string>;
  readonly exited: Promise<PtyExit>;
}

/** Starts `botster` with arguments in a terminal. Killed when the test ends. */
export function ptyCli(
  place: Pick<Place, 'repo' | 'env'>,
  args: readonly string[],
  { rows = 24, cols = 80, env = {} }: { rows?: number; cols?: number; env?: NodeJS.ProcessEnv } = {},
): PtyCli {
  const terminal = new Terminal({ rows, cols, scrollback: 10_000, allowProposedApi: true });
  const watchers = new Set<() => void>();
  const answers: string[] = [];
  let raw = '';
  let end: (exit: PtyExit) => void = () => undefined;
  const exited = new Promise<PtyExit>((resolve) => {
    end = resolve;
  });
  let running = true;
  const all = { ...place.env, TERM: 'xterm-256color', ...env };
  const pty = spawnPty(
    {
      file: process.execPath,
      args: [MAIN, ...args],
      cwd: place.repo,
      env: Object.fromEntries(
        Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined),
      ),
      rows,
      cols,
    },
    {
      onData: (bytes) => {
        raw += Buffer.from(bytes).toString('latin1');
        terminal.write(bytes, () => {
          for (const watcher of watchers) watcher();
        });
      },
      onExit: (exit) => {
        running = false;
        terminal.write('', () => {
          end(exit);
          for (const watcher of watchers) watcher();
        });
      },
    },
  );
  if (pty instanceof HubError) throw pty;
  terminal.onData((answer) => {
    answers.push(answer);
    pty.write(Buffer.from(answer));
  });
  onTestFinished(async () => {
    if (running) process.kill(pty.pid, 'SIGKILL');
    await exited;
    terminal.dispose();
  });
  const screen = (): string[] => {
    const { active } = terminal.buffer;
    return Array.from({ length: terminal.rows }, (_, row) => textOf(terminal, active.baseY + row));
  };
  return {
    pid: pty.pid,
    terminal,
    raw: () => raw,
    answers,
    type: (text) => void pty.write(Buffer.from(text)),
    resize: (newRows, newCols) => {
      terminal.resize(newCols, newRows);
      pty.resize(newRows, newCols);
    },
    screen,
    lines: () => {
      const all = Array.from({ length: terminal.buffer.active.length }, (_, row) => textOf(terminal, row));
      while (all.at(-1) === '') all.pop();
      return all;
    },
    shows: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const text = screen().join('\n');
          if (!pattern.test(text) && running) return;
          settle();
          if (pattern.test(text)) resolve(text);
          else reject(new Error(`ended without showing ${pattern}:\n${text}`));
        };
        const late = setTimeout(() => {
          settle();
          reject(new Error(`never showed ${pattern}:\n${screen().join('\n')}`));
        }, LATE_MS);
        const settle = (): void => {
          clearTimeout(late);
          watchers.delete(look);
        };
        watchers.add(look);
        look();
      }),
    exited,
  };
}

function textOf(terminal: Terminal, row: number): string {
  return terminal.buffer.active.getLine(row)?.translateToString(true) ?? '';
}
