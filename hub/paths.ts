/**
 * Where a hub keeps its things. Paths depend on the user, the data directory and the repository only, so that every
 * command finds the same hub. The guard on the folders is system/private-dir.ts.
 */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

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
  return shortEnough(join(stateDir, 'hub.sock'), uid, `${hubId}.sock`);
}

/** The socket of a hub's session host, by the same rule. */
export function hostSocketPathOf(stateDir: string, hubId: string, uid: number): string {
  return shortEnough(join(stateDir, 'host.sock'), uid, `${hubId}h.sock`);
}

function shortEnough(path: string, uid: number, otherName: string): string {
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES) return path;
  // Not $TMPDIR: it differs between shells, and then one would not find the other's hub.
  return join('/tmp', `botster-${uid}`, otherName);
}
