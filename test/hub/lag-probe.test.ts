import { describe, expect, it } from 'vitest';
import { PROBE_INTERVAL_MS, startLagProbe } from '../../hub/lag-probe.js';
import { VirtualClock } from '../support/virtual-clock.js';

describe('the lag probe', () => {
  it('reports how late its timer was, a few times a second', () => {
    const clock = new VirtualClock();
    const lags: number[] = [];
    const probe = startLagProbe(clock, (lagMs) => lags.push(lagMs));
    clock.advance(PROBE_INTERVAL_MS * 3);
    expect(lags).toEqual([0, 0, 0]);
    // Something holds the thread: the next timer is due in 250 ms, this one runs for 340.
    clock.after(0, () => clock.advanceBlocked(340));
    clock.advance(PROBE_INTERVAL_MS);
    expect(lags).toEqual([0, 0, 0, 90]);
    probe.dispose();
    clock.advance(10_000);
    expect(lags).toHaveLength(4);
    expect(clock.pendingTimers).toBe(0);
  });
});
