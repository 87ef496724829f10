/**
 * Copies files that git does not have from one working tree to another: `.env`, local settings, and what else the
 * patterns of a file choose.
 *
 * Keeps true: nothing in the target is overwritten; links are copied as links and lead neither the reading nor the
 * writing out of the two folders; `.git` is never copied; what git ignores as a whole folder is not walked unless a
 * pattern names it. Git lists the candidates, in one process.
 */
import { constants } from 'node:fs';
import { copyFile, lstat, mkdir, open, opendir, readlink, realpath, symlink } from 'node:fs/promises';
import { sep } from 'node:path';
import { fail, type HubError, messageOf } from '../base/errors.js';
import { errnoOf, unlessMissing } from '../system/errno.js';
import { CopyPatterns } from './copy-patterns.js';
import type { Git } from './git.js';
import { noRepo } from './list.js';

/** As many as keep a disk busy: Node's thread pool has four threads. */
const PARALLEL = 8;
/** More is no set of local settings but a mistake in a pattern. */
const MAX_FILES = 100_000;
const MAX_PATTERN_BYTES = 1024 * 1024;
/** Names as they are, bytes as characters. */
const BYTES = { encoding: 'latin1', bufferSize: 256 } as const;

export interface CopyOptions {
  readonly git: Git;
  /** A working tree, or a folder in one. */
  readonly from: string;
  readonly to: string;
  /** The file with the patterns. */
  readonly patternsFile: string;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Answers with how many files were copied.
 * Errors: worktree.no_patterns, worktree.bad_path, worktree.no_repo, worktree.copy_failed, and those of git.
 */
export async function copyFromPatterns(options: CopyOptions): Promise<number> {
  const { git, patternsFile, signal, onProgress } = options;
  const [from, to] = await Promise.all([folderAt(options.from), folderAt(options.to)]);
  const text = await readPatterns(patternsFile);
  const ignoreCase = await git.attempt(['config', '--bool', 'core.ignoreCase'], { cwd: from, signal });
  const patterns = new CopyPatterns(text, { ignoreCase: ignoreCase.stdout.toString().trim() === 'true' });
  const files = await chosenFiles(git, { from, to, patterns, signal });

  const target = new Target(from, to);
  let [copied, done] = [0, 0];
  onProgress?.(0, files.length);
  const queue = files.values();
  const worker = async (): Promise<void> => {
    for (const file of queue) {
      if (signal?.aborted === true) throw fail('git.cancelled', 'it was cancelled');
      if (await target.copy(file)) copied++;
      onProgress?.(++done, files.length);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  return copied;
}

async function folderAt(path: string): Promise<string> {
  const real = await unlessMissing(realpath(path));
  if (real !== undefined && (await lstat(real)).isDirectory()) return real;
  throw fail('worktree.bad_path', `there is no folder ${path}`, { path });
}

/** Bytes as characters. */
async function readPatterns(path: string): Promise<string> {
  try {
    // Not blocking: opening a pipe that nobody writes would wait for ever.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stat = await file.stat();
      if (!stat.isFile()) throw noPatterns(path, 'it is not a file');
      if (stat.size > MAX_PATTERN_BYTES)
        throw noPatterns(path, `it is larger than ${MAX_PATTERN_BYTES} bytes`);
      return (await file.readFile()).toString('latin1');
    } finally {
      await file.close();
    }
  } catch (thrown) {
    const errno = errnoOf(thrown);
    if (errno === undefined) throw thrown;
    throw noPatterns(path, errno === 'ENOENT' ? 'there is no such file' : errno);
  }
}

function noPatterns(path: string, why: string): HubError<'worktree.no_patterns'> {
  return fail('worktree.no_patterns', `cannot read the patterns in ${path}: ${why}`, { path });
}

interface Choosing {
  readonly from: string;
  readonly to: string;
  readonly patterns: CopyPatterns;
  readonly signal?: AbortSignal | undefined;
}

/** Paths below `from`, bytes as characters. */
async function chosenFiles(git: Git, choosing: Choosing): Promise<string[]> {
  const { from, to, patterns, signal } = choosing;
  const options = { cwd: from, signal };
  const { code, stdout, stderr } = await git.attempt(['rev-parse', '--show-prefix'], options);
  if (code !== 0 || /must be run in a work tree/.test(stderr)) throw noRepo(from);
  const prefix = stdout.toString('latin1').replace(/\n$/, '');
  const args = ['--porcelain', '-z', '--no-renames', '--untracked-files=all', '--ignored=matching'];
  const status = await git.bytes(['status', ...args, '--ignore-submodules=all', '--', '.'], {
    ...options,
    // Reading must not get in the way of somebody's commit.
    env: { GIT_OPTIONAL_LOCKS: '0' },
  });
  const within = to.startsWith(from + sep) ? latin1(to.slice(from.length + 1)) : undefined;
  const chosen = new Chosen(from, patterns, within);
  for (const line of status.toString('latin1').split('\0')) {
    if (!line.startsWith('?? ') && !line.startsWith('!! ')) continue;
    const path = line.slice(3);
    if (!path.startsWith(prefix)) continue;
    const below = path.slice(prefix.length);
    if (below.endsWith('/')) await chosen.reachInto(below.slice(0, -1));
    else chosen.consider(below);
  }
  return chosen.files;
}

/** The files chosen so far, and walking where patterns reach into a folder. */
class Chosen {
  readonly files: string[] = [];
  readonly #from: string;
  readonly #patterns: CopyPatterns;
  /** The target, where it is inside of the source. */
  readonly #within: string | undefined;

  constructor(from: string, patterns: CopyPatterns, within: string | undefined) {
    this.#from = from;
    this.#patterns = patterns;
    this.#within = within;
  }

  consider(path: string): void {
    if (path === '' || this.#isLeftOut(path) || !this.#patterns.matches(path)) return;
    if (this.files.length >= MAX_FILES) {
      throw fail('worktree.copy_failed', `the patterns choose more than ${MAX_FILES} files`, {});
    }
    this.files.push(path);
  }

  /** Looks into a folder as far as patterns name what is in it. */
  async reachInto(folder: string): Promise<void> {
    if (folder === '' || this.#isLeftOut(folder)) return;
    const { all, level, names } = this.#patterns.reachInto(folder);
    if (all) await this.#walk(folder);
    else if (level) await this.#enter(folder, await this.#namesIn(folder));
    else await this.#enter(folder, names);
  }

  async #enter(folder: string, names: readonly string[]): Promise<void> {
    for (const name of new Set(names)) {
      const path = `${folder}/${name}`;
      const stat = await unlessMissing(lstat(bytesOf(this.#from, path)));
      if (stat === undefined) continue;
      if (stat.isDirectory()) await this.reachInto(path);
      else this.consider(path);
    }
  }

  async #walk(folder: string): Promise<void> {
    if (this.#isLeftOut(folder)) return;
    const entries = await unlessMissing(opendir(bytesOf(this.#from, folder), BYTES));
    if (entries === undefined) return;
    for await (const entry of entries) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) await this.#walk(path);
      else this.consider(path);
    }
  }

  async #namesIn(folder: string): Promise<string[]> {
    const names: string[] = [];
    const entries = await unlessMissing(opendir(bytesOf(this.#from, folder), BYTES));
    if (entries === undefined) return names;
    for await (const entry of entries) names.push(entry.name);
    return names;
  }

  #isLeftOut(path: string): boolean {
    if (path.split('/').some((name) => name.toLowerCase() === '.git')) return true;
    return this.#within !== undefined && (path === this.#within || path.startsWith(`${this.#within}/`));
  }
}

/** Where the files go. */
class Target {
  readonly #from: string;
  readonly #to: string;
  /** Folders that were looked at: whether they can be written to. */
  readonly #folders = new Map<string, Promise<boolean>>();

  constructor(from: string, to: string) {
    this.#from = from;
    this.#to = to;
  }

  /** False: something is there already or in the way, the file is gone, or it is no file. */
  async copy(path: string): Promise<boolean> {
    const [source, target] = [bytesOf(this.#from, path), bytesOf(this.#to, path)];
    try {
      const stat = await unlessMissing(lstat(source));
      if (stat === undefined || !(stat.isFile() || stat.isSymbolicLink())) return false;
      if (!(await this.#folder(path.split('/').slice(0, -1)))) return false;
      if (stat.isSymbolicLink()) await symlink(await readlink(source, 'buffer'), target);
      else await copyFile(source, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
      return true;
    } catch (thrown) {
      const errno = errnoOf(thrown);
      if (errno === 'EEXIST' || errno === 'ENOENT') return false;
      if (errno === undefined) throw thrown;
      const shown = Buffer.from(path, 'latin1').toString();
      throw fail('worktree.copy_failed', `cannot copy ${shown} to ${this.#to}: ${messageOf(thrown)}`, {
        path: shown,
        errno,
      });
    }
  }

  /** Makes a folder with the mode of the original. False: a link or a file is in the way. */
  #folder(names: readonly string[]): Promise<boolean> {
    if (names.length === 0) return Promise.resolve(true);
    const path = names.join('/');
    const known = this.#folders.get(path);
    if (known !== undefined) return known;
    const made = this.#makeFolder(names, path);
    this.#folders.set(path, made);
    return made;
  }

  async #makeFolder(names: readonly string[], path: string): Promise<boolean> {
    if (!(await this.#folder(names.slice(0, -1)))) return false;
    const target = bytesOf(this.#to, path);
    try {
      const { mode } = await lstat(bytesOf(this.#from, path));
      // Files go into it.
      await mkdir(target, { mode: (mode & 0o777) | 0o700 });
      return true;
    } catch (thrown) {
      if (errnoOf(thrown) !== 'EEXIST') throw thrown;
      // Not through a link: it may lead anywhere.
      return (await lstat(target)).isDirectory();
    }
  }
}

function bytesOf(folder: string, path: string): Buffer {
  return Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(path, 'latin1')]);
}

function latin1(text: string): string {
  return Buffer.from(text).toString('latin1');
}
