/** The worktree worker: all that is done with git and with files, so that the hub's loop sees nothing but answers. */
import { parentPort, workerData } from 'node:worker_threads';
import { serve } from '../../base/rpc.js';
import { workerBoot } from '../../base/worker-boot.js';
import type { Progress } from '../../worktrees/progress.js';
import { Worktrees } from '../../worktrees/worktrees.js';
import type { WorktreeBoot, WorktreeCalls } from './worktree.calls.js';

if (parentPort === null) throw new Error('worktree.worker.js runs as a worker thread');

type ProgressEvent = { readonly type: 'worktree.progress'; readonly request: number } & Progress;

const { data, lanes } = workerBoot<WorktreeBoot>(workerData);
const worktrees = new Worktrees({ root: data.repoRoot, folder: data.folder });

const server = serve<WorktreeCalls, ProgressEvent>(
  parentPort,
  {
    list: (_, { signal }) => worktrees.list(signal),
    find: ({ branch }, { signal }) => worktrees.find(branch, signal),
    isRepo: (_, { signal }) => worktrees.isRepo(signal),
    create: ({ request, ...options }, { signal }) =>
      worktrees.create({
        ...options,
        signal,
        onProgress: (progress) => void server.emit({ type: 'worktree.progress', request, ...progress }),
      }),
    remove: (call, { signal }) => worktrees.remove({ ...call, signal }),
    status: ({ path }, { signal }) => worktrees.status(path, signal),
    lock: ({ path, reason }) => worktrees.lock(path, reason),
    unlock: ({ path }) => worktrees.unlock(path),
    copy: ({ from, to, patternsFile }, { signal }) => worktrees.copy(from, to, patternsFile, signal),
  },
  { lanes, onStop: () => worktrees.close() },
);
