/**
 * The sessions of each hub as they were last seen, kept in this browser: what the list shows, marked as old, when the page
 * was opened without a network. Bounded; no screens, no output but a session's last words.
 */
import { fits } from '../../../base/check.js';
import { t } from '../../../base/schema.js';
import { agentRecord } from '../../../protocol/agents.js';
import { sessionRecord } from '../../../protocol/session.js';
import type { Hub, SessionView } from '../../link/types.js';
import { readStored, writeStored } from '../stored.js';

const MAX_SESSIONS = 50;
const WRITE_AFTER_MS = 2_000;

const stored = t.list(
  t.object({
    session: sessionRecord,
    agent: t.opt(agentRecord),
    state: t.oneOf('working', 'needs_you', 'idle', 'exited'),
    said: t.opt(t.str),
  }),
);

/** Read once; what the hub says itself takes its place. */
const known = new Map<string, readonly SessionView[]>();

/** What the hub has, or had. */
export function shownSessions(hub: Hub): readonly SessionView[] {
  if (
    hub.sessions.value.length > 0 ||
    hub.state.value.kind === 'online' ||
    hub.state.value.kind === 'revoked'
  )
    return hub.sessions.value;
  let views = known.get(hub.address);
  if (views === undefined) {
    views = read(hub.address);
    known.set(hub.address, views);
  }
  return views;
}

/** Writes them down while they change. */
export function keepLastKnown(hub: Hub): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const write = (): void => {
    clearTimeout(timer);
    timer = undefined;
    // Nothing is known while it is not there: what is written stays.
    if (hub.state.value.kind !== 'online') return;
    known.delete(hub.address);
    writeStored(key(hub.address), JSON.stringify(hub.sessions.value.slice(0, MAX_SESSIONS).map(brief)));
  };
  const end = hub.sessions.subscribe(() => {
    timer ??= setTimeout(write, WRITE_AFTER_MS);
  });
  // A page that is left right after a change must not show on its next visit what was there before.
  const leave = (): void => {
    if (timer !== undefined) write();
  };
  addEventListener('pagehide', leave);
  return () => {
    end();
    removeEventListener('pagehide', leave);
    clearTimeout(timer);
  };
}

export function forgetLastKnown(address: string): void {
  known.delete(address);
  writeStored(key(address), undefined);
}

/** Without what the list does not show: arguments and prompts may be long, and are nobody's business here. */
function brief({ session, agent, state, said }: SessionView): SessionView {
  return {
    session: { ...session, args: [], meta: {} },
    agent: agent && { ...agent, args: [], prompt: undefined, metadata: undefined },
    state,
    said,
  };
}

function key(address: string): string {
  return `last.${address}`;
}

function read(address: string): readonly SessionView[] {
  const text = readStored(key(address));
  if (text === undefined) return [];
  try {
    const value: unknown = JSON.parse(text);
    if (!fits(stored, value)) return [];
    return value.map((one) => ({ ...one, agent: one.agent, said: one.said }));
  } catch {
    return [];
  }
}
