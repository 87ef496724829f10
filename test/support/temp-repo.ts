/**
 * Real folders and git repositories for one test, gone when it ends. Git sees no configuration of this machine.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';

const execFileAsync = promisify(execFile);

/** The environment for git and for botster: nothing of this user's. */
export const cleanEnv: NodeJS.ProcessEnv = {
  ...process.env,
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'Test',
  GIT_AUTHOR_EMAIL: 'test@example.com',
  GIT_COMMITTER_NAME: 'Test',
  GIT_COMMITTER_EMAIL: 'test@example.com',
};

/** A new folder (0700), by its real path; removed when the test ends. Short: sockets go into such folders. */
export function tempDir(): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'bt-')));
  onTestFinished(() => rmSync(path, { recursive: true, force: true, maxRetries: 3 }));
  return path;
}

export async function git(cwd: string, ...args: string[]): Promise<string> {
  const { stdout } = await execFileAsync('git', args, { cwd, env: cleanEnv });
  return stdout.trim();
}

/** A repository with one commit and the given files. */
export async function makeRepo(
  path = join(tempDir(), 'repo'),
  files: Readonly<Record<string, string>> = { 'README.md': 'A test.\n' },
): Promise<string> {
  mkdirSync(path, { recursive: true });
  await git(path, 'init', '--quiet', '--initial-branch=main');
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  await git(path, 'add', '--all');
  await git(path, 'commit', '--quiet', '--allow-empty', '-m', 'first');
  return path;
}
