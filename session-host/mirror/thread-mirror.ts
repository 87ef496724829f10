/**
 * One mirror on the thread's side: its screen, and the bytes and sizes that wait for it.
 */
import { TokenBucket } from '../../base/token-bucket.js';
import type { ToMirrors } from './mirror.calls.js';
import type { MirrorFact } from './mirror-types.js';
import { findPlainRun, type Scan, type ScannedPiece, scanPlain } from './plain-lines.js';
import { Screen } from './screen.js';

/**
 * A piece is what cannot be interrupted. It shrinks while a session sends what is slow to parse; the worst there is,
 * nothing but full resets, takes 50 ms in the first piece. Larger ones are hardly faster.
 */
export const MAX_PIECE_BYTES = 2 * 1024;
export const MIN_PIECE_BYTES = 64;
/** Answers to a program that does not read them. Real ones ask for some kilobytes when they start. */
export const REPLY_BURST_BYTES = 64 * 1024;
export const REPLY_BYTES_PER_SECOND = 1024 * 1024;

/** With less to parse than this, leaving out lines is not worth the search. */
export const MIN_BACKLOG_BYTES = 256 * 1024;
/** How many bytes further another search may find more. */
const SEARCH_STEP_BYTES = 64 * 1024;
/**
 * How long a mirror that has left out lines rests before it parses those it kept: most of a flood's lines are never
 * parsed when the next ones come first.
 */
export const REST_MS = 10;
/** With more waiting there is no rest. */
const MAX_HELD_BYTES = 512 * 1024;

/** `again`: bytes that were parsed before. Their questions have been answered, their bells have rung. */
export type Work =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array; readonly again: boolean; scan?: Scan }
  | { readonly kind: 'resize'; readonly rows: number; readonly cols: number }
  /** Bytes that leave no trace on the screen. */
  | { readonly kind: 'skip'; readonly bytesCount: number };

/** Where what a mirror says goes. */
export interface MirrorSink {
  reply(text: string): void;
  fact(fact: MirrorFact): void;
  count(name: string): void;
  /** The first time that something of the emulator threw. */
  error(text: string): void;
}

export class ThreadMirror {
  readonly id: number;
  readonly screen: Screen;
  /** Texts and snapshots that are wanted. */
  jobs = 0;
  /** Snapshots that have begun; the screen must not change meanwhile. */
  begun = 0;
  /** Waits for its share of the thread. */
  waiting = false;
  readonly #nowMs: () => number;
  readonly #replies: TokenBucket;
  #work: Work[] = [];
  #waitingBytes = 0;
  /** All that waits is plain. */
  #allPlain = false;
  #restUntilMs = 0;
  /** What waits is worth another search from here on. */
  #restBytes = 0;
  /** Up to this offset there is nothing to leave out. */
  #searchedTo = 0;
  /** Lines were left out: from this offset on the screen is the session's again. */
  #trueFrom = 0;
  /** Bytes of the first piece of work that are done. */
  #done = 0;
  #pieceBytes = MAX_PIECE_BYTES;
  #again = false;
  #threw = false;

