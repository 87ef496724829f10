/**
 * A hub in the background: a detached process, and the one message by which it tells its parent how the start went.
 *
 * The parent returns only when the hub serves, or with the reason why it does not: the child's own coded error, what it
 * printed if it died without one, or a time-out, after which no child is left. What the child prints (a crash report
 * of Node) goes into the hub's log.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { fail, HubError, messageOf } from '../../base/errors.js';
import type { LogLevel } from '../../base/log.js';
import type { HubIdentity } from '../../primitives/context.js';
import { prepareFolders } from '../instance-lock.js';
import { stateFiles } from '../paths.js';
import type { WebOptions } from '../relay/web-settings.js';
import type { ReadyInfo } from '../run-options.js';
import type { Terminal } from './terminal.js';
import { webArguments } from './web-options.js';

/** Twenty times the usual start, for a machine under load. */
const READY_MS = 15_000;
/** Marks the child, so that a hub started by some other program with an IPC channel does not speak on it. */
const DETACHED_ENV = 'BOTSTER_DETACHED';
/** What of a dead child's last words is shown. */
const MAX_LAST_WORDS = 4_000;

type Report =
  | { readonly kind: 'ready'; readonly info: ReadyInfo }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

export interface Parent {
  tellReady(info: ReadyInfo): Promise<void>;
  tellFailure(thrown: unknown): Promise<void>;
}

/** In a detached hub: its way to tell the parent. Undefined in any other process. */
export function parentOf(self: NodeJS.Process): Parent | undefined {
  if (self.env[DETACHED_ENV] === undefined || self.send === undefined) return undefined;
  // Not for the hub's own children.
  delete self.env[DETACHED_ENV];
  const tell = (report: Report): Promise<void> =>
    new Promise((told) => {
      // A parent that gave up waiting is no reason to fail.
      if (!self.connected) return told();
      self.send?.(report, undefined, undefined, () => {
        if (self.connected) self.disconnect?.();
        told();
      });
    });
  return {
    tellReady: (info) => tell({ kind: 'ready', info }),
    tellFailure: (thrown) => {
      const code = thrown instanceof HubError ? String(thrown.code) : 'hub.start_failed';
      return tell({ kind: 'failed', code, message: messageOf(thrown) });
    },
  };
}

export interface DetachOptions {
  readonly identity: HubIdentity;
  readonly env: NodeJS.ProcessEnv;
  readonly logLevel: LogLevel;
  readonly web?: WebOptions;
  readonly terminal: Terminal;
  readonly readyMs?: number;
}

/** Starts the hub in the background and waits until it serves. Errors: the child's own, hub.start_failed. */
export async function startDetached(options: DetachOptions): Promise<ReadyInfo> {
  const { identity, terminal } = options;
  prepareFolders(identity);
  const logPath = stateFiles(identity.stateDir).log;
  const log = openSync(logPath, 'a', 0o600);
  const logBytes = fstatSync(log).size;
  const child = spawnHub(options, log);
  closeSync(log);
  if (terminal.isTty.err) terminal.err(`Starting the hub of ${identity.repoRoot} ...\n`);
  const readyMs = options.readyMs ?? READY_MS;
  const { report, late } = await firstReport(child, readyMs);
  if (child.connected) child.disconnect();
  child.unref();
  if (report?.kind === 'ready') return report.info;
  if (report?.kind === 'failed') throw fail(report.code, report.message);
  const why = late ? `The hub was not ready within ${readyMs / 1000} s and was ended.` : howItEnded(child);
  throw fail('hub.start_failed', `${why}${lastWords(logPath, logBytes)}`);
}

function spawnHub({ identity, env, logLevel, web = {} }: DetachOptions, log: number): ChildProcess {
  const [node, script] = [process.execPath, process.argv[1] ?? ''];
  const args = ['start', '--repo', identity.repoRoot, '--log-level', logLevel, ...webArguments(web)];
  return spawn(node, [...process.execArgv, script, ...args], {
    cwd: identity.repoRoot,
    detached: true,
    // A relative data folder means the one below the directory of the caller.
    env: {
      ...env,
      [DETACHED_ENV]: '1',
      ...(env['BOTSTER_DATA_DIR'] ? { BOTSTER_DATA_DIR: identity.dataDir } : {}),
    },
    stdio: ['ignore', log, log, 'ipc'],
  });
}

/** What the child says, if it does. Unless that is "ready", the child has ended by then, or was ended for being late. */
async function firstReport(
  child: ChildProcess,
  readyMs: number,
): Promise<{ readonly report: Report | undefined; readonly late: boolean }> {
  let report: Report | undefined;
  let late = false;
  const told = new Promise<void>((resolve) => {
    child.once('message', (message) => {
      report = message as Report;
      resolve();
    });
  });
  // After `exit` a message may still be on its way; after the channel closed none is.
  const silent = new Promise((resolve) => child.once('disconnect', resolve));
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const overdue = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, readyMs);
  await Promise.race([told, ended]);
  if (report === undefined && child.connected) await Promise.race([told, silent]);
  if (report?.kind !== 'ready') await ended;
  clearTimeout(overdue);
  return { report, late };
}

function howItEnded({ exitCode, signalCode, pid }: ChildProcess): string {
  if (pid === undefined) return 'The hub could not be started.';
  return `The hub ended while it started (${signalCode ?? `exit status ${exitCode}`}).`;
}

/** The end of what was logged since the file had `fromBytes`. */
function lastWords(logPath: string, fromBytes: number): string {
  const words = readFileSync(logPath).subarray(fromBytes).toString('utf8').slice(-MAX_LAST_WORDS).trimEnd();
  return words === '' ? '' : ` Its log (${logPath}) ends with:\n${words.split('\n').slice(-20).join('\n')}`;
}
