/**
 * `botster start`: runs the hub, here or in the background.
 *
 * In the background means a process of its own (detach.ts) that runs this same command; it tells its parent how the
 * start went, once.
 */
import { logLevels } from '../log-line.js';
import type { ReadyInfo } from '../run-options.js';
import { defineCommand, jsonOption } from './command.js';
import { parentOf } from './detach.js';
import { exitCodeOf } from './exit.js';
import type { Terminal } from './terminal.js';

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
  },
  examples: [
    { line: 'botster start', doc: 'run here, until Ctrl-C' },
    { line: 'botster start --detach', doc: 'run in the background' },
    { line: 'botster start -d --json | jq -r .socket', doc: 'start, and get the path of its socket' },
  ],
  async run({ options, terminal, identity, env }) {
    const hub = await identity();
    if (options.detach) {
      const { startDetached } = await import('./detach.js');
      const info = await startDetached({ identity: hub, env, logLevel: options['log-level'], terminal });
      printReady(info, { terminal, json: options.json, version: hub.version });
      return 0;
    }

    const parent = parentOf(process);
    try {
      const { runHub } = await import('../main.js');
      return await runHub({
        identity: hub,
        foreground: parent === undefined,
        logLevel: options['log-level'],
        onReady: (info) => {
          if (parent !== undefined) void parent.tellReady(info);
          else printReady(info, { terminal, json: options.json, version: hub.version, stop: true });
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

interface ReadyView {
  readonly terminal: Terminal;
  readonly json: boolean;
  readonly version: string;
  /** Whether Ctrl-C stops it. */
  readonly stop?: true;
}

function printReady(info: ReadyInfo, { terminal, json, version, stop }: ReadyView): void {
  if (json) {
    terminal.out(`${JSON.stringify(info)}\n`);
    return;
  }
  const rows = [
    ['repo', info.repo],
    ['hub', `${info.hub_id}, pid ${info.pid}`],
    ['socket', info.socket],
    ...(info.url === null ? [] : [['open', info.url]]),
    ['stop', stop ? 'Ctrl-C, or botster stop' : 'botster stop'],
  ];
  const lines = rows.map(([name = '', value]) => `  ${terminal.paint('dim', name.padEnd(7))} ${value}\n`);
  terminal.out(
    `${terminal.paint('green', 'ready')}  botster ${version}, in ${Math.round(performance.now())} ms\n${lines.join('')}`,
  );
}
