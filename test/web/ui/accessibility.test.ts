/** Every page on a desk and on a phone, in both themes, as axe-core sees it; and nothing sticks out of a small phone. */
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { desk, phone, untilTrue, useApp } from './app.js';
import { places } from './pages.js';

const open = useApp();

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
/** A small device: what fits here fits everywhere. */
const smallPhone = { ...phone, viewport: { width: 360, height: 740 } };
const themes = ['light', 'dark'] as const;

/** What it finds, with the elements. What programs draw in terminals is theirs. */
async function barriers(page: Page): Promise<string[]> {
  const results: axe.AxeResults = await page.evaluate(
    `axe.run({ exclude: [['.xterm-screen']] }, { runOnly: ${JSON.stringify(tags)}, resultTypes: ['violations'] })`,
  );
  return results.violations.flatMap(({ id, impact, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${impact} ${id}: ${target.join(' ')}\n${failureSummary}`),
  );
}

/** What sticks out of the window, unless it is scrolled to, or cut with an ellipsis. */
const TOO_WIDE = `[...document.querySelectorAll('#app *')]
  .filter((element) => !element.closest('.key-row, .xterm, .only-spoken, .left-terminal, .terminal-about > *'))
  .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
  .map((element) => element.className + ' ' + element.textContent.slice(0, 40))`;

describe.each(Object.entries({ 'a desk': desk, 'a small phone': smallPhone }))('on %s', (size, screen) => {
  it.each(Object.entries(places))('%s has no barriers', async (_name, { arrive, ...options }) => {
    const page = await open({ ...screen, ...options, reducedMotion: 'reduce' });
    await arrive(page);
    await page.evaluate(axe.source);
    for (const colorScheme of themes) {
      await page.emulateMedia({ colorScheme });
      await untilTrue(page, `document.documentElement.dataset.theme === '${colorScheme}'`);
      expect(await barriers(page), colorScheme).toEqual([]);
    }
    if (size === 'a small phone') expect(await page.evaluate(TOO_WIDE)).toEqual([]);
  });
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
});
