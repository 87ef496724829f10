import { execFile } from 'node:child_process';
import { cpSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { isHubError } from '../../base/errors.js';
import { spawnPty } from '../../session-host/pty.js';
import { processMark } from '../../system/process-identity.js';
import { distUrl } from '../support/import-from-dist.js';
import { runPty, runScript } from '../support/pty-run.js';
import { tempDir } from '../support/temp-repo.js';
import { until } from '../support/until.js';

const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1');

/** Resolves when the process has ended and was waited for. */
async function gone(pid: number): Promise<void> {
  await until(async () => (await processMark(pid)) === undefined);
}

describe('a command on a PTY', () => {
  it('ends with a code, or with a signal', async () => {
    expect(await runScript('exit 7').exit).toEqual({ code: 7 });
    expect(await runScript('exit 0').exit).toEqual({ code: 0 });
    expect(await runScript('kill -TERM $$').exit).toEqual({ signal: 15 });
  });

  it('gets arguments, environment, folder and size, and is told of a new size', async () => {
    const cwd = tempDir();
    const env = { PATH: process.env['PATH'] ?? '', GREETING: 'grüß dich' };
    const script =
      'trap "stty size; exit 3" WINCH; printf "%s|" "$GREETING" "$PWD" "$1" "$(tty)"; stty size; read x';
    const run = runPty('/bin/sh', ['-c', script, 'sh', 'two words'], { cwd, env, rows: 7, cols: 91 });
    await run.shows('7 91');
    expect(run.text()).toBe(`grüß dich|${cwd}|two words|${run.pty.ttyPath}|7 91\r\n`);
    run.pty.resize(33, 44);
    expect(await run.exit).toEqual({ code: 3 });
    expect(run.text()).toContain('33 44\r\n');
  });

  it('writes and reads bytes, whatever they are', async () => {
    const every = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    const run = runScript('stty raw -echo; printf ready; exec head -c 256');
    await run.shows('ready');
    expect(run.pty.write(every)).toBe(true);
    await run.exit;
    expect(run.bytes().subarray(5)).toEqual(every);
  });

  it('shows on its terminal when the system cannot start the file', async () => {
    const run = runPty('/nowhere/program', []);
    expect(await run.exit).toEqual({ code: 1 });
    expect(run.text()).toMatch(/No such file/);
  });

  it('refuses what the system would cut', () => {
    const handlers = { onData: () => undefined, onExit: () => undefined };
    const base = { file: '/bin/true', args: ['a'], cwd: '/', env: {}, rows: 1, cols: 1 };
    for (const more of [{ file: '/bin/\0true' }, { args: ['x\0y'] }, { cwd: '/tmp\0' }]) {
      const pty = spawnPty({ ...base, ...more }, handlers);
      expect(isHubError(pty) && pty.code).toBe('session.spawn_failed');
    }
  });

  it('takes no input when it has ended', async () => {
    const run = runScript('exit 0');
    await run.exit;
    expect(run.pty.write(bytesOf('x'))).toBe(false);
    expect(run.pty.queuedInputBytes).toBe(0);
    run.pty.resize(1, 1);
    run.pty.pause();
    run.pty.resume();
    run.pty.dispose();
  });
});

describe('pause', () => {
  it('stops the program and loses nothing', async () => {
    const run = runScript('head -c 1000000 /dev/zero');
    run.pty.pause();
    expect(run.pty.paused).toBe(true);
    const before = run.bytes().length;
    // Meanwhile another one comes and goes.
    const done = join(tempDir(), 'done');
    const other = runScript(`head -c 200000 /dev/zero; touch ${done}`);
    await other.exit;
    expect(existsSync(done)).toBe(true);
    expect(run.bytes().length).toBe(before);
    run.pty.resume();
    expect(await run.exit).toEqual({ code: 0 });
    expect(run.bytes().equals(Buffer.alloc(1_000_000))).toBe(true);
  });

  it('through the exit keeps what was written, and the exit', async () => {
    const run = runScript('printf %03000d 7');
    run.pty.pause();
    await gone(run.pty.pid);
    // The exit has been noticed long before another whole command has come and gone.
    await runScript('exit 0').exit;
    expect(run.bytes()).toHaveLength(0);
    run.pty.resume();
    expect(await run.exit).toEqual({ code: 0 });
    expect(run.text()).toBe(`${'0'.repeat(2_999)}7`);
  });
});

describe('the end', () => {
  // setsid(1) is part of Linux systems only.
  it.runIf(process.platform === 'linux')(
    'does not wait for programs that outlive the command and write to its terminal',
    async () => {
      const dir = tempDir();
      const [opened, ended] = [join(dir, 'opened'), join(dir, 'ended')];
      // Opens the terminal again after the hang-up, and writes more than anybody reads.
      const survivor = `while kill -0 "$1" 2>/dev/null; do :; done; [ -c "$2" ] || exit; exec 3>"$2"; touch ${opened}; head -c 50000000 /dev/zero >&3; touch ${ended}`;
      const run = runScript(`trap '' HUP; tty=$(tty); setsid sh -c '${survivor}' sh $$ "$tty" & sleep 0`);
      run.pty.pause();
      await gone(run.pty.pid);
      await until(() => existsSync(opened));
      run.pty.resume();
      expect(await run.exit).toMatchObject({ code: 0 });
      expect(run.bytes().length).toBeLessThanOrEqual(9 * 1024 * 1024);
      await until(() => existsSync(ended));
    },
  );

  it('is reported once when the PTY is disposed; what runs is hung up', async () => {
    const run = runScript('trap "exit 5" HUP; echo ready; while :; do sleep 0.01; done');
    await run.shows('ready');
    run.pty.dispose();
    run.pty.dispose();
    expect(await run.exit).toEqual({ code: 5 });
  });

  it('comes from a handler, too', async () => {
    let exits = 0;
    await new Promise<void>((resolve) => {
      const pty = spawnPty(
        { file: '/bin/sh', args: ['-c', 'echo x; sleep 1000'], cwd: '/', env: {}, rows: 9, cols: 9 },
        {
          onData: () => !isHubError(pty) && pty.dispose(),
          onExit: (exit) => {
            exits += 1;
            expect(exit).toEqual({ signal: 1 });
            resolve();
          },
        },
      );
    });
    expect(exits).toBe(1);
  });
});

it('says what to do where there is no terminal for this machine', async () => {
  // The program without its packages.
  const dir = tempDir();
  const dist = fileURLToPath(distUrl('.'));
  writeFileSync(join(dir, 'package.json'), '{"type":"module"}');
  for (const folder of ['base', 'system', 'session-host'])
    cpSync(join(dist, folder), join(dir, folder), {
      recursive: true,
      filter: (path) => !/\.(ts|map)$/.test(path),
    });
  const script = `import { spawnPty } from './session-host/pty.js';
    const failed = spawnPty({ file: '/bin/sh', args: [], cwd: '/', env: {}, rows: 1, cols: 1 }, {});
    console.log(JSON.stringify({ code: failed.code, message: failed.message, details: failed.details }));`;
  const args = ['--input-type=module', '-e', script];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: dir });
  const { code, message, details } = JSON.parse(stdout);
  expect(code).toBe('session.spawn_failed');
  expect(message).toContain('glibc 2.28');
  expect(message).toContain('npm install --include=optional');
  expect(details).toEqual({ platform: `${process.platform}-${process.arch}` });
});
