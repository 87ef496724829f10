/**
 * Paired devices and connection codes, as clients see them: what the hub's Lua (lua/hub/devices.lua) answers to the methods
 * `device.*` and `connection.*`. Names are as scripts see them. Fields are added, never renamed.
 */
import { type Infer, t } from '../base/schema.js';

const deviceFields = {
  /** From its public key: 32 hexadecimal digits. A unique prefix, or the name, will do where an id is asked for. */
  id: t.str,
  name: t.str,
  view_only: t.bool,
  /** ISO 8601, UTC. */
  paired_at: t.str,
  last_seen_at: t.opt(t.str),
  /** Connections that it has now. */
  connected: t.int(),
} as const;

export const deviceRecord = t.object(deviceFields);
export type DeviceRecord = Infer<typeof deviceRecord>;

const one = t.object({ device: deviceRecord });
const idOrName = t.text({ maxBytes: 200 });

export const connectionCode = t.object({
  /** To be opened in a browser. What stands behind the # pairs one device, and is sent to no server. */
  url: t.str,
  view_only: t.bool,
  created_at: t.str,
});
export type ConnectionCode = Infer<typeof connectionCode>;

/** Errors of those with an id: device.not_found, device.ambiguous. */
export const deviceMethods = {
  'device.list': { params: t.object({}), value: t.object({ devices: t.list(deviceRecord) }) },
  'device.rename': { params: t.object({ id: idOrName, name: t.text({ maxBytes: 100 }) }), value: one },
  'device.set_view_only': { params: t.object({ id: idOrName, view_only: t.bool }), value: one },
  /** Ends its connections at once; it learns nothing more. */
  'device.revoke': { params: t.object({ id: idOrName }), value: one },
  /** The code that pairs the next device; with `renew` a new one. Errors: connection.unavailable (no page is served). */
  'connection.code': {
    params: t.object({ view_only: t.opt(t.bool), renew: t.opt(t.bool) }),
    value: connectionCode,
  },
} as const;

export type DeviceMethod = keyof typeof deviceMethods;
