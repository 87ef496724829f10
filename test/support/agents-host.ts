/** A hub with its own Lua and sessions in a real repository, for tests of agents. Ends with the test. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { LuaRecord, LuaValue } from '../../base/values.js';
import { type LuaHost, openLuaHost } from './lua-host.js';
import { makeRepo, tempDir } from './temp-repo.js';

export interface AgentsHost extends LuaHost {
  readonly repo: string;
  /** Runs a chunk in the engine of the hub's own Lua. */
  core(code: string, ...args: LuaValue[]): Promise<LuaValue[]>;
  /** Calls `agents.<name>` and resolves with its result. Rejects with the code and message of a failure. */
  agents(name: string, ...args: LuaValue[]): Promise<LuaRecord>;
  /** Calls `agents.<name>`, which must fail, and resolves with its error. */
  refusal(name: string, ...args: LuaValue[]): Promise<Refusal>;
}

export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly details: LuaRecord;
}

export interface AgentsHostOptions {
  /** Of the repository's one commit. */
  readonly files?: Readonly<Record<string, string>>;
  /** Before the hub starts. */
  readonly before?: (host: LuaHost) => void;
}

export async function openAgentsHost({ files, before }: AgentsHostOptions = {}): Promise<AgentsHost> {
  const repo = await makeRepo(join(tempDir(), 'repo'), files);
  const host = openLuaHost({ repoRoot: repo });
  before?.(host);
  await host.hub.start();
  const core = (code: string, ...args: LuaValue[]) => host.hub.core.load(code, '=test', args);
  const call = async (name: string, args: LuaValue[]): Promise<LuaValue[]> =>
    await core(
      `local value, err = require("hub.agents")[${JSON.stringify(name)}](...)
       if value ~= nil then return value end
       return nil, { code = err.code, message = err.message, details = err.details }`,
      ...args,
    );
  return {
    ...host,
    repo,
    core,
    agents: async (name, ...args) => {
      const [value, error] = await call(name, args);
      if (value !== undefined) return value as LuaRecord;
      const { code, message } = error as unknown as Refusal;
      throw new Error(`${code}: ${message}`);
    },
    refusal: async (name, ...args) => {
      const [value, error] = await call(name, args);
      if (value !== undefined) throw new Error(`${name} did not fail: ${JSON.stringify(value)}`);
      return error as unknown as Refusal;
    },
  };
}

/** Writes a file and the folders above it. */
export function put(path: string, text: string, mode?: number): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  if (mode !== undefined) chmodSync(path, mode);
}
