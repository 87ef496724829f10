/**
 * `botster connect`: shows the code that pairs the next device, and waits for the device if asked to.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { ConnectionCode, DeviceRecord } from '../../protocol/devices.js';
import { defineCommand } from './command.js';
import { type HubClient, withHub } from './connect.js';
import { printable } from './printable.js';

/** A person has just looked up from the phone: not noticeable. */
const LOOK_MS = 300;

export const connectCommand = defineCommand({
  name: 'connect',
  summary: 'pair a phone or another browser with the hub',
  description:
    'Prints an address, and on a terminal the same as a QR code. Whoever opens it first is paired: from then on that ' +
    'browser may do all that you can do here, unless --view-only is given. It works once. What stands behind the # is ' +
    'the secret; it is sent to no server, so do not post it anywhere.',
  args: {},
  options: {
    'view-only': { type: 'flag', doc: 'the device can look on: not type, create or delete' },
    new: { type: 'flag', short: 'n', doc: 'a new address; the one shown before does not work any more' },
    wait: { type: 'flag', short: 'w', doc: 'return when a device has been paired, and say its name' },
    timeout: { type: 'number', shown: 'SECONDS', doc: 'with --wait: give up after so long' },
    copy: { type: 'flag', short: 'c', doc: 'copy the address to the clipboard' },
    'no-qr': { type: 'flag', doc: 'no QR code' },
    json: { type: 'flag', doc: 'print JSON, one line; with --wait a second line, the device' },
  },
  examples: [
    { line: 'botster connect', doc: 'pair a phone' },
    { line: 'botster connect --view-only --wait', doc: 'let somebody look on, and see who' },
    { line: 'botster connect --json | jq -r .url', doc: 'only the address' },
  ],
  async run({ options, terminal, identity, env }) {
    return await withHub(await identity(), async ({ client }) => {
      const before = options.wait ? (await client.request('device.list', {})).devices : [];
      const code = await client.request('connection.code', {
        view_only: options['view-only'],
        renew: options.new,
      });
      if (options.json) {
        terminal.out(`${JSON.stringify(code)}\n`);
      } else {
        const { showCode } = await import('./pairing-text.js');
        showCode(code, { terminal, qr: !options['no-qr'] });
      }
      if (options.copy) {
        const { copyText } = await import('./clipboard.js');
        terminal.err(`${await copyText(code.url, env, terminal)}\n`);
      }
      if (!options.wait) return 0;
      if (terminal.isTty.err) terminal.err('Waiting for the device ... (Ctrl-C ends only the waiting)\n');
      const { withTimeout } = await import('./session/waiting.js');
      const { timeout } = options;
      const stop = new AbortController();
      const device = await withTimeout(
        pairedWith(client, code, before, stop.signal),
        timeout,
        `No device was paired within ${timeout} s. The address still works.`,
      ).finally(() => stop.abort());
      if (options.json) terminal.out(`${JSON.stringify(device)}\n`);
      else terminal.err(`Paired: ${printable(device.name)}${device.view_only ? ', view-only' : ''}.\n`);
      return 0;
    });
  },
});

/** The device that was paired since `before`, as soon as there is one. */
async function pairedWith(
  client: HubClient,
  { view_only }: ConnectionCode,
  before: readonly DeviceRecord[],
  signal: AbortSignal,
): Promise<DeviceRecord> {
  const known = new Set(before.map(({ id, paired_at }) => `${id} ${paired_at}`));
  for (;;) {
    const { devices } = await client.request('device.list', {});
    const device = devices.find(
      ({ id, paired_at, view_only: only }) => only === view_only && !known.has(`${id} ${paired_at}`),
    );
    if (device !== undefined) return device;
    await wait(LOOK_MS, undefined, { signal });
  }
}
