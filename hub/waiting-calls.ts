/**
 * Calls made while a worker starts or restarts: they wait for it, in order, up to their own timeout.
 *
 * Bounded like the calls pending in a connection. A call that was waiting has had no effect when it fails.
 */
import type { Clock } from '../base/clock.js';
import { fail, type HubError } from '../base/errors.js';
import type { CallArg, CallName, CallOptions, CallResult, RpcCalls, RpcClient } from '../base/rpc.js';
import { badTimeout, DEFAULT_CALL_TIMEOUT_MS, MAX_PENDING_CALLS } from '../base/rpc-connection.js';

interface WaitingCall<C extends RpcCalls> {
  readonly name: string;
  send(client: RpcClient<C>): void;
  reject(error: HubError): void;
}

export class WaitingCalls<C extends RpcCalls> {
  readonly #worker: string;
  readonly #clock: Clock;
  readonly #calls = new Set<WaitingCall<C>>();

  constructor(worker: string, clock: Clock) {
    this.#worker = worker;
    this.#clock = clock;
  }

  get size(): number {
    return this.#calls.size;
  }

  add<K extends CallName<C>>(name: K, arg: CallArg<C, K>, options: CallOptions): Promise<CallResult<C, K>> {
    const { timeoutMs = DEFAULT_CALL_TIMEOUT_MS, signal } = options;
    return new Promise((resolve, reject) => {
      const bad = badTimeout(name, timeoutMs);
      if (bad !== undefined) {
        reject(bad);
        return;
      }
      if (signal?.aborted) {
        reject(fail('worker.cancelled', `call '${name}' of worker ${this.#worker} was cancelled`));
        return;
      }
      if (this.#calls.size >= MAX_PENDING_CALLS) {
        reject(fail('worker.busy', `worker ${this.#worker} has ${MAX_PENDING_CALLS} calls waiting`));
        return;
      }
      const dueMs = this.#clock.nowMs() + timeoutMs;
      const forget = (): void => {
        this.#calls.delete(waiting);
        timer.dispose();
        signal?.removeEventListener('abort', onAbort);
      };
      const giveUp = (code: string, why: string): void => {
        waiting.reject(fail(code, `call '${name}' of worker ${this.#worker} ${why}`));
      };
      const onAbort = (): void => giveUp('worker.cancelled', 'was cancelled');
      const timer = this.#clock.after(timeoutMs, () => {
        giveUp('worker.timeout', `waited ${timeoutMs} ms for the worker to start`);
      });
      const waiting: WaitingCall<C> = {
        name,
        send: (client) => {
          forget();
          const leftMs = Math.max(0, dueMs - this.#clock.nowMs());
          client.call(name, arg, { ...options, timeoutMs: leftMs }).then(resolve, reject);
        },
        reject: (error) => {
          forget();
          reject(error);
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#calls.add(waiting);
    });
  }

  /** Sends what waits, in the order made. */
  flush(client: RpcClient<C>): void {
    for (const waiting of [...this.#calls]) waiting.send(client);
  }

  /** Fails what waits. */
  rejectAll(errorFor: (call: string) => HubError): void {
    for (const waiting of [...this.#calls]) waiting.reject(errorFor(waiting.name));
  }
}
