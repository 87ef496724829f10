/** Copying files that git does not have, and not looking where nobody wants to. */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { CopyPatterns } from '../../worktrees/copy-patterns.js';
import fc from '../support/fast-check.js';
import { git, makeRepo, tempDir } from '../support/temp-repo.js';
import { failureOf, openWorktrees } from '../support/worktrees-host.js';

function put(root: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
}

/** Names of all files below a folder. */
function filesIn(root: string, below = ''): string[] {
  return readdirSync(join(root, below), { withFileTypes: true }).flatMap((entry) => {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    return entry.isDirectory() ? filesIn(root, path) : [path];
  });
}

const ignored = 'node_modules/\n.env*\n*.local\nbuild\n.venv/\nsecrets/\n';

/** A repository with these files beside what git tracks, and a folder to copy to. */
async function source(files: Readonly<Record<string, string>>) {
  const repo = await makeRepo(undefined, { '.gitignore': ignored, 'src/main.ts': 'tracked\n' });
  put(repo, files);
  const { worktrees } = await openWorktrees(repo);
  const to = tempDir();
  const copy = async (patterns: string): Promise<string[]> => {
    const file = join(tempDir(), 'patterns');
    writeFileSync(file, patterns);
    const count = await worktrees.copy(repo, to, file);
    const copied = filesIn(to).sort();
    expect(count).toBe(copied.length);
    return copied;
  };
  return { repo, worktrees, to, copy };
}

const tree = {
  '.env': 'A=1\n',
  '.env.test': 'B=1\n',
  'notes.txt': 'untracked\n',
  'config/db.local': 'c\n',
  'packages/a/.env': 'D=1\n',
  'node_modules/x/.env': 'no\n',
  'node_modules/x/settings.local': 'no\n',
  'node_modules/.cache/x/data': 'cached\n',
  'node_modules/.cache/y/data': 'cached\n',
  'packages/a/node_modules/y/index.js': 'no\n',
  'build/out/main.js': 'built\n',
  '.venv/cfg': 'venv\n',
  '.venv/lib/big': 'no\n',
  'secrets/key': 'k\n',
  'secrets/old/key': 'k\n',
};

test.each<[string, string, string[]]>([
  ['a name, at any depth', '.env', ['.env', 'packages/a/.env']],
  ['a name at the root', '/.env', ['.env']],
  ['wildcards', '.env*', ['.env', '.env.test', 'packages/a/.env']],
  ['an extension', '*.local', ['config/db.local']],
  ['a path', 'config/*.local', ['config/db.local']],
  ['any depth', '**/.env', ['.env', 'packages/a/.env']],
  ['what git does not ignore', 'notes.txt', ['notes.txt']],
  ['an ignored folder by its name', 'secrets/', ['secrets/key', 'secrets/old/key']],
  ['a part of an ignored folder', '.venv/cfg', ['.venv/cfg']],
  ['a folder in an ignored folder', 'node_modules/.cache/x', ['node_modules/.cache/x/data']],
  [
    'wildcards in a named folder',
    'node_modules/.cache/*/data',
    ['node_modules/.cache/x/data', 'node_modules/.cache/y/data'],
  ],
  ['all of a named folder', 'build/**', ['build/out/main.js']],
  ['a named folder at any depth', '**/secrets/old', []],
  ['everything', '*', ['.env', '.env.test', 'config/db.local', 'notes.txt', 'packages/a/.env']],
  ['exceptions', '.env*\n!.env.test', ['.env', 'packages/a/.env']],
  ['exceptions in a folder', 'secrets/*\n!secrets/old', ['secrets/key']],
  ['comments, blank lines and line ends of Windows', '# all\r\n\r\n/.env\r\n', ['.env']],
  ['a file that is tracked', 'src/main.ts', []],
  ['nothing', '', []],
])('patterns choose %s', async (_, patterns, expected) => {
  const { copy } = await source(tree);
  expect(await copy(patterns)).toEqual(expected);
});

test('a folder that git ignores is not even looked into', async () => {
  const { repo, copy } = await source(tree);
  // Nobody but the owner of root can read these.
  for (const folder of ['node_modules', 'packages/a/node_modules', '.venv/lib'])
    chmodSync(join(repo, folder), 0);
  const trap = join(repo, 'node_modules');
  const before = statSync(trap).atimeMs;
  try {
    expect(await copy('.env\n*.local\n*.js\n**/data\n.venv/cfg\n*\n')).toContain('.venv/cfg');
    expect(statSync(trap).atimeMs).toBe(before);
  } finally {
    for (const folder of ['node_modules', 'packages/a/node_modules', '.venv/lib']) {
      chmodSync(join(repo, folder), 0o755);
    }
  }
});

