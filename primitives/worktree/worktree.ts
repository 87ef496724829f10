/**
 * The behaviour of `worktree` on the hub's side: who asked for what, and the events that tell. No git and no file is
 * touched here; the worker (worktree.worker.ts) starts with the first call.
 *
 * A request that was started goes on when the engine that asked for it ends: its worktree is there for the next one.
 */
import { join } from 'node:path';
import { ArgumentError, fail, HubError, messageOf } from '../../base/errors.js';
import type { CallArg, CallName, CallOptions, CallResult, RpcClient } from '../../base/rpc.js';
import type { LuaRecord, LuaValue } from '../../base/values.js';
import { worktreeName, worktreesFolder } from '../../worktrees/branch-path.js';
import type { Created } from '../../worktrees/create.js';
import type { Worktree } from '../../worktrees/list.js';
import { isDirty, type Losses, lossDetails } from '../../worktrees/loss-report.js';
import type { Progress } from '../../worktrees/progress.js';
import type { HubContext } from '../context.js';
import { type EventsOf, type FunctionsFor, implement } from '../define.js';
import { absolutePath } from '../paths.js';
import type { WorktreeBoot, WorktreeCalls } from './worktree.calls.js';
import { worktreeDef } from './worktree.def.js';

type Functions = FunctionsFor<typeof worktreeDef>;
type Hub = HubContext<EventsOf<typeof worktreeDef>>;
type CreateOptions = Parameters<Functions['create']>[0];

/** Git's own time ends first; this is for a worker that hangs, and for waiting in line. */
const GRACE_MS = 3_600_000;
const DEFAULT_TIMEOUT_S = 600;
/** For what looks only. */
const LOOK_MS = 120_000;

export const worktree = implement(worktreeDef, (hub) => {
  const git = new GitWorker(hub);
  const requests = new Requests(hub, git);
  const { repoRoot } = hub.identity;
  const absolute = (path: string): string => absolutePath(path, repoRoot);
  const on = async (branch: string) => {
    const found = await git.call('find', { branch }, LOOK_MS);
    return found instanceof HubError ? found : found?.path;
  };

  const functions: Functions = {
    find: (branch) => on(branch),
    exists: async (branch) => {
      const path = await on(branch);
      return path instanceof HubError ? path : path !== undefined;
    },
    list: async () => {
      const all = await git.call('list', undefined, LOOK_MS);
      return all instanceof HubError ? all : all.map(listEntry);
    },
    create: (options) => requests.create(options).outcome,
    _create: (options, carried) => requests.start(options, carried),
    cancel: (id) => requests.cancel(id),
    delete: async (path, branch, options = {}) => {
      const call = {
        path: absolute(path),
        branch,
        deleteBranch: options.delete_branch,
        force: options.force ?? false,
      };
      const removed = await git.call('remove', call, GRACE_MS);
      if (removed instanceof HubError) return removed;
      const answer = {
        path: removed.path,
        branch: removed.branch,
        branch_deleted: removed.branchDeleted,
        recovery_ref: removed.recoveryRef,
      };
      hub.notify('worktree_deleted', answer);
      return answer;
    },
    status: async (path) => {
      const found = await git.call('status', { path: absolute(path) }, LOOK_MS);
      return found instanceof HubError ? found : statusEntry(found.worktree, found.losses);
    },
    lock: (path, reason) => git.call('lock', { path: absolute(path), reason }, LOOK_MS),
    unlock: (path) => git.call('unlock', { path: absolute(path) }, LOOK_MS),
    repo_root: () => repoRoot,
    is_git_repo: () => git.call('isRepo', undefined, LOOK_MS),
    copy_from_patterns: (src, dst, file) => {
      const call = { from: absolute(src), to: absolute(dst), patternsFile: absolute(file) };
      return git.call('copy', call, GRACE_MS);
    },
  };
  return {
    engine: () => functions,
    handlers: { 'worktree.progress': ({ request, ...progress }) => requests.tell(request, progress) },
  };
});

/** The worker, with failures as values. */
class GitWorker {
  /** Where worktrees are made. */
  readonly folder: string;
  readonly #hub: Hub;
  #worker: RpcClient<WorktreeCalls> | undefined;

  constructor(hub: Hub) {
    const { repoRoot, dataDir, hubId } = hub.identity;
    this.folder = worktreesFolder(dataDir, repoRoot, hubId);
    this.#hub = hub;
  }

  /** The declared codes of each function are what the worker's calls fail with. */
  async call<K extends CallName<WorktreeCalls>>(
    name: K,
    arg: CallArg<WorktreeCalls, K>,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<CallResult<WorktreeCalls, K> | HubError<never>> {
    const boot: WorktreeBoot = { repoRoot: this.#hub.identity.repoRoot, folder: this.folder };
    this.#worker ??= this.#hub.startWorker<WorktreeCalls>({
      name: 'worktree',
      url: new URL('./worktree.worker.js', import.meta.url),
      workerData: boot,
      restart: 'always',
    });
    const options: CallOptions = signal === undefined ? { timeoutMs } : { timeoutMs, signal };
    try {
      return await this.#worker.call(name, arg, options);
    } catch (thrown) {
      return failureOf(thrown) as HubError<never>;
    }
  }
}

