/**
 * One life of a worker thread: a node Worker as a Port, with its output in the log.
 *
 * `close` comes once, when the thread is gone, after everything it sent; `death` says why. Restarts nothing.
 */
import { Worker } from 'node:worker_threads';
import type { Clock } from '../base/clock.js';
import type { Counters } from '../base/counters.js';
import { messageOf } from '../base/errors.js';
import type { LaneTable } from '../base/event-lanes.js';
import type { Logger } from '../base/log.js';
import type { Port, WorkerSpec } from '../base/rpc.js';
import type { WorkerBoot } from '../base/worker-boot.js';
import { logOutput } from './worker-output.js';

export interface ThreadOptions {
  readonly heartbeat: SharedArrayBuffer;
  readonly lanes: LaneTable;
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: Counters;
}

export class WorkerThread implements Port {
  readonly #worker: Worker;
  #death: string | undefined;
  #isAlive = true;

  /** Throws when the spec cannot be used at all: data that cannot be cloned, a bad URL. */
  constructor(spec: WorkerSpec, { heartbeat, lanes, clock, log, counters }: ThreadOptions) {
    const boot: WorkerBoot = { name: spec.name, heartbeat, lanes, data: spec.workerData };
    this.#worker = new Worker(spec.url, {
      name: spec.name,
      workerData: boot,
      stdout: true,
      stderr: true,
      ...(spec.resourceLimits === undefined ? {} : { resourceLimits: spec.resourceLimits }),
    });
    logOutput({ stream: this.#worker.stdout, level: 'info', log, clock });
    logOutput({ stream: this.#worker.stderr, level: 'warn', log, clock });
    this.#worker.on('error', (error) => {
      this.#death ??= messageOf(error);
      log.log('error', 'the worker failed', { error });
    });
    this.#worker.on('messageerror', (error) => {
      counters.add('rpc.bad_message');
      log.log('error', 'a message of the worker could not be read', { error });
    });
    this.#worker.on('exit', (code) => {
      this.#death ??= `exit code ${code}`;
      this.#isAlive = false;
    });
  }

  /** Why the thread ended; valid once it closed. */
  get death(): string {
    return this.#death ?? 'unknown';
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  postMessage(value: unknown, transfer: readonly object[] = []): void {
    this.#worker.postMessage(value, transfer as Parameters<Worker['postMessage']>[1]);
  }

  on(event: 'message', listener: (value: unknown) => void): void;
  on(event: 'close', listener: () => void): void;
  on(event: 'message' | 'close', listener: (value: unknown) => void): void {
    this.#worker.on(event === 'close' ? 'exit' : 'message', listener);
  }

  /** Ends the thread at once, whatever it is doing; `why` becomes its `death`. */
  close(why = 'terminated'): void {
    this.#death ??= why;
    void this.#worker.terminate();
  }
}
