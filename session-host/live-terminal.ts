/**
 * A running command: its PTY, the ring of its recent bytes, its history on disk and its screen mirror.
 *
 * Bytes go to the clients first (`onOutput`), then to disk and mirror. The PTY is paused while the mirror or the disk is
 * too far behind, so memory stays bounded; never because of a client. When the command has ended and all was read and
 * parsed, `onExit` is called with what is left of it.
 */
import type { Clock } from '../base/clock.js';
import { type HubError, isHubError } from '../base/errors.js';
import type { Disposable } from '../base/scope.js';
import { ByteRing } from './byte-ring.js';
import type { HistoryWriter } from './history.js';
import type { Mirror, MirrorFact, MirrorHandlers, ScreenText, Snapshot } from './mirror/mirror-types.js';
import { lastViews, PastTerminal } from './past-terminal.js';
import type { Pty } from './pty.js';
import type { PtyExit, PtyHandlers } from './pty-types.js';
import { copyBytes, type Terminal } from './terminal.js';

/** The mirror may be this far behind; less where the ring is small, or a snapshot would be older than the ring. */
const MAX_LAG_BYTES = 1024 * 1024;
/** What may wait for the disk. */
const MAX_BACKLOG_BYTES = 4 * 1024 * 1024;
/** Work goes on when what waits is this part of the most. */
const RESUME_PART = 1 / 4;
/** How often it is looked whether a session that waits for the disk can go on. */
const LOOK_MS = 500;
/** How long the end of a session waits for its last screen. */
const LAST_VIEWS_MS = 5_000;

export interface LiveTerminalParts {
  readonly ringBytes: number;
  readonly rows: number;
  readonly cols: number;
  readonly clock: Clock;
  readonly spawn: (handlers: PtyHandlers) => Pty | HubError;
  readonly openHistory: ((onDrained: () => void) => HistoryWriter) | undefined;
  readonly openMirror: (handlers: MirrorHandlers, replay: () => Uint8Array[]) => Mirror;
}

export interface LiveTerminalHandlers {
  /** `end` has moved. */
  readonly onOutput: () => void;
  readonly onFact: (fact: MirrorFact) => void;
  /** Called once, last. `recorded` resolves when the history is written, as far as it can be, and closed. */
  readonly onExit: (exit: PtyExit, past: PastTerminal, recorded: Promise<void>) => void;
}

export class LiveTerminal implements Terminal {
  #rows: number;
  #cols: number;
  #sizedAt = 0;
  readonly #handlers: LiveTerminalHandlers;
  readonly #clock: Clock;
  readonly #ring: ByteRing;
  readonly #maxLagBytes: number;
  readonly #pty: Pty;
  readonly #history: HistoryWriter | undefined;
  readonly #mirror: Mirror;
  /** Snapshots that were asked for and have not come, by scrollback: who asks meanwhile gets the same. */
  readonly #snapshots = new Map<number, Promise<Snapshot>>();
  /** Resolves when the command has ended. */
  readonly processEnded: Promise<void>;
  #resolveEnded: () => void = () => undefined;
  #processEnded = false;
  #onParsed: (() => void) | undefined;
  #look: Disposable | undefined;

  /** Starts the command. Errors: what `spawn` gives. */
  static start(parts: LiveTerminalParts, handlers: LiveTerminalHandlers): LiveTerminal | HubError {
    let terminal: LiveTerminal | undefined;
    const started = (): LiveTerminal => terminal as LiveTerminal;
    // Neither is called before the next turn of the loop.
    const pty = parts.spawn({
      onData: (bytes) => started().#output(bytes),
      onExit: (exit) => void started().#exited(exit),
    });
    if (isHubError(pty)) return pty;
    terminal = new LiveTerminal(parts, handlers, pty);
    return terminal;
  }

