/**
 * One hub per repository.
 *
 * A socket that somebody listens on is never unlinked, and a live hub is never joined by a second one, also not when
 * many start at once or when a hub lost its socket file. What a dead hub left behind is cleaned up on the way. On the
 * way out a hub removes its own files and no others.
 */
import { lstatSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fits } from '../base/check.js';
import { fail, HubError, isHubError } from '../base/errors.js';
import { type Infer, t } from '../base/schema.js';
import type { Disposable } from '../base/scope.js';
import type { HubIdentity } from '../primitives/context.js';
import { withFileLock } from '../system/file-lock.js';
import { fileMark, removeMarked } from '../system/file-mark.js';
import { ensurePrivateDir } from '../system/private-dir.js';
import { isRunning, processMark } from '../system/process-identity.js';
import { probeSocket } from '../system/socket-probe.js';
import { stateFiles } from './paths.js';

/** How long a start waits for another one. */
const PATIENCE_MS = 30_000;
/** How long a start waits for a hub that is on its way out. */
const LEAVING_MS = 3_000;
const POLL_MS = 20;

const hubRecord = t.object({
  pid: t.int({ min: 1 }),
  /** process-identity.ts */
  mark: t.str,
  started_at: t.str,
  version: t.str,
  socket: t.str,
});

/** The content of hub.pid. */
export type HubRecord = Infer<typeof hubRecord>;

/**
 * Becomes the repository's hub: `listen` binds and publishes the socket at `identity.socketPath`, and is called when
 * that path is free. Dispose the claim last on the way out; it is synchronous, so an exit handler can.
 * Waits up to `leavingMs` for a hub that does not listen any more but still lives.
 * Errors: hub.already_running (details.pid), hub.start_locked, hub.unsafe_directory, what `listen` throws.
 */
export async function claimInstance(
  identity: HubIdentity,
  listen: () => Promise<void>,
  leavingMs = LEAVING_MS,
): Promise<Disposable> {
  prepareFolders(identity);
  const claim = async (): Promise<Disposable> => {
    await refuseIfRunning(identity, leavingMs);
    await removeStaleSocket(identity.socketPath);
    await listen();
    return await writeRecords(identity);
  };
  try {
    return await withFileLock(stateFiles(identity.stateDir).startLock, PATIENCE_MS, claim);
  } catch (thrown) {
    throw isHubError(thrown) && thrown.code === 'lock.busy' ? startLocked(thrown) : thrown;
  }
}

function startLocked(busy: HubError): HubError {
  return new HubError(
    'hub.start_locked',
    `Another start of this hub has not finished (${busy.message}). Wait for it, or end it; then start again.`,
    { details: { ...busy.details }, cause: busy },
  );
}

/** The hub that runs for this repository as far as its files say and its process confirms; else undefined. */
export async function findRunningHub(identity: HubIdentity): Promise<HubRecord | undefined> {
  const record = readRecord(stateFiles(identity.stateDir).pidFile);
  return record !== undefined && (await isRunning(record.pid, record.mark)) ? record : undefined;
}

/** Makes and checks the folders of a hub. Errors: hub.unsafe_directory. */
export function prepareFolders(identity: HubIdentity): void {
  const { stateDir, socketPath, hostSocketPath } = identity;
  for (const folder of new Set([stateDir, dirname(socketPath), dirname(hostSocketPath)])) {
    ensurePrivateDir(folder);
  }
}

async function refuseIfRunning(identity: HubIdentity, leavingMs: number): Promise<void> {
  const giveUpMs = performance.now() + leavingMs;
  for (;;) {
    const state = await probeSocket(identity.socketPath);
    const running = await findRunningHub(identity);
    if (state === 'live') throw alreadyRunning(identity, running?.pid);
    if (running === undefined) return;
    if (performance.now() > giveUpMs) throw doesNotAnswer(identity, running.pid);
    await wait(POLL_MS);
  }
}

async function removeStaleSocket(path: string): Promise<void> {
  if ((await probeSocket(path)) !== 'stale') return;
  if (!lstatSync(path).isSocket()) {
    throw fail('hub.socket_unusable', `${path} is in the way and is not a socket. Remove it: rm ${path}`, {
      path,
    });
  }
  unlinkSync(path);
}

async function writeRecords(identity: HubIdentity): Promise<Disposable> {
  const { pidFile, manifest } = stateFiles(identity.stateDir);
  const { hubId, socketPath, repoRoot, version } = identity;
  const [pid, mark, started_at] = [
    process.pid,
    (await processMark(process.pid)) ?? '',
    new Date().toISOString(),
  ];
  const record: HubRecord = { pid, mark, started_at, version, socket: socketPath };
  replaceFile(pidFile, record);
  replaceFile(manifest, { id: hubId, pid, socket: socketPath, repo_path: repoRoot, version, started_at });
  const socketMark = fileMark(socketPath);
  return {
    dispose: () => {
      removeMarked(socketPath, socketMark);
      const now = readRecord(pidFile);
      if (now?.pid !== pid || now.mark !== mark) return;
      unlinkSync(manifest);
      unlinkSync(pidFile);
    },
  };
}

function readRecord(path: string): HubRecord | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return fits(hubRecord, value) ? value : undefined;
  } catch {
    // Missing, half written by a crash, or not ours: nothing that names a running hub.
    return undefined;
  }
}

/** Readers see the old file or the new one, never a part. */
function replaceFile(path: string, value: object): void {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(value)}\n`, { mode: 0o600 });
  renameSync(draft, path);
}

function alreadyRunning(identity: HubIdentity, pid: number | undefined): HubError {
  return fail(
    'hub.already_running',
    `A hub is already running for ${identity.repoRoot}${pid === undefined ? '' : ` (pid ${pid})`}. ` +
      'See "botster status"; end it with "botster stop".',
    { pid, socket: identity.socketPath },
  );
}

function doesNotAnswer(identity: HubIdentity, pid: number): HubError {
  return fail(
    'hub.already_running',
    `A hub for ${identity.repoRoot} is alive (pid ${pid}) but does not listen on its socket. ` +
      'End it with "botster stop --force", then start again.',
    { pid, socket: identity.socketPath },
  );
}
