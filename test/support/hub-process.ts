/**
 * The real command line and real hubs, in processes of their own, for tests from outside.
 *
 * Nothing outlives the test: what was started is ended when it ends, and a hub left in the background, or a session
 * host, is found by its pid file. Waits are for facts (a line printed, a process gone), never for time.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { ReadyInfo } from '../../hub/run-options.js';
import { isRunning } from '../../system/process-identity.js';
import { endHost } from './end-host.js';
import { distUrl } from './import-from-dist.js';
import { cleanEnv, makeRepo, tempDir } from './temp-repo.js';
import { LATE_MS } from './until.js';

const MAIN = fileURLToPath(distUrl('hub/cli/main.js'));

export interface CliResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  /** What stdin has. Default: nothing. */
  readonly input?: string | Uint8Array;
  /** What stands before the command: another machine's namespaces (cable.ts). */
  readonly within?: readonly string[];
}

export interface CliProcess {
  readonly child: ChildProcess;
  readonly done: Promise<CliResult>;
  /** Resolves with all output so far once a stream has said something that matches. Rejects if it ends without. */
  said(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<string>;
}

/** Starts `botster` with arguments. Killed when the test ends. */
export function spawnCli(args: readonly string[], { cwd, env, input, within = [] }: CliOptions): CliProcess {
  const [command = '', ...rest] = [...within, process.execPath, MAIN, ...args];
  const child = spawn(command, rest, {
    cwd,
    env: env ?? cleanEnv,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  const watchers = new Set<() => void>();
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]?.setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text;
      for (const watcher of watchers) watcher();
    });
  }
  child.stdin?.end(input);
  const done = new Promise<CliResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, ...output }));
  });
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await done;
  });
  return {
    child,
    done,
    said: (stream, pattern) =>
      new Promise((resolve, reject) => {
        const settle = (act: () => void): void => {
          watchers.delete(look);
          clearTimeout(late);
          act();
        };
        const look = (): void => {
          if (pattern.test(output[stream])) settle(() => resolve(output[stream]));
        };
        const silent = (): void =>
          settle(() => reject(new Error(`never said ${pattern}:\n${JSON.stringify(output)}`)));
        const late = setTimeout(silent, LATE_MS);
        watchers.add(look);
        void done.then(() => {
          look();
          silent();
        });
        look();
      }),
  };
}

/** Runs `botster` to its end. */
export function runCli(args: readonly string[], options: CliOptions): Promise<CliResult> {
  return spawnCli(args, options).done;
}

/** A repository and a data folder of its own, for the hubs of one test. */
export interface Place {
  readonly repo: string;
  readonly dataDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly hasWeb: boolean;
  /** Runs `botster` in the repository. */
  run(...args: string[]): Promise<CliResult>;
  /** Starts `botster` in the repository. */
  spawn(...args: string[]): CliProcess;
}

export interface PlaceOptions extends Pick<CliOptions, 'within'> {
  /** The repository's folder, and so the hub's name. */
  readonly name?: string;
  readonly files?: Readonly<Record<string, string>>;
  /** Whether `startHub` lets it serve its page. Without, a hub starts in two thirds of the time. */
  readonly hasWeb?: boolean;
}

/** Hubs of this place that still run when the test ends are killed, and their session hosts ended. */
export async function makePlace(
  env: NodeJS.ProcessEnv = {},
  { name = 'repo', files, within = [], hasWeb = false }: PlaceOptions = {},
): Promise<Place> {
  const root = tempDir();
  const dataDir = join(root, 'data');
  const repo = await makeRepo(join(root, name), files);
  const placeEnv = { ...cleanEnv, BOTSTER_DATA_DIR: dataDir, ...env };
  onTestFinished(() => killHubs(dataDir));
  const options = { cwd: repo, env: placeEnv, within };
  return {
    repo,
    dataDir,
    env: placeEnv,
    hasWeb,
    run: (...args) => runCli(args, options),
    spawn: (...args) => spawnCli(args, options),
  };
}

export interface RunningHub {
  readonly info: ReadyInfo;
  readonly process: CliProcess;
}

/** A hub in the foreground, ready. */
export async function startHub(place: Place, ...args: string[]): Promise<RunningHub> {
  const hub = place.spawn('start', '--json', ...(place.hasWeb ? [] : ['--no-web']), ...args);
  const line = await hub.said('stdout', /\n/);
  return { info: JSON.parse(line) as ReadyInfo, process: hub };
}

/** What a hub keeps when it ends: its log, its keys, its port. */
const KEPT: ReadonlySet<string> = new Set(['hub.log', 'pairing', 'web.json']);

/** The files in a state folder that say that a hub runs. */
export function runFiles(stateDir: string): string[] {
  return readdirSync(stateDir)
    .filter((name) => !KEPT.has(name))
    .sort();
}

/** Whether a process exists and is not just waiting for its parent to notice its end. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    // No /proc (macOS), or gone since.
    return process.platform !== 'linux';
  }
}

async function killHubs(dataDir: string): Promise<void> {
  for (const { pid, mark } of hubRecords(dataDir)) {
    // A test may have left a pid file that names some other process.
    if (await isRunning(pid, mark)) process.kill(pid, 'SIGKILL');
  }
  for (const stateDir of stateDirs(dataDir)) await endHost(stateDir);
}

function stateDirs(dataDir: string): string[] {
  const hubs = join(dataDir, 'hubs');
  return existsSync(hubs) ? readdirSync(hubs).map((hub) => join(hubs, hub)) : [];
}

function hubRecords(dataDir: string): { pid: number; mark: string }[] {
  return stateDirs(dataDir).flatMap((stateDir) => {
    const file = join(stateDir, 'hub.pid');
    return existsSync(file) ? [JSON.parse(readFileSync(file, 'utf8')) as { pid: number; mark: string }] : [];
  });
}
