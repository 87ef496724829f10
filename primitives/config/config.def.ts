/**
 * The Lua global `config`: the user's settings, the environment, and where things are.
 */
import { named, t } from '../../base/schema.js';
import { definePrimitive, fn } from '../define.js';

const key = named('key', t.name, 'A name. Keys are flat: `a.b` is one key, not a path.');
const unreadable = {
  'config.unreadable':
    'A configuration file is no JSON object, or cannot be read. The message names file and line.',
} as const;

export const configDef = definePrimitive({
  name: 'config',
  doc: `Reads and changes settings.

Settings are two JSON files: the device's (\`config.json\` in \`config.data_dir()\`) and the repository's
(\`.botster/config.json\`), whose keys win. Both are read anew when they change. Changes go to the device's file, whole or
not at all, and none is lost when several hubs change settings at once. A file that is damaged is reported and left alone.`,
  functions: {
    get: fn({
      waits: true,
      doc: 'Reads a setting.',
      params: [key],
      returns: [named('value', t.any, 'The value, or `nil` if neither file has the key.')],
      errors: unreadable,
      example: `assert(config.set("editor", { name = "vi", tabs = false }))
assert(config.get("editor").name == "vi")
assert(config.get("no such key") == nil)
assert(config.set("editor", nil))`,
    }),
    all: fn({
      waits: true,
      doc: 'Reads all settings: those of the device, with those of the repository over them.',
      params: [],
      returns: [named('settings', t.map(t.any), 'Key to value. A copy: changing it changes no setting.')],
      errors: unreadable,
      example: `assert(config.set("theme", "dark"))
assert(assert(config.all()).theme == "dark")
assert(config.set("theme", nil))`,
    }),
    set: fn({
      waits: true,
      doc: `Changes a setting of the device; \`nil\` removes it. When it returns, the change is on the disk. A key that the
repository's file has too is changed, but reads go on giving the repository's value.`,
      params: [key, named('value', t.any, 'What JSON can hold, or `nil`.')],
      returns: [],
      errors: {
        ...unreadable,
        'config.bad_value':
          'JSON cannot hold the value (or the settings would be larger than 8 MiB). The message says where.',
        'config.locked': 'Another process held the file for 10 seconds. The message names it.',
        'config.unwritable': 'The file cannot be written. The message says why.',
      },
      example: `assert(config.set("retries", 3))
assert(config.get("retries") == 3)
assert(config.set("retries", nil))
local done, err = config.set("ratio", 0 / 0)
assert(done == nil and err.code == "config.bad_value")`,
    }),
    env: fn({
      doc: "Reads a variable of the hub's environment.",
      params: [named('name', t.name, 'Such as `HOME`.')],
      returns: [named('value', t.opt(t.str), '`nil` if it is not set.')],
      errors: {},
      example: `assert(type(config.env("PATH")) == "string")
assert(config.env("NO_SUCH_VARIABLE") == nil)`,
    }),
    lua_path: fn({
      doc: "Tells where the hub's Lua files are.",
      params: [],
      returns: [named('path', t.str, 'An absolute path.')],
      errors: {},
      example: 'assert(fs.is_dir(config.lua_path()))',
    }),
    data_dir: fn({
      doc: "Tells where the device's settings and plugins are.",
      params: [],
      returns: [named('path', t.str, 'An absolute path, usually `~/.botster`.')],
      errors: {},
      example: 'assert(config.data_dir():sub(1, 1) == "/")',
    }),
  },
});
