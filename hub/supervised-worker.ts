/**
 * A worker that lives longer than its threads: one client whose calls and events go on after a restart.
 *
 * A call made while the thread starts or waits for its restart waits with it, up to the call's timeout. A call that
 * was under way when the thread died fails with `worker.gone`, because only its caller knows whether to repeat it.
 * After a failure or a stop, every call fails with `worker.gone` at once.
 */
import { messageOf } from '../base/errors.js';
import type {
  CallArg,
  CallName,
  CallOptions,
  CallResult,
  RpcCalls,
  RpcClient,
  WorkerSpec,
} from '../base/rpc.js';
import { connect, gone, type RpcConnection } from '../base/rpc-connection.js';
import { RPC_VERSION } from '../base/rpc-wire.js';
import type { Disposable } from '../base/scope.js';
import { EventIntake, type IntakeOptions } from './event-intake.js';
import type { WorkerEvent } from './hub-events.js';
import { DEFAULT_INTENSITY, RestartPolicy } from './restart-policy.js';
import { WaitingCalls } from './waiting-calls.js';
import { type ThreadOptions, WorkerThread } from './worker-thread.js';

/** Longest time from start to `serve`: loading the heaviest worker takes half a second on a slow machine. */
export const READY_MS = 10_000;
/** How long a stop waits for a worker's own clean-up. */
export const STOP_MS = 2_000;

export interface SupervisedOptions<E extends { readonly type: string }>
  extends ThreadOptions,
    IntakeOptions<E | WorkerEvent> {
  /** Jitter of restarts: [0, 1). */
  readonly random: () => number;
}

export interface WorkerMetrics {
  readonly state: Life<never>['state'];
  readonly restarts: number;
  readonly pending_calls: number;
  readonly held_events: number;
}

interface Thread<C extends RpcCalls> {
  readonly thread: WorkerThread;
  readonly connection: RpcConnection<C>;
}

type Life<C extends RpcCalls> =
  | ({ readonly state: 'starting'; readonly late: Disposable } & Thread<C>)
  | ({ readonly state: 'ready'; readonly sinceMs: number } & Thread<C>)
  /** Dead, with a restart to come. */
  | { readonly state: 'waiting'; readonly restart: Disposable }
  | ({ readonly state: 'stopping' } & Thread<C>)
  | { readonly state: 'stopped' }
  | { readonly state: 'failed' };

