/**
 * The Lua global `fs`. Every function waits, so that no disk delays the hub. Behaviour is in the files beside this one,
 * the codes come from ../file-errors.ts.
 */
import { named, t } from '../../base/schema.js';
import { definePrimitive, fn } from '../define.js';

const path = named('path', t.name, 'Relative to the repository, absolute, or below home with `~/`.');

/** What can happen wherever a path is looked up. */
const lookup = {
  'fs.denied': 'The system does not allow it, or the file system is read-only.',
  'fs.not_dir': 'Something above the path is not a folder.',
  'fs.bad_path': 'The path is too long, loops through links, or cannot be used this way.',
  'fs.busy': 'More than 10,000 file operations of the plugin are waiting, or too many files are open.',
  'fs.io': 'The device failed, or the system gave another reason, which the message names.',
} as const;
const missing = { 'fs.not_found': 'There is nothing at the path.' } as const;
const gone = { 'fs.not_found': 'The folder was removed at this very moment.' } as const;
const isDir = { 'fs.is_dir': 'There is a folder at the path.' } as const;
const notFile = { 'fs.not_file': 'It is a pipe, a socket or a device.' } as const;
const noSpace = { 'fs.no_space': 'The disk or the quota is full. The old content is untouched.' } as const;
const tooLarge = { 'fs.too_large': 'The file is larger than the limit.' } as const;
const grewTooLarge = { 'fs.too_large': 'The file would be larger than the system allows.' } as const;
const inTheWay = { 'fs.exists': 'Something else is in the way.' } as const;

