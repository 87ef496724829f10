/** Making worktrees, with real git in real repositories. */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { fillRepo } from '../../bench/large-repo.js';
import type { Progress } from '../../worktrees/progress.js';
import { Worktrees } from '../../worktrees/worktrees.js';
import { cleanEnv, git, makeRepo, tempDir } from '../support/temp-repo.js';
import { until } from '../support/until.js';
import { failureOf, openWorktrees } from '../support/worktrees-host.js';

test('a new branch starts at HEAD, in a folder of its own', async () => {
  const { repo, worktrees, folder } = await openWorktrees();
  const made = await worktrees.create({ branch: 'feature/x' });
  expect(made).toEqual({
    path: worktrees.pathOf('feature/x'),
    branch: 'feature/x',
    created: true,
    newBranch: true,
    base: 'HEAD',
    warnings: [],
  });
  expect(dirname(made.path)).toBe(folder);
  expect(readFileSync(join(made.path, 'README.md'), 'utf8')).toBe('A test.\n');
  expect(await git(made.path, 'symbolic-ref', 'HEAD')).toBe('refs/heads/feature/x');
  expect(await git(made.path, 'status', '--porcelain')).toBe('');
  expect(await git(repo, 'worktree', 'list', '--porcelain')).not.toContain('locked');
});

test('a second call answers with the worktree that is there', async () => {
  const { worktrees } = await openWorktrees();
  const { path } = await worktrees.create({ branch: 'x' });
  writeFileSync(join(path, 'README.md'), 'changed\n');
  const again = await worktrees.create({ branch: 'x' });
  expect(again).toMatchObject({ path, created: false, newBranch: false });
  expect(readFileSync(join(path, 'README.md'), 'utf8')).toBe('changed\n');
});

test('names that look alike get worktrees of their own', async () => {
  const { worktrees } = await openWorktrees();
  const long = `${'long-'.repeat(45)}name`;
  const names = ['a/b', 'a-b', 'Feature', 'ünï/日本語', 'ends.x', long];
  const made = await Promise.all(names.map((branch) => worktrees.create({ branch })));
  expect(new Set(made.map(({ path }) => path.toLowerCase())).size).toBe(names.length);
  for (const [i, { path }] of made.entries()) {
    expect(await git(path, 'branch', '--show-current')).toBe(names[i]);
  }
});

test('a branch that exists is checked out, and stays when that fails', async () => {
  const { repo, worktrees } = await openWorktrees();
  await git(repo, 'branch', 'old');
  expect(await worktrees.create({ branch: 'old' })).toMatchObject({ newBranch: false, base: undefined });
});

test('a new branch starts where it is told, and tracks nothing', async () => {
  const { repo, worktrees } = await openWorktrees();
  const clone = join(tempDir(), 'clone');
  await git(repo, 'clone', '--quiet', repo, clone);
  await git(repo, 'commit', '--quiet', '--allow-empty', '-m', 'second');
  const there = await openWorktrees(clone);
  const made = await there.worktrees.create({ branch: 'x', base: 'origin/main' });
  expect(made).toMatchObject({ newBranch: true, base: 'origin/main' });
  expect(await git(made.path, 'log', '-1', '--format=%s')).toBe('first');
  expect(await git(made.path, 'config', '--get-regexp', '^branch\\.x').catch(() => 'none')).toBe('none');
  expect(await failureOf(worktrees.create({ branch: 'y', base: 'no-such' }))).toMatchObject({
    code: 'worktree.bad_base',
  });
});

test('a branch that only a remote has is tracked', async () => {
  const upstream = await makeRepo();
  await git(upstream, 'branch', 'shared/work');
  const clone = join(tempDir(), 'clone');
  await git(upstream, 'clone', '--quiet', upstream, clone);
  const { worktrees } = await openWorktrees(clone);
  const made = await worktrees.create({ branch: 'shared/work' });
  expect(made).toMatchObject({ newBranch: true, base: 'origin/shared/work' });
  expect(await git(made.path, 'rev-parse', '--abbrev-ref', '@{upstream}')).toBe('origin/shared/work');
});

test('a branch of several remotes is a question', async () => {
  const upstream = await makeRepo();
  await git(upstream, 'branch', 'both');
  const clone = join(tempDir(), 'clone');
  await git(upstream, 'clone', '--quiet', upstream, clone);
  await git(clone, 'remote', 'add', 'fork', upstream);
  await git(clone, 'fetch', '--quiet', 'fork');
  const { worktrees } = await openWorktrees(clone);
  const failure = await failureOf(worktrees.create({ branch: 'both' }));
  expect(failure.code).toBe('worktree.ambiguous_branch');
  expect(failure.message).toMatch(/fork, origin|origin, fork/);
  await git(clone, 'config', 'checkout.defaultRemote', 'fork');
  expect(await worktrees.create({ branch: 'both' })).toMatchObject({ base: 'fork/both' });
});

