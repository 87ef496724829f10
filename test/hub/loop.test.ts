import { describe, expect, it } from 'vitest';
import { Counters } from '../../base/counters.js';
import { Heartbeat, HeartbeatReader } from '../../base/heartbeat.js';
import { Inbox } from '../../hub/inbox.js';
import {
  type BackgroundWork,
  BULK_SHARE_EVENTS,
  Loop,
  type LoopOptions,
  SLOW_MS,
  STALL_MS,
  TURN_EVENTS,
  TURN_MS,
} from '../../hub/loop.js';
import type { HandlersOf } from '../../primitives/define.js';
import fc from '../support/fast-check.js';
import { MemoryLog } from '../support/memory-log.js';
import { fact, file, noise, type TestEvent, testLanes } from '../support/test-events.js';
import { VirtualClock } from '../support/virtual-clock.js';

function open(options: Partial<LoopOptions<TestEvent>> = {}, controlLimit = 8_192) {
  const clock = new VirtualClock();
  const counters = new Counters();
  const log = new MemoryLog();
  const inbox = new Inbox<TestEvent>({ lanes: testLanes, counters, log, controlLimit });
  const taken: string[] = [];
  /** What `setImmediate` would run. */
  const soon: (() => void)[] = [];
  const note = (name: string) => (event: { n: number }) => void taken.push(`${name}${event.n}`);
  const handlers: HandlersOf<TestEvent> = {
    'test.fact': note('c'),
    'test.noise': note('n'),
    'test.file': note('f'),
  };
  const loop = new Loop<TestEvent>({
    inbox,
    handlers,
    clock,
    log,
    counters,
    soon: (callback) => soon.push(callback),
    ...options,
  });
  const runSoon = (): number => {
    const batch = soon.splice(0);
    for (const callback of batch) callback();
    return batch.length;
  };
  return { clock, counters, log, inbox, taken, soon, loop, runSoon };
}

/** Handlers that take time on the virtual clock. */
function slow(clock: VirtualClock, ms: number, taken: string[]): HandlersOf<TestEvent> {
  const note = (name: string) => (event: { n: number }) => {
    taken.push(`${name}${event.n}`);
    clock.advance(ms);
  };
  return { 'test.fact': note('c'), 'test.noise': note('n'), 'test.file': note('f') };
}

