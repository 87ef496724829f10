/**
 * Where a hub keeps its things, and the guard on them.
 *
 * Control goes over a unix socket whose only protection is the folder it is in (Node cannot ask who connected), so that
 * folder must be ours and closed to everybody else. Nothing here repairs or widens a permission: it says how to.
 * Paths depend on the user, the data directory and the repository only, so that every command finds the same hub.
 */
import { lstatSync, mkdirSync, readFileSync, type Stats, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fail, HubError } from '../base/errors.js';

/** Longest path a unix socket may have: macOS takes 104 bytes with the NUL at the end, Linux 108. */
export const MAX_SOCKET_PATH_BYTES = 103;

/** The checkout or installed package that this code belongs to. */
export const packageRoot = fileURLToPath(new URL('../..', import.meta.url));

/** Release version, from package.json. */
export function readVersion(): string {
  const text = readFileSync(join(packageRoot, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** The device's configuration folder: `$BOTSTER_DATA_DIR`, else `~/.botster`. Absolute. */
export function dataDirOf(env: NodeJS.ProcessEnv): string {
  const chosen = env['BOTSTER_DATA_DIR'];
  return chosen === undefined || chosen === '' ? join(homedir(), '.botster') : resolve(chosen);
}

export interface StateFiles {
  /** JSON: who runs (instance-lock.ts). */
  readonly pidFile: string;
  /** JSON: what other programs need to find the hub. */
  readonly manifest: string;
  /** JSON lines; the part before the last rotation is beside it, as `hub.log.1`. */
  readonly log: string;
  /** Held for moments, while a hub starts. */
  readonly startLock: string;
}

export function stateFiles(stateDir: string): StateFiles {
  return {
    pidFile: join(stateDir, 'hub.pid'),
    manifest: join(stateDir, 'manifest.json'),
    log: join(stateDir, 'hub.log'),
    startLock: join(stateDir, 'start.lock'),
  };
}

/** The socket of a hub: in its state folder, unless the path would be too long for a socket. */
export function socketPathOf(stateDir: string, hubId: string, uid: number): string {
  const path = join(stateDir, 'hub.sock');
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES) return path;
  // Not $TMPDIR: it differs between shells, and then one would not find the other's hub.
  return join('/tmp', `botster-${uid}`, `${hubId}.sock`);
}

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
