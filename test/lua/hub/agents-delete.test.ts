import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { LuaRecord } from '../../../base/values.js';
import { type AgentsHost, openAgentsHost, put } from '../../support/agents-host.js';
import { git } from '../../support/temp-repo.js';
import { until } from '../../support/until.js';

async function open(before?: (host: AgentsHost) => void) {
  const host = await openAgentsHost();
  before?.(host);
  const agent = await host.agents('create', { branch: 'feature/x', cmd: 'cat' });
  const [id, path] = [String(agent['session_uuid']), String(agent['worktree_path'])];
  const isAlive = async (uuid: unknown = id) =>
    (await host.core('local s = pty.get(...) return s ~= nil and s:is_alive()', uuid as string))[0];
  const listed = async () =>
    ((await host.core('return require("hub.agents").list()'))[0] as readonly LuaRecord[]).map(
      (one) => one['session_uuid'],
    );
  return { ...host, agent, id, path, isAlive, listed };
}

const branches = (repo: string) => git(repo, 'branch', '--format=%(refname:short)');

test('ends the agent and forgets it; worktree, branch and history stay', async () => {
  const { agents, core, id, path, repo, isAlive, listed } = await open();
  await core('seen = {} events.on("agent_deleted", function(data) seen[1] = data.branch end)');
  expect(await agents('delete', id)).toMatchObject({
    session_uuid: id,
    state: 'exited',
    worktree_removed: false,
    branch_removed: false,
    warnings: [],
  });
  expect(await isAlive()).toBe(false);
  expect(await listed()).toEqual([]);
  expect(existsSync(path)).toBe(true);
  expect(await branches(repo)).toContain('feature/x');
  expect(await git(repo, 'worktree', 'list', '--porcelain')).not.toContain('locked');
  expect(await core('return seen[1], hub.agents()[...], pty.get(...) ~= nil', id)).toEqual([
    'feature/x',
    undefined,
    true,
  ]);
});

test('removes a clean worktree, and the branch that was made for it', async () => {
  const { agents, id, path, repo } = await open();
  expect(await agents('delete', id, { delete_worktree: true })).toMatchObject({
    worktree_removed: true,
    branch_removed: true,
  });
  expect(existsSync(path)).toBe(false);
  expect(await branches(repo)).toBe('main');
});

test('a branch that was there before stays', async () => {
  const host = await openAgentsHost();
  await git(host.repo, 'branch', 'mine');
  await host.agents('create', { branch: 'mine', cmd: 'cat' });
  expect(await host.agents('delete', 'mine', { delete_worktree: true })).toMatchObject({
    worktree_removed: true,
    branch_removed: false,
  });
  expect(await branches(host.repo)).toBe('main\nmine');
});

