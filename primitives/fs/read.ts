/**
 * Reads files and folders, bounded: what comes back goes into a plugin's memory. A pipe or a device is refused, since
 * reading one can wait for ever and would hold a thread of the process.
 */
import { constants, type Dir, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, opendir, stat } from 'node:fs/promises';
import { unlessMissing } from '../../system/errno.js';
import { refusal } from '../file-errors.js';

const MAX_READ_BYTES = 16 * 1024 * 1024;
/** More names than this in one folder are no list for a script. */
const MAX_NAMES = 100_000;

/** What to ask for a file whose size says nothing (those below /proc have size 0). */
const FIRST_READ_BYTES = 64 * 1024;

/** The bytes of a file from `offset`, at most `length`. Without `length` a larger rest than MAX_READ_BYTES is refused. */
export async function readBytes(path: string, offset = 0, length?: number): Promise<Uint8Array> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const info = await file.stat();
    if (info.isDirectory()) throw refusal('fs.is_dir', 'read', path, 'it is a folder');
    if (!info.isFile()) throw refusal('fs.not_file', 'read', path, 'it is not a regular file');
    const limit = length ?? MAX_READ_BYTES;
    if (length === undefined && info.size - offset > MAX_READ_BYTES) throw tooLarge(path, info.size);
    const bytes = await readUpTo(
      file,
      offset,
      limit + (length === undefined ? 1 : 0),
      info.size - offset + 1,
    );
    if (bytes.byteLength > limit) throw tooLarge(path, bytes.byteLength);
    return bytes;
  } finally {
    await file.close();
  }
}

/** `expected` is a guess: the file may grow meanwhile. */
async function readUpTo(
  file: FileHandle,
  offset: number,
  maxBytes: number,
  expected: number,
): Promise<Uint8Array> {
  let buffer = Buffer.allocUnsafe(Math.min(maxBytes, Math.max(expected, FIRST_READ_BYTES)));
  let used = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, used, buffer.byteLength - used, offset + used);
    used += bytesRead;
    if (bytesRead === 0 || used === maxBytes) return buffer.subarray(0, used);
    if (used === buffer.byteLength) {
      const larger = Buffer.allocUnsafe(Math.min(maxBytes, buffer.byteLength * 2));
      buffer.copy(larger);
      buffer = larger;
    }
  }
}

function tooLarge(path: string, size: number) {
  const why = `it is larger than ${MAX_READ_BYTES} bytes; fs.read_bytes reads a part`;
  return refusal('fs.too_large', 'read', path, why, { size });
}

/** The names in a folder, byte for byte, in byte order. Throws HubError fs.too_large for more than `limit`. */
export async function listNames(path: string, limit = MAX_NAMES): Promise<Uint8Array[]> {
  // Node takes 'buffer' here, but its types do not say so.
  const folder: Dir = await opendir(path, { encoding: 'buffer' as BufferEncoding, bufferSize: 256 });
  const names: Buffer[] = [];
  for await (const entry of folder) {
    if (names.length >= limit) {
      throw refusal('fs.too_large', 'list', path, `it has more than ${limit} entries`);
    }
    names.push(entry.name as unknown as Buffer);
  }
  return names.sort((a, b) => Buffer.compare(a, b));
}

export type FileKind = 'file' | 'dir' | 'link' | 'pipe' | 'socket' | 'device';

export interface FileInfo {
  readonly exists: boolean;
  readonly type: FileKind;
  readonly size: number;
  /** Epoch seconds. */
  readonly modified: number;
  readonly is_dir: boolean;
  readonly is_file: boolean;
  readonly is_link: boolean;
  readonly mode: number;
}

/** What is at `path`: of a link its target, of a link that leads nowhere the link itself, with `exists` false. */
export async function fileInfo(path: string): Promise<FileInfo> {
  const own = await lstat(path);
  const target = own.isSymbolicLink() ? await unlessMissing(stat(path)) : own;
  const shown = target ?? own;
  return {
    exists: target !== undefined,
    type: kindOf(shown),
    size: shown.size,
    modified: shown.mtimeMs / 1000,
    is_dir: shown.isDirectory(),
    is_file: shown.isFile(),
    is_link: own.isSymbolicLink(),
    mode: shown.mode & 0o7777,
  };
}

function kindOf(info: Stats): FileKind {
  if (info.isFile()) return 'file';
  if (info.isDirectory()) return 'dir';
  if (info.isSymbolicLink()) return 'link';
  if (info.isFIFO()) return 'pipe';
  return info.isSocket() ? 'socket' : 'device';
}
