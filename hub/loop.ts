/**
 * The hub's event loop: turns that take events from the inbox, hand them to handlers, and give way.
 *
 * A turn takes control events first, then bulk, until a number or a time is reached; then one slice of background
 * work (Lua); then node gets the thread back for sockets and timers, and if anything is left the next turn follows by
 * `setImmediate`. Bulk events get a small guaranteed share, so a flood of control events slows but never starves them.
 * Order is deterministic: it depends on the events and the clock only. When nothing waits, nothing runs.
 * The loop knows no event: what one means is its handler's business. Times and counts are in hub/loop-stats.ts.
 */
import type { Clock } from '../base/clock.js';
import type { Counters } from '../base/counters.js';
import type { EventLike, Lane } from '../base/event-lanes.js';
import type { Heartbeat } from '../base/heartbeat.js';
import type { Logger } from '../base/log.js';
import type { Disposable } from '../base/scope.js';
import type { HandlersOf } from '../primitives/define.js';
import { dispatch } from './dispatch.js';
import type { Inbox, InboxMetrics } from './inbox.js';
import { type LoopMetrics, LoopStats } from './loop-stats.js';

/** Most events in one turn. Bounds a turn where the clock stands still; 4 ms of cheap handlers is about as many. */
export const TURN_EVENTS = 1_024;
/** Longest time for events in one turn. Sockets and timers wait this long at most, plus one handler and one slice. */
export const TURN_MS = 4;
/** Bulk events that a turn takes even when control events used it up. */
export const BULK_SHARE_EVENTS = 16;
/** Time for background work in one turn. The Lua scheduler preempts at this grain. */
export const BACKGROUND_SLICE_MS = 2;

/** A handler or a slice that takes longer is a defect: counted as `loop.slow.<type>` and logged. */
export const SLOW_MS = 50;
/** A probe this late means that something outside the turns held the thread: `loop.stalls`. */
export const STALL_MS = 1_000;

/** Work that has no deadline and can stop at any point: the Lua scheduler. */
export interface BackgroundWork {
  readonly pending: boolean;
  /**
   * Works until `untilMs` or until nothing is left. `untilMs` is on the `performance.now()` scale whatever the loop's
   * clock: slices bound real CPU time.
   */
  run(untilMs: number): void;
  /** Set by the loop. The work calls it when `pending` becomes true outside `run`. */
  onPending: () => void;
}

/** Sees every event at the moment the loop takes it. */
export interface EventRecorder {
  record(event: EventLike, atMs: number): void;
}

export interface LoopOptions<E extends EventLike> {
  readonly inbox: Inbox<E>;
  readonly handlers: HandlersOf<E>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: Counters;
  readonly heartbeat?: Heartbeat;
  readonly recorder?: EventRecorder;
  /** Runs a function after node has looked at sockets and timers. Default `setImmediate`. */
  readonly soon?: (callback: () => void) => void;
  readonly turnEvents?: number;
  readonly turnMs?: number;
}

export class Loop<E extends EventLike> {
  readonly #options: LoopOptions<E>;
  readonly #inbox: Inbox<E>;
  readonly #clock: Clock;
  readonly #soon: (callback: () => void) => void;
  readonly #stats: LoopStats;
  readonly #background: BackgroundWork[] = [];
  readonly #beforeSleep = new Set<() => void>();
  #state: 'stopped' | 'asleep' | 'scheduled' | 'turning' = 'stopped';

  constructor(options: LoopOptions<E>) {
    this.#options = options;
    this.#inbox = options.inbox;
    this.#clock = options.clock;
    this.#soon = options.soon ?? setImmediate;
    this.#stats = new LoopStats(options.clock.nowMs());
    this.#inbox.onPending = () => this.wake();
  }

