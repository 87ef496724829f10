/**
 * Where `require` finds modules: the engine's module folders, read without blocking.
 *
 * Keeps true: a module name is letters, digits, `_`, `-` and dots, so it cannot leave its folder; one task at a time
 * loads a module. The Lua half is lua/std/require.lua.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Executor } from './executor.js';
import { type HostFunction, LuaRaise, type LuaState } from './state.js';
import type { Task } from './task.js';
import type { Ptr } from './wasm.js';

export interface ModuleRoot {
  readonly folder: string;
  /** What chunk names start with, so that messages are short: `lua`, `plugins/demo`. */
  readonly shownAs: string;
  /** First part of the names that lead here and nowhere else: with `shipped`, `shipped.hub.agents` is `hub/agents.lua`. */
  readonly prefix?: string;
}

const MODULE_NAME = /^[\w-]+(\.[\w-]+)*$/;

interface FoundModule {
  readonly source: Uint8Array;
  readonly shown: string;
}

interface Loading {
  readonly task: Task | undefined;
  readonly done: Promise<void>;
  readonly finish: () => void;
}

export function moduleFunctions(
  state: LuaState,
  executor: Executor,
  roots: readonly ModuleRoot[],
  wake: (task: Task) => void,
): Record<string, HostFunction> {
  const loading = new Map<string, Loading>();
  const nameAt = (L: Ptr): string => {
    const name = state.strings.read(L, 1);
    if (typeof name === 'string' && MODULE_NAME.test(name)) return name;
    throw new LuaRaise(`bad module name '${String(name)}' (letters, digits, '_', '-' and dots)`);
  };
  return {
    /** (name) -> whether the caller loads it now; false after somebody else did. */
    module_enter: (L) => {
      const name = nameAt(L);
      const other = loading.get(name);
      if (other === undefined) {
        let finish: () => void = () => undefined;
        const done = new Promise<void>((resolve) => {
          finish = resolve;
        });
        loading.set(name, { task: executor.task, done, finish });
        state.x.lua_pushboolean(L, 1);
        return 1;
      }
      if (other.task === executor.task) throw new LuaRaise(`module '${name}' requires itself`);
      executor.assertCanWait(L, 'require');
      return executor.wait(L, other.done, pushFalse(state), wake);
    },
    module_leave: (L) => {
      const name = nameAt(L);
      loading.get(name)?.finish();
      loading.delete(name);
      return 0;
    },
    /** (name) -> source, shown path; or nil, message. Waits. */
    module_source: (L) => {
      const name = nameAt(L);
      executor.assertCanWait(L, 'require');
      const push = (thread: Ptr, found: FoundModule | string): number => {
        if (typeof found === 'string') {
          state.x.lua_pushnil(thread);
          state.strings.push(thread, found);
        } else {
          state.strings.push(thread, found.source);
          state.strings.push(thread, found.shown);
        }
        return 2;
      };
      return executor.wait(L, findModule(name, roots), push, wake);
    },
  };
}

function pushFalse({ x }: LuaState): (L: Ptr) => number {
  return (L) => {
    x.lua_pushboolean(L, 0);
    return 1;
  };
}

/** The module, or why there is none. */
async function findModule(name: string, roots: readonly ModuleRoot[]): Promise<FoundModule | string> {
  const tried: string[] = [];
  for (const { folder, shownAs, prefix } of roots) {
    if (prefix !== undefined && !name.startsWith(`${prefix}.`)) continue;
    const path = (prefix === undefined ? name : name.slice(prefix.length + 1)).replaceAll('.', '/');
    for (const relative of [`${path}.lua`, `${path}/init.lua`]) {
      const shown = `${shownAs}/${relative}`;
      try {
        return { source: await readFile(join(folder, relative)), shown };
      } catch (thrown) {
        const { code } = thrown as NodeJS.ErrnoException;
        if (code !== 'ENOENT' && code !== 'ENOTDIR') return `cannot read '${shown}': ${String(code)}`;
        tried.push(`no file '${shown}'`);
      }
    }
  }
  const list = tried.length === 0 ? 'this engine has no module folders' : tried.join('\n\t');
  return `module '${name}' not found:\n\tno field package.preload['${name}']\n\t${list}`;
}
