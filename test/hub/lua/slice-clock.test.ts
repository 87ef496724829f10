/** A machine that does something else takes nothing off a task's budget. */
import { expect, it } from 'vitest';
import { SliceClock } from '../../../hub/lua/slice-clock.js';

/** The clock goes on, the CPU of the process as far as it is told to. */
function open() {
  let cpuMs = 1_000;
  const clock = new SliceClock(() => cpuMs);
  const pass = (ms: number, usedMs: number): void => {
    const endMs = performance.now() + ms;
    while (performance.now() < endMs);
    cpuMs += usedMs;
  };
  return { clock, pass };
}

it.each([
  ['first', true],
  ['later', false],
])('in a %s slice', (_, isFirst) => {
  const { clock, pass } = open();
  clock.begin(performance.now() + 5, 40, 20, isFirst);
  clock.look();
  pass(30, 2);
  expect(clock.look()).toBe(true);
  expect(clock.spentMs()).toBeLessThan(4);
});

it('in code that cannot be paused, also when nobody looked for long', () => {
  const { clock, pass } = open();
  clock.begin(performance.now() + 1, 1_000, 20, false);
  pass(40, 5);
  expect(clock.hardLimitReached()).toBe(false);
  pass(20, 16);
  expect(clock.hardLimitReached()).toBe(true);
  clock.stop();
  expect(clock.hardLimitReached()).toBe(false);
});

it('in a slice that ends before anybody looked, also when it is the first', () => {
  const { clock, pass } = open();
  clock.begin(performance.now() + 5, 40, 20, true);
  pass(30, 2);
  expect(clock.spentMs()).toBe(2);
  clock.begin(performance.now() + 5, 40, 20, true);
  pass(3, 1_000);
  expect(clock.spentMs()).toBeGreaterThanOrEqual(3);
  expect(clock.spentMs()).toBeLessThan(1_000);
});
