/** What stands beside the list while nothing is open: who needs you, and how to begin. */
import { useHubList } from '../hubs-context.js';
import { Icon } from '../icon.js';
import { fragmentOf } from '../route.js';
import { headingOf, kindOf } from '../session-names.js';
import { StateMark } from '../state-mark.js';
import { useObservables } from '../use-observable.js';

export function Overview() {
  const hubs = useHubList();
  useObservables(hubs.flatMap(({ sessions, state, device }) => [sessions, state, device]));
  const calling = hubs.flatMap((hub) =>
    hub.sessions.value.filter(({ state }) => state === 'needs_you').map((view) => ({ hub, view })),
  );
  const sessions = hubs.flatMap((hub) => hub.sessions.value);
  const running = sessions.filter(({ state }) => state !== 'exited');
  const working = running.filter(({ state }) => state === 'working').length;
  const canMake = hubs.find(({ state, device }) => state.value.kind === 'online' && !device.value.view_only);
  return (
    <div class="overview">
      <div class="overview-body">
        <h2>
          {calling.length === 1
            ? 'One session needs you'
            : calling.length > 1
              ? `${calling.length} sessions need you`
              : running.length === 0
                ? 'Nothing is running'
                : 'Nobody needs you'}
        </h2>
        <p class="overview-sum">
          {running.length > 0
            ? `${working} of ${running.length} ${running.length === 1 ? 'session' : 'sessions'} working.`
            : canMake === undefined
              ? 'Agents show up here as they are started.'
              : 'An agent works on a branch of its own, and goes on when you close this page.'}
        </p>
        {calling.length > 0 && (
          <ul class="calling">
            {calling.map(({ hub, view }) => (
              <li key={view.session.uuid}>
                <a href={fragmentOf({ at: 'session', hub: hub.address, uuid: view.session.uuid })}>
                  <StateMark view={view} />
                  <span class="calling-name">{headingOf(view)}</span>
                  <span class="calling-kind">{kindOf(view)}</span>
                  {view.said !== undefined && <span class="calling-said">{view.said}</span>}
                </a>
              </li>
            ))}
          </ul>
        )}
        <div class="overview-end">
          {canMake !== undefined && (
            <a class="button button-primary" href={fragmentOf({ at: 'new', hub: canMake.address })}>
              <Icon name="plus" />
              New agent
            </a>
          )}
          <p>
            Press <kbd>?</kbd> for keys.
          </p>
        </div>
      </div>
    </div>
  );
}
