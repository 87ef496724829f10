/** How fast the worker sends, and whose turn it is. */
import { describe, expect, test } from 'vitest';
import { LoopLag } from '../../../primitives/webrtc/loop-lag.js';
import { PongClock } from '../../../primitives/webrtc/pong-clock.js';
import { Pump, type PumpSource } from '../../../primitives/webrtc/pump.js';
import {
  BURST_BYTES,
  FIRST_BYTES_PER_S,
  LATE_MS,
  LEAST_BYTES_PER_S,
  LOOK_MS,
  MOST_BYTES_PER_S,
  PONG_MS,
  RateCap,
} from '../../../primitives/webrtc/rate-cap.js';
import { VirtualClock } from '../../support/virtual-clock.js';

const well = { lag_p99_ms: 1, pong_delay_ms: 1 };
const late = { lag_p99_ms: LATE_MS + 1, pong_delay_ms: 0 };

/** Uses the cap up. */
function press(cap: RateCap): void {
  cap.spend(10 * MOST_BYTES_PER_S);
  cap.open;
}

describe('the cap', () => {
  test('grows while it holds something back and all is well, up to a bound', () => {
    const clock = new VirtualClock();
    const cap = new RateCap(clock);
    expect(cap.bytesPerSecond).toBe(FIRST_BYTES_PER_S);
    press(cap);
    cap.look(well);
    expect(cap.bytesPerSecond).toBeCloseTo(FIRST_BYTES_PER_S * 1.1);
    for (let n = 0; n < 100; n++) {
      press(cap);
      cap.look(well);
    }
    expect(cap.bytesPerSecond).toBe(MOST_BYTES_PER_S);
  });

  test('stays while nothing is held back', () => {
    const cap = new RateCap(new VirtualClock());
    expect(cap.open).toBe(true);
    for (let n = 0; n < 10; n++) cap.look(well);
    expect(cap.bytesPerSecond).toBe(FIRST_BYTES_PER_S);
  });

  test.each([
    ['the loop comes late', late],
    ['pings take longer', { lag_p99_ms: 0, pong_delay_ms: PONG_MS + 1 }],
  ])('is halved when %s, once a second, down to a bound', (_, health) => {
    const clock = new VirtualClock();
    const cap = new RateCap(clock);
    for (let n = 0; n < 4; n++) {
      cap.look(health);
      clock.advance(LOOK_MS);
    }
    expect(cap.bytesPerSecond).toBe(FIRST_BYTES_PER_S / 2);
    press(cap);
    for (let n = 0; n < 20; n++) {
      clock.advance(1_000);
      cap.look(health);
    }
    expect(cap.bytesPerSecond).toBe(LEAST_BYTES_PER_S);
    press(cap);
    cap.look(well);
    expect(cap.bytesPerSecond).toBe(LEAST_BYTES_PER_S);
    clock.advance(1_000);
    press(cap);
    cap.look(well);
    expect(cap.bytesPerSecond).toBeGreaterThan(LEAST_BYTES_PER_S);
  });
});

class Source implements PumpSource {
  left: number;
  room = true;
  sent = 0;

  constructor(bytes: number) {
    this.left = bytes;
  }

  get waiting(): boolean {
    return this.left > 0;
  }

  sendOne(maxBytes: number): number {
    if (!this.room) return 0;
    const bytes = Math.min(maxBytes, this.left);
    this.left -= bytes;
    this.sent += bytes;
    return bytes;
  }
}

describe('the pump', () => {
  test('shares the cap between those who have something, whenever they came', () => {
    const clock = new VirtualClock();
    const pump = new Pump(clock, new RateCap(clock));
    const [first, second, frozen] = [new Source(1e9), new Source(1e9), new Source(1e9)];
    frozen.room = false;
    for (const source of [first, second, frozen]) pump.add(source);
    pump.run();
    clock.advance(1_000);
    expect(frozen.sent).toBe(0);
    const all = first.sent + second.sent;
    expect(Math.abs(all - FIRST_BYTES_PER_S)).toBeLessThan(2 * BURST_BYTES);
    expect(Math.abs(first.sent - second.sent)).toBeLessThanOrEqual(16 * 1024);
  });

  test('sends little in one turn, goes on by itself, and rests when nothing waits', () => {
    const clock = new VirtualClock();
    const pump = new Pump(clock, new RateCap(clock));
    const source = new Source(30_000);
    pump.add(source);
    pump.run();
    expect(source.sent).toBeLessThan(24 * 1024);
    clock.advance(100);
    expect(source.left).toBe(0);
    expect(clock.pendingTimers).toBe(0);
  });

  test('tries again when a channel that was full does not say that it drained', () => {
    const clock = new VirtualClock();
    const pump = new Pump(clock, new RateCap(clock));
    const source = new Source(100);
    source.room = false;
    pump.add(source);
    pump.run();
    source.room = true;
    clock.advance(100);
    expect(source.left).toBe(0);
    source.left = 1;
    source.room = false;
    pump.run();
    pump.stop();
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('health', () => {
  test('lag is what the worst of a hundred timers come late', () => {
    const clock = new VirtualClock();
    const lag = new LoopLag(clock);
    expect(lag.p99Ms).toBe(0);
    lag.start();
    clock.advance(500);
    expect(lag.p99Ms).toBe(0);
    clock.advanceBlocked(70);
    clock.advance(20);
    expect(lag.p99Ms).toBeGreaterThanOrEqual(50);
    clock.advance(2_000);
    expect(lag.p99Ms).toBe(0);
    lag.stop();
    expect(clock.pendingTimers).toBe(0);
  });

  test('pings: one at a time, a second apart while busy; only answers count, while they are fresh', () => {
    const clock = new VirtualClock();
    const pongs = new PongClock(clock);
    const first = pongs.due(true)!;
    expect(pongs.due(true)).toBeUndefined();
    clock.advance(10);
    pongs.answered(first);
    expect([pongs.rttMs, pongs.delayMs]).toEqual([10, 0]);
    pongs.answered(first);
    clock.advance(990);
    expect(pongs.due(false)).toBeUndefined();
    const second = pongs.due(true)!;
    clock.advance(80);
    pongs.answered(999);
    expect(pongs.rttMs).toBe(10);
    pongs.answered(second);
    expect([pongs.rttMs, pongs.delayMs]).toEqual([80, 70]);
    clock.advance(3_000);
    expect(pongs.delayMs).toBeUndefined();
    const third = pongs.due(true)!;
    clock.advance(5_000);
    expect(pongs.due(true)).toBeUndefined();
    clock.advance(5_000);
    expect(pongs.due(true)).toBe(third + 1);
    pongs.answered(third + 1);
    clock.advance(15_000);
    expect(pongs.due(false)).toBe(third + 2);
  });
});