test('what is there is not replaced, and modes are kept', async () => {
  const { repo, to, copy } = await source({
    '.env': 'new\n',
    'secrets/run.sh': '#!/bin/sh\n',
    'secrets/key': 'k\n',
  });
  writeFileSync(join(to, '.env'), 'mine\n');
  chmodSync(join(repo, 'secrets/run.sh'), 0o750);
  chmodSync(join(repo, 'secrets/key'), 0o400);
  chmodSync(join(repo, 'secrets'), 0o700);
  await copy('.env\nsecrets/').catch(() => undefined);
  expect(readFileSync(join(to, '.env'), 'utf8')).toBe('mine\n');
  expect(statSync(join(to, 'secrets/run.sh')).mode & 0o777).toBe(0o750);
  expect(statSync(join(to, 'secrets/key')).mode & 0o777).toBe(0o400);
  expect(statSync(join(to, 'secrets')).mode & 0o777).toBe(0o700);
});

test('links are copied as links, and lead nowhere', async () => {
  const outside = tempDir();
  put(outside, { 'secret.local': 'outside\n' });
  const { repo, worktrees, to } = await source({ 'a.local': 'a\n' });
  symlinkSync(join(outside, 'secret.local'), join(repo, 'link.local'));
  symlinkSync(outside, join(repo, 'away'));
  mkdirSync(join(repo, 'inside'));
  writeFileSync(join(repo, 'inside/b.local'), 'b\n');
  // In the target the folder is a link to elsewhere: nothing may be written through it.
  const elsewhere = tempDir();
  symlinkSync(elsewhere, join(to, 'inside'));
  const file = join(tempDir(), 'patterns');
  writeFileSync(file, '*.local\naway\naway/*\n');
  expect(await worktrees.copy(repo, to, file)).toBe(3);
  expect(readlinkSync(join(to, 'link.local'))).toBe(join(outside, 'secret.local'));
  expect(readlinkSync(join(to, 'away'))).toBe(outside);
  expect(lstatSync(join(to, 'a.local')).isFile()).toBe(true);
  expect(readdirSync(elsewhere)).toEqual([]);
});

test('names of any bytes are copied', async () => {
  const { repo, worktrees, to } = await source({ 'ünïcode.local': 'u\n', 'with space.local': 's\n' });
  const odd = Buffer.from([0xff, 0xfe, 0x2e, 0x6c, 0x6f, 0x63, 0x61, 0x6c]);
  writeFileSync(Buffer.concat([Buffer.from(`${repo}/`), odd]), 'odd\n');
  const file = join(tempDir(), 'patterns');
  writeFileSync(file, 'ünïcode.*\nwith\\ space.local\n*.local\n');
  expect(await worktrees.copy(repo, to, file)).toBe(3);
  expect(readdirSync(to, { encoding: 'buffer' }).some((name) => name.equals(odd))).toBe(true);
});

test('git’s own files are never copied, nor the target into itself', async () => {
  const { repo, worktrees } = await source({ '.env': 'A\n' });
  await makeRepo(join(repo, 'vendor/tool'));
  const to = join(repo, 'build/copy');
  mkdirSync(to, { recursive: true });
  const file = join(tempDir(), 'patterns');
  writeFileSync(file, '.git/\n.git/config\nvendor/tool/**\nbuild/\n.env\n');
  await worktrees.copy(repo, to, file);
  expect(filesIn(to).sort()).toEqual(['.env', 'vendor/tool/README.md']);
});

test('a folder of a working tree is a source, and a worktree a target', async () => {
  const { repo, worktrees } = await source({
    'packages/a/.env': 'A\n',
    'packages/b/.env': 'B\n',
    '.env': 'C\n',
  });
  const file = join(repo, 'include');
  writeFileSync(file, '/.env\n');
  const to = tempDir();
  expect(await worktrees.copy(join(repo, 'packages/a'), to, file)).toBe(1);
  expect(readFileSync(join(to, '.env'), 'utf8')).toBe('A\n');
  const made = await worktrees.create({ branch: 'x', patternsFile: file });
  expect(readFileSync(join(made.path, '.env'), 'utf8')).toBe('C\n');
  expect(made.warnings).toEqual([]);
  // No patterns, nothing to copy: that is not worth a word.
  const bare = await worktrees.create({ branch: 'y', patternsFile: join(repo, 'no-such') });
  expect(bare.warnings).toEqual([]);
});

