/**
 * Which branch a new worktree gets: one that is here, one that a remote has, or a new one.
 */
import { fail, type HubError, isHubError } from '../base/errors.js';
import { noRepo, type Repo } from './list.js';

export interface BranchPlan {
  /**
   * here: the branch exists. remote: it will track one. fresh: it will start at `commit`. unborn: there is no commit at
   * all, so neither can there be a branch yet.
   */
  readonly kind: 'here' | 'remote' | 'fresh' | 'unborn';
  /** What it starts from, in words that git understands; undefined if it is here or unborn. */
  readonly base: string | undefined;
  /** Where it starts; undefined if it is here or unborn. */
  readonly commit: string | undefined;
}

/** Longest branch name. File systems allow 255 bytes for each of its parts, and git adds `.lock`. */
const MAX_BRANCH_BYTES = 1_000;

/**
 * Finds out, and changes nothing. `base` is where a new branch would start; default HEAD of the main working tree.
 * Errors: worktree.no_repo, worktree.bad_branch, worktree.ambiguous_branch, worktree.bad_base, and those of git.
 */
export async function planBranch(
  repo: Repo,
  branch: string,
  base: string | undefined,
  signal?: AbortSignal,
): Promise<BranchPlan> {
  const { git, root } = repo;
  const options = { cwd: root, signal };
  const local = `refs/heads/${branch}`;
  const revParse = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${base ?? 'HEAD'}^{commit}`];
  // As few processes as can be: beside a small checkout they count.
  const [, found, start] = await Promise.all([
    checkBranchName(repo, branch, signal),
    // Remotes may have slashes in their names.
    refs(repo, [local, `refs/remotes/**/${branch}`], signal),
    git.attempt(revParse, options),
  ]);
  if (found.has(local)) return { kind: 'here', base: undefined, commit: undefined };
  const remote = found.size === 0 ? undefined : await remoteBranch(repo, branch, found, signal);
  if (remote !== undefined) return { kind: 'remote', ...remote };
  if (start.code === 0)
    return { kind: 'fresh', base: base ?? 'HEAD', commit: start.stdout.toString().trim() };
  if (base !== undefined) throw badBase(base);
  const anyCommit = await git.run(['for-each-ref', '--count=1', '--format=%(refname)'], options);
  if (anyCommit.trim() === '') return { kind: 'unborn', base: undefined, commit: undefined };
  throw badBase('HEAD');
}

/** Errors: worktree.bad_branch, worktree.no_repo. */
async function checkBranchName({ git, root }: Repo, branch: string, signal?: AbortSignal): Promise<void> {
  if (Buffer.byteLength(branch) > MAX_BRANCH_BYTES) {
    throw badBranch(branch, `it is longer than ${MAX_BRANCH_BYTES} bytes`);
  }
  const args = ['check-ref-format', '--branch', branch];
  const { code, stdout, stderr } = await git.attempt(args, { cwd: root, signal });
  if (/not a git repository/i.test(stderr)) throw noRepo(root);
  // Git also resolves `@{-1}` here, to a name that nobody asked for.
  if (code === 0 && stdout.toString().trimEnd() === branch) return;
  throw badBranch(
    branch,
    'no part of it may be empty, start with a dot or end with ".lock", and it may not contain a space, "..", "@{" or ' +
      'one of ~^:?*[\\',
  );
}

function badBranch(branch: string, why: string): HubError<'worktree.bad_branch'> {
  const shown = branch.length > 100 ? `${branch.slice(0, 100)}…` : branch;
  return fail('worktree.bad_branch', `${JSON.stringify(shown)} cannot be the name of a branch: ${why}`, {
    branch,
  });
}

function badBase(base: string): HubError<'worktree.bad_base'> {
  const message =
    base === 'HEAD'
      ? 'the main working tree is on a branch without commits: say with base_ref where the new branch starts'
      : `base_ref ${JSON.stringify(base)} is not a commit, branch or tag of this repository`;
  return fail('worktree.bad_base', message, { base_ref: base });
}

/** The branch of that name at a remote. If several have one, git's `checkout.defaultRemote` decides. */
async function remoteBranch(
  { git, root }: Repo,
  branch: string,
  candidates: ReadonlyMap<string, string>,
  signal?: AbortSignal,
): Promise<{ base: string; commit: string } | undefined> {
  const options = { cwd: root, signal };
  const remotes = (await git.run(['remote'], options)).split('\n').filter(Boolean);
  // Not the branch `x/y` of one when `y` is wanted.
  const found = remotes.filter((remote) => candidates.has(`refs/remotes/${remote}/${branch}`));
  let [remote] = found;
  if (found.length > 1) {
    const config = await git.attempt(['config', '--get', 'checkout.defaultRemote'], options);
    remote = found.find((one) => one === config.stdout.toString().trim());
    if (remote === undefined) throw ambiguous(branch, found);
  }
  if (remote === undefined) return undefined;
  return { base: `${remote}/${branch}`, commit: candidates.get(`refs/remotes/${remote}/${branch}`) ?? '' };
}

function ambiguous(branch: string, remotes: readonly string[]): HubError<'worktree.ambiguous_branch'> {
  return fail(
    'worktree.ambiguous_branch',
    `several remotes have a branch ${branch}: ${remotes.join(', ')}. Make the local one first, as in ` +
      `"git branch --track ${branch} ${remotes[0] ?? ''}/${branch}", or set git's checkout.defaultRemote`,
    { branch, remotes },
  );
}

