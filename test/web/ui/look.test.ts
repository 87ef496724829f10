/** How it looks, as far as it can be measured; what barriers there are is accessibility.test.ts's. */
import { expect, it } from 'vitest';
import { untilTrue } from '../../support/page-waits.js';
import { useApp } from './app.js';

const open = useApp();

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
