/** Removing worktrees: no work is lost, whatever it is. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cleanEnv, git, makeRepo, tempDir } from '../support/temp-repo.js';
import { failureOf, openWorktrees } from '../support/worktrees-host.js';

const put = (path: string, text = 'text\n') => writeFileSync(path, text);
const commit = (path: string, subject: string) =>
  git(path, 'commit', '--quiet', '--allow-empty', '-am', subject);
const recoveryRefs = (repo: string) => git(repo, 'for-each-ref', '--format=%(refname)', 'refs/botster');

test('a clean and merged worktree goes, with its branch if that is named', async () => {
  const { repo, worktrees } = await openWorktrees();
  const one = await worktrees.create({ branch: 'one' });
  const two = await worktrees.create({ branch: 'two' });
  expect(await worktrees.remove({ path: one.path })).toEqual({
    path: one.path,
    branch: 'one',
    branchDeleted: false,
    recoveryRef: undefined,
  });
  expect(await worktrees.remove({ path: two.path, branch: 'two' })).toMatchObject({ branchDeleted: true });
  expect(existsSync(one.path) || existsSync(two.path)).toBe(false);
  expect(await git(repo, 'branch', '--format=%(refname:short)')).toBe('main\none');
  expect(await recoveryRefs(repo)).toBe('');
});

test.each<[string, (path: string) => Promise<unknown> | void, string]>([
  ['a modified file', (path) => put(join(path, 'README.md')), '1 changed file: README.md'],
  ['a removed file', (path) => rmSync(join(path, 'README.md')), '1 changed file: README.md'],
  ['an untracked file', (path) => put(join(path, 'new file')), '1 untracked file: new file'],
  [
    'a staged file',
    async (path) => {
      put(join(path, 'staged'));
      await git(path, 'add', 'staged');
    },
    '1 changed file: staged',
  ],
  [
    'a file that git was told not to look at',
    async (path) => {
      await git(path, 'update-index', '--assume-unchanged', 'README.md');
      put(join(path, 'README.md'));
    },
    '1 changed file: README.md',
  ],
  [
    'a file that git was told to skip',
    async (path) => {
      await git(path, 'update-index', '--skip-worktree', 'README.md');
      put(join(path, 'README.md'));
    },
    '1 changed file: README.md',
  ],
  [
    'a repository inside',
    (path) => makeRepo(join(path, 'inner')).then(() => undefined),
    'inner: a repository of its own',
  ],
  [
    'a merge that is not finished',
    async (path) => {
      await git(path, 'switch', '--quiet', '-c', 'side');
      await commit(path, 'side');
      await git(path, 'switch', '--quiet', 'x');
      await git(path, 'merge', '--quiet', '--no-ff', '--no-commit', 'side');
    },
    'a merge is under way',
  ],
])('%s is in the way, and named', async (_, change, expected) => {
  const { repo, worktrees } = await openWorktrees();
  const { path } = await worktrees.create({ branch: 'x' });
  await change(path);
  const failure = await failureOf(worktrees.remove({ path, branch: 'x' }));
  expect(failure.code).toBe('worktree.dirty');
  expect(failure.message).toContain(expected);
  expect(existsSync(join(path, '.git'))).toBe(true);
  expect(await git(repo, 'branch', '--list', 'x')).not.toBe('');
  expect((await worktrees.status(path)).worktree.path).toBe(path);
});

test('many changes are counted, and some named', async () => {
  const { worktrees } = await openWorktrees();
  const { path } = await worktrees.create({ branch: 'x' });
  for (let i = 10; i < 40; i++) put(join(path, `file${i}`));
  const { message, details } = await failureOf(worktrees.remove({ path }));
  expect(message).toContain('30 untracked files: file10, file11, file12, file13, file14, and 25 more');
  expect(details['untracked']).toHaveLength(20);
  expect(details['untracked_count']).toBe(30);
});

test('the main working tree has a status, too', async () => {
  const { repo, worktrees } = await openWorktrees();
  expect((await worktrees.status(repo)).losses.changed.count).toBe(0);
  put(join(repo, 'README.md'));
  put(join(repo, 'new'));
  const { losses } = await worktrees.status(repo);
  expect(losses).toMatchObject({ changed: { count: 1 }, untracked: { count: 1 } });
});

test('ignored files are no obstacle, but told', async () => {
  const { repo, worktrees } = await openWorktrees();
  put(join(repo, '.gitignore'), 'build\n*.log\n');
  await git(repo, 'add', '--all');
  await commit(repo, 'ignore');
  const { path } = await worktrees.create({ branch: 'x' });
  mkdirSync(join(path, 'build/deep'), { recursive: true });
  put(join(path, 'build/deep/out'));
  put(join(path, 'a.log'));
  const { losses } = await worktrees.status(path);
  expect(losses.ignored).toEqual({ count: 2, first: ['a.log', 'build/'] });
  expect(losses.untracked.count).toBe(0);
  await worktrees.remove({ path });
  expect(existsSync(path)).toBe(false);
});

test('commits that are nowhere else are in the way, and listed', async () => {
  const { repo, worktrees } = await openWorktrees();
  const { path } = await worktrees.create({ branch: 'x' });
  for (let i = 1; i <= 25; i++) await commit(path, `step ${i}`);
  const failure = await failureOf(worktrees.remove({ path, branch: 'x' }));
  expect(failure.code).toBe('worktree.unmerged');
  expect(failure.message).toContain('25 commits on no other branch');
  expect(failure.message).toContain('step 25');
  expect(failure.details['unmerged']).toHaveLength(20);
  expect(await failureOf(worktrees.remove({ path }))).toMatchObject({ code: 'worktree.unmerged' });
  // They are safe where a tag, another branch or a remote has them, or the branch stays.
  expect(await worktrees.remove({ path, deleteBranch: false })).toMatchObject({ branchDeleted: false });
  const again = await worktrees.create({ branch: 'x' });
  await git(repo, 'tag', 'keep', 'x');
  expect(await worktrees.remove({ path: again.path, branch: 'x' })).toMatchObject({ branchDeleted: true });
});

test('commits on a remote or another branch are safe, those of a detached HEAD are not', async () => {
  const upstream = await makeRepo();
  await git(upstream, 'config', 'receive.denyCurrentBranch', 'ignore');
  const clone = join(tempDir(), 'clone');
  await git(upstream, 'clone', '--quiet', upstream, clone);
  const { worktrees } = await openWorktrees(clone);
  const pushed = await worktrees.create({ branch: 'pushed' });
  await commit(pushed.path, 'work');
  await git(pushed.path, 'push', '--quiet', 'origin', 'pushed');
  expect(await worktrees.remove({ path: pushed.path, branch: 'pushed' })).toMatchObject({
    branchDeleted: true,
  });
  const { path } = await worktrees.create({ branch: 'x' });
  await git(path, 'switch', '--quiet', '--detach');
  await commit(path, 'on no branch');
  for (const deleteBranch of [undefined, false, true]) {
    const failure = await failureOf(worktrees.remove({ path, deleteBranch }));
    expect(failure.code).toBe('worktree.unmerged');
    expect(failure.message).toContain('on no branch');
  }
});

test('force keeps everything under a recovery ref', async () => {
  const { repo, worktrees } = await openWorktrees();
  put(join(repo, '.gitignore'), 'ignored\n');
  await git(repo, 'add', '--all');
  await commit(repo, 'ignore');
  const { path } = await worktrees.create({ branch: 'feature/x' });
  await commit(path, 'unmerged work');
  put(join(path, 'README.md'), 'staged\n');
  await git(path, 'add', 'README.md');
  put(join(path, 'README.md'), 'not staged\n');
  mkdirSync(join(path, 'new'));
  put(join(path, 'new/ünïcode'), 'untracked\n');
  put(join(path, 'ignored'));
  symlinkSync('/nowhere', join(path, 'link'));
  const removed = await worktrees.remove({ path, branch: 'feature/x', force: true });
  expect(removed).toMatchObject({ branchDeleted: true });
  expect(removed.recoveryRef).toMatch(/^refs\/botster\/recovery\/feature-x-\d{8}T\d{6}Z$/);
  expect(existsSync(path)).toBe(false);
  const ref = removed.recoveryRef ?? '';
  expect(await git(repo, 'show', `${ref}:README.md`)).toBe('not staged');
  expect(await git(repo, 'show', `${ref}:new/ünïcode`)).toBe('untracked');
  expect(await git(repo, 'show', `${ref}:link`)).toBe('/nowhere');
  expect(await git(repo, 'show', `${ref}^2:README.md`)).toBe('staged');
  expect(await git(repo, 'log', '-1', '--format=%s', `${ref}^1`)).toBe('unmerged work');
  expect(await git(repo, 'ls-tree', '--name-only', ref)).not.toContain('ignored\n');
  // It can be brought back.
  const back = join(tempDir(), 'back');
  await git(repo, 'worktree', 'add', '--quiet', back, ref);
  expect(readFileSync(join(back, 'README.md'), 'utf8')).toBe('not staged\n');
  // Nothing of this was written with the user's name.
  expect(await git(repo, 'log', '-1', '--format=%an', ref)).toBe('botster');
});

test('a change of the same size, in the second in which git wrote its index, is not taken for no change', async () => {
  const { repo, worktrees } = await openWorktrees();
  const { path } = await worktrees.create({ branch: 'x' });
  // What a fast agent does right after the checkout: only the file's content tells that it changed.
  await git(path, 'config', 'core.checkStat', 'minimal');
  await git(path, 'config', 'core.trustctime', 'false');
  const file = join(path, 'README.md');
  const index = await git(path, 'rev-parse', '--path-format=absolute', '--git-path', 'index');
  const timeS = 1_700_000_000;
  utimesSync(file, timeS, timeS);
  await git(path, 'update-index', '--refresh');
  writeFileSync(file, readFileSync(file, 'utf8').toUpperCase().replace(/^./u, '!'));
  utimesSync(file, timeS, timeS);
  utimesSync(index, timeS, timeS);
  expect(await failureOf(worktrees.remove({ path }))).toMatchObject({
    code: 'worktree.dirty',
    message: expect.stringContaining('1 changed file: README.md'),
  });
  const { recoveryRef } = await worktrees.remove({ path, force: true });
  expect(await git(repo, 'show', `${recoveryRef}:README.md`)).toMatch(/^!/);
});

test('force keeps commits, hidden changes and what is half merged', async () => {
  const { repo, worktrees } = await openWorktrees();
  const one = await worktrees.create({ branch: 'one' });
  await commit(one.path, 'only here');
  const head = await git(one.path, 'rev-parse', 'HEAD');
  const removed = await worktrees.remove({ path: one.path, branch: 'one', force: true });
  expect(await git(repo, 'rev-parse', removed.recoveryRef ?? '')).toBe(head);

  const two = await worktrees.create({ branch: 'two' });
  await git(two.path, 'update-index', '--assume-unchanged', 'README.md');
  put(join(two.path, 'README.md'), 'hidden\n');
  const hidden = await worktrees.remove({ path: two.path, force: true });
  expect(await git(repo, 'show', `${hidden.recoveryRef}:README.md`)).toBe('hidden');

  const three = await worktrees.create({ branch: 'three' });
  await git(three.path, 'switch', '--quiet', '-c', 'other');
  put(join(three.path, 'README.md'), 'theirs\n');
  await commit(three.path, 'theirs');
  await git(three.path, 'switch', '--quiet', 'three');
  put(join(three.path, 'README.md'), 'ours\n');
  await commit(three.path, 'ours');
  await git(three.path, 'merge', 'other').catch(() => undefined);
  const merging = await worktrees.remove({ path: three.path, force: true });
  expect(await git(repo, 'show', `${merging.recoveryRef}:README.md`)).toContain('<<<<<<<');
  expect(await git(repo, 'log', '--format=%s', merging.recoveryRef ?? '')).toContain('theirs');
});

test('two forced removals at once get refs of their own', async () => {
  const { repo, worktrees } = await openWorktrees();
  const made = await Promise.all(['a/b', 'a-b'].map((branch) => worktrees.create({ branch })));
  for (const { path } of made) put(join(path, 'file'), path);
  const removed = await Promise.all(made.map(({ path }) => worktrees.remove({ path, force: true })));
  for (const { path, recoveryRef } of removed) {
    expect(await git(repo, 'show', `${recoveryRef}:file`)).toBe(path);
  }
  expect((await recoveryRefs(repo)).split('\n')).toHaveLength(2);
});

test('force in a repository without commits keeps the files', async () => {
  const repo = join(tempDir(), 'empty');
  mkdirSync(repo);
  await git(repo, 'init', '--quiet', '--initial-branch=main');
  const { worktrees } = await openWorktrees(repo);
  const { path } = await worktrees.create({ branch: 'x' });
  put(join(path, 'a'), 'a\n');
  await git(path, 'add', 'a');
  expect(await failureOf(worktrees.remove({ path }))).toMatchObject({ code: 'worktree.dirty' });
  const { recoveryRef } = await worktrees.remove({ path, branch: 'x', force: true });
  expect(await git(repo, 'show', `${recoveryRef}:a`)).toBe('a');
});

test('force refuses what no ref can hold', async () => {
  const { worktrees } = await openWorktrees();
  const { path } = await worktrees.create({ branch: 'x' });
  await makeRepo(join(path, 'seen'));
  expect(await failureOf(worktrees.remove({ path, force: true }))).toMatchObject({
    code: 'worktree.submodules',
    details: { inside: ['seen: a repository of its own'] },
  });
  rmSync(join(path, 'seen'), { recursive: true });
  // Below a folder that counts as one untracked thing.
  await makeRepo(join(path, 'new/deep'));
  const failure = await failureOf(worktrees.remove({ path, force: true }));
  expect(failure).toMatchObject({ code: 'worktree.submodules' });
  expect(failure.message).toContain('new/deep: a repository of its own');
  expect(existsSync(join(path, 'new/deep/README.md'))).toBe(true);
});

test('the main tree, and what is no worktree of the repository, is refused', async () => {
  const { repo, worktrees } = await openWorktrees();
  const other = await makeRepo();
  for (const force of [false, true]) {
    expect(await failureOf(worktrees.remove({ path: repo, force }))).toMatchObject({ code: 'worktree.main' });
    for (const path of [other, tempDir(), '/no/such/place', join(repo, '.git')]) {
      expect(await failureOf(worktrees.remove({ path, force }))).toMatchObject({
        code: 'worktree.not_found',
      });
    }
  }
  expect(existsSync(join(other, 'README.md'))).toBe(true);
});

test('a worktree in use is refused, by force too', async () => {
  const { repo, worktrees } = await openWorktrees();
  const { path } = await worktrees.create({ branch: 'x' });
  await worktrees.lock(path, 'session 1234');
  for (const force of [false, true]) {
    const failure = await failureOf(worktrees.remove({ path, force }));
    expect(failure).toMatchObject({ code: 'worktree.in_use', details: { reason: 'session 1234' } });
    expect(failure.message).toContain('session 1234');
  }
  await worktrees.unlock(path);
  const inner = join(path, 'inner');
  await git(repo, 'worktree', 'add', '--quiet', '-b', 'inner', inner);
  const failure = await failureOf(worktrees.remove({ path, force: true }));
  expect(failure).toMatchObject({ code: 'worktree.in_use', details: { inside: inner } });
});

test('a branch that somebody else has checked out is not deleted', async () => {
  const { repo, worktrees } = await openWorktrees();
  const { path } = await worktrees.create({ branch: 'x' });
  expect(await failureOf(worktrees.remove({ path, branch: 'main', force: true }))).toMatchObject({
    code: 'worktree.branch_in_use',
    details: { path: repo },
  });
  expect(existsSync(path)).toBe(true);
  // One that is not there is none to delete.
  expect(await worktrees.remove({ path, branch: 'no-such' })).toMatchObject({ branchDeleted: false });
});

test('a worktree that is gone is forgotten, and its branch guarded all the same', async () => {
  const { repo, worktrees } = await openWorktrees();
  const { path } = await worktrees.create({ branch: 'x' });
  await commit(path, 'work');
  rmSync(path, { recursive: true });
  expect(await failureOf(worktrees.remove({ path, branch: 'x' }))).toMatchObject({
    code: 'worktree.unmerged',
  });
  const removed = await worktrees.remove({ path, branch: 'x', force: true });
  expect(removed).toMatchObject({ branchDeleted: true });
  expect(await git(repo, 'log', '-1', '--format=%s', removed.recoveryRef ?? '')).toBe('work');
  expect(await worktrees.list()).toHaveLength(1);
});

test('folders that do not let go of their files are no obstacle', async () => {
  const { repo, worktrees } = await openWorktrees();
  put(join(repo, '.gitignore'), 'cache\n');
  await git(repo, 'add', '--all');
  await commit(repo, 'ignore');
  const { path } = await worktrees.create({ branch: 'x' });
  mkdirSync(join(path, 'cache/deep'), { recursive: true });
  put(join(path, 'cache/deep/file'));
  chmodSync(join(path, 'cache/deep'), 0o555);
  chmodSync(join(path, 'cache'), 0o555);
  await worktrees.remove({ path });
  expect(existsSync(path)).toBe(false);
});

test('a submodule with something of its own is in the way', async () => {
  const { path, worktrees } = await withSubmodule();
  const inside = join(path, 'lib');
  put(join(inside, 'README.md'));
  const failure = await failureOf(worktrees.remove({ path }));
  expect(failure.code).toBe('worktree.dirty');
  expect(failure.message).toContain('lib: uncommitted changes');
  await git(inside, 'checkout', '--quiet', '--', '.');
  // A commit, or a stash, of which the superproject knows nothing.
  put(join(inside, 'README.md'));
  await git(inside, 'stash', '--quiet');
  const stashed = await failureOf(worktrees.remove({ path, force: true }));
  expect(stashed.code).toBe('worktree.submodules');
  expect(stashed.message).toContain('lib: commits that are on no remote');
  await git(inside, 'stash', 'drop', '--quiet');
  expect((await worktrees.status(path)).losses.inside.count).toBe(0);
  await worktrees.remove({ path });
  expect(existsSync(path)).toBe(false);
});

/** A worktree with a filled submodule `lib`. */
async function withSubmodule() {
  const [library, repo] = [await makeRepo(), await makeRepo()];
  const config = join(tempDir(), 'config');
  writeFileSync(config, '[protocol "file"]\n\tallow = always\n');
  await git(repo, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', library, 'lib');
  await commit(repo, 'with lib');
  const { worktrees } = await openWorktrees(repo, { ...cleanEnv, GIT_CONFIG_GLOBAL: config });
  const { path, warnings } = await worktrees.create({ branch: 'x' });
  expect(warnings).toEqual([]);
  return { path, worktrees };
}
