/** A process of its own that holds a file lock (system/file-lock.ts). Ends with the test at the latest. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

/** Resolves when the lock is held. */
export async function startLockHolder(path: string): Promise<ChildProcess> {
  const program = fileURLToPath(new URL('../fixtures/programs/lock-holder.mjs', import.meta.url));
  const child = spawn(process.execPath, [program, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

/** Leaves a lock whose owner was killed. */
export async function leaveStaleLock(path: string): Promise<void> {
  const child = await startLockHolder(path);
  child.kill('SIGKILL');
  await once(child, 'exit');
}
