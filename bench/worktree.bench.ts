/** Making worktrees: as fast as git alone, and without the hub noticing. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { worktreesFolder } from '../worktrees/branch-path.js';
import { Worktrees } from '../worktrees/worktrees.js';
import { makePlace, startHub, waitMs } from './hub-process.js';
import { fillRepo } from './large-repo.js';
import { type Bench, elapsedMs, type Figure, figure, percentile } from './measure.js';
import { HubTerminal } from './sessions/hub-terminal.js';

const ROUNDS = 5;
const FILES = 10_000;
const MANY_FILES = 50_000;
const FILE_BYTES = 4_000;
/** Between two questions to the hub. */
const ASK_MS = 10;

export const worktreeBench: Bench = {
  name: 'worktree',
  run: async () => [...(await againstGit()), ...(await besideHub())],
};

const git = (cwd: string, ...args: string[]): void => {
  execFileSync('git', args, { cwd, stdio: 'ignore' });
};

/** Packed, as a cloned repository is, and checked out. */
async function fill(repo: string, files: number): Promise<void> {
  await fillRepo(repo, { files, bytes: FILE_BYTES });
  git(repo, 'symbolic-ref', 'HEAD', 'refs/heads/main');
  git(repo, 'gc', '--quiet');
  git(repo, 'reset', '--hard', '--quiet');
}

/** One after the other and by turns, on the same repository and disk. */
async function againstGit(): Promise<Figure[]> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'botster-bench-')));
  try {
    const repo = join(folder, 'repo');
    mkdirSync(repo);
    git(repo, 'init', '--quiet');
    await fill(repo, FILES);
    const worktrees = new Worktrees({
      root: repo,
      folder: worktreesFolder(join(folder, 'data'), repo, '0'.repeat(16)),
    });
    const [plain, ours]: [number[], number[]] = [[], []];
    // The first of each is not counted.
    for (let i = 0; i <= ROUNDS; i++) {
      const path = join(folder, 'plain');
      plain.push(await elapsedMs(() => git(repo, 'worktree', 'add', '--quiet', '-b', `plain-${i}`, path)));
      git(repo, 'worktree', 'remove', '--force', path);
      let made = '';
      ours.push(
        await elapsedMs(async () => {
          made = (await worktrees.create({ branch: `ours-${i}` })).path;
        }),
      );
      await worktrees.remove({ path: made });
    }
    await worktrees.close();
    const [value, reference] = [percentile(ours.slice(1), 0.5), percentile(plain.slice(1), 0.5)];
    return [
      figure(
        `worktree of ${FILES} files, packed`,
        value,
        'ms',
        {},
        { name: 'git worktree add', value: reference },
      ),
      figure('the same, relative to git worktree add', value / reference, '', { atMost: 1 }),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What others notice of the hub while it makes a large worktree. */
async function besideHub(): Promise<Figure[]> {
  const place = makePlace();
  try {
    await fill(place.repo, MANY_FILES);
    const hub = await startHub(place);
    const terminal = await HubTerminal.open(hub.socket);
    const before = await askWhile(terminal, waitMs(3_000));
    const created = run(terminal, 'return assert(worktree.create{ branch = "many" }).path');
    const startMs = performance.now();
    const during = await askWhile(terminal, created);
    const createMs = performance.now() - startMs;
    const { loop } = await terminal.client.request('status', {});
    terminal.close();
    await hub.stop();
    return [
      figure(`hub lag p99, worktree of ${MANY_FILES} files`, loop.lag_ms.p99, 'ms', { atMost: 10 }),
      figure(
        'answer of the hub meanwhile, p99',
        percentile(during, 0.99),
        'ms',
        {},
        { name: 'the same at rest', value: percentile(before, 0.99) },
      ),
      figure(`worktree of ${MANY_FILES} files`, createMs, 'ms'),
    ];
  } finally {
    place.remove();
  }
}

/** How long the hub's loop takes to answer, asked again and again until `work` is done. */
async function askWhile(terminal: HubTerminal, work: Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  let done = false;
  const end = work.finally(() => {
    done = true;
  });
  while (!done) {
    times.push(await elapsedMs(() => terminal.client.request('status', {})));
    await waitMs(ASK_MS);
  }
  await end;
  return times;
}

async function run(terminal: HubTerminal, code: string): Promise<string> {
  const answer = await terminal.client.request('eval', { code, chunk_name: '=bench', args: [] });
  return answer.values_json;
}
