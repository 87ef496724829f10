import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RealClock } from '../../base/real-clock.js';
import { endProcesses, signalProcesses } from '../../session-host/process-group.js';
import { parsePs, sessionProcesses } from '../../session-host/session-processes.js';
import { processMark } from '../../system/process-identity.js';
import { type PtyRun, runScript } from '../support/pty-run.js';

const clock = new RealClock();

/** Ends the run's session; processes get `graceMs` to react. */
async function end(run: PtyRun, graceMs: number): Promise<void> {
  const { pid, ttyPath } = run.pty;
  await endProcesses({ pid, ttyPath, graceMs, clock, ended: run.exit });
}

async function left(run: PtyRun): Promise<number> {
  return (await sessionProcesses(run.pty.pid, run.pty.ttyPath)).length;
}

/** Pids that the script printed: `<name>=<pid>`. */
function pidOf(run: PtyRun, name: string): number {
  return Number(new RegExp(`${name}=(\\d+)`).exec(run.text())?.[1]);
}

describe('endProcesses', () => {
  it('ends a command that listens, with a hang-up', async () => {
    const run = runScript('trap "echo bye; exit 3" HUP; echo ready; while :; do sleep 0.01; done');
    await run.shows('ready');
    await end(run, 60_000);
    expect(await run.exit).toEqual({ code: 3 });
    expect(run.text()).toContain('bye');
    expect(await left(run)).toBe(0);
  });

  it('asks one that ignores the hang-up to terminate', async () => {
    const run = runScript('trap "" HUP; trap "exit 4" TERM; echo ready; while :; do sleep 0.01; done');
    await run.shows('ready');
    await end(run, 60);
    expect(await run.exit).toEqual({ code: 4 });
  });

  it('kills one that ignores both', async () => {
    const run = runScript('trap "" HUP TERM; echo ready; while :; do sleep 0.01; done');
    await run.shows('ready');
    await end(run, 60);
    expect(await run.exit).toEqual({ signal: 9 });
    expect(await left(run)).toBe(0);
  });

  it('ends background jobs in groups of their own', async () => {
    const run = runScript(
      'set -m; sleep 1000 & echo job=$!; sh -c "trap \\"\\" HUP TERM; sleep 1000; :" & echo ready; wait',
    );
    await run.shows('ready');
    expect(await processMark(pidOf(run, 'job'))).toBeDefined();
    await end(run, 60);
    await run.exit;
    expect(await processMark(pidOf(run, 'job'))).toBeUndefined();
    expect(await left(run)).toBe(0);
  });

  it('ends those that outlive the command', async () => {
    const stubborn = 'trap "" HUP TERM; echo stubborn=$$; while :; do sleep 0.01; done';
    const run = runScript(`set -m; sh -c '${stubborn}' & sleep 1000`);
    await run.shows('stubborn=');
    await end(run, 60);
    expect(await run.exit).toEqual({ signal: 1 });
    expect(await processMark(pidOf(run, 'stubborn'))).toBeUndefined();
  });

  it('ends what is stopped', async () => {
    const run = runScript(
      'trap "exit 5" HUP; (sleep 0.05; echo ready) & kill -STOP $$; while :; do sleep 0.01; done',
    );
    await run.shows('ready');
    await end(run, 60_000);
    expect(await run.exit).toEqual({ code: 5 });
  });

  it('ends a command that starts processes without end', async () => {
    const run = runScript(
      'trap "" HUP TERM; set -m; n=0; while :; do sleep 0.02 & n=$((n+1)); [ $n = 100 ] && echo ready; done',
    );
    await run.shows('ready');
    await end(run, 60);
    expect(await run.exit).toEqual({ signal: 9 });
    expect(await left(run)).toBe(0);
  });

  it('does nothing when all has ended', async () => {
    const run = runScript('exit 0');
    await run.exit;
    await end(run, 60_000);
  });

  it('leaves alone a process that has the number of a session that has ended', async () => {
    // Leads a session, like the command that had its number before.
    const other = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
    onTestFinished(() => void other.kill('SIGKILL'));
    await once(other, 'spawn');
    const pid = other.pid ?? 0;
    const ended = Promise.resolve();
    await endProcesses({ pid, ttyPath: '/dev/pts/none', graceMs: 10, clock, ended });
    expect(other.exitCode ?? other.signalCode).toBeNull();
    expect(await processMark(pid)).toBeDefined();
  });
});

describe('signalProcesses', () => {
  it('reaches the command and the job in the foreground', async () => {
    const inner = 'trap "echo inner; exit" USR1; echo ready; while :; do sleep 0.01; done';
    const run = runScript(`trap "echo outer" USR1; set -m; sh -c '${inner}'; echo over; sleep 1000`);
    await run.shows('ready');
    await signalProcesses(run.pty.pid, run.pty.ttyPath, 'SIGUSR1');
    await run.shows('inner');
    await run.shows('outer');
  });

  it('does not take the session of another terminal', async () => {
    const [one, other] = [runScript('echo ready; sleep 1000'), runScript('echo ready; sleep 1000')];
    await one.shows('ready');
    await other.shows('ready');
    await signalProcesses(one.pty.pid, other.pty.ttyPath, 'SIGKILL');
    await signalProcesses(other.pty.pid, other.pty.ttyPath, 'SIGKILL');
    expect(await other.exit).toEqual({ signal: 9 });
    expect(await processMark(one.pty.pid)).toBeDefined();
  });
});

it('understands what ps prints', () => {
  const printed = [
    '    1     1 ??       Ss   Mon Sep  1 08:00:00 2025',
    '  812   812 ttys003  Ss+  Tue Sep  2 09:10:11 2025    ',
    '  813   813 ttys003  Z    Tue Sep  2 09:10:12 2025',
    '12345   812 pts/7    R+   Tue Sep  2 09:10:13 2025',
    'nonsense',
    '',
  ].join('\n');
  expect(parsePs(printed)).toEqual([
    { pid: 1, group: 1, tty: '??', mark: 'Mon Sep  1 08:00:00 2025' },
    { pid: 812, group: 812, tty: 'ttys003', mark: 'Tue Sep  2 09:10:11 2025' },
    { pid: 12345, group: 812, tty: 'pts/7', mark: 'Tue Sep  2 09:10:13 2025' },
  ]);
});
