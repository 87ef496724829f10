/**
 * `botster devices`, or `botster devices list`: the paired devices.
 */
import { defineCommand, jsonOption } from '../command.js';
import { withHub } from '../connect.js';

export const devicesListCommand = defineCommand({
  name: 'devices list',
  summary: 'list paired devices',
  description:
    'Each with what it may do here ("do all" that you can do, or "look"), and when it was connected last.',
  args: {},
  options: { json: jsonOption },
  examples: [
    { line: 'botster devices list', doc: 'for people; "botster devices" does the same' },
    {
      line: "botster devices list --json | jq -r '.[] | select(.connected > 0).name'",
      doc: 'who is connected',
    },
  ],
  async run({ options, terminal, identity }) {
    const { devices } = await withHub(await identity(), ({ client }) => client.request('device.list', {}));
    if (options.json) {
      terminal.out(`${JSON.stringify(devices, undefined, 2)}\n`);
    } else if (devices.length === 0) {
      terminal.err('No device is paired. Pair one with "botster connect".\n');
    } else {
      const { deviceTable } = await import('./device-table.js');
      terminal.out(deviceTable(devices, { nowMs: Date.now(), terminal }));
    }
    return 0;
  },
});