export class SupervisedWorker<C extends RpcCalls, E extends { readonly type: string }>
  implements RpcClient<C>, Disposable
{
  readonly spec: WorkerSpec;
  readonly #options: SupervisedOptions<E>;
  readonly #policy: RestartPolicy;
  readonly #intake: EventIntake<E | WorkerEvent>;
  readonly #calls: WaitingCalls<C>;
  #life: Life<C>;
  #restarts = 0;
  /** Why the last thread ended. */
  #reason = '';
  /** A thread that did not stop and must not be terminated. */
  #left: WorkerThread | undefined;
  #onStopped: (() => void)[] = [];

  /** Starts the first thread. Throws when the spec cannot be used at all. */
  constructor(spec: WorkerSpec, options: SupervisedOptions<E>) {
    this.spec = spec;
    this.#options = options;
    this.#policy = new RestartPolicy(spec.intensity ?? DEFAULT_INTENSITY, options.random);
    this.#intake = new EventIntake(options);
    this.#calls = new WaitingCalls(spec.name, options.clock);
    this.#life = this.#start();
  }

  call<K extends CallName<C>>(
    name: K,
    arg: CallArg<C, K>,
    options: CallOptions = {},
  ): Promise<CallResult<C, K>> {
    switch (this.#life.state) {
      case 'ready':
        return this.#life.connection.call(name, arg, options);
      case 'starting':
      case 'waiting':
        return this.#calls.add(name, arg, options);
      default:
        return Promise.reject(gone(this.spec.name, name));
    }
  }

  /**
   * Lets the worker clean up for its `stopMs`, then terminates it, or leaves it behind. Resolves when the thread is gone,
   * or left. Idempotent.
   */
  stop(): Promise<void> {
    const life = this.#life;
    if (life.state === 'stopped' || life.state === 'failed') return Promise.resolve();
    const stopped = new Promise<void>((resolve) => this.#onStopped.push(resolve));
    if (life.state === 'waiting') {
      life.restart.dispose();
      this.#end('stopped');
    } else if (life.state !== 'stopping') {
      this.#stopThread(life);
    }
    return stopped;
  }

  dispose(): void {
    void this.stop();
  }

  metrics(): WorkerMetrics {
    const connected = 'connection' in this.#life ? this.#life.connection.pendingCalls : 0;
    return {
      state: this.#life.state,
      restarts: this.#restarts,
      pending_calls: connected + this.#calls.size,
      held_events: this.#intake.held,
    };
  }

  /** There is a thread that must not be terminated, which the end of the process would do. */
  get mustLive(): boolean {
    if (this.spec.hasDatagrams !== true) return false;
    const thread = 'thread' in this.#life ? this.#life.thread : this.#left;
    return thread?.isAlive ?? false;
  }

  #start(): Life<C> {
    const { clock, log, counters } = this.#options;
    const thread = new WorkerThread(this.spec, this.#options);
    const connection: RpcConnection<C> = connect<C>(thread, {
      name: this.spec.name,
      clock,
      log,
      counters,
      onReady: (version) => this.#onReady(thread, version),
      onEvent: (event, lane) => this.#intake.accept(event, lane, connection),
      onDropped: (type, count) => {
        const known = this.#options.inbox.laneOf(type) !== undefined;
        counters.add(known ? `worker.dropped.${type}` : 'worker.dropped', count);
      },
    });
    thread.on('close', () => this.#onDeath(thread));
    const { readyMs = READY_MS } = this.spec;
    const late = clock.after(readyMs, () => {
      thread.close(`not ready within ${readyMs} ms`);
    });
    return { state: 'starting', late, thread, connection };
  }

  #onReady(thread: WorkerThread, version: number): void {
    const life = this.#life;
    if (life.state !== 'starting' || life.thread !== thread) return;
    life.late.dispose();
    if (version !== RPC_VERSION) {
      // The files under the running hub were replaced; only a restart of the hub helps.
      this.#fail(`the worker speaks version ${version}, the hub ${RPC_VERSION}`);
      thread.close();
      return;
    }
    this.#life = { ...life, state: 'ready', sinceMs: this.#options.clock.nowMs() };
    if (this.#restarts > 0) {
      this.#post({
        type: 'worker.restarted',
        worker: this.spec.name,
        reason: this.#reason,
        restarts: this.#restarts,
      });
    }
    this.#calls.flush(life.connection);
  }

  #onDeath(thread: WorkerThread): void {
    const life = this.#life;
    if (!('thread' in life) || life.thread !== thread) return;
    if (life.state === 'stopping') {
      this.#end('stopped');
      return;
    }
    if (life.state === 'starting') life.late.dispose();
    this.#restartAfter(thread.death, life.state === 'ready' ? this.#options.clock.nowMs() - life.sinceMs : 0);
  }

  /** Plans the restart after a death, or fails for good. */
  #restartAfter(reason: string, servedMs: number): void {
    const { clock, counters, log } = this.#options;
    this.#reason = reason;
    counters.add(`worker.died.${this.spec.name}`);
    const delayMs =
      this.spec.restart === 'never' ? undefined : this.#policy.delayAfterDeath(clock.nowMs(), servedMs);
    if (delayMs === undefined) {
      this.#fail(reason);
      return;
    }
    log.log('warn', 'the worker died and will be restarted', {
      reason,
      delay_ms: Math.round(delayMs),
    });
    this.#life = { state: 'waiting', restart: clock.after(delayMs, () => this.#restart(delayMs)) };
  }

  #restart(delayMs: number): void {
    // Events of the last life come first, and a new one must not add to what the inbox cannot take.
    if (this.#intake.held > 0) {
      this.#life = {
        state: 'waiting',
        restart: this.#options.clock.after(delayMs, () => this.#restart(delayMs)),
      };
      return;
    }
    this.#restarts++;
    try {
      this.#life = this.#start();
    } catch (thrown) {
      // The system has no thread to give.
      this.#restartAfter(messageOf(thrown), 0);
    }
  }

  #stopThread({ thread, connection }: Thread<C>): void {
    const { clock, log } = this.#options;
    const wasReady = this.#life.state === 'ready';
    if (this.#life.state === 'starting') this.#life.late.dispose();
    this.#life = { state: 'stopping', thread, connection };
    this.#rejectWaiting();
    connection.stop();
    const { stopMs = STOP_MS, hasDatagrams = false } = this.spec;
    const overdue = clock.after(stopMs, () => {
      if (hasDatagrams && wasReady) {
        log.log('warn', 'the worker did not stop in time and is left behind', { after_ms: stopMs });
        this.#left = thread;
        this.#end('stopped');
        return;
      }
      log.log('warn', 'the worker did not stop in time and is terminated', { after_ms: stopMs });
      thread.close();
    });
    this.#onStopped.push(() => overdue.dispose());
  }

  #fail(reason: string): void {
    this.#options.log.log('error', 'the worker failed for good', { reason, restarts: this.#restarts });
    this.#end('failed');
    this.#post({ type: 'worker.failed', worker: this.spec.name, reason, restarts: this.#restarts });
  }

  #end(state: 'stopped' | 'failed'): void {
    this.#life = { state };
    this.#rejectWaiting();
    for (const resolve of this.#onStopped.splice(0)) resolve();
  }

  #rejectWaiting(): void {
    this.#calls.rejectAll((call) => gone(this.spec.name, call));
  }

  #post(event: WorkerEvent): void {
    this.#intake.accept(event, 'control');
  }
}
