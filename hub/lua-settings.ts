/**
 * The user's limits on Lua: the key `lua` of the device's configuration, read when a hub starts.
 *
 * The device's only: a repository comes from somebody else and must not widen what its plugins may use. A value that
 * does not fit stops the start with a message, because a limit that is silently not there is worse.
 */
import { mismatch } from '../base/check.js';
import { fail } from '../base/errors.js';
import { type Infer, t } from '../base/schema.js';
import { SettingsFile } from '../primitives/config/settings-file.js';
import type { EngineLimits } from './lua/engine.js';

const MIB = 1024 * 1024;

const luaSettings = t.object({
  /** Lua time of one callback, in seconds. */
  callback_budget: t.opt(t.num({ min: 0.01, max: 600 })),
  /** Lua time of loading a plugin, in seconds. */
  load_budget: t.opt(t.num({ min: 0.01, max: 600 })),
  /** Longest stretch in code that cannot be paused, in seconds. */
  uninterruptible: t.opt(t.num({ min: 0.005, max: 5 })),
  /** Memory of one engine. An empty one has 16. */
  memory_mib: t.opt(t.int({ min: 20, max: 1024 })),
});

/** The limits in `<dataDir>/config.json`. Errors: config.unreadable, config.bad_value. */
export async function readLuaLimits(dataDir: string): Promise<Partial<EngineLimits>> {
  const path = `${dataDir}/config.json`;
  const value = (await new SettingsFile(path).read()).get('lua');
  if (value === undefined) return {};
  const problem = mismatch(luaSettings, value, 'lua');
  if (problem !== undefined) throw fail('config.bad_value', `Wrong value in ${path}: ${problem}.`, { path });
  const { callback_budget, load_budget, uninterruptible, memory_mib } = value as Infer<typeof luaSettings>;
  return {
    ...(callback_budget === undefined ? {} : { callbackBudgetMs: callback_budget * 1000 }),
    ...(load_budget === undefined ? {} : { loadBudgetMs: load_budget * 1000 }),
    ...(uninterruptible === undefined ? {} : { uninterruptibleMs: uninterruptible * 1000 }),
    ...(memory_mib === undefined ? {} : { capBytes: memory_mib * MIB }),
  };
}
