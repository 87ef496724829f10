/** Every page and dialog of the app in the states that matter: how to get there. For what is true of all of them. */
import type { Page } from 'playwright-core';
import { untilScreen } from '../../support/page-waits.js';
import type { AppOptions } from './app.js';

export interface Place extends Pick<AppOptions, 'scenario' | 'fragment'> {
  readonly arrive: (page: Page) => Promise<unknown>;
}

const CODE = '#AZ3mHk9sQ2vT0yWc7LpXfRbNuJ4eGdK8oVtS1iYhPqA6zMxC5BwEjUlFnDrO';

/** The list is beside what is open, or the page before it on a phone. */
async function openRow(page: Page, branch: string): Promise<void> {
  await page.evaluate((name) => {
    location.hash = `#/s/hub-shop/${ui.uuid(name)}`;
  }, branch);
  await page.locator('.liveness').waitFor();
}

async function actions(page: Page, item: string): Promise<void> {
  await page.getByRole('button', { name: 'Actions for feature/login' }).click();
  await page.getByRole('menuitem', { name: item }).click();
}

export const places: Readonly<Record<string, Place>> = {
  'the first run': {
    scenario: 'none',
    arrive: (page) => page.getByRole('heading', { name: 'Connect to a hub' }).waitFor(),
  },
  'pairing with a code': {
    scenario: 'none',
    fragment: CODE,
    arrive: (page) => page.getByRole('heading', { name: 'Pair this device' }).waitFor(),
  },
  'pairing under way': {
    scenario: 'none',
    fragment: CODE,
    arrive: async (page) => {
      await page.evaluate(() => {
        ui.hubs.onPair = () => new Promise(() => undefined);
      });
      await page.getByRole('button', { name: 'Pair' }).click();
      await page.getByText('Exchanging keys').waitFor();
    },
  },
  'a code that does not work': {
    scenario: 'none',
    fragment: CODE,
    arrive: async (page) => {
      await page.evaluate(() => {
        ui.hubs.onPair = async () => {
          throw ui.fail(
            'pairing.no_answer',
            'No hub answers this code: it was used, or replaced by another, or the hub is not running.',
          );
        };
      });
      await page.getByRole('button', { name: 'Pair' }).click();
      await page.getByRole('alert').waitFor();
    },
  },
  'another hub': {
    fragment: '#/pair',
    arrive: (page) => page.getByRole('heading', { name: 'Add a hub' }).waitFor(),
  },
  'a hub without agents': {
    scenario: 'empty',
    arrive: (page) => page.locator('.group-empty').waitFor(),
  },
  'the list, one hub offline': {
    arrive: async (page) => {
      await page.evaluate(() => {
        ui.hub().say({ title: 'Review is done', body: 'Two remarks', session: ui.uuid('feature/login') });
        ui.state(1, {
          kind: 'offline',
          reason: 'The relay does not answer.',
          since_ms: Date.now() - 400_000,
        });
      });
      await page.locator('.row-stale').first().waitFor();
    },
  },
  'a long list': {
    arrive: async (page) => {
      await page.evaluate(() => ui.many(24));
      await page.locator('.filter').waitFor();
    },
  },
  'a menu': {
    arrive: (page) => page.getByRole('button', { name: 'Actions for feature/login' }).click(),
  },
  'a terminal': {
    arrive: async (page) => {
      await openRow(page, 'feature/login');
      await untilScreen(page, /throttle/);
    },
  },
  'a full-screen program': {
    arrive: async (page) => {
      await page.evaluate(() => ui.fullScreen('feature/login'));
      await openRow(page, 'feature/login');
      await untilScreen(page, /F10Quit/);
    },
  },
  'older output': {
    arrive: async (page) => {
      await openRow(page, 'feature/login');
      await page.getByRole('button', { name: 'Older output' }).click();
      await page.getByText('Scroll up for more').waitFor();
    },
  },
  'a terminal without its hub': {
    arrive: async (page) => {
      await openRow(page, 'feature/login');
      await untilScreen(page, /throttle/);
      await page.evaluate(() => {
        ui.terminal('feature/login').status('waiting');
        ui.state(0, {
          kind: 'offline',
          reason: 'The relay does not answer.',
          since_ms: Date.now() - 90_000,
        });
      });
      await page.locator('.pill', { hasText: 'offline' }).waitFor();
    },
  },
  'a terminal, view only': {
    arrive: async (page) => {
      await page.evaluate(() => ui.viewOnly());
      await openRow(page, 'feature/login');
      await untilScreen(page, /throttle/);
    },
  },
  'a session that was deleted': {
    arrive: async (page) => {
      await openRow(page, 'feature/login');
      await page.evaluate(() => ui.hub().sessions.set([]));
      await page.locator('.terminal-gone').waitFor();
    },
  },
  'a new agent': {
    fragment: '#/new/hub-shop',
    arrive: async (page) => {
      await page.locator('.kind-name').first().waitFor();
      await page.getByLabel('Branch', { exact: true }).fill('a b');
    },
  },
  'a new agent on its way': {
    fragment: '#/new/hub-shop',
    arrive: async (page) => {
      await page.locator('.kind-name').first().waitFor();
      await page.evaluate(() => {
        ui.hub().answers['agent.new'] = (_params, onProgress) => {
          const tell = (step: object): void => onProgress?.({ request_id: 1, ...step } as never);
          tell({ stage: 'worktree', text: '~/.botster/worktrees/shop/feature-search' });
          tell({ stage: 'files', text: 'node_modules', done: 18_204, total: 41_377 });
          return new Promise(() => undefined);
        };
      });
      await page.getByLabel('Branch', { exact: true }).fill('feature/search');
      await page.getByLabel(/What it is to do/).fill('Search products by name, with typos');
      await page.getByRole('button', { name: 'Start agent' }).click();
      await page.getByText('18,204 of 41,377').waitFor();
    },
  },
  'a new agent that failed': {
    fragment: '#/new/hub-shop',
    arrive: async (page) => {
      await page.locator('.kind-name').first().waitFor();
      await page.evaluate(() => {
        ui.hub().answers['agent.new'] = (_params, onProgress) => {
          onProgress?.({ request_id: 1, stage: 'worktree', text: 'asking git' });
          throw ui.fail('agent.branch_in_main', 'the branch main is checked out in the main checkout');
        };
      });
      await page.getByLabel('Branch', { exact: true }).fill('main');
      await page.getByRole('button', { name: 'Start agent' }).click();
      await page.getByRole('alert').waitFor();
    },
  },
  'a deletion': {
    arrive: async (page) => {
      await actions(page, 'Delete…');
      await page.getByRole('dialog').waitFor();
    },
  },
  'what would be lost': {
    arrive: async (page) => {
      await page.evaluate(() => {
        ui.hub().answers['agent.rm'] = () => {
          throw ui.fail('worktree.dirty', '', {
            changed: ['app/login/login-form.tsx', 'app/routes.ts'],
            changed_count: 2,
            untracked: ['test/login.test.ts'],
            untracked_count: 1,
            unmerged: [{ commit: '3fa2c1d', subject: 'Add the login form' }],
            unmerged_count: 4,
          });
        };
      });
      await actions(page, 'Delete…');
      await page.getByRole('button', { name: 'Delete', exact: true }).click();
      await page.locator('[data-losses]').waitFor();
    },
  },
  'a new name': {
    arrive: async (page) => {
      await actions(page, 'Rename…');
      await page.getByRole('dialog').waitFor();
    },
  },
  'a hub': {
    fragment: '#/hub/hub-shop',
    arrive: async (page) => {
      await page.getByRole('button', { name: 'Show a code' }).click();
      await page.locator('.qr').waitFor();
    },
  },
  'a hub that is not well': {
    fragment: '#/hub/hub-shop',
    arrive: async (page) => {
      await page.evaluate(() => {
        ui.hub().health.set({
          ...ui.hub().health.value,
          missed: 2,
          rtt_ms: 812,
          loop_age_ms: 900,
          path: 'relay',
        });
        ui.state(1, { kind: 'connecting', attempt: 3 });
      });
      await page.locator('.number-bad', { hasText: 'Pings missed' }).waitFor();
    },
  },
  'a hub that is offline': {
    fragment: '#/hub/hub-shop',
    arrive: async (page) => {
      await page.evaluate(() =>
        ui.state(0, {
          kind: 'offline',
          reason: 'The relay does not answer.',
          since_ms: Date.now() - 400_000,
        }),
      );
      await page.getByRole('button', { name: 'Try now' }).last().waitFor();
    },
  },
  'a hub, view only': {
    fragment: '#/hub/hub-shop',
    arrive: async (page) => {
      await page.evaluate(() => ui.viewOnly());
      await page.getByText('may look and nothing else').waitFor();
    },
  },
  'a device to be revoked': {
    fragment: '#/hub/hub-shop',
    arrive: async (page) => {
      await page.getByRole('button', { name: 'Revoke Wall display' }).click();
      await page.getByRole('dialog').waitFor();
    },
  },
  'the switcher': {
    arrive: async (page) => {
      await page.keyboard.press('Control+k');
      await page.getByRole('combobox').waitFor();
    },
  },
  'the keys': {
    arrive: async (page) => {
      await page.keyboard.press('?');
      await page.getByRole('dialog').waitFor();
    },
  },
};
