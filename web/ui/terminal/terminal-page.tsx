/** The page of one session. The terminal itself is a chunk of its own and is loaded when one is opened first. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Hub, SessionView } from '../../link/types.js';
import { adviceFor, Failure } from '../failure.js';
import { useHub } from '../hubs-context.js';
import { shownSessions } from '../list/last-known.js';
import { Missing } from '../missing.js';
import { fragmentOf } from '../route.js';
import { useObservable } from '../use-observable.js';
import { loadTerminal, terminalModule } from './load-terminal.js';
import { TerminalBody } from './terminal-body.js';
import type { TerminalControl } from './terminal-control.js';
import { TerminalHead } from './terminal-head.js';

interface TerminalPageProps {
  readonly address: string;
  readonly uuid: string;
}

export function TerminalPage({ address, uuid }: TerminalPageProps) {
  const hub = useHub(address);
  if (hub === undefined) return <Missing what="This hub is not paired with this browser." />;
  return <SessionOf hub={hub} uuid={uuid} />;
}

function SessionOf({ hub, uuid }: { readonly hub: Hub; readonly uuid: string }) {
  useObservable(hub.sessions);
  const { kind } = useObservable(hub.state);
  const found = shownSessions(hub).find(({ session }) => session.uuid === uuid);
  // A session that was removed stays on the page until the user leaves.
  const last = useRef<SessionView | undefined>(undefined);
  last.current = found ?? last.current;
  const gone = found === undefined && kind === 'online';
  const view: SessionView | undefined =
    gone && last.current !== undefined ? { ...last.current, state: 'exited' } : last.current;
  useEffect(() => {
    if (view !== undefined && kind === 'online') hub.seen(uuid);
  }, [view?.state === 'needs_you', kind]);
  if (view === undefined)
    return gone ? (
      <Missing what="There is no such session any more." />
    ) : (
      <Missing what="The hub is not connected yet. The session opens when it is." waiting />
    );
  return <TerminalSession hub={hub} view={view} gone={gone} />;
}

interface TerminalSessionProps {
  readonly hub: Hub;
  readonly view: SessionView;
  /** It was deleted while it was shown. */
  readonly gone: boolean;
}

function TerminalSession({ hub, view, gone }: TerminalSessionProps) {
  const [module, setModule] = useState(terminalModule);
  const [error, setError] = useState<unknown>();
  const [control, setControl] = useState<TerminalControl>();
  useEffect(() => {
    if (module === undefined) loadTerminal().then((loaded) => setModule(() => loaded), setError);
  }, []);
  return (
    <section class="terminal-page" aria-label="Terminal">
      <TerminalHead hub={hub} view={view} gone={gone} />
      {gone && (
        <p class="terminal-gone" role="status">
          This session was deleted. What is shown was its last screen.{' '}
          <a href={fragmentOf({ at: 'list' })}>Back to the list</a>
        </p>
      )}
      {error !== undefined && (
        <div class="page-pad">
          <Failure of={error} />
          <p>{adviceFor(error) ?? 'The terminal could not be loaded. Load the page again.'}</p>
        </div>
      )}
      {module !== undefined && (
        <TerminalBody
          hub={hub}
          view={view}
          gone={gone}
          module={module}
          control={control}
          onControl={setControl}
        />
      )}
    </section>
  );
}
