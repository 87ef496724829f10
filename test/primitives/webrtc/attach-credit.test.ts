/** Credit on its way from the device to the session host. */

import { expect, test } from 'vitest';
import { AttachCredit, WINDOW_BYTES } from '../../../primitives/webrtc/attach-credit.js';
import fc from '../../support/fast-check.js';

test('the host gets no more than the device gave, and no more than the window ahead of the line', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('grant' as const), bytes: fc.integer({ min: 0, max: 100_000 }) }),
    // The host sends what it may, or a snapshot that costs more; later it leaves the queue.
    fc.record({ kind: fc.constant('host' as const), bytes: fc.integer({ min: 1, max: 40_000 }) }),
    fc.record({ kind: fc.constant('snapshot' as const), bytes: fc.integer({ min: 1, max: 200_000 }) }),
    fc.record({ kind: fc.constant('sent' as const), bytes: fc.constant(0) }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 100_000 }), fc.array(step), (first, steps) => {
      let passed = 0;
      const credit = new AttachCredit((attach, bytes) => {
        expect(attach).toBe(5);
        expect(bytes).toBeGreaterThan(0);
        passed += bytes;
      });
      let [given, used, out] = [first, 0, 0];
      const queued: number[] = [];
      passed = credit.open(5, first);
      for (const { kind, bytes } of steps) {
        if (kind === 'grant') {
          given += bytes;
          credit.grant(5, bytes);
        } else if (kind === 'sent') {
          const frame = queued.shift() ?? 0;
          out += frame;
          if (frame > 0) credit.sent(5, frame);
        } else if (passed > used) {
          const frame = kind === 'host' ? Math.min(bytes, passed - used) : bytes;
          used += frame;
          queued.push(frame);
        }
        expect(passed).toBeLessThanOrEqual(given);
        expect(passed - out).toBeLessThanOrEqual(WINDOW_BYTES);
      }
      // Once the line is empty, a host without credit means a device that gave none.
      for (const frame of queued.splice(0)) {
        out += frame;
        credit.sent(5, frame);
      }
      if (passed <= used) expect(given).toBe(passed);
    }),
  );
});

test('an attach that is over takes and passes nothing', () => {
  const passed: number[] = [];
  const credit = new AttachCredit((_, bytes) => passed.push(bytes));
  credit.grant(1, 1_000);
  credit.open(1, 0);
  expect(credit.has(1)).toBe(true);
  credit.close(1);
  credit.grant(1, 1_000);
  credit.sent(1, 1_000);
  credit.open(2, 0);
  credit.clear();
  credit.grant(2, 1_000);
  expect(passed).toEqual([]);
});

test('small returns are saved up, so that frames do not become small', () => {
  const passed: number[] = [];
  const credit = new AttachCredit((_, bytes) => passed.push(bytes));
  credit.open(1, 1024 * 1024);
  for (let n = 0; n < 100; n++) credit.sent(1, 100);
  expect(passed.length).toBeLessThanOrEqual(3);
  expect(Math.min(...passed)).toBeGreaterThanOrEqual(WINDOW_BYTES / 2);
});
