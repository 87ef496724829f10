/**
 * `git worktree lock`: a locked worktree is neither pruned nor removed, by us or by anybody's git.
 *
 * Our locks start with `botster: `, and only those are changed or taken away. A worktree is locked while a session uses
 * it, and while it is being made.
 */
import { readFile, unlink } from 'node:fs/promises';
import { fail, type HubError, isHubError } from '../base/errors.js';
import { unlessMissing } from '../system/errno.js';
import { gitFolderOf, type Repo, type Worktree, worktreeAt } from './list.js';

const OURS = 'botster: ';
/** How the reason starts while it is being made; whoever finds it later knows that it was not finished. */
export const MAKING = `${OURS}being created`;
const MAX_REASON_CHARS = 500;
const FORGET_MS = 60_000;

/** The reason of one of our locks, without the mark; undefined if it is not ours, or there is none. */
export function ownReason({ locked, lockReason }: Worktree): string | undefined {
  return locked && lockReason.startsWith(OURS) ? lockReason.slice(OURS.length) : undefined;
}

/**
 * Whether the making of the worktree was cut short, by a crash. Git's own word while it makes one is `initializing`.
 * Only right if nobody is making it now.
 */
export function isUnfinished({ locked, lockReason }: Worktree): boolean {
  return locked && isUnfinishedReason(lockReason);
}

function isUnfinishedReason(reason: string): boolean {
  return reason.startsWith(MAKING) || reason === 'initializing';
}

/**
 * Locks a worktree, or gives our lock a new reason. False: somebody else locked it, and it stays as it is.
 * Errors: worktree.not_found, worktree.main, and those of git.
 */
export async function lockWorktree(repo: Repo, path: string, reason: string): Promise<boolean> {
  const worktree = await worktreeAt(repo, path);
  if (worktree.main) throw mainTree(worktree, 'locked');
  // One line: git's list shows it in one.
  const words = reason.replace(/\s+/g, ' ').trim().slice(0, MAX_REASON_CHARS);
  const own = ownReason(worktree);
  if (own === words) return true;
  if (worktree.locked && own === undefined) return false;
  if (own !== undefined) await unlock(repo, worktree);
  const args = ['worktree', 'lock', '--reason', OURS + words, worktree.path];
  await repo.git.runLocking(args, { cwd: repo.root });
  return true;
}

/** Takes our lock away. False: there was none of ours. Errors: as lockWorktree. */
export async function unlockWorktree(repo: Repo, path: string): Promise<boolean> {
  const worktree = await worktreeAt(repo, path);
  if (ownReason(worktree) === undefined) return false;
  await unlock(repo, worktree);
  return true;
}

async function unlock({ git, root }: Repo, { path }: Worktree): Promise<void> {
  try {
    await git.runLocking(['worktree', 'unlock', path], { cwd: root });
  } catch (thrown) {
    if (!isHubError(thrown) || !/is not locked/.test(thrown.message)) throw thrown;
  }
}

/** Takes the lock away that a worktree has while it is made: it is a file, and this saves two processes. */
export async function unlockMade(path: string): Promise<void> {
  const file = `${(await gitFolderOf(path)) ?? path}/locked`;
  const reason = await unlessMissing(readFile(file, 'utf8'));
  if (reason !== undefined && isUnfinishedReason(reason.trim())) await unlessMissing(unlink(file));
}

/** Drops the registration of a worktree whose folder is gone, or was never filled. Errors: worktree.in_use. */
export async function forgetWorktree(repo: Repo, worktree: Worktree): Promise<void> {
  if (worktree.locked && ownReason(worktree) === undefined && !isUnfinished(worktree)) {
    throw fail(
      'worktree.in_use',
      `the worktree ${worktree.path} is gone, but somebody locked it (${worktree.lockReason || 'no reason given'}): ` +
        `"git worktree unlock ${worktree.path}" frees it`,
      { path: worktree.path, reason: worktree.lockReason },
    );
  }
  const args = ['worktree', 'remove', '--force', '--force', worktree.path];
  await repo.git.runLocking(args, { cwd: repo.root, timeoutMs: FORGET_MS });
}

export function mainTree({ path }: Worktree, what: string): HubError<'worktree.main'> {
  return fail('worktree.main', `${path} is the repository itself, which cannot be ${what}`, { path });
}
