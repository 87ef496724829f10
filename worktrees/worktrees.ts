/**
 * The worktrees of one repository: what can be done with them, one thing at a time for each.
 *
 * Each failure comes out with a code of `worktree.*`. `close` gives up what is under way, and waits until that has been
 * taken back.
 */
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fail, isHubError, messageOf } from '../base/errors.js';
import { errnoOf, unlessMissing } from '../system/errno.js';
import { worktreeName } from './branch-path.js';
import { copyFromPatterns } from './copy.js';
import { type Created, createWorktree } from './create.js';
import { GIT_TIMEOUT_MS, Git } from './git.js';
import { listWorktrees, type Repo, type Worktree, worktreeAt } from './list.js';
import { isUnfinished, lockWorktree, unlockWorktree } from './lock.js';
import type { Losses } from './loss-report.js';
import { lossesOf } from './losses.js';
import { type Progress, ProgressMeter } from './progress.js';
import { type Removed, type RemoveOptions, removeWorktree } from './remove.js';
import { Turns } from './turns.js';

/** Checkouts at a time: each keeps several processes and the disk busy. */
const MAX_HEAVY = 4;
/** More in line is a caller that went wild. */
const MAX_WAITING = 256;

export interface WorktreesOptions {
  /** Real path of the main working tree, or of the bare repository. */
  readonly root: string;
  /** Where new worktrees go. */
  readonly folder: string;
  readonly env?: NodeJS.ProcessEnv;
}

export interface NewWorktree {
  readonly branch: string;
  readonly base?: string | undefined;
  /** A file of patterns (copy.ts): what it chooses is copied from the main working tree. One that is not there is fine. */
  readonly patternsFile?: string | undefined;
  /** For all of it, without waiting in line. Default 600,000. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: Progress) => void;
}

export class Worktrees {
  readonly #repo: Repo;
  readonly #folder: string;
  /** One thing at a time for each worktree. */
  readonly #turns = new Turns({ maxRunning: MAX_WAITING, maxWaiting: MAX_WAITING });
  readonly #heavyTurns = new Turns({ maxRunning: MAX_HEAVY, maxWaiting: MAX_WAITING });
  /** What is under way or in line. */
  readonly #jobs = new Map<AbortController, Promise<unknown>>();
  #closed = false;

  constructor({ root, folder, env }: WorktreesOptions) {
    this.#repo = { git: new Git(env), root };
    this.#folder = folder;
  }

