/**
 * Frames on a unix socket, the hub's or the session host's: u32 length (big-endian; of type byte and payload), one type
 * byte, payload.
 *
 * Whatever arrives, in whatever pieces, comes out as whole frames in order or as one coded error, after which the
 * reader stays broken: the stream has no place to resynchronise. Memory follows the bytes that really arrived, never a
 * length that was only announced. What the payload of a type means is messages.ts' and terminal-frames.ts'.
 */
import { fail, type HubError } from '../base/errors.js';

/** What the type byte may be. Others are refused. */
export const frameTypes = {
  /** One message of messages.ts: JSON in UTF-8. */
  message: 1,
  /** Those of terminal-frames.ts. */
  output: 2,
  snapshot: 3,
  input: 4,
  credit: 5,
} as const;

export const DEFAULT_MAX_FRAME_BYTES = 16 * 1024 * 1024;

const LENGTH_BYTES = 4;
const FIRST_BODY_BYTES = 64 * 1024;

export type FrameErrorCode =
  | 'protocol.frame_too_large'
  | 'protocol.frame_empty'
  | 'protocol.frame_unknown_type'
  | 'protocol.frame_truncated';

export interface Frame {
  readonly type: number;
  /** May be a view of the chunk that was pushed: read it before the chunk is reused. */
  readonly payload: Uint8Array;
}

export interface FrameLimits {
  /** Largest type byte plus payload. */
  readonly maxFrameBytes?: number;
  /** Accepted type bytes. */
  readonly types?: readonly number[];
}

/** Makes the bytes of one frame. Errors: protocol.frame_too_large. */
export function encodeFrame(
  type: number,
  payload: Uint8Array,
  maxFrameBytes = DEFAULT_MAX_FRAME_BYTES,
): Uint8Array {
  const frame = emptyFrame(type, payload.length, maxFrameBytes);
  frame.set(payload, FRAME_HEADER_BYTES);
  return frame;
}

/** Bytes of a frame before its payload: length and type. */
export const FRAME_HEADER_BYTES = LENGTH_BYTES + 1;

/** A frame whose payload is still to be written, from FRAME_HEADER_BYTES on. Errors: protocol.frame_too_large. */
export function emptyFrame(
  type: number,
  payloadBytes: number,
  maxFrameBytes = DEFAULT_MAX_FRAME_BYTES,
): Uint8Array {
  const length = payloadBytes + 1;
  if (length > maxFrameBytes) throw tooLarge(length, maxFrameBytes);
  const frame = new Uint8Array(LENGTH_BYTES + length);
  frame[0] = length >>> 24;
  frame[1] = length >>> 16;
  frame[2] = length >>> 8;
  frame[3] = length;
  frame[LENGTH_BYTES] = type;
  return frame;
}

export class FrameReader {
  readonly #maxFrameBytes: number;
  readonly #types: readonly number[];
  /** The four length bytes as they arrive. */
  readonly #length = new Uint8Array(LENGTH_BYTES);
  #lengthFilled = 0;
  /** Announced size of the frame being read; 0 while the length itself is incomplete. */
  #expected = 0;
  /** What has arrived of it, where it came in pieces. Grows with the data. */
  #body: Uint8Array | undefined;
  #bodyFilled = 0;
  #broken: HubError<FrameErrorCode> | undefined;

  constructor(limits: FrameLimits = {}) {
    this.#maxFrameBytes = limits.maxFrameBytes ?? DEFAULT_MAX_FRAME_BYTES;
    this.#types = limits.types ?? Object.values(frameTypes);
  }

  /**
   * Takes the next bytes of the stream and calls `deliver` for each frame they complete, in order. Frames before a
   * fault are delivered; then it throws, now and on every later call.
   */
  push(chunk: Uint8Array, deliver: (frame: Frame) => void): void {
    if (this.#broken !== undefined) throw this.#broken;
    let at = 0;
    while (at < chunk.length) {
      at = this.#expected === 0 ? this.#readLength(chunk, at) : this.#readBody(chunk, at, deliver);
    }
  }

  /** Tells the reader that the stream ended. Errors: protocol.frame_truncated if that was inside a frame. */
  end(): void {
    if (this.#broken !== undefined) throw this.#broken;
    if (this.#lengthFilled === 0) return;
    throw this.#break(
      fail('protocol.frame_truncated', 'The connection ended inside a frame.', {
        expected_bytes: this.#expected,
        received_bytes: this.#bodyFilled,
      }),
    );
  }

  #readLength(chunk: Uint8Array, start: number): number {
    let at = start;
    while (this.#lengthFilled < LENGTH_BYTES && at < chunk.length) {
      this.#length[this.#lengthFilled++] = chunk[at++] as number;
    }
    if (this.#lengthFilled < LENGTH_BYTES) return at;
    const [a, b, c, d] = this.#length as unknown as [number, number, number, number];
    const length = a * 0x1000000 + ((b << 16) | (c << 8) | d);
    if (length === 0) throw this.#break(fail('protocol.frame_empty', 'A frame without a type byte arrived.'));
    if (length > this.#maxFrameBytes) throw this.#break(tooLarge(length, this.#maxFrameBytes));
    this.#expected = length;
    return at;
  }

  #readBody(chunk: Uint8Array, start: number, deliver: (frame: Frame) => void): number {
    // The type is the first byte: refuse an unknown one before the rest of the frame is held.
    if (this.#bodyFilled === 0) this.#checkType(chunk[start] as number);
    const missing = this.#expected - this.#bodyFilled;
    const end = Math.min(chunk.length, start + missing);
    const piece = chunk.subarray(start, end);
    if (piece.length === missing && this.#body === undefined) {
      this.#finish(piece, deliver);
      return end;
    }
    const body = this.#bodyWithRoomFor(this.#bodyFilled + piece.length);
    body.set(piece, this.#bodyFilled);
    this.#bodyFilled += piece.length;
    if (this.#bodyFilled === this.#expected) this.#finish(body.subarray(0, this.#expected), deliver);
    return end;
  }

  #finish(frame: Uint8Array, deliver: (frame: Frame) => void): void {
    this.#lengthFilled = 0;
    this.#expected = 0;
    this.#body = undefined;
    this.#bodyFilled = 0;
    deliver({ type: frame[0] as number, payload: frame.subarray(1) });
  }

  #bodyWithRoomFor(bytes: number): Uint8Array {
    const old = this.#body;
    if (old !== undefined && old.length >= bytes) return old;
    const wanted = Math.max(bytes, (old?.length ?? 0) * 2, FIRST_BODY_BYTES);
    const body = new Uint8Array(Math.min(wanted, this.#expected));
    if (old !== undefined) body.set(old.subarray(0, this.#bodyFilled));
    this.#body = body;
    return body;
  }

  #checkType(type: number): void {
    if (this.#types.includes(type)) return;
    throw this.#break(
      fail('protocol.frame_unknown_type', `A frame of unknown type ${type} arrived.`, { type }),
    );
  }

  #break(error: HubError<FrameErrorCode>): HubError<FrameErrorCode> {
    this.#broken = error;
    this.#body = undefined;
    return error;
  }
}

function tooLarge(bytes: number, maxBytes: number): HubError<'protocol.frame_too_large'> {
  return fail(
    'protocol.frame_too_large',
    `A frame of ${bytes} bytes is larger than the limit of ${maxBytes}.`,
    {
      bytes,
      max_bytes: maxBytes,
    },
  );
}
