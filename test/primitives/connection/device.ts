/** A device as a browser has it, for tests: its keys, and what it says through a relay that a test plays. */

import { type ConnectionCode, parseConnectionCode } from '../../../pairing/connection-code.js';
import { DeviceHandshake, type DeviceSession } from '../../../pairing/device-handshake.js';
import { type KeyPair, loadSodium, type Sodium } from '../../../pairing/sodium.js';

export const sodium: Sodium = await loadSodium();

export class TestDevice {
  readonly keys: KeyPair = sodium.keyPair();
  readonly name: string;
  /** Later in each greeting. */
  sentMs = 1_000;

  constructor(name = 'Phone') {
    this.name = name;
  }

  /** Begins to pair, with what the hub shows. */
  pair(url: string): DeviceHandshake {
    return DeviceHandshake.pair(sodium, {
      code: codeOf(url),
      keys: this.keys,
      name: this.name,
      sentMs: this.sentMs++,
    });
  }

  connect(hubKey: Uint8Array): DeviceHandshake {
    return DeviceHandshake.connect(sodium, { hubKey, keys: this.keys, sentMs: this.sentMs++ });
  }
}

export function codeOf(url: string): ConnectionCode {
  const code = parseConnectionCode(url);
  if (code instanceof Error) throw code;
  return code;
}

/** Takes the hub's answer, which must be one. */
export function answered(handshake: DeviceHandshake, reply: string | undefined): DeviceSession {
  const session = handshake.receive(reply ?? '');
  if (session === undefined) throw new Error('the hub did not answer');
  return session;
}

/** The offer of a device, sealed. */
export function offer(session: DeviceSession, sdp = 'v=0'): string {
  return session.channel.seal({ type: 'offer', sdp }) ?? '';
}
