/** The global `worktree`, in a real hub with its worker, in a real repository. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { t } from '../../../base/schema.js';
import type { LuaValue } from '../../../base/values.js';
import { fillRepo } from '../../../bench/large-repo.js';
import { worktree } from '../../../primitives/worktree/worktree.js';
import { FakeHub } from '../../support/fake-hub.js';
import { isAlive } from '../../support/hub-process.js';
import { addHostFunctions, openLuaHost } from '../../support/lua-host.js';
import { git, makeRepo, tempDir } from '../../support/temp-repo.js';
import { until } from '../../support/until.js';

// Workers get this process's environment.
Object.assign(process.env, { GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null' });

type Fact = Readonly<Record<string, LuaValue>> & { readonly name: string };

/** A hub in a repository, whose worktree events are noted. */
async function open(root?: string) {
  const repo = root ?? (await makeRepo());
  const host = openLuaHost({ repoRoot: repo });
  const facts: Fact[] = [];
  addHostFunctions(host.engine, {
    note: {
      params: [t.str, t.any],
      call: (name: string, data: object) => void facts.push({ ...data, name }),
    },
  });
  await host.run(`
    for _, name in ipairs { "created", "create_failed", "progress", "deleted" } do
      events.on("worktree_" .. name, function(data) T.note(name, data) end)
    end`);
  /** Resolves with the first fact of a name. */
  const fact = (name: string) => until(() => facts.find((one) => one.name === name));
  /** Runs a call that must fail, and answers with its code and message. */
  const refused = async (call: string): Promise<{ code: string; message: string }> => {
    const [code, message] = await host.run(`
      local value, err = ${call}
      assert(value == nil, "it did not fail")
      return err.code, tostring(err)`);
    return { code: code as string, message: message as string };
  };
  return { ...host, repo, facts, fact, refused };
}

/** Folders in folders, with long names. */
function long(levels: number): string {
  return Array.from({ length: levels }, () => 'd'.repeat(200)).join('/');
}

/** Makes a hook that runs with every checkout. */
function addHook(repo: string, script: string): void {
  const hook = join(repo, '.git/hooks/post-checkout');
  writeFileSync(hook, `#!/bin/sh\n${script}\n`);
  chmodSync(hook, 0o755);
}

test('a worktree is made, found, listed and deleted', async () => {
  const { run, repo, facts } = await open();
  const [made, found, exists, list] = await run(`
    local made = assert(worktree.create{ branch = "a/b" })
    return made, worktree.find("a/b"), worktree.exists("a/b"), worktree.list()`);
  const path = (made as { path: string }).path;
  expect(made).toEqual({
    path,
    branch: 'a/b',
    created: true,
    new_branch: true,
    base_ref: 'HEAD',
    warnings: [],
  });
  expect(path).toMatch(/\/data\/worktrees\/repo-01234567\/a-b-[0-9a-f]{10}$/);
  expect([found, exists]).toEqual([path, true]);
  const head = await git(repo, 'rev-parse', 'HEAD');
  const common = { head, bare: false, detached: false, locked: false, prunable: false };
  expect(list).toEqual([
    { ...common, path: repo, branch: 'main', main: true },
    { ...common, path, branch: 'a/b', main: false },
  ]);
  expect(await run('return worktree.repo_root(), worktree.is_git_repo()')).toEqual([repo, true]);
  expect(await run('return worktree.delete(...)', path, 'a/b')).toEqual([
    { path, branch: 'a/b', branch_deleted: true },
  ]);
  expect(existsSync(path)).toBe(false);
  await until(() => facts.some(({ name }) => name === 'deleted'));
  expect(facts.filter(({ name }) => name !== 'progress')).toEqual([
    { name: 'deleted', path, branch: 'a/b', branch_deleted: true },
  ]);
});

