/**
 * One attach: a cursor over a session's bytes, and the client's credit.
 *
 * What a client gets is the true stream from its last snapshot on, each byte once, offsets without holes. The client
 * says how much it can take; without credit nothing is copied, queued or remembered but two numbers. One that is too far behind when
 * its credit comes back gets a snapshot instead of the backlog. A change of size takes its place in the stream; where a
 * screen grows a snapshot follows, since the lines that come into view are not the client's to know.
 */
import { encodeTerminalFrame } from '../protocol/terminal-frames.js';
import type { Snapshot } from './mirror/mirror-types.js';
import type { TerminalSize } from './size-policy.js';
import type { Terminal } from './terminal.js';

/** How far a client may fall behind before a snapshot is cheaper than the bytes, if it does not say. */
export const LAG_BYTES = 256 * 1024;
export const MAX_OUTPUT_BYTES = 32 * 1024;
/** No client has more use for credit than this. */
const MAX_CREDIT_BYTES = 16 * 1024 * 1024;
/** A larger one (thousands of wide lines, each cell in colours of its own) is not sent. */
const MAX_SNAPSHOT_BYTES = 8 * 1024 * 1024;
/** Snapshots in a row that could not be had or came too late, before the client gets what bytes there are. */
const MAX_TRIES = 3;
/** Answers in a row from before the size that they were asked for; the mirror comes to it as soon as it can. */
const MAX_STALE = 50;
/** Sizes that are remembered. Of more, those in the middle matter to nobody. */
const MAX_SIZES = 16;

/** Where the bytes come from: a session. */
export interface AttachmentSource extends Omit<Terminal, 'screen'> {
  /** Nothing comes after `end`. */
  readonly ended: boolean;
}

/** Where they go: a connection. */
export interface AttachmentSink {
  /** Whether it takes frames now. When it does again, it calls `pump`. */
  readonly writable: boolean;
  send(frame: Uint8Array): void;
  sendSize(attach: number, rows: number, cols: number): void;
}

export interface AttachmentOptions {
  readonly id: number;
  readonly source: AttachmentSource;
  readonly sink: AttachmentSink;
  /** What the client has already: the next byte it needs. */
  readonly offset?: number;
  readonly credit: number;
  /** Lines above the screen in snapshots. */
  readonly scrollback: number;
  /** How far the client may fall behind. Default LAG_BYTES. */
  readonly lagBytes?: number;
  /** All was sent and nothing will come. Called once, unless closed before. */
  readonly onComplete: () => void;
  /** A bug of ours, outside of any call. */
  readonly onFault: (thrown: unknown) => void;
}

interface SizeMark {
  readonly offset: number;
  readonly rows: number;
  readonly cols: number;
}

export class Attachment {
  readonly id: number;
  readonly #source: AttachmentSource;
  readonly #sink: AttachmentSink;
  readonly #scrollback: number;
  readonly #lagBytes: number;
  readonly #onComplete: () => void;
  readonly #onFault: (thrown: unknown) => void;
  /** Next byte to send. Meaningless while a snapshot is needed. */
  #offset: number;
  #credit: number;
  /** How far behind it may be now. Beyond #lagBytes only while it catches up. */
  #allowance: number;
  #needsSnapshot: boolean;
  /** For a snapshot; at first for the beginning. */
  #waiting = true;
  #failures = 0;
  #stale = 0;
  #closed = false;
  /** What the client shows, as far as that is known. */
  #shown: TerminalSize | undefined;
  /** Sizes that the session took on, in order, at different offsets; a snapshot may be from before some that were sent. */
  #sizes: SizeMark[] = [];
  /** How many of these were sent. */
  #sizesSent = 0;

  constructor(options: AttachmentOptions) {
    const {
      id,
      source,
      sink,
      offset,
      credit,
      scrollback,
      lagBytes = LAG_BYTES,
      onComplete,
      onFault,
    } = options;
    this.id = id;
    this.#source = source;
    this.#sink = sink;
    this.#scrollback = scrollback;
    this.#lagBytes = lagBytes;
    this.#onComplete = onComplete;
    this.#onFault = onFault;
    this.#credit = Math.min(credit, MAX_CREDIT_BYTES);
    this.#offset = offset ?? 0;
    this.#needsSnapshot = offset === undefined || offset < source.start || offset > source.end;
    // What it misses it gets, however much that is, as long as it does not fall further back.
    this.#allowance = source.end - this.#offset + lagBytes;
  }

  /** The client knows of the attach: from now on it is sent to. */
  begin(): void {
    this.#waiting = false;
    this.pump();
  }

  /** The client can take more. */
  grant(bytes: number): void {
    this.#credit = Math.min(this.#credit + bytes, MAX_CREDIT_BYTES);
    this.pump();
  }

