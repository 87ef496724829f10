/** A small union of events, as definitions make them, for tests of the loop. */
import { laneTable } from '../../base/event-lanes.js';
import { t } from '../../base/schema.js';
import { type EventsOf, event } from '../../primitives/define.js';

export const testEvents = {
  name: 'test',
  events: {
    fact: event('control', 'Something that must arrive.', { n: t.int() }),
    noise: event(
      'bulk',
      'Something of which the newest matters.',
      { key: t.str, n: t.int() },
      { key: 'key' },
    ),
    file: event('bulk', 'Something that does not coalesce.', { n: t.int() }),
  },
} as const;

export type TestEvent = EventsOf<typeof testEvents>;

export const testLanes = laneTable([testEvents]);

export const fact = (n: number): TestEvent => ({ type: 'test.fact', n });
export const noise = (key: string, n: number): TestEvent => ({ type: 'test.noise', key, n });
export const file = (n: number): TestEvent => ({ type: 'test.file', n });
