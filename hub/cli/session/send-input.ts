/**
 * Types into a session as a person with a keyboard and a clipboard would.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { fail, HubError } from '../../../base/errors.js';
import type { HubClient } from '../connect.js';
import { type Key, keyBytes } from '../keys.js';

/** One request's share of a big text: with base64 and all, the hub passes on up to 1 MiB. */
const PIECE_BYTES = 512 * 1024;
/**
 * Between text and the keys after it, for programs with bracketed paste: several take what comes in one burst for a
 * paste, and an Enter in it for a new line.
 */
const BURST_MS = 150;
const PASTE_BEGIN = Buffer.from('\u001b[200~');
const PASTE_END = Buffer.from('\u001b[201~');
const NEWLINE = 0x0a;

export interface Input {
  readonly id: string;
  readonly text: Uint8Array;
  readonly keys: readonly Key[];
  /** Enter after all. */
  readonly enter: boolean;
}

/** Errors: those of `session.send`; its session.input_full says how much was taken. */
export async function sendInput(client: HubClient, { id, text, keys, enter }: Input): Promise<void> {
  const { session } = await client.request('session.get', { id });
  const { modes, uuid } = session;
  const paste = modes?.bracketed_paste === true;
  const typed = paste && hasSeveralLines(text) ? asPaste(text) : text;
  const pressed = keyBytes(keys, modes?.application_cursor === true) + (enter ? '\r' : '');
  await sendPieces(client, uuid, typed);
  if (pressed === '') return;
  if (paste && typed.length > 1) await wait(BURST_MS);
  await send(client, uuid, Buffer.from(pressed));
}

/** Whether a line ends before the text does. */
function hasSeveralLines(text: Uint8Array): boolean {
  const newline = text.indexOf(NEWLINE);
  return newline !== -1 && newline < text.length - 1;
}

/** As terminals paste: lines end with CR, and the text cannot end the paste early. */
export function asPaste(text: Uint8Array): Uint8Array {
  const lines = Buffer.from(text).toString('latin1').replace(/\r?\n/g, '\r');
  const safe = withoutPasteEnd(lines);
  return Buffer.concat([PASTE_BEGIN, Buffer.from(safe, 'latin1'), PASTE_END]);
}

function withoutPasteEnd(text: string): string {
  let before: string;
  let after = text;
  // What is left after a removal may be another one.
  do {
    before = after;
    after = before.replaceAll('\u001b[201~', '');
  } while (after !== before);
  return after;
}

async function sendPieces(client: HubClient, uuid: string, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    try {
      await send(client, uuid, bytes.subarray(at, at + PIECE_BYTES));
    } catch (thrown) {
      if (at === 0 || !(thrown instanceof HubError) || thrown.code !== 'session.input_full') throw thrown;
      throw fail(
        'session.input_full',
        `${thrown.message} The first ${at} of ${bytes.length} bytes were taken.`,
      );
    }
  }
}

async function send(client: HubClient, id: string, bytes: Uint8Array): Promise<void> {
  await client.request('session.send', { id, data_base64: Buffer.from(bytes).toString('base64') });
}
