/**
 * The list: all hubs with their sessions. One Tab stop, arrow keys move (roving focus), `/` filters.
 */
import { useRef, useState } from 'preact/hooks';
import { isTyping } from '../frame/shortcuts.js';
import { useHubList } from '../hubs-context.js';
import { Icon } from '../icon.js';
import { fragmentOf, type Route } from '../route.js';
import { useObservables } from '../use-observable.js';
import { byNeed, HubGroup } from './hub-group.js';
import { shownSessions } from './last-known.js';

/** With fewer, a filter is in the way. */
const FILTER_FROM = 8;

export function SessionsPane({ at }: { readonly at: Route }) {
  const hubs = useHubList();
  useObservables(hubs.flatMap((hub) => [hub.sessions, hub.state]));
  const [filter, setFilter] = useState('');
  const [focused, setFocused] = useState<string>();
  const pane = useRef<HTMLDivElement>(null);
  const current = at.at === 'session' ? at.uuid : undefined;
  const all = hubs.flatMap((hub) => byNeed(shownSessions(hub)));
  const known = (uuid: string | undefined): boolean => all.some(({ session }) => session.uuid === uuid);
  const tabStop = [focused, current].find(known) ?? all[0]?.session.uuid;

  const onKeyDown = (event: KeyboardEvent): void => {
    if (isTyping(event.target) && event.key !== 'ArrowDown') return;
    const links = [...(pane.current?.querySelectorAll<HTMLElement>('[data-row]') ?? [])];
    const at = links.indexOf(document.activeElement as HTMLElement);
    const down = event.key === 'ArrowDown' || event.key === 'j';
    const up = event.key === 'ArrowUp' || event.key === 'k';
    const to = down ? at + 1 : up ? at - 1 : { Home: 0, End: links.length - 1 }[event.key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    links[Math.max(0, Math.min(to, links.length - 1))]?.focus();
  };

  return (
    <div ref={pane} class="sessions" role="group" aria-label="All sessions" onKeyDown={onKeyDown}>
      {all.length >= FILTER_FROM && (
        <label class="filter">
          <Icon name="search" />
          <input
            type="search"
            value={filter}
            placeholder="Filter"
            aria-label="Filter sessions"
            data-filter
            onInput={({ currentTarget }) => setFilter(currentTarget.value)}
          />
        </label>
      )}
      {hubs.map((hub) => (
        <HubGroup
          key={hub.address}
          hub={hub}
          current={current}
          filter={filter}
          tabStop={tabStop}
          onFocus={setFocused}
        />
      ))}
      <p class="add-hub">
        <a href={fragmentOf({ at: 'pair' })}>Add another hub</a>
      </p>
    </div>
  );
}
