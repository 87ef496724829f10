/**
 * A lock between processes: a file that exists while somebody holds it, and says who.
 *
 * One holder at a time, also when a holder dies at any point. The hard part is a lock left by a dead process: whoever
 * removes it must not hit a lock taken meanwhile. So a stale lock may be removed only by the one who made the marker
 * file named after its content, and only while it still has that content. For work of milliseconds: waiting is polling.
 *
 * A lock is never seen without its content: it is written under a name of its own, and becomes the lock by a hard link. Who
 * is killed right between leaves that small file behind.
 */
import { createHash, randomBytes } from 'node:crypto';
import { link, readFile, readlink, stat, unlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { fail, type HubError } from '../base/errors.js';
import { errnoOf, unlessMissing } from './errno.js';
import { isRunning, processMark } from './process-identity.js';

/** Between two looks, plus as much again by chance, so that those who wait do not march in step. */
const POLL_MS = 4;
/**
 * When a lock whose owner cannot be judged counts as left over: from a container or machine whose processes are not
 * visible here, or empty after a crash where there are no hard links.
 */
const ABANDONED_MS = 30_000;
/** What file systems without hard links say. */
const NO_LINKS: readonly (string | undefined)[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

interface Owner {
  readonly pid: number;
  /** Where the pid means something: the machine and its pid namespace. */
  readonly place: string;
  /** process-identity.ts: a pid is used again, together they are not. */
  readonly started: string;
  readonly nonce: string;
}

/**
 * Runs `job` while holding the lock at `path`, whose folder exists. Throws HubError lock.busy, with the owner's pid,
 * when the lock was not free for `patienceMs`.
 */
export async function withFileLock<T>(path: string, patienceMs: number, job: () => Promise<T>): Promise<T> {
  const content = await take(path, patienceMs);
  try {
    return await job();
  } finally {
    if ((await readIfThere(path)) === content) await unlessMissing(unlink(path));
  }
}

async function take(path: string, patienceMs: number): Promise<string> {
  const owner: Owner = { ...(await self()), nonce: randomBytes(8).toString('hex') };
  const content = JSON.stringify(owner);
  const giveUpMs = performance.now() + patienceMs;
  for (;;) {
    const held = await readIfThere(path);
    if (held === undefined) {
      if (await createWhole(path, content, owner.nonce)) return content;
      continue;
    }
    if (await isStale(path, held, owner.place)) await removeStale(path, held);
    else if (performance.now() > giveUpMs) throw busy(path, held);
    await wait(POLL_MS + Math.random() * POLL_MS);
  }
}

async function isStale(path: string, content: string, here: string): Promise<boolean> {
  const owner = ownerOf(content);
  if (owner === undefined || owner.place !== here) return (await ageMs(path)) > ABANDONED_MS;
  return !(await isRunning(owner.pid, owner.started));
}

async function removeStale(path: string, content: string): Promise<void> {
  const marker = `${path}.${createHash('sha256').update(content).digest('hex').slice(0, 12)}`;
  if (!(await createFile(marker, ''))) {
    // Somebody else is removing it, which takes milliseconds, or died doing so.
    if ((await ageMs(marker)) > ABANDONED_MS) await unlessMissing(unlink(marker));
    return;
  }
  try {
    if ((await readIfThere(path)) === content) await unlessMissing(unlink(path));
  } finally {
    await unlessMissing(unlink(marker));
  }
}

function busy(path: string, content: string): HubError<'lock.busy'> {
  const pid = ownerOf(content)?.pid;
  return fail('lock.busy', `${path} is held by process ${pid ?? '(unknown)'}`, { path, pid });
}

function ownerOf(content: string): Owner | undefined {
  try {
    const { pid, place, started, nonce } = JSON.parse(content) as Partial<Record<keyof Owner, unknown>>;
    if (typeof pid !== 'number' || typeof place !== 'string' || typeof started !== 'string') return undefined;
    return { pid, place, started, nonce: String(nonce) };
  } catch {
    return undefined;
  }
}

async function self(): Promise<Omit<Owner, 'nonce'>> {
  const namespace = await readlink('/proc/self/ns/pid').catch(() => '');
  return {
    pid: process.pid,
    place: `${hostname()} ${namespace}`,
    started: (await processMark(process.pid)) ?? '',
  };
}

/** False if the file exists already. */
async function createWhole(path: string, content: string, nonce: string): Promise<boolean> {
  const draft = `${path}.${nonce}`;
  try {
    await writeFile(draft, content, { mode: 0o600 });
    await link(draft, path);
    return true;
  } catch (thrown) {
    const errno = errnoOf(thrown);
    if (errno === 'EEXIST') return false;
    if (NO_LINKS.includes(errno)) return await createFile(path, content);
    throw thrown;
  } finally {
    await unlessMissing(unlink(draft));
  }
}

/** False if the file exists already. */
async function createFile(path: string, content: string): Promise<boolean> {
  try {
    await writeFile(path, content, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (thrown) {
    if (errnoOf(thrown) === 'EEXIST') return false;
    throw thrown;
  }
}

function readIfThere(path: string): Promise<string | undefined> {
  return unlessMissing(readFile(path, 'utf8'));
}

async function ageMs(path: string): Promise<number> {
  const info = await unlessMissing(stat(path));
  return info === undefined ? 0 : Date.now() - info.mtimeMs;
}
