import { expect, onTestFinished, test } from 'vitest';
import { openLuaHost } from '../../support/lua-host.js';
import { git, makeRepo } from '../../support/temp-repo.js';

test('the functions of the page', async () => {
  const before = process.env['BOTSTER_REPO'];
  delete process.env['BOTSTER_REPO'];
  onTestFinished(() => {
    if (before !== undefined) process.env['BOTSTER_REPO'] = before;
  });
  const repoRoot = await makeRepo();
  await git(repoRoot, 'remote', 'add', 'origin', 'git@github.com:owner/name.git');
  const host = openLuaHost({ repoRoot });
  expect(
    await host.run('return hub.hub_id(), hub.server_id(), hub.detect_repo(), hub.detect_repo(".")'),
  ).toEqual(['0123456789abcdef', undefined, 'owner/name', 'owner/name']);
  expect(await host.run('local m = hub.metrics() return type(m.counters), m.engines.test ~= nil')).toEqual([
    'table',
    true,
  ]);
  await host.run('hub.quit()');
  expect(host.quits).toEqual(['hub.quit() by test at test:1']);
});
