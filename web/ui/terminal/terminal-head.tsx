/** Above a terminal: which session, how it is, and what can be done with it. */
import type { Hub, SessionView } from '../../link/types.js';
import { sessionActions } from '../agent/session-actions.js';
import { Icon } from '../icon.js';
import { MenuButton } from '../menu.js';
import { fragmentOf } from '../route.js';
import { branchBeside, headingOf, kindOf } from '../session-names.js';
import { StateChip } from '../state-mark.js';

interface TerminalHeadProps {
  readonly hub: Hub;
  readonly view: SessionView;
  /** There is nothing left that could be done with it. */
  readonly gone: boolean;
}

export function TerminalHead({ hub, view, gone }: TerminalHeadProps) {
  const branch = branchBeside(view);
  const { title } = view.session;
  const actions = gone ? [] : sessionActions(hub, view);
  return (
    <header class="terminal-head">
      <a class="icon-button back" href={fragmentOf({ at: 'list' })} aria-label="Back to the list">
        <Icon name="back" />
      </a>
      <div class="terminal-names">
        <h2>{headingOf(view)}</h2>
        <p class="terminal-about">
          <span>{kindOf(view)}</span>
          {branch !== undefined && (
            <span class="mono">
              <Icon name="branch" />
              {branch}
            </span>
          )}
          {title !== undefined && <span class="terminal-title">{title}</span>}
        </p>
      </div>
      {!gone && <StateChip view={view} />}
      {actions.length > 0 && <MenuButton label="Actions for this session" items={actions} />}
    </header>
  );
}
