/**
 * The behaviour of `fs`: each function as a job in the queue of its paths, each failure as one of the codes it declares.
 *
 * The loop never waits for a disk: everything here is asynchronous, and what comes back is bounded.
 */
import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import type { HubError } from '../../base/errors.js';
import { unlessMissing } from '../../system/errno.js';
import { makeFolder, makeParents, writeAtomic } from '../atomic-file.js';
import { type FunctionsFor, implement } from '../define.js';
import { fileFailure, refusal } from '../file-errors.js';
import { absolutePath } from '../paths.js';
import { copy, move } from './copy.js';
import { fsDef } from './fs.def.js';
import { JobQueue } from './job-queue.js';
import { fileInfo, listNames, readBytes } from './read.js';
import { removeFile, removeFolder, removeTree } from './remove.js';
import { resolveSafe } from './resolve-safe.js';

/**
 * Eight jobs keep a disk busy and hold at most 128 MiB; ten thousand waiting ones are a plugin that does not look at
 * its answers.
 */
const JOB_LIMITS = { maxRunning: 8, maxWaiting: 10_000 };

type Functions = (typeof fsDef)['functions'];
type CodeOf<N extends keyof Functions> = keyof Functions[N]['errors'] & string;

export const fs = implement(fsDef, (hub) => {
  const jobs = new JobQueue(JOB_LIMITS);
  const { repoRoot, dataDir } = hub.identity;
  const absolute = (path: string): string => absolutePath(path, repoRoot);
  const protectedPaths = [repoRoot, `${repoRoot}/.git`, dataDir, homedir()];

  function engine(): FunctionsFor<typeof fsDef> {
    const queue = jobs.owner();

    /** Runs the job of a function; what it throws comes back as one of the function's codes. */
    async function run<const N extends keyof Functions, T>(
      name: N,
      doing: string,
      paths: readonly [string, ...string[]],
      job: () => Promise<T>,
    ): Promise<T | HubError<CodeOf<N>>> {
      try {
        // The same file by two ways of writing its path keeps its order.
        return await queue(
          paths.map((path) => resolve(path)),
          job,
        );
      } catch (thrown) {
        const failure = fileFailure(thrown, doing, paths[0]);
        if (failure.code in fsDef.functions[name].errors) return failure as HubError<CodeOf<N>>;
        // A code the page does not promise for this function.
        return refusal('fs.io', doing, paths[0], failure.message);
      }
    }

    return {
      read: (given) => {
        const path = absolute(given);
        return run('read', 'read', [path], () => readBytes(path));
      },
      read_bytes: (given, offset, length) => {
        const path = absolute(given);
        return run('read_bytes', 'read', [path], () => readBytes(path, offset, length));
      },
      write: (given, content) => {
        const path = absolute(given);
        return run('write', 'write', [path], () => writeAtomic(path, content));
      },
      append: (given, content) => {
        const path = absolute(given);
        return run('append', 'append to', [path], () => append(path, content));
      },
      exists: (given) => {
        const path = absolute(given);
        return run('exists', 'look for', [path], async () => (await unlessMissing(stat(path))) !== undefined);
      },
      is_dir: (given) => {
        const path = absolute(given);
        const look = async () => (await unlessMissing(stat(path)))?.isDirectory() === true;
        return run('is_dir', 'look for', [path], look);
      },
      listdir: (given) => {
        const path = absolute(given);
        return run('listdir', 'list', [path], () => listNames(path));
      },
      stat: (given) => {
        const path = absolute(given);
        return run('stat', 'look at', [path], () => fileInfo(path));
      },
      mkdir: (given) => {
        const path = absolute(given);
        return run('mkdir', 'make the folder', [path], async () => void (await makeFolder(path)));
      },
      rmdir: (given, options) => {
        const path = absolute(given);
        const remove = () =>
          options?.recursive === true ? removeTree(path, protectedPaths) : removeFolder(path);
        return run('rmdir', 'remove', [path], remove);
      },
      delete: (given) => {
        const path = absolute(given);
        return run('delete', 'delete', [path], () => removeFile(path));
      },
      copy: (givenFrom, givenTo) => {
        const [from, to] = [absolute(givenFrom), absolute(givenTo)];
        return run('copy', `copy to ${to}:`, [from, to], () => copy(from, to));
      },
      rename: (givenFrom, givenTo) => {
        const [from, to] = [absolute(givenFrom), absolute(givenTo)];
        return run('rename', `rename to ${to}:`, [from, to], () => move(from, to));
      },
      resolve_safe: (givenRoot, relative) => {
        const root = absolute(givenRoot);
        return run('resolve_safe', 'look at', [root], () => resolveSafe(root, relative));
      },
    };
  }

  return { engine, handlers: {} };
});

async function append(path: string, content: Uint8Array): Promise<void> {
  await makeParents(path);
  // Not blocking: opening a pipe that nobody reads would wait for ever.
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;
  const file = await open(path, flags, 0o666);
  try {
    if (!(await file.stat()).isFile())
      throw refusal('fs.not_file', 'append to', path, 'it is not a regular file');
    await file.writeFile(content);
  } finally {
    await file.close();
  }
}
