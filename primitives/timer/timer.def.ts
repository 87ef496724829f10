/**
 * The Lua global `timer`. The companion (lua/lib/timer.lua) sees to it that nothing runs after a cancel; when ticks
 * are due is decided in timer.ts.
 */
import { named, t } from '../../base/schema.js';
import { definePrimitive, event, fn } from '../define.js';

/** Ten years: what a delay may be without being a mistake. */
const MAX_SECONDS = 315_360_000;

const callback = named('callback', t.fn(), 'Called without arguments, as a task of its own.');
const id = named('id', t.id('timer'), 'For `timer.cancel`.');
const errors = { 'timer.limit': 'The plugin already has 1,000 timers.' } as const;

const delay = named(
  'seconds',
  t.num({ min: 0, max: MAX_SECONDS }),
  'How long from now. 0 is the next turn of the loop.',
);
const period = named(
  'seconds',
  t.num({ min: 0, max: MAX_SECONDS }),
  'The time between two calls. Less than 0.01 counts as 0.01.',
);

export const timerDef = definePrimitive({
  name: 'timer',
  doc: `Calls functions later, on the hub's loop. A plugin's timers end with it.

Time is monotonic: setting the computer's clock moves no timer. A timer is never early; it is late while the hub or the
plugin is busy.`,
  companion: 'lib/timer.lua',
  functions: {
    after: fn({
      by: 'companion',
      doc: 'Calls a function once, after a delay. `timer.after(0, f)` runs it in the next turn of the loop, never at once.',
      params: [delay, callback],
      returns: [id],
      errors,
      example: `local id = assert(timer.after(0.05, function() log.info("late") end))
assert(timer.cancel(id) == true)`,
    }),
    every: fn({
      by: 'companion',
      doc: `Calls a function again and again, until it is cancelled. Calls are due at fixed times (start + 1 period, + 2
periods, ...), so lateness does not add up. If several are missed, they become one, and the next is back on schedule.
While a call is still running or waiting, the next is left out.`,
      params: [period, callback],
      returns: [id],
      errors,
      example: `local ticks = 0
local id
id = assert(timer.every(0.01, function()
  ticks = ticks + 1
  if ticks == 3 then timer.cancel(id) end
end))`,
    }),
    sleep: fn({
      waits: true,
      doc: 'Waits. Other tasks of the plugin, and the hub, go on meanwhile.',
      params: [delay],
      returns: [],
      errors,
      example: `assert(timer.sleep(0.01))
assert(timer.sleep(0) == true)`,
    }),
    cancel: fn({
      by: 'companion',
      doc: 'Stops a timer. Once it returns, the function is not called any more, even if it was already due.',
      params: [named('id', t.id('timer'), 'From `timer.after` or `timer.every`.')],
      returns: [named('stopped', t.bool, 'False if it has run, was stopped, or is not of this plugin.')],
      errors: {},
      example: `local id = assert(timer.after(60, function() end))
assert(timer.cancel(id) == true and timer.cancel(id) == false)`,
    }),
    _after: fn({
      by: 'hidden',
      shownAs: 'timer.after',
      doc: 'Starts a one-shot timer.',
      params: [delay, callback],
      returns: [id],
      errors,
      example: '',
    }),
    _every: fn({
      by: 'hidden',
      shownAs: 'timer.every',
      doc: 'Starts a repeating timer.',
      params: [period, callback],
      returns: [id],
      errors,
      example: '',
    }),
    _cancel: fn({
      by: 'hidden',
      shownAs: 'timer.cancel',
      doc: 'Stops a timer.',
      params: [named('id', t.id('timer'), 'From `timer.after` or `timer.every`.')],
      returns: [named('stopped', t.bool, 'Whether it was still to run.')],
      errors: {},
      example: '',
    }),
  },
  events: {
    fired: event(
      'bulk',
      'A timer is due. Coalesced: a slow hub does not collect ticks.',
      { id: t.id('timer') },
      { key: 'id' },
    ),
  },
});
