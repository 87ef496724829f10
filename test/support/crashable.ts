/**
 * Ends a worker from within, with nothing cleaned up, as a crash does. `Worker.terminate` is no such thing: Node aborts
 * when it meets datagrams (docs/decisions/werift.md).
 */
import { BroadcastChannel, type Worker } from 'node:worker_threads';
import { distUrl } from './import-from-dist.js';

export const CRASH_CHANNEL = 'crash';

/** For `execArgv` of a worker. */
export const crashable: readonly string[] = ['--import', distUrl('test/support/crashable.worker.js').href];

/** Until they are gone. Ends every worker of this process that is crashable; `workers` are those waited for. */
export async function crash(workers: readonly Worker[]): Promise<void> {
  const gone = workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve)));
  const channel = new BroadcastChannel(CRASH_CHANNEL);
  channel.postMessage('now');
  channel.close();
  await Promise.all(gone);
}
