/**
 * The way of a worker's events to the hub: sent at once while there is credit, else waiting in bounded lanes.
 *
 * The hub grants credit and returns it as its loop handles events, so a busy hub is never buried in messages. Without
 * credit, control events wait in order and a full lane refuses (`emit` returns false: stop reading your source until
 * `drained`); bulk events coalesce by key, and a drop is counted and reported with the next credit.
 * Two lanes have two credits: a flood of bulk events never delays a control event.
 */
import { ArgumentError } from './errors.js';
import { EventLanes, type EventLike, type Lane, type LaneTable } from './event-lanes.js';
import type { Credit, ToHub } from './rpc-wire.js';

/** Control events that wait in a worker: a second of busy signaling; beyond it the source must slow down. */
export const OUTLET_CONTROL_LIMIT = 4_096;
/** Bulk events that wait in a worker, after coalescing: more distinct keys than any worker serves. */
export const OUTLET_BULK_LIMIT = 4_096;

export interface OutletLimits {
  readonly control: number;
  readonly bulk: number;
}

export class EventOutlet<E extends EventLike> {
  readonly #send: (message: ToHub) => void;
  readonly #lanes: EventLanes<E>;
  readonly #controlLimit: number;
  readonly #credit = { control: 0, bulk: 0 };
  #dropped: Record<string, number> = {};
  #closed = false;
  #drained: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;

  constructor(
    send: (message: ToHub) => void,
    lanes: LaneTable,
    limits: OutletLimits = { control: OUTLET_CONTROL_LIMIT, bulk: OUTLET_BULK_LIMIT },
  ) {
    this.#send = send;
    this.#lanes = new EventLanes(lanes, limits);
    this.#controlLimit = limits.control;
  }

  /**
   * Sends or queues an event. False: the control lane is full (or the outlet closed) and the event was not taken.
   * Throws ArgumentError for an undeclared type, and what structured cloning throws.
   */
  emit(event: E): boolean {
    const lane = this.#lanes.laneOf(event.type);
    if (lane === undefined) throw new ArgumentError(`event ${event.type} is not declared`);
    if (this.#closed) return false;
    if (this.#credit[lane] > 0 && this.#lanes.length(lane) === 0) {
      this.#send({ kind: 'events', lane, events: [event] });
      this.#credit[lane]--;
      return true;
    }
    const offered = this.#lanes.offer(event);
    if (offered === 'dropped') this.#drop(event.type);
    return offered !== 'full';
  }

  /** Resolves when the control lane is at most half full; at once if it is, and when the outlet closes. */
  get drained(): Promise<void> {
    if (this.#isDrained()) return Promise.resolve();
    if (this.#drained === undefined) {
      let resolve = (): void => undefined;
      const promise = new Promise<void>((done) => {
        resolve = done;
      });
      this.#drained = { promise, resolve };
    }
    return this.#drained.promise;
  }

  /** Adds credit from the hub, reports drops, and sends what waits: control first. */
  grant(credit: Credit): void {
    if (this.#closed) return;
    this.#credit.control += credit.control;
    this.#credit.bulk += credit.bulk;
    this.#flush('control');
    this.#flush('bulk');
    this.#reportDrops();
    this.#wakeDrained();
  }

  /** Ends the outlet; what still waits is reported as dropped. */
  close(): void {
    if (this.#closed) return;
    for (const lane of ['control', 'bulk'] as const) {
      for (let event = this.#lanes.take(lane); event !== undefined; event = this.#lanes.take(lane)) {
        this.#drop(event.type);
      }
    }
    this.#reportDrops();
    this.#closed = true;
    this.#wakeDrained();
  }

  #flush(lane: Lane): void {
    while (this.#credit[lane] > 0 && this.#lanes.length(lane) > 0) {
      const batch: E[] = [];
      while (batch.length < this.#credit[lane]) {
        const event = this.#lanes.take(lane);
        if (event === undefined) break;
        batch.push(event);
      }
      if (this.#trySend(lane, batch)) continue;
      // One event that cannot be cloned must not take its neighbours with it.
      for (const event of batch) if (!this.#trySend(lane, [event])) this.#drop(event.type);
    }
  }

  #trySend(lane: Lane, events: readonly E[]): boolean {
    try {
      this.#send({ kind: 'events', lane, events });
      this.#credit[lane] -= events.length;
      return true;
    } catch {
      return false;
    }
  }

  #drop(type: string): void {
    this.#dropped[type] = (this.#dropped[type] ?? 0) + 1;
  }

  #reportDrops(): void {
    if (Object.keys(this.#dropped).length === 0) return;
    this.#send({ kind: 'dropped', counts: this.#dropped });
    this.#dropped = {};
  }

  #isDrained(): boolean {
    return this.#closed || this.#lanes.length('control') <= this.#controlLimit / 2;
  }

  #wakeDrained(): void {
    if (this.#drained === undefined || !this.#isDrained()) return;
    this.#drained.resolve();
    this.#drained = undefined;
  }
}
