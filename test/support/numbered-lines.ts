/** A program that prints numbered lines, and whether a page's terminal shows each of them once. */
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { allText, screenText, typeLine, untilScreen, untilTrue } from './browser.js';

const STEP = 'sleep 0.02; n=$((n + 1)); echo "line $n"';

/** Begins to print, about fifty lines in a second, until it is interrupted. */
export async function startCounting(page: Page): Promise<void> {
  await typeLine(page, `clear; n=0; go=1; trap go=0 INT; while ((go)); do ${STEP}; done; trap - INT`);
  await untilScreen(page, /^line 20$/m);
}

/** The number of the last line on the screen. */
export async function lastNumber(page: Page): Promise<number> {
  return Math.max(0, ...numbersIn(await screenText(page)));
}

/** Until so many more lines are shown than `from`. */
export async function untilCounted(page: Page, from: number, more: number): Promise<void> {
  await untilTrue(
    page,
    `Math.max(0, ...[...document.querySelector("[data-terminal]").screen.text().matchAll(/^line (\\d+)$/gm)]
      .map(([, number]) => Number(number))) >= ${from + more}`,
    60_000,
  );
}

/** Interrupts the program, and checks that all lines from the first to the last are there, each once, in order. */
export async function checkCounted(page: Page): Promise<void> {
  await page.locator('[data-terminal] textarea').focus();
  await page.keyboard.press('Control+c');
  await typeLine(page, 'echo "stopped at $n"');
  const text = await untilScreen(page, /^stopped at \d+$/m);
  const last = Number(/^stopped at (\d+)$/m.exec(text)?.[1]);
  const numbers = numbersIn(await allText(page));
  expect(numbers).toEqual(Array.from({ length: last }, (_, index) => index + 1));
}

function numbersIn(text: string): number[] {
  return [...text.matchAll(/^line (\d+)$/gm)].map(([, number]) => Number(number));
}