test.each(['', ' ', 'a b', '-x', 'a..b', 'a.lock', '@{-1}', 'HEAD', '.a', 'a/', 'x~1'])(
  '%j cannot be a branch',
  async (branch) => {
    const { worktrees, folder } = await openWorktrees();
    const failure = await failureOf(worktrees.create({ branch }));
    expect(failure.code).toBe('worktree.bad_branch');
    expect(existsSync(folder) ? readdirSync(folder) : []).toEqual([]);
  },
);

test('a branch in the way of another, or too long for a file, is said to be', async () => {
  const { repo, worktrees } = await openWorktrees();
  await git(repo, 'branch', 'a');
  const failure = await failureOf(worktrees.create({ branch: 'a/b' }));
  expect(failure).toMatchObject({ code: 'worktree.bad_branch' });
  expect(failure.message).toContain("'refs/heads/a' exists");
  for (const branch of ['n'.repeat(300), 'n/'.repeat(1_000)]) {
    expect(await failureOf(worktrees.create({ branch }))).toMatchObject({ code: 'worktree.bad_branch' });
  }
});

test('a branch that is checked out elsewhere is reported with its place', async () => {
  const { repo, worktrees } = await openWorktrees();
  expect(await failureOf(worktrees.create({ branch: 'main' }))).toMatchObject({
    code: 'worktree.branch_in_use',
    details: { path: repo, main: true },
  });
  const mine = join(tempDir(), 'mine');
  await git(repo, 'worktree', 'add', '--quiet', '-b', 'x', mine);
  const failure = await failureOf(worktrees.create({ branch: 'x' }));
  expect(failure).toMatchObject({ code: 'worktree.branch_in_use', details: { path: mine, main: false } });
  expect(failure.message).toContain(mine);
  // Git takes a branch that is being rebased for used, although its list does not say so.
  await git(mine, 'commit', '--quiet', '--allow-empty', '-m', 'two');
  await git(
    mine,
    '-c',
    'sequence.editor=sed -i s/^pick/edit/',
    'rebase',
    '--quiet',
    '-i',
    'HEAD~1',
    '--keep-empty',
  );
  expect(await failureOf(worktrees.create({ branch: 'x' }))).toMatchObject({
    code: 'worktree.branch_in_use',
    details: { path: mine },
  });
});

test.each([
  ['a folder', (path: string) => mkdirSync(path)],
  ['a file', (path: string) => writeFileSync(path, 'precious')],
  ['a link that leads nowhere', (path: string) => symlinkSync('/no/such/place', path)],
])('%s in its place is left alone', async (_, put) => {
  const { repo, worktrees, folder } = await openWorktrees();
  mkdirSync(folder, { recursive: true });
  const path = worktrees.pathOf('x');
  put(path);
  const failure = await failureOf(worktrees.create({ branch: 'x' }));
  expect(failure).toMatchObject({ code: 'worktree.path_taken', details: { path } });
  expect(failure.message).toContain(path);
  expect(lstatSync(path)).toBeDefined();
  expect(await git(repo, 'branch', '--list', 'x')).toBe('');
});

test('a worktree that went to another branch is left alone', async () => {
  const { worktrees } = await openWorktrees();
  const { path } = await worktrees.create({ branch: 'x' });
  await git(path, 'switch', '--quiet', '-c', 'other');
  const failure = await failureOf(worktrees.create({ branch: 'x' }));
  expect(failure.code).toBe('worktree.path_taken');
  expect(failure.message).toContain('other');
});

test('a worktree whose folder was removed by hand is made again', async () => {
  const { repo, worktrees } = await openWorktrees();
  const { path } = await worktrees.create({ branch: 'x' });
  await git(path, 'commit', '--quiet', '--allow-empty', '-m', 'kept');
  await worktrees.lock(path, 'a session that is gone');
  rmSync(path, { recursive: true });
  const again = await worktrees.create({ branch: 'x' });
  expect(again).toMatchObject({ path, created: true, newBranch: false });
  expect(await git(path, 'log', '-1', '--format=%s')).toBe('kept');
  rmSync(path, { recursive: true });
  await git(repo, 'worktree', 'lock', '--reason', 'on a stick', path);
  const failure = await failureOf(worktrees.create({ branch: 'x' }));
  expect(failure).toMatchObject({ code: 'worktree.in_use' });
  expect(failure.message).toContain('on a stick');
});

