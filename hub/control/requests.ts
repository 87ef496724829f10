/**
 * What the hub does for each method of protocol/methods.ts: a total map, so that a method without a handler does not
 * compile. Parameters are checked here, once, for every method alike.
 */
import { mismatch } from '../../base/check.js';
import { fail, type HubError } from '../../base/errors.js';
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
  /** Begins a graceful shutdown. */
  quit(reason: string): void;
}

export interface Answer<M extends Method = Method> {
  readonly value: ValueOf<M>;
  /** To do once the client has its answer. */
  readonly afterwards?: () => void;
}

type Handlers = {
  readonly [M in Method]: (
    hub: HubControl,
    params: ParamsOf<M>,
  ) => Answer<M> | HubError | Promise<Answer<M> | HubError>;
};

const handlers: Handlers = {
  status: (hub) => ({ value: hub.status() }),
  stop: (hub, { reason }) => ({ value: {}, afterwards: () => hub.quit(reason) }),
  eval: async (hub, { code, chunk_name, args }) => {
    const outcome = await hub.eval(code, chunk_name, args);
    if (outcome.ok) return { value: { values_json: outcome.valuesJson } };
    const [message = ''] = outcome.traceback.split('\n', 1);
    return fail(LUA_ERROR, message, { traceback: outcome.traceback });
  },
};

/**
 * Carries out a request. Errors: control.unknown_method, control.bad_params, and the method's own. What a handler
 * throws passes through.
 */
export async function answerRequest(
  hub: HubControl,
  method: string,
  params: unknown,
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
  return await (handlers[method] as (hub: HubControl, params: unknown) => Promise<Answer | HubError>)(
    hub,
    params,
  );
}
