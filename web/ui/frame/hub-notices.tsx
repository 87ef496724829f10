/**
 * What plugins of the hubs have to say: shown as notices that open the session they are about. Nobody is taken away from what
 * they have open.
 */
import { useEffect } from 'preact/hooks';
import type { Hub, HubNotice } from '../../link/types.js';
import { useHubList } from '../hubs-context.js';
import { tell } from '../notices.js';
import { go, type Route, route } from '../route.js';
import { headingOf } from '../session-names.js';

export function HubNotices() {
  const hubs = useHubList();
  useEffect(() => {
    const ends = hubs.map((hub) => hub.onNotice((notice) => show(hub, notice)));
    return () => {
      for (const end of ends) end();
    };
  }, [hubs]);
  return null;
}

function show(hub: Hub, { title, body, session, open }: HubNotice): void {
  // A plugin may know no more than the beginning of the uuid.
  const view = session && hub.sessions.value.find((one) => one.session.uuid.startsWith(session));
  if (!view) return tell(title, { body, from: hub.name.value });
  const to: Route = { at: 'session', hub: hub.address, uuid: view.session.uuid };
  const { value: at } = route;
  if (at.at === 'session' && at.uuid === view.session.uuid && open) return;
  if (open && at.at === 'list') return go(to);
  tell(title, { body, from: hub.name.value, opens: { label: headingOf(view), to } });
}
