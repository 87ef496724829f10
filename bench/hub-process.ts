/** The hub as a process in a repository of its own, and what the system knows of a process. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './bench-hub.js';

export interface Place {
  readonly repo: string;
  readonly env: NodeJS.ProcessEnv;
  remove(): void;
}

/** An empty repository, with a data folder inside. */
export function makePlace(): Place {
  const repo = mkdtempSync(join(tmpdir(), 'botster-bench-'));
  execFileSync('git', ['init', '--quiet', repo]);
  const env = { ...process.env, BOTSTER_DATA_DIR: join(repo, 'data') };
  return { repo, env, remove: () => rmSync(repo, { recursive: true, force: true }) };
}

export interface StartedHub {
  readonly readyMs: number;
  readonly pid: number;
  readonly hubId: string;
  readonly socket: string;
  stop(): Promise<void>;
  /** `kill -9`. */
  kill(): Promise<void>;
}

export async function startHub({ repo, env }: Place): Promise<StartedHub> {
  const startMs = performance.now();
  const child = spawn(join(root, 'botster'), ['start', '--json', '--repo', repo], {
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString()));
    child.once('exit', (code) => reject(new Error(`the hub exited with ${String(code)}`)));
  });
  const readyMs = performance.now() - startMs;
  const { pid, hub_id, socket } = JSON.parse(line) as { pid: number; hub_id: string; socket: string };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    process.kill(pid, signal);
    await exited;
  };
  return { readyMs, pid, hubId: hub_id, socket, stop: () => end('SIGTERM'), kill: () => end('SIGKILL') };
}

/** What all threads used so far, to the nanosecond; the ticks of /proc/<pid>/stat are too coarse for a hub at rest. */
export function cpuSeconds(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const used = threads.map(
    (id) => readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'utf8').split(' ', 1)[0],
  );
  return used.reduce((sum, nanoseconds) => sum + Number(nanoseconds), 0) / 1e9;
}

export function rssMb(pid: number): number {
  const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) / 1024;
}

export function waitMs(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
