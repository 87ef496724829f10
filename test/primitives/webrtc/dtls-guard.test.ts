/** What nobody signed. That it keeps a connection alive is shown by strangers.test.ts. */

import { expect, test } from 'vitest';
import { isUnsigned } from '../../../primitives/webrtc/dtls-guard.js';
import fc, { fuzz } from '../../support/fast-check.js';

function record(type: number, epoch: number, length = 2): Buffer {
  const head = Buffer.from([type, 254, 253, 0, epoch, 0, 0, 0, 0, 0, 1, length >> 8, length & 255]);
  return Buffer.concat([head, Buffer.alloc(length)]);
}

const changeCipherSpec = 20;
const alert = 21;
const handshake = 22;
const data = 23;

test('a handshake passes, before the device has said something; a plain alert never does', () => {
  const flight = Buffer.concat([
    record(handshake, 0, 300),
    record(changeCipherSpec, 0, 1),
    record(handshake, 1),
  ]);
  expect(isUnsigned(flight, false)).toBe(false);
  expect(isUnsigned(flight, true)).toBe(true);
  expect(isUnsigned(record(alert, 0), false)).toBe(true);
  expect(isUnsigned(Buffer.concat([record(handshake, 0), record(alert, 0)]), false)).toBe(true);
});

test('what is signed passes', () => {
  for (const isSettled of [true, false]) {
    expect(isUnsigned(record(data, 1), isSettled)).toBe(false);
    expect(isUnsigned(record(alert, 1), isSettled)).toBe(false);
  }
});

test('any bytes are judged', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (bytes, isSettled) => {
      expect(typeof isUnsigned(bytes, isSettled)).toBe('boolean');
    }),
    fuzz(1_000),
  );
});
