/** What the relay worker tells the hub, in the form primitives declare their events. */
import { t } from '../../base/schema.js';
import { type EventsOf, event } from '../../primitives/define.js';

export const relayEvents = {
  name: 'relay',
  events: {
    counted: event(
      'bulk',
      "A counter of the relay has a new value. Since the worker's start, so the newest is all there is to know.",
      { name: t.str, total: t.int({ min: 0 }) },
      { key: 'name' },
    ),
  },
} as const;

export type RelayEvent = EventsOf<typeof relayEvents>;
