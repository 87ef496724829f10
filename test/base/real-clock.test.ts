import { describe, expect, it } from 'vitest';
import { RealClock } from '../../base/real-clock.js';

describe('RealClock', () => {
  it('counts monotonic milliseconds on the scale of process.hrtime, which all threads share', () => {
    const clock = new RealClock();
    const before = Number(process.hrtime.bigint()) / 1e6;
    const now = clock.nowMs();
    const after = Number(process.hrtime.bigint()) / 1e6;
    // Rounding of the offset: microseconds.
    expect(now).toBeGreaterThan(before - 0.1);
    expect(now).toBeLessThan(after + 0.1);
    expect(Math.abs(clock.wallMs() - Date.now())).toBeLessThan(1_000);
  });

  it('never calls back early', async () => {
    const clock = new RealClock();
    const lateness = await Promise.all(
      [0, 0.4, 1.5, 3.7, 5, 8.2].map(
        (delayMs) =>
          new Promise<number>((resolve) => {
            const dueMs = clock.nowMs() + delayMs;
            clock.after(delayMs, () => resolve(clock.nowMs() - dueMs));
          }),
      ),
    );
    expect(Math.min(...lateness)).toBeGreaterThanOrEqual(0);
  });

  it('can be cancelled, and does not take a delay above 2^31 ms for none', async () => {
    const clock = new RealClock({ unref: true });
    let fired = false;
    const long = clock.after(2 ** 40, () => {
      fired = true;
    });
    clock
      .after(0, () => {
        fired = true;
      })
      .dispose();
    await new Promise<void>((resolve) => new RealClock().after(5, resolve));
    expect(fired).toBe(false);
    long.dispose();
  });
});
