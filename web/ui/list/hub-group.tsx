/** A hub and its sessions: those that need somebody first, agents before others, and what ended below them. */
import type { Hub, HubState, SessionView } from '../../link/types.js';
import { age, useNow } from '../age.js';
import { Icon } from '../icon.js';
import { fragmentOf } from '../route.js';
import { useObservable } from '../use-observable.js';
import { shownSessions } from './last-known.js';
import { SessionRow } from './session-row.js';

interface HubGroupProps {
  readonly hub: Hub;
  readonly current: string | undefined;
  readonly filter: string;
  readonly tabStop: string | undefined;
  readonly onFocus: (uuid: string) => void;
}

/** Those that need somebody first, those that ended last; else as they come. */
export function byNeed(views: readonly SessionView[]): SessionView[] {
  const rank = ({ agent, state }: SessionView): number => {
    if (state === 'needs_you') return 0;
    return (state === 'exited' ? 3 : 1) + Number(agent === undefined);
  };
  return [...views].sort((a, b) => rank(a) - rank(b));
}

export function HubGroup({ hub, current, filter, tabStop, onFocus }: HubGroupProps) {
  const name = useObservable(hub.name);
  const state = useObservable(hub.state);
  const device = useObservable(hub.device);
  useObservable(hub.sessions);
  const views = byNeed(shownSessions(hub)).filter((view) => matches(view, filter));
  const online = state.kind === 'online';
  const ended = views.filter(hasEnded);
  const rows = (some: readonly SessionView[]) =>
    some.map((view) => (
      <SessionRow
        key={view.session.uuid}
        hub={hub}
        view={view}
        current={current === view.session.uuid}
        stale={!online}
        tabStop={tabStop === view.session.uuid}
        onFocus={() => onFocus(view.session.uuid)}
      />
    ));
  return (
    <section class={`group group-${state.kind}`} aria-label={`Hub ${name}`}>
      <header class="group-head">
        <h2 class="group-name">
          <a href={fragmentOf({ at: 'hub', hub: hub.address })}>{name}</a>
        </h2>
        {device.view_only && (
          <span class="badge" title="This device may look, and nothing else">
            <Icon name="eye" />
            View only
          </span>
        )}
        <HubStateText hub={hub} state={state} />
        {!device.view_only && online && (
          <a
            class="icon-button"
            href={fragmentOf({ at: 'new', hub: hub.address })}
            aria-label={`New agent in ${name}`}
          >
            <Icon name="plus" />
          </a>
        )}
      </header>
      {ended.length < views.length && <ul class="rows">{rows(views.filter((view) => !hasEnded(view)))}</ul>}
      {ended.length > 0 && (
        <>
          <h3 class="group-ended">Ended</h3>
          <ul class="rows">{rows(ended)}</ul>
        </>
      )}
      {views.length === 0 && (
        <NoSessions hub={hub} state={state} filter={filter} viewOnly={device.view_only} />
      )}
    </section>
  );
}

function hasEnded({ state }: SessionView): boolean {
  return state === 'exited';
}

function matches(view: SessionView, filter: string): boolean {
  if (filter === '') return true;
  const { agent, session, said } = view;
  const text = [agent?.branch, agent?.name, agent?.agent, session.name, session.cmd, said].join(' ');
  return text.toLowerCase().includes(filter.toLowerCase());
}

function HubStateText({ hub, state }: { readonly hub: Hub; readonly state: HubState }) {
  const now_ms = useNow();
  switch (state.kind) {
    case 'online':
      return <span class="hub-state hub-online">Online</span>;
    case 'connecting':
      return (
        <span class="hub-state hub-connecting">
          Connecting{state.attempt > 1 ? ` (${state.attempt})` : ''}…
        </span>
      );
    case 'revoked':
      return <span class="hub-state hub-revoked">Revoked</span>;
    case 'offline':
      return (
        <>
          <span class="hub-state hub-offline" title={state.reason}>
            Offline {age(now_ms - state.since_ms)}
          </span>
          <button type="button" class="icon-button" aria-label="Try now" onClick={() => hub.reconnect()}>
            <Icon name="retry" />
          </button>
        </>
      );
  }
}

function NoSessions({
  hub,
  state,
  filter,
  viewOnly,
}: {
  readonly hub: Hub;
  readonly state: HubState;
  readonly filter: string;
  readonly viewOnly: boolean;
}) {
  if (filter !== '') return <p class="group-empty">Nothing here matches.</p>;
  if (state.kind === 'revoked')
    return (
      <p class="group-empty">
        This device was revoked. To use this hub again, pair with a new code:{' '}
        <code class="command">botster connect</code>
      </p>
    );
  if (state.kind === 'connecting') return <p class="group-empty">Looking for the hub…</p>;
  if (state.kind === 'offline')
    return (
      <p class="group-empty">The hub cannot be reached. It comes back here by itself when it runs again.</p>
    );
  if (viewOnly) return <p class="group-empty">No agents run here now.</p>;
  return (
    <div class="group-empty group-start">
      <p>No agents yet. Each works on a branch of its own, in its own worktree.</p>
      <a class="button button-primary" href={fragmentOf({ at: 'new', hub: hub.address })}>
        <Icon name="plus" />
        New agent
      </a>
      <p class="or">
        or on the machine: <code class="command">botster agent new my-branch</code>
      </p>
    </div>
  );
}
