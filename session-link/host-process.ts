/**
 * Finds the session host of a hub, and starts one: a process of its own that outlives the hub.
 *
 * Used by the hub's own connection (primitives/pty/host-link.ts) and by the relay of clients' connections (host-relay.ts).
 * That never two hosts serve one folder is the host's own care: here, two starts at once end at the same host.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { type FileHandle, open, readFile, rename } from 'node:fs/promises';
import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fits } from '../base/check.js';
import type { Clock } from '../base/clock.js';
import { fail, type HubError, messageOf } from '../base/errors.js';
import { HOST_LOOK_SIGNAL, type HostConfig, type HostRecord, hostRecord } from '../protocol/host-config.js';
import { HOST_PROTOCOL_VERSION } from '../protocol/host-methods.js';
import type { Hello } from '../protocol/messages.js';
import { isRunning } from '../system/process-identity.js';
import { signalProcess } from '../system/signal.js';

const HOST_MAIN = fileURLToPath(new URL('../session-host/main.js', import.meta.url));

/** Thirty times the usual start, for a machine under load. */
const START_MS = 15_000;
const FIRST_LOOK_MS = 4;
const LONGEST_LOOK_MS = 50;
/** How long a host that does not listen may take to do so, or to be gone. */
const LOOK_MS = 3_000;
/** The log of the host before this one is kept beside it from this size on. */
const LOG_BYTES = 1024 * 1024;
const MAX_LAST_WORDS = 2_000;

/** Connects to the host that runs; undefined if none does. Errors: host.unreachable. */
export async function findHost(config: HostConfig, clock: Clock): Promise<Socket | undefined> {
  let socket = await connect(config.socket_path);
  if (socket !== undefined) return socket;
  // A cleaner of folders may have removed its socket file, or it is on its way out.
  const giveUpMs = clock.nowMs() + LOOK_MS;
  for (let told = false; clock.nowMs() < giveUpMs; told = true) {
    const running = await runningHost(config.state_dir);
    if (running === undefined) return undefined;
    if (!told) signalProcess(running.pid, HOST_LOOK_SIGNAL);
    await wait(clock, LONGEST_LOOK_MS);
    socket = await connect(config.socket_path);
    if (socket !== undefined) return socket;
  }
  throw fail('host.unreachable', 'The session host runs, but does not listen on its socket.');
}

/** What host.pid says, if it is true. */
async function runningHost(stateDir: string): Promise<HostRecord | undefined> {
  const text = await readFile(join(stateDir, 'host.pid'), 'utf8').catch(() => '');
  const record = parsed(text);
  return fits(hostRecord, record) && (await isRunning(record.pid, record.mark)) ? record : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function connect(path: string): Promise<Socket | undefined> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    const onError = (error: NodeJS.ErrnoException): void => {
      const absent = error.code === 'ENOENT' || error.code === 'ECONNREFUSED';
      if (absent) resolve(undefined);
      else reject(fail('host.unreachable', `Cannot connect to the session host: ${error.message}.`));
    };
    socket.once('error', onError);
    socket.once('connect', () => {
      socket.off('error', onError);
      // Whoever uses it hears of its end by `close`.
      socket.on('error', () => undefined);
      resolve(socket);
    });
  });
}

/** There is a host, or should be, and it cannot be spoken with. */
export function hostUnreachable(why: string): HubError<'host.unreachable'> {
  return fail('host.unreachable', `The session host cannot be reached. ${why}.`);
}

/** How a hub greets its session host: with the token that only who may read the folder has. Errors: host.unreachable. */
export async function hostHello(config: HostConfig, client: string): Promise<Omit<Hello, 'type'>> {
  const path = join(config.state_dir, 'host.token');
  const token = await readFile(path, 'utf8').catch((thrown: unknown) => {
    throw fail('host.unreachable', `The session host's token cannot be read: ${messageOf(thrown)}.`);
  });
  return {
    protocol_version: HOST_PROTOCOL_VERSION,
    client,
    version: config.version,
    hub_id: config.hub_id,
    pid: process.pid,
    token: token.trim(),
  };
}

/** Starts a host and connects to it, or to the one that another start brought up. Errors: host.start_failed. */
export async function startHost(config: HostConfig, clock: Clock): Promise<Socket> {
  const logPath = join(config.state_dir, 'host.log');
  const { child, logBytes } = await spawnHost(config, logPath).catch((thrown: unknown) => {
    throw fail('host.start_failed', `The session host cannot be started: ${messageOf(thrown)}.`);
  });
  let ended: string | undefined;
  child.once('error', (error) => {
    ended = error.message;
  });
  child.once('exit', (code, signal) => {
    ended ??= signal === null ? `exit status ${code}` : signal;
  });
  child.unref();
  const giveUpMs = clock.nowMs() + START_MS;
  for (let waitMs = FIRST_LOOK_MS; ; waitMs = Math.min(waitMs * 1.5, LONGEST_LOOK_MS)) {
    await wait(clock, waitMs);
    // Asked first: a host that ended because another one serves did so after that one listened.
    const why = ended;
    const socket = await connect(config.socket_path);
    if (socket !== undefined) return socket;
    if (why !== undefined)
      throw startFailed(`It ended while it started (${why}).`, await lastWords(logPath, logBytes));
    if (clock.nowMs() < giveUpMs) continue;
    child.kill('SIGKILL');
    throw startFailed(`It did not listen within ${START_MS / 1000} s.`, await lastWords(logPath, logBytes));
  }
}

function wait(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.after(ms, resolve));
}

async function spawnHost(
  config: HostConfig,
  logPath: string,
): Promise<{ readonly child: ChildProcess; readonly logBytes: number }> {
  const log = await openLog(logPath);
  try {
    const { size } = await log.stat();
    const child = spawn(process.execPath, [HOST_MAIN, JSON.stringify(config)], {
      // It must not keep a file system busy that somebody wants to unmount.
      cwd: '/',
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    });
    return { child, logBytes: size };
  } finally {
    await log.close();
  }
}

async function openLog(path: string): Promise<FileHandle> {
  const log = await open(path, 'a', 0o600);
  if ((await log.stat()).size < LOG_BYTES) return log;
  await log.close();
  await rename(path, `${path}.1`);
  return await open(path, 'a', 0o600);
}

/** The end of what was logged since the file had `fromBytes`. */
async function lastWords(path: string, fromBytes: number): Promise<string> {
  const bytes = await readFile(path).catch(() => Buffer.alloc(0));
  return bytes.subarray(fromBytes).toString('utf8').slice(-MAX_LAST_WORDS).trimEnd();
}

function startFailed(why: string, words: string): HubError<'host.start_failed'> {
  const log = words === '' ? '' : ` Its log ends with:\n${words}`;
  return fail('host.start_failed', `The session host did not start. ${why}${log}`);
}
