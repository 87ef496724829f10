import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { HubError } from '../../../base/errors.js';
import { repoOf } from '../../../primitives/hub/detect-repo.js';
import { hub } from '../../../primitives/hub/hub.js';
import { FakeHub } from '../../support/fake-hub.js';
import { git, makeRepo, tempDir } from '../../support/temp-repo.js';

function setEnv(name: string, value: string | undefined): void {
  const before = process.env[name];
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
  onTestFinished(() => {
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  });
}

async function open(remote?: string) {
  setEnv('BOTSTER_REPO', undefined);
  const repoRoot = await makeRepo();
  if (remote !== undefined) await git(repoRoot, 'remote', 'add', 'origin', remote);
  const fake = new FakeHub(hub, { repoRoot });
  return { fake, repoRoot, hub: fake.engine('demo').functions };
}

test.each([
  ['git@github.com:owner/name.git', 'owner/name'],
  ['github.com:owner/name', 'owner/name'],
  ['git@github.com:/owner/name.git', 'owner/name'],
  ['ssh://git@github.com/owner/name.git', 'owner/name'],
  ['ssh://git@example.com:2222/owner/name.git/', 'owner/name'],
  ['git+ssh://git@example.com/owner/name', 'owner/name'],
  ['https://github.com/owner/name.git', 'owner/name'],
  ['https://user:token@github.com/owner/name', 'owner/name'],
  ['http://localhost:3000/owner/na.me.git', 'owner/na.me'],
  ['git://example.com/owner/name.git', 'owner/name'],
  ['https://gitlab.com/group/sub/name.git', 'group/sub/name'],
  ['/srv/git/name.git', undefined],
  ['../other', undefined],
  ['file:///srv/git/owner/name.git', undefined],
  ['C:\\git\\name', undefined],
  ['host:~/name.git', undefined],
  ['git@host:name.git', undefined],
  ['https://github.com/', undefined],
  ['', undefined],
])('the repository of %s is %s', (address, repo) => {
  expect(repoOf(address)).toBe(repo);
});

test('detect_repo asks git for origin, in the hub repository or another folder', async () => {
  const { hub, repoRoot } = await open('git@github.com:trybotster/botster.git');
  mkdirSync(join(repoRoot, 'deep/er'), { recursive: true });
  expect(await hub.detect_repo(undefined)).toBe('trybotster/botster');
  expect(await hub.detect_repo('deep/er')).toBe('trybotster/botster');
  const other = await makeRepo(join(tempDir(), 'other'));
  await git(other, 'remote', 'add', 'origin', 'https://example.com/some/other.git');
  expect(await hub.detect_repo(other)).toBe('some/other');
});

test('BOTSTER_REPO wins where no path is given', async () => {
  const { hub, repoRoot } = await open('git@github.com:a/b.git');
  setEnv('BOTSTER_REPO', 'named/otherwise');
  expect(await hub.detect_repo(undefined)).toBe('named/otherwise');
  expect(await hub.detect_repo(repoRoot)).toBe('a/b');
});

test('a git that was started from a hook does not mislead it', async () => {
  const { hub } = await open('git@github.com:a/b.git');
  setEnv('GIT_DIR', '/nowhere');
  expect(await hub.detect_repo(undefined)).toBe('a/b');
});

test('no remote, a local one, no repository', async () => {
  const bare = await open();
  expect(await bare.hub.detect_repo(undefined)).toMatchObject({ code: 'hub.no_remote' });
  const local = await open('/srv/git/name.git');
  expect(await local.hub.detect_repo(undefined)).toMatchObject({ code: 'hub.no_remote' });
  expect(await bare.hub.detect_repo(tempDir())).toMatchObject({ code: 'hub.no_remote' });
});

test('no password of a remote shows up in a message', async () => {
  const { hub } = await open('https://user:secret@example.com/name');
  const outcome = await hub.detect_repo(undefined);
  expect(outcome).toBeInstanceOf(HubError);
  expect((outcome as HubError).message).not.toContain('secret');
});

test('without git it says so', async () => {
  const { hub } = await open('git@github.com:a/b.git');
  execFileSync('git', ['--version']);
  setEnv('PATH', '/nowhere');
  expect(await hub.detect_repo(undefined)).toMatchObject({ code: 'hub.git_failed' });
});

test('who the hub is, how it is, and its end', async () => {
  const { fake, hub } = await open();
  expect(hub.hub_id()).toBe('0123456789abcdef');
  expect(hub.server_id()).toBeUndefined();
  expect(hub.metrics()).toEqual({ loop: { lag_ms: 1 } });
  hub.quit();
  expect(fake.quits).toEqual(['hub.quit() by demo at demo/init.lua:1']);
});
