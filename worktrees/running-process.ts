/**
 * Finds a process by a word of its command line that no other has, and waits until it has ended.
 */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { signalProcess } from '../system/signal.js';

const POLL_MS = 50;

/** Resolves when no process has the argument `word` any more. False: none had. */
export async function waitForProcess(word: string, signal?: AbortSignal): Promise<boolean> {
  const pid = await pidWithArgument(word);
  if (pid === undefined) return false;
  while (signalProcess(pid, 0) && signal?.aborted !== true) await wait(POLL_MS);
  return signal?.aborted !== true;
}

async function pidWithArgument(word: string): Promise<number | undefined> {
  return process.platform === 'linux' ? await pidFromProc(word) : await pidFromPs(word);
}

async function pidFromProc(word: string): Promise<number | undefined> {
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    // Many end while they are looked at.
    const line = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    if (line.split('\0').includes(word)) return Number(name);
  }
  return undefined;
}

function pidFromPs(word: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    execFile('ps', ['-A', '-ww', '-o', 'pid=,args='], { maxBuffer: 1 << 24 }, (error, stdout) => {
      const line = error === null ? stdout.split('\n').find((one) => one.includes(word)) : undefined;
      resolve(line === undefined ? undefined : Number.parseInt(line, 10));
    });
  });
}