test('create_async answers at once, tells how far it is, and carries along what it was given', async () => {
  const repo = join(tempDir(), 'repo');
  mkdirSync(repo);
  await git(repo, 'init', '--quiet', '--initial-branch=main');
  await fillRepo(repo, { files: 2_000, bytes: 100 });
  const { run, facts, fact } = await open(repo);
  const [id] = await run(`
    return worktree.create_async{ issue_number = 7, prompt = "fix it", metadata = { a = { 1, 2 } }, path = "mine" }`);
  const created = await fact('created');
  expect(created).toMatchObject({
    request_id: id,
    branch: 'botster-issue-7',
    issue_number: 7,
    prompt: 'fix it',
    metadata: { a: [1, 2] },
    new_branch: true,
  });
  // What is known of the worktree wins over what was carried.
  expect(created['path']).toMatch(/botster-issue-7-[0-9a-f]{10}$/);
  const progress = facts.filter(({ name }) => name === 'progress');
  expect(progress[0]).toMatchObject({ request_id: id, branch: 'botster-issue-7', path: created['path'] });
  expect(progress.at(-1)).toMatchObject({ stage: 'checkout', done: 2_000, total: 2_000, percent: 100 });
  expect(facts.at(-1)?.name).toBe('created');
});

test('create_async tells why it failed', async () => {
  const { run, fact, repo, failure } = await open();
  await run('worktree.create_async{ branch = "main", prompt = "x" }');
  expect(await fact('create_failed')).toMatchObject({
    branch: 'main',
    prompt: 'x',
    code: 'worktree.branch_in_use',
    details: { path: repo },
  });
  expect((await failure('worktree.create_async{ prompt = "x" }')).message).toContain(
    "bad argument #1 to 'worktree.create_async' (opts.branch: string expected, got nil)",
  );
});

test('create_async can be given up', async () => {
  const { run, fact, repo } = await open();
  const mark = join(tempDir(), 'running');
  addHook(repo, `touch ${mark}; sleep 60`);
  await run('id = worktree.create_async{ branch = "x" }');
  await until(() => existsSync(mark));
  expect(await run('return worktree.cancel(id), worktree.cancel(id), worktree.cancel(99)')).toEqual([
    true,
    false,
    false,
  ]);
  expect(await fact('create_failed')).toMatchObject({ code: 'worktree.cancelled', branch: 'x' });
  // The failure comes first; what was made of it is taken back behind it.
  await until(async () => (await git(repo, 'branch', '--list', 'x')) === '');
});

test('what would be lost is told, refused, and kept by force', async () => {
  const { run, repo, refused } = await open();
  const [path] = await run(`
    path = worktree.create{ branch = "x" }.path
    fs.write(path .. "/new.txt", "precious")
    fs.write(path .. "/README.md", "changed")
    return path`);
  await git(path as string, 'commit', '--quiet', '--allow-empty', '-m', 'work');
  const [status] = await run('return worktree.status(path)');
  expect(status).toMatchObject({
    path,
    branch: 'x',
    clean: false,
    merged: false,
    changed: ['README.md'],
    changed_count: 1,
    untracked: ['new.txt'],
    untracked_count: 1,
    ignored_count: 0,
    unmerged: [{ subject: 'work' }],
    unmerged_count: 1,
    locked: false,
  });
  const dirty = await refused('worktree.delete(path, "x")');
  expect(dirty.code).toBe('worktree.dirty');
  for (const what of ['README.md', 'new.txt', 'work', 'force = true']) expect(dirty.message).toContain(what);
  await git(path as string, 'add', '--all');
  await git(path as string, 'commit', '--quiet', '-m', 'all');
  expect((await refused('worktree.delete(path, "x")')).code).toBe('worktree.unmerged');
  await makeRepo(join(path as string, 'inner'));
  expect((await refused('worktree.delete(path, "x", { force = true })')).code).toBe('worktree.submodules');
  rmSync(join(path as string, 'inner'), { recursive: true });
  const [ref] = await run('return worktree.delete(path, "x", { force = true }).recovery_ref');
  expect(await git(repo, 'show', `${ref as string}:new.txt`)).toBe('precious');
  expect((await refused('worktree.status(path)')).code).toBe('worktree.not_found');
});

