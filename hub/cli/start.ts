/**
 * `botster start`: runs the hub, here or in the background.
 *
 * In the background means a process of its own (detach.ts) that runs this same command; it tells its parent how the
 * start went, once.
 */
import { logLevels } from '../log-line.js';
import { defineCommand, jsonOption } from './command.js';
import { parentOf } from './detach.js';
import { exitCodeOf } from './exit.js';
import { showReady } from './ready-text.js';
import { LAN_WARNING, webOptions, webOptionsOf } from './web-options.js';

export const startCommand = defineCommand({
  name: 'start',
  summary: 'run the hub of this repository',
  description:
    'Stays in the foreground and prints the log; Ctrl-C stops the hub. With --detach the hub runs in the ' +
    'background, and the command returns as soon as it is ready. There is one hub per repository: a second start ' +
    'says so and exits with status 3.',
  args: {},
  outlivesReader: true,
  options: {
    detach: { type: 'flag', short: 'd', doc: 'run in the background' },
    json: jsonOption,
    'log-level': {
      type: 'text',
      shown: 'LEVEL',
      doc: 'least serious lines to log',
      choices: logLevels,
      default: 'info',
    },
    ...webOptions,
  },
  examples: [
    { line: 'botster start', doc: 'run here, until Ctrl-C' },
    { line: 'botster start --detach', doc: 'run in the background' },
    { line: 'botster start -d --json | jq -r .socket', doc: 'start, and get the path of its socket' },
  ],
  async run({ options, terminal, identity, env }) {
    const hub = await identity();
    const web = webOptionsOf(options);
    const level = options['log-level'];
    const parent = options.detach ? undefined : parentOf(process);
    if (options.lan && parent === undefined) terminal.err(LAN_WARNING);
    if (options.detach) {
      const { startDetached } = await import('./detach.js');
      const info = await startDetached({ identity: hub, env, logLevel: level, web, terminal });
      await showReady(info, { terminal, json: options.json, identity: hub });
      return 0;
    }

    try {
      const { runHub } = await import('../main.js');
      return await runHub({
        identity: hub,
        foreground: parent === undefined,
        logLevel: level,
        web,
        onReady: (info) => {
          if (parent !== undefined) void parent.tellReady(info);
          else void showReady(info, { terminal, json: options.json, identity: hub, stop: true });
        },
      });
    } catch (thrown) {
      if (parent === undefined) throw thrown;
      // The parent says it, to whoever started the hub.
      await parent.tellFailure(thrown);
      return exitCodeOf(thrown);
    }
  },
});
