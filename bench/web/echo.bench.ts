/** Keys and pings from a real browser: alone, beside floods, and while a plugin loops for ever. */
import { Worker } from 'node:worker_threads';
import { makePlace, type StartedHub, startHub, waitMs } from '../hub-process.js';
import { type Bench, elapsedMs, figure, percentile } from '../measure.js';
import { stopHost } from '../sessions/host.js';
import { HubTerminal } from '../sessions/hub-terminal.js';
import { BenchBrowser, newCode } from './browser.js';

const KEYS = 500;
const PAUSE_MS = 5;
const PINGS = 2_000;
const PING_EVERY_MS = 20;
const FLOODS = 10;
const ECHO = ['-c', 'stty raw -echo; echo ready; exec cat'];
const FLOOD = ['-c', 'while :; do cat /etc/services; done'];
const MOST_EXTRA_MS = 3;

export const webEcho: Bench = {
  name: 'web: echo',
  async run() {
    const place = makePlace();
    const browser = await BenchBrowser.start();
    const hub = await startHub(place);
    try {
      const page = await browser.page();
      const bare = await bareEcho(page);
      const code = newCode(place);
      const pairMs = await elapsedMs(() => page.evaluate((url) => benchPage.pair(url), code));
      const terminal = await HubTerminal.open(hub.socket);
      const id = await terminal.spawn('sh', ECHO);
      await page.evaluate((uuid) => benchPage.attach(uuid), id);
      const echo = (count: number): Promise<number[]> =>
        page.evaluate(([uuid, n, pause]) => benchPage.echo(uuid, n, pause), [id, count, PAUSE_MS] as const);
      await echo(KEYS);
      const idle = await echo(KEYS);

      for (let i = 0; i < FLOODS; i++) {
        const uuid = await terminal.spawn('sh', FLOOD);
        if (i < 2) await page.evaluate((flood) => benchPage.attach(flood), uuid);
      }
      await waitMs(3_000);
      const busy = await echo(KEYS);

      const slow = await browser.page();
      await slow.evaluate((url) => benchPage.pair(url), newCode(place));
      const [first] = (await terminal.client.request('session.list', {})).sessions;
      await slow.evaluate((uuid) => benchPage.attach(uuid, false), first?.uuid ?? id);
      // In the hub's own engine, which is worse than a plugin: whoever wants to pair now waits for its budget.
      await loopForEver(hub);
      const pings = await page.evaluate(([n, every]) => benchPage.pings(n, every), [
        PINGS,
        PING_EVERY_MS,
      ] as const);
      const answered = pings.filter((ms) => Number.isFinite(ms));
      terminal.close();
      const bareP50 = percentile(bare, 0.5);
      return [
        figure('from the code to online', pairMs, 'ms', { atMost: 3_000 }),
        figure(
          'echo, idle, p50',
          percentile(idle, 0.5),
          'ms',
          { atMost: Number((bareP50 + MOST_EXTRA_MS).toPrecision(3)) },
          { name: 'a bare werift ping', value: bareP50 },
        ),
        figure(
          'echo, idle, p99',
          percentile(idle, 0.99),
          'ms',
          {},
          {
            name: 'a bare werift ping',
            value: percentile(bare, 0.99),
          },
        ),
        figure(`echo, ${FLOODS} floods of which 2 are shown, p50`, percentile(busy, 0.5), 'ms'),
        figure(`echo, ${FLOODS} floods of which 2 are shown, p99`, percentile(busy, 0.99), 'ms', {
          atMost: 50,
        }),
        figure('pings, floods, an endless plugin, a slow browser, p50', percentile(answered, 0.5), 'ms'),
        figure('pings, the same, p99', percentile(answered, 0.99), 'ms', { atMost: 50 }),
        figure(`pings without an answer, of ${PINGS}`, pings.length - answered.length, '', { atMost: 0 }),
      ];
    } finally {
      await browser.close();
      await stopHost(hub);
      await hub.stop();
      place.remove();
    }
  },
};

async function bareEcho(page: Awaited<ReturnType<BenchBrowser['page']>>): Promise<number[]> {
  const worker = new Worker(new URL('./bare-peer.worker.js', import.meta.url));
  try {
    const offer = await page.evaluate(() => barePage.offer());
    const answer = new Promise<string>((resolve) => worker.once('message', resolve));
    worker.postMessage(offer);
    await page.evaluate((sdp) => barePage.answer(sdp), await answer);
    await page.evaluate(([n, pause]) => barePage.pings(n, pause), [KEYS, PAUSE_MS] as const);
    return await page.evaluate(([n, pause]) => barePage.pings(n, pause), [KEYS, PAUSE_MS] as const);
  } finally {
    await page.evaluate(() => barePage.connection.close());
    await worker.terminate();
  }
}

/** A callback that never ends: its budget ends it, and it is called again at once. */
async function loopForEver(hub: StartedHub): Promise<void> {
  const terminal = await HubTerminal.open(hub.socket);
  await terminal.client.request('eval', {
    code: 'timer.every(0.01, function() while true do end end)',
    chunk_name: '=bench',
    args: [],
  });
  terminal.close();
}
