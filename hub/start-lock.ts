/**
 * A lock file that is held for the moments in which a hub starts, so that two starts do not look, clean up and bind
 * at the same time.
 *
 * One holder at a time, also when a holder dies at any point. The hard part is a lock left by a dead process: whoever
 * removes it must not hit a lock taken meanwhile. So a stale lock may be removed only by the one who made the marker
 * file named after its content, and only while it still has that content. Not for long waits: it polls.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { fail } from '../base/errors.js';
import type { Disposable } from '../base/scope.js';
import { isRunning, processMark } from './process-identity.js';

const POLL_MS = 20;
/** How long a start waits for another one, and how old a lock without a readable owner must be to count as left over. */
const PATIENCE_MS = 30_000;

/** Waits for the lock and takes it. Dispose to release. Errors: hub.start_locked after 30 s. */
export async function takeStartLock(path: string, patienceMs = PATIENCE_MS): Promise<Disposable> {
  const owner = {
    pid: process.pid,
    mark: await processMark(process.pid),
    nonce: randomBytes(8).toString('hex'),
  };
  const content = JSON.stringify(owner);
  const giveUpMs = performance.now() + patienceMs;
  while (!createFile(path, content)) {
    const held = readIfThere(path);
    if (held === undefined) continue;
    if (await isStale(path, held)) {
      removeStale(path, held);
      continue;
    }
    if (performance.now() > giveUpMs) throw locked(path, held);
    await wait(POLL_MS);
  }
  return {
    dispose: () => {
      if (readIfThere(path) === content) unlinkSync(path);
    },
  };
}

async function isStale(path: string, content: string): Promise<boolean> {
  const owner = ownerOf(content);
  // Between its creation and its first write a lock is empty.
  if (owner === undefined) return ageMs(path) > PATIENCE_MS;
  return !(await isRunning(owner.pid, owner.mark));
}

function removeStale(path: string, content: string): void {
  const marker = `${path}.${createHash('sha256').update(content).digest('hex').slice(0, 12)}`;
  if (!createFile(marker, '')) {
    // Somebody else is removing it, which takes microseconds, or died doing so.
    if (ageMs(marker) > PATIENCE_MS) unlinkIfThere(marker);
    return;
  }
  try {
    if (readIfThere(path) === content) unlinkIfThere(path);
  } finally {
    unlinkIfThere(marker);
  }
}

function ownerOf(content: string): { pid: number; mark: string } | undefined {
  try {
    const { pid, mark } = JSON.parse(content) as { pid?: unknown; mark?: unknown };
    return typeof pid === 'number' && typeof mark === 'string' ? { pid, mark } : undefined;
  } catch {
    return undefined;
  }
}

function locked(path: string, content: string) {
  const pid = ownerOf(content)?.pid;
  return fail(
    'hub.start_locked',
    `Another start of this hub (process ${pid ?? 'unknown'}) has not finished. Wait for it or end it; ` +
      `if there is none, remove ${path}.`,
    { pid },
  );
}

/** False if the file exists already. */
function createFile(path: string, content: string): boolean {
  try {
    writeFileSync(path, content, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function readIfThere(path: string): string | undefined {
  return unlessMissing(() => readFileSync(path, 'utf8'));
}

function unlinkIfThere(path: string): void {
  unlessMissing(() => unlinkSync(path));
}

function ageMs(path: string): number {
  return Date.now() - (unlessMissing(() => statSync(path).mtimeMs) ?? Date.now());
}

function unlessMissing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
