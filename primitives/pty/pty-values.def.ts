/**
 * What the functions of `pty` and the methods of its handles take and give, and how they fail.
 */
import { named, t } from '../../base/schema.js';
import { MAX_COLS, MAX_ROWS, sessionRecord, sizePolicy } from '../../protocol/session.js';

export const rows = t.int({ min: 1, max: MAX_ROWS });
export const cols = t.int({ min: 1, max: MAX_COLS });
export const port = t.int({ min: 1, max: 65_535 });
export const id = named(
  'id',
  t.text({ maxBytes: 64 }),
  'A uuid, or the first characters of one if they name one session only.',
);
export const uuid = named('uuid', t.str, "The handle's.");
export const handle = t.object({ uuid: t.str }, 'Pty');

const config = t.object(
  {
    cmd: t.opt(t.text({ maxBytes: 4096 })),
    args: t.opt(t.list(t.text({ maxBytes: 128 * 1024 }))),
    env: t.opt(t.map(t.union(t.str, t.num(), t.bool))),
    cwd: t.opt(t.text({ maxBytes: 4096 })),
    rows: t.opt(rows),
    cols: t.opt(cols),
    name: t.opt(t.text({ maxBytes: 200 })),
    uuid: t.opt(t.text({ maxBytes: 36 })),
    port: t.opt(t.union(port, t.bool)),
    meta: t.opt(t.map(t.any)),
    size_policy: t.opt(sizePolicy),
    history_bytes: t.opt(t.int({ min: 0, max: 1024 * 1024 * 1024 })),
  },
  'PtyConfig',
);

const killOptions = t.object(
  {
    signal: t.opt(t.oneOf('HUP', 'INT', 'QUIT', 'KILL', 'TERM', 'USR1', 'USR2', 'STOP', 'CONT', 'TSTP')),
    grace: t.opt(t.num({ min: 0, max: 60 })),
  },
  'PtyKillOptions',
);

const screenOptions = t.object(
  { ansi: t.opt(t.bool), scrollback: t.opt(t.int({ min: 0, max: 10_000 })) },
  'PtyScreenOptions',
);

const changes = t.object({ name: t.opt(t.text({ maxBytes: 200 })), meta: t.opt(t.map(t.any)) }, 'PtyChanges');

/** The record as Lua has it: that of the protocol under a name. */
export const session = t.object(sessionRecord.fields, 'Session');

export const notFound = { 'session.not_found': 'There is no such session.' } as const;
export const oneOfMany = {
  ...notFound,
  'session.ambiguous': 'The characters begin several uuids; `err.details.matches` has them.',
} as const;
export const hostAway = {
  'host.not_running': 'No session host runs, so no session does.',
  'host.unreachable': 'The session host does not answer. Nothing was done.',
  'host.lost': 'The connection to the session host broke. It may or may not have been done.',
  'host.version_mismatch':
    'The session host is of another botster, which speaks another protocol. The message says what to do.',
} as const;
export const ended = { 'session.ended': 'Its command has ended.' } as const;
const badMeta = { 'pty.bad_config': 'A value cannot be used; the message says which and why.' } as const;
export const noPort = {
  'pty.no_port': 'No port between 46000 and 61999 could be had, or the hub holds 256 already.',
} as const;

export const spawnErrors = {
  'session.command_not_found':
    'The command is not there, or cannot be executed. The message says where was looked.',
  'session.bad_cwd': 'The folder to start in is not there, is no folder, or cannot be entered.',
  'session.bad_env': 'A variable has a name or value that no environment can hold.',
  'session.limit': 'As many sessions run as may (`max_sessions` in the configuration, 50 by default).',
  'session.exists': 'There is a session with this uuid.',
  'session.spawn_failed': 'The system could not start it.',
  ...badMeta,
  ...noPort,
  'host.start_failed': 'The session host could not be started; the message has the end of its log.',
  'host.unreachable': hostAway['host.unreachable'],
  'host.lost': hostAway['host.lost'],
  'host.version_mismatch': hostAway['host.version_mismatch'],
} as const;

export const data = named('data', t.bytes, 'Bytes, as a terminal sends them: Enter is `"\\r"`.');
export const configParam = named(
  'config',
  config,
  `\`cmd\`: a path, or a name to look up in \`PATH\`; default the user's shell. \`args\`. \`env\`: added to the hub's own
environment, a value of \`false\` removes. \`cwd\`: default the repository. \`rows\`, \`cols\`: default 24, 80. \`name\`: for
people. \`uuid\`: default a new one. \`port\`: a number, or \`true\` for one of \`pty.lease_port\`; sets the variable \`PORT\`.
\`meta\`: a table of plain values that is kept with it. \`size_policy\`: \`latest\` (default), \`smallest\`, \`pinned\`.
\`history_bytes\`: of its output on disk, default 32 MiB.`,
);
export const killParam = named(
  'options',
  t.opt(killOptions),
  '`grace`: seconds between hang-up, terminate and kill, default 2. `signal`: send only that, and do not wait.',
);
export const screenParam = named(
  'options',
  t.opt(screenOptions),
  '`scrollback`: lines above the screen to add. `ansi`: with colours and cursor, for a terminal.',
);
export const changesParam = named('changes', changes, '`name`; `meta`, merged into what is there.');
export const rowsParam = named('rows', rows, 'Lines.');
export const colsParam = named('cols', cols, 'Columns.');

export const writeErrors = {
  ...notFound,
  ...ended,
  'session.input_full': 'More than 16 MiB wait for it, which it does not read.',
} as const;
export const killErrors = { ...notFound, ...hostAway } as const;
export const resizeErrors = { ...notFound, ...ended, ...hostAway } as const;
export const screenErrors = { ...notFound, ...hostAway } as const;
export const updateErrors = {
  ...notFound,
  ...ended,
  ...badMeta,
  'session.meta_too_large': 'With what is there already, `meta` is larger than 64 KiB.',
  ...hostAway,
} as const;
