/**
 * `botster session log ID`: what a session has written, from its first byte that is kept on.
 */
import { defineCommand } from '../command.js';
import { sessionArgument } from './session-argument.js';

export const sessionLogCommand = defineCommand({
  name: 'session log',
  summary: 'print the recorded output of a session',
  description:
    'The bytes as the program wrote them, also of a session that has ended. On a terminal the questions that ' +
    'programs ask terminals are left out, so that yours does not answer them. Offsets count bytes from the ' +
    "session's first; a note on stderr says which are no longer kept.",
  args: { id: sessionArgument },
  options: {
    since: { type: 'number', shown: 'OFFSET', doc: 'begin at this byte' },
    follow: { type: 'flag', short: 'f', doc: 'go on with new output until the session ends' },
  },
  examples: [
    { line: 'botster session log web | tail -n 50', doc: 'the end of it' },
    { line: 'botster session log web --follow > web.log', doc: 'write it along' },
  ],
  async run({ args, options, terminal, identity }) {
    const { showOutput } = await import('./show-output.js');
    const since = options.since === undefined ? undefined : Math.trunc(options.since);
    return await showOutput(await identity(), { id: args.id, since, follow: options.follow, terminal });
  },
});
