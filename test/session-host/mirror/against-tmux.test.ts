/**
 * Real programs, shown by the mirror and by tmux: the same screens, also when the mirror's snapshot takes the place of
 * everything before it.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Screen } from '../../../session-host/mirror/screen.js';
import { type Recording, record } from './recording.js';
import { looksOf } from './screen-looks.js';
import { newScreen, snapshotOf } from './screens.js';
import { Tmux } from './tmux.js';

const run = promisify(execFile);
let tmux: Tmux;
let dir: string;

beforeAll(async () => {
  tmux = await Tmux.start();
  dir = await mkdtemp(join(tmpdir(), 'botster-mirror-'));
  const lines = Array.from(
    { length: 120 },
    (_, line) => `${line}\tfunction f${line}(x) { return "é 漢字 — ${'abc'.repeat(line % 30)}"; } // 🚀 ✅`,
  );
  await writeFile(join(dir, 'text.js'), `${lines.join('\n')}\n`);
});

afterAll(async () => {
  await tmux.stop();
  await rm(dir, { recursive: true, force: true });
});

function shown(bytes: Uint8Array, { rows, cols }: Recording): Screen {
  const screen = newScreen({ rows, cols, said: { replies: [], facts: [], counts: [] } });
  screen.write(bytes);
  return screen;
}

/** Compares the screens at the end, and those that go on from snapshots taken on the way. */
async function compare(recording: Recording, cuts: readonly number[] = [0.3, 0.71]): Promise<void> {
  const { bytes } = recording;
  const mirror = shown(bytes, recording);
  const reference = await tmux.show(bytes, recording);
  expect(looksOf(mirror)).toEqual(looksOf(reference));
  for (const cut of cuts) {
    const at = Math.floor(bytes.length * cut);
    const snapshot = snapshotOf(shown(bytes.subarray(0, at), recording));
    const resumed = Buffer.concat([snapshot, bytes.subarray(at)]);
    expect(looksOf(await tmux.show(resumed, recording)), `snapshot at ${at}`).toEqual(looksOf(reference));
  }
}

describe('the mirror shows what tmux shows', () => {
  test('vim: a file, scrolled, selected, in two windows', async () => {
    const recording = await record('exec vim -N -u NONE -i NONE -n text.js', { cwd: dir }, async (vim) => {
      await vim.shows(/text\.js/);
      vim.type(':syntax on\r:set number hlsearch\r');
      await vim.shows(/ 1 0/);
      vim.type('\x06\x06');
      await vim.shows(/5\d 5\d/);
      vim.type('Vjjj');
      await vim.shows(/VISUAL/);
      vim.type('\x1b:split\r');
      await vim.shows(/text\.js.*\n(.*\n)+.*text\.js/);
      vim.type('/f99\r');
      await vim.shows(/100 99/);
    });
    await compare(recording);
  });

  test('vim: after it has ended', async () => {
    const recording = await record('printf "before\\n"; vim -N -u NONE -i NONE -n text.js; printf "after\\n"', { cwd: dir }, async (vim) => {
      await vim.shows(/text\.js/);
      vim.type(':q\r');
      await vim.shows(/after/);
    });
    await compare(recording);
  });

  test('htop', async () => {
    const recording = await record('exec htop -d 2', { cwd: dir, rows: 24, cols: 90 }, async (htop) => {
      await htop.shows(/Load average/);
      htop.type('\x1b[B\x1b[B');
      await htop.shows(/F10/);
    });
    await compare(recording);
  });

  test('less', async () => {
    const recording = await record('exec less -S text.js', { cwd: dir, env: { LESS: '' } }, async (less) => {
      await less.shows(/text\.js/);
      less.type('/f5\r');
      await less.shows(/^5\s+function/);
      less.type('G');
      await less.shows(/END/);
      less.type('bb');
      await less.shows(/^6\d\s+function/m);
    });
    await compare(recording);
  });

  test('git log --graph --color', async () => {
    const git = async (...args: readonly string[]): Promise<unknown> =>
      run('git', ['-c', 'user.name=A', '-c', 'user.email=a@b', ...args], { cwd: dir, env: { ...process.env, HOME: dir, GIT_CONFIG_NOSYSTEM: '1' } });
    await git('init', '-q', '-b', 'main');
    for (let index = 0; index < 4; index++) {
      await git('commit', '-q', '--allow-empty', '-m', `main ${index} ${'long '.repeat(30)}`);
      await git('checkout', '-q', '-b', `branch${index}`, 'HEAD');
      await git('commit', '-q', '--allow-empty', '-m', `side ${index} 漢字`);
      await git('checkout', '-q', 'main');
      await git('commit', '-q', '--allow-empty', '-m', `more ${index}`);
      await git('merge', '-q', '--no-ff', '-m', `merge ${index}`, `branch${index}`);
    }
    await compare(await record('exec git --no-pager log --graph --color=always --stat', { cwd: dir }));
  });
});
