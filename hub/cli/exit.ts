/**
 * What the exit status of `botster` says to a script. Documented in every command's help; never renumbered.
 */
import { HubError } from '../../base/errors.js';

export const EXIT = {
  ok: 0,
  failure: 1,
  /** Wrong arguments, or no repository to work on. */
  usage: 2,
  alreadyRunning: 3,
  notRunning: 4,
  /** What was waited for did not happen in time. */
  timedOut: 5,
} as const;

export const exitCodeDocs: readonly (readonly [number, string])[] = [
  [EXIT.ok, 'success'],
  [EXIT.failure, 'failure'],
  [EXIT.usage, 'wrong usage, or not in a git repository'],
  [EXIT.alreadyRunning, 'a hub is already running for this repository'],
  [EXIT.notRunning, 'no hub is running for this repository'],
  [EXIT.timedOut, 'what was waited for did not happen in time'],
];

const byCode: Readonly<Record<string, number>> = {
  'cli.usage': EXIT.usage,
  'repo.not_found': EXIT.usage,
  'hub.already_running': EXIT.alreadyRunning,
  'hub.not_running': EXIT.notRunning,
  'cli.unknown_key': EXIT.usage,
  'cli.wait_timed_out': EXIT.timedOut,
  'cli.not_a_terminal': EXIT.usage,
  'cli.which_session': EXIT.usage,
  'cli.attach_nested': EXIT.usage,
};

export function exitCodeOf(error: unknown): number {
  return error instanceof HubError ? (byCode[String(error.code)] ?? EXIT.failure) : EXIT.failure;
}
