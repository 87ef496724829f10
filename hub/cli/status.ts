/**
 * `botster status`: what the hub of this repository does now, for people or as JSON for scripts.
 */
import { defineCommand, jsonOption } from './command.js';
import { withHub } from './connect.js';

export const statusCommand = defineCommand({
  name: 'status',
  summary: 'show what the hub of this repository does',
  description: 'Exits with status 4 if no hub is running.',
  args: {},
  options: { json: jsonOption },
  examples: [
    { line: 'botster status', doc: 'for people' },
    { line: 'botster status --json | jq .loop.lag_ms', doc: 'for scripts: how late the event loop is' },
  ],
  async run({ options, terminal, identity }) {
    const report = await withHub(await identity(), ({ client }) => client.request('status', {}));
    if (options.json) {
      // Scripts find every key; JSON has no way to say "absent" but null.
      const { hub_id, pid, repo, socket, url = null, ...rest } = report;
      terminal.out(`${JSON.stringify({ hub_id, pid, repo, socket, url, ...rest }, undefined, 2)}\n`);
      return 0;
    }
    const { statusText } = await import('./status-text.js');
    terminal.out(statusText(report, (style, text) => terminal.paint(style, text)));
    return 0;
  },
});
