/** No byte lost: short commands and long floods against their history, and a hub that is killed again and again. */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makePlace, type StartedHub, startHub, waitMs } from '../hub-process.js';
import { type Bench, type Figure, figure } from '../measure.js';
import { connectHost, type HostClient, readHistory, stopHost } from './host.js';
import { HubTerminal } from './hub-terminal.js';

const COMMANDS = 1_000;
const SHORT_BYTES = 60_000;
const KILLS = 50;
const PRINTERS = 10;

export const lossless: Bench = {
  name: 'sessions: lossless',
  async run() {
    const place = makePlace();
    const file = join(tmpdir(), `botster-bench-${process.pid}.txt`);
    execFileSync('sh', ['-c', `head -c 74000000 /dev/urandom | base64 > ${file}`]);
    let hub = await startHub(place);
    try {
      const terminal = await HubTerminal.open(hub.socket);
      await terminal.spawn('true', []);
      terminal.close();
      const host = await connectHost(hub);
      const short = await compare(host, file, COMMANDS, SHORT_BYTES);
      const long = await compare(host, file, 3, readFileSync(file).length);
      host.end();
      const survived = await killAgainAndAgain(hub, async () => {
        hub = await startHub(place);
        return hub;
      });
      return [
        figure(`${COMMANDS} commands of 60 KB, wrong in the history`, short, '', { atMost: 0 }),
        figure('3 commands of 100 MB, wrong in the history', long, '', { atMost: 0 }),
        ...survived,
      ];
    } finally {
      await stopHost(hub);
      await hub.stop();
      place.remove();
      rmSync(file, { force: true });
    }
  },
};

/** How many of `count` sessions that print the first `bytes` of the file have another history. */
async function compare(host: HostClient, file: string, count: number, bytes: number): Promise<number> {
  const expected = Buffer.from(
    readFileSync(file, 'latin1').slice(0, bytes).replaceAll('\n', '\r\n'),
    'latin1',
  );
  let wrong = 0;
  for (let i = 0; i < count; i++) {
    const { session } = await host.request('session.spawn', {
      cmd: 'head',
      args: ['-c', String(bytes), file],
      cwd: '/tmp',
      env: { PATH: process.env['PATH'] ?? '' },
      history_bytes: 256 * 1024 * 1024,
    });
    for (;;) {
      const { session: now } = await host.request('session.get', { id: session.uuid });
      if (now.state === 'exited') break;
      await waitMs(2);
    }
    const history = await readHistory(host, session.uuid);
    if (!history.equals(expected)) wrong++;
    await host.request('session.remove', { id: session.uuid });
  }
  return wrong;
}

async function killAgainAndAgain(first: StartedHub, again: () => Promise<StartedHub>): Promise<Figure[]> {
  let hub = first;
  const terminal = await HubTerminal.open(hub.socket);
  const script = 'i=0; while :; do i=$((i+1)); echo "line $i of a session that goes on"; sleep 0.002; done';
  const ids: string[] = [];
  for (let i = 0; i < PRINTERS; i++) ids.push(await terminal.spawn('sh', ['-c', script]));
  terminal.close();
  let adopted = 0;
  for (let round = 0; round < KILLS; round++) {
    await waitMs(Math.random() * 400);
    await hub.kill();
    hub = await again();
    const after = await HubTerminal.open(hub.socket);
    const { sessions } = await after.client.request('session.list', {});
    const alive = sessions.filter(({ uuid, state }) => ids.includes(uuid) && state === 'running');
    if (alive.length === PRINTERS) adopted++;
    after.close();
  }
  const host = await connectHost(hub);
  let continuous = 0;
  for (const id of ids) {
    const lines = (await readHistory(host, id)).toString().split('\r\n').slice(0, -1);
    if (lines.every((line, at) => line === `line ${at + 1} of a session that goes on`)) continuous++;
  }
  host.end();
  return [
    figure(`all ${PRINTERS} sessions alive after kill -9 of the hub, of ${KILLS}`, adopted, '', {
      atLeast: KILLS,
    }),
    figure(`of ${PRINTERS} sessions, those without a gap`, continuous, '', { atLeast: PRINTERS }),
  ];
}
