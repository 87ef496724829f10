/** Opens the app over fake hubs in a real browser, for one test. */
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { launchChromium } from '../../support/chromium.js';
import { LATE_MS } from '../../support/until.js';
import type { Ui } from './page/page.js';
import { type ServedPage, servePage } from './serve-page.js';

declare global {
  /** Of the page, for functions that run there. */
  var ui: Ui;
}

export const phone: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  hasTouch: true,
  isMobile: true,
};
export const desk: BrowserContextOptions = { viewport: { width: 1440, height: 900 } };

export interface AppOptions extends BrowserContextOptions {
  readonly scenario?: 'filled' | 'empty' | 'none';
  readonly fragment?: string;
}

/** Call it in a describe block or a file: one browser and one build for all its tests. */
export function useApp(): (options?: AppOptions) => Promise<Page> {
  let browser: Browser;
  let site: ServedPage;
  beforeAll(async () => {
    site = await servePage();
    browser = await launchChromium();
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await site.close();
  });
  return async ({ scenario = 'filled', fragment = '#/', ...options } = {}) => {
    const context = await browser.newContext({ ...desk, ...options });
    onTestFinished(() => context.close());
    const page = await context.newPage();
    page.setDefaultTimeout(LATE_MS);
    const problems: string[] = [];
    page.on('pageerror', ({ message }) => problems.push(message));
    page.on('console', (message) => {
      // Also what the content security policy refuses.
      if (message.type() === 'error') problems.push(message.text());
    });
    onTestFinished(() => {
      if (problems.length > 0) throw new Error(`the page complained: ${problems.join('\n')}`);
    });
    await page.addInitScript(`globalThis.scenario = { scenario: '${scenario}' }`);
    await page.goto(site.url + fragment);
    await page.locator('#app > :not(noscript)').first().waitFor();
    return page;
  };
}

/** Opens the session of a branch, and waits until it is live. */
export async function openSession(page: Page, branch: string): Promise<void> {
  await page.locator('[data-row]', { hasText: branch }).click();
  await page.locator('.liveness-live').waitFor();
}
