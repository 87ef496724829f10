/**
 * How connections between hub and devices are made: STUN and TURN servers, and whether only relays may be used.
 *
 * `webrtc.ice_servers` (a list of { urls, username?, credential? }) and `webrtc.relay_only` in the device's
 * configuration. Never the repository's: who can write a repository must not say through which server terminals go.
 * Without servers a connection is made on the local network, or where the hub can be reached directly; no server of a
 * stranger is asked unless the user names one.
 */
import { mismatch } from '../base/check.js';
import { fail } from '../base/errors.js';
import { type Infer, t } from '../base/schema.js';
import { iceServer } from '../protocol/signals.js';
import { SettingsFile } from './config/settings-file.js';

export type IceServer = Infer<typeof iceServer>;

/** As in the hub's greeting (protocol/signals.ts). */
export interface IceSettings {
  readonly servers: readonly IceServer[];
  readonly relay_only: boolean;
}

const MAX_SERVERS = 8;
const keys = {
  'webrtc.ice_servers': t.opt(t.list(iceServer)),
  'webrtc.relay_only': t.opt(t.bool),
} as const;

/** Reads them as they are now. Errors: config.unreadable, config.bad_value. */
export async function readIceSettings(dataDir: string): Promise<IceSettings> {
  const path = `${dataDir}/config.json`;
  const settings = await new SettingsFile(path).read();
  const bad = (problem: string): Error =>
    fail('config.bad_value', `Wrong value in ${path}: ${problem}.`, { path });
  const values: Record<string, unknown> = {};
  for (const [key, schema] of Object.entries(keys)) {
    const value = settings.get(key);
    const problem = mismatch(schema, value, key);
    if (problem !== undefined) throw bad(problem);
    values[key] = value;
  }
  const servers = (values['webrtc.ice_servers'] ?? []) as IceServer[];
  if (servers.length > MAX_SERVERS) throw bad(`webrtc.ice_servers: at most ${MAX_SERVERS} expected`);
  for (const [index, { urls, username, credential }] of servers.entries()) {
    const at = `webrtc.ice_servers[${index}]`;
    const odd = urls.find((url) => !/^(?:stuns?|turns?):[^\s]+$/.test(url));
    if (urls.length === 0 || odd !== undefined)
      throw bad(`${at}.urls: addresses such as stun:host:3478 or turn:host:3478 expected`);
    if (isTurn({ urls }) && (username === undefined || credential === undefined))
      throw bad(`${at}: a TURN server needs username and credential`);
  }
  const relay_only = values['webrtc.relay_only'] === true;
  if (relay_only && !servers.some(isTurn))
    throw bad('webrtc.relay_only: needs a TURN server in webrtc.ice_servers');
  return { servers, relay_only };
}

export function isTurn({ urls }: Pick<IceServer, 'urls'>): boolean {
  return urls.some((url) => url.startsWith('turn'));
}
