/**
 * Whose turn it is: so many jobs at a time, so many waiting, and never two with a key in common.
 *
 * Jobs start in the order they came, except that one whose keys are taken does not hold up those behind it.
 */

export interface TurnLimits {
  readonly maxRunning: number;
  readonly maxWaiting: number;
}

interface Waiting {
  readonly keys: readonly string[];
  readonly start: () => void;
}

export class Turns {
  readonly #limits: TurnLimits;
  readonly #waiting = new Set<Waiting>();
  readonly #taken = new Set<string>();
  #running = 0;

  constructor(limits: TurnLimits) {
    this.#limits = limits;
  }

  /** How many run. */
  get running(): number {
    return this.#running;
  }

  /**
   * Resolves with what `job` does, which starts when it is its turn. `busy`: too many are waiting; `cancelled`: `signal`
   * aborted before its turn came. In both cases it never starts.
   */
  async run<T>(
    keys: readonly string[],
    job: () => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T | 'busy' | 'cancelled'> {
    if (signal?.aborted === true) return 'cancelled';
    if (!this.#canStart(keys)) {
      if (this.#waiting.size >= this.#limits.maxWaiting) return 'busy';
      if (!(await this.#turn(keys, signal))) return 'cancelled';
    } else {
      this.#take(keys);
    }
    try {
      return await job();
    } finally {
      this.#running--;
      for (const key of keys) this.#taken.delete(key);
      this.#startNext();
    }
  }

  #canStart(keys: readonly string[]): boolean {
    return this.#running < this.#limits.maxRunning && !keys.some((key) => this.#taken.has(key));
  }

  #take(keys: readonly string[]): void {
    this.#running++;
    for (const key of keys) this.#taken.add(key);
  }

  /** False: aborted meanwhile. */
  #turn(keys: readonly string[], signal: AbortSignal | undefined): Promise<boolean> {
    return new Promise((resolve) => {
      const leave = (): void => {
        this.#waiting.delete(entry);
        resolve(false);
      };
      const entry: Waiting = {
        keys,
        start: () => {
          signal?.removeEventListener('abort', leave);
          resolve(true);
        },
      };
      this.#waiting.add(entry);
      signal?.addEventListener('abort', leave, { once: true });
    });
  }

  #startNext(): void {
    for (const entry of this.#waiting) {
      if (this.#running >= this.#limits.maxRunning) return;
      if (!this.#canStart(entry.keys)) continue;
      this.#waiting.delete(entry);
      this.#take(entry.keys);
      entry.start();
    }
  }
}
