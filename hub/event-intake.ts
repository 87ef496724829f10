/**
 * The way of one worker's events into the inbox.
 *
 * A control event that finds the lane full is held here, in order, until the inbox drains; the worker's credit, which
 * returns only when an event is handled, bounds how many that can be. Events of undeclared types, or sent on another
 * lane than declared, are counted, logged and dropped, and their credit goes back.
 */
import type { Counters } from '../base/counters.js';
import type { EventLike, EventSource, Lane } from '../base/event-lanes.js';
import type { Logger } from '../base/log.js';
import { RingQueue } from '../base/ring-queue.js';
import { EVENT_CREDIT, MAX_BAD_MESSAGE_LINES } from '../base/rpc-connection.js';
import type { Inbox } from './inbox.js';

/** Room for the worker's whole credit and for the few lifecycle events of one life. */
export const HELD_LIMIT = EVENT_CREDIT.control + 16;

interface Held<E> {
  readonly event: E;
  readonly source: EventSource | undefined;
}

export interface IntakeOptions<E extends EventLike> {
  readonly inbox: Inbox<E>;
  readonly log: Logger;
  readonly counters: Counters;
}

export class EventIntake<E extends EventLike> {
  readonly #inbox: Inbox<E>;
  readonly #log: Logger;
  readonly #counters: Counters;
  readonly #held = new RingQueue<Held<E>>(HELD_LIMIT);
  #waitsForDrain = false;
  #undeclared = 0;

  constructor({ inbox, log, counters }: IntakeOptions<E>) {
    this.#inbox = inbox;
    this.#log = log;
    this.#counters = counters;
  }

  /** Control events that wait for room in the inbox. */
  get held(): number {
    return this.#held.length;
  }

  /** Takes an event that a worker sent on `lane`. `source` is told once when it has left. */
  accept(event: EventLike, lane: Lane, source?: EventSource): void {
    if (this.#inbox.laneOf(event.type) !== lane) {
      this.#counters.add('inbox.undeclared');
      if (++this.#undeclared <= MAX_BAD_MESSAGE_LINES) {
        this.#log.log('error', 'dropped an undeclared event', { type: event.type, lane });
      }
      source?.taken(lane);
      return;
    }
    // Declared types are the hub's own; what an event of a type contains is the word of our own worker.
    const declared = event as E;
    const inTurn = lane === 'bulk' || this.#held.length === 0;
    if (!inTurn || !this.#inbox.post(declared, source)) this.#hold({ event: declared, source });
  }

  #hold(held: Held<E>): void {
    if (this.#held.push(held) < 0) {
      this.#counters.add('inbox.lost_control');
      this.#log.log('error', 'lost a control event: more than its worker may send', {
        type: held.event.type,
      });
      held.source?.taken('control');
      return;
    }
    this.#releaseLater();
  }

  #releaseLater(): void {
    if (this.#waitsForDrain) return;
    this.#waitsForDrain = true;
    this.#inbox.onDrain(() => this.#release());
  }

  #release(): void {
    this.#waitsForDrain = false;
    while (this.#held.length > 0) {
      const { event, source } = this.#held.at(this.#held.head) as Held<E>;
      if (!this.#inbox.post(event, source)) {
        this.#releaseLater();
        return;
      }
      this.#held.shift();
    }
  }
}
