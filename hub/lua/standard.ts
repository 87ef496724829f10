/**
 * The standard library as plugins see it: Lua's own, with what could stall or leave the hub replaced by lua/std/*.lua.
 *
 * Each of those files is a chunk that is called once per engine with a table of host functions, before any other code.
 * What each replaces, and why, is in docs/lua-runtime.md.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LogLevel } from '../../base/log.js';
import { compileChunk } from './chunk.js';
import { HOST_KEY, LUA_OK, REGISTRY } from './constants.js';
import type { Executor } from './executor.js';
import type { HostFunction, LuaState } from './state.js';
import { stringFunctions } from './std-string.js';
import { readError } from './traceback.js';
import type { Ptr } from './wasm.js';

export interface StandardSource {
  readonly chunkName: string;
  readonly source: Uint8Array;
}

export interface StandardHost {
  log(level: LogLevel, text: string): void;
  getenv(name: string): string | undefined;
  readonly extra: Record<string, HostFunction>;
}

/** Reads lua/std, in the order of names. At hub start; engines made later share the result. */
export function readStandard(luaPath: string): StandardSource[] {
  const folder = join(luaPath, 'std');
  return readdirSync(folder)
    .filter((name) => name.endsWith('.lua'))
    .sort()
    .map((name) => ({ chunkName: `@std/${name}`, source: readFileSync(join(folder, name)) }));
}

export function installStandard(
  state: LuaState,
  executor: Executor,
  sources: readonly StandardSource[],
  host: StandardHost,
): void {
  const { x, L } = state;
  const functions = {
    ...stringFunctions(state, executor),
    ...hostFunctions(state, executor, host),
    ...host.extra,
  };
  x.lua_createtable(L, 0, 16);
  for (const [name, f] of Object.entries(functions)) {
    state.pushFunction(L, f);
    state.strings.setField(L, -2, name);
  }
  for (const [name, key] of [
    ['error_metatable', HOST_KEY.error],
    ['array_metatable', HOST_KEY.array],
  ] as const) {
    x.lua_rawgetp(L, REGISTRY, key);
    state.strings.setField(L, -2, name);
  }
  keepNames(state);
  for (const { chunkName, source } of sources) {
    compileChunk(state, L, source, chunkName);
    x.lua_pushvalue(L, -2);
    if (x.lua_pcallk(L, 1, 0, 0, 0, 0) !== LUA_OK) throw readError(state, L, 'error');
  }
  // ours by now, which collects in steps: what the engine runs when its memory is full
  x.lua_getglobal(L, state.vm.cString('collectgarbage'));
  x.lua_rawsetp(L, REGISTRY, HOST_KEY.collect);
  x.lua_settop(L, 0);
}

/**
 * Lua's own functions look up their names for messages in a registry table that is also `package.loaded`. It gets a
 * copy of the libraries as they are now, so that an original that one of ours calls still knows its name.
 */
function keepNames(state: LuaState): void {
  const { x, L, strings } = state;
  compileChunk(state, L, NAMES_CHUNK, '=names');
  if (x.lua_pcallk(L, 0, 1, 0, 0, 0) !== LUA_OK) throw readError(state, L, 'error');
  strings.setField(L, REGISTRY, '_LOADED');
}

const NAMES_CHUNK = `
  local names = {}
  for library, functions in pairs(package.loaded) do
    names[library] = {}
    for name, value in pairs(functions) do names[library][name] = value end
  end
  return names`;

function hostFunctions(
  state: LuaState,
  executor: Executor,
  host: StandardHost,
): Record<string, HostFunction> {
  const { x, strings } = state;
  const textAt = (L: Ptr, index: number): string => {
    const text = strings.read(L, index);
    return typeof text === 'string' ? text : Buffer.from(text).toString();
  };
  return {
    /** () -> whether the task is being ended: message handlers must not run then. */
    killing: (L) => {
      x.lua_pushboolean(L, executor.killing === undefined ? 0 : 1);
      return 1;
    },
    log: (L) => {
      host.log(textAt(L, 1) as LogLevel, textAt(L, 2));
      return 0;
    },
    getenv: (L) => {
      const value = host.getenv(textAt(L, 1));
      if (value === undefined) x.lua_pushnil(L);
      else strings.push(L, value);
      return 1;
    },
  };
}
