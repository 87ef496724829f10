/**
 * Tells of changes: how many need somebody in the window's title and on the app's icon, and each change aloud for those who
 * do not see the list.
 */
import { useEffect, useRef } from 'preact/hooks';
import type { Hub } from '../../link/types.js';
import { useHubList } from '../hubs-context.js';
import { say } from '../notices.js';
import { headingOf, stateText } from '../session-names.js';
import { useObservables } from '../use-observable.js';

export function needing(hubs: readonly Hub[]): number {
  return hubs.flatMap(({ sessions }) => sessions.value).filter(({ state }) => state === 'needs_you').length;
}

export function Attention() {
  const hubs = useHubList();
  useObservables(hubs.flatMap(({ sessions, state }) => [sessions, state]));
  const count = needing(hubs);
  useEffect(() => {
    document.title = count === 0 ? 'botster' : `(${count}) botster`;
    // Not in every browser, and only for installed apps.
    if ('setAppBadge' in navigator) navigator.setAppBadge(count).catch(() => undefined);
  }, [count]);

  const before = useRef<ReadonlyMap<string, string>>(new Map());
  const now = statesOf(hubs);
  useEffect(() => {
    const news = [...now].filter(([id, text]) => before.current.has(id) && before.current.get(id) !== text);
    before.current = now;
    // Working and idle come and go all the time.
    const worth = news.map(([, text]) => text).filter((text) => !/(Working|Idle|Connecting)$/.test(text));
    if (worth.length > 0) say(worth.join('. '));
  });
  return null;
}

function statesOf(hubs: readonly Hub[]): ReadonlyMap<string, string> {
  const states = new Map<string, string>();
  for (const hub of hubs) {
    const { kind } = hub.state.value;
    states.set(hub.address, `${hub.name.value}: ${kind.charAt(0).toUpperCase()}${kind.slice(1)}`);
    for (const view of hub.sessions.value)
      states.set(view.session.uuid, `${headingOf(view)}: ${stateText(view)}`);
  }
  return states;
}
