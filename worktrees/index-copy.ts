/**
 * A copy of a worktree's index to work on: git's own is never touched, and nothing in the copy hides a change.
 *
 * Files can be marked "assume unchanged" and "skip worktree", which makes git blind for what is done to them. In the
 * copy the marks are gone, except those of a sparse checkout, whose files are not there.
 */
import { randomBytes } from 'node:crypto';
import { copyFile, lstat, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { unlessMissing } from '../system/errno.js';
import type { Git } from './git.js';

/** File calls at a time: as many as Node's thread pool, twice. */
const PARALLEL = 8;

export interface IndexCopy {
  /** For git: work on the copy. */
  readonly env: Readonly<Record<string, string>>;
  /** Paths of submodules and other repositories inside, with the commit each should be at. */
  readonly links: ReadonlyMap<string, string>;
  remove(): Promise<void>;
}

export interface IndexPlace {
  readonly git: Git;
  /** The working tree. */
  readonly path: string;
  /** Its private git folder, where the index is. */
  readonly gitFolder: string;
  readonly signal?: AbortSignal | undefined;
}

/** Errors: those of git and of the file system. */
export async function copyIndex(place: IndexPlace): Promise<IndexCopy> {
  // Beside the original: a split index names its other half relative to itself.
  const file = join(place.gitFolder, `botster-index-${randomBytes(6).toString('hex')}`);
  const remove = async (): Promise<void> => {
    await rm(file, { force: true });
    await rm(`${file}.lock`, { force: true });
  };
  try {
    await copyWithTime(join(place.gitFolder, 'index'), file);
    const env = { GIT_INDEX_FILE: file };
    const entries = await readEntries(place, env);
    const { assumed, skipped } = entries;
    const sparse = skipped.length > 0 && (await isSparse(place));
    await clear(place, env, '--no-assume-unchanged', assumed);
    await clear(place, env, '--no-skip-worktree', sparse ? [] : await present(place.path, skipped));
    return { env, links: entries.links, remove };
  } catch (thrown) {
    await remove();
    throw thrown;
  }
}

/**
 * The copy is as old as the original, in whole seconds: a file as young as its index is read through by git, since its
 * size and times do not tell whether it changed once more after git had looked at it (git's "racy git" page). With a
 * young copy git would trust them.
 */
async function copyWithTime(index: string, copy: string): Promise<void> {
  const original = await unlessMissing(stat(index));
  if (original === undefined) return;
  const timeS = Math.floor(original.mtimeMs / 1000);
  await copyFile(index, copy);
  await utimes(copy, timeS, timeS);
}

interface Entries {
  readonly links: Map<string, string>;
  readonly assumed: string[];
  readonly skipped: string[];
}

async function readEntries({ git, path, signal }: IndexPlace, env: Record<string, string>): Promise<Entries> {
  const entries: Entries = { links: new Map(), assumed: [], skipped: [] };
  const output = await git.bytes(['ls-files', '-v', '--stage', '-z'], { cwd: path, signal, env });
  // Bytes as characters: names need not be text.
  for (const line of output.toString('latin1').split('\0')) {
    // `H 100644 <object> 0<tab>name`; the letter is small if assumed unchanged, S if skipped.
    const name = line.slice(line.indexOf('\t') + 1);
    const tag = line[0] ?? '';
    if (/[a-z]/.test(tag)) entries.assumed.push(name);
    if (/s/i.test(tag)) entries.skipped.push(name);
    if (line.startsWith('160000 ', 2))
      entries.links.set(Buffer.from(name, 'latin1').toString(), line.split(' ')[2] ?? '');
  }
  return entries;
}

async function isSparse({ git, path, signal }: IndexPlace): Promise<boolean> {
  const { stdout } = await git.attempt(['config', '--bool', 'core.sparseCheckout'], { cwd: path, signal });
  return stdout.toString().trim() === 'true';
}

async function clear(
  { git, path, signal }: IndexPlace,
  env: Record<string, string>,
  flag: string,
  names: readonly string[],
): Promise<void> {
  if (names.length === 0) return;
  const input = Buffer.from(names.map((name) => `${name}\0`).join(''), 'latin1');
  await git.run(['update-index', flag, '-z', '--stdin'], { cwd: path, signal, env, input });
}

/** Those that are there. */
async function present(path: string, names: readonly string[]): Promise<string[]> {
  const there: string[] = [];
  for (let from = 0; from < names.length; from += PARALLEL) {
    const some = names.slice(from, from + PARALLEL);
    const stats = await Promise.all(
      some.map((name) =>
        unlessMissing(lstat(Buffer.from(`${Buffer.from(path).toString('latin1')}/${name}`, 'latin1'))),
      ),
    );
    there.push(...some.filter((_, i) => stats[i] !== undefined));
  }
  return there;
}
