/** The list, what is done from it, and the keys. */
import { describe, expect, it } from 'vitest';
import { untilTrue } from '../../support/page-waits.js';
import { phone, useApp } from './app.js';

const open = useApp();

describe('the list', () => {
  it('shows hubs with their sessions, those that need somebody first, states in words', async () => {
    const page = await open();
    const rows = page.locator('.group').first().locator('.row');
    expect(await rows.locator('.row-heading').allTextContents()).toEqual([
      'feature/login',
      'fix/checkout-rounding',
      'refactor/price-engine',
      'dev-server',
      'spike/edge-cache',
    ]);
    expect(await rows.locator('.row-state').allTextContents()).toEqual([
      'Needs you',
      'Working',
      'Idle',
      'Working',
      'Exited with 1',
    ]);
    await page.locator('.group').first().getByRole('heading', { name: 'Ended' }).waitFor();
    expect(await page.title()).toBe('(1) botster');
    expect(await page.locator('.calling-said').textContent()).toBe('Should I also throttle failed attempts?');
  });

  it('follows changes, and says them aloud', async () => {
    const page = await open();
    await page.evaluate(() =>
      ui.hub().change(ui.uuid('refactor/price-engine'), { state: 'needs_you', said: 'Which?' }),
    );
    await untilTrue(page, 'document.title === "(2) botster"');
    await page
      .locator('[data-spoken]', { hasText: 'refactor/price-engine: Needs you' })
      .waitFor({ state: 'attached' });
    expect(await page.locator('.row-heading').nth(1).textContent()).toBe('refactor/price-engine');
  });

  it('marks a hub that is offline, keeps its sessions, and tries again on demand', async () => {
    const page = await open();
    await page.evaluate(() =>
      ui.state(0, { kind: 'offline', reason: 'The relay does not answer.', since_ms: Date.now() - 400_000 }),
    );
    await page.getByText('Offline 6m').waitFor();
    expect(await page.locator('.row-stale').count()).toBe(5);
    await page.getByRole('button', { name: 'Try now' }).click();
    expect(await page.evaluate(() => ui.hub().reconnects)).toBe(1);
  });

  it('says what to do when there is nothing, and when the device was revoked', async () => {
    const page = await open({ scenario: 'empty' });
    await page.locator('.side').getByText('No agents yet').waitFor();
    await page.getByText('botster agent new my-branch').waitFor();
    await page.evaluate(() => ui.state(0, { kind: 'revoked' }));
    await page.getByText('This device was revoked').waitFor();
  });

  it('shows what it knew last when it is opened without the hub', async () => {
    const page = await open();
    // Written two seconds after a change.
    await page.evaluate(() => ui.hub().change(ui.uuid('feature/login'), { said: 'remember this' }));
    await untilTrue(page, 'localStorage.getItem("botster.last.hub-shop")?.includes("remember this")');
    await page.evaluate(() => {
      ui.hub().sessions.set([]);
      ui.state(0, { kind: 'offline', reason: 'gone', since_ms: Date.now() });
    });
    await page.getByText('remember this').waitFor();
  });

  it('filters when there are many', async () => {
    const page = await open();
    await page.evaluate(() => ui.many(20));
    await page.keyboard.press('/');
    await page.keyboard.type('task/1');
    await untilTrue(page, 'document.querySelectorAll(".row").length === 11');
    await page.keyboard.press('ArrowDown');
    expect(await page.evaluate('document.activeElement.querySelector(".row-heading").textContent')).toBe(
      'task/1',
    );
  });
});

describe('with the keyboard alone', () => {
  it('moves in the list and opens a session', async () => {
    const page = await open();
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toContain('Skip to');
    await page.locator('[data-row]').first().focus();
    await page.keyboard.press('j');
    await page.keyboard.press('ArrowDown');
    expect(await page.evaluate('document.activeElement.textContent')).toContain('refactor/price-engine');
    // One of all rows is reached by Tab.
    expect(await page.locator('[data-row][tabindex="0"]').count()).toBe(1);
    await page.keyboard.press('Enter');
    await page.locator('.terminal-head', { hasText: 'refactor/price-engine' }).waitFor();
  });

  it('goes to a session by a few letters', async () => {
    const page = await open();
    await page.keyboard.press('Control+k');
    await page.keyboard.type('node');
    await page.keyboard.press('Enter');
    await page.locator('.terminal-head', { hasText: 'chore/upgrade-node' }).waitFor();
  });

  it('shows the keys, and closes with Escape', async () => {
    const page = await open();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  });

  it('goes to who needs somebody', async () => {
    const page = await open();
    await page.keyboard.press('g');
    await page.locator('.terminal-head', { hasText: 'feature/login' }).waitFor();
  });

  it('opens a menu, moves in it, and comes back to its button', async () => {
    const page = await open();
    const button = page.getByRole('button', { name: 'Actions for feature/login' });
    await button.focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('ArrowUp');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Delete…');
    await page.keyboard.press('Escape');
    expect(await button.evaluate((element) => element === element.ownerDocument.activeElement)).toBe(true);
  });
});

describe('a device that may only look', () => {
  it('sees a badge, and nothing that it may not do', async () => {
    const page = await open();
    await page.evaluate(() => ui.viewOnly());
    await page.locator('.group .badge').first().waitFor();
    expect(await page.getByRole('link', { name: /New agent/ }).count()).toBe(0);
    await page.locator('[data-row]').first().click();
    await page.locator('.liveness-live').waitFor();
    await page.locator('.terminal-foot').getByText('View only').waitFor();
    expect(await page.getByRole('button', { name: /Fit to my screen|Fits/ }).count()).toBe(0);
    await page.getByRole('button', { name: 'Actions for this session' }).click();
    expect(await page.getByRole('menuitem').allTextContents()).toEqual(['Copy branch name']);
    await page.goto(`${page.url().replace(/#.*/, '')}#/new`);
    await page.getByText('This device may look, and nothing else').waitFor();
    await page.goto(`${page.url().replace(/#.*/, '')}#/hub/hub-shop`);
    await page.getByText('botster devices view-only').waitFor();
    expect(await page.evaluate(() => ui.hub().requests.map(({ method }) => method))).toEqual([]);
  });

  it('has no key row on a phone', async () => {
    const page = await open(phone);
    await page.evaluate(() => ui.viewOnly());
    await page.locator('[data-row]').first().click();
    await page.locator('.liveness-live').waitFor();
    expect(await page.locator('.key-row').count()).toBe(0);
  });
});
