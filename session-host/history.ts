/**
 * Writes a session's output to disk as it comes; history-reader.ts reads it, while it is written or long after.
 *
 * Writing never holds anything up: bytes wait in memory, bounded, and go out in batches, one at a time. When the disk is
 * full, broken or stuck, the session is told once, bytes are dropped, and recording goes on by itself when it can, at
 * the right offset. What was dropped is a gap that readers see; no byte is ever given for another.
 */
import type { Clock } from '../base/clock.js';
import { messageOf } from '../base/errors.js';
import type { Disposable } from '../base/scope.js';
import { errnoOf } from '../system/errno.js';
import { HistoryBacklog } from './history-backlog.js';
import { SegmentWriter } from './history-segments.js';

/** Small pieces are collected this long, so that each keystroke is no write of its own. */
const COLLECT_MS = 20;
/** With so much waiting, writing begins at once. */
const COLLECT_BYTES = 256 * 1024;
/** What may wait while the disk works. Its owner pauses the session long before. */
const MAX_BACKLOG_BYTES = 16 * 1024 * 1024;
/** Each piece costs memory beside its bytes. */
const MAX_BACKLOG_PIECES = 64 * 1024;
/** What is kept while the disk refuses to write: the last bytes, for when it does again. */
const MAX_FAILING_BACKLOG_BYTES = 256 * 1024;
/** A write that takes longer stops nobody any more. */
const STUCK_MS = 5_000;
const RETRY_MS = 5_000;

export interface HistoryOptions {
  /** The session's folder; made when the first byte is written. */
  readonly dir: string;
  /** What may stay on disk; 0: nothing is written. */
  readonly maxBytes: number;
  readonly clock: Clock;
  /**
   * Bytes are being dropped; called once until writing works again. Codes: history.write_failed (the disk is full, the
   * folder gone, ...), history.stuck (the disk does not answer), history.too_slow.
   */
  readonly onTrouble: (code: string, message: string) => void;
  /** Nothing waits any more. */
  readonly onDrained: () => void;
}

export class HistoryWriter {
  readonly #options: HistoryOptions;
  readonly #segments: SegmentWriter;
  readonly #waiting = new HistoryBacklog();
  #inFlightBytes = 0;
  #end = 0;
  #droppedBytes = 0;
  #pumping = false;
  /** The last write failed; the next one is in RETRY_MS. */
  #failing = false;
  /** A write takes longer than STUCK_MS. */
  #stuck = false;
  /** The owner was told of trouble; again only after all has been written. */
  #reported = false;
  #closed = false;
  #timer: Disposable | undefined;
  #flushed: (() => void)[] = [];

  constructor(options: HistoryOptions) {
    this.#options = options;
    this.#segments = new SegmentWriter(options.dir, options.maxBytes);
  }

  /** Bytes in memory that are not on disk. */
  get backlogBytes(): number {
    return this.#waiting.bytes + this.#inFlightBytes;
  }

  /** Offset of the first byte that is still there. */
  get start(): number {
    return this.#segments.start ?? this.#waiting.start ?? this.#end;
  }

  /** Bytes that never got to the disk. */
  get droppedBytes(): number {
    return this.#droppedBytes;
  }

