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
/** With work outstanding, a thread that is silent this long is asked whether it lives, and ended if it does not say. */
export const SILENCE_MS = 10_000;

export interface MirrorThreadOptions {
  readonly clock: Clock;
  readonly onMessage: (message: FromMirrors) => void;
  /** Called once. `culprit`: the mirror whose bytes were being parsed, 0 for none. */
  readonly onDeath: (reason: string, culprit: number) => void;
}

export class MirrorThread {
  readonly #worker: Worker;
  readonly #busy = new Int32Array(new SharedArrayBuffer(4));
  readonly #clock: Clock;
  #death: string | undefined;
  #heardMs: number;
  #asked = false;
  #watch: Disposable | undefined;

  /** Throws when the system has no thread to give. */
  constructor({ clock, onMessage, onDeath }: MirrorThreadOptions) {
    this.#clock = clock;
    this.#heardMs = clock.nowMs();
    const data: MirrorThreadData = { busy: this.#busy.buffer as SharedArrayBuffer };
    this.#worker = new Worker(new URL('./mirror.worker.js', import.meta.url), {
      name: 'mirrors',
      workerData: data,
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
    });
    this.#worker.on('message', (message: FromMirrors) => {
      this.#heardMs = clock.nowMs();
      this.#asked = false;
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
    if (message.kind !== 'close') this.#expectSomething();
  }

  /** Ends the thread at once; `why` becomes its reason. */
  end(why: string): void {
    this.#death ??= why;
    void this.#worker.terminate();
  }

  /** Every message but `close` leads to one from the thread. */
  #expectSomething(): void {
    if (this.#watch !== undefined) return;
    this.#heardMs = this.#clock.nowMs();
    this.#watchFor(SILENCE_MS);
  }

  #watchFor(delayMs: number): void {
    this.#watch = this.#clock.after(delayMs, () => {
      this.#watch = undefined;
      const silentMs = this.#clock.nowMs() - this.#heardMs;
      if (silentMs < SILENCE_MS) return;
      if (this.#asked) {
        this.end(`no answer for ${Math.round(silentMs)} ms`);
        return;
      }
      // Not blamed at once: the machine may have slept.
      this.#asked = true;
      this.#worker.postMessage({ kind: 'ping' } satisfies ToMirrors);
      this.#watchFor(SILENCE_MS);
    });
  }
}
