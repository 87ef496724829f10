/**
 * Signals and ends the processes of a session: not only the command, but every process group of its session, such as
 * the background jobs of a shell.
 *
 * No pid is signalled that may have become somebody else's. As long as a process of the session lives, the kernel gives
 * the session's number to no other process; so a process with that number and another start than the command's proves
 * that the session is gone. And each group is looked at again right before its signal.
 */
import type { Clock } from '../base/clock.js';
import { signalProcess } from '../system/signal.js';
import { isUnchanged, type SessionProcess, sessionProcesses } from './session-processes.js';

/** How often it is looked whether processes have ended. */
const FIRST_LOOK_MS = 10;
const MAX_LOOK_MS = 200;
/** How long a process that was just forked may take to make its session, on a machine under load. */
const MAX_BEGIN_MS = 2_000;
/** How long it is tried to end what cannot be asked any more. What still lives then is stuck in the kernel, or not ours to signal. */
const KILL_MS = 5_000;

/**
 * Sends a signal to every process group of the session. Only while the command `pid` runs: before its exit was reported.
 * Groups that may not be signalled (of another user) are passed over.
 */
export async function signalProcesses(pid: number, ttyPath: string, signal: NodeJS.Signals): Promise<void> {
  await signalGroups(await sessionProcesses(pid, ttyPath), pid, [signal]);
}

export interface EndOptions {
  readonly pid: number;
  readonly ttyPath: string;
  /** How long processes may take to react, to the hang-up and again to the request to terminate. */
  readonly graceMs: number;
  readonly clock: Clock;
  /** Settles when the exit of the command was reported. */
  readonly ended: Promise<unknown>;
}

/**
 * Ends the session's processes: hang-up, then terminate, then kill. Stopped ones are continued, so that they can react.
 * Resolves when none is left, or those that are cannot be ended.
 */
export async function endProcesses(options: EndOptions): Promise<void> {
  const session = new EndingSession(options);
  await session.start();
  for (const signal of ['SIGHUP', 'SIGTERM'] as const) {
    await session.signal([signal, 'SIGCONT']);
    if (await session.allEnded(options.graceMs)) return;
    await session.look();
  }
  const deadlineMs = options.clock.nowMs() + KILL_MS;
  // More than once: a process may have started another while the list was made.
  for (let lookMs = FIRST_LOOK_MS; options.clock.nowMs() < deadlineMs; lookMs = MAX_LOOK_MS) {
    await session.signal(['SIGKILL']);
    if (await session.allEnded(lookMs)) return;
    await session.look();
  }
}

class EndingSession {
  readonly #options: EndOptions;
  #leaderMark: string | undefined;
  #leaderEnded = false;
  #found: readonly SessionProcess[] = [];
  #wake: () => void = () => undefined;

  constructor(options: EndOptions) {
    this.#options = options;
    const onEnded = (): void => {
      this.#leaderEnded = true;
      this.#wake();
    };
    options.ended.then(onEnded, onEnded);
  }

  async start(): Promise<void> {
    const { pid, ttyPath, clock } = this.#options;
    const deadlineMs = clock.nowMs() + MAX_BEGIN_MS;
    for (;;) {
      // If the command has ended before, `ended` tells before the first answer of the system.
      const found = await sessionProcesses(pid, ttyPath);
      const leader = found.find((one) => one.pid === pid);
      if (leader !== undefined || this.#leaderEnded || clock.nowMs() >= deadlineMs) {
        if (!this.#leaderEnded) this.#leaderMark = leader?.mark;
        this.#found = this.#ours(found);
        return;
      }
      // Forked a moment ago, it has not made its session yet.
      await this.#wait(FIRST_LOOK_MS);
    }
  }

  async signal(signals: readonly NodeJS.Signals[]): Promise<void> {
    await signalGroups(this.#found, this.#options.pid, signals);
  }

  /** True as soon as no process is left; false when some are after `maxMs`. */
  async allEnded(maxMs: number): Promise<boolean> {
    const { clock } = this.#options;
    const deadlineMs = clock.nowMs() + maxMs;
    let lookMs = FIRST_LOOK_MS;
    for (;;) {
      if (!(await this.#someAreUnchanged())) await this.look();
      if (this.#found.length === 0) return true;
      const leftMs = deadlineMs - clock.nowMs();
      if (leftMs <= 0) return false;
      await this.#wait(Math.min(lookMs, leftMs));
      lookMs = Math.min(lookMs * 2, MAX_LOOK_MS);
    }
  }

  async look(): Promise<void> {
    const { pid, ttyPath } = this.#options;
    this.#found = this.#ours(await sessionProcesses(pid, ttyPath, this.#found));
  }

  /** One file to read, most of the time, instead of one for each process of the machine. */
  async #someAreUnchanged(): Promise<boolean> {
    for (const one of this.#found) if (await isUnchanged(one)) return true;
    return false;
  }

  /** Nothing, if the number of the session is in use by somebody else: then ours is gone. */
  #ours(found: readonly SessionProcess[]): readonly SessionProcess[] {
    const leader = found.find((one) => one.pid === this.#options.pid);
    if (leader !== undefined && leader.mark !== this.#leaderMark) return [];
    return found;
  }

  /** Until the time is over, or the command ends. */
  async #wait(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.#options.clock.after(ms, resolve);
      this.#wake = () => {
        timer.dispose();
        resolve();
      };
    });
    this.#wake = () => undefined;
  }
}

/** The group of the command first: it is the one that starts others. */
async function signalGroups(
  found: readonly SessionProcess[],
  leaderPid: number,
  signals: readonly NodeJS.Signals[],
): Promise<void> {
  const groups = new Set(found.map((one) => one.group));
  const inOrder = [leaderPid, ...groups].filter(
    (group, index, all) => groups.has(group) && all.indexOf(group) === index,
  );
  for (const group of inOrder) {
    if (await isInUse(group, found)) for (const signal of signals) signalGroup(group, signal);
  }
}

async function isInUse(group: number, found: readonly SessionProcess[]): Promise<boolean> {
  for (const one of found) if (one.group === group && (await isUnchanged(one)) !== false) return true;
  return false;
}

function signalGroup(group: number, signal: NodeJS.Signals): void {
  // 0 and 1 would be our own group, and everybody.
  if (group <= 1) return;
  signalProcess(-group, signal);
}
