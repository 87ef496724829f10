/**
 * Removes files and folders. A folder with content goes only when the caller says `recursive`, and the folders that
 * everything depends on do not go at all.
 */
import { lstat, realpath, rm, rmdir, unlink } from 'node:fs/promises';
import { unlessMissing } from '../../system/errno.js';
import { refusal } from '../file-errors.js';
import { isWithin } from '../paths.js';

/** Removes a file, or a link (never what it leads to). */
export async function removeFile(path: string): Promise<void> {
  const info = await lstat(path);
  if (info.isDirectory()) throw refusal('fs.is_dir', 'delete', path, 'it is a folder; see fs.rmdir');
  await unlink(path);
}

/** Removes an empty folder. */
export async function removeFolder(path: string): Promise<void> {
  await refuseNonFolder(path);
  await rmdir(path);
}

/** Removes a folder with all it contains, unless it contains, or is, one of `protectedPaths`. Links are not followed. */
export async function removeTree(path: string, protectedPaths: readonly string[]): Promise<void> {
  await refuseNonFolder(path);
  const real = await realpath(path);
  for (const kept of protectedPaths) {
    const realKept = await unlessMissing(realpath(kept));
    if (realKept !== undefined && isWithin(realKept, real)) {
      throw refusal('fs.protected', 'remove', path, `it ${real === realKept ? 'is' : 'contains'} ${kept}`, {
        kept,
      });
    }
  }
  await rm(real, { recursive: true });
}

async function refuseNonFolder(path: string): Promise<void> {
  const info = await lstat(path);
  if (info.isSymbolicLink()) throw refusal('fs.not_dir', 'remove', path, 'it is a link; see fs.delete');
  if (!info.isDirectory()) throw refusal('fs.not_dir', 'remove', path, 'it is not a folder');
}
