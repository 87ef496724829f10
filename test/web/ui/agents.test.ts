/** Making, stopping, renaming and deleting agents. */
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { openSession, useApp } from './app.js';

const open = useApp();

async function menu(page: Page, branch: string, item: string): Promise<void> {
  await page.getByRole('button', { name: `Actions for ${branch}` }).click();
  await page.getByRole('menuitem', { name: item }).click();
}

const requests = (page: Page, method: string): Promise<unknown[]> =>
  page.evaluate(
    (name) =>
      ui
        .hub()
        .requests.filter((one) => one.method === name)
        .map(({ params }) => params),
    method,
  );

describe('a new agent', () => {
  it('is made on a branch, with progress, and opens', async () => {
    const page = await open();
    await page.keyboard.press('n');
    await page.locator('.kind-name').first().waitFor();
    expect(await page.getByRole('radio', { name: 'gemini' }).isDisabled()).toBe(true);
    expect(await page.getByRole('radio', { name: 'claude' }).isChecked()).toBe(true);
    await page.evaluate(() => {
      const gate = ui.gate();
      const { answers } = ui.hub();
      const make = answers['agent.new'];
      Object.assign(globalThis, { gate });
      answers['agent.new'] = async (params, onProgress) => {
        onProgress?.({
          request_id: 1,
          stage: 'worktree',
          text: 'checkout',
          done: 812,
          total: 2400,
          percent: 34,
        });
        await gate.wait();
        return make?.(params);
      };
    });
    await page.getByLabel('Branch', { exact: true }).fill('feature/search');
    await page.getByLabel('What it is to do').fill('Add a search box');
    await page.getByRole('radio', { name: 'codex' }).check();
    await page.getByRole('button', { name: 'Start agent' }).click();
    await page.getByText('812 of 2,400').waitFor();
    expect(await page.getByRole('progressbar', { name: 'Worktree' }).getAttribute('value')).toBe('34');
    expect(await page.getByRole('button', { name: 'Starting…' }).isDisabled()).toBe(true);
    await page.evaluate('gate.open()');
    await page.locator('.terminal-head', { hasText: 'feature/search' }).waitFor();
    expect(await requests(page, 'agent.new')).toEqual([
      { branch: 'feature/search', agent: 'codex', prompt: 'Add a search box' },
    ]);
  });

  it('says what went wrong and what to do, and keeps what was typed', async () => {
    const page = await open({ fragment: '#/new/hub-shop' });
    await page.locator('.kind-name').first().waitFor();
    await page.evaluate(() => {
      ui.hub().answers['agent.new'] = () => {
        throw ui.fail('agent.branch_in_main', 'the branch main is checked out in the main checkout');
      };
    });
    await page.getByLabel('Branch', { exact: true }).fill('main');
    await page.getByRole('button', { name: 'Start agent' }).click();
    const failure = page.getByRole('alert');
    await failure.getByText('The branch main is checked out').waitFor();
    await failure.getByText('Choose another branch').waitFor();
    expect(await page.getByLabel('Branch', { exact: true }).inputValue()).toBe('main');
    await page.getByRole('button', { name: 'Try again' }).waitFor();
  });

  it('refuses a name that git would refuse', async () => {
    const page = await open({ fragment: '#/new/hub-shop' });
    await page.getByLabel('Branch', { exact: true }).fill('feature login');
    await page.getByText('has no spaces').waitFor();
    expect(await page.getByRole('button', { name: 'Start agent' }).isDisabled()).toBe(true);
  });
});

