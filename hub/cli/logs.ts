/**
 * `botster logs`: the log of the hub of this repository, also of one that is not running.
 */
import { logLevels } from '../log-line.js';
import { defineCommand } from './command.js';

export const logsCommand = defineCommand({
  name: 'logs',
  summary: 'show the log of the hub of this repository',
  args: {},
  options: {
    follow: { type: 'flag', short: 'f', doc: 'go on with new lines as they come, until Ctrl-C' },
    lines: { type: 'number', short: 'n', shown: 'N', doc: 'how many of the last lines', default: 100 },
    level: {
      type: 'text',
      shown: 'LEVEL',
      doc: 'least serious lines to show',
      choices: logLevels,
      default: 'debug',
    },
    json: { type: 'flag', doc: 'print the JSON lines as they are in the file' },
  },
  examples: [
    { line: 'botster logs -f', doc: 'watch the hub' },
    { line: 'botster logs --level warn', doc: 'only what needs attention' },
    {
      line: 'botster logs --json -n 1000 | jq \'select(.source == "control")\'',
      doc: 'search with other tools',
    },
  ],
  async run({ options, terminal, identity }) {
    const { stateFiles } = await import('../paths.js');
    const { showLog } = await import('./log-reader.js');
    const path = stateFiles((await identity()).stateDir).log;
    return await showLog({ ...options, path, terminal });
  },
});
