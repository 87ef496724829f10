/** The behaviour of `log`: caps a line, repairs its bytes, limits how many. Where lines go is the Logger's affair. */
import { implement } from '../define.js';
import { LineLimit } from './line-limit.js';
import { logDef } from './log.def.js';

/** A longer message is data that belongs in a file. lua/lib/log.lua sends one byte more, at most. */
export const MAX_MESSAGE_BYTES = 16 * 1024;
/** More fields than this are not facts beside a message. */
const MAX_FIELDS = 64;
const MAX_FIELD_BYTES = 1024;
/** Enough for a burst, and less than 2 MB a second at usual lengths. */
const LINE_LIMIT = { maxLines: 1000, windowMs: 1000 };

const utf8 = new TextDecoder();

export const log = implement(logDef, (hub) => ({
  engine(engine) {
    const limit = new LineLimit(hub.clock, LINE_LIMIT, (lines) => {
      hub.counters.add('log.dropped', lines);
      engine.log.log(
        'warn',
        `${lines} log lines were left out: more than ${LINE_LIMIT.maxLines} in a second`,
      );
    });
    engine.scope.use(limit);
    return {
      _write(level, message, size, fields) {
        if (!limit.admit()) return;
        engine.log.log(level, cut(message, MAX_MESSAGE_BYTES, size), fields && textFields(fields));
      },
    };
  },
  handlers: {},
}));

/** `bytes` as text of at most `maxBytes`; says so if there was more. `size` is the length of the whole, if known. */
function cut(bytes: Uint8Array, maxBytes: number, size?: number): string {
  if (bytes.byteLength <= maxBytes) return utf8.decode(bytes);
  let end = maxBytes;
  // Not within a character: a continuation byte is 10xxxxxx.
  for (let back = 0; back < 3 && ((bytes[end] ?? 0) & 0xc0) === 0x80; back++) end--;
  const note = size === undefined ? 'cut' : `cut: ${size} bytes`;
  return `${utf8.decode(bytes.subarray(0, end))}... (${note})`;
}

function textFields(fields: Readonly<Record<string, Uint8Array>>): Record<string, string> {
  const kept = Object.entries(fields).slice(0, MAX_FIELDS);
  return Object.fromEntries(kept.map(([name, value]) => [name, cut(value, MAX_FIELD_BYTES)]));
}
