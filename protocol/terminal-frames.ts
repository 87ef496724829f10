/**
 * The frames that carry a terminal: output, snapshots, input and credit of one attach.
 *
 * Every output byte of a session has an offset, counted from its first byte. A snapshot at offset N shows the screen
 * after byte N - 1; output goes on at N. The same payloads travel from the session host through the hub to the client
 * unchanged. All numbers are big-endian; offsets are u64 on the wire and exact integers here (up to 2^53).
 */
import { fail, type HubError } from '../base/errors.js';
import { emptyFrame, FRAME_HEADER_BYTES, frameTypes } from './frames.js';

/** The number of an attach: the client's own choice, unique on its connection. */
export type AttachId = number;

export type TerminalFrame =
  /** Bytes of the session from `offset` on, as the program wrote them. */
  | {
      readonly type: 'output';
      readonly attach: AttachId;
      readonly offset: number;
      readonly bytes: Uint8Array;
    }
  /** Text that makes a terminal of this size, after a full reset, show the session's screen at `offset`. */
  | {
      readonly type: 'snapshot';
      readonly attach: AttachId;
      readonly offset: number;
      readonly cols: number;
      readonly rows: number;
      readonly bytes: Uint8Array;
    }
  /** What the user typed. */
  | { readonly type: 'input'; readonly attach: AttachId; readonly bytes: Uint8Array }
  /** The client took this many bytes of output and snapshots and can take as many more. */
  | { readonly type: 'credit'; readonly attach: AttachId; readonly bytes_count: number };

export type TerminalFrameType = TerminalFrame['type'];

const headerBytes: Readonly<Record<TerminalFrameType, number>> = {
  output: 12,
  snapshot: 16,
  input: 4,
  credit: 8,
};

const typeOf = new Map<number, TerminalFrameType>(
  (Object.keys(headerBytes) as TerminalFrameType[]).map((type) => [frameTypes[type], type]),
);

/** Whether frames of this type byte carry a terminal. */
export function isTerminalFrame(type: number): boolean {
  return typeOf.has(type);
}

/** One whole frame, length and type byte included. Errors: protocol.frame_too_large. */
export function encodeTerminalFrame(frame: TerminalFrame): Uint8Array {
  const body = 'bytes' in frame ? frame.bytes : undefined;
  const header = headerBytes[frame.type];
  const encoded = emptyFrame(frameTypes[frame.type], header + (body?.length ?? 0));
  const view = new DataView(encoded.buffer, FRAME_HEADER_BYTES);
  view.setUint32(0, frame.attach);
  if (frame.type === 'credit') view.setUint32(4, frame.bytes_count);
  if ('offset' in frame) view.setBigUint64(4, BigInt(frame.offset));
  if (frame.type === 'snapshot') {
    view.setUint16(12, frame.cols);
    view.setUint16(14, frame.rows);
  }
  if (body !== undefined) encoded.set(body, FRAME_HEADER_BYTES + header);
  return encoded;
}

/** Reads the payload of a frame; its bytes are a view. Errors: protocol.message_invalid. */
export function decodeTerminalFrame(typeByte: number, payload: Uint8Array): TerminalFrame {
  const type = typeOf.get(typeByte);
  if (type === undefined) throw invalid(`type byte ${typeByte} is of no terminal frame`);
  const header = headerBytes[type];
  if (payload.length < header) throw invalid(`${type}: at least ${header} bytes expected`);
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const attach = view.getUint32(0);
  const bytes = payload.subarray(header);
  switch (type) {
    case 'output':
      return { type, attach, offset: offsetOf(view), bytes };
    case 'snapshot':
      return {
        type,
        attach,
        offset: offsetOf(view),
        cols: view.getUint16(12),
        rows: view.getUint16(14),
        bytes,
      };
    case 'input':
      return { type, attach, bytes };
    case 'credit':
      return { type, attach, bytes_count: view.getUint32(4) };
  }
}

function offsetOf(view: DataView): number {
  const offset = view.getBigUint64(4);
  if (offset > Number.MAX_SAFE_INTEGER) throw invalid('offset: beyond 2^53');
  return Number(offset);
}

function invalid(problem: string): HubError<'protocol.message_invalid'> {
  return fail('protocol.message_invalid', `A terminal frame is malformed: ${problem}.`);
}
