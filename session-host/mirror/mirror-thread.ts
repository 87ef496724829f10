/**
 * One life of the mirror thread: starts it, passes messages, notices when it dies or no longer answers.
 * Restarts nothing (mirrors.ts does).
 */
import { Worker } from 'node:worker_threads';
import type { Clock } from '../../base/clock.js';
import { messageOf } from '../../base/errors.js';
import type { Disposable } from '../../base/scope.js';
import type { FromMirrors, MirrorThreadData, ToMirrors } from './mirror.calls.js';

/** JavaScript objects of all screens together; cells are outside of it. A leak ends the thread, not the host. */
const MAX_HEAP_MB = 1_024;
/** A thread that got work and is silent this long is asked whether it lives, and ended if it does not say. */
export const SILENCE_MS = 10_000;

export interface MirrorThreadOptions {
  readonly clock: Clock;
  /** The thread's program; tests have others. */
  readonly url?: URL;
  readonly onMessage: (message: FromMirrors) => void;
  /** Called once. `culprit`: the mirror whose bytes were being parsed, 0 for none. */
  readonly onDeath: (reason: string, culprit: number) => void;
}

/** A thread as mirrors.ts uses it. */
export interface MirrorPort {
  post(message: ToMirrors, transfer?: readonly ArrayBuffer[]): void;
  /** Ends the thread at once; `why` becomes its reason. */
  end(why: string): void;
}

export class MirrorThread implements MirrorPort {
  readonly #worker: Worker;
  readonly #busy = new Int32Array(new SharedArrayBuffer(4));
  readonly #clock: Clock;
  #death: string | undefined;
  #heardMs: number;
  /** A ping is on its way. */
  #asked = false;
  /** The last message was the answer to a ping: all work before it is done. */
  #answered = false;
  #watch: Disposable | undefined;

  /** Throws when the system has no thread to give. */
  constructor({ clock, url, onMessage, onDeath }: MirrorThreadOptions) {
    this.#clock = clock;
    this.#heardMs = clock.nowMs();
    const data: MirrorThreadData = { busy: this.#busy.buffer };
    this.#worker = new Worker(url ?? new URL('./mirror.worker.js', import.meta.url), {
      name: 'mirrors',
      workerData: data,
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
    });
    this.#worker.on('message', (message: FromMirrors) => {
      this.#heardMs = clock.nowMs();
      this.#asked = false;
      this.#answered = message.kind === 'pong';
      if (this.#death === undefined) onMessage(message);
    });
    this.#worker.on('error', (error) => {
      this.#death ??= messageOf(error);
    });
    this.#worker.on('exit', (code) => {
      this.#watch?.dispose();
      onDeath(this.#death ?? `exit code ${code}`, Atomics.load(this.#busy, 0));
    });
  }

  post(message: ToMirrors, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, [...transfer]);
    this.#answered = false;
    if (this.#watch !== undefined) return;
    this.#heardMs = this.#clock.nowMs();
    this.#watchFor(SILENCE_MS);
  }

  end(why: string): void {
    this.#death ??= why;
    void this.#worker.terminate();
  }

  /** Looks after the thread from a message on, until it has answered that all work is done. */
  #watchFor(delayMs: number): void {
    this.#watch = this.#clock.after(delayMs, () => {
      this.#watch = undefined;
      if (this.#answered) return;
      const silentMs = this.#clock.nowMs() - this.#heardMs;
      if (silentMs < SILENCE_MS) {
        this.#watchFor(SILENCE_MS - silentMs);
      } else if (this.#asked) {
        this.end(`no answer for ${Math.round(silentMs)} ms`);
      } else {
        // Not ended at once: it may have nothing to say, and the machine may have slept.
        this.#asked = true;
        this.#worker.postMessage({ kind: 'ping' } satisfies ToMirrors);
        this.#watchFor(SILENCE_MS);
      }
    });
  }
}
