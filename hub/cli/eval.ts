/**
 * `botster eval CODE`: runs Lua in the hub and prints what it returns.
 */
import { defineCommand } from './command.js';
import { decodeSource, runLua } from './run-lua.js';

export const evalCommand = defineCommand({
  name: 'eval',
  summary: 'run Lua code in the hub',
  description:
    'Runs the code as a task in the running hub, with full rights, and prints one line: a JSON array of the values ' +
    'it returned. A Lua error prints its traceback and exits with status 1. With - the code comes from stdin. ' +
    'Arguments are the "..." of the code.',
  args: {
    code: { shown: 'CODE', doc: 'Lua code, or - for stdin', completes: 'nothing' },
    args: { shown: 'ARGUMENT', doc: 'given to the code as "..."', rest: true, completes: 'nothing' },
  },
  options: {},
  passThrough: true,
  examples: [
    { line: "botster eval 'return hub.hub_id()'", doc: 'prints ["0123456789abcdef"]' },
    { line: 'botster eval \'return select("#", ...)\' a b', doc: 'prints [2]' },
    { line: 'echo "return 1 + 1" | botster eval -', doc: 'prints [2]' },
  ],
  async run({ args, terminal, identity }) {
    const fromStdin = args.code === '-';
    const code = fromStdin ? decodeSource(await terminal.readInput(), 'stdin') : args.code;
    const chunkName = fromStdin ? '=stdin' : '=(eval)';
    return await runLua(await identity(), { code, chunkName, args: args.args }, terminal);
  },
});
