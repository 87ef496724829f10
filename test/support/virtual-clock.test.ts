import { describe, expect, it } from 'vitest';
import { VirtualClock } from './virtual-clock.js';

describe('VirtualClock', () => {
  it('fires timers by due time, equals by age, and those they set', () => {
    const clock = new VirtualClock(1_000);
    const fired: string[] = [];
    const note = (name: string) => () => void fired.push(`${name}@${clock.nowMs()}`);
    clock.after(20, note('late'));
    clock.after(10, note('first'));
    clock.after(10, () => {
      note('second')();
      clock.after(5, note('nested'));
    });
    clock.after(12, note('never')).dispose();
    clock.advance(15);
    expect(fired).toEqual(['first@10', 'second@10', 'nested@15']);
    expect([clock.nowMs(), clock.wallMs(), clock.pendingTimers]).toEqual([15, 1_015, 1]);
    clock.advance(5);
    expect(fired.at(-1)).toBe('late@20');
  });

  it('lets promises settle between timers', async () => {
    const clock = new VirtualClock();
    const order: string[] = [];
    const sleep = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve));
    const run = async (): Promise<void> => {
      await sleep(10);
      order.push('a');
      await sleep(10);
      order.push('b');
    };
    void run();
    clock.after(15, () => order.push('timer'));
    await clock.advanceAsync(20);
    await clock.advanceAsync(0);
    expect(order).toEqual(['a', 'timer', 'b']);
  });
});
