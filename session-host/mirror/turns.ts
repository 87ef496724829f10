/**
 * Who gets the mirror thread's time: all mirrors in turn, a little each, so that neither a flood of one session nor a
 * long snapshot keeps the others waiting. One turn is a few milliseconds; messages are received between turns.
 */
import type { FromMirrors, Parsed, Said, ToMirrors } from './mirror.calls.js';
import type { MirrorFact, Snapshot } from './mirror-types.js';
import { describe, REST_MS, ThreadMirror, type Work } from './thread-mirror.js';

/** How long messages wait at most, next to one piece of work that takes longer. */
export const TURN_MS = 4;
/** How long one mirror has the thread while others wait. */
export const SHARE_MS = 1;
export interface TurnsOptions {
  readonly nowMs: () => number;
  readonly post: (message: FromMirrors, transfer?: readonly ArrayBuffer[]) => void;
  /** Calls back after messages have been received. */
  readonly later: (callback: () => void) => void;
  readonly after: (ms: number, callback: () => void) => void;
  /** Whose mirror is being worked on now; 0: nobody's. */
  readonly busy: (id: number) => void;
}

type Request = Extract<ToMirrors, { kind: 'snapshot' | 'screen' }>;

interface Job {
  readonly mirror: ThreadMirror;
  readonly request: Request;
  /** Of a snapshot that has begun. */
  steps?: Generator<void, Uint8Array<ArrayBuffer>, void>;
}

type Answer =
  | Extract<FromMirrors, { kind: 'screen' }>
  | {
      readonly kind: 'snapshot';
      readonly request: number;
      readonly snapshot: Snapshot & { readonly bytes: Uint8Array<ArrayBuffer> };
    };

export class Turns {
  readonly #options: TurnsOptions;
  readonly #mirrors = new Map<number, ThreadMirror>();
  /** Mirrors with bytes to parse, in the order of their turns. */
  #waiting: ThreadMirror[] = [];
  #jobs: Job[] = [];
  /** Mirrors that got further in this turn. */
  readonly #touched = new Set<ThreadMirror>();
  #said: Said[] = [];
  #counts: Record<string, number> = {};
  #scheduled = false;
  /** Mirrors that do their work later; a timer runs while there are any. */
  readonly #resting = new Set<ThreadMirror>();

  constructor(options: TurnsOptions) {
    this.#options = options;
  }

  receive(message: ToMirrors): void {
    if (message.kind === 'ping') {
      this.#options.post({ kind: 'pong' });
      return;
    }
    if (message.kind === 'open') {
      this.#guard(message.id, () => this.#open(message));
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
        this.#jobs.push({ mirror, request: message });
        this.#schedule();
    }
  }

