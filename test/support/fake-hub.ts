/**
 * A hub for one primitive, without loop and Lua: what the primitive posts is handled at once or when the test says so,
 * and Lua functions are objects that note their calls. Workers are real threads.
 */
import { Worker } from 'node:worker_threads';
import { onTestFinished } from 'vitest';
import type { Clock } from '../../base/clock.js';
import { Counters } from '../../base/counters.js';
import { fail } from '../../base/errors.js';
import { type LaneTable, laneTable } from '../../base/event-lanes.js';
import { Heartbeat } from '../../base/heartbeat.js';
import { RealClock } from '../../base/real-clock.js';
import type { RpcCalls, RpcClient, WorkerSpec } from '../../base/rpc.js';
import { connect } from '../../base/rpc-connection.js';
import { Scope } from '../../base/scope.js';
import type { Callback, LuaValue } from '../../base/values.js';
import type { EngineContext, HubContext, HubIdentity, WebAddress } from '../../primitives/context.js';
import type { EventsOf, FunctionsFor, Primitive, PrimitiveDef } from '../../primitives/define.js';
import type { StatusReport } from '../../protocol/status.js';
import { crash, crashable } from './crashable.js';
import { MemoryLog } from './memory-log.js';
import { tempDir } from './temp-repo.js';

export interface FakeHubOptions {
  readonly clock?: Clock;
  readonly repoRoot?: string;
  readonly dataDir?: string;
}

export class FakeHub<D extends PrimitiveDef> {
  readonly log = new MemoryLog();
  readonly counters = new Counters();
  readonly scope = new Scope();
  readonly identity: HubIdentity;
  readonly quits: string[] = [];
  readonly posted: { readonly type: string }[] = [];
  /** Whether posted events are handled as they come. */
  handleAtOnce = true;
  /** The workers that were started. */
  readonly workers: Worker[] = [];
  readonly #instance: ReturnType<Primitive<D>['open']>;
  readonly #lanes: LaneTable;

  constructor(primitive: Primitive<D>, { clock = new RealClock(), repoRoot, dataDir }: FakeHubOptions = {}) {
    this.#lanes = laneTable([primitive.def]);
    const root = repoRoot ?? tempDir();
    const data = dataDir ?? tempDir();
    this.identity = {
      hubId: '0123456789abcdef',
      repoRoot: root,
      dataDir: data,
      stateDir: `${data}/hubs/0123456789abcdef`,
      luaPath: '/nowhere/lua',
      socketPath: `${data}/hub.sock`,
      hostSocketPath: `${data}/host.sock`,
      version: '1.2.3',
    };
    const context: HubContext<EventsOf<D>> = {
      identity: this.identity,
      clock,
      log: this.log,
      counters: this.counters,
      scope: this.scope,
      post: (event) => {
        this.posted.push(event);
        if (this.handleAtOnce) this.handlePosted();
        return true;
      },
      startWorker: (spec) => this.#startWorker(spec, clock),
      metrics: () => ({ loop: { lag_ms: 1 } }),
      quit: (reason) => void this.quits.push(reason),
      notify: (name, data) => this.notify(name, data),
      request: (method, params, report) => this.request(method, params, report),
      web: () => Promise.resolve(this.web),
    };
    this.#instance = primitive.open(context);
    onTestFinished(async () => {
      this.scope.dispose();
      await Promise.all(this.workers.map(ended));
    });
  }

  /** What `HubContext.request` answers, and `HubContext.web`. Tests replace them. */
  request: HubContext['request'] = (method) =>
    Promise.resolve(fail('control.unknown_method', `no method ${method} here`));
  web: WebAddress | undefined;

  /** A new engine with the primitive's functions. Dispose `scope` to end it. */
  engine(name = 'plugin'): { functions: FunctionsFor<D>; scope: Scope; log: MemoryLog } {
    const scope = this.scope.child();
    const log = new MemoryLog();
    const engine: EngineContext = { name, log, scope, phase: () => 'run', where: () => `${name}/init.lua:1` };
    return { functions: this.#instance.engine(engine), scope, log };
  }

  /** A host fact. */
  notify(name: string, data: LuaValue): void {
    this.#instance.notify?.(name, data);
  }

  /** What the primitive adds to the status. */
  status(): Partial<StatusReport> {
    return this.#instance.status?.() ?? {};
  }

  /** Handles what was posted, each event once. */
  handlePosted(): void {
    const handlers = this.#instance.handlers as Record<string, (event: { readonly type: string }) => void>;
    for (const event of this.posted.splice(0)) handlers[event.type]?.(event);
  }

  /** As if its workers had failed. Who watches over them in a real hub is told by the test. */
  async crashWorkers(): Promise<void> {
    await crash(this.workers);
  }

  #startWorker<C extends RpcCalls>(spec: WorkerSpec, clock: Clock): RpcClient<C> {
    const workerData = {
      name: spec.name,
      heartbeat: new Heartbeat(clock.nowMs()).buffer,
      lanes: this.#lanes,
      data: spec.workerData,
    };
    const worker = new Worker(spec.url, { workerData, execArgv: [...process.execArgv, ...crashable] });
    this.workers.push(worker);
    const port = {
      postMessage: (value: unknown, transfer: readonly object[] = []) =>
        worker.postMessage(value, transfer as never),
      on: (event: 'message' | 'close', listener: (value: never) => void) =>
        worker.on(event === 'close' ? 'exit' : event, listener as () => void),
      // The worker ends by itself, when it is asked to.
      close: () => undefined,
    };
    const connection = connect<C>(port, {
      name: spec.name,
      clock,
      log: this.log,
      counters: this.counters,
      onEvent: (event, lane) => {
        this.posted.push(event);
        if (this.handleAtOnce) this.handlePosted();
        connection.taken(lane);
      },
    });
    this.scope.defer(() => connection.stop());
    return connection;
  }
}

/** A Lua function as the host sees it. Calls stay pending until `finish`. */
export class FakeCallback<Args extends readonly unknown[] = readonly unknown[]> implements Callback<Args> {
  readonly calls: Args[] = [];
  pending = 0;
  state: 'held' | 'released' | 'cancelled' = 'held';
  readonly #onCall: (...args: Args) => void;

  constructor(onCall: (...args: Args) => void = () => undefined) {
    this.#onCall = onCall;
  }

  call(...args: Args): void {
    if (this.state !== 'held') return;
    this.calls.push(args);
    this.pending++;
    this.#onCall(...args);
  }

  /** The calls so far have run. */
  finish(): void {
    this.pending = 0;
  }

  release(): void {
    if (this.state === 'held') this.state = 'released';
  }

  cancel(): void {
    this.state = 'cancelled';
    this.pending = 0;
  }
}

async function ended(worker: Worker): Promise<void> {
  if (worker.threadId >= 0) await new Promise((resolve) => worker.once('exit', resolve));
}
