/**
 * The engine in a real browser, against a real hub: keys in IndexedDB, the relay's cable, WebRTC. The page is the test's
 * own and comes from another origin than the relay; the app and its pages are test/e2e's.
 */

import { expect, it } from 'vitest';
import { makePlace, startHub } from '../../support/hub-process.js';
import type { TestPage } from './page/page.js';
import { newShell, online, openPage, pairingUrl, typed } from './support/real-page.js';

declare const testPage: TestPage;

it('pairs, drives an agent, and goes on after a reload and a hub that was killed', {
  timeout: 60_000,
}, async () => {
  const place = await makePlace();
  const hub = await startHub(place);
  const page = await openPage();
  const url = await pairingUrl(place);
  await page.evaluate((text) => testPage.pair(text), url);
  await online(page);
  const uuid = await newShell(page);
  await typed(page, uuid, 'one');

  // A code works once.
  const again = await page.evaluate(async (text) => {
    try {
      return await testPage.pair(text);
    } catch (error) {
      return (error as { code: string }).code;
    }
  }, url);
  expect(again).toBe('pairing.no_answer');

  hub.process.child.kill('SIGKILL');
  await hub.process.done;
  await page.waitForFunction(() => testPage.hub.state.value.kind !== 'online');
  await startHub(place);
  await online(page);
  await typed(page, uuid, 'two');
  const text = await page.evaluate((id) => testPage.shown.get(id)?.text, uuid);
  expect(text?.match(/got one/g)).toHaveLength(1);

  await page.reload();
  await page.waitForFunction(() => 'testPage' in globalThis);
  await page.evaluate(() => testPage.open());
  await online(page);
  await page.evaluate((id) => testPage.attach(id), uuid);
  await page.waitForFunction((id) => testPage.shown.get(id)?.text.includes('got two'), uuid);
  await page.waitForFunction(() => testPage.hub.sessions.value[0]?.agent !== undefined);
  await page.waitForFunction(() => testPage.hub.health.value.rtt_ms !== undefined);
  await page.waitForFunction(() => testPage.hub.health.value.path !== undefined);
});

it('is cut off at once when it is revoked', { timeout: 60_000 }, async () => {
  const place = await makePlace();
  await startHub(place);
  const page = await openPage();
  await page.evaluate((text) => testPage.pair(text), await pairingUrl(place));
  await online(page);
  const device = await page.evaluate(() => testPage.hub.device.value.id);
  await place.run('devices', 'revoke', device, '--yes');
  await page.waitForFunction(() => testPage.hub.state.value.kind === 'revoked');
  await page.evaluate(() => testPage.forget());
});
