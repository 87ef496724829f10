/** The behaviour of `config`: two settings files, one over the other, and facts about the hub. */
import { HubError } from '../../base/errors.js';
import type { LuaValue } from '../../base/values.js';
import { implement } from '../define.js';
import { configDef } from './config.def.js';
import { type ReadCode, type Settings, SettingsFile, type WriteCode } from './settings-file.js';

export const config = implement(configDef, (hub) => {
  const { dataDir, repoRoot, luaPath } = hub.identity;
  const device = new SettingsFile(`${dataDir}/config.json`);
  const repository = new SettingsFile(`${repoRoot}/.botster/config.json`);

  async function merged(): Promise<Settings> {
    const [below, above] = await Promise.all([device.read(), repository.read()]);
    return new Map([...below, ...above]);
  }

  const functions = {
    get: (key: string) => orFailure<LuaValue, ReadCode>(async () => (await merged()).get(key)),
    all: () => orFailure<Record<string, LuaValue>, ReadCode>(async () => Object.fromEntries(await merged())),
    set: (key: string, value: LuaValue) => orFailure<void, WriteCode>(() => device.set(key, value)),
    env: (name: string) => process.env[name],
    lua_path: () => luaPath,
    data_dir: () => dataDir,
  };
  return { engine: () => functions, handlers: {} };
});

async function orFailure<T, C extends string>(job: () => Promise<T>): Promise<T | HubError<C>> {
  try {
    return await job();
  } catch (thrown) {
    if (thrown instanceof HubError) return thrown as HubError<C>;
    throw thrown;
  }
}
