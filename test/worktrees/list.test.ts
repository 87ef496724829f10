import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseWorktrees } from '../../worktrees/list.js';
import { statusEntries } from '../../worktrees/losses.js';
import fc from '../support/fast-check.js';
import { cleanEnv, git, tempDir } from '../support/temp-repo.js';
import { openWorktrees } from '../support/worktrees-host.js';

test('all worktrees are listed, with what they are on', async () => {
  const { repo, worktrees } = await openWorktrees();
  const { path } = await worktrees.create({ branch: 'ünï' });
  const other = await worktrees.create({ branch: 'y' });
  await git(other.path, 'switch', '--quiet', '--detach');
  const head = await git(repo, 'rev-parse', 'HEAD');
  const common = { bare: false, head, locked: false, lockReason: '', prunable: undefined };
  expect(await worktrees.list()).toEqual([
    { ...common, path: repo, main: true, branch: 'main', detached: false },
    { ...common, path, main: false, branch: 'ünï', detached: false },
    { ...common, path: other.path, main: false, branch: undefined, detached: true },
  ]);
});

const attribute = fc.string({ unit: 'binary', maxLength: 20 }).map((text) => text.replace(/[\0\n]/g, ''));
const entry = fc.record({
  path: attribute.map((text) => `/${text}`),
  branch: fc.option(attribute, { nil: undefined }),
  reason: fc.option(attribute, { nil: undefined }),
});

test.each(['\0', '\n'] as const)('what git prints is read, with %j between', (separator) => {
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 5 }), (entries) => {
      const text = entries
        .map(({ path, branch, reason }) =>
          [
            `worktree ${path}`,
            `HEAD ${'a'.repeat(40)}`,
            branch === undefined ? 'detached' : `branch refs/heads/${branch}`,
            ...(reason === undefined ? [] : [reason === '' ? 'locked' : `locked ${reason}`]),
            separator,
          ].join(separator),
        )
        .join('');
      const read = parseWorktrees(text, separator);
      expect(read.map(({ path, branch }) => ({ path, branch }))).toEqual(
        entries.map(({ path, branch }) => ({ path, branch })),
      );
      expect(read.map(({ locked, lockReason }) => (locked ? lockReason : undefined))).toEqual(
        entries.map(({ reason }) => reason),
      );
      expect(read.map(({ main }) => main)).toEqual(entries.map((_, i) => i === 0));
    }),
  );
});

test('no text makes the readers fail', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      parseWorktrees(text, '\0');
      for (const { name } of statusEntries(text)) expect(typeof name).toBe('string');
    }),
  );
});

test('what is gone, or not made to its end, is not found', async () => {
  const { repo, worktrees } = await openWorktrees();
  const { path } = await worktrees.create({ branch: 'x' });
  expect(await worktrees.find('x')).toMatchObject({ path });
  expect(await worktrees.find('main')).toMatchObject({ path: repo });
  await git(repo, 'worktree', 'lock', '--reason', 'botster: being created (0)', path);
  expect(await worktrees.find('x')).toBe(undefined);
  await git(repo, 'worktree', 'unlock', path);
  rmSync(path, { recursive: true });
  expect(await worktrees.find('x')).toBe(undefined);
});

test('a git that knows no -z is understood', async () => {
  const { repo } = await openWorktrees();
  const folder = tempDir();
  const path = process.env['PATH'];
  const script = `#!/bin/sh\ncase "$*" in *-z) exit 129;; esac\nPATH='${path}' exec git "$@"\n`;
  writeFileSync(join(folder, 'git'), script, { mode: 0o755 });
  const { worktrees } = await openWorktrees(repo, { ...cleanEnv, PATH: `${folder}:${path}` });
  expect(await worktrees.list()).toMatchObject([{ path: repo, branch: 'main' }]);
});
