/**
 * The Lua global `events`. Handlers live in the companion (lua/lib/events.lua), where `emit` calls them; events.ts
 * knows which engine listens to what, and carries copies between engines.
 */
import { named, t } from '../../base/schema.js';
import { definePrimitive, fn } from '../define.js';

const eventName = named('event', t.name, 'Any name, such as `agent_created`.');

export const eventsDef = definePrimitive({
  name: 'events',
  doc: `Tells plugins, and the hub's own Lua, what happened.

Every name is allowed; the hub emits its own facts the same way. Handlers of the plugin that emits run before
\`events.emit\` returns, in the order of their registration, and get the very value. Handlers of other plugins run
soon after, as a task of each plugin, and get a copy. A handler that fails is logged and stops nobody else.

What the hub itself emits: \`shutdown\` (\`reason\`) when it begins to stop; \`worker.restarted\` and \`worker.failed\`
(\`worker\`, \`reason\`, \`restarts\`) when one of its threads died.`,
  companion: 'lib/events.lua',
  functions: {
    on: fn({
      by: 'companion',
      doc: 'Calls a function at every event of a name, whoever emits it.',
      params: [
        eventName,
        named('callback', t.fn(named('data', t.any, 'What was emitted.')), 'The handler. It may wait.'),
      ],
      returns: [named('id', t.id('subscription'), 'For `events.off`.')],
      errors: { 'events.limit': 'The plugin already has 10,000 handlers.' },
      example: `local seen
local id = assert(events.on("deployed", function(data) seen = data.version end))
events.emit("deployed", { version = 3 })
assert(seen == 3)
events.off(id)`,
    }),
    off: fn({
      by: 'companion',
      doc: 'Removes a handler. Once it returns, the handler is not called any more, also by an `emit` under way.',
      params: [named('id', t.id('subscription'), 'From `events.on`.')],
      returns: [named('removed', t.bool, 'False if it was removed before, or is not of this plugin.')],
      errors: {},
      example: `local id = assert(events.on("deployed", function() end))
assert(events.off(id) == true and events.off(id) == false)`,
    }),
    emit: fn({
      by: 'companion',
      doc: `Calls the handlers of an event: this plugin's at once, those of others soon. Handlers that are added meanwhile wait
for the next time. Data that cannot be copied (functions) reaches this plugin's handlers only, which is logged if others listen.`,
      params: [
        eventName,
        named('data', t.any, 'What the handlers get. Pass a table; more facts may come later.'),
      ],
      returns: [],
      errors: {},
      example: 'events.emit("deployed", { version = 3 })',
    }),
    has: fn({
      doc: 'Tells whether anybody listens, in this plugin or another.',
      params: [eventName],
      returns: [named('listening', t.bool, 'Whether an `emit` would call a handler.')],
      errors: {},
      example: `assert(events.has("never_heard_of") == false)
local id = assert(events.on("deployed", function() end))
assert(events.has("deployed") == true)
events.off(id)`,
    }),
    _listen: fn({
      by: 'hidden',
      doc: 'Sets the function that runs the handlers of this engine.',
      params: [
        named(
          'deliver',
          t.fn(named('event', t.str, 'Its name.'), named('data', t.any, 'A copy of what was emitted.')),
          'Called for events from elsewhere.',
        ),
      ],
      returns: [],
      errors: {},
      example: '',
    }),
    _add: fn({
      by: 'hidden',
      shownAs: 'events.on',
      doc: 'Counts a new handler of this engine.',
      params: [eventName],
      returns: [named('added', t.bool, 'True.')],
      errors: { 'events.limit': 'The plugin already has 10,000 handlers.' },
      example: '',
    }),
    _remove: fn({
      by: 'hidden',
      shownAs: 'events.off',
      doc: 'Counts a handler less.',
      params: [eventName],
      returns: [],
      errors: {},
      example: '',
    }),
    _others: fn({
      by: 'hidden',
      shownAs: 'events.emit',
      doc: 'Tells whether other engines listen.',
      params: [eventName],
      returns: [named('listening', t.bool, 'Whether `_emit` would reach anybody.')],
      errors: {},
      example: '',
    }),
    _emit: fn({
      by: 'hidden',
      shownAs: 'events.emit',
      doc: 'Queues copies for the other engines.',
      params: [eventName, named('data', t.any, 'What to copy.')],
      returns: [],
      errors: {},
      example: '',
    }),
    _report: fn({
      by: 'hidden',
      doc: 'Logs the failure of a handler.',
      params: [
        named('event', t.str, 'Its name.'),
        named('failure', t.bytes, 'The error with its traceback.'),
      ],
      returns: [],
      errors: {},
      example: '',
    }),
  },
});
