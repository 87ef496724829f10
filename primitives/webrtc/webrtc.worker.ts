/**
 * The worker that has the connections with devices, so that they live whatever the hub's main thread does. Wiring only:
 * the connections are peers.ts, WebRTC is werift.ts, the way to the session host is session-link/.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { HeartbeatReader } from '../../base/heartbeat.js';
import { RealClock } from '../../base/real-clock.js';
import { type RpcServer, serve } from '../../base/rpc.js';
import { workerBoot } from '../../base/worker-boot.js';
import { HostAccess } from '../../session-link/host-access.js';
import { peerLimits } from './limits.js';
import { Peers } from './peers.js';
import { probeTurn } from './turn-probe.js';
import { TurnServers } from './turn-servers.js';
import type { WebrtcCalls, WebrtcEvent, WebrtcWorkerData } from './webrtc.calls.js';
import { openWerift } from './werift.js';

if (parentPort === null) throw new Error('webrtc.worker is a worker thread');
const { data, heartbeat, lanes } = workerBoot<WebrtcWorkerData>(workerData);
const clock = new RealClock();
const loop = new HeartbeatReader(heartbeat, () => clock.nowMs());
const peers: Peers = new Peers({
  openRtc: openWerift,
  // What a worker prints goes into the hub's log.
  turn: new TurnServers(clock, probeTurn, (text) => void process.stderr.write(`${text}\n`)),
  hello: data.hello,
  host: new HostAccess(data.host, clock),
  limits: peerLimits,
  clock,
  loopAgeMs: () => loop.ageMs(),
  events: { emit: (event) => hub.emit(event), drained: () => hub.drained },
});
/** Closes all, and ends the thread: timers of the stack would keep it for minutes, and name look-ups for seconds. */
async function stop(): Promise<void> {
  await peers.stop();
  setImmediate(() => process.exit());
}

const hub: RpcServer<WebrtcEvent> = serve<WebrtcCalls, WebrtcEvent>(
  parentPort,
  {
    offer: (arg) => peers.offer(arg),
    candidate: (arg) => peers.candidate(arg),
    respond: (arg) => peers.respond(arg),
    notify_peer: (arg) => peers.notifyPeer(arg),
    app: (arg) => peers.app(arg),
    close_peer: (arg) => peers.closePeer(arg),
    close_device: (arg) => peers.closeDevice(arg),
    peers: () => peers.list(),
  },
  { lanes, onStop: stop },
);
