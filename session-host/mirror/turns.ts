/**
 * Who gets the mirror thread's time: all mirrors in turn, a little each, so that neither a flood of one session nor a
 * long snapshot keeps the others waiting. One turn is a few milliseconds; messages are received between turns.
 */
import type { FromMirrors, Parsed, Said, ToMirrors } from './mirror.calls.js';
import type { MirrorFact } from './mirror-types.js';
import { RateLimit } from './rate-limit.js';
import { Screen } from './screen.js';

/** How long messages wait at most, next to one piece of work that takes longer. */
export const TURN_MS = 4;
/** How long one mirror has the thread while others wait. */
export const SHARE_MS = 1;
/** A piece is what cannot be interrupted. It shrinks while a session sends what is slow to parse. */
export const MAX_PIECE_BYTES = 8 * 1024;
export const MIN_PIECE_BYTES = 64;
/** Answers to a program that does not read them. Real ones ask for some kilobytes when they start. */
export const REPLY_BURST_BYTES = 64 * 1024;
export const REPLY_BYTES_PER_SECOND = 1024 * 1024;

export interface TurnsOptions {
  readonly nowMs: () => number;
  readonly post: (message: FromMirrors, transfer?: readonly ArrayBuffer[]) => void;
  /** Calls back after messages have been received. */
  readonly later: (callback: () => void) => void;
  /** Whose bytes are being parsed now; 0: nobody's. */
  readonly busy: (id: number) => void;
}

type Work =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array; readonly again: boolean }
  | { readonly kind: 'resize'; readonly rows: number; readonly cols: number };

interface Mirror {
  readonly id: number;
  readonly screen: Screen;
  readonly replies: RateLimit;
  readonly work: Work[];
  /** Bytes of the first piece of work that are done. */
  done: number;
  pieceBytes: number;
  /** Parses bytes that were parsed before. */
  again: boolean;
  /** Snapshots that are being taken; the screen must not change meanwhile. */
  jobs: number;
  /** Waits for its share, or has it. */
  waiting: boolean;
}

type Request = Extract<ToMirrors, { kind: 'snapshot' | 'screen' }>;

interface Job {
  readonly mirror: Mirror;
  readonly request: Request;
  readonly steps: Generator<void, Uint8Array<ArrayBuffer>, void>;
}

export class Turns {
  readonly #options: TurnsOptions;
  readonly #mirrors = new Map<number, Mirror>();
  /** Mirrors with bytes to parse, in the order of their turns. */
  readonly #waiting: Mirror[] = [];
  readonly #jobs: Job[] = [];
  /** Mirrors that got further in this turn. */
  readonly #touched = new Set<Mirror>();
  #said: Said[] = [];
  #scheduled = false;

  constructor(options: TurnsOptions) {
    this.#options = options;
  }

  receive(message: ToMirrors): void {
    if (message.kind === 'ping') {
      this.#options.post({ kind: 'pong' });
      return;
    }
    if (message.kind === 'open') {
      this.#open(message);
      return;
    }
    const mirror = this.#mirrors.get(message.id);
    // Closed or broken meanwhile: the host knows.
    if (mirror === undefined) return;
    switch (message.kind) {
      case 'write':
        this.#add(mirror, { kind: 'bytes', bytes: message.bytes, again: message.again });
        return;
      case 'resize':
        this.#add(mirror, { kind: 'resize', rows: message.rows, cols: message.cols });
        return;
      case 'close':
        this.#close(mirror);
        return;
      default:
        mirror.jobs++;
        this.#jobs.push({ mirror, request: message, steps: mirror.screen.snapshot(message.scrollback) });
        this.#schedule();
    }
  }

