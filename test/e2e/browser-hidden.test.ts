/** A page that nobody sees: behind another tab, frozen, on a phone that was locked. */
import { expect, test } from 'vitest';
import type { SessionRecord } from '../../protocol/session.js';
import { openBrowserWithTabs, pair, typeLine, untilLive, watched } from '../support/browser.js';
import { makeAgent, makeShellPlace } from '../support/browser-agents.js';
import { type Place, startHub } from '../support/hub-process.js';
import { checkCounted, lastNumber, startCounting, untilCounted } from '../support/numbered-lines.js';
import { screenText, untilScreen, untilTrue } from '../support/page-waits.js';
import { until } from '../support/until.js';
import { Wiretap } from '../support/wiretap.js';

async function session(place: Place): Promise<SessionRecord> {
  const { stdout } = await place.run('session', 'list', '--json');
  return (JSON.parse(stdout) as SessionRecord[])[0] as SessionRecord;
}

/** Until the session has written so many bytes more. */
async function untilWritten(place: Place, bytes: number): Promise<void> {
  const from = (await session(place)).offset;
  await until(async () => (await session(place)).offset >= from + bytes);
}

async function isAttached(place: Place): Promise<boolean> {
  return (await session(place)).attached > 0;
}

test('a page behind another tab is sent nothing, and shows the true screen when it is seen again', {
  timeout: 60_000,
}, async () => {
  const place = await makeShellPlace();
  await startHub(place);
  const { context } = await openBrowserWithTabs();
  await Wiretap.install(context);
  const page = await watched(await context.newPage());
  await pair(page, place, 'My desk');
  await makeAgent(page, 'feature/login');
  const tap = new Wiretap(page);
  await startCounting(page);

  // Some hundred bytes missed: they come, each once.
  const other = await context.newPage();
  await other.bringToFront();
  await untilTrue(page, 'document.visibilityState === "hidden"');
  await until(async () => !(await isAttached(place)));
  const sent = (await tap.terminalFrames()).length;
  const before = await lastNumber(page);
  await untilWritten(place, 1_000);
  expect((await tap.terminalFrames()).length).toBe(sent);
  expect(await lastNumber(page)).toBe(before);
  await page.bringToFront();
  await untilLive(page);
  await untilCounted(page, before, 100);
  await checkCounted(page);

  // A flood missed: the screen comes, and not what went by.
  await other.bringToFront();
  await until(async () => !(await isAttached(place)));
  const received = (await tap.terminalFrames()).length;
  await place.run('session', 'send', 'feature/login', 'clear; seq 200000; echo "all $((40 + 2))"', '--enter');
  await place.run('session', 'wait', 'feature/login', '--match', '^all 42$', '--timeout', '30');
  expect((await tap.terminalFrames()).length).toBe(received);
  await page.bringToFront();
  const text = await untilScreen(page, /^all 42$/m);
  expect(text).toMatch(/^199999\n200000\nall 42\nready>$/m);
  const since = (await tap.terminalFrames()).slice(received);
  expect(since.map(({ type }) => type)).toContain('snapshot');
});

test('a device that was locked until nothing was left of its connection shows the true screen', {
  timeout: 60_000,
}, async () => {
  const place = await makeShellPlace();
  const hub = await startHub(place);
  const { context, suspend, resume } = await openBrowserWithTabs();
  const page = await watched(await context.newPage());
  await pair(page, place, 'My phone');
  await makeAgent(page, 'feature/login');
  await untilScreen(page, /ready>/);

  const other = await context.newPage();
  await other.bringToFront();
  await until(async () => !(await isAttached(place)));
  const cdp = await context.newCDPSession(page);
  await cdp.send('Page.setWebLifecycleState', { state: 'frozen' });
  suspend();
  // What ten minutes do: the hub has given up the connection, and the relay its own.
  process.kill(hub.info.pid, 'SIGKILL');
  await hub.process.done;
  await startHub(place);
  await place.run('session', 'send', 'feature/login', 'clear; mark=unseen; echo "while $mark"', '--enter');
  await place.run('session', 'wait', 'feature/login', '--match', '^while unseen$', '--timeout', '30');
  resume();
  await cdp.send('Page.setWebLifecycleState', { state: 'active' });
  await page.bringToFront();
  const unlockedMs = Date.now();
  await untilScreen(page, /^while unseen$/m);
  await untilLive(page);
  process.stdout.write(`true screen ${Date.now() - unlockedMs} ms after the page was unlocked\n`);
  expect(await screenText(page)).toBe('while unseen\nready>');
  await typeLine(page, 'echo "again $mark"');
  await untilScreen(page, /^again unseen$/m);
});
