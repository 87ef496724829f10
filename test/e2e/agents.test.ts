/** Agents from the command line, with real hubs, sessions and git. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { AgentRecord } from '../../protocol/agents.js';
import { isAlive, makePlace, type Place, type RunningHub, runCli, startHub } from '../support/hub-process.js';
import { SocketClient } from '../support/socket-client.js';
import { git } from '../support/temp-repo.js';
import { until } from '../support/until.js';

type NewAgent = AgentRecord & { readonly worktree_created: boolean };

/** Asks the hub without a process in between. */
async function ask<T>({ info }: RunningHub, method: string, params: object = {}): Promise<T> {
  const client = await SocketClient.greet(info.socket);
  client.say({ type: 'request', id: 1, method, params: params as never });
  const { ok, value, error } = await client.hear('response');
  client.socket.destroy();
  expect(ok, error?.message).toBe(true);
  return value as T;
}

const start = (hub: RunningHub, params: object) => ask<NewAgent>(hub, 'agent.new', { cmd: 'cat', ...params });
const list = async (hub: RunningHub) => (await ask<{ agents: AgentRecord[] }>(hub, 'agent.list')).agents;
const screen = async (hub: RunningHub, id: string) =>
  (await ask<{ text: string }>(hub, 'session.screen', { id })).text;

async function kill9({ info, process: hub }: RunningHub): Promise<void> {
  process.kill(info.pid, 'SIGKILL');
  await hub.done;
}

const worktrees = (place: Place) => git(place.repo, 'worktree', 'list', '--porcelain');

test('an agent outlives kill -9 of its hub, and goes on with the next one in the same shell', async () => {
  const place = await makePlace();
  const first = await startHub(place);
  const made = await place.run('agent', 'new', 'feature/x', '--cmd', 'bash --norc --noprofile', '--json');
  expect(made.code, made.stderr).toBe(0);
  const agent = JSON.parse(made.stdout) as NewAgent;
  expect(agent).toMatchObject({
    branch: 'feature/x',
    state: 'running',
    worktree_created: true,
    agent: 'bash',
  });
  const id = agent.session_uuid;
  await place.run('session', 'send', id.slice(0, 8), 'marker=from-before', '--enter');
  await until(async () => (await screen(first, id)).includes('marker=from-before'));

  await kill9(first);
  expect(isAlive(agent.pid ?? 0)).toBe(true);

  const second = await startHub(place);
  expect(await list(second)).toMatchObject([
    { session_uuid: id, branch: 'feature/x', pid: agent.pid, worktree_path: agent.worktree_path },
  ]);
  await place.run('session', 'send', id.slice(0, 8), 'echo "still $marker"', '--enter');
  await until(async () => (await screen(second, id)).includes('still from-before'));
  expect(await worktrees(place)).toContain('locked botster: session');
  expect(await start(second, { branch: 'feature/x' })).toMatchObject({
    worktree_created: false,
    worktree_path: agent.worktree_path,
  });
});

test('locks of sessions that ended while no hub ran are taken away by the next hub', async () => {
  const place = await makePlace();
  const first = await startHub(place);
  const agent = await start(first, { branch: 'x' });
  await kill9(first);
  process.kill(agent.pid ?? 0, 'SIGKILL');
  expect(await worktrees(place)).toContain('locked');
  const second = await startHub(place);
  await until(async () => !(await worktrees(place)).includes('locked'));
  expect(await list(second)).toMatchObject([{ session_uuid: agent.session_uuid, state: 'exited' }]);
});

