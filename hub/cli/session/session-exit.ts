/** How a session ended, for people and as an exit status. */
import { constants } from 'node:os';
import type { SessionExit } from '../../../protocol/session.js';
import { EXIT } from '../exit.js';

/** As shells do: a signal is 128 and its number. A session whose end nobody saw counts as a failure. */
export function exitStatusOf({ code, signal }: SessionExit): number {
  if (code !== undefined) return code;
  return signal === undefined ? EXIT.failure : 128 + signal;
}

/** `exited with 3`, `ended by SIGTERM`, ... */
export function exitText(exit: SessionExit | undefined): string {
  if (exit === undefined) return 'ended';
  const { code, signal, lost } = exit;
  if (code !== undefined) return `exited with ${code}`;
  if (signal !== undefined) return `ended by ${signalName(signal)}`;
  return lost === true ? 'was lost: its host or the machine went down' : 'ended';
}

function signalName(number: number): string {
  const name = Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
  return name ?? `signal ${number}`;
}
