import { spawn } from 'node:child_process';
import { expect, it } from 'vitest';
import { signalProcess } from '../../system/signal.js';

it('says whether there was a process to signal, and never throws', async () => {
  const child = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)));
  const pid = child.pid as number;
  expect(signalProcess(pid, 0)).toBe(true);
  expect(signalProcess(-pid, 'SIGTERM')).toBe(true);
  expect(await ended).toBe('SIGTERM');
  expect(signalProcess(pid, 'SIGTERM')).toBe(false);
  expect(signalProcess(-pid, 'SIGTERM')).toBe(false);
});