  #open({ id, rows, cols, scrollback_lines, offset }: Extract<ToMirrors, { kind: 'open' }>): void {
    const { nowMs } = this.#options;
    const output = {
      reply: (text: string) => this.#reply(mirror, text),
      fact: (fact: MirrorFact) => {
        if (!mirror.again || isState(fact)) this.#said.push({ id, fact });
      },
      count: (name: string, thrown?: unknown) => {
        if (mirror.again) return;
        this.#said.push({ id, count: name, ...(thrown === undefined ? {} : { error: describe(thrown) }) });
      },
    };
    const mirror: Mirror = {
      id,
      screen: new Screen({ rows, cols, scrollbackLines: scrollback_lines, offset, nowMs, output }),
      replies: new RateLimit({ burst: REPLY_BURST_BYTES, perSecond: REPLY_BYTES_PER_SECOND, nowMs }),
      work: [],
      done: 0,
      pieceBytes: MAX_PIECE_BYTES,
      again: false,
      jobs: 0,
      waiting: false,
    };
    this.#mirrors.set(id, mirror);
  }

  #reply(mirror: Mirror, text: string): void {
    if (mirror.again) return;
    if (mirror.replies.take(text.length)) this.#said.push({ id: mirror.id, reply: text });
    else this.#said.push({ id: mirror.id, count: 'mirror.reply_dropped' });
  }

  #add(mirror: Mirror, work: Work): void {
    const last = mirror.work.at(-1);
    // Only the last of several sizes is ever shown.
    if (work.kind === 'resize' && last?.kind === 'resize') mirror.work.pop();
    mirror.work.push(work);
    this.#wait(mirror);
    this.#schedule();
  }

  #wait(mirror: Mirror): void {
    if (mirror.waiting || mirror.jobs > 0 || mirror.work.length === 0) return;
    mirror.waiting = true;
    this.#waiting.push(mirror);
  }

  #close(mirror: Mirror): void {
    this.#mirrors.delete(mirror.id);
    this.#touched.delete(mirror);
    mirror.work.length = 0;
    for (let index = this.#jobs.length - 1; index >= 0; index--) {
      if (this.#jobs[index]?.mirror === mirror) this.#jobs.splice(index, 1);
    }
    mirror.screen.dispose();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#options.later(() => {
      this.#scheduled = false;
      this.#turn();
    });
  }

  #turn(): void {
    const endMs = this.#options.nowMs() + TURN_MS;
    do {
      const job = this.#jobs.shift();
      if (job !== undefined) this.#continue(job);
      const mirror = this.#waiting.shift();
      if (mirror !== undefined) this.#parse(mirror);
    } while ((this.#jobs.length > 0 || this.#waiting.length > 0) && this.#options.nowMs() < endMs);
    this.#tell();
    if (this.#jobs.length > 0 || this.#waiting.length > 0) this.#schedule();
  }

  /** Gives a mirror its share of the turn. */
  #parse(mirror: Mirror): void {
    mirror.waiting = false;
    const endMs = this.#options.nowMs() + SHARE_MS;
    this.#options.busy(mirror.id);
    try {
      while (mirror.work.length > 0 && mirror.jobs === 0 && this.#options.nowMs() < endMs) this.#step(mirror);
    } catch (thrown) {
      this.#close(mirror);
      this.#options.post({ kind: 'broken', id: mirror.id, message: describe(thrown) });
      return;
    } finally {
      this.#options.busy(0);
    }
    this.#touched.add(mirror);
    this.#wait(mirror);
  }

  /** Parses one piece, or resizes. */
  #step(mirror: Mirror): void {
    const work = mirror.work[0];
    if (work?.kind !== 'bytes') {
      if (work !== undefined) mirror.screen.resize(work.rows, work.cols);
      mirror.work.shift();
      return;
    }
    const { nowMs } = this.#options;
    const piece = work.bytes.subarray(mirror.done, mirror.done + mirror.pieceBytes);
    const startMs = nowMs();
    mirror.again = work.again;
    mirror.screen.write(piece);
    const tookMs = nowMs() - startMs;
    if (tookMs > SHARE_MS) mirror.pieceBytes = Math.max(MIN_PIECE_BYTES, mirror.pieceBytes >> 1);
    else if (mirror.pieceBytes < MAX_PIECE_BYTES) mirror.pieceBytes <<= 1;
    mirror.done += piece.length;
    if (mirror.done < work.bytes.length) return;
    mirror.work.shift();
    mirror.done = 0;
  }

  #continue(job: Job): void {
    const { mirror, request, steps } = job;
    const { screen } = mirror;
    if (request.kind === 'screen') {
      this.#finish(job);
      this.#options.post({
        kind: 'screen',
        request: request.request,
        screen: screen.text(request.scrollback),
      });
      return;
    }
    const endMs = this.#options.nowMs() + SHARE_MS;
    do {
      const step = steps.next();
      if (step.done !== true) continue;
      const bytes = step.value;
      this.#finish(job);
      this.#options.post(
        {
          kind: 'snapshot',
          request: request.request,
          snapshot: { offset: screen.offset, rows: screen.rows, cols: screen.cols, bytes },
        },
        [bytes.buffer],
      );
      return;
    } while (this.#options.nowMs() < endMs);
    this.#jobs.push(job);
  }

  /** What was said up to this screen is told before it. */
  #finish({ mirror }: Job): void {
    mirror.jobs--;
    this.#tell();
    this.#wait(mirror);
  }

  #tell(): void {
    if (this.#touched.size === 0 && this.#said.length === 0) return;
    const parsed: Parsed[] = [];
    for (const { id, screen } of this.#touched) {
      screen.flush();
      parsed.push({ id, offset: screen.offset });
    }
    this.#touched.clear();
    this.#options.post({ kind: 'batch', parsed, said: this.#said });
    this.#said = [];
  }
}

/** Facts that hold until the next one of their kind. */
function isState(fact: MirrorFact): boolean {
  return fact.type === 'title' || fact.type === 'cwd' || fact.type === 'modes';
}

function describe(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}
