/**
 * Makes the worktree of a branch, or answers with the one that is there.
 *
 * Keeps true: an existing folder is neither removed nor used unless git knows it as the worktree of this very branch;
 * what fails half way is taken back, and nothing else is; what a crash cut short is recognised by its lock and finished
 * by the next call. The caller makes sure that nobody else works on the same path.
 */
import { randomBytes } from 'node:crypto';
import { lstat, mkdir, readdir, realpath, unlink } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fail, type HubError, isHubError } from '../base/errors.js';
import { unlessMissing } from '../system/errno.js';
import { type BranchPlan, branchCommit, dropBranch, makeBranch, planBranch } from './branches.js';
import { gitFailed, NOBODY, reasonOf } from './git.js';
import { gitFolderOf, listWorktrees, type Repo, type Worktree } from './list.js';
import { forgetWorktree, isUnfinished, MAKING, unlockMade } from './lock.js';
import { checkoutProgress, type ProgressMeter } from './progress.js';
import { waitForProcess } from './running-process.js';
import { initSubmodules } from './submodules.js';

/**
 * Files are written by several processes at once: 0.9 of the time of one on two cores where the disk is fast, a quarter
 * where it is slow. More than eight gain nothing.
 */
const CHECKOUT_WORKERS = Math.min(8, Math.max(2, availableParallelism()));
/** Taking back must not hang on a broken disk. */
const CLEAN_UP_MS = 60_000;

export interface CreateOptions {
  readonly branch: string;
  /** Where a new branch starts. Default: HEAD of the main working tree. */
  readonly base?: string | undefined;
  /** Where the worktree goes. Its parents are made. */
  readonly path: string;
  readonly signal?: AbortSignal | undefined;
  readonly progress: ProgressMeter;
}

/** One call at work. */
interface Making extends CreateOptions {
  /** Why the worktree is locked meanwhile: different for each call, so that none takes back what another made. */
  readonly reason: string;
}

export interface Created {
  /** Real path. */
  readonly path: string;
  readonly branch: string;
  /** False: it was there. */
  readonly created: boolean;
  /** Whether this call made the branch. */
  readonly newBranch: boolean;
  /** What a new branch started from. */
  readonly base: string | undefined;
  /** What went wrong without harm: a hook, a submodule. */
  readonly warnings: readonly string[];
}

/**
 * Errors: worktree.branch_in_use (checked out elsewhere), worktree.path_taken, those of planBranch, of git, and of the
 * file system.
 */
export async function createWorktree(repo: Repo, options: CreateOptions): Promise<Created> {
  const { branch, signal, progress } = options;
  progress.report('branch', 0, 1);
  const parent = dirname(options.path);
  await mkdir(parent, { recursive: true });
  const path = join(await realpath(parent), basename(options.path));

  // Both at a time; a worktree that is there decides before a branch that cannot be made.
  const planning = planBranch(repo, branch, options.base, signal);
  planning.catch(() => undefined);
  const found = await worktreeFor(repo, branch, path, signal);
  if (found !== undefined) {
    const there = await existing(repo, found, { ...options, path });
    if (there !== undefined) return there;
  }
  const plan = await planning;
  // A link that leads nowhere is something, too.
  if ((await unlessMissing(lstat(path))) !== undefined) throw pathTaken(path, branch);
  return await make(
    repo,
    { ...options, path, reason: `${MAKING} (${randomBytes(6).toString('hex')})` },
    plan,
  );
}

/** The worktree that is on the branch, or in its place. */
async function worktreeFor(
  repo: Repo,
  branch: string,
  path: string,
  signal: AbortSignal | undefined,
): Promise<Worktree | undefined> {
  for (;;) {
    const worktrees = await listWorktrees(repo, signal);
    const found =
      worktrees.find((one) => one.branch === branch) ?? worktrees.find((one) => one.path === path);
    // A hub that was killed may have left a git that is still at work.
    if (found === undefined || !found.lockReason.startsWith(MAKING)) return found;
    if (!(await waitForProcess(found.lockReason, signal))) return found;
  }
}

/** The worktree of the branch that is there; undefined if it is gone and now forgotten. */
async function existing(
  repo: Repo,
  worktree: Worktree,
  options: CreateOptions,
): Promise<Created | undefined> {
  const { branch, path } = options;
  if (worktree.branch !== branch) {
    // Ours by its path, but on another branch now, or none: or never filled.
    const empty = isUnfinished(worktree) && (await isEmpty(path));
    if (!empty && (await folderExists(path))) throw pathTaken(path, branch, worktree);
  } else if (worktree.path !== path) {
    const gone = !worktree.main && !worktree.locked && !(await folderExists(worktree.path));
    if (!gone) throw branchInUse(branch, worktree);
  } else if (await folderExists(path)) {
    // Git's registration alone does not make a folder a worktree.
    if ((await gitFolderOf(path)) === undefined) throw pathTaken(path, branch);
    const base = { path, branch, newBranch: false, base: undefined };
    if (!isUnfinished(worktree)) return { ...base, created: false, warnings: [] };
    return { ...base, created: true, warnings: await finish(repo, options) };
  }
  await forgetWorktree(repo, worktree);
  return undefined;
}

async function make(repo: Repo, options: Making, plan: BranchPlan): Promise<Created> {
  const { branch, path, signal, progress } = options;
  const madeBranch = await makeBranch(repo, branch, plan, signal);
  progress.report('branch', 1, 1);
  try {
    const warnings = plan.kind === 'unborn' ? await addUnborn(repo, options) : await add(repo, options);
    warnings.push(...(await finish(repo, options)));
    return {
      path,
      branch,
      created: true,
      newBranch: madeBranch || plan.kind === 'unborn',
      base: madeBranch ? plan.base : undefined,
      warnings,
    };
  } catch (thrown) {
    progress.stop();
    await takeBack(repo, options, madeBranch ? plan.commit : undefined);
    throw thrown;
  }
}

