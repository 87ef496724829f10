/**
 * `botster status`: what the hub of this repository does now, for people or as JSON for scripts.
 */

import type { DeviceRecord } from '../../protocol/devices.js';
import { defineCommand, jsonOption } from './command.js';
import { type HubClient, withHub } from './connect.js';

const DEVICES_MS = 2_000;

export const statusCommand = defineCommand({
  name: 'status',
  summary: 'show what the hub of this repository does',
  description: 'Exits with status 4 if no hub is running.',
  args: {},
  options: { json: jsonOption },
  examples: [
    { line: 'botster status', doc: 'for people' },
    { line: 'botster status --json | jq .loop.lag_ms', doc: 'for scripts: how late the event loop is' },
  ],
  async run({ options, terminal, identity }) {
    const [report, devices] = await withHub(await identity(), ({ client }) =>
      Promise.all([client.request('status', {}), options.json ? undefined : devicesOf(client)]),
    );
    if (options.json) {
      // Scripts find every key; JSON has no way to say "absent" but null.
      const { hub_id, pid, repo, socket, url = null, ...rest } = report;
      terminal.out(`${JSON.stringify({ hub_id, pid, repo, socket, url, ...rest }, undefined, 2)}\n`);
      return 0;
    }
    const { statusText } = await import('./status-text.js');
    terminal.out(statusText(report, (style, text) => terminal.paint(style, text), devices));
    return 0;
  },
});

/** Undefined if the hub's Lua, which answers this, does not: a status is needed most when something is wrong. */
async function devicesOf(client: HubClient): Promise<readonly DeviceRecord[] | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), DEVICES_MS);
  });
  const asked = client.request('device.list', {}).then(
    ({ devices }) => devices,
    () => undefined,
  );
  return await Promise.race([asked, late]).finally(() => clearTimeout(timer));
}
