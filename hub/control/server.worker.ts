/**
 * The control worker: the hub's unix socket on a thread of its own, so that clients are greeted, read and written to
 * however busy the hub's loop is. Wiring only; the server is server.ts.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { HeartbeatReader } from '../../base/heartbeat.js';
import { RealClock } from '../../base/real-clock.js';
import { type RpcServer, serve } from '../../base/rpc.js';
import { workerBoot } from '../../base/worker-boot.js';
import { HostAccess } from '../../session-link/host-access.js';
import type { ControlCalls, ControlWorkerData } from './control.calls.js';
import type { ControlEvent } from './control.def.js';
import { controlLimits } from './limits.js';
import { ControlServer } from './server.js';
import { appendToLog, startWatchdog } from './watchdog.js';

if (parentPort === null) throw new Error('server.worker is a worker thread');
const { data, heartbeat, lanes } = workerBoot<ControlWorkerData>(workerData);
const clock = new RealClock();
const watch = startWatchdog({
  loop: new HeartbeatReader(heartbeat, () => clock.nowMs()),
  clock: new RealClock({ unref: true }),
  report: appendToLog(data.log_path, clock),
});
const server: ControlServer = new ControlServer({
  hello: data.hello,
  limits: controlLimits,
  clock,
  host: new HostAccess(data.host, clock),
  events: { emit: (event) => hub.emit(event), drained: () => hub.drained },
});
const hub: RpcServer<ControlEvent> = serve<ControlCalls, ControlEvent>(
  parentPort,
  {
    listen: (arg) => server.listen(arg),
    respond: (arg) => server.respond(arg),
    notify_client: (arg) => server.notifyClient(arg),
    close_client: (arg) => server.closeClient(arg),
    close: () => server.close(),
  },
  {
    lanes,
    onStop: () => {
      watch.dispose();
      return server.close();
    },
  },
);
