/**
 * The engine in a real browser, against a real hub: keys in IndexedDB, the relay's cable, WebRTC. The page is the test's
 * own and comes from another origin than the relay; the app and its pages are test/e2e's.
 */

import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { makePlace, startHub } from '../../support/hub-process.js';
import type { TestPage } from './page/page.js';
import { newShell, online, openPage, pairingUrl, typed } from './support/real-page.js';

declare const testPage: TestPage;

it('pairs, drives an agent, and goes on after a reload and a hub that was killed', {
  timeout: 60_000,
}, async () => {
  const place = await makePlace({}, { hasWeb: true });
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
  const place = await makePlace({}, { hasWeb: true });
  await startHub(place);
  const page = await openPage();
  await page.evaluate((text) => testPage.pair(text), await pairingUrl(place));
  await online(page);
  const device = await page.evaluate(() => testPage.hub.device.value.id);
  await place.run('devices', 'revoke', device, '--yes');
  await page.waitForFunction(() => testPage.hub.state.value.kind === 'revoked');
  await page.evaluate(() => testPage.forget());
});

it('takes a deleted agent off the list of every device at once, and for good; one that ended stays', {
  timeout: 90_000,
}, async () => {
  const place = await makePlace({}, { hasWeb: true });
  const hub = await startHub(place);
  const [one, two] = [await openPage(), await openPage()];
  for (const page of [one, two]) {
    await page.evaluate((text) => testPage.pair(text), await pairingUrl(place));
    await online(page);
  }
  const [ended, deleted] = [await newShell(one), await newShell(one)];
  const listed = (page: Page, uuids: readonly string[]) =>
    page.waitForFunction((wanted) => {
      const { value } = testPage.hub.sessions;
      const shown = value.map(({ session, state }) => `${session.uuid} ${state}`);
      return JSON.stringify(shown) === JSON.stringify(wanted);
    }, uuids);

  await one.evaluate((id) => testPage.hub.request('session.kill', { id }), ended);
  const before = [`${deleted} idle`, `${ended} exited`];
  await one.waitForFunction((id) => {
    const view = testPage.hub.sessions.value.find(({ session }) => session.uuid === id);
    return view?.state === 'exited';
  }, ended);
  await listed(two, before);

  await one.evaluate((id) => testPage.hub.request('agent.rm', { id }), deleted);
  const after = [`${ended} exited`];
  await listed(one, after);
  await listed(two, after);
  const agents = JSON.parse((await place.run('agent', 'list', '--json')).stdout) as {
    session_uuid: string;
  }[];
  expect(agents.map(({ session_uuid }) => session_uuid)).toEqual([ended]);

  await two.reload();
  await two.waitForFunction(() => 'testPage' in globalThis);
  await two.evaluate(() => testPage.open());
  await online(two);
  await listed(two, after);
  hub.process.child.kill('SIGKILL');
  await hub.process.done;
  for (const page of [one, two]) await page.waitForFunction(() => testPage.hub.state.value.kind !== 'online');
  await startHub(place);
  for (const page of [one, two]) {
    await online(page);
    await listed(page, after);
  }

  // The one that ended is taken off by whoever has seen enough of it.
  await two.evaluate((id) => testPage.hub.request('agent.rm', { id }), ended);
  for (const page of [one, two]) await listed(page, []);
});

it('hears what plugins say, and is shown what they forward', { timeout: 60_000 }, async () => {
  const place = await makePlace({}, { hasWeb: true });
  await startHub(place);
  const page = await openPage();
  await page.evaluate((text) => testPage.pair(text), await pairingUrl(place));
  await online(page);
  const uuid = await newShell(page);
  await place.run(
    'eval',
    `for _, peer in ipairs(assert(webrtc.peers())) do
      assert(webrtc.send(peer.peer_id, { some = "thing else" }))
      assert(webrtc.send(peer.peer_id, { type = "notice", title = "Tests are green", session = "${uuid}" }))
      assert(webrtc.create_pty_forwarder{ peer_id = peer.peer_id, session_uuid = "${uuid}" })
    end`,
  );
  await page.waitForFunction(() => testPage.notices.length === 2);
  expect(await page.evaluate(() => testPage.notices)).toMatchObject([
    { title: 'Tests are green', session: uuid, open: false },
    { session: uuid, open: true },
  ]);
});
