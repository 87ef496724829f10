/** What waits for a device: nothing is lost or reordered within a flow, and no flow keeps another waiting. */

import { describe, expect, test } from 'vitest';
import { FairFlows, QUANTUM_BYTES } from '../../../primitives/webrtc/fair-flows.js';
import { NO_ATTACH, SendQueue } from '../../../primitives/webrtc/send-queue.js';
import { encodeFrame, FrameReader } from '../../../protocol/frames.js';
import fc from '../../support/fast-check.js';

function frame(bytes: number): { frame: Uint8Array; onTaken: undefined } {
  return { frame: new Uint8Array(bytes), onTaken: undefined };
}

describe('flows', () => {
  test('a small frame overtakes the backlog of another flow', () => {
    const flows = new FairFlows();
    for (let n = 0; n < 10; n++) flows.push(1, frame(QUANTUM_BYTES));
    flows.shift();
    const echo = frame(1);
    flows.push(2, echo);
    expect(flows.shift()).toBe(echo);
  });

  test('flows with a backlog share by bytes, not by frames', () => {
    const flows = new FairFlows();
    const sent = new Map([
      [1_000, 0],
      [4_000, 0],
    ]);
    for (let n = 0; n < 400; n++) {
      flows.push(1, frame(1_000));
      flows.push(2, frame(4_000));
    }
    for (let n = 0; n < 200; n++) {
      const bytes = flows.shift()!.frame.length;
      sent.set(bytes, sent.get(bytes)! + bytes);
    }
    expect(Math.abs(sent.get(1_000)! - sent.get(4_000)!)).toBeLessThanOrEqual(2 * QUANTUM_BYTES);
  });

  test('flows that have little again and again do not starve one that has much', () => {
    const flows = new FairFlows();
    const large = frame(QUANTUM_BYTES);
    flows.push(0, frame(QUANTUM_BYTES));
    flows.push(0, large);
    let turns = 0;
    for (; turns < 100; turns++) {
      flows.push(1, frame(1_000));
      flows.push(2, frame(1_000));
      if (flows.shift() === large) break;
    }
    expect(turns).toBeLessThan(20);
  });
});

const pushes = fc.array(
  fc.record({ flow: fc.integer({ min: -1, max: 3 }), bytes: fc.integer({ min: 0, max: 9_000 }) }),
  { maxLength: 40 },
);

test('what is taken in pieces of any size is every frame, whole, each flow in its order', () => {
  fc.assert(
    fc.property(pushes, fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1 }), (list, sizes) => {
      const queue = new SendQueue();
      let taken = 0;
      let bytes = 0;
      list.forEach(({ flow, bytes: length }, index) => {
        const payload = Buffer.alloc(8 + length);
        payload.writeInt32BE(flow, 0);
        payload.writeInt32BE(index, 4);
        const encoded = encodeFrame(2, payload);
        bytes += encoded.length;
        queue.pushBytes(flow, encoded, () => taken++);
      });
      expect(queue.bytes).toBe(bytes);
      const reader = new FrameReader();
      const got = new Map<number, number[]>();
      for (let n = 0; queue.hasBytes; n++) {
        const max = sizes[n % sizes.length]!;
        const message = queue.takeBytes(max)!;
        expect(message.length).toBeLessThanOrEqual(max);
        bytes -= message.length;
        expect(queue.bytes).toBe(bytes);
        reader.push(message, ({ payload }) => {
          const view = Buffer.from(payload);
          const flow = view.readInt32BE(0);
          got.set(flow, [...(got.get(flow) ?? []), view.readInt32BE(4)]);
        });
      }
      expect(taken).toBe(list.length);
      const indexed = list.map(({ flow }, index) => ({ flow, index }));
      for (const flow of new Set(list.map((push) => push.flow)))
        expect(got.get(flow)).toEqual(indexed.filter((push) => push.flow === flow).map(({ index }) => index));
      expect(queue.takeBytes(1)).toBeUndefined();
    }),
  );
});

test('control has a lane of its own, and clearing tells of everything', () => {
  const queue = new SendQueue();
  const told: string[] = [];
  queue.pushControl(Uint8Array.of(1), () => told.push('control'));
  queue.pushBytes(NO_ATTACH, new Uint8Array(100), () => told.push('bytes'));
  queue.takeBytes(40);
  expect(queue.bytes).toBe(61);
  queue.clear();
  expect(told).toEqual(['control', 'bytes']);
  expect([queue.bytes, queue.hasControl, queue.hasBytes]).toEqual([0, false, false]);
});
