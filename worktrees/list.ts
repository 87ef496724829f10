/**
 * The worktrees of a repository, as git knows them: `git worktree list --porcelain`.
 */
import { readFile, realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fail, type HubError } from '../base/errors.js';
import { unlessMissing } from '../system/errno.js';
import type { Git } from './git.js';

/** A repository, and how it is asked. */
export interface Repo {
  readonly git: Git;
  /** Real path of the main working tree, or of the bare repository. */
  readonly root: string;
}

export interface Worktree {
  /** Absolute. The folder may be gone. */
  readonly path: string;
  /** The main working tree, or the bare repository itself. */
  readonly main: boolean;
  readonly bare: boolean;
  /** Commit that is checked out; undefined in a bare repository and on a branch without commits. */
  readonly head: string | undefined;
  /** Without `refs/heads/`. Undefined if detached (in a rebase, too) or bare. */
  readonly branch: string | undefined;
  readonly detached: boolean;
  readonly locked: boolean;
  /** Empty if locked without one. */
  readonly lockReason: string;
  /** Why git would drop it: its folder is gone. */
  readonly prunable: string | undefined;
}

/** All worktrees, the main one first. Errors: worktree.no_repo, and those of git. */
export async function listWorktrees({ git, root }: Repo, signal?: AbortSignal): Promise<Worktree[]> {
  const options = { cwd: root, signal };
  const result = await git.attempt(['worktree', 'list', '--porcelain', '-z'], options);
  if (result.code === 0) return parseWorktrees(result.stdout.toString(), '\0');
  if (/not a git repository/i.test(result.stderr)) throw noRepo(root);
  // Before git 2.36 there was no -z, and a line break in a path could not be told.
  return parseWorktrees(await git.run(['worktree', 'list', '--porcelain'], options), '\n');
}

export function noRepo(root: string): HubError<'worktree.no_repo'> {
  return fail('worktree.no_repo', `${root} is not a git repository: make one with "git init"`, {
    path: root,
  });
}

/** Reads the porcelain format: attributes that `separator` ends, one of which is empty behind each worktree. */
export function parseWorktrees(text: string, separator: '\0' | '\n'): Worktree[] {
  const worktrees: Worktree[] = [];
  let attributes = new Map<string, string>();
  const finish = (): void => {
    if (attributes.has('worktree')) worktrees.push(worktreeOf(attributes, worktrees.length === 0));
    attributes = new Map();
  };
  for (const line of text.split(separator)) {
    if (line === '') {
      finish();
      continue;
    }
    const space = line.indexOf(' ');
    if (space === -1) attributes.set(line, '');
    else attributes.set(line.slice(0, space), line.slice(space + 1));
  }
  finish();
  return worktrees;
}

function worktreeOf(attributes: ReadonlyMap<string, string>, main: boolean): Worktree {
  const head = attributes.get('HEAD');
  return {
    path: attributes.get('worktree') ?? '',
    main,
    bare: attributes.has('bare'),
    head: head === undefined || /^0+$/.test(head) ? undefined : head,
    branch: attributes.get('branch')?.replace(/^refs\/heads\//, ''),
    detached: attributes.has('detached'),
    locked: attributes.has('locked'),
    lockReason: attributes.get('locked') ?? '',
    prunable: attributes.get('prunable'),
  };
}

/** The worktree at a path, also when its folder is gone. Errors: worktree.not_found, and those of listWorktrees. */
export async function worktreeAt(repo: Repo, path: string, signal?: AbortSignal): Promise<Worktree> {
  const [worktrees, wanted] = await Promise.all([listWorktrees(repo, signal), realPathOf(path)]);
  for (const worktree of worktrees) {
    if (worktree.path === wanted || (await realPathOf(worktree.path)) === wanted) return worktree;
  }
  throw fail('worktree.not_found', `${path} is not a worktree of ${repo.root}`, { path });
}

async function realPathOf(path: string): Promise<string> {
  return (await unlessMissing(realpath(path))) ?? resolve(path);
}

/** The private git folder of a linked worktree, from the `.git` file in it; undefined if that is not there. */
export async function gitFolderOf(path: string): Promise<string | undefined> {
  const text = await readFile(`${path}/.git`, 'utf8').catch(() => undefined);
  const named = /^gitdir: (.+?)\n?$/s.exec(text ?? '')?.[1];
  return named === undefined ? undefined : resolve(path, named);
}