describe('a refusal leaves everything running', () => {
  test('changes that are in no commit', async () => {
    const { refusal, id, path, isAlive, listed } = await open();
    writeFileSync(join(path, 'README.md'), 'changed\n');
    writeFileSync(join(path, 'new.txt'), 'new\n');
    expect(await refusal('delete', id, { delete_worktree: true })).toMatchObject({
      code: 'worktree.dirty',
      message: expect.stringMatching(/README\.md[\s\S]*new\.txt[\s\S]*force/),
      details: { changed: ['README.md'], untracked: ['new.txt'] },
    });
    expect(await isAlive()).toBe(true);
    expect(await listed()).toEqual([id]);
    expect(existsSync(join(path, 'new.txt'))).toBe(true);
  });

  test('commits that are nowhere else, unless the branch is kept', async () => {
    const { refusal, agents, id, path, repo, isAlive } = await open();
    await git(path, 'commit', '--quiet', '--allow-empty', '-m', 'precious');
    expect(await refusal('delete', id, { delete_worktree: true })).toMatchObject({
      code: 'worktree.unmerged',
      message: expect.stringContaining('precious'),
    });
    expect(await isAlive()).toBe(true);
    expect(await agents('delete', id, { delete_worktree: true, keep_branch: true })).toMatchObject({
      worktree_removed: true,
      branch_removed: false,
    });
    expect(await git(repo, 'log', '-1', '--format=%s', 'feature/x')).toBe('precious');
  });

  test('another session in the worktree, also with force', async () => {
    const { refusal, core, id, path, isAlive } = await open();
    const [other] = await core('return assert(pty.spawn({ cmd = "cat", cwd = ... })).uuid', path);
    expect(await refusal('delete', id, { delete_worktree: true, force: true })).toMatchObject({
      code: 'agent.worktree_in_use',
      message: expect.stringContaining(String(other).slice(0, 8)),
      details: { sessions: [other] },
    });
    expect([await isAlive(), await isAlive(other)]).toEqual([true, true]);
  });

  test('a hook that says no', async () => {
    const { refusal, core, id, isAlive } = await open();
    await core(`require("hub.hooks").intercept("before_agent_delete", function(request)
      if request.agent.branch == "feature/x" then return nil, "not this one" end
      return request
    end)`);
    expect(await refusal('delete', id)).toMatchObject({
      code: 'hook.blocked',
      message: expect.stringContaining('not this one'),
    });
    expect(await isAlive()).toBe(true);
  });

  test('the main checkout', async () => {
    const { agents, refusal, isAlive } = await open();
    const there = await agents('create', { in_place: true, cmd: 'cat' });
    expect(
      await refusal('delete', there['session_uuid'], { delete_worktree: true, force: true }),
    ).toMatchObject({
      code: 'agent.main_worktree',
    });
    expect(await isAlive(there['session_uuid'])).toBe(true);
  });

  test('an agent that is not there', async () => {
    const { refusal } = await open();
    expect(await refusal('delete', 'nobody')).toMatchObject({ code: 'agent.not_found' });
  });
});

test('force removes it, and leaves a ref with what was in it', async () => {
  const { agents, id, path, repo } = await open();
  writeFileSync(join(path, 'new.txt'), 'precious\n');
  const removed = await agents('delete', id, { delete_worktree: true, force: true });
  expect(removed).toMatchObject({ worktree_removed: true, branch_removed: true });
  expect(existsSync(path)).toBe(false);
  expect(await git(repo, 'show', `${String(removed['recovery_ref'])}:new.txt`)).toBe('precious');
});

describe('workspace_teardown', () => {
  test('runs in the worktree before it goes', async () => {
    const { agents, id, path, repo } = await open();
    const script = '{ pwd -P; echo "$BOTSTER_BRANCH"; } > "$BOTSTER_REPO_PATH/torn"\n';
    put(join(repo, '.botster/workspace_teardown'), script);
    await agents('delete', id, { delete_worktree: true });
    expect(readFileSync(join(repo, 'torn'), 'utf8')).toBe(`${path}\nfeature/x\n`);
    expect(existsSync(path)).toBe(false);
  });

  test('leaves nothing in the lists of devices once it has done its work', async () => {
    const { agents, core, id, repo } = await open();
    put(join(repo, '.botster/workspace_teardown'), 'true\n');
    await agents('delete', id, { delete_worktree: true });
    const left = `local left = json.array()
      for _, record in ipairs(pty.list()) do
        if not record.meta.removed then left[#left + 1] = record.name or record.cmd end
      end
      return left`;
    expect(await core(left)).toEqual([[]]);
  });

  test('that fails keeps the worktree and says where its output is; force goes on', async () => {
    const { agents, refusal, core, id, path, repo } = await open();
    put(join(repo, '.botster/workspace_teardown'), 'echo "cannot stop the database"; exit 3\n');
    const refused = await refusal('delete', id, { delete_worktree: true });
    expect(refused).toMatchObject({
      code: 'agent.teardown_failed',
      message: expect.stringMatching(/ended with status 3, so the worktree stays/),
      details: { exit: { code: 3 } },
    });
    expect(existsSync(path)).toBe(true);
    const screen = 'return assert(assert(pty.get(...)):screen())';
    expect((await core(screen, refused.details['session_uuid']))[0]).toContain('cannot stop the database');
    expect(await agents('delete', id, { delete_worktree: true, force: true })).toMatchObject({
      worktree_removed: true,
      warnings: [expect.stringContaining('status 3')],
    });
  });

  test('that does not end is ended', async () => {
    const { refusal, core, id, repo } = await open();
    put(join(repo, '.botster/workspace_teardown'), 'exec cat\n');
    await core('require("hub.agent_removal").TEARDOWN_S = 0.2');
    expect(await refusal('delete', id, { delete_worktree: true })).toMatchObject({
      code: 'agent.teardown_failed',
      message: expect.stringContaining('did not end within'),
    });
  });
});

