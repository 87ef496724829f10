/** The mirror thread: wiring only. What it does is in turns.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import { giveWay, WORK_NICENESS } from '../../system/niceness.js';
import type { FromMirrors, MirrorThreadData, ToMirrors } from './mirror.calls.js';
import { Turns } from './turns.js';

if (parentPort === null) throw new Error('mirror.worker is a worker thread');
// Elsewhere threads have no priority of their own.
if (process.platform === 'linux') giveWay(0, WORK_NICENESS);
const port = parentPort;
const busy = new Int32Array((workerData as MirrorThreadData).busy);
const turns = new Turns({
  nowMs: () => performance.now(),
  post: (message: FromMirrors, transfer = []) => port.postMessage(message, [...transfer]),
  later: (callback) => setImmediate(callback),
  after: (ms, callback) => void setTimeout(callback, ms),
  busy: (id) => Atomics.store(busy, 0, id),
});
port.on('message', (message: ToMirrors) => turns.receive(message));
port.postMessage({ kind: 'ready' } satisfies FromMirrors);
