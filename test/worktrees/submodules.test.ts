import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Progress } from '../../worktrees/progress.js';
import { cleanEnv, git, makeRepo, tempDir } from '../support/temp-repo.js';
import { openWorktrees } from '../support/worktrees-host.js';

const fromFiles = ['-c', 'protocol.file.allow=always'];

/** git with local repositories as remotes, which it does not trust by itself. */
function trusting(): NodeJS.ProcessEnv {
  const config = join(tempDir(), 'config');
  writeFileSync(config, '[protocol "file"]\n\tallow = always\n');
  return { ...cleanEnv, GIT_CONFIG_GLOBAL: config };
}

async function nested() {
  const [inner, middle, outer] = [
    await makeRepo(undefined, { 'inner.txt': 'inner\n' }),
    await makeRepo(undefined, { 'middle.txt': 'middle\n' }),
    await makeRepo(),
  ];
  await git(middle, ...fromFiles, 'submodule', '--quiet', 'add', inner, 'deps/inner');
  await git(middle, 'commit', '--quiet', '-m', 'inner');
  await git(outer, ...fromFiles, 'submodule', '--quiet', 'add', '--name', 'the middle', middle, 'lib/middle');
  await git(outer, ...fromFiles, 'submodule', '--quiet', 'update', '--init', '--recursive');
  await git(outer, 'commit', '--quiet', '-m', 'middle');
  return { inner, middle, outer };
}

test('submodules are filled, all the way down, and do not lean on those of the main tree', async () => {
  const { outer } = await nested();
  const { worktrees } = await openWorktrees(outer, trusting());
  const seen: Progress[] = [];
  const { path, warnings } = await worktrees.create({ branch: 'x', onProgress: (one) => seen.push(one) });
  expect(warnings).toEqual([]);
  expect(readFileSync(join(path, 'lib/middle/middle.txt'), 'utf8')).toBe('middle\n');
  expect(readFileSync(join(path, 'lib/middle/deps/inner/inner.txt'), 'utf8')).toBe('inner\n');
  expect(seen.at(-1)).toEqual({ stage: 'submodules', done: 2, total: 2, percent: 100 });
  const folder = await git(join(path, 'lib/middle'), 'rev-parse', '--absolute-git-dir');
  expect(existsSync(join(folder, 'objects/info/alternates'))).toBe(false);
  expect(await git(path, 'status', '--porcelain')).toBe('');
  await worktrees.remove({ path, branch: 'x' });
  expect(existsSync(path)).toBe(false);
});

test('a submodule that cannot be had is a warning, and the others are filled', async () => {
  const { middle, outer } = await nested();
  const other = await makeRepo(undefined, { 'other.txt': 'other\n' });
  await git(outer, ...fromFiles, 'submodule', '--quiet', 'add', other, 'other');
  await git(outer, 'commit', '--quiet', '-m', 'other');
  renameSync(middle, `${middle}-gone`);
  const { worktrees } = await openWorktrees(outer, trusting());
  const { path, created, warnings } = await worktrees.create({ branch: 'x' });
  expect(created).toBe(true);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain('lib/middle');
  expect(existsSync(join(path, 'other/other.txt'))).toBe(true);
});
