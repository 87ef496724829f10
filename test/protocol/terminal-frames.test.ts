import { describe, expect, it } from 'vitest';
import { isHubError } from '../../base/errors.js';
import { encodeFrame, FrameReader, frameTypes } from '../../protocol/frames.js';
import {
  decodeTerminalFrame,
  encodeTerminalFrame,
  isTerminalFrame,
  type TerminalFrame,
} from '../../protocol/terminal-frames.js';
import fc, { fuzz } from '../support/fast-check.js';

const attach = fc.nat(0xffff_ffff);
const offset = fc.maxSafeNat();
const bytes = fc.uint8Array({ maxLength: 300 });
const size = fc.nat(0xffff);

const anyFrame: fc.Arbitrary<TerminalFrame> = fc.oneof(
  fc.record({ type: fc.constant('output' as const), attach, offset, bytes }),
  fc.record({ type: fc.constant('snapshot' as const), attach, offset, cols: size, rows: size, bytes }),
  fc.record({ type: fc.constant('input' as const), attach, bytes }),
  fc.record({ type: fc.constant('credit' as const), attach, bytes_count: fc.nat(0xffff_ffff) }),
);

describe('terminal frames', () => {
  it('arrive as they were sent, in whatever pieces', () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 5 }), fc.integer({ min: 1, max: 40 }), (frames, piece) => {
        const stream = Buffer.concat(frames.map((frame) => encodeTerminalFrame(frame)));
        const received: TerminalFrame[] = [];
        const reader = new FrameReader();
        for (let at = 0; at < stream.length; at += piece) {
          reader.push(new Uint8Array(stream.subarray(at, at + piece)), ({ type, payload }) => {
            const frame = decodeTerminalFrame(type, payload);
            received.push('bytes' in frame ? { ...frame, bytes: frame.bytes.slice() } : frame);
          });
        }
        expect(received).toEqual(frames);
      }),
      fuzz(300),
    );
  });

  it('are told from messages by their type byte', () => {
    expect(isTerminalFrame(frameTypes.message)).toBe(false);
    for (const type of ['output', 'snapshot', 'input', 'credit'] as const) {
      expect(isTerminalFrame(frameTypes[type])).toBe(true);
    }
  });

  it('of any bytes are read or refused with a coded error', () => {
    fc.assert(
      fc.property(fc.nat(255), fc.uint8Array({ maxLength: 40 }), (type, payload) => {
        try {
          const frame = decodeTerminalFrame(type, payload);
          expect(encodeTerminalFrame(frame).subarray(5, 5 + payload.length)).toEqual(
            frame.type === 'credit' ? payload.subarray(0, 8) : payload,
          );
        } catch (thrown) {
          expect(isHubError(thrown) && thrown.code).toBe('protocol.message_invalid');
        }
      }),
      fuzz(1_000),
    );
  });

  it('that are larger than a frame may be are refused', () => {
    const frame = { type: 'input', attach: 1, bytes: new Uint8Array(17 * 1024 * 1024) } as const;
    expect(() => encodeTerminalFrame(frame)).toThrow(/limit/);
    expect(() => encodeFrame(frameTypes.input, frame.bytes)).toThrow(/limit/);
  });
});
