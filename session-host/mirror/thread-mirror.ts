/**
 * One mirror on the thread's side: its screen, and the bytes and sizes that wait for it.
 */
import type { ToMirrors } from './mirror.calls.js';
import type { MirrorFact } from './mirror-types.js';
import { RateLimit } from './rate-limit.js';
import { Screen } from './screen.js';

/** A piece is what cannot be interrupted. It shrinks while a session sends what is slow to parse. */
export const MAX_PIECE_BYTES = 8 * 1024;
export const MIN_PIECE_BYTES = 64;
/** Answers to a program that does not read them. Real ones ask for some kilobytes when they start. */
export const REPLY_BURST_BYTES = 64 * 1024;
export const REPLY_BYTES_PER_SECOND = 1024 * 1024;

/** `again`: bytes that were parsed before. Their questions have been answered, their bells have rung. */
export type Work =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array; readonly again: boolean }
  | { readonly kind: 'resize'; readonly rows: number; readonly cols: number };

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
  /** Snapshots that are being taken; the screen must not change meanwhile. */
  jobs = 0;
  /** Waits for its share of the thread. */
  waiting = false;
  readonly #nowMs: () => number;
  readonly #replies: RateLimit;
  readonly #work: Work[] = [];
  /** Bytes of the first piece of work that are done. */
  #done = 0;
  #pieceBytes = MAX_PIECE_BYTES;
  #again = false;
  #threw = false;

  constructor(spec: Extract<ToMirrors, { kind: 'open' }>, sink: MirrorSink, nowMs: () => number) {
    this.id = spec.id;
    this.#nowMs = nowMs;
    this.#replies = new RateLimit({ burst: REPLY_BURST_BYTES, perSecond: REPLY_BYTES_PER_SECOND, nowMs });
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

  add(work: Work): void {
    // Only the last of several sizes is ever shown.
    if (work.kind === 'resize' && this.#work.at(-1)?.kind === 'resize') this.#work.pop();
    this.#work.push(work);
  }

  /** Parses one piece, or resizes. Takes little longer than `targetMs`. */
  step(targetMs: number): void {
    const work = this.#work[0];
    if (work?.kind !== 'bytes') {
      if (work !== undefined) this.screen.resize(work.rows, work.cols);
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
    if (this.#done < work.bytes.length) return;
    this.#work.shift();
    this.#done = 0;
  }
}

/** Facts that hold until the next one of their kind. */
function isState(fact: MirrorFact): boolean {
  return fact.type === 'title' || fact.type === 'cwd' || fact.type === 'modes';
}

export function describe(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}
