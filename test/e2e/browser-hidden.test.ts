/** A page that nobody sees: behind another tab, frozen, on a phone that was locked. */
import { expect, test } from 'vitest';
import type { SessionRecord } from '../../protocol/session.js';
import {
  openBrowserWithTabs,
  pair,
  screenText,
  typeLine,
  untilLive,
  untilScreen,
  untilTrue,
  watched,
} from '../support/browser.js';
import { makeAgent, makeShellPlace } from '../support/browser-agents.js';
import { eventually } from '../support/eventually.js';
import { type Place, startHub } from '../support/hub-process.js';
import { checkCounted, lastNumber, startCounting, untilCounted } from '../support/numbered-lines.js';
import { Wiretap } from '../support/wiretap.js';

async function session(place: Place): Promise<SessionRecord> {
  const { stdout } = await place.run('session', 'list', '--json');
  return (JSON.parse(stdout) as SessionRecord[])[0] as SessionRecord;
}

/** Until the session has written so many bytes more. */
async function untilWritten(place: Place, bytes: number): Promise<void> {
  const from = (await session(place)).offset;
  await eventually(async () => (await session(place)).offset >= from + bytes);
}

test('a page behind another tab is sent nothing, and shows the true screen when it is seen again', {
  timeout: 100_000,
}, async () => {
  const place = await makeShellPlace();
  await startHub(place);
  const { context, suspend, resume } = await openBrowserWithTabs();
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
  await eventually(async () => (await session(place)).attached === 0);
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
  await eventually(async () => (await session(place)).attached === 0);
  const received = (await tap.terminalFrames()).length;
  await place.run('session', 'send', 'feature/login', 'clear; seq 200000; echo "all $((40 + 2))"', '--enter');
  await place.run('session', 'wait', 'feature/login', '--match', '^all 42$', '--timeout', '30');
  expect((await tap.terminalFrames()).length).toBe(received);
  await page.bringToFront();
  const text = await untilScreen(page, /^all 42$/m);
  expect(text).toMatch(/^199999\n200000\nall 42\nready>$/m);
  const since = (await tap.terminalFrames()).slice(received);
  expect(since.map(({ type }) => type)).toContain('snapshot');

  // Locked: the page is frozen, then everything stands still, and the hub gives the connection up.
  await other.bringToFront();
  const cdp = await context.newCDPSession(page);
  await cdp.send('Page.setWebLifecycleState', { state: 'frozen' });
  suspend();
  await place.run('session', 'send', 'feature/login', 'clear; mark=unseen; echo "while $mark"', '--enter');
  await place.run('session', 'wait', 'feature/login', '--match', '^while unseen$', '--timeout', '30');
  await eventually(async () => (await peers(place)) === 0);
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

async function peers(place: Place): Promise<number | undefined> {
  const { stdout } = await place.run('status', '--json');
  return (JSON.parse(stdout) as { peers?: number }).peers;
}
