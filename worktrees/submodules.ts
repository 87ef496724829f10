/**
 * Fills the submodules of a new worktree.
 *
 * Git keeps the submodules of each worktree apart, and would fetch them all again. What the main working tree has of
 * them is lent for the time of cloning, then copied: the network carries only what is new, and a submodule does not
 * break when the other one is removed. A submodule that cannot be had is a warning.
 */
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isHubError, messageOf } from '../base/errors.js';
import { unlessMissing } from '../system/errno.js';
import type { Git } from './git.js';
import type { Repo } from './list.js';
import type { ProgressMeter } from './progress.js';

/** Submodules of submodules of ... are a mistake or a loop. */
const MAX_DEPTH = 8;

export interface SubmoduleOptions {
  readonly progress: ProgressMeter;
  readonly signal?: AbortSignal | undefined;
}

interface Submodule {
  readonly name: string;
  readonly path: string;
}

/** Answers with one warning for each that failed. Errors: git.cancelled, git.missing. */
export async function initSubmodules(repo: Repo, path: string, options: SubmoduleOptions): Promise<string[]> {
  if ((await unlessMissing(stat(join(path, '.gitmodules')))) === undefined) return [];
  const common = await repo.git.run(['rev-parse', '--git-common-dir'], { cwd: path });
  const filling = new Filling(repo.git, options);
  await filling.fill(path, '', resolve(path, common.trim()), 0);
  return filling.warnings;
}

class Filling {
  readonly warnings: string[] = [];
  readonly #git: Git;
  readonly #options: SubmoduleOptions;
  #done = 0;
  #total = 0;

  constructor(git: Git, options: SubmoduleOptions) {
    this.#git = git;
    this.#options = options;
  }

  /** Fills the submodules of the tree at `path`. `lender`: the git folder whose `modules/` may have them already. */
  async fill(path: string, shown: string, lender: string, depth: number): Promise<void> {
    const { signal, progress } = this.#options;
    let submodules: Submodule[];
    try {
      // Only those that the user's configuration wants.
      await this.#git.runLocking(['submodule', 'init'], { cwd: path, signal });
      submodules = await wantedSubmodules(this.#git, path, signal);
    } catch (thrown) {
      this.#warn(shown, thrown);
      return;
    }
    this.#total += submodules.length;
    progress.report('submodules', this.#done, this.#total);
    for (const { name, path: below } of submodules) {
      const [place, label, reference] = [
        join(path, below),
        join(shown, below),
        join(lender, 'modules', name),
      ];
      try {
        await this.#update(path, below, reference);
        const hasMore = (await unlessMissing(stat(join(place, '.gitmodules')))) !== undefined;
        if (hasMore && depth < MAX_DEPTH) await this.fill(place, label, reference, depth + 1);
      } catch (thrown) {
        this.#warn(label, thrown);
      }
      this.#done++;
      progress.report('submodules', this.#done, this.#total);
    }
  }

  async #update(path: string, below: string, reference: string): Promise<void> {
    const { signal } = this.#options;
    const lends = (await unlessMissing(stat(join(reference, 'objects')))) !== undefined;
    const lent = lends ? ['--reference', reference, '--dissociate'] : [];
    const args = ['submodule', '--quiet', 'update', ...lent, '--', below];
    await this.#git.runLocking(args, { cwd: path, signal });
  }

  /** Notes what went wrong with one of them, unless nothing can go on. */
  #warn(shown: string, thrown: unknown): void {
    if (!isHubError(thrown) || thrown.code === 'git.cancelled' || thrown.code === 'git.missing') throw thrown;
    const what = shown === '' ? 'the submodules' : `the submodule ${shown}`;
    this.warnings.push(`${what} could not be filled: ${messageOf(thrown)}`);
  }
}

/** The submodules of a tree that have been initialised and are part of what is checked out. */
async function wantedSubmodules(
  git: Git,
  path: string,
  signal: AbortSignal | undefined,
): Promise<Submodule[]> {
  const options = { cwd: path, signal };
  const inFile = await config(git, ['-f', '.gitmodules', '--get-regexp', '^submodule\\..*\\.path$'], options);
  const initialised = await config(git, ['--get-regexp', '^submodule\\..*\\.url$'], options);
  const names = new Set(initialised.map(([key]) => key.slice('submodule.'.length, -'.url'.length)));
  const listed = inFile
    .map(([key, value]) => ({ name: key.slice('submodule.'.length, -'.path'.length), path: value }))
    .filter(({ name }) => names.has(name) && !name.split('/').includes('..'));
  if (listed.length === 0) return [];
  const specs = listed.map((one) => `:(top,literal)${one.path}`);
  const index = await git.run(['ls-files', '--stage', '-z', '--', ...specs], options);
  const links = new Set(
    index
      .split('\0')
      .filter((line) => line.startsWith('160000 '))
      .map((line) => line.slice(line.indexOf('\t') + 1)),
  );
  return listed.filter((one) => links.has(one.path));
}

async function config(
  git: Git,
  args: readonly string[],
  options: { readonly cwd: string; readonly signal: AbortSignal | undefined },
): Promise<[key: string, value: string][]> {
  // Exit code 1: there is none.
  const { stdout } = await git.attempt(['config', '--null', ...args], options);
  return stdout
    .toString()
    .split('\0')
    .filter(Boolean)
    .map((entry) => {
      const end = entry.indexOf('\n');
      return [entry.slice(0, end), entry.slice(end + 1)];
    });
}
