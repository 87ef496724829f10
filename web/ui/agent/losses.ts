/** What a refused deletion says would be lost: the details of worktree.dirty and worktree.unmerged. Pure. */
import { fits } from '../../../base/check.js';
import { isHubError } from '../../../base/errors.js';
import { t } from '../../../base/schema.js';

const names = t.opt(t.list(t.str));
const count = t.opt(t.int({ min: 0 }));
const details = t.object({
  path: t.opt(t.str),
  branch: t.opt(t.str),
  changed: names,
  changed_count: count,
  untracked: names,
  untracked_count: count,
  inside: names,
  inside_count: count,
  operation: t.opt(t.str),
  unmerged: t.opt(t.list(t.object({ commit: t.str, subject: t.str }))),
  unmerged_count: count,
});

export interface LossList {
  readonly what: string;
  readonly entries: readonly { readonly mark?: string; readonly text: string }[];
  /** Beyond those that are named. */
  readonly more: number;
}

/** The lists, each with at least one entry; undefined if the failure is another one, or says nothing. */
export function lossesIn(thrown: unknown): LossList[] | undefined {
  if (!isHubError(thrown) || !/^worktree\.(dirty|unmerged)$/.test(thrown.code)) return undefined;
  const found: unknown = thrown.details;
  if (!fits(details, found)) return undefined;
  const lists = [
    found.operation === undefined
      ? undefined
      : { what: `A ${found.operation} is under way`, entries: [], more: 0 },
    list('changed file', 'changed files', found.changed, found.changed_count),
    list(
      'file that git does not know',
      'files that git does not know',
      found.untracked,
      found.untracked_count,
    ),
    list('repository inside', 'repositories inside', found.inside, found.inside_count),
    commits(found.unmerged, found.unmerged_count),
  ].filter((one) => one !== undefined);
  return lists.length === 0 ? undefined : lists;
}

function list(
  one: string,
  many: string,
  first: readonly string[] = [],
  all = first.length,
): LossList | undefined {
  if (all === 0) return undefined;
  return {
    what: `${all} ${all === 1 ? one : many}`,
    entries: first.map((text) => ({ text })),
    more: Math.max(0, all - first.length),
  };
}

function commits(
  first: readonly { readonly commit: string; readonly subject: string }[] = [],
  all = first.length,
): LossList | undefined {
  if (all === 0) return undefined;
  return {
    what: `${all} ${all === 1 ? 'commit' : 'commits'} on no other branch, remote or tag`,
    entries: first.map(({ commit, subject }) => ({ mark: commit, text: subject })),
    more: Math.max(0, all - first.length),
  };
}
