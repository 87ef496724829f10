/** Makes a session of a request to start one: checks the command, and puts PTY, history and mirror together. */
import type { Clock } from '../base/clock.js';
import { type HubError, isHubError } from '../base/errors.js';
import type { Logger } from '../base/log.js';
import type { Infer } from '../base/schema.js';
import type { hostMethods } from '../protocol/host-methods.js';
import { DEFAULT_COLS, DEFAULT_ROWS } from '../protocol/session.js';
import { checkEnv, checkStartDir, resolveCommand } from './command.js';
import { HistoryWriter } from './history.js';
import { LiveTerminal } from './live-terminal.js';
import type { Mirrors } from './mirror/mirrors.js';
import { spawnPty } from './pty.js';
import { Session, type SessionContext } from './session.js';
import type { SessionFiles } from './session-files.js';

const DEFAULT_RING_BYTES = 4 * 1024 * 1024;
const DEFAULT_HISTORY_BYTES = 32 * 1024 * 1024;
const DEFAULT_TERM = 'xterm-256color';

export type SpawnParams = Infer<(typeof hostMethods)['session.spawn']['params']>;

export interface StartOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly files: SessionFiles;
  readonly mirrors: Mirrors;
  readonly context: SessionContext;
}

/** Errors: session.command_not_found, session.bad_cwd, session.bad_env, session.spawn_failed. */
export async function startSession(
  uuid: string,
  params: SpawnParams,
  { clock, log, files, mirrors, context }: StartOptions,
): Promise<Session | HubError> {
  const { cmd, args, cwd, rows = DEFAULT_ROWS, cols = DEFAULT_COLS } = params;
  const { ring_bytes = DEFAULT_RING_BYTES, history_bytes = DEFAULT_HISTORY_BYTES } = params;
  const env = { TERM: DEFAULT_TERM, ...params.env };
  const refused = checkEnv(env) ?? (await checkStartDir(cwd));
  if (refused !== undefined) return refused;
  const file = await resolveCommand(cmd, cwd, env);
  if (isHubError(file)) return file;

  let session: Session | HubError | undefined;
  const onTrouble = (code: string, message: string): void => {
    log.log('warn', message, { session: uuid, code });
    if (session instanceof Session) session.trouble(code, message);
  };
  const openHistory = (onDrained: () => void): HistoryWriter =>
    new HistoryWriter({ dir: files.dirOf(uuid), maxBytes: history_bytes, clock, onTrouble, onDrained });
  const name = params.name ?? uuid.slice(0, 8);
  session = Session.begin(
    {
      identity: {
        uuid,
        cmd,
        args,
        start_dir: cwd,
        started_at: new Date(clock.wallMs()).toISOString(),
        port: params.port,
      },
      labels: { name: params.name, meta: params.meta ?? {} },
      policy: params.size_policy ?? 'latest',
    },
    context,
    (handlers) =>
      LiveTerminal.start(
        {
          ringBytes: ring_bytes,
          rows,
          cols,
          clock,
          spawn: (ptyHandlers) => spawnPty({ file, args, cwd, env, rows, cols }, ptyHandlers),
          openHistory: history_bytes === 0 ? undefined : openHistory,
          openMirror: (mirrorHandlers, replay) => mirrors.open({ rows, cols, name }, mirrorHandlers, replay),
        },
        handlers,
      ),
  );
  return session;
}
