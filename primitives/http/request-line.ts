/**
 * The line that requests wait in: so many run at a time, so many wait, in the order they came.
 */

export interface LineLimits {
  readonly maxRunning: number;
  readonly maxWaiting: number;
}

interface Waiting {
  readonly start: () => void;
}

export class RequestLine {
  readonly #limits: LineLimits;
  /** A set keeps the order, and lets one leave from the middle. */
  readonly #waiting = new Set<Waiting>();
  #running = 0;

  constructor(limits: LineLimits) {
    this.#limits = limits;
  }

  get isFull(): boolean {
    return this.#running >= this.#limits.maxRunning && this.#waiting.size >= this.#limits.maxWaiting;
  }

  /**
   * Resolves with the result of `job`, which starts when it is its turn. If `signal` aborts before that, it never
   * starts and `undefined` is the result.
   */
  async run<T>(job: () => Promise<T>, signal?: AbortSignal): Promise<T | undefined> {
    if (!(await this.#turn(signal))) return undefined;
    try {
      return await job();
    } finally {
      this.#next();
    }
  }

  /** False: aborted before it was its turn. */
  #turn(signal: AbortSignal | undefined): Promise<boolean> {
    if (signal?.aborted) return Promise.resolve(false);
    if (this.#running < this.#limits.maxRunning) {
      this.#running++;
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      const leave = (): void => {
        this.#waiting.delete(entry);
        resolve(false);
      };
      const entry: Waiting = {
        start: () => {
          signal?.removeEventListener('abort', leave);
          resolve(true);
        },
      };
      this.#waiting.add(entry);
      signal?.addEventListener('abort', leave, { once: true });
    });
  }

  /** Hands the place of a job that ended to the first in line. */
  #next(): void {
    const [first] = this.#waiting;
    if (first === undefined) {
      this.#running--;
      return;
    }
    this.#waiting.delete(first);
    first.start();
  }
}
