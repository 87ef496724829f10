/**
 * What a hub says about itself: the value of the `status` method and the output of `botster status --json`.
 * Names are as scripts see them. Fields are added, never renamed.
 */
import { type Infer, t } from '../base/schema.js';

const lane = { depth: t.int(), max_depth: t.int(), limit: t.int() };

const sessionSummary = t.object({
  uuid: t.str,
  label: t.opt(t.str),
  state: t.oneOf('running', 'exited'),
});

/** The process that owns the sessions. Absent while none has been needed. */
const sessionHostSummary = t.object({
  pid: t.opt(t.int()),
  /** Release version: may be another than the hub's, since it outlives hubs. */
  version: t.opt(t.str),
  connected: t.bool,
  /** Sessions that run. */
  sessions: t.int(),
  /** Why the hub cannot use it. */
  error: t.opt(t.str),
});

const pluginSummary = t.object({
  name: t.str,
  state: t.oneOf('loading', 'loaded', 'failed', 'disabled'),
  /** Why it failed: message, and file and line where they are known. */
  error: t.opt(t.str),
});

const clientSummary = t.object({
  id: t.int(),
  /** What the client called itself: `cli`, `tui`, `mcp`. */
  client: t.str,
  version: t.str,
  connected_s: t.num(),
});

/** A paired device that is connected; one that has several windows open is there several times. */
const browserSummary = t.object({
  device_id: t.str,
  name: t.str,
  view_only: t.bool,
  connected_s: t.num(),
  /** How its bytes travel: `relayed` is through a TURN server. Absent until that is known. */
  path: t.opt(t.oneOf('direct', 'relayed')),
  /** Round trip of the last ping. */
  rtt_ms: t.opt(t.num()),
});

export const statusReport = t.object({
  hub_id: t.str,
  pid: t.int(),
  version: t.str,
  node: t.str,
  /** Real path of the repository. */
  repo: t.str,
  socket: t.str,
  /** Where browsers find the hub. Absent while it serves no page. */
  url: t.opt(t.str),
  /** How browsers find the hub. Absent while it serves no page. */
  web: t.opt(
    t.object({
      url: t.str,
      /** The Action Cable endpoint by which devices and hub find each other. */
      cable_url: t.opt(t.str),
      /** It is a relay elsewhere, not the hub's own. */
      relay: t.bool,
      /** Other machines of the network can open the page. */
      lan: t.bool,
    }),
  ),
  /** Paired devices that are connected now, each browser window counted. */
  peers: t.opt(t.int()),
  /** Those, oldest connection first. `path` and `rtt_ms` are as of the last second. */
  browsers: t.opt(t.list(browserSummary)),
  /** ISO 8601, UTC. */
  started_at: t.str,
  uptime_s: t.num(),
  rss_mb: t.num(),
  /** How late the event loop ran its timers. */
  loop: t.object({ lag_ms: t.object({ p50: t.num(), p99: t.num(), max: t.num() }) }),
  /** Events that wait for the loop. */
  queues: t.object({
    control: t.object(lane),
    bulk: t.object({ ...lane, coalesced: t.int(), dropped: t.int() }),
  }),
  /** Counts since start, by `owner.fact`. */
  counters: t.map(t.num()),
  sessions: t.list(sessionSummary),
  session_host: t.opt(sessionHostSummary),
  plugins: t.list(pluginSummary),
  clients: t.list(clientSummary),
});

export type StatusReport = Infer<typeof statusReport>;
export type SessionHostSummary = Infer<typeof sessionHostSummary>;
export type BrowserSummary = Infer<typeof browserSummary>;
export type PluginSummary = Infer<typeof pluginSummary>;
export type ClientSummary = Infer<typeof clientSummary>;
