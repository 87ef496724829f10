/**
 * Which processes belong to a session now: the command and all that it started, in whatever process group, unless they
 * left for a session of their own.
 *
 * On Linux the kernel says so in /proc, also of processes whose command has ended. Elsewhere only the terminal tells,
 * and a process loses that when the command ends; there, those seen before are remembered.
 */
import { execFile } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';

export interface SessionProcess {
  readonly pid: number;
  /** Its process group. */
  readonly group: number;
  /** When it started, as opaque text: the same pid with another mark is another process. */
  readonly mark: string;
}

/** How many files of /proc are read at a time: they come from the kernel, but each takes a thread of the pool. */
const READS_AT_A_TIME = 16;
const MAX_PS_BYTES = 16 * 1024 * 1024;
const PS_TIMEOUT_MS = 5_000;

/** The processes of the session that `leaderPid` leads or led, without those that ended; `before`: an earlier answer. */
export async function sessionProcesses(
  leaderPid: number,
  ttyPath: string,
  before: readonly SessionProcess[] = [],
): Promise<SessionProcess[]> {
  return process.platform === 'linux'
    ? await fromProc(leaderPid, ttyPath)
    : await fromPs(leaderPid, ttyPath, before);
}

/** Whether it is still the same process, in the same group; undefined: only a new list can tell. */
export async function isUnchanged(found: SessionProcess): Promise<boolean | undefined> {
  if (process.platform !== 'linux') return undefined;
  const now = await readStat(found.pid);
  return now !== undefined && now.mark === found.mark && now.group === found.group;
}

interface Stat extends SessionProcess {
  readonly session: number;
  /** Device number of its terminal; 0: none. */
  readonly tty: number;
}

async function fromProc(leaderPid: number, ttyPath: string): Promise<SessionProcess[]> {
  const [names, device] = await Promise.all([
    readdir('/proc'),
    stat(ttyPath).then(
      (info) => info.rdev,
      () => undefined,
    ),
  ]);
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number);
  const found: SessionProcess[] = [];
  for (let i = 0; i < pids.length; i += READS_AT_A_TIME) {
    const stats = await Promise.all(pids.slice(i, i + READS_AT_A_TIME).map(readStat));
    for (const one of stats) {
      if (one?.session !== leaderPid) continue;
      // No terminal: the command has ended, or the process let go of it. Another one: not the session that was asked for.
      if (one.tty === 0 || device === undefined || one.tty === device) found.push(one);
    }
  }
  return found;
}

/** Undefined if there is no such process, or it ended and only waits for its parent to notice. */
async function readStat(pid: number): Promise<Stat | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined);
  if (text === undefined) return undefined;
  // proc(5): pid (name) state ppid pgrp session tty_nr ...; starttime is the 22nd. The name may contain anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, , group, session, tty] = fields;
  const mark = fields[19];
  if (mark === undefined || state === 'Z' || state === 'X') return undefined;
  return { pid, group: Number(group), session: Number(session), tty: Number(tty), mark };
}

async function fromPs(
  leaderPid: number,
  ttyPath: string,
  before: readonly SessionProcess[],
): Promise<SessionProcess[]> {
  const tty = ttyPath.replace(/^\/dev\//, '');
  const known = new Map(before.map((one) => [one.pid, one.mark]));
  const args = ['-A', '-o', 'pid=,pgid=,tty=,stat=,lstart='];
  return parsePs(await run('ps', args))
    .filter((one) => one.pid === leaderPid || one.tty === tty || known.get(one.pid) === one.mark)
    .map(({ pid, group, mark }) => ({ pid, group, mark }));
}

/** The lines of `ps -o pid=,pgid=,tty=,stat=,lstart=`, without processes that ended. */
export function parsePs(output: string): (SessionProcess & { readonly tty: string })[] {
  const found: (SessionProcess & { readonly tty: string })[] = [];
  for (const line of output.split('\n')) {
    const [, pid, group, tty, state, mark] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(\S+)\s+(\S.*)$/.exec(line) ?? [];
    if (tty === undefined || mark === undefined || state?.startsWith('Z')) continue;
    found.push({ pid: Number(pid), group: Number(group), tty, mark: mark.trim() });
  }
  return found;
}

/** What a program prints; nothing if it cannot run. */
async function run(file: string, args: readonly string[]): Promise<string> {
  return await new Promise((resolve) => {
    const options = { encoding: 'utf8', maxBuffer: MAX_PS_BYTES, timeout: PS_TIMEOUT_MS } as const;
    execFile(file, args, options, (_error, stdout) => resolve(stdout));
  });
}
