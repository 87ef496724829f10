/** What a hub tells the session host that it starts: one JSON argument. */
import { type Infer, t } from '../base/schema.js';

export const hostConfig = t.object({
  hub_id: t.text({ maxBytes: 64 }),
  /** Release version of the hub that starts it. */
  version: t.text({ maxBytes: 64 }),
  /** The hub's private folder, 0700: the host keeps token, log and sessions there. */
  state_dir: t.name,
  socket_path: t.name,
  /** Sessions that may run at a time. */
  max_sessions: t.int({ min: 1, max: 1_000 }),
  /** How long it stays without sessions and without a hub. */
  idle_exit_ms: t.int({ min: 0 }),
});
export type HostConfig = Infer<typeof hostConfig>;

/** Names a running host in `<state_dir>/host.pid`: its process, by pid and start mark (system/process-identity.ts). */
export const hostRecord = t.object({
  pid: t.int({ min: 1 }),
  mark: t.str,
  version: t.str,
  protocol: t.int(),
});
export type HostRecord = Infer<typeof hostRecord>;

/** Tells a running host to look after its socket file, which something may have removed. */
export const HOST_LOOK_SIGNAL = 'SIGUSR2';
