/**
 * The pictures of the README, taken of the real thing. They are written into a temporary folder and only looked at for being
 * pictures; `BOTSTER_PICTURES=docs/pictures npx vitest run test/e2e/browser-pictures.test.ts` makes those of the repository.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { expect, test } from 'vitest';
import type { AgentRecord } from '../../protocol/agents.js';
import { newPage, openBrowser, openSession, pair, phone, typeLine, untilLive } from '../support/browser.js';
import { makePlace, type Place, startHub } from '../support/hub-process.js';
import { untilScreen } from '../support/page-waits.js';
import { fixRounding, makeHistory, shopFiles } from '../support/picture-shop.js';
import { smaller } from '../support/png.js';
import { tempDir } from '../support/temp-repo.js';

const folder = process.env['BOTSTER_PICTURES'] ?? '';
/** A phone's browser has bars of its own. */
const hand: BrowserContextOptions = { ...phone, viewport: { width: 390, height: 720 } };
/** What a README can be asked to load. */
const MAX_BYTES = 300 * 1024;

const desk: BrowserContextOptions = { viewport: { width: 1060, height: 660 }, deviceScaleFactor: 2 };

async function start(place: Place, branch: string, agent: string, prompt = ''): Promise<AgentRecord> {
  const options = prompt === '' ? [] : ['--prompt', prompt];
  const { code, stdout, stderr } = await place.run(
    'agent',
    'new',
    branch,
    '--agent',
    agent,
    '--json',
    ...options,
  );
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as AgentRecord;
}

/** Not what is said for a moment, nor what a mouse points at. */
async function atRest(page: Page): Promise<void> {
  await page.mouse.move(0, 0);
  await page.locator('.notice').first().waitFor({ state: 'detached' });
}

async function take(page: Page, into: string, name: string): Promise<void> {
  await atRest(page);
  const path = join(into, name);
  const picture = smaller(await page.screenshot({ animations: 'disabled' }));
  writeFileSync(path, picture);
  expect(picture.length).toBeGreaterThan(10_000);
  expect(picture.length).toBeLessThan(MAX_BYTES);
}

test('the pictures of the README', { timeout: 90_000 }, async () => {
  const into = folder === '' ? tempDir() : folder;
  mkdirSync(into, { recursive: true });
  const place = await makePlace({ NO_COLOR: undefined }, { name: 'shop', files: shopFiles, hasWeb: true });
  await makeHistory(place);
  await startHub(place);
  const browser = await openBrowser();

  const rounding = await start(place, 'fix/checkout-rounding', 'shell');
  await start(place, 'refactor/price-engine', 'coder', 'Split the price engine into rules');
  await start(place, 'perf/search', 'coder', 'Why is search slow?');
  await start(place, 'chore/upgrade-node', 'coder', 'Upgrade to Node 22');
  await start(place, 'docs/api', 'coder', 'Document all routes');
  await start(place, 'feature/login', 'coder', 'Add a login form, with tests');
  await fixRounding(rounding.worktree_path ?? '');

  const page = await newPage(browser, { ...desk, colorScheme: 'dark' });
  await pair(page, place, 'Desk');
  await openSession(page, 'fix/checkout-rounding');
  await page.locator('[data-terminal] textarea').focus();
  await page.getByRole('button', { name: 'Fits' }).waitFor();
  await typeLine(page, 'clear');
  await typeLine(page, 'git log --oneline --graph -6');
  await untilScreen(page, /Prices in cents/);
  await typeLine(page, 'npm test --silent');
  await untilScreen(page, /duration_ms[^$]*\$$/);
  await page.locator('.row-needs_you').waitFor();
  await take(page, into, 'desktop-dark.png');
  await page.emulateMedia({ colorScheme: 'light' });
  await take(page, into, 'desktop.png');

  const small = await newPage(browser, { ...hand, colorScheme: 'dark' });
  await pair(small, place, 'Phone');
  await take(small, into, 'phone.png');
  await openSession(small, 'feature/login');
  await small.getByRole('button', { name: 'Fit to my screen' }).tap();
  await small.getByRole('button', { name: 'Fits' }).waitFor();
  await untilLive(small);
  await untilScreen(small, /throttle failed attempts/);
  await take(small, into, 'phone-terminal.png');
});
