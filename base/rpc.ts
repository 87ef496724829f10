/**
 * Typed calls from the hub to a worker thread, with one flat argument and coded errors; and the worker's end of it.
 *
 * A contract is an interface of methods (`interface PtyCalls { open(a: {...}): {...} }`), imported type-only by both
 * sides. The worker calls `serve`; the hub's end is base/rpc-connection.ts, started by hub/supervisor.ts. What a
 * caller may rely on: a call settles exactly once, at the latest at its timeout; a HubError keeps its code across the
 * thread; anything else a worker throws is `worker.internal`; when the port closes, what is pending fails with
 * `worker.gone`. Events flow the other way on credit (base/event-outlet.ts).
 * Nothing here knows what a thread is or restarts anything.
 */
import { HubError, isHubError, messageOf } from './errors.js';
import type { EventLike, LaneTable } from './event-lanes.js';
import { EventOutlet, type OutletLimits } from './event-outlet.js';
import { describeMessage, RPC_VERSION, readToWorker, type ToHub, type ToWorker } from './rpc-wire.js';

/** One end of a message channel: a node MessagePort or `parentPort` fits. */
export interface Port {
  postMessage(value: unknown, transfer?: readonly object[]): void;
  on(event: 'message', listener: (value: unknown) => void): unknown;
  on(event: 'close', listener: () => void): unknown;
  close(): void;
}

/**
 * A contract: an interface whose methods take one flat, structured-cloneable argument (or none) and return a
 * structured-cloneable value. Members of another shape cannot be called.
 */
export type RpcCalls = object;

// biome-ignore lint/suspicious/noExplicitAny: any method fits; its own types are kept by inference
type Method = (arg: any) => unknown;

export type CallName<C extends RpcCalls> = {
  [K in keyof C & string]: C[K] extends Method ? K : never;
}[keyof C & string];
export type CallArg<C extends RpcCalls, K extends CallName<C>> = C[K] extends Method
  ? Parameters<C[K]>[0]
  : never;
/** What the caller gets: promises are awaited, a returned HubError rejects instead. */
export type CallResult<C extends RpcCalls, K extends CallName<C>> = C[K] extends Method
  ? Exclude<Awaited<ReturnType<C[K]>>, HubError>
  : never;

export interface CallOptions {
  /** Longest wait for the answer. Default 30,000. */
  readonly timeoutMs?: number;
  /** Cancels the call: it rejects at once and the implementation's signal aborts. */
  readonly signal?: AbortSignal;
  /** Objects to move instead of copy (ArrayBuffers, ports). They are unusable here afterwards. */
  readonly transfer?: readonly object[];
}

export interface RpcClient<C extends RpcCalls> {
  /**
   * Calls the worker. Calls arrive in the order made; answers come in any order.
   * Rejects with a HubError: the implementation's own code, or `worker.timeout`, `worker.cancelled`, `worker.gone`
   * (the port closed; the call may or may not have had its effect), `worker.busy` (too many calls wait),
   * `worker.internal` (the implementation threw; details are in the worker's log).
   */
  call<K extends CallName<C>>(name: K, arg: CallArg<C, K>, options?: CallOptions): Promise<CallResult<C, K>>;
}

/** What an implementation learns about the call it serves. */
export interface ServedCall {
  /** Aborts when the caller gave up (cancel, timeout) or the port closed. */
  readonly signal: AbortSignal;
  /** Moves `objects` with the answer instead of copying them. */
  transfer(...objects: object[]): void;
}

/** The worker's end of a contract: a plain object with one function per method. */
export type RpcImplementation<C extends RpcCalls> = {
  readonly [K in CallName<C>]: (
    arg: CallArg<C, K>,
    call: ServedCall,
  ) => CallResult<C, K> | HubError | Promise<CallResult<C, K> | HubError>;
};

/** How to run a worker thread. Started and restarted by hub/supervisor.ts. */
export interface WorkerSpec {
  /** Unique in the hub; names the thread, its log lines and its counters. */
  readonly name: string;
  /** The worker's module: `new URL('./pty.worker.js', import.meta.url)`. */
  readonly url: URL;
  /** Structured-cloneable; the worker finds it with `workerBoot(workerData).data` (base/worker-boot.ts). */
  readonly workerData?: unknown;
  /** Caps in MiB; a worker that exceeds one dies and is restarted like after any other death. */
  readonly resourceLimits?: {
    readonly maxOldGenerationSizeMb?: number;
    readonly maxYoungGenerationSizeMb?: number;
    readonly stackSizeMb?: number;
  };
  /** never: the first death is final and posts `worker.failed`. */
  readonly restart: 'always' | 'never';
  /** More than `max` restarts within `perMs` are a failure (`worker.failed`). Default 5 in 60,000. */
  readonly intensity?: { readonly max: number; readonly perMs: number };
  /** Longest time from start to `serve`. Later counts as a death. Default 10,000. */
  readonly readyMs?: number;
  /** How long a stop waits before the thread is terminated. Default 2,000. */
  readonly stopMs?: number;
  /**
   * Once it is ready it is never terminated: Node ends the whole process when a datagram comes to a thread that is being
   * terminated (docs/decisions/werift.md). One that does not stop in its time is left behind.
   */
  readonly hasDatagrams?: boolean;
}

