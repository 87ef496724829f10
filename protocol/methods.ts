/**
 * What a client may ask of a hub: each method once, with what it takes and gives. From this table come the types of
 * both sides and the checks on receipt. Adding a method does not change the protocol version.
 */
import { type Infer, t } from '../base/schema.js';
import { agentMethods } from './agents.js';
import { deviceMethods } from './devices.js';
import { statusReport } from './status.js';

export const methods = {
  /** The numbers of `botster status`. */
  status: { params: t.object({}), value: statusReport },
  /** Begins a graceful shutdown; answered before it begins. */
  stop: { params: t.object({ reason: t.text({ maxBytes: 200 }) }), value: t.object({}) },
  /**
   * Runs Lua as a task with full rights and answers when it ended. A Lua error is the failure `eval.lua_error`, whose
   * details hold the traceback.
   */
  eval: {
    params: t.object({
      code: t.str,
      /** As Lua takes it: `@file`, `=(eval)`. */
      chunk_name: t.text({ maxBytes: 4096 }),
      /** The chunk's `...`. */
      args: t.list(t.str),
    }),
    value: t.object({
      /** A JSON array of the returned values, on one line. */
      values_json: t.str,
    }),
  },
  ...agentMethods,
  ...deviceMethods,
} as const;

export type Method = keyof typeof methods;
export type ParamsOf<M extends Method> = Infer<(typeof methods)[M]['params']>;
export type ValueOf<M extends Method> = Infer<(typeof methods)[M]['value']>;

/** The code of a failure of the Lua code itself, as opposed to one of the hub. */
export const LUA_ERROR = 'eval.lua_error';
/** Its details. */
export const luaErrorDetails = t.object({ traceback: t.str });

export function isMethod(name: string): name is Method {
  return Object.hasOwn(methods, name);
}
