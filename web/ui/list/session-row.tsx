/** One session in the list: what it is, how it is, what it said last, and how long ago. */
import type { Hub, SessionView } from '../../link/types.js';
import { age, spokenAge, useNow } from '../age.js';
import { sessionActions } from '../agent/session-actions.js';
import { Icon } from '../icon.js';
import { MenuButton } from '../menu.js';
import { fragmentOf } from '../route.js';
import { branchBeside, headingOf, kindOf, stateText } from '../session-names.js';
import { StateMark } from '../state-mark.js';

interface SessionRowProps {
  readonly hub: Hub;
  readonly view: SessionView;
  readonly current: boolean;
  /** What is shown may not be true any more. */
  readonly stale: boolean;
  /** Reached by Tab; the others by arrow keys. */
  readonly tabStop: boolean;
  readonly onFocus: () => void;
}

export function SessionRow({ hub, view, current, stale, tabStop, onFocus }: SessionRowProps) {
  const now_ms = useNow();
  const { session, state } = view;
  const since_ms = now_ms - (session.last_output_ms ?? Date.parse(session.started_at));
  const branch = branchBeside(view);
  const quiet = stale ? ' row-stale' : '';
  const actions = sessionActions(hub, view);
  return (
    <li class={`row row-${state}${quiet}`} data-session={session.uuid}>
      <a
        class="row-link"
        href={fragmentOf({ at: 'session', hub: hub.address, uuid: session.uuid })}
        aria-current={current ? 'page' : undefined}
        tabIndex={tabStop ? 0 : -1}
        data-row
        onFocus={onFocus}
      >
        <StateMark view={view} />
        <span class="row-heading">{headingOf(view)}</span>
        <span class="row-age">
          <span aria-hidden="true">{age(since_ms)}</span>
          <span class="only-spoken">, {spokenAge(since_ms)}</span>
        </span>
        <span class="row-what">
          <span class="row-state">{stateText(view)}</span>
          <span class="row-kind">{kindOf(view)}</span>
          {branch !== undefined && (
            <span class="row-branch">
              <Icon name="branch" />
              {branch}
            </span>
          )}
        </span>
        {view.said !== undefined && <span class="row-said">{view.said}</span>}
      </a>
      {actions.length > 0 && (
        <span class="row-menu">
          <MenuButton label={`Actions for ${headingOf(view)}`} items={actions} tabIndex={tabStop ? 0 : -1} />
        </span>
      )}
    </li>
  );
}
