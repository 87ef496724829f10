/**
 * The worker that speaks with the session host, so that the hub's loop reads no sockets and starts no processes. Wiring
 * only: the connection is host-link.ts, what it says fact-outlet.ts, typing input.ts, ports ports.ts.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { HubError } from '../../base/errors.js';
import { RealClock } from '../../base/real-clock.js';
import { type RpcServer, serve } from '../../base/rpc.js';
import { workerBoot } from '../../base/worker-boot.js';
import { FactOutlet } from './fact-outlet.js';
import { HostLink } from './host-link.js';
import { Input } from './input.js';
import { PortLeases } from './ports.js';
import type { PtyCalls, PtyEvent, PtyWorkerData } from './pty.calls.js';
import { spawnSession } from './spawn.js';

if (parentPort === null) throw new Error('pty.worker is a worker thread');
const { data, lanes } = workerBoot<PtyWorkerData>(workerData);
const outlet = new FactOutlet({
  emit: (event) => hub.emit(event),
  drained: () => hub.drained,
  pause: () => link.pause(),
  resume: () => link.resume(),
  // What a worker prints goes into the hub's log.
  complain: (message) => void process.stderr.write(`${message}\n`),
});
const link: HostLink = new HostLink({ config: data.host, clock: new RealClock(), receiver: outlet });
const ports = new PortLeases();
const input = new Input((uuid, piece) =>
  link.request('session.send', { id: uuid, data_base64: Buffer.from(piece).toString('base64') }),
);
const hub: RpcServer<PtyEvent> = serve<PtyCalls, PtyEvent>(
  parentPort,
  {
    adopt: () => link.adopt(),
    spawn: async (request) => {
      const made = await spawnSession(link, ports, request);
      return made instanceof HubError ? made : outlet.answered(made);
    },
    ask: async ({ method, params }) => outlet.answered(await link.request(method, params)),
    write: ({ uuid, bytes }) => input.write(uuid, bytes),
    lease_port: ({ exclude }) => ports.lease(new Set(exclude)),
    release_port: ({ port }) => ports.release(port),
  },
  {
    lanes,
    onStop: async () => {
      outlet.close();
      link.close();
      await ports.close();
    },
  },
);
