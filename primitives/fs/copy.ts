/**
 * Copies and moves files and folders. A file appears at its new place whole or not at all; a folder file by file.
 *
 * Inside a folder links are copied as links, and what is neither file, folder nor link (sockets, pipes, devices) is
 * left out: it has no content. Names are bytes, so that a name that is no UTF-8 survives.
 */
import { constants, type Stats } from 'node:fs';
import {
  chmod,
  copyFile,
  lstat,
  mkdir,
  readdir,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  unlink,
  utimes,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errnoOf, unlessMissing } from '../../system/errno.js';
import { makeFolder, makeParents, replaceFile, temporaryName } from '../atomic-file.js';
import { refusal } from '../file-errors.js';
import { isWithin } from '../paths.js';

/** The target is a fresh temporary name; blocks are shared where the file system can. */
const COPY_FLAGS = constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE;

/** Copies what `from` leads to. Parent folders of `to` are made; a folder is merged into an existing one. */
export async function copy(from: string, to: string): Promise<void> {
  const info = await stat(from);
  if (info.isFile()) return await copyOneFile(from, to);
  if (!info.isDirectory()) throw refusal('fs.not_file', 'copy', from, 'it is neither a file nor a folder');
  if (isWithin(await realTarget(to), await realpath(from))) {
    throw refusal('fs.bad_path', 'copy', from, `${to} is inside it`);
  }
  const made = await makeFolder(to);
  await copyTree(Buffer.from(from), Buffer.from(to), false);
  if (made) await chmod(to, info.mode & 0o7777);
}

/** Renames, and where the two places are on different devices copies and deletes. Never follows a link at `from`. */
export async function move(from: string, to: string): Promise<void> {
  const info = await lstat(from);
  await makeParents(to);
  try {
    await rename(from, to);
  } catch (thrown) {
    if (errnoOf(thrown) !== 'EXDEV') throw thrown;
    await moveAcross(from, to, info);
  }
}

async function moveAcross(from: string, to: string, info: Stats): Promise<void> {
  // Beside the target, so that the last step is a rename again: the target is replaced at once or not at all.
  const temporary = join(dirname(to), temporaryName());
  try {
    if (info.isDirectory()) {
      await mkdir(temporary);
      await copyTree(Buffer.from(from), Buffer.from(temporary), true);
      await keep(temporary, info);
    } else if (info.isSymbolicLink()) {
      await symlink(await readlink(from, 'buffer'), temporary);
    } else if (info.isFile()) {
      await copyFile(from, temporary, COPY_FLAGS);
      await keep(temporary, info);
    } else {
      throw refusal('fs.not_file', 'move', from, 'it can only be moved on its own device');
    }
    await rename(temporary, to);
  } catch (thrown) {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
    throw thrown;
  }
  if (info.isDirectory()) await rm(from, { recursive: true });
  else await unlink(from);
}

async function copyOneFile(from: string, to: string): Promise<void> {
  // Onto itself there is nothing to do, and a half-way failure would be pointless.
  if ((await unlessMissing(realpath(to))) === (await realpath(from))) return;
  await replaceFile(to, 'copy to', (temporary) => copyFile(from, temporary, COPY_FLAGS));
}

/**
 * Copies the entries of `from` into the existing folder `to`. A move is all or nothing and keeps times; a copy leaves
 * out what has no content.
 */
async function copyTree(from: Buffer, to: Buffer, isMove: boolean): Promise<void> {
  for (const name of await readdir(from, { encoding: 'buffer' })) {
    const source = below(from, name);
    const target = below(to, name);
    const entry = await lstat(source);
    if (entry.isDirectory()) {
      const made = await makeEntry(target);
      await copyTree(source, target, isMove);
      // Last: a folder without write permission could not be filled.
      if (isMove) await keep(target, entry);
      else if (made) await chmod(target, entry.mode & 0o7777);
    } else if (entry.isSymbolicLink()) {
      const text = await readlink(source, 'buffer');
      await replaceWith(to, target, (temporary) => symlink(text, temporary));
    } else if (entry.isFile()) {
      await replaceWith(to, target, async (temporary) => {
        await copyFile(source, temporary, COPY_FLAGS);
        if (isMove) await keep(temporary, entry);
      });
    } else if (isMove) {
      throw refusal('fs.not_file', 'move', String(source), 'it can only be moved on its own device');
    }
  }
}

/** Gives a copy the mode and the time of last change of the original. */
async function keep(path: string | Buffer, info: Stats): Promise<void> {
  await chmod(path, info.mode & 0o7777);
  await utimes(path, info.atime, info.mtime);
}

async function replaceWith(
  folder: Buffer,
  target: Buffer,
  make: (temporary: Buffer) => Promise<void>,
): Promise<void> {
  const temporary = below(folder, Buffer.from(temporaryName()));
  try {
    await make(temporary);
    await rename(temporary, target);
  } catch (thrown) {
    await unlink(temporary).catch(() => undefined);
    throw thrown;
  }
}

function below(folder: Buffer, name: Buffer): Buffer {
  return Buffer.concat([folder, Buffer.from('/'), name]);
}

/** False if a folder (not a link to one) is there already. */
async function makeEntry(path: Buffer): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (thrown) {
    if (errnoOf(thrown) !== 'EEXIST') throw thrown;
    if ((await lstat(path)).isDirectory()) return false;
    throw refusal('fs.exists', 'copy a folder to', String(path), 'it exists and is not a folder');
  }
}

/** The real path of what may not exist yet. */
async function realTarget(path: string): Promise<string> {
  const real = await unlessMissing(realpath(path));
  const parent = dirname(path);
  if (real !== undefined || parent === path) return real ?? path;
  return join(await realTarget(parent), path.slice(parent.length));
}
