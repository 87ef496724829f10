import { describe, expect, it } from 'vitest';
import { Counters } from '../../base/counters.js';
import { LuaFloat } from '../../base/values.js';
import { Inbox } from '../../hub/inbox.js';
import { Loop } from '../../hub/loop.js';
import { fromNdjson, type RecordedEvent, Recording, replay, toNdjson } from '../../hub/recording.js';
import type { HandlersOf } from '../../primitives/define.js';
import fc from '../support/fast-check.js';
import { MemoryLog } from '../support/memory-log.js';
import { fact, file, noise, type TestEvent, testLanes } from '../support/test-events.js';
import { VirtualClock } from '../support/virtual-clock.js';

/** Behaviour with state, time, timers and events of its own: what a replay must repeat. */
function behaviour(
  clock: VirtualClock,
  post: (event: TestEvent) => void,
): { handlers: HandlersOf<TestEvent>; story: string[] } {
  const story: string[] = [];
  let sum = 0;
  return {
    story,
    handlers: {
      'test.fact': ({ n }) => {
        sum += n;
        story.push(`${clock.nowMs()} fact ${n} sum ${sum}`);
        if (n % 3 === 0) clock.after(n, () => post(file(n)));
        if (n % 5 === 0) post(noise('five', n));
      },
      'test.noise': ({ key, n }) => {
        sum *= 2;
        story.push(`${clock.nowMs()} noise ${key} ${n} sum ${sum}`);
      },
      'test.file': ({ n }) => void story.push(`${clock.nowMs()} file ${n} sum ${sum}`),
    },
  };
}

function record(posts: readonly { afterMs: number; event: TestEvent }[]) {
  const clock = new VirtualClock();
  clock.advance(7_000);
  const counters = new Counters();
  const log = new MemoryLog();
  const inbox = new Inbox<TestEvent>({ lanes: testLanes, counters, log });
  const recorder = new Recording(clock.nowMs());
  const { handlers, story } = behaviour(clock, (event) => void inbox.post(event));
  const loop = new Loop<TestEvent>({
    inbox,
    handlers,
    clock,
    log,
    counters,
    recorder,
    turnEvents: 3,
    soon: (callback) => void clock.after(0, callback),
  });
  loop.start();
  for (const { afterMs, event } of posts) {
    if (afterMs > 0) clock.advance(afterMs);
    inbox.post(event);
  }
  clock.advance(1_000);
  return { story, recording: recorder };
}

function replayed(entries: readonly RecordedEvent[]): string[] {
  const clock = new VirtualClock();
  clock.advance(7_000);
  const { handlers, story } = behaviour(clock, () => undefined);
  replay(entries as readonly RecordedEvent<TestEvent>[], handlers, clock);
  return story;
}

describe('replay', () => {
  it('gives the same order, times and results, also from text', () => {
    const { story, recording } = record([
      { afterMs: 0, event: file(1) },
      { afterMs: 0, event: fact(15) },
      { afterMs: 5, event: noise('a', 2) },
      { afterMs: 0, event: noise('a', 3) },
      { afterMs: 20, event: fact(9) },
    ]);
    expect(story).toHaveLength(7);
    expect(replayed(recording.entries)).toEqual(story);
    expect(replayed(fromNdjson(recording.entries.map(toNdjson).join('')))).toEqual(story);
  });

  it('does so for any events', () => {
    const event = fc.oneof(
      fc.integer({ min: 0, max: 50 }).map(fact),
      fc.integer({ min: 0, max: 50 }).map(file),
      fc.tuple(fc.constantFrom('a', 'b'), fc.integer({ min: 0, max: 50 })).map(([key, n]) => noise(key, n)),
    );
    fc.assert(
      fc.property(
        fc.array(fc.record({ afterMs: fc.integer({ min: 0, max: 30 }), event }), { maxLength: 60 }),
        (posts) => {
          const { story, recording } = record(posts);
          expect(replayed(fromNdjson(recording.entries.map(toNdjson).join('')))).toEqual(story);
        },
      ),
    );
  });
});

describe('Recording', () => {
  it('stops at its limit and counts what it misses', () => {
    const recording = new Recording(100, 2);
    for (let n = 0; n < 5; n++) recording.record(fact(n), 100 + n);
    expect(recording.entries).toEqual([
      { atMs: 0, event: fact(0) },
      { atMs: 1, event: fact(1) },
    ]);
    expect(recording.missed).toBe(3);
  });

  it('keeps every kind of value through text', () => {
    const event = {
      type: 'test.odd',
      bytes: new Uint8Array([0, 255, 10]),
      big: 2n ** 63n,
      floats: [new LuaFloat(3), Number.NaN, Number.NEGATIVE_INFINITY, -0, 0.1],
      map: new Map<unknown, unknown>([
        [1, 'one'],
        [new Uint8Array([1]), null],
      ]),
      nested: { list: ['bytes', 'no bytes'], none: undefined, text: 'line\nbreak' },
    };
    const line = toNdjson({ atMs: 1.25, event });
    expect(line.indexOf('\n')).toBe(line.length - 1);
    expect(fromNdjson(line)).toEqual([{ atMs: 1.25, event }]);
  });

  it('refuses text that is not a recording', () => {
    expect(() => fromNdjson('{"atMs":1}\n')).toThrow('line 1 is not a recorded event');
    expect(() => fromNdjson('nonsense\n')).toThrow();
    expect(() => fromNdjson('{"atMs":1,"event":{"type":"a.b","x":["odd",1]}}\n')).toThrow(
      'unknown tag "odd"',
    );
  });
});
