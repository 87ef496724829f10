/**
 * Counters of a worker that the hub sees: what changed is told, some moments later, as totals. What is told twice, late or
 * never does no harm; the next total makes up for it.
 */
import type { Clock } from '../../base/clock.js';
import { Counters } from '../../base/counters.js';
import type { Disposable } from '../../base/scope.js';

const REPORT_MS = 500;

export class ReportedCounters extends Counters implements Disposable {
  readonly #clock: Clock;
  readonly #report: (name: string, total: number) => void;
  readonly #changed = new Set<string>();
  #timer: Disposable | undefined;

  constructor(clock: Clock, report: (name: string, total: number) => void) {
    super();
    this.#clock = clock;
    this.#report = report;
  }

  override add(name: string, amount = 1): void {
    super.add(name, amount);
    this.#changed.add(name);
    this.#timer ??= this.#clock.after(REPORT_MS, () => {
      this.#timer = undefined;
      for (const changed of this.#changed) this.#report(changed, this.get(changed));
      this.#changed.clear();
    });
  }

  dispose(): void {
    this.#timer?.dispose();
  }
}
