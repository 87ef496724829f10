/**
 * Definitions become Lua functions.
 *
 * Keeps true, for every primitive alike: arguments are checked before the implementation runs, and a wrong one raises
 * `bad argument #1 to 'timer.after' (seconds: number expected, got string)`; an expected failure returns `nil, err`; a
 * function that waits parks its task, or, given one more argument that is a function, returns at once and calls it with
 * what it would have returned; whatever else goes wrong is ours, is logged, and raises without details.
 */
import { ArgumentError, HubError } from '../../base/errors.js';
import type { NamedSchema, Schema } from '../../base/schema.js';
import type { LuaValue } from '../../base/values.js';
import type { FunctionDef, PrimitiveDef } from '../../primitives/define.js';
import { compileReader, Mismatch, type Reader } from './arguments.js';
import { type CallbackHost, LuaCallback } from './callback.js';
import { TYPE } from './constants.js';
import type { Executor } from './executor.js';
import { type HostFunction, LuaRaise } from './state.js';
import type { Task } from './task.js';
import type { Ptr } from './wasm.js';

type Implementation = (...args: unknown[]) => unknown;

/** What binding needs of an engine. */
export interface BindHost extends CallbackHost {
  readonly executor: Executor;
  /** The thread whose call is being served: what `where()` looks at. */
  caller: Ptr;
  wake(task: Task): void;
}

/** Sets the global of `def`. `functions` are the implementations for this engine. Answers the hidden ones. */
export function bindPrimitive(
  host: BindHost,
  def: PrimitiveDef,
  functions: Readonly<Record<string, Implementation>>,
): Record<string, HostFunction> {
  const { x, L, strings, vm } = host.state;
  const hidden: Record<string, HostFunction> = {};
  x.lua_createtable(L, 0, Object.keys(def.functions).length);
  for (const [name, fn] of Object.entries(def.functions)) {
    if (fn.by === 'companion') continue;
    const implementation = functions[name];
    if (implementation === undefined) throw new Error(`${def.name}.${name} has no implementation`);
    const bound = bindFunction(host, fn, fn.shownAs ?? `${def.name}.${name}`, implementation);
    if (fn.by === 'hidden') {
      hidden[name] = bound;
      continue;
    }
    host.state.pushFunction(L, bound);
    strings.setField(L, -2, name);
  }
  x.lua_setglobal(L, vm.cString(def.name));
  return hidden;
}

function bindFunction(
  host: BindHost,
  def: FunctionDef,
  name: string,
  implementation: Implementation,
): HostFunction {
  const { x } = host.state;
  const makeCallback = (L: Ptr, index: number): LuaCallback =>
    new LuaCallback(host, L, index, `the callback of '${name}'`);
  const readers = def.params.map((param) => compileReader(host.state, param.schema, makeCallback));
  const read = argumentReader(def, name, readers);
  const push = resultPusher(host, def);

  if (def.waits !== true) {
    return (L) => {
      const args = read(L);
      host.caller = L;
      return push(L, run(implementation, args));
    };
  }
  return (L) => {
    const callbackIndex = extraCallback(host, def, L);
    if (callbackIndex === 0) {
      assertMayWait(host, def, name);
      const args = read(L);
      host.executor.assertCanWait(L, name);
      host.caller = L;
      return host.executor.wait(L, settle(implementation, args), push, (task) => host.wake(task));
    }
    const callback = makeCallback(L, callbackIndex);
    x.lua_settop(L, callbackIndex - 1);
    const args = releasing(callback, () => read(L));
    host.caller = L;
    void settle(implementation, args).then(
      (value) => answer(def, callback, value),
      (thrown: unknown) => answer(def, callback, unexpected(host, name, thrown)),
    );
    return 0;
  };
}

/** Failures of the synchronous part come as values, like the others. */
function run(implementation: Implementation, args: unknown[]): unknown {
  try {
    return implementation(...args);
  } catch (thrown) {
    if (thrown instanceof HubError) return thrown;
    throw thrown;
  }
}

async function settle(implementation: Implementation, args: unknown[]): Promise<unknown> {
  try {
    return await implementation(...args);
  } catch (thrown) {
    if (thrown instanceof HubError) return thrown;
    throw thrown;
  }
}

/** Calls back with what the waiting form returns. */
function answer({ returns }: FunctionDef, callback: LuaCallback, value: unknown): void {
  if (value instanceof HubError) callback.call(undefined, value);
  else if (returns.length === 0) callback.call(true);
  else if (returns.length === 1) callback.call(value);
  else callback.call(...(value as readonly unknown[]));
  callback.release();
}

function unexpected(host: BindHost, name: string, thrown: unknown): HubError {
  return new HubError('hub.internal', host.state.reportInternal(thrown, name), { cause: thrown });
}

function assertMayWait(host: BindHost, def: FunctionDef, name: string): void {
  if (def.loadOnly === undefined || host.executor.task?.spec.phase === 'load') return;
  throw new LuaRaise(
    `'${name}' would block and is allowed only while a plugin loads; here use ${def.loadOnly}`,
  );
}

/** The index of the callback of a waiting function: its last argument, if a function that no parameter takes. */
function extraCallback(host: BindHost, def: FunctionDef, L: Ptr): number {
  const top = host.state.x.lua_gettop(L);
  if (top === 0 || host.state.x.lua_type(L, top) !== TYPE.function) return 0;
  const param = def.params[top - 1];
  return param !== undefined && takesFunction(param.schema) ? 0 : top;
}

function takesFunction(schema: Schema): boolean {
  if (schema.kind === 'opt') return takesFunction(schema.inner as Schema);
  if (schema.kind === 'union') return (schema.alternatives as readonly Schema[]).some(takesFunction);
  return schema.kind === 'fn';
}

function argumentReader(def: FunctionDef, name: string, readers: readonly Reader[]): (L: Ptr) => unknown[] {
  const { params } = def;
  return (L) => {
    const args: unknown[] = [];
    for (let i = 0; i < readers.length; i++) {
      try {
        args.push((readers[i] as Reader)(L, i + 1));
      } catch (thrown) {
        for (const arg of args) if (arg instanceof LuaCallback) arg.release();
        if (!(thrown instanceof Mismatch)) throw thrown;
        throw badArgument(i + 1, name, params[i] as NamedSchema, thrown);
      }
    }
    return args;
  };
}

function badArgument(
  number: number,
  name: string,
  param: NamedSchema,
  { expected, got, path }: Mismatch,
): ArgumentError {
  const where = param.name + path;
  return new ArgumentError(
    `bad argument #${number} to '${name}' (${where}: ${expected} expected, got ${got})`,
  );
}

function releasing<T>(callback: LuaCallback, read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    callback.release();
    throw thrown;
  }
}

/** Pushes what an implementation answered: results, or `nil, err`. A function with nothing else answers `true`. */
function resultPusher(host: BindHost, def: FunctionDef): (L: Ptr, value: unknown) => number {
  const { x, writer } = host.state;
  const canFail = Object.keys(def.errors).length > 0;
  const count = def.returns.length;
  return (L, value) => {
    if (value instanceof HubError) {
      x.lua_pushnil(L);
      writer.push(L, value);
      return 2;
    }
    if (count === 0) {
      if (canFail) x.lua_pushboolean(L, 1);
      return canFail ? 1 : 0;
    }
    if (count === 1) {
      writer.push(L, value as LuaValue);
      return 1;
    }
    for (const one of value as LuaValue[]) writer.push(L, one);
    return count;
  };
}
