/**
 * Facts that a session host tells: each once, with its fields. To connections that watch (`host.watch`), in the order
 * they happened; `attach.*` to the connection whose attach it is about.
 *
 * From this table come the events of the hub's `pty` primitive too. `bulk` facts may be coalesced per session: only
 * the last counts.
 */
import type { InferFields } from '../base/schema.js';
import { t } from '../base/schema.js';
import { sessionExit, sessionModes, sessionRecord, sizePolicy } from './session.js';

const session_uuid = t.str;

export const hostEvents = {
  'session.started': { session: sessionRecord },
  /** All its output has been delivered before. */
  'session.exited': { session_uuid, exit: sessionExit },
  /** It was forgotten. */
  'session.removed': { session_uuid },
  'session.updated': { session: sessionRecord },
  'session.resized': { session_uuid, rows: t.int(), cols: t.int(), size_policy: sizePolicy },
  'session.title': { session_uuid, title: t.str },
  'session.cwd': { session_uuid, cwd: t.str },
  'session.modes': { session_uuid, modes: sessionModes },
  /** At each change, and about once a second while output goes on. */
  'session.activity': {
    session_uuid,
    activity: t.oneOf('busy', 'idle'),
    last_output_ms: t.int(),
    offset: t.int(),
  },
  'session.bell': { session_uuid },
  /** OSC 9, 99 or 777. */
  'session.notification': { session_uuid, title: t.opt(t.str), body: t.str },
  /** OSC 133: the shell's prompt begins (A), the command line begins (B), it runs (C), it ended (D, with its exit code). */
  'session.prompt': { session_uuid, mark: t.oneOf('A', 'B', 'C', 'D'), exit_code: t.opt(t.int()) },
  /** Something is wrong that a user should know: the history cannot be written, the screen was rebuilt. */
  'session.trouble': { session_uuid, code: t.str, message: t.str },
  /** The attach is over: the session was removed, or it ended and all was sent. */
  'attach.ended': { attach: t.int(), reason: t.oneOf('exited', 'removed'), exit: t.opt(sessionExit) },
  /** The session has another size now; output from here on is for it. */
  'attach.resized': { attach: t.int(), rows: t.int(), cols: t.int() },
  /** Input was not taken: the program has not read the megabytes before it, or the attach is view-only. */
  'attach.input_refused': { attach: t.int(), bytes_count: t.int(), reason: t.str },
} as const;

export type HostEventName = keyof typeof hostEvents;
export type HostEvent = {
  readonly [N in HostEventName]: { readonly name: N; readonly data: InferFields<(typeof hostEvents)[N]> };
}[HostEventName];
