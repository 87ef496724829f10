/**
 * `botster session kill ID`: ends all processes of a session, or sends them a signal.
 */
import { defineCommand } from '../command.js';
import { sessionArgument } from './session-argument.js';
import { exitText } from './session-exit.js';
import { shownName } from './session-table.js';
import { withSessions } from './sessions.js';

const signals = ['HUP', 'INT', 'QUIT', 'KILL', 'TERM', 'USR1', 'USR2', 'STOP', 'CONT', 'TSTP'] as const;

export const sessionKillCommand = defineCommand({
  name: 'session kill',
  summary: 'end a session, or send it a signal',
  description:
    'Hangs up, like a terminal that is closed; what is still there after two seconds is terminated, after two more ' +
    'killed. Returns when the session has ended; one that had ended before is no error. With --signal only that ' +
    'signal is sent, to all its processes, and the command returns at once. Its output stays: "botster session log".',
  args: { id: sessionArgument },
  options: {
    signal: { type: 'text', short: 's', shown: 'NAME', doc: 'send only this signal', choices: signals },
  },
  examples: [
    { line: 'botster session kill web', doc: 'end it' },
    { line: 'botster session kill web --signal INT', doc: 'as Ctrl-C does' },
  ],
  async run({ args, options, terminal, identity }) {
    const { id } = args;
    const { signal } = options;
    const { session } = await withSessions(await identity(), ({ client }) =>
      client.request('session.kill', signal === undefined ? { id } : { id, signal }),
    );
    const name = shownName(session);
    if (session.state === 'exited') terminal.err(`Session ${name} ${exitText(session.exit)}.\n`);
    else terminal.err(`Sent SIG${signal ?? ''} to session ${name}.\n`);
    return 0;
  },
});
