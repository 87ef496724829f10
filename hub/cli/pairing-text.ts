/**
 * A connection code as people read it: where to open it, the same as a QR code, and that it works once.
 *
 * The address is a result (stdout); what to do with it is said on stderr, so that a pipe gets the address alone.
 */
import type { ConnectionCode } from '../../protocol/devices.js';
import { qrLines } from './qr.js';
import type { Terminal } from './terminal.js';

export interface PairingView {
  readonly terminal: Terminal;
  /** Also as a QR code, where people look. */
  readonly qr: boolean;
}

/** What stands below the code, so that the code is not scrolled away. */
const LINES_BELOW = 5;

export function showCode({ url, view_only }: ConnectionCode, { terminal, qr }: PairingView): void {
  const forPeople = terminal.isTty.out;
  const local = isLocal(url);
  if (forPeople) {
    const scan = qr && !local ? ', or scan the code with its camera' : '';
    terminal.err(`\nTo pair a device, open this in its browser${scan}:\n\n`);
  }
  terminal.out(forPeople ? `  ${url}\n` : `${url}\n`);
  const notes = [
    view_only
      ? 'It works once, for one device, which can then look on and do nothing else.'
      : 'It works once, for one device. "botster connect" makes the next one.',
  ];
  if (local) {
    notes.push(
      'The address is of this machine only. For a phone or another computer start the hub with --lan or --relay URL: ' +
        'docs/devices.md.',
    );
  } else if (forPeople && qr) {
    notes.push(...showQr(url, terminal));
  }
  terminal.err(`\n${notes.join('\n')}\n`);
}

/** Prints the code. Answers what to say if there is no room for it. */
function showQr(url: string, terminal: Terminal): string[] {
  const lines = qrLines(
    url,
    { columns: terminal.columns, rows: terminal.rows - LINES_BELOW },
    terminal.color.out,
  );
  if (Array.isArray(lines)) {
    terminal.out(`\n${lines.map((line) => `${line}\n`).join('')}`);
    return [];
  }
  const { columns, rows } = lines;
  return [`For the QR code make the window at least ${columns} x ${rows + LINES_BELOW} characters.`];
}

/** Whether only this machine can open it. */
export function isLocal(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}
