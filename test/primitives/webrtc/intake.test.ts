/** Whatever a device sends comes out as checked messages, or as one coded error. */

import { expect, test } from 'vitest';
import { Intake, type IntakeReceiver } from '../../../primitives/webrtc/intake.js';
import { peerLimits } from '../../../primitives/webrtc/limits.js';
import { encodeMessage, type Message } from '../../../protocol/messages.js';
import { encodeTerminalFrame } from '../../../protocol/terminal-frames.js';
import fc from '../../support/fast-check.js';
import { VirtualClock } from '../../support/virtual-clock.js';

class Kept implements IntakeReceiver {
  readonly got: unknown[] = [];
  message(message: unknown): void {
    this.got.push(message);
  }
  terminal(frame: { type: string }): void {
    this.got.push(frame.type);
  }
}

const small = {
  ...peerLimits,
  frames: { burst: 10, perSecond: 10 },
  bytes: { burst: 10_000, perSecond: 1_000 },
};

const messages: Message[] = [
  { type: 'hello', protocol_version: 1, client: 'web', version: '1' },
  { type: 'request', id: 1, method: 'status', params: {} },
  { type: 'dc_ping', id: 7 },
  { type: 'app', data: [1, null, 'x'] },
];

test('frames cut in any way come out in order', () => {
  const bytes = Buffer.concat([
    ...messages.map((message) => encodeMessage(message)),
    encodeTerminalFrame({ type: 'input', attach: 1, bytes: Buffer.from('ls\r') }),
    encodeTerminalFrame({ type: 'credit', attach: 1, bytes_count: 10 }),
  ]);
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length)), (cuts) => {
      const kept = new Kept();
      const intake = new Intake(new VirtualClock(), peerLimits, kept);
      const at = [0, ...cuts.sort((a, b) => a - b), bytes.length];
      for (let n = 1; n < at.length; n++) intake.push(bytes.subarray(at[n - 1], at[n]));
      expect(kept.got).toEqual([...messages, 'input', 'credit']);
    }),
  );
});

test('too many frames, and too many bytes, are refused; time makes room', () => {
  const ping = encodeMessage({ type: 'dc_ping', id: 1 });
  const clock = new VirtualClock();
  const intake = new Intake(clock, small, new Kept());
  for (let n = 0; n < 10; n++) intake.push(ping);
  clock.advance(100);
  intake.push(ping);
  expect(() => intake.push(ping)).toThrow(expect.objectContaining({ code: 'webrtc.too_fast' }) as Error);
  const bytes = new Intake(clock, small, new Kept());
  expect(() => bytes.push(new Uint8Array(10_001))).toThrow(
    expect.objectContaining({ code: 'webrtc.too_fast' }) as Error,
  );
});

test('a frame that is announced larger than the bound is refused before it comes', () => {
  const intake = new Intake(new VirtualClock(), peerLimits, new Kept());
  expect(() => intake.push(Uint8Array.of(0, 0x10, 0, 1))).toThrow(
    expect.objectContaining({ code: 'protocol.frame_too_large' }) as Error,
  );
});
