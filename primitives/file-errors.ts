/**
 * What the system says about files, as codes and sentences. The one table from errno to `fs.*`.
 */
import { fail, HubError } from '../base/errors.js';
import { errnoOf } from '../system/errno.js';

export type FileCode =
  | 'fs.not_found'
  | 'fs.denied'
  | 'fs.exists'
  | 'fs.is_dir'
  | 'fs.not_dir'
  | 'fs.not_file'
  | 'fs.not_empty'
  | 'fs.no_space'
  | 'fs.too_large'
  | 'fs.bad_path'
  | 'fs.protected'
  | 'fs.escape'
  | 'fs.busy'
  | 'fs.io';

const byErrno: Readonly<Record<string, readonly [code: FileCode, why: string]>> = {
  ENOENT: ['fs.not_found', 'no such file or folder'],
  EACCES: ['fs.denied', 'permission denied'],
  EPERM: ['fs.denied', 'operation not permitted'],
  EROFS: ['fs.denied', 'the file system is read-only'],
  EEXIST: ['fs.exists', 'it exists already'],
  EISDIR: ['fs.is_dir', 'it is a folder'],
  ENOTDIR: ['fs.not_dir', 'it, or what should be a folder above it, is not a folder'],
  ENXIO: ['fs.not_file', 'it is not a regular file'],
  ENODEV: ['fs.not_file', 'it is not a regular file'],
  ENOTEMPTY: ['fs.not_empty', 'the folder is not empty'],
  ENOSPC: ['fs.no_space', 'no space left on the device'],
  EDQUOT: ['fs.no_space', 'the disk quota is used up'],
  EFBIG: ['fs.too_large', 'larger than the file system allows'],
  ENAMETOOLONG: ['fs.bad_path', 'the name is too long'],
  ELOOP: ['fs.bad_path', 'too many links, or a loop of them'],
  EINVAL: ['fs.bad_path', 'the system refuses the path'],
  EMFILE: ['fs.busy', 'too many open files'],
  ENFILE: ['fs.busy', 'too many open files in the system'],
};

/**
 * The failure of `doing` something ("read", "write") to `path`. A HubError passes through; what is neither that nor a
 * system error is a bug and is thrown on.
 */
export function fileFailure(thrown: unknown, doing: string, path: string): HubError<FileCode> {
  if (thrown instanceof HubError) return thrown as HubError<FileCode>;
  const errno = errnoOf(thrown);
  if (errno === undefined) throw thrown;
  const [code, why] = byErrno[errno] ?? ['fs.io', `the system says ${errno}`];
  return refusal(code, doing, path, why, { errno });
}

export function refusal<C extends FileCode>(
  code: C,
  doing: string,
  path: string,
  why: string,
  details: Record<string, unknown> = {},
): HubError<C> {
  return fail(code, `cannot ${doing} ${path}: ${why}`, { path, ...details });
}
