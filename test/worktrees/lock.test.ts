import { expect, test } from 'vitest';
import { git } from '../support/temp-repo.js';
import { failureOf, openWorktrees } from '../support/worktrees-host.js';

test('locking is repeatable, and the last reason counts', async () => {
  const { worktrees } = await openWorktrees();
  const { path } = await worktrees.create({ branch: 'x' });
  const lock = async () => (await worktrees.list())[1];
  expect(await worktrees.lock(path, 'session 1')).toBe(true);
  expect(await worktrees.lock(path, 'session 1')).toBe(true);
  expect(await lock()).toMatchObject({ locked: true, lockReason: 'botster: session 1' });
  expect(await worktrees.lock(path, 'session\n"2"')).toBe(true);
  expect(await lock()).toMatchObject({ locked: true, lockReason: 'botster: session "2"' });
  expect(await worktrees.unlock(path)).toBe(true);
  expect(await worktrees.unlock(path)).toBe(false);
  expect(await lock()).toMatchObject({ locked: false, lockReason: '' });
});

test('a lock of somebody else stays as it is', async () => {
  const { repo, worktrees } = await openWorktrees();
  const { path } = await worktrees.create({ branch: 'x' });
  await git(repo, 'worktree', 'lock', '--reason', 'mine', path);
  expect(await worktrees.lock(path, 'session')).toBe(false);
  expect(await worktrees.unlock(path)).toBe(false);
  expect((await worktrees.list())[1]).toMatchObject({ locked: true, lockReason: 'mine' });
});

test('many who lock and unlock at once do not meet', async () => {
  const { worktrees } = await openWorktrees();
  const { path } = await worktrees.create({ branch: 'x' });
  await Promise.all(
    Array.from({ length: 12 }, (_, i) =>
      i % 2 === 0 ? worktrees.lock(path, `${i}`) : worktrees.unlock(path),
    ),
  );
  expect(await worktrees.unlock(path)).toBe(false);
});

test('the main tree cannot be locked, nor what is none', async () => {
  const { repo, worktrees } = await openWorktrees();
  expect(await failureOf(worktrees.lock(repo, 'x'))).toMatchObject({ code: 'worktree.main' });
  expect(await worktrees.unlock(repo)).toBe(false);
  expect(await failureOf(worktrees.lock('/no/such', 'x'))).toMatchObject({ code: 'worktree.not_found' });
});
