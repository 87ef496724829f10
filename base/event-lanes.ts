/**
 * The two lanes in which events wait: in the hub's inbox, and in a worker that has no credit left.
 *
 * control: first in, first out, never dropped; when the lane is full the producer is told and keeps the event.
 * bulk: first in, first out, but an event replaces a waiting one of the same type and key, in its place; when the
 * lane is full the new event is dropped and counted per type. Order between the lanes is the taker's choice.
 * Every operation is O(1) and allocates nothing per event. Knows types and keys, not what events mean.
 */
import { RingQueue } from './ring-queue.js';

export type Lane = 'control' | 'bulk';

export interface EventLike {
  readonly type: string;
}

/** How one type of event travels. */
export interface LaneRule {
  readonly lane: Lane;
  /** Field whose value coalesces waiting bulk events: a string, number, bigint or boolean. */
  readonly key?: string;
}

export type LaneTable = ReadonlyMap<string, LaneRule>;

/** What a table is made from; a PrimitiveDef fits. */
export interface LaneSource {
  readonly name: string;
  readonly events?: Readonly<Record<string, LaneRule>>;
}

/** The rules of all events of `sources`, by event type (`owner.fact`). Throws if two sources declare one type. */
export function laneTable(sources: readonly LaneSource[]): LaneTable {
  const table = new Map<string, LaneRule>();
  for (const { name, events } of sources) {
    for (const [fact, { lane, key }] of Object.entries(events ?? {})) {
      const type = `${name}.${fact}`;
      if (table.has(type)) throw new Error(`event ${type} is declared twice`);
      table.set(type, key === undefined ? { lane } : { lane, key });
    }
  }
  return table;
}

/** Where an event came from, to be told when it has left the lanes: handled, replaced or dropped. */
export interface EventSource {
  taken(lane: Lane): void;
}

/**
 * queued, coalesced: it waits. dropped: bulk was full, it is gone and counted. full: control was full, it is still
 * the caller's. unknown: no rule for its type, it is still the caller's.
 */
export type Offered = 'queued' | 'coalesced' | 'dropped' | 'full' | 'unknown';

/** A type's rule and state. */
interface TypeState {
  readonly lane: Lane;
  readonly key: string | undefined;
  /** Sequence number of the waiting event, by the value of its key field. */
  readonly waiting: Map<unknown, number>;
  dropped: number;
}

class LaneQueue<E> {
  readonly events: RingQueue<E>;
  /** In step with `events`, so that sources cost no wrapper per event. */
  readonly sources: RingQueue<EventSource | undefined>;
  /** Deepest it ever was. */
  maxDepth = 0;

  constructor(limit: number) {
    this.events = new RingQueue(limit);
    this.sources = new RingQueue(limit);
  }

  /** The sequence number, or -1 when full. */
  push(event: E, source: EventSource | undefined): number {
    const sequence = this.events.push(event);
    if (sequence < 0) return sequence;
    this.sources.push(source);
    if (this.events.length > this.maxDepth) this.maxDepth = this.events.length;
    return sequence;
  }
}

export interface LaneDepth {
  readonly depth: number;
  readonly max_depth: number;
  readonly limit: number;
}

export class EventLanes<E extends EventLike> {
  readonly #types = new Map<string, TypeState>();
  readonly #control: LaneQueue<E>;
  readonly #bulk: LaneQueue<E>;
  #takenSource: EventSource | undefined;
  #coalesced = 0;

  constructor(table: LaneTable, limits: { readonly control: number; readonly bulk: number }) {
    for (const [type, { lane, key }] of table) {
      this.#types.set(type, { lane, key, waiting: new Map(), dropped: 0 });
    }
    this.#control = new LaneQueue(limits.control);
    this.#bulk = new LaneQueue(limits.bulk);
  }

  laneOf(type: string): Lane | undefined {
    return this.#types.get(type)?.lane;
  }

  /** Queues an event by its type's rule. `source` is told if the event is dropped or later replaced. */
  offer(event: E, source?: EventSource): Offered {
    const state = this.#types.get(event.type);
    if (state === undefined) return 'unknown';
    if (state.lane === 'control') return this.#control.push(event, source) < 0 ? 'full' : 'queued';

    const value = state.key === undefined ? undefined : fieldOf(event, state.key);
    const waiting = value === undefined ? undefined : state.waiting.get(value);
    if (waiting !== undefined) {
      this.#bulk.sources.at(waiting)?.taken('bulk');
      this.#bulk.events.replace(waiting, event);
      this.#bulk.sources.replace(waiting, source);
      this.#coalesced++;
      return 'coalesced';
    }
    const sequence = this.#bulk.push(event, source);
    if (sequence < 0) {
      state.dropped++;
      source?.taken('bulk');
      return 'dropped';
    }
    if (value !== undefined) state.waiting.set(value, sequence);
    return 'queued';
  }

  /** Takes the oldest event of a lane. The taker reports to `takenSource` once the event is handled. */
  take(lane: Lane): E | undefined {
    const queue = lane === 'control' ? this.#control : this.#bulk;
    const event = queue.events.shift();
    this.#takenSource = queue.sources.shift();
    if (event !== undefined && lane === 'bulk') this.#forget(event);
    return event;
  }

  /** The source of the event last taken, if it had one. A field, because a pair would be one allocation per event. */
  get takenSource(): EventSource | undefined {
    return this.#takenSource;
  }

  length(lane: Lane): number {
    return lane === 'control' ? this.#control.events.length : this.#bulk.events.length;
  }

  /** Numbers for people: depths and limits. */
  depth(lane: Lane): LaneDepth {
    const { events, maxDepth } = lane === 'control' ? this.#control : this.#bulk;
    return { depth: events.length, max_depth: maxDepth, limit: events.limit };
  }

  get coalesced(): number {
    return this.#coalesced;
  }

  /** How many events of a type were dropped so far. */
  dropped(type: string): number {
    return this.#types.get(type)?.dropped ?? 0;
  }

  /** All drops so far, of the types that had any. */
  drops(): Record<string, number> {
    const drops: Record<string, number> = {};
    for (const [type, { dropped }] of this.#types) if (dropped > 0) drops[type] = dropped;
    return drops;
  }

  #forget(event: E): void {
    const state = this.#types.get(event.type);
    if (state?.key !== undefined) state.waiting.delete(fieldOf(event, state.key));
  }
}

function fieldOf(event: object, field: string): unknown {
  return (event as Record<string, unknown>)[field];
}
