import { describe, expect, test } from 'vitest';
import { HubError } from '../../../base/errors.js';
import { nextDue, timer } from '../../../primitives/timer/timer.js';
import { FakeCallback, FakeHub } from '../../support/fake-hub.js';
import fc from '../../support/fast-check.js';
import { VirtualClock } from '../../support/virtual-clock.js';

function open() {
  const clock = new VirtualClock();
  const hub = new FakeHub(timer, { clock });
  const { functions, scope } = hub.engine();
  /** A callback that notes when it was called, and is done at once. */
  const noting = () => {
    const times: number[] = [];
    const callback: FakeCallback<[]> = new FakeCallback(() => {
      times.push(clock.nowMs());
      callback.finish();
    });
    return { times, callback };
  };
  return { clock, hub, functions, scope, noting };
}

describe('after', () => {
  test('calls once, not before its time', () => {
    const { clock, functions, noting } = open();
    const { times, callback } = noting();
    functions._after(1.5, callback);
    clock.advance(1_499);
    expect(times).toEqual([]);
    clock.advance(10_000);
    expect(times).toEqual([1_500]);
    expect(callback.state).toBe('released');
    expect(clock.pendingTimers).toBe(0);
  });

  test('0 never calls at once, but when the loop comes around', () => {
    const { clock, hub, functions, noting } = open();
    const { times, callback } = noting();
    hub.handleAtOnce = false;
    functions._after(0, callback);
    expect(hub.posted).toEqual([]);
    clock.advance(0);
    expect(hub.posted).toEqual([{ type: 'timer.fired', id: 1 }]);
    expect(times).toEqual([]);
    hub.handlePosted();
    expect(times).toEqual([0]);
  });

  test('ten years are fine', () => {
    const { clock, functions, noting } = open();
    const { times, callback } = noting();
    functions._after(315_360_000, callback);
    clock.advance(315_360_000_000 - 1);
    expect(times).toEqual([]);
    clock.advance(1);
    expect(times).toHaveLength(1);
  });

  test('a tick that the inbox dropped is posted again', () => {
    const { clock, hub, functions, noting } = open();
    const { times, callback } = noting();
    hub.handleAtOnce = false;
    functions._after(1, callback);
    clock.advance(1_000);
    hub.posted.length = 0;
    clock.advance(1_000);
    hub.handlePosted();
    expect(times).toEqual([2_000]);
    clock.advance(60_000);
    hub.handlePosted();
    expect(times).toHaveLength(1);
  });
});

describe('every', () => {
  test('does not drift, however late the ticks are', () => {
    const { clock, hub, functions, noting } = open();
    const { times, callback } = noting();
    hub.handleAtOnce = false;
    functions._every(0.1, callback);
    for (let tick = 0; tick < 50; tick++) {
      clock.advance(100 - (clock.nowMs() % 100));
      // The loop gets to it up to 90 ms later.
      clock.advanceBlocked((tick * 37) % 90);
      hub.handlePosted();
    }
    expect(times).toHaveLength(50);
    times.forEach((timeMs, tick) => {
      expect(timeMs - (tick + 1) * 100).toBeGreaterThanOrEqual(0);
      expect(timeMs - (tick + 1) * 100).toBeLessThan(90);
    });
  });

  test('several missed ticks become one, and the next is back on the grid', () => {
    const { clock, functions, noting } = open();
    const { times, callback } = noting();
    functions._every(1, callback);
    clock.advance(1_000);
    clock.advanceBlocked(3_400);
    clock.advance(0);
    clock.advance(600);
    expect(times).toEqual([1_000, 4_400, 5_000]);
  });

  test('a call that still runs or waits is not joined by another', () => {
    const { clock, hub, functions } = open();
    const callback = new FakeCallback<[]>();
    functions._every(0.01, callback);
    clock.advance(1_000);
    expect(callback.calls).toHaveLength(1);
    expect(hub.counters.get('timer.skipped')).toBe(99);
    callback.finish();
    clock.advance(10);
    expect(callback.calls).toHaveLength(2);
  });

  test('faster than every 10 ms is every 10 ms', () => {
    const { clock, functions, noting } = open();
    const { times, callback } = noting();
    functions._every(0, callback);
    clock.advance(50);
    expect(times).toEqual([10, 20, 30, 40, 50]);
  });

  test('the next point of the grid is later than now and at most a period away', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1e9, noNaN: true }),
        fc.double({ min: 10, max: 1e9, noNaN: true }),
        fc.double({ min: 0, max: 1e12, noNaN: true }),
        (startMs, periodMs, lateMs) => {
          const nowMs = startMs + lateMs;
          const dueMs = nextDue(startMs, periodMs, nowMs);
          expect(dueMs).toBeGreaterThan(nowMs);
          expect(dueMs - nowMs).toBeLessThanOrEqual(periodMs * 1.001 + 1e-3);
        },
      ),
    );
  });
});

describe('cancel', () => {
  test('stops either kind, once, and says whether there was one', () => {
    const { clock, functions, noting } = open();
    const once = noting();
    const often = noting();
    const first = functions._after(1, once.callback) as number;
    const second = functions._every(1, often.callback) as number;
    expect(functions._cancel(first)).toBe(true);
    expect(functions._cancel(second)).toBe(true);
    expect(functions._cancel(first)).toBe(false);
    expect(functions._cancel(12_345)).toBe(false);
    clock.advance(10_000);
    expect([once.times, often.times]).toEqual([[], []]);
    expect(clock.pendingTimers).toBe(0);
  });

  test('of a tick that is in the inbox drops it', () => {
    const { clock, hub, functions, noting } = open();
    const { times, callback } = noting();
    hub.handleAtOnce = false;
    const id = functions._after(1, callback) as number;
    clock.advance(1_000);
    expect(functions._cancel(id)).toBe(true);
    hub.handlePosted();
    expect(times).toEqual([]);
  });

  test('cannot reach the timers of another engine', () => {
    const { hub, functions, noting } = open();
    const id = functions._after(1, noting().callback) as number;
    expect(hub.engine('other').functions._cancel(id)).toBe(false);
  });
});

test('an engine has at most 1,000 timers at a time', () => {
  const { clock, functions, noting } = open();
  const { callback } = noting();
  for (let i = 0; i < 1_000; i++) expect(functions._after(1, callback)).toBeTypeOf('number');
  const refused = functions._every(1, new FakeCallback());
  expect(refused).toBeInstanceOf(HubError);
  expect((refused as HubError).code).toBe('timer.limit');
  clock.advance(1_000);
  expect(functions._after(1, noting().callback)).toBeTypeOf('number');
});

test("an engine's timers end with it", () => {
  const { clock, functions, scope, noting } = open();
  const { times, callback } = noting();
  functions._after(1, callback);
  functions._every(1, noting().callback);
  scope.dispose();
  expect(clock.pendingTimers).toBe(0);
  clock.advance(10_000);
  expect(times).toEqual([]);
  expect(callback.state).not.toBe('held');
});
