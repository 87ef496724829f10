/**
 * The list: all hubs with their sessions. One Tab stop, arrow keys move (roving focus), `/` filters.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
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

  useEffect(() => {
    const shown = pane.current;
    if (shown === null) return;
    const onKey = (event: KeyboardEvent): void => moveFocus(shown, event);
    shown.addEventListener('keydown', onKey);
    return () => shown.removeEventListener('keydown', onKey);
  }, []);

  return (
    <div ref={pane} class="sessions">
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

/** Arrow keys, j and k, Home and End, among the rows; down also out of the filter. */
function moveFocus(pane: HTMLElement, event: KeyboardEvent): void {
  const { key, target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (isTyping(target) && key !== 'ArrowDown') return;
  const rows = [...pane.querySelectorAll<HTMLElement>('[data-row]')];
  const at = rows.indexOf(document.activeElement as HTMLElement);
  const down = key === 'ArrowDown' || key === 'j';
  const up = key === 'ArrowUp' || key === 'k';
  const to = down ? at + 1 : up ? at - 1 : { Home: 0, End: rows.length - 1 }[key];
  if (to === undefined) return;
  event.preventDefault();
  rows[Math.max(0, Math.min(to, rows.length - 1))]?.focus();
}
