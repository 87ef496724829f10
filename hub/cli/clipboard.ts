/**
 * The clipboard of whoever sits at this terminal: by the program of the desktop (primitives/connection/clipboard.ts), or
 * where there is none (a server, ssh) by asking the terminal itself (OSC 52).
 */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fail } from '../../base/errors.js';
import { copyToClipboard } from '../../primitives/connection/clipboard.js';
import type { Terminal } from './terminal.js';

export const CLIPBOARD_FIX =
  'Debian: sudo apt install wl-clipboard (Wayland) or xclip (X11); macOS has pbcopy';

/** Copies, and answers what to tell the user. Errors: cli.no_clipboard. */
export async function copyText(text: string, env: NodeJS.ProcessEnv, terminal: Terminal): Promise<string> {
  const failure = await copyToClipboard(text, env);
  if (failure === undefined) return 'Copied to the clipboard.';
  if (!terminal.isTty.err) throw fail('cli.no_clipboard', `${failure.message} ${CLIPBOARD_FIX}.`);
  terminal.err(`\u001b]52;c;${Buffer.from(text).toString('base64')}\u0007`);
  return 'Asked the terminal to copy it. If the clipboard is empty, your terminal does not do that.';
}

/** Whether there is a desktop whose clipboard a program could fill. */
export function hasDesktop(env: NodeJS.ProcessEnv): boolean {
  return process.platform === 'darwin' || isSet(env['WAYLAND_DISPLAY']) || isSet(env['DISPLAY']);
}

/** The program that would be used here. */
export function clipboardProgram(env: NodeJS.ProcessEnv): string | undefined {
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const candidates = [
    ...(process.platform === 'darwin' ? ['pbcopy'] : []),
    ...(isSet(env['WAYLAND_DISPLAY']) ? ['wl-copy'] : []),
    ...(isSet(env['DISPLAY']) ? ['xclip', 'xsel'] : []),
    'clip.exe',
  ];
  return candidates.find((name) => folders.some((folder) => isExecutable(join(folder, name))));
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '';
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
