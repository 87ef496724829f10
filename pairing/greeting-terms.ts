/**
 * What both sides of a handshake derive in the same way: the prologue, which binds the handshake to its purpose, its
 * connection and its hub, and the key that a one-time secret stands for.
 */
import { kindByte } from './envelope.js';
import type { Pattern } from './noise/handshake-state.js';
import { KEY_BYTES, type Sodium } from './sodium.js';

export type GreetingKind = 'pair' | 'connect';
export const patternOf: Readonly<Record<GreetingKind, Pattern>> = { pair: 'IKpsk1', connect: 'IK' };

const encoder = new TextEncoder();
const PROTOCOL = encoder.encode('botster 1');

/** `botster 1`, the kind's byte, the connection's id, the hub's address. */
export function prologueOf(kind: GreetingKind, connectionId: Uint8Array, hubAddress: string): Uint8Array {
  const address = encoder.encode(hubAddress);
  const bytes = new Uint8Array(PROTOCOL.length + 1 + connectionId.length + address.length);
  bytes.set(PROTOCOL);
  bytes[PROTOCOL.length] = kindByte[kind];
  bytes.set(connectionId, PROTOCOL.length + 1);
  bytes.set(address, PROTOCOL.length + 1 + connectionId.length);
  return bytes;
}

/** Secrets are random, so one hash is enough. */
export function presharedKeyOf(sodium: Sodium, secret: Uint8Array): Uint8Array {
  return sodium.hash(KEY_BYTES, secret);
}
