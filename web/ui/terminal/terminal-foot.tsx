/** Below a terminal: whether what is shown is true, its size and whose that is, and how large it is drawn. */
import type { Hub, SessionView } from '../../link/types.js';
import { Icon } from '../icon.js';
import { exitText } from '../session-names.js';
import { useObservable } from '../use-observable.js';
import type { TerminalControl, TerminalState } from './terminal-control.js';

/** More that waits in the hub is seen as delay. */
const LAGGING_BYTES = 256 * 1024;
const LAGGING_RTT_MS = 1_000;

interface TerminalFootProps {
  readonly hub: Hub;
  readonly view: SessionView;
  /** It was deleted. */
  readonly gone: boolean;
  readonly control: TerminalControl;
  readonly viewOnly: boolean;
  readonly onOlder: () => void;
}

export function TerminalFoot({ hub, view, gone, control, viewOnly, onOlder }: TerminalFootProps) {
  const state = useObservable(control.state);
  const { rtt_ms, queued_bytes } = useObservable(hub.health);
  const lagging = queued_bytes > LAGGING_BYTES || (rtt_ms ?? 0) > LAGGING_RTT_MS;
  const { rows, cols, mine } = state;
  const over = state.ended !== undefined || view.state === 'exited';
  return (
    <footer class="terminal-foot">
      <Liveness state={state} view={view} gone={gone} lagging={lagging} />
      {state.refused !== undefined && (
        <span class="foot-refused" role="alert">
          {state.refused}
        </span>
      )}
      {viewOnly && (
        <span class="foot-view-only" title="This device may look, and nothing else">
          <Icon name="eye" />
          View only
        </span>
      )}
      <span class="foot-space" />
      <button type="button" class="foot-button" aria-label="Older output" onClick={onOlder}>
        <Icon name="history" />
        <span class="wide-only">Older output</span>
      </button>
      <span class="foot-zoom">
        <button type="button" class="foot-button" aria-label="Smaller" onClick={() => control.zoom(-1)}>
          <Icon name="zoomOut" />
        </button>
        <button type="button" class="foot-button" aria-label="Larger" onClick={() => control.zoom(1)}>
          <Icon name="zoomIn" />
        </button>
      </span>
      <span
        class="foot-size"
        title={mine ? 'The session has the size of this window' : 'The session has a size of its own'}
      >
        {cols}×{rows}
      </span>
      {!viewOnly && !over && (
        <button type="button" class="foot-button" disabled={mine} onClick={() => control.takeSize()}>
          <Icon name="fit" />
          <span>{mine ? 'Fits' : 'Fit to my screen'}</span>
        </button>
      )}
    </footer>
  );
}

function Liveness({
  state,
  view,
  gone,
  lagging,
}: {
  readonly state: TerminalState;
  readonly view: SessionView;
  readonly gone: boolean;
  readonly lagging: boolean;
}) {
  const { ended, status } = state;
  if (gone || ended === 'removed') return <span class="liveness liveness-ended">Deleted</span>;
  if (ended === 'exited' || view.state === 'exited')
    return <span class="liveness liveness-ended">{exitText(view.session.exit)}</span>;
  if (status === 'waiting') return <span class="liveness liveness-waiting">Waiting</span>;
  if (lagging) return <span class="liveness liveness-lagging">Lagging</span>;
  return <span class="liveness liveness-live">Live</span>;
}
