import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fits } from '../../../base/check.js';
import { hostConfigOf, readMaxSessions } from '../../../primitives/pty/host-config.js';
import { hostConfig } from '../../../protocol/host-config.js';
import { tempDir } from '../../support/temp-repo.js';

test('the user says how many sessions may run', async () => {
  const dataDir = tempDir();
  expect(await readMaxSessions(dataDir)).toBe(50);
  const path = join(dataDir, 'config.json');
  writeFileSync(path, '{"max_sessions": 7}');
  expect(await readMaxSessions(dataDir)).toBe(7);
  for (const wrong of ['0', '"7"', '1.5', '5000', 'null']) {
    writeFileSync(path, `{"max_sessions": ${wrong}}`);
    await expect(readMaxSessions(dataDir), wrong).rejects.toMatchObject({
      code: 'config.bad_value',
      message: expect.stringContaining('max_sessions'),
    });
  }
});

test('the host is told in the form of the protocol', () => {
  const config = hostConfigOf(
    {
      hubId: 'ab',
      repoRoot: '/repo',
      dataDir: '/data',
      stateDir: '/data/hubs/ab',
      luaPath: '/lua',
      socketPath: '/data/hubs/ab/hub.sock',
      hostSocketPath: '/data/hubs/ab/host.sock',
      version: '1.2.3',
    },
    9,
  );
  expect(fits(hostConfig, config)).toBe(true);
  expect(config).toMatchObject({ socket_path: '/data/hubs/ab/host.sock', max_sessions: 9 });
});
