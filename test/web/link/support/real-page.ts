/** The engine in a real browser: a page of the test's own, served from another origin than the relay. */
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Page } from 'playwright-core';
import { onTestFinished } from 'vitest';
import { openChromium } from '../../../support/chromium.js';
import type { Place } from '../../../support/hub-process.js';
import { tempDir } from '../../../support/temp-repo.js';
import type { TestPage } from '../page/page.js';

declare const testPage: TestPage;

/** `args`: of Chromium. */
export async function openPage(...args: string[]): Promise<Page> {
  const url = await servePage();
  const browser = await openChromium({ args });
  const page = await browser.newPage();
  page.on('pageerror', (error) => {
    throw error;
  });
  await page.goto(url);
  await page.waitForFunction(() => 'testPage' in globalThis);
  await page.evaluate(() => testPage.open());
  return page;
}

/** The URL that pairs the next browser. */
export async function pairingUrl(place: Place): Promise<string> {
  const { stdout } = await place.run('connect', '--json');
  return (JSON.parse(stdout) as { url: string }).url;
}

export const online = (page: Page): Promise<unknown> =>
  page.waitForFunction(() => testPage.hub.state.value.kind === 'online');

export async function newShell(page: Page): Promise<string> {
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

export async function typed(page: Page, uuid: string, text: string): Promise<void> {
  await page.evaluate(([id, line]) => testPage.shown.get(id)?.attach.type(`${line}\r`), [
    uuid,
    text,
  ] as const);
  await page.waitForFunction(([id, line]) => testPage.shown.get(id)?.text.includes(`got ${line}`), [
    uuid,
    text,
  ] as const);
}

/** A server that has nothing but the test's page. */
async function servePage(): Promise<string> {
  const folder = tempDir();
  await build({
    entryPoints: [join(import.meta.dirname, '../page/page.ts')],
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
