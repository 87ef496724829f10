/**
 * Lua for clients: runs a chunk in the hub's own engine and shows its results as JSON.
 *
 * Keeps true: the answer is one line of JSON whatever the chunk returned. What JSON cannot say is shown, not refused:
 * functions, cyclic tables and the like as `tostring` gives them, bytes that are no UTF-8 with U+FFFD, NaN and the
 * infinities as text. An expression may be given instead of a chunk, as in the `lua` command.
 */

import { HubError } from '../base/errors.js';
import { LuaFloat, type LuaValue } from '../base/values.js';
import { printJson } from '../primitives/json/print.js';
import type { EvalOutcome } from './control/requests.js';
import { TYPE } from './lua/constants.js';
import { CrossingError } from './lua/crossing.js';
import type { Engine } from './lua/engine.js';
import { LuaError } from './lua/task.js';
import type { Ptr } from './lua/wasm.js';

export async function evalLua(
  engine: Engine,
  code: string,
  chunkName: string,
  args: readonly string[],
): Promise<EvalOutcome> {
  try {
    const values = await run(engine, code, chunkName, args);
    return { ok: true, valuesJson: printJson(values) };
  } catch (thrown) {
    if (thrown instanceof LuaError) return { ok: false, traceback: thrown.traceback || thrown.message };
    if (thrown instanceof HubError) return { ok: false, traceback: thrown.message };
    throw thrown;
  }
}

/** As an expression if it is one, else as a chunk. A file is always a chunk. */
async function run(
  engine: Engine,
  code: string,
  chunkName: string,
  args: readonly string[],
): Promise<LuaValue[]> {
  const read = (L: Ptr, count: number): LuaValue[] => {
    const values: LuaValue[] = [];
    for (let i = -count; i < 0; i++) values.push(readShown(engine, L, i));
    return values;
  };
  if (!chunkName.startsWith('@')) {
    try {
      return await engine.run(`return ${code}`, chunkName, args, read);
    } catch (thrown) {
      if (!(thrown instanceof LuaError) || thrown.kind !== 'syntax') throw thrown;
    }
  }
  return await engine.run(code, chunkName, args, read);
}

function readShown({ state }: Engine, L: Ptr, index: number): LuaValue {
  try {
    return showable(state.reader.read(L, index));
  } catch (thrown) {
    if (!(thrown instanceof CrossingError)) throw thrown;
    const kind = state.x.lua_type(L, index) === TYPE.table ? `table: ${thrown.message}` : undefined;
    return kind ?? state.describe(L, index);
  }
}

function showable(value: LuaValue): LuaValue {
  if (value === undefined) return null;
  if (typeof value === 'number') return Number.isFinite(value) ? value : shownNumber(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  if (value === null || typeof value !== 'object' || value instanceof LuaFloat) return value;
  if (Array.isArray(value)) return (value as readonly LuaValue[]).map(showable);
  const entries: [unknown, LuaValue][] =
    value instanceof Map ? [...(value as ReadonlyMap<unknown, LuaValue>)] : Object.entries(value);
  return Object.fromEntries(entries.map(([key, one]) => [shownKey(key), showable(one)]));
}

/** Lua's own names for them. */
function shownNumber(value: number): string {
  return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
}

function shownKey(key: unknown): string {
  if (key instanceof Uint8Array) return Buffer.from(key).toString();
  return key instanceof LuaFloat ? `${key.value}.0` : String(key);
}
