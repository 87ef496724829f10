/** Signals for the processes of a session, and the end of all of them. */
import type { Clock } from '../base/clock.js';
import { endProcesses, signalProcesses } from './process-group.js';
import type { Session } from './session.js';

const DEFAULT_GRACE_MS = 2_000;

/** Sends one signal. A session that has ended has nobody left to take it. */
export async function sendSignal(session: Session, signal: NodeJS.Signals): Promise<void> {
  const { live } = session;
  if (live !== undefined) await signalProcesses(live.pid, live.ttyPath, signal);
}

/** Hang-up, terminate, kill, each after a grace time. Resolves when the session has ended. */
export async function stopSession(session: Session, clock: Clock, graceMs = DEFAULT_GRACE_MS): Promise<void> {
  const { live } = session;
  if (live !== undefined) {
    const { pid, ttyPath, processEnded } = live;
    await endProcesses({ pid, ttyPath, graceMs, clock, ended: processEnded });
  }
  await session.finished;
}
