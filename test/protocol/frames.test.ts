import { describe, expect, it } from 'vitest';
import { HubError } from '../../base/errors.js';
import { encodeFrame, type Frame, type FrameLimits, FrameReader } from '../../protocol/frames.js';
import fc, { fuzz } from '../support/fast-check.js';

const limits: FrameLimits = { maxFrameBytes: 1_000, types: [1, 2, 255] };

/** What a reader makes of a stream in pieces: frames, then the code it broke with. */
function read(
  pieces: readonly Uint8Array[],
  options: FrameLimits = limits,
): { frames: Frame[]; code: string | undefined } {
  const reader = new FrameReader(options);
  const frames: Frame[] = [];
  try {
    for (const piece of pieces) {
      reader.push(piece, ({ type, payload }) => frames.push({ type, payload: Uint8Array.from(payload) }));
    }
    reader.end();
    return { frames, code: undefined };
  } catch (thrown) {
    if (!(thrown instanceof HubError)) throw thrown;
    return { frames, code: thrown.code };
  }
}

/** Cuts bytes at the given places, taken modulo the length. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...at, bytes.length].map((end, index) => bytes.subarray(at[index - 1] ?? 0, end));
}

const frame = fc.record({
  type: fc.constantFrom(1, 2, 255),
  payload: fc.uint8Array({ maxLength: 999 }),
});

describe('round trip', () => {
  it('gives back every frame in order, however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(frame, { maxLength: 8 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        (frames, places) => {
          const stream = Buffer.concat(frames.map(({ type, payload }) => encodeFrame(type, payload)));
          expect(read(cut(stream, places))).toEqual({ frames, code: undefined });
        },
      ),
    );
  });

  it('works byte by byte and with empty chunks', () => {
    const stream = encodeFrame(1, new TextEncoder().encode('hello'));
    const pieces = [...stream].flatMap((byte) => [new Uint8Array(), Uint8Array.of(byte)]);
    expect(read(pieces).frames).toEqual([{ type: 1, payload: new TextEncoder().encode('hello') }]);
  });

  it('takes a frame of exactly the largest size, in pieces', () => {
    const payload = new Uint8Array(300_000).map((_, index) => index);
    const stream = encodeFrame(2, payload);
    const pieces = cut(stream, [3, 5, 70_000, 70_001, 200_000]);
    const { frames } = read(pieces, { ...limits, maxFrameBytes: 300_001 });
    expect(frames).toHaveLength(1);
    expect(Buffer.compare(frames[0]!.payload, payload)).toBe(0);
  });
});

describe('faults', () => {
  it('throws nothing but its own coded errors, on any bytes', () => {
    const codes = [
      undefined,
      'protocol.frame_too_large',
      'protocol.frame_empty',
      'protocol.frame_unknown_type',
      'protocol.frame_truncated',
    ];
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (pieces) => {
        expect(codes).toContain(read(pieces).code);
      }),
      fuzz(500),
    );
  });

  it('delivers the frames before a fault', () => {
    fc.assert(
      fc.property(
        fc.array(frame, { maxLength: 4 }),
        fc.array(fc.nat(), { maxLength: 6 }),
        (frames, places) => {
          const good = frames.map(({ type, payload }) => encodeFrame(type, payload));
          const stream = Buffer.concat([...good, Uint8Array.of(0, 0, 0, 2, 9, 9)]);
          expect(read(cut(stream, places))).toEqual({ frames, code: 'protocol.frame_unknown_type' });
        },
      ),
    );
  });

  const cases: [string, number[], string][] = [
    ['a length of 2^32-1', [255, 255, 255, 255], 'protocol.frame_too_large'],
    ['one byte too many', [0, 0, 3, 0xe9], 'protocol.frame_too_large'],
    ['a length of zero', [0, 0, 0, 0], 'protocol.frame_empty'],
    ['an unknown type, before its payload comes', [0, 0, 3, 0, 7], 'protocol.frame_unknown_type'],
    ['an end inside the length', [0, 0], 'protocol.frame_truncated'],
    ['an end inside the payload', [0, 0, 0, 9, 1, 1], 'protocol.frame_truncated'],
  ];
  it.each(cases)('%s', (_name, bytes, code) => {
    expect(read([Uint8Array.from(bytes)])).toEqual({ frames: [], code });
    expect(read(bytes.map((byte) => Uint8Array.of(byte)))).toEqual({ frames: [], code });
  });

  it('stays broken', () => {
    const reader = new FrameReader(limits);
    const deliver = () => expect.unreachable();
    expect(() => reader.push(new Uint8Array(4), deliver)).toThrow('without a type');
    expect(() => reader.push(encodeFrame(1, new Uint8Array(1)), deliver)).toThrow('without a type');
    expect(() => reader.end()).toThrow('without a type');
  });

  it('does not make a frame that nobody would read', () => {
    expect(() => encodeFrame(1, new Uint8Array(10), 10)).toThrow('11 bytes is larger than the limit of 10');
    expect(encodeFrame(1, new Uint8Array(9), 10)).toHaveLength(14);
  });
});

it('holds memory for what arrived, not for what was announced', () => {
  const size = 512 * 1024 * 1024;
  const before = process.memoryUsage().arrayBuffers;
  const readers = Array.from({ length: 64 }, () => {
    const reader = new FrameReader({ maxFrameBytes: size });
    reader.push(Uint8Array.of(size >>> 24, 0, 0, 0, 1, 42), () => expect.unreachable());
    return reader;
  });
  const heldBytes = process.memoryUsage().arrayBuffers - before;
  expect(heldBytes).toBeLessThan(readers.length * 128 * 1024);
});
