/**
 * The way back after a forced removal: a ref that holds the commits and, in a commit of its own, everything that was in
 * no commit: the files as they were, untracked ones too, and what was staged.
 *
 * `git log refs/botster/recovery/<name>` shows it, `git worktree add <path> <ref>` brings it back. Nothing here changes
 * the worktree, its index or a branch. Ignored files are not kept, nor is what is inside of submodules: what has
 * something of its own there is refused.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, type HubError, isHubError } from '../base/errors.js';
import { slug } from './branch-path.js';
import { type Git, NOBODY } from './git.js';
import { copyIndex } from './index-copy.js';
import { gitFolderOf, type Repo, type Worktree } from './list.js';
import { isDirty, type Losses } from './loss-report.js';

const FOLDER = 'refs/botster/recovery';

export interface Kept {
  readonly losses: Losses;
  /** Commits that must not be lost, beside HEAD. */
  readonly commits: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** Errors: worktree.submodules (a repository inside that no commit can hold), and those of git and the file system. */
export async function writeRecovery(repo: Repo, worktree: Worktree, kept: Kept): Promise<string> {
  const { losses, signal } = kept;
  if (losses.inside.count > 0) throw insideRepositories(worktree, losses);
  const tips = [...new Set([...(worktree.head === undefined ? [] : [worktree.head]), ...kept.commits])];
  const gitFolder = await gitFolderOf(worktree.path);
  const saved =
    gitFolder !== undefined && isDirty(losses)
      ? await saveFiles(repo.git, { worktree, gitFolder, tips, signal })
      : await joined(repo, worktree, tips, signal);
  return await nameIt(repo, worktree.branch ?? 'detached', saved);
}

/** One commit that has all these behind it. */
async function joined(
  { git, root }: Repo,
  worktree: Worktree,
  tips: readonly string[],
  signal: AbortSignal | undefined,
): Promise<string> {
  const [first = '', ...others] = tips;
  if (others.length === 0) return first;
  const args = ['commit-tree', ...parents(tips), '-m', message(worktree), `${first}^{tree}`];
  return (await git.run(args, { cwd: root, signal, env: NOBODY })).trim();
}

interface Saving {
  readonly worktree: Worktree;
  readonly gitFolder: string;
  readonly tips: readonly string[];
  readonly signal: AbortSignal | undefined;
}

/** Commits the files as they are, on top of a commit of what is staged, on top of `tips`. */
async function saveFiles(git: Git, { worktree, gitFolder, tips, signal }: Saving): Promise<string> {
  const { path } = worktree;
  const index = await copyIndex({ git, path, gitFolder, signal });
  const options = { cwd: path, signal, env: { ...index.env, ...NOBODY } };
  const commit = async (tree: string, behind: readonly string[], text: string): Promise<string> =>
    (await git.run(['commit-tree', ...parents(behind), '-m', text, tree], options)).trim();
  try {
    const behind = [...tips];
    // Fails in the middle of a conflict, where nothing is staged that the files do not have.
    const staged = await git.attempt(['write-tree'], options);
    const config = ['-c', 'core.safecrlf=false', '-c', 'advice.addEmbeddedRepo=false'];
    const sparse = await git.attempt(['config', '--bool', 'core.sparseCheckout'], options);
    const everywhere = sparse.stdout.toString().trim() === 'true' ? ['--sparse'] : [];
    await git.run([...config, 'add', '--all', ...everywhere, '--', ':/'], options);
    await refuseNewLinks(git, worktree, index.links, options);
    const tree = (await git.run(['write-tree'], options)).trim();
    if (staged.code === 0 && staged.stdout.toString().trim() !== tree) {
      behind.push(
        await commit(staged.stdout.toString().trim(), tips, `${message(worktree)}: what was staged`),
      );
    }
    const underWay = await commitsUnderWay(git, { worktree, gitFolder, tips, signal });
    return await commit(tree, [...behind, ...underWay], message(worktree));
  } finally {
    await index.remove();
  }
}

/** A repository inside that `git add` took for a link: its files would not be kept. */
async function refuseNewLinks(
  git: Git,
  worktree: Worktree,
  known: ReadonlyMap<string, string>,
  options: Parameters<Git['run']>[1],
): Promise<void> {
  const entries = await git.run(['ls-files', '--stage', '-z'], options);
  const added = entries
    .split('\0')
    .filter((line) => line.startsWith('160000 '))
    .map((line) => line.slice(line.indexOf('\t') + 1))
    .filter((name) => !known.has(name));
  const first = added.map((name) => `${name}: a repository of its own`);
  if (added.length > 0) throw insideRepositories(worktree, { inside: { count: added.length, first } });
}

function insideRepositories(
  { path }: Worktree,
  { inside }: Pick<Losses, 'inside'>,
): HubError<'worktree.submodules'> {
  return fail(
    'worktree.submodules',
    `${path} has repositories inside that a recovery ref cannot hold:\n` +
      inside.first.map((one) => `  ${one}\n`).join('') +
      'Push or move away what they have, then delete the worktree',
    { path, inside: inside.first },
  );
}

/** What a merge, rebase, ... knows and perhaps no branch does. */
const heads = ['MERGE_HEAD', 'CHERRY_PICK_HEAD', 'REVERT_HEAD', 'ORIG_HEAD', 'MERGE_AUTOSTASH'];
const files = [
  'rebase-merge/orig-head',
  'rebase-merge/autostash',
  'rebase-apply/orig-head',
  'rebase-apply/autostash',
];

/** Commits that something under way needs, and that are not behind `tips`. */
async function commitsUnderWay(git: Git, { worktree, gitFolder, tips, signal }: Saving): Promise<string[]> {
  const options = { cwd: worktree.path, signal };
  const inFiles = await Promise.all(
    files.map((file) => readFile(join(gitFolder, file), 'utf8').catch(() => '')),
  );
  const found = new Set<string>();
  for (const name of [...heads, ...inFiles.map((text) => text.trim()).filter(Boolean)]) {
    const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`];
    const { code, stdout } = await git.attempt(args, options);
    if (code !== 0) continue;
    const commit = stdout.toString().trim();
    const own = await git.run(['rev-list', '--max-count=1', commit, '--not', ...tips, '--'], options);
    if (own !== '') found.add(commit);
  }
  return [...found];
}

function parents(commits: readonly string[]): string[] {
  return [...new Set(commits)].flatMap((commit) => ['-p', commit]);
}

function message({ path, branch }: Worktree): string {
  return `botster: the worktree ${path}${branch === undefined ? '' : ` of ${branch}`} before it was deleted`;
}

async function nameIt({ git, root }: Repo, branch: string, commit: string): Promise<string> {
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const none = '0'.repeat(commit.length);
  for (let attempt = 1; ; attempt++) {
    const ref = `${FOLDER}/${slug(branch, 'branch')}-${time}${attempt === 1 ? '' : `-${attempt}`}`;
    try {
      await git.runLocking(['update-ref', '-m', 'botster: worktree deleted', ref, commit, none], {
        cwd: root,
      });
      return ref;
    } catch (thrown) {
      // Two within one second.
      if (attempt === 20 || !isHubError(thrown) || !/exists|expected/.test(thrown.message)) throw thrown;
    }
  }
}
