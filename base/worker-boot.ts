/**
 * What the supervisor gives every worker thread beside the data of its spec.
 */
import type { LaneTable } from './event-lanes.js';

export interface WorkerBoot<Data = unknown> {
  /** The name in the worker's spec. */
  readonly name: string;
  /** For a HeartbeatReader: the age of the hub's loop. */
  readonly heartbeat: SharedArrayBuffer;
  /** For `serve`: how the hub's events travel. Workers do not load definitions. */
  readonly lanes: LaneTable;
  /** `workerData` of the worker's spec. */
  readonly data: Data;
}

/**
 * Reads node's `workerData` in a worker that a supervisor started. `Data` is the caller's claim: both sides of it are
 * in one folder. Throws when the module was started some other way.
 */
export function workerBoot<Data = unknown>(workerData: unknown): WorkerBoot<Data> {
  const boot = workerData as Partial<WorkerBoot<Data>> | null | undefined;
  if (!(boot?.heartbeat instanceof SharedArrayBuffer))
    throw new Error('this worker was not started by a supervisor');
  return boot as WorkerBoot<Data>;
}
