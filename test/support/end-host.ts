/**
 * Ends the session hosts that a test started, with all their sessions: they outlive hubs, and must not outlive tests.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRunning } from '../../system/process-identity.js';
import { probeSocket } from '../../system/socket-probe.js';
import { until } from './until.js';

/** Three times what a host takes that has to kill stubborn sessions. */
const PATIENCE_MS = 10_000;

/** Ends the host of a hub's state folder, if one runs. */
export async function endHost(stateDir: string): Promise<void> {
  const file = join(stateDir, 'host.pid');
  const socket = join(stateDir, 'host.sock');
  // It listens a moment before it writes the file.
  while (!existsSync(file)) if ((await probeSocket(socket)) !== 'live') return;
  const { pid, mark } = JSON.parse(readFileSync(file, 'utf8')) as { pid: number; mark: string };
  if (!(await isRunning(pid, mark))) return;
  // It ends its sessions first; a stopped one wakes up for that.
  process.kill(pid, 'SIGTERM');
  process.kill(pid, 'SIGCONT');
  const giveUpMs = performance.now() + PATIENCE_MS;
  await until(async () => {
    if (!(await isRunning(pid, mark))) return true;
    if (performance.now() > giveUpMs) process.kill(pid, 'SIGKILL');
    return false;
  });
}

/** The pid of the host, which must run. */
export function hostPid(stateDir: string): number {
  return (JSON.parse(readFileSync(join(stateDir, 'host.pid'), 'utf8')) as { pid: number }).pid;
}
