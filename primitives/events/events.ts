/** The behaviour of `events` on the host's side. What runs inside an engine is in lua/lib/events.lua. */
import { fail } from '../../base/errors.js';
import { implement } from '../define.js';
import { eventsDef } from './events.def.js';
import { Subscriptions } from './subscriptions.js';

/** More handlers than this are a leak in the plugin. */
const MAX_HANDLERS_PER_ENGINE = 10_000;

const utf8 = new TextDecoder();

export const events = implement(eventsDef, (hub) => {
  const all = new Subscriptions();
  return {
    engine(engine) {
      const own = engine.scope.use(all.open());
      return {
        has: (event) => all.has(event),
        _listen(deliver) {
          own.deliver = deliver;
        },
        _add(event) {
          if (own.total >= MAX_HANDLERS_PER_ENGINE) {
            return fail(
              'events.limit',
              `a plugin can have ${MAX_HANDLERS_PER_ENGINE} event handlers: remove some first`,
            );
          }
          own.add(event);
          return true;
        },
        _remove: (event) => own.remove(event),
        _others: (event) => all.hasOthers(event, own),
        _emit: (event, data) => all.deliver(event, data, own),
        _report(event, failure) {
          hub.counters.add('events.handler_failed');
          engine.log.log('error', `a handler of the event ${event} failed: ${utf8.decode(failure)}`, {
            event,
          });
        },
      };
    },
    handlers: {},
    notify: (name, data) => all.deliver(name, data),
  };
});
