/**
 * `botster agent list`: the agents of this repository.
 */
import { defineCommand, jsonOption } from '../command.js';
import { withHub } from '../connect.js';

export const agentListCommand = defineCommand({
  name: 'agent list',
  summary: 'list agents',
  description:
    'Running ones, and those that have ended until "botster agent rm" removes them. One "needs you" when it rang, sent a ' +
    'notification or ended a long command, and nobody has looked since.',
  args: {},
  options: { json: jsonOption },
  examples: [
    { line: 'botster agent list', doc: 'for people' },
    {
      line: 'botster agent list --json | jq -r \'.[] | select(.activity == "idle").branch\'',
      doc: 'who rests',
    },
  ],
  async run({ options, terminal, identity }) {
    const { agents } = await withHub(await identity(), ({ client }) => client.request('agent.list', {}));
    if (options.json) {
      terminal.out(`${JSON.stringify(agents, undefined, 2)}\n`);
    } else if (agents.length === 0) {
      terminal.err('There are no agents. Start one with "botster agent new BRANCH".\n');
    } else {
      const { agentTable } = await import('./agent-text.js');
      terminal.out(agentTable(agents, Date.now(), terminal));
    }
    return 0;
  },
});
