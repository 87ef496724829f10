/**
 * The guard on folders that hold sockets and secrets.
 *
 * Control goes over unix sockets whose only protection is the folder they are in (Node cannot ask who connected), so
 * that folder must be ours and closed to everybody else. Nothing here repairs or widens a permission: it says how to.
 */
import { lstatSync, mkdirSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { fail, HubError } from '../base/errors.js';

/** Makes the folder if need be (0700, with its parents) and checks it. Errors: hub.unsafe_directory. */
export function ensurePrivateDir(path: string, uid = process.getuid?.()): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new HubError(
      'hub.unsafe_directory',
      `Cannot make the folder ${path}: ${(cause as Error).message}.`,
      {
        cause,
      },
    );
  }
  checkPrivateDir(path, uid);
}

/**
 * Checks that only user `uid` can get into the folder, and that nobody else can put another in its place.
 * Errors: hub.unsafe_directory, with what to do; ENOENT passes through.
 */
export function checkPrivateDir(path: string, uid = process.getuid?.()): void {
  if (uid === undefined) return;
  const stats = lstatSync(path);
  const mode = octal(stats);
  if (!stats.isDirectory()) throw unsafe(path, 'is not a folder', `Remove it: rm ${path}`);
  if (stats.uid !== uid) throw foreign(path, stats.uid, uid);
  if ((stats.mode & 0o077) !== 0)
    throw unsafe(path, `is open to other users (mode ${mode})`, `chmod 700 ${path}`);

  const parent = dirname(path);
  const above = statSync(parent);
  if (above.uid !== uid && above.uid !== 0) throw foreign(parent, above.uid, uid);
  const sticky = (above.mode & 0o1000) !== 0;
  if ((above.mode & 0o022) !== 0 && !sticky) {
    throw unsafe(parent, `can be changed by other users (mode ${octal(above)})`, `chmod go-w ${parent}`);
  }
}

function octal(stats: Stats): string {
  return (stats.mode & 0o7777).toString(8).padStart(4, '0');
}

function foreign(path: string, owner: number, uid: number): HubError {
  const cure =
    uid === 0
      ? 'Run botster as that user, not as root.'
      : 'Set BOTSTER_DATA_DIR to a folder of your own, or have its owner remove it.';
  return fail('hub.unsafe_directory', `${path} belongs to user ${owner}, and you are user ${uid}. ${cure}`, {
    path,
  });
}

function unsafe(path: string, what: string, cure: string): HubError {
  return fail('hub.unsafe_directory', `${path} ${what}. Anybody there could control the hub. Fix: ${cure}`, {
    path,
  });
}
