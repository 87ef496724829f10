/**
 * The relay worker: the hub's own relay on a thread of its own, so that pages load and signals pass however busy the
 * hub's loop is, and what strangers send is read away from it. Wiring only; the relay is relay/relay.ts.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { fail, isHubError } from '../../base/errors.js';
import { RealClock } from '../../base/real-clock.js';
import { type RpcServer, serve } from '../../base/rpc.js';
import { workerBoot } from '../../base/worker-boot.js';
import { Relay } from '../../relay/relay.js';
import type { RelayCalls, RelayWorkerData } from './relay.calls.js';
import type { RelayEvent } from './relay.def.js';
import { ReportedCounters } from './reported-counters.js';

/** The hub's way out gives it a second. */
const LINGER_MS = 500;

if (parentPort === null) throw new Error('relay.worker is a worker thread');
const { data, lanes } = workerBoot<RelayWorkerData>(workerData);
const clock = new RealClock();
const counters = new ReportedCounters(clock, (name, total) =>
  hub.emit({ type: 'relay.counted', name, total }),
);
const relay = Relay.create({
  webRoot: data.web_root,
  clock,
  counters,
  limits: { lingerMs: LINGER_MS },
});

async function listen({ hosts, ports }: Parameters<RelayCalls['listen']>[0]): Promise<{ port: number }> {
  let failure: unknown = fail('relay.listen_failed', 'There is no address to listen on.');
  for (const port of ports) {
    for (const host of hosts) {
      try {
        return { port: await relay.listen({ host, port }) };
      } catch (thrown) {
        failure = thrown;
        if (isHubError(thrown) && thrown.code === 'relay.port_taken') break;
      }
    }
  }
  throw failure;
}

let closed: Promise<void> | undefined;
const close = (): Promise<void> => (closed ??= relay.close());

const hub: RpcServer<RelayEvent> = serve<RelayCalls, RelayEvent>(
  parentPort,
  { listen, close },
  {
    lanes,
    onStop: async () => {
      counters.dispose();
      await close();
    },
  },
);