  /** Takes bytes that begin at `offset`; later offsets follow. The array is kept until it is written: do not change it. */
  append(offset: number, bytes: Uint8Array): void {
    if (this.#closed || bytes.length === 0) return;
    this.#end = offset + bytes.length;
    if (this.#options.maxBytes === 0) return;
    if (this.#stuck) {
      this.#droppedBytes += bytes.length;
      return;
    }
    this.#waiting.push(offset, bytes);
    this.#trim();
    this.#schedule();
  }

  /** Resolves when what was appended is on disk, or cannot be written now. */
  async flush(): Promise<void> {
    if (this.#stuck || this.backlogBytes === 0) return;
    await new Promise<void>((resolve) => {
      this.#flushed.push(resolve);
      this.#startPump();
    });
  }

  /** Writes what waits, as far as that works, and closes the files. Nothing is taken any more. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.flush();
    this.#timer?.dispose();
    this.#timer = undefined;
    // A write that is stuck closes its file when it comes back.
    if (!this.#pumping) await this.#segments.close();
  }

  #schedule(): void {
    if (this.#pumping || this.#stuck) return;
    if (!this.#failing && this.#waiting.bytes >= COLLECT_BYTES) this.#startPump();
    else this.#timer ??= this.#options.clock.after(COLLECT_MS, () => this.#startPump());
  }

  #startPump(): void {
    this.#timer?.dispose();
    this.#timer = undefined;
    if (!this.#pumping) void this.#pump();
  }

  /** Writes until nothing waits, or it does not work. */
  async #pump(): Promise<void> {
    this.#pumping = true;
    this.#failing = false;
    while (!this.#failing && this.#waiting.bytes > 0) await this.#writeBatch();
    this.#pumping = false;
    if (this.#failing) this.#timer ??= this.#options.clock.after(RETRY_MS, () => this.#startPump());
    else this.#reported = false;
    if (this.#closed) {
      this.#timer?.dispose();
      this.#timer = undefined;
      this.#drop(0);
      await this.#segments.close();
    }
    this.#settle();
  }

  async #writeBatch(): Promise<void> {
    const before = this.#waiting.bytes;
    const batch = this.#waiting.take();
    this.#inFlightBytes = before - this.#waiting.bytes;
    const stuck = this.#options.clock.after(STUCK_MS, () => this.#becomeStuck());
    try {
      const written = await this.#segments.write(
        batch[0]?.offset ?? 0,
        batch.map((piece) => piece.bytes),
      );
      this.#waiting.putBack(batch, written);
    } catch (thrown) {
      this.#waiting.putBack(batch, 0);
      this.#failing = true;
      this.#trim();
      this.#report('history.write_failed', describe(this.#options.dir, thrown));
    } finally {
      stuck.dispose();
      this.#inFlightBytes = 0;
      this.#stuck = false;
    }
  }

  /** The disk does not answer: nobody waits for it any longer. */
  #becomeStuck(): void {
    this.#stuck = true;
    // Whether they get to the disk is not known; they are not waited for.
    this.#inFlightBytes = 0;
    this.#drop(0);
    this.#report(
      'history.stuck',
      `The disk of ${this.#options.dir} has not answered for ${STUCK_MS / 1_000} s. The session goes on; its history has a gap until the disk works again.`,
    );
    this.#settle();
  }

  #trim(): void {
    if (this.#failing) this.#drop(MAX_FAILING_BACKLOG_BYTES);
    if (this.#waiting.bytes > MAX_BACKLOG_BYTES || this.#waiting.pieces > MAX_BACKLOG_PIECES) {
      this.#drop(this.#waiting.bytes / 2);
      this.#report(
        'history.too_slow',
        `The disk of ${this.#options.dir} is slower than the session's output: its history has a gap.`,
      );
    }
  }

  #drop(maxBytes: number): void {
    this.#droppedBytes += this.#waiting.drop(maxBytes);
  }

  #report(code: string, message: string): void {
    if (this.#reported) return;
    this.#reported = true;
    this.#options.onTrouble(code, message);
  }

  #settle(): void {
    const flushed = this.#flushed;
    this.#flushed = [];
    for (const resolve of flushed) resolve();
    if (this.backlogBytes === 0 && !this.#closed) this.#options.onDrained();
  }
}

function describe(dir: string, thrown: unknown): string {
  const errno = errnoOf(thrown);
  const todo =
    errno === 'ENOSPC' || errno === 'EDQUOT'
      ? 'Make room on the disk'
      : 'See to it that the folder can be written';
  return `The history of the session cannot be written to ${dir}: ${messageOf(thrown)}. ${todo}; recording goes on by itself then, with a gap.`;
}
