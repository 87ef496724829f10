/**
 * One session host per folder.
 *
 * The claim is made under a lock: whoever holds it looks whether a host serves, cleans up after a dead one, and opens
 * the socket. So of many that start at once one serves, and the others leave.
 */
import { lstat, readdir, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fits } from '../base/check.js';
import { fail } from '../base/errors.js';
import { HOST_LOOK_SIGNAL, type HostConfig, type HostRecord, hostRecord } from '../protocol/host-config.js';
import { HOST_PROTOCOL_VERSION } from '../protocol/host-methods.js';
import { unlessMissing } from '../system/errno.js';
import { withFileLock } from '../system/file-lock.js';
import { ensurePrivateDir } from '../system/private-dir.js';
import { isRunning, processMark } from '../system/process-identity.js';
import { signalProcess } from '../system/signal.js';
import { probeSocket } from '../system/socket-probe.js';
import { hostToken } from './token.js';

/** How long a host waits for another one that starts. */
const PATIENCE_MS = 30_000;

/** How long it waits for a host that does not listen: on its way out, or without its socket file. */
const LEAVING_MS = 5_000;
const POLL_MS = 20;

export interface Claim {
  readonly token: string;
  /** Removes host.pid, if it is still this process's. */
  release(): Promise<void>;
}

/**
 * Becomes the host of the folder: `serve` opens the socket, and is called when its path is free. Undefined: another host
 * serves. Errors: hub.unsafe_directory, hub.socket_unusable, host.socket_unusable, lock.busy, what `serve` throws.
 */
export async function claimHost(
  config: HostConfig,
  serve: (token: string) => Promise<void>,
): Promise<Claim | undefined> {
  const { state_dir, socket_path, version } = config;
  ensurePrivateDir(state_dir);
  const socketDir = dirname(socket_path);
  if (socketDir !== state_dir) ensurePrivateDir(socketDir);
  const pidFile = join(state_dir, 'host.pid');
  return await withFileLock(join(state_dir, 'host.lock'), PATIENCE_MS, async () => {
    if (await otherServes(socket_path, pidFile)) return undefined;
    await removeStale(socket_path);
    await removeDrafts(socketDir);
    const token = await hostToken(join(state_dir, 'host.token'));
    await serve(token);
    const { pid } = process;
    const mark = (await processMark(pid)) ?? '';
    await replaceFile(pidFile, { pid, mark, version, protocol: HOST_PROTOCOL_VERSION });
    const release = async (): Promise<void> => {
      const now = await readRecord(pidFile);
      if (now?.pid === pid && now.mark === mark) await unlessMissing(unlink(pidFile));
    };
    return { token, release };
  });
}

/** Whether a host serves, or will: one that lost its socket file is told to look, one on its way out is waited for. */
async function otherServes(socketPath: string, pidFile: string): Promise<boolean> {
  const giveUpMs = performance.now() + LEAVING_MS;
  for (let told = false; ; told = true) {
    if ((await probeSocket(socketPath)) === 'live') return true;
    const running = await runningHost(pidFile);
    if (running === undefined) return false;
    if (performance.now() > giveUpMs) return true;
    if (!told) signalProcess(running.pid, HOST_LOOK_SIGNAL);
    await wait(POLL_MS);
  }
}

async function runningHost(pidFile: string): Promise<HostRecord | undefined> {
  const record = await readRecord(pidFile);
  return record !== undefined && (await isRunning(record.pid, record.mark)) ? record : undefined;
}

async function readRecord(path: string): Promise<HostRecord | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    return fits(hostRecord, value) ? value : undefined;
  } catch {
    // Missing, or half written by a crash: nothing that names a running host.
    return undefined;
  }
}

/** Errors: host.socket_unusable. */
async function removeStale(socketPath: string): Promise<void> {
  const info = await unlessMissing(lstat(socketPath));
  if (info === undefined) return;
  if (!info.isSocket())
    throw fail(
      'host.socket_unusable',
      `${socketPath} is in the way and is not a socket. Remove it: rm ${socketPath}`,
      { path: socketPath },
    );
  await unlink(socketPath);
}

/** What hosts left behind that died while they opened their socket: see socket-file.ts. */
async function removeDrafts(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (/^h\d+$/.test(name)) await unlessMissing(unlink(join(folder, name)));
  }
}

async function replaceFile(path: string, value: object): Promise<void> {
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify(value)}\n`, { mode: 0o600 });
  await rename(draft, path);
}
