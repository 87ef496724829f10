/** A hub that is killed while a browser looks at an agent. */
import { expect, test } from 'vitest';
import { newPage, openBrowser, pair, typeLine, untilLive } from '../support/browser.js';
import { makeAgent, makeShellPlace } from '../support/browser-agents.js';
import { startHub } from '../support/hub-process.js';
import { checkCounted, lastNumber, startCounting, untilCounted } from '../support/numbered-lines.js';
import { untilScreen } from '../support/page-waits.js';

test('kill -9 of the hub: the page finds the next one, in the same shell, with each line once', {
  timeout: 90_000,
}, async () => {
  const place = await makeShellPlace();
  const hub = await startHub(place);
  const page = await newPage(await openBrowser());
  await pair(page, place, 'My desk');
  await makeAgent(page, 'feature/login');
  await typeLine(page, 'mark=from-before');
  await startCounting(page);

  process.kill(hub.info.pid, 'SIGKILL');
  await hub.process.done;
  await page.locator('.liveness-waiting').waitFor();
  const before = await lastNumber(page);
  // What is typed now goes nowhere, and is not kept for later either.
  await page.keyboard.type('echo lost');
  await page.getByRole('alert').getByText('what you typed was not sent').waitFor();

  await startHub(place);
  const startedMs = Date.now();
  await untilLive(page);
  process.stdout.write(`live again ${Date.now() - startedMs} ms after the hub was ready\n`);
  await untilCounted(page, before, 50);
  await checkCounted(page);
  await typeLine(page, 'clear; echo "still $mark"');
  await untilScreen(page, /^still from-before$/m);
  expect(await page.locator('[data-row]').count()).toBe(1);
});