  /** Where the worktree of a branch is made. */
  pathOf(branch: string): string {
    return join(this.#folder, worktreeName(branch));
  }

  list(signal?: AbortSignal): Promise<Worktree[]> {
    return coded(() => listWorktrees(this.#repo, signal));
  }

  /** The worktree that a branch is checked out in, if it is there and was made to its end. */
  find(branch: string, signal?: AbortSignal): Promise<Worktree | undefined> {
    return coded(async () => {
      const found = (await listWorktrees(this.#repo, signal)).find((one) => one.branch === branch);
      return found === undefined || found.prunable !== undefined || isUnfinished(found) ? undefined : found;
    });
  }

  isRepo(signal?: AbortSignal): Promise<boolean> {
    const { root, git } = this.#repo;
    const args = ['rev-parse', '--git-dir'];
    return coded(async () => (await git.attempt(args, { cwd: root, signal })).code === 0);
  }

  /** Makes the worktree of a branch, or answers with the one that is there. */
  create(options: NewWorktree): Promise<Created> {
    const path = this.pathOf(options.branch);
    const { branch, base, patternsFile, timeoutMs = GIT_TIMEOUT_MS } = options;
    return this.#heavy(path, options.signal, async (given) => {
      const progress = new ProgressMeter(options.onProgress ?? (() => undefined));
      const time = limitTime(given, timeoutMs);
      try {
        const { signal } = time;
        const made = await createWorktree(this.#repo, { branch, base, path, signal, progress });
        const copying = made.created ? await this.#copyInto(made.path, patternsFile, progress, signal) : [];
        progress.finish();
        return { ...made, warnings: [...made.warnings, ...copying] };
      } catch (thrown) {
        if (time.isOver) throw fail('git.timeout', `it took longer than ${timeoutMs / 1000} s`);
        throw thrown;
      } finally {
        progress.stop();
        time.release();
      }
    });
  }

  remove(options: RemoveOptions): Promise<Removed> {
    const job = (signal: AbortSignal) => removeWorktree(this.#repo, { ...options, signal });
    return this.#heavy(options.path, options.signal, job);
  }

  /** The worktree at a path, and what would be lost with it and its branch. */
  status(path: string, signal?: AbortSignal): Promise<{ worktree: Worktree; losses: Losses }> {
    return coded(async () => {
      const worktree = await worktreeAt(this.#repo, path, signal);
      const branches = worktree.branch === undefined ? [] : [worktree.branch];
      return { worktree, losses: await lossesOf(this.#repo, worktree, { branches, signal }) };
    });
  }

  /** False: somebody else has locked it. */
  lock(path: string, reason: string): Promise<boolean> {
    return this.#inTurn(path, undefined, () => lockWorktree(this.#repo, path, reason));
  }

  /** False: it was not locked by us. */
  unlock(path: string): Promise<boolean> {
    return this.#inTurn(path, undefined, () => unlockWorktree(this.#repo, path));
  }

  /** How many files were copied. */
  copy(from: string, to: string, patternsFile: string, signal?: AbortSignal): Promise<number> {
    return this.#heavy(to, signal, (either) =>
      copyFromPatterns({ git: this.#repo.git, from, to, patternsFile, signal: either }),
    );
  }

  /** Gives up what is under way. Resolves when that has been taken back. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const controller of this.#jobs.keys()) controller.abort();
    await Promise.allSettled(this.#jobs.values());
  }

  async #copyInto(
    to: string,
    patternsFile: string | undefined,
    progress: ProgressMeter,
    signal: AbortSignal,
  ): Promise<string[]> {
    if (patternsFile === undefined || (await unlessMissing(stat(patternsFile))) === undefined) return [];
    const onProgress = (done: number, total: number): void => progress.report('copy', done, total);
    try {
      const { git, root } = this.#repo;
      await copyFromPatterns({ git, from: root, to, patternsFile, signal, onProgress });
      return [];
    } catch (thrown) {
      // The worktree is there all the same.
      if (!isHubError(thrown) || thrown.code === 'git.cancelled') throw thrown;
      return [`files were not copied: ${thrown.message}`];
    }
  }

  /** As `#inTurn`, for what moves many files. */
  #heavy<T>(
    path: string,
    signal: AbortSignal | undefined,
    job: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    return this.#inTurn(path, signal, async (either) =>
      started(await this.#heavyTurns.run([], () => job(either), either)),
    );
  }

  /**
   * Runs a job when no other one is about the same worktree, by whatever way its path is written: the last name tells
   * ours apart.
   */
  #inTurn<T>(
    path: string,
    signal: AbortSignal | undefined,
    job: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const controller = new AbortController();
    const abort = (): void => controller.abort();
    if (this.#closed || signal?.aborted === true) abort();
    signal?.addEventListener('abort', abort);
    const running = coded(async () => {
      try {
        const { signal: either } = controller;
        return started(await this.#turns.run([basename(path)], () => job(either), either));
      } finally {
        signal?.removeEventListener('abort', abort);
        this.#jobs.delete(controller);
      }
    });
    this.#jobs.set(controller, running);
    return running;
  }
}

/** Aborts with `signal`, or when the time is over. */
function limitTime(
  signal: AbortSignal,
  timeoutMs: number,
): { readonly signal: AbortSignal; readonly isOver: boolean; release(): void } {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort);
  let isOver = false;
  const timer = setTimeout(() => {
    isOver = true;
    abort();
  }, timeoutMs);
  return {
    signal: controller.signal,
    get isOver() {
      return isOver;
    },
    release: () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    },
  };
}

/** What a job answered, or the failure that stands for its not having started. */
function started<T>(result: T | 'busy' | 'cancelled'): T {
  if (result === 'busy') {
    throw fail('worktree.busy', `more than ${MAX_WAITING} operations on worktrees are waiting`);
  }
  if (result === 'cancelled') throw fail('git.cancelled', 'it was cancelled');
  return result;
}

/** Failures of git and of the file system under the codes of this subject. */
async function coded<T>(job: () => Promise<T>): Promise<T> {
  try {
    return await job();
  } catch (thrown) {
    throw toWorktreeError(thrown);
  }
}

const gitCodes: Readonly<Record<string, string>> = {
  'git.missing': 'worktree.git_missing',
  'git.failed': 'worktree.git_failed',
  'git.timeout': 'worktree.timeout',
  'git.cancelled': 'worktree.cancelled',
  'git.busy': 'worktree.busy',
};

function toWorktreeError(thrown: unknown): unknown {
  if (isHubError(thrown)) {
    const code = gitCodes[thrown.code];
    return code === undefined ? thrown : fail(code, thrown.message, thrown.details && { ...thrown.details });
  }
  const errno = errnoOf(thrown);
  if (errno === undefined) return thrown;
  return fail('worktree.io', `the file system failed: ${messageOf(thrown)}`, { errno });
}
