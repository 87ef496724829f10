import { expect, it } from 'vitest';
import { Activity } from '../../session-host/activity.js';
import { VirtualClock } from '../support/virtual-clock.js';

function open() {
  const clock = new VirtualClock();
  const told: [ms: number, busy: boolean][] = [];
  const activity: Activity = new Activity(clock, () => told.push([clock.nowMs(), activity.busy]));
  return { clock, activity, told };
}

it('is told when output begins and two seconds after it ended', () => {
  const { clock, activity, told } = open();
  clock.advance(10);
  activity.output();
  clock.advance(10_000);
  expect(told).toEqual([
    [10, true],
    [2_010, false],
  ]);
  expect(clock.pendingTimers, 'a quiet session costs no timer').toBe(0);
});

it('is told about once a second while output goes on', () => {
  const { clock, activity, told } = open();
  for (let i = 0; i < 100; i++) {
    activity.output();
    clock.advance(100);
  }
  clock.advance(10_000);
  expect(told.length).toBeGreaterThanOrEqual(10);
  expect(told.length).toBeLessThanOrEqual(13);
  expect(told.at(-1)).toEqual([11_900, false]);
  expect(told.slice(0, -1).every(([, busy]) => busy)).toBe(true);
});

it('knows when the last output came', () => {
  const { clock, activity } = open();
  expect(activity.lastOutputMs).toBeUndefined();
  clock.advance(5);
  activity.output();
  expect(activity.lastOutputMs).toBe(clock.wallMs());
});

it('says nothing once stopped', () => {
  const { clock, activity, told } = open();
  activity.output();
  activity.stop();
  clock.advance(10_000);
  expect(told).toHaveLength(1);
  expect(activity.busy).toBe(false);
});
