/**
 * `botster devices view-only ID on|off`: what a paired device may do.
 */
import { defineCommand } from '../command.js';
import { withHub } from '../connect.js';
import { deviceArgument } from './device-argument.js';
import { shownDevice } from './device-table.js';

export const devicesViewOnlyCommand = defineCommand({
  name: 'devices view-only',
  summary: 'let a paired device only look on, or do everything again',
  description:
    'A view-only device sees agents and their screens. It cannot type, resize, create or delete, nor pair others; the ' +
    'hub refuses it, whatever the device asks. A change holds at once: the device reconnects.',
  args: {
    id: deviceArgument,
    state: { shown: 'on|off', doc: 'on: only look', choices: ['on', 'off'] },
  },
  options: {},
  examples: [{ line: 'botster devices view-only "My phone" on', doc: 'from now on it can only look' }],
  async run({ args, terminal, identity }) {
    const { device } = await withHub(await identity(), ({ client }) =>
      client.request('device.set_view_only', { id: args.id, view_only: args.state === 'on' }),
    );
    const may = device.view_only ? 'can only look on now' : 'can do everything now';
    terminal.err(`${shownDevice(device)} ${may}.\n`);
    return 0;
  },
});
