/**
 * The behaviour of `timer`: a clock's wake-up becomes an event, the event a call of the Lua function.
 *
 * Keeps true: a timer is never early; `every` is due at start + n * period whatever happened before; at most one tick
 * of a timer is queued or running. An engine's timers end with its scope. Wall-clock time plays no part.
 */
import { fail, HubError } from '../../base/errors.js';
import type { Disposable } from '../../base/scope.js';
import type { Callback } from '../../base/values.js';
import type { EngineContext, HubContext } from '../context.js';
import { type EventsOf, implement } from '../define.js';
import { timerDef } from './timer.def.js';

type TimerContext = HubContext<EventsOf<typeof timerDef>>;

/** More timers than this are a leak in the plugin. */
const MAX_TIMERS_PER_ENGINE = 1000;
/** Faster repetition is a busy loop with another name. */
const MIN_PERIOD_MS = 10;
/** When to post a tick again that did not arrive: a full inbox drops bulk events, and a timer must not get lost. */
const REPOST_MS = 1000;

export const timer = implement(timerDef, (hub) => {
  const timers = new Map<number, Timer>();
  let lastId = 0;

  function start(
    engine: EngineContext,
    own: Set<Timer>,
    delayMs: number,
    periodMs: number | undefined,
    callback: Callback,
  ): number | HubError<'timer.limit'> {
    if (own.size >= MAX_TIMERS_PER_ENGINE) {
      callback.release();
      return fail(
        'timer.limit',
        `a plugin can have ${MAX_TIMERS_PER_ENGINE} timers at a time: cancel some first`,
      );
    }
    const entry = new Timer(hub, ++lastId, delayMs, periodMs, callback, () => {
      timers.delete(entry.id);
      own.delete(entry);
      engine.scope.forget(entry);
    });
    timers.set(entry.id, entry);
    own.add(entry);
    engine.scope.use(entry);
    return entry.id;
  }

  return {
    engine(engine) {
      const own = new Set<Timer>();
      return {
        _after: (seconds, callback) => start(engine, own, seconds * 1000, undefined, callback),
        _every(seconds, callback) {
          const periodMs = Math.max(seconds * 1000, MIN_PERIOD_MS);
          return start(engine, own, periodMs, periodMs, callback);
        },
        sleep: (seconds) =>
          new Promise((resolve) => {
            const started = start(engine, own, seconds * 1000, undefined, calling(resolve));
            if (started instanceof HubError) resolve(started);
          }),
        _cancel(id) {
          const entry = timers.get(id);
          if (entry === undefined || !own.has(entry)) return false;
          entry.dispose();
          return true;
        },
      };
    },
    handlers: { 'timer.fired': (event) => timers.get(event.id)?.fire() },
  };
});

class Timer implements Disposable {
  readonly id: number;
  readonly #hub: TimerContext;
  readonly #startMs: number;
  readonly #periodMs: number | undefined;
  readonly #callback: Callback;
  readonly #onEnd: () => void;
  #dueMs: number;
  #wakeUp: Disposable | undefined;

  constructor(
    hub: TimerContext,
    id: number,
    delayMs: number,
    periodMs: number | undefined,
    callback: Callback,
    onEnd: () => void,
  ) {
    this.id = id;
    this.#hub = hub;
    this.#startMs = hub.clock.nowMs();
    this.#dueMs = this.#startMs + delayMs;
    this.#periodMs = periodMs;
    this.#callback = callback;
    this.#onEnd = onEnd;
    this.#wakeAfter(delayMs);
  }

  /** The loop got to the tick that was posted. */
  fire(): void {
    const nowMs = this.#hub.clock.nowMs();
    if (nowMs < this.#dueMs) return;
    if (this.#periodMs === undefined) {
      this.#callback.call();
      this.dispose();
      return;
    }
    if (this.#callback.pending === 0) this.#callback.call();
    else this.#hub.counters.add('timer.skipped');
    this.#dueMs = nextDue(this.#startMs, this.#periodMs, nowMs);
    this.#wakeAfter(this.#dueMs - nowMs);
  }

  dispose(): void {
    if (this.#wakeUp === undefined) return;
    this.#wakeUp.dispose();
    this.#wakeUp = undefined;
    this.#callback.release();
    this.#onEnd();
  }

  #wakeAfter(delayMs: number): void {
    this.#wakeUp?.dispose();
    this.#wakeUp = this.#hub.clock.after(delayMs, () => {
      this.#wakeAfter(REPOST_MS);
      this.#hub.post({ type: 'timer.fired', id: this.id });
    });
  }
}

/** What a timer calls, where that is not a function of Lua. */
function calling(wake: () => void): Callback {
  const nothing = (): void => undefined;
  return { pending: 0, call: wake, release: nothing, cancel: nothing };
}

/** The first point of the grid start + n * period that is later than now. */
export function nextDue(startMs: number, periodMs: number, nowMs: number): number {
  let count = Math.floor((nowMs - startMs) / periodMs) + 1;
  // The division rounds: the point it gives may be now itself.
  while (startMs + count * periodMs <= nowMs) count++;
  return startMs + count * periodMs;
}
