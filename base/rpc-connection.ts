/**
 * The hub's end of base/rpc.ts on one port: calls out, events in, credit back.
 *
 * Pending calls are bounded by number and by time, so a worker that never answers costs a known amount. Events beyond
 * the granted credit, and messages that are not understood, are counted, logged and dropped.
 * One connection is one life of a worker: it does not survive the port (hub/supervised-worker.ts does).
 */
import type { Clock } from './clock.js';
import type { Counters } from './counters.js';
import { ArgumentError, fail, type HubError, messageOf } from './errors.js';
import type { EventLike, EventSource, Lane } from './event-lanes.js';
import type { Logger } from './log.js';
import type { CallArg, CallName, CallOptions, CallResult, Port, RpcCalls, RpcClient } from './rpc.js';
import { type Credit, describeMessage, readToHub, type ToHub, type ToWorker } from './rpc-wire.js';

/** Longest wait for an answer if the caller names none: long enough for a slow git call, short for a person. */
export const DEFAULT_CALL_TIMEOUT_MS = 30_000;
/** Longest wait a caller may name: a day. Timers beyond 2^31 ms do not work, and nothing should wait that long. */
export const MAX_CALL_TIMEOUT_MS = 86_400_000;
/** Calls waiting for one worker. A worker this far behind is stuck; more would only cost memory. */
export const MAX_PENDING_CALLS = 4_096;
/** Events of each lane that one worker may have on their way or in the inbox; about 2 ms of handling. */
export const EVENT_CREDIT: Credit = { control: 256, bulk: 256 };
/** Credit goes back when this share of the window is owed: few messages, and the worker rarely runs dry. */
const CREDIT_RETURN_SHARE = 4;
/** Log lines about messages that no worker should send, per connection; all are counted. */
export const MAX_BAD_MESSAGE_LINES = 10;

/** Least time between log lines about drops: a flood drops many times a second, and all of it is counted. */
const DROP_LINE_INTERVAL_MS = 10_000;

export interface ConnectOptions {
  /** The worker's name, for messages and counters. */
  readonly name: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: Counters;
  /** The worker serves; `version` is its RPC_VERSION. */
  readonly onReady?: (version: number) => void;
  /**
   * Takes each event in order. The taker calls `taken(lane)` once per event when it is handled, replaced or dropped;
   * until then it holds one credit.
   */
  readonly onEvent?: (event: EventLike, lane: Lane) => void;
  /** The worker lost `count` events of this type (its bulk lane was full). */
  readonly onDropped?: (type: string, count: number) => void;
  readonly credit?: Credit;
}

interface PendingCall {
  readonly name: string;
  readonly settle: (outcome: { readonly value: unknown } | { readonly error: Error }) => void;
}

