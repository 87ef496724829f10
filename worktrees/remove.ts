/**
 * Removes a worktree, and its branch if asked to, but no work: what would be lost is listed and refused, or, by force,
 * kept under a recovery ref before anything is removed. A worktree in use, and one that holds another, is refused also
 * by force. The caller makes sure that nobody else works on the same path.
 */
import { chmod, lstat, opendir, rm } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { fail, type HubError } from '../base/errors.js';
import { unlessMissing } from '../system/errno.js';
import { branchCommit, dropBranch } from './branches.js';
import { gitFailed } from './git.js';
import { listWorktrees, type Repo, type Worktree, worktreeAt } from './list.js';
import { forgetWorktree, isUnfinished, mainTree, ownReason } from './lock.js';
import { describeLosses, isDirty, type Losses, lossDetails } from './loss-report.js';
import { lossesOf } from './losses.js';
import { writeRecovery } from './recovery.js';

export interface RemoveOptions {
  readonly path: string;
  /** The branch to delete with it. */
  readonly branch?: string | undefined;
  /**
   * True: the branch it is on goes, too. False: no branch goes, and so commits on a branch are no loss. Not given: a
   * branch goes if one is named, and commits that are only on the worktree's branch count as a loss in any case.
   */
  readonly deleteBranch?: boolean | undefined;
  readonly force?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Removed {
  readonly path: string;
  /** What it was on. */
  readonly branch: string | undefined;
  readonly branchDeleted: boolean;
  /** Where to find what was in it; undefined if there was nothing to lose. */
  readonly recoveryRef: string | undefined;
}

/**
 * Errors: worktree.not_found, worktree.main, worktree.in_use, worktree.dirty, worktree.unmerged, worktree.submodules,
 * worktree.branch_in_use, worktree.leftovers, and those of git and of the file system.
 */
export async function removeWorktree(repo: Repo, options: RemoveOptions): Promise<Removed> {
  const { path, force = false, signal } = options;
  const worktree = await worktreeAt(repo, path, signal);
  if (worktree.main) throw mainTree(worktree, 'deleted');
  const others = (await listWorktrees(repo, signal)).filter((one) => one.path !== worktree.path);
  refuseInUse(worktree, others);

  const goes =
    options.deleteBranch === false
      ? undefined
      : (options.branch ?? (options.deleteBranch ? worktree.branch : undefined));
  const elsewhere = goes === undefined ? undefined : others.find((one) => one.branch === goes);
  if (goes !== undefined && elsewhere !== undefined) throw branchElsewhere(goes, elsewhere);
  const goesAt = goes === undefined ? undefined : await branchCommit(repo, goes, signal);

  const losses = await lossesOf(repo, worktree, { branches: branchesLost(worktree, options, goes), signal });
  const wouldLose = isDirty(losses) || losses.unmerged.count > 0;
  if (wouldLose && !force) throw refusal(worktree, losses, options);
  const commits = goesAt === undefined ? [] : [goesAt];
  const recoveryRef = wouldLose
    ? await writeRecovery(repo, worktree, { losses, commits, signal })
    : undefined;

  if ((await unlessMissing(lstat(worktree.path))) === undefined) await forgetWorktree(repo, worktree);
  else await removeFolder(repo, worktree, wouldLose, options);
  return {
    path: worktree.path,
    branch: worktree.branch,
    branchDeleted: goes !== undefined && goesAt !== undefined && (await dropBranch(repo, goes, goesAt)),
    recoveryRef,
  };
}

/** Branches whose commits count as lost. */
function branchesLost(worktree: Worktree, options: RemoveOptions, goes: string | undefined): string[] {
  if (options.deleteBranch === false) return [];
  return [...new Set([worktree.branch, goes].filter((one) => one !== undefined))];
}

function refuseInUse(worktree: Worktree, others: readonly Worktree[]): void {
  const { path, lockReason } = worktree;
  if (worktree.locked && !isUnfinished(worktree)) {
    const own = ownReason(worktree);
    const why = own ?? (lockReason === '' ? 'somebody locked it' : `somebody locked it: ${lockReason}`);
    throw fail('worktree.in_use', `${path} is in use (${why})`, { path, reason: own ?? lockReason });
  }
  const inside = others.find((one) => one.path.startsWith(path + sep));
  if (inside === undefined) return;
  throw fail('worktree.in_use', `${path} has another worktree inside: ${inside.path}. Delete that first`, {
    path,
    inside: inside.path,
  });
}

function refusal(
  worktree: Worktree,
  losses: Losses,
  { deleteBranch, branch }: RemoveOptions,
): HubError<'worktree.dirty' | 'worktree.unmerged'> {
  const code = isDirty(losses) ? 'worktree.dirty' : 'worktree.unmerged';
  const keep =
    code === 'worktree.unmerged' && deleteBranch === undefined && branch === undefined
      ? ', delete the worktree but not the branch with delete_branch = false,'
      : '';
  const on = worktree.branch === undefined ? '' : ` (branch ${worktree.branch})`;
  const message = [
    `${worktree.path}${on} has work that would be lost:`,
    ...describeLosses(losses),
    `Commit, merge or push it${keep} or use force = true, which leaves a recovery ref`,
  ].join('\n');
  return fail(code, message, { path: worktree.path, branch: worktree.branch, ...lossDetails(losses) });
}

function branchElsewhere(branch: string, { path, main }: Worktree): HubError<'worktree.branch_in_use'> {
  const where = main ? `the main working tree ${path}` : path;
  return fail(
    'worktree.branch_in_use',
    `the branch ${branch} cannot be deleted: it is checked out in ${where}`,
    {
      branch,
      path,
      main,
    },
  );
}

/** Git looks once more whether anything would be lost, unless that is wanted. */
async function removeFolder(
  repo: Repo,
  worktree: Worktree,
  force: boolean,
  { signal }: RemoveOptions,
): Promise<void> {
  const { path } = worktree;
  const options = { cwd: repo.root, signal };
  if (worktree.locked) await repo.git.runLocking(['worktree', 'unlock', path], options);
  const remove = (...flags: string[]) => repo.git.attempt(['worktree', 'remove', ...flags, path], options);
  let result = await remove(...(force ? ['--force'] : []));
  // Those have been looked at, which git does not do.
  if (/containing submodules/.test(result.stderr)) result = await remove('--force');
  if (result.code !== 0) {
    if (/contains modified or untracked files/.test(result.stderr)) {
      throw fail('worktree.dirty', `${path} was changed at this very moment: look again`, { path });
    }
    const registered = (await listWorktrees(repo, signal)).some((one) => one.path === path);
    if (registered) throw gitFailed(['worktree', 'remove'], result);
  }
  await removeLeftovers(path);
}

/** Git has forgotten the worktree, but may have met folders that do not allow to remove what is in them. */
async function removeLeftovers(path: string): Promise<void> {
  if ((await unlessMissing(lstat(path))) === undefined) return;
  try {
    await allowRemoval(path);
    await rm(path, { recursive: true, force: true, maxRetries: 3 });
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw fail('worktree.leftovers', `the worktree is deleted, but not all of its files: ${reason}`, {
      path,
    });
  }
}

async function allowRemoval(folder: string): Promise<void> {
  await chmod(folder, 0o700);
  for await (const entry of await opendir(folder)) {
    if (entry.isDirectory()) await allowRemoval(join(folder, entry.name));
  }
}
