/** A phone that was paired to look on. */
import { expect, test } from 'vitest';
import type { SessionRecord } from '../../protocol/session.js';
import { newPage, openBrowser, openSession, pair, phone } from '../support/browser.js';
import { makeShellPlace } from '../support/browser-agents.js';
import { type Place, startHub } from '../support/hub-process.js';
import { untilScreen } from '../support/page-waits.js';
import { git } from '../support/temp-repo.js';
import { until } from '../support/until.js';
import { Wiretap } from '../support/wiretap.js';

/** No number that the page gives to an attach of its own. */
const ATTACH = 4_000_000;

async function sessions(place: Place): Promise<SessionRecord[]> {
  return JSON.parse((await place.run('session', 'list', '--json')).stdout) as SessionRecord[];
}

test('a view-only phone sees agents and screens, and changes nothing, whatever it sends', {
  timeout: 60_000,
}, async () => {
  const place = await makeShellPlace();
  await startHub(place);
  const made = await place.run('agent', 'new', 'feature/login', '--agent', 'plain');
  expect(made.code, made.stderr).toBe(0);
  await place.run('session', 'send', 'feature/login', 'echo "to be $((40 + 2)) seen"', '--enter');
  await place.run('session', 'wait', 'feature/login', '--match', '^to be 42 seen$', '--timeout', '30');

  const page = await newPage(await openBrowser(), phone);
  await Wiretap.install(page.context());
  await pair(page, place, 'A visitor', '--view-only');
  expect((await place.run('devices')).stdout).toMatch(/A visitor +look /);

  // What the page has for it.
  await page.getByText('View only').first().waitFor();
  expect(await page.getByRole('link', { name: /New agent/ }).count()).toBe(0);
  await openSession(page, 'feature/login');
  await untilScreen(page, /^to be 42 seen$/m);
  expect(await page.getByRole('toolbar').count()).toBe(0);
  expect(await page.getByRole('button', { name: /Fit/ }).count()).toBe(0);
  await page.locator('[data-terminal]').tap();
  await page.keyboard.type('typed-by-page');
  await page.getByRole('button', { name: 'Actions for this session' }).tap();
  expect(await page.getByRole('menuitem').allTextContents()).toEqual(['Copy branch name']);

  // What somebody sends who has the device's keys and a page of his own.
  const tap = new Wiretap(page);
  const [session] = await sessions(place);
  const id = session?.uuid ?? '';
  const forbidden: [string, object][] = [
    ['agent.new', { branch: 'feature/evil', cmd: 'sh' }],
    ['agent.rm', { id, delete_worktree: true, force: true }],
    ['session.send', { id, text: 'typed-by-request', enter: true }],
    ['session.resize', { id, rows: 10, cols: 10 }],
    ['session.set_size_policy', { id, policy: 'pinned' }],
    ['session.kill', { id }],
    ['session.update', { id, name: 'evil' }],
    ['session.remove', { id }],
    ['device.list', {}],
    ['device.set_view_only', { id: 'A visitor', view_only: false }],
    ['device.revoke', { id: 'A visitor' }],
    ['connection.code', {}],
  ];
  for (const [method, params] of forbidden)
    expect(await tap.codeOf(method, params), method).toBe('device.view_only');
  for (const method of ['eval', 'stop', 'session.spawn', 'host.stop'])
    expect(await tap.codeOf(method, {}), method).toBe('device.not_allowed');
  // An attach that asks for more than to look on, with a size, and types.
  expect(await tap.codeOf('session.attach', { id, attach: ATTACH, credit: 65_536, rows: 5, cols: 5 })).toBe(
    'ok',
  );
  await tap.input(ATTACH, 'typed-by-frame\r');
  await until(async () =>
    (await tap.messages()).some(
      (message) => message.type === 'event' && message.name === 'attach.input_refused',
    ),
  );

  const { stdout: screen } = await place.run('session', 'screen', 'feature/login');
  expect(screen).not.toContain('typed-by');
  expect(await sessions(place)).toMatchObject([
    {
      uuid: id,
      state: 'running',
      rows: session?.rows,
      cols: session?.cols,
      size_policy: session?.size_policy,
    },
  ]);
  expect(await git(place.repo, 'branch', '--list', 'feature/evil')).toBe('');
  expect((await place.run('devices')).stdout).toMatch(/A visitor +look /);
  await untilScreen(page, /^to be 42 seen$/m);
});
