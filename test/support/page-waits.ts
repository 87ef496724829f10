/**
 * Waits for what a page brings about. The page looks itself, so that waiting costs the machine little. Playwright's own
 * way evaluates code there, which the page's policy forbids.
 */
import type { Page } from 'playwright-core';
import { LATE_MS } from './until.js';

/** How long the page looks before it is asked anew: it may have been reloaded. */
const ASK_AGAIN_MS = 2_000;
/** Not in frames: a page that nobody sees draws none. */
const PAUSE_MS = 16;

/** What the terminal shows: it draws on a canvas. */
const SCREEN_TEXT = 'document.querySelector("[data-terminal]")?.screen?.text() ?? ""';

/** The first value of a JavaScript expression that is true; its last value when none was. */
async function look<T>(page: Page, expression: string, holds: string, lateMs: number): Promise<T> {
  const deadline = performance.now() + lateMs;
  for (;;) {
    const leftMs = Math.max(0, deadline - performance.now());
    const [value, found]: [T, boolean] = await page.evaluate(`(async () => {
      const holds = ${holds};
      const end = performance.now() + ${Math.min(ASK_AGAIN_MS, leftMs)};
      for (;;) {
        const value = ${expression};
        const found = Boolean(holds(value));
        if (found || performance.now() > end) return [value, found];
        await new Promise((resolve) => setTimeout(resolve, ${PAUSE_MS}));
      }
    })()`);
    if (found || leftMs === 0) return value;
  }
}

/** Until an expression is true there. */
export async function untilTrue(page: Page, expression: string, lateMs = LATE_MS): Promise<void> {
  const value = await look<boolean>(page, `Boolean(${expression})`, '(value) => value', lateMs);
  if (!value) throw new Error(`never came true: ${expression}`);
}

/** The text on the terminal's screen. */
export async function screenText(page: Page): Promise<string> {
  return await page.evaluate(SCREEN_TEXT);
}

/** Rejects with what is on the screen instead, when that is all there is for long. */
export async function untilScreen(page: Page, wanted: RegExp, lateMs = LATE_MS): Promise<string> {
  const text = await look<string>(page, SCREEN_TEXT, `(text) => ${wanted}.test(text)`, lateMs);
  if (!wanted.test(text)) throw new Error(`the screen never matched ${wanted}:\n${text}`);
  return text;
}
