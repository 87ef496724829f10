/**
 * `botster stop`: ends the hub of this repository and waits until its process is gone.
 *
 * Asks first. Only with --force, and only after making sure that the pid still is this hub's process, it kills.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { fail, HubError } from '../../base/errors.js';
import type { HubIdentity } from '../../primitives/context.js';
import { isRunning, processMark } from '../../system/process-identity.js';
import { signalProcess } from '../../system/signal.js';
import { findRunningHub, type HubRecord } from '../instance-lock.js';
import { defineCommand } from './command.js';
import { connectToHub, GREETING_MS, unresponsive } from './connect.js';

const POLL_MS = 20;
/** Between the polite and the final signal of --force. */
const GRACE_MS = 2_000;

/** A process that was a hub when it was looked up. */
interface Target {
  readonly pid: number;
  readonly mark: string;
}

export const stopCommand = defineCommand({
  name: 'stop',
  summary: 'end the hub of this repository',
  description:
    'Sessions live on: they belong to a process of their own and are found again by the next start. Returns when ' +
    'the process of the hub is gone.',
  args: {},
  options: {
    timeout: { type: 'number', shown: 'SECONDS', doc: 'how long to wait', default: 10 },
    force: { type: 'flag', short: 'f', doc: 'kill the hub if it does not stop by itself' },
  },
  examples: [
    { line: 'botster stop', doc: 'end the hub' },
    { line: 'botster stop --force --timeout 3', doc: 'end it, whatever it takes' },
  ],
  async run({ options, terminal, identity }) {
    const hub = await identity();
    const deadlineMs = performance.now() + options.timeout * 1000;
    const target = await askToStop(hub, options.force, deadlineMs);
    if (await isGone(target, deadlineMs)) {
      terminal.err(`Stopped the hub of ${hub.repoRoot} (pid ${target.pid}).\n`);
      return 0;
    }
    if (!options.force) {
      throw fail(
        'hub.still_running',
        `The hub (pid ${target.pid}) did not stop within ${options.timeout} s. See "botster logs"; ` +
          '"botster stop --force" kills it.',
      );
    }
    await kill(target);
    terminal.err(`Killed the hub of ${hub.repoRoot} (pid ${target.pid}).\n`);
    return 0;
  },
});

/** Sends the request, or with `force` a signal if the hub cannot be asked. Errors: hub.not_running, hub.*. */
async function askToStop(hub: HubIdentity, force: boolean, deadlineMs: number): Promise<Target> {
  try {
    return await request(hub, deadlineMs);
  } catch (error) {
    // Its files tell of a hub that cannot be asked: one that lost its socket, hangs, or speaks another protocol.
    const record: HubRecord | undefined = await findRunningHub(hub);
    if (record === undefined) throw error;
    if (!force) throw cannotAsk(error, record.pid);
    signalProcess(record.pid, 'SIGTERM');
    return record;
  }
}

async function request(hub: HubIdentity, deadlineMs: number): Promise<Target> {
  const leftMs = deadlineMs - performance.now();
  const { client, hello, close } = await connectToHub(hub, { greetingMs: Math.min(GREETING_MS, leftMs) });
  const pid = hello.pid ?? 0;
  const target = { pid, mark: (await processMark(pid)) ?? '' };
  const giveUp = new AbortController();
  try {
    const late = wait(Math.max(0, deadlineMs - performance.now()), 'late', { signal: giveUp.signal });
    const answer = client.request('stop', { reason: 'botster stop' }).catch((error: unknown) => {
      // It was on its way out already.
      if (!(error instanceof HubError) || error.code !== 'hub.connection_lost') throw error;
    });
    if ((await Promise.race([answer, late])) === 'late') throw unresponsive(hub);
    return target;
  } finally {
    giveUp.abort();
    close();
  }
}

async function isGone({ pid, mark }: Target, deadlineMs: number): Promise<boolean> {
  while (await isRunning(pid, mark)) {
    if (performance.now() >= deadlineMs) return false;
    await wait(POLL_MS);
  }
  return true;
}

async function kill(target: Target): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    if (!(await isRunning(target.pid, target.mark))) return;
    signalProcess(target.pid, signal);
    if (await isGone(target, performance.now() + GRACE_MS)) return;
  }
  throw fail(
    'hub.still_running',
    `The hub (pid ${target.pid}) did not even die of SIGKILL. Its disk may hang.`,
  );
}

function cannotAsk(error: unknown, pid: number): unknown {
  if (!(error instanceof HubError) || error.code !== 'hub.not_running') return error;
  return fail(
    'hub.unreachable',
    `The hub (pid ${pid}) is alive but does not listen on its socket. End it with "botster stop --force".`,
  );
}