export class RpcConnection<C extends RpcCalls> implements RpcClient<C>, EventSource {
  readonly #port: Port;
  readonly #options: ConnectOptions;
  readonly #window: Credit;
  readonly #pending = new Map<number, PendingCall>();
  /** Events not yet reported taken, and credit not yet given back. */
  readonly #outstanding = { control: 0, bulk: 0 };
  readonly #owed = { control: 0, bulk: 0 };
  #nextId = 1;
  #badLines = 0;
  #nextDropLineMs = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(port: Port, options: ConnectOptions) {
    this.#port = port;
    this.#options = options;
    this.#window = options.credit ?? EVENT_CREDIT;
    port.on('message', (value) => this.#receive(value));
    port.on('close', () => this.#close());
    this.#send({ kind: 'credit', ...this.#window });
  }

  get closed(): boolean {
    return this.#closed;
  }

  get pendingCalls(): number {
    return this.#pending.size;
  }

  call<K extends CallName<C>>(
    name: K,
    arg: CallArg<C, K>,
    options: CallOptions = {},
  ): Promise<CallResult<C, K>> {
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      const refused = this.#refusal(name, options);
      if (refused !== undefined) {
        reject(refused);
        return;
      }
      const { timeoutMs = DEFAULT_CALL_TIMEOUT_MS, signal, transfer } = options;
      const giveUp = (code: string, why: string): void => {
        this.#send({ kind: 'cancel', id });
        settle({ error: fail(code, `call '${name}' of worker ${this.#options.name} ${why}`) });
      };
      const onAbort = (): void => giveUp('worker.cancelled', 'was cancelled');
      const timer = this.#options.clock.after(timeoutMs, () =>
        giveUp('worker.timeout', `got no answer in ${timeoutMs} ms`),
      );
      const settle: PendingCall['settle'] = (outcome) => {
        this.#pending.delete(id);
        timer.dispose();
        signal?.removeEventListener('abort', onAbort);
        if ('error' in outcome) reject(outcome.error);
        else resolve(outcome.value as CallResult<C, K>);
      };
      this.#pending.set(id, { name, settle });
      signal?.addEventListener('abort', onAbort, { once: true });
      try {
        this.#send({ kind: 'call', id, name, arg }, transfer);
      } catch (thrown) {
        settle({ error: new ArgumentError(`bad argument to call '${name}' (${messageOf(thrown)})`) });
      }
    });
  }

  /** Asks the worker to clean up and close its port. */
  stop(): void {
    if (!this.#closed) this.#send({ kind: 'stop' });
  }

  /** Reports that one event has left the hub's lanes; its credit goes back to the worker. */
  taken(lane: Lane): void {
    if (this.#closed) return;
    this.#outstanding[lane]--;
    this.#owed[lane]++;
    if (this.#owed[lane] * CREDIT_RETURN_SHARE < this.#window[lane]) return;
    const credit: Credit = { control: 0, bulk: 0, [lane]: this.#owed[lane] };
    this.#owed[lane] = 0;
    this.#send({ kind: 'credit', ...credit });
  }

  #refusal(name: string, { timeoutMs, signal }: CallOptions): Error | undefined {
    const worker = this.#options.name;
    const bad = badTimeout(name, timeoutMs);
    if (bad !== undefined) return bad;
    if (this.#closed) return gone(worker, name);
    if (signal?.aborted) return fail('worker.cancelled', `call '${name}' of worker ${worker} was cancelled`);
    if (this.#pending.size < MAX_PENDING_CALLS) return undefined;
    this.#options.counters.add('rpc.busy');
    return fail('worker.busy', `worker ${worker} has ${MAX_PENDING_CALLS} calls waiting`);
  }

  #send(message: ToWorker, transfer?: readonly object[]): void {
    this.#port.postMessage(message, transfer);
  }

  #receive(value: unknown): void {
    if (this.#closed) return;
    const message = readToHub(value);
    switch (message?.kind) {
      case 'ok':
        this.#settle(message.id, { value: message.value });
        return;
      case 'fail':
        this.#settle(message.id, { error: this.#errorOf(message) });
        return;
      case 'events':
        for (const event of message.events) this.#takeEvent(event, message.lane);
        return;
      case 'dropped':
        this.#countDrops(message.counts);
        return;
      case 'ready':
        this.#options.onReady?.(message.version);
        return;
      case 'bad':
        this.#countBad('the worker did not understand a message', message.what);
        return;
      case undefined:
        this.#countBad('a message of the worker was not understood', describeMessage(value));
    }
  }

  // An answer without a pending call is normal: the caller gave up and the answer crossed the cancel.
  #settle(id: number, outcome: Parameters<PendingCall['settle']>[0]): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) this.#options.counters.add('rpc.late');
    else pending.settle(outcome);
  }

  #errorOf({ id, code, message, details }: Extract<ToHub, { kind: 'fail' }>): HubError {
    if (code === 'worker.internal') {
      const call = this.#pending.get(id)?.name;
      this.#options.log.log('error', 'a call failed in the worker', {
        call,
        error: message,
        stack: details?.['stack'],
      });
      return fail(code, message);
    }
    return fail(code, message, details);
  }

  #takeEvent(event: EventLike, lane: Lane): void {
    if (this.#outstanding[lane] >= this.#window[lane]) {
      this.#options.counters.add('rpc.over_credit');
      this.#logBad('dropped an event beyond the credit', event.type);
      return;
    }
    this.#outstanding[lane]++;
    this.#options.onEvent?.(event, lane);
  }

  #countDrops(counts: Readonly<Record<string, number>>): void {
    for (const [type, count] of Object.entries(counts)) this.#options.onDropped?.(type, count);
    const nowMs = this.#options.clock.nowMs();
    if (nowMs < this.#nextDropLineMs) return;
    this.#nextDropLineMs = nowMs + DROP_LINE_INTERVAL_MS;
    this.#options.log.log('warn', 'the worker dropped events', { counts });
  }

  #countBad(message: string, what: string): void {
    this.#options.counters.add('rpc.bad_message');
    this.#logBad(message, what);
  }

  #logBad(message: string, what: string): void {
    if (++this.#badLines <= MAX_BAD_MESSAGE_LINES) this.#options.log.log('error', message, { what });
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const { name, settle } of [...this.#pending.values()])
      settle({ error: gone(this.#options.name, name) });
  }
}

/** Why a call cannot have this timeout; undefined if it can, or names none. */
export function badTimeout(call: string, timeoutMs: number | undefined): ArgumentError | undefined {
  if (timeoutMs === undefined || (timeoutMs >= 0 && timeoutMs <= MAX_CALL_TIMEOUT_MS)) return undefined;
  return new ArgumentError(
    `bad timeoutMs to call '${call}' (0 to ${MAX_CALL_TIMEOUT_MS} expected, got ${timeoutMs})`,
  );
}

/** The failure of a call to a worker that is not there (any more). */
export function gone(worker: string, call: string): HubError<'worker.gone'> {
  return fail('worker.gone', `worker ${worker} is gone (call '${call}')`);
}

/** Opens the hub's end of a contract on `port`. */
export function connect<C extends RpcCalls>(port: Port, options: ConnectOptions): RpcConnection<C> {
  return new RpcConnection<C>(port, options);
}