describe('accessories', () => {
  const served = (host: AgentsHost) => {
    put(join(host.repo, '.botster/accessories/web/initialization'), 'exec cat\n');
    put(join(host.repo, '.botster/accessories/web/port_forward'), '');
  };

  test('start with the first agent, with a port that the agent knows, and end with the last', async () => {
    const { agents, core, agent, id, isAlive } = await open(served);
    const [web] = agent['accessories'] as readonly LuaRecord[];
    expect(web).toMatchObject({ name: 'web', port: expect.any(Number) });
    const [record] = (await core('return assert(pty.get(...)):info()', web?.['session_uuid'])) as [LuaRecord];
    expect(record).toMatchObject({
      name: 'web',
      port: web?.['port'],
      meta: {
        type: 'accessory',
        accessory: 'web',
        branch: 'feature/x',
        worktree_path: agent['worktree_path'],
      },
    });
    expect(await core('return #require("hub.agents").list()')).toEqual([1]);

    const second = await agents('create', {
      branch: 'feature/x',
      cmd: 'sh',
      args: ['-c', 'echo "port=$BOTSTER_PORT_WEB."; exec cat'],
    });
    expect(second['accessories']).toEqual([]);
    await until(async () =>
      String(
        (await core('return assert(assert(pty.get(...)):screen())', second['session_uuid']))[0],
      ).includes(`port=${String(web?.['port'])}.`),
    );
    await agents('delete', id);
    expect(await isAlive(web?.['session_uuid'])).toBe(true);
    await agents('delete', second['session_uuid'], { delete_worktree: true });
    expect(await isAlive(web?.['session_uuid'])).toBe(false);
    expect(await core('return pty.get(...):info().meta.removed', web?.['session_uuid'])).toEqual([true]);
  });

  test('only those that are wanted; one that does not start is a warning', async () => {
    const host = await openAgentsHost();
    served(host);
    put(join(host.repo, '.botster/accessories/broken/initialization'), 'exec cat\n');
    await host.core(`require("hub.hooks").intercept("before_pty_spawn", function(spec, purpose)
      if purpose.name == "broken" then return nil, "not this one" end
      return spec
    end)`);
    const none = await host.agents('create', { branch: 'a', cmd: 'cat', accessories: [] });
    expect(none).toMatchObject({ accessories: [], warnings: [] });
    const one = await host.agents('create', { branch: 'b', cmd: 'cat', accessories: ['web'] });
    expect(one).toMatchObject({ accessories: [{ name: 'web' }], warnings: [] });
    const [first, second] = await Promise.all(
      ['c', 'd'].map((branch) => host.agents('create', { branch, cmd: 'cat', accessories: ['web'] })),
    );
    const port = (agent: LuaRecord = {}) => (agent['accessories'] as readonly LuaRecord[])[0]?.['port'];
    expect(port(first)).not.toBe(port(second));
    const all = await host.agents('create', { branch: 'e', cmd: 'cat' });
    expect(all).toMatchObject({
      state: 'running',
      warnings: [expect.stringMatching(/broken did not start: .*not this one/)],
    });
  });

  test("run the repository's script rather than the device's, with PORT", async () => {
    const host = await openAgentsHost({
      before: ({ identity }) =>
        put(join(identity.dataDir, 'accessories/web/initialization'), 'echo device\n'),
    });
    served(host);
    put(join(host.repo, '.botster/accessories/web/initialization'), 'echo "repository $PORT."; exec cat\n');
    const agent = await host.agents('create', { branch: 'x', cmd: 'cat' });
    const [web] = agent['accessories'] as readonly LuaRecord[];
    await until(async () =>
      String(
        (await host.core('return assert(assert(pty.get(...)):screen())', web?.['session_uuid']))[0],
      ).includes(`repository ${String(web?.['port'])}.`),
    );
  });
});
