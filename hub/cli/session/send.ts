/**
 * `botster session send ID TEXT`: types into a session.
 */
import { fail, HubError } from '../../../base/errors.js';
import { defineCommand } from '../command.js';
import { sessionArgument } from './session-argument.js';

export const sessionSendCommand = defineCommand({
  name: 'session send',
  summary: 'type text or press keys in a session',
  description:
    'Types TEXT, in UTF-8, with blanks between several; - means all of stdin, byte for byte. Then the keys of ' +
    '--keys are pressed, then Enter with --enter (which takes the place of a last newline of stdin). Text of several lines goes as one paste to programs that want to ' +
    'know (bracketed paste), so that a shell or an agent does not run each line by itself. Text that begins with ' +
    'a dash follows after --.',
  args: {
    id: sessionArgument,
    text: { shown: 'TEXT', doc: 'what to type; - for stdin', rest: true, completes: 'nothing' },
  },
  options: {
    enter: { type: 'flag', short: 'e', doc: 'press Enter at the end' },
    keys: {
      type: 'text',
      short: 'k',
      shown: 'KEYS',
      doc: 'press these keys after the text: ctrl-c, up, escape, f5, ...; several with commas',
    },
  },
  examples: [
    { line: 'botster session send web "npm test" --enter', doc: 'run a command in a shell' },
    { line: 'botster session send fix --enter - < task.md', doc: 'give an agent a text of many lines' },
    { line: 'botster session send web --keys ctrl-c', doc: 'interrupt' },
  ],
  async run({ args, options, terminal, identity }) {
    const { parseKeys } = await import('../keys.js');
    const keys = options.keys === undefined ? [] : parseKeys(options.keys);
    if (keys instanceof HubError) throw keys;
    if (args.text.length === 0 && keys.length === 0 && !options.enter) {
      throw fail('cli.usage', 'Nothing to send: give TEXT (- for stdin), --keys or --enter.');
    }
    const fromStdin = args.text.length === 1 && args.text[0] === '-';
    const text = fromStdin
      ? withoutLastNewline(await terminal.readInput(), options.enter)
      : Buffer.from(args.text.join(' '));
    const { withSessions } = await import('./sessions.js');
    const { sendInput } = await import('./send-input.js');
    await withSessions(await identity(), ({ client }) =>
      sendInput(client, { id: args.id, text, keys, enter: options.enter }),
    );
    return 0;
  },
});

function withoutLastNewline(text: Uint8Array, enter: boolean): Uint8Array {
  if (!enter || text.at(-1) !== 0x0a) return text;
  return text.subarray(0, text.at(-2) === 0x0d ? -2 : -1);
}
