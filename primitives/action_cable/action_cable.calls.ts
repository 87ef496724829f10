/** What the hub asks of the worker that speaks Action Cable. Both sides import the types only. */
import type { EventsOf } from '../define.js';
import type { actionCableDef } from './action_cable.def.js';

/** What the worker tells. */
export type CableEvent = EventsOf<typeof actionCableDef>;

/** Nothing here fails; what a connection comes to is told in events. */
export interface ActionCableCalls {
  /** A connection whose address is not known yet: what is asked of it waits. */
  open(a: { readonly conn: string }): void;
  /** Where it leads: it connects, and stays connected. */
  address(a: { readonly conn: string; readonly url: string }): void;
  /** `identifier` is the JSON of the channel's name and parameters. */
  subscribe(a: { readonly conn: string; readonly channel_id: number; readonly identifier: string }): void;
  unsubscribe(a: { readonly conn: string; readonly channel_id: number }): void;
  /** `data` is JSON with its `action`. */
  perform(a: { readonly conn: string; readonly channel_id: number; readonly data: string }): void;
  /** Stops reading, and goes on. */
  hold(a: { readonly conn: string; readonly held: boolean }): void;
  close(a: { readonly conn: string }): void;
}
