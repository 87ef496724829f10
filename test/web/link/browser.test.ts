/**
 * The engine in a real browser, against a real hub: keys in IndexedDB, the relay's cable, WebRTC. The page is the test's
 * own and comes from another origin than the relay; the app and its pages are test/e2e's.
 */

import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { build } from 'esbuild';
import { chromium, type Page } from 'playwright-core';
import { expect, it, onTestFinished } from 'vitest';
import { makePlace, type Place, startHub } from '../../support/hub-process.js';
import { tempDir } from '../../support/temp-repo.js';
import type { TestPage } from './page/page.js';

declare const testPage: TestPage;

/** A server that has nothing but the test's page. */
async function servePage(): Promise<string> {
  const folder = tempDir();
  await build({
    entryPoints: [join(import.meta.dirname, 'page/page.ts')],
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    define: { BUILD_VERSION: '"0.0.0"' },
    logLevel: 'error',
  });
  const server = createServer((request, response) => {
    const name = request.url?.slice(1) ?? '';
    if (name === '') {
      response.setHeader('content-type', 'text/html');
      response.end('<!doctype html><script type="module" src="/page.js"></script>');
      return;
    }
    readFile(join(folder, name.replaceAll('/', ''))).then(
      (bytes) => response.setHeader('content-type', 'text/javascript').end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => closed(server));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

async function openPage(): Promise<Page> {
  const url = await servePage();
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  onTestFinished(() => browser.close());
  const page = await browser.newPage();
  page.on('pageerror', (error) => {
    throw error;
  });
  await page.goto(url);
  await page.waitForFunction(() => 'testPage' in globalThis);
  await page.evaluate(() => testPage.open());
  return page;
}

async function code(place: Place): Promise<string> {
  const { stdout } = await place.run('connect', '--json');
  return (JSON.parse(stdout) as { url: string }).url;
}

const online = (page: Page): Promise<unknown> =>
  page.waitForFunction(() => testPage.hub.state.value.kind === 'online');

async function newShell(page: Page): Promise<string> {
  const uuid = await page.evaluate(async () => {
    const made = await testPage.hub.request('agent.new', {
      in_place: true,
      cmd: 'sh',
      args: ['-c', 'echo begin; while read line; do echo "got $line"; done'],
      rows: 24,
      cols: 80,
    });
    testPage.attach(made.session_uuid);
    return made.session_uuid;
  });
  await page.waitForFunction((id) => testPage.shown.get(id)?.text.includes('begin'), uuid);
  return uuid;
}

async function typed(page: Page, uuid: string, text: string): Promise<void> {
  await page.evaluate(([id, line]) => testPage.shown.get(id)?.attach.type(`${line}\r`), [
    uuid,
    text,
  ] as const);
  await page.waitForFunction(([id, line]) => testPage.shown.get(id)?.text.includes(`got ${line}`), [
    uuid,
    text,
  ] as const);
}

it('pairs, drives an agent, and goes on after a reload and a hub that was killed', {
  timeout: 60_000,
}, async () => {
  const place = await makePlace();
  const hub = await startHub(place);
  const page = await openPage();
  const url = await code(place);
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
  await page.evaluate((text) => testPage.pair(text), await code(place));
  await online(page);
  const device = await page.evaluate(() => testPage.hub.device.value.id);
  await place.run('devices', 'revoke', device, '--yes');
  await page.waitForFunction(() => testPage.hub.state.value.kind === 'revoked');
  await page.evaluate(() => testPage.forget());
});

it('takes a deleted agent off the list of every device at once, and for good; one that ended stays', {
  timeout: 90_000,
}, async () => {
  const place = await makePlace();
  const hub = await startHub(place);
  const [one, two] = [await openPage(), await openPage()];
  for (const page of [one, two]) {
    await page.evaluate((text) => testPage.pair(text), await code(place));
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
  const place = await makePlace();
  await startHub(place);
  const page = await openPage();
  await page.evaluate((text) => testPage.pair(text), await code(place));
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