test('delete_branch decides about the branch', async () => {
  const { run, repo } = await open();
  const [deleted, kept] = await run(`
    local function try(options)
      local path = worktree.create{ branch = "x" }.path
      return worktree.delete(path, nil, options).branch_deleted
    end
    return try{ delete_branch = true }, try{ delete_branch = false }`);
  expect([deleted, kept]).toEqual([true, false]);
  expect(await git(repo, 'branch', '--list', 'x')).toBe('x');
});

test('a lock keeps a worktree, and only its owner takes it away', async () => {
  const { run, refused, repo } = await open();
  await run('path = worktree.create{ branch = "x" }.path');
  expect(await run('return worktree.lock(path, "session 1"), worktree.lock(path, "session 1")')).toEqual([
    true,
    true,
  ]);
  const inUse = await refused('worktree.delete(path, nil, { force = true })');
  expect(inUse).toMatchObject({ code: 'worktree.in_use' });
  expect(inUse.message).toContain('session 1');
  expect(await run('return worktree.list()[2].lock_reason')).toEqual(['botster: session 1']);
  expect(await run('return worktree.unlock(path), worktree.unlock(path)')).toEqual([true, false]);
  expect((await refused('worktree.lock(worktree.repo_root(), "x")')).code).toBe('worktree.main');
  await git(repo, 'worktree', 'lock', (await run('return path'))[0] as string);
  expect(await run('return worktree.lock(path, "session 2")')).toEqual([false]);
});

test('each refusal has its code', async () => {
  const { run, refused, repo, identity } = await open();
  const code = async (call: string) => (await refused(call)).code;
  expect(await code('worktree.create{ branch = "a..b" }')).toBe('worktree.bad_branch');
  expect(await code('worktree.create{ branch = "x", base_ref = "no-such" }')).toBe('worktree.bad_base');
  expect(await code('worktree.create{ branch = "main" }')).toBe('worktree.branch_in_use');
  expect(await code('worktree.delete(worktree.repo_root())')).toBe('worktree.main');
  expect(await code('worktree.delete("/no/such")')).toBe('worktree.not_found');
  const [path] = await run('return worktree.create{ branch = "x" }.path');
  await run('assert(worktree.delete(...))', path);
  mkdirSync(path as string);
  expect(await code('worktree.create{ branch = "x" }')).toBe('worktree.path_taken');
  for (const remote of ['one', 'two']) {
    await git(repo, 'remote', 'add', remote, repo);
    await git(repo, 'update-ref', `refs/remotes/${remote}/both`, 'HEAD');
  }
  expect(await code('worktree.create{ branch = "both" }')).toBe('worktree.ambiguous_branch');
  addHook(repo, 'sleep 60');
  expect(await code('worktree.create{ branch = "slow", timeout = 0.2 }')).toBe('worktree.timeout');
  rmSync(join(repo, '.git/hooks/post-checkout'));
  // A file where the folder of all worktrees should be.
  rmSync(join(identity.dataDir, 'worktrees'), { recursive: true });
  writeFileSync(join(identity.dataDir, 'worktrees'), '');
  expect(await code('worktree.create{ branch = "y" }')).toBe('worktree.io');
  writeFileSync(join(repo, '.git/config'), 'this is no configuration');
  expect(await code('worktree.list()')).toBe('worktree.git_failed');
});

test('without a repository, or without git', async () => {
  const plain = await open(tempDir());
  expect((await plain.refused('worktree.list()')).code).toBe('worktree.no_repo');
  expect(await plain.run('return worktree.is_git_repo()')).toEqual([false]);
  const { PATH } = process.env;
  process.env['PATH'] = '/nowhere';
  onTestFinished(() => {
    process.env['PATH'] = PATH;
  });
  const bare = await open(tempDir());
  expect((await bare.refused('worktree.find("x")')).code).toBe('worktree.git_missing');
});

