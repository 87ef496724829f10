/**
 * The Lua global `json`: values to JSON text and back, without losing what Lua knows of them.
 * The rules of numbers, strings and empty tables are in print.ts and parse.ts.
 */
import { named, t } from '../../base/schema.js';
import { definePrimitive, fn } from '../define.js';

const encodeErrors = {
  'json.not_finite': 'A number is NaN or infinite. The message names its place.',
  'json.not_utf8': 'A string is not valid UTF-8, so JSON cannot hold it. The message names its place.',
  'json.bad_key': 'A table mixes list and string keys, has holes, or has keys that are neither.',
  'json.too_large': 'The text would be larger than 8 MiB.',
} as const;

const value = named(
  'value',
  t.any,
  'What to write; `nil` is written as `null`. Functions, tables in themselves and more than 100 levels raise an error.',
);

export const jsonDef = definePrimitive({
  name: 'json',
  doc: `Turns values into JSON text and back.

Integers stay integers, 64 bits wide. A float keeps its point (\`1.0\` is written \`1.0\`), so that it comes back as a
float; an integer too large for 64 bits becomes a float, as in Lua itself. A list (keys 1..n) becomes an array, a table
with string keys an object. An empty table becomes \`{}\`; \`json.array({})\` becomes \`[]\`, and a decoded \`[]\` stays one.
\`null\` is \`json.null\` both ways. Object keys are written in sorted order, so equal values give equal text.`,
  companion: 'lib/json.lua',
  functions: {
    encode: fn({
      doc: 'Writes a value as compact JSON.',
      params: [value],
      returns: [named('text', t.str, 'JSON, UTF-8, keys sorted, no spaces.')],
      errors: encodeErrors,
      example: `assert(json.encode({ name = "a", list = { 1, 2.0 } }) == '{"list":[1,2.0],"name":"a"}')
assert(json.encode({}) == "{}" and json.encode(json.array({})) == "[]")
local text, err = json.encode({ ratio = 0 / 0 })
assert(text == nil and err.code == "json.not_finite")`,
    }),
    encode_pretty: fn({
      doc: 'Writes a value as JSON for people: one member a line, indented by two spaces.',
      params: [value],
      returns: [named('text', t.str, 'JSON, UTF-8, keys sorted, no newline at the end.')],
      errors: encodeErrors,
      example: `assert(json.encode_pretty({ b = 1, a = { 2 } }) == '{\\n  "a": [\\n    2\\n  ],\\n  "b": 1\\n}')`,
    }),
    decode: fn({
      doc: `Reads JSON text. Strict: one value, nothing behind it, no comments, no trailing commas. If a key is there
twice, the last one counts.`,
      params: [
        named('text', t.bytes, 'JSON in UTF-8, at most 8 MiB. A byte order mark in front is skipped.'),
      ],
      returns: [named('value', t.any, 'The value; `null` is `json.null`.')],
      errors: {
        'json.syntax':
          'The text is not JSON, or a number is too large for a float. The message names line and column.',
        'json.not_utf8': 'The text is not valid UTF-8. The message names the line.',
        'json.too_deep': 'The text nests deeper than 100 levels.',
        'json.too_large': 'The text is larger than 8 MiB, or has more than 400,000 values.',
      },
      example: `local value = assert(json.decode('{"id": 9007199254740993, "tags": [], "next": null}'))
assert(value.id == 9007199254740993 and math.type(value.id) == "integer")
assert(value.next == json.null and json.encode(value.tags) == "[]")
local nothing, err = json.decode("{oops}")
assert(nothing == nil and err.code == "json.syntax")`,
    }),
    array: fn({
      by: 'companion',
      doc: 'Marks a table as a list and returns it. Needed only for lists that may be empty: `{}` alone is an object.',
      params: [named('list', t.opt(t.list(t.any)), 'The table to mark. A new one by default.')],
      returns: [named('list', t.list(t.any), 'The same table.')],
      errors: {},
      example: `local found = json.array()
assert(json.encode(found) == "[]")
found[1] = "x"
assert(json.encode(found) == '["x"]')`,
    }),
  },
  constants: {
    null: {
      doc: "JSON's `null`, where `nil` would make the key disappear. It is true in a condition.",
      luaType: 'userdata',
    },
  },
});
