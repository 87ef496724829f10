/** A program that prints numbered lines, and whether a page's terminal shows each of them once. */
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { allText, typeLine } from './browser.js';
import { screenText, untilScreen, untilTrue } from './page-waits.js';

/**
 * A shell of its own: what a shell with job control starts is a process group of its own, and an interrupt that comes between
 * two of them reaches nobody.
 */
const LOOP = 'while ((go)); do sleep 0.02; n=$((n + 1)); echo "line $n"; done';
const PROGRAM = `go=1; trap go=0 INT; ${LOOP}; echo "stopped at $n"`;

/** Begins to print, about fifty lines in a second, until it is interrupted. */
export async function startCounting(page: Page): Promise<void> {
  await typeLine(page, `clear; bash -c '${PROGRAM}'`);
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
  const text = await untilScreen(page, /^stopped at \d+$/m);
  const last = Number(/^stopped at (\d+)$/m.exec(text)?.[1]);
  const numbers = numbersIn(await allText(page));
  expect(numbers).toEqual(Array.from({ length: last }, (_, index) => index + 1));
}

/** The terminal may have put the interrupt itself before the last one. */
function numbersIn(text: string): number[] {
  return [...text.matchAll(/^(?:\^C)?line (\d+)$/gm)].map(([, number]) => Number(number));
}
