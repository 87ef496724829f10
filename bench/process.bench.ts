/** The hub as a process, in a real repository: start, memory and CPU at rest. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './bench-hub.js';
import { type Bench, elapsedMs, figure, median } from './measure.js';

const IDLE_S = 10;
/** V8 tidies up once, some seconds after the last work: that is not rest yet. */
const SETTLE_S = 12;

interface Started {
  readonly readyMs: number;
  readonly pid: number;
  stop(): Promise<void>;
}

export const processBench: Bench = {
  name: 'process',
  async run() {
    const folder = mkdtempSync(join(tmpdir(), 'botster-bench-'));
    execFileSync('git', ['init', '--quiet', folder]);
    const env = { ...process.env, BOTSTER_DATA_DIR: join(folder, 'data') };
    try {
      const node = await median(5, () => elapsedMs(() => execFileSync(process.execPath, ['-e', '0'])));
      const readyMs = await median(5, async () => {
        const hub = await start(folder, env);
        await hub.stop();
        return hub.readyMs;
      });
      const hub = await start(folder, env);
      await new Promise((resolve) => setTimeout(resolve, SETTLE_S * 1_000));
      const ticking = spawn(process.execPath, ['-e', 'setInterval(() => {}, 250)'], { stdio: 'ignore' });
      const tickingPid = ticking.pid ?? 0;
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      const [before, tickingBefore] = [cpuSeconds(hub.pid), cpuSeconds(tickingPid)];
      await new Promise((resolve) => setTimeout(resolve, IDLE_S * 1_000));
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
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function start(repo: string, env: NodeJS.ProcessEnv): Promise<Started> {
  const startMs = performance.now();
  const child = spawn(join(root, 'botster'), ['start', '--json', '--repo', repo], {
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString()));
    child.once('exit', (code) => reject(new Error(`the hub exited with ${String(code)}`)));
  });
  const readyMs = performance.now() - startMs;
  const { pid } = JSON.parse(line) as { pid: number };
  return {
    readyMs,
    pid,
    stop: async () => {
      process.kill(pid, 'SIGTERM');
      await exited;
    },
  };
}

/** What all threads used so far, to the nanosecond; the ticks of /proc/<pid>/stat are too coarse for a hub at rest. */
function cpuSeconds(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const used = threads.map(
    (id) => readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'utf8').split(' ', 1)[0],
  );
  return used.reduce((sum, nanoseconds) => sum + Number(nanoseconds), 0) / 1e9;
}

function rssMb(pid: number): number {
  const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) / 1024;
}

async function bareNodeMb(): Promise<number> {
  const child = spawn(process.execPath, ['-e', 'process.stdout.write("up"); setInterval(() => {}, 1e6)']);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const mb = rssMb(child.pid ?? 0);
  child.kill();
  return mb;
}
