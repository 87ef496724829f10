/**
 * The name of a repository at its host, from the address of its remote `origin`.
 *
 * git is asked (it knows includes, worktrees and `insteadOf`), in a child process. Nothing is guessed from folder
 * names: a wrong name would send an agent's work to a stranger's repository.
 */
import { execFile } from 'node:child_process';
import { fail, HubError } from '../../base/errors.js';

export type DetectCode = 'hub.no_remote' | 'hub.git_failed';

const GIT_TIMEOUT_MS = 10_000;

/** Asks git in `folder`. */
export async function detectRepo(folder: string): Promise<string | HubError<DetectCode>> {
  const address = await originOf(folder);
  if (address instanceof HubError) return address;
  return (
    repoOf(address) ??
    fail(
      'hub.no_remote',
      `the remote origin of ${folder} is ${withoutPassword(address)}, which names no owner and repository`,
    )
  );
}

/** `owner/name` from a remote's address (https, ssh, git, or `user@host:path`); undefined for a local path. */
export function repoOf(address: string): string | undefined {
  // scp's form, as git tells it from a path: a colon before the first slash.
  const path = address.includes('://')
    ? /^(?:https?|ssh|git(?:\+ssh)?):\/\/[^/]+\/(.+)$/.exec(address)?.[1]
    : /^[^/:]+:(?!\/\/)(.+)$/.exec(address)?.[1];
  if (path === undefined) return undefined;
  const names = path
    .replace(/[?#].*$/, '')
    .replace(/\/+$/, '')
    .replace(/\.git$/, '')
    .split('/')
    .filter((name) => name !== '');
  if (names.length < 2 || names.includes('..') || names[0] === '~') return undefined;
  return names.join('/');
}

function originOf(folder: string): Promise<string | HubError<DetectCode>> {
  const env: NodeJS.ProcessEnv = { ...process.env, LC_ALL: 'C' };
  // Set when the hub was started from a git hook or alias; they would point at another repository.
  for (const name of ['GIT_DIR', 'GIT_WORK_TREE', 'GIT_COMMON_DIR', 'GIT_INDEX_FILE', 'GIT_PREFIX'])
    delete env[name];
  return new Promise((resolve) => {
    const options = { cwd: folder, env, timeout: GIT_TIMEOUT_MS, maxBuffer: 64 * 1024 };
    execFile('git', ['remote', 'get-url', 'origin'], options, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout.trim());
      resolve(whyNoOrigin(error, stderr, folder));
    });
  });
}

function whyNoOrigin(
  error: { code?: unknown; killed?: boolean },
  stderr: string,
  folder: string,
): HubError<DetectCode> {
  // ENOENT is also what a missing folder gives; git is then not the culprit, but neither is there a remote.
  if (error.killed === true)
    return fail('hub.git_failed', `git did not answer within ${GIT_TIMEOUT_MS / 1000} s`);
  if (error.code === 'ENOENT')
    return fail('hub.git_failed', `cannot run git in ${folder}: git or the folder is not there`);
  const reason = stderr.trim().split('\n')[0] ?? '';
  return fail(
    'hub.no_remote',
    `${folder} has no git remote origin: ${reason === '' ? 'git gave no reason' : reason}`,
  );
}

function withoutPassword(address: string): string {
  return address.replace(/\/\/[^/@]*@/, '//');
}