test('files that git does not have are copied', async () => {
  const { run, repo, refused } = await open();
  writeFileSync(join(repo, '.env'), 'A=1\n');
  writeFileSync(join(repo, 'include'), '.env\n');
  const [count, path] = await run(`
    local path = worktree.create{ branch = "x" }.path
    return worktree.copy_from_patterns(".", path, "include"), path`);
  expect(count).toBe(1);
  expect(readFileSync(join(path as string, '.env'), 'utf8')).toBe('A=1\n');
  const [other] = await run('return worktree.create{ branch = "y", patterns_file = "include" }.path');
  expect(existsSync(join(other as string, '.env'))).toBe(true);
  const code = async (call: string) => (await refused(call)).code;
  expect(await code('worktree.copy_from_patterns(".", "no-such", "include")')).toBe('worktree.bad_path');
  expect(await code('worktree.copy_from_patterns(".", ".git", "no-such")')).toBe('worktree.no_patterns');
  // Somewhere so deep that the path of a copy is longer than the system allows.
  let deep = tempDir();
  while (deep.length < 3_900) deep = join(deep, 'd'.repeat(100));
  mkdirSync(deep, { recursive: true });
  const name = 'f'.repeat(200);
  writeFileSync(join(repo, name), '');
  writeFileSync(join(repo, 'include'), `${name}\n`);
  expect(await code(`worktree.copy_from_patterns(".", "${deep}", "include")`)).toBe('worktree.copy_failed');
});

test('files that cannot be removed are said to be left', async () => {
  const { run, repo, refused } = await open();
  writeFileSync(join(repo, '.git/info/exclude'), 'deep\n');
  const [path] = await run('path = worktree.create{ branch = "x" }.path return path');
  // A path that is too long to be named, made of two that are not.
  const [upper, lower] = [
    join(path as string, 'deep', long(11)),
    join(path as string, 'deep/lower', long(11)),
  ];
  for (const folder of [upper, lower]) mkdirSync(folder, { recursive: true });
  renameSync(join(path as string, 'deep/lower'), join(upper, 'lower'));
  onTestFinished(() => void execFileSync('rm', ['-rf', path as string]));
  const { code, message } = await refused('worktree.delete(path)');
  expect(code).toBe('worktree.leftovers');
  expect(message).toContain('deleted');
  expect(await run('return #worktree.list()')).toEqual([1]);
});

test('more than can wait is refused, and the rest can be given up', async () => {
  const { run, repo, facts } = await open();
  addHook(repo, 'sleep 60');
  await run(`
    ids = {}
    for i = 1, 520 do ids[i] = worktree.create_async{ branch = "b" .. i } end`);
  await until(() => facts.some(({ name }) => name === 'create_failed'));
  expect(facts.find(({ name }) => name === 'create_failed')).toMatchObject({ code: 'worktree.busy' });
  await run('for _, id in ipairs(ids) do worktree.cancel(id) end');
  await until(() => facts.filter(({ name }) => name === 'create_failed').length === 520);
});

test('a call that its worker did not survive is lost, and said to be', async () => {
  const repo = await makeRepo();
  const [mark, go] = [join(tempDir(), 'pid'), join(tempDir(), 'go')];
  addHook(repo, `echo $$ > ${mark}; until [ -e ${go} ]; do sleep 0.02; done`);
  const hub = new FakeHub(worktree, { repoRoot: repo });
  const { functions } = hub.engine();
  const making = functions.create({ branch: 'x' });
  await until(() => existsSync(mark));
  await hub.crashWorkers();
  expect(await making).toMatchObject({ code: 'worktree.lost' });
  // Git goes on: what it makes is found by the next call.
  writeFileSync(go, '');
  const pid = Number(readFileSync(mark, 'utf8'));
  await until(() => !isAlive(pid));
});
