/** A real browser and a real hub that may only meet at a TURN server. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makePlace, type Place, startHub } from '../../support/hub-process.js';
import { startTurn, TURN_PASSWORD, TURN_USER, type TurnServer } from '../../support/turn-server.js';
import { until } from '../../support/until.js';
import type { TestPage } from './page/page.js';
import { newShell, online, openPage, pairingUrl, typed } from './support/real-page.js';

declare const testPage: TestPage;

/** Without it Chromium asks no server on this machine. */
const LOOPBACK = '--allow-loopback-in-peer-connection';

async function relayOnly(turn: TurnServer, credential: string): Promise<Place> {
  const place = await makePlace({}, { hasWeb: true });
  mkdirSync(place.dataDir, { recursive: true, mode: 0o700 });
  const settings = {
    'webrtc.ice_servers': [{ urls: [turn.url], username: TURN_USER, credential }],
    'webrtc.relay_only': true,
  };
  writeFileSync(join(place.dataDir, 'config.json'), JSON.stringify(settings));
  return place;
}

it('with relay_only all goes through the TURN server, and both sides say so', {
  timeout: 60_000,
}, async () => {
  const turn = await startTurn();
  const place = await relayOnly(turn, TURN_PASSWORD);
  const hub = await startHub(place);
  const page = await openPage(LOOPBACK);
  await page.evaluate((text) => testPage.pair(text), await pairingUrl(place));
  await online(page);
  await typed(page, await newShell(page), 'through the relay');
  await page.waitForFunction(() => testPage.hub.health.value.path === 'relay');
  const { stdout } = await place.run('eval', 'return webrtc.peers()');
  expect(JSON.parse(stdout)).toMatchObject([[{ path: 'relay', name: 'test browser' }]]);
  const status = await place.run('status');
  expect(status.stdout).toMatch(/Browsers \(1\)\n {2}test browser {2}relayed {2}[\d.]+ ms {2}for \d+ s\n/);
  expect(turn.log()).toMatch(/CHANNEL_BIND processed, success/);
  // The stack's timers must not keep the hub.
  hub.process.child.kill('SIGTERM');
  expect(await hub.process.done).toMatchObject({ code: 0 });
  expect(readFileSync(join(place.dataDir, 'hubs', hub.info.hub_id, 'hub.log'), 'utf8')).not.toContain(
    'did not stop in time',
  );
});

it('wrong credentials are named by the hub and by the page', { timeout: 60_000 }, async () => {
  const turn = await startTurn();
  const place = await relayOnly(turn, 'wrong');
  const hub = await startHub(place);
  const page = await openPage(LOOPBACK);
  await page.evaluate((text) => testPage.pair(text), await pairingUrl(place));
  const log = join(place.dataDir, 'hubs', hub.info.hub_id, 'hub.log');
  await until(() =>
    /cannot be used: it refuses the credentials \(401 Unauthorized\)/.test(readFileSync(log, 'utf8')),
  );
  expect(readFileSync(log, 'utf8')).not.toContain('wrong"');
  await page.waitForFunction(
    () => {
      const state = testPage.hub.state.value;
      return state.kind === 'offline' && state.reason.includes('401');
    },
    undefined,
    { timeout: 40_000 },
  );
});
