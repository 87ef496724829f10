/**
 * The events of the hub itself, declared like those of primitives. Part of the HubEvent union and of the lane table.
 */
import { t } from '../base/schema.js';
import { type EventsOf, event } from '../primitives/define.js';

export const workerEvents = {
  name: 'worker',
  events: {
    restarted: event('control', 'A worker thread died and serves again. State it held is gone.', {
      worker: t.name,
      reason: t.str,
      restarts: t.int({ min: 1 }),
    }),
    failed: event('control', 'A worker thread died and is not restarted.', {
      worker: t.name,
      reason: t.str,
      restarts: t.int({ min: 0 }),
    }),
  },
} as const;

export const hubEvents = {
  name: 'hub',
  events: {
    stopping: event('control', 'A graceful shutdown begins. Its first step, so observers can still act.', {
      reason: t.str,
    }),
  },
} as const;

export type WorkerEvent = EventsOf<typeof workerEvents>;
export type HubLifecycleEvent = WorkerEvent | EventsOf<typeof hubEvents>;
