/** How the connection to a hub is, in numbers. */
import type { Health, Hub, HubState } from '../../link/types.js';
import { spokenAge, useNow } from '../age.js';
import { Icon } from '../icon.js';
import { useObservable } from '../use-observable.js';

const paths = {
  host: 'Direct, same machine or network',
  srflx: 'Direct, through a router',
  prflx: 'Direct, through a router',
  relay: 'Through a TURN server',
} as const satisfies Record<NonNullable<Health['path']>, string>;

/** A loop that did not turn for so long is busy with something. */
const SLOW_LOOP_MS = 250;
const SLOW_RTT_MS = 500;

export function HealthTable({ hub }: { readonly hub: Hub }) {
  const state = useObservable(hub.state);
  const health = useObservable(hub.health);
  const now_ms = useNow();
  const { rtt_ms, loop_age_ms, path, sent_bytes, received_bytes, queued_bytes, missed } = health;
  return (
    <section class="section" aria-labelledby="connection-title">
      <h3 id="connection-title">Connection</h3>
      <dl class="numbers">
        <Entry name="State" value={stateText(state, now_ms)} bad={state.kind === 'revoked'} />
        <Entry name="Round trip" value={milliseconds(rtt_ms)} bad={(rtt_ms ?? 0) > SLOW_RTT_MS} />
        <Entry
          name="Hub’s loop"
          hint="How long ago it turned when it answered"
          value={loop_age_ms === undefined ? '–' : `${milliseconds(loop_age_ms)} ago`}
          bad={(loop_age_ms ?? 0) > SLOW_LOOP_MS}
        />
        <Entry name="Path" value={path === undefined ? '–' : paths[path]} />
        <Entry name="Received" value={bytes(received_bytes)} />
        <Entry name="Sent" value={bytes(sent_bytes)} />
        <Entry name="Waiting in the hub" value={bytes(queued_bytes)} />
        <Entry name="Pings missed" value={String(missed)} bad={missed > 0} />
      </dl>
      {state.kind === 'offline' && (
        <button type="button" class="button" onClick={() => hub.reconnect()}>
          <Icon name="retry" />
          Try now
        </button>
      )}
    </section>
  );
}

interface EntryProps {
  readonly name: string;
  readonly value: string;
  readonly hint?: string;
  readonly bad?: boolean;
}

function Entry({ name, value, hint, bad = false }: EntryProps) {
  return (
    <div class={bad ? 'number number-bad' : 'number'} title={hint}>
      <dt>{name}</dt>
      <dd>
        {bad && <Icon name="warning" />}
        {value}
      </dd>
    </div>
  );
}

function stateText(state: HubState, now_ms: number): string {
  switch (state.kind) {
    case 'online':
      return 'Online';
    case 'connecting':
      return `Connecting, attempt ${state.attempt}`;
    case 'revoked':
      return 'This device was revoked';
    case 'offline':
      return `Offline since ${spokenAge(now_ms - state.since_ms)}. ${state.reason}`;
  }
}

function milliseconds(value: number | undefined): string {
  if (value === undefined) return '–';
  return value < 10 ? `${value.toFixed(1)} ms` : `${Math.round(value)} ms`;
}

export function bytes(count: number): string {
  const units = ['B', 'KB', 'MB', 'GB'];
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
