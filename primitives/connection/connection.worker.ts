/**
 * The worker that has the keys: of this hub, of its devices, of their connections. No network, and no cryptography on the
 * hub's loop. Wiring only; the calls are desk.ts.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { RealClock } from '../../base/real-clock.js';
import { serve } from '../../base/rpc.js';
import { workerBoot } from '../../base/worker-boot.js';
import { copyToClipboard } from './clipboard.js';
import type { ConnectionBoot, ConnectionCalls } from './connection.calls.js';
import { Desk } from './desk.js';

if (parentPort === null) throw new Error('connection.worker is a worker thread');
const { data } = workerBoot<ConnectionBoot>(workerData);
const desk = new Desk({
  ...data,
  clock: new RealClock(),
  // What a worker prints goes into the hub's log.
  complain: (message) => void process.stderr.write(`${message}\n`),
});
serve<ConnectionCalls>(
  parentPort,
  { ...desk.calls, copy: ({ text }) => copyToClipboard(text) },
  { onStop: () => desk.close() },
);
