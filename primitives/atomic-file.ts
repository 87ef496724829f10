/**
 * Replaces files so that every reader, and a crash at any moment, finds the old content or the new one.
 *
 * The new content goes to a temporary file beside the target, to the disk, and then by rename to its place. On any
 * failure the temporary file is removed and the target is as it was. Links are followed, so a link stays a link.
 */
import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import { lstat, mkdir, open, readlink, realpath, rename, stat, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { errnoOf, unlessMissing } from '../system/errno.js';
import { refusal } from './file-errors.js';

/** As in the kernel: more links in a row are a loop. */
const MAX_LINKS = 40;

/**
 * Writes `content` to `path`, and makes its parent folders. An existing file keeps its mode and, where the process may
 * do that, its owner; a new one gets `newMode`. Hard links to the old file keep the old content.
 */
export async function writeAtomic(path: string, content: Uint8Array, newMode = 0o666): Promise<void> {
  await replaceFile(path, 'write', async (temporary, old) => {
    const file = await open(temporary, 'wx', newMode);
    try {
      await file.writeFile(content);
      if (old !== undefined) {
        if (old.uid !== process.getuid?.() || old.gid !== process.getgid?.()) {
          // Only root may give files away; for others the new file is theirs, as with any editor.
          await file.chown(old.uid, old.gid).catch(() => undefined);
        }
        await file.chmod(old.mode & 0o7777);
      }
      await file.sync();
    } finally {
      await file.close();
    }
  });
}

/**
 * Lets `fill` make the new file at a temporary path, then moves it to `path`. `old` is what it will replace.
 * Throws what the system throws, and HubError fs.is_dir or fs.not_file for a target that is no regular file.
 */
export async function replaceFile(
  path: string,
  doing: string,
  fill: (temporary: string, old: Stats | undefined) => Promise<void>,
): Promise<void> {
  const target = await writeTarget(path);
  const old = await unlessMissing(stat(target));
  if (old?.isDirectory()) throw refusal('fs.is_dir', doing, path, 'it is a folder');
  if (old !== undefined && !old.isFile())
    throw refusal('fs.not_file', doing, path, 'it is not a regular file');
  const folder = dirname(target);
  await makeParents(target);
  const temporary = join(folder, temporaryName());
  try {
    await fill(temporary, old);
    await rename(temporary, target);
  } catch (thrown) {
    await unlink(temporary).catch(() => undefined);
    throw thrown;
  }
  await syncFolder(folder);
}

/** Makes the folders above a file. Throws HubError fs.not_dir if one of them is something else. */
export async function makeParents(path: string): Promise<void> {
  const folder = dirname(path);
  try {
    await makeFolder(folder);
  } catch (thrown) {
    // What is in the way is what the path takes for a folder.
    if (errnoOf(thrown) === 'EEXIST') throw refusal('fs.not_dir', 'use', folder, 'it is not a folder');
    throw thrown;
  }
}

/**
 * Makes a folder and those above it; false if it is there already. Not mkdir's own `recursive`, which says "no such
 * file" of a read-only disk, and never ends where a link leads nowhere.
 */
export async function makeFolder(path: string, mode = 0o777): Promise<boolean> {
  try {
    await mkdir(path, mode).catch(async (thrown: unknown) => {
      const parent = dirname(path);
      if (errnoOf(thrown) !== 'ENOENT' || parent === path) throw thrown;
      await makeFolder(parent, mode);
      await mkdir(path, mode);
    });
    return true;
  } catch (thrown) {
    const there = await unlessMissing(stat(path));
    if (there?.isDirectory()) return false;
    throw thrown;
  }
}

/** A name that no other file has, recognisable if a crash leaves it behind. */
export function temporaryName(): string {
  return `.${randomBytes(8).toString('hex')}.botster-tmp`;
}

/** The file that a write to `path` changes: the end of the links, even if nothing is there yet. */
async function writeTarget(path: string): Promise<string> {
  let target = path;
  for (let links = 0; links <= MAX_LINKS; links++) {
    const real = await unlessMissing(realpath(target));
    if (real !== undefined) return real;
    const info = await unlessMissing(lstat(target));
    if (!info?.isSymbolicLink()) return target;
    target = resolve(await realpath(dirname(target)), await readlink(target));
  }
  throw refusal('fs.bad_path', 'write', path, 'too many links, or a loop of them');
}

/** Makes the rename itself outlive a power cut. Not every file system can; the content is safe in any case. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}
