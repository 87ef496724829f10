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
  const [, here, remotes, start] = await Promise.all([
    checkBranchName(repo, branch, signal),
    refs(repo, [`refs/heads/${branch}`], signal),
    git.run(['remote'], options),
    git.attempt(
      ['rev-parse', '--verify', '--quiet', '--end-of-options', `${base ?? 'HEAD'}^{commit}`],
      options,
    ),
  ]);
  if (here.size > 0) return { kind: 'here', base: undefined, commit: undefined };
  const remote = await remoteBranch(repo, branch, remotes.split('\n').filter(Boolean), signal);
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
  repo: Repo,
  branch: string,
  remotes: readonly string[],
  signal?: AbortSignal,
): Promise<{ base: string; commit: string } | undefined> {
  if (remotes.length === 0) return undefined;
  const names = new Map(remotes.map((remote) => [`refs/remotes/${remote}/${branch}`, remote]));
  const found = await refs(repo, [...names.keys()], signal);
  if (found.size === 0) return undefined;
  let [ref] = found.keys();
  if (found.size > 1) {
    const config = ['config', '--get', 'checkout.defaultRemote'];
    const preferred = (await repo.git.attempt(config, { cwd: repo.root, signal })).stdout.toString().trim();
    ref = `refs/remotes/${preferred}/${branch}`;
    if (!found.has(ref))
      throw ambiguous(
        branch,
        [...found.keys()].map((one) => names.get(one) ?? one),
      );
  }
  const commit = ref === undefined ? undefined : found.get(ref);
  if (ref === undefined || commit === undefined) return undefined;
  return { base: ref.replace('refs/remotes/', ''), commit };
}

function ambiguous(branch: string, remotes: readonly string[]): HubError<'worktree.ambiguous_branch'> {
  return fail(
    'worktree.ambiguous_branch',
    `several remotes have a branch ${branch}: ${remotes.join(', ')}. Make the local one first, as in ` +
      `"git branch --track ${branch} ${remotes[0] ?? ''}/${branch}", or set git's checkout.defaultRemote`,
    { branch, remotes },
  );
}

/** Which of these refs exist, with their commits. */
async function refs(
  { git, root }: Repo,
  names: readonly string[],
  signal?: AbortSignal,
): Promise<Map<string, string>> {
  const format = '--format=%(objectname) %(refname)';
  const output = await git.run(['for-each-ref', format, ...names], { cwd: root, signal });
  const wanted = new Set(names);
  const found = output.split('\n').flatMap((line) => {
    const space = line.indexOf(' ');
    const name = line.slice(space + 1);
    // `refs/heads/a` also finds what is below it.
    return wanted.has(name) ? [[name, line.slice(0, space)] as const] : [];
  });
  return new Map(found);
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
