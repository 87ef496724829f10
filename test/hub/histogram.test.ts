import { describe, expect, it } from 'vitest';
import { SlidingHistogram } from '../../hub/histogram.js';

describe('SlidingHistogram', () => {
  it('gives percentiles to two figures', () => {
    const histogram = new SlidingHistogram(0);
    for (let i = 1; i <= 100; i++) histogram.record(i === 100 ? 250 : 10, 0);
    const { p50, p99, max } = histogram.percentiles(0);
    expect(p50).toBeCloseTo(10, 0);
    expect(p99).toBeCloseTo(10, 0);
    expect(max / 250).toBeCloseTo(1, 1);
  });

  it('has a value for nothing, for less than its resolution and for more than its range', () => {
    const histogram = new SlidingHistogram(0);
    expect(histogram.percentiles(0)).toEqual({ p50: 0, p99: 0, max: 0 });
    histogram.record(0, 0);
    expect(histogram.percentiles(0).max).toBe(0.001);
    histogram.record(1e9, 0);
    expect(histogram.percentiles(0).max / 60_000).toBeCloseTo(1, 1);
  });

  it('forgets a slow moment after 30 to 60 seconds', () => {
    const histogram = new SlidingHistogram(0);
    histogram.record(500, 25_000);
    for (let nowMs = 26_000; nowMs < 59_000; nowMs += 1_000) histogram.record(1, nowMs);
    expect(histogram.percentiles(59_000).max).toBeGreaterThan(400);
    histogram.record(1, 61_000);
    expect(histogram.percentiles(61_000).max).toBeLessThan(2);
  });

  it('forgets everything over a long sleep', () => {
    const histogram = new SlidingHistogram(0);
    histogram.record(500, 0);
    expect(histogram.percentiles(3_600_000).max).toBe(0);
  });
});