  /** The session took on another size, after all bytes that it has now. */
  resized(rows: number, cols: number): void {
    if (this.#closed) return;
    const offset = this.#source.end;
    const last = this.#sizes.at(-1);
    if (last?.offset === offset || this.#sizes.length >= MAX_SIZES) this.#sizes.pop();
    this.#sizes.push({ offset, rows, cols });
    this.#sizesSent = Math.min(this.#sizesSent, this.#sizes.length - 1);
    this.pump();
  }

  /** Sends what there is, as far as credit and connection allow. */
  pump(): void {
    while (!this.#closed && !this.#waiting) {
      const source = this.#source;
      const behind = source.end - this.#offset;
      if (!this.#needsSnapshot) this.#sendSizes();
      if (!this.#needsSnapshot && behind === 0) {
        this.#allowance = this.#lagBytes;
        if (source.ended) this.#complete();
        return;
      }
      if (this.#credit <= 0 || !this.#sink.writable) return;
      if (this.#needsSnapshot || this.#offset < source.start || behind > this.#allowance) {
        this.#askSnapshot();
        return;
      }
      this.#allowance = Math.max(this.#lagBytes, Math.min(this.#allowance, behind + this.#lagBytes));
      this.#sendOutput();
    }
  }

  /** Nothing is sent from now on. */
  close(): void {
    this.#closed = true;
    this.#sizes = [];
  }

  #sendOutput(): void {
    const untilSize = (this.#sizes[this.#sizesSent]?.offset ?? Number.POSITIVE_INFINITY) - this.#offset;
    const maxBytes = Math.min(MAX_OUTPUT_BYTES, this.#credit, untilSize);
    const bytes = this.#source.read(this.#offset, maxBytes);
    this.#sink.send(encodeTerminalFrame({ type: 'output', attach: this.id, offset: this.#offset, bytes }));
    this.#offset += bytes.length;
    this.#credit -= bytes.length;
  }

  #sendSizes(): void {
    for (;;) {
      const next = this.#sizes[this.#sizesSent];
      if (next === undefined || next.offset > this.#offset) return;
      this.#sizesSent++;
      const { rows, cols } = next;
      this.#sink.sendSize(this.id, rows, cols);
      // Taller shows what was above; wider joins lines that were broken, and then does too.
      if (this.#shown === undefined || rows > this.#shown.rows || cols > this.#shown.cols)
        this.#needsSnapshot = true;
      this.#shown = { rows, cols };
    }
  }

  #askSnapshot(): void {
    this.#waiting = true;
    this.#source
      .snapshot(this.#scrollback)
      .catch(() => undefined)
      .then((snapshot) => this.#take(snapshot))
      .catch(this.#onFault);
  }

  #take(snapshot: Snapshot | undefined): void {
    this.#waiting = false;
    if (this.#closed) return;
    const { start, rows, cols } = this.#source;
    const resumable = !this.#needsSnapshot && this.#offset >= start;
    const stale =
      snapshot !== undefined &&
      this.#shown !== undefined &&
      snapshot.offset <= this.#offset &&
      (snapshot.rows !== rows || snapshot.cols !== cols);
    if (stale && !resumable && ++this.#stale <= MAX_STALE) return this.#askSnapshot();
    if (snapshot !== undefined && resumable && snapshot.offset <= this.#offset) {
      // The screen is not known any further than the client knows it: the bytes are the shorter way.
      this.#catchUpFrom(this.#offset);
    } else if (!this.#sink.writable) {
      // A connection that filled up meanwhile asks again when it has room, for a screen of then.
      return;
    } else if (
      snapshot !== undefined &&
      snapshot.offset >= start &&
      snapshot.bytes.length <= MAX_SNAPSHOT_BYTES
    ) {
      this.#sendSnapshot(snapshot);
    } else if (++this.#failures >= MAX_TRIES) {
      // An empty terminal that then shows all bytes there are: the next best thing.
      this.#sendSnapshot({ offset: start, rows, cols, bytes: new Uint8Array() });
    }
    this.pump();
  }

  #sendSnapshot(snapshot: Snapshot): void {
    this.#sink.send(encodeTerminalFrame({ type: 'snapshot', attach: this.id, ...snapshot }));
    this.#credit -= snapshot.bytes.length;
    this.#needsSnapshot = false;
    this.#shown = { rows: snapshot.rows, cols: snapshot.cols };
    this.#failures = 0;
    this.#stale = 0;
    // A size at that very offset may be in the snapshot or not; to hear it again harms nobody.
    this.#sizes = this.#sizes.filter(({ offset }) => offset >= snapshot.offset);
    this.#sizesSent = 0;
    const { rows, cols, sizedAt } = this.#source;
    if (this.#sizes.length === 0 && (snapshot.rows !== rows || snapshot.cols !== cols)) {
      // The session took on its size before this attach began, but after what the snapshot shows.
      this.#sizes.push({ offset: Math.max(sizedAt, snapshot.offset), rows, cols });
    }
    this.#catchUpFrom(snapshot.offset);
  }

  #catchUpFrom(offset: number): void {
    this.#offset = offset;
    this.#allowance = this.#source.end - offset + this.#lagBytes;
  }

  #complete(): void {
    this.close();
    this.#onComplete();
  }
}
