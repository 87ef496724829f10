/**
 * The Lua global `worktree`. Git runs on a worker thread (worktree.worker.ts, worktrees/); requests and their events are
 * in worktree.ts.
 */
import { named, t } from '../../base/schema.js';
import { definePrimitive, event, fn } from '../define.js';

const git = {
  'worktree.no_repo': 'It is not a git repository.',
  'worktree.git_missing': 'git is not installed.',
  'worktree.git_failed': 'git refused or failed. The message is its own.',
  'worktree.timeout': 'git took too long and was ended.',
  'worktree.cancelled': 'It was cancelled, or the hub is shutting down.',
  'worktree.busy': 'More than 256 operations are waiting.',
  'worktree.io': 'The file system failed: full, read-only or not allowed.',
  'worktree.lost': 'The worker that runs git died. What was asked may or may not have been done.',
} as const;
const notFound = { 'worktree.not_found': 'The path is not a worktree of this repository.' } as const;
const isMain = { 'worktree.main': 'It is the main working tree.' } as const;
const inUse = {
  'worktree.branch_in_use': 'The branch is checked out in another worktree. `err.details.path` says where.',
} as const;

const createErrors = {
  ...git,
  ...inUse,
  'worktree.bad_branch': 'The name cannot be that of a branch, or a branch is in its way (`a` of `a/b`).',
  'worktree.bad_base': '`base_ref` is no commit, or is needed because HEAD has none.',
  'worktree.ambiguous_branch': 'Several remotes have the branch.',
  'worktree.path_taken': 'Something else is in its place. It is left alone.',
  'worktree.in_use': 'Its folder is gone, but somebody locked it with git.',
} as const;

const options = {
  branch: t.name,
  base_ref: t.opt(t.name),
  patterns_file: t.opt(t.name),
  timeout: t.opt(t.num({ min: 0.1, max: 3_600 })),
};
const createOptions = t.object(options, 'WorktreeOptions');
const asyncOptions = t.object(
  { ...options, branch: t.opt(t.name), issue_number: t.opt(t.int({ min: 1 })) },
  'WorktreeRequest',
);
const optionsDoc = `\`branch\`; \`base_ref\` where a new branch starts (default: HEAD of the main working tree); \`patterns_file\` a file of
patterns for files to copy into it (as of \`worktree.copy_from_patterns\`; one that is missing is fine); \`timeout\` in seconds
(default 600).`;

const created = t.object(
  {
    path: t.str,
    branch: t.str,
    created: t.bool,
    new_branch: t.bool,
    base_ref: t.opt(t.str),
    warnings: t.list(t.str),
  },
  'CreatedWorktree',
);

const worktree = t.object(
  {
    path: t.str,
    branch: t.opt(t.str),
    head: t.opt(t.str),
    main: t.bool,
    bare: t.bool,
    detached: t.bool,
    locked: t.bool,
    lock_reason: t.opt(t.str),
    prunable: t.bool,
  },
  'Worktree',
);

const status = t.object(
  {
    path: t.str,
    branch: t.opt(t.str),
    head: t.opt(t.str),
    clean: t.bool,
    merged: t.bool,
    changed: t.list(t.str),
    changed_count: t.int(),
    untracked: t.list(t.str),
    untracked_count: t.int(),
    ignored: t.list(t.str),
    ignored_count: t.int(),
    operation: t.opt(t.str),
    inside: t.list(t.str),
    inside_count: t.int(),
    unmerged: t.list(t.object({ commit: t.str, subject: t.str }, 'Commit')),
    unmerged_count: t.int(),
    locked: t.bool,
    lock_reason: t.opt(t.str),
  },
  'WorktreeStatus',
);

const deleted = t.object(
  { path: t.str, branch: t.opt(t.str), branch_deleted: t.bool, recovery_ref: t.opt(t.str) },
  'DeletedWorktree',
);

const branch = named('branch', t.name, 'Without `refs/heads/`.');
const path = named('path', t.name, 'Of the worktree. Relative to the repository, absolute, or with `~/`.');
const requestId = t.id('request');

