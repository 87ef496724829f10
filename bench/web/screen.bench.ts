/** How soon a browser has the true screen: after a click, after a flood, after the hub was away; and what hidden ones cost. */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { cpuSeconds, makePlace, rssMb, startHub, waitMs } from '../hub-process.js';
import { type Bench, elapsedMs, figure, percentile } from '../measure.js';
import { hostPid, stopHost } from '../sessions/host.js';
import { finder, HubTerminal } from '../sessions/hub-terminal.js';
import { BenchBrowser, newCode } from './browser.js';

const MB = 100;
const AWAY_MS = 20_000;
const WATCH_MS = 10_000;
const SESSIONS = 10;
/** Not to be found in base64, nor in the command line that prints it. */
const END = '<end>';

export const webScreen: Bench = {
  name: 'web: screen',
  async run() {
    const file = join(tmpdir(), `botster-bench-${process.pid}.txt`);
    execFileSync('sh', ['-c', `head -c ${MB * 740_000} /dev/urandom | base64 > ${file}`]);
    const place = makePlace();
    const browser = await BenchBrowser.start();
    const hub = await startHub(place);
    try {
      const page = await browser.page();
      await page.evaluate((code) => benchPage.pair(code), newCode(place));
      const terminal = await HubTerminal.open(hub.socket);
      const id = await terminal.spawn('sh', []);
      await page.evaluate((uuid) => benchPage.attach(uuid), id);
      const before = { hub: rssMb(hub.pid), host: rssMb(hostPid(hub)) };
      const attach = await terminal.attach(id);
      const ended = attach.until(finder(END));
      const shown = page.evaluate(([uuid, end]) => benchPage.until(uuid, end), [id, END] as const);
      attach.type(`cat ${file}; printf '<%s>\\n' end\n`);
      const hubGrowth = watch(() => rssMb(hub.pid) - before.hub);
      const hostGrowth = watch(() => rssMb(hostPid(hub)) - before.host);
      await ended;
      const finalMs = await elapsedMs(() => shown);
      const grown = { hub: hubGrowth.stop(), host: hostGrowth.stop() };

      const attachMs: number[] = [];
      for (let i = 0; i < 30; i++) {
        await page.evaluate((uuid) => benchPage.close(uuid), id);
        attachMs.push(await page.evaluate((uuid) => benchPage.attach(uuid), id));
      }

      process.kill(hub.pid, 'SIGSTOP');
      await waitMs(AWAY_MS);
      await page.evaluate((uuid) => benchPage.type(uuid, "echo BA''CK\n"), id);
      process.kill(hub.pid, 'SIGCONT');
      const backMs = await elapsedMs(async () => {
        await page.evaluate(() => benchPage.online());
        await page.evaluate((uuid) => benchPage.live(uuid), id);
        await page.evaluate((uuid) => benchPage.type(uuid, "echo AG''AIN\n"), id);
        await page.evaluate((uuid) => benchPage.until(uuid, 'AGAIN'), id);
      });

      const hidden = await hiddenSessions(browser, place, terminal, hub.pid, hostPid(hub));
      terminal.close();
      return [
        figure(`the true screen after ${MB} MB, from the end of the command`, finalMs, 'ms', {
          atMost: 1_000,
        }),
        figure('growth of the hub and its workers meanwhile', grown.hub, 'MB', { atMost: 64 }),
        figure('growth of the session host, new before', grown.host, 'MB'),
        figure('attach to its screen afterwards, p50', percentile(attachMs, 0.5), 'ms'),
        figure('the same, worst of 30', Math.max(...attachMs), 'ms', { atMost: 150 }),
        figure(`typing again after the hub stood still for ${AWAY_MS / 1000} s`, backMs, 'ms', {
          atMost: 2_000,
        }),
        ...hidden,
      ];
    } finally {
      await browser.close();
      await stopHost(hub);
      await hub.stop();
      place.remove();
      rmSync(file, { force: true });
    }
  },
};

/** 3 browsers, each with one session shown and the others hidden, all writing. */
async function hiddenSessions(
  browser: BenchBrowser,
  place: ReturnType<typeof makePlace>,
  terminal: HubTerminal,
  hubPid: number,
  host: number,
) {
  const ids: string[] = [];
  const line = 'while :; do date; sleep 0.02; done';
  for (let i = 0; i < SESSIONS; i++) ids.push(await terminal.spawn('sh', ['-c', line]));
  const pages: Page[] = [];
  for (let i = 0; i < 3; i++) {
    const page = await browser.page();
    await page.evaluate((code) => benchPage.pair(code), newCode(place));
    await page.evaluate(async (all) => {
      for (const uuid of all) await benchPage.attach(uuid);
      for (const uuid of all.slice(1)) benchPage.hide(uuid);
    }, ids);
    pages.push(page);
  }
  await waitMs(1_000);
  const received = (): Promise<number[][]> =>
    Promise.all(
      pages.map((page) => page.evaluate((all) => all.map((uuid) => benchPage.received(uuid).bytes), ids)),
    );
  const [before, cpuBefore] = [await received(), cpuSeconds(hubPid) + cpuSeconds(host)];
  await waitMs(WATCH_MS);
  const [after, cpuAfter] = [await received(), cpuSeconds(hubPid) + cpuSeconds(host)];
  const moved = after.map((bytes, page) => bytes.map((count, i) => count - (before[page]?.[i] ?? 0)));
  const hiddenBytes = moved.reduce((sum, bytes) => sum + bytes.slice(1).reduce((a, b) => a + b, 0), 0);
  const shownBytes = moved.reduce((sum, [first = 0]) => sum + first, 0);
  return [
    figure(
      `bytes of hidden sessions, 3 browsers, ${SESSIONS} sessions, ${WATCH_MS / 1000} s`,
      hiddenBytes,
      'bytes',
      { atMost: 0 },
    ),
    figure('bytes of the shown ones meanwhile', shownBytes, 'bytes', { atLeast: 1 }),
    figure(
      'processor of hub and host together meanwhile',
      ((cpuAfter - cpuBefore) / (WATCH_MS / 1e3)) * 100,
      '%',
    ),
  ];
}

function watch(value: () => number): { stop(): number } {
  let most = 0;
  const timer = setInterval(() => {
    most = Math.max(most, value());
  }, 250);
  return {
    stop: () => {
      clearInterval(timer);
      return Math.max(most, value());
    },
  };
}
