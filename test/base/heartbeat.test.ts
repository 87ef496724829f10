import { describe, expect, it } from 'vitest';
import { Heartbeat, HeartbeatReader, MAX_LABEL_BYTES } from '../../base/heartbeat.js';
import { VirtualClock } from '../support/virtual-clock.js';

describe('Heartbeat', () => {
  it('tells the age of the last beat', () => {
    const clock = new VirtualClock();
    const heartbeat = new Heartbeat(clock.nowMs());
    const reader = new HeartbeatReader(heartbeat.buffer, () => clock.nowMs());
    expect(reader.ageMs()).toBe(0);
    clock.advance(1_234);
    expect(reader.ageMs()).toBe(1_234);
    heartbeat.beat(clock.nowMs());
    expect(reader.ageMs()).toBe(0);
  });

  it.each([2 ** 31 - 10, 2 ** 32 - 10, 1e12])(
    'is right where 32 bits of milliseconds wrap (%d)',
    (startMs) => {
      const clock = new VirtualClock();
      clock.advance(startMs);
      const heartbeat = new Heartbeat(clock.nowMs());
      const reader = new HeartbeatReader(heartbeat.buffer, () => clock.nowMs());
      clock.advance(500);
      expect(reader.ageMs()).toBe(500);
    },
  );

  it('never says a negative age: the reader may look a little earlier than the loop', () => {
    const heartbeat = new Heartbeat(100);
    expect(new HeartbeatReader(heartbeat.buffer, () => 98).ageMs()).toBe(0);
  });

  it('says what holds the loop', () => {
    const heartbeat = new Heartbeat(0);
    const reader = new HeartbeatReader(heartbeat.buffer, () => 0);
    expect(reader.running()).toBeUndefined();
    heartbeat.running('plugin-ü');
    expect(reader.running()).toBe('plugin-ü');
    heartbeat.running(undefined);
    expect(reader.running()).toBeUndefined();
    heartbeat.running('plugin-ü');
    expect(reader.running()).toBe('plugin-ü');
    heartbeat.running('x'.repeat(1_000));
    expect(reader.running()).toBe('x'.repeat(MAX_LABEL_BYTES));
  });
});
