/**
 * The size of one session, as its views have it: what they want (size-policy.ts), at a pace that programs can follow.
 *
 * A single change takes effect at once. A dragged window changes with every pixel; its program hears of it now and
 * then, and of the last size always.
 */
import type { Clock } from '../base/clock.js';
import type { Disposable } from '../base/scope.js';
import type { SizePolicy } from '../protocol/session.js';
import { SizeArbiter, type TerminalSize } from './size-policy.js';

const PACE_MS = 50;

export class SessionSize {
  readonly #clock: Clock;
  readonly #take: (size: TerminalSize) => boolean;
  readonly #arbiter: SizeArbiter;
  #wanted: TerminalSize | undefined;
  #pace: Disposable | undefined;

  /** `take` gives the session a size; false: it had it already. */
  constructor(clock: Clock, policy: SizePolicy, take: (size: TerminalSize) => boolean) {
    this.#clock = clock;
    this.#take = take;
    this.#arbiter = new SizeArbiter(policy);
  }

  get policy(): SizePolicy {
    return this.#arbiter.policy;
  }

  setPolicy(policy: SizePolicy): void {
    this.#want(this.#arbiter.setPolicy(policy));
  }

  /** A size that stays, whatever the views do. */
  pin(size: TerminalSize): void {
    this.#arbiter.setPolicy('pinned');
    this.#wanted = undefined;
    this.#take(size);
  }

  view(viewer: object, size: TerminalSize, acted: boolean): void {
    this.#want(this.#arbiter.view(viewer, size, acted));
  }

  acted(viewer: object): void {
    this.#want(this.#arbiter.acted(viewer));
  }

  left(viewer: object): void {
    this.#want(this.#arbiter.left(viewer));
  }

  /** No size is taken on any more. */
  stop(): void {
    this.#pace?.dispose();
    this.#pace = undefined;
    this.#wanted = undefined;
  }

  #want(size: TerminalSize | undefined): void {
    if (size === undefined) return;
    this.#wanted = { rows: size.rows, cols: size.cols };
    if (this.#pace === undefined) this.#takeOn();
  }

  #takeOn(): void {
    this.#pace = undefined;
    const size = this.#wanted;
    this.#wanted = undefined;
    if (size !== undefined && this.#take(size)) this.#pace = this.#clock.after(PACE_MS, () => this.#takeOn());
  }
}
