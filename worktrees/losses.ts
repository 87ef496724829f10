/**
 * What would be lost with a worktree: changes that are in no commit, and commits that are nowhere else.
 *
 * Ignored files are no loss, but are named. Stashes belong to the repository, not to a worktree; those of a submodule
 * go with it.
 */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { unlessMissing } from '../system/errno.js';
import type { Git } from './git.js';
import { copyIndex, type IndexCopy } from './index-copy.js';
import { gitFolderOf, type Repo, type Worktree } from './list.js';
import type { Commit, Listed, Losses } from './loss-report.js';

/** How many of each kind are named; all are counted. */
const MAX_NAMED = 20;

export interface LossOptions {
  /** Branches that do not count as keeping a commit, because they go too. */
  readonly branches: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** Errors: those of git and of the file system. Whoever gets one must not remove the worktree. */
export async function lossesOf(repo: Repo, worktree: Worktree, options: LossOptions): Promise<Losses> {
  const { signal } = options;
  const gitFolder = await gitFolderOfAny(worktree);
  if (gitFolder === undefined) {
    // Its folder is gone, or it is bare: only commits are left.
    return { ...nothing, unmerged: await unmergedCommits(repo, worktree, options) };
  }
  const index = await copyIndex({ git: repo.git, path: worktree.path, gitFolder, signal });
  try {
    const [changes, operation, unmerged] = await Promise.all([
      readStatus(repo.git, worktree.path, index, signal),
      operationIn(gitFolder),
      unmergedCommits(repo, worktree, options),
    ]);
    const inside = [...changes.inside];
    for (const link of index.links.keys()) {
      const what = await insideSubmodule(repo.git, worktree.path, link, index.links.get(link) ?? '', signal);
      if (what !== undefined && !inside.some((one) => one.startsWith(`${link}: `)))
        inside.push(`${link}: ${what}`);
    }
    return { ...changes, inside: listed(inside), operation, unmerged };
  } finally {
    await index.remove();
  }
}

/** The main working tree has a folder where others have a file. */
async function gitFolderOfAny({ path, main }: Worktree): Promise<string | undefined> {
  const linked = await gitFolderOf(path);
  if (linked !== undefined || !main) return linked;
  const own = join(path, '.git');
  return (await unlessMissing(lstat(own)))?.isDirectory() === true ? own : undefined;
}

const none = { count: 0, first: [] };
const nothing: Losses = {
  changed: none,
  untracked: none,
  ignored: none,
  operation: undefined,
  inside: none,
  unmerged: none,
};

function listed<T>(all: readonly T[]): Listed<T> {
  return { count: all.length, first: all.slice(0, MAX_NAMED) };
}

async function readStatus(
  git: Git,
  path: string,
  index: IndexCopy,
  signal: AbortSignal | undefined,
): Promise<Pick<Losses, 'changed' | 'untracked' | 'ignored'> & { readonly inside: string[] }> {
  const args = ['--porcelain=v2', '-z', '--no-renames', '--untracked-files=normal', '--ignored=matching'];
  const output = await git.run(
    ['-c', 'core.fsmonitor=false', 'status', ...args, '--ignore-submodules=none'],
    {
      cwd: path,
      signal,
      env: index.env,
    },
  );
  const [changed, untracked, ignored, inside]: [string[], string[], string[], string[]] = [[], [], [], []];
  for (const { state, submodule, name } of statusEntries(output)) {
    if (state === '!') {
      ignored.push(name);
    } else if (state === '?') {
      untracked.push(name);
      const other =
        name.endsWith('/') && (await unlessMissing(lstat(join(path, name, '.git')))) !== undefined;
      if (other) inside.push(`${name.slice(0, -1)}: a repository of its own`);
    } else {
      changed.push(name);
      if (/[MU]/.test(submodule)) inside.push(`${name}: uncommitted changes`);
    }
  }
  return { changed: listed(changed), untracked: listed(untracked), ignored: listed(ignored), inside };
}

interface StatusEntry {
  readonly state: '1' | 'u' | '?' | '!';
  /** `N...`, or `S` with C (another commit), M (modified), U (untracked files). */
  readonly submodule: string;
  readonly name: string;
}

/** Reads `git status --porcelain=v2 -z --no-renames`. */
export function* statusEntries(output: string): Generator<StatusEntry> {
  for (const line of output.split('\0')) {
    const state = line[0];
    if (state === '?' || state === '!') {
      yield { state, submodule: 'N...', name: line.slice(2) };
    } else if (state === '1' || state === 'u') {
      // Eight fields before the name, or ten.
      const fields = line.split(' ');
      const before = state === '1' ? 8 : 10;
      yield { state, submodule: fields[2] ?? '', name: fields.slice(before).join(' ') };
    }
  }
}

/** What git leaves in the private folder of a worktree while something is under way. */
const operations: readonly (readonly [file: string, operation: string])[] = [
  ['rebase-merge', 'rebase'],
  ['rebase-apply', 'rebase'],
  ['MERGE_HEAD', 'merge'],
  ['CHERRY_PICK_HEAD', 'cherry-pick'],
  ['REVERT_HEAD', 'revert'],
  ['BISECT_LOG', 'bisect'],
  ['sequencer', 'cherry-pick or revert'],
];

async function operationIn(gitFolder: string): Promise<string | undefined> {
  const found = await Promise.all(
    operations.map(async ([file, operation]) =>
      (await unlessMissing(lstat(join(gitFolder, file)))) === undefined ? undefined : operation,
    ),
  );
  return found.find((operation) => operation !== undefined);
}

async function unmergedCommits(
  repo: Repo,
  worktree: Worktree,
  { branches, signal }: LossOptions,
): Promise<Listed<Commit>> {
  const tips = [
    ...(worktree.head === undefined ? [] : [worktree.head]),
    ...branches.map((one) => `refs/heads/${one}`),
  ];
  const known = [];
  for (const tip of tips) {
    const args = ['rev-parse', '--verify', '--quiet', `${tip}^{commit}`];
    if ((await repo.git.attempt(args, { cwd: repo.root, signal })).code === 0) known.push(tip);
  }
  if (known.length === 0) return none;
  const kept = [...branches.map((one) => `--exclude=${one}`), '--branches', '--remotes', '--tags'];
  const options = { cwd: repo.root, signal };
  const range = [...known, '--not', ...kept, '--'];
  const count = Number(await repo.git.run(['rev-list', '--count', ...range], options));
  if (count === 0) return none;
  const log = [
    'log',
    '--no-show-signature',
    '--no-color',
    '-z',
    `--max-count=${MAX_NAMED}`,
    '--format=%h %s',
  ];
  const first = (await repo.git.run([...log, ...range], options))
    .split('\0')
    .filter(Boolean)
    .map((line) => {
      const space = line.indexOf(' ');
      return { commit: line.slice(0, space), subject: line.slice(space + 1, space + 201) };
    });
  return { count, first };
}

/**
 * What a submodule has that is nowhere else: its git folder belongs to this worktree alone and goes with it.
 * `pinned` is the commit that the superproject has of it.
 */
async function insideSubmodule(
  git: Git,
  path: string,
  link: string,
  pinned: string,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const place = join(path, link);
  // Not filled: git would look into the superproject.
  if ((await unlessMissing(lstat(join(place, '.git')))) === undefined) return undefined;
  const options = { cwd: place, signal };
  const status = ['status', '--porcelain', '--untracked-files=normal', '--ignore-submodules=none'];
  if ((await git.run(status, options)) !== '') return 'uncommitted changes';
  const known =
    (await git.attempt(['cat-file', '-e', `${pinned}^{commit}`], options)).code === 0 ? [pinned] : [];
  // All refs: a stash, too, would go.
  const own = ['rev-list', '--max-count=1', '--all', '--not', '--remotes', ...known, '--'];
  if ((await git.run(own, options)) !== '') return 'commits that are on no remote';
  const nested = await git.run(['ls-files', '--stage', '-z'], options);
  for (const line of nested.split('\0')) {
    if (!line.startsWith('160000 ')) continue;
    const name = line.slice(line.indexOf('\t') + 1);
    const what = await insideSubmodule(git, place, name, line.split(' ')[1] ?? '', signal);
    if (what !== undefined) return `${what} in ${name}`;
  }
  return undefined;
}