export interface ServeOptions {
  /** How the events that this worker emits travel: `workerBoot(workerData).lanes`. */
  readonly lanes?: LaneTable;
  /** Cleans up before the port closes. The hub terminates the thread when it takes too long. */
  readonly onStop?: () => void | Promise<void>;
  readonly outlet?: OutletLimits;
}

export interface RpcServer<E extends EventLike> {
  /**
   * Sends an event to the hub's loop, in order within its lane, or queues it while the hub is busy.
   * False: the control lane is full and the event was not taken; wait for `drained`. Bulk events are coalesced by
   * key, or dropped and counted, instead. Throws ArgumentError for an undeclared type.
   */
  emit(event: E): boolean;
  /** Resolves when the control lane has room again; at once when it has. */
  readonly drained: Promise<void>;
}

/** Answers the calls of a contract on `port`, and tells the hub that this worker is ready. */
export function serve<C extends RpcCalls, E extends EventLike = never>(
  port: Port,
  implementation: RpcImplementation<C>,
  options: ServeOptions = {},
): RpcServer<E> {
  return new Server<E>(port, implementation, options);
}

type Served = (arg: unknown, call: ServedCall) => unknown;

class Server<E extends EventLike> implements RpcServer<E> {
  readonly #port: Port;
  readonly #implementation: object;
  readonly #onStop: () => void | Promise<void>;
  readonly #outlet: EventOutlet<E>;
  /** The calls being served, by id. */
  readonly #running = new Map<number, AbortController>();

  constructor(port: Port, implementation: object, options: ServeOptions) {
    this.#port = port;
    this.#implementation = implementation;
    this.#onStop = options.onStop ?? (() => undefined);
    this.#outlet = new EventOutlet(
      (message) => this.#send(message),
      options.lanes ?? new Map(),
      options.outlet,
    );
    port.on('message', (value) => this.#receive(value));
    port.on('close', () => this.#abandon());
    this.#send({ kind: 'ready', version: RPC_VERSION });
  }

  emit(event: E): boolean {
    return this.#outlet.emit(event);
  }

  get drained(): Promise<void> {
    return this.#outlet.drained;
  }

  #send(message: ToHub, transfer?: readonly object[]): void {
    this.#port.postMessage(message, transfer);
  }

  #receive(value: unknown): void {
    const message = readToWorker(value);
    switch (message?.kind) {
      case 'call':
        void this.#serve(message);
        return;
      case 'cancel':
        this.#running.get(message.id)?.abort();
        return;
      case 'credit':
        this.#outlet.grant(message);
        return;
      case 'stop':
        void this.#stop();
        return;
      case undefined:
        this.#send({ kind: 'bad', what: describeMessage(value) });
    }
  }

  /** Runs one call and answers it, whatever happens. A caller that gave up ignores the answer. */
  async #serve({ id, name, arg }: Extract<ToWorker, { kind: 'call' }>): Promise<void> {
    const controller = new AbortController();
    const transfer: object[] = [];
    this.#running.set(id, controller);
    try {
      const value = await this.#run(name, arg, {
        signal: controller.signal,
        transfer: (...objects) => void transfer.push(...objects),
      });
      if (isHubError(value)) this.#fail(id, value);
      else this.#send({ kind: 'ok', id, value }, transfer);
    } catch (thrown) {
      this.#fail(id, thrown);
    } finally {
      this.#running.delete(id);
    }
  }

  #run(name: string, arg: unknown, call: ServedCall): unknown {
    if (!Object.hasOwn(this.#implementation, name)) {
      throw new HubError('worker.unknown_call', `the worker has no call '${name}'`);
    }
    const served = (this.#implementation as Record<string, Served>)[name] as Served;
    return served(arg, call);
  }

  #fail(id: number, thrown: unknown): void {
    if (!isHubError(thrown)) {
      const stack = thrown instanceof Error ? thrown.stack : undefined;
      this.#send({
        kind: 'fail',
        id,
        code: 'worker.internal',
        message: messageOf(thrown),
        details: { stack },
      });
      return;
    }
    const { code, message, details } = thrown;
    try {
      this.#send({ kind: 'fail', id, code, message, details });
    } catch {
      // Details that cannot be cloned are worth less than the answer.
      this.#send({ kind: 'fail', id, code, message, details: undefined });
    }
  }

  async #stop(): Promise<void> {
    try {
      await this.#onStop();
    } finally {
      this.#outlet.close();
      this.#port.close();
    }
  }

  #abandon(): void {
    for (const controller of this.#running.values()) controller.abort();
    this.#outlet.close();
  }
}

// A bare instanceof would leave the code's type open.