describe('for people', () => {
  test('new, list and types say what there is, under the names that --json has', async () => {
    const place = await makePlace();
    await startHub(place);
    expect(await place.run('agent', 'list')).toMatchObject({
      code: 0,
      stdout: '',
      stderr: 'There are no agents. Start one with "botster agent new BRANCH".\n',
    });
    const made = await place.run('agent', 'new', 'feature/x', '--cmd', 'cat', '--name', 'bob');
    expect(made.code, made.stderr).toBe(0);
    expect(made.stdout).toMatch(
      /^session_uuid {3}[0-9a-f-]{36}\nbranch {9}feature\/x\nworktree_path {2}\/.*\nagent {10}cat\n$/,
    );
    expect(made.stderr).toMatch(
      /^\nLook at it: botster attach [0-9a-f]{8} {3}End it: botster agent rm [0-9a-f]{8}\n$/,
    );
    const table = await place.run('agent', 'list');
    expect(table.stdout).toMatch(
      /^ID {8}AGENT {2}BRANCH {5}STATE +SINCE +TITLE\n[0-9a-f]{8} {2}cat {4}feature\/x {2}(busy|idle) /,
    );
    const types = await place.run('agent', 'types');
    expect(types.stdout).toMatch(/^claude {4}(installed|missing {2}) {2}built-in {2}Claude Code$/m);
    expect(types.stdout).toMatch(/^shell {5}installed {2}built-in {2}an interactive shell$/m);
  });

  test('rm ends it by any of its names', async () => {
    const place = await makePlace();
    const hub = await startHub(place);
    for (const name of ['feature/x', 'bob']) {
      await start(hub, { branch: 'feature/x', name: 'bob' });
      const { code, stderr } = await place.run('agent', 'rm', name);
      expect({ code, stderr }).toEqual({
        code: 0,
        stderr: expect.stringMatching(
          /^Ended the agent of feature\/x \([0-9a-f]{8}\)\.\nIts worktree stays: \/.*\n$/,
        ),
      });
    }
    expect(await list(hub)).toEqual([]);
  });

  test('rm --delete-worktree says what would be lost, and with --force where it is', async () => {
    const place = await makePlace();
    const hub = await startHub(place);
    const agent = await start(hub, { branch: 'x' });
    const path = agent.worktree_path ?? '';
    writeFileSync(join(path, 'notes.txt'), 'precious\n');
    const refused = await place.run('agent', 'rm', 'x', '--delete-worktree');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(
      /^botster: \/.* \(branch x\) has work that would be lost:\n {2}1 untracked file: notes\.txt\n.*The agent still runs\.\nThe option is --force\.\n$/,
    );
    expect(await list(hub)).toMatchObject([{ state: 'running' }]);
    const removed = await place.run('agent', 'rm', 'x', '--delete-worktree', '--force');
    expect(removed.stderr).toMatch(
      /Removed the worktree \/.*, and the branch x\.\n.*refs\/botster\/recovery\/x-/,
    );
    const ref = /refs\/botster\/recovery\/\S+/.exec(removed.stderr)?.[0] ?? '';
    expect(await git(place.repo, 'show', `${ref}:notes.txt`)).toBe('precious');
    expect(existsSync(path)).toBe(false);
  });

  test('what cannot be started says why and leaves nothing', async () => {
    const place = await makePlace();
    const hub = await startHub(place);
    const cases: [string[], RegExp][] = [
      [['new', 'x', '--cmd', 'no-such-command'], /^botster: step spawn: .*no-such-command/],
      [['new', 'x', '--agent', 'nobody'], /^botster: there is no agent 'nobody'; there are: aider, /],
      [['new', 'x', '--cmd', 'cat', '--from', 'no-such-ref'], /^botster: step worktree: .*no-such-ref/],
      [['new', 'main', '--cmd', 'cat'], /main is checked out in the main checkout/],
      [['new', '--cmd', 'cat'], /name a branch for the agent, or say in_place/],
      [['rm', 'nobody'], /there is no agent 'nobody'/],
    ];
    for (const [args, message] of cases) {
      const { code, stdout, stderr } = await place.run('agent', ...args);
      expect({ code, stdout }, args.join(' ')).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(message);
    }
    expect(await place.run('agent', 'new', 'x', '--cmd', 'cat', '--agent', 'claude')).toMatchObject({
      code: 2,
      stderr: 'botster: Say either --agent or --cmd, not both.\n',
    });
    expect(await git(place.repo, 'branch', '--format=%(refname:short)')).toBe('main');
    expect(await list(hub)).toEqual([]);
  });

  test('a prompt comes from stdin with -, and a line for the shell is run by one', async () => {
    const place = await makePlace();
    const hub = await startHub(place);
    const line = 'echo "[$BOTSTER_PROMPT]"; exec cat';
    const { stdout } = await runCli(
      ['agent', 'new', '--in-place', '--cmd', line, '--prompt', '-', '--json'],
      {
        cwd: place.repo,
        env: place.env,
        input: 'Do it\n\n',
      },
    );
    const agent = JSON.parse(stdout) as NewAgent;
    expect(agent).toMatchObject({ in_place: true, prompt: 'Do it', args: ['-c', line] });
    await until(async () => (await screen(hub, agent.session_uuid)).includes('[Do it]'));
  });
});

test('a client hears how its request goes before it is answered', async () => {
  const place = await makePlace();
  const { info } = await startHub(place);
  const client = await SocketClient.greet(info.socket);
  client.say({ type: 'request', id: 7, method: 'agent.new', params: { branch: 'x', cmd: 'cat' } });
  const answer = await client.hear('response');
  expect(answer).toMatchObject({ id: 7, ok: true, value: { branch: 'x', created_by: 'client' } });
  const told = client.heard.map((message) => (message.type === 'event' ? message : expect.unreachable()));
  expect(told.every(({ name }) => name === 'progress')).toBe(true);
  const stages = told.map(({ data }) => data as { request_id: number; stage: string });
  expect(stages.every(({ request_id }) => request_id === 7)).toBe(true);
  // Those that come while one is on its way make place for the last of them.
  expect(stages.length).toBeGreaterThan(0);
});

test('without a hub they exit 4', async () => {
  const place = await makePlace();
  for (const args of [['new', 'x'], ['list'], ['rm', 'x'], ['types']]) {
    expect((await place.run('agent', ...args)).code).toBe(4);
  }
});
