/** What starting a session takes, and what 50 that do nothing cost. */
import { cpuSeconds, makePlace, rssMb, startHub, waitMs } from '../hub-process.js';
import { type Bench, elapsedMs, figure, percentile } from '../measure.js';
import { hostPid, stopHost } from './host.js';
import { HubTerminal } from './hub-terminal.js';

const SPAWNS = 100;
const IDLE = 50;
const IDLE_S = 20;
const SETTLE_S = 12;

export const rest: Bench = {
  name: 'sessions: rest',
  async run() {
    const place = makePlace();
    const hub = await startHub(place);
    try {
      const terminal = await HubTerminal.open(hub.socket);
      const firstMs = await elapsedMs(() => terminal.spawn('true', []));
      const times: number[] = [];
      for (let i = 0; i < SPAWNS; i++) {
        let id = '';
        times.push(
          await elapsedMs(async () => {
            id = await terminal.spawn('printf', ['x']);
            const attach = await terminal.attach(id, { offset: 0 });
            if (attach.offset < 1) await attach.until(() => true);
          }),
        );
        await terminal.end(id);
      }
      for (let i = 0; i < IDLE; i++) await terminal.spawn('sh', ['-c', 'seq 1 200; exec cat']);
      await waitMs(SETTLE_S * 1_000);
      const pid = hostPid(hub);
      const [before, hubBefore] = [cpuSeconds(pid), cpuSeconds(hub.pid)];
      await waitMs(IDLE_S * 1_000);
      const cpu = ((cpuSeconds(pid) - before) / IDLE_S) * 100;
      const hubCpu = ((cpuSeconds(hub.pid) - hubBefore) / IDLE_S) * 100;
      return [
        figure('first session, host started', firstMs, 'ms'),
        figure('spawn to first byte at the client, p50', percentile(times, 0.5), 'ms', { atMost: 15 }),
        figure('the same, p99', percentile(times, 0.99), 'ms'),
        figure(`host memory with ${IDLE} idle sessions`, rssMb(pid), 'MB', { atMost: 250 }),
        figure(`host CPU with ${IDLE} idle sessions`, cpu, '%', { atMost: 1 }),
        figure(`hub CPU meanwhile`, hubCpu, '%'),
      ];
    } finally {
      await stopHost(hub);
      await hub.stop();
      place.remove();
    }
  },
};
