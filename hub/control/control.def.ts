/**
 * What the control worker tells the hub: the events of hub/control, in the form primitives declare theirs.
 * A client here is a connection to the hub's unix socket that has said hello.
 */
import { t } from '../../base/schema.js';
import { type EventsOf, event } from '../../primitives/define.js';

export const controlEvents = {
  name: 'control',
  events: {
    client_connected: event('control', 'A client connected and said hello.', {
      client: t.int(),
      kind: t.str,
      version: t.str,
    }),
    client_disconnected: event(
      'control',
      'A client is gone. Its open requests go on; their answers are dropped.',
      {
        client: t.int(),
        reason: t.str,
      },
    ),
    request: event('control', 'A client asks for something.', {
      client: t.int(),
      id: t.int(),
      method: t.str,
      params: t.any,
    }),
  },
} as const;

export type ControlEvent = EventsOf<typeof controlEvents>;
