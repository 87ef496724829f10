/** What plugins say to the page: shown, read aloud, and never in the way of what is open. */
import { expect, it } from 'vitest';
import { untilTrue } from '../../support/page-waits.js';
import { openSession, phone, useApp } from './app.js';

const open = useApp();

it('shows a plugin’s notice with the hub that says it, and opens the session it is about', async () => {
  const page = await open();
  await page.evaluate(() =>
    ui.hub().say({
      title: 'Review is done',
      body: 'Two remarks on the price engine',
      session: ui.uuid('refactor/price-engine'),
    }),
  );
  const notice = page.getByRole('status').locator('.notice');
  expect(await notice.locator('.notice-text > *').allTextContents()).toEqual([
    'shop',
    'Review is done',
    'Two remarks on the price engine',
    'Open refactor/price-engine',
  ]);
  await notice.getByRole('link').click();
  await page.locator('.terminal-head', { hasText: 'refactor/price-engine' }).waitFor();
  await notice.waitFor({ state: 'detached' });
});

it('shows markup of a plugin as text, and at most three notices', async () => {
  const page = await open(phone);
  await page.evaluate(() => {
    for (let count = 1; count <= 50; count++) ui.hub().say({ title: `<b>number</b> ${count}` });
  });
  await untilTrue(page, 'document.querySelectorAll(".notice").length === 3');
  expect(await page.locator('.notice').last().textContent()).toContain('<b>number</b> 50');
});

it('opens what a plugin shows only where nothing else is open', async () => {
  const page = await open();
  const show = (branch: string) =>
    page.evaluate((name) => ui.hub().say({ title: 'Look', session: ui.uuid(name), open: true }), branch);
  await show('feature/login');
  await page.locator('.terminal-head', { hasText: 'feature/login' }).waitFor();
  await show('refactor/price-engine');
  await page.getByRole('link', { name: 'Open refactor/price-engine' }).waitFor();
  await page.locator('.terminal-head', { hasText: 'feature/login' }).waitFor();
  await openSession(page, 'refactor/price-engine');
});
