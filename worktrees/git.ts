/**
 * The one way to run git: an asynchronous child process that cannot hang on a question, cannot fill memory, ends with
 * its whole process group when it is cancelled, and whose failure has a code.
 *
 * Its environment is the user's, without the variables by which a calling git (a hook, an alias) points at its own
 * repository, and with messages in English, because some of them are read here.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { constants, setPriority } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { fail, type HubError } from '../base/errors.js';
import { errnoOf } from '../system/errno.js';
import { signalProcess } from '../system/signal.js';
import { Turns } from './turns.js';

/** A checkout of a large repository over a slow disk, hooks included. */
export const GIT_TIMEOUT_MS = 600_000;
/** The status of a tree with half a million changed files. */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
/** The end of what git said is where the reason stands. */
const MAX_ERROR_CHARS = 16_384;
/** Git removes its lock files and half-made worktrees when it is asked to end; then it is ended. */
const KILL_GRACE_MS = 3_000;
/** Processes at a time; more wait. */
const MAX_PROCESSES = 16;
const MAX_WAITING = 4_096;
/** How long to go on trying when another git holds a lock of the repository. */
const LOCK_RETRY_MS = 5_000;

export type GitCode = 'git.missing' | 'git.failed' | 'git.timeout' | 'git.cancelled' | 'git.busy';

/** For commits that are nobody's work: they must not fail where no name is configured. */
export const NOBODY = {
  GIT_AUTHOR_NAME: 'botster',
  GIT_AUTHOR_EMAIL: 'botster@localhost',
  GIT_COMMITTER_NAME: 'botster',
  GIT_COMMITTER_EMAIL: 'botster@localhost',
};

export interface GitOptions {
  readonly cwd: string;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** For stdin, which is closed otherwise. */
  readonly input?: string | Uint8Array;
  /** What git says meanwhile, in pieces of any size. */
  readonly onStderr?: (text: string) => void;
}

export interface GitResult {
  /** Null: ended by a signal that was not ours. */
  readonly code: number | null;
  readonly stdout: Buffer;
  /** The last of it. */
  readonly stderr: string;
}

export class Git {
  readonly #env: NodeJS.ProcessEnv;
  readonly #turns = new Turns({ maxRunning: MAX_PROCESSES, maxWaiting: MAX_WAITING });

  /** `env` is the user's environment. */
  constructor(env: NodeJS.ProcessEnv = process.env) {
    this.#env = gitEnv(env);
  }

  /** What git printed. Throws git.failed if its exit code is not 0, and what `attempt` throws. */
  async run(args: readonly string[], options: GitOptions): Promise<string> {
    return (await this.bytes(args, options)).toString();
  }

  /** As `run`, for names that may not be text. */
  async bytes(args: readonly string[], options: GitOptions): Promise<Buffer> {
    const result = await this.attempt(args, options);
    if (result.code === 0) return result.stdout;
    throw gitFailed(args, result);
  }

  /**
   * As `run`, for commands that take a lock of the repository for a moment and did nothing if they did not get it:
   * repeated while another git has it.
   */
  async runLocking(args: readonly string[], options: GitOptions): Promise<string> {
    const untilMs = performance.now() + LOCK_RETRY_MS;
    for (let pauseMs = 20; ; pauseMs = Math.min(pauseMs * 2, 400)) {
      const result = await this.attempt(args, options);
      if (result.code === 0) return result.stdout.toString();
      if (!isLockFailure(result.stderr) || performance.now() > untilMs) throw gitFailed(args, result);
      await wait(pauseMs * (1 + Math.random()));
    }
  }

  /** Runs git to its end, whatever its exit code. Throws git.missing, git.timeout, git.cancelled, git.busy, git.failed. */
  async attempt(args: readonly string[], options: GitOptions): Promise<GitResult> {
    const untilMs = performance.now() + LOCK_RETRY_MS;
    for (;;) {
      const result = await this.#attemptOnce(args, options);
      if (result.code === 0 || !sawHalfWorktree(result.stderr) || performance.now() > untilMs) return result;
      await wait(20 + 20 * Math.random());
    }
  }