describe('a turn', () => {
  it('takes control before bulk, each in order', () => {
    const { inbox, loop, taken } = open();
    inbox.post(file(1));
    inbox.post(fact(2));
    inbox.post(noise('a', 3));
    inbox.post(fact(4));
    expect(loop.turn()).toBe(false);
    expect(taken).toEqual(['c2', 'c4', 'f1', 'n3']);
  });

  it('takes a control event that a bulk handler posts before the next bulk event', () => {
    const { inbox, loop, taken } = open({
      handlers: {
        'test.fact': ({ n }) => void taken.push(`c${n}`),
        'test.noise': () => undefined,
        'test.file': ({ n }) => {
          taken.push(`f${n}`);
          if (n === 1) inbox.post(fact(9));
        },
      },
    });
    inbox.post(file(1));
    inbox.post(file(2));
    loop.turn();
    expect(taken).toEqual(['f1', 'c9', 'f2']);
  });

  it('stops after its number of events, and leaves a share to bulk', () => {
    const { inbox, loop, taken } = open();
    for (let n = 0; n < TURN_EVENTS + 5; n++) inbox.post(fact(n));
    for (let n = 0; n < 100; n++) inbox.post(file(n));
    expect(loop.turn()).toBe(true);
    expect(taken.filter((name) => name.startsWith('c'))).toHaveLength(TURN_EVENTS);
    expect(taken.filter((name) => name.startsWith('f'))).toHaveLength(BULK_SHARE_EVENTS);
    expect(loop.turn()).toBe(false);
    expect(taken).toHaveLength(TURN_EVENTS + 5 + 100);
  });

  it('stops after its time', () => {
    const taken: string[] = [];
    const clock = new VirtualClock();
    const { inbox, loop } = open({ clock, handlers: slow(clock, 1, taken) });
    for (let n = 0; n < 10; n++) inbox.post(fact(n));
    expect(loop.turn()).toBe(true);
    expect(taken).toHaveLength(TURN_MS);
    expect(clock.nowMs()).toBe(TURN_MS);
  });

  it('goes on after a handler that throws; the failure is logged with the event and counted', () => {
    const { inbox, loop, taken, log, counters } = open({
      handlers: {
        'test.fact': () => {
          throw new Error('broken handler');
        },
        'test.noise': () => undefined,
        'test.file': ({ n }) => void taken.push(`f${n}`),
      },
    });
    inbox.post({ type: 'test.fact', n: 1, session: 'abc' } as TestEvent);
    inbox.post(file(2));
    loop.turn();
    expect(taken).toEqual(['f2']);
    expect(counters.get('loop.handler_failed.test.fact')).toBe(1);
    expect(log.lines[0]).toMatchObject({
      level: 'error',
      fields: { event: 'test.fact', session: 'abc', error: { message: 'broken handler' } },
    });
  });

  it('reports each event to its source after the handler ran', () => {
    const { inbox, loop, taken } = open();
    inbox.post(fact(1), { taken: (lane) => taken.push(`taken ${lane}`) });
    inbox.post(file(2), { taken: (lane) => taken.push(`taken ${lane}`) });
    loop.turn();
    expect(taken).toEqual(['c1', 'taken control', 'f2', 'taken bulk']);
  });

  it('tells waiting producers to go on, and takes what they post in the next turn', () => {
    const { inbox, loop, taken } = open({}, 2);
    inbox.post(fact(1));
    inbox.post(fact(2));
    expect(inbox.post(fact(3))).toBe(false);
    inbox.onDrain(() => inbox.post(fact(3)));
    expect(loop.turn()).toBe(true);
    expect(loop.turn()).toBe(false);
    expect(taken).toEqual(['c1', 'c2', 'c3']);
  });

  it('runs the flushes of beforeSleep once, after the events, also when one fails', () => {
    const { inbox, loop, taken, counters } = open();
    loop.beforeSleep(() => {
      throw new Error('broken flush');
    });
    loop.beforeSleep(() => taken.push('flush'));
    loop.beforeSleep(() => taken.push('gone')).dispose();
    inbox.post(fact(1));
    inbox.post(file(2));
    loop.turn();
    expect(taken).toEqual(['c1', 'f2', 'flush']);
    expect(counters.get('loop.before_sleep_failed')).toBe(1);
  });

  it('handles every event once, control first while there is time, whatever the mix', () => {
    const posts = fc.array(fc.constantFrom('c' as const, 'f' as const), { maxLength: 120 });
    fc.assert(
      fc.property(posts, fc.integer({ min: 1, max: 40 }), (kinds, turnEvents) => {
        const { inbox, loop, taken } = open({ turnEvents });
        kinds.forEach((kind, n) => void inbox.post(kind === 'c' ? fact(n) : file(n)));
        let turns = 0;
        for (let left = kinds.length > 0; left; turns++) {
          const before = taken.length;
          const control = inbox.length('control');
          left = loop.turn();
          const turn = taken.slice(before);
          const first = turn.slice(0, Math.min(control, turnEvents));
          expect(first.every((name) => name.startsWith('c'))).toBe(true);
          expect(turn.length).toBeLessThanOrEqual(turnEvents + BULK_SHARE_EVENTS);
        }
        const order = (kind: string): string[] => taken.filter((name) => name.startsWith(kind));
        const expected = (kind: string): string[] =>
          kinds.flatMap((other, n) => (other === kind ? [`${kind}${n}`] : []));
        expect(order('c')).toEqual(expected('c'));
        expect(order('f')).toEqual(expected('f'));
        expect(turns).toBeLessThanOrEqual(Math.ceil(kinds.length / turnEvents) + 1);
      }),
    );
  });
});

describe('background work', () => {
  function work(slices: number): BackgroundWork & { untilMs: number[] } {
    const untilMs: number[] = [];
    return {
      untilMs,
      onPending: () => undefined,
      get pending() {
        return untilMs.length < slices;
      },
      run: (until) => void untilMs.push(until),
    };
  }

  it('gets one slice a turn after the events, and turns follow while it is pending', () => {
    const { inbox, loop, taken, runSoon } = open();
    loop.start();
    const lua = work(3);
    loop.addBackground(lua);
    inbox.post(fact(1));
    expect(runSoon()).toBe(1);
    expect(taken).toEqual(['c1']);
    expect(lua.untilMs).toHaveLength(1);
    expect(lua.untilMs[0]! - performance.now()).toBeLessThan(3);
    while (runSoon() > 0);
    expect(lua.untilMs).toHaveLength(3);
  });

  it('wakes the loop when it becomes pending, and does not stop it when it fails', () => {
    const { loop, runSoon, soon, counters } = open();
    loop.start();
    const lua = {
      pending: false,
      onPending: () => undefined,
      run: () => {
        lua.pending = false;
        throw new Error('broken');
      },
    };
    loop.addBackground(lua);
    expect(soon).toHaveLength(0);
    lua.pending = true;
    lua.onPending();
    expect(runSoon()).toBe(1);
    expect(counters.get('loop.background_failed')).toBe(1);
    expect(runSoon()).toBe(0);
  });
});

