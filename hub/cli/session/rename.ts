/**
 * `botster session rename ID NAME`: gives a session a name, by which all commands know it from then on.
 */
import { defineCommand } from '../command.js';
import { sessionArgument } from './session-argument.js';
import { withSessions } from './sessions.js';

export const sessionRenameCommand = defineCommand({
  name: 'session rename',
  summary: 'give a session a name',
  args: { id: sessionArgument, name: { shown: 'NAME', doc: 'the new name', completes: 'nothing' } },
  options: {},
  examples: [{ line: 'botster session rename 6f1c web', doc: 'now "botster attach web" works' }],
  async run({ args, identity }) {
    await withSessions(await identity(), ({ client }) => client.request('session.update', args));
    return 0;
  },
});
