/**
 * The frame: the list beside what is open, or one of both on narrow screens. Everything that is shown hangs here.
 */
import { useEffect, useLayoutEffect } from 'preact/hooks';
import type { Hubs } from '../link/types.js';
import { NewAgent } from './agent/new-agent.js';
import { Attention } from './frame/attention.js';
import { Help } from './frame/help.js';
import { HubNotices } from './frame/hub-notices.js';
import { Overview } from './frame/overview.js';
import { startShortcuts } from './frame/shortcuts.js';
import { Switcher } from './frame/switcher.js';
import { TopBar } from './frame/top-bar.js';
import { HubPage } from './hub/hub-page.js';
import { HubsContext, useHubList } from './hubs-context.js';
import { keepLastKnown } from './list/last-known.js';
import { SessionsPane } from './list/sessions-pane.js';
import { Notices } from './notices.js';
import { Overlay, openDialog } from './overlay.js';
import { Pairing } from './pairing/pairing.js';
import { type Route, route } from './route.js';
import { TerminalPage } from './terminal/terminal-page.js';
import { useObservable } from './use-observable.js';

export function App({ hubs }: { readonly hubs: Hubs }) {
  return (
    <HubsContext.Provider value={hubs}>
      <Frame />
      <Overlay />
      <Notices />
    </HubsContext.Provider>
  );
}

function Frame() {
  const at = useObservable(route);
  const list = useHubList();
  useEffect(() => {
    const ends = list.map(keepLastKnown);
    return () => {
      for (const end of ends) end();
    };
  }, [list]);
  useLayoutEffect(
    () =>
      startShortcuts({
        hubs: () => list,
        openSwitcher: () => openDialog(() => <Switcher />),
        openHelp: () => openDialog(() => <Help />),
      }),
    [list],
  );
  if (at.at === 'pair' || list.length === 0) return <Pairing first={list.length === 0} />;
  return (
    <div class={`frame frame-${at.at}`}>
      <button type="button" class="skip" onClick={() => document.getElementById('main')?.focus()}>
        Skip to what is open
      </button>
      <nav class="side" aria-label="Sessions">
        <TopBar />
        <SessionsPane at={at} />
      </nav>
      <main id="main" class="main" tabIndex={-1}>
        <Opened at={at} />
      </main>
      <Attention />
      <HubNotices />
    </div>
  );
}

function Opened({ at }: { readonly at: Route }) {
  switch (at.at) {
    case 'session':
      return <TerminalPage key={`${at.hub}/${at.uuid}`} address={at.hub} uuid={at.uuid} />;
    case 'new':
      return <NewAgent key={at.hub} address={at.hub} />;
    case 'hub':
      return <HubPage key={at.hub} address={at.hub} />;
    case 'pair':
    case 'list':
      return <Overview />;
  }
}
