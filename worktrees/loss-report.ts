/** What would be lost with a worktree, as data and in words. Pure. */

/** Names in a line; more are in the details of the error. */
const MAX_IN_LINE = 5;
const MAX_COMMITS = 10;

export interface Listed<T> {
  readonly count: number;
  readonly first: readonly T[];
}

export interface Commit {
  readonly commit: string;
  readonly subject: string;
}

export interface Losses {
  /** Tracked files that are modified, staged or in conflict. */
  readonly changed: Listed<string>;
  /** Files git does not know and does not ignore; a folder of such files counts as one. */
  readonly untracked: Listed<string>;
  /** No loss. */
  readonly ignored: Listed<string>;
  /** A merge, rebase, ... that is under way. */
  readonly operation: string | undefined;
  /** Submodules and other repositories inside that hold something of their own: `lib: uncommitted changes`. */
  readonly inside: Listed<string>;
  /** Commits that are on no other branch, no remote branch and no tag. */
  readonly unmerged: Listed<Commit>;
}

/** Whether there is anything that no commit has. */
export function isDirty({ changed, untracked, operation, inside }: Losses): boolean {
  return changed.count > 0 || untracked.count > 0 || operation !== undefined || inside.count > 0;
}

/** The lists, as details of an error and as the answer to "what would be lost". */
export function lossDetails(losses: Losses) {
  const { changed, untracked, ignored, operation, inside, unmerged } = losses;
  return {
    changed: [...changed.first],
    changed_count: changed.count,
    untracked: [...untracked.first],
    untracked_count: untracked.count,
    ignored: [...ignored.first],
    ignored_count: ignored.count,
    operation,
    inside: [...inside.first],
    inside_count: inside.count,
    unmerged: unmerged.first.map(({ commit, subject }) => ({ commit, subject })),
    unmerged_count: unmerged.count,
  };
}

/** One line for each kind, indented; empty if nothing would be lost. */
export function describeLosses(losses: Losses): string[] {
  const { changed, untracked, operation, inside, unmerged } = losses;
  return [
    ...(operation === undefined ? [] : [`  a ${operation} is under way`]),
    ...names('changed file', changed),
    ...names('untracked file', untracked),
    ...names('repository inside', inside),
    ...commits(unmerged),
  ];
}

function names(what: string, { count, first }: Listed<string>): string[] {
  if (count === 0) return [];
  const shown = first.slice(0, MAX_IN_LINE);
  const more = count > shown.length ? `, and ${count - shown.length} more` : '';
  return [`  ${plural(count, what)}: ${shown.join(', ')}${more}`];
}

function commits({ count, first }: Losses['unmerged']): string[] {
  if (count === 0) return [];
  const shown = first.slice(0, MAX_COMMITS).map(({ commit, subject }) => `    ${commit} ${subject}`);
  const more = count > shown.length ? [`    and ${count - shown.length} more`] : [];
  return [`  ${plural(count, 'commit')} on no other branch, remote branch or tag:`, ...shown, ...more];
}

function plural(count: number, what: string): string {
  if (count === 1) return `1 ${what}`;
  return what === 'repository inside' ? `${count} repositories inside` : `${count} ${what}s`;
}
