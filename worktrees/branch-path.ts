/**
 * Where the worktree of a branch is: a folder whose name a person can read and that no other branch can have.
 *
 * The name is a slug, which may be the same for two branches (`a/b`, `a-b`), and a hash of the branch's exact name,
 * which is not, also where the file system does not tell `A` from `a`. It is short, ASCII, and starts with a letter or
 * digit.
 */
import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';

/** The whole name stays readable in a prompt, and far below the 255 bytes of a file name. */
const SLUG_CHARS = 48;
/** 40 bits: two of a thousand branches that share a slug meet with a probability of 1 in two million. */
const HASH_DIGITS = 10;

/** The folder of all worktrees of a repository. */
export function worktreesFolder(dataDir: string, repoRoot: string, hubId: string): string {
  const name = slug(basename(repoRoot).replace(/\.git$/i, ''), 'repo');
  return join(dataDir, 'worktrees', `${name}-${hubId.slice(0, 8)}`);
}

/** The folder of a branch's worktree, below the folder of all. */
export function worktreeName(branch: string): string {
  const hash = createHash('sha256').update(branch).digest('hex').slice(0, HASH_DIGITS);
  return `${slug(branch, 'branch')}-${hash}`;
}

/**
 * A name as letters, digits, `.`, `_` and single `-`: safe as a file name, as a part of a git ref and as an argument.
 * Accents are dropped; `fallback` stands in where nothing is left.
 */
export function slug(name: string, fallback: string): string {
  const ascii = name
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .replace(/[^A-Za-z0-9._]+/g, '-')
    .replace(/[-.]*\.[-.]*\.[-.]*/g, '-')
    .replace(/^[-._]+/, '')
    .slice(0, SLUG_CHARS)
    .replace(/[-._]+$/, '');
  return ascii === '' ? fallback : ascii;
}
