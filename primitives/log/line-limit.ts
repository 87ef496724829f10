/**
 * Lets so many lines through in a window of time and counts the rest, so that a plugin in a loop can neither fill the
 * disk nor drown the others. Nothing goes silently: when the window ends, `onDropped` gets the count.
 */
import type { Clock } from '../../base/clock.js';
import type { Disposable } from '../../base/scope.js';

export class LineLimit implements Disposable {
  readonly #clock: Clock;
  readonly #onDropped: (lines: number) => void;
  readonly #maxLines: number;
  readonly #windowMs: number;
  #windowStartMs = -Infinity;
  #written = 0;
  #dropped = 0;
  /** Pending only while lines are being dropped. */
  #windowEnd: Disposable | undefined;

  constructor(
    clock: Clock,
    limit: { readonly maxLines: number; readonly windowMs: number },
    onDropped: (lines: number) => void,
  ) {
    this.#clock = clock;
    this.#maxLines = limit.maxLines;
    this.#windowMs = limit.windowMs;
    this.#onDropped = onDropped;
  }

  /** Whether the next line may be written. */
  admit(): boolean {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#windowStartMs >= this.#windowMs) {
      this.#report();
      this.#windowStartMs = nowMs;
      this.#written = 0;
    }
    if (this.#written < this.#maxLines) {
      this.#written++;
      return true;
    }
    this.#dropped++;
    this.#windowEnd ??= this.#clock.after(this.#windowStartMs + this.#windowMs - nowMs, () => this.#report());
    return false;
  }

  /** Reports what is still uncounted. */
  dispose(): void {
    this.#report();
  }

  #report(): void {
    this.#windowEnd?.dispose();
    this.#windowEnd = undefined;
    const dropped = this.#dropped;
    this.#dropped = 0;
    if (dropped > 0) this.#onDropped(dropped);
  }
}
