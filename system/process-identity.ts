/**
 * Which process a pid stands for. Pids are used again, so a pid from a file proves nothing: together with the moment
 * its process started it names one process of this boot. Decides who may be killed and which lock is stale.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';

/**
 * The start mark of a process: opaque text, equal only for the same process. Undefined if there is no such process, or
 * it ended and only waits for its parent to notice.
 */
export async function processMark(pid: number): Promise<string | undefined> {
  return process.platform === 'linux' ? await markFromProc(pid) : await markFromPs(pid);
}

/** Whether the process that had this pid and mark still runs. */
export async function isRunning(pid: number, mark: string): Promise<boolean> {
  return (await processMark(pid)) === mark;
}

async function markFromProc(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (stat === undefined) return undefined;
  // proc(5): pid (name) state ppid ... starttime is the 22nd. The name may contain anything, so count from its end.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, startTicks] = [fields[0], fields[19]];
  if (startTicks === undefined || state === 'Z' || state === 'X') return undefined;
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  return `${boot.trim().slice(0, 8)}-${startTicks}`;
}

function markFromPs(pid: number): Promise<string | undefined> {
  return new Promise((done) => {
    const options = { env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' } };
    execFile('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], options, (error, stdout) => {
      const [, state = '', started = ''] = /^\s*(\S+)\s+(.*\S)\s*$/.exec(stdout) ?? [];
      done(error !== null || state === '' || state.startsWith('Z') ? undefined : started);
    });
  });
}
