/** Records what a real program writes to its terminal while somebody types. */
import { isHubError } from '../../../base/errors.js';
import type { Screen } from '../../../session-host/mirror/screen.js';
import { spawnPty } from '../../../session-host/pty.js';
import { LATE_MS, until } from '../../support/until.js';
import { newScreen } from './screens.js';

export interface Recording {
  readonly rows: number;
  readonly cols: number;
  readonly bytes: Uint8Array;
}

export interface RecordedProgram {
  type(keys: string): void;
  /** Resolves when the screen has a match. */
  shows(pattern: RegExp): Promise<unknown>;
}

export interface RecordOptions {
  readonly rows?: number;
  readonly cols?: number;
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a shell command in a PTY. The recording ends when `use` has returned, or the program has ended. */
export async function record(
  command: string,
  { rows = 30, cols = 100, cwd, env = {} }: RecordOptions,
  use: (program: RecordedProgram) => Promise<unknown> = () => new Promise(() => undefined),
): Promise<Recording> {
  const chunks: Uint8Array[] = [];
  // Answers what the program asks.
  const screen: Screen = newScreen({
    rows,
    cols,
    said: { replies: [], facts: [], counts: [] },
    reply: (text) => pty.write(Buffer.from(text)),
  });
  let ended: () => void = () => undefined;
  const end = new Promise<void>((resolve) => {
    ended = resolve;
  });
  const spawned = spawnPty(
    {
      file: '/bin/sh',
      args: ['-c', command],
      cwd,
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: cwd,
        TERM: 'xterm-256color',
        COLORTERM: 'truecolor',
        LC_ALL: 'C.UTF-8',
        ...env,
      },
      rows,
      cols,
    },
    {
      onData: (bytes) => {
        chunks.push(bytes);
        screen.write(bytes);
      },
      onExit: ended,
    },
  );
  if (isHubError(spawned)) throw spawned;
  const pty = spawned;
  const lateMs = performance.now() + LATE_MS;
  const shows = (pattern: RegExp): Promise<unknown> =>
    until(() => {
      const { text } = screen.text(0);
      if (performance.now() > lateMs) throw new Error(`nothing like ${pattern} on the screen:\n${text}`);
      return pattern.test(text);
    });
  try {
    const type = (keys: string): void => void pty.write(Buffer.from(keys));
    await Promise.race([end, use({ type, shows })]);
    return { rows, cols, bytes: Buffer.concat(chunks) };
  } finally {
    // Hangs up, which ends the program.
    pty.dispose();
    await end;
  }
}
