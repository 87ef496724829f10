/** What the session host of a hub is told when it starts. */
import { mismatch } from '../../base/check.js';
import { fail } from '../../base/errors.js';
import { t } from '../../base/schema.js';
import type { HostConfig } from '../../protocol/host-config.js';
import { SettingsFile } from '../config/settings-file.js';
import type { HubIdentity } from '../context.js';

const DEFAULT_MAX_SESSIONS = 50;
/** How long a host stays without sessions and without a hub. */
const IDLE_EXIT_MS = 60_000;

/** `maxSessions` is that of readMaxSessions. */
export function hostConfigOf(identity: HubIdentity, maxSessions: number): HostConfig {
  return {
    hub_id: identity.hubId,
    version: identity.version,
    state_dir: identity.stateDir,
    socket_path: identity.hostSocketPath,
    max_sessions: maxSessions,
    idle_exit_ms: IDLE_EXIT_MS,
  };
}

/** The user's limit: `max_sessions` in the device's configuration. Errors: config.unreadable, config.bad_value. */
export async function readMaxSessions(dataDir: string): Promise<number> {
  const path = `${dataDir}/config.json`;
  const value = (await new SettingsFile(path).read()).get('max_sessions');
  if (value === undefined) return DEFAULT_MAX_SESSIONS;
  const problem = mismatch(t.int({ min: 1, max: 1_000 }), value, 'max_sessions');
  if (problem !== undefined) throw fail('config.bad_value', `Wrong value in ${path}: ${problem}.`, { path });
  return value as number;
}
