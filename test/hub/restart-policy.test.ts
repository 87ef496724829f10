import { describe, expect, it } from 'vitest';
import { BASE_DELAY_MS, MAX_DELAY_MS, RestartPolicy, STABLE_MS } from '../../hub/restart-policy.js';

const always = { max: 1_000, perMs: 60_000 };
const highest = (): number => 1 - Number.EPSILON;

describe('RestartPolicy', () => {
  it('doubles the wait up to a limit', () => {
    const policy = new RestartPolicy(always, highest);
    const waits = Array.from({ length: 9 }, (_, i) => Math.round(policy.delayAfterDeath(i, 0) ?? -1));
    expect(waits).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000]);
    expect(MAX_DELAY_MS).toBe(5_000);
  });

  it('spreads the wait between half and all of it', () => {
    expect(new RestartPolicy(always, () => 0).delayAfterDeath(0, 0)).toBe(BASE_DELAY_MS / 2);
    expect(new RestartPolicy(always, () => 0.5).delayAfterDeath(0, 0)).toBe(BASE_DELAY_MS * 0.75);
  });

  it('begins a new series after a stable time', () => {
    const policy = new RestartPolicy(always, highest);
    for (let i = 0; i < 5; i++) policy.delayAfterDeath(i, 0);
    expect(policy.delayAfterDeath(10, STABLE_MS - 1)).toBeGreaterThan(1_000);
    expect(policy.delayAfterDeath(20, STABLE_MS)).toBeCloseTo(BASE_DELAY_MS, 5);
  });

  it('gives up above its intensity, and not when the restarts are old', () => {
    const policy = new RestartPolicy({ max: 2, perMs: 1_000 }, highest);
    expect(policy.delayAfterDeath(0, 0)).toBeDefined();
    expect(policy.delayAfterDeath(600, 0)).toBeDefined();
    expect(policy.delayAfterDeath(1_000, 0)).toBeDefined();
    expect(policy.delayAfterDeath(1_500, 0)).toBeUndefined();
  });
});
