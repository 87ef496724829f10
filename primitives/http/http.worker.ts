/** The net worker: makes requests where unpacking and TLS cost the hub's loop nothing. */
import { parentPort, workerData } from 'node:worker_threads';
import { serve } from '../../base/rpc.js';
import { workerBoot } from '../../base/worker-boot.js';
import { performFetch } from './fetch.js';
import type { HttpCalls } from './http.calls.js';

if (parentPort === null) throw new Error('http.worker.js runs as a worker thread');

serve<HttpCalls>(
  parentPort,
  {
    async fetch(request, call) {
      const response = await performFetch(request, call.signal);
      call.transfer(response.body.buffer);
      return response;
    },
  },
  { lanes: workerBoot(workerData).lanes },
);
