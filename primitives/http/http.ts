/**
 * The behaviour of `http` on the hub's side: who asked, whose turn it is, and that each request is answered once.
 *
 * The worker starts with the first request. An engine's requests are given up when its scope ends.
 */
import { fail, HubError } from '../../base/errors.js';
import type { RpcClient } from '../../base/rpc.js';
import type { LuaValue } from '../../base/values.js';
import type { HubContext } from '../context.js';
import { implement } from '../define.js';
import type { FetchCode } from './fetch-errors.js';
import type { FetchRequest, FetchResponse, HttpCalls } from './http.calls.js';
import { httpDef } from './http.def.js';
import { optionsOf, type RequestOptions, toFetchRequest } from './request.js';
import { RequestLine } from './request-line.js';

type HttpCode = FetchCode | 'http.busy' | 'http.failed';
type LuaTable = Readonly<Record<string, LuaValue>>;

/** Of the whole hub. More at a time would fill the memory with bodies; more waiting is a plugin that went wild. */
const LINE_LIMITS = { maxRunning: 16, maxWaiting: 1024 };
/** The worker keeps the time itself; this is for a worker that hangs. */
const WORKER_GRACE_MS = 5_000;

interface Response {
  readonly status: number;
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, Uint8Array>>;
  readonly set_cookies: Uint8Array[];
  readonly url: string;
}

type Outcome = Response | HubError<HttpCode>;

export const http = implement(httpDef, (hub) => {
  const line = new RequestLine(LINE_LIMITS);
  const fetcher = new Fetcher(hub);
  let lastId = 0;

  return {
    engine(engine) {
      const running = new Map<number, AbortController>();
      engine.scope.defer(() => {
        for (const request of running.values()) request.abort();
      });

      const start = (
        request: FetchRequest | HubError<HttpCode>,
      ): { id: number; outcome: Promise<Outcome> } => {
        const id = ++lastId;
        const controller = new AbortController();
        running.set(id, controller);
        if (engine.scope.disposed) controller.abort();
        const outcome = perform(request, controller.signal).finally(() => running.delete(id));
        return { id, outcome };
      };
      const perform = async (
        request: FetchRequest | HubError<HttpCode>,
        signal: AbortSignal,
      ): Promise<Outcome> => {
        if (request instanceof HubError) return request;
        if (line.isFull) return fail('http.busy', `${LINE_LIMITS.maxWaiting} requests are waiting already`);
        return (await line.run(() => fetcher.fetch(request, signal), signal)) ?? cancelled();
      };
      const positional = (method: string, url: string, options: RequestOptions): Promise<Outcome> =>
        start(toFetchRequest(method, url, options, hub.identity.version)).outcome;
      const withBody = (
        method: string,
        url: string,
        body: Uint8Array | LuaTable | undefined,
        headers: LuaTable = {},
      ) =>
        body === undefined || body instanceof Uint8Array
          ? positional(method, url, { ...optionsOf(headers), body })
          : positional(method, url, optionsOf(body));
      const described = (
        request: RequestOptions & { readonly url: string; readonly method?: string | undefined },
      ) => toFetchRequest(request.method ?? 'GET', request.url, request, hub.identity.version);

      return {
        get: (url, headers = {}) => positional('GET', url, optionsOf(headers)),
        post: (url, body, headers) => withBody('POST', url, body, headers),
        put: (url, body, headers) => withBody('PUT', url, body, headers),
        delete: (url, headers = {}) => positional('DELETE', url, optionsOf(headers)),
        _wait: (request) => start(described(request)).outcome,
        _request(request, callback) {
          const { id, outcome } = start(described(request));
          void outcome.then((result) => {
            if (result instanceof HubError) callback.call(undefined, result);
            else callback.call(result, undefined);
            callback.release();
          });
          return id;
        },
        cancel(id) {
          const request = running.get(id);
          if (request === undefined || request.signal.aborted) return false;
          request.abort();
          return true;
        },
      };
    },
    handlers: {},
  };
});

/** Requests as calls of the worker. */
class Fetcher {
  readonly #hub: HubContext;
  #worker: RpcClient<HttpCalls> | undefined;

  constructor(hub: HubContext) {
    this.#hub = hub;
  }

  async fetch(request: FetchRequest, signal: AbortSignal): Promise<Outcome> {
    this.#worker ??= this.#hub.startWorker<HttpCalls>({
      name: 'net',
      url: new URL('./http.worker.js', import.meta.url),
      restart: 'always',
    });
    try {
      const timeoutMs = request.timeoutMs + WORKER_GRACE_MS;
      return toResponse(await this.#worker.call('fetch', request, { timeoutMs, signal }));
    } catch (thrown) {
      if (!(thrown instanceof HubError)) throw thrown;
      const { code, message } = thrown as HubError;
      if (code.startsWith('http.')) return thrown as HubError<FetchCode>;
      if (code === 'worker.cancelled') return cancelled();
      if (code === 'worker.timeout')
        return fail('http.timeout', 'the worker that makes requests does not answer');
      return fail('http.failed', `the request was lost: ${message}`, { cause: code });
    }
  }
}

function cancelled(): HubError<'http.cancelled'> {
  return fail('http.cancelled', 'the request was cancelled');
}

/** Header values as the bytes they were on the wire. */
function toResponse({ status, url, headers, body }: FetchResponse): Response {
  const cookies: string[] = [];
  const joined = new Map<string, string>();
  for (const [name, value] of headers) {
    if (name === 'set-cookie') cookies.push(value);
    const before = joined.get(name);
    // Set-Cookie values contain commas themselves.
    const separator = name === 'set-cookie' ? '\n' : ', ';
    joined.set(name, before === undefined ? value : before + separator + value);
  }
  return {
    status,
    url,
    body,
    headers: Object.fromEntries([...joined].map(([name, value]) => [name, latin1(value)])),
    set_cookies: cookies.map(latin1),
  };
}

function latin1(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}
