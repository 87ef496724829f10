/**
 * What a path from Lua means. Relative ones start at the repository, whatever the hub's working directory is; `~/` is
 * the home folder. Nothing is normalised: `a/../b` is left to the system, for which `a` may be a link.
 */
import { homedir } from 'node:os';
import { isAbsolute, sep } from 'node:path';

export function absolutePath(path: string, base: string): string {
  if (path === '~' || path.startsWith('~/')) return homedir() + path.slice(1);
  return isAbsolute(path) ? path : `${base}/${path}`;
}

/** Whether `path` is `folder` or below it. Both real, absolute and normalised. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}
