/** The worker's counters among the hub's: it tells totals, which begin anew when it is started anew. */
import type { Counters } from '../../base/counters.js';

export class WorkerCounts {
  readonly #counters: Counters;
  #told: Readonly<Record<string, number>> = {};

  constructor(counters: Counters) {
    this.#counters = counters;
  }

  take(totals: Readonly<Record<string, number>>): void {
    for (const [name, total] of Object.entries(totals)) {
      const more = total - (this.#told[name] ?? 0);
      if (more > 0) this.#counters.add(name, more);
    }
    this.#told = totals;
  }

  /** The worker died; its next totals count from nothing. */
  restarted(): void {
    this.#told = {};
  }
}
