/**
 * `botster devices revoke ID`: a device loses its access, at once.
 */
import { fail } from '../../../base/errors.js';
import type { DeviceRecord } from '../../../protocol/devices.js';
import { defineCommand } from '../command.js';
import { type HubClient, withHub } from '../connect.js';
import type { Terminal } from '../terminal.js';
import { deviceArgument } from './device-argument.js';
import { shownDevice } from './device-table.js';

export const devicesRevokeCommand = defineCommand({
  name: 'devices revoke',
  summary: 'take away the access of a paired device',
  description:
    'Its connections end at once, and it is forgotten: to come back it has to be paired again ("botster connect"). ' +
    'Agents are not touched. Asks first on a terminal; elsewhere it needs --yes.',
  args: { id: deviceArgument },
  options: { yes: { type: 'flag', short: 'y', doc: 'do not ask' } },
  examples: [
    { line: 'botster devices revoke "My phone"', doc: 'a lost phone' },
    { line: 'botster devices revoke 3fKq --yes', doc: 'in a script' },
  ],
  async run({ args, options, terminal, identity }) {
    return await withHub(await identity(), async ({ client }) => {
      let { id } = args;
      if (!options.yes) {
        const device = await chosen(client, id);
        if (!(await confirmed(device, terminal))) {
          terminal.err('Nothing was changed.\n');
          return 1;
        }
        // What was asked about, should another device have got its name since.
        id = device.id;
      }
      const { device } = await client.request('device.revoke', { id });
      terminal.err(`${shownDevice(device)} has no access any more.\n`);
      return 0;
    });
  },
});

/** The device that the hub would take `id` for. Errors: device.not_found, device.ambiguous. */
async function chosen(client: HubClient, id: string): Promise<DeviceRecord> {
  const { devices } = await client.request('device.list', {});
  const exact = devices.find((device) => device.id === id);
  if (exact !== undefined) return exact;
  const found = devices.filter(
    (device) => device.id.startsWith(id) || device.name.toLowerCase() === id.toLowerCase(),
  );
  const [only] = found;
  if (only === undefined)
    throw fail('device.not_found', `There is no device "${id}". "botster devices" shows those there are.`);
  if (found.length === 1) return only;
  throw fail(
    'device.ambiguous',
    `"${id}" fits ${found.length} devices: ${found.map(shownDevice).join(', ')}. Name one by more of its id.`,
  );
}

async function confirmed(device: DeviceRecord, terminal: Terminal): Promise<boolean> {
  if (!terminal.isTty.in || !terminal.isTty.err)
    throw fail('cli.usage', 'There is no terminal to ask at. Say --yes to revoke the device.');
  terminal.err(`Take away the access of ${shownDevice(device)}? [y/N] `);
  return /^y(es)?$/i.test((await terminal.readLine()).trim());
}
