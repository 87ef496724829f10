/** A repository whose agents are shells, for tests in a browser, and how a page makes one. */
import type { Page } from 'playwright-core';
import { untilLive } from './browser.js';
import { makePlace, type Place, type PlaceOptions } from './hub-process.js';

/** The same prompt everywhere, and nothing of the user's own files. */
const shell = {
  description: 'bash, with nothing of its own',
  cmd: 'bash',
  args: ['--norc', '--noprofile'],
  env: { PS1: 'ready> ', BASH_SILENCE_DEPRECATION_WARNING: '1' },
};

export async function makeShellPlace(options: PlaceOptions = {}): Promise<Place> {
  const files = {
    'README.md': 'A test.\n',
    '.botster/agents/plain/settings.json': JSON.stringify(shell),
    ...options.files,
  };
  return await makePlace({}, { hasWeb: true, ...options, files });
}

/** By the form; opens its terminal. */
export async function makeAgent(page: Page, branch: string): Promise<void> {
  await page
    .getByRole('link', { name: /New agent/ })
    .first()
    .click();
  await page.getByLabel('Branch', { exact: true }).fill(branch);
  await page.getByLabel(/^plain/).check();
  await page.getByRole('button', { name: 'Start agent' }).click();
  await page.locator('.terminal-head', { hasText: branch }).waitFor();
  await untilLive(page);
}
