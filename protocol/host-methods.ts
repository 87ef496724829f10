/**
 * What a client may ask of a session host: each method once, with what it takes and gives.
 *
 * The hub passes these requests, and the frames of terminal-frames.ts, from its own socket's clients to the host and
 * back unchanged, so `botster attach` and the hub speak the same language. Adding a method does not change the version.
 */

import { fail, type HubError } from '../base/errors.js';
import { t } from '../base/schema.js';
import { cols, rows, sessionId, sessionRecord, sizePolicy } from './session.js';
import type { Speaker } from './version.js';

/** Changes when a message changes its meaning. A host outlives its hub, so a hub may meet an older or newer one. */
export const HOST_PROTOCOL_VERSION = 1;

const attach = t.int({ min: 0, max: 0xffff_ffff });
const one = t.object({ session: sessionRecord });
const nothing = t.object({});

export const hostMethods = {
  /**
   * Starts a command in a PTY. Errors: session.limit, session.exists, session.bad_uuid, session.command_not_found,
   * session.bad_cwd, session.bad_env, session.meta_too_large, session.spawn_failed, host.stopping.
   */
  'session.spawn': {
    params: t.object({
      /** Default: a new one. */
      uuid: t.opt(t.text({ maxBytes: 36 })),
      name: t.opt(t.text({ maxBytes: 200 })),
      /** A path, or a name that is looked up in PATH of `env`. */
      cmd: t.text({ maxBytes: 4096 }),
      args: t.list(t.text({ maxBytes: 128 * 1024 })),
      /** Absolute. */
      cwd: t.text({ maxBytes: 4096 }),
      /** The whole environment: nothing is inherited. TERM is set if it is missing. */
      env: t.map(t.str),
      rows: t.opt(rows),
      cols: t.opt(cols),
      size_policy: t.opt(sizePolicy),
      port: t.opt(t.int({ min: 1, max: 65535 })),
      meta: t.opt(t.map(t.any)),
      /** Size of the memory ring, default 4 MiB; and of the history on disk, default 32 MiB, 0 for none. */
      ring_bytes: t.opt(t.int({ min: 64 * 1024, max: 64 * 1024 * 1024 })),
      history_bytes: t.opt(t.int({ min: 0, max: 1024 * 1024 * 1024 })),
    }),
    value: one,
  },
  /** All sessions, oldest first; with `ended` those too whose history is still on disk. */
  'session.list': {
    params: t.object({ ended: t.opt(t.bool) }),
    value: t.object({ sessions: t.list(sessionRecord) }),
  },
  /** Errors of this and all below: session.not_found, session.ambiguous (details.matches). */
  'session.get': { params: t.object({ id: sessionId }), value: one },
  /** Types into it. Errors: session.ended, session.input_full (the program does not read). */
  'session.send': {
    params: t.object({ id: sessionId, data_base64: t.str }),
    value: nothing,
  },
  /** Gives it a size, and with it the policy `pinned`. Errors: session.ended. */
  'session.resize': { params: t.object({ id: sessionId, rows, cols }), value: nothing },
  'session.set_size_policy': { params: t.object({ id: sessionId, policy: sizePolicy }), value: nothing },
  /**
   * Ends all its processes: hang-up, after `grace_ms` (default 2,000) terminate, after as much again kill. Answers
   * when it has ended. With `signal` (`INT`, `TERM`, ...) sends only that, and answers at once. Ended: no error.
   */
  'session.kill': {
    params: t.object({
      id: sessionId,
      signal: t.opt(t.oneOf('HUP', 'INT', 'QUIT', 'KILL', 'TERM', 'USR1', 'USR2', 'STOP', 'CONT', 'TSTP')),
      grace_ms: t.opt(t.int({ min: 0, max: 60_000 })),
    }),
    value: one,
  },
  /**
   * Its screen after all that it has printed: as text, one line per row without trailing blanks; with `ansi` as a snapshot.
   * Errors: mirror.failed.
   */
  'session.screen': {
    params: t.object({
      id: sessionId,
      ansi: t.opt(t.bool),
      /** Lines above the screen to show as well. */
      scrollback: t.opt(t.int({ min: 0, max: 10_000 })),
    }),
    value: t.object({
      text: t.str,
      offset: t.int(),
      rows: t.int(),
      cols: t.int(),
      /** From 0, at the top left. */
      cursor: t.object({ row: t.int(), col: t.int(), visible: t.bool }),
    }),
  },
  /**
   * Recorded output from offset `since` (default: the oldest there is) on, at most `max_bytes` (default and limit 1 MiB).
   * `offset` is where the bytes begin: later than `since` where bytes are gone. At the end there are none.
   */
  'session.history': {
    params: t.object({
      id: sessionId,
      since: t.opt(t.int({ min: 0 })),
      max_bytes: t.opt(t.int({ min: 1, max: 1024 * 1024 })),
    }),
    value: t.object({
      offset: t.int(),
      data_base64: t.str,
      /** The session's offset now. */
      end: t.int(),
    }),
  },
  /**
   * Begins to receive the session: output from `offset` on if the ring still has it, else a snapshot, then output.
   * One ordered stream under the number `attach`. The host sends while it has credit, and a snapshot instead of a
   * backlog. Input frames of the same number go to the session. Errors: session.attach_in_use, host.too_many_attaches.
   */
  'session.attach': {
    params: t.object({
      id: sessionId,
      attach,
      offset: t.opt(t.int({ min: 0 })),
      /** Bytes the client can take now. More with credit frames. */
      credit: t.int({ min: 0, max: 16 * 1024 * 1024 }),
      /** The client's own size: a say in the session's. Without it the client only looks on. */
      rows: t.opt(rows),
      cols: t.opt(cols),
      /** Lines above the screen in snapshots. Default 0. */
      scrollback: t.opt(t.int({ min: 0, max: 2_000 })),
      /** How far the client may fall behind before it gets a snapshot instead of the bytes. Default 256 KiB, which is the most. */
      lag_bytes: t.opt(t.int({ min: 16 * 1024, max: 256 * 1024 })),
      /** Input and sizes are refused. */
      view_only: t.opt(t.bool),
    }),
    value: one,
  },
  /** The client's window changed, or was focused. Errors: session.not_attached. */
  'session.view': {
    params: t.object({ attach, rows: t.opt(rows), cols: t.opt(cols), focused: t.opt(t.bool) }),
    value: nothing,
  },
  'session.detach': { params: t.object({ attach }), value: nothing },
  /** Errors: session.meta_too_large (64 KiB as JSON), session.ended (only its files are left). */
  'session.update': {
    params: t.object({
      id: sessionId,
      name: t.opt(t.text({ maxBytes: 200 })),
      /** Merged: keys that are given replace, others stay. */
      meta: t.opt(t.map(t.any)),
    }),
    value: one,
  },
  /** Forgets an ended session and its history. Errors: session.running. */
  'session.remove': { params: t.object({ id: sessionId }), value: nothing },
  /** Makes this connection receive the events of hostEvents from now on; gives the sessions as of now. */
  'host.watch': { params: nothing, value: t.object({ sessions: t.list(sessionRecord) }) },
  'host.status': {
    params: nothing,
    value: t.object({
      pid: t.int(),
      version: t.str,
      started_at: t.str,
      rss_mb: t.num(),
      connections: t.int(),
      counters: t.map(t.num()),
    }),
  },
  /** Ends the host. Errors: host.has_sessions unless `force`, which ends them first. */
  'host.stop': { params: t.object({ force: t.opt(t.bool) }), value: nothing },
} as const;

export type HostMethod = keyof typeof hostMethods;

export function isHostMethod(name: string): name is HostMethod {
  return Object.hasOwn(hostMethods, name);
}

/** Those that clients of the hub may use; the others are between hub and host. */
export function isSessionMethod(name: string): boolean {
  return (
    (name === 'host.watch' || name.startsWith('session.')) && name !== 'session.spawn' && isHostMethod(name)
  );
}

/** Why a hub cannot talk to this host; undefined when it can. */
export function hostVersionMismatch(
  host: Speaker,
  hub: Speaker,
): HubError<'host.version_mismatch'> | undefined {
  if (host.protocol_version === hub.protocol_version) return undefined;
  const older = host.protocol_version < hub.protocol_version;
  return fail(
    'host.version_mismatch',
    `The running session host (botster ${host.version}) speaks protocol ${host.protocol_version}, this hub ` +
      `(${hub.version}) speaks protocol ${hub.protocol_version}. Its sessions go on. ` +
      (older
        ? 'End them when you can, or use the older botster to reach them.'
        : 'Update botster to the version that started it.'),
    { host_protocol: host.protocol_version, hub_protocol: hub.protocol_version },
  );
}
