import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { LuaRecord } from '../../../base/values.js';
import { knownAgents } from '../../../hub/cli/doctor-agents.js';
import { put } from '../../support/agents-host.js';
import { hubModules } from '../../support/hub-lua.js';
import { openLuaHost } from '../../support/lua-host.js';

const START = 'local definitions = require("hub.agent_definitions") ';

function open() {
  const host = openLuaHost({ moduleRoots: hubModules });
  const { dataDir, repoRoot } = host.identity;
  return {
    ...host,
    repo: (path: string) => join(repoRoot, '.botster/agents', path),
    device: (path: string) => join(dataDir, 'agents', path),
    get: async (name: string) =>
      (await host.run(`${START} return assert(definitions.get(...))`, name))[0] as LuaRecord,
    /** [cmd, args, what is typed] */
    command: (name: string, prompt?: string) =>
      host.run(
        `${START} return definitions.command(assert(definitions.get(...)), select(2, ...))`,
        name,
        prompt,
      ),
    refusal: async (name: string) =>
      (await host.run(
        `${START} local _, err = definitions.get(...) return err.code, err.message`,
        name,
      )) as string[],
  };
}

test.each([
  ['claude', 'Do it', ['claude', ['Do it'], undefined]],
  ['codex', 'Do it', ['codex', ['Do it'], undefined]],
  ['gemini', 'Do it', ['gemini', ['--prompt-interactive=Do it'], undefined]],
  ['opencode', 'Do it', ['opencode', ['--prompt=Do it'], undefined]],
  ['aider', 'Do it', ['aider', {}, 'Do it']],
  ['claude', '--help me', ['claude', ['--', '--help me'], undefined]],
  ['gemini', '-y', ['gemini', ['--prompt-interactive=-y'], undefined]],
  ['claude', undefined, ['claude', {}, undefined]],
  ['aider', undefined, ['aider', {}, undefined]],
])('%s takes the prompt %j', async (name, prompt, expected) => {
  expect(await open().command(name, prompt)).toEqual(expected);
});

test('built-in ones are those of doctor and the shell, and say whether they are installed', async () => {
  const { run, get } = open();
  const [list] = (await run(`${START} return definitions.list()`)) as [LuaRecord[]];
  expect(list.map(({ name }) => name)).toEqual([...knownAgents, 'shell'].sort());
  expect(list.every(({ from }) => from === 'built-in')).toBe(true);
  expect(await get('shell')).toMatchObject({ cmd: process.env['SHELL'] ?? '/bin/sh', prompt: 'typed' });
  expect(list.find(({ name }) => name === 'shell')).toMatchObject({ installed: true });
});

test('the repository lies over the device, and that over what is built in, field by field', async () => {
  const { device, repo, get, command } = open();
  put(
    device('claude/settings.json'),
    '{"args": ["--device"], "env": {"A": "1"}, "rows": 50, "description": "mine"}',
  );
  put(repo('claude/settings.json'), '{"args": ["--repository"], "cols": 100}');
  expect(await get('claude')).toMatchObject({
    cmd: 'claude',
    args: ['--repository'],
    env: { A: '1' },
    rows: 50,
    cols: 100,
    description: 'mine',
    from: 'repository',
  });
  expect(await command('claude', 'Do it')).toEqual(['claude', ['--repository', 'Do it'], undefined]);
});

test('another command forgets how the one below took its arguments and prompt', async () => {
  const { repo, command } = open();
  put(repo('gemini/settings.json'), '{"cmd": "wrapper"}');
  expect(await command('gemini', 'Do it')).toEqual(['wrapper', {}, 'Do it']);
  put(repo('gemini/settings.json'), '{"cmd": "wrapper", "prompt": "argument", "prompt_option": "--task"}');
  expect(await command('gemini', 'Do it')).toEqual(['wrapper', ['--task=Do it'], undefined]);
});

test('a script replaces the command, and is run by what it says, else by bash', async () => {
  const { device, repo, command, get } = open();
  put(repo('claude/initialization'), 'echo "$BOTSTER_PROMPT"\n');
  expect(await command('claude', 'Do it')).toEqual(['bash', [repo('claude/initialization')], undefined]);
  put(device('mine/initialization'), '#!/bin/sh\n', 0o755);
  expect(await command('mine')).toEqual([device('mine/initialization'), {}, undefined]);
  put(device('noshebang/initialization'), 'echo hello\n', 0o755);
  expect(await command('noshebang')).toEqual(['bash', [device('noshebang/initialization')], undefined]);
  put(repo('mine/settings.json'), '{"cmd": "other"}');
  expect(await get('mine')).toMatchObject({ cmd: 'other', from: 'repository' });
  expect((await get('mine'))['script']).toBeUndefined();
});

test('port_forward as a file or a setting', async () => {
  const { repo, get } = open();
  put(repo('a/initialization'), '');
  put(repo('a/port_forward'), '');
  put(repo('b/settings.json'), '{"cmd": "b", "port_forward": true}');
  expect(await get('a')).toMatchObject({ port_forward: true });
  expect(await get('b')).toMatchObject({ port_forward: true });
});

test('keep_open runs a shell behind the command', async () => {
  const { repo, command } = open();
  put(repo('claude/settings.json'), '{"keep_open": true, "args": ["-x"]}');
  const [cmd, args] = (await command('claude', 'Do it')) as [string, string[]];
  expect(cmd).toBe('/bin/sh');
  expect(args.slice(2)).toEqual(['botster', 'claude', '-x', 'Do it']);
});

test.each([
  ['{"comand": "x"}', /there is no setting 'comand'; there are: args, cmd, cols, /],
  ['{"cmd": 5}', /'cmd' must be a command/],
  ['{"cmd": ""}', /'cmd' must be a command/],
  ['{"args": ["a", 1]}', /'args' must be a list of texts/],
  ['{"args": {"a": "b"}}', /'args' must be a list of texts/],
  ['{"env": {"A": 1}}', /'env' must be an object of texts/],
  ['{"rows": 0}', /'rows' must be a number of rows/],
  ['{"prompt": "shout"}', /'prompt' must be "argument", "typed" or "env"/],
  ['{"keep_open": "yes"}', /'keep_open' must be true or false/],
  ['[1]', /a JSON object expected/],
  ['{oops}', /settings\.json: /],
  ['{}', /says nothing to run/],
])('settings %s are refused, with the file', async (text, message) => {
  const { repo, refusal, run } = open();
  put(repo('mine/settings.json'), text);
  expect(await refusal('mine')).toEqual(['agent.bad_settings', expect.stringMatching(message)]);
  const [list] = (await run(`${START} return definitions.list()`)) as [LuaRecord[]];
  expect(list.find(({ name }) => name === 'mine')).toMatchObject({
    installed: false,
    error: expect.stringMatching(message),
  });
});

test.each(['no-such', '', '../claude', 'a/b', '.', 'x'.repeat(65), 'claude\n'])(
  '%j is no agent',
  async (name) => {
    const { refusal, device } = open();
    put(device('real/settings.json'), '{"cmd": "x"}');
    expect(await refusal(name)).toEqual([
      'agent.unknown_type',
      expect.stringContaining('there are: aider, claude, codex, gemini, opencode, real, shell'),
    ]);
  },
);