/** The refs that these patterns find, with their commits. A pattern also finds what is below a ref of that name. */
async function refs(
  { git, root }: Repo,
  patterns: readonly string[],
  signal?: AbortSignal,
): Promise<Map<string, string>> {
  const format = '--format=%(objectname) %(refname)';
  const output = await git.run(['for-each-ref', format, ...patterns], { cwd: root, signal });
  const lines = output.split('\n').filter(Boolean);
  return new Map(
    lines.map((line) => {
      const space = line.indexOf(' ');
      return [line.slice(space + 1), line.slice(0, space)];
    }),
  );
}

/**
 * Makes the branch of a plan. False: somebody else made it meanwhile. A new branch tracks nothing, whatever it starts
 * from: a push must not go to the branch it came from. Errors: worktree.bad_branch, and those of git.
 */
export async function makeBranch(
  repo: Repo,
  branch: string,
  plan: BranchPlan,
  signal?: AbortSignal,
): Promise<boolean> {
  if (plan.commit === undefined) return false;
  const args =
    plan.kind === 'remote'
      ? ['branch', '--track', branch, `refs/remotes/${plan.base ?? ''}`]
      : ['branch', '--no-track', branch, plan.commit];
  try {
    await repo.git.runLocking(args, { cwd: repo.root, signal });
    return true;
  } catch (thrown) {
    if (!isHubError(thrown) || thrown.code !== 'git.failed') throw thrown;
    if (/already exists/.test(thrown.message)) return false;
    // `a` is in the way of `a/b`, and a part of the name may be too long for a file.
    const reason = /'refs\/heads\/.*' exists; cannot create|file name too long/i.exec(thrown.message);
    throw reason === null ? thrown : badBranch(branch, thrown.message);
  }
}

/** Removes a branch if it is still at `commit`. False: it is not. */
export async function dropBranch(repo: Repo, branch: string, commit: string): Promise<boolean> {
  const options = { cwd: repo.root };
  const args = ['update-ref', '-d', `refs/heads/${branch}`, commit];
  try {
    await repo.git.runLocking(args, options);
  } catch (thrown) {
    if (isHubError(thrown) && thrown.code === 'git.failed') return false;
    throw thrown;
  }
  // What it tracked. Most have no such section.
  const forget = ['config', '--remove-section', `branch.${branch}`];
  const { code, stderr } = await repo.git.attempt(forget, options);
  if (code !== 0 && !/no such section/i.test(stderr)) {
    await repo.git.runLocking(forget, options).catch((thrown: unknown) => {
      if (!isHubError(thrown)) throw thrown;
    });
  }
  return true;
}

/** Where a branch is; undefined if there is none. */
export async function branchCommit(
  repo: Repo,
  branch: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const ref = `refs/heads/${branch}`;
  return (await refs(repo, [ref], signal)).get(ref);
}
