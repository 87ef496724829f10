/** The worktrees of a real repository, for one test. */
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { worktreesFolder } from '../../worktrees/branch-path.js';
import { Worktrees } from '../../worktrees/worktrees.js';
import { cleanEnv, makeRepo, tempDir } from './temp-repo.js';

export interface WorktreesHost {
  readonly repo: string;
  readonly worktrees: Worktrees;
  /** Where they are made. */
  readonly folder: string;
}

/** `repo`: an existing repository instead of a new one with one commit. */
export async function openWorktrees(
  repo?: string,
  env: NodeJS.ProcessEnv = cleanEnv,
): Promise<WorktreesHost> {
  const root = repo ?? (await makeRepo());
  const folder = worktreesFolder(join(tempDir(), 'data'), root, '0123456789abcdef');
  const worktrees = new Worktrees({ root, folder, env });
  onTestFinished(() => worktrees.close());
  return { repo: root, worktrees, folder };
}

/** The error of a promise that must reject. */
export async function failureOf(promise: Promise<unknown>): Promise<{
  readonly code: string;
  readonly message: string;
  readonly details: Record<string, never>;
}> {
  try {
    await promise;
  } catch (thrown) {
    return thrown as never;
  }
  throw new Error('it did not fail');
}