  private constructor(parts: LiveTerminalParts, handlers: LiveTerminalHandlers, pty: Pty) {
    this.processEnded = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    this.#rows = parts.rows;
    this.#cols = parts.cols;
    this.#handlers = handlers;
    this.#clock = parts.clock;
    this.#ring = new ByteRing(parts.ringBytes);
    this.#maxLagBytes = Math.min(MAX_LAG_BYTES, parts.ringBytes / 4);
    this.#pty = pty;
    this.#history = parts.openHistory?.(() => this.#throttle());
    this.#mirror = parts.openMirror(
      {
        onParsed: () => this.#parsed(),
        // Not more than a program that does not read its terminal can leave unread: then there is nobody to answer.
        onReply: (bytes) => void (this.#processEnded || this.#pty.write(bytes)),
        onFact: (fact) => handlers.onFact(fact),
      },
      () => [copyBytes(this.#ring, this.#ring.start, parts.ringBytes)],
    );
  }

  get pid(): number {
    return this.#pty.pid;
  }
  get ttyPath(): string {
    return this.#pty.ttyPath;
  }
  get rows(): number {
    return this.#rows;
  }
  get cols(): number {
    return this.#cols;
  }
  get sizedAt(): number {
    return this.#sizedAt;
  }
  get start(): number {
    return this.#ring.start;
  }
  get end(): number {
    return this.#ring.end;
  }
  /** Offset of the first byte in the history. */
  get historyStart(): number {
    return this.#history?.start ?? this.#ring.end;
  }

  read(offset: number, maxBytes: number): Uint8Array {
    return this.#ring.read(offset, maxBytes);
  }

  snapshot(scrollback: number): Promise<Snapshot> {
    let asked = this.#snapshots.get(scrollback);
    if (asked === undefined) {
      asked = this.#mirror.snapshot({ scrollback }).finally(() => this.#snapshots.delete(scrollback));
      this.#snapshots.set(scrollback, asked);
    }
    return asked;
  }

  screen(scrollback: number): Promise<ScreenText> {
    return this.#mirror.screen({ scrollback });
  }

  /** Resolves when all output so far is in the history on disk, as far as it can be. */
  async flushHistory(): Promise<void> {
    await this.#history?.flush();
  }

  /** False: not taken, too much waits for the program to read it. */
  write(bytes: Uint8Array): boolean {
    return !this.#processEnded && this.#pty.write(bytes);
  }

  resize(rows: number, cols: number): void {
    this.#rows = rows;
    this.#cols = cols;
    this.#sizedAt = this.end;
    this.#mirror.resize(rows, cols);
    if (!this.#processEnded) this.#pty.resize(rows, cols);
  }

  #output(bytes: Uint8Array): void {
    const offset = this.#ring.end;
    this.#ring.push(bytes);
    this.#handlers.onOutput();
    this.#history?.append(offset, bytes);
    this.#mirror.write(bytes);
    this.#throttle();
  }

  #parsed(): void {
    this.#throttle();
    this.#onParsed?.();
  }

  #throttle(): void {
    const lag = (this.#mirror.lag - this.#mirror.held) / this.#maxLagBytes;
    const backlog = (this.#history?.backlogBytes ?? 0) / MAX_BACKLOG_BYTES;
    const fullness = Math.max(lag, backlog);
    if (fullness > 1 && !this.#pty.paused) this.#pty.pause();
    else if (fullness < RESUME_PART && this.#pty.paused) this.#pty.resume();
    // A disk that fails does not say when it has dropped what waited.
    if (this.#pty.paused && backlog > lag) this.#look ??= this.#clock.after(LOOK_MS, () => this.#lookAgain());
  }

  #lookAgain(): void {
    this.#look = undefined;
    this.#throttle();
  }

  async #exited(exit: PtyExit): Promise<void> {
    this.#processEnded = true;
    this.#resolveEnded();
    const parsed = (): Promise<void> =>
      new Promise((resolve) => {
        this.#onParsed = resolve;
      });
    const { timeout, cancel } = this.#timeout(LAST_VIEWS_MS);
    const views = await Promise.race([lastViews(this.#mirror, parsed).catch(() => undefined), timeout]);
    cancel();
    this.#mirror.close();
    this.#look?.dispose();
    const size = { rows: this.#rows, cols: this.#cols };
    // Not waited for here: a disk that is stuck must not keep a session from ending.
    const recorded = this.#history?.close() ?? Promise.resolve();
    this.#handlers.onExit(exit, new PastTerminal(size, this.#ring, views), recorded);
  }

  #timeout(ms: number): { timeout: Promise<undefined>; cancel: () => void } {
    let cancel = (): void => undefined;
    const timeout = new Promise<undefined>((resolve) => {
      const timer = this.#clock.after(ms, () => resolve(undefined));
      cancel = () => timer.dispose();
    });
    return { timeout, cancel };
  }
}
