/**
 * The Lua global `pty`: sessions. They live in the session host, a process of its own that outlives the hub; the
 * worker (host-link.ts) speaks with it, the handles are Lua (lua/lib/pty.lua) over uuids.
 *
 * The events are the session host's facts (protocol/host-events.ts), one to one, and what the worker knows of the host.
 */
import { named, t } from '../../base/schema.js';
import { hostEvents } from '../../protocol/host-events.js';
import { sessionRecord } from '../../protocol/session.js';
import { definePrimitive, event, fn } from '../define.js';
import {
  changesParam,
  cols,
  colsParam,
  configParam,
  data,
  handle,
  hostAway,
  id,
  killErrors,
  killParam,
  noPort,
  notFound,
  oneOfMany,
  port,
  resizeErrors,
  rows,
  rowsParam,
  screenErrors,
  screenParam,
  session,
  spawnErrors,
  updateErrors,
  uuid,
  writeErrors,
} from './pty-values.def.js';

/** Facts of which only the newest counts travel with the connection they came over: a later list outdates them. */
const connection = t.int({ min: 1 });
const newest = { key: 'session_uuid' } as const;

const sample = `local session = assert(pty.spawn{ cmd = "cat" })
`;
const end = `
session:kill{ grace = 0 }
pty.remove(session.uuid)`;

