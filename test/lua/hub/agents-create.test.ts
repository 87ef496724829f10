import { createHash } from 'node:crypto';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { LuaRecord } from '../../../base/values.js';
import { type AgentsHost, openAgentsHost, put } from '../../support/agents-host.js';
import { git, tempDir } from '../../support/temp-repo.js';
import { until } from '../../support/until.js';

/** A command that writes its environment and folder into a file, and stays. */
function reporting() {
  const out = join(tempDir(), 'out');
  const read = async (): Promise<Record<string, string>> => {
    const text = await until(
      () => existsSync(out) && readFileSync(out, 'utf8').includes('\0END=') && readFileSync(out, 'utf8'),
    );
    return Object.fromEntries(
      text
        .split('\0')
        .filter(Boolean)
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
  };
  const script =
    'FOLDER="$(pwd -P)" env -0 > "$OUT.tmp"; printf "END=1\\0" >> "$OUT.tmp"; mv "$OUT.tmp" "$OUT"; exec cat';
  return { cmd: 'sh', args: ['-c', script], env: { OUT: out }, read };
}

async function statuses({ core }: AgentsHost): Promise<string[]> {
  return (await core('return seen'))[0] as unknown as string[];
}

async function worktreesOf(repo: string): Promise<string> {
  return await git(repo, 'worktree', 'list', '--porcelain');
}

/** Nothing but the main checkout and its branch. */
async function expectNothingLeft(repo: string): Promise<void> {
  expect((await worktreesOf(repo)).match(/^worktree /gm)).toHaveLength(1);
  expect(await git(repo, 'branch', '--format=%(refname:short)')).toBe('main');
}

describe('an agent on a new branch', () => {
  test('runs in a worktree of its own, locked, in a documented environment', async () => {
    const host = await openAgentsHost();
    const { cmd, args, env, read } = reporting();
    await host.core(`
      seen = {}
      events.on("agent_status_changed", function(data) seen[#seen + 1] = data.status end)
      events.on("agent_created", function(data) seen[#seen + 1] = "created " .. data.branch end)`);
    const agent = await host.agents('create', {
      branch: 'feature/x',
      cmd,
      args,
      env,
      prompt: 'Do it',
      metadata: { ticket: 7 },
    });
    expect(agent).toMatchObject({
      branch: 'feature/x',
      agent: 'sh',
      name: 'feature/x',
      state: 'running',
      in_place: false,
      worktree_created: true,
      definition_from: 'command',
      prompt: 'Do it',
      metadata: { ticket: 7 },
      accessories: [],
      warnings: [],
    });
    expect(await statuses(host)).toEqual(['creating_worktree', 'spawning', 'created feature/x', 'running']);
    expect(host.log.at('warn').filter((line) => line.includes('worktree'))).toEqual([]);
    const path = String(agent['worktree_path']);
    expect(await git(path, 'branch', '--show-current')).toBe('feature/x');
    expect(await host.core('return pty.get(...):is_alive()', agent['session_uuid'])).toEqual([true]);
    expect(await worktreesOf(host.repo)).toContain(
      `locked botster: session ${String(agent['session_uuid'])}`,
    );

    const variables = await read();
    expect(variables).toMatchObject({
      BOTSTER_HUB_ID: host.identity.hubId,
      BOTSTER_HUB_SOCKET: host.identity.socketPath,
      BOTSTER_DATA_DIR: host.identity.dataDir,
      BOTSTER_CONFIG_DIR: host.identity.dataDir,
      BOTSTER_REPO_PATH: host.repo,
      BOTSTER_SESSION_UUID: agent['session_uuid'],
      BOTSTER_WORKTREE_PATH: path,
      BOTSTER_BRANCH: 'feature/x',
      BOTSTER_AGENT_NAME: 'sh',
      BOTSTER_PROMPT: 'Do it',
      FOLDER: realpathSync(path),
      TERM: 'xterm-256color',
    });
    expect(variables).not.toHaveProperty('PORT');
  });

  test('has a token that only it knows, and that proves which session speaks', async () => {
    const host = await openAgentsHost();
    const { cmd, args, env, read } = reporting();
    const agent = await host.agents('create', { branch: 'x', cmd, args, env });
    const token = (await read())['BOTSTER_SESSION_TOKEN'] ?? '';
    expect(token).toMatch(/^[0-9a-f]{64}$/);
    const [records] = await host.core('return pty.list()');
    expect(JSON.stringify(records)).not.toContain(token);
    expect(JSON.stringify(records)).toContain(createHash('sha256').update(token).digest('hex'));
    const owner = 'local s = require("hub.environment").session_of_token(...) return s and s.uuid';
    expect(await host.core(owner, token)).toEqual([agent['session_uuid']]);
    expect(await host.core(owner, '0'.repeat(64))).toEqual([undefined]);
  });

  test('begins where `from` says', async () => {
    const host = await openAgentsHost();
    const first = await git(host.repo, 'rev-parse', 'HEAD');
    await git(host.repo, 'commit', '--quiet', '--allow-empty', '-m', 'second');
    const agent = await host.agents('create', { branch: 'x', cmd: 'cat', from: 'HEAD~1' });
    expect(await git(String(agent['worktree_path']), 'rev-parse', 'HEAD')).toBe(first);
  });

  test('gets the files that workspace_include names, from both layers', async () => {
    const host = await openAgentsHost({
      files: { '.gitignore': '.env\n*.key\n', 'a.txt': '' },
      before: ({ identity }) => put(join(identity.dataDir, 'workspace_include'), '*.key\n'),
    });
    put(join(host.repo, '.botster/workspace_include'), '.env\n');
    put(join(host.repo, '.env'), 'SECRET=1\n');
    put(join(host.repo, 'dev.key'), 'key\n');
    const agent = await host.agents('create', { branch: 'x', cmd: 'cat' });
    const path = String(agent['worktree_path']);
    expect(readFileSync(join(path, '.env'), 'utf8')).toBe('SECRET=1\n');
    expect(readFileSync(join(path, 'dev.key'), 'utf8')).toBe('key\n');
  });
});

test('the worktree of a branch that has one is used again, and stays locked until its last session ended', async () => {
  const host = await openAgentsHost();
  const first = await host.agents('create', { branch: 'x', cmd: 'cat' });
  const second = await host.agents('create', { branch: 'x', cmd: 'cat' });
  expect(second).toMatchObject({ worktree_created: false, worktree_path: first['worktree_path'] });
  const kill = 'assert(assert(pty.get(...)):kill({ grace = 0 }))';
  await host.core(kill, first['session_uuid']);
  await until(
    async () => (await host.core('return hub.agents()[...]', first['session_uuid']))[0] === undefined,
  );
  expect(await worktreesOf(host.repo)).toContain('locked botster: session ');
  await host.core(kill, second['session_uuid']);
  await until(async () => !(await worktreesOf(host.repo)).includes('locked'));
});

test('what runs in the main checkout has to be asked for', async () => {
  const host = await openAgentsHost();
  expect(await host.refusal('create', { branch: 'main', cmd: 'cat' })).toMatchObject({
    code: 'agent.branch_in_main',
    details: { step: 'worktree', cause: 'agent.branch_in_main', cause_details: { path: host.repo } },
  });
  expect(await host.refusal('create', { cmd: 'cat' })).toMatchObject({ code: 'agent.bad_option' });
  expect(await host.refusal('create', { branch: 'x', in_place: true })).toMatchObject({
    code: 'agent.bad_option',
  });
  const agent = await host.agents('create', { in_place: true, cmd: 'cat' });
  expect(agent).toMatchObject({ in_place: true, worktree_path: host.repo, worktree_created: false });
  expect(agent['branch']).toBeUndefined();
  await expectNothingLeft(host.repo);
});

test('without agent and command it is the default agent, else a shell', async () => {
  const host = await openAgentsHost({
    before: ({ identity }) =>
      put(join(identity.dataDir, 'agents/mine/initialization'), '#!/bin/sh\nexec cat\n', 0o755),
  });
  expect(await host.agents('create', { branch: 'x' })).toMatchObject({
    agent: 'shell',
    definition_from: 'built-in',
  });
  await host.core('assert(config.set("default_agent", "mine"))');
  expect(await host.agents('create', { branch: 'y' })).toMatchObject({
    agent: 'mine',
    definition_from: 'device',
  });
  await host.core('assert(config.set("default_agent", 5))');
  expect(await host.refusal('create', { branch: 'z' })).toMatchObject({ code: 'agent.bad_settings' });
});

test('more sessions than max_sessions are refused before anything is made; a repository cannot raise it', async () => {
  const host = await openAgentsHost({
    before: ({ identity }) => put(join(identity.dataDir, 'config.json'), '{"max_sessions": 1}'),
  });
  put(join(host.repo, '.botster/config.json'), '{"max_sessions": 99}');
  const agent = await host.agents('create', { in_place: true, cmd: 'cat' });
  expect(await host.refusal('create', { branch: 'x', cmd: 'cat' })).toMatchObject({
    code: 'agent.limit',
    message: expect.stringMatching(/1 sessions run, and the limit is 1: end one \(botster agent rm ID\)/),
  });
  await expectNothingLeft(host.repo);
  await host.agents('delete', agent['session_uuid']);
  await host.agents('create', { branch: 'x', cmd: 'cat' });
});

test('a prompt is typed once the program waits: pasted if it knows how, and cannot press keys', async () => {
  const host = await openAgentsHost();
  const out = join(tempDir(), 'typed');
  const expected = '\u001b[200~first\nsecond[201~!\u001b[201~\r';
  const take = `dd bs=1 count=${expected.length} of="$OUT.tmp" 2>/dev/null; mv "$OUT.tmp" "$OUT"`;
  await host.agents('create', {
    branch: 'x',
    cmd: 'sh',
    args: ['-c', `stty raw -echo; printf '\\033[?2004hready> '; ${take}; exec cat`],
    env: { OUT: out },
    prompt: 'first\r\nsecond\u001b[201~\u0003\u009b!',
  });
  await until(() => existsSync(out));
  expect(readFileSync(out, 'latin1')).toBe(expected);
});

describe('a step that fails is undone', () => {
  const failing = (name: string) =>
    `${name} = function() local _, err = require("hub.failure")("test.broken", "broken on purpose") return nil, err end`;

  test.each([
    ['the command is not there', '', { cmd: 'no-such-command-at-all' }, 'spawn', 'session.command_not_found'],
    ['the environment is refused', '', { cmd: 'cat', env: { 'A=B': '1' } }, 'spawn', 'session.bad_env'],
    ['copying fails', failing('worktree.copy_from_patterns'), { cmd: 'cat' }, 'files', 'test.broken'],
    ['no port is free', failing('pty.lease_port'), { agent: 'served' }, 'ports', 'test.broken'],
    ['registering fails', failing('hub.register_agent'), { cmd: 'cat' }, 'register', 'test.broken'],
  ])('%s', async (_name, before, options, step, cause) => {
    const host = await openAgentsHost({
      before: ({ identity }) => {
        put(join(identity.dataDir, 'agents/served/settings.json'), '{"cmd": "cat", "port_forward": true}');
        put(join(identity.dataDir, 'workspace_include'), '*.none\n');
      },
    });
    await host.core(`seen = {} events.on("agent_status_changed", function(data) seen[#seen + 1] = data.status end)
      ${before}`);
    expect(await host.refusal('create', { branch: 'feature/x', ...options })).toMatchObject({
      code: `agent.${step}_failed`,
      message: expect.stringMatching(new RegExp(`^step ${step}: `)),
      details: { step, cause, kept: [] },
    });
    expect((await statuses(host)).at(-1)).toBe('failed');
    await expectNothingLeft(host.repo);
    const [running] = await host.core('return #require("hub.sessions").running()');
    expect(running).toBe(0);
  });

  test('an error in a step is a failure too, and its traceback is in the log', async () => {
    const host = await openAgentsHost();
    await host.core('require("hub.agent_steps").environment = function() error("a bug") end');
    expect(await host.refusal('create', { branch: 'x', cmd: 'cat' })).toMatchObject({
      code: 'agent.failed',
      message: expect.stringContaining('a bug'),
    });
    expect(host.log.at('error').join()).toContain('stack traceback');
    await expectNothingLeft(host.repo);
  });

  test('a worktree that is not clean any more stays, and the message says so', async () => {
    const host = await openAgentsHost();
    put(join(host.repo, '.botster/workspace_include'), 'notes.txt\n');
    put(join(host.repo, 'notes.txt'), 'not in git, not ignored\n');
    const refusal = await host.refusal('create', { branch: 'x', cmd: 'no-such-command-at-all' });
    expect(refusal).toMatchObject({
      code: 'agent.spawn_failed',
      message: expect.stringMatching(/the worktree .* stays: /),
      details: { kept: [expect.stringContaining('notes.txt')] },
    });
    expect(await worktreesOf(host.repo)).toContain('branch refs/heads/x');
    expect(await worktreesOf(host.repo)).not.toContain('locked');
  });

  test('a worktree that was there before stays', async () => {
    const host = await openAgentsHost();
    await git(host.repo, 'worktree', 'add', '--quiet', '-b', 'x', join(host.repo, '../elsewhere'));
    await host.refusal('create', { branch: 'x', cmd: 'no-such-command-at-all' });
    expect(await worktreesOf(host.repo)).toContain('branch refs/heads/x');
  });
});

describe('hooks', () => {
  test('can change and refuse what is about to be created', async () => {
    const host = await openAgentsHost();
    await host.core(`
      local hooks = require("hub.hooks")
      hooks.intercept("before_agent_create", function(options)
        if options.branch == "main" then return nil, "not on main" end
        options.branch = "agents/" .. options.branch
        return options
      end)`);
    expect(await host.refusal('create', { branch: 'main', cmd: 'cat' })).toMatchObject({
      code: 'hook.blocked',
      message: expect.stringContaining('not on main'),
    });
    expect(await host.agents('create', { branch: 'x', cmd: 'cat' })).toMatchObject({ branch: 'agents/x' });
  });

  test('filter the environment and what is spawned', async () => {
    const host = await openAgentsHost();
    const { cmd, args, env, read } = reporting();
    await host.core(`
      local hooks = require("hub.hooks")
      hooks.intercept("filter_agent_env", function(env, purpose)
        env.ADDED = purpose.type .. " " .. purpose.name
        env.HOME = false
        return env
      end)
      hooks.intercept("before_pty_spawn", function(spec) spec.cols = 132 return spec end)`);
    expect(await host.agents('create', { branch: 'x', cmd, args, env })).toMatchObject({ cols: 132 });
    const variables = await read();
    expect(variables['ADDED']).toBe('agent sh');
    expect(variables).not.toHaveProperty('HOME');
  });

  test('that refuse the spawn leave nothing behind', async () => {
    const host = await openAgentsHost();
    await host.core('require("hub.hooks").intercept("before_pty_spawn", function() error("broken") end)');
    expect(await host.refusal('create', { branch: 'x', cmd: 'cat' })).toMatchObject({ code: 'hook.failed' });
    await expectNothingLeft(host.repo);
  });
});

describe('finding', () => {
  test('by uuid, its beginning, branch or name; the running one of several', async () => {
    const host = await openAgentsHost();
    const first = await host.agents('create', { branch: 'x', cmd: 'cat', name: 'bob' });
    const id = String(first['session_uuid']);
    for (const name of [id, id.slice(0, 6), 'x', 'bob']) {
      expect(await host.agents('find', name)).toMatchObject({ session_uuid: id });
    }
    expect(await host.refusal('find', 'nobody')).toMatchObject({ code: 'agent.not_found' });
    expect(await host.refusal('find', '')).toMatchObject({ code: 'agent.not_found' });
    const second = await host.agents('create', { branch: 'x', cmd: 'cat' });
    expect(await host.refusal('find', 'x')).toMatchObject({
      code: 'agent.ambiguous',
      details: { matches: [id, second['session_uuid']] },
    });
    await host.core('assert(assert(pty.get(...)):kill({ grace = 0 }))', id);
    expect(await host.agents('find', 'x')).toMatchObject({ session_uuid: second['session_uuid'] });
    const [list] = (await host.core('return require("hub.agents").list()')) as [LuaRecord[]];
    expect(list.map(({ state }) => state)).toEqual(['exited', 'running']);
  });

  test('the selected agent is remembered and told', async () => {
    const host = await openAgentsHost();
    const agent = await host.agents('create', { branch: 'x', cmd: 'cat' });
    await host.core(
      'seen = {} events.on("agent_selected", function(data) seen[#seen + 1] = data.agent_id or "none" end)',
    );
    expect(await host.agents('select', 'x')).toMatchObject({ branch: 'x' });
    expect(await host.core('return require("hub.agents").selected()')).toEqual([agent['session_uuid']]);
    expect(await host.refusal('select', 'y')).toMatchObject({ code: 'agent.not_found' });
    await host.core('assert(require("hub.agents").select(nil))');
    expect(await statuses(host)).toEqual([agent['session_uuid'], 'none']);
  });
});

test('an agent that ends by itself is told, with how', async () => {
  const host = await openAgentsHost();
  await host.core(`
    events.on("agent_status_changed", function(data) if data.status == "exited" then ended = data end end)`);
  const agent = await host.agents('create', { branch: 'x', cmd: 'sh', args: ['-c', 'exit 3'] });
  const ended = await until(async () => (await host.core('return ended'))[0] as LuaRecord | undefined);
  expect(ended).toMatchObject({ agent_id: agent['session_uuid'], branch: 'x', exit: { code: 3 } });
  expect(await host.core('return hub.agents()[...]', agent['session_uuid'])).toEqual([undefined]);
});
