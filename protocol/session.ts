/**
 * What a session is, as every client sees it: the session host's record of one PTY, alive or ended.
 * Names are as scripts see them. Fields are added, never renamed.
 */
import { type Infer, t } from '../base/schema.js';

/** Sizes a terminal may have. Larger ones cost memory per cell and show on no screen. */
export const MAX_ROWS = 1_000;
export const MAX_COLS = 2_000;
/** What a terminal is when nobody says. */
export const DEFAULT_ROWS = 24;
export const DEFAULT_COLS = 80;

export const rows = t.int({ min: 1, max: MAX_ROWS });
export const cols = t.int({ min: 1, max: MAX_COLS });

/** A session by its uuid, or by the first characters of it if they name one session only. */
export const sessionId = t.text({ maxBytes: 64 });

/** Who decides a session's size: who typed, attached or focused last; the smallest of all views; or nobody. */
export const sizePolicy = t.oneOf('latest', 'smallest', 'pinned');
export type SizePolicy = Infer<typeof sizePolicy>;

/** Terminal modes that programs set and clients care for. */
export const sessionModes = t.object({
  alternate_screen: t.bool,
  cursor_visible: t.bool,
  bracketed_paste: t.bool,
  application_cursor: t.bool,
  focus_reporting: t.bool,
  /** Which mouse events the program wants. */
  mouse: t.oneOf('none', 'x10', 'vt200', 'drag', 'any'),
  /** Flags of the kitty keyboard protocol that are in force; 0 is the legacy keyboard. */
  kitty_keyboard: t.int({ min: 0 }),
});
export type SessionModes = Infer<typeof sessionModes>;

/** How a process ended. `signal` is its number; then `code` is absent. */
export const sessionExit = t.object({
  code: t.opt(t.int()),
  signal: t.opt(t.int()),
  /** The session host died, or the machine did: how the process ended is not known. */
  lost: t.opt(t.bool),
  /** ISO 8601, UTC. */
  at: t.str,
});
export type SessionExit = Infer<typeof sessionExit>;

export const sessionRecord = t.object({
  uuid: t.str,
  /** A short name for people. */
  name: t.opt(t.str),
  state: t.oneOf('running', 'exited'),
  /** Process id of the command; its process group has the same number. Absent once it has ended. */
  pid: t.opt(t.int()),
  cmd: t.str,
  args: t.list(t.str),
  /** Where it was started. */
  start_dir: t.str,
  rows: t.int(),
  cols: t.int(),
  size_policy: sizePolicy,
  /** How many clients receive its bytes. */
  attached: t.int(),
  /** ISO 8601, UTC. */
  started_at: t.str,
  exit: t.opt(sessionExit),
  /** What the program last set with OSC 0 or 2. */
  title: t.opt(t.str),
  /** What the program last reported with OSC 7. */
  cwd: t.opt(t.str),
  /** busy: output came within the last seconds. */
  activity: t.oneOf('busy', 'idle'),
  /** Milliseconds since 1970; absent before the first byte. */
  last_output_ms: t.opt(t.int()),
  modes: t.opt(sessionModes),
  /** Bytes of output since the start: the offset of the next byte. */
  offset: t.int(),
  /** First byte that is still in the history file. */
  history_offset: t.int(),
  /** The TCP port reserved for it. */
  port: t.opt(t.int()),
  /** What its owner keeps with it: agent, branch, worktree. The host only stores it. */
  meta: t.map(t.any),
});
export type SessionRecord = Infer<typeof sessionRecord>;
