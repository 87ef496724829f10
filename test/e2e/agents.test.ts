/** Agents from the command line, with real hubs, sessions and git. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { AgentRecord } from '../../protocol/agents.js';
import { eventually } from '../support/eventually.js';
import { isAlive, makePlace, type Place, runCli, startHub } from '../support/hub-process.js';
import { SocketClient } from '../support/socket-client.js';
import { git } from '../support/temp-repo.js';

type NewAgent = AgentRecord & { readonly worktree_created: boolean };

async function json<T>(place: Place, ...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await place.run(...args, '--json');
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as T;
}

const list = (place: Place) => json<AgentRecord[]>(place, 'agent', 'list');

test('an agent outlives kill -9 of its hub, and goes on with the next one in the same shell', async () => {
  const place = await makePlace();
  const first = await startHub(place);
  const agent = await json<NewAgent>(place, 'agent', 'new', 'feature/x', '--cmd', 'bash --norc --noprofile');
  expect(agent).toMatchObject({ branch: 'feature/x', state: 'running', worktree_created: true, agent: 'sh' });
  const id = agent.session_uuid.slice(0, 8);
  const type = (text: string) => place.run('session', 'send', id, text, '--enter');
  const screen = async () => (await place.run('session', 'screen', id)).stdout;
  await type('marker=from-before; cd .. && cd -');
  await eventually(async () => (await screen()).includes('marker=from-before'));

  process.kill(first.info.pid, 'SIGKILL');
  await first.process.done;
  expect(isAlive(agent.pid ?? 0)).toBe(true);

  await startHub(place);
  expect(await list(place)).toMatchObject([
    {
      session_uuid: agent.session_uuid,
      branch: 'feature/x',
      pid: agent.pid,
      worktree_path: agent.worktree_path,
    },
  ]);
  await type('echo "still $marker"');
  await eventually(async () => (await screen()).includes('still from-before'));
  expect(await git(place.repo, 'worktree', 'list', '--porcelain')).toContain('locked botster: session');

  const again = await json<NewAgent>(place, 'agent', 'new', 'feature/x', '--cmd', 'cat');
  expect(again).toMatchObject({ worktree_created: false, worktree_path: agent.worktree_path });
});

test('locks of sessions that ended while no hub ran are taken away by the next hub', async () => {
  const place = await makePlace();
  const first = await startHub(place);
  const agent = await json<NewAgent>(place, 'agent', 'new', 'x', '--cmd', 'cat');
  process.kill(first.info.pid, 'SIGKILL');
  await first.process.done;
  process.kill(agent.pid ?? 0, 'SIGKILL');
  expect(await git(place.repo, 'worktree', 'list', '--porcelain')).toContain('locked');
  await startHub(place);
  await eventually(
    async () => !(await git(place.repo, 'worktree', 'list', '--porcelain')).includes('locked'),
  );
  expect(await list(place)).toMatchObject([{ session_uuid: agent.session_uuid, state: 'exited' }]);
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
    await startHub(place);
    for (const name of ['feature/x', 'bob']) {
      await json(place, 'agent', 'new', 'feature/x', '--cmd', 'cat', '--name', 'bob');
      const { code, stderr } = await place.run('agent', 'rm', name);
      expect({ code, stderr }).toEqual({
        code: 0,
        stderr: expect.stringMatching(
          /^Ended the agent of feature\/x \([0-9a-f]{8}\)\.\nIts worktree stays: \/.*\n$/,
        ),
      });
    }
    expect(await list(place)).toEqual([]);
  });

  test('rm --delete-worktree says what would be lost, and with --force where it is', async () => {
    const place = await makePlace();
    await startHub(place);
    const agent = await json<NewAgent>(place, 'agent', 'new', 'x', '--cmd', 'cat');
    const path = agent.worktree_path ?? '';
    writeFileSync(join(path, 'notes.txt'), 'precious\n');
    const refused = await place.run('agent', 'rm', 'x', '--delete-worktree');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(
      /^botster: \/.* \(branch x\) has work that would be lost:\n {2}1 untracked files: notes\.txt\n.*The agent still runs\.\nThe option is --force\.\n$/,
    );
    expect(await list(place)).toMatchObject([{ state: 'running' }]);
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
    await startHub(place);
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
    expect(await list(place)).toEqual([]);
  });

  test('a prompt comes from stdin with -, and a line for the shell is run by one', async () => {
    const place = await makePlace();
    await startHub(place);
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
    const screen = async () => (await place.run('session', 'screen', agent.session_uuid)).stdout;
    await eventually(async () => (await screen()).includes('[Do it]'));
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
  expect(new Set(stages.map(({ stage }) => stage))).toContain('spawn');
});

test('without a hub they exit 4', async () => {
  const place = await makePlace();
  for (const args of [['new', 'x'], ['list'], ['rm', 'x'], ['types']]) {
    expect((await place.run('agent', ...args)).code).toBe(4);
  }
});
