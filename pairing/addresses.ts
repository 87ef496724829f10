/**
 * The names that come from public keys: of a hub at a relay, of a device, and of one connection of a device. All are
 * public; knowing one proves nothing.
 */
import { toBase64url } from './base64url.js';
import type { Sodium } from './sodium.js';

const HASH_BYTES = 16;
export const CONNECTION_ID_BYTES = 8;

/** Where the hub with that public key is found at relays: 22 letters. */
export function addressOf(sodium: Sodium, publicKey: Uint8Array): string {
  return toBase64url(sodium.hash(HASH_BYTES, publicKey));
}

/** The id of the device with that public key: 32 hexadecimal digits, for people to type. None looks like an option. */
export function deviceIdOf(sodium: Sodium, publicKey: Uint8Array): string {
  return hex(sodium.hash(HASH_BYTES, publicKey));
}

/** What a connection of a device is called in the hub, also as `peer_id`. */
export function identityOf(deviceId: string, connectionId: Uint8Array): string {
  return `${deviceId}:${hex(connectionId)}`;
}

export function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
