import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, it, onTestFinished } from 'vitest';
import { processMark } from '../../hub/process-identity.js';
import { takeStartLock } from '../../hub/start-lock.js';
import { distUrl } from '../support/import-from-dist.js';
import { tempDir } from '../support/temp-repo.js';

const lockPath = () => join(tempDir(), 'start.lock');
const old = new Date(Date.now() - 60_000);

it('is held by one at a time, in turn', async () => {
  const path = lockPath();
  let holders = 0;
  let worst = 0;
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      const lock = await takeStartLock(path);
      worst = Math.max(worst, ++holders);
      await new Promise((resolve) => setImmediate(resolve));
      holders--;
      lock.dispose();
    }),
  );
  expect(worst).toBe(1);
  expect(readdirSync(dirname(path))).toEqual([]);
});

it('waits for a living owner, then gives up and says who it is', async () => {
  const path = lockPath();
  const lock = await takeStartLock(path);
  await expect(takeStartLock(path, 50)).rejects.toMatchObject({
    code: 'hub.start_locked',
    message: expect.stringContaining(`process ${process.pid}`),
  });
  lock.dispose();
  lock.dispose();
  expect(existsSync(path)).toBe(false);
});

it('takes over from a dead owner, and from one whose pid is used again', async () => {
  const path = lockPath();
  for (const owner of [
    { pid: 2 ** 22 + 1, mark: 'gone' },
    { pid: process.pid, mark: 'an earlier process' },
  ]) {
    writeFileSync(path, JSON.stringify(owner));
    (await takeStartLock(path, 50)).dispose();
  }
});

it('takes over an unreadable lock only when it is old', async () => {
  const path = lockPath();
  for (const content of ['', '{"pid":', '[]']) {
    writeFileSync(path, content);
    await expect(takeStartLock(path, 30)).rejects.toMatchObject({ code: 'hub.start_locked' });
    utimesSync(path, old, old);
    (await takeStartLock(path, 30)).dispose();
  }
});

it('does not release a lock that is not its own any more', async () => {
  const path = lockPath();
  const lock = await takeStartLock(path);
  writeFileSync(path, 'another');
  lock.dispose();
  expect(readFileSync(path, 'utf8')).toBe('another');
});

it('is taken over by exactly one of many, again and again', async () => {
  const path = lockPath();
  const mark = await processMark(process.pid);
  const held = new Int32Array(new SharedArrayBuffer(8));
  // Threads, so that they really run at the same time; each writes a stale lock back before it lets go.
  const source = `
    import { writeFileSync } from 'node:fs';
    import { workerData } from 'node:worker_threads';
    import { takeStartLock } from ${JSON.stringify(distUrl('hub/start-lock.js').href)};
    const { path, held } = workerData;
    for (let turn = 0; turn < 40; turn++) {
      await takeStartLock(path);
      if (Atomics.add(held, 0, 1) !== 0) Atomics.add(held, 1, 1);
      const stale = JSON.stringify({ pid: 4194305, mark: 'gone', nonce: String(Math.random()) });
      Atomics.sub(held, 0, 1);
      writeFileSync(path, stale);
    }`;
  const url = new URL(`data:text/javascript,${encodeURIComponent(source)}`);
  const workers = Array.from({ length: 4 }, () => new Worker(url, { workerData: { path, held, mark } }));
  onTestFinished(async () => {
    await Promise.all(workers.map((worker) => worker.terminate()));
  });
  await Promise.all(
    workers.map(
      (worker) =>
        new Promise<void>((resolve, reject) => {
          worker.once('error', reject);
          worker.once('exit', () => resolve());
        }),
    ),
  );
  expect(Atomics.load(held, 1), 'two held it at once').toBe(0);
});
