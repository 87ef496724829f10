/**
 * Joins a path from outside to a root so that it cannot leave it.
 *
 * The path is walked one name at a time, every link followed by hand, also one that leads nowhere; so neither a linked
 * folder above a file that does not exist yet nor a dangling link gets out. The answer is the real path: there is no
 * link in it. It holds for the moment: who can swap a folder for a link between this check and its use still wins,
 * which only the file system's owner can.
 */
import { lstat, readlink, realpath } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { unlessMissing } from '../../system/errno.js';
import { refusal } from '../file-errors.js';
import { isWithin } from '../paths.js';

/** As in the kernel: more links on the way are a loop. */
const MAX_LINKS = 40;

/** The real path of `relative` below `root`. Throws HubError fs.escape or fs.bad_path, and what the system throws. */
export async function resolveSafe(root: string, relative: string): Promise<string> {
  const escapes = () => refusal('fs.escape', 'resolve', relative, `it leads out of ${root}`, { root });
  if (isAbsolute(relative)) throw escapes();
  const realRoot = await realpath(root);
  const resolved = await walk(realRoot, namesBelow(relative, escapes), relative);
  if (!isWithin(resolved, realRoot)) throw escapes();
  return resolved;
}

/** The names on the way, `.` and `..` worked in. A `..` may take back a name, but not the root. */
function namesBelow(relative: string, escapes: () => Error): string[] {
  const names: string[] = [];
  for (const name of relative.split('/')) {
    if (name === '' || name === '.') continue;
    if (name !== '..') names.push(name);
    else if (names.pop() === undefined) throw escapes();
  }
  return names;
}

/** Where the system gets from `start` along `names`; the part that does not exist is taken as it is written. */
async function walk(start: string, names: readonly string[], shown: string): Promise<string> {
  /** Names still to go, the next one last. */
  const ahead = [...names].reverse();
  let at = start;
  let links = 0;
  for (let name = ahead.pop(); name !== undefined; name = ahead.pop()) {
    // From a link's text only. `join` also works in `..`, and stops at `/`: `at` is real, so that is what the system does.
    const next = join(at, name);
    const info = await unlessMissing(lstat(next));
    if (info?.isSymbolicLink()) {
      if (++links > MAX_LINKS)
        throw refusal('fs.bad_path', 'resolve', shown, 'too many links, or a loop of them');
      const target = await readlink(next);
      if (isAbsolute(target)) at = '/';
      ahead.push(
        ...target
          .split('/')
          .filter((part) => part !== '' && part !== '.')
          .reverse(),
      );
    } else {
      at = next;
    }
  }
  return at;
}
