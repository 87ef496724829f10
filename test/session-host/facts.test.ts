import { describe, expect, it } from 'vitest';
import { Counters } from '../../base/counters.js';
import type { HostEvent } from '../../protocol/host-events.js';
import { Facts } from '../../session-host/facts.js';
import { VirtualClock } from '../support/virtual-clock.js';

const session_uuid = 'x';
const title = (text: string): HostEvent => ({ name: 'session.title', data: { session_uuid, title: text } });
const cwd = (path: string): HostEvent => ({ name: 'session.cwd', data: { session_uuid, cwd: path } });
const prompt = (mark: 'A' | 'B' | 'C' | 'D'): HostEvent => ({
  name: 'session.prompt',
  data: { session_uuid, mark },
});

function open() {
  const clock = new VirtualClock();
  const counters = new Counters();
  const told: HostEvent[] = [];
  const facts = new Facts(clock, counters, (event) => told.push(event));
  return { clock, counters, facts, told };
}

describe('of facts of which only the last counts', () => {
  it('a rare one is told at once, and costs no timer later', () => {
    const { clock, facts, told } = open();
    facts.emit(title('a'));
    expect(told).toEqual([title('a')]);
    clock.advance(1_000);
    facts.emit(title('b'));
    expect(told).toHaveLength(2);
    clock.advance(1_000);
    expect(told).toHaveLength(2);
    expect(clock.pendingTimers).toBe(0);
  });

  it('a flood is told now and then, and its last one always', () => {
    const { clock, facts, told } = open();
    for (let i = 0; i < 1_000; i++) {
      facts.emit(title(`${i}`));
      clock.advance(1);
    }
    clock.advance(1_000);
    expect(told.length).toBeLessThan(25);
    expect(told.at(-1)).toEqual(title('999'));
  });

  it('one does not hold up another', () => {
    const { facts, told } = open();
    facts.emit(title('a'));
    facts.emit(title('b'));
    facts.emit(cwd('/'));
    expect(told).toEqual([title('a'), cwd('/')]);
  });

  it('what waits is told before the last word', () => {
    const { clock, facts, told } = open();
    facts.emit(title('a'));
    facts.emit(title('b'));
    facts.flush();
    expect(told).toEqual([title('a'), title('b')]);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('of the others', () => {
  it('each is told, in order, also many at once', () => {
    const { facts, told } = open();
    const marks = (['D', 'A', 'B', 'C'] as const).map(prompt);
    for (const mark of marks) facts.emit(mark);
    expect(told).toEqual(marks);
  });

  it('a flood is dropped and counted', () => {
    const { clock, counters, facts, told } = open();
    for (let i = 0; i < 10_000; i++) facts.emit(prompt('A'));
    expect(told.length).toBe(200);
    expect(counters.get('facts.dropped')).toBe(9_800);
    clock.advance(1_000);
    facts.emit(prompt('B'));
    expect(told.at(-1)).toEqual(prompt('B'));
  });
});
