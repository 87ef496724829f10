/**
 * Runs file jobs: a few at a time, owners in turn, and those that touch the same path in the order they were asked for.
 *
 * So two writes to one file cannot overtake each other, and a plugin that starts a thousand reads at once holds neither
 * the process's threads nor a thousand files in memory, and does not keep others waiting behind all of them.
 */
import { fail } from '../../base/errors.js';

export interface JobLimits {
  /** Of all owners together. */
  readonly maxRunning: number;
  /** Of each owner. */
  readonly maxWaiting: number;
}

interface Owner {
  jobs: number;
  /** What lets the jobs go on that are ready but for a slot. */
  readonly ready: (() => void)[];
}

export class JobQueue {
  readonly #limits: JobLimits;
  /** The last job of each path, settled or not; removed when it ends. */
  readonly #lastOf = new Map<string, Promise<void>>();
  /** Owners with ready jobs, the next one first. */
  readonly #turns = new Set<Owner>();
  #running = 0;

  constructor(limits: JobLimits) {
    this.#limits = limits;
  }

  /** A new owner of jobs. */
  owner(): <T>(paths: readonly string[], job: () => Promise<T>) => Promise<T> {
    const owner: Owner = { jobs: 0, ready: [] };
    return (paths, job) => this.#run(owner, paths, job);
  }

  /** Settles as `job` does. Throws HubError fs.busy, without running it, if too many wait. */
  async #run<T>(owner: Owner, paths: readonly string[], job: () => Promise<T>): Promise<T> {
    const { maxRunning, maxWaiting } = this.#limits;
    if (owner.jobs >= maxRunning + maxWaiting) {
      throw fail('fs.busy', `too many file operations at once: ${maxWaiting} are waiting already`);
    }
    owner.jobs++;
    // All paths are taken in one step, so jobs with two paths cannot wait for each other.
    const before = paths.map((path) => this.#lastOf.get(path));
    const result = this.#afterAll(owner, before, job);
    const done = result.then(
      () => undefined,
      () => undefined,
    );
    for (const path of paths) this.#lastOf.set(path, done);
    try {
      return await result;
    } finally {
      owner.jobs--;
      for (const path of paths) {
        if (this.#lastOf.get(path) === done) this.#lastOf.delete(path);
      }
    }
  }

  async #afterAll<T>(
    owner: Owner,
    before: readonly (Promise<void> | undefined)[],
    job: () => Promise<T>,
  ): Promise<T> {
    for (const earlier of before) await earlier;
    await this.#takeSlot(owner);
    try {
      return await job();
    } finally {
      this.#passSlotOn();
    }
  }

  async #takeSlot(owner: Owner): Promise<void> {
    if (this.#running < this.#limits.maxRunning) {
      this.#running++;
      return;
    }
    this.#turns.add(owner);
    await new Promise<void>((resolve) => owner.ready.push(resolve));
  }

  /** The slot is handed over, not freed and taken: nobody gets in between. */
  #passSlotOn(): void {
    const [owner] = this.#turns;
    const next = owner?.ready.shift();
    if (owner === undefined || next === undefined) {
      this.#running--;
      return;
    }
    this.#turns.delete(owner);
    if (owner.ready.length > 0) this.#turns.add(owner);
    next();
  }
}
