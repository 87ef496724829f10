/**
 * `botster devices rename ID NAME`: gives a paired device another name.
 */
import { defineCommand } from '../command.js';
import { withHub } from '../connect.js';
import { deviceArgument } from './device-argument.js';
import { shownDevice } from './device-table.js';

export const devicesRenameCommand = defineCommand({
  name: 'devices rename',
  summary: 'give a paired device another name',
  args: {
    id: deviceArgument,
    name: { shown: 'NAME', doc: 'what it shall be called', completes: 'nothing' },
  },
  options: {},
  examples: [{ line: 'botster devices rename 3fKq "My phone"', doc: 'one word, or more in quotes' }],
  async run({ args, terminal, identity }) {
    const { device } = await withHub(await identity(), ({ client }) =>
      client.request('device.rename', { id: args.id, name: args.name }),
    );
    terminal.err(`It is called ${shownDevice(device)} now.\n`);
    return 0;
  },
});
