/**
 * `botster agent types`: the kinds of agents there are, where they are defined, and whether they are installed.
 */
import type { ValueOf } from '../../../protocol/methods.js';
import { defineCommand, jsonOption } from '../command.js';
import { withHub } from '../connect.js';
import { printable } from '../printable.js';
import type { Terminal } from '../terminal.js';

type Definitions = ValueOf<'agent.definitions'>['definitions'];

export const agentTypesCommand = defineCommand({
  name: 'agent types',
  summary: 'list the kinds of agents',
  description:
    'Built-in ones, and those of .botster/agents/NAME/ in the repository and of agents/NAME/ in the data folder ' +
    '(~/.botster). docs/agents.md says how to add one.',
  args: {},
  options: { json: jsonOption },
  examples: [{ line: 'botster agent types', doc: 'what "botster agent new --agent" takes' }],
  async run({ options, terminal, identity }) {
    const { definitions } = await withHub(await identity(), ({ client }) =>
      client.request('agent.definitions', {}),
    );
    terminal.out(
      options.json ? `${JSON.stringify(definitions, undefined, 2)}\n` : table(definitions, terminal),
    );
    return 0;
  },
});

function table(definitions: Definitions, terminal: Terminal): string {
  const rows = definitions.map(({ name, from, installed, description, error }) => ({
    cells: [name, from, error === undefined ? description : printable(error)],
    state: error !== undefined ? 'wrong' : installed ? 'installed' : 'missing',
  }));
  const widths = [0, 1].map((column) => Math.max(0, ...rows.map(({ cells }) => cells[column]?.length ?? 0)));
  return rows
    .map(({ cells: [name = '', from = '', about = ''], state }) => {
      const style = state === 'installed' ? 'green' : state === 'wrong' ? 'red' : 'dim';
      const mark = terminal.paint(style, state.padEnd(9));
      return `${name.padEnd(widths[0] ?? 0)}  ${mark}  ${from.padEnd(widths[1] ?? 0)}  ${printable(about)}\n`;
    })
    .join('');
}
