/** What the hub asks of the worker that runs git. Both sides import the types only. */
import type { Created } from '../../worktrees/create.js';
import type { Worktree } from '../../worktrees/list.js';
import type { Losses } from '../../worktrees/loss-report.js';
import type { Removed } from '../../worktrees/remove.js';

/** `workerData` of the worker: which repository. */
export interface WorktreeBoot {
  readonly repoRoot: string;
  /** Where new worktrees go. */
  readonly folder: string;
}

export interface CreateCall {
  /** Names the call in `worktree.progress` events. */
  readonly request: number;
  readonly branch: string;
  readonly base: string | undefined;
  readonly patternsFile: string | undefined;
  readonly timeoutMs: number;
}

export interface RemoveCall {
  readonly path: string;
  readonly branch: string | undefined;
  readonly deleteBranch: boolean | undefined;
  readonly force: boolean;
}

/** All fail with codes of `worktree.*`. Paths are absolute. */
export interface WorktreeCalls {
  list(): Worktree[];
  find(call: { readonly branch: string }): Worktree | undefined;
  isRepo(): boolean;
  create(call: CreateCall): Created;
  remove(call: RemoveCall): Removed;
  status(call: { readonly path: string }): { readonly worktree: Worktree; readonly losses: Losses };
  lock(call: { readonly path: string; readonly reason: string }): boolean;
  unlock(call: { readonly path: string }): boolean;
  copy(call: { readonly from: string; readonly to: string; readonly patternsFile: string }): number;
}
