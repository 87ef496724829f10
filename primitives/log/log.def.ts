/**
 * The Lua global `log`. The Lua side (lua/lib/log.lua) makes text of any value, so that logging never fails on what
 * is logged; write.ts caps and counts.
 */
import { named, t } from '../../base/schema.js';
import { definePrimitive, fn } from '../define.js';

function level(doc: string, example: string) {
  return fn({
    by: 'companion',
    doc,
    params: [
      named('message', t.any, 'Any value. A string is written as it is, a table as Lua would write it.'),
      named('fields', t.opt(t.map(t.any)), 'Facts beside the message, for programs that read the log.'),
    ],
    returns: [],
    errors: {},
    example,
  });
}

export const logDef = definePrimitive({
  name: 'log',
  doc: `Writes to the hub's log, under the plugin's name.

Any value can be logged: a table is written out (4 levels, 100 members each, cycles marked), anything else as
\`tostring\` has it. A message is cut at 16 KiB, and says so. A plugin gets 1,000 lines a second; what is beyond is
counted, and one line says how many were left out. Bytes that are no UTF-8 are replaced.`,
  companion: 'lib/log.lua',
  functions: {
    debug: level(
      'Logs what only a developer of the plugin wants to see.',
      'log.debug({ step = 1, left = { "a", "b" } })',
    ),
    info: level('Logs what happened.', 'log.info("deployed", { version = 3 })'),
    warn: level('Logs what may need attention.', 'log.warn("no token set; using the public API")'),
    error: level(
      'Logs a failure. Raises nothing: see `error` for that.',
      `local text, err = fs.read("does/not/exist")
log.error(err)`,
    ),
    _write: fn({
      by: 'hidden',
      shownAs: 'log.info',
      doc: 'Writes one line.',
      params: [
        named('level', t.oneOf('debug', 'info', 'warn', 'error'), 'How much it matters.'),
        named('message', t.bytes, 'The text, cut by the companion to a little more than the cap.'),
        named('size', t.int({ min: 0 }), 'Bytes the text had before.'),
        named('fields', t.opt(t.map(t.bytes)), 'Each value as text.'),
      ],
      returns: [],
      errors: {},
      example: '',
    }),
  },
});
