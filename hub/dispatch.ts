/**
 * From an event to its handler, by type. Total by construction: a union member without a handler does not compile.
 */
import type { EventLike } from '../base/event-lanes.js';
import type { HandlersOf } from '../primitives/define.js';

export function dispatch<E extends EventLike>(handlers: HandlersOf<E>, event: E): void {
  // The key selects the handler of exactly this member, which the compiler cannot follow through a union.
  const handle = handlers[event.type as E['type']] as (event: E) => void;
  handle(event);
}
