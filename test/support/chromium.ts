/** The browser of the tests, from Debian's packages: the whole one, and the same engine without windows and tabs of its own. */
import { type Browser, chromium } from 'playwright-core';
import { onTestFinished } from 'vitest';

/** It starts and opens pages in a third of the time. Every page is visible and focused. */
export const CHROMIUM_SHELL = '/usr/bin/chromium-headless-shell';
/** With tabs that hide each other. */
export const CHROMIUM = '/usr/bin/chromium';

/** The tests may run as root. WebGL is drawn by the processor. */
export const CHROMIUM_ARGS: readonly string[] = ['--no-sandbox', '--enable-unsafe-swiftshader'];

export async function launchChromium({
  executablePath = CHROMIUM_SHELL,
  args = [] as readonly string[],
} = {}): Promise<Browser> {
  return await chromium.launch({ executablePath, args: [...CHROMIUM_ARGS, ...args] });
}

/** Until the test's end. */
export async function openChromium(options?: Parameters<typeof launchChromium>[0]): Promise<Browser> {
  const browser = await launchChromium(options);
  onTestFinished(() => browser.close());
  return browser;
}