function failureOf(thrown: unknown): HubError {
  if (!(thrown instanceof HubError)) throw thrown;
  const { code } = thrown as HubError;
  switch (code) {
    case 'worker.cancelled':
      return fail('worktree.cancelled', 'it was cancelled');
    case 'worker.timeout':
      return fail('worktree.timeout', 'the worker that runs git does not answer');
    case 'worker.busy':
      return fail('worktree.busy', 'too many calls are waiting');
    case 'worker.gone':
      return fail('worktree.lost', `the worker that runs git is gone: ${messageOf(thrown)}`);
    default:
      return thrown as HubError;
  }
}

interface Request {
  readonly branch: string;
  readonly path: string;
  readonly cancel: AbortController;
  last: Progress | undefined;
}

/** Worktrees in the making. */
class Requests {
  readonly #hub: Hub;
  readonly #git: GitWorker;
  readonly #running = new Map<number, Request>();
  #lastId = 0;

  constructor(hub: Hub, git: GitWorker) {
    this.#hub = hub;
    this.#git = git;
  }

  create(options: CreateOptions): { id: number; outcome: ReturnType<Functions['create']> } {
    const { branch, base_ref: base, patterns_file: file, timeout = DEFAULT_TIMEOUT_S } = options;
    const id = ++this.#lastId;
    const path = join(this.#git.folder, worktreeName(branch));
    const request: Request = { branch, path, cancel: new AbortController(), last: undefined };
    this.#running.set(id, request);
    const call = {
      request: id,
      branch,
      base,
      patternsFile: file === undefined ? undefined : absolutePath(file, this.#hub.identity.repoRoot),
      timeoutMs: timeout * 1000,
    };
    const perform = async () => {
      const made = await this.#git.call('create', call, call.timeoutMs + GRACE_MS, request.cancel.signal);
      if (!(made instanceof HubError)) this.#finish(id, request);
      this.#running.delete(id);
      return made instanceof HubError ? made : createdEntry(made);
    };
    return { id, outcome: perform() };
  }

  /** As `create`, with events instead of an answer. */
  start(options: Parameters<Functions['_create']>[0], carried: LuaValue): number {
    const { issue_number: issue } = options;
    const branch = options.branch ?? (issue === undefined ? undefined : `botster-issue-${issue}`);
    if (branch === undefined) {
      throw new ArgumentError(
        "bad argument #1 to 'worktree.create_async' (opts.branch: string expected, got nil)",
      );
    }
    const { id, outcome } = this.create({ ...options, branch });
    const along = isRecord(carried) ? carried : {};
    void outcome.then((made) => {
      if (made instanceof HubError) {
        const { code, message } = made as HubError;
        const failure = { request_id: id, branch, code, error: message, details: detailsOf(made) };
        this.#hub.notify('worktree_create_failed', { ...along, ...failure });
      } else {
        this.#hub.notify('worktree_created', { ...along, ...made, request_id: id });
      }
    });
    return id;
  }

  cancel(id: number): boolean {
    const request = this.#running.get(id);
    if (request === undefined || request.cancel.signal.aborted) return false;
    request.cancel.abort();
    return true;
  }

  /** Passes on how far a request is. Late news of one that is over are none. */
  tell(id: number, progress: Progress): void {
    const request = this.#running.get(id);
    if (request === undefined || request.cancel.signal.aborted) return;
    request.last = progress;
    const { branch, path } = request;
    this.#hub.notify('worktree_progress', { request_id: id, branch, path, ...progress });
  }

  /** The answer may overtake the last news; whoever draws a bar wants to see it full. */
  #finish(id: number, request: Request): void {
    const { last } = request;
    if (last !== undefined && last.percent < 100) this.tell(id, { ...last, done: last.total, percent: 100 });
  }
}

function listEntry({ lockReason, prunable, ...entry }: Worktree) {
  return {
    ...entry,
    lock_reason: lockReason === '' ? undefined : lockReason,
    prunable: prunable !== undefined,
  };
}

function createdEntry({ newBranch, base, warnings, ...entry }: Created) {
  return { ...entry, new_branch: newBranch, base_ref: base, warnings: [...warnings] };
}

function statusEntry({ path, branch, head, locked, lockReason }: Worktree, losses: Losses) {
  return {
    path,
    branch,
    head,
    locked,
    lock_reason: lockReason === '' ? undefined : lockReason,
    clean: !isDirty(losses),
    merged: losses.unmerged.count === 0,
    ...lossDetails(losses),
  };
}

function detailsOf(error: HubError): LuaRecord | undefined {
  return error.details as LuaRecord | undefined;
}

function isRecord(value: LuaValue): value is LuaRecord {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