  constructor(spec: Extract<ToMirrors, { kind: 'open' }>, sink: MirrorSink, nowMs: () => number) {
    this.id = spec.id;
    this.#nowMs = nowMs;
    this.#replies = new TokenBucket({ burst: REPLY_BURST_BYTES, perSecond: REPLY_BYTES_PER_SECOND }, nowMs);
    this.screen = new Screen({
      rows: spec.rows,
      cols: spec.cols,
      scrollbackLines: spec.scrollback_lines,
      offset: spec.offset,
      nowMs,
      output: {
        reply: (text) => {
          if (this.#again) return;
          if (this.#replies.take(text.length)) sink.reply(text);
          else sink.count('mirror.reply_dropped');
        },
        fact: (fact) => {
          if (!this.#again || isState(fact)) sink.fact(fact);
        },
        count: (name, thrown) => {
          if (this.#again) return;
          sink.count(name);
          if (thrown === undefined || this.#threw) return;
          this.#threw = true;
          sink.error(describe(thrown));
        },
      },
    });
  }

  get hasWork(): boolean {
    return this.#work.length > 0;
  }

  /** The screen shows what it says it shows. If not, it does after more steps. */
  get settled(): boolean {
    return this.screen.offset >= this.#trueFrom && this.#work[0]?.kind !== 'resize';
  }

  /** It has work, and does it later: more bytes could make it unnecessary. Asked for by nobody, that is. */
  get resting(): boolean {
    return this.#waitingBytes < this.#restBytes && this.jobs === 0 && this.#nowMs() < this.#restUntilMs;
  }

  /** Bytes that rest. */
  get held(): number {
    return this.resting ? this.#waitingBytes : 0;
  }

  add(work: Work): void {
    // Only the last of several sizes is ever shown.
    if (work.kind === 'resize' && this.#work.at(-1)?.kind === 'resize') this.#work.pop();
    const { resting } = this;
    this.#work.push(work);
    if (work.kind !== 'bytes') return;
    this.#waitingBytes += work.bytes.length;
    // A screen that is asked for meanwhile is one after all of this.
    if (resting) this.#trueFrom = this.screen.offset + this.#waitingBytes;
  }

  /** Parses one piece, or resizes. Takes little longer than `targetMs`. */
  step(targetMs: number): void {
    if (this.#waitingBytes >= MIN_BACKLOG_BYTES) this.#leaveOutLines();
    const work = this.#work[0];
    if (work?.kind !== 'bytes') {
      if (work?.kind === 'resize') this.screen.resize(work.rows, work.cols);
      else if (work !== undefined) this.#skip(work.bytesCount);
      this.#work.shift();
      return;
    }
    const startMs = this.#nowMs();
    const piece = work.bytes.subarray(this.#done, this.#done + this.#pieceBytes);
    this.#again = work.again;
    this.screen.write(piece);
    if (this.#nowMs() - startMs > targetMs)
      this.#pieceBytes = Math.max(MIN_PIECE_BYTES, this.#pieceBytes >> 1);
    else if (this.#pieceBytes < MAX_PIECE_BYTES) this.#pieceBytes <<= 1;
    this.#done += piece.length;
    this.#waitingBytes -= piece.length;
    if (this.#done < work.bytes.length) return;
    this.#work.shift();
    this.#done = 0;
  }

  #skip(bytesCount: number): void {
    this.screen.skip(bytesCount);
    if (!this.#allPlain || this.#waitingBytes > MAX_HELD_BYTES) return;
    this.#restUntilMs = this.#nowMs() + REST_MS;
    this.#restBytes = this.#waitingBytes + MIN_BACKLOG_BYTES;
  }

  /** Takes out of what waits the lines that would have scrolled away before anybody could see them. */
  #leaveOutLines(): void {
    const { offset, linesKept } = this.screen;
    if (offset < this.#searchedTo) return;
    const pieces = this.#bytesInFront();
    const { end, skip } = linesKept === undefined ? { end: 0 } : findPlainRun(pieces, linesKept);
    this.#searchedTo = offset + (skip?.to ?? Math.max(end, SEARCH_STEP_BYTES));
    if (skip === undefined) return;
    this.#trueFrom = offset + end;
    this.#restBytes = 0;
    this.#allPlain = end === this.#waitingBytes && pieces.length === this.#work.length;
    const again = this.#work[0]?.kind === 'bytes' && this.#work[0].again;
    const kept = (from: number, to: number): Work[] =>
      cut(pieces, from, to).map((piece) => ({ kind: 'bytes', again, ...piece }));
    const bytesCount = skip.to - skip.from;
    this.#work = [
      ...kept(0, skip.from),
      { kind: 'skip', bytesCount },
      ...kept(skip.to, Number.POSITIVE_INFINITY),
      ...this.#work.slice(pieces.length),
    ];
    this.#done = 0;
    this.#waitingBytes -= bytesCount;
  }

  /** What waits up to the next change of size, without what is parsed already. */
  #bytesInFront(): ScannedPiece[] {
    const pieces: ScannedPiece[] = [];
    for (const work of this.#work) {
      if (work.kind !== 'bytes') break;
      if (pieces.length === 0 && this.#done > 0) pieces.push(scanned(work.bytes.subarray(this.#done)));
      else {
        work.scan ??= scanPlain(work.bytes);
        pieces.push({ bytes: work.bytes, scan: work.scan });
      }
    }
    return pieces;
  }
}

function scanned(bytes: Uint8Array): ScannedPiece {
  return { bytes, scan: scanPlain(bytes) };
}

/** The bytes from position `from` to position `to` of all pieces together, as pieces. */
function cut(pieces: readonly ScannedPiece[], from: number, to: number): ScannedPiece[] {
  const kept: ScannedPiece[] = [];
  let start = 0;
  for (const piece of pieces) {
    const part = piece.bytes.subarray(Math.max(0, from - start), Math.max(0, to - start));
    if (part.length === piece.bytes.length) kept.push(piece);
    else if (part.length > 0) kept.push(scanned(part));
    start += piece.bytes.length;
  }
  return kept;
}

/** Facts that hold until the next one of their kind. */
function isState(fact: MirrorFact): boolean {
  return fact.type === 'title' || fact.type === 'cwd' || fact.type === 'modes';
}

export function describe(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}
