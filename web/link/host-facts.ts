/** What a hub tells of sessions, read from events: only facts that are known and well-formed. */
import { fits } from '../../base/check.js';
import { t } from '../../base/schema.js';
import { type HostEvent, type HostEventName, hostEvents } from '../../protocol/host-events.js';
import type { MessageOf } from '../../protocol/messages.js';

/** The hub lost its session host, and with it what was attached and watched; not a fact about sessions. */
export const HOST_LOST = 'host.lost';

/** About a session, for everybody who watches. */
export type Fact = Extract<HostEvent, { readonly name: `session.${string}` }>;
/** About one attach of this device. */
export type AttachFact = Extract<HostEvent, { readonly name: `attach.${string}` }>;

const schemas = new Map(
  (Object.keys(hostEvents) as HostEventName[]).map((name) => [name as string, t.object(hostEvents[name])]),
);

function read(event: MessageOf<'event'>): HostEvent | undefined {
  const schema = schemas.get(event.name);
  // The name says which fact it is; the schema of that name was just matched.
  return schema !== undefined && fits(schema, event.data) ? (event as unknown as HostEvent) : undefined;
}

export function readFact(event: MessageOf<'event'>): Fact | undefined {
  return event.name.startsWith('session.') ? (read(event) as Fact | undefined) : undefined;
}

export function readAttachFact(event: MessageOf<'event'>): AttachFact | undefined {
  return event.name.startsWith('attach.') ? (read(event) as AttachFact | undefined) : undefined;
}
