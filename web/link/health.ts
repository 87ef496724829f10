/**
 * Whether the path to a hub works, by pings that the hub's WebRTC thread answers at once.
 *
 * While the page is visible: a ping every PING_MS; one without an answer, and nothing else heard, for SILENCE_MS means a
 * broken path. `verify` asks for an answer within VERIFY_MS: when the page is shown again, when the browser has doubts, and
 * when a timer came so late that the device must have slept.
 */
import type { Clock } from '../../base/clock.js';
import type { Disposable } from '../../base/scope.js';

export const PING_MS = 2_000;
export const SILENCE_MS = 5_000;
export const VERIFY_MS = 1_000;
/** A timer that is later than this was not just delayed. */
export const SLEPT_MS = 5_000;
/** Pings that nobody answered are forgotten, oldest first. */
const MAX_OPEN = 16;

export interface HealthOptions {
  readonly clock: Clock;
  readonly ping: (id: number) => void;
  /** Called once. */
  readonly onBroken: (reason: string) => void;
  /** Once every PING_MS, and with each answer. */
  readonly onTick: () => void;
}

export interface Pong {
  readonly id: number;
  readonly loop_age_ms: number;
  readonly queued_bytes: number;
}

export class HealthMonitor implements Disposable {
  readonly #options: HealthOptions;
  readonly #open = new Map<number, number>();
  #lastId = 0;
  #heardMs: number;
  #tick: Disposable | undefined;
  #dueWallMs = 0;
  #verifying: { readonly id: number; readonly deadline: Disposable } | undefined;
  #over = false;
  rtt_ms: number | undefined;
  loop_age_ms: number | undefined;
  queued_bytes = 0;
  missed = 0;

  constructor(options: HealthOptions) {
    this.#options = options;
    this.#heardMs = options.clock.nowMs();
  }

  /** The page is shown: pings from now on, with the first at once. */
  start(): void {
    if (this.#over || this.#tick !== undefined) return;
    this.#ping();
    this.#scheduleTick();
  }

  /** The page is hidden, where timers are not to be trusted: no pings. */
  pause(): void {
    this.#tick?.dispose();
    this.#tick = undefined;
    this.#open.clear();
    this.#endVerify();
  }

  /** Something came from the hub. */
  heard(): void {
    this.#heardMs = this.#options.clock.nowMs();
  }

  pong({ id, loop_age_ms, queued_bytes }: Pong): void {
    const sentMs = this.#open.get(id);
    if (this.#over || sentMs === undefined) return;
    // Channels are in order: older ones are answered too, or never will be.
    for (const open of [...this.#open.keys()]) if (open <= id) this.#open.delete(open);
    this.rtt_ms = this.#options.clock.nowMs() - sentMs;
    this.loop_age_ms = loop_age_ms;
    this.queued_bytes = queued_bytes;
    if (this.#verifying !== undefined && id >= this.#verifying.id) this.#endVerify();
    this.#options.onTick();
  }

  /** Asks now, and takes a late answer for none. */
  verify(): void {
    if (this.#over || this.#verifying !== undefined) return;
    const id = this.#ping();
    const deadline = this.#options.clock.after(VERIFY_MS, () => {
      this.missed++;
      this.#broken(`no answer to a ping within ${VERIFY_MS / 1000} s`);
    });
    this.#verifying = { id, deadline };
  }

  dispose(): void {
    this.#over = true;
    this.pause();
  }

  #ping(): number {
    const id = ++this.#lastId;
    this.#open.set(id, this.#options.clock.nowMs());
    const oldest = this.#open.keys().next().value;
    if (this.#open.size > MAX_OPEN && oldest !== undefined) this.#open.delete(oldest);
    this.#options.ping(id);
    return id;
  }

  #scheduleTick(): void {
    const { clock } = this.#options;
    this.#dueWallMs = clock.wallMs() + PING_MS;
    this.#tick = clock.after(PING_MS, () => this.#onTick());
  }

  #onTick(): void {
    const { clock, onTick } = this.#options;
    // By the wall clock: the other one stands still on some sleeping devices.
    const slept = clock.wallMs() - this.#dueWallMs > SLEPT_MS;
    this.#scheduleTick();
    if (slept) {
      this.#open.clear();
      this.verify();
    } else if (this.#judge()) {
      this.#ping();
    }
    if (!this.#over) onTick();
  }

  /** False: broken. */
  #judge(): boolean {
    const oldestMs = this.#open.values().next().value;
    if (oldestMs === undefined) return true;
    this.missed++;
    const nowMs = this.#options.clock.nowMs();
    // The first tick at which waiting for the next one would be too long.
    if (nowMs - Math.max(oldestMs, this.#heardMs) < SILENCE_MS - PING_MS / 2) return true;
    this.#broken('nothing was heard of it for some seconds');
    return false;
  }

  #broken(reason: string): void {
    if (this.#over) return;
    this.dispose();
    this.#options.onBroken(reason);
  }

  #endVerify(): void {
    this.#verifying?.deadline.dispose();
    this.#verifying = undefined;
  }
}
