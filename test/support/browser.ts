/**
 * Chromium with the built web app of a hub, as a user has it: pages are opened by their address, paired by their code, and
 * used by what they show. A page that throws fails its test; so does one that its policy refuses something.
 *
 * A terminal is drawn on a canvas, so what it shows is asked of the page (`[data-terminal]` carries its screen). Waits are for
 * what the page shows, never for time.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core';
import { onTestFinished } from 'vitest';
import { CHROMIUM, CHROMIUM_ARGS, CHROMIUM_SHELL, openChromium } from './chromium.js';
import type { Place } from './hub-process.js';
import { tempDir } from './temp-repo.js';
import { LATE_MS } from './until.js';

export const desk: BrowserContextOptions = { viewport: { width: 1280, height: 800 } };
export const phone: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 3,
  hasTouch: true,
  isMobile: true,
};

/** A browser; on another machine, with what stands before commands there (cable.ts). */
export async function openBrowser(within: readonly string[] = []): Promise<Browser> {
  return await openChromium({ executablePath: executable(within) });
}

function executable(within: readonly string[]): string {
  if (within.length === 0) return CHROMIUM_SHELL;
  const path = join(tempDir(), 'chromium');
  writeFileSync(path, `#!/bin/sh\nexec ${within.join(' ')} ${CHROMIUM_SHELL} "$@"\n`);
  chmodSync(path, 0o700);
  return path;
}

export interface BrowserWithTabs {
  readonly context: BrowserContext;
  /** All of the browser stands still, as on a phone that was locked, until it is resumed. */
  suspend(): void;
  resume(): void;
}

/**
 * A browser whose pages are hidden while another tab is before them, as on a desk: what Playwright launches itself takes every
 * page for visible and focused.
 */
export async function openBrowserWithTabs(): Promise<BrowserWithTabs> {
  const chromiumProcess = spawn(
    CHROMIUM,
    [
      ...CHROMIUM_ARGS,
      '--headless=new',
      '--remote-debugging-port=0',
      `--user-data-dir=${tempDir()}`,
      '--no-first-run',
      '--disable-breakpad',
    ],
    // A process group of its own, so that it can be suspended whole.
    { stdio: ['ignore', 'ignore', 'pipe'], detached: true },
  );
  const ended = new Promise<void>((resolve) => {
    chromiumProcess.once('exit', () => resolve());
  });
  const signal = (name: NodeJS.Signals): void => {
    const { pid } = chromiumProcess;
    if (pid !== undefined && chromiumProcess.exitCode === null && chromiumProcess.signalCode === null)
      process.kill(-pid, name);
  };
  onTestFinished(async () => {
    signal('SIGKILL');
    await ended;
  });
  const endpoint = await debuggingEndpoint(chromiumProcess);
  const browser = await chromium.connectOverCDP(endpoint, { noDefaults: true });
  const [context] = browser.contexts();
  if (context === undefined) throw new Error('the browser has no window');
  return { context, suspend: () => signal('SIGSTOP'), resume: () => signal('SIGCONT') };
}

function debuggingEndpoint({ stderr }: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const [, endpoint] = /DevTools listening on (ws:\S+)/.exec(said) ?? [];
      if (endpoint !== undefined) resolve(endpoint);
    });
    stderr?.once('close', () => reject(new Error(`the browser did not start: ${said}`)));
  });
}

/** A page in a profile of its own; `paired` opens the app in it. */
export async function newPage(browser: Browser, options: BrowserContextOptions = desk): Promise<Page> {
  const context = await browser.newContext(options);
  return await watched(await context.newPage());
}

/** That a network is gone; that a page which came over plain http cannot be isolated. */
const HARMLESS = /net::ERR_|WebSocket connection|Cross-Origin-Opener-Policy header has been ignored/;

/** What goes wrong in the page fails the test. */
export async function watched(page: Page): Promise<Page> {
  page.setDefaultTimeout(LATE_MS);
  const problems: string[] = [];
  page.on('pageerror', ({ message }) => problems.push(message));
  page.on('console', (message) => {
    const text = message.text();
    if (message.type() === 'error' && !HARMLESS.test(text)) problems.push(text);
  });
  onTestFinished(() => {
    if (problems.length > 0) throw new Error(`the page complained: ${problems.join('\n')}`);
  });
  return page;
}

/** Opens the address that `botster connect` prints, and pairs by the page's own button. */
export async function pair(page: Page, place: Place, name: string, ...options: string[]): Promise<void> {
  const { stdout } = await place.run('connect', '--json', ...options);
  const { url } = JSON.parse(stdout) as { url: string };
  await page.goto(url);
  await page.getByLabel('Name of this device').fill(name);
  await page.getByRole('button', { name: 'Pair' }).click();
  await page.locator('.hub-online').waitFor();
}

/** Opens a session by what the list calls it, and waits until its screen is true. */
export async function openSession(page: Page, heading: string): Promise<void> {
  await page.locator('[data-row]', { hasText: heading }).click();
  await untilLive(page);
}

export async function untilLive(page: Page): Promise<void> {
  await page.locator('.liveness-live').waitFor();
}

/** Types a line into the terminal that is shown. */
export async function typeLine(page: Page, line: string): Promise<void> {
  await page.locator('[data-terminal] textarea').focus();
  await page.keyboard.type(line);
  await page.keyboard.press('Enter');
}

/** Everything that the terminal holds, what was scrolled away included, line by line as the program wrote it. */
export async function allText(page: Page): Promise<string> {
  return await page.evaluate(`(() => {
    const { screen } = document.querySelector("[data-terminal]");
    const parts = [];
    for (let top = 0; top <= screen.linesAbove; top++) {
      screen.scrollTo(top);
      const lines = screen.text().split("\\n");
      parts.push(...(top === screen.linesAbove ? lines : lines.slice(0, 1)));
    }
    return parts.join("\\n");
  })()`);
}