export const ptyDef = definePrimitive({
  name: 'pty',
  doc: `Runs commands in terminals: sessions, named by uuids.

A session belongs to nobody but the user: it goes on when the plugin that started it, or the hub, ends. Only \`kill\`, or
the end of its command, ends it. Its output is kept on disk, and read with \`botster session log\`.

What happens to sessions is told by events, each with \`session_uuid\`: \`session_started\` {session}, \`process_exited\`
{session_name, exit_code, signal, lost}, \`session_removed\`, \`session_updated\` {session}, \`pty_resized\` {rows, cols},
\`pty_title_changed\` {title}, \`pty_cwd_changed\` {cwd}, \`pty_modes_changed\` {modes}, \`pty_activity\` {activity,
last_output_at}, \`pty_bell\`, \`pty_notification\` {title, body}, \`pty_prompt\` {mark, exit_code}, \`session_trouble\` {code,
message}. \`sessions_adopted\` {sessions} and \`session_host_lost\` {sessions} are about many.`,
  companion: 'lib/pty.lua',
  functions: {
    spawn: fn({
      by: 'companion',
      waits: true,
      doc: 'Starts a command in a new session.',
      params: [configParam],
      returns: [named('session', handle, 'Its handle.')],
      errors: spawnErrors,
      example: `local session = assert(pty.spawn{ cmd = "sh", args = { "-c", "echo hello; exec cat" }, name = "demo" })
assert(session:write("typed\\r"))
assert(session:is_alive())
assert(session:kill())
assert(not session:is_alive())
assert(pty.remove(session.uuid))`,
    }),
    get: fn({
      by: 'companion',
      doc: 'Finds a session, running or ended.',
      params: [id],
      returns: [named('session', handle, 'Its handle.')],
      errors: oneOfMany,
      example: `local session, err = pty.get("no such one")
assert(session == nil and err.code == "session.not_found")`,
    }),
    list: fn({
      doc: 'Lists all sessions that the hub knows, running and ended, oldest first.',
      params: [],
      returns: [named('sessions', t.list(session), 'Records, as `handle:info` gives.')],
      errors: {},
      example: `for _, session in ipairs(pty.list()) do log.info(session.uuid .. " " .. session.state) end`,
    }),
    remove: fn({
      waits: true,
      doc: 'Forgets an ended session and deletes its history.',
      params: [id],
      returns: [],
      errors: { ...oneOfMany, 'session.running': 'It runs. Kill it first.', ...hostAway },
      example: `${sample}local done, err = pty.remove(session.uuid)
assert(done == nil and err.code == "session.running")${end}`,
    }),
    lease_port: fn({
      waits: true,
      doc: `Reserves a TCP port that nobody uses, for a session to come: pass it as \`port\` to \`pty.spawn\`. The hub holds it
until then, until \`pty.release_port\`, or until the plugin ends.`,
      params: [],
      returns: [named('port', port, 'From 46000 to 61999.')],
      errors: noPort,
      example: `local port = assert(pty.lease_port())
assert(pty.release_port(port) == true)`,
    }),
    release_port: fn({
      doc: 'Gives a leased port back.',
      params: [named('port', port, 'From `pty.lease_port`.')],
      returns: [named('released', t.bool, 'False if this plugin does not hold it.')],
      errors: {},
      example: 'assert(pty.release_port(46000) == false)',
    }),
    _spawn: fn({
      by: 'hidden',
      shownAs: 'pty.spawn',
      waits: true,
      doc: 'Starts a command.',
      params: [configParam],
      returns: [named('uuid', t.str, "The new session's.")],
      errors: spawnErrors,
      example: '',
    }),
    _get: fn({
      by: 'hidden',
      shownAs: 'pty.get',
      doc: 'The uuid that an id stands for.',
      params: [id],
      returns: [uuid],
      errors: oneOfMany,
      example: '',
    }),
    _info: fn({
      by: 'hidden',
      shownAs: 'pty.info',
      doc: 'The record of a session.',
      params: [uuid],
      returns: [named('session', session, 'Its record.')],
      errors: notFound,
      example: '',
    }),
    _write: fn({
      by: 'hidden',
      shownAs: 'Pty:write',
      doc: 'Types.',
      params: [data, uuid],
      returns: [],
      errors: writeErrors,
      example: '',
    }),
    _kill: fn({
      by: 'hidden',
      shownAs: 'Pty:kill',
      waits: true,
      doc: 'Ends it.',
      params: [killParam, uuid],
      returns: [],
      errors: killErrors,
      example: '',
    }),
    _resize: fn({
      by: 'hidden',
      shownAs: 'Pty:resize',
      waits: true,
      doc: 'Gives it a size.',
      params: [rowsParam, colsParam, uuid],
      returns: [],
      errors: resizeErrors,
      example: '',
    }),
    _screen: fn({
      by: 'hidden',
      shownAs: 'Pty:screen',
      waits: true,
      doc: 'Its screen.',
      params: [screenParam, uuid],
      returns: [named('text', t.str, 'The screen.')],
      errors: screenErrors,
      example: '',
    }),
    _update: fn({
      by: 'hidden',
      shownAs: 'Pty:update',
      waits: true,
      doc: 'Changes its record.',
      params: [changesParam, uuid],
      returns: [],
      errors: updateErrors,
      example: '',
    }),
  },
  handles: {
    Pty: {
      doc: 'A session in Lua: a name for it, not the thing itself. Dropping a handle does nothing.',
      fields: { uuid: t.str },
      sample: 'assert(pty.spawn{ cmd = "cat" })',
      methods: {
        write: fn({
          doc: 'Types into the session. Does not wait: the bytes are on their way, in order.',
          params: [data],
          returns: [],
          errors: writeErrors,
          example: `${sample}assert(session:write("hello\\r"))
session:kill{ grace = 0 }
local done, err = session:write("too late")
assert(done == nil and err.code == "session.ended")
pty.remove(session.uuid)`,
        }),
        kill: fn({
          waits: true,
          doc: `Ends the command and all processes it started: hang-up, then terminate, then kill. Waits until they have ended. A
session that has ended already is no failure.`,
          params: [killParam],
          returns: [],
          errors: killErrors,
          example: `${sample}assert(session:kill{ grace = 0.5 })
assert(session:info().state == "exited")
pty.remove(session.uuid)`,
        }),
        resize: fn({
          waits: true,
          doc: 'Gives its terminal a size that then stays (size policy `pinned`).',
          params: [rowsParam, colsParam],
          returns: [],
          errors: resizeErrors,
          example: `${sample}assert(session:resize(50, 132))
local rows, cols = session:dimensions()
assert(rows == 50 and cols == 132)${end}`,
        }),
        is_alive: fn({
          doc: 'Tells whether its command runs.',
          params: [],
          returns: [named('alive', t.bool, 'False also when it is forgotten.')],
          errors: {},
          example: `${sample}assert(session:is_alive())${end}`,
        }),
        port: fn({
          doc: 'Gives the TCP port that is reserved for it.',
          params: [],
          returns: [named('port', t.opt(port), '`nil` if it has none.')],
          errors: {},
          example: `local session = assert(pty.spawn{ cmd = "cat", port = true })
assert(session:port() >= 46000)${end}`,
        }),
        screen: fn({
          waits: true,
          doc: 'Gives what is on its screen, as plain text: a line per row, without blanks at their ends.',
          params: [screenParam],
          returns: [named('text', t.str, 'Its screen.')],
          errors: screenErrors,
          example: `${sample}log.info(assert(session:screen{ scrollback = 100 }))${end}`,
        }),
        dimensions: fn({
          doc: 'Gives the size of its terminal.',
          params: [],
          returns: [
            named('rows', t.opt(rows), '`nil` if it is forgotten.'),
            named('cols', t.opt(cols), 'Columns.'),
          ],
          errors: {},
          example: `${sample}local rows, cols = session:dimensions()
assert(rows == 24 and cols == 80)${end}`,
        }),
        last_output_at: fn({
          doc: 'Tells when it last wrote something.',
          params: [],
          returns: [named('seconds', t.opt(t.num()), 'Since 1970, with fractions. `nil` if it has not.')],
          errors: {},
          example: `${sample}local at = session:last_output_at()
assert(at == nil or at <= os.time() + 1)${end}`,
        }),
        info: fn({
          doc: 'Gives the record of the session as the hub knows it now.',
          params: [],
          returns: [named('session', session, 'Its record.')],
          errors: notFound,
          example: `${sample}assert(session:info().cmd:match("cat$"))${end}`,
        }),
        update: fn({
          waits: true,
          doc: 'Changes its name, or what is kept with it.',
          params: [changesParam],
          returns: [],
          errors: updateErrors,
          example: `${sample}assert(session:update{ name = "worker", meta = { branch = "main" } })
assert(session:info().meta.branch == "main")${end}`,
        }),
      },
    },
  },
  events: {
    answered: event('control', 'The host answered a request; all it had told before was told.', {
      answer: t.int(),
    }),
    adopted: event('control', 'The worker is connected to a session host; these are its sessions.', {
      connection,
      host: t.object({ pid: t.int(), version: t.str }),
      sessions: t.list(sessionRecord),
    }),
    disconnected: event('control', 'The connection broke. The worker tries again; sessions go on.', {
      connection,
    }),
    host_gone: event('control', 'The process of the session host is gone, and with it what ran in it.', {
      pid: t.int(),
    }),
    unusable: event('control', 'There is a session host, and the hub cannot use it.', {
      code: t.str,
      message: t.str,
    }),
    started: event('control', 'A session began.', hostEvents['session.started']),
    exited: event('control', 'A command ended; all its output was delivered.', hostEvents['session.exited']),
    removed: event('control', 'An ended session was forgotten.', hostEvents['session.removed']),
    updated: event('control', 'Name or meta changed.', hostEvents['session.updated']),
    bell: event('control', 'The program rang.', hostEvents['session.bell']),
    notification: event('control', 'The program wants attention.', hostEvents['session.notification']),
    prompt: event('control', 'A mark of the shell.', hostEvents['session.prompt']),
    trouble: event('control', 'Something is wrong with a session.', hostEvents['session.trouble']),
    resized: event('bulk', 'Its size changed.', { connection, ...hostEvents['session.resized'] }, newest),
    title: event('bulk', 'Its title changed.', { connection, ...hostEvents['session.title'] }, newest),
    cwd: event('bulk', 'Its folder changed.', { connection, ...hostEvents['session.cwd'] }, newest),
    modes: event('bulk', 'Its modes changed.', { connection, ...hostEvents['session.modes'] }, newest),
    activity: event(
      'bulk',
      'It writes, or is silent.',
      { connection, ...hostEvents['session.activity'] },
      newest,
    ),
  },
});
