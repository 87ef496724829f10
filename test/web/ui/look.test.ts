/** What can be measured of how it looks: contrast, names of controls, nothing wider than the window, both themes. */
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { phone, untilTrue, useApp } from './app.js';

const open = useApp();

/** Texts whose contrast with what is behind them is too low, with it. Disabled controls do not count. */
const LOW_CONTRAST = `(() => {
  const parse = (text) => {
    const [r, g, b, a = 1] = (text.match(/[\\d.]+/g) ?? []).map(Number);
    return { r, g, b, a };
  };
  const over = (top, under) => ({
    r: top.r * top.a + under.r * (1 - top.a),
    g: top.g * top.a + under.g * (1 - top.a),
    b: top.b * top.a + under.b * (1 - top.a),
    a: 1,
  });
  const luminance = ({ r, g, b }) => {
    const [x, y, z] = [r, g, b].map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const groundOf = (element) => {
    const layers = [];
    for (let at = element; at !== null; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      layers.push(color);
      if (color.a === 1) break;
    }
    return layers.reverse().reduce((under, top) => over(top, under), { r: 255, g: 255, b: 255, a: 1 });
  };
  const low = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const element = node.parentElement;
    const text = node.textContent.trim();
    if (text === '' || element.closest('.xterm, .only-spoken, :disabled, noscript, .skip, .left-terminal')) continue;
    if (element.getClientRects().length === 0) continue;
    let opacity = 1;
    for (let at = element; at !== null; at = at.parentElement) opacity *= Number(getComputedStyle(at).opacity);
    if (opacity === 0) continue;
    const ground = groundOf(element);
    const color = parse(getComputedStyle(element).color);
    const [a, b] = [luminance(over({ ...color, a: color.a * opacity }, ground)), luminance(ground)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) low.push(text + ' ' + ratio.toFixed(2));
  }
  return low;
})()`;

/** Controls that have no name for those who do not see them. */
const NAMELESS = `[...document.querySelectorAll('button, a[href], input, select, textarea, [role="menuitem"], [role="option"]')]
  .filter((element) => element.getClientRects().length > 0)
  .filter((element) => {
    const labels = element.labels ? [...element.labels].map((label) => label.textContent).join('') : '';
    const own = /^(INPUT|SELECT|TEXTAREA)$/.test(element.tagName) ? '' : element.textContent;
    return ((element.getAttribute('aria-label') ?? '') + labels + own).trim() === '';
  })
  .map((element) => element.outerHTML)`;

/** What sticks out of the window, unless it is scrolled to, or cut with an ellipsis. */
const TOO_WIDE = `[...document.querySelectorAll('#app *')]
  .filter((element) => !element.closest('.key-row, .xterm, .only-spoken, .left-terminal, .terminal-about > *'))
  .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
  .map((element) => element.className + ' ' + element.textContent.slice(0, 40))`;

const pages: Readonly<Record<string, (page: Page) => Promise<void>>> = {
  list: async (page) => {
    await page.evaluate(() => ui.state(1, { kind: 'offline', reason: 'x', since_ms: Date.now() }));
    await page.locator('.row-stale').first().waitFor();
  },
  'a terminal': async (page) => {
    await page.locator('[data-row]').first().click();
    await page.locator('.liveness-live').waitFor();
  },
  'a new agent': async (page) => {
    await page.evaluate('location.hash = "#/new/hub-shop"');
    await page.locator('.kind-name').first().waitFor();
    await page.getByLabel('Branch', { exact: true }).fill('a b');
  },
  'a hub': async (page) => {
    await page.evaluate('location.hash = "#/hub/hub-shop"');
    await page.getByRole('button', { name: 'Show a code' }).click();
    await page.locator('.qr').waitFor();
  },
  pairing: async (page) => {
    await page.evaluate('location.hash = "#/pair"');
    await page.getByRole('heading', { name: 'Add a hub' }).waitFor();
  },
  'what would be lost': async (page) => {
    await page.evaluate(() => {
      ui.hub().answers['agent.rm'] = () => {
        throw ui.fail('worktree.dirty', '', {
          unmerged: [{ commit: '3fa2c1d', subject: 'Add' }],
          unmerged_count: 4,
        });
      };
    });
    await page.getByRole('button', { name: 'Actions for feature/login' }).click();
    await page.getByRole('menuitem', { name: 'Delete…' }).click();
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.locator('[data-losses]').waitFor();
  },
};

describe.each(['light', 'dark'] as const)('%s', (colorScheme) => {
  it.each(Object.keys(pages))('%s can be read, and its controls have names', async (name) => {
    const page = await open({ colorScheme });
    await pages[name]?.(page);
    expect(await page.evaluate(LOW_CONTRAST)).toEqual([]);
    expect(await page.evaluate(NAMELESS)).toEqual([]);
  });
});

it.each(Object.keys(pages))('%s fits into 360 pixels', async (name) => {
  const page = await open({ ...phone, viewport: { width: 360, height: 740 } });
  await pages[name]?.(page);
  expect(await page.evaluate(TOO_WIDE)).toEqual([]);
});

it('follows the system, and the choice that is made here', async () => {
  const page = await open({ colorScheme: 'dark' });
  const theme = () => page.evaluate('document.documentElement.dataset.theme');
  expect(await theme()).toBe('dark');
  await page.emulateMedia({ colorScheme: 'light' });
  await untilTrue(page, 'document.documentElement.dataset.theme === "light"');
  await page.getByRole('button', { name: /^Theme: as the system/ }).click();
  await page.getByRole('button', { name: /^Theme: light/ }).click();
  expect(await theme()).toBe('dark');
  await page.reload();
  await page.getByRole('button', { name: /^Theme: dark/ }).waitFor();
  expect(await theme()).toBe('dark');
});

it('moves nothing for those who want that', async () => {
  const page = await open({ reducedMotion: 'reduce' });
  expect(await page.evaluate('document.getAnimations().length')).toBe(0);
});

it('is larger on a large screen', async () => {
  const page = await open({ viewport: { width: 3840, height: 2160 } });
  const size_px = await page.evaluate('parseFloat(getComputedStyle(document.documentElement).fontSize)');
  expect(size_px).toBeGreaterThan(19);
});