describe('the loop between turns', () => {
  it('does nothing while idle, and schedules one turn for many events', () => {
    const { inbox, loop, soon, runSoon, taken } = open();
    loop.start();
    expect(soon).toHaveLength(0);
    for (let n = 0; n < 10; n++) inbox.post(fact(n));
    expect(soon).toHaveLength(1);
    expect(runSoon()).toBe(1);
    expect(taken).toHaveLength(10);
    expect(soon).toHaveLength(0);
    expect(loop.metrics().loop.turns).toBe(1);
  });

  it('yields between turns until nothing is left', () => {
    const { inbox, loop, runSoon, taken } = open({ turnEvents: 1 });
    loop.start();
    for (let n = 0; n < 3; n++) inbox.post(fact(n));
    const perTurn: number[] = [];
    while (runSoon() > 0) perTurn.push(taken.length);
    expect(perTurn).toEqual([1, 2, 3]);
  });

  it('runs what came before the start, and nothing after a stop', () => {
    const { inbox, loop, soon, runSoon, taken } = open();
    inbox.post(fact(1));
    expect(soon).toHaveLength(0);
    loop.start();
    loop.start();
    expect(runSoon()).toBe(1);
    inbox.post(fact(2));
    loop.stop();
    runSoon();
    expect(taken).toEqual(['c1']);
    loop.start();
    runSoon();
    expect(taken).toEqual(['c1', 'c2']);
  });

  it('stays stopped when a handler stops it', () => {
    const { inbox, loop, runSoon, soon } = open({
      turnEvents: 1,
      handlers: {
        'test.fact': () => loop.stop(),
        'test.noise': () => undefined,
        'test.file': () => undefined,
      },
    });
    loop.start();
    inbox.post(fact(1));
    inbox.post(fact(2));
    runSoon();
    expect(soon).toHaveLength(0);
    expect(inbox.length('control')).toBe(1);
  });

  it('runs on setImmediate: a real timer and a flood of events both get their time', async () => {
    const { inbox, loop, taken } = open({ soon: (callback) => void setImmediate(callback), turnEvents: 10 });
    loop.start();
    const timer = new Promise<number>((resolve) => setTimeout(() => resolve(taken.length), 1));
    for (let n = 0; n < 5_000; n++) inbox.post(fact(n));
    expect(taken).toHaveLength(0);
    await timer;
    while (inbox.pending) await new Promise((resolve) => setImmediate(resolve));
    expect(taken).toHaveLength(5_000);
  });
});

describe('metrics', () => {
  it('counts turns, and count and time per event type', () => {
    const taken: string[] = [];
    const clock = new VirtualClock();
    const { inbox, loop } = open({ clock, handlers: slow(clock, 2, taken) });
    inbox.post(fact(1));
    inbox.post(file(2));
    loop.turn();
    inbox.post(fact(3));
    loop.turn();
    loop.recordLag(30);
    const { loop: numbers, queues } = loop.metrics();
    expect(numbers.turns).toBe(2);
    expect(numbers.events).toEqual({
      'test.fact': { count: 2, total_ms: 4, max_ms: 2 },
      'test.file': { count: 1, total_ms: 2, max_ms: 2 },
    });
    expect(numbers.turn_ms.max).toBeCloseTo(4, 0);
    expect(numbers.lag_ms.max).toBeGreaterThanOrEqual(30);
    expect(queues.control).toEqual({ depth: 0, max_depth: 1, limit: 8_192 });
    expect(JSON.parse(JSON.stringify(loop.metrics()))).toEqual(loop.metrics());
  });

  it('counts and logs what is slow: a handler, a background slice, the thread', () => {
    const taken: string[] = [];
    const clock = new VirtualClock();
    const { inbox, loop, counters, log } = open({ clock, handlers: slow(clock, SLOW_MS, taken) });
    const lua = { pending: true, onPending: () => undefined, run: () => void clock.advance(SLOW_MS + 10) };
    loop.addBackground(lua);
    inbox.post(fact(1));
    loop.turn();
    loop.recordLag(STALL_MS - 1);
    loop.recordLag(STALL_MS);
    expect(counters.snapshot()).toEqual({
      'loop.slow.background': 1,
      'loop.slow.test.fact': 1,
      'loop.stalls': 1,
    });
    expect(log.lines.map(({ fields }) => fields)).toEqual([
      { what: 'test.fact', ms: SLOW_MS },
      { what: 'background', ms: SLOW_MS + 10 },
      { ms: STALL_MS },
    ]);
  });

  it('beats at each turn and each probe', () => {
    const clock = new VirtualClock();
    const heartbeat = new Heartbeat(0);
    const reader = new HeartbeatReader(heartbeat.buffer, () => clock.nowMs());
    const { loop } = open({ clock, heartbeat });
    clock.advance(1_000);
    expect(reader.ageMs()).toBe(1_000);
    loop.turn();
    expect(reader.ageMs()).toBe(0);
    clock.advance(10);
    loop.recordLag(0);
    expect(reader.ageMs()).toBe(0);
  });
});
