/**
 * What `botster session wait` waits for. Each wait is on facts: bytes of the session, or its end.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { fail, type HubError } from '../../../base/errors.js';
import type { HubIdentity } from '../../../primitives/context.js';
import type { SessionExit, SessionRecord } from '../../../protocol/session.js';
import type { HubClient } from '../connect.js';
import { PlainText } from './plain-text.js';
import { exitStatusOf, exitText } from './session-exit.js';
import { SessionStream } from './session-stream.js';
import { withSessions } from './sessions.js';

/** How much of what was printed a match may span. */
const WINDOW_CHARS = 64 * 1024;
/** Full-screen programs print what the screen shows in pieces: it is looked at when they pause. */
const LOOK_MS = 150;
/** Timers know no longer ones. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Rejects with cli.wait_timed_out after `seconds`. The process ends then, and with it the work. */
export async function withTimeout<T>(
  work: Promise<T>,
  seconds: number | undefined,
  message: string,
): Promise<T> {
  if (seconds === undefined) return await work;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(fail('cli.wait_timed_out', message)),
      Math.min(seconds * 1000, MAX_TIMER_MS),
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves with the exit status. */
export async function waitForExit(identity: HubIdentity, id: string): Promise<string> {
  const stream = new SessionStream({ since: 'now' });
  const exit = await withSessions(identity, (connection) => stream.run(connection, id), stream.listeners);
  return exit === undefined || exit.lost === true ? 'unknown' : String(exitStatusOf(exit));
}

/** Resolves when nothing was printed for `idleMs`. Errors: session.ended. */
export async function waitForIdle(identity: HubIdentity, id: string, idleMs: number): Promise<undefined> {
  const stream = new SessionStream({ since: 'now' });
  const stop = new AbortController();
  try {
    return await withSessions(
      identity,
      async (connection) => {
        const { session } = await connection.client.request('session.get', { id });
        const ended = stream
          .run(connection, session.uuid)
          .then((exit) => Promise.reject(endedFirst(session, exit)));
        return await Promise.race([quietFor(connection.client, session.uuid, idleMs, stop.signal), ended]);
      },
      stream.listeners,
    );
  } finally {
    stop.abort();
  }
}

/** Looks when it could be quiet long enough at the earliest. */
async function quietFor(
  client: HubClient,
  id: string,
  idleMs: number,
  signal: AbortSignal,
): Promise<undefined> {
  for (;;) {
    const { session } = await client.request('session.get', { id });
    const last = session.last_output_ms ?? Date.parse(session.started_at);
    const leftMs = last + idleMs - Date.now();
    if (leftMs <= 0) return undefined;
    await wait(Math.min(leftMs, MAX_TIMER_MS), undefined, { signal });
  }
}

/** Resolves with what matched. Errors: session.ended. */
export async function waitForMatch(identity: HubIdentity, id: string, pattern: RegExp): Promise<string> {
  const plain = new PlainText();
  let window = '';
  let timer: NodeJS.Timeout | undefined;
  let found: (match: string) => void = () => undefined;
  let look: () => void = () => undefined;
  const matched = new Promise<string>((resolve) => {
    found = resolve;
  });
  const search = (text: string): void => {
    const match = pattern.exec(text);
    if (match !== null) found(match[0]);
  };
  const stream = new SessionStream({
    since: 'now',
    onBytes: (bytes) => {
      window = (window + plain.push(bytes)).slice(-WINDOW_CHARS);
      search(window);
      timer ??= setTimeout(() => look(), LOOK_MS);
    },
  });
  try {
    return await withSessions(
      identity,
      async (connection) => {
        const { client } = connection;
        const { session } = await client.request('session.get', { id });
        look = () => {
          timer = undefined;
          screenText(client, session.uuid).then(search, () => undefined);
        };
        // The stream begins first, so that nothing is printed between it and the look at the screen.
        const ended = stream.run(connection, session.uuid).then(async (exit) => {
          search(await screenText(client, session.uuid));
          throw endedFirst(session, exit);
        });
        const seen = stream.begun.then(() => screenText(client, session.uuid)).then(search);
        return await Promise.race([matched, ended, seen.then(() => matched)]);
      },
      stream.listeners,
    );
  } finally {
    clearTimeout(timer);
  }
}

async function screenText(client: HubClient, uuid: string): Promise<string> {
  return (await client.request('session.screen', { id: uuid })).text;
}

function endedFirst(session: SessionRecord, exit: SessionExit | undefined): HubError<'session.ended'> {
  return fail('session.ended', `The session ${session.name ?? session.uuid} ${exitText(exit)} before that.`);
}
