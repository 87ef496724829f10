/** How fast 100 MB of output reach a client's screen, what a stalled client costs, and whether attach waits for history. */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makePlace, rssMb, startHub, waitMs } from '../hub-process.js';
import { type Bench, elapsedMs, figure, percentile } from '../measure.js';
import { hostPid, stopHost } from './host.js';
import { finder, HubTerminal } from './hub-terminal.js';
import { Tmux } from './tmux.js';

const MB = 100;
const STALL_S = 60;
/** After the first one, whose code has never run. */
const ROUNDS = 5;

export const flood: Bench = {
  name: 'sessions: flood',
  async run() {
    const file = join(tmpdir(), `botster-bench-${process.pid}.txt`);
    // lines of 76 characters, as text has them
    execFileSync('sh', ['-c', `head -c ${MB * 740_000} /dev/urandom | base64 > ${file}`]);
    const bytes = Number(execFileSync('stat', ['-c', '%s', file]).toString());
    const place = makePlace();
    const hub = await startHub(place);
    try {
      const terminal = await HubTerminal.open(hub.socket);
      const id = await terminal.spawn('sh', []);
      const attach = await terminal.attach(id);
      const tmux = await Tmux.start('sh');
      await waitMs(500);
      const line = (n: number): string => `cat ${file}; printf 'DO%s-${n}\\n' NE\n`;
      const ofHub: number[] = [];
      const ofTmux: number[] = [];
      for (let round = 0; round <= ROUNDS; round++) {
        ofHub.push(
          await elapsedMs(async () => {
            const done = attach.until(finder(`DONE-${round}`));
            attach.type(line(round));
            await done;
          }),
        );
        ofTmux.push(
          await elapsedMs(async () => {
            const done = new Promise<void>((resolve) => {
              const seen = finder(`DONE-${round}`);
              tmux.onData = (data) => {
                if (seen({ bytes: data })) resolve();
              };
            });
            tmux.type(line(round));
            await done;
          }),
        );
      }
      tmux.stop();
      const rate = (times: readonly number[]): number => bytes / 1e6 / (percentile(times, 0.5) / 1e3);

      const attachMs: number[] = [];
      for (let i = 0; i < 50; i++) {
        attachMs.push(
          await elapsedMs(async () => {
            const other = await HubTerminal.open(hub.socket);
            const first = await other.attach(id, {});
            if (first.snapshots === 0) await first.until(({ type }) => type === 'snapshot');
            other.close();
          }),
        );
      }

      const pid = hostPid(hub);
      const flooding = await terminal.spawn('sh', ['-c', `while :; do cat ${file}; done`]);
      await waitMs(10_000);
      const before = rssMb(pid);
      await terminal.attach(flooding, { reads: false });
      let most = before;
      for (let second = 0; second < STALL_S; second++) {
        await waitMs(1_000);
        most = Math.max(most, rssMb(pid));
      }
      return [
        figure(
          `cat of ${MB} MB to the client's screen`,
          rate(ofHub.slice(1)),
          'MB/s',
          { atLeast: Number((1.5 * rate(ofTmux)).toPrecision(3)) },
          { name: 'tmux attach', value: rate(ofTmux) },
        ),
        figure('the first of a new host', rate(ofHub.slice(0, 1)), 'MB/s'),
        figure('frames out of order in it', attach.gaps, '', { atMost: 0 }),
        figure('connect and attach to its screen afterwards, p50', percentile(attachMs, 0.5), 'ms'),
        figure('the same, worst of 50', Math.max(...attachMs), 'ms', { atMost: 50 }),
        figure(`host memory growth, flood with a stalled client, ${STALL_S} s`, most - before, 'MB', {
          atMost: 64,
        }),
      ];
    } finally {
      await stopHost(hub);
      await hub.stop();
      place.remove();
      rmSync(file, { force: true });
    }
  },
};
