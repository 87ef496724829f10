import { expect, test } from 'vitest';
import { slug, worktreeName, worktreesFolder } from '../../worktrees/branch-path.js';
import fc from '../support/fast-check.js';

test('a name says which branch it is, and its hash makes it the only one', () => {
  expect(worktreeName('feature/login')).toMatch(/^feature-login-[0-9a-f]{10}$/);
  expect(worktreeName('a/b')).not.toBe(worktreeName('a-b'));
});

test.each([
  ['a/b', 'a-b'],
  ['Feature', 'feature'],
  ['caf\u00e9', 'cafe\u0301'],
  ['x'.repeat(400), `${'x'.repeat(400)}y`],
  ['日本語', '中文'],
  ['a', 'A'],
])('%s and %s never meet, also where case does not count', (one, other) => {
  expect(worktreeName(one).toLowerCase()).not.toBe(worktreeName(other).toLowerCase());
});

test.each([
  ['naïve/Größe', 'naive-Gro-e'],
  ['日本語', 'branch'],
  ['--force', 'force'],
  ['.hidden', 'hidden'],
  ['a..b', 'a-b'],
  ['release/1.2.x', 'release-1.2.x'],
  ['topic.', 'topic'],
  ['-', 'branch'],
])('the slug of %s is %s', (name, expected) => {
  expect(slug(name, 'branch')).toBe(expected);
});

test('any name becomes a short and harmless file name', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (branch) => {
      const name = worktreeName(branch);
      expect(name).toMatch(/^[A-Za-z0-9][A-Za-z0-9._-]*-[0-9a-f]{10}$/);
      expect(name.length).toBeLessThanOrEqual(59);
      expect(name).not.toContain('..');
    }),
  );
});

test('the folder of all names the repository and the hub', () => {
  expect(worktreesFolder('/data', '/src/my app', '0123456789abcdef')).toBe('/data/worktrees/my-app-01234567');
  expect(worktreesFolder('/data', '/src/tool.git', '0123456789abcdef')).toBe('/data/worktrees/tool-01234567');
});
