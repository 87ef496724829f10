/**
 * Runs file jobs: a few at a time, and those that touch the same path in the order they were asked for.
 *
 * So two writes to one file cannot overtake each other, and a plugin that starts a thousand reads at once holds neither
 * the process's threads nor a thousand files in memory.
 */
import { fail } from '../../base/errors.js';

export interface JobLimits {
  readonly maxRunning: number;
  readonly maxWaiting: number;
}

export class JobQueue {
  readonly #limits: JobLimits;
  /** The last job of each path, settled or not; removed when it ends. */
  readonly #lastOf = new Map<string, Promise<void>>();
  readonly #waitingForSlot: (() => void)[] = [];
  #running = 0;
  #jobs = 0;

  constructor(limits: JobLimits) {
    this.#limits = limits;
  }

  /** Settles as `job` does. Throws HubError fs.busy, without running it, if too many wait. */
  async run<T>(paths: readonly string[], job: () => Promise<T>): Promise<T> {
    if (this.#jobs >= this.#limits.maxRunning + this.#limits.maxWaiting) {
      throw fail(
        'fs.busy',
        `too many file operations at once: ${this.#limits.maxWaiting} are waiting already`,
      );
    }
    this.#jobs++;
    // All paths are taken in one step, so jobs with two paths cannot wait for each other.
    const before = paths.map((path) => this.#lastOf.get(path));
    const result = this.#afterAll(before, job);
    const done = result.then(
      () => undefined,
      () => undefined,
    );
    for (const path of paths) this.#lastOf.set(path, done);
    try {
      return await result;
    } finally {
      this.#jobs--;
      for (const path of paths) {
        if (this.#lastOf.get(path) === done) this.#lastOf.delete(path);
      }
    }
  }

  async #afterAll<T>(before: readonly (Promise<void> | undefined)[], job: () => Promise<T>): Promise<T> {
    for (const earlier of before) await earlier;
    await this.#takeSlot();
    try {
      return await job();
    } finally {
      this.#freeSlot();
    }
  }

  async #takeSlot(): Promise<void> {
    if (this.#running < this.#limits.maxRunning) {
      this.#running++;
      return;
    }
    // The slot is handed over, not freed and taken: nobody gets in between.
    await new Promise<void>((resolve) => this.#waitingForSlot.push(resolve));
  }

  #freeSlot(): void {
    const next = this.#waitingForSlot.shift();
    if (next === undefined) this.#running--;
    else next();
  }
}
