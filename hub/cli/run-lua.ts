/**
 * Sends Lua to the hub and prints what came of it. Shared by `eval` and `lua`.
 */
import { fits } from '../../base/check.js';
import { fail, HubError } from '../../base/errors.js';
import type { HubIdentity } from '../../primitives/context.js';
import { LUA_ERROR, luaErrorDetails } from '../../protocol/methods.js';
import { withHub } from './connect.js';
import { EXIT } from './exit.js';
import type { Terminal } from './terminal.js';

export interface LuaRun {
  readonly code: string;
  /** As Lua takes it: `@file`, `=(eval)`. */
  readonly chunkName: string;
  readonly args: readonly string[];
}

/** Resolves with the exit status. Errors: those of connectToHub, and the hub's own. */
export async function runLua(identity: HubIdentity, run: LuaRun, terminal: Terminal): Promise<number> {
  const params = { code: run.code, chunk_name: run.chunkName, args: [...run.args] };
  try {
    const { values_json } = await withHub(identity, ({ client }) => client.request('eval', params));
    terminal.out(`${values_json}\n`);
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof HubError) || error.code !== LUA_ERROR) throw error;
    const { details } = error;
    terminal.err(`${fits(luaErrorDetails, details) ? details.traceback : error.message}\n`);
    return EXIT.failure;
  }
}

/** Source text from bytes. Errors: cli.not_utf8, with the place. */
export function decodeSource(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    // The lenient decoder puts U+FFFD where the first bad byte is.
    const good = new TextDecoder('utf-8').decode(bytes).split('\uFFFD', 1)[0] ?? '';
    const line = good.split('\n').length;
    throw fail(
      'cli.not_utf8',
      `${name} is not UTF-8 text (line ${line}). Write other bytes as escapes: "\\xFF".`,
    );
  }
}

/** What the `lua` command does for a file: a first line with # does not count, and `arg` holds name and arguments. */
export function asScript(code: string, name: string, args: readonly string[]): string {
  const body = code.startsWith('#') ? code.replace(/^[^\n]*/, '') : code;
  // On the first line, so that line numbers stay true.
  const arg = [`[0] = ${quoteLua(name)}`, ...args.map(quoteLua)].join(', ');
  return `local arg = { ${arg} } ${body}`;
}

function quoteLua(text: string): string {
  const escaped = text.replace(
    /[\\"\n\r\0]/g,
    (char) => `\\${char.charCodeAt(0).toString().padStart(3, '0')}`,
  );
  return `"${escaped}"`;
}
