import { describe, expect, it } from 'vitest';
import { RingQueue } from '../../base/ring-queue.js';
import fc from '../support/fast-check.js';

describe('RingQueue', () => {
  it('refuses an item above its limit and takes one again after a shift', () => {
    const queue = new RingQueue<number>(3);
    expect([1, 2, 3, 4].map((item) => queue.push(item))).toEqual([0, 1, 2, -1]);
    expect(queue.full).toBe(true);
    expect(queue.shift()).toBe(1);
    expect(queue.push(5)).toBe(3);
    expect([queue.shift(), queue.shift(), queue.shift(), queue.shift()]).toEqual([2, 3, 5, undefined]);
  });

  it('does not replace or show what has left', () => {
    const queue = new RingQueue<string>(4);
    const first = queue.push('a');
    queue.push('b');
    queue.shift();
    expect(queue.replace(first, 'x')).toBe(false);
    expect(queue.at(first)).toBeUndefined();
    expect(queue.at(queue.head)).toBe('b');
    expect(queue.replace(7, 'x')).toBe(false);
  });

  it('behaves like an array through growth and wrapping', () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ op: fc.constant('push' as const), value: fc.nat() }) },
      { weight: 2, arbitrary: fc.record({ op: fc.constant('shift' as const) }) },
      {
        weight: 1,
        arbitrary: fc.record({ op: fc.constant('replace' as const), at: fc.nat(200), value: fc.nat() }),
      },
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), fc.array(step, { maxLength: 400 }), (limit, steps) => {
        const queue = new RingQueue<number>(limit);
        let model: { sequence: number; value: number }[] = [];
        let next = 0;
        for (const taken of steps) {
          if (taken.op === 'push') {
            const expected = model.length < limit ? next : -1;
            expect(queue.push(taken.value)).toBe(expected);
            if (expected >= 0) model.push({ sequence: next++, value: taken.value });
          } else if (taken.op === 'shift') {
            expect(queue.shift()).toBe(model.shift()?.value);
          } else {
            const waits = model.some(({ sequence }) => sequence === taken.at);
            expect(queue.replace(taken.at, taken.value)).toBe(waits);
            model = model.map((item) =>
              item.sequence === taken.at ? { ...item, value: taken.value } : item,
            );
          }
          expect(queue.length).toBe(model.length);
        }
        for (const { sequence, value } of model) expect(queue.at(sequence)).toBe(value);
      }),
    );
  });
});
