/**
 * Who gives way to whom when the processor is busy: the hub (0) goes first, then what carries bytes to the clients,
 * last what agents run and the mirrors that watch it. So a flood of ten sessions does not delay the keys typed into the
 * eleventh.
 *
 * On Linux with autogroups (the default of desktops and Debian), niceness counts only among the processes of one
 * session; between sessions it is the group's that counts (sched(7)). So both are set.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { getPriority, setPriority } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';

/**
 * The session host's main thread. With 5, a key typed in a browser beside ten floods took up to 60 ms (p99) to come back
 * where others had work too; with 2, up to 23 ms, and pings of devices are answered no later.
 */
export const HOST_NICENESS = 2;
/** Commands, with all that they start; and the mirror thread, which does as much as they print. */
export const WORK_NICENESS = 10;

/** A new process makes its session within moments; and without rights, one group in the system changes per 0.1 s. */
const RETRY_MS = 120;
const MAX_TRIES = 50;

/** Lowers a process' priority; 0 is this process, on Linux this thread. One that is lower already stays. */
export function giveWay(pid: number, niceness: number): void {
  try {
    if (getPriority(pid) < niceness) setPriority(pid, niceness);
  } catch {
    // It has ended, or the system does not allow it: then it has the priority that it has.
  }
}

/** Lowers the priority of the session that process `pid` leads, or is about to, as a whole; while `wanted`. */
export async function giveWayAsGroup(pid: number, niceness: number, wanted: () => boolean): Promise<void> {
  if (process.platform !== 'linux') return;
  try {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      await wait(RETRY_MS, undefined, { ref: false });
      if (!wanted() || (await lowered(pid, niceness))) return;
    }
  } catch {
    // No such process any more, or no autogroups here.
  }
}

/** False: not yet, try again. */
async function lowered(pid: number, niceness: number): Promise<boolean> {
  if ((await sessionOf(pid)) !== pid) return false;
  try {
    await writeFile(`/proc/${pid}/autogroup`, String(niceness));
    return true;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EAGAIN') return false;
    throw thrown;
  }
}

async function sessionOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // Behind the name, which may hold anything: state, parent, group, session.
  const [, , , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(session);
}
