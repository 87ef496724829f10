/** The HubEvent union and its rules, assembled from the definitions. Nothing is declared here. */
import { laneTable } from '../base/event-lanes.js';
import type { EventsOf, HandlersOf } from '../primitives/define.js';
import { primitives } from '../primitives/index.js';
import { type ControlEvent, controlEvents } from './control/control.def.js';
import { type HubLifecycleEvent, hubEvents, workerEvents } from './hub-events.js';
import { type RelayEvent, relayEvents } from './relay/relay.def.js';

export type PrimitiveEvent = EventsOf<(typeof primitives)[number]['def']>;
export type HubEvent = PrimitiveEvent | HubLifecycleEvent | ControlEvent | RelayEvent;
export type Handlers = HandlersOf<HubEvent>;

/** Which lane an event takes and what it coalesces by. */
export const lanes = laneTable([
  ...primitives.map(({ def }) => def),
  hubEvents,
  workerEvents,
  controlEvents,
  relayEvents,
]);
