/** Every page on a desk and on a phone, in both themes, as axe-core sees it; and nothing sticks out of a small phone. */
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { untilTrue } from '../../support/page-waits.js';
import { useApp } from './app.js';
import { places } from './pages.js';

const open = useApp();

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
/** A small device: what fits here fits everywhere. */
const smallPhone = { width: 360, height: 740, deviceScaleFactor: 1, mobile: true };

type Rules = 'all' | 'color-contrast';

/** What it finds, with the elements. What programs draw in terminals is theirs. */
async function barriers(page: Page, rules: Rules = 'all'): Promise<string[]> {
  const runOnly = rules === 'all' ? tags : { type: 'rule', values: [rules] };
  const results: axe.AxeResults = await page.evaluate(
    `axe.run({ exclude: [['.xterm-screen']] }, { runOnly: ${JSON.stringify(runOnly)}, resultTypes: ['violations'] })`,
  );
  return results.violations.flatMap(({ id, impact, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${impact} ${id}: ${target.join(' ')}\n${failureSummary}`),
  );
}

async function paint(page: Page, colorScheme: 'light' | 'dark'): Promise<void> {
  await page.emulateMedia({ colorScheme });
  await untilTrue(page, `document.documentElement.dataset.theme === '${colorScheme}'`);
}

/** The same page on another device, with what was open. */
async function becomeSmallPhone(page: Page): Promise<void> {
  const browser = await page.context().newCDPSession(page);
  await browser.send('Emulation.setTouchEmulationEnabled', { enabled: true });
  await browser.send('Emulation.setDeviceMetricsOverride', smallPhone);
  await untilTrue(page, `innerWidth === ${smallPhone.width} && matchMedia('(pointer: coarse)').matches`);
}

const OPENED = `document.querySelectorAll('[role=dialog], [role=menu], dialog[open]').length`;

/** What sticks out of the window, unless it is scrolled to, or cut with an ellipsis. */
const TOO_WIDE = `[...document.querySelectorAll('#app *')]
  .filter((element) => !element.closest('.key-row, .xterm, .only-spoken, .left-terminal, .terminal-about > *'))
  .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
  .map((element) => element.className + ' ' + element.textContent.slice(0, 40))`;

it.each(Object.entries(places))('%s has no barriers', async (_name, { arrive, ...options }) => {
  const page = await open({ ...options, colorScheme: 'light', reducedMotion: 'reduce' });
  await arrive(page);
  await page.evaluate(axe.source);
  expect(await barriers(page), 'on a desk').toEqual([]);
  await paint(page, 'dark');
  expect(await barriers(page, 'color-contrast'), 'on a desk, in the dark').toEqual([]);

  const opened = await page.evaluate(OPENED);
  await becomeSmallPhone(page);
  // A menu closes when the window changes.
  if ((await page.evaluate(OPENED)) !== opened) await arrive(page);
  expect(await page.evaluate(OPENED)).toBe(opened);
  expect(await page.evaluate(TOO_WIDE)).toEqual([]);
  expect(await barriers(page), 'on a small phone, in the dark').toEqual([]);
  await paint(page, 'light');
  expect(await barriers(page, 'color-contrast'), 'on a small phone').toEqual([]);
});

it('finds what it should: a text too faint, a button without a name', async () => {
  const page = await open({ colorScheme: 'light' });
  await page.evaluate(axe.source);
  await page.evaluate(`(() => {
    document.querySelector('.overview h2').style.color = 'rgb(200, 200, 200)';
    document.querySelector('.top-bar button').removeAttribute('aria-label');
  })()`);
  const found = await barriers(page);
  expect(found.map((one) => one.split(':')[0])).toEqual(['critical button-name', 'serious color-contrast']);
  expect((await barriers(page, 'color-contrast')).map((one) => one.split(':')[0])).toEqual([
    'serious color-contrast',
  ]);
});