test('a repository without commits gets worktrees of branches to be born', async () => {
  const repo = join(tempDir(), 'empty');
  mkdirSync(repo);
  await git(repo, 'init', '--quiet', '--initial-branch=main');
  const { worktrees } = await openWorktrees(repo);
  const made = await worktrees.create({ branch: 'start' });
  expect(made).toMatchObject({ created: true, newBranch: true, base: undefined });
  expect(await git(made.path, 'status', '--porcelain=v2', '--branch')).toContain('branch.oid (initial)');
  writeFileSync(join(made.path, 'a'), 'a');
  await git(made.path, 'add', 'a');
  await git(made.path, 'commit', '--quiet', '-m', 'first');
  expect(await git(repo, 'log', '--format=%s', 'start')).toBe('first');
  expect(await failureOf(worktrees.create({ branch: 'main' }))).toMatchObject({
    code: 'worktree.branch_in_use',
  });
  // There are commits now, but none where HEAD is.
  expect(await failureOf(worktrees.create({ branch: 'more' }))).toMatchObject({ code: 'worktree.bad_base' });
  expect(await worktrees.create({ branch: 'more', base: 'start' })).toMatchObject({ created: true });
});

test('a bare repository has worktrees', async () => {
  const source = await makeRepo();
  const bare = join(tempDir(), 'tool.git');
  await git(source, 'clone', '--quiet', '--bare', source, bare);
  const { worktrees, folder } = await openWorktrees(bare);
  const made = await worktrees.create({ branch: 'x' });
  expect(folder).toContain('/tool-01234567');
  expect(existsSync(join(made.path, 'README.md'))).toBe(true);
  expect((await worktrees.list()).map(({ main, bare: isBare, branch }) => [main, isBare, branch])).toEqual([
    [true, true, undefined],
    [false, false, 'x'],
  ]);
});

test('what is no repository is said to be none', async () => {
  const { worktrees } = await openWorktrees(tempDir());
  expect(await worktrees.isRepo()).toBe(false);
  expect(await failureOf(worktrees.list())).toMatchObject({ code: 'worktree.no_repo' });
  expect(await failureOf(worktrees.create({ branch: 'x' }))).toMatchObject({ code: 'worktree.no_repo' });
  const missing = await openWorktrees(undefined, { ...cleanEnv, PATH: '/nowhere' });
  expect(await failureOf(missing.worktrees.list())).toMatchObject({ code: 'worktree.git_missing' });
});

test('several calls for one branch make one worktree', async () => {
  const { worktrees } = await openWorktrees();
  const made = await Promise.all(Array.from({ length: 6 }, () => worktrees.create({ branch: 'x' })));
  expect(made.filter(({ created }) => created)).toHaveLength(1);
  expect(new Set(made.map(({ path }) => path)).size).toBe(1);
});

test('a git that a hub left behind is waited for', async () => {
  const { repo, worktrees, folder } = await openWorktrees();
  const hook = join(repo, '.git/hooks/post-checkout');
  const [started, go] = [join(tempDir(), 'started'), join(tempDir(), 'go')];
  writeFileSync(
    hook,
    `#!/bin/sh\ntouch ${started}\nuntil [ -e ${go} ]; do sleep 0.02; done\necho done > done\n`,
  );
  chmodSync(hook, 0o755);
  const first = worktrees.create({ branch: 'x' });
  await until(() => existsSync(started));
  const next = new Worktrees({ root: repo, folder, env: cleanEnv });
  const second = next.create({ branch: 'x' });
  await next.list();
  writeFileSync(go, '');
  const { path } = await second;
  expect(readFileSync(join(path, 'done'), 'utf8')).toBe('done\n');
  expect((await first).path).toBe(path);
});

test('progress goes from the branch to the last file, and not too often', async () => {
  const repo = join(tempDir(), 'repo');
  mkdirSync(repo);
  await git(repo, 'init', '--quiet', '--initial-branch=main');
  await fillRepo(repo, { files: 3_000, bytes: 200 });
  const { worktrees } = await openWorktrees(repo);
  const seen: Progress[] = [];
  const startMs = performance.now();
  await worktrees.create({ branch: 'x', onProgress: (progress) => seen.push(progress) });
  const elapsedMs = performance.now() - startMs;
  expect(seen[0]?.stage).toBe('branch');
  expect(seen.at(-1)).toEqual({ stage: 'checkout', done: 3_000, total: 3_000, percent: 100 });
  expect(seen.length).toBeLessThanOrEqual(2 + elapsedMs / 100);
});

test('hooks run as in git, and one that fails is a warning', async () => {
  const { repo, worktrees } = await openWorktrees();
  const hook = join(repo, '.git/hooks/post-checkout');
  writeFileSync(hook, '#!/bin/sh\nprintf "%s %s %s %s" "$PWD" "$1" "$2" "$3" > hooked; read line; exit 0\n');
  chmodSync(hook, 0o755);
  const { path } = await worktrees.create({ branch: 'x' });
  const head = await git(repo, 'rev-parse', 'HEAD');
  expect(readFileSync(join(path, 'hooked'), 'utf8')).toBe(`${path} ${'0'.repeat(40)} ${head} 1`);
  writeFileSync(hook, '#!/bin/sh\necho "no database" >&2; exit 3\n');
  const made = await worktrees.create({ branch: 'y' });
  expect(made.created).toBe(true);
  expect(made.warnings.join()).toContain('no database');
  expect((await worktrees.list()).some(({ locked }) => locked)).toBe(false);
});

