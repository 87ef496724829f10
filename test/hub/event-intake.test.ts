import { describe, expect, it } from 'vitest';
import { Counters } from '../../base/counters.js';
import type { Lane } from '../../base/event-lanes.js';
import { EventIntake, HELD_LIMIT } from '../../hub/event-intake.js';
import { Inbox } from '../../hub/inbox.js';
import { MemoryLog } from '../support/memory-log.js';
import { fact, file, type TestEvent, testLanes } from '../support/test-events.js';

function open(controlLimit: number) {
  const counters = new Counters();
  const log = new MemoryLog();
  const inbox = new Inbox<TestEvent>({ lanes: testLanes, counters, log, controlLimit });
  const intake = new EventIntake<TestEvent>({ inbox, counters, log });
  const returned: Lane[] = [];
  const source = { taken: (lane: Lane) => void returned.push(lane) };
  const drain = (): number[] => {
    const taken: number[] = [];
    for (let event = inbox.take('control'); event !== undefined; event = inbox.take('control'))
      taken.push(event.n);
    return taken;
  };
  return { inbox, intake, counters, log, source, returned, drain };
}

describe('EventIntake', () => {
  it('holds control events that find the lane full, in order, and lets bulk pass', () => {
    const { inbox, intake, source, drain } = open(2);
    for (let n = 0; n < 7; n++) intake.accept(fact(n), 'control', source);
    intake.accept(file(9), 'bulk', source);
    expect([intake.held, inbox.length('bulk')]).toEqual([5, 1]);
    const taken: number[] = [];
    while (intake.held > 0) {
      taken.push(...drain());
      inbox.releaseProducers();
    }
    taken.push(...drain());
    expect(taken).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it('keeps a newer event behind those it holds even when there is room again', () => {
    const { inbox, intake, drain } = open(2);
    for (let n = 0; n < 3; n++) intake.accept(fact(n), 'control');
    expect(drain()).toEqual([0, 1]);
    intake.accept(fact(3), 'control');
    inbox.releaseProducers();
    expect(drain()).toEqual([2, 3]);
  });

  it('drops, counts and gives credit back for events that are undeclared or on the wrong lane', () => {
    const { intake, counters, source, returned, log } = open(2);
    intake.accept({ type: 'test.other' }, 'control', source);
    intake.accept(fact(1), 'bulk', source);
    expect(counters.get('inbox.undeclared')).toBe(2);
    expect(returned).toEqual(['control', 'bulk']);
    expect(log.at('error')).toHaveLength(2);
  });

  it('has a bound, above which a loss is counted and logged', () => {
    const { intake, counters, log } = open(1);
    for (let n = 0; n < HELD_LIMIT + 2; n++) intake.accept(fact(n), 'control');
    expect(intake.held).toBe(HELD_LIMIT);
    expect(counters.get('inbox.lost_control')).toBe(1);
    expect(log.at('error')).toHaveLength(1);
  });
});
