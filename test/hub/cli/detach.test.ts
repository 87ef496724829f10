import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { startDetached } from '../../../hub/cli/detach.js';
import type { HubIdentity } from '../../../primitives/context.js';
import { isAlive } from '../../support/hub-process.js';
import { tempDir } from '../../support/temp-repo.js';
import { testTerminal } from '../../support/test-terminal.js';

/** Starts a script in place of the hub, in the background. It notes its pid in a file. */
function detach(script: string, readyMs?: number) {
  const dir = tempDir();
  const stateDir = join(dir, 'state');
  mkdirSync(stateDir, { mode: 0o700 });
  const path = join(dir, 'hub.cjs');
  const pidFile = join(dir, 'pid');
  writeFileSync(
    path,
    `require('fs').writeFileSync(${JSON.stringify(pidFile)}, String(process.pid));\n${script}`,
  );
  const own = process.argv[1];
  process.argv[1] = path;
  onTestFinished(() => {
    process.argv[1] = own ?? '';
  });
  const identity = {
    repoRoot: dir,
    stateDir,
    dataDir: dir,
    socketPath: join(stateDir, 'hub.sock'),
    hostSocketPath: join(stateDir, 'host.sock'),
  } as HubIdentity;
  const options = { identity, env: process.env, logLevel: 'info', terminal: testTerminal() } as const;
  const started = startDetached(readyMs === undefined ? options : { ...options, readyMs });
  return { started, pid: () => Number(readFileSync(pidFile, 'utf8')) };
}

const forEver = 'setInterval(() => {}, 1000);';

it('returns what the hub says when it is ready, and leaves it alone', async () => {
  const { started, pid } = detach(`process.send({ kind: 'ready', info: { pid: process.pid } }); ${forEver}`);
  const info = await started;
  onTestFinished(() => void process.kill(info.pid, 'SIGKILL'));
  expect(info.pid).toBe(pid());
  expect(isAlive(info.pid)).toBe(true);
});

it('ends a hub that does not get ready in time', async () => {
  const { started, pid } = detach(forEver, 1_000);
  await expect(started).rejects.toMatchObject({
    code: 'hub.start_failed',
    message: expect.stringContaining('not ready within 1 s and was ended'),
  });
  expect(isAlive(pid())).toBe(false);
});

it('passes on why it failed, and waits until it is gone', async () => {
  const { started, pid } = detach(`
    process.send({ kind: 'failed', code: 'x.y', message: 'No.' });
    setTimeout(() => process.exit(1), 50);`);
  await expect(started).rejects.toMatchObject({ code: 'x.y', message: 'No.' });
  expect(isAlive(pid())).toBe(false);
});

it('tells how it ended, and its last words', async () => {
  const { started } = detach(
    `console.error('out of luck'); process.kill(process.pid, 'SIGABRT'); ${forEver}`,
  );
  await expect(started).rejects.toThrow(/ended while it started \(SIGABRT\).*\nout of luck$/);
});
