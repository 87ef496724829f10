/**
 * What `botster start` says once the hub serves: where everything is, and while no device is paired how to pair one.
 */
import type { HubIdentity } from '../../primitives/context.js';
import type { ReadyInfo } from '../run-options.js';
import type { Terminal } from './terminal.js';

export interface ReadyView {
  readonly terminal: Terminal;
  readonly json: boolean;
  readonly identity: HubIdentity;
  /** Whether Ctrl-C stops it. */
  readonly stop?: true;
}

/** Resolves when all is said. Never rejects: the hub runs, whatever becomes of this. */
export async function showReady(info: ReadyInfo, view: ReadyView): Promise<void> {
  const { terminal, json, identity, stop } = view;
  if (json) {
    terminal.out(`${JSON.stringify(info)}\n`);
    return;
  }
  const rows = [
    ['repo', info.repo],
    ['hub', `${info.hub_id}, pid ${info.pid}`],
    ['socket', info.socket],
    ...(info.url === null
      ? []
      : [
          ['page', info.url],
          ['pair', 'botster connect'],
        ]),
    ['stop', stop ? 'Ctrl-C, or botster stop' : 'botster stop'],
  ];
  const lines = rows.map(([name = '', value]) => `  ${terminal.paint('dim', name.padEnd(7))} ${value}\n`);
  const tookMs = Math.round(performance.now());
  terminal.out(
    `${terminal.paint('green', 'ready')}  botster ${identity.version}, in ${tookMs} ms\n${lines.join('')}`,
  );
  if (info.url !== null && terminal.isTty.out) await offerPairing(view);
}

/** A stranger's next step. Says nothing if it cannot: `botster connect` tells why. */
async function offerPairing({ terminal, identity }: ReadyView): Promise<void> {
  try {
    const { withHub } = await import('./connect.js');
    const code = await withHub(identity, async ({ client }) => {
      const { devices } = await client.request('device.list', {});
      return devices.length > 0 ? undefined : await client.request('connection.code', {});
    });
    if (code === undefined) return;
    const { showCode } = await import('./pairing-text.js');
    showCode(code, { terminal, qr: true });
  } catch {
    // The hub runs; that is what was asked for.
  }
}
