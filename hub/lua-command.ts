/**
 * Commands of the hub's own Lua: `require("hub.commands").run(name, params, report)`, as a task of the core engine.
 *
 * Parameters and results cross as values, never as code. A command's failure is the HubError that it answered with; a
 * Lua error is one too, with the traceback in the log. While a command runs, what it reports reaches its caller.
 */
import { fail, type HubError } from '../base/errors.js';
import type { Logger } from '../base/log.js';
import { LuaFloat, type LuaRecord, type LuaValue } from '../base/values.js';
import { compileChunk } from './lua/chunk.js';
import type { Engine } from './lua/engine.js';
import type { LuaState } from './lua/state.js';
import { LuaError, Task, type TaskOutcome } from './lua/task.js';
import type { Ptr } from './lua/wasm.js';

export type Report = (progress: LuaRecord) => void;

const CHUNK = `
local name, params, report, key = ...
return require("hub.commands").run(name, params, function(progress) report(key, progress) end)`;

/** One host function for each engine: functions that the host adds to a state stay for its life. */
const reporters = new WeakMap<LuaState, Reporters>();

/** Who gets what the running commands of an engine report. */
class Reporters {
  readonly id: number;
  readonly #open = new Map<number, Report>();
  #lastKey = 0;

  constructor(state: LuaState) {
    const { x, reader } = state;
    this.id = state.addFunction((L) => {
      const progress = plain(reader.read(L, 2));
      const report = this.#open.get(x.lua_tonumberx(L, 1, 0));
      if (isRecord(progress)) report?.(progress);
      return 0;
    });
  }

  static of(state: LuaState): Reporters {
    let found = reporters.get(state);
    if (found === undefined) {
      found = new Reporters(state);
      reporters.set(state, found);
    }
    return found;
  }

  open(report: Report): number {
    this.#open.set(++this.#lastKey, report);
    return this.#lastKey;
  }

  close(key: number): void {
    this.#open.delete(key);
  }
}

/**
 * Runs a command. Answers its value as plain data (as JSON has it), or its failure; command.failed is a Lua error.
 */
export function runLuaCommand(
  engine: Engine,
  log: Logger,
  name: string,
  params: LuaValue,
  report: Report,
): Promise<LuaValue | HubError> {
  const { state } = engine;
  const channel = Reporters.of(state);
  const key = channel.open(report);
  return new Promise<LuaValue | HubError>((resolve) => {
    const label = `command ${name}`;
    const task = new Task({
      label,
      phase: 'run',
      budgetMs: engine.limits.loadBudgetMs,
      start: (L) => {
        compileChunk(state, L, CHUNK, '=command');
        state.x.lua_checkstack(L, 5);
        state.writer.push(L, name);
        state.writer.push(L, params);
        state.pushFunctionId(L, channel.id);
        state.writer.push(L, key);
        return 4;
      },
      onEnd: (outcome) => resolve(outcomeOf(state, log, label, outcome)),
    });
    if (!engine.spawn(task)) resolve(fail('command.busy', 'The hub has too much Lua to run. Try again.'));
  }).finally(() => channel.close(key));
}

function outcomeOf(state: LuaState, log: Logger, label: string, outcome: TaskOutcome): LuaValue | HubError {
  try {
    if (!outcome.ok) throw outcome.error;
    return answerOf(state, outcome.L, outcome.results);
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    const traceback = thrown instanceof LuaError ? thrown.traceback : error.message;
    log.log('error', `${label} failed: ${traceback}`);
    return fail('command.failed', `The hub's Lua failed: ${error.message}. Its log says more: botster logs.`);
  }
}

/** `commands.run` answers true and a value, or false and a failure. */
function answerOf(state: LuaState, L: Ptr, results: number): LuaValue | HubError {
  const value = results === 2 ? plain(state.reader.read(L, -1)) : undefined;
  if (value !== undefined && state.x.lua_toboolean(L, -2) !== 0) return value;
  const failure = isRecord(value) ? value : {};
  const { code, message, details } = failure;
  return fail(
    typeof code === 'string' ? code : 'command.failed',
    typeof message === 'string' ? message : 'The command failed without saying why.',
    isRecord(details) ? details : undefined,
  );
}

function isRecord(value: LuaValue): value is LuaRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Map);
}

/** As JSON has it: floats are numbers, bytes are text, keys are names. */
function plain(value: LuaValue): LuaValue {
  if (value === undefined) return null;
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? Number(value) : value;
  if (value instanceof LuaFloat) return value.value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  if (Array.isArray(value)) return (value as readonly LuaValue[]).map(plain);
  const entries =
    value instanceof Map ? [...(value as ReadonlyMap<unknown, LuaValue>)] : Object.entries(value);
  return Object.fromEntries(entries.map(([key, entry]) => [String(key), plain(entry as LuaValue)]));
}
