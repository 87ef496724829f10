/**
 * Tells files at one path apart, so that a process removes a file that it made and never the one that replaced it.
 */
import { lstatSync, rmSync } from 'node:fs';

/** Which file is at a path now: another file, later at the same path, has another mark. Undefined: none. */
export function fileMark(path: string): string | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  // Inode numbers are used again at once by some file systems; the change time tells those apart.
  return stats === undefined ? undefined : `${stats.dev}:${stats.ino}:${stats.ctimeMs}`;
}

/** Removes the file if it is still the one of the mark. */
export function removeMarked(path: string, mark: string | undefined): void {
  if (mark !== undefined && fileMark(path) === mark) rmSync(path, { force: true });
}

/** Whether two marks are of one file, which may have been changed (linked, renamed) between them. */
export function isSameFile(one: string | undefined, other: string | undefined): boolean {
  const inode = (mark: string): string => mark.slice(0, mark.lastIndexOf(':'));
  return one !== undefined && other !== undefined && inode(one) === inode(other);
}
