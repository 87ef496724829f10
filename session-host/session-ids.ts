/** Which session a client means: by its uuid, the beginning of it, or its name. Pure. */
import { fail, type HubError } from '../base/errors.js';

export interface Named {
  readonly uuid: string;
  readonly name?: string | undefined;
  /** Of several with the same name, the one that runs is meant. */
  readonly running?: boolean;
}

/** How many matches an error lists. */
const MAX_LISTED = 20;

/** The one that `id` names; undefined if none. Errors: session.ambiguous. */
export function pick<T extends Named>(id: string, sessions: Iterable<T>): T | HubError | undefined {
  const byName: T[] = [];
  const byPrefix: T[] = [];
  for (const session of sessions) {
    if (session.uuid === id) return session;
    if (session.name === id) byName.push(session);
    if (id !== '' && session.uuid.startsWith(id)) byPrefix.push(session);
  }
  const running = byName.filter((session) => session.running);
  const matches = byName.length === 0 ? byPrefix : running.length === 0 ? byName : running;
  return matches.length > 1 ? ambiguous(id, matches) : matches[0];
}

function ambiguous(id: string, matches: readonly Named[]): HubError<'session.ambiguous'> {
  const listed = matches.slice(0, MAX_LISTED).map(({ uuid, name }) => ({ uuid, name }));
  const lines = listed.map(({ uuid, name }) => (name === undefined ? uuid : `${uuid} (${name})`));
  const more = matches.length > listed.length ? ', ...' : '';
  return fail(
    'session.ambiguous',
    `${matches.length} sessions are called ${JSON.stringify(id)}: ${lines.join(', ')}${more}. Give more of the uuid.`,
    { matches: listed },
  );
}

export function sessionNotFound(id: string): HubError<'session.not_found'> {
  return fail(
    'session.not_found',
    `There is no session ${JSON.stringify(id)}. See "botster session list --all".`,
    {
      id,
    },
  );
}
