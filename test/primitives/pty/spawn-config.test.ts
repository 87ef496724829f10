import { expect, test } from 'vitest';
import { LuaFloat } from '../../../base/values.js';
import { type PtyConfig, plainMeta, spawnRequest } from '../../../primitives/pty/spawn-config.js';

const hubEnv = { PATH: '/bin', HOME: '/home/you', SHELL: '/bin/zsh', BOTSTER_DATA_DIR: '/x' };
const made = (config: PtyConfig, env: NodeJS.ProcessEnv = hubEnv) => {
  const request = spawnRequest(config, '/repo', env, [46_001]);
  if (request instanceof Error) throw request;
  return request;
};

test('what is not given has its default', () => {
  const { params, lease, exclude } = made({});
  expect(params).toEqual({
    uuid: expect.stringMatching(/^[0-9a-f]{8}-/),
    cmd: '/bin/zsh',
    args: [],
    cwd: '/repo',
    env: {
      PATH: '/bin',
      HOME: '/home/you',
      SHELL: '/bin/zsh',
      TERM: 'xterm-256color',
      COLORTERM: 'truecolor',
      TERM_PROGRAM: 'botster',
      PWD: '/repo',
    },
  });
  expect([lease, exclude]).toEqual([false, [46_001]]);
});

test('a session has nothing of the hub, of its terminal or of the git that started it', () => {
  const env = {
    ...hubEnv,
    TMUX: 'x',
    TERM_PROGRAM: 'iTerm.app',
    TERM_PROGRAM_VERSION: '3',
    KITTY_WINDOW_ID: '1',
    COLUMNS: '80',
    GIT_DIR: '/elsewhere',
    OLDPWD: '/',
    BOTSTER_SESSION_UUID: 'outer',
    NODE_OPTIONS: '--max-old-space-size=100',
    LANG: 'C.UTF-8',
  };
  expect(Object.keys(made({}, env).params.env).sort()).toEqual([
    'COLORTERM',
    'HOME',
    'LANG',
    'NODE_OPTIONS',
    'PATH',
    'PWD',
    'SHELL',
    'TERM',
    'TERM_PROGRAM',
  ]);
});

test('given variables win, numbers are text, false removes', () => {
  const { env } = made({
    env: { TERM: 'dumb', N: 3, X: 1.5, HOME: false, BOTSTER_SESSION_UUID: 'own' },
  }).params;
  expect(env).toMatchObject({ TERM: 'dumb', N: '3', X: '1.5', BOTSTER_SESSION_UUID: 'own' });
  expect('HOME' in env).toBe(false);
  expect(spawnRequest({ env: { X: true } }, '/repo', hubEnv, [])).toMatchObject({
    code: 'pty.bad_config',
    message: 'env.X: a string, a number or false expected, got true',
  });
});

test('a port sets PORT, unless that is given', () => {
  expect(made({ port: 4_000 }).params).toMatchObject({ port: 4_000, env: { PORT: '4000' } });
  expect(made({ port: 4_000, env: { PORT: '80' } }).params).toMatchObject({
    port: 4_000,
    env: { PORT: '80' },
  });
  expect(made({ port: true })).toMatchObject({ lease: true });
  expect(made({ port: false }).params.port).toBeUndefined();
});

test('the folder is the repository, below it, or anywhere', () => {
  expect(made({ cwd: 'sub' }).params.cwd).toBe('/repo/sub');
  expect(made({ cwd: '/else' }).params).toMatchObject({ cwd: '/else', env: { PWD: '/else' } });
  expect(made({ cwd: '~' }).params.cwd).not.toContain('~');
});

test.each([
  '',
  '../x',
  'abc',
  '01234567-89AB-cdef-0123-456789abcdef',
  '01234567-89ab-cdef-0123-456789abcdef0',
])('no uuid is %j', (uuid) => {
  expect(spawnRequest({ uuid }, '/repo', hubEnv, [])).toMatchObject({ code: 'pty.bad_config' });
});

test('meta is what JSON can say', () => {
  expect(plainMeta({ a: new LuaFloat(3), list: [1, { b: null }] })).toEqual({ a: 3, list: [1, { b: null }] });
  expect(plainMeta({ bytes: Uint8Array.of(255) })).toMatchObject({ code: 'pty.bad_config' });
  const mixed = new Map<number | string, number>([
    [1, 1],
    ['a', 2],
  ]);
  expect(plainMeta({ mixed })).toMatchObject({ code: 'pty.bad_config' });
  expect(plainMeta({ long: 'x'.repeat(70_000) })).toMatchObject({ code: 'pty.bad_config' });
});

test('without a shell in the environment there is one', () => {
  expect(made({}, { PATH: '/bin' }).params.cmd).toMatch(/^\//);
});
