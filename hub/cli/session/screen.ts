/**
 * `botster session screen ID`: what a session shows now, or showed last.
 */
import { defineCommand, jsonOption } from '../command.js';
import { sessionArgument } from './session-argument.js';
import { withSessions } from './sessions.js';

export const sessionScreenCommand = defineCommand({
  name: 'session screen',
  summary: 'print what a session shows',
  description:
    'One line per row, without the blanks at the end of lines and of the screen. With --ansi the text has its ' +
    'colours and terminal modes: written to a terminal of the same size, it shows the same. With --json one object: ' +
    'text, offset (bytes of output so far), rows, cols, cursor {row, col, visible}, counted from 0.',
  args: { id: sessionArgument },
  options: {
    ansi: { type: 'flag', doc: 'with colours, as terminal sequences' },
    scrollback: { type: 'number', shown: 'N', doc: 'lines above the screen as well', default: 0 },
    json: jsonOption,
  },
  examples: [
    { line: 'botster session screen web', doc: 'the text' },
    { line: 'botster session screen web --json | jq .cursor', doc: 'where the cursor is' },
  ],
  async run({ args, options, terminal, identity }) {
    const { ansi, json } = options;
    const scrollback = Math.trunc(options.scrollback);
    const screen = await withSessions(await identity(), ({ client }) =>
      client.request('session.screen', { id: args.id, ansi, scrollback }),
    );
    if (json) terminal.out(`${JSON.stringify(screen, undefined, 2)}\n`);
    else terminal.out(ansi || screen.text === '' ? screen.text : `${screen.text}\n`);
    return 0;
  },
});