describe('deleting', () => {
  it('shows what would be lost, and forces only after the name was typed', async () => {
    const page = await open();
    await page.evaluate(() => {
      const { answers } = ui.hub();
      const remove = answers['agent.rm'];
      answers['agent.rm'] = (params) => {
        if (params['force'] === true)
          return { ...(remove?.(params) as object), recovery_ref: 'refs/botster/1' };
        throw ui.fail('worktree.dirty', 'work would be lost', {
          changed: ['app/login-form.tsx'],
          changed_count: 1,
          untracked: [],
          untracked_count: 0,
          unmerged: [{ commit: '3fa2c1d', subject: 'Add the form' }],
          unmerged_count: 14,
        });
      };
    });
    await menu(page, 'feature/login', 'Delete…');
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    const losses = page.locator('[data-losses]');
    expect(await losses.locator('h3').allTextContents()).toEqual([
      '1 changed file',
      '14 commits on no other branch, remote or tag',
    ]);
    expect(await losses.textContent()).toContain('3fa2c1dAdd the form');
    expect(await losses.textContent()).toContain('and 13 more');
    const force = page.getByRole('button', { name: 'Delete and lose this' });
    expect(await force.isDisabled()).toBe(true);
    await page.getByLabel(/to delete it all the same/).fill('feature/logi');
    expect(await force.isDisabled()).toBe(true);
    await page.getByLabel(/to delete it all the same/).fill('feature/login');
    await force.click();
    await page.getByText('kept at refs/botster/1').waitFor();
    expect(await requests(page, 'agent.rm')).toMatchObject([
      { delete_worktree: true, keep_branch: false },
      { delete_worktree: true, keep_branch: false, force: true },
    ]);
    expect(await page.locator('.row-heading', { hasText: 'feature/login' }).count()).toBe(0);
  });

  it('leaves the files if asked to, and shows other refusals where they happen', async () => {
    const page = await open();
    await page.evaluate(() => {
      ui.hub().answers['agent.rm'] = () => {
        throw ui.fail('agent.worktree_in_use', 'another session works there');
      };
    });
    await menu(page, 'refactor/price-engine', 'Delete…');
    await page.getByLabel(/Delete its worktree/).uncheck();
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByRole('dialog').getByText('Another session works there').waitFor();
    expect((await requests(page, 'agent.rm')) as object[]).toEqual([{ id: expect.any(String) }]);
  });
});

it('takes an agent that ended off the list, and leaves its worktree', async () => {
  const page = await open();
  await menu(page, 'spike/edge-cache', 'Remove from the list');
  await page.getByText('Its worktree and branch stay.').waitFor();
  expect(await requests(page, 'agent.rm')).toEqual([{ id: expect.any(String) }]);
  expect(await page.locator('.row-heading', { hasText: 'spike/edge-cache' }).count()).toBe(0);
  // Neither is offered for one that runs.
  await page.getByRole('button', { name: 'Actions for fix/checkout-rounding' }).click();
  expect(await page.getByRole('menuitem').allTextContents()).toEqual([
    'Copy branch name',
    'Rename…',
    'Stop',
    'Delete…',
  ]);
});

it('says that a session was deleted elsewhere while it was shown', async () => {
  const page = await open();
  await openSession(page, 'refactor/price-engine');
  await page.evaluate(() => {
    const gone = ui.uuid('refactor/price-engine');
    const hub = ui.hub();
    hub.sessions.set(hub.sessions.value.filter(({ session }) => session.uuid !== gone));
  });
  await page.getByText('This session was deleted.').waitFor();
  expect(await page.getByRole('button', { name: 'Actions for this session' }).count()).toBe(0);
  await page.getByRole('link', { name: 'Back to the list', exact: true }).last().click();
  await page.locator('.overview').waitFor();
});

it('stops an agent, which stays in the list', async () => {
  const page = await open();
  await menu(page, 'fix/checkout-rounding', 'Stop');
  await page.locator('.row', { hasText: 'fix/checkout-rounding' }).getByText('Ended by signal 1').waitFor();
});

it('renames a session', async () => {
  const page = await open();
  await menu(page, 'refactor/price-engine', 'Rename…');
  await page.getByRole('textbox', { name: 'Name' }).fill('Price rules');
  await page.getByRole('button', { name: 'Rename' }).click();
  await page.locator('.row', { hasText: 'Price rules' }).getByText('refactor/price-engine').waitFor();
});