export const fsDef = definePrimitive({
  name: 'fs',
  doc: `Reads and changes files.

Every function waits without holding up the hub, and takes a callback last to go on at once instead. Content is bytes.
Paths are text: relative ones start at the repository's root, \`~/\` is the home folder. Operations on the same path run
in the order they were asked for.`,
  functions: {
    read: fn({
      waits: true,
      doc: 'Reads a whole file, up to 16 MiB.',
      params: [path],
      returns: [named('content', t.bytes, 'The bytes of the file.')],
      errors: { ...missing, ...isDir, ...notFile, ...tooLarge, ...lookup },
      example: `assert(fs.write("notes.txt", "one\\ntwo\\n"))
assert(fs.read("notes.txt") == "one\\ntwo\\n")
fs.read("notes.txt", function(content, err) log.info(content or err) end)
local content, err = fs.read("missing.txt")
assert(content == nil and err.code == "fs.not_found")
assert(fs.delete("notes.txt"))`,
    }),
    read_bytes: fn({
      waits: true,
      doc: 'Reads a part of a file, for files of any size.',
      params: [
        path,
        named('offset', t.opt(t.int({ min: 0 })), 'Where to start, in bytes from 0. Default 0.'),
        named(
          'length',
          t.opt(t.int({ min: 1, max: 16_777_216 })),
          'How much at most. Default: to the end, up to 16 MiB.',
        ),
      ],
      returns: [named('content', t.bytes, 'Shorter than `length` only at the end; empty behind it.')],
      errors: { ...missing, ...isDir, ...notFile, ...tooLarge, ...lookup },
      example: `assert(fs.write("data.bin", "0123456789"))
assert(fs.read_bytes("data.bin", 2, 3) == "234")
assert(fs.delete("data.bin"))`,
    }),
    write: fn({
      waits: true,
      doc: `Replaces a file's content, or makes the file and the folders above it. All or nothing: a reader, a crash or a full
disk finds the old content or the new. An existing file keeps its mode, and a link stays a link.`,
      params: [path, named('content', t.bytes, 'What to write.')],
      returns: [],
      errors: { ...isDir, ...notFile, ...noSpace, ...gone, ...grewTooLarge, ...lookup },
      example: `assert(fs.write("made/on/the/way.txt", "hello"))
assert(fs.read("made/on/the/way.txt") == "hello")
assert(fs.rmdir("made", { recursive = true }))`,
    }),
    append: fn({
      waits: true,
      doc: 'Adds to the end of a file, or makes the file and the folders above it. Not atomic: after `fs.no_space` a part may be there.',
      params: [path, named('content', t.bytes, 'What to add.')],
      returns: [],
      errors: {
        ...isDir,
        ...notFile,
        ...gone,
        ...grewTooLarge,
        ...lookup,
        'fs.no_space': 'The disk or the quota is full. A part may have been added.',
      },
      example: `assert(fs.append("events.log", "started\\n"))
assert(fs.append("events.log", "ready\\n"))
assert(fs.read("events.log") == "started\\nready\\n")
assert(fs.delete("events.log"))`,
    }),
    exists: fn({
      waits: true,
      doc: 'Tells whether there is a file or folder. A link counts as what it leads to.',
      params: [path],
      returns: [named('exists', t.bool, 'False for a link that leads nowhere.')],
      errors: lookup,
      example: `assert(fs.exists(".") == true)
assert(fs.exists("no/such/thing") == false)`,
    }),
    is_dir: fn({
      waits: true,
      doc: 'Tells whether there is a folder.',
      params: [path],
      returns: [named('is_dir', t.bool, 'True for a folder, and for a link to one.')],
      errors: lookup,
      example: `assert(fs.is_dir(".") == true)`,
    }),
    listdir: fn({
      waits: true,
      doc: 'Lists the names in a folder, without `.` and `..`.',
      params: [path],
      returns: [named('names', t.list(t.bytes), 'Sorted by bytes. At most 100,000.')],
      errors: {
        ...missing,
        ...lookup,
        'fs.too_large': 'The folder has more than 100,000 entries.',
        'fs.not_dir': 'It is not a folder.',
      },
      example: `assert(fs.write("list/b.txt", "") and fs.write("list/a.txt", ""))
local names = assert(fs.listdir("list"))
assert(#names == 2 and names[1] == "a.txt" and names[2] == "b.txt")
assert(fs.rmdir("list", { recursive = true }))`,
    }),
    stat: fn({
      waits: true,
      doc: 'Describes a file or folder. Of a link it describes what the link leads to.',
      params: [path],
      returns: [
        named(
          'stat',
          t.object(
            {
              exists: t.bool,
              type: t.oneOf('file', 'dir', 'link', 'pipe', 'socket', 'device'),
              size: t.int({ min: 0 }),
              modified: t.num(),
              is_dir: t.bool,
              is_file: t.bool,
              is_link: t.bool,
              mode: t.int({ min: 0 }),
            },
            'FileStat',
          ),
          `\`size\` in bytes; \`modified\` in seconds since 1970, with fractions; \`mode\` the permission bits; \`is_link\` whether
the path itself is a link. For a link that leads nowhere \`type\` is "link" and \`exists\` false.`,
        ),
      ],
      errors: { ...missing, ...lookup },
      example: `assert(fs.write("notes.txt", "four"))
local stat = assert(fs.stat("notes.txt"))
assert(stat.size == 4 and stat.is_file and not stat.is_dir and stat.type == "file")
assert(stat.modified > 1.6e9)
assert(fs.delete("notes.txt"))`,
    }),
    mkdir: fn({
      waits: true,
      doc: 'Makes a folder, and the folders above it. Fine if it is there already.',
      params: [path],
      returns: [],
      errors: { ...noSpace, ...lookup, 'fs.exists': 'There is something at the path that is not a folder.' },
      example: `assert(fs.mkdir("one/two/three"))
assert(fs.is_dir("one/two/three"))
assert(fs.rmdir("one", { recursive = true }))`,
    }),
    rmdir: fn({
      waits: true,
      doc: `Removes a folder: an empty one, or with \`recursive\` one with all it contains. Links inside are removed, not followed.
The repository, its \`.git\`, the hub's data folder and the home folder are refused, and what contains them.`,
      params: [
        path,
        named(
          'options',
          t.opt(t.object({ recursive: t.opt(t.bool) })),
          '`recursive = true` removes the content too.',
        ),
      ],
      returns: [],
      errors: {
        ...missing,
        ...lookup,
        'fs.not_dir': 'It is a file or a link.',
        'fs.not_empty': 'The folder is not empty, and `recursive` was not set.',
        'fs.protected': 'It is, or contains, a folder that everything depends on.',
      },
      example: `assert(fs.mkdir("old/deep"))
local done, err = fs.rmdir("old")
assert(done == nil and err.code == "fs.not_empty")
assert(fs.rmdir("old", { recursive = true }))`,
    }),
    delete: fn({
      waits: true,
      doc: 'Removes a file, or a link (never what it leads to).',
      params: [path],
      returns: [],
      errors: { ...missing, ...lookup, 'fs.is_dir': 'It is a folder: use `fs.rmdir`.' },
      example: `assert(fs.write("notes.txt", ""))
assert(fs.delete("notes.txt") and not fs.exists("notes.txt"))`,
    }),
    copy: fn({
      waits: true,
      doc: `Copies a file or a folder, and makes the folders above the copy. A file replaces a file, whole or not at all; a folder
is merged into a folder. Links inside a folder stay links; sockets, pipes and devices are left out. Modes are kept.`,
      params: [
        named('from', t.name, 'The file or folder, or a link to it.'),
        named('to', t.name, 'The new path itself, not the folder to put it in.'),
      ],
      returns: [],
      errors: {
        ...missing,
        ...noSpace,
        ...inTheWay,
        ...notFile,
        ...grewTooLarge,
        ...lookup,
        'fs.is_dir': 'A file would replace a folder.',
        'fs.bad_path': 'A folder would be copied into itself, or the path is too long or loops.',
      },
      example: `assert(fs.write("one.txt", "same"))
assert(fs.copy("one.txt", "copies/two.txt"))
assert(fs.read("copies/two.txt") == "same")
assert(fs.delete("one.txt") and fs.rmdir("copies", { recursive = true }))`,
    }),
    rename: fn({
      waits: true,
      doc: `Moves a file, link or folder, also to another device, and makes the folders above its new place. A file that is there
is replaced, at once.`,
      params: [
        named('from', t.name, 'What to move.'),
        named('to', t.name, 'The new path itself, not the folder to put it in.'),
      ],
      returns: [],
      errors: {
        ...missing,
        ...noSpace,
        ...inTheWay,
        ...notFile,
        ...grewTooLarge,
        ...lookup,
        'fs.is_dir': 'A file would replace a folder.',
        'fs.not_empty': 'A folder would replace one that is not empty.',
        'fs.bad_path': 'A folder would be moved into itself, or the path is too long or loops.',
      },
      example: `assert(fs.write("draft.txt", "text"))
assert(fs.rename("draft.txt", "final/text.txt"))
assert(fs.exists("final/text.txt") and not fs.exists("draft.txt"))
assert(fs.rmdir("final", { recursive = true }))`,
    }),
    resolve_safe: fn({
      waits: true,
      doc: `Joins a path from elsewhere (an agent, a browser) to a root folder, and refuses what would lead out of it: absolute
paths, too many \`..\`, links to elsewhere. The file need not exist.`,
      params: [
        named('root', t.name, 'A folder that exists.'),
        named('relative', t.name, 'The path below it.'),
      ],
      returns: [
        named(
          'path',
          t.str,
          'The real path: absolute, without links. It holds as long as nobody changes the folders.',
        ),
      ],
      errors: {
        ...missing,
        ...lookup,
        'fs.escape': 'The path leads out of the root.',
        'fs.not_found': 'There is no root folder.',
      },
      example: `local path = assert(fs.resolve_safe(".", "docs/../notes/today.md"))
assert(path:sub(-15) == "/notes/today.md")
local nothing, err = fs.resolve_safe(".", "../elsewhere")
assert(nothing == nil and err.code == "fs.escape")`,
    }),
  },
});