  async #attemptOnce(args: readonly string[], options: GitOptions): Promise<GitResult> {
    if (options.signal?.aborted === true) throw cancelled();
    const result = await this.#turns.run([], () => this.#spawn(args, options), options.signal);
    if (result === 'busy') throw fail('git.busy', `more than ${MAX_WAITING} git commands are waiting`);
    if (result === 'cancelled') throw cancelled();
    return result;
  }

  #spawn(args: readonly string[], options: GitOptions): Promise<GitResult> {
    const { cwd, signal, timeoutMs = GIT_TIMEOUT_MS, env, input, onStderr } = options;
    return new Promise((resolve, reject) => {
      // A process group (and session) of its own: hooks and helpers end with it, and no terminal can ask anything.
      const child = spawn('git', args, {
        cwd,
        env: { ...this.#env, ...env },
        stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
        detached: true,
      });
      lowerPriority(child);
      let failure: HubError<GitCode> | undefined;
      let hardKill: NodeJS.Timeout | undefined;
      const end = (why: HubError<GitCode>): void => {
        if (failure !== undefined) return;
        failure = why;
        killGroup(child, 'SIGTERM');
        hardKill = setTimeout(() => killGroup(child, 'SIGKILL'), KILL_GRACE_MS);
      };
      const cancel = (): void => end(cancelled());
      const late = setTimeout(() => end(tooSlow(args, timeoutMs)), timeoutMs);
      signal?.addEventListener('abort', cancel, { once: true });

      const output: Buffer[] = [];
      let outputBytes = 0;
      child.stdout?.on('data', (chunk: Buffer) => {
        outputBytes += chunk.byteLength;
        if (outputBytes <= MAX_OUTPUT_BYTES) output.push(chunk);
        else end(fail('git.failed', `git ${args[0] ?? ''} printed more than ${MAX_OUTPUT_BYTES} bytes`));
      });
      let stderr = '';
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        stderr = (stderr + text).slice(-MAX_ERROR_CHARS);
        onStderr?.(text);
      });
      // Git may end before it has read everything.
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(input);

      const settle = (): void => {
        clearTimeout(late);
        clearTimeout(hardKill);
        signal?.removeEventListener('abort', cancel);
      };
      let started = true;
      child.once('error', (thrown) => {
        started = false;
        settle();
        void startFailure(thrown, cwd).then(reject, reject);
      });
      child.once('close', (code) => {
        settle();
        if (!started) return;
        if (failure !== undefined) reject(failure);
        else resolve({ code, stdout: Buffer.concat(output), stderr });
      });
    });
  }
}

/** What git says when somebody else is at work: the lock file that it wants to make is there. */
function isLockFailure(stderr: string): boolean {
  return /(unable to create|could not lock|cannot lock|unable to lock).*file exists/is.test(stderr);
}

/** Git gives up when it meets a worktree that another git is registering at this very moment. */
function sawHalfWorktree(stderr: string): boolean {
  return /failed to read \S*worktrees\/[^/]+\/(commondir|gitdir|HEAD)/.test(stderr);
}

/** The failure of a command that ended. */
export function gitFailed(args: readonly string[], { code, stderr }: GitResult): HubError<'git.failed'> {
  const command = commandName(args);
  return fail('git.failed', `git ${command} failed: ${reasonOf(stderr) || `exit code ${code ?? 'none'}`}`, {
    command,
    exit_code: code,
    stderr: stderr.slice(-2_000),
  });
}

/** The lines that say why, without progress and hints. */
export function reasonOf(stderr: string): string {
  const lines = stderr
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('hint:') && !/\d+% \(\d+\/\d+\)/.test(line));
  const fatal = lines.findIndex((line) => /^(fatal|error):/.test(line));
  return lines
    .slice(fatal === -1 ? -3 : fatal)
    .slice(0, 5)
    .map((line) => line.replace(/^(fatal|error): /, ''))
    .join('\n')
    .slice(0, 1_000);
}

/** `worktree add` of `-c x=y worktree add path`. */
function commandName(args: readonly string[]): string {
  const words: string[] = [];
  for (let i = 0; i < args.length && words.length < 2; i++) {
    const word = args[i] ?? '';
    if (word === '-c' || word === '-C') i++;
    else if (/^[a-z-]+$/.test(word) && !word.startsWith('-')) words.push(word);
    else if (words.length > 0) break;
  }
  return words.slice(0, words[0] === 'worktree' || words[0] === 'submodule' ? 2 : 1).join(' ');
}

function cancelled(): HubError<'git.cancelled'> {
  return fail('git.cancelled', 'it was cancelled');
}

function tooSlow(args: readonly string[], timeoutMs: number): HubError<'git.timeout'> {
  return fail('git.timeout', `git ${commandName(args)} took longer than ${timeoutMs / 1000} s`);
}

async function startFailure(thrown: Error, cwd: string): Promise<HubError<GitCode>> {
  if (errnoOf(thrown) !== 'ENOENT') return fail('git.failed', `git cannot be started: ${thrown.message}`);
  // The same error stands for a missing folder.
  const folder = await stat(cwd).catch(() => undefined);
  if (folder?.isDirectory() !== true) return fail('git.failed', `there is no folder ${cwd}`, { path: cwd });
  return fail('git.missing', 'git is not installed, or not in PATH');
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid !== undefined) signalProcess(-child.pid, signal);
}

/** A checkout must not take the processor from the hub and the agents. */
function lowerPriority(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It ended already, or the system does not allow it.
  }
}

/** What a user may set for all repositories. Everything else named GIT_ is about one command or one repository. */
const userSettings =
  /^GIT_(CONFIG_(GLOBAL|SYSTEM|NOSYSTEM|COUNT|KEY_\d+|VALUE_\d+)|EXEC_PATH|TEMPLATE_DIR|(AUTHOR|COMMITTER)_(NAME|EMAIL)|SSH|SSH_COMMAND|SSH_VARIANT|SSL_.*|HTTP_.*|PROXY_.*|ALLOW_PROTOCOL|PROTOCOL.*|LFS_.*)$/;

function gitEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => !name.startsWith('GIT_') || userSettings.test(name));
  return {
    ...Object.fromEntries(kept),
    LC_ALL: 'C',
    // Nobody is there to answer: fail instead of asking. Credential helpers still work.
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '',
    SSH_ASKPASS_REQUIRE: 'never',
    GCM_INTERACTIVE: 'never',
    GIT_EDITOR: ':',
  };
}
