/**
 * Keeps what waits for a plugin bounded: when too many calls of its callbacks have not ended, the connection is not
 * read until it has caught up. So a server that floods, or a plugin that is slow, costs the sender, and loses nothing.
 */
import type { Clock } from '../../base/clock.js';
import type { Disposable } from '../../base/scope.js';
import { HOLD_AT_PENDING, HOLD_CHECK_MS, RELEASE_AT_PENDING } from './limits.js';

interface Pending {
  readonly pending: number;
}

export class Intake implements Disposable {
  readonly #clock: Clock;
  readonly #hold: (held: boolean) => void;
  #check: Disposable | undefined;

  /** `hold` stops the reading, and lets it go on. */
  constructor(clock: Clock, hold: (held: boolean) => void) {
    this.#clock = clock;
    this.#hold = hold;
  }

  /** A callback was called. */
  called(callback: Pending): void {
    if (this.#check !== undefined || callback.pending < HOLD_AT_PENDING) return;
    this.#hold(true);
    this.#watch(callback);
  }

  /** The other side forgot what it was told. */
  renew(): void {
    if (this.#check !== undefined) this.#hold(true);
  }

  dispose(): void {
    this.#check?.dispose();
  }

  #watch(callback: Pending): void {
    this.#check = this.#clock.after(HOLD_CHECK_MS, () => {
      if (callback.pending > RELEASE_AT_PENDING) return this.#watch(callback);
      this.#check = undefined;
      this.#hold(false);
    });
  }
}