test('a create that is cancelled leaves nothing', async () => {
  const { repo, worktrees, folder } = await openWorktrees();
  const hook = join(repo, '.git/hooks/post-checkout');
  writeFileSync(hook, '#!/bin/sh\ntouch "$PWD/../running"; sleep 60\n');
  chmodSync(hook, 0o755);
  const controller = new AbortController();
  const making = failureOf(worktrees.create({ branch: 'x', signal: controller.signal }));
  await until(() => existsSync(join(folder, 'running')));
  controller.abort();
  expect(await making).toMatchObject({ code: 'worktree.cancelled' });
  expect(readdirSync(folder)).toEqual(['running']);
  expect(await git(repo, 'branch', '--list', 'x')).toBe('');
  expect(await worktrees.list()).toHaveLength(1);
});

test('a create that takes too long is ended and leaves nothing', async () => {
  const { repo, worktrees } = await openWorktrees();
  await git(repo, 'branch', 'old');
  const hook = join(repo, '.git/hooks/post-checkout');
  writeFileSync(hook, '#!/bin/sh\nsleep 60\n');
  chmodSync(hook, 0o755);
  expect(await failureOf(worktrees.create({ branch: 'old', timeoutMs: 300 }))).toMatchObject({
    code: 'worktree.timeout',
  });
  expect(await worktrees.list()).toHaveLength(1);
  // It was not made by the call that failed.
  expect(await git(repo, 'branch', '--list', 'old')).toBe('old');
});

test('a checkout that git cannot do leaves nothing', async () => {
  const { repo, worktrees, folder } = await openWorktrees();
  writeFileSync(join(repo, '.gitattributes'), '*.txt filter=broken\n');
  writeFileSync(join(repo, 'a.txt'), 'a');
  await git(repo, 'add', '--all');
  await git(repo, 'commit', '--quiet', '-m', 'second');
  await git(repo, 'config', 'filter.broken.smudge', 'false');
  await git(repo, 'config', 'filter.broken.required', 'true');
  const failure = await failureOf(worktrees.create({ branch: 'x' }));
  expect(failure.code).toBe('worktree.git_failed');
  expect(failure.message).toContain('a.txt');
  expect(readdirSync(folder)).toEqual([]);
  expect(await git(repo, 'branch', '--list', 'x')).toBe('');
});

test.each(['nothing', 'half of the files', 'everything'])(
  'a worktree of which a crash left %s is finished',
  async (left) => {
    const { repo, worktrees, folder } = await openWorktrees();
    writeFileSync(join(repo, 'second'), '2');
    await git(repo, 'add', '--all');
    await git(repo, 'commit', '--quiet', '-m', 'second');
    mkdirSync(folder, { recursive: true });
    const path = worktrees.pathOf('x');
    await git(repo, 'branch', 'x');
    const lock = ['--lock', '--reason', 'botster: being created (0)'];
    await git(
      repo,
      'worktree',
      'add',
      '--quiet',
      ...(left === 'everything' ? [] : ['--no-checkout']),
      ...lock,
      path,
      'x',
    );
    const gitFolder = await git(path, 'rev-parse', '--absolute-git-dir');
    if (left === 'half of the files') {
      writeFileSync(join(path, 'README.md'), 'A te');
      writeFileSync(join(gitFolder, 'index.lock'), 'DIRC');
    }
    expect(await worktrees.create({ branch: 'x' })).toMatchObject({ path, created: true });
    expect(await git(path, 'status', '--porcelain')).toBe('');
    expect(readdirSync(path).sort()).toEqual(['.git', 'README.md', 'second']);
    expect((await worktrees.list()).some(({ locked }) => locked)).toBe(false);
  },
);

test('closing gives up what is under way', async () => {
  const { repo, worktrees } = await openWorktrees();
  const hook = join(repo, '.git/hooks/post-checkout');
  const mark = join(tempDir(), 'running');
  writeFileSync(hook, `#!/bin/sh\ntouch ${mark}; sleep 60\n`);
  chmodSync(hook, 0o755);
  const making = failureOf(worktrees.create({ branch: 'x' }));
  await until(() => existsSync(mark));
  await worktrees.close();
  expect((await making).code).toBe('worktree.cancelled');
  expect(await git(repo, 'worktree', 'list', '--porcelain')).not.toContain('refs/heads/x');
});