export const worktreeDef = definePrimitive({
  name: 'worktree',
  doc: `Makes and removes git worktrees, in which agents work side by side.

All that git does is done by child processes, on a thread of its own: a large repository holds up nobody. Worktrees are made
below the hub's data folder, under a name that no other branch can have. No work is lost: what is there is left alone, and
\`worktree.delete\` refuses what is in no commit or on no other branch.`,
  companion: 'lib/worktree.lua',
  functions: {
    find: fn({
      waits: true,
      doc: `Finds the worktree that a branch is checked out in. The main working tree counts; one whose folder is gone, or that
is not yet made to its end, does not.`,
      params: [branch],
      returns: [named('path', t.opt(t.str), 'Absolute; nil if there is none.')],
      errors: git,
      example: `assert(worktree.find("no/such/branch") == nil)
assert(worktree.find("main") == worktree.repo_root())`,
    }),
    exists: fn({
      waits: true,
      doc: 'Tells whether a branch is checked out in some worktree.',
      params: [branch],
      returns: [named('exists', t.bool, 'True for the main working tree, too.')],
      errors: git,
      example: `assert(worktree.exists("main") == true)
assert(worktree.exists("no/such/branch") == false)`,
    }),
    list: fn({
      waits: true,
      doc: 'Lists all worktrees of the repository, also those that were not made by the hub.',
      params: [],
      returns: [
        named(
          'worktrees',
          t.list(worktree),
          `The main one first. \`branch\` is nil if \`detached\`, \`head\` (the commit) nil if there is none yet; \`prunable\` means that
its folder is gone.`,
        ),
      ],
      errors: git,
      example: `local first = assert(worktree.list())[1]
assert(first.main and first.branch == "main" and not first.locked)`,
    }),
    create: fn({
      waits: true,
      doc: `Makes the worktree of a branch, and waits until it is ready. A branch that exists is checked out, one that only a
remote has is tracked, any other is made. If the worktree is there, that is the answer. Meanwhile \`worktree_progress\` events
tell how far it is. What fails half way is taken back.`,
      params: [named('opts', createOptions, optionsDoc)],
      returns: [
        named(
          'worktree',
          created,
          `\`created\` is false if it was there; \`base_ref\` what a new branch started from; \`warnings\` what went wrong without harm,
such as a hook or a submodule.`,
        ),
      ],
      errors: createErrors,
      example: `local made = assert(worktree.create{ branch = "feature/login" })
assert(made.created and made.new_branch and made.base_ref == "HEAD")
assert(worktree.find("feature/login") == made.path)
assert(worktree.delete(made.path, "feature/login"))`,
    }),
    create_async: fn({
      by: 'companion',
      doc: `Starts making the worktree of a branch. Then comes the event \`worktree_created\` with what \`worktree.create\` answers,
\`request_id\` and all that \`opts\` has, or \`worktree_create_failed\` with \`error\` and \`code\`; before it, some
\`worktree_progress\` with \`request_id\`, \`branch\`, \`path\`, \`stage\` (branch, checkout, submodules, copy), \`done\`, \`total\` and
\`percent\`.`,
      params: [
        named(
          'opts',
          asyncOptions,
          `${optionsDoc} Instead of a branch \`issue_number\`: the branch is then \`botster-issue-N\`. Other fields are carried
along to the events.`,
        ),
      ],
      returns: [named('request_id', requestId, 'For `worktree.cancel`, and in the events.')],
      errors: {},
      example: `events.on("worktree_created", function(made)
  if made.prompt == "say hello" then worktree.delete(made.path, made.branch) end
end)
worktree.create_async{ branch = "hello", prompt = "say hello" }`,
    }),
    cancel: fn({
      doc: 'Gives up a `worktree.create_async`. What was made of it is taken back, then it fails with `worktree.cancelled`.',
      params: [named('request_id', requestId, 'From `worktree.create_async`.')],
      returns: [named('cancelled', t.bool, 'False if it is over.')],
      errors: {},
      example: `local id = worktree.create_async{ branch = "never" }
assert(worktree.cancel(id) == true)
assert(worktree.cancel(id) == false)`,
    }),
    delete: fn({
      waits: true,
      doc: `Removes a worktree, with its branch if one is named. Refused, with a list of what would be lost: uncommitted changes,
untracked files, an unfinished merge or rebase, changes in submodules, and commits that are on no other branch, remote branch
or tag. Ignored files are no obstacle. With \`force\` all of that is kept under a recovery ref first. Also with \`force\` it
does not remove a worktree that is locked, that has another one inside, or the main one. Then \`worktree_deleted\` is sent.`,
      params: [
        path,
        named('branch', t.opt(t.name), 'The branch to delete with it.'),
        named(
          'opts',
          t.opt(t.object({ force: t.opt(t.bool), delete_branch: t.opt(t.bool) })),
          `\`force\`; \`delete_branch = true\` deletes the branch it is on, \`false\` keeps it in any case, and then its commits are
not in the way.`,
        ),
      ],
      returns: [
        named(
          'deleted',
          deleted,
          `\`branch\` is what it was on; \`recovery_ref\` is where everything is that was in no commit and on no other branch.`,
        ),
      ],
      errors: {
        ...git,
        ...notFound,
        ...isMain,
        ...inUse,
        'worktree.in_use':
          'It is locked, because a session uses it or somebody locked it; or another is inside.',
        'worktree.dirty': 'There are changes in no commit. `err.details` has the lists.',
        'worktree.unmerged': 'Commits would be lost. `err.details.unmerged` lists them.',
        'worktree.submodules': 'By force: a submodule or a repository inside has what no ref can keep.',
        'worktree.leftovers': 'It is deleted, but some of its files could not be.',
      },
      example: `local made = assert(worktree.create{ branch = "try" })
assert(fs.write(made.path .. "/notes.txt", "precious"))
local done, err = worktree.delete(made.path, "try")
assert(done == nil and err.code == "worktree.dirty" and err.details.untracked[1] == "notes.txt")
local deleted = assert(worktree.delete(made.path, "try", { force = true }))
assert(deleted.branch_deleted and deleted.recovery_ref:match("^refs/botster/recovery/try%-"))`,
    }),
    status: fn({
      waits: true,
      doc: 'Tells what would be lost with a worktree and its branch. Looks only.',
      params: [path],
      returns: [
        named(
          'status',
          status,
          `\`clean\`: nothing but commits and ignored files; \`merged\`: no commit is only here. Lists have 20 entries at most,
the counts are of all. \`operation\`: merge, rebase and so on, if unfinished; \`inside\`: submodules and repositories with
something of their own.`,
        ),
      ],
      errors: { ...git, ...notFound },
      example: `local status = assert(worktree.status(worktree.repo_root()))
assert(status.clean and status.changed_count == 0)`,
    }),
    lock: fn({
      waits: true,
      doc: `Locks a worktree, as while a session uses it: nobody's git removes or prunes it, nor does \`worktree.delete\`. Fine if the
hub has locked it already; the reason is then the new one.`,
      params: [path, named('reason', t.text({ maxBytes: 500 }), 'Who uses it, for people.')],
      returns: [named('locked', t.bool, 'False if somebody else has locked it: that stays as it is.')],
      errors: { ...git, ...notFound, ...isMain },
      example: `local made = assert(worktree.create{ branch = "busy" })
assert(worktree.lock(made.path, "session 1") == true)
local done, err = worktree.delete(made.path, "busy")
assert(done == nil and err.code == "worktree.in_use")
assert(worktree.unlock(made.path) and worktree.delete(made.path, "busy"))`,
    }),
    unlock: fn({
      waits: true,
      doc: 'Takes the lock of the hub away. A lock of somebody else stays.',
      params: [path],
      returns: [named('unlocked', t.bool, 'False if the hub had not locked it.')],
      errors: { ...git, ...notFound, ...isMain },
      example: `local made = assert(worktree.create{ branch = "free" })
assert(worktree.unlock(made.path) == false)
assert(worktree.delete(made.path, "free"))`,
    }),
    repo_root: fn({
      doc: 'The real path of the main working tree, or of the bare repository.',
      params: [],
      returns: [named('path', t.str, 'Absolute.')],
      errors: {},
      example: `assert(worktree.repo_root():sub(1, 1) == "/")`,
    }),
    is_git_repo: fn({
      waits: true,
      doc: 'Tells whether there (still) is a git repository.',
      params: [],
      returns: [named('is_git_repo', t.bool, 'False in a plain folder.')],
      errors: git,
      example: 'assert(worktree.is_git_repo() == true)',
    }),
    copy_from_patterns: fn({
      waits: true,
      doc: `Copies files that git does not track, such as \`.env\`, from one working tree to another. The patterns are written as in
\`.gitignore\`, and say what to copy. What is there already is not replaced; links stay links. A folder that git ignores as a
whole is left out, unless a pattern names it (\`.venv/\`) or something in it by its path (\`node_modules/.cache/x\`): \`*.local\` does
not look into \`node_modules\`.`,
      params: [
        named('src', t.name, 'The working tree to copy from, or a folder in it.'),
        named('dst', t.name, 'An existing folder.'),
        named('patterns_file', t.name, 'Relative to the repository, absolute, or with `~/`.'),
      ],
      returns: [named('count', t.int({ min: 0 }), 'How many files were copied.')],
      errors: {
        ...git,
        'worktree.no_patterns': 'The file with the patterns cannot be read.',
        'worktree.bad_path': 'One of the two folders is not there.',
        'worktree.copy_failed':
          'A file could not be copied, or there are more than 100,000. Others may have been.',
      },
      example: `assert(fs.write(".env", "KEY=1") and fs.write("include", ".env\\n"))
local made = assert(worktree.create{ branch = "with-env" })
assert(worktree.copy_from_patterns(worktree.repo_root(), made.path, "include") == 1)
assert(fs.read(made.path .. "/.env") == "KEY=1")
assert(worktree.delete(made.path, "with-env", { force = true }))
assert(fs.delete(".env") and fs.delete("include"))`,
    }),
    _create: fn({
      by: 'hidden',
      shownAs: 'worktree.create_async',
      doc: 'Starts making a worktree.',
      params: [
        named('opts', asyncOptions, 'As in `worktree.create_async`.'),
        named('carried', t.any, 'The same table, as it is.'),
      ],
      returns: [named('request_id', requestId, 'For `worktree.cancel`.')],
      errors: {},
      example: '',
    }),
  },
  events: {
    progress: event(
      'bulk',
      'How far a worktree is. Coalesced: a slow hub sees the newest state.',
      {
        request: requestId,
        stage: t.oneOf('branch', 'checkout', 'submodules', 'copy'),
        done: t.int({ min: 0 }),
        total: t.int({ min: 0 }),
        percent: t.int({ min: 0, max: 100 }),
      },
      { key: 'request' },
    ),
  },
});
