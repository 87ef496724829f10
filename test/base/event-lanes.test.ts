import { describe, expect, it } from 'vitest';
import { EventLanes, type EventSource, type Lane, laneTable } from '../../base/event-lanes.js';
import fc from '../support/fast-check.js';

type Event = { readonly type: string; readonly key?: string | undefined; readonly n: number };

const table = laneTable([
  { name: 'pty', events: { exited: { lane: 'control' }, input: { lane: 'control' } } },
  {
    name: 'term',
    events: {
      title: { lane: 'bulk', key: 'key' },
      cwd: { lane: 'bulk', key: 'key' },
      bell: { lane: 'bulk' },
    },
  },
  { name: 'quiet' },
]);

function lanes(limits = { control: 100, bulk: 100 }): EventLanes<Event> {
  return new EventLanes<Event>(table, limits);
}

describe('laneTable', () => {
  it('names events owner.fact and keeps lane and key', () => {
    expect(Object.fromEntries(table)).toEqual({
      'pty.exited': { lane: 'control' },
      'pty.input': { lane: 'control' },
      'term.title': { lane: 'bulk', key: 'key' },
      'term.cwd': { lane: 'bulk', key: 'key' },
      'term.bell': { lane: 'bulk' },
    });
  });

  it('refuses one type twice', () => {
    const source = { name: 'pty', events: { exited: { lane: 'control' as const } } };
    expect(() => laneTable([source, source])).toThrow('event pty.exited is declared twice');
  });
});

describe('EventLanes', () => {
  it('replaces a waiting bulk event of the same type and key in its place', () => {
    const queue = lanes();
    expect(queue.offer({ type: 'term.title', key: 'a', n: 1 })).toBe('queued');
    expect(queue.offer({ type: 'term.title', key: 'b', n: 2 })).toBe('queued');
    expect(queue.offer({ type: 'term.cwd', key: 'a', n: 3 })).toBe('queued');
    expect(queue.offer({ type: 'term.title', key: 'a', n: 4 })).toBe('coalesced');
    expect([queue.take('bulk'), queue.take('bulk'), queue.take('bulk')].map((event) => event?.n)).toEqual([
      4, 2, 3,
    ]);
    expect(queue.offer({ type: 'term.title', key: 'a', n: 5 })).toBe('queued');
    expect(queue.coalesced).toBe(1);
  });

  it('does not coalesce without a key or without a value', () => {
    const queue = lanes();
    queue.offer({ type: 'term.bell', key: 'a', n: 1 });
    queue.offer({ type: 'term.bell', key: 'a', n: 2 });
    queue.offer({ type: 'term.title', n: 3 });
    queue.offer({ type: 'term.title', n: 4 });
    expect(queue.length('bulk')).toBe(4);
  });

  it('drops and counts a new bulk event when the lane is full, but still coalesces', () => {
    const queue = lanes({ control: 1, bulk: 2 });
    queue.offer({ type: 'term.title', key: 'a', n: 1 });
    queue.offer({ type: 'term.bell', n: 2 });
    expect(queue.offer({ type: 'term.bell', n: 3 })).toBe('dropped');
    expect(queue.offer({ type: 'term.title', key: 'a', n: 4 })).toBe('coalesced');
    expect(queue.drops()).toEqual({ 'term.bell': 1 });
    expect(queue.take('bulk')?.n).toBe(4);
  });

  it('refuses a control event when the lane is full, and an unknown type', () => {
    const queue = lanes({ control: 1, bulk: 1 });
    expect(queue.offer({ type: 'pty.exited', n: 1 })).toBe('queued');
    expect(queue.offer({ type: 'pty.exited', n: 2 })).toBe('full');
    expect(queue.offer({ type: 'pty.unknown', n: 3 })).toBe('unknown');
    expect(queue.depth('control')).toEqual({ depth: 1, max_depth: 1, limit: 1 });
  });

  it('keeps order, positions and the newest payload, and loses nothing uncounted', () => {
    const offer = fc.record({
      type: fc.constantFrom('pty.exited', 'pty.input', 'term.title', 'term.cwd', 'term.bell'),
      key: fc.constantFrom('a', 'b', undefined),
    });
    const step = fc.oneof(
      { weight: 3, arbitrary: offer },
      { weight: 1, arbitrary: fc.constantFrom<Lane>('control', 'bulk') },
    );
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 200 }),
        fc.record({ control: fc.integer({ min: 1, max: 20 }), bulk: fc.integer({ min: 1, max: 20 }) }),
        (steps, limits) => {
          const queue = lanes(limits);
          const model: Record<Lane, Event[]> = { control: [], bulk: [] };
          const gone: number[] = [];
          const fates = { taken: 0, coalesced: 0, dropped: 0, full: 0 };
          let n = 0;
          for (const taken of steps) {
            if (typeof taken === 'string') {
              const event = queue.take(taken);
              expect(event).toEqual(model[taken].shift());
              if (event !== undefined) fates.taken++;
              continue;
            }
            const event: Event = { ...taken, n: n++ };
            const source: EventSource = { taken: () => gone.push(event.n) };
            const outcome = queue.offer(event, source);
            const lane = table.get(event.type)!.lane;
            const twin = model.bulk.findIndex(
              (other) => other.type === event.type && event.type !== 'term.bell' && other.key === event.key,
            );
            if (lane === 'bulk' && event.key !== undefined && twin >= 0) {
              expect(outcome).toBe('coalesced');
              expect(gone.at(-1)).toBe(model.bulk[twin]!.n);
              model.bulk[twin] = event;
              fates.coalesced++;
            } else if (model[lane].length >= limits[lane]) {
              expect(outcome).toBe(lane === 'control' ? 'full' : 'dropped');
              if (lane === 'control') fates.full++;
              else fates.dropped++;
            } else {
              expect(outcome).toBe('queued');
              model[lane].push(event);
            }
          }
          const drops = Object.values(queue.drops()).reduce((sum, count) => sum + count, 0);
          expect(drops).toBe(fates.dropped);
          expect(gone.length).toBe(fates.dropped + fates.coalesced);
          const waiting = queue.length('control') + queue.length('bulk');
          expect(n).toBe(waiting + fates.taken + fates.coalesced + fates.dropped + fates.full);
        },
      ),
    );
  });
});
