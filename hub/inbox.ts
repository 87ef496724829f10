/**
 * Where every HubEvent waits for the loop: two bounded lanes, by the rules of the event definitions.
 *
 * Invariant: an event that was posted is taken once, or replaced by a newer one of its key, or counted as dropped
 * (`inbox.dropped.<type>`); a control event is never dropped, its producer is refused and told when to go on.
 * Does not decide what runs when; the loop does.
 */
import type { Counters } from '../base/counters.js';
import {
  EventLanes,
  type EventLike,
  type EventSource,
  type Lane,
  type LaneDepth,
  type LaneTable,
} from '../base/event-lanes.js';
import type { Logger } from '../base/log.js';
import type { Disposable } from '../base/scope.js';

/** Waiting control events: 80 ms of handling at 10 us each, far above what live clients cause. */
export const CONTROL_LIMIT = 8_192;
/** Waiting bulk events after coalescing: a burst of file events of a big checkout fits. */
export const BULK_LIMIT = 65_536;

export interface InboxOptions {
  readonly lanes: LaneTable;
  readonly counters: Counters;
  readonly log: Logger;
  readonly controlLimit?: number;
  readonly bulkLimit?: number;
}

export interface InboxMetrics {
  readonly control: LaneDepth;
  readonly bulk: LaneDepth & { readonly coalesced: number; readonly dropped: number };
}

export class Inbox<E extends EventLike> {
  /** Called at each event that was queued: the loop wakes up. */
  onPending: () => void = () => undefined;
  /** The rules of all declared events. */
  readonly table: LaneTable;
  readonly #lanes: EventLanes<E>;
  readonly #counters: Counters;
  readonly #log: Logger;
  readonly #controlLimit: number;
  readonly #waiting = new Set<() => void>();

  constructor({ lanes, counters, log, controlLimit = CONTROL_LIMIT, bulkLimit = BULK_LIMIT }: InboxOptions) {
    this.table = lanes;
    this.#lanes = new EventLanes(lanes, { control: controlLimit, bulk: bulkLimit });
    this.#counters = counters;
    this.#log = log;
    this.#controlLimit = controlLimit;
  }

  /**
   * Queues an event. False: the control lane is full, the event was not taken; keep it and use `onDrain`.
   * True for bulk events always: they are coalesced, or dropped and counted. Throws for an undeclared type.
   * `source` is told when the event has been handled, replaced or dropped.
   */
  post(event: E, source?: EventSource): boolean {
    const offered = this.#lanes.offer(event, source);
    switch (offered) {
      case 'queued':
        this.onPending();
        return true;
      case 'coalesced':
        return true;
      case 'dropped':
        this.#countDrop(event.type);
        return true;
      case 'full':
        this.#counters.add('inbox.control_full');
        return false;
      case 'unknown':
        throw new Error(`event ${event.type} is not declared`);
    }
  }

  /** The declared lane of an event type. */
  laneOf(type: string): Lane | undefined {
    return this.#lanes.laneOf(type);
  }

  /** Calls `callback` once, in the loop, when the control lane is at most half full. Dispose to forget it. */
  onDrain(callback: () => void): Disposable {
    // A set of fresh functions: the same callback may wait twice.
    const entry = (): void => callback();
    this.#waiting.add(entry);
    this.onPending();
    return { dispose: () => void this.#waiting.delete(entry) };
  }

  /** Takes the oldest event of a lane; its source is `takenSource` until the next take. */
  take(lane: Lane): E | undefined {
    return this.#lanes.take(lane);
  }

  get takenSource(): EventSource | undefined {
    return this.#lanes.takenSource;
  }

  length(lane: Lane): number {
    return this.#lanes.length(lane);
  }

  get pending(): boolean {
    return this.#lanes.length('control') > 0 || this.#lanes.length('bulk') > 0 || this.#drainable;
  }

  /** Runs the callbacks of `onDrain` if there is room. The loop calls it once a turn. */
  releaseProducers(): void {
    if (!this.#drainable) return;
    const callbacks = [...this.#waiting];
    this.#waiting.clear();
    for (const callback of callbacks) {
      try {
        callback();
      } catch (thrown) {
        this.#counters.add('inbox.drain_failed');
        this.#log.log('error', 'a producer failed when told to go on', { error: thrown });
      }
    }
  }

  metrics(): InboxMetrics {
    const drops = Object.values(this.#lanes.drops());
    return {
      control: this.#lanes.depth('control'),
      bulk: {
        ...this.#lanes.depth('bulk'),
        coalesced: this.#lanes.coalesced,
        dropped: drops.reduce((sum, count) => sum + count, 0),
      },
    };
  }

  get #drainable(): boolean {
    return this.#waiting.size > 0 && this.#lanes.length('control') <= this.#controlLimit / 2;
  }

  // A flood drops thousands: the first and every 10,000th of a type make a log line, all are counted.
  #countDrop(type: string): void {
    this.#counters.add(`inbox.dropped.${type}`);
    const total = this.#lanes.dropped(type);
    if (total % 10_000 === 1) this.#log.log('warn', 'the inbox is full, events are dropped', { type, total });
  }
}
