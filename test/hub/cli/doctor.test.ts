import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isVersionAtLeast } from '../../../hub/cli/doctor-check.js';
import { checks } from '../../../hub/cli/doctor-checks.js';
import { resolveIdentity } from '../../../hub/identity.js';
import { cleanEnv, makeRepo, tempDir } from '../../support/temp-repo.js';

async function look(name: string, env: NodeJS.ProcessEnv = {}) {
  const check = checks.find((candidate) => candidate.name === name) ?? expect.unreachable();
  const base = { ...cleanEnv, BOTSTER_DATA_DIR: env['BOTSTER_DATA_DIR'] ?? join(tempDir(), 'data') };
  const hub = await resolveIdentity({ directory: await makeRepo(), env: base });
  return await check.run({ hub, env: { ...base, ...env } });
}

describe('checks', () => {
  it('have names that fit and are different', () => {
    const names = checks.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z ]{1,13}$/);
  });

  it('node and git are good enough to run this test', async () => {
    expect(await look('node')).toMatchObject({
      level: 'ok',
      detail: expect.stringContaining(process.versions.node),
    });
    expect(await look('git')).toMatchObject({ level: 'ok' });
  });

  it('a socket is really tried, and the Lua machine started', async () => {
    expect(await look('socket')).toMatchObject({
      level: 'ok',
      detail: expect.stringMatching(/hub\.sock.*of 103\s+bytes/),
    });
    expect(await look('lua')).toMatchObject({ level: 'ok' });
  });

  it('a command is really run in a terminal', async () => {
    expect(await look('sessions')).toMatchObject({
      level: 'ok',
      detail: expect.stringMatching(/ran in a terminal/),
    });
  });

  it('a data folder that others can write to is found, with the fix', async () => {
    const data = join(tempDir(), 'data');
    mkdirSync(join(data, 'hubs'), { recursive: true });
    chmodSync(join(data, 'hubs'), 0o777);
    await expect(look('data folder', { BOTSTER_DATA_DIR: data })).rejects.toThrow(
      `chmod go-w ${join(data, 'hubs')}`,
    );
  });

  it('outside of a repository most still look', async () => {
    const env = { ...cleanEnv, BOTSTER_DATA_DIR: join(tempDir(), 'data') };
    const hub = new Error('not here');
    for (const check of checks) {
      const { level } = await check.run({ hub, env });
      expect(['ok', 'warn'], check.name).toContain(level);
    }
  });

  it('every finding that is not ok says what to do', async () => {
    for (const { name } of checks) {
      const finding = await look(name, { PATH: '/nowhere', TERM: '' });
      if (finding.level !== 'ok') expect(finding.fix, name).toMatch(/\w{3}/);
    }
  });
});

describe('versions', () => {
  const cases: [string, number[], boolean][] = [
    ['2.31.0', [2, 31], true],
    ['2.30.9', [2, 31], false],
    ['3.0', [2, 31], true],
    ['2', [2, 0], true],
    ['20.19.0', [20, 19], true],
    ['20.9.0', [20, 19], false],
    ['2.39.5.windows.1', [2, 39, 5], true],
  ];
  it.each(cases)('%s >= %j: %s', (version, least, answer) =>
    expect(isVersionAtLeast(version, least)).toBe(answer),
  );
});
