/** Pages of what a session put out before what is shown. */
import { fail } from '../../base/errors.js';
import type { HubWire } from './hub-wire.js';

export const PAGE_BYTES = 128 * 1024;
/** Answers that one page may be made of. */
const MAX_ANSWERS = 16;

export interface HistoryPage {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** The bytes before `before`, at most a page; empty where there are none. Errors: hub.connection_lost, the method's own. */
export async function readHistory(
  wire: HubWire | undefined,
  sessionUuid: string,
  before: number | undefined,
): Promise<HistoryPage> {
  if (wire === undefined) throw fail('hub.connection_lost', 'The hub is not connected.');
  if (before === undefined) throw fail('link.not_shown', 'The session is not shown yet.');
  let start = Math.max(0, before - PAGE_BYTES);
  let parts: Uint8Array[] = [];
  let at = start;
  for (let answers = 0; at < before && answers < MAX_ANSWERS; answers++) {
    const max_bytes = before - at;
    const { offset, data_base64 } = await wire.request('session.history', {
      id: sessionUuid,
      since: at,
      max_bytes,
    });
    const bytes = bytesOf(data_base64);
    if (bytes.length === 0 || offset < at || offset >= before) break;
    if (offset > at) {
      // What was before is gone, and so is the connection to what we have.
      start = offset;
      parts = [];
    }
    parts.push(bytes.subarray(0, before - offset));
    at = offset + bytes.length;
  }
  // Only what reaches up to what is shown is of use.
  return at < before ? { offset: before, bytes: new Uint8Array() } : { offset: start, bytes: joined(parts) };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function bytesOf(base64: string): Uint8Array {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch (cause) {
    throw fail('protocol.message_invalid', `The hub's answer is malformed: ${String(cause)}.`);
  }
}
