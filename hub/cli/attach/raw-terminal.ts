/**
 * The terminal that the command runs in, in raw mode: every key comes as the terminal sends it.
 *
 * However the process ends, the terminal is put back: `restore` runs at the latest when it exits.
 */
import { spawnSync } from 'node:child_process';
import { writeSync } from 'node:fs';
import { fail } from '../../../base/errors.js';
import type { Size } from './outer-terminal.js';

/** Signals that end the command; each gives the terminal back first. */
const ENDING = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGTERM: 15 } as const;

export interface RawTerminalHandlers {
  readonly onInput: (bytes: Uint8Array) => void;
  readonly onResize: (size: Size) => void;
  /** The process was stopped and goes on: whatever ran meanwhile has drawn on the screen. */
  readonly onContinue: () => void;
  /** Signal, or the end of the terminal: the exit status to end with. */
  readonly onEnd: (exitStatus: number) => void;
  /** What to write before the terminal is given back. */
  readonly leaving: () => string;
}

export class RawTerminal {
  readonly #handlers: RawTerminalHandlers;
  readonly #undo: (() => void)[] = [];
  #restored = false;

  /** Errors: cli.not_a_terminal. */
  static open(handlers: RawTerminalHandlers): RawTerminal {
    requireTerminal();
    return new RawTerminal(handlers);
  }

  private constructor(handlers: RawTerminalHandlers) {
    const { stdin, stdout } = process;
    this.#handlers = handlers;
    makeRaw();
    this.#on(stdin, 'data', (bytes: Buffer) => handlers.onInput(bytes));
    this.#on(stdin, 'end', () => handlers.onEnd(128 + ENDING.SIGHUP));
    this.#on(stdin, 'error', () => handlers.onEnd(128 + ENDING.SIGHUP));
    this.#on(stdout, 'resize', () => handlers.onResize(this.size));
    this.#on(process, 'SIGCONT', () => {
      // The shell took the terminal meanwhile.
      stdin.setRawMode(false);
      makeRaw();
      handlers.onContinue();
    });
    this.#on(process, 'exit', () => this.restore());
    for (const [signal, number] of Object.entries(ENDING)) {
      this.#on(process, signal, () => handlers.onEnd(128 + number));
    }
    stdin.resume();
  }

  get size(): Size {
    return terminalSize();
  }

  /** `done` is called when the terminal took it. After `restore` nothing is written. */
  write(data: Uint8Array | string, done?: () => void): void {
    if (data.length === 0 || this.#restored) done?.();
    else process.stdout.write(data, () => done?.());
  }

  /** Gives the terminal back. Once. */
  restore(): void {
    if (this.#restored) return;
    for (const undo of this.#undo.splice(0)) undo();
    try {
      const last = this.#handlers.leaving();
      this.#restored = true;
      // At exit nothing asynchronous runs any more; writes to terminals are synchronous anyway.
      writeSync(process.stdout.fd, last);
      process.stdin.setRawMode(false);
    } catch {
      // It is gone.
    }
    this.#restored = true;
    process.stdin.pause();
  }

  #on(source: NodeJS.EventEmitter, event: string, listener: (...args: never[]) => void): void {
    const general = listener as (...args: unknown[]) => void;
    source.on(event, general);
    this.#undo.push(() => source.off(event, general));
  }
}

/**
 * Node leaves the treatment of line feeds on, which the session's own terminal has done already: a program that moves
 * the cursor down with a line feed would find it at the left. `setRawMode(false)` undoes this too.
 */
function makeRaw(): void {
  process.stdin.setRawMode(true);
  spawnSync('stty', ['-opost'], { stdio: ['inherit', 'ignore', 'ignore'] });
}

/** Errors: cli.not_a_terminal. */
export function requireTerminal(): void {
  if (process.stdin.isTTY && process.stdout.isTTY) return;
  throw fail(
    'cli.not_a_terminal',
    'attach needs a terminal for input and output. In scripts use "botster session send", "session screen", ' +
      '"session log --follow" and "session wait".',
  );
}

/** Some terminals do not know their size at first: what they say then is what everyone takes. */
export function terminalSize(): Size {
  const { rows, columns } = process.stdout;
  return {
    rows: Math.min(Math.max(1, rows || 24), 1_000),
    cols: Math.min(Math.max(1, columns || 80), 2_000),
  };
}