test('what is missing is said to be', async () => {
  const { repo, worktrees, to } = await source({});
  const file = join(tempDir(), 'patterns');
  writeFileSync(file, '*\n');
  const code = async (from: string, into: string, patterns: string) =>
    (await failureOf(worktrees.copy(from, into, patterns))).code;
  expect(await code(repo, to, join(repo, 'no-such'))).toBe('worktree.no_patterns');
  expect(await code(repo, to, repo)).toBe('worktree.no_patterns');
  expect(await code('/no/such', to, file)).toBe('worktree.bad_path');
  expect(await code(repo, join(repo, 'README.md'), file)).toBe('worktree.bad_path');
  expect(await code(tempDir(), to, file)).toBe('worktree.no_repo');
});

test('a file that cannot be copied is named', async () => {
  const { repo, worktrees, to } = await source({ 'secrets/key': 'k\n' });
  const file = join(tempDir(), 'patterns');
  writeFileSync(file, 'secrets/\n');
  // In the way of the folder: a file, which stays; so the copy is left out and not counted.
  writeFileSync(join(to, 'secrets'), 'mine');
  expect(await worktrees.copy(repo, to, file)).toBe(0);
  rmSync(join(to, 'secrets'));
  renameSync(join(repo, 'secrets/key'), join(repo, 'secrets', 'k'.repeat(250)));
  expect(await worktrees.copy(repo, to, file)).toBe(1);
  expect(existsSync(join(to, 'secrets', 'k'.repeat(250)))).toBe(true);
});

test('a pattern reaches no further than it says', () => {
  const reach = (pattern: string, folder: string) =>
    new CopyPatterns(pattern, { ignoreCase: false }).reachInto(folder);
  const nothing = { all: false, level: false, names: [] };
  expect(reach('*', 'node_modules')).toEqual(nothing);
  expect(reach('.*', '.venv')).toEqual(nothing);
  expect(reach('**/x/y', 'node_modules')).toEqual(nothing);
  expect(reach('**', 'node_modules')).toEqual(nothing);
  expect(reach('*/*/x', 'node_modules')).toEqual(nothing);
  expect(reach('*/x', 'node_modules')).toEqual({ ...nothing, names: ['x'] });
  expect(reach('a/*/x', 'a')).toEqual({ ...nothing, level: true });
  expect(reach('a/**/x', 'a')).toEqual({ ...nothing, all: true });
  expect(reach('a', 'b/a')).toEqual({ ...nothing, all: true });
  expect(reach('/a', 'b/a')).toEqual(nothing);
  expect(reach('a/b/', 'a/b/c')).toEqual({ ...nothing, all: true });
  expect(reach('\\*', '*')).toEqual({ ...nothing, all: false });
  expect(reach('!a/', 'a')).toEqual(nothing);
  expect(reach('A/x', 'a')).toEqual(nothing);
  expect(new CopyPatterns('A/x', { ignoreCase: true }).reachInto('a')).toEqual({ ...nothing, level: true });
});

test('no patterns and no paths make the matcher fail', () => {
  const path = fc
    .array(fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 4 })
    .map((parts) =>
      parts.map((part) => Buffer.from(part.replace(/[/\0]/g, 'x')).toString('latin1')).join('/'),
    );
  const pattern = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc
      .array(fc.constantFrom('*', '**', '/', '!', '[', ']', '\\', 'a', 'b', '?', ' ', '.', '-'), {
        maxLength: 12,
      })
      .map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(fc.array(pattern, { maxLength: 5 }), path, (lines, name) => {
      const patterns = new CopyPatterns(lines.join('\n'), { ignoreCase: false });
      expect(typeof patterns.matches(name)).toBe('boolean');
      expect(typeof patterns.reachInto(name).all).toBe('boolean');
    }),
  );
});

test('everything below a folder that git tracks in part is found', async () => {
  const { repo, copy } = await source({ 'src/deep/er/x.local': 'x\n', 'src/y.local': 'y\n' });
  await git(repo, 'status', '--porcelain');
  expect(await copy('*.local')).toEqual(['src/deep/er/x.local', 'src/y.local']);
});
