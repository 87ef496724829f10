/**
 * The outside of what travels through a relay: kind, connection, content. Layouts are in docs/security.md.
 *
 * Reading never throws and allocates no more than what came; the content is not looked at.
 */
import { fail, type HubError } from '../base/errors.js';
import { MAX_ENVELOPE_BYTES, MAX_ENVELOPE_TEXT } from '../protocol/signals.js';
import { CONNECTION_ID_BYTES } from './addresses.js';
import { fromBase64url, toBase64url } from './base64url.js';

const kinds = ['pair', 'connect', 'reply', 'sealed'] as const;
export type EnvelopeKind = (typeof kinds)[number];
/** The first byte of each kind. */
export const kindByte: Readonly<Record<EnvelopeKind, number>> = { pair: 1, connect: 2, reply: 3, sealed: 4 };

const COUNTER_BYTES = 8;
const HEAD_BYTES = 1 + CONNECTION_ID_BYTES;
const SEALED_HEAD_BYTES = HEAD_BYTES + COUNTER_BYTES;

interface HandshakeEnvelope {
  readonly kind: 'pair' | 'connect' | 'reply';
  readonly connectionId: Uint8Array;
  /** A message of Noise. */
  readonly content: Uint8Array;
}
interface SealedEnvelope {
  readonly kind: 'sealed';
  readonly connectionId: Uint8Array;
  readonly counter: number;
  readonly content: Uint8Array;
  /** All before the content: what the content is bound to. */
  readonly head: Uint8Array;
}
export type Envelope = HandshakeEnvelope | SealedEnvelope;

export type EnvelopeProblem = 'pairing.oversized' | 'pairing.malformed';

export function formatHandshake({ kind, connectionId, content }: HandshakeEnvelope): string {
  const bytes = new Uint8Array(HEAD_BYTES + content.length);
  bytes[0] = kindByte[kind];
  bytes.set(connectionId, 1);
  bytes.set(content, HEAD_BYTES);
  return toBase64url(bytes);
}

export function sealedHead(connectionId: Uint8Array, counter: number): Uint8Array {
  const bytes = new Uint8Array(SEALED_HEAD_BYTES);
  bytes[0] = kindByte.sealed;
  bytes.set(connectionId, 1);
  new DataView(bytes.buffer).setBigUint64(HEAD_BYTES, BigInt(counter));
  return bytes;
}

export function formatSealed(head: Uint8Array, content: Uint8Array): string {
  const bytes = new Uint8Array(head.length + content.length);
  bytes.set(head);
  bytes.set(content, head.length);
  return toBase64url(bytes);
}

export function readEnvelope(text: string): Envelope | HubError<EnvelopeProblem> {
  if (text.length > MAX_ENVELOPE_TEXT) return fail('pairing.oversized', 'the envelope is too large');
  const bytes = fromBase64url(text, MAX_ENVELOPE_BYTES);
  if (bytes === undefined || bytes.length < HEAD_BYTES) return malformed();
  const kind = kinds[(bytes[0] as number) - 1];
  const connectionId = bytes.subarray(1, HEAD_BYTES);
  if (kind === undefined) return malformed();
  if (kind !== 'sealed') return { kind, connectionId, content: bytes.subarray(HEAD_BYTES) };
  if (bytes.length < SEALED_HEAD_BYTES) return malformed();
  const counter = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(HEAD_BYTES);
  if (counter > BigInt(Number.MAX_SAFE_INTEGER)) return malformed();
  return {
    kind,
    connectionId,
    counter: Number(counter),
    content: bytes.subarray(SEALED_HEAD_BYTES),
    head: bytes.subarray(0, SEALED_HEAD_BYTES),
  };
}

function malformed(): HubError<'pairing.malformed'> {
  return fail('pairing.malformed', 'this is no envelope');
}
