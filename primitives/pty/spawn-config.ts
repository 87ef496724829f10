/** What `pty.spawn` is given, as the session host wants it. Checks what types cannot say. */
import { randomUUID } from 'node:crypto';
import { userInfo } from 'node:os';
import { fail, HubError, isHubError } from '../../base/errors.js';
import type { Infer } from '../../base/schema.js';
import type { LuaRecord, LuaValue } from '../../base/values.js';
import { printJson } from '../json/print.js';
import { absolutePath } from '../paths.js';
import type { SpawnParams, SpawnRequest } from './pty.calls.js';
import type { ptyDef } from './pty.def.js';
import { sessionEnv } from './session-env.js';

export type PtyConfig = Infer<(typeof ptyDef)['functions']['_spawn']['params'][0]['schema']>;
type BadConfig = HubError<'pty.bad_config'>;

/** It is sent with every change of a session. */
const MAX_META_BYTES = 64 * 1024;
/** As the session host takes them; they name folders. */
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** `hubEnv`: as `process.env`. `exclude`: ports that sessions have. */
export function spawnRequest(
  config: PtyConfig,
  repoRoot: string,
  hubEnv: NodeJS.ProcessEnv,
  exclude: readonly number[],
): SpawnRequest | BadConfig {
  const { port, uuid = randomUUID(), env = {} } = config;
  if (!UUID.test(uuid)) return bad(`uuid: a uuid in lower case expected, got ${JSON.stringify(uuid)}`);
  const unclear = Object.keys(env).find((name) => env[name] === true);
  if (unclear !== undefined) return bad(`env.${unclear}: a string, a number or false expected, got true`);
  const meta = config.meta === undefined ? undefined : plainMeta(config.meta);
  if (isHubError(meta)) return meta;

  const cwd = absolutePath(config.cwd ?? '.', repoRoot).replace(/\/\.$/, '');
  const wholeEnv = sessionEnv(hubEnv, cwd, env);
  if (typeof port === 'number') wholeEnv['PORT'] = String(env['PORT'] ?? port);
  const { name, rows, cols, size_policy, history_bytes } = config;
  const params: SpawnRequest['params'] = withoutUndefined({
    uuid,
    name,
    cmd: config.cmd ?? defaultShell(wholeEnv),
    args: config.args ?? [],
    cwd,
    env: wholeEnv,
    rows,
    cols,
    size_policy,
    port: typeof port === 'number' ? port : undefined,
    meta,
    history_bytes,
  });
  return { params, lease: port === true, exclude };
}

/** What a session is to keep, as JSON keeps it. */
export function plainMeta(meta: LuaRecord): NonNullable<SpawnParams['meta']> | BadConfig {
  try {
    const text = printJson(meta);
    if (Buffer.byteLength(text) > MAX_META_BYTES) return bad(`meta: larger than ${MAX_META_BYTES} bytes`);
    const plain = JSON.parse(text) as LuaValue;
    // An empty Lua table may be read as a list.
    return Array.isArray(plain) ? {} : (plain as LuaRecord);
  } catch (thrown) {
    if (thrown instanceof HubError) return bad(`meta: ${thrown.message}`);
    throw thrown;
  }
}

function defaultShell(env: Readonly<Record<string, string>>): string {
  return env['SHELL'] || userInfo().shell || '/bin/sh';
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

function withoutUndefined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}

function bad(message: string): BadConfig {
  return fail('pty.bad_config', message);
}
