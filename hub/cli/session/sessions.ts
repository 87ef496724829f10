/**
 * The commands' way to the sessions of a hub: a connection, and failures that say what to do.
 */
import { fail, HubError } from '../../../base/errors.js';
import type { HubIdentity } from '../../../primitives/context.js';
import { type HubConnection, type Listeners, withHub } from '../connect.js';

/** Codes that mean: there is no session host, so there is no session. */
const NO_HOST = ['host.not_running', 'host.unavailable'];

/** Connects, calls `use`, and disconnects. Errors: session.none, those of connectToHub, and the host's. */
export async function withSessions<T>(
  identity: HubIdentity,
  use: (connection: HubConnection) => Promise<T>,
  listeners: Listeners = {},
): Promise<T> {
  try {
    return await withHub(identity, use, listeners);
  } catch (thrown) {
    throw isNoHost(thrown) ? noSession() : thrown;
  }
}

function isNoHost(thrown: unknown): boolean {
  return thrown instanceof HubError && NO_HOST.includes(String(thrown.code));
}

export function noSession(): HubError<'session.none'> {
  return fail('session.none', 'No session runs. Start one with "botster agent new BRANCH".');
}
