/** A failure where it happened: what the hub said, and what to do about it. */

import { useEffect, useRef } from 'preact/hooks';
import { isHubError, messageOf } from '../../base/errors.js';
import { Icon } from './icon.js';

/** What to do, by code, where the message does not say it. */
const advice: Readonly<Record<string, string>> = {
  'hub.connection_lost': 'It is tried again by itself. Do this once the hub is online.',
  'link.busy': 'Wait a moment, then try again.',
  'device.view_only': 'Somebody at the machine can allow it: botster devices view-only NAME off.',
  'agent.limit': 'Delete an agent that has ended, or raise max_sessions on the machine.',
  'agent.branch_in_main': 'Choose another branch, or run it in the main checkout.',
  'agent.unknown_type': 'Choose another agent. botster agent types lists them.',
  'agent.worktree_in_use': 'Another session works in this worktree. End that first.',
  'connection.unavailable': 'Start the hub with a page: botster start.',
};

export function adviceFor(thrown: unknown): string | undefined {
  return isHubError(thrown) ? advice[thrown.code] : undefined;
}

export function Failure({ of, id }: { readonly of: unknown; readonly id?: string }) {
  const what = adviceFor(of);
  const box = useRef<HTMLDivElement>(null);
  // On a phone it may be below what can be seen.
  useEffect(() => box.current?.scrollIntoView({ block: 'nearest' }), [of]);
  return (
    <div ref={box} class="failure" role="alert" {...(id === undefined ? {} : { id })}>
      <Icon name="warning" />
      <div>
        <p class="failure-text">{capital(messageOf(of))}</p>
        {what && <p class="failure-advice">{what}</p>}
      </div>
    </div>
  );
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
