/** Messages of STUN (RFC 8489), as far as turn-probe.ts needs them: fields both ways, and the proof of who asks. */
import { createHmac } from 'node:crypto';

export const STUN_HEADER_BYTES = 20;
export const stunMethods = { allocate: 0x0003, refresh: 0x0004 } as const;
export const stunAttributes = {
  username: 0x0006,
  integrity: 0x0008,
  error: 0x0009,
  lifetime: 0x000d,
  realm: 0x0014,
  nonce: 0x0015,
  transport: 0x0019,
} as const;
const COOKIE = 0x2112a442;

export type StunField = readonly [type: number, value: Buffer];

export interface StunAnswer {
  readonly code: number;
  readonly reason: string;
  readonly fields: ReadonlyMap<number, Buffer>;
}

/** `key`: proves who asks. */
export function encodeStun(
  method: number,
  id: Buffer,
  fields: readonly StunField[],
  key: Buffer | undefined,
): Buffer {
  const body = Buffer.concat(fields.map(([type, value]) => field(type, value)));
  const header = Buffer.alloc(STUN_HEADER_BYTES);
  header.writeUInt16BE(method, 0);
  header.writeUInt32BE(COOKIE, 4);
  id.copy(header, 8);
  header.writeUInt16BE(body.length + (key === undefined ? 0 : 24), 2);
  if (key === undefined) return Buffer.concat([header, body]);
  const proof = createHmac('sha1', key).update(header).update(body).digest();
  return Buffer.concat([header, body, field(stunAttributes.integrity, proof)]);
}

function field(type: number, value: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(value.length, 2);
  return Buffer.concat([head, value, Buffer.alloc(-value.length & 3)]);
}

/** Errors are told by their code; 0: none. */
export function decodeStun(message: Buffer): StunAnswer {
  const fields = new Map<number, Buffer>();
  const end = STUN_HEADER_BYTES + message.readUInt16BE(2);
  for (let at = STUN_HEADER_BYTES; at + 4 <= end; ) {
    const length = message.readUInt16BE(at + 2);
    if (at + 4 + length <= end)
      fields.set(message.readUInt16BE(at), message.subarray(at + 4, at + 4 + length));
    at += 4 + length + (-length & 3);
  }
  const isError = (message.readUInt16BE(0) & 0x0110) === 0x0110;
  const error = fields.get(stunAttributes.error);
  if (!isError) return { code: 0, reason: '', fields };
  const code =
    error === undefined || error.length < 4 ? 500 : (error.readUInt8(2) & 7) * 100 + error.readUInt8(3);
  const reason = (error?.subarray(4).toString() ?? '').replace(/[^\x20-\x7e]/g, '?').slice(0, 60);
  return { code, reason, fields };
}
