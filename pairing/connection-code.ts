/**
 * The connection code: what stands behind the # of the URL that pairs a device. One version byte, the hub's public key,
 * a one-time secret, as base64url. Browsers send no fragment to any server.
 */
import { fail, type HubError } from '../base/errors.js';
import { fromBase64url, toBase64url } from './base64url.js';
import { KEY_BYTES } from './sodium.js';

export const SECRET_BYTES = 16;
const VERSION = 1;
const CODE_BYTES = 1 + KEY_BYTES + SECRET_BYTES;
/** Longer than any URL of a page with a code. */
const MAX_INPUT_LENGTH = 4096;

export interface ConnectionCode {
  readonly hubKey: Uint8Array;
  readonly secret: Uint8Array;
}

/** The text behind the #. */
export function formatConnectionCode({ hubKey, secret }: ConnectionCode): string {
  const bytes = new Uint8Array(CODE_BYTES);
  bytes[0] = VERSION;
  bytes.set(hubKey, 1);
  bytes.set(secret, 1 + KEY_BYTES);
  return toBase64url(bytes);
}

/** Takes a whole URL, its fragment with or without #, or what somebody pasted around it. */
export function parseConnectionCode(input: string): ConnectionCode | HubError<'pairing.bad_code'> {
  if (input.length > MAX_INPUT_LENGTH) return bad('it is too long');
  const text = input.trim();
  const code = text.slice(text.lastIndexOf('#') + 1);
  if (code === '') return bad('there is nothing behind the #');
  const bytes = fromBase64url(code, MAX_INPUT_LENGTH);
  if (bytes === undefined) return bad('it has characters that no code has');
  if (bytes[0] !== VERSION) return bad('it is of another version: update the hub, or reload this page');
  if (bytes.length < CODE_BYTES) return bad('a part is missing at the end');
  if (bytes.length > CODE_BYTES) return bad('something is at its end that does not belong to it');
  return { hubKey: bytes.slice(1, 1 + KEY_BYTES), secret: bytes.slice(1 + KEY_BYTES) };
}

/** Never with the input: it may be a secret. */
function bad(why: string): HubError<'pairing.bad_code'> {
  return fail(
    'pairing.bad_code',
    `This is not a connection code: ${why}. Copy the whole URL that the hub shows.`,
  );
}
