/**
 * Errors as people read them: the message, and the Lua stack with files and lines.
 *
 * Runs no Lua code of a plugin except `__tostring` of an error value, protected and under the hook.
 */
import { LuaFloat, type LuaValue } from '../../base/values.js';
import { LUA_OK, TYPE, typeName } from './constants.js';
import { CrossingError } from './crossing.js';
import type { LuaState } from './state.js';
import { LuaError, type LuaErrorKind } from './task.js';
import type { Ptr } from './wasm.js';

/** Stack frames beyond this are cut in the middle by Lua itself; text beyond this by us. */
const TRACEBACK_MAX_CHARS = 8_192;
/** Of an error table that says nothing for itself. */
const CONTENT_MAX_CHARS = 500;

/** The stack of `thread`, headed by `message`. */
export function tracebackOf(state: LuaState, thread: Ptr, message: string): string {
  const { x, L } = state;
  const text = state.unprotected(() => {
    x.luaL_traceback(L, thread, 0, 0);
    const stack = state.strings.read(L, -1);
    x.lua_settop(L, -2);
    return typeof stack === 'string' ? stack : Buffer.from(stack).toString();
  });
  const whole = /\n/.test(text) ? `${message}\n${text}` : message;
  return whole.length > TRACEBACK_MAX_CHARS ? `${whole.slice(0, TRACEBACK_MAX_CHARS)}…` : whole;
}

/** Takes the error value at the top of a thread that failed. */
export function readError(state: LuaState, thread: Ptr, kind: LuaErrorKind): LuaError {
  const value = readValue(state, thread);
  const message = messageFor(state, thread, value);
  return new LuaError(kind, message, tracebackOf(state, thread, message), value);
}

function readValue(state: LuaState, thread: Ptr): LuaValue {
  try {
    return state.reader.read(thread, -1);
  } catch (thrown) {
    if (thrown instanceof CrossingError) return undefined;
    throw thrown;
  }
}

function messageFor(state: LuaState, thread: Ptr, value: LuaValue): string {
  const type = state.x.lua_type(thread, -1);
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  if (type === TYPE.table || type === TYPE.userdata) {
    const shown = toStringProtected(state, thread);
    if (shown !== undefined && !/^table: /.test(shown)) return shown;
    const record = value as Record<string, LuaValue> | undefined;
    if (typeof record?.['message'] === 'string') return record['message'];
    if (value !== undefined) return `error object ${shownContent(value)}`;
  }
  return `(error object is a ${typeName(type)} value)`;
}

/** The content of an error table, so that a log tells what was thrown. */
function shownContent(value: LuaValue): string {
  const text = JSON.stringify(value, (_, one: unknown) => {
    if (typeof one === 'bigint') return String(one);
    if (one instanceof Uint8Array) return Buffer.from(one).toString();
    if (one instanceof LuaFloat) return one.value;
    return one instanceof Map ? Object.fromEntries(one as ReadonlyMap<string, unknown>) : one;
  });
  return text.length > CONTENT_MAX_CHARS ? `${text.slice(0, CONTENT_MAX_CHARS)}…` : text;
}

/** `tostring` of the value at the top of `thread`. */
function toStringProtected(state: LuaState, thread: Ptr): string | undefined {
  const { x } = state;
  x.lua_checkstack(thread, 4);
  const top = x.lua_gettop(thread);
  state.pushFunctionId(thread, tostringId(state));
  x.lua_pushvalue(thread, -2);
  const ok = x.lua_pcallk(thread, 1, 1, 0, 0, 0) === LUA_OK && x.lua_type(thread, -1) === TYPE.string;
  const text = ok ? state.strings.read(thread, -1) : undefined;
  x.lua_settop(thread, top);
  return typeof text === 'string' ? text : undefined;
}

const tostringIds = new WeakMap<LuaState, number>();

function tostringId(state: LuaState): number {
  let id = tostringIds.get(state);
  if (id === undefined) {
    id = state.addFunction((L) => {
      state.x.luaL_tolstring(L, 1, 0);
      return 1;
    });
    tostringIds.set(state, id);
  }
  return id;
}
