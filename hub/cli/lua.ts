/**
 * `botster lua FILE`: runs a Lua file in the hub, as the `lua` command runs one by itself.
 */
import { readFile } from 'node:fs/promises';
import { fail } from '../../base/errors.js';
import { defineCommand } from './command.js';
import { asScript, decodeSource, runLua } from './run-lua.js';

export const luaCommand = defineCommand({
  name: 'lua',
  summary: 'run a Lua file in the hub',
  description:
    'Runs the file as a task in the running hub, with full rights, and prints one line: a JSON array of the values ' +
    'it returned. Arguments are its "..." and its "arg". A first line that begins with # is skipped, so a file can ' +
    'name botster as its interpreter. With - the code comes from stdin.',
  args: {
    file: { shown: 'FILE', doc: 'a Lua file, or - for stdin', completes: 'file' },
    args: { shown: 'ARGUMENT', doc: 'given to the file as "..." and "arg"', rest: true, completes: 'file' },
  },
  options: {},
  passThrough: true,
  examples: [
    { line: 'botster lua report.lua', doc: 'run a file' },
    {
      line: 'botster lua cleanup.lua --older-than 7',
      doc: "with arguments; options after FILE are the file's own",
    },
  ],
  async run({ args, terminal, identity }) {
    const fromStdin = args.file === '-';
    const bytes = fromStdin ? await terminal.readInput() : await readScript(args.file);
    const code = asScript(decodeSource(bytes, args.file), args.file, args.args);
    const chunkName = fromStdin ? '=stdin' : `@${args.file}`;
    return await runLua(await identity(), { code, chunkName, args: args.args }, terminal);
  },
});

async function readScript(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    const reasons: Record<string, string> = { ENOENT: 'there is no such file', EISDIR: 'it is a folder' };
    const { code = '', message } = error as NodeJS.ErrnoException;
    throw fail('cli.unreadable_file', `Cannot read ${file}: ${reasons[code] ?? message}.`);
  }
}
