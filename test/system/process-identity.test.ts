import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { isRunning, processMark } from '../../system/process-identity.js';

it('tells processes apart, and the living from the dead', async () => {
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'spawn');
  const [mine, its] = [await processMark(process.pid), await processMark(child.pid!)];
  expect(its).toBeTypeOf('string');
  expect(its).not.toBe(mine);
  expect(await processMark(process.pid)).toBe(mine);
  expect(await isRunning(child.pid!, its!)).toBe(true);
  expect(await isRunning(child.pid!, mine!), 'its pid, another process').toBe(false);

  child.stdin.end();
  await once(child, 'exit');
  expect(await isRunning(child.pid!, its!)).toBe(false);
  expect(await processMark(child.pid!)).toBeUndefined();
});

it('counts a process that its parent has not reaped as gone', async () => {
  // The shell starts a child that ends, becomes a program that does not wait for it, and prints the child's pid.
  const parent = spawn('sh', ['-c', 'true & echo $!; exec sleep 30'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => void parent.kill('SIGKILL'));
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const zombie = Number(line.toString());
  await expect.poll(() => processMark(zombie)).toBeUndefined();
});
