/**
 * All worker threads of the hub: started here, restarted by their specs, stopped together.
 *
 * A worker's death never takes the hub with it: it is a log line, a counter and a HubEvent (`worker.restarted`,
 * `worker.failed`). Each worker is told where the loop's heartbeat is. How one worker lives is in
 * hub/supervised-worker.ts.
 */
import type { Clock } from '../base/clock.js';
import type { Counters } from '../base/counters.js';
import { fail } from '../base/errors.js';
import type { Heartbeat } from '../base/heartbeat.js';
import type { Logger } from '../base/log.js';
import type { RpcCalls, WorkerSpec } from '../base/rpc.js';
import type { WorkerEvent } from './hub-events.js';
import type { Inbox } from './inbox.js';
import { SupervisedWorker, type WorkerMetrics } from './supervised-worker.js';

export interface SupervisorOptions<E extends { readonly type: string }> {
  /** Takes the workers' events and the supervisor's own. */
  readonly inbox: Inbox<E | WorkerEvent>;
  readonly heartbeat: Heartbeat;
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: Counters;
  /** Jitter of restarts: [0, 1). Default `Math.random`. */
  readonly random?: () => number;
}

export class Supervisor<E extends { readonly type: string }> {
  readonly #options: SupervisorOptions<E>;
  readonly #workers = new Map<string, SupervisedWorker<RpcCalls, E>>();
  #stopping = false;

  constructor(options: SupervisorOptions<E>) {
    this.#options = options;
  }

  /**
   * Starts a worker and returns its client, which stays valid over restarts; dispose it to stop the worker.
   * Throws when a running worker has the name, the supervisor is stopping, or the spec cannot be used at all.
   */
  start<C extends RpcCalls>(spec: WorkerSpec): SupervisedWorker<C, E> {
    if (this.#stopping) throw fail('worker.gone', `cannot start worker ${spec.name}: the hub is stopping`);
    const running = this.#workers.get(spec.name)?.metrics().state;
    if (running !== undefined && running !== 'stopped' && running !== 'failed') {
      throw new Error(`worker ${spec.name} is running already`);
    }
    const { inbox, heartbeat, clock, log, counters, random = Math.random } = this.#options;
    const worker = new SupervisedWorker<C, E>(spec, {
      inbox,
      heartbeat: heartbeat.buffer,
      lanes: inbox.table,
      clock,
      log: log.child({ worker: spec.name }),
      counters,
      random,
    });
    this.#workers.set(spec.name, worker);
    return worker;
  }

  /** Stops all workers at the same time, each within its `stopMs`. Afterwards none can be started. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all([...this.#workers.values()].map((worker) => worker.stop()));
  }

  /** Whether a thread is left that must not be terminated. `process.exit` would do that. */
  get mustLive(): boolean {
    return [...this.#workers.values()].some((worker) => worker.mustLive);
  }

  /** By worker name, for `status --json`. */
  metrics(): Record<string, WorkerMetrics> {
    return Object.fromEntries([...this.#workers].map(([name, worker]) => [name, worker.metrics()]));
  }
}
