/**
 * Sends what waits for all devices: one message of each in turn, as far as the cap allows and their channels have room.
 *
 * Runs when something was queued, when a channel has drained, and by a timer while something waits. One turn is short,
 * so that a ping never waits for it.
 */
import type { Clock } from '../../base/clock.js';
import type { Disposable } from '../../base/scope.js';
import type { RateCap } from './rate-cap.js';

export interface PumpSource {
  /** Output waits. */
  readonly waiting: boolean;
  /** Sends one message of output and gives its bytes; 0 if nothing waits or the channel has no room. */
  sendOne(maxBytes: number): number;
}

/** Messages are as long as the cap allows in this time, within bounds. */
const MESSAGE_MS = 3;
const LEAST_MESSAGE_BYTES = 4 * 1024;
const MOST_MESSAGE_BYTES = 16 * 1024;
const TURN_BYTES = 16 * 1024;
/** Until the cap has room again; or, if only channels are full, in case their event is lost. */
const SOON_MS = 5;
const LATER_MS = 50;

export class Pump {
  readonly #clock: Clock;
  readonly #cap: RateCap;
  /** Whose turn is next is first. */
  readonly #sources = new Set<PumpSource>();
  #timer: Disposable | undefined;
  #timerMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, cap: RateCap) {
    this.#clock = clock;
    this.#cap = cap;
  }

  add(source: PumpSource): void {
    this.#sources.add(source);
  }

  remove(source: PumpSource): void {
    this.#sources.delete(source);
  }

  /** Sends at once what may be sent. */
  run(): void {
    let left = TURN_BYTES;
    let refused = 0;
    while (left > 0 && refused < this.#sources.size) {
      const [source] = this.#sources;
      if (source === undefined) break;
      // It keeps its turn.
      if (source.waiting && !this.#cap.open) return this.#again(SOON_MS);
      this.#sources.delete(source);
      this.#sources.add(source);
      const sent = source.sendOne(this.#messageBytes());
      if (sent === 0) refused++;
      else {
        refused = 0;
        left -= sent;
        this.#cap.spend(sent);
      }
    }
    if (left <= 0) this.#again(0);
    else if ([...this.#sources].some(({ waiting }) => waiting)) this.#again(LATER_MS);
  }

  stop(): void {
    this.#timer?.dispose();
    this.#timer = undefined;
    this.#timerMs = Number.POSITIVE_INFINITY;
  }

  #messageBytes(): number {
    const bytes = Math.round((this.#cap.bytesPerSecond * MESSAGE_MS) / 1_000);
    return Math.min(MOST_MESSAGE_BYTES, Math.max(LEAST_MESSAGE_BYTES, bytes));
  }

  /** The sooner of two wishes counts. */
  #again(ms: number): void {
    const dueMs = this.#clock.nowMs() + ms;
    if (this.#timer !== undefined && this.#timerMs <= dueMs) return;
    this.stop();
    this.#timerMs = dueMs;
    this.#timer = this.#clock.after(ms, () => {
      this.stop();
      this.run();
    });
  }
}
