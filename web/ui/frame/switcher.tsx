/** Any session by a few letters of its name: a combobox whose list is all sessions, those that need you first. */
import { useId, useState } from 'preact/hooks';
import { Dialog } from '../dialog.js';
import { useHubList } from '../hubs-context.js';
import { byNeed } from '../list/hub-group.js';
import { shownSessions } from '../list/last-known.js';
import { closeDialog } from '../overlay.js';
import { go, type Route } from '../route.js';
import { headingOf, kindOf, stateText } from '../session-names.js';
import { StateMark } from '../state-mark.js';
import { useObservables } from '../use-observable.js';

const MAX_SHOWN = 50;

export function Switcher() {
  const hubs = useHubList();
  useObservables(hubs.map(({ sessions }) => sessions));
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState(0);
  const id = useId();
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = hubs
    .flatMap((hub) => shownSessions(hub).map((view) => ({ hub, view })))
    .filter(({ hub, view }) => {
      const all = `${headingOf(view)} ${kindOf(view)} ${hub.name.value} ${view.said ?? ''}`.toLowerCase();
      return words.every((word) => all.includes(word));
    });
  const order = byNeed(found.map(({ view }) => view));
  const shown = found.sort((a, b) => order.indexOf(a.view) - order.indexOf(b.view)).slice(0, MAX_SHOWN);
  const at = Math.min(chosen, shown.length - 1);

  const open = (index: number): void => {
    const one = shown[index];
    if (one === undefined) return;
    closeDialog();
    const to: Route = { at: 'session', hub: one.hub.address, uuid: one.view.session.uuid };
    go(to);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      setChosen((to + shown.length) % Math.max(1, shown.length));
    } else if (event.key === 'Enter') {
      event.preventDefault();
      open(at);
    }
  };

  return (
    <Dialog title="Go to a session" onClose={closeDialog} kind="palette">
      <input
        class="palette-input"
        role="combobox"
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-activedescendant={at < 0 ? undefined : `${id}-${at}`}
        aria-label="Session"
        placeholder="Go to a session…"
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        value={text}
        onInput={({ currentTarget }) => {
          setText(currentTarget.value);
          setChosen(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div class="palette-list" id={`${id}-list`} role="listbox" aria-label="Sessions">
        {shown.map(({ hub, view }, index) => (
          <button
            type="button"
            tabIndex={-1}
            key={view.session.uuid}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === at}
            class="palette-item"
            onClick={() => open(index)}
          >
            <StateMark view={view} />
            <span class="palette-name">{headingOf(view)}</span>
            <span class="palette-kind">{kindOf(view)}</span>
            <span class="palette-state">
              {stateText(view)}
              {hubs.length > 1 ? ` · ${hub.name.value}` : ''}
            </span>
          </button>
        ))}
      </div>
      {shown.length === 0 && <p class="palette-none">No session has that in its name.</p>}
    </Dialog>
  );
}