  #open(spec: Extract<ToMirrors, { kind: 'open' }>): void {
    const { id } = spec;
    const sink = {
      reply: (reply: string) => void this.#said.push({ id, reply }),
      fact: (fact: MirrorFact) => void this.#said.push({ id, fact }),
      count: (name: string) => this.#count(name),
      error: (error: string) => void this.#said.push({ id, error }),
    };
    this.#mirrors.set(id, new ThreadMirror(spec, sink, this.#options.nowMs));
  }

  #count(name: string): void {
    this.#counts[name] = (this.#counts[name] ?? 0) + 1;
  }

  #add(mirror: ThreadMirror, work: Work): void {
    mirror.add(work);
    this.#wait(mirror);
    this.#schedule();
  }

  #wait(mirror: ThreadMirror): void {
    if (mirror.waiting || mirror.jobs > 0 || !mirror.hasWork) return;
    if (mirror.resting) {
      this.#rest(mirror);
      return;
    }
    this.#resting.delete(mirror);
    mirror.waiting = true;
    this.#waiting.push(mirror);
  }

  #rest(mirror: ThreadMirror): void {
    this.#touched.add(mirror);
    if (this.#resting.size === 0) this.#options.after(REST_MS, () => this.#wake());
    this.#resting.add(mirror);
  }

  /** Looks after everybody who rests; those who began to later get another look. */
  #wake(): void {
    const resting = [...this.#resting];
    this.#resting.clear();
    for (const mirror of resting) this.#wait(mirror);
    this.#schedule();
  }

  #close(mirror: ThreadMirror): void {
    this.#mirrors.delete(mirror.id);
    this.#resting.delete(mirror);
    this.#touched.delete(mirror);
    this.#waiting = this.#waiting.filter((waiting) => waiting !== mirror);
    this.#jobs = this.#jobs.filter((job) => job.mirror !== mirror);
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
  #parse(mirror: ThreadMirror): void {
    mirror.waiting = false;
    const endMs = this.#options.nowMs() + SHARE_MS;
    this.#options.busy(mirror.id);
    this.#guard(mirror.id, () => {
      while (mirror.hasWork && mirror.jobs === 0 && !mirror.resting && this.#options.nowMs() < endMs)
        mirror.step(SHARE_MS);
      this.#touched.add(mirror);
      this.#wait(mirror);
    });
    this.#options.busy(0);
  }

  /** What is thrown costs this mirror, not the thread. */
  #guard(id: number, act: () => void): void {
    try {
      act();
    } catch (thrown) {
      const mirror = this.#mirrors.get(id);
      if (mirror !== undefined) this.#close(mirror);
      this.#options.post({ kind: 'broken', id, message: describe(thrown) });
    }
  }

  #continue(job: Job): void {
    const { mirror, request } = job;
    this.#options.busy(mirror.id);
    try {
      if (mirror.begun === 0) this.#settle(mirror);
      const answer = job.steps !== undefined || mirror.settled ? this.#answer(job) : undefined;
      if (answer === undefined) {
        this.#jobs.push(job);
        return;
      }
      this.#finish(job);
      this.#options.post(answer, answer.kind === 'snapshot' ? [answer.snapshot.bytes.buffer] : []);
    } catch (thrown) {
      this.#finish(job);
      this.#options.post({ kind: 'refused', request: request.request, message: describe(thrown) });
    } finally {
      this.#options.busy(0);
    }
  }

  /** While lines are left out, or its size is due, there is no true screen; this is the only work that a job waits for. */
  #settle(mirror: ThreadMirror): void {
    if (mirror.settled) return;
    const endMs = this.#options.nowMs() + SHARE_MS;
    do mirror.step(SHARE_MS);
    while (!mirror.settled && this.#options.nowMs() < endMs);
    this.#touched.add(mirror);
  }

  /** Undefined: not yet. */
  #answer(job: Job): Answer | undefined {
    const { request } = job;
    const { screen } = job.mirror;
    if (request.kind === 'screen') {
      return { kind: 'screen', request: request.request, screen: screen.text(request.scrollback) };
    }
    if (job.steps === undefined) {
      job.steps = screen.snapshot(request.scrollback);
      job.mirror.begun++;
    }
    const endMs = this.#options.nowMs() + SHARE_MS;
    do {
      const { done, value } = job.steps.next();
      if (done !== true) continue;
      const { offset, rows, cols } = screen;
      return { kind: 'snapshot', request: request.request, snapshot: { offset, rows, cols, bytes: value } };
    } while (this.#options.nowMs() < endMs);
    return undefined;
  }

  /** What was said up to this screen is told before it. */
  #finish({ mirror, steps }: Job): void {
    mirror.jobs--;
    if (steps !== undefined) mirror.begun--;
    this.#tell();
    this.#wait(mirror);
  }

  #tell(): void {
    if (this.#touched.size === 0) return;
    const parsed: Parsed[] = [];
    for (const { id, screen, held } of this.#touched) {
      screen.flush();
      parsed.push({ id, offset: screen.offset, held });
    }
    this.#touched.clear();
    this.#options.post({ kind: 'batch', parsed, said: this.#said, counts: this.#counts });
    this.#said = [];
    this.#counts = {};
  }
}
