/**
 * One mirror on the session host's side: counts bytes, hands them on, and starts over from the session's last bytes
 * when its other half is gone.
 */
import { ArgumentError } from '../../base/errors.js';
import type { ToMirrors } from './mirror.calls.js';
import type { Mirror, MirrorHandlers, ScreenText, Snapshot } from './mirror-types.js';
import { Outbox, type Outgoing } from './outbox.js';

/** A session pauses long before. One that does not costs this much, and then its mirror starts over. */
export const MAX_LAG_BYTES = 64 * 1024 * 1024;
/** Deaths are blamed on a mirror for so long. */
const BLAME_MS = 600_000;
/** Killing the thread this often within BLAME_MS is the end of a mirror. */
const MAX_BLAMES = 2;

export interface HostMirrorOptions {
  readonly name: string;
  readonly rows: number;
  readonly cols: number;
  readonly scrollbackLines: number;
  readonly handlers: MirrorHandlers;
  readonly replay: () => Uint8Array[];
  readonly nowMs: () => number;
  readonly link: MirrorLink;
}

/** What mirrors.ts does for each of them. */
export interface MirrorLink {
  /** Dropped while there is no thread: the mirror is opened again with the next one. */
  post(message: ToMirrors, transfer?: readonly ArrayBuffer[]): void;
  /** The mirror has gathered bytes: `flush` it soon. */
  gather(mirror: HostMirror): void;
  overrun(mirror: HostMirror): void;
  request<T extends Snapshot | ScreenText>(
    kind: 'snapshot' | 'screen',
    mirror: HostMirror,
    scrollback: number,
  ): Promise<T>;
  closed(mirror: HostMirror): void;
}

export class HostMirror implements Mirror {
  readonly name: string;
  readonly handlers: MirrorHandlers;
  readonly #options: HostMirrorOptions;
  /** lost: nothing on the other side; what is written comes back with the replay. */
  #state: 'open' | 'lost' | 'failed' | 'closed' = 'lost';
  #id = 0;
  #outbox: Outbox;
  #rows: number;
  #cols: number;
  #written = 0;
  #parsed = 0;
  #held = 0;
  /** Where the replay ends: before it the screen is not the session's. */
  #replayedAt = 0;
  #blamedMs: number[] = [];
  /** Why it was lost; said when it has been opened again. */
  #lostBecause: string | undefined;

  constructor(options: HostMirrorOptions) {
    this.#options = options;
    this.name = options.name;
    this.handlers = options.handlers;
    this.#rows = options.rows;
    this.#cols = options.cols;
    this.#outbox = this.#newOutbox();
  }

  /** Under which the thread has it; 0: it does not. */
  get id(): number {
    return this.#id;
  }

  get state(): 'open' | 'lost' | 'failed' | 'closed' {
    return this.#state;
  }

  /** Its screen can be asked for. */
  get ready(): boolean {
    return this.#state === 'open' && this.#parsed >= this.#replayedAt;
  }

  /** Bytes of the session so far. */
  get written(): number {
    return this.#written;
  }

  get parsedTo(): number {
    return this.#parsed;
  }

  get lag(): number {
    return this.#written - this.#parsed;
  }

  get held(): number {
    return this.#held;
  }

  write(bytes: Uint8Array): void {
    this.#written += bytes.length;
    if (this.#state === 'failed' || this.#state === 'closed') this.#parsed = this.#written;
    if (this.#state !== 'open' || bytes.length === 0) return;
    this.#outbox.write(bytes);
    if (this.#outbox.gathering) this.#options.link.gather(this);
    if (this.lag > MAX_LAG_BYTES) this.#options.link.overrun(this);
  }

  flush(): void {
    this.#outbox.flush();
  }

  resize(rows: number, cols: number): void {
    if (!(rows >= 1 && cols >= 1)) throw new ArgumentError(`bad size for a mirror: ${rows} x ${cols}`);
    this.#rows = rows;
    this.#cols = cols;
    if (this.#state === 'open') this.#outbox.resize(rows, cols);
  }

  snapshot({ scrollback }: { readonly scrollback: number }): Promise<Snapshot> {
    return this.#options.link.request('snapshot', this, scrollback);
  }

  screen({ scrollback }: { readonly scrollback: number }): Promise<ScreenText> {
    return this.#options.link.request('screen', this, scrollback);
  }

  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#parsed = this.#written;
    this.#options.link.closed(this);
  }

  /** There is a thread: makes the other half, and gives it what the session still has. */
  open(id: number): void {
    this.#id = id;
    this.#state = 'open';
    this.#outbox = this.#newOutbox();
    const pieces = this.#written === 0 ? [] : this.#options.replay();
    const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    this.#parsed = this.#written - bytes;
    this.#held = 0;
    this.#replayedAt = this.#written;
    this.#options.link.post({
      kind: 'open',
      id,
      rows: this.#rows,
      cols: this.#cols,
      scrollback_lines: this.#options.scrollbackLines,
      offset: this.#parsed,
    });
    for (const piece of pieces) this.#outbox.write(piece, true);
    if (this.#lostBecause === undefined) return;
    const message = `the screen was rebuilt from the last ${bytes} bytes of output (${this.#lostBecause})`;
    this.#lostBecause = undefined;
    this.handlers.onFact({ type: 'trouble', code: 'mirror.rebuilt', message });
  }

  /** The other half is gone. */
  lost(reason: string): void {
    if (this.#state !== 'open') return;
    this.#state = 'lost';
    this.#lostBecause = reason;
  }

  /** Its bytes were being parsed when the thread died. True: it has happened too often. */
  blame(): boolean {
    const nowMs = this.#options.nowMs();
    this.#blamedMs = [...this.#blamedMs.filter((blamedMs) => nowMs - blamedMs < BLAME_MS), nowMs];
    return this.#blamedMs.length >= MAX_BLAMES;
  }

  /** Nothing is mirrored any more. */
  fail(): void {
    this.#state = 'failed';
    this.#parsed = this.#written;
    this.handlers.onFact({
      type: 'trouble',
      code: 'mirror.failed',
      message: 'the screen is lost: the output made the emulator fail twice. The session itself goes on.',
    });
    this.handlers.onParsed();
  }

  /** It is at `offset`, and has put by so many bytes more. */
  parsed(offset: number, held: number): void {
    if (this.#state !== 'open' || (offset === this.#parsed && held === this.#held)) return;
    const bytes = offset + held - this.#parsed - this.#held;
    this.#parsed = offset;
    this.#held = held;
    this.#outbox.taken(bytes);
    this.handlers.onParsed();
  }

  #newOutbox(): Outbox {
    return new Outbox((outgoing) => this.#postOut(outgoing));
  }

  #postOut(outgoing: Outgoing): void {
    const { link } = this.#options;
    if (outgoing.kind === 'resize') link.post({ ...outgoing, id: this.id });
    else link.post({ ...outgoing, id: this.id }, [outgoing.bytes.buffer]);
  }
}
