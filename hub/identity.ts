/**
 * Which hub a directory belongs to: one per git repository.
 *
 * A repository is its main working tree, also when asked from a linked worktree, a subfolder or the .git folder; a bare
 * repository is its own folder; a submodule is a repository of its own. The id depends on the repository's real path
 * only. Nothing is created here.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fail, type HubError } from '../base/errors.js';
import type { HubIdentity } from '../primitives/context.js';
import { dataDirOf, hostSocketPathOf, packageRoot, readVersion, socketPathOf } from './paths.js';

export interface WhereToLook {
  /** Any directory of the repository; default the current one. */
  readonly directory?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * The hub of the repository around a directory.
 * Errors: repo.not_found (no such directory, or not in a repository), repo.unreadable (git refuses or fails),
 * git.missing, git.too_old.
 */
export async function resolveIdentity(where: WhereToLook = {}): Promise<HubIdentity> {
  const env = where.env ?? process.env;
  const repoRoot = await findRepoRoot(where.directory ?? process.cwd(), env);
  const hubId = hubIdOf(repoRoot);
  const dataDir = dataDirOf(env);
  const stateDir = join(dataDir, 'hubs', hubId);
  const uid = process.getuid?.() ?? 0;
  return {
    hubId,
    repoRoot,
    dataDir,
    stateDir,
    luaPath: join(packageRoot, 'lua'),
    socketPath: socketPathOf(stateDir, hubId, uid),
    hostSocketPath: hostSocketPathOf(stateDir, hubId, uid),
    version: readVersion(),
  };
}

/** First 16 hex digits of SHA-256 of the repository's real path. */
export function hubIdOf(repoRoot: string): string {
  return createHash('sha256').update(repoRoot).digest('hex').slice(0, 16);
}

/** The real path of the main repository that `directory` belongs to. Errors: as of resolveIdentity. */
export async function findRepoRoot(directory: string, env: NodeJS.ProcessEnv): Promise<string> {
  const from = await realpath(resolve(directory)).catch(() => undefined);
  if (from === undefined || !(await stat(from)).isDirectory()) {
    throw fail('repo.not_found', `There is no directory ${directory}.`, { directory });
  }
  const asked = ['--git-common-dir', '--git-dir', '--is-bare-repository'];
  const [common = '', gitDir, bare] = await revParse(from, asked, env);
  if (common.startsWith('--')) throw tooOld();

  const commonDir = await realpath(common);
  // `.git` inside a working tree: by far the most common case, and needs no second question.
  if (basename(commonDir) === '.git') return dirname(commonDir);
  if (bare === 'true') return commonDir;
  if (gitDir === common) {
    const [top = ''] = await revParse(from, ['--show-toplevel'], env);
    return await realpath(top);
  }
  return await mainOfLinkedWorktree(commonDir, env);
}

/** From a linked worktree whose repository is not a `.git` folder: bare, a submodule, or a separate git directory. */
async function mainOfLinkedWorktree(commonDir: string, env: NodeJS.ProcessEnv): Promise<string> {
  const [bare] = await revParse(commonDir, ['--is-bare-repository'], env);
  if (bare === 'true') return commonDir;
  const worktree = (await git(['config', 'core.worktree'], commonDir, env)).output.trim();
  if (worktree !== '') return await realpath(resolve(commonDir, worktree));
  throw fail(
    'repo.unreadable',
    `This is a linked worktree of ${commonDir}, a repository whose git directory is kept apart from its main ` +
      'working tree, and git does not record where that is. Run botster from the main working tree, or name it ' +
      'with --repo DIR.',
    { directory: commonDir },
  );
}

async function revParse(from: string, asked: readonly string[], env: NodeJS.ProcessEnv): Promise<string[]> {
  const { output, errorText } = await git(['rev-parse', '--path-format=absolute', ...asked], from, env);
  if (errorText === undefined) return output.trimEnd().split('\n');
  if (/not a git repository/i.test(errorText)) {
    throw fail(
      'repo.not_found',
      `${from} is not inside a git repository. Go to one, name one with --repo DIR, or make one with "git init".`,
      { directory: from },
    );
  }
  if (errorText.includes('--path-format')) throw tooOld();
  throw fail('repo.unreadable', `git cannot read the repository around ${from}:\n${errorText.trim()}`, {
    directory: from,
  });
}

/** Runs git in `from`, without the variables by which a calling git (a hook, an alias) points at its own repository. */
function git(
  args: readonly string[],
  from: string,
  env: NodeJS.ProcessEnv,
): Promise<{ output: string; errorText: string | undefined }> {
  const cleanEnv: NodeJS.ProcessEnv = { ...env, LC_ALL: 'C' };
  for (const name of ['GIT_DIR', 'GIT_WORK_TREE', 'GIT_COMMON_DIR', 'GIT_INDEX_FILE', 'GIT_PREFIX']) {
    delete cleanEnv[name];
  }
  return new Promise((done, reject) => {
    execFile('git', args, { cwd: from, env: cleanEnv }, (error, stdout, stderr) => {
      if (error?.code === 'ENOENT') reject(gitMissing());
      else done({ output: stdout, errorText: error === null ? undefined : stderr || error.message });
    });
  });
}

function gitMissing(): HubError {
  return fail(
    'git.missing',
    'git is not installed, or not in PATH. Install it: "apt install git" on Debian and Ubuntu, ' +
      '"xcode-select --install" on macOS.',
  );
}

function tooOld(): HubError {
  return fail(
    'git.too_old',
    'This git is too old: botster needs 2.31 or newer ("git --version" says which it is).',
  );
}
