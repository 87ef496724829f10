/** Running git: it answers, or ends, or says why not. */
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Git } from '../../worktrees/git.js';
import { isAlive } from '../support/hub-process.js';
import { cleanEnv, makeRepo, git as plainGit, tempDir } from '../support/temp-repo.js';
import { until } from '../support/until.js';
import { failureOf } from '../support/worktrees-host.js';

/** A git that is a shell script. */
function fakeGit(script: string): Git {
  const folder = tempDir();
  writeFileSync(join(folder, 'git'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, 'git'), 0o755);
  return new Git({ ...cleanEnv, PATH: `${folder}:${process.env['PATH']}` });
}

test('variables of a calling git do not reach it, settings of the user do', async () => {
  const repo = await makeRepo();
  const git = new Git({
    ...cleanEnv,
    GIT_DIR: '/no/such',
    GIT_INDEX_FILE: '/no/such',
    GIT_WORK_TREE: '/no/such',
    GIT_TRACE: '1',
    GIT_SSH_COMMAND: 'my-ssh',
  });
  expect((await git.run(['rev-parse', '--show-toplevel'], { cwd: repo })).trim()).toBe(repo);
  const shown = await fakeGit('env').run(['x'], { cwd: repo });
  expect(shown).toContain('GIT_TERMINAL_PROMPT=0\n');
  expect(shown).toContain('LC_ALL=C\n');
  expect(shown).toContain('GIT_CONFIG_GLOBAL=/dev/null\n');
});

test('a question is an error, not a wait', async () => {
  const git = new Git(cleanEnv);
  const failure = await failureOf(
    git.run(['credential', 'fill'], { cwd: tempDir(), input: 'protocol=https\nhost=example.com\n\n' }),
  );
  expect(failure).toMatchObject({ code: 'git.failed' });
  expect(failure.message).toContain('terminal prompts disabled');
});

test('cancelling ends it with all that it started', async () => {
  const folder = tempDir();
  const git = fakeGit(`sleep 60 & echo $! > ${folder}/pid; mv ${folder}/pid ${folder}/sleeper; wait`);
  const controller = new AbortController();
  const running = failureOf(git.run(['x'], { cwd: folder, signal: controller.signal }));
  await until(() => existsSync(join(folder, 'sleeper')));
  const pid = Number(readFileSync(join(folder, 'sleeper'), 'utf8'));
  expect(isAlive(pid)).toBe(true);
  controller.abort();
  expect((await running).code).toBe('git.cancelled');
  await until(() => !isAlive(pid));
});

test('too slow, too much, not there, not a folder', async () => {
  const cwd = tempDir();
  expect(await failureOf(fakeGit('sleep 60').run(['gc'], { cwd, timeoutMs: 50 }))).toMatchObject({
    code: 'git.timeout',
    message: 'git gc took longer than 0.05 s',
  });
  expect(await failureOf(fakeGit('yes').run(['log'], { cwd }))).toMatchObject({ code: 'git.failed' });
  expect(await failureOf(new Git({ PATH: '/nowhere' }).run(['x'], { cwd }))).toMatchObject({
    code: 'git.missing',
  });
  const failure = await failureOf(new Git(cleanEnv).run(['status'], { cwd: '/no/such' }));
  expect(failure).toMatchObject({ code: 'git.failed', message: 'there is no folder /no/such' });
});

test('its reason is the message', async () => {
  const failure = await failureOf(
    new Git(cleanEnv).run(['-c', 'a.b=c', 'rev-parse', '--verify', 'no'], { cwd: await makeRepo() }),
  );
  expect(failure).toMatchObject({
    message: 'git rev-parse failed: Needed a single revision',
    details: { command: 'rev-parse', exit_code: 128 },
  });
});

test('a lock that somebody holds for a moment is waited for', async () => {
  const repo = await makeRepo();
  const lock = join(repo, '.git/config.lock');
  writeFileSync(lock, '');
  const git = new Git(cleanEnv);
  const setting = git.runLocking(['config', 'some.name', 'value'], { cwd: repo });
  expect(await failureOf(git.run(['config', 'other.name', 'value'], { cwd: repo }))).toMatchObject({
    code: 'git.failed',
  });
  rmSync(lock);
  await setting;
  expect(await plainGit(repo, 'config', 'some.name')).toBe('value');
});
