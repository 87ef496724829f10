/**
 * The way of the connections' events to the hub, in order. While the hub takes none, no connection is read; what had
 * been read by then waits here, so it is no more than a piece off each socket.
 */
import type { CableEvent } from './action_cable.calls.js';
import type { CountedFact } from './cable-connection.js';

export interface CableOutletOptions {
  /** False: not taken, offer it again when `drained` resolves. */
  readonly emit: (event: CableEvent) => boolean;
  readonly drained: () => Promise<void>;
  /** Stops and starts the reading of what makes events. */
  readonly hold: (held: boolean) => void;
}

export class CableOutlet {
  readonly #options: CableOutletOptions;
  readonly #waiting: CableEvent[] = [];
  /** Since the worker started: a newer total replaces one that waits. */
  readonly #totals = new Map<CountedFact, number>();
  #closed = false;

  constructor(options: CableOutletOptions) {
    this.#options = options;
  }

  /** Whether connections are to stay unread. */
  get held(): boolean {
    return this.#waiting.length > 0;
  }

  readonly tell = (event: CableEvent): void => {
    if (this.#closed) return;
    if (this.#waiting.length === 0 && this.#options.emit(event)) return;
    this.#waiting.push(event);
    if (this.#waiting.length > 1) return;
    this.#options.hold(true);
    void this.#drain();
  };

  readonly count = (fact: CountedFact, amount = 1): void => {
    if (amount === 0 || this.#closed) return;
    const total = (this.#totals.get(fact) ?? 0) + amount;
    this.#totals.set(fact, total);
    // A bulk event: it is always taken.
    this.#options.emit({ type: 'action_cable.counted', fact, total });
  };

  /** The hub takes no more. */
  close(): void {
    this.#closed = true;
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#options.drained();
      if (this.#closed) return;
      while (this.#waiting[0] !== undefined && this.#options.emit(this.#waiting[0])) this.#waiting.shift();
    }
    this.#options.hold(false);
  }
}
