/**
 * Whether a session is busy: output came within the last seconds.
 *
 * Told at each change and about once a second while output goes on. A session without output has no timer.
 */
import type { Clock } from '../base/clock.js';
import type { Disposable } from '../base/scope.js';

/** Without output for this long, a session is idle. */
export const IDLE_MS = 2_000;
const TELL_MS = 1_000;

export class Activity {
  readonly #clock: Clock;
  readonly #tell: () => void;
  #lastOutputMs: number | undefined;
  /** Of the clock that never jumps. */
  #outputAtMs = 0;
  #toldAtMs = 0;
  #timer: Disposable | undefined;

  /** `tell`: something changed, or a second went by. */
  constructor(clock: Clock, tell: () => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  get busy(): boolean {
    return this.#timer !== undefined;
  }

  /** Milliseconds since 1970; undefined before the first byte. */
  get lastOutputMs(): number | undefined {
    return this.#lastOutputMs;
  }

  /** Bytes came. */
  output(): void {
    this.#lastOutputMs = this.#clock.wallMs();
    this.#outputAtMs = this.#clock.nowMs();
    if (this.#timer !== undefined) return;
    this.#arm(TELL_MS);
    this.#toldAtMs = this.#outputAtMs;
    this.#tell();
  }

  /** It ended: idle from now on, without a word. */
  stop(): void {
    this.#timer?.dispose();
    this.#timer = undefined;
  }

  #arm(delayMs: number): void {
    this.#timer = this.#clock.after(delayMs, () => this.#look());
  }

  #look(): void {
    const nowMs = this.#clock.nowMs();
    const idleInMs = this.#outputAtMs + IDLE_MS - nowMs;
    if (idleInMs <= 0) {
      this.#timer = undefined;
      this.#tell();
      return;
    }
    const spoke = this.#outputAtMs > this.#toldAtMs;
    this.#arm(spoke ? Math.min(TELL_MS, idleInMs) : idleInMs);
    if (!spoke) return;
    this.#toldAtMs = nowMs;
    this.#tell();
  }
}
