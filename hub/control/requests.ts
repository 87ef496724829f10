/**
 * What the hub does for each method of protocol/methods.ts: a total map, so that a method without a handler does not
 * compile. Parameters are checked here, once, for every method alike.
 */
import { mismatch } from '../../base/check.js';
import { fail, HubError } from '../../base/errors.js';
import type { LuaRecord, LuaValue } from '../../base/values.js';
import type { AgentMethod } from '../../protocol/agents.js';
import type { DeviceMethod } from '../../protocol/devices.js';
import {
  isMethod,
  LUA_ERROR,
  type Method,
  methods,
  type ParamsOf,
  type ValueOf,
} from '../../protocol/methods.js';
import type { StatusReport } from '../../protocol/status.js';

/** What a chunk of Lua came to. */
export type EvalOutcome =
  | {
      readonly ok: true /** A JSON array of the returned values, on one line. */;
      readonly valuesJson: string;
    }
  | {
      readonly ok: false /** The message on the first line, then the traceback. */;
      readonly traceback: string;
    };

/** What clients can make a hub do. */
export interface HubControl {
  status(): StatusReport;
  /** Runs `code` as a task with full rights; `chunkName` as Lua takes it (`@file`, `=(eval)`), `args` are its `...`. */
  eval(code: string, chunkName: string, args: readonly string[]): Promise<EvalOutcome>;
  /**
   * Runs a command of the hub's Lua (lua/hub/commands.lua), which tells its progress to `report`. Answers what it
   * answered, or its failure.
   */
  command(name: string, params: LuaValue, report: Report): Promise<LuaValue | HubError>;
  /** Begins a graceful shutdown. */
  quit(reason: string): void;
}

/** Tells the client of a request how it goes: `stage`, and what else the method says. */
export type Report = (progress: LuaRecord) => void;

export interface Answer<M extends Method = Method> {
  readonly value: ValueOf<M>;
  /** To do once the client has its answer. */
  readonly afterwards?: () => void;
}

type Handlers = {
  readonly [M in Method]: (
    hub: HubControl,
    params: ParamsOf<M>,
    report: Report,
  ) => Answer<M> | HubError | Promise<Answer<M> | HubError>;
};

/** A method that the hub's Lua carries out. What it answers is checked: users may replace that Lua. */
function byLua(method: AgentMethod | DeviceMethod) {
  return async (hub: HubControl, params: unknown, report: Report): Promise<Answer<never> | HubError> => {
    const value = await hub.command(method, params as LuaValue, report);
    if (value instanceof HubError) return value;
    const problem = mismatch(methods[method].value, value, method);
    if (problem === undefined) return { value: value as never };
    return fail('command.bad_answer', `The hub's Lua answered ${method} with something else: ${problem}.`);
  };
}

const handlers: Handlers = {
  status: (hub) => ({ value: hub.status() }),
  stop: (hub, { reason }) => ({ value: {}, afterwards: () => hub.quit(reason) }),
  eval: async (hub, { code, chunk_name, args }) => {
    const outcome = await hub.eval(code, chunk_name, args);
    if (outcome.ok) return { value: { values_json: outcome.valuesJson } };
    const [message = ''] = outcome.traceback.split('\n', 1);
    return fail(LUA_ERROR, message, { traceback: outcome.traceback });
  },
  'agent.new': byLua('agent.new'),
  'agent.list': byLua('agent.list'),
  'agent.rm': byLua('agent.rm'),
  'agent.definitions': byLua('agent.definitions'),
  'device.list': byLua('device.list'),
  'device.rename': byLua('device.rename'),
  'device.set_view_only': byLua('device.set_view_only'),
  'device.revoke': byLua('device.revoke'),
  'connection.code': byLua('connection.code'),
};

/**
 * Carries out a request. Errors: control.unknown_method, control.bad_params, and the method's own. What a handler
 * throws passes through.
 */
export async function answerRequest(
  hub: HubControl,
  method: string,
  params: unknown,
  report: Report,
): Promise<Answer | HubError> {
  if (!isMethod(method)) {
    const known = Object.keys(methods).join(', ');
    return fail(
      'control.unknown_method',
      `This hub has no method ${JSON.stringify(method)}. It has: ${known}.`,
    );
  }
  const problem = mismatch(methods[method].params, params, 'params');
  if (problem !== undefined) return fail('control.bad_params', `Wrong parameters for ${method}: ${problem}.`);
  return await (
    handlers[method] as (hub: HubControl, params: unknown, report: Report) => Promise<Answer | HubError>
  )(hub, params, report);
}
