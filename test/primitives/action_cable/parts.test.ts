/** The small parts of the client: when it tries again, what waits, what an address is. */

import { describe, expect, test } from 'vitest';
import { HubError } from '../../../base/errors.js';
import type { CableEvent } from '../../../primitives/action_cable/action_cable.calls.js';
import { cableAddress, shownAddress } from '../../../primitives/action_cable/address.js';
import { Backoff } from '../../../primitives/action_cable/backoff.js';
import { CableOutlet } from '../../../primitives/action_cable/cable-outlet.js';
import { Channel, SendQueue } from '../../../primitives/action_cable/channel.js';
import { Intake } from '../../../primitives/action_cable/intake.js';
import {
  HOLD_AT_PENDING,
  HOLD_CHECK_MS,
  RELEASE_AT_PENDING,
} from '../../../primitives/action_cable/limits.js';
import fc from '../../support/fast-check.js';
import { until } from '../../support/until.js';
import { VirtualClock } from '../../support/virtual-clock.js';

describe('the pauses between attempts', () => {
  test('begin short, double, stay at two seconds for a while, and end at ten', () => {
    const backoff = new Backoff(new VirtualClock(), () => 1);
    const pauses = Array.from({ length: 50 }, () => backoff.next());
    expect(pauses.slice(0, 7)).toEqual([100, 200, 400, 800, 1600, 2000, 2000]);
    expect(pauses.slice(38, 42)).toEqual([2000, 2000, 10_000, 10_000]);
  });

  test('differ between clients by half', () => {
    const backoff = new Backoff(new VirtualClock(), () => 0);
    expect([backoff.next(), backoff.next()]).toEqual([50, 100]);
  });

  test('begin anew after a connection that lasted, not after one that broke at once', () => {
    const clock = new VirtualClock();
    const backoff = new Backoff(clock, () => 1);
    backoff.next();
    backoff.connected();
    clock.advance(4_000);
    expect(backoff.next()).toBe(200);
    backoff.connected();
    clock.advance(5_000);
    expect(backoff.next()).toBe(100);
  });
});

describe('the queue', () => {
  test('keeps the newest within its limits, in order, by channel', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(2), fc.string({ maxLength: 12 })), { maxLength: 60 }),
        fc.nat(40),
        (pushes, bytes) => {
          const channels = [new Channel(), new Channel(), new Channel()];
          const queue = new SendQueue({ messages: 8, bytes });
          let dropped = 0;
          for (const [index, data] of pushes) dropped += queue.push(channels[index]!, data);
          expect(queue.length + dropped).toBe(pushes.length);
          expect(queue.length).toBeLessThanOrEqual(8);
          const kept = pushes.slice(dropped);
          expect(kept.reduce((sum, [, data]) => sum + data.length, 0)).toBeLessThanOrEqual(bytes);
          for (const [index, channel] of channels.entries()) {
            const own = kept.filter(([at]) => at === index).map(([, data]) => data);
            expect(queue.take(channel)).toEqual(own);
          }
          expect(queue.length).toBe(0);
        },
      ),
    );
  });
});

describe('an address', () => {
  test.each([
    ['ws://127.0.0.1:4171/cable', 'ws://127.0.0.1:4171/cable'],
    ['http://example.com/cable', 'ws://example.com/cable'],
    ['https://example.com/cable?token=1#there', 'wss://example.com/cable?token=1'],
  ])('%s', (given, used) => {
    expect(cableAddress(given)).toBe(used);
  });

  test.each(['', 'cable', '/cable', 'gopher://example.com', 'file:///cable', 'ws://', 'javascript:1'])(
    '%j is none',
    (given) => {
      const refused = cableAddress(given);
      expect(refused).toBeInstanceOf(HubError);
    },
  );

  test('is shown without its secrets', () => {
    expect(shownAddress('wss://user:secret@example.com:1/cable?token=secret')).toBe(
      'wss://example.com:1/cable',
    );
  });
});

test('a connection is not read while its plugin is behind', () => {
  const clock = new VirtualClock();
  const said: boolean[] = [];
  const intake = new Intake(clock, (held) => said.push(held));
  const callback = { pending: HOLD_AT_PENDING - 1 };
  intake.called(callback);
  expect(said).toEqual([]);
  callback.pending++;
  intake.called(callback);
  intake.called(callback);
  expect(said).toEqual([true]);
  clock.advance(HOLD_CHECK_MS);
  callback.pending = RELEASE_AT_PENDING;
  expect(said).toEqual([true]);
  clock.advance(HOLD_CHECK_MS);
  expect(said).toEqual([true, false]);
  callback.pending = HOLD_AT_PENDING;
  intake.called(callback);
  intake.dispose();
  clock.advance(HOLD_CHECK_MS);
  expect(said).toEqual([true, false, true]);
});

test('while the hub takes no events no connection is read, and then all go, in order', async () => {
  const taken: CableEvent[] = [];
  const held: boolean[] = [];
  let room = 1;
  let makeRoom: () => void = () => undefined;
  const outlet = new CableOutlet({
    emit(event) {
      if (room === 0) return false;
      room--;
      taken.push(event);
      return true;
    },
    drained: () => new Promise((resolve) => (makeRoom = resolve)),
    hold: (hold) => held.push(hold),
  });
  const messages = [1, 2, 3, 4].map(
    (message): CableEvent => ({ type: 'action_cable.received', conn: 'cable-1', channel_id: 1, message }),
  );
  for (const message of messages) outlet.tell(message);
  expect([taken.length, held, outlet.held]).toEqual([1, [true], true]);
  room = 2;
  makeRoom();
  await until(() => taken.length === 3);
  expect(held).toEqual([true]);
  room = 5;
  makeRoom();
  await until(() => held.length === 2);
  expect([taken, held, outlet.held]).toEqual([messages, [true, false], false]);
});