/** Registers and checks out, locked. Answers with what a hook complained about. */
async function add(repo: Repo, options: Making): Promise<string[]> {
  const { branch, path, reason, signal, progress } = options;
  const args = [
    ...['-c', `checkout.workers=${CHECKOUT_WORKERS}`],
    ...['worktree', 'add', '--lock', '--reason', reason, path, branch],
  ];
  const result = await repo.git.attempt(args, {
    cwd: repo.root,
    signal,
    // Without it git is silent for two seconds.
    env: { GIT_PROGRESS_DELAY: '0' },
    onStderr: checkoutProgress((done, total) => progress.report('checkout', done, total)),
  });
  if (result.code === 0) return [];
  const elsewhere = /is already (?:checked out|used by worktree) at '(.*)'/.exec(result.stderr)?.[1];
  if (elsewhere !== undefined) throw branchInUse(branch, { path: elsewhere, main: false });
  // A hook that fails does not undo a checkout, and git answers with its exit code.
  if (!(await isCheckedOut(path))) throw gitFailed(args, result);
  // It also takes the lock away.
  await repo.git.attempt(['worktree', 'lock', '--reason', reason, path], { cwd: repo.root, signal });
  return [`the post-checkout hook failed: ${reasonOf(result.stderr)}`];
}

/**
 * Without any commit `git worktree add` has nothing to check out, and before git 2.42 it has no other way: so it gets a
 * commit of nothing, that no ref holds, and then a branch that does not exist yet.
 */
async function addUnborn({ git, root }: Repo, { branch, path, reason, signal }: Making): Promise<string[]> {
  const options = { cwd: root, signal };
  const tree = (await git.run(['mktree'], { ...options, input: '' })).trim();
  const commit = (await git.run(['commit-tree', '-m', 'nothing', tree], { ...options, env: NOBODY })).trim();
  const args = ['worktree', 'add', '--detach', '--no-checkout', '--lock', '--reason', reason, path, commit];
  await git.run(['-c', 'core.logAllRefUpdates=false', ...args], options);
  await git.run(['symbolic-ref', 'HEAD', `refs/heads/${branch}`], { ...options, cwd: path });
  return [];
}

/** What comes behind registering: a checkout that was cut short, submodules, and the lock. Answers with warnings. */
async function finish(repo: Repo, options: CreateOptions): Promise<string[]> {
  const { branch, path, signal, progress } = options;
  if (!(await isCheckedOut(path)) && (await branchCommit(repo, branch, signal)) !== undefined) {
    // Left by a git that died: nobody else is at work here.
    await unlessMissing(unlink(`${(await gitFolderOf(path)) ?? path}/index.lock`));
    const args = ['checkout', '--force', '--progress', '--no-recurse-submodules', branch, '--'];
    await repo.git.run(['-c', `checkout.workers=${CHECKOUT_WORKERS}`, ...args], {
      cwd: path,
      signal,
      onStderr: checkoutProgress((done, total) => progress.report('checkout', done, total)),
    });
  }
  const warnings = await initSubmodules(repo, path, { progress, signal });
  await unlockMade(path);
  return warnings;
}

/** Git writes the index when all files are there. */
async function isCheckedOut(path: string): Promise<boolean> {
  const folder = await gitFolderOf(path);
  return folder !== undefined && (await unlessMissing(lstat(`${folder}/index`))) !== undefined;
}

/** Removes what this call made: the folder and its registration, and the branch if nobody has moved or used it. */
async function takeBack(repo: Repo, options: Making, commit: string | undefined): Promise<void> {
  const { branch, path, reason } = options;
  try {
    const worktrees = await listWorktrees(repo);
    const made = worktrees.find((one) => one.path === path && one.lockReason === reason);
    if (made !== undefined) {
      const args = ['worktree', 'remove', '--force', '--force', path];
      await repo.git.runLocking(args, { cwd: repo.root, timeoutMs: CLEAN_UP_MS });
    }
    const used = worktrees.some((one) => one.branch === branch && one !== made);
    if (commit !== undefined && !used) await dropBranch(repo, branch, commit);
  } catch (thrown) {
    // The reason why it failed at all is the one to tell; what is left is found by the next call.
    if (!isHubError(thrown)) throw thrown;
  }
}

/** Whether there is nothing but the link to the repository. */
async function isEmpty(path: string): Promise<boolean> {
  const names = await unlessMissing(readdir(path));
  return names?.length === 1 && names[0] === '.git';
}

async function folderExists(path: string): Promise<boolean> {
  return (await unlessMissing(lstat(path))) !== undefined;
}

function pathTaken(path: string, branch: string, by?: Worktree): HubError<'worktree.path_taken'> {
  const what =
    by === undefined
      ? 'there is something that is not its worktree'
      : `the worktree there is on ${by.branch === undefined ? 'no branch' : `the branch ${by.branch}`} now`;
  return fail(
    'worktree.path_taken',
    `the worktree of ${branch} belongs at ${path}, but ${what}. Nothing was changed: move it away, or remove it`,
    { path, branch },
  );
}

function branchInUse(
  branch: string,
  { path, main }: { readonly path: string; readonly main: boolean },
): HubError<'worktree.branch_in_use'> {
  const where = main ? `the main working tree ${path}` : path;
  return fail('worktree.branch_in_use', `the branch ${branch} is checked out in ${where}`, {
    branch,
    path,
    main,
  });
}
