import { expect, it } from 'vitest';
import { TokenBucket } from '../../base/token-bucket.js';
import fc from '../support/fast-check.js';

it('an allowance never gives more than the burst and what time has added', () => {
  const step = fc.record({ waitMs: fc.nat(2_000), amount: fc.integer({ min: 1, max: 20 }) });
  fc.assert(
    fc.property(fc.array(step), fc.nat(50), fc.integer({ min: 1, max: 50 }), (steps, perSecond, burst) => {
      let [nowMs, taken] = [0, 0];
      const bucket = new TokenBucket({ perSecond, burst }, () => nowMs);
      for (const { waitMs, amount } of steps) {
        nowMs += waitMs;
        if (bucket.take(amount)) taken += amount;
        expect(taken).toBeLessThanOrEqual(burst + (nowMs / 1000) * perSecond + 1e-6);
      }
    }),
  );
});

it('gives a burst, then as time adds, and is full again after a while', () => {
  let nowMs = 0;
  const bucket = new TokenBucket({ burst: 100, perSecond: 50 }, () => nowMs);
  const taken = (): number => Array.from({ length: 1_000 }, () => bucket.take()).filter(Boolean).length;
  expect([taken(), taken()]).toEqual([100, 0]);
  nowMs += 1_000;
  expect([taken(), bucket.isFull]).toEqual([50, false]);
  nowMs += 3_600_000;
  expect([bucket.isFull, taken()]).toEqual([true, 100]);
});

it('what was spent above the allowance is waited for', () => {
  let nowMs = 0;
  const bucket = new TokenBucket({ burst: 10, perSecond: 10 }, () => nowMs);
  bucket.spend(25);
  expect(bucket.tokens).toBe(-15);
  bucket.perSecond = 20;
  nowMs += 1_000;
  expect(bucket.tokens).toBe(5);
});
