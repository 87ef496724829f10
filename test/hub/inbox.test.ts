import { describe, expect, it } from 'vitest';
import { Counters } from '../../base/counters.js';
import { BULK_LIMIT, CONTROL_LIMIT, Inbox } from '../../hub/inbox.js';
import fc from '../support/fast-check.js';
import { MemoryLog } from '../support/memory-log.js';
import { fact, file, noise, type TestEvent, testLanes } from '../support/test-events.js';

function open(limits: { controlLimit?: number; bulkLimit?: number } = {}) {
  const counters = new Counters();
  const log = new MemoryLog();
  const inbox = new Inbox<TestEvent>({ lanes: testLanes, counters, log, ...limits });
  return { inbox, counters, log };
}

describe('Inbox', () => {
  it('never drops a control event: a full lane refuses', () => {
    const { inbox, counters } = open();
    const posted = Array.from({ length: CONTROL_LIMIT }, (_, n) => inbox.post(fact(n)));
    expect(posted.every(Boolean)).toBe(true);
    expect(inbox.post(fact(-1))).toBe(false);
    expect(counters.get('inbox.control_full')).toBe(1);
    expect(inbox.length('control')).toBe(CONTROL_LIMIT);
  });

  it('drops and counts bulk events above the limit, per type, with a log line now and then', () => {
    const { inbox, counters, log } = open();
    const posted = Array.from({ length: BULK_LIMIT + 20_000 }, (_, n) => inbox.post(file(n)));
    expect(posted.every(Boolean)).toBe(true);
    expect(inbox.post(noise('a', 1))).toBe(true);
    expect(counters.snapshot()).toEqual({ 'inbox.dropped.test.file': 20_000, 'inbox.dropped.test.noise': 1 });
    expect(inbox.metrics().bulk).toMatchObject({ depth: BULK_LIMIT, max_depth: BULK_LIMIT, dropped: 20_001 });
    expect(log.lines.map(({ fields }) => [fields['type'], fields['total']])).toEqual([
      ['test.file', 1],
      ['test.file', 10_001],
      ['test.noise', 1],
    ]);
  });

  it('tells producers to go on once, when the control lane is half empty', () => {
    const { inbox } = open({ controlLimit: 4 });
    for (let n = 0; n < 4; n++) inbox.post(fact(n));
    const calls: string[] = [];
    inbox.onDrain(() => calls.push('a'));
    inbox.onDrain(() => calls.push('b'));
    inbox.onDrain(() => calls.push('gone')).dispose();
    inbox.take('control');
    inbox.releaseProducers();
    expect(calls).toEqual([]);
    inbox.take('control');
    expect(inbox.pending).toBe(true);
    inbox.releaseProducers();
    inbox.releaseProducers();
    expect(calls).toEqual(['a', 'b']);
  });

  it('goes on when a producer fails', () => {
    const { inbox, counters, log } = open();
    const calls: string[] = [];
    inbox.onDrain(() => {
      throw new Error('broken producer');
    });
    inbox.onDrain(() => calls.push('b'));
    inbox.releaseProducers();
    expect(calls).toEqual(['b']);
    expect(counters.get('inbox.drain_failed')).toBe(1);
    expect(log.at('error')).toHaveLength(1);
  });

  it('throws on a type that is not declared', () => {
    const { inbox } = open();
    expect(() => inbox.post({ type: 'test.other' } as unknown as TestEvent)).toThrow(
      'event test.other is not declared',
    );
  });

  it('wakes the loop for what is queued, not for what is replaced or dropped', () => {
    const { inbox } = open({ controlLimit: 1, bulkLimit: 1 });
    let wakes = 0;
    inbox.onPending = () => wakes++;
    inbox.post(noise('a', 1));
    inbox.post(noise('a', 2));
    inbox.post(noise('b', 3));
    inbox.post(fact(1));
    inbox.post(fact(2));
    expect(wakes).toBe(2);
  });

  it('keeps first position and newest payload, order within lanes, and loses nothing uncounted', () => {
    const posted = fc.oneof(
      fc.constant('fact' as const),
      fc.constant('file' as const),
      fc.constantFrom('a' as const, 'b' as const, 'c' as const),
    );
    fc.assert(
      fc.property(
        fc.array(posted, { maxLength: 150 }),
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 30 }),
        (kinds, controlLimit, bulkLimit) => {
          const { inbox, counters } = open({ controlLimit, bulkLimit });
          let refused = 0;
          const expected = { control: [] as number[], bulk: [] as { key: string | undefined; n: number }[] };
          kinds.forEach((kind, n) => {
            if (kind === 'fact') {
              if (inbox.post(fact(n))) expected.control.push(n);
              else refused++;
              return;
            }
            const key = kind === 'file' ? undefined : kind;
            inbox.post(key === undefined ? file(n) : noise(key, n));
            const twin = expected.bulk.find((other) => key !== undefined && other.key === key);
            if (twin !== undefined) twin.n = n;
            else if (expected.bulk.length < bulkLimit) expected.bulk.push({ key, n });
          });
          const { coalesced, dropped } = inbox.metrics().bulk;
          const taken = { control: [] as number[], bulk: [] as number[] };
          for (const lane of ['control', 'bulk'] as const) {
            for (let event = inbox.take(lane); event !== undefined; event = inbox.take(lane))
              taken[lane].push(event.n);
          }
          expect(taken.control).toEqual(expected.control);
          expect(taken.bulk).toEqual(expected.bulk.map(({ n }) => n));
          expect(taken.control.length + taken.bulk.length + coalesced + dropped + refused).toBe(kinds.length);
          const counted = counters.get('inbox.dropped.test.file') + counters.get('inbox.dropped.test.noise');
          expect(counted).toBe(dropped);
        },
      ),
    );
  });
});
