/** The hub as a process, in a real repository: start, memory and CPU at rest. */
import { execFileSync, spawn } from 'node:child_process';
import { cpuSeconds, makePlace, rssMb, startHub, waitMs } from './hub-process.js';
import { type Bench, elapsedMs, figure, median } from './measure.js';

const IDLE_S = 10;
/** V8 tidies up once, some seconds after the last work: that is not rest yet. */
const SETTLE_S = 12;

export const processBench: Bench = {
  name: 'process',
  async run() {
    const place = makePlace();
    try {
      const node = await median(5, () => elapsedMs(() => execFileSync(process.execPath, ['-e', '0'])));
      const readyMs = await median(5, async () => {
        const hub = await startHub(place);
        await hub.stop();
        return hub.readyMs;
      });
      const hub = await startHub(place);
      await waitMs(SETTLE_S * 1_000);
      const ticking = spawn(process.execPath, ['-e', 'setInterval(() => {}, 250)'], { stdio: 'ignore' });
      const tickingPid = ticking.pid ?? 0;
      await waitMs(1_000);
      const [before, tickingBefore] = [cpuSeconds(hub.pid), cpuSeconds(tickingPid)];
      await waitMs(IDLE_S * 1_000);
      const cpu = ((cpuSeconds(hub.pid) - before) / IDLE_S) * 100;
      const tickingCpu = ((cpuSeconds(tickingPid) - tickingBefore) / IDLE_S) * 100;
      ticking.kill();
      const rss = rssMb(hub.pid);
      await hub.stop();
      return [
        figure(
          './botster start to ready',
          readyMs,
          'ms',
          { atMost: 500 },
          { name: 'node -e 0', value: node },
        ),
        figure(
          'CPU at rest, over 10 s',
          cpu,
          '%',
          { atMost: 0.5 },
          {
            name: 'node that wakes four times a second',
            value: tickingCpu,
          },
        ),
        figure(
          'RSS at rest',
          rss,
          'MB',
          { atMost: 120 },
          { name: 'node that only waits', value: await bareNodeMb() },
        ),
      ];
    } finally {
      place.remove();
    }
  },
};

async function bareNodeMb(): Promise<number> {
  const child = spawn(process.execPath, ['-e', 'process.stdout.write("up"); setInterval(() => {}, 1e6)']);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const mb = rssMb(child.pid ?? 0);
  child.kill();
  return mb;
}
