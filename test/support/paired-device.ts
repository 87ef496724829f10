/**
 * A browser without WebRTC: pairs with a hub through its relay, as the page does, and can say and hear sealed signals.
 */
import { randomBytes } from 'node:crypto';
import { HubError } from '../../base/errors.js';
import { parseConnectionCode } from '../../pairing/connection-code.js';
import { DeviceHandshake, type DeviceSession } from '../../pairing/device-handshake.js';
import { type KeyPair, loadSodium } from '../../pairing/sodium.js';
import { TestClient } from './relay.js';

export interface PairedDevice {
  readonly id: string;
  readonly keys: KeyPair;
  readonly session: DeviceSession;
  readonly client: TestClient;
  close(): void;
}

/** Pairs by the URL of a connection code. Resolves when the hub knows of it too. Call `close` when done. */
export async function pairDevice(url: string, name: string): Promise<PairedDevice> {
  const code = parseConnectionCode(url);
  if (code instanceof HubError) throw code;
  const sodium = await loadSodium();
  const keys = sodium.keyPair();
  const handshake = DeviceHandshake.pair(sodium, { code, keys, name, sentMs: Date.now() });
  const { client, identifier } = await cableOf(url, handshake.hubAddress);
  client.signal(identifier, { data: handshake.data });
  for (;;) {
    const { message } = await client.heard({ identifier });
    const session = handshake.receive((message as { data: string }).data);
    if (session === undefined) continue;
    // The hub takes a device in when it has proved that it read the answer.
    const data = session.channel.seal({ type: 'candidate' });
    if (data === undefined) throw new Error('the channel is closed');
    client.signal(identifier, { data });
    await client.settled();
    return { id: handshake.deviceId, keys, session, client, close: () => client.socket.terminate() };
  }
}

async function cableOf(url: string, hub: string): Promise<{ client: TestClient; identifier: string }> {
  const cable = new URL('cable', url);
  cable.protocol = 'ws:';
  cable.hash = '';
  const client = new TestClient(cable.href, { origin: new URL(url).origin });
  await client.heard({ type: 'welcome' });
  const peer = randomBytes(16).toString('base64url');
  return { client, identifier: await client.subscribe({ hub, role: 'device', peer }) };
}
