import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withFileLock } from '../../system/file-lock.js';
import { leaveStaleLock, startLockHolder } from '../support/lock-holder.js';
import { tempDir } from '../support/temp-repo.js';

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return 'gone';
  }
}

test('one holder at a time, and nothing is left afterwards', async () => {
  const folder = tempDir();
  const path = join(folder, 'lock');
  let holders = 0;
  let most = 0;
  const order: number[] = [];
  await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      withFileLock(path, 10_000, async () => {
        most = Math.max(most, ++holders);
        await new Promise((resolve) => setImmediate(resolve));
        order.push(i);
        holders--;
      }),
    ),
  );
  expect(most).toBe(1);
  expect(order).toHaveLength(20);
  expect(readdirSync(folder)).toEqual([]);
});

test('a process that was killed while it took the lock did not keep others out: the lock always says whose it is', async () => {
  const path = join(tempDir(), 'lock');
  const seen = new Set<string>();
  let isDone = false;
  const look = (): void => {
    if (existsSync(path)) seen.add(readIfThere(path));
    if (!isDone) setImmediate(look);
  };
  look();
  for (let n = 0; n < 300; n++) await withFileLock(path, 1_000, () => Promise.resolve());
  isDone = true;
  seen.delete('gone');
  expect(seen.size).toBeGreaterThan(10);
  for (const content of seen) expect(JSON.parse(content)).toMatchObject({ pid: process.pid });
});

test('a job that fails lets go of the lock', async () => {
  const path = join(tempDir(), 'lock');
  await expect(withFileLock(path, 1_000, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(existsSync(path)).toBe(false);
  expect(await withFileLock(path, 0, () => Promise.resolve('mine'))).toBe('mine');
});

test('a lock that a live process holds is respected, and its owner named', async () => {
  const path = join(tempDir(), 'lock');
  const child = await startLockHolder(path);
  const failure = await withFileLock(path, 50, () => Promise.resolve()).catch((thrown: unknown) => thrown);
  expect(failure).toMatchObject({ code: 'lock.busy', details: { path, pid: child.pid } });
});

test('a lock whose owner was killed is taken over, by one of many', async () => {
  const folder = tempDir();
  const path = join(folder, 'lock');
  await leaveStaleLock(path);
  expect(existsSync(path)).toBe(true);
  let holders = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 10 }, () =>
      withFileLock(path, 10_000, async () => {
        most = Math.max(most, ++holders);
        await new Promise((resolve) => setImmediate(resolve));
        holders--;
      }),
    ),
  );
  expect(most).toBe(1);
  expect(readdirSync(folder)).toEqual([]);
});

test('a pid that another process got since is not its owner', async () => {
  const path = join(tempDir(), 'lock');
  const child = await startLockHolder(path);
  const owner = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  // Only where the system tells when a process started.
  if (owner['started'] === '') return;
  child.kill('SIGKILL');
  await once(child, 'exit');
  writeFileSync(path, JSON.stringify({ ...owner, pid: process.pid }));
  expect(await withFileLock(path, 1_000, () => Promise.resolve('taken'))).toBe('taken');
});

test.each(['', '{}', JSON.stringify({ pid: 1, place: 'another machine', started: '1', nonce: 'x' })])(
  'a lock of nobody we can ask (%s) is left alone while it is young, and taken when it is old',
  async (content) => {
    const path = join(tempDir(), 'lock');
    writeFileSync(path, content);
    await expect(withFileLock(path, 20, () => Promise.resolve())).rejects.toMatchObject({
      code: 'lock.busy',
    });
    const longAgo = Date.now() / 1000 - 60;
    utimesSync(path, longAgo, longAgo);
    expect(await withFileLock(path, 1_000, () => Promise.resolve('taken'))).toBe('taken');
  },
);
