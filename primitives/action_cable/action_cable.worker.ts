/**
 * The worker that speaks Action Cable, so that the hub's loop reads no sockets and parses nobody's JSON. Wiring only:
 * a connection is cable-connection.ts, what it tells goes by cable-outlet.ts.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { RealClock } from '../../base/real-clock.js';
import { type RpcServer, serve } from '../../base/rpc.js';
import { workerBoot } from '../../base/worker-boot.js';
import type { ActionCableCalls, CableEvent } from './action_cable.calls.js';
import { CableConnection } from './cable-connection.js';
import { CableOutlet } from './cable-outlet.js';

if (parentPort === null) throw new Error('action_cable.worker is a worker thread');
const clock = new RealClock();
/** Those that the hub has open, and whether it wants them read. */
const connections = new Map<string, { readonly connection: CableConnection; held: boolean }>();
const outlet = new CableOutlet({
  emit: (event) => hub.emit(event),
  drained: () => hub.drained,
  hold: (held) => {
    for (const entry of connections.values()) entry.connection.hold(held || entry.held);
  },
});

const hub: RpcServer<CableEvent> = serve<ActionCableCalls, CableEvent>(
  parentPort,
  {
    open({ conn }) {
      const connection = new CableConnection({ conn, clock, tell: outlet.tell, count: outlet.count });
      connections.set(conn, { connection, held: false });
      connection.hold(outlet.held);
    },
    address: ({ conn, url }) => connections.get(conn)?.connection.address(url),
    subscribe: ({ conn, channel_id, identifier }) =>
      connections.get(conn)?.connection.subscribe(channel_id, identifier),
    unsubscribe: ({ conn, channel_id }) => connections.get(conn)?.connection.unsubscribe(channel_id),
    perform: ({ conn, channel_id, data }) => connections.get(conn)?.connection.perform(channel_id, data),
    hold({ conn, held }) {
      const entry = connections.get(conn);
      if (entry === undefined) return;
      entry.held = held;
      entry.connection.hold(held || outlet.held);
    },
    close({ conn }) {
      connections.get(conn)?.connection.close();
      connections.delete(conn);
    },
  },
  {
    lanes: workerBoot(workerData).lanes,
    onStop: () => {
      outlet.close();
      for (const { connection } of connections.values()) connection.close();
    },
  },
);