  /** Begins to run turns when there is work. */
  start(): void {
    if (this.#state !== 'stopped') return;
    this.#state = 'asleep';
    if (this.#hasWork()) this.wake();
  }

  /** Runs no further turns; what waits stays in the inbox. */
  stop(): void {
    this.#state = 'stopped';
  }

  /** Makes a turn follow soon, unless one is scheduled or the loop is stopped. */
  wake(): void {
    if (this.#state !== 'asleep') return;
    this.#state = 'scheduled';
    this.#soon(() => this.#scheduledTurn());
  }

  /** Adds work that gets a slice in each turn in which it is pending. */
  addBackground(work: BackgroundWork): void {
    this.#background.push(work);
    work.onPending = () => this.wake();
    if (work.pending) this.wake();
  }

  /** Runs `flush` at the end of each turn, before the thread goes back to node. What it posts is taken next turn. */
  beforeSleep(flush: () => void): Disposable {
    this.#beforeSleep.add(flush);
    return { dispose: () => void this.#beforeSleep.delete(flush) };
  }

  /** Runs one turn now. True: work is left. */
  turn(): boolean {
    const startMs = this.#clock.nowMs();
    this.#options.heartbeat?.beat(startMs);
    this.#takeEvents(startMs);
    this.#runBackground();
    this.#inbox.releaseProducers();
    for (const flush of this.#beforeSleep) this.#guard('before_sleep', flush);
    const endMs = this.#clock.nowMs();
    this.#options.heartbeat?.beat(endMs);
    this.#stats.countTurn(endMs - startMs, endMs);
    return this.#hasWork();
  }

  /** A sample of how late the loop is, from hub/lag-probe.ts. */
  recordLag(lagMs: number): void {
    const nowMs = this.#clock.nowMs();
    this.#options.heartbeat?.beat(nowMs);
    this.#stats.countLag(lagMs, nowMs);
    if (lagMs < STALL_MS) return;
    this.#options.counters.add('loop.stalls');
    this.#options.log.log('warn', 'the main thread was held', { ms: Math.round(lagMs) });
  }

  /** The numbers of `botster status --json`. */
  metrics(): { readonly loop: LoopMetrics; readonly queues: InboxMetrics } {
    return { loop: this.#stats.metrics(this.#clock.nowMs()), queues: this.#inbox.metrics() };
  }

  #scheduledTurn(): void {
    if (this.#state !== 'scheduled') return;
    this.#state = 'turning';
    const workLeft = this.turn();
    // A handler may have stopped the loop.
    if ((this.#state as string) !== 'turning') return;
    this.#state = 'asleep';
    if (workLeft) this.wake();
  }

  #hasWork(): boolean {
    return this.#inbox.pending || this.#background.some((work) => work.pending);
  }

  #takeEvents(startMs: number): void {
    const { turnEvents = TURN_EVENTS, turnMs = TURN_MS } = this.#options;
    const untilMs = startMs + turnMs;
    let nowMs = startMs;
    let left = turnEvents;
    let bulkShare = BULK_SHARE_EVENTS;
    for (;;) {
      const inTime = left > 0 && nowMs < untilMs;
      if (inTime && this.#inbox.length('control') > 0) {
        nowMs = this.#takeOne('control', nowMs);
      } else if ((inTime || bulkShare > 0) && this.#inbox.length('bulk') > 0) {
        nowMs = this.#takeOne('bulk', nowMs);
        bulkShare--;
      } else {
        return;
      }
      left--;
    }
  }

  #runBackground(): void {
    for (const work of this.#background) {
      if (!work.pending) continue;
      const startMs = this.#clock.nowMs();
      this.#guard('background', () => work.run(performance.now() + BACKGROUND_SLICE_MS));
      this.#reportIfSlow('background', this.#clock.nowMs() - startMs);
    }
  }

  /** Handles the oldest event of a lane that is not empty. Returns the time after it. */
  #takeOne(lane: Lane, startMs: number): number {
    const event = this.#inbox.take(lane) as E;
    const source = this.#inbox.takenSource;
    this.#options.recorder?.record(event, startMs);
    try {
      dispatch(this.#options.handlers, event);
    } catch (thrown) {
      this.#report(`handler_failed.${event.type}`, 'a handler failed', event, thrown);
    }
    source?.taken(lane);
    const endMs = this.#clock.nowMs();
    this.#stats.countEvent(event.type, endMs - startMs);
    this.#reportIfSlow(event.type, endMs - startMs);
    return endMs;
  }

  #guard(what: string, run: () => void): void {
    try {
      run();
    } catch (thrown) {
      this.#report(`${what}_failed`, `${what} failed`, undefined, thrown);
    }
  }

  #reportIfSlow(what: string, ms: number): void {
    if (ms < SLOW_MS) return;
    this.#options.counters.add(`loop.slow.${what}`);
    this.#options.log.log('warn', 'slow work on the main thread', { what, ms: Math.round(ms) });
  }

  #report(counter: string, message: string, event: E | undefined, error: unknown): void {
    this.#options.counters.add(`loop.${counter}`);
    const session = (event as { readonly session?: unknown } | undefined)?.session;
    this.#options.log.log('error', message, { event: event?.type, session, error });
  }
}
